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
    /// For the disk, while it was sent.
    waited: Duration,
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
            waited: Duration::ZERO,
        }
    }

    /// The answer begins to be sent.
    pub(super) fn made(&mut self) {
        self.made = self.slow.map(|_| Instant::now());
    }

    /// A piece of the body was read for so long.
    pub(super) fn waited_for_disk(&mut self, time: Duration) {
        self.waited += time;
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
            let before = self.made.map_or(Duration::ZERO, |made| made.saturating_duration_since(started));
            let waits = Waits::of(answer, before, self.waited);
            tracing::warn!(
                id = record.id,
                site,
                path = record.path,
                status = record.status,
                bytes = record.bytes,
                duration_ms = milliseconds(answer.latency),
                disk_ms = milliseconds(waits.disk),
                client_ms = milliseconds(waits.client),
                other_ms = milliseconds(waits.other),
                "slow: {}",
                waits.longest(),
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

/// What the time of an answer went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waits {
    disk: Duration,
    /// To take the answer.
    client: Duration,
    /// For the request's body, the check of a password, or the core.
    other: Duration,
}

impl Waits {
    /// `before` it began to be sent; while it was, the disk was waited for `meanwhile`.
    fn of(answer: &Answer, before: Duration, meanwhile: Duration) -> Self {
        let client = answer.latency.saturating_sub(before).saturating_sub(meanwhile);
        match answer.reading {
            Reading::Miss | Reading::Coalesced => Self { disk: before + meanwhile, client, other: Duration::ZERO },
            Reading::None | Reading::Hit => Self { disk: meanwhile, client, other: before },
        }
    }

    fn longest(self) -> &'static str {
        let Self { disk, client, other } = self;
        if client >= disk && client >= other {
            "the client took its time to take the answer"
        } else if disk >= other {
            "the body was waited for: the disk is slow, or busy"
        } else {
            "the request's body or the check of a password was waited for, or the core was busy"
        }
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
        for (reading, latency, before, meanwhile, expected, part) in [
            (Reading::Hit, 1000, 1, 0, (0, 999, 1), "client took"),
            (Reading::Hit, 1000, 900, 0, (0, 100, 900), "password"),
            (Reading::Miss, 1000, 900, 0, (900, 100, 0), "disk"),
            (Reading::Coalesced, 1000, 900, 0, (900, 100, 0), "disk"),
            // A large body, read piece by piece.
            (Reading::Miss, 1000, 10, 800, (810, 190, 0), "disk"),
            (Reading::Miss, 1000, 10, 200, (210, 790, 0), "client took"),
        ] {
            let answer =
                Answer { status: 200, coding: None, bytes: 0, latency: Duration::from_millis(latency), reading };
            let waits = Waits::of(&answer, Duration::from_millis(before), Duration::from_millis(meanwhile));
            let found = (waits.disk.as_millis(), waits.client.as_millis(), waits.other.as_millis());
            assert_eq!(found, expected, "{reading:?} {latency} {before} {meanwhile}");
            assert!(waits.longest().contains(part), "{waits:?}: {}", waits.longest());
        }
    }
}
