//! What a page had to do with others when it was drafted, in a few bytes: when the page is made again, this says whether
//! anything but the page itself would come out another way.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use rayon::prelude::*;

use super::{
    drafts::{Draft, Filling, PageDraft, Target, Wish},
    references::{Linked, Places},
};
use crate::{
    assets::{Built, Entry},
    site::SitePath,
    transform::requests::Asks,
};

/// What is known of all pages.
#[derive(Debug, Default)]
pub(super) struct Known {
    asked: HashMap<SitePath, u64>,
    linked: Linked,
}

impl Known {
    pub(super) fn of(places: &Places<'_>, drafts: &[(SitePath, Draft)]) -> Self {
        let asked = drafts.par_iter().filter_map(|(path, draft)| match draft {
            Draft::Page(page) => Some((path.clone(), asked(page))),
            _ => None,
        });
        Self { asked: asked.collect(), linked: Linked::of(places, drafts) }
    }

    /// Whether the page at `path`, which has changed to `now`, asks for nothing that would be built in another way, and all
    /// links to it and from it lead where they should.
    pub(super) fn allows(&self, path: &SitePath, now: &PageDraft, built: &Built, places: &Places<'_>) -> bool {
        let is_built = |entry: &Entry| built.assets.contains_key(entry) || built.texts.contains_key(entry);
        self.asked.get(path).is_some_and(|&before| before == asked(now))
            && now.entries().all(is_built)
            && !pairs_by_its_body(now)
            && places.hold(path, &now.references, &self.linked)
    }
}

/// What a page asks for and something else may depend on. Images and other files are built one by one.
fn asked(page: &PageDraft) -> u64 {
    let mut hasher = DefaultHasher::new();
    let is_alone = |entry: &Entry| matches!(entry, Entry::File(_) | Entry::Picture(_));
    for Wish { request, target, is_vouched_for } in &page.wishes {
        let counts = match target {
            Target::Entry(entry) => !is_alone(entry),
            Target::Module(_) | Target::Page(_) | Target::Names(_) => true,
            Target::Path(_) => !matches!(request.asks, Asks::File | Asks::Font),
            Target::Elsewhere => false,
        };
        if counts {
            format!("{:?} {target:?} {is_vouched_for}", request.asks).hash(&mut hasher);
        }
    }
    for placeholder in &page.placeholders {
        if !matches!(&placeholder.of, Filling::Entry(entry) if is_alone(entry)) {
            format!("{:?} {:?}", placeholder.what, placeholder.of).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether what stands between its style sheets and its scripts, which decides whether these are one file, may be content.
fn pairs_by_its_body(page: &PageDraft) -> bool {
    let is_module = |wish: &Wish| matches!(wish.request.asks, Asks::Module | Asks::InlineModule);
    page.head.end.is_none() && page.wishes.iter().any(is_module)
}
