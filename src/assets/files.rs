//! Files that are neither scripts nor style sheets: images, fonts, whatever a page, a style sheet or a script names. Each is
//! read once, made smaller where its type allows, and named by its bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::{
    BuiltAsset,
    integrity::integrity,
    names::{fingerprinted, stem_and_extension},
    resolve::{Resolver, below, folder},
};
use crate::{
    diag::{Diagnostic, Source},
    load::{EntryKind, World, WorldError},
    site::{BasePath, ContentHash, MediaType, SitePath},
    transform::{
        base, data,
        html::decoded::decoded,
        links::{self, Links},
    },
};

/// The files asked for so far. Shared by all threads; what comes out does not depend on their order.
pub(super) struct Files<'a> {
    world: &'a dyn World,
    resolver: &'a Resolver,
    base: &'a BasePath,
    /// What was made of each, by the path of the source.
    made: Mutex<BTreeMap<String, Result<Arc<Made>, WorldError>>>,
    /// What was asked for.
    built: Mutex<BTreeMap<SitePath, BuiltAsset>>,
    found: Mutex<Vec<Diagnostic>>,
}

/// A file as it can be published.
#[derive(Clone, Debug)]
struct Made {
    path: SitePath,
    asset: BuiltAsset,
}

/// All that was published.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) files: BTreeMap<SitePath, BuiltAsset>,
    /// Where what was asked for is, by the path of its source.
    pub(super) sources: BTreeMap<String, SitePath>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'a> Files<'a> {
    pub(super) fn new(world: &'a dyn World, resolver: &'a Resolver, base: &'a BasePath) -> Self {
        let (made, built, found) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { world, resolver, base, made, built, found }
    }

    /// The path the file at `source` (`sites/app/logo.svg`) is published at.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn publish(&self, source: &str) -> Result<SitePath, WorldError> {
        let made = self.make(source)?;
        locked(&self.built).entry(made.path.clone()).or_insert_with(|| made.asset.clone());
        Ok(made.path.clone())
    }

    /// The URL of [`Files::publish`], from the root of the host.
    pub(super) fn url(&self, source: &str) -> Result<String, WorldError> {
        Ok(self.publish(source)?.to_url(self.base))
    }

    /// What would be published of the file at `source`, to stand in something else.
    pub(super) fn content(&self, source: &str) -> Result<Bytes, WorldError> {
        Ok(self.make(source)?.asset.body.clone())
    }

    /// Publishes what was made of a file, and gives its URL.
    pub(super) fn add(&self, path: SitePath, built: BuiltAsset) -> String {
        let url = path.to_url(self.base);
        locked(&self.built).insert(path, built);
        url
    }

    /// Whether nothing was published but what is in `known` already.
    pub(super) fn are_all_in(&self, known: &BTreeMap<SitePath, BuiltAsset>) -> bool {
        locked(&self.built).keys().all(|path| known.contains_key(path)) && locked(&self.found).is_empty()
    }

    pub(super) fn into_published(self) -> Published {
        let files = self.built.into_inner().unwrap_or_else(PoisonError::into_inner);
        let made = self.made.into_inner().unwrap_or_else(PoisonError::into_inner);
        let path = |made: Arc<Made>| files.contains_key(&made.path).then(|| made.path.clone());
        let sources = made.into_iter().filter_map(|(source, made)| Some((source, path(made.ok()?)?))).collect();
        let mut found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort();
        found.dedup();
        Published { files, sources, found }
    }

    fn make(&self, source: &str) -> Result<Arc<Made>, WorldError> {
        if let Some(known) = locked(&self.made).get(source) {
            return known.clone();
        }
        let made = self.world.read(source).map(|bytes| Arc::new(self.made_of(source, bytes)));
        locked(&self.made).insert(source.to_owned(), made.clone());
        made
    }

    fn made_of(&self, source: &str, bytes: Bytes) -> Made {
        let (stem, extension) = stem_and_extension(source);
        let extension = extension.to_ascii_lowercase();
        let media = MediaType::of_extension(Some(&extension));
        let body = match (media, std::str::from_utf8(&bytes)) {
            (MediaType::SVG, Ok(text)) => self.drawing(&Source::new(source, text)).into(),
            _ => bytes,
        };
        let path = fingerprinted(stem, &extension, &ContentHash::of(&body));
        let integrity = integrity(&body);
        Made { path, asset: BuiltAsset { body, media, integrity } }
    }

    /// An SVG image that may lie anywhere: what it names beside it is named from the root of the host.
    fn drawing(&self, source: &Source) -> String {
        let mut edits: Vec<base::Edit> = Vec::new();
        for Beside { span, address, suffix, is_link } in beside(&source.text) {
            let file = self.file_beside(&source.path, &address);
            let new = match &file {
                Some(file) => self.named(file, &source.path),
                None => self.in_site(&source.path, &address).filter(|_| is_link),
            };
            if let Some(new) = new {
                edits.push((span, new + &suffix));
            } else if !is_link && !source.path.contains("node_modules/") {
                let (message, help) = match file {
                    Some(_) => ("has no address of its own", "put it into `static/`"),
                    None => ("does not exist", "browsers show the image without it"),
                };
                let wrong = Diagnostic::error_at(source, span, format!("`{address}` {message}"));
                locked(&self.found).push(wrong.as_warning().with_help(help));
            }
        }
        data::minify_xml(&base::page(&source.text, &Links::at(self.base), &edits))
    }

    /// The file that the image at `source` means: one beside where it is published, or beside where it lies.
    fn file_beside(&self, source: &str, address: &str) -> Option<String> {
        let published = self.path_in_site(source, address).and_then(|path| self.resolver.published_at(&path));
        let lying = || below(folder(source), address).filter(|path| self.is_file(path));
        published.map(str::to_owned).or_else(lying)
    }

    /// The URL of a file that the image at `source` names.
    fn named(&self, file: &str, source: &str) -> Option<String> {
        let extension = stem_and_extension(file).1.to_ascii_lowercase();
        let is_compiled = matches!(extension.as_str(), "css" | "scss" | "sass" | "html" | "htm" | "ts" | "mts")
            || MediaType::of_extension(Some(&extension)) == MediaType::JAVASCRIPT;
        // Images that name each other in a circle cannot have each other's fingerprint.
        if is_compiled || self.leads_to(file, source, &mut BTreeSet::new()) {
            return Some(self.rooted(self.resolver.address(file)?));
        }
        self.url(file).ok()
    }

    /// Where an address leads from the place the image at `source` is published at.
    fn in_site(&self, source: &str, address: &str) -> Option<String> {
        Some(self.rooted(&self.path_in_site(source, address)?))
    }

    fn path_in_site(&self, source: &str, address: &str) -> Option<String> {
        let path = below(folder(self.resolver.address(source)?), address)?;
        let slash = if address.ends_with('/') && !path.is_empty() { "/" } else { "" };
        Some(format!("/{path}{slash}"))
    }

    /// The URL of a path in the site.
    fn rooted(&self, path: &str) -> String {
        SitePath::parse(path).map_or_else(|_| path.to_owned(), |path| path.to_url(self.base))
    }

    /// Whether the image at `from` names the one at `to`, by whatever way.
    fn leads_to(&self, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
        if from == to {
            return true;
        }
        if !is_drawing(from) || !seen.insert(from.to_owned()) {
            return false;
        }
        let text = self.world.read(from).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let named = beside(&text).into_iter().filter_map(|one| below(folder(from), &one.address));
        named.filter(|path| is_drawing(path)).any(|path| self.leads_to(&path, to, seen))
    }

    fn is_file(&self, path: &str) -> bool {
        matches!(self.world.kind(path), Ok(EntryKind::File(_)))
    }
}

fn is_drawing(path: &str) -> bool {
    stem_and_extension(path).1.eq_ignore_ascii_case("svg")
}

/// Something that an SVG image names by an address relative to it.
struct Beside {
    span: Range<usize>,
    /// Decoded, without query and fragment.
    address: String,
    /// The query and fragment.
    suffix: String,
    /// Whether it is where a link leads.
    is_link: bool,
}

/// All that an SVG image names beside it, in its order.
fn beside(text: &str) -> Vec<Beside> {
    let mut all = Vec::new();
    base::urls(text, |url| {
        if !base::is_beside(url.raw, url.site) {
            return;
        }
        let (path, suffix) = links::split_path(url.raw);
        let decoded = decoded(path);
        all.push(Beside {
            span: url.span,
            address: percent_decode_str(&decoded).decode_utf8_lossy().into_owned(),
            suffix: suffix.to_owned(),
            is_link: matches!(url.site, base::Site::Attribute { element: "a", .. }),
        });
    });
    all
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("built", &self.built).finish_non_exhaustive()
    }
}
