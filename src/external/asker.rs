//! One question over the network.

use std::{collections::BTreeSet, io::Read as _, time::Duration, time::SystemTime};

use ureq::{
    Agent,
    http::{Request, Response, header},
};

use super::{AskError, Asker, Method, Reply};
use crate::{
    agent,
    transform::{html::decoded::decoded, requests::Requests},
};

/// Redirects of one question.
const REDIRECTS: u32 = 10;

/// So much of a page is looked through for an anchor.
const PAGE: u64 = 8 << 20;

/// Asks with the process's [`agent`].
#[derive(Clone, Debug)]
pub struct HttpAsker {
    agent: Agent,
    timeout: Duration,
    now: SystemTime,
}

impl HttpAsker {
    /// `timeout` is for a whole question, redirects and all; `now` is what dates in answers are compared with.
    #[must_use]
    pub fn new(timeout: Duration, now: SystemTime) -> Self {
        Self { agent: agent::agent(), timeout, now }
    }
}

impl Asker for HttpAsker {
    fn ask(&self, method: Method, url: &str) -> Result<Reply, AskError> {
        let method_name = match method {
            Method::Head => "HEAD",
            Method::Get => "GET",
        };
        let url = agent::written(url);
        let asked = Request::builder().method(method_name).uri(url).header(header::ACCEPT, "text/html, */*;q=0.8");
        let asked = asked.body(()).map_err(|error| AskError { what: format!("is no URL: {error}"), passes: false })?;
        let asked = self.agent.configure_request(asked).max_redirects(REDIRECTS).timeout_global(Some(self.timeout));
        let asked = asked.user_agent(format!("{} (check of links)", agent::NAME)).build();
        let answer = self.agent.run(asked).map_err(|error| told(&error))?;
        let status = answer.status();
        let retry_after = retry_after(&answer, self.now);
        let is_page = answer.body().mime_type().is_none_or(|kind| kind.contains("html"));
        let page = (method == Method::Get && status.is_success() && is_page).then(|| {
            let mut text = Vec::new();
            // What came before a connection broke may hold the anchor.
            drop(answer.into_body().into_reader().take(PAGE).read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Reply { status: status.as_u16(), reason: status.canonical_reason().unwrap_or(""), retry_after, page })
    }
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn retry_after<B>(answer: &Response<B>, now: SystemTime) -> Option<Duration> {
    let text = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

fn told(error: &ureq::Error) -> AskError {
    use ureq::Error;
    if let Some(why) = agent::distrust(error) {
        return AskError { what: format!("cannot be trusted: {why}"), passes: false };
    }
    let (what, passes) = match error {
        Error::Timeout(_) => ("does not answer in time".to_owned(), true),
        Error::HostNotFound => ("has no such host".to_owned(), false),
        Error::TooManyRedirects => (format!("redirects more than {REDIRECTS} times"), false),
        Error::BadUri(_) | Error::Http(_) => ("is no URL".to_owned(), false),
        Error::Io(why) => (format!("cannot be reached: {why}"), true),
        other => (format!("cannot be reached: {other}"), true),
    };
    AskError { what, passes }
}

/// Everything in a page that a fragment can name.
pub(super) fn anchors(page: &str) -> BTreeSet<String> {
    Requests::of(page).anchors.into_iter().map(|span| decoded(&page[span]).into_owned()).collect()
}
