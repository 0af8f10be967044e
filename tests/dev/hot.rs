//! What a visitor keeps when a page changes under them, in a real browser: each kind of change, with what was typed, opened,
//! focused and scrolled, under a site's own policy; and what is shown of mistakes.

use fantoccini::{Locator, error::CmdError};
use serde_json::{Value, json};

use crate::{chromium::Browser, session::Session};

/// A page that is high enough to scroll, with things a visitor changes.
const PAGE: &str = "<!doctype html><html lang=\"en\"><head><title>first</title><link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"{{ asset(path='main.css') }}\"></head>\
<body><h1>first</h1><details><summary>more</summary><p>inside</p></details><form><input id=\"name\" value=\"\"><textarea id=\"text\"></textarea>\
<select id=\"pick\"><option value=\"x\">a</option><option value=\"y\">b</option></select></form><img id=\"cat\" src=\"/img.svg\" alt=\"\"><ul><li>one</li><li>two</li></ul>\
<p class=\"tall\">tall</p><div id=\"end\">{{ section.content | safe }}</div></body></html>";

const CSS: &str = ".tall { height: 3000px } h1 { color: rgb(255, 0, 0) }\n";
const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\"/>";

fn site() -> Vec<(&'static str, &'static str)> {
    vec![
        ("sites/a/config.toml", "title = \"A\"\n"),
        ("sites/a/content/_index.md", "+++\n+++\nStart\n"),
        ("sites/a/templates/index.html", PAGE),
        ("sites/a/assets/main.css", CSS),
        ("sites/a/static/img.svg", SVG),
        ("sites/b/index.html", "<!doctype html><title>B</title><p>b"),
    ]
}

/// A visitor with a window.
pub(crate) struct Visit {
    pub(crate) session: Session,
    pub(crate) browser: Browser,
}

fn visit(files: &[(&str, &str)], tour: impl AsyncFnOnce(&mut Visit) -> Result<(), CmdError>) {
    visit_in(crate::project(files), tour);
}

pub(crate) fn visit_in(project: tempfile::TempDir, tour: impl AsyncFnOnce(&mut Visit) -> Result<(), CmdError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let browser = Browser::start().await;
        let mut visit = Visit { session: Session::start_in(project, &[]), browser };
        tour(&mut visit).await.expect("the browser does what it is told");
        visit.browser.close().await.unwrap();
    });
}

/// Whether the page is the one that was loaded, and what a visitor did to it.
const STATE: &str = "const at = id => document.getElementById(id); \
    return [window.kept === true, document.querySelector('details').open, at('name').value, at('text').value, at('pick').value, \
    document.activeElement.id, scrollY > 500, document.body.className]";

impl Visit {
    pub(crate) async fn open(&self, path: &str) -> Result<(), CmdError> {
        self.browser.open(&format!("{}{path}", self.session.url)).await?;
        // It listens once it has asked for itself.
        let listens = "return performance.getEntriesByType('resource').some(({ name, responseEnd }) => name.includes('/@sitekit//page/') && responseEnd > 0)";
        self.sees(listens, json!(true)).await
    }

    pub(crate) async fn run(&self, script: &str) -> Result<Value, CmdError> {
        self.browser.client.execute(script, Vec::new()).await
    }

    pub(crate) async fn sees(&self, script: &str, expected: Value) -> Result<(), CmdError> {
        let seen = self.browser.seen(script, &expected).await?;
        let faults = if seen == expected { Vec::new() } else { self.browser.faults().await? };
        assert_eq!(seen, expected, "{script}\n{faults:#?}");
        Ok(())
    }

    /// Does to the open page what is to be kept.
    async fn live_in(&self) -> Result<(), CmdError> {
        self.run("window.kept = true; document.querySelector('details').open = true; document.body.className = 'mine'; scrollTo(0, 900)").await?;
        self.browser.find("#text").await?.send_keys("some text").await?;
        self.browser.find("#pick").await?.select_by_value("y").await?;
        self.browser.find("#name").await?.send_keys("Ada").await?;
        self.run("scrollTo(0, 900)").await?;
        self.is_as_it_was().await
    }

    async fn is_as_it_was(&self) -> Result<(), CmdError> {
        self.sees(STATE, json!([true, true, "Ada", "some text", "y", "name", true, "mine"])).await
    }
}

const TITLE: &str = "return [document.title, document.querySelector('h1').textContent]";
const COLOUR: &str = "return [getComputedStyle(document.querySelector('h1')).color, document.querySelectorAll('link[rel=stylesheet]').length]";

#[test]
fn what_a_visitor_did_is_kept() {
    visit(&site(), async |visit| {
        visit.open("a/").await?;
        visit.live_in().await?;

        // Text, attributes, nodes that come and go.
        visit.session.write("sites/a/content/_index.md", "+++\n+++\nAnother start\n");
        visit.sees("return document.getElementById('end').textContent.trim()", json!("Another start")).await?;
        visit.is_as_it_was().await?;
        let second = PAGE
            .replace("first", "second")
            .replace("<li>one</li>", "<li>zero</li><li class=\"new\">one</li>")
            .replace("<body>", "<body data-x=\"y\"><p>above</p>")
            .replace("<li>two</li>", "");
        visit.session.write("sites/a/templates/index.html", &second);
        visit.sees(TITLE, json!(["second", "second"])).await?;
        let list = "return [[...document.querySelectorAll('li')].map(li => li.textContent + li.className), document.body.dataset.x]";
        visit.sees(list, json!([["zero", "onenew"], "y"])).await?;
        visit.is_as_it_was().await?;

        // A style sheet: the new one is there before the old one goes, under its new name.
        visit.session.write("sites/a/assets/main.css", &CSS.replace("255, 0, 0", "0, 0, 255"));
        visit.sees(COLOUR, json!(["rgb(0, 0, 255)", 1])).await?;
        visit.is_as_it_was().await?;

        // An image that keeps its name.
        visit.session.write("sites/a/static/img.svg", &SVG.replace("width=\"10\"", "width=\"33\""));
        visit.sees("return document.getElementById('cat').naturalWidth", json!(33)).await?;
        visit.is_as_it_was().await?;
        assert_eq!(visit.browser.faults().await?, [] as [String; 0]);

        // A script: the page is loaded again.
        let third = second.replace("</head>", "<script>document.documentElement.dataset.ran = 1</script></head>");
        visit.session.write("sites/a/templates/index.html", &third);
        visit.sees("return [window.kept === true, document.documentElement.dataset.ran]", json!([false, "1"])).await
    });
}

#[test]
fn under_a_policy_that_allows_next_to_nothing() {
    let config = "title = \"A\"\n[sitekit.content_security_policy]\nconnect-src = \"'none'\"\nrequire-trusted-types-for = \"'script'\"\ntrusted-types = \"'none'\"\n";
    let mut files = site();
    files[0].1 = config;
    visit(&files, async |visit| {
        visit.open("a/").await?;
        visit.live_in().await?;
        visit.session.write("sites/a/templates/index.html", &PAGE.replace("first", "second"));
        visit.sees(TITLE, json!(["second", "second"])).await?;
        visit.session.write("sites/a/assets/main.css", &CSS.replace("255, 0, 0", "0, 0, 255"));
        visit.sees(COLOUR, json!(["rgb(0, 0, 255)", 1])).await?;
        visit.is_as_it_was().await?;
        // An inline style that the policy of the open page does not know: loaded again, and it is there.
        let styled =
            PAGE.replace("first", "third").replace("</head>", "<style>h1 { color: rgb(0, 255, 0) }</style></head>");
        visit.session.write("sites/a/templates/index.html", &styled);
        visit.sees(COLOUR, json!(["rgb(0, 255, 0)", 1])).await?;
        // What is wrong is shown, too.
        visit.session.write("sites/a/templates/index.html", "<p>{{ nothing }}</p>");
        visit.sees(&overlay("h1"), json!(true)).await?;
        // The policy still forbids what it forbids to the page itself.
        let refused = "const [done] = arguments; fetch('/a/img.svg').then(() => done('came'), () => done('refused'))";
        assert_eq!(visit.browser.client.execute_async(refused, Vec::new()).await?, "refused");
        Ok(())
    });
}

#[test]
fn under_a_policy_of_the_page_itself() {
    let page = |text: &str| {
        format!(
            "<!doctype html><html lang=\"en\"><head><meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; require-trusted-types-for 'script'\"><title>{text}</title>\
             <link rel=\"icon\" href=\"data:,\"></head><body><h1>{text}</h1></body></html>"
        )
    };
    visit(&[("sites/a/index.html", &page("first"))], async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.session.write("sites/a/index.html", &page("second"));
        visit.sees(TITLE, json!(["second", "second"])).await?;
        visit.sees("return window.kept", json!(true)).await
    });
}

/// Whether the overlay has a part.
fn overlay(css: &str) -> String {
    format!("return !!document.querySelector('sitekit-problems')?.shadowRoot.querySelector('{css}')")
}

#[test]
fn mistakes_are_shown_where_the_eye_is_and_go_away() {
    visit(&site(), async |visit| {
        visit.open("a/").await?;
        visit.live_in().await?;
        visit.session.write("sites/a/templates/index.html", &PAGE.replace("section.content | safe", "section.contnet"));
        visit.sees(&overlay("mark"), json!(true)).await?;
        let text = "return document.querySelector('sitekit-problems').shadowRoot.textContent";
        let text = visit.run(text).await?;
        for part in ["sites/a/templates/index.html:1:", "contnet", "did you mean", "keeps the site from being built"] {
            assert!(text.as_str().unwrap().contains(part), "{part}: {text}");
        }
        // A window of another site has nothing to do with it.
        visit.session.write("sites/a/templates/index.html", &PAGE.replace("first", "mended"));
        visit.sees("return document.querySelector('sitekit-problems')", json!(null)).await?;
        visit.sees(TITLE, json!(["mended", "mended"])).await?;
        visit.is_as_it_was().await?;

        // Escape puts it away, and the next mistake brings it back.
        visit.session.write("sites/a/templates/index.html", "<p>{{ nothing }}</p>");
        visit.sees(&overlay("main"), json!(true)).await?;
        visit.browser.client.find(Locator::Css("body")).await?.send_keys("\u{e00c}").await?;
        visit.sees(&overlay("main"), json!(false)).await?;
        visit.session.write("sites/a/templates/index.html", "<p>{{ nothing_else }}</p>");
        visit.sees(&overlay("main"), json!(true)).await
    });
}

/// A page whose script asks for files by the names they have in the sources.
const READS: &str = "<!doctype html><html lang=\"en\"><head><title>B</title></head><body><p>b</p><script>\
const link = document.createElement('link'); link.rel = 'stylesheet'; link.href = '/b/plain.css'; document.head.append(link);\
const image = new Image(); image.id = 'cat'; image.src = '/b/cat.svg'; document.body.append(image);\
fetch('/b/said.txt').then(said => said.text()).then(said => { window.said = said.trim() });</script></body></html>";

#[test]
fn files_that_scripts_name_several_sites_and_several_windows() {
    let mut files = site();
    files.retain(|(path, _)| *path != "sites/b/index.html");
    files.extend([
        ("sites/b/index.html", READS),
        ("sites/b/plain.css", "@import \"part.css\";\n"),
        ("sites/b/part.css", "p { color: rgb(255, 0, 0) }\n"),
        ("sites/b/cat.svg", SVG),
        ("sites/b/said.txt", "one\n"),
    ]);
    visit(&files, async |visit| {
        let client = visit.browser.client.clone();
        visit.open("a/").await?;
        visit.live_in().await?;
        let first = client.window().await?;
        let second = client.new_window(false).await?.handle;
        client.switch_to_window(second.clone()).await?;
        visit.open("b/").await?;
        visit.run("window.kept = true").await?;
        let state = "return [window.kept === true, window.said, getComputedStyle(document.querySelector('p')).color, \
                     document.getElementById('cat').naturalWidth]";
        visit.sees(state, json!([true, "one", "rgb(255, 0, 0)", 10])).await?;
        visit.session.write("sites/b/part.css", "p { color: rgb(0, 0, 255) }\n");
        visit.sees(state, json!([true, "one", "rgb(0, 0, 255)", 10])).await?;
        visit.session.write("sites/b/cat.svg", &SVG.replace("width=\"10\"", "width=\"33\""));
        visit.sees(state, json!([true, "one", "rgb(0, 0, 255)", 33])).await?;
        visit.session.write("sites/b/said.txt", "two\n");
        visit.sees(state, json!([false, "two", "rgb(0, 0, 255)", 33])).await?;
        // The other window was none of it, and hears of its own.
        visit.run("window.kept = true").await?;
        client.switch_to_window(first).await?;
        visit.is_as_it_was().await?;
        visit.session.write("sites/a/templates/index.html", &PAGE.replace("first", "second"));
        visit.sees(TITLE, json!(["second", "second"])).await?;
        visit.is_as_it_was().await?;
        client.switch_to_window(second).await?;
        visit.sees(state, json!([true, "two", "rgb(0, 0, 255)", 33])).await
    });
}

#[test]
fn a_part_that_a_script_made_is_left_alone() {
    let page = |title: &str, inner: &str| {
        format!(
            "<!doctype html><html lang=\"en\"><head><title>{title}</title></head><body><h1>{title}</h1><div id=\"app\">{inner}</div>\
             <script>document.getElementById('app').innerHTML = '<p id=\"made\">made</p>'; window.kept = true</script></body></html>"
        )
    };
    let first = page("first", "");
    visit(&[("sites/a/index.html", &first)], async |visit| {
        visit.open("a/").await?;
        let state = "return [window.kept === true, document.getElementById('app').textContent, document.title]";
        visit.run("document.getElementById('made').textContent = 'mine'").await?;
        visit.session.write("sites/a/index.html", &page("second", ""));
        visit.sees(state, json!([true, "mine", "second"])).await?;
        // What was served inside of it is another now: only loading it again is right.
        visit.session.write("sites/a/index.html", &page("third", "<b>served</b>"));
        visit.sees(state, json!([true, "made", "third"])).await
    });
}

#[test]
fn the_server_goes_and_comes_back() {
    let mut files = site();
    files.push(("sites/a/content/guide.md", "+++\n+++\n"));
    files.push(("sites/a/templates/page.html", "<!doctype html><title>guide</title><h1>guide</h1>"));
    visit(&files, async |visit| {
        visit.open("a/").await?;
        visit.live_in().await?;
        let address = visit.session.address.to_string();
        let old = std::mem::replace(
            &mut visit.session,
            Session::start(&[("sites/x/index.html", "<!doctype html><title>x</title>")]),
        );
        let folder = old.kill();
        std::fs::write(folder.path().join("sites/a/content/_index.md"), "+++\n+++\nMeanwhile\n").unwrap();
        let command = crate::sitekit(folder.path(), &["dev", "--json", "--addr", &address]);
        visit.session = Session::start_with(folder, command);
        // Files that changed meanwhile are not known, so it is loaded again.
        visit.sees("return document.getElementById('end').textContent.trim()", json!("Meanwhile")).await
    });
}
