//! The CPU time of a server: the process and all that it started, from `/proc/<pid>/stat`. Differences of two readings
//! are what counts; the kernel keeps user and system time together exact and rounds each to its tick (mostly 10 ms).

use std::{fs, time::Duration};

use anyhow::Context as _;
use nix::unistd::{SysconfVar, sysconf};

/// Time spent since a process began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct CpuTime {
    pub(super) user: Duration,
    pub(super) system: Duration,
}

impl CpuTime {
    /// Of a process and its living descendants: nginx works in a child of the process that was started.
    pub(super) fn of_tree(root: u32) -> anyhow::Result<Self> {
        let hertz = sysconf(SysconfVar::CLK_TCK).ok().flatten().and_then(|hertz| u32::try_from(hertz).ok());
        let tick = Duration::from_secs(1) / hertz.unwrap_or(100);
        let text = fs::read_to_string(format!("/proc/{root}/stat")).context("the server has ended")?;
        let root = Stat::parse(&text).with_context(|| format!("malformed stat: {text:?}"))?;
        let ticks = descendants(&all()?, root);
        Ok(Self { user: ticks.user * tick, system: ticks.system * tick })
    }

    pub(super) fn total(self) -> Duration {
        self.user + self.system
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self { user: self.user.saturating_sub(before.user), system: self.system.saturating_sub(before.system) }
    }
}

/// What `proc_pid_stat(5)` says, times in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    user: u32,
    system: u32,
}

impl Stat {
    /// The name in brackets may hold anything, brackets and spaces too: fields are counted after the last of them.
    fn parse(text: &str) -> Option<Self> {
        let (pid, rest) = text.split_once(' ')?;
        let fields: Vec<&str> = rest.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse().ok();
        // Fields 4, 14 and 15, counted from 1 with the pid and the name.
        Some(Self { pid: pid.parse().ok()?, parent: number(1)?, user: number(11)?, system: number(12)? })
    }
}

/// The sum over a process and all below it.
fn descendants(all: &[Stat], root: Stat) -> Stat {
    let children = all.iter().filter(|stat| stat.parent == root.pid && stat.pid != root.pid);
    children.fold(root, |sum, child| {
        let below = descendants(all, *child);
        Stat { user: sum.user + below.user, system: sum.system + below.system, ..sum }
    })
}

/// Every process there is; one that ends meanwhile is left out.
fn all() -> anyhow::Result<Vec<Stat>> {
    let folders = fs::read_dir("/proc").context("reading /proc")?;
    let stats = folders.filter_map(|folder| {
        let folder = folder.ok()?;
        folder.file_name().to_str()?.parse::<u32>().ok()?;
        Stat::parse(&fs::read_to_string(folder.path().join("stat")).ok()?)
    });
    Ok(stats.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_moves_no_field() {
        let fields = "S 41 42 42 0 -1 4194560 900 0 0 0 1234 567 8 9 20 0 1 0 5000 1 2";
        for name in ["nginx", "a) b (c", "x ) y"] {
            let got = Stat::parse(&format!("42 ({name}) {fields}"));
            assert_eq!(got, Some(Stat { pid: 42, parent: 41, user: 1234, system: 567 }), "{name}");
        }
        for text in ["", "42", "42 (nginx) S 41", "x (nginx) S 41 42 42 0 -1 4194560 900 0 0 0 1 2"] {
            assert_eq!(Stat::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_tree_counts_its_grandchildren_and_nobody_else() {
        let stat = |pid, parent| Stat { pid, parent, user: 10, system: 1 };
        let all = [stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 1), stat(5, 9)];
        assert_eq!(descendants(&all, stat(2, 1)), Stat { pid: 2, parent: 1, user: 20, system: 2 });
        assert_eq!(descendants(&all, stat(1, 0)), Stat { pid: 1, parent: 0, user: 40, system: 4 });
    }

    #[test]
    fn this_process_has_a_time() {
        assert!(CpuTime::of_tree(std::process::id()).is_ok());
        assert!(CpuTime::of_tree(u32::MAX).is_err());
    }
}
