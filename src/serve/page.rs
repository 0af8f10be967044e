//! Pages of the server's own: what an error says, and in development the list of sites. They are small, complete and
//! free of anything a client sent.

use std::{fmt::Write as _, sync::OnceLock};

use bytes::Bytes;
use http::StatusCode;

use super::snapshot::Snapshot;

/// An error page, made when it is first asked for. The sentences are for people; programs have the status.
pub(super) fn error(status: StatusCode) -> Bytes {
    static PAGES: [OnceLock<String>; 200] = [const { OnceLock::new() }; 200];
    let make = || make_error(status);
    // Nothing is counted: the pages are there for as long as the process is.
    let known = usize::from(status.as_u16()).checked_sub(400).and_then(|at| PAGES.get(at));
    known.map_or_else(|| make().into(), |page| Bytes::from_static(page.get_or_init(make).as_bytes()))
}

fn make_error(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    let sentence = match status {
        StatusCode::UNAUTHORIZED => "This takes a name and a password.",
        StatusCode::SERVICE_UNAVAILABLE => "This cannot be answered now; please come back soon.",
        StatusCode::NOT_FOUND => "There is nothing at this address.",
        StatusCode::METHOD_NOT_ALLOWED => "This address can be read, not written to.",
        StatusCode::NOT_ACCEPTABLE => "There is no representation your client accepts.",
        StatusCode::PRECONDITION_FAILED => "What is here is not what the request asked about.",
        StatusCode::MISDIRECTED_REQUEST => "No site of this server has the name your client asked for.",
        StatusCode::PAYLOAD_TOO_LARGE => "The request's body is too large.",
        StatusCode::URI_TOO_LONG => "The request's address is too long.",
        StatusCode::RANGE_NOT_SATISFIABLE => "What is here is shorter than that.",
        StatusCode::EXPECTATION_FAILED => "The request expects what this server does not do.",
        StatusCode::TOO_MANY_REQUESTS => "That was asked too often. Please wait a little.",
        StatusCode::NOT_IMPLEMENTED => "The request asks for what this server does not do.",
        StatusCode::INTERNAL_SERVER_ERROR => "Something went wrong on our side.",
        _ => "The request was not understood.",
    };
    page(
        &format!("{} {reason}", status.as_u16()),
        &format!("<h1>{reason}</h1><p>{sentence}</p><p class=\"small\">{}</p>", status.as_u16()),
    )
}

/// The list of sites, for people who develop them. `port` is that of the request, with its colon, or empty: a site with
/// hosts of its own is linked at `<site>.localhost`, which browsers take for this machine.
pub(super) fn index(snapshot: &Snapshot, port: &str) -> String {
    let mut body = "<h1>Sites</h1><ul>".to_owned();
    for site in snapshot.sites() {
        let bundle = site.bundle();
        let generation = site.generation().to_string();
        let (name, routes) = (site.name(), bundle.route_count());
        // Names, hosts, ports and bases are plain in HTML, as their types say.
        let (link, place) = match site.hosts() {
            [] => (bundle.base().to_string(), bundle.base().to_string()),
            [first, rest @ ..] => {
                let more = if rest.is_empty() { "" } else { " …" };
                (format!("//{name}.localhost{port}/"), format!("{first}{more}"))
            }
        };
        let _ = write!(
            body,
            "<li><a href=\"{link}\"><b>{name}</b><span>{place}</span><small>{routes} routes · {generation:.8}</small></a></li>",
        );
    }
    body.push_str("</ul>");
    if snapshot.sites().is_empty() {
        body.push_str("<p>No site is built yet.</p>");
    }
    body.push_str("<p class=\"small\">sitekit, serving for development</p>");
    page("Sites", &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><main>{body}</main></html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1c2430;--soft:#5d6b7e;--paper:#f7f8fa;--card:#fff;--line:#e2e6ec;--mark:#2257d4}\
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf2;--soft:#93a0b4;--paper:#12161c;--card:#1a2029;--line:#2a3340;--mark:#7aa5ff}}\
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\
main{max-width:44rem;margin:14vh auto 4rem;padding:0 1.5rem}h1{font-size:1.9rem;letter-spacing:-.02em;margin:0 0 .6em}\
p{margin:.5em 0}.small{color:var(--soft);font-size:.85rem;margin-top:1.6em}ul{list-style:none;margin:0;padding:0;display:grid;gap:.7rem}\
a{display:grid;grid-template-columns:1fr auto;gap:0 1rem;padding:1rem 1.2rem;border:1px solid var(--line);border-radius:12px;background:var(--card);color:inherit;text-decoration:none}\
a:hover,a:focus-visible{border-color:var(--mark);outline:none}b{font-size:1.1rem}a span{color:var(--mark)}small{grid-column:1/-1;color:var(--soft)}";
