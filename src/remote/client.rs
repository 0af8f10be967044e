//! The client that asks other hosts, over HTTP/1.1 and TLS. Whatever it meets becomes a [`FetchError`] that says what came
//! instead of an answer. What passes is tried again.

use std::{io::Read, time::Duration};

use bytes::Bytes;
use ureq::{
    AsSendBody,
    http::{self, StatusCode, header},
};

use super::Client;
use crate::{
    agent,
    load::{FetchError, Limits, Method, Request},
};

/// Redirects of one request.
const REDIRECTS: u32 = 5;

/// The pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(250);

/// Asks over the network, with the process's [`agent`]: it is made when something is asked, because a build that asks
/// nothing need not know whom this machine trusts.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpClient;

impl HttpClient {
    fn attempt(request: &Request) -> Result<Bytes, Failure> {
        let asked = asked(request)?;
        let answer = match request.method {
            Method::Get => Self::run(asked, &request.limits),
            Method::Post => Self::run(asked.map(|()| request.body.clone().unwrap_or_default()), &request.limits),
        };
        let answer = answer.map_err(|error| Failure::of(&error, &request.limits))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Failure::of_status(status));
        }
        let mut body = Vec::new();
        let most = request.limits.max_size;
        let read = answer.into_body().into_reader().take(most.saturating_add(1)).read_to_end(&mut body);
        read.map_err(|error| Failure::of(&error.into(), &request.limits))?;
        if body.len() as u64 > most {
            return Err(Failure::lasting(FetchError::TooLarge(most)));
        }
        Ok(body.into())
    }

    fn run<B: AsSendBody>(asked: http::Request<B>, limits: &Limits) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let agent = agent::agent();
        let asked = agent.configure_request(asked).max_redirects(REDIRECTS).max_redirects_will_error(true);
        agent.run(asked.timeout_global(Some(limits.timeout)).build())
    }
}

impl Client for HttpClient {
    fn fetch(&self, request: &Request) -> Result<Bytes, FetchError> {
        let mut pause = PAUSE;
        // What a POST does twice is nobody's to guess (RFC 9110 §9.2.2).
        let mut left = if request.method == Method::Get { request.limits.retries } else { 0 };
        loop {
            match Self::attempt(request) {
                Err(Failure { passes: true, .. }) if left > 0 => {
                    std::thread::sleep(pause);
                    left -= 1;
                    pause *= 2;
                }
                outcome => return outcome.map_err(|failure| failure.error),
            }
        }
    }
}

/// The request as it goes out, but for its body; what is wrong with it no second attempt would mend.
fn asked(request: &Request) -> Result<http::Request<()>, Failure> {
    let bad = |why: String| Failure::lasting(FetchError::BadRequest(why));
    let is_http =
        |scheme: &str| request.url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if !is_http("http://") && !is_http("https://") {
        return Err(bad("a URL begins with `https://` or `http://`".to_owned()));
    }
    let url = agent::written(&request.url);
    let mut asked =
        http::Request::builder().method(request.method.name()).uri(url).header(header::ACCEPT, request.accept);
    for (name, value) in &request.fields {
        asked = asked.header(name, value);
    }
    if let Some(content_type) = &request.content_type {
        asked = asked.header(header::CONTENT_TYPE, content_type);
    }
    asked.body(()).map_err(|error| bad(error.to_string()))
}

/// Why an attempt came to nothing, and whether another may come to more.
struct Failure {
    error: FetchError,
    passes: bool,
}

impl Failure {
    fn lasting(error: FetchError) -> Self {
        Self { error, passes: false }
    }

    fn of_status(status: StatusCode) -> Self {
        let passes = matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504);
        Self { error: FetchError::Status(status.to_string()), passes }
    }

    fn of(error: &ureq::Error, limits: &Limits) -> Self {
        use ureq::Error;
        let passing = |error| Self { error, passes: true };
        if let Some(why) = agent::distrust(error) {
            return Self::lasting(FetchError::Untrusted(why));
        }
        match error {
            Error::Timeout(_) => passing(FetchError::TimedOut(limits.timeout)),
            Error::TooManyRedirects => Self::lasting(FetchError::Redirects(REDIRECTS)),
            Error::BadUri(why) => Self::lasting(FetchError::BadRequest(why.clone())),
            Error::Http(why) => Self::lasting(FetchError::BadRequest(why.to_string())),
            Error::HostNotFound => passing(FetchError::Unreachable("no such host is known".to_owned())),
            Error::Io(why) => passing(FetchError::Unreachable(why.to_string())),
            other => passing(FetchError::Unreachable(other.to_string())),
        }
    }
}
