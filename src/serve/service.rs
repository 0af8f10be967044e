//! From a request to its answer: the decisions are made one after another by the modules that know them, and the one
//! effect that may be left, reading a cold body, is done at the end.

use std::{
    cell::RefCell,
    convert::Infallible,
    future::Future,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;

use crate::{
    map::Bundle,
    observe::{Event, Reading},
    site::{Coding, Mode, PathError, SitePath},
};

use super::{
    access::Arrival,
    body::{Body, Cold, Piece},
    conditional::{self, Outcome, Preconditions, Validators},
    connection::{Pending, Track},
    core::{Core, Front, Mounted, Tuned, View},
    forwarded::Contradiction,
    hosts::Claim,
    negotiate::{AcceptEncoding, LastAccepted},
    page,
    peer::Client,
    range::{self, Selection},
    rate::{Quota, Rates},
    respond::{self, Content, Head, Prepared},
    route::{self, Mount, Route},
    target::{self, Action, Target},
    to_https,
    watchdog::Phase,
};

/// The service of one connection.
#[derive(Debug)]
pub(super) struct Service {
    core: Rc<Core>,
    tuned: Rc<Tuned>,
    track: Rc<Track>,
}

/// An answer, now or when its body was read. Only the latter costs an allocation.
pub(super) enum Reply {
    Ready { track: Rc<Track>, made: Option<Answered> },
    Later { track: Rc<Track>, making: Making },
}

/// What hyper gets, and what is counted once it was sent.
type Answered = (Response<Body>, Option<Pending>);
type Making = Pin<Box<dyn Future<Output = Answered>>>;

impl Service {
    pub(super) fn new(core: Rc<Core>, tuned: Rc<Tuned>, track: Rc<Track>) -> Self {
        Self { core, tuned, track }
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        let track = Rc::clone(&self.track);
        let client = track.peer.client(request.headers(), &self.tuned.trusted);
        let address = client.as_ref().map_or(track.peer.address, |client| client.address);
        let arrival = self.core.arrival(&request, &self.tuned, &track.peer, address);
        if !request.body().is_end_stream() {
            return self.call_with_body(arrival, client, request);
        }
        track.enter(Phase::Answer);
        let decision = decide(&self.core, &self.tuned, &self.track, client, &request);
        tracing::debug!(peer = ?track.peer, method = %request.method(), target = %request.uri(), status = decision.head.status.as_u16(), "request");
        match self.core.answer(&self.track, decision, arrival) {
            Made::Now(made) => Reply::Ready { track, made: Some(made) },
            Made::Later(making) => Reply::Later { track, making },
        }
    }
}

impl Service {
    /// Requests with bodies are none of ours. A small body is read, so that the connection can go on; for a client
    /// that waits for permission to send it, and for a large one, the connection ends with the answer.
    fn call_with_body(
        &self,
        arrival: Arrival,
        client: Result<Client, Contradiction>,
        request: Request<Incoming>,
    ) -> Reply {
        let (core, tuned, track) = (Rc::clone(&self.core), Rc::clone(&self.tuned), Rc::clone(&self.track));
        let limit = self.tuned.limits.body_bytes;
        let making = Box::pin(async move {
            let waits = request.headers().contains_key(header::EXPECT);
            let too_large = request.body().size_hint().lower() > limit;
            let codings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
            let framing = target::framing(request.method(), codings.map(HeaderValue::as_bytes));
            let (head, mut body) = request.into_parts();
            let request = Request::from_parts(head, ());
            track.enter(Phase::Body);
            let drained =
                if waits || too_large || framing.is_err() { Drained::Not } else { drain(&mut body, limit).await };
            track.enter(Phase::Answer);
            let mut decision = decide(&core, &tuned, &track, client, &request);
            if let Err(status) = framing {
                decision = Decision::own(respond::error(status));
            }
            // In HTTP/2 only the stream ends, and its end says so itself (RFC 9113 §8.2.2).
            let closing = |head| if request.version() == Version::HTTP_2 { head } else { respond::closing(head) };
            match drained {
                Drained::All => {}
                Drained::Not if !too_large => decision.head = closing(decision.head),
                Drained::Not | Drained::TooLarge => {
                    core.note(Event::BodyBytes);
                    decision = Decision::own(closing(respond::error(StatusCode::PAYLOAD_TOO_LARGE)));
                }
                Drained::Broken => {
                    decision = Decision::own(closing(respond::error(StatusCode::BAD_REQUEST)));
                }
            }
            match core.answer(&track, decision, arrival) {
                Made::Now(made) => made,
                Made::Later(making) => making.await,
            }
        });
        Reply::Later { track: Rc::clone(&self.track), making }
    }
}

enum Drained {
    All,
    Not,
    TooLarge,
    Broken,
}

async fn drain(body: &mut Incoming, limit: u64) -> Drained {
    let mut read = 0;
    loop {
        match std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Drained::All,
            Some(Err(_)) => return Drained::Broken,
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, |data| data.len() as u64),
        }
        if read > limit {
            return Drained::TooLarge;
        }
    }
}

impl Future for Reply {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (track, (response, pending)) = match &mut *self {
            Self::Ready { track, made } => match made.take() {
                Some(made) => (track, made),
                None => return Poll::Pending,
            },
            Self::Later { track, making } => match making.as_mut().poll(cx) {
                Poll::Ready(made) => (track, made),
                Poll::Pending => return Poll::Pending,
            },
        };
        track.answered(pending);
        Poll::Ready(Ok(response))
    }
}

/// What is to be sent, before any byte of a body was looked at.
struct Decision {
    head: Head,
    /// Whose body it is, if any: the site, the entry, which of its representations.
    source: Option<(Rc<Prepared>, usize)>,
    site: Option<Rc<Mounted>>,
}

impl Decision {
    /// Of no site.
    fn own(head: Head) -> Self {
        Self { head, source: None, site: None }
    }
}

/// What a request wants of a representation.
struct Wanted<'a> {
    action: Action,
    headers: &'a HeaderMap,
    asked: Asked,
    accept: AcceptEncoding,
}

impl Wanted<'_> {
    fn choose(&self, entry: &Prepared) -> Option<usize> {
        self.accept.choose(entry.representations.iter().enumerate().map(|(nth, found)| (found.coding, found.len, nth)))
    }
}

fn accept_encoding(headers: &HeaderMap, asked: Asked, last: &RefCell<LastAccepted>) -> AcceptEncoding {
    if !asked.has(Asked::ACCEPT_ENCODING) {
        return AcceptEncoding::ABSENT;
    }
    let lines = headers.get_all(header::ACCEPT_ENCODING);
    match only(headers, header::ACCEPT_ENCODING) {
        Some(line) => last.borrow_mut().parse(line),
        None => AcceptEncoding::parse(lines.iter().map(HeaderValue::as_bytes)),
    }
}

/// The answer to a request, and what the connection adds to it.
fn decide<B>(
    core: &Core,
    tuned: &Tuned,
    track: &Track,
    client: Result<Client, Contradiction>,
    request: &Request<B>,
) -> Decision {
    let mut decision = match client {
        Ok(client) => {
            let mut decision = decide_for(&client, core, tuned, track, request);
            if let Some(hsts) = tuned.hsts.as_ref().filter(|_| client.secure) {
                decision.head = respond::by_https_alone(decision.head, hsts);
            }
            decision
        }
        Err(Contradiction) => Decision::own(respond::error(StatusCode::BAD_REQUEST)),
    };
    if request.version() < Version::HTTP_2 && track.had_its_share(tuned.limits.requests) {
        core.note(Event::Requests);
        decision.head = respond::closing(decision.head);
    }
    decision
}

fn decide_for<B>(client: &Client, core: &Core, tuned: &Tuned, track: &Track, request: &Request<B>) -> Decision {
    let own = |status| Decision::own(respond::error(status));
    // hyper sees to it in HTTP/1.1.
    if request.headers().len() > tuned.limits.fields {
        core.note(Event::HeadBytes);
        return own(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    if let Some(port) = track.peer.to_https.filter(|_| !client.secure) {
        return Decision::own(to_https::answer(request, client, port));
    }
    let action = match target::action(request.method()) {
        Ok(action) => action,
        Err(status) => return own(status),
    };
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter();
    let (path, query) = match target::target(action, request.version(), request.uri(), hosts) {
        Ok(Target::Path { path, query }) => (path, query),
        Ok(Target::Server) => return Decision::own(respond::options()),
        Err(target::BadTarget) => return own(StatusCode::BAD_REQUEST),
    };
    let asked = Asked::of(headers);
    let wanted = Wanted { action, headers, asked, accept: accept_encoding(headers, asked, &track.last_accepted) };
    if asked.has(Asked::EXPECT) && !expects_continue(headers) {
        return own(StatusCode::EXPECTATION_FAILED);
    }
    let view = core.view();
    let asked_for = client.host.as_deref().map_or_else(|| authority(request), str::as_bytes);
    let claim = view.claim(asked_for);
    let mount = match claim {
        Claim::Default => view.mount(path),
        Claim::Site(place) => Mount::Site(view.site(place), path),
        Claim::Renamed(_) | Claim::Nobody => Mount::None,
    };
    let quota = tuned.rates.as_deref().zip(client.address).and_then(|(rates, client)| ask(rates, mount, path, client));
    let mut decision = match (mount, &quota) {
        (_, Some(quota)) if quota.is_refused() => {
            core.note(Event::RateLimit);
            let site = mount.site().map(Rc::clone);
            Decision { head: respond::error(StatusCode::TOO_MANY_REQUESTS), source: None, site }
        }
        (Mount::Site(site, below), _) => in_site(core, site, below, query, &wanted),
        (Mount::NeedsSlash(site), _) => {
            let location = route::location(site.bundle().base(), &SitePath::root(), query);
            Decision { head: respond::redirect(&location), source: None, site: Some(Rc::clone(site)) }
        }
        (Mount::None, _) => Decision::own(match claim {
            Claim::Renamed(place) => renamed(&view, place, asked_for, request),
            Claim::Nobody => respond::error(StatusCode::MISDIRECTED_REQUEST),
            Claim::Default | Claim::Site(_) => at_front(core, &view, request, path, action),
        }),
    };
    if let Some(quota) = &quota {
        respond::quota(&mut decision.head.fields, quota);
    }
    decision
}

/// Counts a request of `client` against its quota. Rules are for decoded paths: no spelling of one gets around them.
fn ask<'a>(rates: &'a Rates, mount: Mount<'_, &Rc<Mounted>>, path: &str, client: IpAddr) -> Option<Quota<'a>> {
    let below = match mount {
        Mount::Site(_, below) => below,
        Mount::NeedsSlash(_) => "/",
        Mount::None => path,
    };
    let decoded = SitePath::from_request(below);
    let path = decoded.as_ref().map_or(below, SitePath::as_str);
    rates.ask(mount.site().map(|site| site.name()), path, client, Instant::now())
}

/// The host, and perhaps the port, a request is for; empty when it says none. The target passed, so there is at most one.
fn authority<B>(request: &Request<B>) -> &[u8] {
    match request.uri().authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => request.headers().get(header::HOST).map_or(&[], HeaderValue::as_bytes),
    }
}

/// The port of an authority, with its colon.
fn port(authority: &[u8]) -> &str {
    let digits = authority.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (host, digits) = authority.split_at(authority.len() - digits);
    let has_port = host.ends_with(b":") && !digits.is_empty();
    let port = if has_port { &authority[host.len() - 1..] } else { &[] };
    std::str::from_utf8(port).unwrap_or("")
}

/// The same address on the site's own name. Without a scheme (RFC 3986 §4.2), so that it stays the one the client uses,
/// whoever speaks TLS for us.
fn renamed<B>(view: &View, place: usize, asked_for: &[u8], request: &Request<B>) -> Head {
    let Some(host) = view.snapshot().hosts().renamed(place) else {
        return respond::error(StatusCode::MISDIRECTED_REQUEST);
    };
    let port = port(asked_for);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    respond::redirect(&format!("//{host}{port}{slash}{path}"))
}

/// A path of no site.
fn at_front<B>(core: &Core, view: &View, request: &Request<B>, path: &str, action: Action) -> Head {
    if path != "/" || core.tuned().front != Front::Index {
        return respond::error(StatusCode::NOT_FOUND);
    }
    if action == Action::Options {
        return respond::options();
    }
    respond::html(StatusCode::OK, page::index(view.snapshot(), port(authority(request))))
}

fn in_site(core: &Core, site: &Rc<Mounted>, below: &str, query: Option<&str>, wanted: &Wanted<'_>) -> Decision {
    let bundle = site.bundle();
    let (head, source) = match route::resolve(below, site.mode(), |path| bundle.lookup(path)) {
        Route::Found(_) | Route::Shell(_) if wanted.action == Action::Options => (respond::options(), None),
        Route::Found(id) | Route::Shell(id) => {
            let entry = site.prepared(id);
            let (head, nth) = represent(bundle, &entry, wanted);
            (head, nth.map(|nth| (entry, nth)))
        }
        Route::Moved(path) => (respond::redirect(&route::location(bundle.base(), &path, query)), None),
        Route::Missing => from_past(core, site, below, query, wanted).unwrap_or_else(|| missing(site, wanted)),
        Route::Bad(PathError::TooLong) => (respond::error(StatusCode::URI_TOO_LONG), None),
        Route::Bad(_) => (respond::error(StatusCode::BAD_REQUEST), None),
    };
    Decision { head, source, site: Some(Rc::clone(site)) }
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
            selection = ranges(entry, nth, wanted.headers);
        }
    }
    match wanted.action {
        Action::Head => (entry.send_head(bundle, nth), Some(nth)),
        _ => (entry.send(bundle, nth, selection), Some(nth)),
    }
}

/// The head of an answer, and whose body it is: the entry, which of its representations.
type Answer = (Head, Option<(Rc<Prepared>, usize)>);

/// A fingerprinted file of an older generation, for a page that was loaded before a deploy.
fn from_past(core: &Core, site: &Mounted, below: &str, query: Option<&str>, wanted: &Wanted<'_>) -> Option<Answer> {
    let past = site.past();
    let file = match route::resolve(below, Mode::Traditional, |path| past.find(path)) {
        Route::Found(file) => file,
        Route::Moved(path) => {
            return Some((respond::redirect(&route::location(site.bundle().base(), &path, query)), None));
        }
        _ => return None,
    };
    core.count_past(site);
    if wanted.action == Action::Options {
        return Some((respond::options(), None));
    }
    let (bundle, id) = past.entry(file)?;
    let entry = Rc::new(Prepared::of_past(bundle, id));
    let (head, nth) = represent(bundle, &entry, wanted);
    Some((head, nth.map(|nth| (entry, nth))))
}

/// The site's own page with status 404, or ours.
fn missing(site: &Mounted, wanted: &Wanted<'_>) -> Answer {
    let own = site.bundle().not_found().map(|id| site.prepared(id));
    let Some((entry, nth)) = own.and_then(|entry| wanted.choose(&entry).map(|nth| (entry, nth))) else {
        return (respond::error(StatusCode::NOT_FOUND), None);
    };
    let mut head = entry.as_missing(site.bundle(), nth);
    if wanted.action != Action::Get {
        head.content = Content::None;
    }
    if wanted.action == Action::Options {
        return (respond::error(StatusCode::NOT_FOUND), None);
    }
    (head, Some((entry, nth)))
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

fn ranges(entry: &Prepared, nth: usize, headers: &HeaderMap) -> Selection {
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

/// The value of a field that may occur once; `None` when it occurs more often.
fn only(headers: &HeaderMap, name: http::HeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get_all(header::EXPECT).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Which of the fields we act on a request has, found in one pass: most have none or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked(u8);

impl Asked {
    const ACCEPT_ENCODING: Self = Self(1);
    const CONDITIONAL: Self = Self(2);
    const RANGE: Self = Self(4);
    const EXPECT: Self = Self(8);

    fn of(headers: &HeaderMap) -> Self {
        headers.keys().fold(Self(0), |found, name| {
            let field = match name.as_str() {
                "accept-encoding" => Self::ACCEPT_ENCODING,
                "if-match" | "if-none-match" | "if-modified-since" | "if-unmodified-since" => Self::CONDITIONAL,
                "range" => Self::RANGE,
                "expect" => Self::EXPECT,
                _ => return found,
            };
            Self(found.0 | field.0)
        })
    }

    const fn has(self, field: Self) -> bool {
        self.0 & field.0 != 0
    }

    /// Whether anything may change which bytes are sent.
    const fn any(self) -> bool {
        self.0 & (Self::CONDITIONAL.0 | Self::RANGE.0) != 0
    }
}

enum Made {
    Now(Answered),
    Later(Making),
}

/// An answer that lacks its body.
struct Unfinished {
    status: StatusCode,
    fields: HeaderMap,
    coding: Option<Coding>,
    site: Option<Rc<Mounted>>,
    arrival: Arrival,
}

impl Unfinished {
    fn with(self, body: Body, reading: Reading) -> Answered {
        let Self { status, mut fields, coding, site, arrival: Arrival { started, mut exchange } } = self;
        if let Some(exchange) = &mut exchange {
            respond::name(&mut fields, &exchange.id);
            exchange.made();
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = fields;
        let coding = coding.filter(|_| reading != Reading::None);
        let pending =
            started.map(|started| Pending { site, started, exchange, status: status.as_u16(), coding, reading });
        (response, pending)
    }

    /// What was to be sent cannot be had.
    fn failed(self) -> Answered {
        let head = respond::error(StatusCode::INTERNAL_SERVER_ERROR);
        let body = match head.content {
            Content::Page(page) => Body::Whole(page),
            _ => Body::Empty,
        };
        Self { status: head.status, fields: head.fields, ..self }.with(body, Reading::None)
    }
}

impl Core {
    /// Gives a decision its body.
    fn answer(self: &Rc<Self>, track: &Rc<Track>, decision: Decision, arrival: Arrival) -> Made {
        let Decision { head: Head { status, fields, content }, source, site } = decision;
        let coding = source.as_ref().map(|(entry, nth)| entry.representations[*nth].coding);
        let answer = Unfinished { status, fields, coding, site: site.clone(), arrival };
        match content {
            Content::None => return Made::Now(answer.with(Body::Empty, Reading::None)),
            Content::Page(page) => return Made::Now(answer.with(Body::Whole(page), Reading::None)),
            Content::Whole | Content::Part(_) | Content::Multipart(..) => {}
        }
        let (Some((entry, nth)), Some(site)) = (source, site) else { return Made::Now(answer.failed()) };
        let found = &entry.representations[nth];
        if site.is_resident() && entry.past.is_none() {
            return Made::Now(answer.with(fill(content, Piece::Ready(found.body.clone()), track), Reading::Hit));
        }
        let cache = self.sites.cache();
        let cold = || Cold::new(entry.past.as_ref().unwrap_or(site.bundle()), found.place.clone());
        if found.len > cache.longest() {
            return Made::Now(answer.with(fill(content, Piece::Cold(cold()), track), Reading::Miss));
        }
        if let Some(bytes) = cache.get(found.hash) {
            return Made::Now(answer.with(fill(content, Piece::Ready(bytes), track), Reading::Hit));
        }
        let (sites, track, hash, cold) = (Arc::clone(&self.sites), Rc::clone(track), found.hash, cold());
        Made::Later(Box::pin(async move {
            match sites.cache().get_or_read(hash, site.counters(), move || cold.read()).await {
                Ok((bytes, reading)) => answer.with(fill(content, Piece::Ready(bytes), &track), reading),
                Err(error) => {
                    tracing::error!(%error, site = %site.name(), "reading a body failed");
                    answer.failed()
                }
            }
        }))
    }
}

/// The body of an answer, from a whole representation.
fn fill(content: Content, whole: Piece, track: &Rc<Track>) -> Body {
    let one = |piece| match piece {
        Piece::Ready(bytes) => Body::Whole(bytes),
        Piece::Cold(_) => Body::pieces([piece], track),
    };
    match content {
        Content::None => Body::Empty,
        Content::Page(page) => Body::Whole(page),
        Content::Whole => one(whole),
        Content::Part(part) => one(whole.part(part)),
        Content::Multipart(parts, tail) => {
            let pieces = parts.into_iter().flat_map(|(head, part)| [Piece::Ready(head), whole.part(part)]);
            Body::pieces(pieces.chain([Piece::Ready(tail)]), track)
        }
    }
}
