//! What a visitor's browser makes of the example sites. Every page is opened, on a phone and on a desktop, light and
//! dark; the app is clicked through, reloaded and left and come back to. A console message, a failed request, a page
//! wider than its window, text that is hard to read: each is a fault, and all of them are reported together.
//!
//! A browser answers a click or a navigation when it likes: nothing is looked for once, everything is waited for.

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "browser/inspect_page.rs"]
mod inspect_page;
#[path = "browser/server.rs"]
mod server;

use std::{
    collections::{BTreeSet, VecDeque},
    process::Command,
};

use chromium::{Browser, LOOKS};
use fantoccini::{error::CmdError, key::Key};
use serde_json::{Value, json};
use server::Served;

const PATH: &str = "return location.pathname";

#[test]
fn every_page_of_the_manual() {
    visit("docs", async |visit| {
        let opened = visit.crawl("/docs/").await?;
        visit.expect("pages beyond the first are linked", opened.len() > 1);
        visit.expect("each part of the manual is reached", opened.contains("/docs/commands/build/"));
        visit.missing("/docs/no/such/page/", "There is no such page").await?;
        visit.theme_is_kept("/docs/").await?;
        visit.pages_are_found("/docs/").await?;
        visit.the_next_page_is_fetched("/docs/commands/build/", "/docs/commands/dev/").await?;
        visit.files_are_kept_for_good("/docs/commands/build/").await?;
        visit.injected_code_does_not_run("/docs/").await
    });
}

#[test]
fn every_page_of_the_studio() {
    visit("studio", async |visit| {
        let opened = visit.crawl("/studio/").await?;
        visit.expect("the work is reached", opened.contains("/studio/work/saltline/"));
        visit.expect("the journal is reached", opened.contains("/studio/journal/six-cards/"));
        visit.missing("/studio/no-such-pot/", "Washed out with the tide").await?;
        visit.form_is_sent("/studio/contact/", "/studio/contact/thanks/").await?;
        visit.files_are_kept_for_good("/studio/").await?;
        visit.injected_code_does_not_run("/studio/").await
    });
}

#[test]
fn every_route_of_the_app() {
    visit("app", async |visit| {
        let opened = visit.crawl("/app/").await?;
        visit.expect("a book is reached", opened.contains("/app/library/middlemarch/"));
        visit.expect("a form is reached", opened.contains("/app/library/middlemarch/edit/"));
        visit.routes_are_walked().await?;
        visit.books_are_kept().await?;
        visit.keys_work().await?;
        visit.views_are_fetched_once_they_are_needed().await?;
        visit.the_last_click_wins().await?;
        visit.files_are_kept_for_good("/app/library/").await?;
        visit.injected_code_does_not_run("/app/").await
    });
}

#[test]
fn every_page_that_new_writes() {
    let project = tempfile::tempdir().expect("a folder for the sites");
    let folder = project.path().to_str().expect("a path that is UTF-8");
    let missing = "There is no such page";
    for (site, kind, page, missing) in [
        ("blog", None, "/blog/writing/", Some(missing)),
        ("shop", Some("--spa"), "/shop/about/", None),
        ("hello", Some("--plain"), "/hello/", Some(missing)),
    ] {
        let mut new = Command::new(env!("CARGO_BIN_EXE_sitekit"));
        let output = new.current_dir(folder).args(["new", site]).args(kind).output().expect("sitekit new runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        visit_in(folder, site, async |visit| {
            let opened = visit.crawl(&format!("/{site}/")).await?;
            visit.expect(&format!("{page} is reached"), opened.contains(page));
            match missing {
                Some(heading) => visit.missing(&format!("/{site}/no/such/page/"), heading).await,
                None => visit.open(&format!("/{site}/no/such/view/")).await,
            }
        });
    }
}

fn visit(site: &str, tour: impl AsyncFnOnce(&mut Visit) -> Result<(), CmdError>) {
    visit_in(".", site, tour);
}

/// Builds and serves `site` of a project, opens a browser, and lets `tour` look around. All that was wrong is reported at the
/// end, when the browser and the server are gone.
fn visit_in(project: &str, site: &str, tour: impl AsyncFnOnce(&mut Visit) -> Result<(), CmdError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let build = tempfile::tempdir().expect("a folder for the bundles");
    let served = Served::start(project, site, "dev", build.path());
    let (outcome, faults) = runtime.block_on(async {
        let browser = Browser::start().await;
        let mut visit = Visit { origin: served.origin.clone(), browser, faults: Vec::new() };
        let outcome = tour(&mut visit).await;
        let closed = visit.browser.close().await;
        (outcome.and(closed), visit.faults)
    });
    assert!(faults.is_empty(), "{site} has {} faults:\n{}", faults.len(), faults.join("\n"));
    outcome.expect("the browser does what it is told");
}

struct Visit {
    origin: String,
    browser: Browser,
    faults: Vec<String>,
}

impl Visit {
    fn expect(&mut self, what: &str, holds: bool) {
        if !holds {
            self.faults.push(format!("not so: {what}"));
        }
    }

    /// Opens `start` and every page of the site that is linked from an opened one, in all looks. Gives their paths.
    async fn crawl(&mut self, start: &str) -> Result<BTreeSet<String>, CmdError> {
        let mut known = BTreeSet::from([start.to_owned()]);
        let mut waiting = VecDeque::from([start.to_owned()]);
        while let Some(path) = waiting.pop_front() {
            self.open(&path).await?;
            self.inspect(&path).await?;
            for link in self.links(start).await? {
                if known.insert(link.clone()) {
                    waiting.push_back(link);
                }
            }
        }
        Ok(known)
    }

    async fn open(&mut self, path: &str) -> Result<(), CmdError> {
        self.browser.open(&format!("{}{path}", self.origin)).await
    }

    /// `script` gives `expected`, now or once the browser has come to it.
    async fn shows(&mut self, what: &str, script: &str, expected: Value) -> Result<(), CmdError> {
        let seen = self.browser.seen(script, &expected).await?;
        self.expect(&format!("{what} ({seen}, not {expected})"), seen == expected);
        Ok(())
    }

    async fn click(&self, css: &str) -> Result<(), CmdError> {
        self.browser.act(async || self.browser.find(css).await?.click().await).await
    }

    async fn write(&self, css: &str, text: &str) -> Result<(), CmdError> {
        self.browser.act(async || self.browser.find(css).await?.send_keys(text).await).await
    }

    async fn choose(&self, css: &str, value: &str) -> Result<(), CmdError> {
        self.browser.find(css).await?.select_by_value(value).await
    }

    /// Keys for whatever has the focus.
    async fn press(&self, keys: &str) -> Result<(), CmdError> {
        self.browser.act(async || self.browser.client.active_element().await?.send_keys(keys).await).await
    }

    /// Looks at the open page in all ways and writes down what is wrong.
    async fn inspect(&mut self, path: &str) -> Result<(), CmdError> {
        // Pictures that wait to be scrolled to are fetched now.
        let show = "const [done] = arguments; \
                    const shown = [...document.images].map(i => { i.loading = 'eager'; return i.decode().catch(() => {}) }); \
                    Promise.all(shown).then(() => done());";
        self.browser.client.execute_async(show, Vec::new()).await?;
        for look in LOOKS {
            self.browser.look(look).await?;
            let found = self.browser.client.execute(include_str!("browser/audit.js"), Vec::new()).await?;
            let texts = found.as_array().into_iter().flatten().filter_map(Value::as_str);
            self.faults.extend(texts.map(|text| format!("{path} on {}: {text}", look.name)));
        }
        self.collect(path).await
    }

    /// Writes down what the console and the network say since the last time.
    async fn collect(&mut self, path: &str) -> Result<(), CmdError> {
        let faults = self.browser.faults().await?;
        self.faults.extend(faults.into_iter().map(|fault| format!("{path}: {fault}")));
        Ok(())
    }

    /// The paths below `base` that the open page links to, without queries and fragments.
    async fn links(&mut self, base: &str) -> Result<Vec<String>, CmdError> {
        let script = "return [...document.querySelectorAll('a[href]')] \
                      .filter(a => a.origin === location.origin && !a.getAttribute('href').startsWith('#')) \
                      .map(a => a.pathname)";
        let found = self.browser.client.execute(script, Vec::new()).await?;
        let paths: Vec<String> = serde_json::from_value(found).unwrap_or_default();
        for stray in paths.iter().filter(|path| !path.starts_with(base)) {
            self.faults.push(format!("a link that leads out of the site: {stray}"));
        }
        Ok(paths.into_iter().filter(|path| path.starts_with(base)).collect())
    }

    /// The site's own page answers what does not exist, with status 404. Its own links and files are found from any
    /// depth: nothing but the page itself is missing.
    async fn missing(&mut self, path: &str, heading: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.shows(&format!("{path} has status 404"), status, json!(404)).await?;
        self.is_at(path, heading).await?;
        let known = self.faults.len();
        self.inspect(path).await?;
        let found = self.faults.split_off(known);
        let page = format!("{}{path}", self.origin);
        self.faults.extend(found.into_iter().filter(|fault| !(fault.contains("404") && fault.contains(&page))));
        Ok(())
    }

    /// A page names the one that comes after it: this is fetched when the browser is idle, and what both have is not
    /// fetched again.
    async fn the_next_page_is_fetched(&mut self, path: &str, next: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        let fetched = "const names = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname); \
                       return ['.js', '.css', '/'].map(end => { \
                         const some = names.filter(name => name.endsWith(end)); \
                         return end === '/' ? some : some.length - new Set(some).size; \
                       })";
        self.shows(&format!("{next} is fetched"), fetched, json!([0, 0, [next]])).await?;
        self.collect(path).await
    }

    /// All that the page at `path` fetched and that has its bytes in its name is never asked for again; its scripts and
    /// style sheets are among that.
    async fn files_are_kept_for_good(&mut self, path: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        let look = "const [done] = arguments; \
                    const urls = performance.getEntriesByType('resource').map(({ name }) => new URL(name)); \
                    const lasting = ({ pathname }) => /[.](js|css)$|[/]assets[/]/.test(pathname); \
                    const ask = async url => [url.pathname, (await fetch(url)).headers.get('cache-control')]; \
                    Promise.all(urls.filter(lasting).map(ask)).then(found => done(found));";
        let found = self.browser.client.execute_async(look, Vec::new()).await?;
        let files: Vec<(String, String)> = serde_json::from_value(found).unwrap_or_default();
        let ends = |end: &str| files.iter().any(|(path, _)| path.ends_with(end));
        self.expect(&format!("{path} has a style sheet ({files:?})"), ends(".css"));
        for (file, lifetime) in &files {
            self.expect(&format!("{file} is kept for good ({lifetime})"), lifetime.contains("immutable"));
        }
        self.collect(path).await
    }

    /// What someone smuggles into a page is refused by its policy: a script, an event handler, a script from elsewhere.
    /// That the page's own are not refused is seen by every other visit: a refusal is a message in the console.
    async fn injected_code_does_not_run(&mut self, path: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        self.collect(path).await?;
        let inject = "const [done] = arguments; \
                      const refused = []; \
                      addEventListener('securitypolicyviolation', event => { \
                        refused.push(event.effectiveDirective); \
                        if (refused.length === 3) done([refused.sort(), window.injected ?? null]); \
                      }); \
                      const add = (text, src) => { \
                        const script = document.createElement('script'); \
                        if (src) script.src = src; else script.textContent = text; \
                        document.body.append(script); \
                      }; \
                      add('window.injected = 1'); \
                      add('', 'https://elsewhere.example/x.js'); \
                      const place = document.createElement('div'); \
                      place.innerHTML = '<button onclick=\"window.injected = 2\"></button>'; \
                      document.body.append(place); \
                      place.firstChild.click();";
        let found = self.browser.client.execute_async(inject, Vec::new()).await?;
        let expected = json!([["script-src-attr", "script-src-elem", "script-src-elem"], null]);
        self.expect(&format!("injected code is refused on {path} ({found})"), found == expected);
        self.browser.faults().await?;
        Ok(())
    }

    /// The theme button changes the page's colours, and the choice lasts.
    async fn theme_is_kept(&mut self, path: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        self.browser.look(LOOKS[2]).await?;
        let ground = "return getComputedStyle(document.body).backgroundColor";
        let theme = "return document.documentElement.dataset.theme ?? null";
        let before = self.browser.client.execute(ground, Vec::new()).await?;
        for chosen in ["light", "dark"] {
            self.click(".theme-button").await?;
            self.shows("the theme button chooses the next theme", theme, json!(chosen)).await?;
        }
        let dark = self.browser.client.execute(ground, Vec::new()).await?;
        self.expect("the theme button makes the page dark", dark != before);
        self.browser.refresh().await?;
        self.shows("the theme survives a reload", ground, dark).await?;
        self.collect(path).await
    }

    /// The search is opened, used, left and used again with nothing but keys; on a phone, by its button.
    async fn pages_are_found(&mut self, path: &str) -> Result<(), CmdError> {
        let open = "return document.querySelector('dialog.search')?.open ?? false";
        let first = "return document.querySelector('.search-hits a')?.pathname ?? null";
        let focus = "return document.activeElement.pathname ?? document.activeElement.localName";
        self.open(path).await?;
        self.browser.look(LOOKS[2]).await?;
        self.press("/").await?;
        self.shows("`/` opens the search", open, json!(true)).await?;
        self.press("htpasswd zzzz").await?;
        let status = "return document.querySelector('.search-status').textContent";
        self.shows("nothing has all words", status, json!("No page has all of these words.")).await?;
        self.press(&Key::Escape.to_string()).await?;
        self.shows("Escape closes it", open, json!(false)).await?;
        self.press("/").await?;
        self.shows("`/` opens it again", open, json!(true)).await?;
        self.press("pagination").await?;
        self.shows("the page of this title is first", first, json!("/docs/writing/pagination/")).await?;
        self.press(&Key::Down.to_string()).await?;
        self.shows("an arrow leads to it", focus, json!("/docs/writing/pagination/")).await?;
        self.press(&Key::Up.to_string()).await?;
        self.shows("and one back", focus, json!("input")).await?;
        self.inspect(path).await?;
        self.browser.look(LOOKS[2]).await?;
        self.press(&Key::Enter.to_string()).await?;
        self.is_at("/docs/writing/pagination/", "Pagination").await?;
        self.browser.look(LOOKS[0]).await?;
        self.click(".search-button").await?;
        self.shows("the button opens the search", open, json!(true)).await?;
        self.collect(path).await
    }

    /// A form with a missing field stays; a complete one leads to its answer.
    async fn form_is_sent(&mut self, path: &str, answer: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        self.click("main form button").await?;
        let refused = "return [location.pathname, document.activeElement.matches(':invalid')]";
        self.shows("an incomplete form is not sent", refused, json!([path, true])).await?;
        self.write("#name", "Ada").await?;
        self.write("#email", "ada@example.org").await?;
        self.choose("#about", "tiles").await?;
        self.write("#message", "Two square metres of green, please.").await?;
        self.click("main form button").await?;
        self.shows("a complete form leads to its answer", PATH, json!(answer)).await?;
        self.browser.arrive().await?;
        self.collect(path).await
    }

    /// Links change the page without loading it; the browser's buttons and a reload at any depth show the same.
    async fn routes_are_walked(&mut self) -> Result<(), CmdError> {
        self.open("/app/").await?;
        let client = self.browser.client.clone();
        client.execute("window.stillHere = true", Vec::new()).await?;
        let walk = [
            ("nav a[href='/app/library/']", "/app/library/", "Library"),
            (".books a[href$='/the-moonstone/']", "/app/library/the-moonstone/", "The Moonstone"),
            ("main a[href$='/edit/']", "/app/library/the-moonstone/edit/", "Edit The Moonstone"),
            ("nav a[href='/app/settings/']", "/app/settings/", "Settings"),
        ];
        for (link, path, heading) in walk {
            self.click(link).await?;
            self.is_at(path, heading).await?;
        }
        for (_, path, heading) in walk.iter().rev().skip(1) {
            client.back().await?;
            self.is_at(path, heading).await?;
        }
        for (_, path, heading) in &walk[1..] {
            client.forward().await?;
            self.is_at(path, heading).await?;
        }
        let same = client.execute("return window.stillHere === true", Vec::new()).await?;
        self.expect("the routes are walked without loading a page", same == json!(true));
        for (_, path, heading) in walk {
            self.open(path).await?;
            self.browser.refresh().await?;
            self.is_at(path, heading).await?;
        }
        for unknown in ["/app/no/such/route/at/all/", "/app/library/no-such-book/"] {
            self.open(unknown).await?;
            self.is_at(unknown, "Not on the shelf").await?;
            self.inspect(unknown).await?;
        }
        self.collect("/app/").await
    }

    async fn is_at(&mut self, path: &str, heading: &str) -> Result<(), CmdError> {
        let place = "return [location.pathname, document.querySelector('main h1').innerText]";
        self.shows(&format!("{path} is shown"), place, json!([path, heading])).await
    }

    /// What the reader writes is there after a reload, and on every page that tells of it.
    async fn books_are_kept(&mut self) -> Result<(), CmdError> {
        self.open("/app/library/new/").await?;
        self.write("#title", "Invisible Cities").await?;
        self.write("#author", "Italo Calvino").await?;
        self.write("#pages", "165").await?;
        self.choose("#shelf", "reading").await?;
        self.click("main form button").await?;
        self.is_at("/app/library/invisible-cities/", "Invisible Cities").await?;
        self.browser.refresh().await?;
        self.is_at("/app/library/invisible-cities/", "Invisible Cities").await?;

        let figures = "return document.querySelector('main .figures').innerText";
        let notes = "return [...document.querySelectorAll('.notes li p')].map(note => note.innerText)";
        let (page, thought) = (json!("40 of 165"), json!(["Seek who is not inferno"]));
        self.browser.find(".page-form input").await?.clear().await?;
        self.write(".page-form input", "40").await?;
        self.click(".page-form button").await?;
        self.shows("the page reached is shown", figures, page.clone()).await?;
        self.write("#note-text", "Seek who is not inferno").await?;
        self.click("#note-keep").await?;
        self.shows("the note is shown", notes, thought.clone()).await?;
        self.browser.refresh().await?;
        self.shows("the page reached is kept", figures, page).await?;
        self.shows("the note is kept", notes, thought).await?;
        self.inspect("/app/library/invisible-cities/").await?;

        self.open("/app/").await?;
        let today = "return document.querySelector('main').innerText.includes('Invisible Cities')";
        self.shows("the first page shows the new book", today, json!(true)).await?;
        self.collect("/app/").await
    }

    async fn keys_work(&mut self) -> Result<(), CmdError> {
        self.open("/app/").await?;
        self.press("gy").await?;
        self.shows("`g y` shows the year", PATH, json!("/app/year/")).await?;
        self.press("/").await?;
        self.shows("`/` leads to the search field", "return document.activeElement.id", json!("search")).await?;
        self.press("darwin").await?;
        let found = "return [location.search, document.querySelectorAll('.books li').length]";
        self.shows("two books are found in the library", found, json!(["?q=darwin", 2])).await?;
        self.press(&Key::Tab.to_string()).await?;
        self.shows("Tab leaves the search field", "return document.activeElement.id", json!("")).await?;
        self.press("?").await?;
        self.shows("`?` shows the keys", "return document.querySelector('dialog').open", json!(true)).await?;
        self.inspect("/app/library/?q=darwin").await
    }

    /// A view comes when it is shown, and once. What it may lead to comes before anyone asks; all else does not.
    async fn views_are_fetched_once_they_are_needed(&mut self) -> Result<(), CmdError> {
        let fetched = "const views = ['today', 'library', 'book', 'form', 'year', 'settings', 'keys-dialog']; \
                       const names = performance.getEntriesByType('resource').map(({ name }) => name); \
                       const times = view => names.filter(name => name.match(`/${view}[.][^/]+[.]js$`)).length; \
                       return views.map(times)";
        self.open("/app/").await?;
        self.shows("the first view and what it leads to are there", fetched, json!([1, 1, 1, 0, 0, 0, 0])).await?;
        for _ in 0..2 {
            self.click("nav a[href='/app/year/']").await?;
            self.shows("the year is there", fetched, json!([1, 1, 1, 0, 1, 0, 0])).await?;
            self.click("nav a[href='/app/']").await?;
            self.is_at("/app/", "On the bedside table").await?;
        }
        self.click("nav a[href='/app/library/']").await?;
        self.shows("what the library leads to is there", fetched, json!([1, 1, 1, 1, 1, 0, 0])).await?;
        self.press("?").await?;
        self.shows("the keys are there", fetched, json!([1, 1, 1, 1, 1, 0, 1])).await?;
        self.collect("/app/").await
    }

    /// Two views under way at once: the one that was asked for last is shown, whichever comes first.
    async fn the_last_click_wins(&mut self) -> Result<(), CmdError> {
        self.open("/app/settings/").await?;
        let click = "for (const place of ['year', 'library', 'year']) \
                     document.querySelector(`nav a[href='/app/${place}/']`).click();";
        self.browser.client.execute(click, Vec::new()).await?;
        let shown = "return [location.pathname, document.title, document.activeElement.innerText]";
        let year = "String(new Date().getFullYear())";
        let year = self.browser.client.execute(&format!("return {year}"), Vec::new()).await?;
        let title = format!("{} · Octavo", year.as_str().unwrap_or_default());
        self.shows("the last view that was asked for is shown", shown, json!(["/app/year/", title, year])).await?;
        self.collect("/app/year/").await
    }
}
