//! Whatever happens, and however fast: when it is over, what is served is what a build of nothing but the sources makes.

use std::{fs, path::Path, thread, time::Duration};

use crate::{session::Session, sitekit};

const SITE: &[(&str, &str)] = &[
    ("sites/a/config.toml", "title = \"A\"\n"),
    ("sites/a/content/_index.md", "+++\nsort_by = \"weight\"\n+++\nStart\n"),
    (
        "sites/a/templates/base.html",
        "<!doctype html><html lang=en><head><title>{% block title %}{% endblock %}</title><link rel=stylesheet href=\"{{ asset(path='main.css') }}\"><script type=module src=\"{{ asset(path='main.ts') }}\"></script></head><body>{% block body %}{% endblock %}</body></html>",
    ),
    (
        "sites/a/templates/index.html",
        "{% extends \"base.html\" %}{% block title %}{{ config.title }}{% endblock %}{% block body %}{% for page in section.pages %}<p>{{ page.title }}</p>{% endfor %}{% endblock %}",
    ),
    (
        "sites/a/templates/page.html",
        "{% extends \"base.html\" %}{% block title %}{{ page.title }}{% endblock %}{% block body %}{{ page.content | safe }}{% endblock %}",
    ),
    ("sites/a/assets/main.css", "p { color: red }\n"),
    ("sites/a/assets/main.ts", "import { word } from './word';\ndocument.title += word;\n"),
    ("sites/a/assets/word.ts", "export const word: string = 'one';\n"),
    ("sites/a/static/plain.txt", "plain\n"),
];

/// A small generator of numbers, so that a run that fails can be done again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Does something to the sources, as people do; sometimes a mistake.
fn edit(folder: &Path, chance: &mut Chance, nth: u64) {
    let site = folder.join("sites/a");
    let page = site.join(format!("content/page-{}.md", chance.below(6)));
    let text = format!("+++\ntitle = \"Title {nth}\"\nweight = {}\n+++\nText {nth}\n", chance.below(9));
    match chance.below(13) {
        0..=3 => fs::write(page, text).unwrap(),
        4 => {
            let temporary = site.join("content/.temporary");
            fs::write(&temporary, text).unwrap();
            fs::rename(temporary, page).unwrap();
        }
        5 => drop(fs::remove_file(page)),
        6 => fs::write(site.join("assets/main.css"), format!("p {{ margin: {nth}px }}\n")).unwrap(),
        7 => fs::write(site.join("assets/word.ts"), format!("export const word: string = '{nth}';\n")).unwrap(),
        8 => {
            let folder = site.join(format!("content/folder-{}", chance.below(2)));
            if chance.below(2) == 0 {
                drop(fs::remove_dir_all(folder));
            } else {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join("inner.md"), text).unwrap();
            }
        }
        9 => fs::write(site.join("static/plain.txt"), format!("{nth}\n")).unwrap(),
        10 => fs::write(page, "+++\ntitle = \"never closed\n").unwrap(),
        11 => fs::write(site.join("config.toml"), format!("title = \"A {nth}\"\n")).unwrap(),
        _ => {
            let template = site.join("templates/page.html");
            let text = fs::read_to_string(&template).unwrap();
            fs::write(template, text.replace("{{ page.content", &format!("<i>{nth}</i>{{{{ page.content"))).unwrap();
        }
    }
}

/// Takes away what may be wrong.
fn mend(folder: &Path) {
    for nth in 0..6 {
        let page = folder.join(format!("sites/a/content/page-{nth}.md"));
        if fs::read_to_string(&page).is_ok_and(|text| text.contains("never closed")) {
            fs::remove_file(page).unwrap();
        }
    }
}

/// The generation that a build of the sources makes which knows nothing of what was built before.
fn cold(folder: &Path) -> String {
    let out = folder.join("cold");
    drop(fs::remove_dir_all(&out));
    let mut build = sitekit(folder, &["build", "--quiet", "--profile", "dev", "--out", "cold"]);
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(out.join("a/current")).unwrap().trim().trim_end_matches(".bundle").to_owned()
}

/// The generation that answers.
fn served(session: &Session) -> String {
    let reply = session.ask("GET", "/a/", &[]);
    reply.field("sitekit-generation").unwrap_or_default().to_owned()
}

#[track_caller]
fn settles(session: &mut Session, seed: u64) {
    session.quiet(Duration::from_secs(1));
    let cold = cold(session.folder.path());
    assert_eq!(served(session), cold, "with seed {seed}");
}

#[test]
fn a_burst_of_rapid_edits() {
    for seed in 1..=3 {
        let mut session = Session::start(SITE);
        let mut chance = Chance(seed);
        for nth in 0..120 {
            edit(session.folder.path(), &mut chance, nth);
            if chance.below(3) == 0 {
                thread::sleep(Duration::from_millis(chance.below(40)));
            }
        }
        mend(session.folder.path());
        settles(&mut session, seed);
    }
}

#[test]
fn killed_in_the_middle_and_started_again() {
    let mut chance = Chance(7);
    let mut folder = crate::project(SITE);
    for round in 0..6 {
        let session = Session::start_in(folder, &[]);
        for nth in 0..10 {
            edit(session.folder.path(), &mut chance, round * 100 + nth);
            thread::sleep(Duration::from_millis(chance.below(30)));
        }
        folder = session.kill();
    }
    mend(folder.path());
    let mut session = Session::start_in(folder, &[]);
    settles(&mut session, 7);
}

#[test]
fn it_ends_when_it_is_told_to_whatever_it_does() {
    let files: Vec<_> = SITE.iter().copied().filter(|(path, _)| !path.ends_with("config.toml")).collect();
    let slow =
        ("sites/a/config.toml", "title = \"A\"\n[hooks]\nbefore = \"if test -e slow; then exec sleep 100; fi\"\n");
    let mut session = Session::start(&[files, vec![slow]].concat());
    let messages = session.messages("site=a&generation=");
    session.write("sites/a/slow", "");
    session.event("building", |_| true);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(session.stop(), 0);
    messages.end();
    // What it left is good: the next one starts from it.
    let folder = session.folder.path();
    fs::remove_file(folder.join("sites/a/slow")).unwrap();
    let build = sitekit(folder, &["build", "--quiet", "--profile", "dev"]).output().unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let left: Vec<_> = fs::read_dir(folder.join("build/a")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("tmp")), "{left:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_done_while_nothing_happens() {
    let mut session = Session::start(SITE);
    let _messages = session.messages("site=a&generation=");
    session.quiet(Duration::from_secs(1));
    let ticks = || -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", session.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum()
    };
    let before = ticks();
    thread::sleep(Duration::from_secs(6));
    // In hundredths of a second, on most systems.
    assert!(ticks() - before <= 1, "{} ticks in 6 seconds", ticks() - before);
}
