//! Keys that a person presses while a session runs. The terminal gives them one by one and does not show them. It is what it was
//! again whenever it is not ours: at the end, however that comes, and while the shell has it after Ctrl-Z. Ctrl-C goes on to be a
//! signal.

#[cfg_attr(unix, path = "keys/unix.rs")]
#[cfg_attr(not(unix), path = "keys/console.rs")]
mod terminal;

pub(super) use self::terminal::Keys;
use super::super::session::Command;

/// What a key asks for.
fn command(key: char) -> Option<Command> {
    match key.to_ascii_lowercase() {
        'r' => Some(Command::Rebuild),
        'o' => Some(Command::Open),
        's' => Some(Command::Stats),
        '?' | 'h' => Some(Command::Help),
        // Ctrl-D, the end of what is typed, is a way to say it, too.
        'q' | '\u{4}' => Some(Command::Quit),
        _ => None,
    }
}
