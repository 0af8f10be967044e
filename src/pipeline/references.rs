//! Where the links of pages lead: to an answer of this site, and to a place in it where they name one. Whether there is an
//! answer is known as soon as a page is drafted; what can be named in a page is known when all pages are. Links to other
//! sites are not looked at.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
};

use rayon::prelude::*;

use super::{
    drafts::{Draft, PageDraft, Target, Wish},
    sources::ASSETS,
};
use crate::{
    diag::Severity,
    load::{LinkChecker, Site},
    plan::{self, Origin, Plan},
    site::{Mode, SitePath},
    transform::{
        html::decoded::decoded,
        placeholder,
        preload::resolved,
        requests::{Asks, Requests, place_in_page},
    },
};

/// What links can lead to.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// In the order of their paths.
    routes: Vec<(&'a SitePath, &'a Origin)>,
    numbers: HashMap<&'a str, u32>,
    site: &'a Site,
    /// The paths of the files in `assets/`, which are published only where a page loads them.
    unpublished: HashSet<String>,
    /// Whether links to other sites are wanted.
    with_foreign: bool,
}

/// What a page says of where it leads, and what in it can be led to.
#[derive(Debug, Default)]
pub(super) struct References {
    broken: Vec<Broken>,
    /// The links that name a place in a page, and the number of the page's route.
    named: Vec<(Written, u32)>,
    /// The links to other sites, where these are checked.
    foreign: Vec<Written>,
    pub(super) anchors: Anchors,
}

/// A link that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) link: Written,
    pub(super) why: Why,
}

/// A link as it stands in a page, whose text need not be in memory any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    span: Span,
    pub(super) raw: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Nothing answers at this path.
    NoPage(String),
    /// There is no such file for what the page loads.
    NoFile(String),
    /// The file is there, and not published.
    NotPublished,
    /// The page is there, and this place is not in it.
    NoAnchor { fragment: String, page: SitePath },
    /// Another site's page could not be reached; what is said of it.
    Unreached { severity: Severity, why: String },
}

/// What is said of the links to other sites that lead nowhere: how much it matters, and the end of a sentence that begins with
/// the URL.
pub type Unreached = BTreeMap<String, (Severity, String)>;

/// A place in a page's text; no page has 4 GB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: u32,
    end: u32,
}

/// Where a URL leads.
enum Lead<'u> {
    /// To another site, or to what is not checked.
    Elsewhere,
    /// To a rule that answers by itself.
    Answered,
    Route {
        number: u32,
        fragment: Option<&'u str>,
    },
    Nowhere(Why),
}

impl<'a> Places<'a> {
    pub(super) fn new(site: &'a Site, plan: &'a Plan, with_foreign: bool) -> Self {
        let routes: Vec<_> = plan.routes.iter().collect();
        let numbers = (0..).zip(&routes).map(|(number, (path, _))| (path.as_str(), number)).collect();
        let below = format!("{}{ASSETS}", site.root);
        let unpublished = site.assets.iter().filter_map(|file| file.path.strip_prefix(&below));
        let unpublished = unpublished.map(|name| format!("{ASSETS}{name}")).collect();
        Self { routes, numbers, site, unpublished, with_foreign }
    }

    /// What is known of the links of the page at `path`, whose URLs are relative to `from`. Of a page whose URLs all lead to
    /// another site, `from` is `None`.
    pub(super) fn references(
        &self,
        text: &str,
        requests: &Requests,
        wishes: &[Wish],
        from: Option<&SitePath>,
    ) -> References {
        let mut found = References { anchors: Anchors::new(text, &requests.anchors), ..References::default() };
        let Some(from) = from else { return found };
        for link in &requests.links {
            found.add(self, text, link, from);
        }
        for wish in wishes {
            let span = Span::of(&wish.request.span);
            match (&wish.target, wish.request.asks) {
                // Of scripts and style sheets it has been told.
                (Target::Path(path), Asks::File | Asks::Font | Asks::Manifest) => {
                    let why = match self.at(path.as_str()) {
                        Lead::Nowhere(Why::NoPage(path)) => Why::NoFile(path),
                        Lead::Nowhere(why) => why,
                        _ => continue,
                    };
                    if !self.checker().skips(span.of_text(text)) {
                        found.broken.push(Broken { link: Written::new(span, text), why });
                    }
                }
                // `<use href="#icon">` names a place in its own page.
                (Target::Elsewhere, Asks::File) if span.of_text(text).starts_with('#') => {
                    found.add(self, text, &wish.request.span, from);
                }
                // What stands in the page is no URL, and a host that is connected to early need not have a page.
                (_, Asks::InlineModule | Asks::ImportMap | Asks::Preconnect) => {}
                (Target::Elsewhere, _) if is_foreign(span.of_text(text)) => {
                    found.add(self, text, &wish.request.span, from);
                }
                (Target::Elsewhere, Asks::MayNeed) => found.add(self, text, &wish.request.span, from),
                _ => {}
            }
        }
        found
    }

    /// Where a URL leads, decoded, from the page at `from`.
    fn lead<'u>(&self, url: &'u str, from: &SitePath) -> Lead<'u> {
        let own = self.site.config.base_url.as_deref().and_then(|base| url.strip_prefix(base));
        let own = own.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
        let relative = own.unwrap_or(url);
        let end = relative.find(['?', '#']).unwrap_or(relative.len());
        let (path, rest) = relative.split_at(end);
        let fragment = rest.find('#').map(|at| &rest[at + 1..]);
        if placeholder::begins(path) {
            return Lead::Elsewhere;
        }
        let lead = match path {
            "" if own.is_some() => self.at("/"),
            "" => self.at(from.as_str()),
            _ => self.numbers.get(path).map_or_else(|| self.resolve(path, from), |&number| self.followed(number)),
        };
        match lead {
            Lead::Route { number, .. } => Lead::Route { number, fragment },
            other => other,
        }
    }

    fn resolve(&self, path: &str, from: &SitePath) -> Lead<'static> {
        let Some(resolved) = resolved(from.as_str(), path) else { return Lead::Elsewhere };
        match SitePath::from_request(&resolved) {
            Ok(path) => self.at(path.as_str()),
            Err(_) => Lead::Nowhere(Why::NoPage(resolved)),
        }
    }

    /// What answers at a path, as the server finds it.
    fn at(&self, path: &str) -> Lead<'static> {
        let index = path.strip_suffix("index.html").filter(|folder| folder.ends_with('/'));
        let number = |path: &str| self.numbers.get(path).copied();
        let number = number(path).or_else(|| index.map_or_else(|| number(&format!("{path}/")), number));
        if let Some(number) = number {
            return self.followed(number);
        }
        let config = &self.site.config;
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if config.rules.moves.iter().any(|rule| rule.moved.value.from().matches(path)) {
            Lead::Answered
        } else if config.mode == Mode::Spa && !is_file && self.numbers.contains_key("/") {
            // The shell knows what it shows there.
            Lead::Answered
        } else if self.unpublished.contains(path) {
            Lead::Nowhere(Why::NotPublished)
        } else {
            Lead::Nowhere(Why::NoPage(path.to_owned()))
        }
    }

    /// The route a browser comes to in the end: it takes a fragment along.
    fn followed(&self, mut number: u32) -> Lead<'static> {
        // What leads in a circle has been told.
        for _ in 0..8 {
            match self.routes[number as usize].1 {
                Origin::Redirect(plan::Target::Path(path, _)) => match self.numbers.get(path.as_str()) {
                    Some(&next) => number = next,
                    None => return Lead::Answered,
                },
                Origin::Redirect(plan::Target::Url(_)) => return Lead::Answered,
                _ => break,
            }
        }
        Lead::Route { number, fragment: None }
    }

    fn checker(&self) -> &'a LinkChecker {
        &self.site.config.link_checker
    }

    /// The URLs of all links to other sites.
    pub(super) fn foreign(drafts: &[(SitePath, Draft)]) -> BTreeSet<String> {
        let of_page = |(_, draft): &(SitePath, Draft)| match draft {
            Draft::Page(page) => page.references.foreign.iter().map(|link| decoded(&link.raw).into_owned()).collect(),
            _ => BTreeSet::new(),
        };
        drafts.iter().flat_map(of_page).collect()
    }

    /// Every link that leads nowhere, by the number of the page's draft, in the order of its text; those to places in pages
    /// only where these are `whole`.
    pub(super) fn broken(
        &self,
        drafts: &[(SitePath, Draft)],
        unreached: &Unreached,
        whole: bool,
    ) -> Vec<(usize, Vec<Broken>)> {
        let mut pages: Vec<Option<&PageDraft>> = vec![None; self.routes.len()];
        for (path, draft) in drafts {
            if let (Some(&number), Draft::Page(page)) = (self.numbers.get(path.as_str()), draft) {
                pages[number as usize] = Some(page);
            }
        }
        let of_page = |(at, (_, draft)): (usize, &(SitePath, Draft))| {
            let Draft::Page(page) = draft else { return None };
            let References { broken, named, foreign, .. } = &page.references;
            let dead = foreign.iter().filter_map(|link| {
                let (severity, why) = unreached.get(&*decoded(&link.raw))?;
                let why = Why::Unreached { severity: *severity, why: why.clone() };
                Some(Broken { link: link.clone(), why })
            });
            let lost = named.iter().filter(|_| whole).filter_map(|(link, number)| {
                // What is no page has no names in it, and one that could not be made has been told of.
                let target = pages[*number as usize]?;
                let url = decoded(&link.raw);
                let fragment = &url[url.find('#')? + 1..];
                let is_there = target.references.anchors.has(fragment);
                (!is_there).then(|| {
                    let (fragment, page) = (fragment.to_owned(), self.routes[*number as usize].0.clone());
                    Broken { link: link.clone(), why: Why::NoAnchor { fragment, page } }
                })
            });
            let mut all: Vec<Broken> = broken.iter().cloned().chain(lost).chain(dead).collect();
            all.sort_by_key(|one| one.link.span);
            (!all.is_empty()).then_some((at, all))
        };
        drafts.par_iter().enumerate().filter_map(of_page).collect()
    }
}

/// The places in pages that something beside the page itself leads to, by the number of the page's route.
#[derive(Debug, Default)]
pub(super) struct Linked(HashMap<u32, BTreeSet<Box<str>>>);

impl Linked {
    /// Nothing where mistakes in links are let pass.
    pub(super) fn of(places: &Places<'_>, drafts: &[(SitePath, Draft)]) -> Self {
        let mut linked = Self::default();
        if places.checker().internal != Severity::Error {
            return linked;
        }
        let mut add = |number: u32, fragment: &str| {
            linked.0.entry(number).or_default().insert(fragment.into());
        };
        for (path, draft) in drafts {
            let (Draft::Page(page), Some(&own)) = (draft, places.numbers.get(path.as_str())) else { continue };
            for (link, number) in page.references.named.iter().filter(|(_, number)| *number != own) {
                let url = decoded(&link.raw);
                add(*number, url.split_once('#').map_or("", |(_, fragment)| fragment));
            }
        }
        for (_, origin) in &places.routes {
            if let Origin::Redirect(plan::Target::Path(path, behind)) = origin
                && let (Some((_, fragment)), Some(&number)) =
                    (behind.split_once('#'), places.numbers.get(path.as_str()))
            {
                add(number, fragment);
            }
        }
        linked
    }
}

impl Places<'_> {
    /// Whether, with a page that has changed to `now`, every link of it leads somewhere and every place in it that something
    /// leads to is there. A place in another page counts when something else leads there as well: then it is known.
    pub(super) fn hold(&self, path: &SitePath, now: &References, linked: &Linked) -> bool {
        if self.checker().internal != Severity::Error {
            return true;
        }
        let Some(&own) = self.numbers.get(path.as_str()) else { return false };
        let leads = |(link, number): &(Written, u32)| {
            let url = decoded(&link.raw);
            let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
            if *number == own {
                now.anchors.has(fragment)
            } else {
                linked.0.get(number).is_some_and(|known| known.contains(fragment))
            }
        };
        now.broken.is_empty()
            && now.named.iter().all(leads)
            && linked.0.get(&own).is_none_or(|places| places.iter().all(|fragment| now.anchors.has(fragment)))
    }
}

impl References {
    fn add(&mut self, places: &Places<'_>, text: &str, link: &Range<usize>, from: &SitePath) {
        let url = decoded(&text[link.clone()]);
        let written = || Written::new(Span::of(link), text);
        match places.lead(&url, from) {
            Lead::Answered => {}
            _ if places.checker().skips(&url) => {}
            Lead::Elsewhere if places.with_foreign && is_foreign(&url) => self.foreign.push(written()),
            Lead::Nowhere(why) => self.broken.push(Broken { link: written(), why }),
            Lead::Route { number, fragment: Some(fragment) } => {
                // In a single-page app ids are made by its scripts.
                let is_app = places.site.config.mode == Mode::Spa;
                if !is_app && place_in_page(fragment).is_some() && !places.checker().skips_anchor(&url) {
                    self.named.push((written(), number));
                }
            }
            Lead::Elsewhere | Lead::Route { fragment: None, .. } => {}
        }
    }
}

/// Whether a URL names another host.
fn is_foreign(url: &str) -> bool {
    let begins = |prefix: &str| url.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    begins("https://") || begins("http://") || begins("//")
}

impl Written {
    fn new(span: Span, text: &str) -> Self {
        Self { span, raw: span.of_text(text).into() }
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.span.range()
    }
}

/// What can be named in a page.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    /// All names, one behind the other.
    text: Box<str>,
    /// Where each is in the text: sorted by what stands there.
    names: Box<[Span]>,
}

impl Anchors {
    fn new(page: &str, spans: &[Range<usize>]) -> Self {
        let mut text = String::with_capacity(spans.iter().map(Range::len).sum());
        let mut names: Box<[Span]> = spans
            .iter()
            .map(|span| {
                let start = text.len();
                text.push_str(&decoded(&page[span.clone()]));
                Span::of(&(start..text.len()))
            })
            .collect();
        names.sort_unstable_by(|one, other| one.of_text(&text).cmp(other.of_text(&text)));
        Self { text: text.into(), names }
    }

    /// Whether the page has the place that a fragment names: as it is, or percent-decoded (HTML §7.4.6.4).
    pub(super) fn has(&self, fragment: &str) -> bool {
        let holds = |name: &str| self.names.binary_search_by(|span| span.of_text(&self.text).cmp(name)).is_ok();
        let Some(name) = place_in_page(fragment) else { return true };
        holds(name)
            || (name.contains('%')
                && percent_encoding::percent_decode_str(name).decode_utf8().is_ok_and(|name| holds(&name)))
    }

    /// All of them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|span| span.of_text(&self.text))
    }
}

impl Span {
    fn of(range: &Range<usize>) -> Self {
        let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: at(range.start), end: at(range.end) }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    fn of_text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}
