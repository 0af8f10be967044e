//! Files that are neither scripts nor style sheets: images, fonts, whatever a page, a style sheet or a script names. Each is
//! read once, made smaller where its type allows, and named by its bytes.

use std::{collections::BTreeMap, sync::Mutex};

use bytes::Bytes;

use super::{
    BuiltAsset,
    integrity::integrity,
    names::{fingerprinted, stem_and_extension},
};
use crate::{
    load::{World, WorldError},
    site::{BasePath, ContentHash, MediaType, SitePath},
    transform::{base, data, links::Links},
};

/// The files asked for so far. Shared by all threads; what comes out does not depend on their order.
pub(super) struct Files<'a> {
    world: &'a dyn World,
    base: &'a BasePath,
    /// By the path of the source.
    known: Mutex<BTreeMap<String, Result<SitePath, WorldError>>>,
    built: Mutex<BTreeMap<SitePath, BuiltAsset>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(world: &'a dyn World, base: &'a BasePath) -> Self {
        Self { world, base, known: Mutex::default(), built: Mutex::default() }
    }

    /// The path the file at `source` (`sites/app/logo.svg`) is published at.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn publish(&self, source: &str) -> Result<SitePath, WorldError> {
        let known = |map: &Self| map.known.lock().ok()?.get(source).cloned();
        if let Some(known) = known(self) {
            return known;
        }
        let published = self.world.read(source).map(|bytes| self.name(source, bytes));
        if let Ok(mut known) = self.known.lock() {
            known.insert(source.to_owned(), published.clone());
        }
        published
    }

    /// The URL of [`Files::publish`], from the root of the host.
    pub(super) fn url(&self, source: &str) -> Result<String, WorldError> {
        Ok(self.publish(source)?.to_url(self.base))
    }

    /// Publishes what was made of a file, and gives its URL.
    pub(super) fn add(&self, path: SitePath, built: BuiltAsset) -> String {
        let url = path.to_url(self.base);
        if let Ok(mut files) = self.built.lock() {
            files.insert(path, built);
        }
        url
    }

    /// All files, and what was asked for by the path of its source.
    pub(super) fn into_built(self) -> (BTreeMap<SitePath, BuiltAsset>, BTreeMap<String, SitePath>) {
        let built = self.built.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = self.known.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        (built, known.into_iter().filter_map(|(source, path)| Some((source, path.ok()?))).collect())
    }

    fn name(&self, source: &str, bytes: Bytes) -> SitePath {
        let (stem, extension) = stem_and_extension(source);
        let extension = extension.to_ascii_lowercase();
        let media = MediaType::of_extension(Some(&extension));
        let body = match (media, std::str::from_utf8(&bytes)) {
            (MediaType::SVG, Ok(text)) => data::minify_xml(&base::page(text, &Links::at(self.base), &[])).into(),
            _ => bytes,
        };
        let path = fingerprinted(stem, &extension, &ContentHash::of(&body));
        if let Ok(mut built) = self.built.lock() {
            let integrity = integrity(&body);
            built.insert(path.clone(), BuiltAsset { body, media, integrity });
        }
        path
    }
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("built", &self.built).finish_non_exhaustive()
    }
}
