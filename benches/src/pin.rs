//! Which core runs what: the server has one to itself and the load client another, so that neither steals the other's time.

use anyhow::{Context as _, bail};
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

/// This thread, `sched_setaffinity(2)`.
const SELF: Pid = Pid::from_raw(0);

/// The two cores of a measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) client: usize,
    pub(crate) server: usize,
}

impl Cores {
    /// The first two cores this process may use; the client gets the first, where interrupts tend to arrive.
    pub(crate) fn choose() -> anyhow::Result<Self> {
        let allowed = sched_getaffinity(SELF).context("asking which cores are ours")?;
        let mut cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false));
        match (cores.next(), cores.next()) {
            (Some(client), Some(server)) => Ok(Self { client, server }),
            _ => bail!("this measurement needs two cores: one for the server, one for the client"),
        }
    }
}

/// Keeps this thread, and the processes it starts meanwhile, on one core; gives the old set back when dropped.
#[derive(Debug)]
pub(crate) struct Pinned {
    before: CpuSet,
}

impl Pinned {
    pub(crate) fn to(core: usize) -> anyhow::Result<Self> {
        let before = sched_getaffinity(SELF).context("asking which cores are ours")?;
        let mut only = CpuSet::new();
        only.set(core).with_context(|| format!("core {core}"))?;
        sched_setaffinity(SELF, &only).with_context(|| format!("pinning to core {core}"))?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The set was ours a moment ago; if it is no longer, there is nothing to mend here.
        let _ = sched_setaffinity(SELF, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_ends_with_its_guard() {
        let before = sched_getaffinity(SELF).unwrap();
        let core = (0..CpuSet::count()).find(|core| before.is_set(*core).unwrap()).unwrap();
        let pinned = Pinned::to(core).unwrap();
        let during = sched_getaffinity(SELF).unwrap();
        assert_eq!((0..CpuSet::count()).filter(|core| during.is_set(*core).unwrap()).collect::<Vec<_>>(), [core]);
        drop(pinned);
        assert_eq!(sched_getaffinity(SELF).unwrap(), before);
    }
}
