//! What is linked again in development, and what is not.

use super::*;

const FILES: &[(&str, &str)] = &[
    (
        "sites/app/main.ts",
        "import { part } from './part'; import './look.css'; import names from './names.module.css'; import cat from './cat.png'; console.log(part, names, cat);",
    ),
    ("sites/app/part.ts", "export const part: string = 'part';"),
    ("sites/app/look.css", "p { color: red }"),
    ("sites/app/names.module.css", ".one { color: red }"),
    ("sites/app/cat.png", "png"),
    ("sites/app/page.css", "p { margin: 0 }"),
];

fn code(linked: &super::super::Linked) -> String {
    let sheets = |chunk: &Chunk| chunk.sheets.iter().map(|sheet| sheet.path.clone()).collect::<Vec<_>>();
    let chunk = |chunk: &Chunk| format!("{} {} {:?} {:?}", chunk.stem, chunk.code, sheets(chunk), chunk.entry);
    linked.chunks.iter().map(chunk).collect()
}

#[test]
fn what_is_linked_again() {
    use super::super::known;

    let entry = Entry::Module("sites/app/main.ts".into());
    let entries = [&entry];
    for (what, path, text, again) in [
        ("nothing", "README.md", "", false),
        ("a style sheet of a page", "sites/app/page.css", "p { margin: 1px }", false),
        ("one that a script brings", "sites/app/look.css", "p { color: blue }", false),
        ("rules of a CSS module", "sites/app/names.module.css", ".one { color: blue }", false),
        ("its names", "sites/app/names.module.css", ".other { color: red }", true),
        ("a mistake in a style sheet", "sites/app/look.css", "@import './gone.css';", true),
        ("an image that a script names", "sites/app/cat.png", "gnp", true),
        ("a script", "sites/app/part.ts", "export const part: string = 'other';", true),
        ("a script that may be meant instead", "sites/app/part.tsx", "export const part = 'tsx';", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let mut project = Project::with(FILES);
        project.is_dev = true;
        let first = project.with_context(|context| link(context, &entries, Some(&cache)));
        assert_eq!(first.found, []);
        project.world = project.world.with(path, text);
        let found = project.with_context(|context| {
            known::get(&cache, known::key(&cache, context, &entries), context, &mut Sheets::default())
        });
        assert_eq!(found.is_none(), again, "{what}");
        let warm = project.with_context(|context| link(context, &entries, Some(&cache)));
        let cold = project.with_context(|context| link(context, &entries, None));
        assert_eq!(code(&warm), code(&cold), "{what}");
        assert_eq!(warm.found, cold.found, "{what}");
    }
}

#[test]
fn what_ships_is_always_linked() {
    use super::super::known;

    let entry = Entry::Module("sites/app/main.ts".into());
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
    let project = Project::with(FILES);
    drop(project.with_context(|context| link(context, &[&entry], Some(&cache))));
    let found = project.with_context(|context| {
        known::get(&cache, known::key(&cache, context, &[&entry]), context, &mut Sheets::default())
    });
    assert!(found.is_none());
}
