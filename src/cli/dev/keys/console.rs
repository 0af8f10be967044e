//! Keys where there are no modes to leave behind: the console of Windows gives single keys to whoever asks for one.

use std::{io::IsTerminal as _, thread};

use console::{Key, Term};

use super::{
    super::super::session::{Command, Screen},
    command,
};

#[derive(Debug)]
pub(in crate::cli::dev) struct Keys(());

impl Keys {
    /// `None` where keys cannot be read: both ends of the console must be ours.
    pub(in crate::cli::dev) fn open() -> Option<Self> {
        (std::io::stdin().is_terminal() && Term::stdout().is_term()).then_some(Self(()))
    }

    /// Passes on what is asked for, from a thread of its own, for as long as the process lives.
    #[expect(clippy::unused_self, reason = "as where there is something to listen with")]
    pub(in crate::cli::dev) fn listen(&mut self, _: Option<Screen>, ask: impl Fn(Command) + Send + 'static) {
        let read = move || {
            let term = Term::stdout();
            // A console that is gone has no keys.
            while let Ok(key) = term.read_key() {
                if let Key::Char(key) = key
                    && let Some(command) = command(key)
                {
                    ask(command);
                }
            }
        };
        // Without it there are no keys, and all else works.
        drop(thread::Builder::new().name("sitekit-keys".to_owned()).spawn(read));
    }
}
