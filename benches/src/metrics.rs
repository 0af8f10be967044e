//! The figures a server gives its operators: Prometheus' text format, read just as far as sitekit writes it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};

/// Operators are patient, but not for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// One reading.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    text: String,
}

impl Metrics {
    /// From the server's admin address.
    pub(crate) fn read(admin: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&admin, PATIENCE).context("connecting to the admin address")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text).context("reading /metrics")?;
        ensure!(text.starts_with("HTTP/1.1 200 "), "/metrics answers {:?}", text.lines().next().unwrap_or_default());
        Ok(Self { text })
    }

    /// The sum of a metric over all lines that have these labels; 0 when there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.values(name, labels).sum()
    }

    /// Whether there is a line of the metric with these labels.
    pub(crate) fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.values(name, labels).next().is_some()
    }

    fn values(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = f64> {
        let wanted: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        self.text.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (given, value) = rest.rsplit_once(' ')?;
            let is_it = (given.is_empty() || given.starts_with('{'))
                && wanted.iter().all(|label| given.contains(label.as_str()));
            is_it.then(|| value.parse().ok())?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_over_the_lines_that_match() {
        let text = "# TYPE a_total counter\na_total{site=\"x\",status=\"2xx\"} 3\na_total{site=\"y\",status=\"2xx\"} 4\na_total_more 9\nb 1.5\n";
        let metrics = Metrics { text: text.to_owned() };
        for (name, labels, expected) in [
            ("a_total", &[][..], 7.0),
            ("a_total", &[("site", "x")], 3.0),
            ("a_total", &[("site", "z")], 0.0),
            ("b", &[], 1.5),
            ("a", &[], 0.0),
        ] {
            assert!((metrics.sum(name, labels) - expected).abs() < 1e-9, "{name} {labels:?}");
        }
        assert!(metrics.has("b", &[]) && !metrics.has("c", &[]));
    }
}
