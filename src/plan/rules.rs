//! Holds the rules of a site to its routes. A rule that can never be used, or leads nowhere, or around in a circle, is a
//! mistake that no request will show its author, so the build does.

use std::collections::{BTreeMap, BTreeSet};

use super::{Origin, Target};
use crate::{
    diag::{Diagnostic, Severity, did_you_mean},
    load::{Lifetime, MoveRule, PatternTable, Section, Site, SiteRules, WrittenPattern},
    site::{How, Mode, SitePath},
};

/// What is wrong with the rules of `site`, whose routes are `routes`.
#[must_use]
pub(super) fn check(site: &Site, routes: &BTreeMap<SitePath, Origin>) -> Vec<Diagnostic> {
    let checker = Checker { site, rules: &site.config.rules, routes, diagnostics: Vec::new() };
    checker.check()
}

struct Checker<'a> {
    site: &'a Site,
    rules: &'a SiteRules,
    routes: &'a BTreeMap<SitePath, Origin>,
    diagnostics: Vec<Diagnostic>,
}

/// What the server would do with a path.
enum Answer {
    Route,
    /// The rule of this number.
    Move(usize),
    /// The shell of a single-page app.
    Shell,
    Missing,
}

/// Stands for whatever a part of a pattern may stand for; no route has it.
const ANY: &str = "…";

/// A path that a file built for the pages of a site could have.
const BUILT: &str = "/assets/….js";

impl<'a> Checker<'a> {
    fn check(mut self) -> Vec<Diagnostic> {
        for (nth, rule) in self.rules.moves.iter().enumerate() {
            if self.is_reached(nth, rule) {
                match rule.moved.value.how() {
                    How::Rewrite => self.rewrite(rule),
                    How::Redirect(_) => self.redirect(nth, rule),
                }
            }
        }
        for section in &self.site.sections {
            self.section(section);
        }
        self.error_pages();
        for written in &self.rules.patterns {
            self.pattern(written);
        }
        self.immutable_pages();
        self.diagnostics
    }

    fn error(&mut self, place: &std::ops::Range<usize>, message: String, help: String) {
        let diagnostic = Diagnostic::error_at(&self.rules.source, place.clone(), message);
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.with_help(help) });
    }

    /// Whether any request gets to a rule: routes come first, and rules in their order.
    fn is_reached(&mut self, nth: usize, rule: &MoveRule) -> bool {
        let from = rule.moved.value.from();
        let kind = kind(rule);
        if let Some(path) = from.literal()
            && let Some(route) = self.route_of(path)
        {
            let message = if route == path {
                format!("this {kind} is never used: there is something at `{path}`, and that answers")
            } else {
                format!("this {kind} is never used: `{path}` leads to `{route}`, which is there")
            };
            self.error(&rule.from, message, "remove one of the two".to_owned());
            return false;
        }
        let earlier = self.rules.moves[..nth].iter().find(|earlier| earlier.moved.value.from().covers(from));
        if let Some(earlier) = earlier {
            let (line, _) = self.rules.source.position(earlier.from.start);
            let first = earlier.moved.value.from();
            let help = if first == from { "remove one of the two" } else { "write it above that one" };
            let message = format!("this {kind} is never used: `{first}` in line {line} matches all that it matches");
            self.error(&rule.from, message, help.to_owned());
            return false;
        }
        true
    }

    fn rewrite(&mut self, rule: &MoveRule) {
        let to = rule.moved.value.to().as_str();
        if !self.could_lead(to, |path| self.route_of(path.as_str()).is_some()) {
            let help = match self.near(to) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "a rewrite answers with a page or file of the site; for another URL write a redirect".to_owned()
                }
            };
            self.error(&rule.to, format!("there is nothing at `{to}` to answer with"), help);
        }
    }

    fn redirect(&mut self, nth: usize, rule: &MoveRule) {
        let (mut steps, mut numbers) = (vec![sample(rule.moved.value.from().as_str())], Vec::new());
        let mut at = nth;
        // More steps than there are rules repeat one of them.
        while numbers.len() <= 2 * self.rules.moves.len() {
            let moved = &self.rules.moves[at].moved.value;
            let Some(captures) = moved.from().captures(&steps[steps.len() - 1]) else { return };
            let Some(next) = moved.to().site_path(&captures) else { return };
            numbers.push(at);
            let is_known = steps.iter().any(|step| *step == next.as_str());
            steps.push(next.as_str().to_owned());
            match self.answer(next.as_str()) {
                Answer::Route | Answer::Shell => return,
                Answer::Missing => {
                    if at == nth {
                        self.dead_end(rule);
                    }
                    return;
                }
                Answer::Move(number) => {
                    at = number;
                    if is_known {
                        break;
                    }
                }
            }
        }
        // The rules that repeat: one of them is where it is told.
        let circle = &numbers[numbers.iter().position(|number| *number == at).unwrap_or(0)..];
        let circle: BTreeSet<usize> = circle.iter().copied().collect();
        if circle.first() == Some(&nth) {
            steps.truncate(circle.len() + 2);
            let message = format!("this redirect leads around in a circle: {}", steps.join(" → "));
            self.error(&rule.to, message, String::new());
        }
    }

    fn dead_end(&mut self, rule: &MoveRule) {
        let to = rule.moved.value.to().as_str();
        let path = to.split(['?', '#']).next().unwrap_or(to);
        if self.could_lead(path, |path| matches!(self.answer(path.as_str()), Answer::Route)) {
            return;
        }
        let help = match self.near(path) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "paths are those of the site, without what it is mounted at; another site takes a whole URL".to_owned()
            }
        };
        self.error(&rule.to, format!("there is nothing at `{path}` to redirect to"), help);
    }

    /// A section that is a redirect.
    fn section(&mut self, section: &Section) {
        let Some(to) = &section.meta.redirect_to else { return };
        let (mut steps, mut at) = (vec![section.path.as_str()], &section.path);
        // More steps than there are sections repeat one of them.
        while steps.len() <= self.site.sections.len() + 1
            && let Some(Origin::Redirect(Target::Path(next, _))) = self.routes.get(at)
        {
            steps.push(next.as_str());
            at = next;
            if *at == section.path {
                let message = format!("this redirect leads around in a circle: {}", steps.join(" → "));
                self.diagnostics.push(Diagnostic::error_at(&section.source, to.span.clone(), message));
                return;
            }
        }
        let Some(Origin::Redirect(Target::Path(path, _))) = self.routes.get(&section.path) else { return };
        let checker = &self.site.config.link_checker;
        if matches!(self.answer(path.as_str()), Answer::Missing) && !checker.skips(&to.value) {
            let message = format!("there is nothing at `{path}` to redirect to");
            let mut diagnostic = Diagnostic::error_at(&section.source, to.span.clone(), message);
            diagnostic.severity = checker.internal;
            diagnostic.help = self.near(path.as_str()).map(|near| format!("did you mean `{near}`?"));
            self.diagnostics.push(diagnostic);
        }
    }

    fn error_pages(&mut self) {
        for error in &self.rules.error_pages {
            let path = error.page.value.as_str();
            let message = match self.routes.get(&error.page.value) {
                Some(Origin::Redirect(_)) => format!("`{path}` is a redirect, and cannot answer with an error"),
                Some(_) => continue,
                None => format!("there is no page at `{path}`"),
            };
            let help = match self.near(path) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "it is named by its path: the file `static/503.html` is at `/503.html`".to_owned(),
            };
            self.error(&error.page.span, message, help);
        }
    }

    fn pattern(&mut self, written: &WrittenPattern) {
        let pattern = &written.pattern.value;
        let text = pattern.as_str();
        let is_virtual = |path: &str| !matches!(self.answer(path), Answer::Missing);
        // Which files are built is not known yet.
        let could_be_built = text.contains('*') && (pattern.matches(BUILT) || text.starts_with("/assets/"));
        let matched = could_be_built
            || self.routes.keys().any(|path| pattern.matches(path.as_str()))
            || is_virtual(&sample(text));
        if matched {
            return;
        }
        let mounted = text.strip_prefix('/').and_then(|rest| rest.strip_prefix(self.site.name.as_str()));
        let help = if let Some(below) = mounted.filter(|below| below.starts_with('/')) {
            format!("paths are those of the site, without what it is mounted at: `{below}`")
        } else if self.routes.keys().any(|path| path.as_str().starts_with(&format!("{text}/"))) {
            format!("for all below it write `{text}/*`")
        } else if let Some(near) = self.near(text) {
            format!("did you mean `{near}`?")
        } else {
            "`/x` is one path; `/x/*` is all that is below it".to_owned()
        };
        let message = match written.table {
            PatternTable::Auth => format!("nothing of the site is at `{text}`, so no password protects anything"),
            PatternTable::Headers
            | PatternTable::Cache
            | PatternTable::Cors
            | PatternTable::Maintenance
            | PatternTable::Pages => {
                format!("nothing of the site is at `{text}`, so this does nothing")
            }
        };
        let diagnostic =
            Diagnostic::error_at(&self.rules.source, written.pattern.span.clone(), message).with_help(help);
        let severity = if written.table == PatternTable::Auth { Severity::Error } else { Severity::Warning };
        self.diagnostics.push(Diagnostic { severity, ..diagnostic });
    }

    /// A page that browsers never ask for again cannot be corrected.
    fn immutable_pages(&mut self) {
        let is_page = |path: &SitePath| path.is_index() || path.extension() == Some("html");
        for rule in &self.rules.cache {
            if !matches!(rule.lifetime, Lifetime::MaxAge { immutable: true, .. }) {
                continue;
            }
            let pages = self.routes.keys().filter(|path| is_page(path));
            let found = pages.flat_map(|page| rule.paths.iter().map(move |pattern| (page, pattern)));
            let Some((page, pattern)) = found.into_iter().find(|(page, pattern)| pattern.matches(page.as_str())) else {
                continue;
            };
            let mut written = self.rules.patterns.iter().filter(|one| one.table == PatternTable::Cache);
            let Some(place) = written.find(|one| one.pattern.value == *pattern) else { continue };
            let message = format!("`{page}` is a page, and whoever has it will not ask for it again");
            let diagnostic = Diagnostic::error_at(&self.rules.source, place.pattern.span.clone(), message);
            let help = "`immutable` is for files whose name changes with their content";
            self.diagnostics.push(diagnostic.as_warning().with_help(help));
        }
    }

    fn answer(&self, path: &str) -> Answer {
        if self.route_of(path).is_some() {
            return Answer::Route;
        }
        match self.rules.moves.iter().position(|rule| rule.moved.value.from().matches(path)) {
            Some(number) => Answer::Move(number),
            None if self.site.config.mode == Mode::Spa
                && !path.rsplit('/').next().is_some_and(|name| name.contains('.')) =>
            {
                Answer::Shell
            }
            None => Answer::Missing,
        }
    }

    /// The route that a path leads to, by itself or with the slash it lacks.
    fn route_of(&self, path: &str) -> Option<String> {
        let folder = path.strip_suffix("index.html").filter(|folder| folder.ends_with('/'));
        let spellings = [Some(path.to_owned()), folder.map(str::to_owned), Some(format!("{path}/"))];
        let is_route = |path: &String| SitePath::parse(path).is_ok_and(|path| self.routes.contains_key(&path));
        spellings.into_iter().flatten().find(is_route)
    }

    /// Whether what is written with `:names` can be a path that `holds`.
    fn could_lead(&self, written: &str, holds: impl Fn(&SitePath) -> bool) -> bool {
        let decoded = percent_encoding::percent_decode_str(written).decode_utf8_lossy();
        let pieces = plain_pieces(&decoded);
        match &pieces[..] {
            [path] => SitePath::parse(path).is_ok_and(|path| holds(&path)),
            _ => self.routes.keys().any(|path| fits(path.as_str(), &pieces)),
        }
    }

    fn near(&self, path: &str) -> Option<&'a str> {
        let routes = || self.routes.keys().map(SitePath::as_str);
        let slashed = |route: &&str| route.trim_end_matches('/') == path.trim_end_matches('/');
        routes().find(slashed).or_else(|| did_you_mean(path, routes()))
    }
}

fn kind(rule: &MoveRule) -> &'static str {
    match rule.moved.value.how() {
        How::Rewrite => "rewrite",
        How::Redirect(_) => "redirect",
    }
}

/// A path that a pattern matches, whatever its parts stand for.
fn sample(pattern: &str) -> String {
    let segments = pattern.split('/').enumerate();
    let segments = segments.map(|(nth, segment)| if nth > 0 && segment.starts_with(':') { ANY } else { segment });
    segments.collect::<Vec<_>>().join("/").replace('*', ANY)
}

/// What stands around the `:names` of a destination.
fn plain_pieces(written: &str) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for (at, _) in written.match_indices(':') {
        let name = written[at + 1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let end = name.map_or(written.len(), |length| at + 1 + length);
        if end > at + 1 && at >= start {
            pieces.push(&written[start..at]);
            start = end;
        }
    }
    pieces.push(&written[start..]);
    pieces
}

/// Whether `path` is these pieces, with any text between them.
fn fits(path: &str, pieces: &[&str]) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_matched() {
        for pattern in ["/", "/a", "/old/*", "/:a/b/:c", "/*.css", "/:a/*/x"] {
            let path = sample(pattern);
            assert!(crate::site::PathPattern::parse(pattern).unwrap().matches(&path), "{pattern} {path}");
        }
    }

    #[test]
    fn destinations_and_paths() {
        for (written, path, expected) in [
            ("/posts/:slug/", "/posts/first/", true),
            ("/posts/:slug-:year/", "/posts/first-2026/", true),
            ("/posts/:slug/", "/notes/first/", false),
            ("/new/:splat", "/new/a/b/", true),
            ("/:a/x", "/b/y", false),
        ] {
            assert_eq!(fits(path, &plain_pieces(written)), expected, "{written} {path}");
        }
        assert_eq!(plain_pieces("/12:/a"), ["/12:/a"]);
    }
}
