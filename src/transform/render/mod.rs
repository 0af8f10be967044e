//! Pages through templates. What templates see is made when it is asked for and shared: a page's context is four
//! pointers, and nothing is copied in proportion to the site. URLs are given relative to the site's root (`/guide/`);
//! the place it is mounted at is baked in later.

mod assets;
mod backlinks;
mod builtins;
mod content;
mod contents;
mod digests;
mod edited;
mod functions;
mod head;
mod inputs;
mod languages;
mod lists;
mod locale;
mod made;
mod measure;
mod mistake;
pub mod reads;
mod recalled;
mod repair;
mod seen;
mod shortcode;
mod signatures;
mod strftime;
mod syntax;
mod tags;
#[cfg(test)]
mod tests;
mod trace;
mod values;
mod words;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use tera::{Context, Tera, Value};

pub use self::{
    content::{ANCHOR_LINK, SUMMARY_CUTOFF, is_template},
    contents::{Contents, Html},
    head::InLanguages,
    measure::{Clock, Cost, Names, Part, names},
    recalled::Shown,
    trace::Trace,
};
use self::{measure::Meter, words::Words};
use super::{
    highlight::Highlighter,
    images::Picture,
    markdown::{MarkdownOptions, Rendered, Text},
};
use crate::{
    diag::Diagnostic,
    load::{self, Feed, Language, ListId, PageId, SectionId, Site, TaxonomyId, TermId, World},
    site::{BasePath, ContentHash, SitePath},
};

/// How the `markdown` filter renders.
#[derive(Clone, Debug, Default)]
pub struct MarkdownFilter {
    pub options: MarkdownOptions,
    pub highlighter: Option<Arc<Highlighter>>,
}

/// All templates of a site, parsed, and all they may ask about. Shared by the threads that render.
#[derive(Debug)]
pub struct Renderer<'a> {
    site: &'a Arc<Site>,
    /// One for each language, in the order of the site's: what templates can call knows what it speaks, in components
    /// as well, which do not see the page.
    teras: Vec<Tera>,
    library: Arc<values::Library>,
    filter: MarkdownFilter,
    inputs: Arc<inputs::Inputs>,
    /// The texts of templates that were changed to find what else is wrong, by their names.
    repaired: HashMap<String, String>,
    /// Of templates with marks.
    meter: Option<Arc<Meter>>,
    known: recalled::Known,
}

impl<'a> Renderer<'a> {
    /// Parses every template, and tells every mistake that can be seen without rendering. Those that have none can be rendered
    /// all the same. What they see of the site has no content yet; `world` is where they
    /// read.
    #[must_use]
    pub fn new(
        site: &'a Arc<Site>,
        filter: MarkdownFilter,
        world: Arc<dyn World + Send + Sync>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let words = Arc::new(Words::of(site));
        let library = Arc::new(if content::is_needed(site) {
            values::Library::new(site, Arc::new(Contents::unread(site)), words)
        } else {
            values::Library::unasked(site, words)
        });
        let mut tera = Tera::new();
        let prefixes = site.theme_prefix().into_iter().chain([builtins::PREFIX.to_owned()]);
        // It refuses only when templates were added before.
        if let Err(error) = tera.set_fallback_prefixes(prefixes) {
            return (None, vec![mistake::without_place(site, &error)]);
        }
        let inputs = Arc::new(inputs::Inputs::new(site, world));
        speak(&mut tera, site.config.languages.default_language(), &library, &inputs, &filter);
        let mistakes = mistake::add_templates(&mut tera, site);
        // In place of a template that is set aside would come the theme's of the same name, which is another thing.
        let is_whole = mistakes.is_empty() || site.config.theme.is_none();
        let mut teras = vec![tera];
        for language in site.config.languages.others() {
            let mut tera = teras[0].clone();
            speak(&mut tera, language, &library, &inputs, &filter);
            teras.push(tera);
        }
        (
            is_whole.then(|| Self {
                site,
                teras,
                library,
                filter,
                inputs,
                repaired: HashMap::new(),
                meter: None,
                known: recalled::Known::default(),
            }),
            mistakes,
        )
    }

    /// The same templates, and what they see has its content.
    ///
    /// # Panics
    /// When `contents` does not have one entry per page and section.
    #[must_use]
    pub fn with_contents(mut self, contents: &Arc<Contents>) -> Self {
        let site = self.site;
        assert_eq!((contents.pages.len(), contents.sections.len()), (site.pages.len(), site.sections.len()));
        self.library = Arc::new(values::Library::new(site, Arc::clone(contents), Arc::clone(&self.library.words)));
        for (tera, language) in self.teras.iter_mut().zip(site.config.languages.iter()) {
            speak(tera, language, &self.library, &self.inputs, &self.filter);
        }
        self
    }

    /// What templates give to functions, filters and tests that have no use for it.
    #[must_use]
    pub fn unknown_arguments(&self) -> Vec<Diagnostic> {
        let mut told = mistake::in_templates(self.site);
        told.extend(self.unknown_arguments_in_content());
        told
    }

    /// What everything that was rendered up to now asked for, and did not find in its language.
    #[must_use]
    pub fn missed_words(&self) -> Vec<Diagnostic> {
        self.library.words.missed(self.site)
    }

    /// What the configuration names for the heads of pages and is not there.
    #[must_use]
    pub fn missing_in_heads(&self) -> Vec<Diagnostic> {
        head::missing(self.site, &self.library.assets)
    }

    /// The same without what `found` says is wrong in templates: the next mistake of a page comes to light. `None` where nothing
    /// of it can be left out without changing the rest.
    #[must_use]
    pub fn repaired(&self, found: &[Diagnostic]) -> Option<Self> {
        let mut repaired = self.repaired.clone();
        let mut changed = HashMap::new();
        for label in found.iter().filter_map(|one| one.label.as_ref()) {
            let is_here = |template: &&load::Template| template.source.path == label.source.path;
            let Some(template) = self.site.templates.iter().find(is_here) else { continue };
            let text = repaired.get(&template.name).map_or(&*template.source.text, String::as_str);
            if let Some(text) = repair::without(text, &(label.span.start..label.span.end)) {
                repaired.insert(template.name.clone(), text.clone());
                changed.insert(template.name.clone(), text);
            }
        }
        let mut tera = self.teras[0].clone();
        let is_changed = !changed.is_empty() && tera.add_raw_templates(changed).is_ok();
        is_changed.then(|| Self { repaired, ..self.with_templates(&tera) })
    }

    /// The same with marks in its templates, by which [`Renderer::costs`] knows what they cost. `None` where they cannot be put in.
    #[must_use]
    pub fn measured(&self, clock: Clock) -> Option<Self> {
        let templates = self.site.templates.iter().filter(|one| self.teras[0].contains_template(&one.name));
        let templates = templates.map(|one| (one.name.as_str(), &*one.source.text));
        let (tera, meter) = measure::instrument(&self.teras[0], templates, clock).ok()?;
        Some(Self { meter: Some(meter), ..self.with_templates(&tera) })
    }

    /// The same again, which goes on seeing what this one sees when this one gets its content.
    #[must_use]
    pub fn before_contents(&self) -> Self {
        self.with_templates(&self.teras[0])
    }

    /// Whether it can render templates in content: nothing is prepared for that in a site that has none.
    #[must_use]
    pub fn reads_content(&self) -> bool {
        content::is_needed(self.site)
    }

    fn with_templates(&self, tera: &Tera) -> Self {
        let in_language = |language| {
            let mut tera = tera.clone();
            speak(&mut tera, language, &self.library, &self.inputs, &self.filter);
            tera
        };
        Self {
            site: self.site,
            teras: self.site.config.languages.iter().map(in_language).collect(),
            library: Arc::clone(&self.library),
            filter: self.filter.clone(),
            inputs: Arc::clone(&self.inputs),
            repaired: HashMap::new(),
            meter: None,
            known: recalled::Known::default(),
        }
    }

    /// What all templates and components cost that were rendered with marks.
    #[must_use]
    pub fn costs(&self) -> BTreeMap<Part, Cost> {
        self.meter.as_ref().map_or_else(BTreeMap::new, |meter| meter.costs())
    }

    /// A page's HTML.
    ///
    /// # Errors
    /// What is wrong in a template that is used for it; nothing when that does not exist, which `load` has told.
    pub fn page(&self, id: PageId) -> Result<String, Vec<Diagnostic>> {
        let page = self.site.page(id);
        let mut context = self.context(&page.path);
        context.insert_value("page", self.library.page_value(id));
        self.render(page.template_name(), &page.lang, &context, &page.path, Some(&page.source.path))
    }

    /// A section's HTML.
    ///
    /// # Errors
    /// What is wrong in a template that is used for it; nothing when that does not exist, which `load` has told.
    pub fn section(&self, id: SectionId) -> Result<String, Vec<Diagnostic>> {
        self.pager(ListId::Section(id), 1)
    }

    /// A pager of a list; the first is the list itself, which may have all its pages on it.
    ///
    /// # Errors
    /// What is wrong in a template that is used for it; nothing when that does not exist, which `load` has told.
    pub fn pager(&self, list: ListId, number: usize) -> Result<String, Vec<Diagnostic>> {
        let pagination = self.site.pagination(list);
        let own = match list {
            ListId::Section(id) => &self.site.section(id).path,
            ListId::Term(id) => &self.site.term(id).1.path,
        };
        let path = pagination.and_then(|pagination| pagination.path(number)).unwrap_or_else(|| own.clone());
        let mut context = self.context(&path);
        if let Some(pagination) = pagination {
            context.insert_value("paginator", lists::paginator(self.site, &self.library, &pagination, number));
        }
        match list {
            ListId::Section(id) => {
                let section = self.site.section(id);
                context.insert_value("section", self.library.section_value(id));
                self.render(section.template_name(), &section.lang, &context, &path, Some(&section.source.path))
            }
            ListId::Term(id) => {
                let taxonomy = self.site.taxonomy(id.0);
                context.insert_value("taxonomy", self.library.taxonomies.kind(id.0));
                context.insert_value("term", self.library.term_value(id));
                self.render(&taxonomy.single_template, &taxonomy.lang, &context, &path, None)
            }
        }
    }

    /// The list of the terms of a taxonomy.
    ///
    /// # Errors
    /// What is wrong in a template that is used for it; nothing when that does not exist, which `load` has told.
    pub fn taxonomy(&self, id: TaxonomyId) -> Result<String, Vec<Diagnostic>> {
        let taxonomy = self.site.taxonomy(id);
        let mut context = self.context(&taxonomy.path);
        context.insert_value("taxonomy", self.library.taxonomies.kind(id));
        context.insert_value("terms", self.library.term_values(id));
        self.render(&taxonomy.list_template, &taxonomy.lang, &context, &taxonomy.path, None)
    }

    /// The page of a term, or its first pager.
    ///
    /// # Errors
    /// What is wrong in a template that is used for it; nothing when that does not exist, which `load` has told.
    pub fn term(&self, id: TermId) -> Result<String, Vec<Diagnostic>> {
        self.pager(ListId::Term(id), 1)
    }

    /// A feed.
    ///
    /// # Errors
    /// What is wrong in its template, or that there is none.
    pub fn feed(&self, feed: &Feed) -> Result<String, Vec<Diagnostic>> {
        let mut context = self.context(&feed.path);
        lists::feed(self.site, &self.library, feed, &mut context);
        self.render(&feed.filename, self.site.feed_language(&feed.list), &context, &feed.path, None)
    }

    /// These entries of the sitemap.
    ///
    /// # Errors
    /// What is wrong in its template.
    pub fn sitemap(&self, path: &SitePath, entries: Range<usize>) -> Result<String, Vec<Diagnostic>> {
        let mut context = self.context(path);
        context.insert_value(lists::WHOLE_URLS, true.into());
        context.insert_value("entries", lists::sitemap(self.site, entries));
        context.insert_value("tells_alternates", self.site.tells_alternates().into());
        self.render(builtins::SITEMAP, self.default_language(), &context, path, None)
    }

    /// What lists the parts of a sitemap, which are at `parts`.
    ///
    /// # Errors
    /// What is wrong in its template.
    pub fn sitemap_index(&self, path: &SitePath, parts: &[SitePath]) -> Result<String, Vec<Diagnostic>> {
        let mut context = self.context(path);
        let base_url = self.site.config.base_url.as_deref().unwrap_or_default();
        let whole = |path: &SitePath| Value::from(format!("{base_url}{}", path.to_url(&BasePath::root())));
        context.insert_value(lists::WHOLE_URLS, true.into());
        context.insert_value("sitemaps", Value::from(parts.iter().map(whole).collect::<Vec<_>>()));
        self.render(builtins::SITEMAP_INDEX, self.default_language(), &context, path, None)
    }

    /// A template that belongs to no page (`404.html`, `robots.txt`), at `path`.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn template(&self, name: &str, path: &SitePath) -> Result<String, Vec<Diagnostic>> {
        // It answers for no address: whoever shows one, or calls it canonical, has none to show.
        let mut context = Context::new();
        context.insert_value("current_path", Value::from(path.as_str()));
        if path.extension() != Some("html") {
            context.insert_value(lists::WHOLE_URLS, true.into());
        }
        self.render(name, self.default_language(), &context, path, None)
    }

    /// The templates, as a page in the language `lang` has them.
    fn tera(&self, lang: &str) -> &Tera {
        &self.teras[self.site.config.languages.position(lang).unwrap_or_default()]
    }

    fn default_language(&self) -> &str {
        &self.site.config.languages.default_language().code
    }

    /// The picture that a placeholder of what was rendered stands for.
    #[must_use]
    pub fn picture(&self, key: ContentHash) -> Option<Picture> {
        self.inputs.picture(key)
    }

    fn context(&self, path: &SitePath) -> Context {
        let mut context = Context::new();
        context.insert_value("current_path", Value::from(path.as_str()));
        context.insert_value("current_url", Value::from(self.site.url(path, &BasePath::root())));
        context
    }

    fn render(
        &self,
        template: &str,
        lang: &str,
        context: &Context,
        path: &SitePath,
        written_in: Option<&Arc<str>>,
    ) -> Result<String, Vec<Diagnostic>> {
        if let Some(meter) = &self.meter {
            self.count_call(meter, template);
        }
        self.tera(lang).render(template, context).map_err(|error| {
            Meter::close();
            let step = match written_in {
                Some(file) => format!("while rendering {path} ({file})"),
                None => format!("while rendering {path}"),
            };
            let found = mistake::diagnostics(self.site, &error).into_iter();
            found.map(|found| self.at_its_place(found).traced(step.clone())).collect()
        })
    }

    /// A mistake in what a template read is told where it is, not where it was met.
    fn at_its_place(&self, found: Diagnostic) -> Diagnostic {
        let Some(own) = self.inputs.mistake(&found.message) else { return found };
        let place = found.position().map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        let asked = own.traced(format!("read by {}{place}", found.path));
        found.trace.into_iter().fold(asked, Diagnostic::traced)
    }

    /// Counts a call of a template and of those it extends, as far as they have nothing but blocks.
    fn count_call(&self, meter: &Meter, template: &str) {
        let mut next = Some(template.to_owned());
        // Templates that extend each other in a circle have been told of.
        while let Some(template) = next.take().and_then(|name| self.named(&name)) {
            next = names(&template.source.text).extends;
            if next.is_some() {
                meter.called(&template.name);
            }
        }
    }

    /// The template that is meant by a name: the site's, else the theme's.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&'a load::Template> {
        let prefix = self.site.theme_prefix().unwrap_or_default();
        let is_it = |wanted: &str| self.site.templates.iter().find(|one| one.name == wanted);
        is_it(name).or_else(|| is_it(&format!("{prefix}{name}")))
    }
}

/// Lets all that templates see without a page, and all they can call, be in `language`.
fn speak(
    tera: &mut Tera,
    language: &Language,
    library: &Arc<values::Library>,
    inputs: &Arc<inputs::Inputs>,
    filter: &MarkdownFilter,
) {
    functions::register(tera, library, inputs, filter, &language.code);
    let globals = tera.global_context();
    globals.insert_value("config", library.languages.config(&language.code));
    globals.insert_value("lang", Value::from(language.code.as_str()));
    globals.insert_value("dir", Value::from(language.direction()));
}
