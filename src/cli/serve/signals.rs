//! What signals ask for: SIGHUP for a reload, or for a stop where it means that the terminal is gone; SIGUSR1 for a new access
//! log; the first SIGINT or SIGTERM for a gentle stop, the second for an end.

use std::{io, sync::Arc, thread};

use super::{reload::Reloader, systemd};
use crate::serve::{Phase, Stopper};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Reload,
    /// Who rotates logs has put the access log aside.
    Reopen,
    Stop,
}

/// Heeds signals on a thread of its own from now on; SIGHUP asks for what `hangup` says.
///
/// # Errors
/// When the system gives no thread, or does not tell of signals.
pub(super) fn heed(stopper: Arc<Stopper>, mut reloader: Reloader, hangup: Signal) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::new(hangup) })?;
    let wait = move || {
        runtime.block_on(async {
            loop {
                match signals.next().await {
                    Signal::Reload => reloader.reload(),
                    Signal::Reopen => reloader.reopen_log(),
                    Signal::Stop => break,
                }
            }
            tracing::info!("stopping: what is in flight is finished first");
            systemd::stopping();
            stopper.go_to(Phase::Draining);
            while signals.next().await != Signal::Stop {}
            tracing::warn!("stopping at once");
            stopper.go_to(Phase::Stopped);
            // Dropping the stopper would say the same.
            std::future::pending::<()>().await;
        });
    };
    thread::Builder::new().name("sitekit-signals".to_owned()).spawn(wait)?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    hangup: tokio::signal::unix::Signal,
    hangup_asks: Signal,
    user: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new(hangup_asks: Signal) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            hangup_asks,
            user: signal(SignalKind::user_defined1())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => self.hangup_asks,
            _ = self.user.recv() => Signal::Reopen,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new(_: Signal) -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Stop
    }
}
