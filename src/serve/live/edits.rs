//! What has changed since the live generation of its site was built, and is made already while the next one is being built.
//! Pages and style sheets are a bundle each, so that they have the fields and validators of any other answer; modules are
//! scripts of ours. All are gone with the generation they belong to.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    map::Bundle,
    site::{ContentHash, SiteName, SitePath},
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
    /// Where answers are, by their paths.
    answers: BTreeMap<String, Bundle>,
    later: Later,
}

/// What pages of a generation have to be told beside that they are of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Later {
    /// URLs of style sheets that have another name now, and these.
    pub(super) names: BTreeMap<String, String>,
    /// URLs of scripts that define modules again, in their order.
    pub(super) modules: Vec<String>,
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

    /// What pages are told of a site that is live in this generation, beside that.
    pub(super) fn later(&self, site: &str, generation: &str) -> Later {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut own = all.iter().filter(|(name, _)| name.as_str() == site).flat_map(|(_, own)| own);
        own.find(|edited| edited.of.to_string() == generation).map(|edited| edited.later.clone()).unwrap_or_default()
    }

    /// Lets what is in `edit` answer instead of what is in the generation `of`, or beside that: `names` are style sheets that
    /// are called otherwise now. Returns what the site was called until then, if that is another name; and the names that
    /// pages may know, and what they are now.
    pub(super) fn add(
        &self,
        edit: &Bundle,
        of: ContentHash,
        names: &BTreeMap<SitePath, SitePath>,
    ) -> Option<(String, BTreeMap<String, String>)> {
        let mut told = BTreeMap::new();
        let url = |path: &SitePath| path.to_url(edit.base());
        let was = self.change(edit.site(), of, |answers, later| {
            answers.extend(edit.routes().map(|(path, _)| (path.to_owned(), edit.clone())));
            for (was, now) in names {
                let before = later.names.insert(url(was), url(now));
                told.extend(before.into_iter().chain([url(was)]).map(|known| (known, url(now))));
            }
        });
        told.retain(|was, now| was != now);
        was.map(|was| (was, told))
    }

    /// Lets pages that come to the generation `of` define a module again by the script at `url`.
    pub(super) fn add_module(&self, site: &SiteName, of: ContentHash, url: String) {
        self.change(site, of, |_, later| later.modules.push(url));
    }

    /// What the site was called until then, if it has another name now.
    fn change(
        &self,
        site: &SiteName,
        of: ContentHash,
        change: impl FnOnce(&mut BTreeMap<String, Bundle>, &mut Later),
    ) -> Option<String> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(site.clone()).or_default();
        let before = own.iter().position(|edited| edited.of == of).map(|at| own.swap_remove(at));
        let (was, mut answers, mut later) = match &before {
            Some(before) => (before.name.clone(), before.answers.clone(), before.later.clone()),
            None => (of.to_string(), BTreeMap::new(), Later::default()),
        };
        change(&mut answers, &mut later);
        let name = name(of, &answers, &later);
        let is_new = name != was;
        own.push(Arc::new(Edited { of, name, answers, later }));
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

/// What a site is called with these edits.
fn name(of: ContentHash, answers: &BTreeMap<String, Bundle>, later: &Later) -> String {
    let generations: Vec<String> = answers.values().map(|edit| edit.generation().to_string()).collect();
    let answers = answers.keys().zip(&generations).flat_map(|(path, of)| [path.as_bytes(), of.as_bytes()]);
    let modules = later.modules.iter().map(String::as_bytes);
    format!("{of}-{}", ContentHash::of_parts(answers.chain(modules)))
}

impl Edited {
    /// The bundle that has the answer at a path.
    pub(in crate::serve) fn at(&self, path: &str) -> Option<&Bundle> {
        self.answers.get(path)
    }
}
