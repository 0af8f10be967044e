//! Keys that a person presses while a session runs. The terminal gives them one by one and does not show them; it is what it was
//! again when this is dropped. Ctrl-C goes on to be a signal.

use std::{io::Read as _, thread};

use super::super::session::Command;

/// The terminal gives keys until this is dropped.
#[derive(Debug)]
pub(super) struct Keys {
    _raw: raw::Raw,
}

impl Keys {
    /// `None` where standard input is no terminal, or not ours: of a job in the background.
    pub(super) fn open() -> Option<Self> {
        Some(Self { _raw: raw::Raw::enter()? })
    }

    /// Passes on what is asked for, from a thread of its own, for as long as the process lives.
    pub(super) fn listen(ask: impl Fn(Command) + Send + 'static) {
        let read = move || std::io::stdin().lock().bytes().map_while(Result::ok).filter_map(command).for_each(ask);
        // Without it there are no keys, and all else works.
        drop(thread::Builder::new().name("sitekit-keys".to_owned()).spawn(read));
    }
}

fn command(key: u8) -> Option<Command> {
    match key.to_ascii_lowercase() {
        b'r' => Some(Command::Rebuild),
        b'o' => Some(Command::Open),
        b's' => Some(Command::Stats),
        b'?' | b'h' => Some(Command::Help),
        // Ctrl-D, the end of what is typed, is a way to say it, too.
        b'q' | 4 => Some(Command::Quit),
        _ => None,
    }
}

#[cfg(unix)]
mod raw {
    use std::io::{self, IsTerminal as _};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    #[derive(Debug)]
    pub(super) struct Raw(Termios);

    impl Raw {
        pub(super) fn enter() -> Option<Self> {
            let stdin = io::stdin();
            if !stdin.is_terminal() || !is_in_foreground() {
                return None;
            }
            let before = tcgetattr(&stdin).ok()?;
            let mut raw = before.clone();
            raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            tcsetattr(&stdin, OptionalActions::Now, &raw).ok()?;
            Some(Self(before))
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
        }
    }

    /// To change the terminal from the background would stop the process.
    fn is_in_foreground() -> bool {
        let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return true };
        // The fields after the name, which may hold anything: state, parent, group, session, terminal, group in front.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.get(2) == fields.get(5)
    }
}

#[cfg(not(unix))]
mod raw {
    #[derive(Debug)]
    pub(super) struct Raw;

    impl Raw {
        pub(super) fn enter() -> Option<Self> {
            None
        }
    }
}
