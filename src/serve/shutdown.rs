//! How a server is told to stop: first gently, then at once. The one who holds the [`Stopper`] decides when.

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Running,
    /// No new connections; what is in flight is finished.
    Draining,
    /// Everything ends now.
    Stopped,
}

/// Tells a server to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Phase>);

/// The server's ear.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Phase>);

impl Stopper {
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(Phase::Running);
        (Self(sender), Stop(receiver))
    }

    /// Goes on to `phase`; there is no way back.
    pub fn go_to(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let further = phase > *now;
            *now = phase.max(*now);
            further
        });
    }

    /// The first call asks to drain, the second to stop.
    pub fn ask(&self) {
        let next = if *self.0.borrow() == Phase::Running { Phase::Draining } else { Phase::Stopped };
        self.go_to(next);
    }
}

impl Stop {
    /// Whether `phase` is reached. A stopper that is gone says no more than it did.
    pub(super) fn has_reached(&self, phase: Phase) -> bool {
        *self.0.borrow() >= phase
    }

    /// Waits until `phase` is reached. A stopper that is gone has reached every phase.
    pub(super) async fn reached(&mut self, phase: Phase) {
        // An error says that the stopper is gone.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
