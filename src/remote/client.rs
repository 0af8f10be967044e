//! The client that asks other hosts, over HTTP/1.1 and TLS. Whatever it meets becomes a [`FetchError`] that says what came
//! instead of an answer. What passes is tried again.

use std::{io::Read, sync::Arc, time::Duration};

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use ureq::{
    Agent,
    config::Config,
    http::{self, StatusCode, header},
    tls::{RootCerts, TlsConfig},
};

use super::Client;
use crate::load::{FetchError, Limits, Method, Request};

/// Redirects of one request.
const REDIRECTS: u32 = 5;

/// The pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(250);

/// What an author may write in a URL and a request may not hold.
const WRITTEN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Asks over the network. One of it is enough for a process.
#[derive(Clone, Debug)]
pub struct HttpClient {
    agent: Agent,
}

impl HttpClient {
    /// Trusts the authorities browsers trust; a proxy is taken from the environment.
    #[must_use]
    pub fn new() -> Self {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(RootCerts::WebPki)
            .build();
        let config = Config::builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(REDIRECTS)
            .max_redirects_will_error(true)
            .user_agent(concat!("sitekit/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent() }
    }

    fn attempt(&self, request: &Request) -> Result<Bytes, Failure> {
        let asked = asked(request)?;
        let timeout = Some(request.limits.timeout);
        let answer = match request.method {
            Method::Get => self.agent.run(self.agent.configure_request(asked).timeout_global(timeout).build()),
            Method::Post => {
                let asked = asked.map(|()| request.body.clone().unwrap_or_default());
                self.agent.run(self.agent.configure_request(asked).timeout_global(timeout).build())
            }
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
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Client for HttpClient {
    fn fetch(&self, request: &Request) -> Result<Bytes, FetchError> {
        let mut pause = PAUSE;
        // What a POST does twice is nobody's to guess (RFC 9110 §9.2.2).
        let mut left = if request.method == Method::Get { request.limits.retries } else { 0 };
        loop {
            match self.attempt(request) {
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
    let url = utf8_percent_encode(&request.url, WRITTEN).to_string();
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
        match error {
            Error::Timeout(_) => passing(FetchError::TimedOut(limits.timeout)),
            Error::TooManyRedirects => Self::lasting(FetchError::Redirects(REDIRECTS)),
            Error::Tls(why) => Self::lasting(FetchError::Untrusted((*why).to_owned())),
            Error::Rustls(why) => Self::lasting(FetchError::Untrusted(why.to_string())),
            Error::BadUri(why) => Self::lasting(FetchError::BadRequest(why.clone())),
            Error::Http(why) => Self::lasting(FetchError::BadRequest(why.to_string())),
            Error::HostNotFound => passing(FetchError::Unreachable("no such host is known".to_owned())),
            Error::Io(why) => match why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(why) => Self::lasting(FetchError::Untrusted(why.to_string())),
                None => passing(FetchError::Unreachable(why.to_string())),
            },
            other => passing(FetchError::Unreachable(other.to_string())),
        }
    }
}
