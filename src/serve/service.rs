//! From a request to its answer: the decisions are made one after another by the modules that know them, and the one
//! effect that may be left, reading a cold body, is done at the end.

use std::{
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
    observe::{Event, Reading},
    site::{Coding, SitePath},
};

use super::{
    access::Arrival,
    body::{Body, Cold, Piece},
    connection::{Pending, Track},
    core::{Core, Front, Mounted, Tuned, View},
    forwarded::Contradiction,
    hosts::Claim,
    in_site::{self, Asking},
    live::{self, Asked as AskedOfUs, LiveUpdates},
    page,
    password::{Check, Verdicts},
    peer::Client,
    rate::{Quota, Rates},
    respond::{self, Content, Head, Of, Prepared},
    route::{self, Mount},
    target::{self, Action, Target},
    to_https,
    wanted::{Asked, Wanted, expects_continue},
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
        match &self.core.live_updates {
            None => self.answer(request),
            Some(live) => self.answer_in_development(live, request),
        }
    }
}

impl Service {
    fn answer(&self, request: Request<Incoming>) -> Reply {
        let track = Rc::clone(&self.track);
        let client = track.peer.client(request.headers(), &self.tuned.trusted);
        let address = client.as_ref().map_or(track.peer.address, |client| client.address);
        let arrival = self.core.arrival(&request, &self.tuned, &track.peer, address);
        if !request.body().is_end_stream() {
            return self.call_with_body(arrival, client, request);
        }
        track.enter(Phase::Answer);
        let decision = match decide(&self.core, &self.tuned, &self.track, &client, &request, None) {
            Ok(decision) => decision,
            Err(unchecked) => return self.call_with_check(arrival, client, request, unchecked),
        };
        tracing::debug!(peer = ?track.peer, method = %request.method(), target = %request.uri(), status = decision.head.status.as_u16(), "request");
        match self.core.answer(&self.track, decision, arrival) {
            Made::Now(made) => Reply::Ready { track, made: Some(made) },
            Made::Later(making) => Reply::Later { track, making },
        }
    }
}

impl Service {
    /// The same, with what open pages need to hear of changes.
    fn answer_in_development(&self, live: &Arc<LiveUpdates>, mut request: Request<Incoming>) -> Reply {
        self.track.enter(Phase::Answer);
        let bare = match live.take(&self.core, &self.track, &mut request) {
            AskedOfUs::Ours(response) => {
                return Reply::Ready { track: Rc::clone(&self.track), made: Some((*response, None)) };
            }
            AskedOfUs::Page => true,
            AskedOfUs::Theirs => false,
        };
        let authority = live::authority(&request).map(str::to_owned);
        match self.answer(request) {
            Reply::Ready { track, made } => {
                let made = made.map(|made| live.dress(authority.as_deref(), bare, made));
                Reply::Ready { track, made }
            }
            Reply::Later { track, making } => {
                let live = Arc::clone(live);
                let making = Box::pin(async move { live.dress(authority.as_deref(), bare, making.await) });
                Reply::Later { track, making }
            }
        }
    }

    /// The answer waits for the check of a password.
    fn call_with_check(
        &self,
        arrival: Arrival,
        client: Result<Client, Contradiction>,
        request: Request<Incoming>,
        unchecked: Box<Unchecked>,
    ) -> Reply {
        let (core, tuned, track) = (Rc::clone(&self.core), Rc::clone(&self.tuned), Rc::clone(&self.track));
        let request = request.map(|_| ());
        let making = Box::pin(async move {
            let decision = decide_after(&core, &tuned, &track, &client, &request, unchecked).await;
            match core.answer(&track, decision, arrival) {
                Made::Now(made) => made,
                Made::Later(making) => making.await,
            }
        });
        Reply::Later { track: Rc::clone(&self.track), making }
    }

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
            let mut decision = match decide(&core, &tuned, &track, &client, &request, None) {
                Ok(decision) => decision,
                Err(unchecked) => decide_after(&core, &tuned, &track, &client, &request, unchecked).await,
            };
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

/// The answer to a request, and what the connection adds to it. `Err` is a password that is to be checked first, and
/// then it is decided again, `after` that.
fn decide<B>(
    core: &Core,
    tuned: &Tuned,
    track: &Track,
    client: &Result<Client, Contradiction>,
    request: &Request<B>,
    after: Option<&Checked>,
) -> Result<Decision, Box<Unchecked>> {
    let mut decision = match client {
        Ok(client) => {
            let mut decision = decide_for(client, core, tuned, track, request, after)?;
            if let Some(hsts) = tuned.hsts.as_ref().filter(|_| client.secure) {
                decision.head = respond::by_https_alone(decision.head, hsts);
            }
            decision
        }
        Err(Contradiction) => Decision::own(respond::error(StatusCode::BAD_REQUEST)),
    };
    if request.version() < Version::HTTP_2 {
        let had_its_share = track.had_its_share(tuned.limits.requests);
        if had_its_share {
            core.note(Event::Requests);
        }
        if had_its_share || core.is_draining() {
            decision.head = respond::closing(decision.head);
        }
    }
    Ok(decision)
}

fn decide_for<B>(
    client: &Client,
    core: &Core,
    tuned: &Tuned,
    track: &Track,
    request: &Request<B>,
    after: Option<&Checked>,
) -> Result<Decision, Box<Unchecked>> {
    let own = |status| Ok(Decision::own(respond::error(status)));
    // hyper sees to it in HTTP/1.1.
    if request.headers().len() > tuned.limits.fields {
        core.note(Event::HeadBytes);
        return own(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    if let Some(port) = track.peer.to_https.filter(|_| !client.secure) {
        return Ok(Decision::own(to_https::answer(request, client, port)));
    }
    let method = target::action(request.method());
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter();
    let action = method.unwrap_or(Action::Get);
    let (path, query) = match target::target(action, request.version(), request.uri(), hosts) {
        Ok(Target::Path { path, query }) => (path, query),
        Ok(Target::Server) => return Ok(Decision::own(respond::options())),
        Err(target::BadTarget) => return own(method.err().unwrap_or(StatusCode::BAD_REQUEST)),
    };
    let verdicts = after.map_or(Verdicts::NONE, |checked| &checked.verdicts);
    let wanted = Wanted::of(action, headers, &track.last_accepted, verdicts);
    if method.is_ok() && wanted.asked.has(Asked::EXPECT) && !expects_continue(headers) {
        return own(StatusCode::EXPECTATION_FAILED);
    }
    let view = core.view();
    let asked_for = client.host.as_deref().map_or_else(|| authority(request), str::as_bytes);
    let claim = if track.peer.is_misdirected(asked_for) { Claim::Nobody } else { view.claim(asked_for) };
    let mount = match claim {
        Claim::Default => view.mount(path),
        Claim::Site(place) => Mount::Site(view.site(place), path),
        Claim::Renamed(_) | Claim::Nobody => Mount::None,
    };
    // A request is counted once.
    let rates = tuned.rates.as_deref().filter(|_| after.is_none());
    let quota = rates.zip(client.address).and_then(|(rates, client)| ask(rates, mount, path, client));
    let refused = quota.as_ref().is_some_and(Quota::is_refused);
    if refused {
        core.note(Event::RateLimit);
    }
    let refusal = if refused { Some(StatusCode::TOO_MANY_REQUESTS) } else { method.err() };
    let asking = |site, raw| Asking { core, site, raw, query, wanted: &wanted };
    let answer = match (mount, refusal) {
        (Mount::Site(site, below), None) => in_site::answer(&asking(site, below)),
        (Mount::Site(site, below), Some(status)) => Ok(in_site::refuse(&asking(site, below), status)),
        (_, Some(status)) => Ok((respond::error(status), None)),
        (Mount::NeedsSlash(site), None) => {
            let location = route::location(site.bundle().base(), &SitePath::root(), query);
            Ok((respond::redirect(&location), None))
        }
        (Mount::None, None) => Ok((
            match claim {
                Claim::Renamed(place) => renamed(&view, place, asked_for, request),
                Claim::Nobody => respond::error(StatusCode::MISDIRECTED_REQUEST),
                Claim::Default | Claim::Site(_) => at_front(core, &view, request, path, action),
            },
            None,
        )),
    };
    match answer {
        Ok((mut head, source)) => {
            if let Some(quota) = &quota {
                respond::quota(&mut head.fields, quota);
            } else if let Some(checked) = after {
                head.fields.extend(checked.quota.clone());
            }
            Ok(Decision { head, source, site: mount.site().map(Rc::clone) })
        }
        Err(check) => {
            let mut fields = HeaderMap::new();
            if let Some(quota) = &quota {
                respond::quota(&mut fields, quota);
            }
            Err(Box::new(Unchecked { check, quota: fields }))
        }
    }
}

/// A request that cannot be decided yet.
struct Unchecked {
    check: Check,
    /// What it is told of its quota.
    quota: HeaderMap,
}

/// What was done for a request before it is decided again.
struct Checked {
    verdicts: Verdicts,
    quota: HeaderMap,
}

/// Decides on a request whose password, or passwords, must be checked.
async fn decide_after(
    core: &Core,
    tuned: &Tuned,
    track: &Track,
    client: &Result<Client, Contradiction>,
    request: &Request<()>,
    unchecked: Box<Unchecked>,
) -> Decision {
    let Unchecked { mut check, quota } = *unchecked;
    let mut checked = Checked { verdicts: Verdicts::default(), quota };
    loop {
        let (area, verdict) = core.checker.check(check).await;
        checked.verdicts.add(area, verdict);
        match decide(core, tuned, track, client, request, Some(&checked)) {
            Ok(decision) => return decision,
            Err(next) => check = next.check,
        }
    }
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
    respond::html(StatusCode::OK, page::index(view.snapshot(), port(authority(request))).into())
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
        let (is_here, older) = match &entry.of {
            Of::Live => (site.is_resident(), None),
            Of::Past(older) => (false, Some(older)),
            Of::Edit => (true, None),
        };
        if is_here {
            return Made::Now(answer.with(fill(content, Piece::Ready(found.body.clone()), track), Reading::Hit));
        }
        if older.is_none() {
            site.note_hit(found.id);
        }
        let cache = self.sites.cache();
        let cold = || Cold::new(older.unwrap_or(site.bundle()), found.place.clone());
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
