//! Where there are no process groups: a command is ended by itself.

use std::{
    io,
    process::{Child, Command},
};

#[derive(Debug)]
pub(super) struct Leash(());

impl Leash {
    /// Starts the command.
    pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        Ok((command.spawn()?, Self(())))
    }

    /// Ends the command.
    #[expect(clippy::unused_self, reason = "as where there is something to pull at")]
    pub(super) fn pull(&mut self, child: &mut Child) {
        // It may have ended by itself.
        drop(child.kill());
    }

    /// The command is over.
    #[expect(clippy::unused_self, reason = "as where there is something to let go")]
    pub(super) fn let_go(self) {}
}
