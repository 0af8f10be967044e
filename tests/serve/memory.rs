//! A bundle that is not in memory stalls no thread that serves. The kernel counts the times a thread had to wait for a
//! page of a file ("major faults"), so this is no matter of timing.

use std::{fs, path::Path, process::Command};

use super::{commit, large_image, serve};

/// Major faults of the threads that serve, of a process.
fn faults(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of = |task: &Path| {
        let name = fs::read_to_string(task.join("comm")).unwrap();
        let number = name.trim_end().strip_prefix("sitekit-")?.parse::<u32>().ok()?;
        let stat = fs::read_to_string(task.join("stat")).unwrap();
        // The name, in parentheses, may hold anything; proc_pid_stat(5) counts from 1, and this is field 12.
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        Some((number, fields[9].parse::<u64>().unwrap()))
    };
    let found: Vec<_> = tasks.filter_map(|task| of(&task.unwrap().path())).collect();
    assert!(!found.is_empty(), "no thread serves");
    found.iter().map(|(_, faults)| faults).sum()
}

/// Bytes a process had read from disks.
fn from_disk(process: u32) -> u64 {
    let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap();
    io.lines().find_map(|line| line.strip_prefix("read_bytes: ")).unwrap().parse().unwrap()
}

#[test]
fn a_thread_that_serves_never_waits_for_a_page() {
    // On a disk: temporary folders may be in memory.
    let build = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let generation = commit(build.path(), &large_image(1, 1000, 0));
    let serving = serve(build.path(), &["--cache-size", "4MB", "--cache-shards", "1", "--threads", "2"]);
    let process = serving.child.id();
    let ask = |pages: std::ops::Range<usize>| {
        for page in pages {
            let reply = serving.connect().ask("GET", &format!("/docs/{page}"), &[]);
            assert!(reply.status == 200 && reply.text().starts_with(&format!("page {page} of 1")));
        }
    };
    // The program's own pages come in.
    ask(0..50);
    let (faults_before, read_before) = (faults(process), from_disk(process));
    let bundle = build.path().join("docs").join(format!("{generation}.bundle"));
    let file = format!("if={}", bundle.display());
    // Takes the file's pages from memory.
    assert!(Command::new("dd").args([&file, "iflag=nocache", "count=0", "status=none"]).status().unwrap().success());
    ask(500..800);
    assert!(from_disk(process) > read_before, "this file system keeps its files in memory: nothing is shown by this");
    assert_eq!(faults(process), faults_before);
}
