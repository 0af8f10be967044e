//! Scripts and style sheets made of real packages from npm, as a browser runs them. Each fixture is a site that uses a
//! package the way pages do and says on its root element what came of it. The binary builds and serves it; a headless
//! Chromium opens it. A message in the console, a failed request, a file that was built and is not served as what it is:
//! each is a fault.
//!
//! The packages are installed by `tests/setup`, in the versions of `tests/assets/fixtures/package-lock.json`.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

#[expect(dead_code, reason = "a fixture is looked at in one way")]
#[path = "browser/chromium.rs"]
mod chromium;
#[expect(dead_code, reason = "the requests of these tests are simple ones")]
mod client;
#[path = "browser/server.rs"]
mod server;
#[path = "assets/source_map.rs"]
mod source_map;

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use chromium::Browser;
use client::{Connection, Reply};
use serde_json::{Value, json};
use server::Served;
use sha2::{Digest, Sha384};
use sitekit::site::{BuiltFile, BuiltKind};
use source_map::SourceMap;
use url::Url;

/// The project all fixtures are sites of.
const PROJECT: &str = "tests/assets/fixtures";

/// What a visitor does, and what the page says then.
type Step<'a> = (&'a str, &'a str);

/// Nothing but to look.
const LOOK: &str = "";

#[test]
fn preact_with_signals_and_a_css_module() {
    check(
        "preact",
        &[
            (LOOK, "90 g, 2 left, asked 0 times"),
            ("document.querySelector('#ask').click()", "90 g, 2 left, asked 1 times"),
            ("document.querySelector('input').click()", "2190 g, 1 left, asked 1 times"),
            ("document.querySelector('#all').click()", "2540 g, 0 left, asked 1 times"),
        ],
    );
}

#[test]
fn react_with_context_a_lazy_component_and_json() {
    check(
        "react",
        &[
            (LOOK, "12: 3 departures"),
            ("document.querySelectorAll('.stop')[0].click()", "Station, 17:55 to 17:55"),
            ("document.querySelectorAll('.stop')[2].click()", "Station to Harbour, 17:55 to 18:30"),
            ("document.querySelector('#clock').click()", "Station to Harbour, 5:55 pm to 6:30 pm"),
        ],
    );
}

#[test]
fn three_draws_a_scene() {
    check("three", &[(LOOK, "3200 triangles")]);
}

#[test]
fn lodash_functions() {
    check(
        "lodash",
        &[
            (LOOK, "East New 230400, South 152250, North West 139950"),
            (
                "const find = document.querySelector('#find'); find.value = '('; find.dispatchEvent(new Event('input'))",
                "East New 230400",
            ),
        ],
    );
}

#[test]
fn d3_from_a_script_inside_the_page() {
    check("d3", &[(LOOK, "7 bars, 12 ticks")]);
}

#[test]
fn bootstrap_from_its_sass_and_its_scripts() {
    check(
        "bootstrap",
        &[
            (LOOK, "closed"),
            ("document.querySelector('#open').click()", "Cancel this order? rgb(106, 27, 154)"),
            ("document.querySelector('.btn-close').click()", "Orders can be cancelled until they are sent."),
        ],
    );
}

#[test]
fn htmx_swaps_a_fragment_in() {
    check(
        "htmx",
        &[(LOOK, "Buy bread"), ("document.querySelector('#more').click()", "Buy bread, Water the plants, Call Ada")],
    );
}

#[test]
fn a_font_from_style_sheets_of_a_package() {
    check("font", &[(LOOK, "Inter 400, Inter 700 on rgb(250, 248, 240)")]);
}

#[test]
fn chunks_that_are_imported_later_share_one_state() {
    check("shared", &[(LOOK, "2 events; chart: 20 points after 0 events; scene: 19 wide after 1 events")]);
}

#[test]
fn what_may_be_needed_is_fetched_and_does_not_run() {
    check(
        "later",
        &[
            (
                LOOK,
                "view in rgb(1, 2, 3); prefetch editor.css, modulepreload words.js, modulepreload editor.js; closed",
            ),
            ("document.querySelector('#edit').click()", "editor in rgb(4, 5, 6), 1 words"),
        ],
    );
}

#[test]
fn a_worker_and_what_modules_import_besides_scripts() {
    check(
        "worker",
        &[(
            LOOK,
            "25 primes, the largest is 97; images 96 and 48 wide; notes are the same; \
             production false true at /worker/; https://api.example.com/v1",
        )],
    );
}

#[test]
fn patterns_that_mean_many_files() {
    check(
        "views",
        &[(
            LOOK,
            "./views/about.ts ./views/home.ts; home 1; about 2; There is no module ./views/nowhere.ts; # One# Two; 30 wide",
        )],
    );
}

#[test]
fn a_content_site_asks_for_its_assets_by_name() {
    check("content", &[(LOOK, "3 words; rgb(40, 20, 90); rgb(148, 138, 173)")]);
}

#[test]
fn search_indexes_in_the_libraries_they_are_for() {
    check(
        "search",
        &[(
            LOOK,
            "A bowl /search/bowl/, A jug /search/jug/; A jug /search/jug/; nothing; \
             Un bol /search/fr/bowl/; Une cruche /search/fr/jug/; nothing",
        )],
    );
}

#[test]
fn tailwind_runs_before_the_build() {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROJECT).join("sites/tailwind/style.css");
    let _ = fs::remove_file(&made);
    check("tailwind", &[(LOOK, "rgb(10, 60, 90), 32px, 13px")]);
    let style = fs::read_to_string(made).unwrap();
    for used in [".bg-brand", ".p-8", ".hover\\:underline", ".mt-\\[13px\\]"] {
        assert!(style.contains(used), "{used} is used");
    }
    for unused in [".p-4", ".flex", ".bg-red-500", ".italic"] {
        assert!(!style.contains(unused), "{unused} is not used");
    }
}

#[test]
fn source_maps_lead_to_the_line_that_threw() {
    visit("maps", async |visit| {
        let stack = visit.act("document.querySelector('#pay').click()", None).await;
        let frames: Vec<(String, usize, usize)> = stack.lines().filter_map(frame).collect();
        for (at, source, text) in [
            (0, "price.ts", "throw new NoPrice("),
            (1, "basket.ts", "cents(item)"),
            (2, "basket.ts", ".map("),
            (3, "main.ts", "total(basket, "),
        ] {
            visit.source_line(&frames[at], source, text);
        }
    });
}

/// Builds, serves and opens a fixture, and does the steps.
#[track_caller]
fn check(site: &str, steps: &[Step<'_>]) {
    visit(site, async |visit| {
        for (act, expected) in steps {
            let said = visit.act(act, Some(expected)).await;
            visit.expect(said == *expected, || format!("after `{act}` it says {said:?}, not {expected:?}"));
        }
    });
}

#[track_caller]
fn visit(site: &str, steps: impl AsyncFnOnce(&mut Visit)) {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROJECT).join("node_modules");
    assert!(packages.is_dir(), "the fixtures need packages from npm: run tests/setup");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let build = tempfile::tempdir().unwrap();
    let served = Served::start(PROJECT, site, "prod", build.path());
    let manifest = fs::read(build.path().join(site).join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["site"], site);
    let files = serde_json::from_value(manifest["files"].take()).unwrap();
    let faults = runtime.block_on(async {
        let browser = Browser::start().await;
        browser.client.goto(&format!("{}/{site}/", served.origin)).await.unwrap();
        let mut visit = Visit { site, served: &served, files, browser, faults: Vec::new() };
        steps(&mut visit).await;
        visit.what_was_loaded().await;
        visit.what_was_built();
        visit.faults.extend(visit.browser.faults().await.unwrap());
        visit.browser.close().await.unwrap();
        visit.faults
    });
    assert!(faults.is_empty(), "{site} has {} faults:\n{}", faults.len(), faults.join("\n"));
}

struct Visit<'a> {
    site: &'a str,
    served: &'a Served,
    /// By path, as the manifest tells of them.
    files: BTreeMap<String, BuiltFile>,
    browser: Browser,
    faults: Vec<String>,
}

impl Visit<'_> {
    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(otherwise());
        }
    }

    /// Runs a script in the page and gives what the page says: what is expected, anything when nothing is, or what it
    /// still says after a long time.
    async fn act(&self, act: &str, expected: Option<&str>) -> String {
        let script = format!(
            "const [expected, done] = arguments; \
             const root = document.documentElement; \
             const look = () => {{ \
               const said = root.dataset.ready; \
               if (expected === null ? said !== undefined : said === expected) done(said); \
             }}; \
             new MutationObserver(look).observe(root, {{ attributes: true }}); \
             setTimeout(() => done(root.dataset.ready ?? 'nothing'), 20_000); \
             {{ {act} }} \
             look();"
        );
        let said = self.browser.client.execute_async(&script, vec![json!(expected)]).await.unwrap();
        said.as_str().unwrap_or_default().to_owned()
    }

    /// Scripts and style sheets are known by their integrity, whoever asks for them, and their addresses are those of
    /// built files.
    async fn what_was_loaded(&mut self) {
        let page = include_str!("assets/loaded.js");
        let page = self.browser.client.execute(page, Vec::new()).await.unwrap();
        let known = &page["integrity"];
        for (address, kind) in page["loaded"].as_object().unwrap() {
            let path = address.strip_prefix(&self.base()).unwrap_or(address);
            let built = self.files.get(path);
            let is_code = built.is_some_and(|file| file.kind != BuiltKind::File);
            let integrity = built.map_or(Value::Null, |file| json!(file.integrity));
            let is_worker = kind == "worker";
            self.expect(built.is_some(), || format!("{address} was loaded and is not in the manifest"));
            self.expect(!is_code || is_worker || known[address] == integrity, || {
                format!("{address} was loaded by the integrity {}, and is {integrity}", known[address])
            });
        }
    }

    /// Every built file is served, for good, and is what the manifest says; maps are where they are asked for only.
    fn what_was_built(&mut self) {
        let address = self.served.origin.strip_prefix("http://").unwrap().parse().unwrap();
        let mut connection = Connection::to(address);
        let mut ask = |path: &str| connection.ask("GET", path, &[]);
        let mut found = vec![(!self.files.is_empty(), "nothing was built".to_owned())];
        for (path, file) in &self.files {
            let at = format!("/{}{path}", self.site);
            let reply = ask(&at);
            let integrity = format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(&reply.body)));
            found.push((reply.status == 200, format!("{at} has status {}", reply.status)));
            found.push((is_kept(&reply), format!("{at} may not be kept: {:?}", reply.field("cache-control"))));
            found.push((integrity == file.integrity, format!("{at} is not what the manifest says")));
            found.push((reply.body.len() as u64 == file.bytes, format!("{at} has not the length the manifest says")));
            found.push((is_fingerprinted(path), format!("{at} is not named by a fingerprint")));
            if file.kind == BuiltKind::Script {
                let status = ask(&format!("{at}.map")).status;
                let expected = if self.site == "maps" { 200 } else { 404 };
                found.push((status == expected, format!("{at}.map has status {status}")));
            }
        }
        for (holds, fault) in found {
            self.expect(holds, || fault);
        }
    }

    /// The frame of a stack leads to a line of a source that holds `text`.
    fn source_line(&mut self, (path, line, column): &(String, usize, usize), source: &str, text: &str) {
        let address = self.served.origin.strip_prefix("http://").unwrap().parse().unwrap();
        let mut connection = Connection::to(address);
        let script = connection.ask("GET", path, &[]);
        let Some((_, map)) = script.text().rsplit_once("//# sourceMappingURL=") else {
            return self.faults.push(format!("{path} does not name its map"));
        };
        let map = Url::parse(&format!("{}{path}", self.served.origin)).unwrap().join(map.trim()).unwrap();
        let map = SourceMap::parse(connection.ask("GET", map.path(), &[]).text());
        let (found, at) = map.lookup(*line, *column).unwrap_or_default();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROJECT).join("sites/maps").join(source);
        let expected = 1 + fs::read_to_string(file).unwrap().lines().position(|line| line.contains(text)).unwrap();
        self.expect(found.ends_with(source) && at == expected, || {
            format!("{path}:{line}:{column} leads to {found}:{at}, not to {source}:{expected}")
        });
    }

    /// `/<site>`.
    fn base(&self) -> String {
        format!("/{}", self.site)
    }
}

fn is_kept(reply: &Reply) -> bool {
    reply.field("cache-control").is_some_and(|value| value.split(", ").any(|directive| directive == "immutable"))
}

/// `/assets/main.4f2a9c81d0.js`.
fn is_fingerprinted(path: &str) -> bool {
    let name = path.strip_prefix("/assets/").unwrap_or_default();
    let parts: Vec<&str> = name.split('.').collect();
    parts.len() >= 3
        && parts[parts.len() - 2].len() == 10
        && parts[parts.len() - 2].chars().all(|c| c.is_ascii_hexdigit())
}

/// The path, line and column (both from 1) of a line of Chromium's stacks.
fn frame(line: &str) -> Option<(String, usize, usize)> {
    let (_, place) = line.trim().strip_prefix("at ")?.rsplit_once("http://")?;
    let (place, column) = place.trim_end_matches(')').rsplit_once(':')?;
    let (address, line) = place.rsplit_once(':')?;
    Some((format!("/{}", address.split_once('/')?.1), line.parse().ok()?, column.parse().ok()?))
}
