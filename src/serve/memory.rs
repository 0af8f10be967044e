//! How much memory the bodies of all sites may take: what the machine, or the control group we run in, really has
//! left. Reading the numbers and deciding are apart, so that the decision can be tested.

use std::{fs, path::Path};

/// What the system says, in bytes; `None` for what it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// What could be had without swapping, on the whole machine.
    pub available: Option<u64>,
    /// The tightest limit of the control group and those above it, and what counts against it already.
    pub group: Option<Group>,
}

/// A control group with a memory limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    pub limit: u64,
    /// Without file pages that can be dropped.
    pub used: u64,
}

/// When the system says nothing.
const UNKNOWN: u64 = 256 << 20;
/// Less is no cache.
const LEAST: u64 = 4 << 20;

/// What the server takes for itself before it has a body: heads that are prepared on each core, buffers of connections,
/// tables, pages of the program. `sitekit-bench memory` shows what happens without it: the kernel has to drop pages of
/// the program, and who serves waits until they are read again.
const OWN: u64 = 32 << 20;

/// The budget for bodies: three quarters of what is left beside the server itself, so that the allocator may have gaps
/// between bodies, and the kernel room for sockets and other files.
#[must_use]
pub fn budget(readings: Readings) -> u64 {
    let group = readings.group.map(|group| group.limit.saturating_sub(group.used));
    let left = match (readings.available, group) {
        (Some(machine), Some(group)) => machine.min(group),
        (Some(left), None) | (None, Some(left)) => left,
        (None, None) => UNKNOWN,
    };
    (left.saturating_sub(OWN) / 4 * 3).max(LEAST)
}

/// Which bundles stay in memory as a whole, given their lengths, and what is left for a cache of the others' bodies.
/// Small ones first, because a large one must not push out all others; and where not all fit, a quarter is kept for
/// the cache.
#[must_use]
pub fn residents(budget: u64, lens: &[u64]) -> (Vec<bool>, u64) {
    let total = lens.iter().fold(0u64, |sum, &len| sum.saturating_add(len));
    if total <= budget {
        return (vec![true; lens.len()], budget - total);
    }
    let mut resident = vec![false; lens.len()];
    let mut by_size: Vec<usize> = (0..lens.len()).collect();
    by_size.sort_by_key(|&at| lens[at]);
    let mut room = budget / 4 * 3;
    for at in by_size {
        if lens[at] > room {
            break;
        }
        room -= lens[at];
        resident[at] = true;
    }
    (resident, room + (budget - budget / 4 * 3))
}

/// Reads what Linux says below `root` (`/`, but in tests). Elsewhere, and for what is missing, nothing.
#[must_use]
pub fn read(root: &Path) -> Readings {
    let text = |path: &str| fs::read_to_string(root.join(path)).ok();
    let available = text("proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"));
    let group = text("proc/self/cgroup").and_then(|text| tightest(root, &text));
    Readings { available, group }
}

fn kilobytes(meminfo: &str, key: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The group with the least room among ours and those above it.
fn tightest(root: &Path, membership: &str) -> Option<Group> {
    let mut groups = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':');
        let (_, Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let version = match controllers {
            "" => &V2,
            _ if controllers.split(',').any(|controller| controller == "memory") => &V1,
            _ => continue,
        };
        let top = root.join(version.mount);
        // In a container the path may name a folder of the host; then the mount's root is our group.
        let mut folder = top.join(path.trim_start_matches('/'));
        loop {
            groups.extend(version.read(&folder));
            if folder == top || !folder.pop() {
                break;
            }
        }
    }
    groups.into_iter().min_by_key(|group| group.limit.saturating_sub(group.used))
}

/// The files of a control group version.
struct Version {
    mount: &'static str,
    limit: &'static str,
    used: &'static str,
    /// The line of `memory.stat` with the file pages that can be dropped.
    droppable: &'static str,
}

const V1: Version = Version {
    mount: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    droppable: "total_inactive_file",
};
const V2: Version =
    Version { mount: "sys/fs/cgroup", limit: "memory.max", used: "memory.current", droppable: "inactive_file" };

impl Version {
    fn read(&self, folder: &Path) -> Option<Group> {
        let number = |file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
        // `max` is no number, and version 1 says "no limit" with one that no machine has.
        let limit = number(self.limit).filter(|&limit| limit < 1 << 60)?;
        let droppable = fs::read_to_string(folder.join("memory.stat")).ok().and_then(|stat| {
            let line = stat.lines().find_map(|line| line.strip_prefix(self.droppable)?.strip_prefix(' '))?;
            line.trim().parse::<u64>().ok()
        });
        Some(Group { limit, used: number(self.used).unwrap_or(0).saturating_sub(droppable.unwrap_or(0)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn budgets() {
        let group = |limit, used| Some(Group { limit, used });
        for (available, group, expected) in [
            (Some(8 * GB + OWN), None, 6 * GB),
            (Some(8 * GB), group(4 * GB + OWN, 0), 3 * GB),
            (Some(8 * GB + OWN), group(64 * GB, GB), 6 * GB),
            (Some(8 * GB), group(4 * GB + OWN, 2 * GB), GB / 2 * 3),
            (None, group(4 * GB + OWN, 0), 3 * GB),
            (Some(8 * GB), group(GB, 2 * GB), LEAST),
            (Some(0), None, LEAST),
            (Some(OWN), None, LEAST),
            (None, None, (UNKNOWN - OWN) / 4 * 3),
        ] {
            assert_eq!(budget(Readings { available, group }), expected, "{available:?} {group:?}");
        }
    }

    #[test]
    fn who_stays_in_memory() {
        for (budget, lens, expected) in [
            (100, vec![], (vec![], 100)),
            (100, vec![60, 40], (vec![true, true], 0)),
            (100, vec![60, 41], (vec![false, true], 59)),
            (100, vec![1000, 10, 20], (vec![false, true, true], 70)),
            (100, vec![1000], (vec![false], 100)),
            (100, vec![u64::MAX, u64::MAX], (vec![false, false], 100)),
        ] {
            assert_eq!(residents(budget, &lens), expected, "{budget} {lens:?}");
        }
    }

    fn check(files: &[(&str, &str)], expected: Readings) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(read(root.path()), expected, "{files:?}");
    }

    #[test]
    fn what_linux_says() {
        check(&[], Readings::default());
        check(
            &[("proc/meminfo", "MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n")],
            Readings { available: Some(1 << 20), group: None },
        );
    }

    #[test]
    fn control_groups_of_version_2() {
        let ours = "sys/fs/cgroup/a/b";
        check(
            &[
                ("proc/self/cgroup", "0::/a/b\n"),
                (&format!("{ours}/memory.max"), "max\n"),
                ("sys/fs/cgroup/a/memory.max", "1000\n"),
                ("sys/fs/cgroup/a/memory.current", "700\n"),
                ("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 500\n"),
            ],
            Readings { available: None, group: Some(Group { limit: 1000, used: 200 }) },
        );
        // In a container: the path is the host's, the mount is our group.
        check(
            &[("proc/self/cgroup", "0::/docker/x\n"), ("sys/fs/cgroup/memory.max", "5000\n")],
            Readings { available: None, group: Some(Group { limit: 5000, used: 0 }) },
        );
    }

    #[test]
    fn control_groups_of_version_1() {
        let membership = ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/a\n0::/a\n");
        check(
            &[
                membership,
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "3000\n"),
                ("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "100\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
            Readings { available: None, group: Some(Group { limit: 3000, used: 100 }) },
        );
    }
}
