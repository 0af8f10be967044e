//! The command a site wants run before it is read: what it makes is published, what it says when it fails is told, and it
//! runs again when there is a reason to.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write},
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use crate::project::Project;

const PAGE: &str = "<!doctype html><html lang=en><title>A</title><p>Hello.</p>";

/// A site with this in its configuration.
fn project(hooks: &str) -> Project {
    Project::with(&[
        ("sites/a/index.html", PAGE),
        ("sites/a/words.txt", "one"),
        ("sites/a/config.toml", &format!("[hooks]\n{hooks}\n")),
    ])
}

/// A command that makes `made.txt` of `words.txt`, and counts how often it ran where the site is not.
const COUNTED: &str = "before = 'sed s/^/made-of-/ words.txt > made.txt; echo x >> ../../runs'\ninputs = 'words.txt'";

fn runs(project: &Project) -> usize {
    fs::read_to_string(project.path("runs")).unwrap_or_default().lines().count()
}

#[test]
fn what_it_makes_is_published() {
    let project = project("before = 'printf \"$SITEKIT_SITE $SITEKIT_PROFILE $(cat words.txt)\" > made.txt'");
    let run = project.build(&["--profile", "dev"]);
    assert_eq!(project.text("a", "/made.txt"), "a dev one");
    assert!(run.stderr.contains("a: running printf"), "{}", run.stderr);
    project.write("sites/a/words.txt", b"two");
    project.build(&[]);
    assert_eq!(project.text("a", "/made.txt"), "a prod two");
}

#[test]
fn it_says_nothing_while_all_goes_well() {
    let project = project("before = 'echo to standard output; echo to standard error >&2'");
    let run = project.build(&["--quiet"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[test]
fn what_it_says_when_it_fails_is_told() {
    let project = project("before = 'true'");
    project.build(&[]);
    let live = project.bundle("a").generation();
    project.write(
        "sites/a/config.toml",
        b"title = 'A'\n[hooks]\nbefore = 'for n in $(seq 30); do echo line $n; done; printf \"\\033[31mred\\033[0m\" >&2; exit 3'\n",
    );
    project.write("sites/b/index.html", PAGE.as_bytes());
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    for part in [
        "the command before the build ended with exit status 3",
        "sites/a/config.toml:3:10",
        "line 12",
        "line 30",
        "red",
        "a was not built; what was published stays",
    ] {
        assert!(run.stderr.contains(part) || run.stdout.contains(part), "{part}: {}{}", run.stdout, run.stderr);
    }
    assert!(!run.stderr.contains("line 11\n") && !run.stderr.contains('\u{1b}'), "its last lines: {}", run.stderr);
    assert_eq!(project.bundle("a").generation(), live);
    assert_eq!(project.text("b", "/").len(), project.text("a", "/").len(), "the other site is built");

    project.write("sites/a/config.toml", b"[hooks]\nbefore = 'no-such-command-anywhere'\n");
    let run = project.run(&["build", "--site", "a"]);
    assert!(run.code == 1 && run.stderr.contains("exit status 127"), "{}", run.stderr);
    assert!(run.stderr.contains("no-such-command-anywhere: not found"), "{}", run.stderr);
}

#[test]
fn it_is_skipped_while_nothing_it_reads_changes() {
    let project = project(COUNTED);
    let mut expected = 0;
    let mut check = |why: &str, ran: bool, profile: &str| {
        let run = project.build(&["--json", "--profile", profile]);
        expected += usize::from(ran);
        assert_eq!(runs(&project), expected, "{why}");
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(json["sites"][0]["hook"], if ran { "ran" } else { "skipped" }, "{why}");
        let words = fs::read_to_string(project.path("sites/a/words.txt")).unwrap();
        assert_eq!(project.text("a", "/made.txt"), format!("made-of-{words}"), "{why}");
    };
    check("the first build", true, "prod");
    check("nothing changed", false, "prod");
    project.write("sites/a/index.html", b"<!doctype html><title>B</title>");
    check("a page changed that it does not read", false, "prod");
    project.write("sites/a/words.txt", b"two");
    check("what it reads changed", true, "prod");
    check("nothing changed", false, "prod");
    project.write("sites/a/words.txt", b"two");
    check("what it reads was written as it was", false, "prod");
    project.write("sites/a/made.txt", b"by hand");
    check("what it made is not what it was", true, "prod");
    project.remove("sites/a/made.txt");
    check("what it made is gone", true, "prod");
    check("another profile", true, "dev");
    check("nothing changed", false, "dev");
    project.remove_cache();
    check("nothing is known of it", true, "dev");
    let changed = COUNTED.replace("echo x", "echo y");
    project.write("sites/a/config.toml", format!("[hooks]\n{changed}").as_bytes());
    check("another command", true, "dev");
}

#[test]
fn what_it_reads_and_writes_is_no_reason_to_run_again() {
    let project = project("before = 'sort words.txt -o words.txt; echo x >> ../../runs'\ninputs = '**/*.txt'");
    project.write("sites/a/words.txt", b"b\na\n");
    for expected in [1, 1] {
        project.build(&[]);
        assert_eq!((runs(&project), project.text("a", "/words.txt").as_str()), (expected, "a\nb\n"));
    }
    project.write("sites/a/more/words.txt", b"a new file that a pattern matches");
    project.build(&[]);
    assert_eq!(runs(&project), 2);
}

#[test]
fn without_inputs_it_runs_for_every_build() {
    let project = project("before = 'echo x >> ../../runs'");
    for expected in 1..=3 {
        project.build(&[]);
        assert_eq!(runs(&project), expected);
    }
}

#[test]
fn one_that_failed_runs_again_though_nothing_changed() {
    let project = project("before = 'echo x >> ../../runs; test -e ../../fine'\ninputs = 'words.txt'");
    for expected in 1..=2 {
        assert_eq!(project.run(&["build"]).code, 1);
        assert_eq!(runs(&project), expected);
    }
    project.write("fine", b"");
    project.build(&[]);
    project.build(&[]);
    assert_eq!(runs(&project), 3);
}

#[test]
fn patterns_that_match_nothing_are_told() {
    let project = project("before = 'true'\ninputs = ['words.txt', 'wrods/*.txt']");
    let run = project.build(&[]);
    assert!(run.stderr.contains("no file of the site matches this pattern"), "{}", run.stderr);
    assert!(run.stderr.contains("sites/a/config.toml:3:24"), "{}", run.stderr);
}

#[test]
fn nothing_is_run_where_the_configuration_is_wrong() {
    let project = project("before = 'echo x >> ../../runs'\ninptus = 'words.txt'");
    for command in ["build", "check"] {
        let run = project.run(&[command]);
        assert_eq!(run.code, if command == "build" { 1 } else { 2 }, "{}", run.stderr);
        assert_eq!(runs(&project), 0, "{command}");
    }
}

/// `check` reads the tables, and runs nothing.
#[test]
fn a_check_reads_the_configuration() {
    let project = project("before = 'echo x >> ../../runs'");
    project.build(&[]);
    assert_eq!(project.run(&["check"]).code, 0);
    project.write("sites/a/config.toml", b"[hooks]\nbefore = ''\n");
    let run = project.run(&["check"]);
    assert!(run.code == 1 && run.stderr.contains("`hooks.before` cannot be empty"), "{}", run.stderr);
    let run = project.run(&["check", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["diagnostics"][0]["message"], "`hooks.before` cannot be empty");
    assert_eq!(runs(&project), 1);
}

/// A server for development that the command starts, and forgets, does not keep the build waiting.
#[test]
fn what_it_leaves_running_is_not_waited_for() {
    let project = project("before = 'cat ../../pipe > ../../got & echo started'");
    pipe(&project);
    project.build(&[]);
    fs::File::options().write(true).open(project.path("pipe")).unwrap().write_all(b"late").unwrap();
}

/// However we end, to ourselves alone or as a member of a group: a command, and what it started, does not go on without us. One
/// that is stopped, or closes its outputs, ends as well, and so does one that heeds no signal.
#[test]
fn it_ends_with_us_and_so_do_its_children() {
    let child = "sh -c \"echo \\$\\$ > ../../pipe; sleep 600\"; true";
    let deaf = "trap \"\" TERM; sh -c \"echo \\$\\$ > ../../pipe; sleep 600; sleep 600\"; true";
    let stopped = "sh -c \"echo \\$\\$ > ../../pipe; kill -s STOP \\$\\$\"; true";
    for (command, signal, group) in [
        (child, "TERM", true),
        (child, "INT", false),
        (child, "TERM", false),
        (child, "HUP", false),
        (child, "KILL", false),
        (stopped, "TERM", false),
        (deaf, "TERM", false),
    ] {
        let project = project(&format!("before = '{command}'"));
        pipe(&project);
        let mut build = project.command(&["build"]);
        let mut build = build.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let child = fs::read_to_string(project.path("pipe")).unwrap();
        let whom = format!("{}{}", if group { "-" } else { "" }, build.id());
        kill(&["-s", signal, "--", &whom]);
        assert!(!build.wait().unwrap().success());
        while is_alive(child.trim()) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A server that watches ends by itself when it is told to.
#[test]
fn a_session_that_is_told_to_stop_ends_it() {
    let commands = [
        "sh -c \"echo \\$\\$ > ../../pipe; sleep 600\"; true",
        "sh -c \"echo \\$\\$ > ../../pipe; exec > /dev/null 2>&1; sleep 600\"; true",
        "sh -c \"echo \\$\\$ > ../../pipe; while :; do echo more; done\"; true",
    ];
    for command in commands {
        let project = project("before = 'true'");
        project.build(&["--profile", "dev"]);
        let mut dev = project.command(&["dev", "--addr", "127.0.0.1:0"]);
        let mut dev = dev.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(dev.stdout.take().unwrap()).lines();
        assert!(said.by_ref().map_while(Result::ok).any(|line| line.contains("Ctrl-C stops")));
        pipe(&project);
        project.write("sites/a/config.toml", format!("[hooks]\nbefore = '{command}'\n").as_bytes());
        let child = fs::read_to_string(project.path("pipe")).unwrap();
        kill(&["-s", "TERM", &dev.id().to_string()]);
        assert!(dev.wait().unwrap().success());
        while is_alive(child.trim()) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn is_alive(process: &str) -> bool {
    Command::new("kill").args(["-s", "0", process]).stderr(Stdio::null()).status().unwrap().success()
}

fn pipe(project: &Project) {
    assert!(Command::new("mkfifo").arg(project.path("pipe")).status().unwrap().success());
}

fn kill(arguments: &[&str]) {
    assert!(Command::new("kill").args(arguments).status().unwrap().success());
}
