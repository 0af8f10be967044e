//! What a build puts aside until it needs it again, so that memory does not grow with all that a site holds: each kind of text
//! has a bound of its own, up to which it stays in memory, so that a site of a few thousand pages never meets the disk.

use std::{io, sync::Arc};

use crate::{
    compress::Cache,
    diag::{Diagnostic, Source},
    site::{Aside, Shelf},
};

/// So many bytes of each kind stay in memory.
const IN_MEMORY: usize = 64 << 20;

/// The shelves of one build; none where there is no place for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelves {
    /// HTML of Markdown.
    pub(super) contents: Option<Arc<dyn Shelf>>,
    /// Pages before they are finished.
    pub(super) drafts: Option<Arc<dyn Shelf>>,
    pub(super) bodies: Option<Arc<dyn Shelf>>,
}

impl Shelves {
    /// Shelves in the folder of the build cache, where there is one.
    pub(super) fn of(cache: Option<&Cache>) -> Self {
        cache.map_or_else(Self::default, |cache| Self::with_room(cache, IN_MEMORY))
    }

    /// The same, with so much memory for each.
    pub(super) fn with_room(cache: &Cache, in_memory: usize) -> Self {
        let shelf = || Some(Arc::new(cache.scratch(in_memory)) as Arc<dyn Shelf>);
        Self { contents: shelf(), drafts: shelf(), bodies: shelf() }
    }
}

/// A text with its name, which may be on a shelf.
#[derive(Debug)]
pub(super) enum Kept {
    Here(Source),
    Aside(Arc<str>, Aside),
}

impl Kept {
    pub(super) fn on(shelf: Option<&Arc<dyn Shelf>>, source: Source) -> Self {
        match shelf.and_then(|shelf| Aside::put(shelf, source.text.as_bytes())) {
            Some(aside) => Self::Aside(source.path, aside),
            None => Self::Here(source),
        }
    }

    pub(super) fn read(&self) -> io::Result<Source> {
        match self {
            Self::Here(source) => Ok(source.clone()),
            Self::Aside(path, aside) => {
                let text = String::from_utf8(aside.read()?).map_err(io::Error::other)?;
                Ok(Source::new(Arc::clone(path), text))
            }
        }
    }

    /// The text, or where it cannot be read again its name: then that is told when the page is finished.
    pub(super) fn read_or_name(&self) -> Source {
        let (Self::Here(Source { path, .. }) | Self::Aside(path, _)) = self;
        self.read().unwrap_or_else(|_| Source::new(Arc::clone(path), ""))
    }

    /// The text, or what `found` says.
    pub(super) fn read_or_tell(&self, found: &mut Vec<Diagnostic>) -> Option<Source> {
        self.read().map_err(|error| found.push(self.lost(&error))).ok()
    }

    fn lost(&self, error: &io::Error) -> Diagnostic {
        let (Self::Here(Source { path, .. }) | Self::Aside(path, _)) = self;
        let message = format!("what was made of this cannot be read again from the build cache: {error}");
        Diagnostic::error(Arc::clone(path), message)
    }
}
