//! What a visitor's browser makes of the example sites. Every page is opened, on a phone and on a desktop, light and
//! dark; the app is clicked through, reloaded and left and come back to. A console message, a failed request, a page
//! wider than its window, text that is hard to read: each is a fault, and all of them are reported together.

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "browser/server.rs"]
mod server;

use std::collections::{BTreeSet, VecDeque};

use chromium::{Browser, LOOKS};
use fantoccini::{Locator, error::CmdError, key::Key};
use serde_json::{Value, json};
use server::Served;

#[test]
fn every_page_of_the_manual() {
    visit("docs", async |visit| {
        let opened = visit.crawl("/docs/").await?;
        visit.expect("pages beyond the first are linked", opened.len() > 1);
        visit.expect("each part of the manual is reached", opened.contains("/docs/commands/build/"));
        visit.missing("/docs/no/such/page/", "There is no such page").await?;
        visit.theme_is_kept("/docs/").await?;
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
        visit.injected_code_does_not_run("/app/").await
    });
}

/// Builds and serves `site`, opens a browser, and lets `tour` look around. All that was wrong is reported at the end,
/// when the browser and the server are gone.
fn visit(site: &str, tour: impl AsyncFnOnce(&mut Visit) -> Result<(), CmdError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let served = Served::start(".", site, "dev");
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
        self.browser.client.goto(&format!("{}{path}", self.origin)).await
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

    async fn heading(&self) -> Result<String, CmdError> {
        self.browser.client.wait().for_element(Locator::Css("main h1")).await?.text().await
    }

    async fn path(&self) -> Result<String, CmdError> {
        Ok(self.browser.client.current_url().await?.path().to_owned())
    }

    /// The site's own page answers what does not exist, with status 404.
    async fn missing(&mut self, path: &str, heading: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        let status = self.browser.client.execute(status, Vec::new()).await?;
        self.expect(&format!("{path} has status 404 (it has {status})"), status == json!(404));
        let shown = self.heading().await?;
        self.expect(&format!("{path} shows the site's own page (it shows {shown:?})"), shown == heading);
        let faults = self.browser.faults().await?;
        let other = faults.into_iter().filter(|fault| !fault.contains("404"));
        self.faults.extend(other.map(|fault| format!("{path}: {fault}")));
        // Its own links and files are found from any depth.
        self.open(path).await?;
        self.browser.faults().await?;
        self.inspect(path).await
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
        let before = self.browser.client.execute(ground, Vec::new()).await?;
        let button = self.browser.client.find(Locator::Css(".theme-button")).await?;
        button.click().await?;
        button.click().await?;
        let dark = self.browser.client.execute(ground, Vec::new()).await?;
        self.expect("the theme button makes the page dark", dark != before);
        self.browser.client.refresh().await?;
        let after = self.browser.client.execute(ground, Vec::new()).await?;
        self.expect("the theme survives a reload", after == dark);
        self.collect(path).await
    }

    /// A form with a missing field stays; a complete one leads to its answer.
    async fn form_is_sent(&mut self, path: &str, answer: &str) -> Result<(), CmdError> {
        self.open(path).await?;
        let client = self.browser.client.clone();
        let send = client.find(Locator::Css("main form button")).await?;
        send.click().await?;
        let stayed = self.path().await?;
        self.expect("an incomplete form is not sent", stayed == path);
        client.find(Locator::Css("#name")).await?.send_keys("Ada").await?;
        client.find(Locator::Css("#email")).await?.send_keys("ada@example.org").await?;
        client.find(Locator::Css("#about")).await?.select_by_value("tiles").await?;
        client.find(Locator::Css("#message")).await?.send_keys("Two square metres of green, please.").await?;
        client.find(Locator::Css("main form button")).await?.click().await?;
        client.wait().for_element(Locator::Css("main h1")).await?;
        let arrived = self.path().await?;
        self.expect(&format!("a complete form leads to {answer} (it leads to {arrived})"), arrived == answer);
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
            client.find(Locator::Css(link)).await?.click().await?;
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
            client.refresh().await?;
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
        let (at, shown) = (self.path().await?, self.heading().await?);
        self.expect(&format!("{path} is shown (at {at}: {shown:?})"), at == path && shown == heading);
        Ok(())
    }

    /// What the reader writes is there after a reload, and on every page that tells of it.
    async fn books_are_kept(&mut self) -> Result<(), CmdError> {
        self.open("/app/library/new/").await?;
        let client = self.browser.client.clone();
        client.find(Locator::Css("#title")).await?.send_keys("Invisible Cities").await?;
        client.find(Locator::Css("#author")).await?.send_keys("Italo Calvino").await?;
        client.find(Locator::Css("#pages")).await?.send_keys("165").await?;
        client.find(Locator::Css("#shelf")).await?.select_by_value("reading").await?;
        client.find(Locator::Css("main form button")).await?.click().await?;
        self.is_at("/app/library/invisible-cities/", "Invisible Cities").await?;
        client.refresh().await?;
        self.is_at("/app/library/invisible-cities/", "Invisible Cities").await?;

        let page = client.find(Locator::Css(".page-form input")).await?;
        page.clear().await?;
        page.send_keys("40").await?;
        client.find(Locator::Css(".page-form button")).await?.click().await?;
        client.find(Locator::Css("#note-text")).await?.send_keys("Seek who is not inferno").await?;
        client.find(Locator::Css("#note-keep")).await?.click().await?;
        client.refresh().await?;
        let figures = client.find(Locator::Css("main .figures")).await?.text().await?;
        self.expect(&format!("the page reached is kept ({figures})"), figures == "40 of 165");
        let note = client.find(Locator::Css(".notes li p")).await?.text().await?;
        self.expect("the note is kept", note == "Seek who is not inferno");
        self.inspect("/app/library/invisible-cities/").await?;

        self.open("/app/").await?;
        let today = client.find(Locator::Css("main")).await?.text().await?;
        self.expect("the first page shows the new book", today.contains("Invisible Cities"));
        self.collect("/app/").await
    }

    async fn keys_work(&mut self) -> Result<(), CmdError> {
        self.open("/app/").await?;
        let client = self.browser.client.clone();
        let press = async |keys: &str| client.active_element().await?.send_keys(keys).await;
        press("gy").await?;
        let year = self.path().await?;
        self.expect("`g y` shows the year", year == "/app/year/");
        press("/").await?;
        press("darwin").await?;
        let found = client.find_all(Locator::Css(".books li")).await?.len();
        self.expect(&format!("`/` searches the library (two books are found, not {found})"), found == 2);
        press(&Key::Tab.to_string()).await?;
        press("?").await?;
        let open = client.execute("return document.querySelector('dialog').open", Vec::new()).await?;
        self.expect("`?` shows the keys", open == json!(true));
        self.inspect("/app/library/?q=darwin").await
    }
}
