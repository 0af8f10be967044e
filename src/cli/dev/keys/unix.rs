//! Keys of a terminal as Unix has them: a mode that is set, and must be set back before anyone else reads there.
//!
//! One thread waits for keys and for the signals of job control, so that nothing is being read when the process is stopped: a
//! read that goes on in the background would stop it again.

use std::{
    io::{self, IsTerminal as _},
    os::fd::AsFd as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::{
    consts::{SIGCONT, SIGQUIT, SIGTSTP},
    low_level::emulate_default_handler,
};
use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe,
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use super::{
    super::super::session::{Command, Screen},
    command,
};

/// The terminal gives keys until this is dropped.
#[derive(Debug)]
pub(in crate::cli::dev) struct Keys {
    terminal: Arc<Mutex<Terminal>>,
    ears: Option<(Runtime, Ears)>,
}

impl Keys {
    /// `None` where standard input is no terminal, or not ours: of a job in the background.
    pub(in crate::cli::dev) fn open() -> Option<Self> {
        if !io::stdin().is_terminal() || !is_in_foreground() {
            return None;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        // From here on no signal stops us before the terminal is given back.
        let ears = runtime.block_on(async { Ears::new() }).ok()?;
        let mut terminal = Terminal { before: tcgetattr(io::stdin()).ok()?, whose: Whose::Shells };
        terminal.take().ok()?;
        Some(Self { terminal: Arc::new(Mutex::new(terminal)), ears: Some((runtime, ears)) })
    }

    /// Passes on what is asked for, from a thread of its own, and gives way to the shell when that is asked for.
    pub(in crate::cli::dev) fn listen(&mut self, screen: Option<Screen>, ask: impl Fn(Command) + Send + 'static) {
        let Some((runtime, ears)) = self.ears.take() else { return };
        let terminal = Arc::clone(&self.terminal);
        // A terminal that is gone has no keys.
        let listen = move || drop(runtime.block_on(ears.listen(&terminal, screen.as_ref(), ask)));
        // Without it there are no keys, and all else works.
        drop(thread::Builder::new().name("sitekit-keys".to_owned()).spawn(listen));
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let mut terminal = locked(&self.terminal);
        terminal.give_back();
        terminal.whose = Whose::NobodysAnyMore;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Shells,
    /// We are about to end.
    NobodysAnyMore,
}

#[derive(Debug)]
struct Terminal {
    /// What it was like when it became ours.
    before: Termios,
    whose: Whose,
}

impl Terminal {
    /// Makes it give keys, and makes sure that it does where it is ours already: others may have changed it.
    fn take(&mut self) -> io::Result<()> {
        match self.whose {
            Whose::NobodysAnyMore => return Ok(()),
            Whose::Shells => self.before = tcgetattr(io::stdin())?,
            Whose::Ours => {}
        }
        let mut raw = self.before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // To read is never to wait: that is done for keys and signals together.
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        self.whose = Whose::Ours;
        Ok(())
    }

    fn give_back(&mut self) {
        // Where it is the shell's by now, that has made it as it wants it, and to change it would stop us.
        if self.whose == Whose::Ours && is_in_foreground() {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        }
        if self.whose == Whose::Ours {
            self.whose = Whose::Shells;
        }
    }
}

/// What is waited for.
#[derive(Debug)]
struct Ears {
    /// Standard input, which is read like a pipe.
    keys: pipe::Receiver,
    /// Ctrl-Z.
    stop: Signal,
    /// `fg` and `bg`.
    go_on: Signal,
    /// Ctrl-\.
    quit: Signal,
}

/// The shell may bring a job to the front that was going on in the background, and no signal tells of it.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Ears {
    fn new() -> io::Result<Self> {
        Ok(Self {
            keys: pipe::Receiver::from_owned_fd_unchecked(io::stdin().as_fd().try_clone_to_owned()?)?,
            stop: signal(SignalKind::from_raw(SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(SIGCONT))?,
            quit: signal(SignalKind::from_raw(SIGQUIT))?,
        })
    }

    async fn listen(
        mut self,
        terminal: &Mutex<Terminal>,
        screen: Option<&Screen>,
        ask: impl Fn(Command),
    ) -> io::Result<()> {
        let give_way = || {
            screen.inspect(|screen| screen.rest());
            locked(terminal).give_back();
        };
        let come_back = || {
            if !is_in_foreground() {
                return Ok(());
            }
            locked(terminal).take()?;
            screen.inspect(|screen| screen.go_on());
            Ok::<(), io::Error>(())
        };
        loop {
            let is_ours = locked(terminal).whose == Whose::Ours;
            tokio::select! {
                ready = self.keys.readable(), if is_ours => {
                    ready?;
                    // The shell has it, and did not say so.
                    if !is_in_foreground() {
                        give_way();
                        continue;
                    }
                    let mut keys = [0; 64];
                    match self.keys.read(&mut keys).await? {
                        // There was nothing: the terminal is gone, or there were as many keys as fit.
                        0 => sleep(LOOK_AGAIN).await,
                        read => keys[..read].iter().filter_map(|key| command(char::from(*key))).for_each(&ask),
                    }
                }
                _ = self.stop.recv() => if !is_orphaned() {
                    give_way();
                    emulate_default_handler(SIGTSTP)?;
                },
                _ = self.go_on.recv() => come_back()?,
                _ = self.quit.recv() => {
                    give_way();
                    emulate_default_handler(SIGQUIT)?;
                }
                () = sleep(LOOK_AGAIN), if !is_ours => come_back()?,
            }
        }
    }
}

fn locked(terminal: &Mutex<Terminal>) -> MutexGuard<'_, Terminal> {
    terminal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a process stands among the jobs of a terminal.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    parent: i32,
    group: i32,
    session: i32,
    /// The group that has the terminal.
    front: i32,
}

impl Place {
    /// `None` where the system has no such file, or no such process.
    fn of(process: &str) -> Option<Self> {
        Self::read(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    fn read(stat: &str) -> Option<Self> {
        // The fields after the name, which may hold anything: state, parent, group, session, terminal, group in front.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(1).map(|field| field.parse().ok());
        let (parent, group, session) = (fields.next()??, fields.next()??, fields.next()??);
        Some(Self { parent, group, session, front: fields.nth(1)?? })
    }
}

/// To change the terminal from the background would stop the process.
fn is_in_foreground() -> bool {
    Place::of("self").is_none_or(|place| place.group == place.front)
}

/// Whether nobody would let us go on if we stopped: no shell has us as a job.
fn is_orphaned() -> bool {
    let Some(own) = Place::of("self") else { return false };
    let mut parent = own.parent;
    loop {
        // Whose parent cannot be looked at may have one that cares.
        let Some(place) = Place::of(&parent.to_string()) else { return parent == 0 };
        if place.session != own.session {
            return true;
        }
        if place.group != own.group {
            return false;
        }
        parent = place.parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_among_jobs() {
        for (stat, expected) in [
            ("42 (sitekit) S 7 42 3 34816 42 4194304 100", Some((7, 42, 3, 42))),
            ("42 (a b) (c)) R 1 40 40 0 -1 0", Some((1, 40, 40, -1))),
            ("42 (sitekit) S 7 42", None),
            ("", None),
        ] {
            let place = Place::read(stat).map(|place| (place.parent, place.group, place.session, place.front));
            assert_eq!(place, expected, "{stat}");
        }
    }
}
