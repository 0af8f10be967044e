//! What systemd is told: readiness, reloads, stopping, and that every core is alive. Where no one listens
//! (`NOTIFY_SOCKET` is not set) nothing is said. See `sd_notify(3)`.

use sd_notify::NotifyState;

use crate::serve::Vigil;

/// Connections are taken, with the settings of now.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// A reload has begun; `ready` ends it.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now, NotifyState::Status("reading the settings again")]),
        Err(error) => tracing::warn!(%error, "there is no clock to tell systemd of a reload"),
    }
}

pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in flight")]);
}

/// Where systemd wants signs of life (`WatchdogSec=`), they are given: three in the time it waits for one.
pub(super) fn vigil() -> Option<Vigil> {
    let limit = sd_notify::watchdog_enabled()?;
    Some(Vigil { every: limit / 3, alive: || tell(&[NotifyState::Watchdog]) })
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
