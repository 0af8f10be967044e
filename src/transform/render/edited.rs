//! A text that is not what it was when everything else was made: what templates see of it changes, and of what shows it.
//! Nothing that is made here looks at more pages than stand in one list.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tera::{Value, value::Key as Name};

use super::{
    Html, Rendered, Renderer,
    backlinks::Place,
    made::Key,
    values::{Library, toc, url},
};
use crate::{
    load::{PageId, SectionId, TaxonomyId, TermId},
    site::SitePath,
};

/// The contents that are not what they were.
#[derive(Debug, Default)]
pub(super) struct Edited(RwLock<HashMap<Place, Arc<Rendered<Html>>>>);

impl Edited {
    pub(super) fn of(&self, place: Place) -> Option<Arc<Rendered<Html>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&place).cloned()
    }

    fn set(&self, place: Place, content: Rendered<Html>) -> Arc<Rendered<Html>> {
        let content = Arc::new(content);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(place, Arc::clone(&content));
        content
    }
}

impl Renderer<'_> {
    /// From now on, this is the content of a page. What it links to must be what it was, where templates ask for backlinks.
    pub fn edit_page(&self, id: PageId, content: Rendered) {
        self.library.edit_page(id, content.kept(None));
    }

    /// From now on, this is the content of a section.
    pub fn edit_section(&self, id: SectionId, content: Rendered) {
        self.library.edit_section(id, content.kept(None));
    }

    /// Whether templates ask who links to a page.
    #[must_use]
    pub fn asks_for_backlinks(&self) -> bool {
        self.site.templates.iter().any(|template| template.source.text.contains("backlinks"))
    }

    /// Whether a template read this file of the site, and what it understood is still used.
    #[must_use]
    pub fn has_read(&self, file: &str) -> bool {
        self.inputs.knows(file)
    }

    /// What is at a path has the same chance as at first when it is rendered again.
    pub fn begin_again(&self, path: &SitePath) {
        self.inputs.begin_again(path.as_str());
    }
}

impl Library {
    fn edit_page(&self, id: PageId, content: Rendered<Html>) {
        self.edited.set(Place::Page(id), content);
        let page = self.site.page(id);
        // Its neighbours have it in their values.
        let concerned: Vec<PageId> = [Some(id), page.lower, page.higher].into_iter().flatten().collect();
        self.made.forget(Key::Alone(id));
        for &id in &concerned {
            self.made.forget(Key::Page(id));
        }
        for &section in &page.ancestors {
            let ids = &self.site.section(section).pages;
            self.made.change(Key::Section(section), |value| self.listing(value, ids, &concerned));
        }
        for (nth, taxonomy) in self.site.taxonomies.iter().enumerate() {
            let taxonomy_id = TaxonomyId(nth);
            self.made.forget(Key::Terms(taxonomy_id));
            (0..taxonomy.terms.len()).for_each(|nth| self.made.forget(Key::Term(TermId(taxonomy_id, nth))));
        }
    }

    /// The value of a section with new values of some of its pages.
    fn listing(&self, section: &Value, ids: &[PageId], concerned: &[PageId]) -> Value {
        let Some(mut map) = section.as_map().cloned() else { return section.clone() };
        let Some(pages) = map.get(&Name::from("pages")).and_then(Value::as_array) else { return section.clone() };
        let mut pages = pages.to_vec();
        for (page, id) in pages.iter_mut().zip(ids) {
            if concerned.contains(id) {
                *page = self.page_value(*id);
            }
        }
        map.insert("pages".into(), Value::from(pages));
        Value::from(map)
    }

    fn edit_section(&self, id: SectionId, content: Rendered<Html>) {
        let content = self.edited.set(Place::Section(id), content);
        self.made.change(Key::Section(id), |value| {
            let Some(mut map) = value.as_map().cloned() else { return value.clone() };
            let permalink = url(&self.site, &self.site.section(id).path);
            // What has its place keeps it.
            map.insert("content".into(), Value::safe_string(&self.contents.html(&content)));
            map.insert("toc".into(), toc(&content.toc, &permalink));
            map.insert("word_count".into(), content.word_count.into());
            map.insert("reading_time".into(), content.reading_time.into());
            Value::from(map)
        });
    }
}
