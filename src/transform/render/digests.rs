//! Digests of what templates see of pages and lists, by which a build knows whether a template would see the same again. Of a
//! page there are two: of its text, and of all else, made of the very value that templates see, so that nothing in it can be
//! forgotten. A list's is made of those of its pages.

use std::sync::OnceLock;

use tera::{Value, value::ValueKind};

use super::{
    Html, Rendered,
    backlinks::Place,
    lists,
    seen::Sees,
    values::{self, Library},
};
use crate::{
    load::{ListId, PageId, SectionId, Site, TaxonomyId, TermId},
    site::ContentHash,
    transform::markdown::Heading,
};

/// The digests of one build, each made when it is asked for.
#[derive(Debug, Default)]
pub(super) struct Digests {
    /// Of all but the text, and of the text.
    pages: Vec<[OnceLock<ContentHash>; 2]>,
    sections: Vec<[OnceLock<ContentHash>; 2]>,
    /// Of a section with its pages, for those who see no texts and for those who do.
    listed: Vec<[OnceLock<ContentHash>; 2]>,
    taxonomies: Vec<[OnceLock<ContentHash>; 2]>,
    /// By taxonomy.
    terms: Vec<Vec<[OnceLock<ContentHash>; 2]>>,
}

impl Digests {
    pub(super) fn new(site: &Site) -> Self {
        let some = |count: usize| std::iter::repeat_with(<[OnceLock<ContentHash>; 2]>::default).take(count).collect();
        Self {
            pages: some(site.pages.len()),
            sections: some(site.sections.len()),
            listed: some(site.sections.len()),
            taxonomies: some(site.taxonomies.len()),
            terms: site.taxonomies.iter().map(|taxonomy| some(taxonomy.terms.len())).collect(),
        }
    }
}

fn slot(slots: &[OnceLock<ContentHash>; 2], sees: Sees) -> &OnceLock<ContentHash> {
    &slots[usize::from(sees == Sees::Everything)]
}

impl Library {
    /// Of a page and its neighbours, as everything but its own template sees it.
    pub(super) fn digest_of_page(&self, id: PageId, sees: Sees) -> ContentHash {
        self.digest_beside_neighbours(id, self.digest_of_page_alone(id, sees), sees)
    }

    /// Of a page with its text, for its own template, which sees so much of others.
    pub(super) fn digest_of_own_page(&self, id: PageId, sees: Sees) -> ContentHash {
        self.digest_beside_neighbours(id, self.digest_of_page_alone(id, Sees::Everything), sees)
    }

    fn digest_beside_neighbours(&self, id: PageId, own: ContentHash, sees: Sees) -> ContentHash {
        let page = self.site.page(id);
        let neighbour = |id: Option<PageId>| id.map(|id| self.digest_of_page_alone(id, sees));
        of_some([Some(own), neighbour(page.lower), neighbour(page.higher)])
    }

    fn digest_of_page_alone(&self, id: PageId, sees: Sees) -> ContentHash {
        let slots = &self.digests.pages[id.0];
        let meta = *slots[0].get_or_init(|| {
            let (nothing, backlinks) = (Rendered::default().kept(None), self.backlinks(Place::Page(id)));
            of_value(&values::page(&self.site, self.site.page(id), &nothing, "", backlinks))
        });
        let text = |content: &Rendered<Html>| of_text(content, &self.contents.html(content));
        match sees {
            Sees::NoTexts => meta,
            Sees::Everything => of_some([Some(meta), Some(*slots[1].get_or_init(|| text(&self.contents.pages[id.0])))]),
        }
    }

    /// Of a section and its pages, as everything but its own template sees it.
    pub(super) fn digest_of_section(&self, id: SectionId, sees: Sees) -> ContentHash {
        *slot(&self.digests.listed[id.0], sees).get_or_init(|| {
            let alone = self.digest_of_section_alone(id, sees);
            self.digest_of_list(alone, &self.site.section(id).pages, sees)
        })
    }

    /// Of a section with its text, for its own template, which sees so much of its pages.
    pub(super) fn digest_of_own_section(&self, id: SectionId, sees: Sees) -> ContentHash {
        let parts = [self.digest_of_section_alone(id, Sees::Everything), self.digest_of_section(id, sees)];
        of_some(parts.map(Some))
    }

    fn digest_of_section_alone(&self, id: SectionId, sees: Sees) -> ContentHash {
        let slots = &self.digests.sections[id.0];
        let meta = *slots[0].get_or_init(|| {
            let (nothing, backlinks) = (Rendered::default().kept(None), self.backlinks(Place::Section(id)));
            of_value(&values::section(&self.site, self.site.section(id), &nothing, "", Value::none(), backlinks))
        });
        let text = |content: &Rendered<Html>| of_text(content, &self.contents.html(content));
        match sees {
            Sees::NoTexts => meta,
            Sees::Everything => {
                of_some([Some(meta), Some(*slots[1].get_or_init(|| text(&self.contents.sections[id.0])))])
            }
        }
    }

    fn digest_of_list(&self, alone: ContentHash, pages: &[PageId], sees: Sees) -> ContentHash {
        of_some([Some(alone)].into_iter().chain(pages.iter().map(|&id| Some(self.digest_of_page(id, sees)))))
    }

    pub(super) fn digest_of_term(&self, id: TermId, sees: Sees) -> ContentHash {
        *slot(&self.digests.terms[id.0.0][id.1], sees).get_or_init(|| {
            let term = self.site.term(id).1;
            let alone = of_value(&lists::term(&self.site, term, Value::none()));
            self.digest_of_list(alone, &term.pages, sees)
        })
    }

    /// Of a taxonomy and its terms.
    pub(super) fn digest_of_taxonomy(&self, id: TaxonomyId, sees: Sees) -> ContentHash {
        *slot(&self.digests.taxonomies[id.0], sees).get_or_init(|| {
            let alone = of_value(&lists::taxonomy_of(&self.site, self, id, Value::none()));
            let terms = 0..self.site.taxonomy(id).terms.len();
            let terms = terms.map(|nth| Some(self.digest_of_term(TermId(id, nth), sees)));
            of_some([Some(alone)].into_iter().chain(terms))
        })
    }

    /// Of one pager of a list, for its template.
    pub(super) fn digest_of_pager(&self, list: ListId, number: usize, sees: Sees) -> ContentHash {
        let own = match list {
            ListId::Section(id) => self.digest_of_own_section(id, sees),
            ListId::Term(id) => {
                of_some([Some(of_value(&self.taxonomies.kind(id.0))), Some(self.digest_of_term(id, sees))])
            }
        };
        let pager = self.site.pagination(list).map(|pagination| {
            let alone = of_value(&lists::paginator_of(&self.site, &pagination, number, Value::none()));
            let pages: Vec<PageId> = pagination.pages(number).collect();
            self.digest_of_list(alone, &pages, sees)
        });
        of_some([Some(own), pager])
    }
}

/// Of several digests, some of which may not be there.
pub(super) fn of_some(parts: impl IntoIterator<Item = Option<ContentHash>>) -> ContentHash {
    let parts: Vec<Option<ContentHash>> = parts.into_iter().collect();
    ContentHash::of_parts(parts.iter().map(|part| part.as_ref().map_or(b"".as_slice(), |part| part.as_bytes())))
}

/// Of all that templates see of a text.
fn of_text(content: &Rendered<Html>, html: &str) -> ContentHash {
    // Where links lead is seen by those who are linked to.
    let Rendered { html: _, summary, toc, word_count, reading_time, links: _, diagnostics: _ } = content;
    let mut written = Written::default();
    written.0.extend(ContentHash::of(html.as_bytes()).as_bytes());
    written.text(summary.as_deref().unwrap_or("\u{0}"));
    written.number(*word_count);
    written.number(*reading_time);
    written.headings(toc);
    ContentHash::of(&written.0)
}

/// Of a value, everything in it and its order.
pub(super) fn of_value(value: &Value) -> ContentHash {
    let mut written = Written::default();
    written.value(value);
    ContentHash::of(&written.0)
}

/// What is hashed: each part with its kind or length before it.
#[derive(Default)]
struct Written(Vec<u8>);

impl Written {
    fn number(&mut self, number: usize) {
        self.0.extend((number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend(text.as_bytes());
    }

    fn headings(&mut self, headings: &[Heading]) {
        self.number(headings.len());
        for Heading { level, id, title, children } in headings {
            self.number(usize::from(*level));
            self.text(id);
            self.text(title);
            self.headings(children);
        }
    }

    fn value(&mut self, value: &Value) {
        self.0.push(value.kind() as u8);
        match value.kind() {
            ValueKind::Array => {
                let items = value.as_array().unwrap_or_default();
                self.number(items.len());
                for item in items {
                    self.value(item);
                }
            }
            ValueKind::Map => {
                let entries = value.as_map();
                self.number(entries.map_or(0, tera::Map::len));
                for (key, value) in entries.into_iter().flatten() {
                    self.text(&format!("{key:?}"));
                    self.value(value);
                }
            }
            ValueKind::Bytes => {
                let bytes = value.as_bytes().unwrap_or_default();
                self.number(bytes.len());
                self.0.extend(bytes);
            }
            ValueKind::String => {
                self.0.push(u8::from(value.is_safe()));
                self.text(value.as_str().unwrap_or_default());
            }
            _ => self.text(&value.to_string()),
        }
    }
}
