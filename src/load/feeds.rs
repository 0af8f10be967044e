//! Which feeds a site has, and what is in each: the newest pages of a language, of a section or of a term. A feed names whole
//! addresses, so a site that does not know its own has none.

use std::{cmp::Reverse, collections::BTreeSet, ops::Range};

use super::{PageDate, PageId, SectionId, Site, TermId};
use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    site::SitePath,
};

/// A feed, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    pub list: FeedList,
    /// Also the name of its template.
    pub filename: String,
    pub path: SitePath,
}

/// What a feed is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedList {
    /// All pages of a language.
    Language(String),
    /// The pages of a section.
    Section(SectionId),
    Term(TermId),
}

/// What is in a feed.
#[derive(Clone, Debug)]
pub struct FeedPages<'a> {
    /// The newest first.
    pub pages: Vec<PageId>,
    /// When one of all its pages changed last, those that are too old to be in it among them.
    pub last_updated: Option<&'a PageDate>,
}

impl Site {
    /// All feeds, each with the place that asks for it.
    #[must_use]
    pub fn feeds(&self) -> Vec<(Feed, (&Source, Range<usize>))> {
        if self.config.base_url.is_none() {
            return Vec::new();
        }
        let mut feeds = Vec::new();
        for (list, path, (source, span)) in self.feed_lists() {
            for filename in &self.config.lists_of(self.feed_language(&list)).feed_filenames {
                // The name of a feed is a file's, and a list's path ends in a slash.
                if let Ok(path) = SitePath::parse(&format!("{path}{}", filename.value)) {
                    feeds.push((
                        Feed { list: list.clone(), filename: filename.value.clone(), path },
                        (source, span.clone()),
                    ));
                }
            }
        }
        feeds
    }

    /// The language of what is in a feed.
    #[must_use]
    pub fn feed_language<'a>(&'a self, list: &'a FeedList) -> &'a str {
        match list {
            FeedList::Language(lang) => lang,
            FeedList::Section(id) => &self.section(*id).lang,
            FeedList::Term(id) => &self.term(*id).0.lang,
        }
    }

    /// What is in a feed: pages without a date cannot be, and those in another language than the feed's are not.
    #[must_use]
    pub fn feed_pages(&self, list: &FeedList) -> FeedPages<'_> {
        let mut pages: Vec<PageId> = match list {
            FeedList::Language(lang) => {
                (0..self.pages.len()).map(PageId).filter(|&id| self.page(id).lang == *lang).collect()
            }
            FeedList::Section(id) => self.section(*id).pages.clone(),
            FeedList::Term(id) => self.term(*id).1.pages.clone(),
        };
        let date = |id: PageId| self.page(id).date.as_ref().filter(|_| self.page(id).meta.render);
        pages.retain(|&id| date(id).is_some() && !self.page(id).is_fallback);
        pages.sort_by_key(|&id| (Reverse(date(id).map(|date| date.instant)), &self.page(id).path));
        let dates = pages.iter().flat_map(|&id| date(id).into_iter().chain(&self.page(id).meta.updated));
        let last_updated = dates.max_by_key(|date| date.instant);
        pages.truncate(self.config.feed_limit.unwrap_or(usize::MAX));
        FeedPages { pages, last_updated }
    }

    fn feed_lists(&self) -> impl Iterator<Item = (FeedList, &SitePath, (&Source, Range<usize>))> {
        let config = &self.config.source;
        let languages = self.config.lists().filter_map(move |(lang, lists)| {
            let root = self.sections.iter().find(|section| section.is_root() && section.lang == lang)?;
            Some((FeedList::Language(lang.to_owned()), &root.path, (config, lists.generate_feeds.clone()?)))
        });
        let sections = self.sections.iter().enumerate().filter_map(|(id, section)| {
            Some((
                FeedList::Section(SectionId(id)),
                &section.path,
                (&section.source, section.meta.generate_feeds.clone()?),
            ))
        });
        let with_feeds = self.rendered_taxonomies().filter(|(_, taxonomy)| taxonomy.kind.feed);
        let terms = with_feeds.flat_map(move |(id, taxonomy)| {
            let place = (config, taxonomy.kind.name.span.clone());
            taxonomy.terms(id).map(move |(id, term)| (FeedList::Term(id), &term.path, place.clone()))
        });
        // A site that has a feed of its own needs none of its root section.
        let is_root = move |list: &FeedList| match list {
            FeedList::Section(id) => {
                let section = self.section(*id);
                section.is_root() && self.config.lists_of(&section.lang).generate_feeds.is_some()
            }
            _ => false,
        };
        languages.chain(sections).chain(terms).filter(move |(list, ..)| !is_root(list))
    }
}

/// Feeds that need no template of the site's.
const BUILT_IN: [&str; 2] = ["atom.xml", "rss.xml"];

/// What is said of feeds that cannot be written.
pub(super) fn check(site: &Site, diagnostics: &mut Vec<Diagnostic>) {
    let asked: BTreeSet<String> = site.feed_lists().map(|(list, ..)| site.feed_language(&list).to_owned()).collect();
    for (_, lists) in site.config.lists().filter(|(lang, _)| asked.contains(*lang)) {
        for name in &lists.feed_filenames {
            if BUILT_IN.contains(&name.value.as_str()) || site.has_template(&name.value) {
                continue;
            }
            let help = match did_you_mean(&name.value, BUILT_IN) {
                Some(meant) => format!("did you mean `{meant}`, which needs none?"),
                None => format!(
                    "write `{}/templates/{}`, or take `atom.xml` or `rss.xml`, which need none",
                    site.root, name.value
                ),
            };
            let message = format!("there is no template `{}` for this feed", name.value);
            diagnostics.push(Diagnostic::error_at(&site.config.source, name.span.clone(), message).with_help(help));
        }
    }
    if site.config.base_url.is_none()
        && let Some((_, _, (source, span))) = site.feed_lists().next()
    {
        let message = "a feed names whole addresses, and this site does not know its own: no feed is written";
        let help = format!("set `base_url` in {}, as in `base_url = \"https://example.com\"`", site.config.source.path);
        diagnostics.push(Diagnostic::error_at(source, span, message).as_warning().with_help(help));
    }
}
