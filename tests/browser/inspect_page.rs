//! The page `sitekit inspect --html` writes, opened from the disk as its reader does: no server, nothing beside it.

use std::{collections::BTreeMap, process::Command};

use bytes::Bytes;
use fantoccini::{error::CmdError, key::Key};
use serde_json::json;
use sitekit::{
    pack::{self, RealDisk},
    site::{
        BasePath, BuiltEntry, BuiltFile, BuiltKind, BuiltModule, Coding, EncodedBody, Manifest, Mode, Response, Rules,
        SiteImage, SiteName, SitePath,
    },
};

use crate::{Visit, chromium::Browser};

const SCENE: &str = "/assets/scene.77aa12bc9e.js";
const MAIN: &str = "/assets/main.4f2a9c81d0.js";
const STYLE: &str = "/assets/style.5eed5eed00.css";

#[test]
fn the_page_of_what_is_in_the_files() {
    let folder = tempfile::tempdir().expect("a folder for the bundle");
    let sealed = pack::seal(&image()).expect("the image is right");
    sealed.commit(&RealDisk, folder.path(), 1).expect("the disk takes it");
    let written = Command::new(env!("CARGO_BIN_EXE_sitekit"))
        .args(["inspect", "app", "--html", "--build"])
        .arg(folder.path())
        .output()
        .expect("sitekit inspect runs");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (outcome, faults) = runtime.block_on(async {
        let origin = format!("file://{}", folder.path().display());
        let mut visit = Visit { origin, browser: Browser::start().await, faults: Vec::new() };
        let outcome = tour(&mut visit).await;
        let closed = visit.browser.close().await;
        (outcome.and(closed), visit.faults)
    });
    assert!(faults.is_empty(), "the page has {} faults:\n{}", faults.len(), faults.join("\n"));
    outcome.expect("the browser does what it is told");
}

async fn tour(visit: &mut Visit) -> Result<(), CmdError> {
    let page = "/app/inspect.html";
    visit.open(page).await?;
    visit.inspect(page).await?;
    visit.shows("nothing is asked for", "return performance.getEntriesByType('resource').length", json!(0)).await?;
    let packages = "return [...document.querySelectorAll('#legend button')].map(one => one.textContent)";
    let expected = json!(["three410 KB · 79 %", "the site’s own76 KB · 15 %", "react30 KB · 5.8 %"]);
    visit.shows("the packages, the largest first, with their sizes", packages, expected).await?;
    let at = "return document.querySelector('#crumbs [aria-current]').firstChild.data";
    let boxes = "return [...document.querySelectorAll('#map .box')].map(one => one.getAttribute('aria-label'))";
    let labels = visit.browser.client.execute(boxes, Vec::new()).await?;
    visit.expect(
        &format!("boxes say what they are ({labels})"),
        labels.as_array().is_some_and(|all| all.contains(&json!("three, 410 KB, 79 % of all"))),
    );
    let areas = "const area = name => { const { width, height } = document.querySelector(`[aria-label^='${name}, ']`) \
                 .getBoundingClientRect(); return width * height }; \
                 return area('three') > 4 * area('sites/app') && area('sites/app') > area('react')";
    visit.shows("areas are in the order of sizes", areas, json!(true)).await?;

    // With the mouse: in, and out again.
    let client = visit.browser.client.clone();
    let click = "const { left, top } = document.querySelector('[aria-label^=\"three, \"]').getBoundingClientRect(); \
                 document.elementFromPoint(left + 20, top + 8).click()";
    client.execute(click, Vec::new()).await?;
    visit.shows("a click zooms in", at, json!("three")).await?;
    let inside = "return document.querySelectorAll('#map .box').length > 1 && \
                  [...document.querySelectorAll('#map .box')].every(one => one.node.path.includes('three'))";
    visit.shows("only the package is shown", inside, json!(true)).await?;
    visit.inspect(page).await?;
    visit.browser.find("#crumbs button").await?.click().await?;
    visit.shows("the way there leads back", at, json!("All files")).await?;

    // With the keyboard.
    let press = async |key: Key| client.active_element().await?.send_keys(&key.to_string()).await;
    client.execute("document.querySelector('#map [tabindex=\"0\"]').focus()", Vec::new()).await?;
    let focused = "return document.activeElement.getAttribute('aria-label').split(',')[0]";
    visit.shows("where one was is kept", focused, json!("three")).await?;
    press(Key::Up).await?;
    visit.shows("an arrow leads out", focused, json!(SCENE)).await?;
    press(Key::Down).await?;
    visit.shows("an arrow leads inside", focused, json!("three")).await?;
    let tip = "return document.querySelector('#tip').hidden";
    press(Key::Enter).await?;
    visit.shows("Enter zooms in", at, json!("three")).await?;
    press(Key::Down).await?;
    visit.shows("what has the focus is told", tip, json!(false)).await?;
    press(Key::Escape).await?;
    press(Key::Escape).await?;
    visit.shows("Escape goes back", at, json!("All files")).await?;

    // What is searched for stays, the rest fades, and what was found is counted.
    visit.browser.find("#search").await?.send_keys("renderers/").await?;
    visit.shows("what is found is counted", "return found.textContent", json!("2 modules, 250 KB")).await?;
    let hits = "return [...document.querySelectorAll('#map .box.hit')].map(one => one.node.name).sort()";
    let expected = json!(["renderers", "scene.77aa12bc9e.js", "src", "three", "webgl.js", "webgpu.js"]);
    visit.shows("what is found, and what holds it, stays", hits, expected).await?;
    let faded = "return Number(getComputedStyle(document.querySelector('[aria-label^=\"react, \"]')).opacity) < .5";
    visit.shows("the rest fades", faded, json!(true)).await?;
    visit.browser.find("#search").await?.clear().await?;

    visit.browser.find("input[value='br']").await?.click().await?;
    let coded = "return document.querySelector('[aria-label^=\"three, \"]').getAttribute('aria-label')";
    visit.shows("sizes are those of a coding", coded, json!("three, 103 KB, 79 % of all")).await?;
    visit.browser.find("#entry").await?.select_by_value("1").await?;
    let files = "return [...document.querySelectorAll('#map .box')].filter(one => one.node.kind === 'file').length";
    visit.shows("only an entry's files are shown", files, json!(1)).await?;

    // The tables are there without a script, and say the same.
    let tables = "return [...document.querySelectorAll('main h2')].slice(1).map(one => one.textContent)";
    let expected = json!(["Entries, and what they bring", "Packages", "Files and their modules"]);
    visit.shows("tables say the same", tables, expected).await?;
    let row = "return [...document.querySelectorAll('tr')].find(one => one.textContent.startsWith('three')).innerText";
    visit.shows("with the same sizes", row, json!("three\t4\t410 KB\t79 %")).await?;
    client.execute("for (const one of document.querySelectorAll('details')) one.open = true", Vec::new()).await?;
    visit.inspect(page).await
}

/// An entry with a style sheet and a large package for later.
fn image() -> SiteImage {
    let modules = |of: &[(&str, u64)]| -> Vec<BuiltModule> {
        of.iter().map(|&(source, bytes)| BuiltModule { source: source.to_owned(), bytes }).collect()
    };
    let file = |kind, later: &[&str], modules: Vec<BuiltModule>| BuiltFile {
        kind,
        bytes: modules.iter().map(|module| module.bytes).sum(),
        integrity: "sha384-".to_owned(),
        imports: Vec::new(),
        later: later.iter().map(|&path| path.to_owned()).collect(),
        modules,
        unused: None,
    };
    let three = modules(&[
        ("node_modules/three/src/renderers/webgl.js", 150_000),
        ("node_modules/three/src/renderers/webgpu.js", 100_000),
        ("node_modules/three/src/math/vector.js", 100_000),
        ("node_modules/three/build/core.js", 60_000),
    ]);
    let main = modules(&[
        ("sites/app/main.ts", 40_000),
        ("sites/app/components/button.tsx", 30_000),
        ("node_modules/react/index.js", 30_000),
    ]);
    let files = BTreeMap::from([
        (MAIN.to_owned(), file(BuiltKind::Script, &[SCENE], main)),
        (SCENE.to_owned(), file(BuiltKind::Script, &[], three)),
        (STYLE.to_owned(), file(BuiltKind::Style, &[], modules(&[("sites/app/style.scss", 6_000)]))),
    ]);
    let entry = |file: &str, styles: &[&str], later: &[&str]| BuiltEntry {
        file: file.to_owned(),
        imports: Vec::new(),
        styles: styles.iter().map(|&path| path.to_owned()).collect(),
        later: later.iter().map(|&path| path.to_owned()).collect(),
    };
    let response = |bytes: u64| {
        let body = |coding, len: u64| EncodedBody {
            coding,
            bytes: Bytes::from(vec![b'x'; usize::try_from(len).expect("it is small")]),
        };
        let bodies = vec![body(Coding::Identity, bytes), body(Coding::Brotli, bytes / 4)];
        Response { status: 200, fields: Vec::new(), bodies }
    };
    let site = SiteName::parse("app").expect("a name");
    let path = |path: &str| SitePath::parse(path).expect("a path");
    SiteImage {
        base: BasePath::of(&site),
        site,
        mode: Mode::Traditional,
        routes: files.iter().map(|(name, file)| (path(name), response(file.bytes))).collect(),
        not_found: None,
        rules: Rules::default(),
        manifest: Manifest {
            entries: BTreeMap::from([
                ("sites/app/main.ts".to_owned(), entry(MAIN, &[STYLE], &[SCENE])),
                ("sites/app/style.scss".to_owned(), entry(STYLE, &[], &[])),
            ]),
            files,
        },
    }
}
