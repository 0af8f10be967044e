//! What an open page shows before the build is over that has it: a module or a style sheet that has changed alone. A command
//! before the build holds that back for as long as a file is there.

use serde_json::json;

use crate::hot::{Visit, visit_in};

/// Of a site whose builds wait for as long as there is a file `held`.
pub(crate) const CONFIG: &str = "[hooks]\nbefore = 'while test -e ../../held; do sleep 0.05; done'\n";

const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>t</title><link rel=\"icon\" href=\"data:,\">\
<link rel=\"stylesheet\" href=\"look.css\"><script type=\"module\" src=\"main.ts\"></script></head><body><p>text</p></body></html>";

const NOTE: &str = "export const note = (text: string) => { ((window as any).noted ??= []).push(text); };\n";

const MAIN: &str = "import { note } from './note.ts';\nimport { word } from './word.ts';\nimport './part.css';\nnote(word);\n\
import.meta.hot?.accept('./word.ts', (next) => note(next!.word));\n";

const STATE: &str = "const { color, backgroundColor } = getComputedStyle(document.querySelector('p')); \
return [window.kept === true, window.noted.join(' '), color, backgroundColor]";

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("sites/a/config.toml", CONFIG),
        ("sites/a/index.html", PAGE),
        ("sites/a/main.ts", MAIN),
        ("sites/a/note.ts", NOTE),
        ("sites/a/word.ts", "export const word: string = 'one';\n"),
        ("sites/a/look.css", "@import './colours.css';\np { background: var(--back) }\n"),
        ("sites/a/colours.css", ":root { --back: rgb(1, 1, 1) }\n"),
        ("sites/a/part.css", "p { color: rgb(1, 0, 0) }\n"),
    ]
}

impl Visit {
    fn save(&self, path: &str, text: &str) {
        self.session.write(&format!("sites/a/{path}"), text);
    }

    /// Lets builds wait.
    pub(crate) fn hold(&self) {
        self.session.write("held", "");
    }

    /// Lets the build go on, and waits until the page has what is in it.
    async fn let_go(&mut self) -> Result<(), fantoccini::error::CmdError> {
        self.run("document.addEventListener('sitekit:update', () => { window.updated = true; })").await?;
        std::fs::remove_file(self.session.path("held")).unwrap();
        self.sees("return window.updated", json!(true)).await?;
        self.run("window.updated = false").await.map(drop)
    }
}

#[test]
fn a_module_and_style_sheets() {
    visit_in(crate::project(&files()), async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(STATE, json!([true, "one", "rgb(1, 0, 0)", "rgb(1, 1, 1)"])).await?;

        visit.hold();
        visit.save("word.ts", "export const word: string = 'two';\n");
        visit.sees(STATE, json!([true, "one two", "rgb(1, 0, 0)", "rgb(1, 1, 1)"])).await?;
        // While a build is held back, too, that was begun for something else.
        visit.save("word.ts", "export const word: string = 'three';\n");
        visit.sees(STATE, json!([true, "one two three", "rgb(1, 0, 0)", "rgb(1, 1, 1)"])).await?;
        visit.save("part.css", "p { color: rgb(2, 0, 0) }\n");
        visit.sees(STATE, json!([true, "one two three", "rgb(2, 0, 0)", "rgb(1, 1, 1)"])).await?;
        visit.save("part.css", "p { color: rgb(3, 0, 0) }\n");
        visit.sees(STATE, json!([true, "one two three", "rgb(3, 0, 0)", "rgb(1, 1, 1)"])).await?;
        // What the page links is made of another sheet.
        visit.save("colours.css", ":root { --back: rgb(2, 2, 2) }\n");
        let state = json!([true, "one two three", "rgb(3, 0, 0)", "rgb(2, 2, 2)"]);
        visit.sees(STATE, state.clone()).await?;

        // Nothing is done twice when the build has all of it, and it goes on as ever.
        visit.let_go().await?;
        visit.sees(STATE, state).await?;
        visit.save("word.ts", "export const word: string = 'four';\n");
        visit.sees(STATE, json!([true, "one two three four", "rgb(3, 0, 0)", "rgb(2, 2, 2)"])).await?;
        visit.save("part.css", "p { color: rgb(4, 0, 0) }\n");
        visit.sees(STATE, json!([true, "one two three four", "rgb(4, 0, 0)", "rgb(2, 2, 2)"])).await?;
        assert_eq!(visit.browser.faults().await?, [] as [String; 0]);
        Ok(())
    });
}

#[test]
fn what_concerns_others_waits_for_the_build() {
    let others = [
        ("word.ts", "import { note } from './note.ts';\nexport const word: string = 'two';\nnote('run');\n"),
        ("word.ts", "export const word: string = 'two', more = 1;\n"),
        ("word.ts", "export const word: string = ;\n"),
        ("part.css", "p { color: rgb(2, 0, 0); background-image: url(new.svg) }\n"),
        ("part.css", "@import './gone.css';\np { color: rgb(2, 0, 0) }\n"),
    ];
    for (path, text) in others {
        let mut files = files();
        files.push(("sites/a/new.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"));
        visit_in(crate::project(&files), async |visit| {
            visit.open("a/").await?;
            visit.run("window.kept = true").await?;
            visit.sees(STATE, json!([true, "one", "rgb(1, 0, 0)", "rgb(1, 1, 1)"])).await?;
            visit.hold();
            visit.save(path, text);
            visit.session.event("building", |_| true);
            // What comes behind it is shown, and has nothing to do with it: both style sheets are one file.
            if path == "word.ts" {
                visit.save("colours.css", ":root { --back: rgb(2, 2, 2) }\n");
                visit.sees(STATE, json!([true, "one", "rgb(1, 0, 0)", "rgb(2, 2, 2)"])).await
            } else {
                visit.save("word.ts", "export const word: string = 'two';\n");
                visit.sees(STATE, json!([true, "one two", "rgb(1, 0, 0)", "rgb(1, 1, 1)"])).await
            }
        });
    }
}

/// A build that has read a module before it was saved once more does not bring back what it has read.
#[test]
fn many_saves_are_seen_in_their_order() {
    visit_in(crate::project(&files()[1..]), async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        for number in 0..40 {
            visit.save("word.ts", &format!("export const word: string = '{number}';\n"));
            std::thread::sleep(std::time::Duration::from_millis(40 * (number % 7)));
        }
        visit.sees("return [window.kept, window.noted.at(-1)]", json!([true, "39"])).await?;
        let seen = visit.run("return window.noted.slice(1).map(Number)").await?;
        let seen: Vec<u64> = seen.as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect();
        assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
        Ok(())
    });
}
