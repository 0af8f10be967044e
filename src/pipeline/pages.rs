//! Pages with the names of what was built: their URLs, what holds a browser to the very bytes, and what it should fetch
//! before it knows that it will need it. Then the page is told where it is mounted, and minified.

use std::collections::BTreeSet;

use super::{
    drafts::{PageDraft, Target, Wish},
    files::rebased,
    outputs::Output,
};
use crate::{
    assets::{Asset, Built},
    diag::Diagnostic,
    load::Site,
    site::{BasePath, MediaType, SitePath, TrailingSlash},
    transform::{
        base::{self, Edit},
        html::Minifier,
        links::{Links, split_path},
        policy, preload,
        requests::{Asks, Request},
    },
};

/// What every page is finished with.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    pub(super) site: &'a Site,
    pub(super) base: &'a BasePath,
    pub(super) built: &'a Built,
    pub(super) minifier: Minifier,
}

impl Pages<'_> {
    /// The answer at `path`.
    pub(super) fn finish(&self, path: &SitePath, draft: PageDraft, found: &mut Vec<Diagnostic>) -> Output {
        let has_two_urls = self.site.config.rules.trailing_slash() != TrailingSlash::Always;
        let folder = (has_two_urls && path.is_index() && path.as_str() != "/").then(|| path.to_url(self.base));
        let links = Links { folder: folder.as_deref(), ..Links::at(self.base) };
        let edits = self.edits(&draft, found);
        let PageDraft { source, fields, .. } = draft;
        let based = rebased(&source, base::page(&source.text, &links, &edits));
        drop(source);
        let minified = self.minifier.minify(&based);
        found.extend(minified.warnings);
        let needs = Some(Box::new(policy::of_page(&minified.html)));
        let loads = Some(Box::new(preload::of_page(&minified.html)));
        Output { is_page: true, needs, loads, fields, ..Output::of(minified.html.into(), MediaType::HTML) }
    }

    /// What becomes of the page's own text, in its order.
    fn edits(&self, draft: &PageDraft, found: &mut Vec<Diagnostic>) -> Vec<Edit> {
        let mut page = Edited { pages: self, text: &draft.source.text, edits: Vec::new(), head: Additions::default() };
        for wish in &draft.wishes {
            page.grant(wish, draft, found);
        }
        page.add(draft);
        // Several at one place stay in the order they were made in.
        page.edits.sort_by_key(|(span, _)| span.start);
        page.edits
    }

    fn url(&self, path: &SitePath) -> String {
        path.to_url(self.base)
    }

    fn integrity(&self, path: &SitePath) -> &str {
        self.built.files.get(path).map_or("", |file| &file.integrity)
    }

    /// The script that has the module `source` in it.
    fn script_with(&self, source: &str) -> Option<&SitePath> {
        self.built.files.keys().find(|path| {
            let described = self.built.manifest.files.get(path.as_str());
            described.is_some_and(|file| file.modules.iter().any(|module| module.source == source))
        })
    }
}

/// What a page's scripts bring with them, each once, in the order they come.
#[derive(Debug, Default)]
struct Additions<'a> {
    /// What the page names by itself.
    named: BTreeSet<&'a SitePath>,
    imports: Vec<&'a SitePath>,
    styles: Vec<&'a SitePath>,
    later: Vec<&'a SitePath>,
    /// Where the first of its modules is asked for.
    first: Option<usize>,
}

struct Edited<'a> {
    pages: &'a Pages<'a>,
    text: &'a str,
    edits: Vec<Edit>,
    head: Additions<'a>,
}

impl<'a> Edited<'a> {
    fn grant(&mut self, wish: &Wish, draft: &PageDraft, found: &mut Vec<Diagnostic>) {
        let request = &wish.request;
        let file = match &wish.target {
            Target::Entry(entry) => {
                let Some(asset) = self.pages.built.assets.get(entry) else { return };
                if matches!(request.asks, Asks::Module | Asks::InlineModule) {
                    self.head.bring(asset, request.tag.start);
                }
                &asset.file
            }
            Target::Module(source) => {
                let Some(file) = self.pages.script_with(source) else { return };
                self.head.first.get_or_insert(request.tag.start);
                file
            }
            Target::Path(_) | Target::Elsewhere => return,
        };
        self.head.named.insert(file);
        let url = self.pages.url(file);
        match request.asks {
            Asks::InlineModule => {
                self.insert(request.after, format!(" src=\"{url}\""));
                self.hold(request, file, draft, found);
                self.edits.push((request.span.clone(), String::new()));
            }
            // The fingerprint is all that a query would say.
            Asks::Module | Asks::Classic | Asks::StyleSheet | Asks::ModulePreload => {
                self.edits.push((request.span.clone(), url));
                self.hold(request, file, draft, found);
            }
            _ => {
                let (_, suffix) = split_path(&self.text[request.span.clone()]);
                self.edits.push((request.span.clone(), url + suffix));
            }
        }
    }

    /// Holds the browser to the bytes of `file`.
    fn hold(&mut self, request: &Request, file: &SitePath, draft: &PageDraft, found: &mut Vec<Diagnostic>) {
        let integrity = self.pages.integrity(file);
        match &request.integrity {
            None => self.insert(request.after, format!(" integrity=\"{integrity}\"")),
            Some(span) if self.text[span.clone()].split_ascii_whitespace().any(|one| one == integrity) => {}
            Some(span) => {
                let message =
                    "what is published here has other bytes than this integrity is of: no browser would use it";
                let diagnostic = Diagnostic::error_at(&draft.source, span.clone(), message);
                found.push(diagnostic.with_help("leave `integrity` out: it is written by the build"));
            }
        }
    }

    /// Adds what the page's scripts bring.
    fn add(&mut self, draft: &PageDraft) {
        let Some(first) = self.head.first else { return };
        let at = draft.head.end.filter(|&end| end < first).unwrap_or(first);
        let is_new = |path: &&&SitePath| !self.head.named.contains(**path);
        let mut text = String::new();
        for path in self.head.styles.iter().filter(is_new) {
            let (url, integrity) = (self.pages.url(path), self.pages.integrity(path));
            text.extend(["<link rel=\"stylesheet\" href=\"", &url, "\" integrity=\"", integrity, "\">"]);
        }
        if let Some(integrity) = self.later() {
            match draft.wishes.iter().find(|wish| wish.request.asks == Asks::ImportMap) {
                Some(map) => self.merge(map.request.span.clone(), &integrity),
                None => text.extend(["<script type=\"importmap\">{\"integrity\":{", &integrity, "}}</script>"]),
            }
        }
        let is_new = |path: &&&SitePath| !self.head.named.contains(**path);
        for path in self.head.imports.iter().filter(is_new) {
            let (url, integrity) = (self.pages.url(path), self.pages.integrity(path));
            text.extend(["<link rel=\"modulepreload\" href=\"", &url, "\" integrity=\"", integrity, "\">"]);
        }
        if !text.is_empty() {
            self.insert(at, text);
        }
    }
    /// The members of an import map's `integrity` (HTML §8.1.6.2) for the scripts that no HTML will name.
    fn later(&self) -> Option<String> {
        let is_known = |path: &&SitePath| self.head.named.contains(*path) || self.head.imports.contains(path);
        let is_script = |path: &&SitePath| {
            self.pages.built.files.get(*path).is_some_and(|file| file.media == MediaType::JAVASCRIPT)
        };
        let later = self.head.later.iter().copied().filter(|path| !is_known(path) && is_script(path));
        let member = |path| format!("\"{}\":\"{}\"", self.pages.url(path), self.pages.integrity(path));
        let members: Vec<String> = later.map(member).collect();
        (!members.is_empty()).then(|| members.join(","))
    }

    /// Adds to the import map at `span`.
    fn merge(&mut self, span: std::ops::Range<usize>, integrity: &str) {
        let map = &self.text[span.clone()];
        let after = |from: usize| map[from..].find('{').map(|at| from + at + 1);
        let own = map.find("\"integrity\"").and_then(|key| after(key + "\"integrity\"".len()));
        let Some(at) = own.or_else(|| after(0)) else { return };
        let comma = if map[at..].trim_start().starts_with('}') { "" } else { "," };
        let members = if own.is_some() { integrity.to_owned() } else { format!("\"integrity\":{{{integrity}}}") };
        self.insert(span.start + at, members + comma);
    }

    fn insert(&mut self, at: usize, text: String) {
        self.edits.push((at..at, text));
    }
}

impl<'a> Additions<'a> {
    fn bring(&mut self, asset: &'a Asset, at: usize) {
        self.first.get_or_insert(at);
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
}
