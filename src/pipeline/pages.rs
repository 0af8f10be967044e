//! Pages with the names of what was built: their URLs, and what holds a browser to the very bytes. Then the page is told
//! where it is mounted, and minified.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;

use super::{
    drafts::{Filled, Filling, PageDraft, Target, TextDraft, Wish},
    files::rebased,
    finished::{Finished, Finisher},
    head::Additions,
    outputs::Output,
};
use crate::{
    assets::{Asset, Built, Entry},
    compress::Cache,
    diag::{Diagnostic, Source},
    load::Site,
    site::{BasePath, MediaType, SitePath, TrailingSlash},
    transform::{
        base::{self, Edit},
        links::{Links, split_path},
        placeholder::{self, What},
        preload,
        requests::{Asks, Request, origin},
    },
};

/// What every page is finished with.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    site: &'a Site,
    base: &'a BasePath,
    built: &'a Built,
    /// What stands for a file that the build itself writes, by its path: `/syntax.css`.
    generated: &'a BTreeMap<SitePath, SitePath>,
    /// The bytes of what it writes, where a page must know them.
    written: BTreeMap<SitePath, Bytes>,
    /// The script for pages that say what they may need.
    client: Option<&'a SitePath>,
    /// What the pages ask for that others say they may need.
    needed: BTreeMap<SitePath, Vec<Entry>>,
    /// The file that a source is in.
    holders: HashMap<&'a str, &'a SitePath>,
    /// The hosts the fonts of a built style sheet come from.
    font_hosts: HashMap<&'a SitePath, Vec<String>>,
    finisher: Finisher<'a>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        site: &'a Site,
        base: &'a BasePath,
        built: &'a Built,
        generated: &'a BTreeMap<SitePath, SitePath>,
        written: BTreeMap<SitePath, Bytes>,
        client: Option<&'a SitePath>,
        needed: BTreeMap<SitePath, Vec<Entry>>,
    ) -> Self {
        let mut holders = HashMap::new();
        let mut font_hosts = HashMap::new();
        for (path, file) in &built.files {
            let described = built.manifest.files.get(path.as_str());
            for module in described.into_iter().flat_map(|described| &described.modules) {
                holders.entry(module.source.as_str()).or_insert(path);
            }
            if file.media == MediaType::CSS {
                let loads = preload::of_style_sheet(&String::from_utf8_lossy(&file.body));
                let fonts = loads.inside.iter().filter(|one| one.what == preload::What::Font);
                font_hosts.insert(path, fonts.filter_map(|one| origin(&one.url)).collect());
            }
        }
        let finisher = Finisher::default();
        Self { site, base, built, generated, written, client, needed, holders, font_hosts, finisher }
    }

    /// The same, with what finished pages in the build before.
    pub(super) fn recalling(self, cache: Option<&'a Cache>) -> Self {
        Self { finisher: Finisher::recalling(cache, &self.site.root), ..self }
    }

    /// The answer at `path`.
    pub(super) fn finish(&self, path: &SitePath, draft: PageDraft, found: &mut Vec<Diagnostic>) -> Option<Output> {
        let has_two_urls = self.site.config.rules.trailing_slash() != TrailingSlash::Always;
        let folder = (has_two_urls && path.is_index() && path.as_str() != "/").then(|| path.to_url(self.base));
        let links = Links { folder: folder.as_deref(), ..Links::at(self.base) };
        let source = draft.text.read_or_tell(found)?;
        let (edits, foreign) = self.edits(&draft, &source, found);
        let Finished { html, mut needs, loads } = self.finisher.finish(&source, &links, &edits, found);
        for url in foreign {
            needs.add_script(url);
        }
        let output = Output::of(html, MediaType::HTML);
        Some(Output { is_page: true, needs: Some(needs), loads: Some(loads), fields: draft.fields, ..output })
    }

    /// Keeps for the next build what this one has finished.
    pub(super) fn remember(&self) {
        self.finisher.remember();
    }

    /// A rendered text that is no page, with the names of what was built.
    pub(super) fn filled(&self, draft: &TextDraft, found: &mut Vec<Diagnostic>) -> Source {
        let edit = |one: &Filled| Some((one.span.clone(), self.fill(one, &draft.source, found)?));
        let edits: Vec<Edit> = draft.placeholders.iter().filter_map(edit).collect();
        rebased(&draft.source, base::edited(&draft.source.text, &edits))
    }

    /// What comes in place of a placeholder; `None` when it could not be built.
    fn fill(&self, one: &Filled, page: &Source, found: &mut Vec<Diagnostic>) -> Option<String> {
        let entry = match (&one.of, one.what) {
            (Filling::Entry(entry), _) => entry,
            (Filling::Written(path), What::Digest(digest)) => return Some(digest.of(self.written.get(path)?)),
            (Filling::Written(_), _) => return None,
        };
        let file = || Some(&self.built.assets.get(entry)?.file);
        Some(match one.what {
            What::Url => self.url(file()?),
            What::Integrity => self.integrity(file()?).to_owned(),
            What::Path => file()?.to_url(&BasePath::root()),
            What::Digest(digest) => digest.of(&self.built.files.get(file()?)?.body),
            What::Content => {
                let Ok(text) = std::str::from_utf8(self.built.texts.get(entry)?) else {
                    let message = format!("`{}` is no text that could stand in another", entry.source());
                    found.push(Diagnostic::error(page.path.clone(), message).with_help("name it with `asset`"));
                    return None;
                };
                within(text).to_owned()
            }
        })
    }

    /// What becomes of the page's own text, in its order, and the scripts of other hosts that its modules import.
    fn edits(&self, draft: &PageDraft, source: &Source, found: &mut Vec<Diagnostic>) -> (Vec<Edit>, BTreeSet<&'a str>) {
        let mut page = Edited { pages: self, source, edits: Vec::new(), head: Additions::default(), found };
        for wish in &draft.wishes {
            page.grant(wish);
        }
        for one in draft.placeholders.iter().filter(|one| !draft.wishes.iter().any(|wish| wish.covers(&one.span))) {
            let text = self.fill(one, source, page.found);
            page.edits.extend(text.map(|text| (one.span.clone(), text)));
        }
        let Edited { mut edits, head, .. } = page;
        head.add(self, draft, &source.text, &mut edits);
        // Several at one place stay in the order they were made in.
        edits.sort_by_key(|(span, _)| span.start);
        (edits, head.foreign())
    }

    /// The scripts of other hosts that a built script imports: URLs.
    pub(super) fn foreign(&self, script: &SitePath) -> impl Iterator<Item = &'a str> {
        self.built.foreign.get(script).into_iter().flatten().map(String::as_str)
    }

    pub(super) fn url(&self, path: &SitePath) -> String {
        path.to_url(self.base)
    }

    pub(super) fn integrity(&self, path: &SitePath) -> &str {
        self.built.files.get(path).map_or("", |file| &file.integrity)
    }

    pub(super) fn is_script(&self, path: &SitePath) -> bool {
        self.built.files.get(path).is_some_and(|file| file.media == MediaType::JAVASCRIPT)
    }

    pub(super) fn client(&self) -> Option<&'a SitePath> {
        self.client
    }

    pub(super) fn font_hosts(&self, sheet: &SitePath) -> &[String] {
        self.font_hosts.get(sheet).map_or(&[], |hosts| hosts)
    }

    /// Whether a URL is of the host the site says it is published at.
    pub(super) fn is_own(&self, origin: &str) -> bool {
        let own = self.site.config.base_url.as_deref().and_then(self::origin);
        let host = |origin: &str| origin.rsplit("//").next().map(str::to_owned);
        own.is_some_and(|own| host(&own) == host(origin))
    }

    /// The scripts and style sheets of the page at `path`.
    fn all_of(&self, path: &SitePath) -> Vec<&'a SitePath> {
        let assets = self.needed.get(path).into_iter().flatten().filter_map(|entry| self.built.assets.get(entry));
        assets.flat_map(Asset::at_once).collect()
    }

    /// A script and what it imports, before it can run.
    fn all_with(&self, file: &'a SitePath) -> Vec<&'a SitePath> {
        let (mut all, mut at) = (vec![file], 0);
        while let Some(path) = all.get(at) {
            let imports = self.built.manifest.files.get(path.as_str()).into_iter().flat_map(|file| &file.imports);
            let imports = imports.filter_map(|name| SitePath::parse(name).ok());
            let imports = imports.filter_map(|path| Some(self.built.files.get_key_value(&path)?.0));
            let new: Vec<_> = imports.filter(|path| !all.contains(path)).collect();
            all.extend(new);
            at += 1;
        }
        all
    }
}

/// A built text without what belongs to a file alone: the XML declaration, which is one only at the very beginning, and the
/// name of a source map.
fn within(text: &str) -> &str {
    let declared = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let text = declared.map_or(text, |(_, rest)| rest).trim();
    match text.rsplit_once('\n') {
        Some((before, last)) if last.starts_with("//# sourceMappingURL=") => before,
        Some((before, last)) if last.starts_with("/*# sourceMappingURL=") => before,
        _ => text,
    }
}

impl Asset {
    /// The file, and what a browser loads with it.
    fn at_once(&self) -> impl Iterator<Item = &SitePath> {
        [&self.file].into_iter().chain(&self.imports).chain(&self.styles)
    }
}

/// A page while its text changes.
struct Edited<'p, 'a> {
    pages: &'p Pages<'a>,
    source: &'p Source,
    edits: Vec<Edit>,
    head: Additions<'a>,
    found: &'p mut Vec<Diagnostic>,
}

impl Edited<'_, '_> {
    fn grant(&mut self, wish: &Wish) {
        let request = &wish.request;
        let raw = &self.source.text[request.span.clone()];
        let file = match &wish.target {
            Target::Entry(entry) => {
                let Some(asset) = self.pages.built.assets.get(entry) else { return };
                if matches!(request.asks, Asks::Module | Asks::InlineModule) {
                    self.head.bring(self.pages, asset, request.tag.start);
                }
                &asset.file
            }
            Target::Module(source) => {
                let Some(file) = self.pages.holders.get(&**source) else { return };
                file
            }
            Target::Page(path) => {
                let all = self.pages.all_of(path);
                return self.say_needs(request, &all);
            }
            Target::Path(path) => match self.pages.generated.get(path) {
                Some(file) if request.asks == Asks::StyleSheet => file,
                _ => return,
            },
            Target::Names(_) => return,
            Target::Elsewhere => return self.head.note_foreign(request, raw),
        };
        let url = self.pages.url(file);
        match request.asks {
            Asks::InlineModule => {
                self.insert(request.after, format!(" src=\"{url}\""));
                self.hold(wish, file);
                self.edits.push((request.span.clone(), String::new()));
            }
            // The fingerprint is all that a query would say.
            Asks::Module | Asks::Classic | Asks::StyleSheet | Asks::ModulePreload => {
                self.edits.push((request.span.clone(), url));
                self.hold(wish, file);
            }
            Asks::MayNeed => {
                self.edits.push((request.span.clone(), url));
                let all = self.pages.all_with(file);
                self.say_needs(request, &all);
                return;
            }
            _ => self.edits.push((request.span.clone(), url + split_path(raw).1)),
        }
        self.head.name(request, file);
    }

    /// Holds the browser to the bytes of `file`.
    fn hold(&mut self, wish: &Wish, file: &SitePath) {
        let request = &wish.request;
        let integrity = self.pages.integrity(file);
        let own = request.integrity.as_ref().map(|span| (span, &self.source.text[span.clone()]));
        match own {
            None => self.insert(request.after, format!(" integrity=\"{integrity}\"")),
            Some((span, own)) if placeholder::find(own).next().is_some() => {
                // The digest of what the build itself writes is put in its place as any other.
                if wish.covers(span) {
                    self.edits.push((span.clone(), integrity.to_owned()));
                }
            }
            Some((span, _)) if wish.is_vouched_for => self.edits.push((span.clone(), integrity.to_owned())),
            Some((_, own)) if own.split_ascii_whitespace().any(|one| one == integrity) => {}
            Some((span, _)) => {
                let message =
                    "what is published here has other bytes than this integrity is of: no browser would use it";
                let diagnostic = Diagnostic::error_at(self.source, span.clone(), message);
                self.found.push(diagnostic.with_help("leave `integrity` out: it is written by the build"));
            }
        }
    }

    /// Says what comes with what the page may need, for the script that fetches it.
    fn say_needs(&mut self, request: &Request, all: &[&SitePath]) {
        self.head.may_need(request.tag.end);
        let (scripts, styles): (Vec<_>, Vec<_>) = all.iter().partition(|path| self.pages.is_script(path));
        for (name, paths) in [("scripts", scripts), ("styles", styles)] {
            let mut urls: Vec<String> = paths.into_iter().map(|path| self.pages.url(path)).collect();
            let mut known = BTreeSet::new();
            urls.retain(|url| known.insert(url.clone()));
            if !urls.is_empty() {
                self.insert(request.after, format!(" data-{name}=\"{}\"", urls.join(" ")));
            }
        }
    }

    fn insert(&mut self, at: usize, text: String) {
        self.edits.push((at..at, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stand_in_others() {
        for (text, expected) in [
            ("a{b:c}\n", "a{b:c}"),
            ("a{b:c}\n/*# sourceMappingURL=x.css.map */\n", "a{b:c}"),
            ("a()\nb()\n//# sourceMappingURL=x.js.map", "a()\nb()"),
            ("<?xml version=\"1.0\"?>\n<svg/>", "<svg/>"),
        ] {
            assert_eq!(within(text), expected);
        }
    }
}
