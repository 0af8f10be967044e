//! A build that is killed, and builds that run at once, leave a whole bundle behind: the old one or the new one.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::project::{Project, body};

/// A site that takes a while to compress, of generation `n`.
fn write_site(project: &Project, n: usize) {
    for page in 0..20 {
        let words: Vec<_> = (0..2000).map(|word| ((word * 7919 + page * 104_729 + n) % 9973).to_string()).collect();
        let words = words.join(" ");
        project.write(&format!("sites/a/page-{page}.html"), format!("<!doctype html><p>{n} {words}").as_bytes());
    }
    project.write("sites/a/index.html", format!("<!doctype html><p>generation {n}").as_bytes());
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_bundle() {
    let project = Project::with(&[]);
    write_site(&project, 0);
    let started = Instant::now();
    project.build(&[]);
    let full = started.elapsed();
    let mut newest = 0;
    let kills = 24;
    for n in 1..=kills {
        write_site(&project, n);
        let mut child = project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The moments are spread over the length of a build; a little past its end too.
        thread::sleep(full.mul_f64(1.1 * f64::from(u32::try_from(n).unwrap()) / 24.0));
        child.kill().unwrap();
        child.wait().unwrap();
        let live = project.bundle("a");
        let index = body(&live, "/");
        let generation: usize = index.rsplit(' ').next().unwrap().trim().trim_end_matches("</p>").parse().unwrap();
        assert!(generation == n || generation == newest, "{generation} after {newest}, being built: {n}");
        newest = generation;
        // Every page is of the same generation as the front page.
        assert!(body(&live, "/page-7.html").contains(&format!("<p>{generation} ")), "mixed generations");
    }
    project.build(&[]);
    assert!(body(&project.bundle("a"), "/").contains(&format!("generation {kills}")));
    let left: Vec<_> =
        std::fs::read_dir(project.path("build/a")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("tmp")), "{left:?}");
}

#[test]
fn two_builds_at_once_both_succeed() {
    let project = Project::with(&[]);
    for round in 0..4 {
        write_site(&project, round);
        let mut children: Vec<_> = (0..3)
            .map(|_| project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap())
            .collect();
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        assert!(body(&project.bundle("a"), "/").contains(&format!("generation {round}")));
    }
}

/// The poll is bounded by the build's own end.
#[test]
fn current_names_a_whole_bundle_at_every_moment_of_a_build() {
    let project = Project::with(&[]);
    write_site(&project, 0);
    project.build(&["--profile", "dev"]);
    for n in 1..10 {
        write_site(&project, n);
        let mut child = project
            .command(&["build", "--profile", "dev"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            let index = body(&project.bundle("a"), "/");
            assert!(index.contains("generation"), "{index}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}
