//! What a server does more in development: open pages hear of new generations and of mistakes. The pages of a bundle are
//! untouched; what they need for this is added to answers (`dress`), and only here.
//!
//! What it serves is below a path with an empty segment, which no path of a site has.

mod dress;
mod edits;
mod meta;
mod policy;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    hash::{BuildHasher as _, RandomState},
    rc::Rc,
    str::FromStr as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::edits::{Edits, Later};
use super::{
    body::Body,
    connection::{Pending, Track},
    core::Core,
    hosts::Claim,
    respond::{self, Content, Head},
};
use crate::{
    map::Bundle,
    site::{ContentHash, Host, SiteName, SitePath},
};

/// Where it is.
pub(super) const PREFIX: &str = "/@sitekit//";

/// What pages run.
const CLIENT: &str = concat!("(() => {\n", include_str!("client.js"), include_str!("overlay.js"), "})();\n");

/// Updates that are remembered for pages that were not listening.
const REMEMBERED: usize = 200;

/// Scripts that define modules again and that are there for pages that were told of them.
const SCRIPTS: usize = 32;

/// Messages that wait for one page. One that takes none of them is let go, and asks again when it wakes up.
const WAITING: usize = 64;

/// A place in a file of the project, which someone wants to see in an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Relative to the project, as diagnostics name it. Not checked here.
    pub path: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// Opens an editor, or says why not.
pub type OpenEditor = Box<dyn Fn(&Place) -> Result<(), String> + Send + Sync>;

/// The pages that are open, and what they are told.
pub struct LiveUpdates {
    /// Allows our script where a site's policy allows few.
    nonce: String,
    told: Mutex<Told>,
    edits: Edits,
    open_editor: OpenEditor,
}

/// What was told, and who hears more.
#[derive(Debug)]
struct Told {
    problems: Value,
    /// What each site is called since its last update.
    names: BTreeMap<String, String>,
    /// The last messages of type `update`, the newest last.
    updates: VecDeque<Value>,
    /// Scripts that define modules again, by their numbers; and how many there were.
    scripts: VecDeque<(u64, Bytes)>,
    kept: u64,
    pages: Vec<mpsc::Sender<Bytes>>,
    closed: bool,
}

/// Messages to one page, in the form of `text/event-stream`.
#[derive(Debug)]
pub(super) struct Messages(mpsc::Receiver<Bytes>);

impl fmt::Debug for LiveUpdates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveUpdates").field("told", &self.told).finish_non_exhaustive()
    }
}

impl LiveUpdates {
    #[must_use]
    pub fn new(open_editor: OpenEditor) -> Self {
        // Not for secrets: so that a page that was written to guess it does not.
        let random = || RandomState::new().hash_one(0u8);
        let told = Told {
            problems: json!([]),
            names: BTreeMap::new(),
            updates: VecDeque::new(),
            scripts: VecDeque::new(),
            kept: 0,
            pages: Vec::new(),
            closed: false,
        };
        Self {
            nonce: format!("{:016x}{:016x}", random(), random()),
            told: Mutex::new(told),
            edits: Edits::default(),
            open_editor,
        }
    }

    /// Tells all pages that are open. What they are told of a generation is what they see of it: with its edits.
    pub fn publish(&self, mut message: Value) {
        let mut told = self.told();
        if message["type"] != "update" {
            return told.send(&message);
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (site, generation) = (text(&message["site"]), text(&message["generation"]));
        let Later { names, modules } = self.edits.later(&site, &generation);
        if let Some(files) = message["files"].as_array_mut() {
            files.extend(renamed(&names));
        }
        message["modules"] = modules.into();
        let now = self.edits.name_of(&site, &generation);
        let before = told.names.insert(site, now.clone());
        if let Some(before) = before.filter(|_| !message["previous"].is_null()) {
            message["previous"] = before.into();
        }
        message["generation"] = now.into();
        told.update(message);
    }

    /// Lets what is in `edit` answer, at once, instead of what is in the generation `of` of its site, for as long as that one
    /// is live; `names` are style sheets that are called otherwise there. Tells all pages that are open.
    pub fn edit(&self, edit: &Bundle, of: ContentHash, names: &BTreeMap<SitePath, SitePath>) {
        let Some((previous, names)) = self.edits.add(edit, of, names) else { return };
        let mut told = self.told();
        let (site, generation) = (edit.site().as_str(), self.edits.name_of(edit.site().as_str(), &of.to_string()));
        told.names.insert(site.to_owned(), generation.clone());
        let mut message = json!({
            "type": "update", "site": site, "generation": generation, "previous": previous, "files": renamed(&names),
        });
        // Pages of this generation are what they were.
        if !names.is_empty() {
            message["same"] = previous.into();
        }
        told.update(message);
    }

    /// The same for a generation that is about to be live, and told of then.
    pub fn edit_before_live(&self, edit: &Bundle, of: ContentHash, names: &BTreeMap<SitePath, SitePath>) {
        self.edits.add(edit, of, names);
    }

    /// Lets all open pages of a site run a script that defines one of its modules again.
    pub fn redefine(&self, site: &SiteName, script: String) {
        let mut told = self.told();
        if !told.pages.is_empty() {
            let url = told.keep(script);
            told.send(&json!({"type": "module", "site": site.as_str(), "url": url}));
        }
    }

    /// The same for pages that come to a generation that is about to be live.
    pub fn redefine_with(&self, site: &SiteName, of: ContentHash, script: String) {
        let url = self.told().keep(script);
        self.edits.add_module(site, of, url);
    }

    /// A generation of a site was built, which may be what was there before: edits of it are edits no more.
    pub fn end_edits(&self, site: &SiteName, of: ContentHash) {
        self.edits.retain(site, |edited| edited != of);
    }

    /// A generation of a site is live: there is no way back to edits of others.
    pub fn keep_edits(&self, site: &SiteName, of: ContentHash) {
        self.edits.retain(site, |edited| edited == of);
    }

    pub(super) fn edits(&self) -> &Edits {
        &self.edits
    }

    /// Tells what is wrong now, instead of what was: a list, empty when nothing is.
    pub fn set_problems(&self, problems: Value) {
        let mut told = self.told();
        if told.problems != problems {
            told.problems = problems;
            let message = json!({"type": "problems", "problems": told.problems});
            told.send(&message);
        }
    }

    /// Lets all pages go: the server stops.
    pub(super) fn close(&self) {
        let mut told = self.told();
        told.closed = true;
        told.pages.clear();
    }

    /// The script that pages run.
    #[must_use]
    pub fn client() -> &'static str {
        CLIENT
    }

    /// Messages for a page from now on, the first of which says how things are, and which files differ from those of the
    /// page's generation of its site.
    fn listen(&self, sites: &BTreeMap<String, String>, site: &str, generation: &str) -> Option<Messages> {
        let mut told = self.told();
        let (sender, receiver) = mpsc::channel(WAITING);
        let missed = told.missed(site, generation);
        let hello = json!({"type": "hello", "sites": sites, "problems": told.problems, "missed": missed});
        let hello = format!("retry: 500\n{}", String::from_utf8_lossy(&framed(&hello)));
        if told.closed || sender.try_send(hello.into()).is_err() {
            return None;
        }
        told.pages.push(sender);
        Some(Messages(receiver))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// The files of all updates since a generation; nothing when it is not known, or they are too many.
    fn missed(&self, site: &str, generation: &str) -> Option<Vec<Value>> {
        let own = self.updates.iter().filter(|update| update["site"] == site);
        let since: Vec<_> = own.skip_while(|update| update["previous"] != generation).collect();
        let all = since.iter().map(|update| update["files"].as_array()).collect::<Option<Vec<_>>>()?;
        (!all.is_empty()).then(|| all.into_iter().flatten().cloned().collect())
    }

    /// A message of type `update`.
    fn update(&mut self, message: Value) {
        self.send(&message);
        self.updates.push_back(message);
        if self.updates.len() > REMEMBERED {
            self.updates.pop_front();
        }
    }

    /// Keeps a script for as long as pages may ask for it, and gives its URL: never one that a page has asked for before.
    fn keep(&mut self, script: String) -> String {
        self.kept += 1;
        self.scripts.push_back((self.kept, script.into()));
        if self.scripts.len() > SCRIPTS {
            self.scripts.pop_front();
        }
        format!("{PREFIX}module/{}.js", self.kept)
    }

    fn send(&mut self, message: &Value) {
        let message = framed(message);
        self.pages.retain(|page| page.try_send(message.clone()).is_ok());
    }
}

/// One message of an event stream (HTML §9.2.5). JSON has no line ends of its own.
fn framed(message: &Value) -> Bytes {
    format!("data: {message}\n\n").into()
}

impl Messages {
    pub(super) fn poll_next(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Bytes>> {
        self.0.poll_recv(cx)
    }
}

/// Whose request it is.
pub(super) enum Asked {
    /// Ours: this is the answer.
    Ours(Box<Response<Body>>),
    /// A page that is open asks for itself: to be answered as its own address is, and as it is in its bundle.
    Page,
    /// Anyone else's.
    Theirs,
}

impl LiveUpdates {
    /// Takes what is asked of us. A page's request for itself is turned into one for the page.
    pub(super) fn take<B>(&self, core: &Core, track: &Rc<Track>, request: &mut Request<B>) -> Asked {
        // Nobody who develops needs a coding, and a body that is to be added to must have none.
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        let Some(asked) = request.uri().path().strip_prefix(PREFIX).map(str::to_owned) else { return Asked::Theirs };
        if !is_from_here(core, request) {
            return Asked::ours(respond::error(StatusCode::MISDIRECTED_REQUEST));
        }
        match (request.method(), asked.as_str()) {
            (&Method::GET, "client.js") => Asked::ours(script(Bytes::from_static(CLIENT.as_bytes()))),
            (&Method::GET, asked) if asked.starts_with("module/") => Asked::ours(self.module(asked)),
            (&Method::GET, "events") => {
                let query = request.uri().query().unwrap_or_default();
                Asked::Ours(Box::new(self.events(core, track, query)))
            }
            (&Method::GET, page) if page.starts_with("page/") => match page_of(request.uri(), page) {
                Some(uri) => {
                    *request.uri_mut() = uri;
                    Asked::Page
                }
                None => Asked::ours(respond::error(StatusCode::BAD_REQUEST)),
            },
            (&Method::POST, "open") => Asked::ours(self.open(track, request)),
            _ => Asked::ours(respond::error(StatusCode::NOT_FOUND)),
        }
    }

    /// An answer as it is in development; `bare` when it is for a page that asks for itself.
    pub(super) fn dress(
        &self,
        authority: Option<&str>,
        bare: bool,
        answered: (Response<Body>, Option<Pending>),
    ) -> (Response<Body>, Option<Pending>) {
        let (response, pending) = answered;
        let site = pending.as_ref().and_then(|pending| pending.site.as_deref());
        let page = dress::Page {
            site: site.map_or("", |site| site.name().as_str()),
            generation: site.map_or_else(String::new, |site| self.edits.name(site.bundle())),
            nonce: &self.nonce,
            authority,
            bare,
        };
        (dress::dress(response, &page), pending)
    }

    fn events(&self, core: &Core, track: &Rc<Track>, query: &str) -> Response<Body> {
        let view = core.view();
        let sites = view.snapshot().sites().iter();
        let sites = sites.map(|site| (site.name().to_string(), self.edits.name(site.bundle()))).collect();
        let (site, generation) = (value(query, "site"), value(query, "generation"));
        let messages = self.listen(&sites, &site.unwrap_or_default(), &generation.unwrap_or_default());
        let Some(messages) = messages else { return answer(respond::unavailable(1)) };
        let mut response = Response::new(Body::messages(messages, track));
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
        fields.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        response
    }

    /// A script that defines a module again.
    fn module(&self, asked: &str) -> Head {
        let number =
            asked.strip_prefix("module/").and_then(|name| name.strip_suffix(".js")).and_then(|n| n.parse().ok());
        let told = self.told();
        let known = number.and_then(|number: u64| told.scripts.iter().find(|(known, _)| *known == number));
        known.map_or_else(|| respond::error(StatusCode::NOT_FOUND), |(_, text)| script(text.clone()))
    }

    /// Only a page of ours may ask, on this machine: the field is one that no page of another origin can send unasked.
    fn open<B>(&self, track: &Track, request: &Request<B>) -> Head {
        let fields = request.headers();
        let is_ours = fields.get("sitekit").is_some_and(|value| value == "open")
            && fields.get("sec-fetch-site").is_none_or(|value| value == "same-origin");
        let is_local = track.peer.address.is_none_or(|address| address.to_canonical().is_loopback());
        if !is_ours || !is_local {
            return respond::error(StatusCode::FORBIDDEN);
        }
        let Some(place) = request.uri().query().and_then(place) else { return respond::error(StatusCode::BAD_REQUEST) };
        match (self.open_editor)(&place) {
            Ok(()) => text(StatusCode::NO_CONTENT, ""),
            Err(why) => text(StatusCode::UNPROCESSABLE_ENTITY, &why),
        }
    }
}

impl Asked {
    fn ours(head: Head) -> Self {
        Self::Ours(Box::new(answer(head)))
    }
}

/// Whether a request names this machine or one of the sites. A page of another name that was led here (DNS rebinding) is not
/// told of sources.
fn is_from_here<B>(core: &Core, request: &Request<B>) -> bool {
    let Some(authority) = authority(request) else { return false };
    let Ok(host) = Host::of_authority(authority) else { return false };
    let name = host.as_str();
    let is_address = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
    is_address
        || name == "localhost"
        || name.ends_with(".localhost")
        || matches!(core.view().snapshot().hosts().find(Some(&host)), Claim::Site(_))
}

/// The host, and perhaps the port, that a request names.
pub(super) fn authority<B>(request: &Request<B>) -> Option<&str> {
    let field = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri().authority().map(http::uri::Authority::as_str).or_else(field)
}

/// The address of the page that asks for itself.
fn page_of(uri: &Uri, asked: &str) -> Option<Uri> {
    let path = asked.strip_prefix("page")?;
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(http::uri::PathAndQuery::from_str(&format!("{path}{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// The place of `file=…&line=…&column=…`.
fn place(query: &str) -> Option<Place> {
    let number = |name| value(query, name).and_then(|text| text.parse().ok());
    Some(Place { path: value(query, "file")?, line: number("line"), column: number("column") })
}

/// A value of a query that a form or a script has written.
fn value(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name)?.1;
    percent_decode_str(&value.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Style sheets that have another name now, as an update tells of them.
fn renamed(names: &BTreeMap<String, String>) -> Vec<Value> {
    names.iter().map(|(was, now)| json!({"was": was, "path": now, "kind": "style"})).collect()
}

fn script(text: Bytes) -> Head {
    let mut head = respond::html(StatusCode::OK, text);
    head.fields.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/javascript; charset=utf-8"));
    head
}

fn text(status: StatusCode, text: &str) -> Head {
    let mut head = respond::html(status, Bytes::copy_from_slice(text.as_bytes()));
    head.fields.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    head
}

fn answer(Head { status, fields, content }: Head) -> Response<Body> {
    let body = match content {
        Content::Page(page) if status != StatusCode::NO_CONTENT => Body::Whole(page),
        _ => Body::Empty,
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_files() {
        for (query, expected) in [
            ("file=a.md", Some(("a.md", None, None))),
            ("line=3&column=x&file=sites%2Fa%20b%2Bc.md", Some(("sites/a b+c.md", Some(3), None))),
            ("file=a+b.md&line=3&column=14", Some(("a b.md", Some(3), Some(14)))),
            ("file=%ff", None),
            ("line=3", None),
        ] {
            let expected = expected.map(|(path, line, column)| Place { path: path.to_owned(), line, column });
            assert_eq!(place(query), expected, "{query}");
        }
    }

    #[test]
    fn a_page_asks_for_itself() {
        for (uri, expected) in [
            ("/@sitekit//page/docs/?a=b", Some("/docs/?a=b")),
            ("http://localhost/@sitekit//page/", Some("http://localhost/")),
        ] {
            let uri: Uri = uri.parse().unwrap();
            let asked = uri.path().strip_prefix(PREFIX).unwrap().to_owned();
            assert_eq!(page_of(&uri, &asked).map(|uri| uri.to_string()).as_deref(), expected);
        }
    }
}
