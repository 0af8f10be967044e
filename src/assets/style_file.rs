//! Style sheets as a file of the site: its name, its map, what is told about it, and what it takes to make it again.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    BuiltAsset, Context,
    integrity::integrity,
    names::fingerprinted,
    styles::{self, Joined, Sheet},
};
use crate::{
    diag::Diagnostic,
    site::{BuiltFile, BuiltKind, ContentHash, MediaType, SitePath},
};

#[derive(Clone, Debug)]
pub(super) struct StyleFile {
    pub(super) path: SitePath,
    pub(super) built: BuiltAsset,
    pub(super) described: BuiltFile,
    pub(super) map: Option<String>,
    pub(super) recipe: Recipe,
}

/// What a file was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recipe {
    /// What a person would call it.
    pub(super) stem: String,
    /// The style sheets in it by their paths, and what stands for the names that scripts see of each.
    pub(super) sheets: Vec<(String, [u8; 16])>,
}

impl StyleFile {
    /// `sheets`, one behind the other; `stem` is what a person would call it.
    pub(super) fn of(context: &Context<'_>, stem: &str, sheets: &[Sheet], found: &mut Vec<Diagnostic>) -> Self {
        Self::of_joined(context, Recipe::of(stem, sheets), styles::join(context, sheets, found))
    }

    /// The same without its map.
    pub(super) fn without_map(
        context: &Context<'_>,
        stem: &str,
        sheets: &[Sheet],
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let joined = Joined { map: None, ..styles::join(context, sheets, found) };
        Self::of_joined(context, Recipe::of(stem, sheets), joined)
    }

    fn of_joined(context: &Context<'_>, recipe: Recipe, sheet: Joined) -> Self {
        let Joined { mut css, modules, unused, map } = sheet;
        // A map that is published may not change under its name.
        let public = map.as_deref().filter(|_| context.maps_are_public());
        let hash = ContentHash::of_parts([css.as_bytes(), public.unwrap_or("").as_bytes()]);
        let path = fingerprinted(&recipe.stem, "css", &hash);
        if public.is_some() {
            css.extend(["\n/*# sourceMappingURL=", path.file_name(), ".map*/"]);
        }
        let body = Bytes::from(css);
        let integrity = integrity(&body);
        let described =
            BuiltFile { modules, unused, ..BuiltFile::of(BuiltKind::Style, body.len() as u64, integrity.clone()) };
        Self { path, built: BuiltAsset { body, media: MediaType::CSS, integrity }, described, map, recipe }
    }
}

impl Recipe {
    fn of(stem: &str, sheets: &[Sheet]) -> Self {
        let sheets = sheets.iter().map(|sheet| (sheet.path.clone(), *sheet.seen_by_scripts().as_bytes()));
        Self { stem: stem.to_owned(), sheets: sheets.collect() }
    }
}
