//! Where there are no Unix sockets, no server can take over from another.

use std::{
    convert::Infallible,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    inherited::Inherited,
    listen::Listening,
    shutdown::{Stop, Stopper},
};

/// The name of the socket in the build folder, where there are such sockets.
pub const SUCCESSION: &str = "sitekit-next.sock";

#[derive(Debug)]
pub struct Succession(Infallible);

#[derive(Debug)]
pub struct Predecessor(Infallible);

/// There never is one.
///
/// # Errors
/// None.
pub fn take_over(_: &Path) -> io::Result<Option<(Inherited, Predecessor)>> {
    Ok(None)
}

impl Succession {
    #[must_use]
    pub fn new(_: PathBuf, _: Arc<Stopper>, _: Option<Predecessor>) -> Option<Self> {
        None
    }

    pub(super) fn prepare(self, _: &[Listening]) -> io::Result<Self> {
        match self.0 {}
    }

    pub(super) async fn run(self, _: Stop) {
        match self.0 {}
    }
}
