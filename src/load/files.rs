//! Which files there are: folders are walked here and nowhere else, what `.buildignore` and hidden names leave out is
//! left out here, and what cannot be used is told here.

use std::{path::Path, sync::Arc};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::world::{Entry, EntryKind, World, WorldError};
use crate::diag::{Diagnostic, Source};

/// A file that is read when it is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Relative to the project, with `/`.
    pub path: Arc<str>,
    /// In bytes, when it was listed.
    pub size: u64,
}

/// Reads files of one site and remembers what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) world: &'a dyn World,
    ignored: Vec<(String, Gitignore)>,
}

impl<'a> Reader<'a> {
    /// Takes the `.buildignore` of the project and of the site at `root` into account.
    pub(super) fn new(world: &'a dyn World, root: &str, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut reader = Self { world, ignored: Vec::new() };
        for folder in ["", root] {
            let path = if folder.is_empty() { ".buildignore".to_owned() } else { format!("{folder}/.buildignore") };
            if let Some(source) = reader.optional_text(&path, diagnostics) {
                reader.ignored.push((folder.to_owned(), patterns(&source, diagnostics)));
            }
        }
        reader
    }

    /// What a folder holds, ignored and hidden names left out; nothing when there is no such folder.
    pub(super) fn list(&self, folder: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
        let entries = match self.world.list(folder) {
            Ok(entries) => entries,
            Err(WorldError::NotFound) => return Vec::new(),
            Err(error) => {
                diagnostics.push(Diagnostic::error(folder, format!("this folder {error}")));
                return Vec::new();
            }
        };
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries {
            let path = format!("{folder}/{}", entry.name);
            if is_hidden(&entry.name) || self.is_ignored(&path, entry.kind == EntryKind::Folder) {
                continue;
            }
            match entry.kind {
                EntryKind::Refused(why) => diagnostics.push(refused(path, &why)),
                EntryKind::File(_) | EntryKind::Folder => kept.push(entry),
            }
        }
        kept
    }

    /// All files below a folder, sorted by path. The packages of `node_modules` are nobody's content: they are not looked
    /// through.
    pub(super) fn walk(&self, folder: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<File> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in self.list(&folder, diagnostics) {
                let path = format!("{folder}/{}", entry.name);
                match entry.kind {
                    EntryKind::File(size) => files.push(File { path: path.into(), size }),
                    EntryKind::Folder if entry.name == "node_modules" => {}
                    EntryKind::Folder => folders.push(path),
                    EntryKind::Refused(_) => {}
                }
            }
        }
        files.sort();
        files
    }

    /// A file's text, which must be UTF-8.
    pub(super) fn text(&self, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Source> {
        match self.world.read(path) {
            Ok(bytes) => utf8(path, bytes.into(), diagnostics),
            Err(error) => {
                diagnostics.push(refused(path.to_owned(), &error));
                None
            }
        }
    }

    /// The same, where the file need not be there.
    pub(super) fn optional_text(&self, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Source> {
        match self.world.read(path) {
            Err(WorldError::NotFound) => None,
            Ok(bytes) => utf8(path, bytes.into(), diagnostics),
            Err(error) => {
                diagnostics.push(refused(path.to_owned(), &error));
                None
            }
        }
    }

    fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        let mut ignored = false;
        for (folder, patterns) in &self.ignored {
            let inside = if folder.is_empty() { Some(path) } else { path.strip_prefix(folder.as_str()) };
            let Some(inside) = inside else { continue };
            match patterns.matched(Path::new(inside.trim_start_matches('/')), is_folder) {
                ignore::Match::Ignore(_) => ignored = true,
                ignore::Match::Whitelist(_) => ignored = false,
                ignore::Match::None => {}
            }
        }
        ignored
    }
}

/// Names that begin with a dot are nobody's content (`.git`, `.DS_Store`, `.env`), but for the one the web gave a
/// meaning (RFC 8615).
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name != ".well-known"
}

fn refused(path: String, why: &WorldError) -> Diagnostic {
    let diagnostic = Diagnostic::error(path, format!("this file {why}"));
    match why {
        WorldError::LeavesSite => {
            diagnostic.with_help("copy what it leads to into the site, or name it in .buildignore")
        }
        WorldError::NotFound => diagnostic.with_help("it was there when its folder was listed: build again"),
        WorldError::Dangling | WorldError::Cycle | WorldError::NameNotUtf8 | WorldError::Special => {
            diagnostic.with_help("remove it, or name it in .buildignore")
        }
        WorldError::Denied | WorldError::IsFolder | WorldError::Io(_) => diagnostic,
    }
}

/// The text of the file at `path`. `None` when it is not UTF-8, which is told.
pub fn utf8(path: impl Into<Arc<str>>, bytes: Vec<u8>, diagnostics: &mut Vec<Diagnostic>) -> Option<Source> {
    match String::from_utf8(bytes) {
        // A byte order mark says nothing in UTF-8, and an editor does not show it.
        Ok(text) => Some(Source::new(path, text.strip_prefix('\u{feff}').unwrap_or(&text))),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let source = Source::new(path, String::from_utf8_lossy(&bytes).into_owned());
            // What was valid before the place is the same in both texts.
            let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            let message = format!("this text is not UTF-8: byte {:#04x}", bytes[at]);
            diagnostics.push(Diagnostic::error_at(&source, span, message).with_help("save it as UTF-8"));
            None
        }
    }
}

fn patterns(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        if let Err(error) = builder.add_line(None, line.trim_end_matches(['\n', '\r'])) {
            diagnostics.push(Diagnostic::error_at(
                source,
                at..at + line.trim_end().len(),
                format!("not a pattern: {error}"),
            ));
        }
        at += line.len();
    }
    builder.build().unwrap_or_else(|error| {
        diagnostics.push(Diagnostic::error_at(
            source,
            0..0,
            format!("these patterns cannot be used together: {error}"),
        ));
        Gitignore::empty()
    })
}
