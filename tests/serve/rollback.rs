//! Going back, through the binary, with a server running and without.

use std::{fs, path::Path};

use super::{commit_keeping, image, output, serve, stderr};

/// Five generations of `docs`, their names, the oldest first; the last is live.
fn built(build: &Path) -> Vec<String> {
    (1..=5).map(|generation| commit_keeping(build, &image("docs", generation), 5)).collect()
}

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn rollback(build: &Path, arguments: &[&str]) -> Run {
    let run = output(&[&["rollback", "--build", build.to_str().unwrap()], arguments].concat());
    Run { code: run.status.code(), err: stderr(&run).to_owned(), out: String::from_utf8(run.stdout).unwrap() }
}

fn live(build: &Path) -> String {
    fs::read_to_string(build.join("docs/current")).unwrap().trim_end().to_owned()
}

#[test]
fn a_running_server_goes_back_and_forward() {
    let build = tempfile::tempdir().unwrap();
    let build = build.path();
    let names = built(build);
    let mut serving = serve(build, &[]);
    let mut connection = serving.connect();
    assert_eq!(connection.ask("GET", "/docs/", &[]).field("x-generation"), Some("5"));
    for (arguments, expected) in [
        (&["docs"][..], 4),
        (&["docs"], 3),
        (&["docs", &names[0]], 1),
        (&["docs", &names[4][..10]], 5),
        (&["docs", &names[1]], 2),
        (&["docs"], 1),
        (&["docs", &names[2].to_uppercase()], 3),
    ] {
        let before = live(build);
        let run = rollback(build, arguments);
        let name = &names[expected - 1];
        assert_eq!(run.out, format!("docs: generation {name} is live, before it was {before}\n"), "{}", run.err);
        assert_eq!((run.code, &live(build)), (Some(0), name));
        serving.is_live_again(name, &before);
        let reply = connection.ask("GET", "/docs/", &[]);
        assert_eq!(reply.field("x-generation"), Some(&*expected.to_string()), "{arguments:?}");
    }
    // A build after that is a build: it goes live, and the way back leads to what was live before it.
    let sixth = commit_keeping(build, &image("docs", 6), 5);
    serving.is_live(&sixth);
    assert_eq!(rollback(build, &["docs"]).code, Some(0));
    assert_eq!(live(build), names[2]);
}

impl super::Serving {
    /// Waits until the log says that this generation went live after that one.
    fn is_live_again(&mut self, generation: &str, before: &str) {
        self.wait_for(|event| {
            event["message"] == "live" && event["generation"] == generation && event["before"] == before
        });
    }
}

#[test]
fn the_list() {
    let build = tempfile::tempdir().unwrap();
    let names = built(build.path());
    assert_eq!(rollback(build.path(), &["docs"]).code, Some(0));
    let run = rollback(build.path(), &["docs", "--list"]);
    let lines: Vec<Vec<&str>> = run.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["generation", "age", "size", "routes"]);
    assert_eq!(lines[1..].iter().map(|line| line[0]).collect::<Vec<_>>(), names.iter().rev().collect::<Vec<_>>());
    let marks: Vec<_> = lines[1..].iter().map(|line| line.contains(&"live")).collect();
    assert_eq!((run.code, marks), (Some(0), vec![false, true, false, false, false]));
}

#[test]
fn what_cannot_be_gone_back_to() {
    let build = tempfile::tempdir().unwrap();
    let build = build.path();
    let names = built(build);
    for (arguments, part) in [
        (&["docs", "0123456789abcdef0123456789abcdef"][..], "no generation begins with `0123456789abcdef"),
        (&["docs", &names[4]], "is live already"),
        (&["docs", "newest"], "32 hexadecimal digits"),
        (&["dcos"], "did you mean `docs`?"),
        (&["Docs"], "lower-case"),
        (&["docs", "--list", "ab"], "cannot be used with"),
        (&[], "<SITE>"),
    ] {
        let run = rollback(build, arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(part), "{arguments:?}: {}", run.err);
        assert_eq!(live(build), names[4], "{arguments:?}");
    }
    // Those that are there are listed.
    let unknown = rollback(build, &["docs", "0123456789abcdef"]).err;
    assert!(names.iter().all(|name| unknown.contains(name)), "{unknown}");
    assert_eq!(rollback(build, &["docs", &names[0]]).code, Some(0));
    let oldest = rollback(build, &["docs"]);
    assert_eq!(oldest.code, Some(2));
    assert!(oldest.err.contains("there is no generation before the live one"), "{}", oldest.err);
    let nowhere = rollback(&build.join("nowhere"), &["docs"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.contains("`sitekit build` makes them"), "{}", nowhere.err);
}

/// The last byte that is no filling belongs to a body: opening alone would not see that it is wrong.
#[test]
fn a_damaged_generation_stays_where_it_is() {
    let build = tempfile::tempdir().unwrap();
    let build = build.path();
    let names = built(build);
    let path = build.join(format!("docs/{}.bundle", names[3]));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let run = rollback(build, &["docs", &names[3]]);
    assert_eq!((run.code, live(build)), (Some(1), names[4].clone()));
    assert!(run.out.contains("nothing was changed") && run.out.contains("is damaged"), "{}", run.out);
    // A bundle under another's name is not what it says it is.
    fs::copy(build.join(format!("docs/{}.bundle", names[0])), &path).unwrap();
    let run = rollback(build, &["docs", &names[3]]);
    assert_eq!((run.code, live(build)), (Some(1), names[4].clone()));
    assert!(run.out.contains(&format!("holds generation {}", names[0])), "{}", run.out);
    // The way past it.
    assert_eq!(rollback(build, &["docs", &names[2]]).code, Some(0));
}

/// `current` was lost: naming a generation brings the site back.
#[test]
fn going_back_from_nowhere() {
    let build = tempfile::tempdir().unwrap();
    let build = build.path();
    let names = built(build);
    fs::write(build.join("docs/current"), "nonsense").unwrap();
    let run = rollback(build, &["docs"]);
    assert!(run.code == Some(2) && run.err.contains("none of its generations is live"), "{}", run.err);
    let run = rollback(build, &["docs", &names[4]]);
    assert_eq!((run.code, run.out), (Some(0), format!("docs: generation {} is live\n", names[4])));
    assert_eq!(live(build), names[4]);
}
