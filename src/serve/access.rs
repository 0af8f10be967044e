//! What is kept of a request until its answer was sent, when requests are logged, named or watched for slowness. Where
//! they are not, nothing is kept and nothing is paid. Fields that may hold secrets are never looked at here.

use std::{
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderValue, Method, Request, Uri, Version, header};

use crate::observe::{AccessLog, Answer, Reading, Record};

/// What is known of a request when its head is complete.
#[derive(Debug)]
pub(super) struct Arrival {
    /// When answers are counted or logged.
    pub(super) started: Option<Instant>,
    pub(super) exchange: Option<Box<Exchange>>,
}

/// A request, for the log of its answer. Clones share what they name.
#[derive(Debug)]
pub(super) struct Exchange {
    /// What it is called, here and by the client.
    pub(super) id: HeaderValue,
    time: SystemTime,
    client: Option<IpAddr>,
    method: Method,
    uri: Uri,
    version: Version,
    host: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    /// Of answers that take longer it is told why.
    slow: Option<Duration>,
    /// When the answer was complete but for sending it, if slowness is watched.
    made: Option<Instant>,
}

impl Exchange {
    pub(super) fn new<B>(
        request: &Request<B>,
        client: Option<IpAddr>,
        slow: Option<Duration>,
        time: SystemTime,
        id: HeaderValue,
    ) -> Self {
        let field = |name| request.headers().get(name).cloned();
        Self {
            id,
            time,
            client,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            host: field(header::HOST),
            referer: field(header::REFERER),
            user_agent: field(header::USER_AGENT),
            slow,
            made: None,
        }
    }

    /// The answer begins to be sent.
    pub(super) fn made(&mut self) {
        self.made = self.slow.map(|_| Instant::now());
    }

    /// The answer was sent, or the client went away.
    pub(super) fn sent(
        &self,
        core: usize,
        log: Option<&AccessLog>,
        site: Option<&str>,
        started: Instant,
        answer: &Answer,
    ) {
        let record = self.record(site, answer);
        if let Some(log) = log {
            log.append(core, &record);
        }
        if self.slow.is_some_and(|slow| answer.latency >= slow) {
            let preparing = self.made.map_or(Duration::ZERO, |made| made.saturating_duration_since(started));
            let sending = answer.latency.saturating_sub(preparing);
            tracing::warn!(
                id = record.id,
                site,
                path = record.path,
                status = record.status,
                bytes = record.bytes,
                duration_ms = milliseconds(answer.latency),
                preparing_ms = milliseconds(preparing),
                sending_ms = milliseconds(sending),
                "slow: {}",
                cause(answer.reading, preparing, sending),
            );
        }
    }

    fn record<'a>(&'a self, site: Option<&'a str>, answer: &Answer) -> Record<'a> {
        let host = self.uri.host().map(str::as_bytes).or(self.host.as_ref().map(HeaderValue::as_bytes));
        Record {
            time: self.time,
            client: self.client,
            host,
            method: self.method.as_str(),
            path: if self.uri.path().is_empty() { "*" } else { self.uri.path() },
            query: self.uri.query(),
            protocol: protocol(self.version),
            status: answer.status,
            bytes: answer.bytes,
            duration: answer.latency,
            referer: self.referer.as_ref().map(HeaderValue::as_bytes),
            user_agent: self.user_agent.as_ref().map(HeaderValue::as_bytes),
            site,
            coding: answer.coding,
            reading: answer.reading,
            // Ids that are no visible ASCII were not taken.
            id: self.id.to_str().unwrap_or("-"),
        }
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/0.9",
    }
}

/// What most of the time went to.
fn cause(reading: Reading, preparing: Duration, sending: Duration) -> &'static str {
    match reading {
        _ if sending > preparing => "the client took its time to take the answer",
        Reading::Miss | Reading::Coalesced => "the body was waited for: the disk is slow, or busy",
        Reading::None | Reading::Hit => "the client took its time to send the request's body, or the core was busy",
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_slow() {
        let [short, long] = [1, 1000].map(Duration::from_millis);
        for (reading, preparing, sending, part) in [
            (Reading::Hit, short, long, "client took its time to take"),
            (Reading::Miss, short, long, "client took its time to take"),
            (Reading::Miss, long, short, "disk"),
            (Reading::Coalesced, long, short, "disk"),
            (Reading::None, long, short, "request's body"),
        ] {
            let cause = cause(reading, preparing, sending);
            assert!(cause.contains(part), "{reading:?}: {cause}");
        }
    }
}
