//! Whether the server lives and whether it is ready: what a supervisor restarts it by, and what a load balancer sends it
//! visitors by. A core is asked and has to answer, so that an idle server need not wake up to say that it lives.

use std::{convert::Infallible, fmt, time::Duration};

use serde::Serialize;
use tokio::sync::watch;

use crate::site::SiteName;

/// One per core.
#[derive(Debug)]
pub(super) struct Hearts(Box<[Heart]>);

/// Questions and answers, both counted.
#[derive(Debug)]
struct Heart {
    asked: watch::Sender<u64>,
    answered: watch::Sender<u64>,
}

/// A core that does not get to answer in this time is stalled: its other tasks do not get on either.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Tells someone that every core gets on.
#[derive(Clone, Copy, Debug)]
pub struct Vigil {
    /// Between two signs of life. A core that does not answer within it withholds the next.
    pub every: Duration,
    pub alive: fn(),
}

/// Whether every core gets on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    pub(super) alive: bool,
    pub(super) cores: usize,
    /// Those that did not answer.
    pub(super) stalled: Vec<usize>,
}

/// Whether visitors are welcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    pub(super) draining: bool,
    pub(super) live: Vec<String>,
    /// Asked for by name, and not live.
    pub(super) missing: Vec<String>,
}

impl Hearts {
    pub(super) fn new(cores: usize) -> Self {
        Self((0..cores).map(|_| Heart { asked: watch::Sender::new(0), answered: watch::Sender::new(0) }).collect())
    }

    /// Answers for `core` for as long as it is polled, which is what it proves.
    pub(super) async fn beat(&self, core: usize) -> Infallible {
        let Heart { asked, answered } = &self.0[core];
        let mut questions = asked.subscribe();
        loop {
            answered.send_replace(*questions.borrow_and_update());
            // Fails when no one can ask any more, and we hold the sender.
            let _ = questions.changed().await;
        }
    }

    /// Says that `core` has ended as it should: no one waits for it.
    pub(super) fn ended(&self, core: usize) {
        self.0[core].answered.send_replace(u64::MAX);
    }

    /// Asks all cores.
    pub(super) async fn health(&self, patience: Duration) -> Health {
        let questions: Vec<_> = self
            .0
            .iter()
            .map(|Heart { asked, answered }| {
                asked.send_modify(|count| *count += 1);
                (*asked.borrow(), answered.subscribe())
            })
            .collect();
        let deadline = tokio::time::Instant::now() + patience;
        let mut stalled = Vec::new();
        for (core, (question, mut answers)) in questions.into_iter().enumerate() {
            let answer = answers.wait_for(|count| *count >= question);
            if tokio::time::timeout_at(deadline, answer).await.is_err() {
                stalled.push(core);
            }
        }
        Health { alive: stalled.is_empty(), cores: self.0.len(), stalled }
    }
}

impl Hearts {
    /// Gives signs of life where they are wanted, for as long as it is polled.
    pub(super) async fn keep(&self, vigil: Option<Vigil>) -> Infallible {
        let Some(Vigil { every, alive }) = vigil else { return std::future::pending().await };
        let mut turns = tokio::time::interval(every);
        loop {
            turns.tick().await;
            let health = self.health(every).await;
            if health.alive {
                alive();
            } else {
                tracing::error!(stalled = ?health.stalled, "{health}");
            }
        }
    }
}

impl Readiness {
    /// Of a server that listens.
    pub(super) fn of<'a>(
        draining: bool,
        live: impl Iterator<Item = &'a SiteName>,
        asked: impl IntoIterator<Item = &'a SiteName>,
    ) -> Self {
        let live: Vec<_> = live.map(SiteName::to_string).collect();
        let missing: Vec<_> = asked.into_iter().map(SiteName::to_string).filter(|site| !live.contains(site)).collect();
        Self { ready: !draining && !live.is_empty() && missing.is_empty(), draining, live, missing }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.alive {
            return f.write_str("alive");
        }
        write!(f, "stalled: {} of {} cores", self.stalled.len(), self.cores)
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ready {
            f.write_str("ready")
        } else if self.draining {
            f.write_str("draining")
        } else if self.missing.is_empty() {
            f.write_str("no site is live")
        } else {
            write!(f, "missing: {}", self.missing.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_visitors_are_welcome() {
        let names = |names: &[&str]| names.iter().map(|name| SiteName::parse(name).unwrap()).collect::<Vec<_>>();
        for (draining, live, asked, missing, ready) in [
            (false, &["a", "b"][..], &[][..], &[][..], true),
            (false, &["a", "b"], &["a"], &[], true),
            (true, &["a"], &[], &[], false),
            (false, &[], &[], &[], false),
            (false, &["a"], &["a", "c"], &["c".to_owned()], false),
        ] {
            let found = Readiness::of(draining, names(live).iter(), &names(asked));
            assert_eq!((found.ready, &*found.missing), (ready, missing), "{draining} {live:?} {asked:?}");
        }
    }

    #[test]
    fn a_core_that_does_not_get_on_is_stalled() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let hearts = Hearts::new(2);
            let alive = |health: Health| (health.alive, health.stalled);
            tokio::select! {
                _ = hearts.beat(0) => {}
                health = hearts.health(Duration::from_millis(10)) => assert_eq!(alive(health), (false, vec![1])),
            }
            let both = async { tokio::join!(hearts.beat(0), hearts.beat(1)) };
            tokio::select! {
                _ = both => {}
                () = async {
                    for _ in 0..3 {
                        assert_eq!(alive(hearts.health(PATIENCE).await), (true, vec![]));
                    }
                } => {}
            }
        });
    }
}
