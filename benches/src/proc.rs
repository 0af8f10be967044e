//! What `/proc` says of a running process: how much it holds, and what its threads had to wait for.

use std::{fs, path::PathBuf};

use anyhow::Context as _;

/// What a process holds at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Resident memory that is the process's own, in bytes.
    pub(crate) anonymous: u64,
    /// Resident pages of files, in bytes: a bundle's among them.
    pub(crate) file: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
}

/// What a process read from disks, and what its threads waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Waited {
    /// Major faults of the threads that serve: each is a wait for the disk.
    pub(crate) serving: u64,
    /// Those of all other threads.
    pub(crate) others: u64,
    /// Bytes fetched from a disk.
    pub(crate) read: u64,
}

impl Held {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let status = fs::read_to_string(folder.join("status")).context("the server has ended")?;
        let kilobytes = |key| number(&status, key).map_or(0, |kilobytes| kilobytes * 1024);
        Ok(Self {
            anonymous: kilobytes("RssAnon:"),
            file: kilobytes("RssFile:"),
            threads: number(&status, "Threads:").unwrap_or(0),
            descriptors: fs::read_dir(folder.join("fd")).context("the server has ended")?.count() as u64,
        })
    }
}

/// The CPU time a process has used, all its threads together, in the kernel's ticks.
pub(crate) fn ticks(pid: u32) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server has ended")?;
    let (_, after) = stat.rsplit_once(')').context("a line of /proc without a name")?;
    Ok(after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum())
}

impl Waited {
    /// The threads that serve are called `sitekit-` and a number.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let io = fs::read_to_string(folder.join("io")).unwrap_or_default();
        let mut waited = Self { read: number(&io, "read_bytes:").unwrap_or(0), ..Self::default() };
        for task in fs::read_dir(folder.join("task")).context("the server has ended")? {
            // A thread may end while we look.
            let Some((name, faults)) = task
                .ok()
                .and_then(|task| fs::read_to_string(task.path().join("stat")).ok())
                .and_then(|stat| major_faults(&stat))
            else {
                continue;
            };
            *if serves(&name) { &mut waited.serving } else { &mut waited.others } += faults;
        }
        Ok(waited)
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            serving: self.serving.saturating_sub(before.serving),
            others: self.others.saturating_sub(before.others),
            read: self.read.saturating_sub(before.read),
        }
    }
}

fn serves(thread: &str) -> bool {
    thread
        .strip_prefix("sitekit-")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The first number behind a key at the start of a line.
fn number(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
}

/// A thread's name and its major faults, field 12 of `proc_pid_stat(5)`; the name may hold spaces and brackets.
fn major_faults(stat: &str) -> Option<(String, u64)> {
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1.to_owned();
    Some((name, after.split_whitespace().nth(9)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_those_of_the_named_thread() {
        let stat = "42 (sitekit-1) S 41 42 42 0 -1 4194560 900 0 7 0 1234 567 8 9 20 0 1 0 5000 1 2";
        assert_eq!(major_faults(stat), Some(("sitekit-1".to_owned(), 7)));
        assert_eq!(major_faults("42 (a"), None);
    }

    #[test]
    fn only_numbered_threads_serve() {
        for (name, expected) in [
            ("sitekit-0", true),
            ("sitekit-12", true),
            ("sitekit-warm", false),
            ("sitekit-", false),
            ("sitekit", false),
        ] {
            assert_eq!(serves(name), expected, "{name}");
        }
    }

    #[test]
    fn this_process_holds_something() {
        let held = Held::of(std::process::id()).unwrap();
        assert!(held.anonymous > 0 && held.threads > 0 && held.descriptors > 2, "{held:?}");
        assert!(Held::of(u32::MAX).is_err());
    }
}
