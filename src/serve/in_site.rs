//! What a site answers: from a path below its base to a representation, or to what its rules say. A site without rules
//! goes the short way, and no rule is looked at there.

use std::{rc::Rc, sync::Arc};

use http::{HeaderValue, StatusCode, header};

use crate::{
    map::{Bundle, EntryId},
    site::{Mode, PathError, SitePath, TrailingSlash},
};

use super::{
    conditional::{self, Outcome, Preconditions, Validators},
    core::{Core, Mounted},
    live::LiveUpdates,
    password::{Access, Area, Check},
    past,
    range::{self, Selection},
    respond::{self, Content, Head, Prepared},
    route::{self, Route},
    rules::{Moved, SiteRules},
    target::Action,
    wanted::{Asked, Wanted, only},
};

/// A head, and whose body follows it, if any: the entry, and which of its representations.
pub(super) type Answer = (Head, Option<(Rc<Prepared>, usize)>);

/// A request for something of a site.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) core: &'a Core,
    pub(super) site: &'a Mounted,
    /// The path below the site's base, as it stands in the request target.
    pub(super) raw: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) wanted: &'a Wanted<'a>,
}

/// Decides. `Err` is a password that is to be checked first.
pub(super) fn answer(asking: &Asking<'_>) -> Result<Answer, Check> {
    let rules = asking.site.rules();
    if let Some(rules) = rules.filter(|rules| rules.concern_paths()) {
        return asking.ruled(rules);
    }
    let answer = asking.at(asking.resolve(TrailingSlash::Always));
    Ok(match rules {
        Some(rules) => asking.worded(rules, answer),
        None => answer,
    })
}

/// An error of this status: in the site's own words, if it has some for it.
pub(super) fn refuse(asking: &Asking<'_>, status: StatusCode) -> Answer {
    let error = (respond::error(status), None);
    let Some(rules) = asking.site.rules() else { return error };
    let answer = asking.worded(rules, error);
    match SitePath::from_request(asking.raw) {
        Ok(path) => asking.shared(rules, &path, answer),
        Err(_) => answer,
    }
}

impl Asking<'_> {
    fn resolve(&self, slash: TrailingSlash) -> Route<EntryId> {
        let bundle = self.site.bundle();
        route::resolve(self.raw, self.site.mode(), slash, |path| bundle.lookup(path))
    }

    /// What is at a route.
    fn at(&self, route: Route<EntryId>) -> Answer {
        match route {
            Route::Found(_) | Route::Shell(_) if self.wanted.action == Action::Options => (respond::options(), None),
            Route::Found(id) | Route::Shell(id) => {
                if let Some(live) = &self.core.live_updates
                    && let Some(answer) = self.edited(live, id)
                {
                    return answer;
                }
                let entry = self.site.prepared(id);
                let (head, nth) = represent(self.site.bundle(), &entry, self.wanted);
                (head, nth.map(|nth| (entry, nth)))
            }
            Route::Moved(path) => self.canonical(&path),
            Route::Missing => self.made_since().or_else(|| self.file_of_the_past()).unwrap_or_else(|| self.missing()),
            Route::Bad(PathError::TooLong) => (respond::error(StatusCode::URI_TOO_LONG), None),
            Route::Bad(_) => (respond::error(StatusCode::BAD_REQUEST), None),
        }
    }

    /// A page that has changed since its bundle was built, in development.
    fn edited(&self, live: &LiveUpdates, id: EntryId) -> Option<Answer> {
        self.edited_at(live, self.site.bundle().entry(id).path())
    }

    /// A file that has come since then.
    fn made_since(&self) -> Option<Answer> {
        let live = self.core.live_updates.as_ref()?;
        self.edited_at(live, SitePath::from_request(self.raw).ok()?.as_str())
    }

    fn edited_at(&self, live: &LiveUpdates, path: &str) -> Option<Answer> {
        let edit = live.edits().of(self.site.bundle())?.at(path)?.clone();
        let entry = Rc::new(Prepared::of_edit(&edit, edit.lookup(path)?));
        let (head, nth) = represent(&edit, &entry, self.wanted);
        Some((head, nth.map(|nth| (entry, nth))))
    }

    fn canonical(&self, path: &SitePath) -> Answer {
        (respond::redirect(&route::location(self.site.bundle().base(), path, self.query)), None)
    }

    /// A fingerprinted file of an older generation, for a page that was loaded before a deploy.
    fn file_of_the_past(&self) -> Option<Answer> {
        let past = self.site.past();
        let file = match route::resolve(self.raw, Mode::Traditional, TrailingSlash::Always, |path| past.find(path)) {
            Route::Found(file) => file,
            Route::Moved(path) => return Some(self.canonical(&path)),
            _ => return None,
        };
        self.core.count_past(self.site);
        if self.wanted.action == Action::Options {
            return Some((respond::options(), None));
        }
        let (bundle, id) = past.entry(file)?;
        let entry = Rc::new(Prepared::of_past(bundle, id));
        let (head, nth) = represent(bundle, &entry, self.wanted);
        Some((head, nth.map(|nth| (entry, nth))))
    }

    /// The site's own page with status 404, or ours.
    fn missing(&self) -> Answer {
        let error = respond::error(StatusCode::NOT_FOUND);
        match self.site.bundle().not_found() {
            Some(page) => self.in_words_of(page, error),
            None => (error, None),
        }
    }

    /// An error with the body of one of the site's pages; ours when none of it is acceptable.
    fn in_words_of(&self, page: EntryId, error: Head) -> Answer {
        let entry = self.site.prepared(page);
        let Some(nth) = self.wanted.choose(&entry) else { return (error, None) };
        let mut head = entry.as_error(self.site.bundle(), nth, &error);
        if self.wanted.action == Action::Head {
            head.content = Content::None;
        }
        (head, Some((entry, nth)))
    }
}

/// Negotiation, preconditions and ranges, in this order (RFC 9110 §13.2, §14.2).
fn represent(bundle: &Bundle, entry: &Prepared, wanted: &Wanted<'_>) -> (Head, Option<usize>) {
    let Some(nth) = wanted.choose(entry) else {
        return (entry.refuse(StatusCode::NOT_ACCEPTABLE), None);
    };
    let mut selection = Selection::Whole;
    if entry.status.is_success() && wanted.asked.any() {
        match precondition(entry, nth, wanted) {
            Outcome::Proceed => {}
            Outcome::NotModified => return (entry.not_modified(bundle, nth), None),
            Outcome::Failed => return (entry.refuse(StatusCode::PRECONDITION_FAILED), None),
        }
        if wanted.action == Action::Get && entry.status == StatusCode::OK && wanted.asked.has(Asked::RANGE) {
            selection = ranges(entry, nth, wanted);
        }
    }
    match wanted.action {
        Action::Head => (entry.send_head(bundle, nth), Some(nth)),
        _ => (entry.send(bundle, nth, selection), Some(nth)),
    }
}

fn precondition(entry: &Prepared, nth: usize, wanted: &Wanted<'_>) -> Outcome {
    let headers = wanted.headers;
    if !wanted.asked.has(Asked::CONDITIONAL) {
        return Outcome::Proceed;
    }
    let lines = |name| -> Vec<&[u8]> { headers.get_all(name).iter().map(HeaderValue::as_bytes).collect() };
    let (if_match, if_none_match) = (lines(header::IF_MATCH), lines(header::IF_NONE_MATCH));
    let request = Preconditions {
        if_match: &if_match,
        if_none_match: &if_none_match,
        if_modified_since: only(headers, header::IF_MODIFIED_SINCE),
        if_unmodified_since: only(headers, header::IF_UNMODIFIED_SINCE),
    };
    let current = Validators { etag: &entry.representations[nth].etag, last_modified: entry.last_modified };
    conditional::evaluate(request, current)
}

fn ranges(entry: &Prepared, nth: usize, wanted: &Wanted<'_>) -> Selection {
    let headers = wanted.headers;
    let found = &entry.representations[nth];
    let unchanged = match headers.get(header::IF_RANGE) {
        None => true,
        Some(_) => {
            only(headers, header::IF_RANGE).is_some_and(|condition| conditional::if_range_holds(condition, &found.etag))
        }
    };
    match only(headers, header::RANGE) {
        Some(field) if unchanged => range::select(field, found.len),
        _ => Selection::Whole,
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// By the rules

/// Why an answer is not given.
enum Stop<'a> {
    Check(Check),
    /// 401
    Refused(&'a Area),
    /// 503
    Busy,
}

impl Asking<'_> {
    /// The answer of a site that has rules.
    fn ruled(&self, rules: &SiteRules) -> Result<Answer, Check> {
        let path = match SitePath::from_request(self.raw) {
            Ok(path) => path,
            Err(fault) => return Ok(self.worded(rules, self.at(Route::Bad(fault)))),
        };
        // A preflight never has credentials, and asks about requests that may (Fetch §4.8).
        if let Some(head) = self.preflight(rules, &path) {
            return Ok((head, None));
        }
        let (mut answer, guarded) = match self.guarded(rules, &path) {
            Ok(found) => found,
            Err(Stop::Check(check)) => return Err(check),
            Err(Stop::Refused(area)) => ((respond::unauthorized(&area.challenge), None), true),
            Err(Stop::Busy) => ((respond::unavailable(1), None), true),
        };
        if guarded {
            respond::make_private(&mut answer.0);
        }
        Ok(self.shared(rules, &path, self.worded(rules, answer)))
    }

    /// The answer to who may have it, and whether that was asked.
    fn guarded<'a>(&self, rules: &'a SiteRules, path: &SitePath) -> Result<(Answer, bool), Stop<'a>> {
        let bundle = self.site.bundle();
        let mut route = self.resolve(rules.slash);
        let is_past = route == Route::Missing && self.site.past().find(path.as_str()).is_some();
        if let Some(seconds) = rules.closed(path.as_str())
            // A file that will never be another: the page that says so may need it.
            && !(is_past || matches!(route, Route::Found(id) if past::is_immutable(bundle, id)))
        {
            return Ok(((respond::unavailable(seconds), None), false));
        }
        let mut guarded = self.pass(rules.area(path.as_str()))?;
        if matches!(route, Route::Missing | Route::Shell(_))
            && !is_past
            && let Some(moved) = rules.moved(path, bundle.base(), self.query)
        {
            match moved {
                Moved::Redirect(status, location) => return Ok(((respond::moved(status, &location), None), guarded)),
                Moved::Rewrite(to) => {
                    route = route::entry(&to, |path| bundle.lookup(path)).map_or(Route::Missing, Route::Found);
                }
            }
        }
        // Another path may lead to the same entry: a rewrite, or a URL without its slash.
        if let Route::Found(id) = route {
            let own = bundle.entry(id).path();
            if own != path.as_str() {
                guarded |= self.pass(rules.area(own))?;
            }
        }
        Ok((self.at(route), guarded))
    }

    /// Whether there was someone to pass.
    fn pass<'a>(&self, area: Option<&'a Arc<Area>>) -> Result<bool, Stop<'a>> {
        let Some(area) = area else { return Ok(false) };
        match area.access(self.wanted.headers, self.wanted.verdicts) {
            Access::Granted => Ok(true),
            Access::Refused => Err(Stop::Refused(area)),
            Access::Busy => Err(Stop::Busy),
            Access::Unchecked(check) => Err(Stop::Check(check)),
        }
    }

    /// An error of ours in the site's own words, if it has some for its status.
    fn worded(&self, rules: &SiteRules, (head, source): Answer) -> Answer {
        let page = rules.error_page(head.status.as_u16()).filter(|_| matches!(head.content, Content::Page(_)));
        match page {
            Some(page) => self.in_words_of(page, head),
            None => (head, source),
        }
    }

    /// The answer to a question about another request.
    fn preflight(&self, rules: &SiteRules, path: &SitePath) -> Option<Head> {
        let headers = self.wanted.headers;
        if self.wanted.action != Action::Options || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let rule = rules.cross_origin(path.as_str())?;
        Some(respond::preflight(rule, rule.allowed(only(headers, header::ORIGIN))))
    }

    /// Says whose scripts may read an answer, errors among them.
    fn shared(&self, rules: &SiteRules, path: &SitePath, mut answer: Answer) -> Answer {
        if let Some(rule) = rules.cross_origin(path.as_str()) {
            let allowed = rule.allowed(only(self.wanted.headers, header::ORIGIN));
            respond::share(&mut answer.0.fields, rule, allowed);
        }
        answer
    }
}
