//! The counters in Prometheus' text exposition format, version 0.0.4: HELP and TYPE once per family, counters end in
//! `_total`, base units, all lines of a family together.

use std::{fmt::Write as _, time::Instant};

use crate::site::Coding;

use super::{
    counters::{Registry, Sums},
    event::Event,
    report::Report,
};

/// Of the exposition.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Bounds of the latency buckets, as powers of two in nanoseconds: 8 µs to 34 s.
const LATENCY_BOUNDS: std::ops::RangeInclusive<u32> = 13..=35;

/// Everything the registry holds, as text.
#[must_use]
pub fn exposition(registry: &Registry, now: Instant) -> String {
    let report = Report::of(registry, now);
    let sites = registry.sums();
    let mut text = Text(String::with_capacity(4096));

    text.family("sitekit_build_info", "gauge", "The version of the server.");
    text.line("sitekit_build_info", &[("version", &report.version)], 1);
    text.family("sitekit_uptime_seconds", "gauge", "Seconds since the server started.");
    text.line("sitekit_uptime_seconds", &[], report.uptime_seconds);
    text.family("sitekit_connections_open", "gauge", "Open connections.");
    text.line("sitekit_connections_open", &[], report.connections.open);
    for (name, help, value) in [
        ("sitekit_connections_accepted_total", "Connections accepted.", report.connections.accepted),
        ("sitekit_connections_refused_total", "Connections over the limit.", report.connections.refused),
        ("sitekit_connections_timed_out_total", "Connections closed by a timeout.", report.connections.timed_out),
        ("sitekit_access_log_dropped_total", "Lines of the access log that were lost.", report.access_log_dropped),
    ] {
        text.family(name, "counter", help);
        text.line(name, &[], value);
    }

    text.family("sitekit_refused_total", "counter", "What was refused or cut off, by the limit that was reached.");
    for &event in Event::ALL {
        text.line("sitekit_refused_total", &[("limit", event.label())], registry.noted(event));
    }

    text.family("sitekit_site_info", "gauge", "The live generation of each site.");
    for (site, generation, _) in &sites {
        if let Some(generation) = generation {
            text.line("sitekit_site_info", &[("site", site), ("generation", generation)], 1);
        }
    }
    text.family("sitekit_requests_total", "counter", "Requests answered, by status class.");
    for (site, _, sums) in &sites {
        for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(sums.statuses) {
            text.line("sitekit_requests_total", &[("site", site), ("status", class)], count);
        }
    }
    text.family("sitekit_bodies_total", "counter", "Bodies sent, by content coding.");
    for (site, _, sums) in &sites {
        for coding in Coding::ALL {
            let count = sums.codings[coding as usize];
            text.line("sitekit_bodies_total", &[("site", site), ("coding", coding.token())], count);
        }
    }
    let counters: [Counter; 7] = [
        ("sitekit_sent_bytes_total", "Bytes written, heads included.", |sums| sums.bytes),
        ("sitekit_cache_hits_total", "Bodies that were in memory.", |sums| sums.hits),
        ("sitekit_cache_misses_total", "Bodies that had to be read.", |sums| sums.misses),
        ("sitekit_cache_evictions_total", "Bodies that left the cache to make room.", |sums| sums.evictions),
        ("sitekit_cache_coalesced_total", "Requests that waited for another's read.", |sums| sums.coalesced),
        ("sitekit_cache_warmed_total", "Bodies that were read before anyone asked for them.", |sums| sums.warmed),
        ("sitekit_past_requests_total", "Requests answered from an older generation.", |sums| sums.past),
    ];
    for (name, help, value) in counters {
        text.family(name, "counter", help);
        for (site, _, sums) in &sites {
            text.line(name, &[("site", site)], value(sums));
        }
    }

    text.family(
        "sitekit_request_duration_seconds",
        "histogram",
        "From the complete request head to the last byte handed to the kernel.",
    );
    for (site, _, sums) in &sites {
        let count = sums.latency.count();
        for exponent in LATENCY_BOUNDS {
            let bound = seconds(1 << exponent).to_string();
            let labels = [("site", site.as_str()), ("le", &bound)];
            text.line("sitekit_request_duration_seconds_bucket", &labels, sums.latency.below_power_of_two(exponent));
        }
        text.line("sitekit_request_duration_seconds_bucket", &[("site", site), ("le", "+Inf")], count);
        text.line("sitekit_request_duration_seconds_sum", &[("site", site)], seconds(sums.latency.sum));
        text.line("sitekit_request_duration_seconds_count", &[("site", site)], count);
    }
    text.0
}

/// Its name, what it is, and its value of one site.
type Counter = (&'static str, &'static str, fn(&Sums) -> u64);

#[expect(clippy::cast_precision_loss, reason = "2^53 ns are a hundred days; what is lost is less than a clock's step")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (at, (label, content)) in labels.iter().enumerate() {
            let escaped = content.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{label}=\"{escaped}\"", if at == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::*;
    use crate::observe::{Answer, Metering, Reading};

    #[test]
    fn the_text_keeps_the_rules_of_its_format() {
        let start = Instant::now();
        let registry = Registry::new(2, Metering::On, start);
        let answer = Answer {
            status: 200,
            coding: Some(Coding::Gzip),
            bytes: 5,
            latency: Duration::from_micros(20),
            reading: Reading::Miss,
        };
        registry.site("docs").core(0).record(&answer);
        registry.site("docs").core(1).record(&answer);
        registry.note(1, Event::HeaderTimeout);
        registry.site("a\"\\\nb").set_generation(Some("x".to_owned()));
        let text = exposition(&registry, start + Duration::from_secs(3));

        let mut families = BTreeSet::new();
        let mut family = (String::new(), String::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(families.insert(name.to_owned()), "{name} twice");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                family = (name.to_owned(), kind.to_owned());
            } else if !line.starts_with("# HELP ") {
                let name = line.split(['{', ' ']).next().unwrap();
                let suffix = name.strip_prefix(&family.0).unwrap_or_else(|| panic!("{line} outside its family"));
                let histogram = family.1 == "histogram";
                assert_eq!(histogram, ["_bucket", "_sum", "_count"].contains(&suffix), "{line}");
                let value = line.rsplit(' ').next().unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
        for line in [
            r#"sitekit_requests_total{site="docs",status="2xx"} 2"#,
            r#"sitekit_bodies_total{site="docs",coding="gzip"} 2"#,
            r#"sitekit_cache_misses_total{site="docs"} 2"#,
            r#"sitekit_request_duration_seconds_bucket{site="docs",le="0.000016384"} 0"#,
            r#"sitekit_request_duration_seconds_bucket{site="docs",le="0.000032768"} 2"#,
            r#"sitekit_request_duration_seconds_bucket{site="docs",le="+Inf"} 2"#,
            r#"sitekit_request_duration_seconds_count{site="docs"} 2"#,
            r#"sitekit_site_info{site="a\"\\\nb",generation="x"} 1"#,
            r#"sitekit_refused_total{limit="header_timeout"} 1"#,
            "sitekit_uptime_seconds 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert!(text.ends_with('\n'));
    }
}
