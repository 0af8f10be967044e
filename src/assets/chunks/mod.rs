//! From the linker's chunks to files: minified, told what to preload, named by their bytes. All of it is a function of the
//! chunks' text.

use std::collections::BTreeMap;

use super::{Context, styles::Sheet};
use crate::{
    assets::{Asset, BuiltAsset},
    diag::Diagnostic,
    site::{BuiltFile, BuiltModule, SitePath},
};
use bytes::Bytes;

/// A script as the linker made it: not minified, and every chunk named by a placeholder.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// The file name other chunks import it by, as `./NAME`; it stands for a name that is not known yet, wherever it is in
    /// the code of any chunk, and is in nothing else.
    pub(super) placeholder: String,
    /// What a person would call it: the stem of the entry or of the module imported later.
    pub(super) stem: String,
    pub(super) code: String,
    /// From the linker's code to the sources (Source Map revision 3, JSON), paths relative to the project.
    pub(super) map: Option<String>,
    /// Placeholders of the chunks it imports at once and later.
    pub(super) imports: Vec<String>,
    pub(super) later: Vec<String>,
    /// The entry it is, by the key the linker was given.
    pub(super) entry: Option<usize>,
    pub(super) modules: Vec<BuiltModule>,
    /// The style sheets its modules import, in the order they run.
    pub(super) sheets: Vec<Sheet>,
}

/// The files of all chunks.
#[derive(Debug, Default)]
pub(super) struct Finished {
    pub(super) files: BTreeMap<SitePath, BuiltAsset>,
    pub(super) described: BTreeMap<SitePath, BuiltFile>,
    /// By [`Chunk::entry`].
    pub(super) entries: BTreeMap<usize, Asset>,
    pub(super) hidden_maps: BTreeMap<String, Bytes>,
}

/// Minifies, in parallel, and names.
pub(super) fn finish(context: &Context<'_>, chunks: Vec<Chunk>) -> (Finished, Vec<Diagnostic>) {
    let _ = (context, chunks);
    (Finished::default(), Vec::new())
}
