//! Style sheets that scripts import, and what else only the thread that was given the site can answer.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::oneshot::Sender;

use crate::{
    assets::{
        Context,
        names::stem_and_extension,
        style_file::StyleFile,
        styles::{self, Sheet},
    },
    diag::Diagnostic,
    load::WorldError,
};

/// What the linker's threads ask.
pub(super) enum Question {
    /// The URL of a file, by its path; it is published then.
    Url(String, Sender<Result<String, WorldError>>),
    /// A style sheet, compiled; `None` when it cannot be.
    Sheet(String, Sender<Option<Arc<Sheet>>>),
    /// The same, as text.
    SheetText(String, Sender<Option<String>>),
    /// The same, published: its URL.
    SheetUrl(String, Sender<Option<String>>),
    NoMore,
}

/// The sheets compiled so far, by their paths.
#[derive(Debug, Default)]
pub(super) struct Sheets(BTreeMap<String, Option<Arc<Sheet>>>);

impl Sheets {
    pub(super) fn compile(
        &mut self,
        context: &Context<'_>,
        path: &str,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Sheet>> {
        if let Some(known) = self.0.get(path) {
            return known.clone();
        }
        let context = Context { is_beside: true, ..*context };
        let sheet = styles::compile(&context, path, found).map(Arc::new);
        self.0.insert(path.to_owned(), sheet.clone());
        sheet
    }

    /// The text may go anywhere, so it names files from the root of the host.
    pub(super) fn text(context: &Context<'_>, path: &str, found: &mut Vec<Diagnostic>) -> Option<String> {
        let sheet = styles::compile(context, path, found)?;
        Some(styles::join(context, &[sheet], found).css)
    }

    pub(super) fn url(&mut self, context: &Context<'_>, path: &str, found: &mut Vec<Diagnostic>) -> Option<String> {
        let sheet = self.compile(context, path, found)?;
        let (stem, _) = stem_and_extension(path);
        let StyleFile { path, built, .. } = StyleFile::without_map(context, stem, std::slice::from_ref(&*sheet), found);
        Some(context.files.add(path, built))
    }

    pub(super) fn get(&self, path: &str) -> Option<&Sheet> {
        self.0.get(path)?.as_deref()
    }
}
