//! A world whose reads are noted: how much is read, or which files.

use std::{ops::Deref, sync::Arc};

use bytes::Bytes;

use crate::load::{Entry, EntryKind, Outside, World, WorldError};

/// A world, and what is told the path and the bytes of every file that is read.
pub(super) struct Noted<W, N> {
    pub(super) world: W,
    pub(super) note: N,
}

impl<W, N> World for Noted<W, N>
where
    W: Deref<Target: World> + Sync,
    N: Fn(&str, &Bytes) + Clone + Send + Sync + 'static,
{
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        let bytes = self.world.read(path)?;
        (self.note)(path, &bytes);
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        self.world.list(folder)
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        self.world.kind(path)
    }

    fn real(&self, path: &str) -> Result<String, WorldError> {
        self.world.real(path)
    }

    fn outside(&self) -> &dyn Outside {
        self.world.outside()
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(Noted { world: self.world.shared(), note: self.note.clone() })
    }
}
