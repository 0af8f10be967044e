//! What is saved is served, however it is saved: each editor's way, whole folders, whole sites, and nothing is built that did
//! not change.

use std::{fs, path::Path, thread, time::Duration};

use serde_json::Value;

use crate::session::Session;

const QUIET: Duration = Duration::from_millis(700);

const SITE: &[(&str, &str)] = &[
    ("sites/docs/config.toml", "title = \"Docs\"\n"),
    ("sites/docs/content/_index.md", "+++\n+++\nStart\n"),
    ("sites/docs/content/guide.md", "+++\n+++\nfirst\n"),
    ("sites/docs/templates/index.html", "<!doctype html><title>x</title><main>{{ section.content | safe }}</main>"),
    ("sites/docs/templates/page.html", "<!doctype html><title>x</title><main>{{ page.content | safe }}</main>"),
    ("sites/docs/static/style.css", "p { color: red }\n"),
    ("sites/other/index.html", "<!doctype html><title>other</title><p>other"),
];

/// Events of this kind for a site.
fn count(events: &[Value], kind: &str, site: &str) -> usize {
    events.iter().filter(|event| event["event"] == kind && event["site"] == site).count()
}

/// Given the file's path, and what it is to hold.
type Save = fn(&Path, &str);

#[test]
fn each_editors_way_of_saving() {
    let guide = |text: &str| format!("+++\n+++\n{text}\n");
    let ways: [(&str, Save); 10] = [
        ("written in place", |path, text| fs::write(path, text).unwrap()),
        ("written in two parts", |path, text| {
            let (first, second) = text.split_at(9);
            let mut file = fs::File::create(path).unwrap();
            std::io::Write::write_all(&mut file, first.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(20));
            std::io::Write::write_all(&mut file, second.as_bytes()).unwrap();
        }),
        ("a temporary file is renamed over it", |path, text| {
            let temporary = path.with_file_name("guide.md.tmp.1234");
            fs::write(&temporary, text).unwrap();
            fs::rename(temporary, path).unwrap();
        }),
        ("vim: the old one becomes a backup, the new one is written", |path, text| {
            fs::write(path.with_file_name("4913"), "").unwrap();
            fs::remove_file(path.with_file_name("4913")).unwrap();
            fs::write(path.with_file_name(".guide.md.swp"), "swap").unwrap();
            fs::rename(path, path.with_file_name("guide.md~")).unwrap();
            fs::write(path, text).unwrap();
            fs::remove_file(path.with_file_name("guide.md~")).unwrap();
            fs::remove_file(path.with_file_name(".guide.md.swp")).unwrap();
        }),
        ("vim with a copy as backup", |path, text| {
            fs::copy(path, path.with_file_name("guide.md~")).unwrap();
            fs::write(path, text).unwrap();
            fs::remove_file(path.with_file_name("guide.md~")).unwrap();
        }),
        ("JetBrains", |path, text| {
            let (new, old) = (path.with_file_name("guide.md___jb_tmp___"), path.with_file_name("guide.md___jb_old___"));
            fs::write(&new, text).unwrap();
            fs::rename(path, &old).unwrap();
            fs::rename(&new, path).unwrap();
            fs::remove_file(old).unwrap();
        }),
        ("GNOME", |path, text| {
            let temporary = path.with_file_name(".goutputstream-A1B2C3");
            fs::write(&temporary, text).unwrap();
            fs::rename(temporary, path).unwrap();
        }),
        ("Emacs, with a lock", |path, text| {
            #[cfg(unix)]
            std::os::unix::fs::symlink("me@here.1234:5678", path.with_file_name(".#guide.md")).unwrap();
            fs::write(path.with_file_name("#guide.md#"), text).unwrap();
            fs::remove_file(path.with_file_name("#guide.md#")).unwrap();
            fs::write(path, text).unwrap();
            #[cfg(unix)]
            fs::remove_file(path.with_file_name(".#guide.md")).unwrap();
        }),
        ("removed, and made again after a moment", |path, text| {
            fs::remove_file(path).unwrap();
            thread::sleep(Duration::from_millis(30));
            fs::write(path, text).unwrap();
        }),
        ("moved here from another folder", |path, text| {
            let elsewhere = path.ancestors().nth(4).unwrap().join("elsewhere.md");
            fs::write(&elsewhere, text).unwrap();
            fs::rename(elsewhere, path).unwrap();
        }),
    ];
    let mut session = Session::start(SITE);
    let path = session.path("sites/docs/content/guide.md");
    for (nth, (way, save)) in ways.into_iter().enumerate() {
        let marker = format!("way-{nth}");
        save(&path, &guide(&marker));
        session.serves("/docs/guide/", &marker);
        let events = session.quiet(QUIET);
        let built = count(&events, "built", "docs");
        assert!((1..=2).contains(&built), "{way}: {events:#?}");
        assert_eq!(count(&events, "built", "other") + count(&events, "failed", "docs"), 0, "{way}: {events:#?}");
        let last = events.iter().rfind(|event| event["event"] == "built").unwrap();
        let differences: Vec<_> = last["differences"].as_array().unwrap().iter().map(|one| &one["path"]).collect();
        assert!(built == 2 || differences == ["/guide/"], "{way}: {last:#}");
    }
}

#[test]
fn what_is_no_change_is_not_built() {
    let mut session = Session::start(SITE);
    session.write("sites/docs/content/.guide.md.swp", "swap");
    session.write("sites/docs/.git/index", "x");
    session.write("README.md", "not a site's");
    fs::read(session.path("sites/docs/content/guide.md")).unwrap();
    assert_eq!(session.quiet(QUIET), [] as [Value; 0]);

    // Written again as it was: built, and nothing differs.
    session.write("sites/docs/content/guide.md", SITE[2].1);
    let built = session.event("built", |_| true);
    assert_eq!((&built["changed"], &built["site"]), (&false.into(), &"docs".into()));
    assert_eq!(session.quiet(QUIET).iter().filter(|event| event["event"] == "built").count(), 0);
}

#[test]
fn folders_come_and_go() {
    let mut session = Session::start(SITE);
    session.write("sites/docs/content/deep/er/page.md", "+++\n+++\ndeep-1\n");
    session.serves("/docs/deep/er/page/", "deep-1");
    // The new folder is watched, too.
    session.write("sites/docs/content/deep/er/page.md", "+++\n+++\ndeep-2\n");
    session.serves("/docs/deep/er/page/", "deep-2");

    // Removed and made again at once, and again.
    for nth in 3..6 {
        fs::remove_dir_all(session.path("sites/docs/content/deep")).unwrap();
        session.write("sites/docs/content/deep/er/page.md", &format!("+++\n+++\ndeep-{nth}\n"));
        session.serves("/docs/deep/er/page/", &format!("deep-{nth}"));
        session.quiet(QUIET);
    }
    session.write("sites/docs/content/deep/er/page.md", "+++\n+++\nstill watched\n");
    session.serves("/docs/deep/er/page/", "still watched");

    fs::rename(session.path("sites/docs/content/deep"), session.path("sites/docs/content/moved")).unwrap();
    session.serves("/docs/moved/er/page/", "still watched");
    assert_eq!(session.ask("GET", "/docs/deep/er/page/", &[]).status, 404);
    session.write("sites/docs/content/moved/er/page.md", "+++\n+++\nmoved\n");
    session.serves("/docs/moved/er/page/", "moved");
    fs::remove_dir_all(session.path("sites/docs/content/moved")).unwrap();
    session.event("built", |built| {
        built["differences"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["path"] == "/moved/er/page/" && one["change"] == "removed")
    });
}

#[test]
fn sites_come_and_go_and_move() {
    let mut session = Session::start(SITE);
    session.write("sites/new/index.html", "<!doctype html><title>new</title><p>new-1");
    session.serves("/new/", "new-1");
    session.write("sites/new/index.html", "<!doctype html><title>new</title><p>new-2");
    session.serves("/new/", "new-2");
    session.quiet(QUIET);

    fs::rename(session.path("sites/new"), session.path("sites/renamed")).unwrap();
    let removed = session.event("removed", |_| true);
    assert_eq!(removed["site"], "new");
    session.serves("/renamed/", "new-2");
    assert_eq!(session.ask("GET", "/new/", &[]).status, 404);
    session.write("sites/renamed/index.html", "<!doctype html><title>new</title><p>new-3");
    session.serves("/renamed/", "new-3");

    fs::remove_dir_all(session.path("sites/renamed")).unwrap();
    session.event("removed", |removed| removed["site"] == "renamed");
    session.write("sites/docs/content/guide.md", "+++\n+++\nothers go on\n");
    session.serves("/docs/guide/", "others go on");

    // A folder that cannot be a site is told, and told when it is gone.
    fs::create_dir(session.path("sites/Not A Site")).unwrap();
    let told = session.event("diagnostics", |told| told["site"].is_null());
    assert!(told["diagnostics"][0]["path"].as_str().unwrap().contains("Not A Site"), "{told:#}");
    fs::remove_dir(session.path("sites/Not A Site")).unwrap();
    let told = session.event("diagnostics", |told| told["site"].is_null());
    assert_eq!(told["diagnostics"], Value::Array(Vec::new()));
}

#[test]
fn a_checkout_of_many_files() {
    let mut session = Session::start(SITE);
    let write = |generation: usize| {
        for nth in 0..1000 {
            let path = session.path(&format!("sites/docs/static/many/{}/{nth}.txt", nth % 20));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{nth} of {generation}")).unwrap();
        }
    };
    write(1);
    write(2);
    for nth in [0, 500, 999] {
        session.serves(&format!("/docs/many/{}/{nth}.txt", nth % 20), &format!("{nth} of 2"));
    }
    fs::remove_dir_all(session.path("sites/docs/static/many")).unwrap();
    session
        .event("built", |built| built["differences"].as_array().unwrap().iter().any(|one| one["change"] == "removed"));
    let events = session.quiet(QUIET);
    assert!(count(&events, "built", "docs") < 5, "{} builds", count(&events, "built", "docs"));
    assert_eq!(session.ask("GET", "/docs/many/0/0.txt", &[]).status, 404);
}

#[test]
fn the_projects_own_files() {
    let mut session = Session::start(SITE);
    session.write(".buildignore", "style.css\n");
    session.event("built", |built| built["site"] == "docs" && built["changed"] == true);
    assert_eq!(session.ask("GET", "/docs/style.css", &[]).status, 404);
    fs::remove_file(session.path(".buildignore")).unwrap();
    session.event("built", |built| built["site"] == "docs" && built["changed"] == true);
    session.serves("/docs/style.css", "red");

    session.write("sitekit.toml", "[build]\nkeeep = 3\n");
    let told = session.event("diagnostics", |told| told["site"].is_null());
    assert!(told["diagnostics"][0]["message"].as_str().unwrap().contains("keeep"), "{told:#}");
    session.write("sitekit.toml", "[build]\nkeep = 3\n");
    session.event("diagnostics", |told| told["site"].is_null() && told["diagnostics"] == Value::Array(Vec::new()));
    session.write("sitekit.toml", "[build]\nkeep = 3\nsites = \"elsewhere\"\n");
    session.event("notice", |notice| notice["message"].as_str().unwrap().contains("next start"));
}

#[test]
fn a_command_before_the_build_runs_for_its_inputs_and_does_not_run_for_its_outputs() {
    // Without `inputs`, too: it writes at each build, and that is no reason for another.
    for inputs in ["", "inputs = [\"words.txt\"]\n"] {
        let hooks =
            format!("[hooks]\nbefore = \"date +%N > static/stamp.txt; cp words.txt static/said.txt\"\n{inputs}");
        let config = format!("title = \"Docs\"\n{hooks}");
        let files: Vec<_> = SITE
            .iter()
            .map(|&(path, text)| (path, if path.ends_with("config.toml") { config.as_str() } else { text }))
            .chain([("sites/docs/words.txt", "one")])
            .collect();
        let mut session = Session::start(&files);
        session.serves("/docs/said.txt", "one");
        assert_eq!(count(&session.quiet(QUIET), "built", "docs"), 0, "{inputs}");
        session.write("sites/docs/words.txt", "two");
        session.serves("/docs/said.txt", "two");
        let events = session.quiet(QUIET);
        assert!((1..=2).contains(&count(&events, "built", "docs")), "{inputs}: {events:#?}");
    }
}

#[test]
fn where_no_one_tells_of_changes_they_are_looked_for() {
    let mut session = Session::start_in(crate::project(SITE), &["--poll=100ms"]);
    session.write("sites/docs/content/guide.md", "+++\n+++\nfound\n");
    session.serves("/docs/guide/", "found");
    session.write("sites/docs/content/more.md", "+++\n+++\nmore\n");
    session.serves("/docs/more/", "more");
    fs::remove_file(session.path("sites/docs/content/more.md")).unwrap();
    session.event("built", |built| built["differences"][0]["change"] == "removed");
    // A look between two writes makes one more build of nothing; after that there is no reason for any.
    session.quiet(QUIET);
    assert_eq!(count(&session.quiet(QUIET), "built", "docs"), 0);
}

#[test]
fn build_goes_on_with_watch() {
    let folder = crate::project(SITE);
    let mut command = crate::sitekit(Path::new("."), &["build", "--watch", "--json", "--profile", "dev"]);
    command.current_dir(folder.path()).stdout(std::process::Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(process.stdout.take().unwrap()));
    let mut next = |site: &str| {
        lines.by_ref().map_while(Result::ok).find_map(|line| {
            let event: Value = serde_json::from_str(&line).unwrap();
            (event["event"] == "built" && event["site"] == site).then_some(event)
        })
    };
    let first = next("docs").unwrap();
    next("other").unwrap();
    // It watches before it builds, so what is written now is not missed.
    fs::write(folder.path().join("sites/docs/content/guide.md"), "+++\n+++\nsecond\n").unwrap();
    let second = next("docs").unwrap();
    assert_ne!(first["generation"], second["generation"]);
    assert_eq!(second["differences"][0]["path"], "/guide/");
    process.kill().unwrap();
    process.wait().unwrap();
}

/// A command that takes longer than changes are waited for.
#[test]
fn a_slow_command_does_not_run_because_of_what_it_writes() {
    let command = "cp words.txt static/said.txt; date +%N > static/stamp.txt; sleep 0.7; date +%N > static/late.txt";
    let config = format!("title = \"Docs\"\n[hooks]\nbefore = \"{command}\"\n");
    let files: Vec<_> = SITE
        .iter()
        .map(|&(path, text)| (path, if path.ends_with("config.toml") { config.as_str() } else { text }))
        .chain([("sites/docs/words.txt", "one")])
        .collect();
    let mut session = Session::start(&files);
    session.serves("/docs/said.txt", "one");
    session.write("sites/docs/words.txt", "two");
    session.serves("/docs/said.txt", "two");
    assert_eq!(count(&session.quiet(2 * QUIET), "built", "docs"), 1);

    // What a person writes while it runs is not lost, though the command has read the file already.
    session.write("sites/docs/words.txt", "three");
    session.event("building", |_| true);
    thread::sleep(Duration::from_millis(300));
    session.write("sites/docs/words.txt", "four");
    session.serves("/docs/said.txt", "four");
    assert!(count(&session.quiet(2 * QUIET), "built", "docs") <= 3);
}
