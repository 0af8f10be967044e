//! What may be answered: every byte of every generation is known, so each answer is either one of them, whole, or wrong.
//! And it must be one that was live while it was asked for, or a moment before.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sitekit::site::{Coding, ContentHash, Mode, SiteImage};

use super::site::{EVEN, GENERATION, LARGE};
use crate::random::Random;

/// A generation may be served for so long after the next was committed: the server looks at least this often.
const LAG: Duration = Duration::from_secs(6);
/// Generations of which it is known when they went.
const MEMORY: usize = 64;

/// All sites.
pub(super) struct Truth {
    sites: Vec<Site>,
}

struct Site {
    base: String,
    mode: Mode,
    /// URL paths of pages and files that every generation has.
    common: Vec<String>,
    generations: Vec<HashMap<String, Vec<Body>>>,
    /// The body of the page for what is not found, by generation.
    not_found: Vec<Option<Vec<Body>>>,
    /// Which generation was committed when; the last is live.
    committed: Mutex<VecDeque<(usize, Instant)>>,
}

struct Body {
    coding: Coding,
    bytes: bytes::Bytes,
    etag: String,
}

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Page,
    Head,
    Conditional,
    Range,
    Missing,
    /// A route that comes and goes.
    Changing,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Page, Self::Head, Self::Conditional, Self::Range, Self::Missing, Self::Changing];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Page => "GET",
            Self::Head => "HEAD",
            Self::Conditional => "conditional",
            Self::Range => "range",
            Self::Missing => "missing",
            Self::Changing => "a route that comes and goes",
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    pub(super) path: String,
    pub(super) accept: Option<&'static str>,
    pub(super) if_none_match: Option<String>,
    pub(super) range: Option<(u64, u64)>,
    site: usize,
}

impl Ask {
    pub(super) fn method(&self) -> &'static str {
        if self.kind == Kind::Head { "HEAD" } else { "GET" }
    }

    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let accept = self.accept.map(|accept| ("accept-encoding", accept.to_owned()));
        let condition = self.if_none_match.clone().map(|etag| ("if-none-match", etag));
        let range = self.range.map(|(first, last)| ("range", format!("bytes={first}-{last}")));
        [accept, condition, range].into_iter().flatten().collect()
    }
}

/// An answer, however it came.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) field: &'a dyn Fn(&str) -> Option<String>,
    pub(super) body: &'a [u8],
}

impl Truth {
    /// `sites` in all their generations; the first of each is live from `now` on.
    pub(super) fn new(sites: &[Vec<SiteImage>], now: Instant) -> Self {
        Self { sites: sites.iter().map(|generations| Site::new(generations, now)).collect() }
    }

    /// A generation is on disk, or will be in a moment.
    pub(super) fn commit(&self, site: usize, generation: usize, now: Instant) {
        let mut committed = self.sites[site].committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.push_back((generation, now));
        if committed.len() > MEMORY {
            committed.pop_front();
        }
    }

    /// URL path of the body that is too large to be asked for by good clients.
    pub(super) fn large(&self) -> String {
        format!("{}{}", self.sites[0].base, &LARGE[1..])
    }

    /// The next request: most are for pages.
    pub(super) fn ask(&self, random: &mut Random) -> Ask {
        const ACCEPTS: [Option<&str>; 6] = [
            Some("gzip, deflate, br, zstd"),
            Some("gzip, deflate, br, zstd"),
            Some("br"),
            Some("gzip"),
            Some("identity"),
            None,
        ];
        let kind = match random.below(100) {
            0..68 => Kind::Page,
            68..75 => Kind::Head,
            75..85 => Kind::Conditional,
            85..92 => Kind::Range,
            92..97 => Kind::Missing,
            _ => Kind::Changing,
        };
        let at = random.below(self.sites.len());
        let site = &self.sites[at];
        let path = match kind {
            Kind::Missing => format!("{}nope-{}.css", site.base, random.below(1000)),
            Kind::Changing => format!("{}{}", site.base, &EVEN[1..]),
            _ => site.common[random.below(site.common.len())].clone(),
        };
        let accept = ACCEPTS[random.below(ACCEPTS.len())];
        // What a client has kept may be of any generation.
        let kept = &site.generations[random.below(site.generations.len())];
        let if_none_match = kept.get(&path).filter(|_| kind == Kind::Conditional).and_then(|bodies| {
            let body = bodies.iter().find(|body| accept == Some(body.coding.token())).or(bodies.first());
            body.map(|body| body.etag.clone())
        });
        let range = (kind == Kind::Range).then(|| {
            let first = random.below(400) as u64;
            (first, first + random.below(60_000) as u64)
        });
        Ask { kind, path, accept, if_none_match, range, site: at }
    }

    /// Whether the answer is right, whole, and of one generation that may be served, between `asked` and `now`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self, ask: &Ask, answer: &Answer<'_>, asked: Instant, now: Instant) -> Result<(), String> {
        let site = &self.sites[ask.site];
        let said = (answer.field)(GENERATION);
        let generation = said.as_deref().and_then(|text| text.parse::<usize>().ok());
        if let Some(generation) = generation
            && !site.may_serve(generation, asked, now)
        {
            return Err(format!("generation {generation} is not live"));
        }
        match answer.status {
            304 => return check_not_modified(ask, answer),
            416 if ask.kind == Kind::Range => return site.check_beyond(ask, answer),
            404 if matches!(ask.kind, Kind::Missing | Kind::Changing) => {
                let Some(generation) = generation else { return Ok(()) };
                if ask.kind == Kind::Changing && generation % 2 == 0 {
                    return Err(format!("404 for a route that generation {generation} has"));
                }
                let bodies = site.not_found.get(generation).and_then(Option::as_ref);
                return check_whole(bodies.ok_or("a generation we never made")?, ask, answer);
            }
            200 | 206 if ask.kind != Kind::Missing => {}
            status => return Err(format!("status {status}")),
        }
        let generation = generation.ok_or("it says no generation")?;
        let routes = site.generations.get(generation).ok_or("a generation we never made")?;
        // An app answers with its shell for what looks like a page of its own.
        let shell = || routes.get(&site.base).filter(|_| site.mode == Mode::Spa && ask.kind == Kind::Changing);
        let bodies = routes.get(&ask.path).or_else(shell);
        let bodies = bodies.ok_or_else(|| format!("generation {generation} has no such route"))?;
        if answer.status == 206 {
            return check_part(bodies, ask, answer);
        }
        check_whole(bodies, ask, answer)
    }
}

impl Site {
    fn new(generations: &[SiteImage], now: Instant) -> Self {
        let first = &generations[0];
        let common = first.routes.iter().filter(|(path, response)| {
            response.status == 200
                && path.as_str() != LARGE
                && generations.iter().all(|image| image.routes.contains_key(*path))
                && first.not_found.as_ref() != Some(*path)
        });
        let routes = |image: &SiteImage| {
            let bodies = |(path, response): (&sitekit::site::SitePath, &sitekit::site::Response)| {
                (path.to_url(&image.base), response.bodies.iter().map(Body::new).collect())
            };
            image.routes.iter().map(bodies).collect()
        };
        let not_found = |image: &SiteImage| {
            let path = image.not_found.as_ref()?;
            Some(image.routes.get(path)?.bodies.iter().map(Body::new).collect())
        };
        Self {
            base: first.base.as_str().to_owned(),
            mode: first.mode,
            common: common.map(|(path, _)| path.to_url(&first.base)).collect(),
            generations: generations.iter().map(routes).collect(),
            not_found: generations.iter().map(not_found).collect(),
            committed: Mutex::new([(0, now)].into()),
        }
    }

    /// Whether the generation was live at some moment between `asked`, less the time the server may take, and `now`.
    fn may_serve(&self, generation: usize, asked: Instant, now: Instant) -> bool {
        let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.iter().enumerate().any(|(at, (number, from))| {
            let until = committed.get(at + 1).map(|(_, next)| *next + LAG);
            *number == generation && *from <= now && until.is_none_or(|until| until >= asked)
        })
    }

    /// A range beyond the end of a body.
    fn check_beyond(&self, ask: &Ask, answer: &Answer<'_>) -> Result<(), String> {
        let said = (answer.field)("content-range").ok_or("a 416 without a Content-Range")?;
        let length = said.strip_prefix("bytes */").and_then(|length| length.parse::<u64>().ok());
        let bodies = self.generations.iter().filter_map(|routes| routes.get(&ask.path)).flatten();
        let lengths: Vec<u64> = bodies.map(|body| body.bytes.len() as u64).collect();
        match (length, ask.range) {
            (Some(length), Some((first, _))) if length <= first && lengths.contains(&length) => Ok(()),
            _ => Err(format!("416 with {said}, asked for {:?}", ask.range)),
        }
    }
}

impl Body {
    fn new(body: &sitekit::site::EncodedBody) -> Self {
        let hash = ContentHash::of(&body.bytes);
        let etag = match body.coding {
            Coding::Identity => format!("\"{hash}\""),
            coding => format!("\"{hash}-{}\"", coding.token()),
        };
        Self { coding: body.coding, bytes: body.bytes.clone(), etag }
    }
}

fn check_not_modified(ask: &Ask, answer: &Answer<'_>) -> Result<(), String> {
    let sent = ask.if_none_match.as_ref().ok_or("304 to a request without a condition")?;
    let said = (answer.field)("etag").ok_or("a 304 without an ETag")?;
    if said != *sent || !answer.body.is_empty() {
        return Err(format!("304 with {said}, asked for {sent}"));
    }
    Ok(())
}

fn check_whole(bodies: &[Body], ask: &Ask, answer: &Answer<'_>) -> Result<(), String> {
    let body = chosen(bodies, ask, answer)?;
    let length = (answer.field)("content-length").ok_or("no Content-Length")?;
    if length != body.bytes.len().to_string() {
        return Err(format!("Content-Length {length} of {}", body.bytes.len()));
    }
    if ask.kind != Kind::Head && body.bytes != answer.body {
        return Err(format!("another body than its ETag says, {} bytes of {}", answer.body.len(), body.bytes.len()));
    }
    Ok(())
}

fn check_part(bodies: &[Body], ask: &Ask, answer: &Answer<'_>) -> Result<(), String> {
    let body = chosen(bodies, ask, answer)?;
    let (first, last) = ask.range.ok_or("206 to a request without a range")?;
    let length = body.bytes.len() as u64;
    let last = last.min(length.saturating_sub(1));
    let said = (answer.field)("content-range").ok_or("no Content-Range")?;
    if said != format!("bytes {first}-{last}/{length}") {
        return Err(format!("Content-Range {said}, asked for {first}-{last} of {length}"));
    }
    let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    if body.bytes.get(at(first)..=at(last)) != Some(answer.body) {
        return Err(format!("another part than {said}, {} bytes", answer.body.len()));
    }
    Ok(())
}

/// The body an answer claims to have, by its coding and its ETag.
fn chosen<'a>(bodies: &'a [Body], ask: &Ask, answer: &Answer<'_>) -> Result<&'a Body, String> {
    let coding = (answer.field)("content-encoding");
    let coding = coding.as_deref().unwrap_or(Coding::Identity.token());
    if coding != "identity" && !ask.accept.is_some_and(|accept| accept.contains(coding)) {
        return Err(format!("coded with {coding}, which was not asked for"));
    }
    let body = bodies
        .iter()
        .find(|body| body.coding.token() == coding)
        .ok_or_else(|| format!("no body is coded with {coding}"))?;
    // A page for what is not found is no representation of what was asked for, and has no validator.
    let etag = (answer.field)("etag");
    if answer.status != 404 && etag.as_deref() != Some(body.etag.as_str()) {
        return Err(format!("ETag {etag:?}, expected {}", body.etag));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::site;

    #[test]
    fn wrong_answers_are_found() {
        let sites: Vec<_> = site::make().unwrap().iter().map(|image| site::generations(image).unwrap()).collect();
        let start = Instant::now();
        let truth = Truth::new(&sites, start);
        let page = &sites[1][0].routes[&sitekit::site::SitePath::root()].bodies[0];
        let etag = format!("\"{}\"", ContentHash::of(&page.bytes));
        let length = page.bytes.len().to_string();
        let ask = Ask {
            kind: Kind::Page,
            path: "/docs/".to_owned(),
            accept: None,
            if_none_match: None,
            range: None,
            site: 1,
        };
        let answer = |status, generation: &str, etag: &str, body: &[u8], now: Instant| {
            let field = |name: &str| match name {
                "etag" => Some(etag.to_owned()),
                "content-length" => Some(length.clone()),
                GENERATION => Some(generation.to_owned()),
                _ => None,
            };
            truth.check(&ask, &Answer { status, field: &field, body }, now, now)
        };
        assert_eq!(answer(200, "0", &etag, &page.bytes, start), Ok(()));
        for (status, generation, etag, body, wrong) in [
            (500, "0", &etag[..], &page.bytes[..], "status 500"),
            (404, "0", &etag, &page.bytes, "status 404"),
            (304, "0", &etag, b"", "304 to a request without a condition"),
            (200, "1", &etag, &page.bytes, "generation 1 is not live"),
            (200, "0", "\"x\"", &page.bytes, "ETag"),
            (200, "0", &etag, &page.bytes[1..], "another body"),
            (200, "", &etag, &page.bytes, "it says no generation"),
        ] {
            let got = answer(status, generation, etag, body, start).unwrap_err();
            assert!(got.starts_with(wrong), "{got}");
        }
        truth.commit(1, 1, start);
        assert_eq!(answer(200, "0", &etag, &page.bytes, start + LAG), Ok(()));
        assert!(answer(200, "0", &etag, &page.bytes, start + LAG + Duration::from_millis(1)).is_err());
    }
}
