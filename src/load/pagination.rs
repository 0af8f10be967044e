//! Lists that are cut into pagers. What a pager is called and which pages are on it follows from the list alone, so that those
//! who plan routes and those who render them cannot disagree.

use std::{num::NonZeroUsize, ops::Range};

use super::{PageId, SectionId, Site, TermId, fields::Fields};
use crate::{
    diag::Diagnostic,
    site::{BasePath, SitePath},
};

/// What can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListId {
    Section(SectionId),
    Term(TermId),
}

/// The part of a pager's path between the list's and its number: `page`, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaginatePath(String);

/// How a list is cut. Pagers count from 1; the first is the list's own page, and there always is one.
#[derive(Clone, Copy, Debug)]
pub struct Pagination<'a> {
    pub paginate_by: NonZeroUsize,
    pub is_reversed: bool,
    list: &'a SitePath,
    path: &'a PaginatePath,
    pages: &'a [PageId],
}

impl Default for PaginatePath {
    fn default() -> Self {
        Self("page".to_owned())
    }
}

impl PaginatePath {
    /// Takes `paginate_path`.
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        let Some(written) = fields.string("paginate_path") else { return Self::default() };
        let bare = written.value.trim_matches('/');
        if let Err(error) = SitePath::parse(&format!("/{bare}")) {
            let message = format!("`{}` cannot be part of a path: {error}", written.value);
            fields.error(written.span, message);
            return Self::default();
        }
        Self(bare.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Site {
    /// All that can be cut.
    pub fn lists(&self) -> impl Iterator<Item = ListId> {
        let sections = (0..self.sections.len()).map(|id| ListId::Section(SectionId(id)));
        let terms = self.rendered_taxonomies().flat_map(|(id, taxonomy)| taxonomy.terms(id));
        sections.chain(terms.map(|(id, _)| ListId::Term(id)))
    }

    /// How a list is cut; `None` when all of it is on one page.
    #[must_use]
    pub fn pagination(&self, list: ListId) -> Option<Pagination<'_>> {
        match list {
            ListId::Section(id) => {
                let section = self.section(id);
                Some(Pagination {
                    paginate_by: section.meta.paginate_by.filter(|_| section.is_rendered())?,
                    is_reversed: section.meta.paginate_reversed,
                    list: &section.path,
                    path: &section.meta.paginate_path,
                    pages: &section.pages,
                })
            }
            ListId::Term(id) => {
                let (taxonomy, term) = self.term(id);
                Some(Pagination {
                    paginate_by: taxonomy.kind.paginate_by.filter(|_| taxonomy.kind.render)?,
                    is_reversed: false,
                    list: &term.path,
                    path: &taxonomy.kind.paginate_path,
                    pages: &term.pages,
                })
            }
        }
    }
}

impl Pagination<'_> {
    /// How many pagers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pages.len().div_ceil(self.paginate_by.get()).max(1)
    }

    /// The pages on all of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.pages.len()
    }

    /// The pages on one of them, in order.
    pub fn pages(&self, number: usize) -> impl Iterator<Item = PageId> {
        let start = (number.saturating_sub(1) * self.paginate_by.get()).min(self.pages.len());
        let Range { start, end } = start..(start + self.paginate_by.get()).min(self.pages.len());
        let at = move |nth: usize| if self.is_reversed { self.pages.len() - 1 - nth } else { nth };
        (start..end).map(move |nth| self.pages[at(nth)])
    }

    /// Where one is. `None` when that is too long for a path.
    #[must_use]
    pub fn path(&self, number: usize) -> Option<SitePath> {
        if number == 1 { Some(self.list.clone()) } else { self.numbered(number) }
    }

    /// Where the one with this number would be if the first were like the others.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Option<SitePath> {
        self.numbered_below(self.list, number)
    }

    /// The same, if the list were there.
    #[must_use]
    pub fn numbered_below(&self, list: &SitePath, number: usize) -> Option<SitePath> {
        SitePath::parse(&format!("{}{number}/", self.before_number(list.as_str()))).ok()
    }

    /// The URL that a number is written after.
    #[must_use]
    pub fn base_url(&self) -> String {
        let path = SitePath::parse(&self.before_number(self.list.as_str()));
        path.map_or_else(|_| String::new(), |path| path.to_url(&BasePath::root()))
    }

    fn before_number(&self, list: &str) -> String {
        let slash = if list.ends_with('/') { "" } else { "/" };
        match self.path.as_str() {
            "" => format!("{list}{slash}"),
            path => format!("{list}{slash}{path}/"),
        }
    }
}

impl Fields<'_> {
    /// Takes `paginate_by`. Zola reads 0 as nothing; whoever writes it may have meant something else.
    pub(super) fn paginate_by(&mut self) -> Option<NonZeroUsize> {
        let node = self.node("paginate_by")?;
        let count = match node.value {
            super::Value::Integer(number) => usize::try_from(number).ok(),
            _ => None,
        };
        let Some(count) = count else {
            return self.mismatch("paginate_by", "an integer of at least 1", &node.value, node.span);
        };
        let count = NonZeroUsize::new(count);
        if count.is_none() {
            let message = format!("`{}` of 0 paginates nothing", self.name_of("paginate_by"));
            let warning = Diagnostic::error_at(self.source(), node.span, message).as_warning();
            self.push(warning.with_help("write how many pages of the list are to be on one page, or leave it out"));
        }
        count
    }
}
