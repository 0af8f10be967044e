//! Which file of a site a URL in one of its pages means, and what is to be built of it. A URL is relative to the page or to
//! the root of the site, as a browser has it; nothing is guessed but the extension of what is compiled.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

use crate::{
    diag::did_you_mean,
    load::{PublishedFile, Site},
    plan::{Origin, Plan},
    site::{ContentHash, SitePath},
    transform::{html::decoded::decoded, placeholder, preload::resolved},
};

/// The folder of a content site whose files are published only where something asks for them.
pub(super) const ASSETS: &str = "/assets/";

#[derive(Debug)]
pub(super) struct Sources<'a> {
    site: &'a Site,
    plan: &'a Plan,
    /// By path in the site.
    files: BTreeMap<&'a str, &'a Arc<str>>,
    /// By path below `assets/`.
    assets: BTreeMap<&'a str, &'a Arc<str>>,
    /// By the key of a placeholder; made when the first is met.
    keyed: OnceLock<HashMap<ContentHash, Arc<str>>>,
    /// What the build itself writes, in the same way.
    written: OnceLock<HashMap<ContentHash, &'a SitePath>>,
}

/// What a file is to a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Script,
    StyleSheet,
    Page,
    Other,
}

impl Kind {
    pub(super) fn of(path: &str) -> Self {
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, after)| after);
        match extension.to_ascii_lowercase().as_str() {
            "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx" | "jsx" => Self::Script,
            "css" | "scss" | "sass" => Self::StyleSheet,
            "html" | "htm" => Self::Page,
            _ => Self::Other,
        }
    }
}

impl<'a> Sources<'a> {
    pub(super) fn new(site: &'a Site, plan: &'a Plan) -> Self {
        let beside = site.pages.iter().flat_map(|page| &page.assets);
        let beside = beside.chain(site.sections.iter().flat_map(|section| &section.assets));
        let files = site.files.iter().chain(&site.sass).chain(beside);
        let below = format!("{}{ASSETS}", site.root);
        let assets = site.assets.iter().filter_map(|file| Some((file.path.strip_prefix(&below)?, &file.path)));
        Self {
            site,
            plan,
            files: files.map(|PublishedFile { file, path }| (path.as_str(), &file.path)).collect(),
            assets: assets.collect(),
            keyed: OnceLock::new(),
            written: OnceLock::new(),
        }
    }

    /// The path of the site that `url`, as written in a page, leads to from `from`: the path of the page or of its `base`
    /// element. `None` when it leads elsewhere, or nowhere.
    pub(super) fn locate(url: &str, from: &str) -> Option<SitePath> {
        let decoded = decoded(url);
        let path = decoded.split(['?', '#']).next()?.trim();
        SitePath::from_request(&resolved(from, path)?).ok()
    }

    /// The file at a path of the site. What is published as `.js` may be written in another language.
    pub(super) fn at(&self, path: &SitePath) -> Option<&'a Arc<str>> {
        self.file(path.as_str()).or_else(|| {
            let (stem, extension) = path.as_str().rsplit_once('.')?;
            let languages: &[&str] = match extension {
                "js" => &["ts", "tsx", "jsx"],
                "mjs" => &["mts"],
                _ => return None,
            };
            languages.iter().find_map(|language| self.file(&format!("{stem}.{language}")))
        })
    }

    fn file(&self, path: &str) -> Option<&'a Arc<str>> {
        let asset = || self.assets.get(path.strip_prefix(ASSETS)?);
        self.files.get(path).or_else(asset).copied()
    }

    /// The module a specifier leads to, which may leave out its extension.
    pub(super) fn module(&self, path: &SitePath) -> Option<&'a Arc<str>> {
        let text = path.as_str().trim_end_matches('/');
        let with = |ending: &str| self.file(&format!("{text}{ending}"));
        let endings = [".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", "/index.ts", "/index.tsx", "/index.js"];
        self.at(path).or_else(|| endings.into_iter().find_map(with))
    }

    /// Whether something answers at this path that is no file of the author's.
    pub(super) fn is_answered(&self, path: &SitePath) -> bool {
        self.plan.routes.contains_key(path)
            || self.site.config.rules.moves.iter().any(|rule| rule.moved.value.from().matches(path.as_str()))
    }

    /// The page at this path, or at the one with the slash it lacks.
    pub(super) fn page(&self, path: &SitePath) -> Option<SitePath> {
        let with_slash = SitePath::parse(&format!("{path}/")).ok();
        [Some(path.clone()), with_slash].into_iter().flatten().find(|path| {
            self.plan.routes.get(path).is_some_and(|origin| match origin {
                Origin::Page(_) | Origin::Section(_) | Origin::Pager(..) | Origin::Taxonomy(_) | Origin::Term(_) => {
                    true
                }
                Origin::File(_) => path.is_index() || path.extension() == Some("html"),
                _ => false,
            })
        })
    }

    /// The path of a file of this kind that was probably meant.
    pub(super) fn near(&self, path: &SitePath, kind: Kind) -> Option<String> {
        let assets = self.assets.keys().map(|path| format!("{ASSETS}{path}"));
        let known: Vec<String> = self.files.keys().map(|path| (*path).to_owned()).chain(assets).collect();
        let alike = known.iter().map(String::as_str).filter(|path| Kind::of(path) == kind);
        // The right name in another folder is nearer than another name.
        let name = |path: &'_ str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let named = alike.clone().find(|known| name(known) == path.file_name());
        let near = named.or_else(|| did_you_mean(path.as_str(), alike.clone())).map(str::to_owned);
        near.or_else(|| {
            let known: Vec<String> = alike.clone().map(name).collect();
            let meant = did_you_mean(path.file_name(), known.iter().map(String::as_str))?;
            alike.clone().find(|known| name(known) == meant).map(str::to_owned)
        })
    }

    /// The path at which the build itself writes what a placeholder of a template's stands for.
    pub(super) fn written(&self, key: ContentHash) -> Option<&'a SitePath> {
        let written = self.written.get_or_init(|| {
            let is_written = |origin: &Origin| {
                matches!(origin, Origin::SearchIndex(_) | Origin::SearchLibrary | Origin::Highlighting(_))
            };
            let all = self.plan.routes.iter().filter(|(_, origin)| is_written(origin));
            all.map(|(path, _)| (placeholder::key(path.as_str()), path)).collect()
        });
        written.get(&key).copied()
    }

    /// The file a placeholder of a template's stands for.
    pub(super) fn named(&self, key: ContentHash) -> Option<&Arc<str>> {
        let keyed = self.keyed.get_or_init(|| {
            let all = self.files.values().chain(self.assets.values());
            all.map(|source| (placeholder::key(source), Arc::clone(source))).collect()
        });
        keyed.get(&key)
    }
}
