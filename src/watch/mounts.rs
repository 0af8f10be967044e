//! Which file systems never tell of what others write to them: those of other machines, and those a virtual machine or a
//! container shares with its host.

use std::path::Path;

/// As they are called in the kernel's table of mounts.
const SILENT: [&str; 13] =
    ["9p", "afs", "ceph", "cifs", "davfs", "drvfs", "fakeowner", "grpcfuse", "nfs", "nfs4", "prl_fs", "smb3", "vboxsf"];

/// The kind of the file system that `path` is on, where it is a silent one. `table` is `/proc/self/mountinfo`; see
/// `proc_pid_mountinfo(5)`.
pub(super) fn silent(table: &str, path: &Path) -> Option<String> {
    let mounts = table.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let place = before.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&place).then(|| (place.len(), after.split(' ').next().unwrap_or_default()))
    });
    // The deepest one; of several at one place the last is on top.
    let (_, kind) = mounts.max_by_key(|(depth, _)| *depth)?;
    let is_silent =
        SILENT.contains(&kind) || kind.starts_with("fuse.") && kind != "fuse.overlayfs" || kind == "virtiofs";
    is_silent.then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems() {
        let table = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/my\\040share rw - nfs4 host:/x rw
31 22 0:41 / /src rw - fuse.sshfs host:/y rw
32 31 0:42 / /src/fast rw - tmpfs tmpfs rw
";
        for (path, expected) in [
            ("/home/a", None),
            ("/mnt/my share/site", Some("nfs4")),
            ("/src/site", Some("fuse.sshfs")),
            ("/src/fast/site", None),
            ("/srcs", None),
        ] {
            assert_eq!(silent(table, Path::new(path)).as_deref(), expected, "{path}");
        }
    }
}
