//! `asset` and its friends: the names of files that are built after the templates are rendered.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use tera::{Kwargs, TeraResult, Value};

use super::trace::{self, Question};
use crate::{
    diag::did_you_mean,
    load::Site,
    transform::placeholder::{self, What},
};

/// The files of a site that templates may ask for, by all names they have there.
#[derive(Debug, Default)]
pub(super) struct Assets {
    named: BTreeMap<String, Arc<str>>,
    /// All of them, relative to the project.
    sources: HashSet<Arc<str>>,
}

impl Assets {
    pub(super) fn new(site: &Site) -> Self {
        let below_assets = format!("{}/assets/", site.root);
        let below_content = format!("{}/content/", site.root);
        let beside = site.pages.iter().flat_map(|page| &page.assets);
        let beside = beside.chain(site.sections.iter().flat_map(|section| &section.assets));
        let mut named: BTreeMap<String, Arc<str>> = BTreeMap::new();
        for published in site.files.iter().chain(beside).chain(&site.sass) {
            let source = &published.file.path;
            let in_content = source.strip_prefix(&below_content).map(|below| format!("@/{below}"));
            named.extend(in_content.map(|name| (name, Arc::clone(source))));
            named.insert(published.path.as_str().trim_start_matches('/').to_owned(), Arc::clone(source));
        }
        // What is in `assets/` is meant first.
        for file in &site.assets {
            let Some(name) = file.path.strip_prefix(&below_assets) else { continue };
            named.insert(format!("assets/{name}"), Arc::clone(&file.path));
            named.insert(name.to_owned(), Arc::clone(&file.path));
        }
        Self { sources: named.values().cloned().collect(), named }
    }

    /// The file a template calls `path`, relative to the project.
    pub(super) fn find(&self, path: &str) -> Option<&Arc<str>> {
        let source = self.named.get(path.trim_start_matches('/'));
        trace::note(|| Question::Asset(path.to_owned()), |_| trace::of_text(source.map(|source| &**source)));
        source
    }

    /// Whether this file, relative to the project, is one that templates may ask for.
    pub(super) fn is_one(&self, source: &str) -> bool {
        let is_one = self.sources.contains(source);
        trace::note(|| Question::IsAsset(source.to_owned()), |_| trace::of_truth(is_one));
        is_one
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// `asset(path)`, `asset_integrity(path)`, `asset_content(path)`.
    pub(super) fn call(&self, what: What, args: &Kwargs) -> TeraResult<Value> {
        let path = args.must_get::<&str>("path")?;
        let source = self.find(path).ok_or_else(|| self.missing(path))?;
        Ok(Value::safe_string(&placeholder::write(what, source)))
    }

    pub(super) fn missing(&self, path: &str) -> tera::Error {
        let bare = path.trim_start_matches('/');
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let meant = did_you_mean(bare, self.named.keys().map(String::as_str));
        let meant = meant.or_else(|| self.named.keys().map(String::as_str).find(|known| name(known) == name(bare)));
        let meant = meant.map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
        tera::Error::message(format!("there is no file `{path}` in `assets/` or `static/`{meant}"))
    }
}
