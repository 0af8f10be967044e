//! What is put into the head of a page: what its scripts bring with them and a browser should fetch before it knows that it
//! will need it, what holds it to the bytes of scripts that no HTML names, and hosts it should know early.

use std::{collections::BTreeSet, ops::Range};

use super::{drafts::PageDraft, pages::Pages};
use crate::{
    assets::Asset,
    site::SitePath,
    transform::{
        base::Edit,
        requests::{Asks, Request, origin},
    },
};

/// More connections than these would only wait for each other.
const MOST_HOSTS: usize = 4;

/// What a page gets, each once, in the order it comes.
#[derive(Debug, Default)]
pub(super) struct Additions<'a> {
    /// What the page names by itself.
    named: BTreeSet<&'a SitePath>,
    imports: Vec<&'a SitePath>,
    styles: Vec<&'a SitePath>,
    later: Vec<&'a SitePath>,
    /// Where the first of its modules is asked for.
    first: Option<usize>,
    /// Hosts, and whether what comes from them is fetched without credentials.
    hosts: Vec<(String, bool)>,
    /// URLs of other hosts that the page's scripts import.
    foreign: BTreeSet<&'a str>,
    /// Hosts the author names.
    known_hosts: BTreeSet<String>,
    sheets: Vec<&'a SitePath>,
    /// Where the page first says what it may need.
    may_need: Option<usize>,
}

impl<'a> Additions<'a> {
    /// Adds what comes with a script that is asked for at a place.
    pub(super) fn bring(&mut self, pages: &Pages<'a>, asset: &'a Asset, at: usize) {
        self.first.get_or_insert(at);
        let at_once = [&asset.file].into_iter().chain(&asset.imports).flat_map(|script| pages.foreign(script));
        for url in at_once {
            self.hosts.extend(origin(url).map(|host| (host, true)));
            self.foreign.insert(url);
        }
        self.foreign.extend(asset.later.iter().flat_map(|script| pages.foreign(script)));
        for (list, more) in
            [(&mut self.imports, &asset.imports), (&mut self.styles, &asset.styles), (&mut self.later, &asset.later)]
        {
            for path in more {
                if !list.contains(&path) {
                    list.push(path);
                }
            }
        }
    }

    /// Notes a file that the page names.
    pub(super) fn name(&mut self, request: &Request, file: &'a SitePath) {
        self.named.insert(file);
        match request.asks {
            // No import map may come after the first of these.
            Asks::ModulePreload => {
                self.first.get_or_insert(request.tag.start);
            }
            Asks::StyleSheet | Asks::Import => self.sheets.push(file),
            _ => {}
        }
    }

    /// Notes a URL that leads elsewhere.
    pub(super) fn note_foreign(&mut self, request: &Request, url: &str) {
        let Some(origin) = origin(url) else { return };
        let is_anonymous = match request.asks {
            Asks::Module | Asks::ModulePreload | Asks::Font => true,
            Asks::Classic | Asks::StyleSheet | Asks::Import => request.crossorigin,
            Asks::Preconnect => {
                self.known_hosts.insert(origin);
                return;
            }
            _ => return,
        };
        self.hosts.push((origin, is_anonymous));
    }

    pub(super) fn foreign(self) -> BTreeSet<&'a str> {
        self.foreign
    }

    /// Notes that the page says what it may need.
    pub(super) fn may_need(&mut self, at: usize) {
        self.may_need.get_or_insert(at);
    }

    /// Adds to the edits of a page.
    pub(super) fn add(&self, pages: &Pages<'a>, draft: &PageDraft, page: &str, edits: &mut Vec<Edit>) {
        let mut insert = |at: usize, text: String| {
            if !text.is_empty() {
                edits.push((at..at, text));
            }
        };
        if let Some(at) = draft.head.start {
            insert(at, self.preconnects(pages));
        }
        let mut end = draft.head.end;
        if let Some(first) = self.first {
            let at = end.filter(|&end| end < first).unwrap_or(first);
            let mut text = self.style_sheets(pages);
            if let Some(integrity) = self.integrity_of_later(pages) {
                match draft.wishes.iter().find(|wish| wish.request.asks == Asks::ImportMap) {
                    Some(map) => edits.extend(merged(page, map.request.span.clone(), &integrity)),
                    None => text.extend(["<script type=\"importmap\">{\"integrity\":{", &integrity, "}}</script>"]),
                }
            }
            text.push_str(&self.preloads(pages));
            edits.push((at..at, text));
            end = end.map(|end| end.max(at));
        }
        if let (Some(at), Some(client)) = (self.may_need, pages.client()) {
            let at = end.unwrap_or(at).max(self.first.unwrap_or(0));
            let (url, integrity) = (pages.url(client), pages.integrity(client));
            let text = format!("<script type=\"module\" src=\"{url}\" integrity=\"{integrity}\"></script>");
            edits.push((at..at, text));
        }
    }

    fn preconnects(&self, pages: &Pages<'_>) -> String {
        let sheets = self.sheets.iter().chain(&self.styles);
        let fonts = sheets.flat_map(|sheet| pages.font_hosts(sheet)).map(|host| (host.clone(), true));
        let mut known = BTreeSet::new();
        let wanted = self.hosts.iter().cloned().chain(fonts).filter(|(host, is_anonymous)| {
            !self.known_hosts.contains(host) && !pages.is_own(host) && known.insert((host.clone(), *is_anonymous))
        });
        let link = |(host, is_anonymous): (String, bool)| {
            let crossorigin = if is_anonymous { " crossorigin" } else { "" };
            format!("<link rel=\"preconnect\" href=\"{host}\"{crossorigin}>")
        };
        wanted.take(MOST_HOSTS).map(link).collect()
    }

    fn style_sheets(&self, pages: &Pages<'_>) -> String {
        let link = |path: &&SitePath| {
            let (url, integrity) = (pages.url(path), pages.integrity(path));
            format!("<link rel=\"stylesheet\" href=\"{url}\" integrity=\"{integrity}\">")
        };
        self.styles.iter().filter(|path| !self.named.contains(*path)).map(link).collect()
    }

    fn preloads(&self, pages: &Pages<'_>) -> String {
        let link = |path: &&SitePath| {
            let (url, integrity) = (pages.url(path), pages.integrity(path));
            format!("<link rel=\"modulepreload\" href=\"{url}\" integrity=\"{integrity}\">")
        };
        self.imports.iter().filter(|path| !self.named.contains(*path)).map(link).collect()
    }

    /// The members of an import map's `integrity` (HTML §8.1.6.2) for the scripts that no HTML will name.
    fn integrity_of_later(&self, pages: &Pages<'_>) -> Option<String> {
        let is_named = |path: &SitePath| self.named.contains(path) || self.imports.contains(&path);
        let later = self.later.iter().filter(|path| !is_named(path) && pages.is_script(path));
        let member = |path: &&SitePath| format!("\"{}\":\"{}\"", pages.url(path), pages.integrity(path));
        let members: Vec<String> = later.map(member).collect();
        (!members.is_empty()).then(|| members.join(","))
    }
}

/// The edit that adds to the import map at a place of the page; none where there is no map.
fn merged(page: &str, span: Range<usize>, integrity: &str) -> Option<Edit> {
    let map = &page[span.clone()];
    let after = |from: usize| map[from..].find('{').map(|at| from + at + 1);
    let own = map.find("\"integrity\"").and_then(|key| after(key + "\"integrity\"".len()));
    let at = own.or_else(|| after(0))?;
    let comma = if map[at..].trim_start().starts_with('}') { "" } else { "," };
    let members = if own.is_some() { integrity.to_owned() } else { format!("\"integrity\":{{{integrity}}}") };
    let at = span.start + at;
    Some((at..at, members + comma))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::base::edited;

    #[test]
    fn import_maps_are_added_to() {
        for (before, after) in [
            ("{}", "{\"integrity\":{\"/a\":\"b\"}}"),
            ("{ \"imports\": {} }", "{\"integrity\":{\"/a\":\"b\"}, \"imports\": {} }"),
            ("{\"integrity\": {}}", "{\"integrity\": {\"/a\":\"b\"}}"),
            ("{\"integrity\": {\"/c\": \"d\"}}", "{\"integrity\": {\"/a\":\"b\",\"/c\": \"d\"}}"),
            ("nonsense", "nonsense"),
        ] {
            let page = format!("<script type=importmap>{before}</script>");
            let span = page.find('>').unwrap() + 1..page.find("</").unwrap();
            let edits: Vec<_> = merged(&page, span, "\"/a\":\"b\"").into_iter().collect();
            assert_eq!(edited(&page, &edits), page.replace(before, after));
        }
    }
}
