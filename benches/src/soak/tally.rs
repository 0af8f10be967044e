//! What the good clients count: answers by kind and way, how long they took, and every failure in words.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::truth::Kind;

/// More failures than these are only counted.
const WORDS: usize = 20;
/// Buckets per doubling of a latency.
const STEPS: u32 = 8;

/// Of all good clients together; they share a thread.
#[derive(Debug, Default)]
pub(super) struct Tally {
    answers: BTreeMap<(&'static str, Kind), u64>,
    bytes: u64,
    latencies: BTreeMap<u32, u64>,
    slowest: Duration,
    failures: u64,
    words: Vec<String>,
    /// New connections that were told to come back later, since all places were taken.
    turned_away: u64,
    reconnected: u64,
}

impl Tally {
    pub(super) fn answer(&mut self, way: &'static str, kind: Kind, bytes: usize, latency: Duration) {
        *self.answers.entry((way, kind)).or_default() += 1;
        self.bytes += bytes as u64;
        *self.latencies.entry(bucket(latency)).or_default() += 1;
        self.slowest = self.slowest.max(latency);
    }

    /// A good request that got no right answer.
    pub(super) fn failure(&mut self, start: Instant, what: &str) {
        self.failures += 1;
        if self.words.len() < WORDS {
            self.words.push(format!("{:.3} s: {what}", start.elapsed().as_secs_f64()));
        }
    }

    pub(super) fn turned_away(&mut self) {
        self.turned_away += 1;
    }

    pub(super) fn reconnected(&mut self) {
        self.reconnected += 1;
    }

    pub(super) fn all(&self) -> u64 {
        self.answers.values().sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn failures(&self) -> (u64, &[String]) {
        (self.failures, &self.words)
    }

    pub(super) fn connections(&self) -> (u64, u64) {
        (self.reconnected, self.turned_away)
    }

    /// Of one kind on one way.
    pub(super) fn of(&self, way: &str, kind: Kind) -> u64 {
        self.answers.iter().filter(|((of, is), _)| *of == way && *is == kind).map(|(_, count)| count).sum()
    }

    pub(super) fn ways(&self) -> Vec<&'static str> {
        let mut ways: Vec<_> = self.answers.keys().map(|(way, _)| *way).collect();
        ways.dedup();
        ways
    }

    /// What so large a part of all answers did not exceed, to an eighth of a doubling.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a count")]
    pub(super) fn quantile(&self, part: f64) -> Duration {
        let mut left = (self.all() as f64 * part).ceil() as u64;
        for (bucket, count) in &self.latencies {
            if left <= *count {
                return upper(*bucket).min(self.slowest);
            }
            left -= count;
        }
        self.slowest
    }

    pub(super) fn slowest(&self) -> Duration {
        self.slowest
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a logarithm of microseconds")]
fn bucket(latency: Duration) -> u32 {
    ((latency.as_secs_f64() * 1e6).max(1.0).log2() * f64::from(STEPS)).ceil() as u32
}

fn upper(bucket: u32) -> Duration {
    Duration::from_secs_f64((f64::from(bucket) / f64::from(STEPS)).exp2() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near() {
        let mut tally = Tally::default();
        for micros in 1..=1000 {
            tally.answer("HTTP/1.1", Kind::Page, 1, Duration::from_micros(micros));
        }
        for (part, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let got = tally.quantile(part).as_secs_f64() * 1e6;
            assert!(got >= expected && got < expected * 1.1, "{part}: {got}");
        }
        assert_eq!((tally.all(), tally.of("HTTP/1.1", Kind::Page), tally.of("HTTP/2", Kind::Page)), (1000, 1000, 0));
    }
}
