//! Whether a page would be rendered as it was in the build before: when its templates, the site's configuration and all that
//! they are given are the same, and everything they asked for would be answered the same. Nothing here decides what becomes of
//! that; who keeps what was rendered asks here for its key, and before it is used again whether its trace holds.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, OnceLock, PoisonError},
};

use super::{
    Renderer, builtins,
    digests::{of_some, of_value},
    measure::names,
    seen::{Sees, seen},
    trace::{self, Answers, Trace},
};
use crate::{
    diag::Diagnostic,
    load::{ListId, PageId, Site, TaxonomyId, TermId},
    site::{ContentHash, SitePath},
};

/// What is rendered.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    Page(PageId),
    /// A pager of a list, the first of which is the list itself.
    Pager(ListId, usize),
    Taxonomy(TaxonomyId),
    /// A template that belongs to no page.
    Template(&'a str),
}

impl<'a> Shown<'a> {
    /// The name of its template.
    #[must_use]
    pub fn template(self, site: &'a Site) -> &'a str {
        match self {
            Self::Page(id) => site.page(id).template_name(),
            Self::Pager(ListId::Section(id), _) => site.section(id).template_name(),
            Self::Pager(ListId::Term(id), _) => &site.taxonomy(id.0).single_template,
            Self::Taxonomy(id) => &site.taxonomy(id).list_template,
            Self::Template(name) => name,
        }
    }

    fn lang(self, site: &'a Site) -> &'a str {
        match self {
            Self::Page(id) => &site.page(id).lang,
            Self::Pager(ListId::Section(id), _) => &site.section(id).lang,
            Self::Pager(ListId::Term(TermId(id, _)), _) | Self::Taxonomy(id) => &site.taxonomy(id).lang,
            Self::Template(_) => &site.config.languages.default_language().code,
        }
    }
}

/// What is known of templates and of the site, found out when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By the name of a template: the digest of all that it is made of, and what they see.
    closures: Mutex<HashMap<String, (ContentHash, Sees)>>,
    site: OnceLock<ContentHash>,
    answers: Answers,
}

impl Renderer<'_> {
    /// Stands for all that the page at `path` is rendered from and does not ask for.
    #[must_use]
    pub fn key(&self, shown: Shown<'_>, path: &SitePath) -> ContentHash {
        let (template, lang) = (shown.template(self.site), shown.lang(self.site));
        let (templates, sees) = self.closure(template);
        let given = match shown {
            Shown::Page(id) => self.library.digest_of_own_page(id, sees),
            Shown::Pager(list, number) => self.library.digest_of_pager(list, number, sees),
            Shown::Taxonomy(id) => self.library.digest_of_taxonomy(id, sees),
            Shown::Template(_) => ContentHash::of(b"nothing"),
        };
        let names = ContentHash::of_parts([template.as_bytes(), lang.as_bytes(), path.as_str().as_bytes()]);
        of_some([self.digest_of_site(), templates, given, names].map(Some))
    }

    /// What `render` does, and what was asked meanwhile; nothing where that says too little.
    pub fn traced(
        &self,
        shown: Shown<'_>,
        render: impl FnOnce(&Self) -> Result<String, Vec<Diagnostic>>,
    ) -> (Result<String, Vec<Diagnostic>>, Option<Trace>) {
        trace::noting(self.closure(shown.template(self.site)).1, || render(self))
    }

    /// Whether what was asked would be answered the same. If so, what rendering did besides is done again.
    #[must_use]
    pub fn holds(&self, shown: Shown<'_>, trace: &Trace) -> bool {
        let sees = self.closure(shown.template(self.site)).1;
        let holds = trace.holds(&self.known.answers, sees, &self.library, &self.inputs);
        if holds {
            trace.tell_again(&self.library, &self.inputs);
        }
        holds
    }

    /// Of what every template sees, and what functions go by: the configuration, words.
    fn digest_of_site(&self) -> ContentHash {
        *self.known.site.get_or_init(|| {
            let languages = &self.site.config.languages;
            let configs =
                languages.iter().map(|language| Some(of_value(&self.library.languages.config(&language.code))));
            let written = format!("{:?} {:?}", self.site.config, self.filter.options);
            let words = self.site.messages.iter().map(|file| {
                Some(ContentHash::of_parts([
                    file.lang.as_bytes(),
                    file.source.path.as_bytes(),
                    file.source.text.as_bytes(),
                ]))
            });
            of_some([Some(ContentHash::of(written.as_bytes()))].into_iter().chain(configs).chain(words))
        })
    }

    /// Of all templates that may have a part in what this one makes, by what their names mean; and what they see.
    fn closure(&self, template: &str) -> (ContentHash, Sees) {
        let mut closures = self.known.closures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = closures.get(template) {
            return *known;
        }
        let all = self.parts_of(template);
        let parts = all.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
        let closure = (ContentHash::of_parts(parts), seen(all.iter().map(|(_, text)| *text)));
        closures.insert(template.to_owned(), closure);
        closure
    }

    /// The names and texts of all these templates.
    fn parts_of(&self, template: &str) -> BTreeSet<(&str, &str)> {
        let mut found = BTreeSet::new();
        let mut wanted = vec![template.to_owned()];
        let mut called = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            let Some((_, text)) = self.meant(&name).filter(|one| found.insert(*one)) else { continue };
            let names = names(text);
            // A name that is written in another way than it is.
            let is_strange = |name: &String| name.contains('\\');
            if names.extends.iter().chain(&names.includes).any(is_strange) {
                return self.every_template().collect();
            }
            wanted.extend(names.extends.into_iter().chain(names.includes));
            for component in names.calls {
                if called.insert(component.clone()) {
                    let defines = |text: &str| self::names(text).defines.contains(&component);
                    wanted.extend(
                        self.every_template().filter(|(_, text)| defines(text)).map(|(name, _)| name.to_owned()),
                    );
                }
            }
        }
        found
    }

    fn every_template(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.site.templates.iter().map(|one| (one.name.as_str(), &*one.source.text));
        let components = builtins::COMPONENTS.iter().map(|(_, name, text)| (*name, *text));
        own.chain(builtins::TEMPLATES.iter().copied()).chain(components)
    }

    /// The template that is meant by a name.
    fn meant(&self, name: &str) -> Option<(&str, &str)> {
        let own = self.named(name).map(|one| (one.name.as_str(), &*one.source.text));
        let built_in = [name.to_owned(), format!("{}{name}", builtins::PREFIX)];
        own.or_else(|| self.every_template().find(|(known, _)| built_in.iter().any(|name| name == known)))
    }
}
