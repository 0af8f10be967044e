//! A session as a person sees it: one line per site that is written anew in its place, and above it what is wrong now, as
//! much of it as fits. Nothing scrolls away but what was said once and for all. Where there is no terminal, only mistakes
//! are told.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use console::{Term, style, truncate_str};

use super::event::{Built, Event};
use crate::{
    cli::{
        build::seconds,
        diagnostics, log,
        text_table::{bytes, grouped},
    },
    diag::Diagnostic,
    map::{Difference, Kind},
    site::SiteName,
    watch::Change,
};

/// What is on the screen, but for the screen itself.
#[derive(Debug, Default)]
struct Shown {
    sites: BTreeMap<SiteName, Row>,
    wrong: BTreeMap<Option<SiteName>, Vec<Diagnostic>>,
    /// Keys do something.
    keys: bool,
    help: bool,
}

#[derive(Debug, Default)]
struct Row {
    /// What changed in the project.
    why: String,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Waiting,
    Building,
    Done(String),
    Failed(String),
}

/// The live part of a terminal. Whoever holds it may draw.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Screen(Arc<Mutex<Drawn>>);

#[derive(Debug)]
struct Drawn {
    term: Term,
    shown: Shown,
    /// Lines that are there now.
    lines: usize,
    /// Others write to the terminal.
    rests: bool,
    /// What is to be said when it is ours again.
    unsaid: String,
}

impl Screen {
    /// Takes the terminal that is standard output, if it is one.
    pub(in crate::cli) fn open(sites: impl IntoIterator<Item = SiteName>, keys: bool) -> Option<Self> {
        let term = Term::stdout();
        if !term.features().is_attended() {
            return None;
        }
        let sites = sites.into_iter().map(|site| (site, Row::default())).collect();
        let shown = Shown { sites, keys, ..Shown::default() };
        Some(Self(Arc::new(Mutex::new(Drawn { term, shown, lines: 0, rests: false, unsaid: String::new() }))))
    }

    pub(in crate::cli) fn hear(&self, event: &Event) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = match event {
            Event::Notice(text) => Some(text.as_str()),
            _ => None,
        };
        drawn.shown.hear(event);
        drawn.draw(said);
    }

    /// Draws what there is, as long as nothing has happened.
    pub(in crate::cli) fn draw(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).draw(None);
    }

    /// Draws nothing until it is to go on: the terminal is the shell's.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no shell takes the terminal there"))]
    pub(in crate::cli) fn rest(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rests = true;
    }

    /// Draws what there is below all that was written meanwhile.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no shell takes the terminal there"))]
    pub(in crate::cli) fn go_on(&self) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.rests = false;
        drawn.lines = 0;
        drawn.draw(None);
    }

    pub(in crate::cli) fn toggle_help(&self) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.shown.help = !drawn.shown.help;
        drawn.draw(None);
    }
}

impl Drawn {
    /// Writes everything anew, after `said`, which stays. A closed terminal leaves nobody to tell.
    fn draw(&mut self, said: Option<&str>) {
        self.unsaid.extend(said.map(|said| format!("{}\n", said.trim_end())));
        if self.rests {
            return;
        }
        let (height, width) = self.term.size();
        let (height, width) = (usize::from(height).max(8), usize::from(width).clamp(20, 200));
        let block = self.shown.block(width, height, log::colours(true));
        let mut text = std::mem::take(&mut self.unsaid);
        for line in &block {
            text.push_str(line);
            text.push('\n');
        }
        let cleared = self.term.clear_last_lines(self.lines);
        self.lines = block.len();
        drop(cleared.and_then(|()| self.term.write_str(&text)).and_then(|()| self.term.flush()));
    }
}

impl Shown {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Building { sites, changed } => {
                for site in sites {
                    let why = why(site, changed);
                    self.sites.insert(site.clone(), Row { why, state: State::Building });
                }
            }
            Event::Built(built) => {
                self.sites.entry(built.site.clone()).or_default().state = State::Done(outcome(built));
            }
            Event::Failed { site, took } => {
                let text = format!("has mistakes; what was built before is served   {}", seconds(*took));
                self.sites.entry(site.clone()).or_default().state = State::Failed(text);
            }
            Event::Diagnostics { site, found } if found.is_empty() => {
                self.wrong.remove(site);
            }
            Event::Diagnostics { site, found } => {
                self.wrong.insert(site.clone(), found.clone());
            }
            Event::Removed(site) => {
                self.sites.remove(site);
                self.wrong.remove(&Some(site.clone()));
            }
            Event::Edited { .. } | Event::Listening { .. } | Event::Notice(_) => {}
        }
    }

    /// The lines, none wider than `width` and together lower than `height`.
    fn block(&self, width: usize, height: usize, styled: bool) -> Vec<String> {
        let room = height.saturating_sub(2 + usize::from(self.keys));
        // What is wrong has half of it.
        let mut rows = self.rows(if self.wrong.is_empty() { room } else { room / 2 }, styled);
        if self.keys {
            let keys = if self.help {
                "  r build all again   o open in the browser   s figures   q quit   ? less"
            } else {
                "  ? keys"
            };
            rows.push(paint(keys, styled, |text| style(text).dim()));
        }
        let room = height.saturating_sub(rows.len() + 2);
        let mut lines = self.mistakes(width, room, styled);
        lines.extend(rows);
        lines.iter().map(|line| truncate_str(line, width - 1, "…").into_owned()).collect()
    }

    /// As many of the sites as there is room for, those that something happens to before others, and how many there are beside
    /// them.
    fn rows(&self, room: usize, styled: bool) -> Vec<String> {
        let name_width = self.sites.keys().map(|site| site.as_str().len()).max().unwrap_or(0);
        let mut sites: Vec<_> = self.sites.iter().collect();
        let mut more = 0;
        if sites.len() > room {
            sites.sort_by_key(|(_, row)| row.rank());
            more = sites.split_off(room.saturating_sub(1)).len();
            sites.sort_by_key(|(site, _)| *site);
        }
        let mut rows: Vec<String> = sites.into_iter().map(|(site, row)| row.line(site, name_width, styled)).collect();
        if more > 0 {
            rows.push(format!("  … and {} more sites", grouped(more as u64)));
        }
        rows
    }

    /// As many of the mistakes as there is room for, and how many there are beside them.
    fn mistakes(&self, width: usize, room: usize, styled: bool) -> Vec<String> {
        let all: Vec<&Diagnostic> = self.wrong.values().flatten().collect();
        let mut lines: Vec<String> = Vec::new();
        for (nth, diagnostic) in all.iter().enumerate() {
            let text = diagnostics::render(std::slice::from_ref(*diagnostic), styled, width - 1);
            let added: Vec<String> = text.lines().map(str::to_owned).collect();
            // What comes behind it: how many there are beside it, and a line that is empty.
            let behind = 1 + usize::from(nth + 1 < all.len());
            // The first is shown in any case, cut where it must be.
            if nth > 0 && lines.len() + added.len() + behind > room {
                lines.push(format!("  … and {} more", all.len() - nth));
                break;
            }
            lines.extend(added);
            lines.truncate(room.saturating_sub(behind));
        }
        if !lines.is_empty() && lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
        lines
    }
}

impl Row {
    /// The lower, the more a person wants to see it.
    fn rank(&self) -> u8 {
        match &self.state {
            State::Failed(_) => 0,
            State::Building => 1,
            State::Done(_) if !self.why.is_empty() => 2,
            State::Done(_) | State::Waiting => 3,
        }
    }

    fn line(&self, site: &SiteName, name_width: usize, styled: bool) -> String {
        let name = format!("  {:name_width$}", site.as_str());
        let name = paint(&name, styled, |text| style(text).bold());
        let state = match &self.state {
            State::Waiting => paint("ready", styled, |text| style(text).dim()),
            State::Building => paint("building …", styled, |text| style(text).cyan()),
            State::Done(text) => text.clone(),
            State::Failed(text) => paint(text, styled, |text| style(text).red()),
        };
        let why = if self.why.is_empty() { String::new() } else { format!("{}   ", self.why) };
        format!("{name}   {why}{state}")
    }
}

fn paint<'a>(text: &'a str, styled: bool, how: impl Fn(&'a str) -> console::StyledObject<&'a str>) -> String {
    if styled { how(text).force_styling(true).to_string() } else { text.to_owned() }
}

/// Which of the changed files are a site's, in a few words.
fn why(site: &SiteName, changed: &[(String, Change)]) -> String {
    let own = |path: &str| path.split('/').nth(1) == Some(site.as_str()) && path.matches('/').count() > 1;
    let below = |path: &str| path.splitn(3, '/').nth(2).unwrap_or(path).to_owned();
    let mut files = changed.iter().filter(|(path, _)| own(path)).map(|(path, change)| match change {
        Change::Changed => below(path),
        Change::Added => format!("+{}", below(path)),
        Change::Removed => format!("−{}", below(path)),
    });
    match (files.next(), files.count()) {
        (None, _) => changed.first().map_or_else(String::new, |(path, _)| path.clone()),
        (Some(first), 0) => first,
        (Some(first), more) => format!("{first} and {} more", grouped(more as u64)),
    }
}

/// What became of a build, in a few words.
fn outcome(built: &Built) -> String {
    let took = seconds(built.took);
    if !built.changed {
        return format!("nothing differs   {took}");
    }
    let size = match built.before {
        None => bytes(built.bytes),
        Some(before) if before == built.bytes => "±0 B".to_owned(),
        Some(before) if before < built.bytes => format!("+{}", bytes(built.bytes - before)),
        Some(before) => format!("−{}", bytes(before - built.bytes)),
    };
    format!("{}   {took}   {size}", redone(&built.differences))
}

/// What differs: `1 page, 2 styles`.
fn redone(differences: &[Difference]) -> String {
    let names = [(Kind::Page, "page"), (Kind::Style, "style"), (Kind::Script, "script"), (Kind::Image, "image")];
    let mut parts = Vec::new();
    for (kind, name) in names.into_iter().chain([(Kind::Other, "file")]) {
        match differences.iter().filter(|one| one.kind == kind).count() {
            0 => {}
            1 => parts.push(format!("1 {name}")),
            many => parts.push(format!("{} {name}s", grouped(many as u64))),
        }
    }
    if parts.is_empty() { "built".to_owned() } else { parts.join(", ") }
}

/// Tells standard output and standard error what happens: as lines of JSON, on the screen, or of mistakes alone.
pub(in crate::cli) fn audience(json: bool, screen: Option<Screen>) -> super::Audience {
    match (json, screen) {
        (true, _) => Box::new(|event| {
            let mut stdout = io::stdout().lock();
            // Whoever closed it does not want to know.
            drop(writeln!(stdout, "{}", event.to_json()).and_then(|()| stdout.flush()));
        }),
        (false, Some(screen)) => Box::new(move |event| screen.hear(event)),
        (false, None) => Box::new(|event| match event {
            Event::Diagnostics { found, .. } if !found.is_empty() => diagnostics::show(found),
            Event::Diagnostics { site, .. } => {
                let site = site.as_ref().map_or("sitekit.toml", SiteName::as_str);
                drop(io::stderr().write_all(format!("{site}: nothing is wrong any more\n").as_bytes()));
            }
            Event::Notice(text) => drop(io::stderr().write_all(format!("{text}\n").as_bytes())),
            _ => {}
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use console::measure_text_width;

    use super::*;
    use crate::{
        diag::Source,
        map,
        site::{BasePath, ContentHash},
    };

    fn site(name: &str) -> SiteName {
        SiteName::parse(name).unwrap()
    }

    fn built(name: &str, changed: bool, differences: &[(&str, Kind)], before: Option<u64>) -> Event {
        Event::Built(Built {
            site: site(name),
            base: BasePath::root(),
            generation: ContentHash::of(b""),
            previous: None,
            changed,
            pages: 3,
            bytes: 5000,
            before,
            took: Duration::from_millis(38),
            differences: differences
                .iter()
                .map(|(path, kind)| Difference { path: (*path).to_owned(), kind: *kind, change: map::Change::Changed })
                .collect(),
            renamed: BTreeMap::new(),
        })
    }

    fn building(name: &str, changed: &[(&str, Change)]) -> Event {
        let changed = changed.iter().map(|(path, change)| ((*path).to_owned(), *change)).collect();
        Event::Building { sites: vec![site(name)], changed }
    }

    #[test]
    fn a_line_per_site() {
        let mut shown = Shown { keys: true, ..Shown::default() };
        for (event, expected) in [
            (building("docs", &[("sites/docs/content/a.md", Change::Changed)]), "  docs   content/a.md   building …"),
            (
                built("docs", true, &[("/a/", Kind::Page), ("/b/", Kind::Page), ("/c.css", Kind::Style)], Some(4880)),
                "  docs   content/a.md   2 pages, 1 style   38 ms   +120 B",
            ),
            (
                building("docs", &[("sites/docs/b.md", Change::Added), ("sites/docs/c.md", Change::Removed)]),
                "  docs   +b.md and 1 more   building …",
            ),
            (built("docs", false, &[], Some(5000)), "  docs   +b.md and 1 more   nothing differs   38 ms"),
            (building("docs", &[(".buildignore", Change::Removed)]), "  docs   .buildignore   building …"),
            (built("docs", true, &[], Some(6000)), "  docs   .buildignore   built   38 ms   −1.0 KB"),
        ] {
            shown.hear(&event);
            assert_eq!(shown.block(100, 20, false), [expected, "  ? keys"]);
        }
        shown.hear(&Event::Removed(site("docs")));
        assert_eq!(shown.block(100, 20, false), ["  ? keys"]);
    }

    #[test]
    fn of_many_sites_those_that_matter() {
        let sites = (1..=40).map(|nth| (site(&format!("site-{nth:02}")), Row::default())).collect();
        let mut shown = Shown { sites, ..Shown::default() };
        shown.hear(&building("site-20", &[("sites/site-20/a.md", Change::Changed)]));
        shown.hear(&built("site-20", false, &[], None));
        let lines = |shown: &Shown| shown.block(80, 10, false);
        let first = "  site-01   ready";
        let changed = "  site-20   a.md   nothing differs   38 ms";
        assert_eq!(lines(&shown)[..2], [first, "  site-02   ready"]);
        assert_eq!(lines(&shown)[6..], [changed, "  … and 33 more sites"]);
        shown.hear(&building("site-30", &[]));
        shown.hear(&Event::Failed { site: site("site-40"), took: Duration::ZERO });
        let mistake = Diagnostic::error("sites/site-40/a.md", "a mistake");
        shown.hear(&Event::Diagnostics { site: Some(site("site-40")), found: vec![mistake] });
        let lines = lines(&shown);
        assert!(lines.len() < 10 && lines[0].contains("a mistake"), "{lines:#?}");
        let failed = "  site-40   has mistakes; what was built before is served   0 ms";
        let building = "  site-30   building …";
        assert_eq!(lines[lines.len() - 4..], [changed, building, failed, "  … and 37 more sites"]);
    }

    #[test]
    fn what_is_wrong_stays_in_view() {
        let mut shown = Shown::default();
        let source = Source::new("sites/docs/a.html", "{{ x }}\n".repeat(40));
        let found = |count: usize| -> Vec<Diagnostic> {
            (0..count)
                .map(|nth| Diagnostic::error_at(&source, nth * 8..nth * 8 + 2, format!("mistake {nth}")))
                .collect()
        };
        shown.hear(&Event::Failed { site: site("docs"), took: Duration::ZERO });
        for count in [1, 2, 12, 40] {
            shown.hear(&Event::Diagnostics { site: Some(site("docs")), found: found(count) });
            for (width, height) in [(80, 24), (30, 8), (120, 200)] {
                let lines = shown.block(width, height, false);
                assert!(lines.len() < height, "{count} mistakes in {height} lines: {lines:#?}");
                assert!(lines.iter().all(|line| measure_text_width(line) < width), "{lines:#?}");
                assert!(lines.iter().any(|line| line.contains("mistake 0")), "{lines:#?}");
                assert!(lines.last().unwrap().starts_with("  docs   has mistakes"), "{lines:#?}");
            }
        }
        assert!(shown.block(80, 24, false).iter().any(|line| line.contains("more")));
        shown.hear(&Event::Diagnostics { site: Some(site("docs")), found: Vec::new() });
        assert_eq!(shown.block(80, 24, false).len(), 1);
    }
}
