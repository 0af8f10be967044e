//! A control group with a memory limit, version 1 or 2, below the group this program is in: what a container is to the
//! server. Never touches a group it did not make.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};

/// A group of our own; removed when dropped, by when its processes must have ended.
#[derive(Debug)]
pub(super) struct Group {
    folder: PathBuf,
    files: &'static Files,
}

/// What the two versions call the same things.
#[derive(Debug)]
struct Files {
    version: u8,
    limit: &'static str,
    /// What counts against the limit now.
    used: &'static str,
    /// The file and the line in it that count how often the limit was hit.
    hits: (&'static str, &'static str),
    /// The same of processes that were killed for it.
    kills: (&'static str, &'static str),
}

const V1: Files = Files {
    version: 1,
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    hits: ("memory.failcnt", ""),
    kills: ("memory.oom_control", "oom_kill"),
};
const V2: Files = Files {
    version: 2,
    limit: "memory.max",
    used: "memory.current",
    hits: ("memory.events", "max"),
    kills: ("memory.events", "oom_kill"),
};

impl Group {
    /// Makes a group that may take `limit` bytes, file pages included.
    ///
    /// # Errors
    /// When neither version has a memory controller that we may use; the message says what was tried.
    pub(super) fn with_limit(limit: u64) -> anyhow::Result<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").context("reading /proc/self/cgroup")?;
        let mut refusals = Vec::new();
        for (folder, files) in candidates(&own) {
            match Self::make(&folder, files, limit) {
                Ok(group) => return Ok(group),
                Err(error) => refusals.push(format!("{error:#}")),
            }
        }
        if refusals.is_empty() {
            bail!("this needs a control group with a memory controller, and /sys/fs/cgroup has none");
        }
        bail!("this needs a control group, and none can be made (root may):\n  {}", refusals.join("\n  "))
    }

    fn make(parent: &Path, files: &'static Files, limit: u64) -> anyhow::Result<Self> {
        let folder = parent.join(format!("sitekit-bench-{}", std::process::id()));
        if files.version == 2 {
            // Not allowed where the parent has processes of its own; then a group further up may do.
            let control = parent.join("cgroup.subtree_control");
            fs::write(&control, "+memory").with_context(|| format!("writing {}", control.display()))?;
        }
        fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        let group = Self { folder, files };
        group.write(files.limit, &limit.to_string())?;
        Ok(group)
    }

    /// A command that joins the group before it becomes `program`.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg("echo $$ > \"$0\" && exec \"$@\"").arg(self.folder.join("cgroup.procs")).arg(program);
        command
    }

    /// `control group v1` or `v2`.
    pub(super) fn name(&self) -> String {
        format!("control group v{}", self.files.version)
    }

    /// Bytes that count against the limit now.
    pub(super) fn used(&self) -> Option<u64> {
        fs::read_to_string(self.folder.join(self.files.used)).ok()?.trim().parse().ok()
    }

    /// How often the kernel had to make room.
    pub(super) fn hits(&self) -> Option<u64> {
        self.count(self.files.hits)
    }

    /// Processes the kernel killed for room.
    pub(super) fn kills(&self) -> Option<u64> {
        self.count(self.files.kills)
    }

    fn count(&self, (file, key): (&str, &str)) -> Option<u64> {
        line(&fs::read_to_string(self.folder.join(file)).ok()?, key)
    }

    fn write(&self, file: &str, value: &str) -> anyhow::Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, value).with_context(|| format!("writing {value} to {}", path.display()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that has just ended may be in it for a moment longer.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Folders below which a group could be made, best first: the group we are in, then those above it.
fn candidates(membership: &str) -> Vec<(PathBuf, &'static Files)> {
    let mut found = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':');
        let (_, Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (files, mounts): (_, &[&str]) = match controllers {
            "" => (&V2, &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]),
            _ if controllers.split(',').any(|controller| controller == "memory") => (&V1, &["/sys/fs/cgroup/memory"]),
            _ => continue,
        };
        for mount in mounts {
            let below = Path::new(path.trim_start_matches('/'));
            let folders = below.ancestors().map(|below| Path::new(mount).join(below));
            found.extend(folders.filter(|folder| has_memory(folder, files)).map(|folder| (folder, files)));
        }
    }
    found
}

/// Whether groups below this folder could have a memory limit.
fn has_memory(folder: &Path, files: &Files) -> bool {
    match files.version {
        1 => folder.join(files.limit).exists(),
        _ => fs::read_to_string(folder.join("cgroup.controllers"))
            .is_ok_and(|controllers| controllers.split_whitespace().any(|controller| controller == "memory")),
    }
}

/// The number behind a key, or the only number when there is no key.
fn line(text: &str, key: &str) -> Option<u64> {
    if key.is_empty() {
        return text.trim().parse().ok();
    }
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_key() {
        assert_eq!(line("17\n", ""), Some(17));
        assert_eq!(line("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill"), Some(3));
        assert_eq!(line("low 0\nmax 12\n", "max"), Some(12));
        assert_eq!(line("low 0\n", "max"), None);
    }

    #[test]
    fn a_group_without_a_memory_controller_is_no_candidate() {
        assert_eq!(candidates("2:cpuacct:/\n1:cpu:/x\n").len(), 0);
    }
}
