//! A command that ends when this program does, together with all that it started.
//!
//! A program that is killed tells nobody, but the kernel closes its pipes. So a shell waits at a pipe into which nothing is ever
//! written: it and the command are a process group of their own, and when the pipe closes it ends the group. No signal need be
//! caught for it. Ctrl-C, too, ends the command by ending us.
//!
//! The command is no job of the terminal any more: what asks there for a password, say, is told that it cannot, and does not
//! wait for ever.

use std::{
    io,
    process::{Child, ChildStdin, Command, Stdio},
};

/// What ends a command that runs.
#[derive(Debug)]
pub(super) struct Leash {
    keeper: Child,
    /// The end that is ours of what the keeper waits at.
    held: Option<ChildStdin>,
}

/// Waits for the end of what it is told, and ends its group: gently at first, those that are stopped as well.
const KEEPER: &str = "trap '' HUP INT QUIT TERM; read -r _; kill -s TERM 0; kill -s CONT 0; sleep 2; kill -s KILL 0";

/// Said to the shell before a command: what reads the terminal fails, instead of being stopped.
pub(super) const NO_TERMINAL: &str = "trap '' TTIN TTOU; ";

impl Leash {
    /// Starts the command.
    pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        use std::os::unix::process::CommandExt as _;

        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keeper = keeper.process_group(0).spawn()?;
        let group = i32::try_from(keeper.id()).map_err(io::Error::other)?;
        let leash = Self { held: keeper.stdin.take(), keeper };
        let child = command.process_group(group).spawn()?;
        Ok((child, leash))
    }

    /// Ends the command, and all it started.
    pub(super) fn pull(&mut self, _: &mut Child) {
        self.held = None;
    }

    /// The command is over. What it left running goes on.
    pub(super) fn let_go(mut self) {
        // One that was pulled at has not done yet.
        if self.held.is_some() {
            // It may have been ended by others.
            drop(self.keeper.kill());
            drop(self.keeper.wait());
        }
    }
}
