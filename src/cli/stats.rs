//! `sitekit stats`: what the running server is doing.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::{
    cli::{
        exit, log,
        serve::refuse,
        settings::{self, Config, Look, Typed},
        text_table::{bytes, grouped, table},
        typed::address,
    },
    observe::{Registry, Report, SiteReport, Traffic},
    serve::SOCKET,
};

/// Show what the running server is doing
///
/// Asks the server that serves --build, over the Unix socket in that folder, or the one at --addr.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit stats                          once, as a table
  sitekit stats --watch                  live, with rates
  sitekit stats --json | jq .sites       for machines
  sitekit stats --addr 127.0.0.1:9090    a server elsewhere, by its --admin-addr
  sitekit stats --health                 for a container's health check

Exit status: 0 told, 1 the server is not healthy, 2 no server answers; with --health, 1 is said of both.")]
pub(super) struct StatsArgs {
    #[command(flatten)]
    settings: Typed<Look>,

    /// Ask over TCP: the --admin-addr of the server
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    addr: Option<SocketAddr>,

    /// Print JSON; with --watch one object per line
    #[arg(long)]
    json: bool,

    /// Go on, once a second, with rates
    #[arg(long)]
    watch: bool,

    /// Say whether every core of the server gets on, and nothing else: for health checks of containers
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    health: bool,
}

/// Between two looks of `--watch`.
const INTERVAL: Duration = Duration::from_secs(1);
/// A server that is there answers sooner.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(args: &StatsArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let place = args.addr.map_or_else(|| Place::Local(loaded.config.build.out.join(SOCKET)), Place::Tcp);
    let mut out = io::stdout().lock();
    if args.health {
        let (well, text) = health(&place);
        write!(out, "{text}")?;
        return Ok(ExitCode::from(if well { 0 } else { exit::AUTHOR }));
    }
    let terminal = out.is_terminal();
    let paint = Paint { on: log::colours(terminal) };
    let mut before: Option<Report> = None;
    loop {
        let report = match ask(&place) {
            Ok(report) => report,
            Err(error) if before.is_none() => {
                return Err(error.context(format!("no server answers at {place}; `sitekit serve` starts one")));
            }
            Err(_) => {
                writeln!(out, "the server at {place} is gone")?;
                return Ok(ExitCode::from(exit::OPERATOR));
            }
        };
        if args.json {
            writeln!(out, "{}", serde_json::to_string(&report)?)?;
        } else {
            let clear = if args.watch && terminal { "\x1b[H\x1b[2J" } else { "" };
            write!(out, "{clear}{}", render(&report, before.as_ref(), paint))?;
        }
        out.flush()?;
        if !args.watch {
            return Ok(ExitCode::SUCCESS);
        }
        before = Some(report);
        thread::sleep(INTERVAL);
    }
}

/// What the server of a build folder is doing, as a table for a terminal.
///
/// # Errors
/// When no server answers.
#[cfg(feature = "compiler")]
pub(super) fn text(build: &Path) -> anyhow::Result<String> {
    let place = Place::Local(build.join(SOCKET));
    let report = ask(&place).with_context(|| format!("no server answers at {place}"))?;
    Ok(render(&report, None, Paint { on: log::colours(true) }))
}

/// Where a server listens for operators.
#[derive(Debug)]
enum Place {
    Local(PathBuf),
    Tcp(SocketAddr),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

/// Whether a server answers that it is well, and its words or the reason there are none.
fn health(place: &Place) -> (bool, String) {
    match request(place, "/healthz") {
        Ok((status, text)) => (status == "200", text),
        Err(error) => (false, format!("no server answers at {place}: {error:#}\n")),
    }
}

fn ask(place: &Place) -> anyhow::Result<Report> {
    let (status, body) = request(place, "/stats.json")?;
    if status != "200" {
        bail!("the answer is {status}: is it the --admin-addr of a sitekit server?");
    }
    serde_json::from_str(&body).context("the answer is not that of a sitekit server")
}

/// The status and the body of an answer.
fn request(place: &Place, path: &str) -> anyhow::Result<(String, String)> {
    let answer = match place {
        Place::Local(socket) => ask_local(socket, path)?,
        Place::Tcp(address) => {
            let stream = TcpStream::connect_timeout(address, TIMEOUT)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            exchange(stream, path)?
        }
    };
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head.split(' ').nth(1).context("the answer is not HTTP")?;
    Ok((status.to_owned(), body.to_owned()))
}

#[cfg(unix)]
fn ask_local(socket: &Path, path: &str) -> anyhow::Result<String> {
    let stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(exchange(stream, path)?)
}

#[cfg(not(unix))]
fn ask_local(_: &Path, _: &str) -> anyhow::Result<String> {
    bail!("this system has no Unix sockets: give the server --admin-addr, and it to --addr")
}

fn exchange(mut stream: impl Read + Write, path: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: sitekit\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Emphasis on a terminal.
#[derive(Clone, Copy, Debug)]
struct Paint {
    on: bool,
}

impl Paint {
    fn strong(self, text: &str) -> String {
        if self.on { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The first line of a table is its head.
    fn table(self, text: &str) -> String {
        match text.split_once('\n') {
            Some((head, rows)) if self.on => format!("\x1b[2m{head}\x1b[0m\n{rows}"),
            _ => text.to_owned(),
        }
    }
}

/// The report for a person; with the one before it, rates too.
fn render(report: &Report, before: Option<&Report>, paint: Paint) -> String {
    let connections = &report.connections;
    let mut text = format!(
        "{}  up {}, {} open connections ({} accepted, {} refused, {} timed out)\n\n",
        paint.strong(&format!("sitekit {}", report.version)),
        uptime(report.uptime_seconds),
        grouped(connections.open),
        grouped(connections.accepted),
        grouped(connections.refused),
        grouped(connections.timed_out),
    );
    let refused = report.refused.iter().filter(|(_, count)| **count > 0);
    let refused: Vec<_> = refused.map(|(limit, &count)| format!("{limit} {}", grouped(count))).collect();
    if !refused.is_empty() {
        let _ = write!(text, "limits reached: {}\n\n", refused.join(", "));
    }
    if report.access_log_dropped > 0 {
        let _ = write!(text, "lines of the access log lost: {}\n\n", grouped(report.access_log_dropped));
    }
    let rows = rows(report);
    let mut requests = Vec::new();
    for (name, generation, traffic) in &rows {
        let status = &traffic.statuses;
        let mut row = vec![
            (*name).to_owned(),
            generation.map_or_else(String::new, |generation| generation.chars().take(8).collect()),
            grouped(traffic.requests),
        ];
        let classes = [status.successful, status.redirection, status.client_error, status.server_error];
        row.extend(classes.map(grouped));
        row.push(bytes(traffic.bytes));
        if let Some(before) = before {
            row.extend(rates(name, traffic, report, before));
        }
        requests.push(row);
    }
    let mut head = vec!["site", "generation", "requests", "2xx", "3xx", "4xx", "5xx", "sent"];
    if before.is_some() {
        head.extend(["requests/s", "sent/s"]);
    }
    text.push_str(&paint.table(&table(&head, &requests)));
    text.push('\n');

    let latencies = rows.iter().map(|(name, _, traffic)| {
        let latency = &traffic.latency_ns;
        let times = [latency.p50, latency.p90, latency.p99, latency.max].map(time);
        let codings = &traffic.codings;
        let mix = [codings.identity, codings.gzip, codings.br, codings.zstd].map(grouped);
        [(*name).to_owned()].into_iter().chain(times).chain(mix).collect()
    });
    let head = ["site", "p50", "p90", "p99", "max", "identity", "gzip", "br", "zstd"];
    text.push_str(&paint.table(&table(&head, &latencies.collect::<Vec<_>>())));
    text.push('\n');

    let caches = rows.iter().map(|(name, _, traffic)| {
        let cache = &traffic.cache;
        let counts = [cache.hits, cache.misses, cache.evictions, cache.coalesced, cache.warmed, traffic.past];
        [(*name).to_owned()].into_iter().chain(counts.map(grouped)).collect()
    });
    let head = ["site", "hits", "misses", "evictions", "coalesced", "warmed", "from the past"];
    text.push_str(&paint.table(&table(&head, &caches.collect::<Vec<_>>())));
    text
}

/// Each site, what belongs to none, and all.
fn rows(report: &Report) -> Vec<(&str, Option<&str>, &Traffic)> {
    let name = |site: &SiteReport| site.site == Registry::NO_SITE;
    let (none, sites): (Vec<_>, Vec<_>) = report.sites.iter().partition(|site| name(site));
    let mut rows: Vec<_> =
        sites.iter().map(|site| (site.site.as_str(), site.generation.as_deref(), &site.traffic)).collect();
    rows.extend(none.iter().map(|site| ("(no site)", None, &site.traffic)));
    rows.push(("all", None, &report.total));
    rows
}

fn rates(name: &str, now: &Traffic, report: &Report, before: &Report) -> [String; 2] {
    let seconds = report.uptime_seconds - before.uptime_seconds;
    let old = rows(before).into_iter().find(|(known, ..)| *known == name).map(|(.., traffic)| traffic);
    let (requests, sent) = old.map_or((0, 0), |old| (old.requests, old.bytes));
    let per_second = |now: u64, before: u64| per_second(now.saturating_sub(before), seconds);
    [grouped(per_second(now.requests, requests)), bytes(per_second(now.bytes, sent))]
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "three digits are looked at"
)]
fn per_second(count: u64, seconds: f64) -> u64 {
    if seconds > 0.0 { (count as f64 / seconds).round() as u64 } else { 0 }
}

/// Nanoseconds, in the unit a person would choose.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn time(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0 => "-".to_owned(),
        1..1_000_000 => format!("{:.0} µs", (value / 1e3).max(1.0)),
        1_000_000..1_000_000_000 => format!("{:.1} ms", value / 1e6),
        _ => format!("{:.1} s", value / 1e9),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an uptime is positive and finite")]
fn uptime(seconds: f64) -> String {
    let seconds = seconds as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        observe::{Answer, Event, Metering, Reading},
        site::Coding,
    };

    fn registry(start: Instant) -> Registry {
        let registry = Registry::new(1, Metering::On, start);
        registry.connection_accepted(0);
        registry.note(0, Event::Connections);
        registry.note(0, Event::IdleTimeout);
        registry.access_log_dropped(12);
        let site = registry.site("docs");
        site.set_generation(Some("0123456789abcdef".to_owned()));
        let answer = Answer {
            status: 200,
            coding: Some(Coding::Brotli),
            bytes: 1_500,
            latency: Duration::from_micros(15),
            reading: Reading::Hit,
        };
        for _ in 0..1000 {
            site.core(0).record(&answer);
        }
        let missing = Answer { status: 404, coding: None, reading: Reading::None, ..answer };
        registry.site(Registry::NO_SITE).core(0).record(&missing);
        registry
    }

    #[test]
    fn the_report_for_a_person() {
        let start = Instant::now();
        let registry = registry(start);
        let report = Report::of(&registry, start + Duration::from_secs(125));
        insta::assert_snapshot!(render(&report, None, Paint { on: false }));
    }

    #[test]
    fn rates_are_what_came_since_the_last_look() {
        let start = Instant::now();
        let registry = registry(start);
        let before = Report::of(&registry, start);
        let docs = registry.site("docs");
        for _ in 0..500 {
            docs.core(0).record(&Answer {
                status: 304,
                coding: None,
                bytes: 100,
                latency: Duration::from_micros(5),
                reading: Reading::None,
            });
        }
        let report = Report::of(&registry, start + Duration::from_secs(2));
        insta::assert_snapshot!(render(&report, Some(&before), Paint { on: false }));
    }

    #[test]
    fn times_for_a_person() {
        for (nanoseconds, expected) in
            [(0, "-"), (400, "1 µs"), (15_400, "15 µs"), (1_500_000, "1.5 ms"), (2_000_000_000, "2.0 s")]
        {
            assert_eq!(time(nanoseconds), expected);
        }
        for (seconds, expected) in [(7.9, "7 s"), (125.0, "2 min 5 s"), (7265.0, "2 h 1 min"), (90_000.0, "1 d 1 h")] {
            assert_eq!(uptime(seconds), expected);
        }
    }
}
