//! Pages that have changed since the live generation of their site was built, and are made already while the next one is being
//! built. They are a bundle each, so that they have the fields and validators of any other answer; and they are gone with the
//! generation they belong to.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    map::Bundle,
    site::{ContentHash, SiteName},
};

/// Of all sites.
#[derive(Debug, Default)]
pub(in crate::serve) struct Edits(RwLock<BTreeMap<SiteName, Vec<Arc<Edited>>>>);

/// Of one site.
#[derive(Debug)]
pub(in crate::serve) struct Edited {
    /// The generation they are edits of.
    of: ContentHash,
    /// What the site is called as it is now, instead of its generation.
    name: String,
    pages: BTreeMap<String, Bundle>,
}

impl Edits {
    /// The edits of a bundle's site, which are those of its generation.
    pub(in crate::serve) fn of(&self, bundle: &Bundle) -> Option<Arc<Edited>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(bundle.site())?.iter().find(|edited| edited.of == bundle.generation()).cloned()
    }

    /// What a bundle's site is called as it is now.
    pub(in crate::serve) fn name(&self, bundle: &Bundle) -> String {
        self.of(bundle).map_or_else(|| bundle.generation().to_string(), |edited| edited.name.clone())
    }

    /// What a site is called that is live in this generation.
    pub(super) fn name_of(&self, site: &str, generation: &str) -> String {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut own = all.iter().filter(|(name, _)| name.as_str() == site).flat_map(|(_, own)| own);
        own.find(|edited| edited.of.to_string() == generation)
            .map_or_else(|| generation.to_owned(), |edited| edited.name.clone())
    }

    /// Lets the pages of `edit` answer instead of those of the generation `of`. Returns what the site was called until then, if
    /// that is another name.
    pub(super) fn add(&self, edit: &Bundle, of: ContentHash) -> Option<String> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(edit.site().clone()).or_default();
        let before = own.iter().position(|edited| edited.of == of).map(|at| own.swap_remove(at));
        let was = before.as_ref().map_or_else(|| of.to_string(), |before| before.name.clone());
        let mut pages = before.map_or_else(BTreeMap::new, |before| before.pages.clone());
        pages.extend(edit.routes().map(|(path, _)| (path.to_owned(), edit.clone())));
        let generations: Vec<String> = pages.values().map(|edit| edit.generation().to_string()).collect();
        let parts = pages.keys().zip(&generations).flat_map(|(path, of)| [path.as_bytes(), of.as_bytes()]);
        let name = format!("{of}-{}", ContentHash::of_parts(parts));
        let is_new = name != was;
        own.push(Arc::new(Edited { of, name, pages }));
        is_new.then_some(was)
    }

    /// Keeps those edits of a site that `stay` by their generation.
    pub(super) fn retain(&self, site: &SiteName, stay: impl Fn(ContentHash) -> bool) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(site) {
            own.retain(|edited| stay(edited.of));
        }
    }
}

impl Edited {
    /// The bundle that has the page at a path.
    pub(in crate::serve) fn page(&self, path: &str) -> Option<&Bundle> {
        self.pages.get(path)
    }
}
