//! Chunks by hand, and what becomes of them.

use super::*;
use crate::site::BasePath;

/// A chunk called `@NAME.js`, with the other chunks its code names by `./@…`: imported at once or by `import()`.
fn chunk(name: &str, code: &str) -> Chunk {
    let placeholder = format!("@{name}.js");
    let named = |before: &str| -> Vec<String> {
        let parts = code.split(before).skip(1);
        parts.filter_map(|rest| Some(format!("@{}.js", rest.split_once(".js")?.0))).collect()
    };
    Chunk {
        is_plain: false,
        placeholder,
        stem: name.to_owned(),
        code: code.to_owned(),
        map: None,
        imports: [named("from\"./@"), named("import\"./@"), named("import \"./@")].concat(),
        later: named("import(\"./@"),
        entry: None,
        is_worker: false,
        modules: vec![BuiltModule { source: format!("sites/a/{name}.ts"), bytes: 3 }],
        sheets: Vec::new(),
    }
}

fn sheet(name: &str) -> StyleFile {
    let path = SitePath::parse(&format!("/assets/{name}.css")).unwrap();
    let built = BuiltAsset { body: Bytes::new(), media: MediaType::CSS, integrity: format!("sha384-{name}") };
    let described = BuiltFile {
        kind: BuiltKind::Style,
        bytes: 0,
        integrity: String::new(),
        imports: Vec::new(),
        later: Vec::new(),
        modules: Vec::new(),
        unused: None,
    };
    StyleFile { path, built, described, map: None, recipe: Recipe { stem: name.to_owned(), sheets: Vec::new() } }
}

const fn making(base: &BasePath, maps_are_public: bool) -> Making<'_> {
    Making { base, engines: &[], maps_are_public, cache: None }
}

fn assembled(chunks: Vec<Chunk>, sheets: Vec<Option<StyleFile>>) -> Finished {
    let base = BasePath::of(&crate::site::SiteName::parse("a").unwrap());
    let (finished, found) = assemble(&making(&base, true), chunks, sheets);
    assert_eq!(found, []);
    finished
}

/// The text of the file called `stem`, with hashes left out of all names and one kind of quotes.
fn text(finished: &Finished, stem: &str) -> String {
    let begin = format!("/assets/{stem}.");
    let (_, file) = finished
        .files
        .iter()
        .find(|(path, _)| path.as_str().starts_with(&begin) && path.extension() == Some("js"))
        .unwrap();
    without_hashes(std::str::from_utf8(&file.body).unwrap()).replace('`', "\"")
}

fn without_hashes(text: &str) -> String {
    let is_hash = |part: &str| part.len() == 10 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('.').filter(|part| !is_hash(part)).collect::<Vec<_>>().join(".")
}

fn names(paths: &[SitePath]) -> Vec<String> {
    paths.iter().map(|path| without_hashes(path.as_str())).collect()
}

/// What each `import()` of a chunk is told to fetch.
#[test]
fn later_imports_fetch_what_is_not_there() {
    let main = r#"import"./@base.js";import("./@view.js");self.again=()=>import("./@view.js");"#;
    for (what, view, sheets, expected) in [
        ("nothing", "export const x=1;", [false; 2], None),
        ("what is there", r#"import"./@base.js";export const x=1;"#, [true, false], None),
        ("a script", r#"import"./@extra.js";export const x=1;"#, [false; 2], Some(r#"["./extra.js"]"#)),
        ("a style sheet", "export const x=1;", [false, true], Some(r#"["./view.css sha384-view","./view.js"]"#)),
        (
            "both",
            r#"import"./@extra.js";export const x=1;"#,
            [false, true],
            Some(r#"["./view.css sha384-view","./extra.js","./view.js"]"#),
        ),
    ] {
        let chunks =
            vec![chunk("main", main), chunk("base", "globalThis.b=1;"), chunk("view", view), chunk("extra", "e();")];
        let [base_sheet, view_sheet] = sheets;
        let sheets = vec![None, base_sheet.then(|| sheet("base")), view_sheet.then(|| sheet("view")), None];
        let text = text(&assembled(chunks, sheets), "main");
        match expected {
            Some(expected) => assert!(text.contains(&format!("import(\"./view.js\"),{expected})")), "{what}: {text}"),
            None => assert_eq!(
                text, r#"import"./base.js";import("./view.js"),self.again=()=>import("./view.js");"#,
                "{what}"
            ),
        }
    }
}

#[test]
fn what_may_be_needed_is_told_by_every_import_of_the_program() {
    let main = format!(
        "{}\nmayNeed(()=>import(\"./@view.js\"));import(\"https://cdn.example/x.js\")",
        MAY_NEED.replace("export function", "function")
    );
    let chunks = vec![chunk("main", &main), chunk("view", "import(\"./@more.js\")"), chunk("more", "m()")];
    let finished = assembled(chunks, vec![None, None, None]);
    let main = text(&finished, "main");
    assert!(main.contains(r#"import("./view.js"),["./view.js"])"#), "{main}");
    assert!(main.contains(r#"import("https://cdn.example/x.js"),["https://cdn.example/x.js"])"#), "{main}");
    assert_eq!(text(&finished, "view"), r#"import("./more.js");"#);
}

#[test]
fn the_function_that_waits_is_there_once() {
    for (what, is_entry, is_worker, expected) in [
        ("all come after the entry", false, false, [true, false]),
        ("one is an entry itself", true, false, [true, true]),
        ("one runs elsewhere", false, true, [true, true]),
    ] {
        let mut main = chunk("main", r#"self.again=()=>import("./@view.js");"#);
        main.entry = Some(0);
        let mut view = chunk("view", r#"self.more=()=>import("./@more.js");"#);
        (view.entry, view.is_worker) = (is_entry.then_some(1), is_worker);
        let chunks = vec![main, view, chunk("more", r#"import"./@base.js";m();"#), chunk("base", "b()")];
        let finished = assembled(chunks, vec![None, Some(sheet("view")), None, None]);
        let [main, view] = ["main", "view"].map(|stem| text(&finished, stem));
        assert_eq!([&main, &view].map(|text| text.contains("querySelectorAll")), expected, "{what}: {main}\n{view}");
        assert_eq!(view.contains(r#"from"./main.js""#), !expected[1], "{what}: {view}");
        assert_eq!(main.contains("export{"), !expected[1], "{what}: {main}");
        assert!(view.contains(r#"["./base.js"]"#), "{what}: {view}");
    }
}

#[test]
fn entries_know_what_they_bring() {
    let mut chunks = vec![
        chunk("main", r#"import"./@a.js";import"./@b.js";import("./@view.js")"#),
        chunk("a", r#"import"./@c.js";a()"#),
        chunk("b", "b()"),
        chunk("c", "c()"),
        chunk("view", r#"import"./@b.js";import"./@d.js";import("./@deep.js")"#),
        chunk("d", "d()"),
        chunk("deep", "deep()"),
    ];
    chunks[0].entry = Some(7);
    let sheets = vec![Some(sheet("main")), None, Some(sheet("b")), Some(sheet("c")), Some(sheet("view")), None, None];
    let finished = assembled(chunks, sheets);
    let asset = &finished.entries[&7];
    assert_eq!(without_hashes(asset.file.as_str()), "/assets/main.js");
    assert_eq!(names(&asset.imports), ["/assets/c.js", "/assets/a.js", "/assets/b.js"]);
    assert_eq!(names(&asset.styles), ["/assets/c.css", "/assets/b.css", "/assets/main.css"]);
    assert_eq!(names(&asset.later), ["/assets/d.js", "/assets/view.css", "/assets/view.js", "/assets/deep.js"]);
    for path in asset.imports.iter().chain(&asset.styles).chain(&asset.later).chain([&asset.file]) {
        assert!(finished.files.contains_key(path), "{path}");
        assert!(finished.described.contains_key(path), "{path}");
    }
}

#[test]
fn scripts_are_named_relative_to_scripts_and_absolutely_elsewhere() {
    let worker = chunk("worker", "self.onmessage=console.log;");
    let main = chunk(
        "main",
        r#"export const w=()=>new Worker(new URL("@worker.js",import.meta.url));export*from"./@worker.js";"#,
    );
    let text = text(&assembled(vec![main, worker], vec![None, None]), "main");
    assert!(text.contains(r#"new URL("/a/assets/worker.js",import.meta.url)"#), "{text}");
    assert!(text.contains(r#"from"./worker.js""#), "{text}");
}

#[test]
fn a_map_is_named_and_has_the_sources() {
    let mut main = chunk("main", "const one=1;export{one};console.log(one);");
    main.map = Some(
        SourceMap::from_json_string(
            r#"{"version":3,"sources":["sites/a/main.ts"],"sourcesContent":["const one: number = 1;"],"names":[],"mappings":"AAAA"}"#,
        )
        .unwrap()
        .into_owned(),
    );
    let finished = assembled(vec![main], vec![None]);
    let (path, map) = finished.maps.first_key_value().unwrap();
    assert!(map.contains("const one: number = 1;"), "{map}");
    let body = &finished.files[path].body;
    assert!(body.ends_with(format!("\n//# sourceMappingURL={}.map", path.file_name()).as_bytes()), "{body:?}");
}

#[test]
fn a_chunk_that_cannot_be_minified_is_published_as_it_was() {
    let broken = "this is not JavaScript";
    let base = BasePath::root();
    let (finished, found) = assemble(&making(&base, false), vec![chunk("main", broken)], vec![None]);
    assert_eq!(finished.files.values().next().unwrap().body, broken);
    assert!(!found.is_empty() && found.iter().all(|one| one.severity == crate::diag::Severity::Warning), "{found:?}");
}

#[test]
fn bytes_of_modules_add_up_to_about_those_of_the_file() {
    let module = |bytes| BuiltModule { source: String::new(), bytes };
    let bytes = |parts: &[u64], total| -> Vec<u64> {
        let modules: Vec<_> = parts.iter().map(|bytes| module(*bytes)).collect();
        scaled(&modules, total).iter().map(|module| module.bytes).collect()
    };
    assert_eq!(bytes(&[300, 100, 0], 200), [150, 50, 0]);
    assert_eq!(bytes(&[], 200), [0_u64; 0]);
    assert_eq!(bytes(&[0], 200), [0]);
}

#[test]
fn what_is_kept_of_a_chunk_reads_back() {
    for map in [None, Some("{}".to_owned())] {
        let smaller = Smaller { code: "é()".to_owned(), map };
        assert_eq!(Smaller::read(&smaller.to_bytes()), Some(smaller));
    }
    assert_eq!(Smaller::read(b"\xff\0\0\0\0\0\0\0abc"), None);
}

#[test]
fn what_only_brings_style_sheets_is_no_script() {
    let mut main = chunk("main", r#"import "./@sheets.js";import("./@view.js");"#);
    main.entry = Some(0);
    let chunks =
        || vec![main.clone(), chunk("sheets", ""), chunk("view", r#"import "./@more.js";v();"#), chunk("more", "\n")];
    let finished = assembled(chunks(), vec![None, Some(sheet("sheets")), None, Some(sheet("more"))]);
    assert_eq!(text(&finished, "view"), "v();");
    let main_text = text(&finished, "main");
    assert!(main_text.contains(r#"["./more.css sha384-more","./view.js"]"#), "{main_text}");
    assert!(!main_text.contains("import\"./sheets"), "{main_text}");
    let asset = &finished.entries[&0];
    assert_eq!(names(&asset.imports), [""; 0]);
    assert_eq!(names(&asset.styles), ["/assets/sheets.css"]);
    assert_eq!(names(&asset.later), ["/assets/more.css", "/assets/view.js"]);
    assert!(!finished.files.keys().any(|path| path.as_str().contains("sheets") && path.extension() == Some("js")));

    // What is asked for by its name is there, however little is in it.
    let mut lone = chunk("main", r#"import("./@view.js");"#);
    lone.entry = Some(0);
    let finished = assembled(vec![lone, chunk("view", "")], vec![None, Some(sheet("view"))]);
    assert_eq!(text(&finished, "view"), "");
}
