//! A style sheet as a file of the site: its name, its map, what is told about it.

use bytes::Bytes;

use super::{BuiltAsset, Context, integrity::integrity, names::fingerprinted, styles::Joined};
use crate::site::{BuiltFile, BuiltKind, ContentHash, MediaType, SitePath};

#[derive(Clone, Debug)]
pub(super) struct StyleFile {
    pub(super) path: SitePath,
    pub(super) built: BuiltAsset,
    pub(super) described: BuiltFile,
    pub(super) map: Option<String>,
}

impl StyleFile {
    /// `stem` is what a person would call it.
    pub(super) fn of(context: &Context<'_>, stem: &str, sheet: Joined) -> Self {
        let Joined { mut css, modules, unused, map } = sheet;
        // A map that is published may not change under its name.
        let public = map.as_deref().filter(|_| context.maps_are_public());
        let hash = ContentHash::of_parts([css.as_bytes(), public.unwrap_or("").as_bytes()]);
        let path = fingerprinted(stem, "css", &hash);
        if public.is_some() {
            css.extend(["\n/*# sourceMappingURL=", path.file_name(), ".map*/"]);
        }
        let body = Bytes::from(css);
        let integrity = integrity(&body);
        let described =
            BuiltFile { modules, unused, ..BuiltFile::of(BuiltKind::Style, body.len() as u64, integrity.clone()) };
        Self { path, built: BuiltAsset { body, media: MediaType::CSS, integrity }, described, map }
    }
}
