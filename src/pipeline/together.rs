//! Style sheets that a page never has without the other: one that it links, and the one its script brings. Where that is so
//! on every page of the site they are one file, which is one request less and smaller, and nobody fetches a rule twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::drafts::{Draft, PageDraft, Target, Wish};
use crate::{
    assets::{Entry, Together},
    transform::requests::Asks,
};

/// The scripts whose style sheets can be behind one that is linked, by the path of that.
pub(super) fn together<'a>(drafts: impl Iterator<Item = &'a Draft> + Clone) -> Together {
    let mut pairs: BTreeMap<&Arc<str>, &Entry> = BTreeMap::new();
    let mut apart: BTreeSet<&Entry> = BTreeSet::new();
    for draft in drafts {
        let pair = match draft {
            Draft::Page(page) => pair(page),
            _ => None,
        };
        let mut met: BTreeSet<&Entry> = BTreeSet::new();
        for entry in draft.entries() {
            if let Entry::Within(sheet) = entry {
                apart.insert(sheet);
            }
            let is_new = met.insert(entry);
            let is_paired = pair.is_some_and(|(sheet, script)| entry == sheet || entry == script);
            if !is_paired || (!is_new && matches!(entry, Entry::Style(_))) {
                apart.insert(entry);
            }
        }
        if let Some((sheet, script)) = pair
            && let Entry::Style(path) = sheet
            && *pairs.entry(path).or_insert(script) != script
        {
            apart.extend([sheet, script]);
        }
    }
    // A script that is with two sheets on different pages is with neither.
    let mut sheets_of: BTreeMap<&Entry, usize> = BTreeMap::new();
    for script in pairs.values() {
        *sheets_of.entry(script).or_default() += 1;
    }
    let stays = |(path, script): &(&Arc<str>, &Entry)| {
        !apart.contains(script) && !apart.contains(&Entry::Style(Arc::clone(path))) && sheets_of[script] == 1
    };
    pairs.into_iter().filter(stays).map(|(path, script)| (Arc::clone(path), script.clone())).collect()
}

/// The sheet that a page links right before the place where that of its only script would be linked.
fn pair(page: &PageDraft) -> Option<(&Entry, &Entry)> {
    let scripts = || page.wishes.iter().filter(|wish| matches!(wish.request.asks, Asks::Module | Asks::InlineModule));
    let script = scripts().next()?;
    let entry = entry(script)?;
    if scripts().any(|other| self::entry(other) != Some(entry)) {
        return None;
    }
    let comes_first =
        |wish: &&Wish| matches!(wish.request.asks, Asks::Module | Asks::InlineModule | Asks::ModulePreload);
    let first = page.wishes.iter().find(comes_first)?.request.tag.start;
    let place = page.head.end.filter(|&end| end < first).unwrap_or(first);
    let is_sheet = |wish: &&Wish| matches!(wish.request.asks, Asks::StyleSheet | Asks::Import);
    let sheet = page.wishes.iter().filter(is_sheet).rfind(|wish| wish.request.tag.start < place)?;
    let text = page.text.read().ok()?.text;
    let between = text.get(sheet.request.tag.end..place)?;
    let is_next = !between.to_ascii_lowercase().contains("<style");
    let is_plain = sheet.request.asks == Asks::StyleSheet && is_plain(&text[sheet.request.tag.clone()]);
    let sheet = self::entry(sheet).filter(|entry| matches!(entry, Entry::Style(_)))?;
    (is_next && is_plain).then_some((sheet, entry))
}

fn entry(wish: &Wish) -> Option<&Entry> {
    match &wish.target {
        Target::Entry(entry) => Some(entry),
        _ => None,
    }
}

/// Whether a link says nothing but that there is a style sheet: not when it applies, nor what it is called.
fn is_plain(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let has = |name: &str| tag.contains(&format!(" {name}")) || tag.contains(&format!("\n{name}"));
    !["media", "title", "disabled", "id", "class", "on", "as"].iter().any(|name| has(name))
        && !tag.contains("alternate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_may_say() {
        for (tag, expected) in [
            ("<link rel=stylesheet href=a.css>", true),
            ("<link rel=\"stylesheet\" href=\"a.css\" integrity=\"x\" crossorigin>", true),
            ("<link rel=stylesheet href=a.css media=print>", false),
            ("<LINK REL=stylesheet HREF=a.css MEDIA=print>", false),
            ("<link rel=\"alternate stylesheet\" href=a.css title=Dark>", false),
            ("<link rel=stylesheet href=a.css onload=\"go()\">", false),
            ("<link rel=preload as=style href=a.css>", false),
        ] {
            assert_eq!(is_plain(tag), expected, "{tag}");
        }
    }
}
