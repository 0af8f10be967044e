//! The report that `sitekit stats` prints and `/stats.json` carries: what the counters add up to, in plain numbers
//! with their units in their names. It is read back by another process, perhaps of another version, so fields are
//! only ever added.

use std::{collections::BTreeMap, time::Instant};

use serde::{Deserialize, Serialize};

use crate::site::Coding;

use super::{
    counters::{Registry, Sums},
    event::Event,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub version: String,
    pub uptime_seconds: f64,
    pub cores: usize,
    pub connections: Connections,
    /// How often each limit was reached.
    #[serde(default)]
    pub refused: BTreeMap<String, u64>,
    /// Lines of the access log that found no room, or no disk.
    #[serde(default)]
    pub access_log_dropped: u64,
    /// All sites, and what belongs to none.
    pub total: Traffic,
    pub sites: Vec<SiteReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    pub open: u64,
    pub accepted: u64,
    /// Over the limit.
    pub refused: u64,
    /// Closed because a timeout fired, idle ones included.
    pub timed_out: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteReport {
    /// `-` for what belongs to no site.
    pub site: String,
    /// Absent when the site is gone.
    pub generation: Option<String>,
    #[serde(flatten)]
    pub traffic: Traffic,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    pub requests: u64,
    pub statuses: Statuses,
    pub bytes: u64,
    pub codings: CodingReport,
    pub latency_ns: Latency,
    pub cache: CacheReport,
    /// Requests that a fingerprinted file of an older generation answered.
    #[serde(default)]
    pub past: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statuses {
    #[serde(rename = "1xx")]
    pub informational: u64,
    #[serde(rename = "2xx")]
    pub successful: u64,
    #[serde(rename = "3xx")]
    pub redirection: u64,
    #[serde(rename = "4xx")]
    pub client_error: u64,
    #[serde(rename = "5xx")]
    pub server_error: u64,
}

/// Bodies sent, by coding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodingReport {
    pub identity: u64,
    pub gzip: u64,
    pub br: u64,
    pub zstd: u64,
}

/// From the complete request head to the last byte handed to the kernel, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub max: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheReport {
    /// Bodies that were in memory.
    pub hits: u64,
    /// Bodies that had to be read.
    pub misses: u64,
    pub evictions: u64,
    /// Requests that waited for a read another one had begun.
    pub coalesced: u64,
    /// Bodies that were read before anyone asked for them.
    #[serde(default)]
    pub warmed: u64,
}

impl Report {
    /// Adds all cores up.
    #[must_use]
    pub fn of(registry: &Registry, now: Instant) -> Self {
        let sums = registry.sums();
        let mut total = Sums::default();
        for (_, _, sums) in &sums {
            total.add(sums);
        }
        let cores = registry.connections();
        let accepted = cores.iter().map(|core| core.accepted.get()).sum::<u64>();
        let closed = cores.iter().map(|core| core.closed.get()).sum::<u64>();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: registry.uptime(now).as_secs_f64(),
            cores: cores.len(),
            connections: Connections {
                open: accepted.saturating_sub(closed),
                accepted,
                refused: registry.noted(Event::Connections),
                timed_out: [
                    Event::HandshakeTimeout,
                    Event::HeaderTimeout,
                    Event::IdleTimeout,
                    Event::BodyTimeout,
                    Event::WriteTimeout,
                    Event::RequestTimeout,
                ]
                .map(|event| registry.noted(event))
                .iter()
                .sum(),
            },
            refused: Event::ALL.iter().map(|&event| (event.label().to_owned(), registry.noted(event))).collect(),
            access_log_dropped: registry.access_log_lines_dropped(),
            total: Traffic::of(&total),
            sites: sums
                .iter()
                .filter(|(name, _, sums)| name != Registry::NO_SITE || sums.requests() > 0)
                .map(|(name, generation, sums)| SiteReport {
                    site: name.clone(),
                    generation: generation.clone(),
                    traffic: Traffic::of(sums),
                })
                .collect(),
        }
    }
}

impl Traffic {
    fn of(sums: &Sums) -> Self {
        let [informational, successful, redirection, client_error, server_error] = sums.statuses;
        let coding = |coding: Coding| sums.codings[coding as usize];
        Self {
            requests: sums.requests(),
            statuses: Statuses { informational, successful, redirection, client_error, server_error },
            bytes: sums.bytes,
            codings: CodingReport {
                identity: coding(Coding::Identity),
                gzip: coding(Coding::Gzip),
                br: coding(Coding::Brotli),
                zstd: coding(Coding::Zstd),
            },
            latency_ns: Latency {
                p50: sums.latency.quantile(0.5),
                p90: sums.latency.quantile(0.9),
                p99: sums.latency.quantile(0.99),
                max: sums.latency.max,
            },
            cache: CacheReport {
                hits: sums.hits,
                misses: sums.misses,
                evictions: sums.evictions,
                coalesced: sums.coalesced,
                warmed: sums.warmed,
            },
            past: sums.past,
        }
    }
}
