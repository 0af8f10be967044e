//! From http to https: where a listener is only there to send clients on.

use http::{HeaderMap, Request, StatusCode, header};

use crate::site::Host;

use super::{
    peer::Client,
    respond::{self, Head},
};

/// What an authority that gives certificates asks for over plain HTTP (RFC 8555 §8.3). It is not redirected; what answers
/// challenges belongs here, and as long as nothing does, there is nothing at these paths.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The answer to any request that came over http: the same URL with https, at `port`.
pub(super) fn answer<B>(request: &Request<B>, client: &Client, port: u16) -> Head {
    let path = request.uri().path();
    if path.starts_with(CHALLENGES) {
        return respond::error(StatusCode::NOT_FOUND);
    }
    // `*` has no URL to go to.
    if !path.starts_with('/') {
        return respond::error(StatusCode::BAD_REQUEST);
    }
    match authority(request.uri().authority().map(http::uri::Authority::as_str), request.headers(), client) {
        Some(host) => respond::redirect(&location(&host, port, path, request.uri().query())),
        None => respond::error(StatusCode::BAD_REQUEST),
    }
}

/// The host a request is for, if it is a host at all. A location is not made of anything else.
fn authority(target: Option<&str>, fields: &HeaderMap, client: &Client) -> Option<Host> {
    let field = || {
        let mut hosts = fields.get_all(header::HOST).iter();
        let first = hosts.next()?.to_str().ok()?;
        hosts.next().is_none().then_some(first)
    };
    Host::of_authority(client.host.as_deref().or(target).or_else(field)?).ok()
}

fn location(host: &Host, port: u16, path: &str, query: Option<&str>) -> String {
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("https://{}{port}{path}{query}", host.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_leads() {
        for (host, port, target, expected) in [
            ("example.com", 443, "/", Ok("https://example.com/")),
            ("Example.com:80", 443, "/a/b?c=d", Ok("https://example.com/a/b?c=d")),
            ("example.com:8080", 8443, "/%2e", Ok("https://example.com:8443/%2e")),
            ("[::1]:80", 443, "/", Ok("https://[::1]/")),
            ("example.com", 443, "//evil.example/", Ok("https://example.com//evil.example/")),
            ("example.com/evil", 443, "/", Err(400)),
            ("user@example.com", 443, "/", Err(400)),
            ("", 443, "/", Err(400)),
            ("example.com", 443, "*", Err(400)),
            ("example.com", 443, "/.well-known/acme-challenge/token", Err(404)),
        ] {
            let request = Request::builder().uri(target).header("host", host).body(()).unwrap();
            let head = answer(&request, &Client::default(), port);
            match expected {
                Ok(location) => {
                    assert_eq!(head.status, StatusCode::PERMANENT_REDIRECT, "{host} {target}");
                    assert_eq!(head.fields[header::LOCATION], location);
                }
                Err(status) => assert_eq!(head.status.as_u16(), status, "{host} {target}"),
            }
        }
    }
}
