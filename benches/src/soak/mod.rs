//! Everything at once, for minutes: full load from clients that check each answer to the byte, a deploy every second, a
//! reload every five, and a client abusing each limit. Fails when one good request does, or when anything grows.

mod abuse;
mod door;
mod flat;
mod good;
mod server;
mod site;
mod tally;
mod truth;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use sitekit::pack::{self, RealDisk, Sealed};
use tokio::task::LocalSet;

use self::{
    abuse::{Abuse, Abuser},
    door::Door,
    flat::{Bound, trend},
    good::Good,
    server::{Server, Variant},
    tally::Tally,
    truth::{Kind, Truth},
};
use crate::{
    Common, machine,
    metrics::Metrics,
    peer,
    proc::Held,
    progress,
    random::Random,
    report::Report,
    sample::median,
    table::{Table, figure},
};

/// Between two deploys, each of the next site.
const DEPLOY: Duration = Duration::from_secs(1);
/// Between two reloads; every sixth is of a file with a mistake.
const RELOAD: Duration = Duration::from_secs(5);
/// After the last client, until nothing of any is left.
const SETTLE: Duration = Duration::from_secs(15);

const MEMORY: Bound = Bound { part: 0.1, plus: 8.0 };
/// Generations are mapped until as many as are kept have been: two of the largest more are no growth.
const FILES: Bound = Bound { part: 0.1, plus: 40.0 };
const DESCRIPTORS: Bound = Bound { part: 0.1, plus: 16.0 };
const THREADS: Bound = Bound { part: 0.0, plus: 4.0 };

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SoakArgs {
    /// For how long
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    minutes: f64,
    /// Keep-alive connections of HTTP/1.1; as many as an eighth of them again speak TLS, and as many HTTP/2
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(8..=1024))]
    connections: u32,
    /// Folder with the sites to serve [default: those of the repository, or made up when the program cannot build]
    #[arg(long, value_name = "DIR")]
    sites: Option<PathBuf>,
    /// Leave out the clients that abuse limits
    #[arg(long)]
    no_abuse: bool,
}

/// What a run came to.
struct Outcome {
    tally: Tally,
    seconds: f64,
    samples: Vec<Held>,
    attempts: Vec<(Abuse, u64)>,
    deploys: Deploys,
    reloads: u32,
    metrics: Metrics,
    /// Connections that were still open when all clients were gone.
    left: f64,
    ended_well: bool,
    said: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct Deploys {
    count: u32,
    slowest: Duration,
}

/// The report, and what was wrong.
pub(crate) fn run(common: &Common, args: &SoakArgs) -> anyhow::Result<(Report, Vec<String>)> {
    let minutes = if common.quick { 1.0 / 3.0 } else { args.minutes };
    ensure!(minutes.is_finite() && minutes > 0.0, "--minutes takes a number above 0");
    let time = Duration::from_secs_f64(minutes * 60.0);
    let binary = peer::sitekit(common.sitekit.as_deref())
        .context("sitekit is not found; build it, or name it with --sitekit")?;
    let mut report = Report {
        heading: format!("a soak of {minutes:.1} minutes, {} connections", args.connections),
        versions: vec![("sitekit".to_owned(), peer::version(&binary, "--version"))],
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../sites"));
    let images = if site::can_build(&binary) {
        progress("building the sites");
        site::build(&binary, args.sites.as_deref().unwrap_or(&repository), &scratch.path().join("first"))?
    } else {
        ensure!(args.sites.is_none(), "{} cannot build --sites", binary.display());
        report.findings.push("the sites are made up: the program cannot build".to_owned());
        site::make()?
    };
    progress("making their generations");
    let sites: Vec<_> = images.iter().map(site::generations).collect::<Result<_, _>>()?;
    let names: Vec<String> =
        sites.iter().map(|ring| format!("{} with {} routes", ring[0].site, ring[0].routes.len())).collect();
    report.versions.push(("sites".to_owned(), names.join(", ")));
    let rings: Vec<Vec<Sealed>> =
        sites.iter().map(|ring| ring.iter().map(pack::seal).collect::<Result<_, _>>()).collect::<Result<_, _>>()?;
    let build = scratch.path().join("build");
    for ring in &rings {
        ring[0].commit(&RealDisk, &build, pack::KEEP)?;
    }
    let server = Server::start(&binary, scratch.path(), &build, args.connections * 2)?;
    let truth = Arc::new(Truth::new(&sites, Instant::now()));
    drop((images, sites));
    progress(&format!("soaking for {} s", time.as_secs()));
    let outcome = soak(args, &server, &truth, &rings, &build, time)?;
    let faults = judge(args, &outcome, &mut report);
    Ok((report, faults))
}

fn soak(
    args: &SoakArgs,
    server: &Server,
    truth: &Arc<Truth>,
    rings: &[Vec<Sealed>],
    build: &std::path::Path,
    time: Duration,
) -> anyhow::Result<Outcome> {
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    thread::scope(|scope| {
        let good = scope.spawn(|| good_clients(args.connections, server, truth, &stop, start));
        let abusers = scope.spawn(|| if args.no_abuse { Ok(Vec::new()) } else { abusers(server, truth, &stop) });
        let deployer = scope.spawn(|| deploy(truth, rings, build, &stop));
        let watched = watch(server, start, time);
        stop.store(true, Relaxed);
        let seconds = start.elapsed().as_secs_f64();
        let panicked = |_| anyhow::anyhow!("a part of the soak ended in a panic");
        let (tally, attempts) = (good.join().map_err(panicked)?, abusers.join().map_err(panicked)?);
        let deploys = deployer.join().map_err(panicked)?;
        let (samples, reloads) = watched?;
        let left = settle(server)?;
        let metrics = Metrics::read(server.admin)?;
        let ended_well = server.stop();
        let said = server.said();
        Ok(Outcome {
            tally: tally?,
            seconds,
            samples,
            attempts: attempts?,
            deploys: deploys?,
            reloads,
            metrics,
            left,
            ended_well,
            said,
        })
    })
}

/// Looks at the server each second, and changes its settings now and then.
fn watch(server: &Server, start: Instant, time: Duration) -> anyhow::Result<(Vec<Held>, u32)> {
    let (mut samples, mut reloads) = (Vec::new(), 0);
    while start.elapsed() < time {
        thread::sleep(Duration::from_secs(1));
        ensure!(!server.ended(), "the server ended: {}", tail(&server.said()));
        samples.push(Held::of(server.id())?);
        if start.elapsed().as_secs() / RELOAD.as_secs() > u64::from(reloads) {
            reloads += 1;
            server.reload(match reloads % 6 {
                0 => Variant::Broken,
                odd if odd % 2 == 1 => Variant::Second,
                _ => Variant::First,
            })?;
        }
    }
    Ok((samples, reloads))
}

/// Waits until no connection is open any more; how many are when it takes too long.
fn settle(server: &Server) -> anyhow::Result<f64> {
    let deadline = Instant::now() + SETTLE;
    loop {
        let open = Metrics::read(server.admin)?.sum("sitekit_connections_open", &[]);
        if open < 0.5 || Instant::now() > deadline {
            return Ok(open);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn deploy(truth: &Truth, rings: &[Vec<Sealed>], build: &std::path::Path, stop: &AtomicBool) -> anyhow::Result<Deploys> {
    let (start, mut deploys) = (Instant::now(), Deploys::default());
    while !stop.load(Relaxed) {
        let due = start + DEPLOY * (deploys.count + 1);
        thread::sleep(due.saturating_duration_since(Instant::now()).min(DEPLOY));
        let at = deploys.count as usize;
        let (site, round) = (at % rings.len(), at / rings.len() + 1);
        let generation = round % rings[site].len();
        let begun = Instant::now();
        truth.commit(site, generation, begun);
        rings[site][generation].commit(&RealDisk, build, pack::KEEP).context("a deploy")?;
        deploys.slowest = deploys.slowest.max(begun.elapsed());
        deploys.count += 1;
    }
    Ok(deploys)
}

/// All good clients, on a thread of their own.
fn good_clients(
    connections: u32,
    server: &Server,
    truth: &Arc<Truth>,
    stop: &Arc<AtomicBool>,
    start: Instant,
) -> anyhow::Result<Tally> {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let good = Good { truth: Arc::clone(truth), tally: Rc::clone(&tally), stop: Arc::clone(stop), start };
    let secure = |protocols: &[&str]| Door::tls(server.tls, server.certificate.clone(), protocols);
    let (plain, https, h2) = (Door::Plain(server.plain), secure(&["http/1.1"])?, secure(&["h2"])?);
    let mut random = Random::new(0x50A4);
    run_local(|local| {
        for _ in 0..connections {
            local.spawn_local(good.clone().http1("HTTP/1.1", plain.clone(), Random::new(random.next() | 1)));
        }
        for _ in 0..connections / 8 {
            local.spawn_local(good.clone().http1("HTTP/1.1, TLS", https.clone(), Random::new(random.next() | 1)));
            local.spawn_local(good.clone().http2("HTTP/2", plain.clone(), 4, Random::new(random.next() | 1)));
            local.spawn_local(good.clone().http2("HTTP/2, TLS", h2.clone(), 4, Random::new(random.next() | 1)));
        }
    })?;
    drop(good);
    Rc::try_unwrap(tally).map(RefCell::into_inner).map_err(|_| anyhow::anyhow!("a client is still asking"))
}

/// Every kind of abuser, on another thread; how often each tried.
fn abusers(server: &Server, truth: &Truth, stop: &Arc<AtomicBool>) -> anyhow::Result<Vec<(Abuse, u64)>> {
    let all: Vec<(Abuse, Rc<Cell<u64>>)> = Abuse::ALL.into_iter().map(|abuse| (abuse, Rc::default())).collect();
    run_local(|local| {
        for (abuse, attempts) in &all {
            let abuser = Abuser {
                abuse: *abuse,
                plain: server.plain,
                tls: server.tls,
                bounds: server.bounds,
                large: truth.large(),
                attempts: Rc::clone(attempts),
                stop: Arc::clone(stop),
            };
            local.spawn_local(abuser.run());
        }
    })?;
    Ok(all.into_iter().map(|(abuse, attempts)| (abuse, attempts.get())).collect())
}

/// Runs all that is spawned to its end, on this thread.
fn run_local(spawn: impl FnOnce(&LocalSet)) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")?;
    let local = LocalSet::new();
    spawn(&local);
    runtime.block_on(local);
    Ok(())
}

/// The tables, and every way in which the run was not as it must be.
fn judge(args: &SoakArgs, outcome: &Outcome, report: &mut Report) -> Vec<String> {
    let mut faults = Vec::new();
    report.tables.push(load_table(outcome));
    let (failures, words) = outcome.tally.failures();
    if failures > 0 {
        faults.push(format!("{failures} good requests failed, such as:\n    {}", words.join("\n    ")));
    }
    if outcome.tally.all() == 0 {
        faults.push("no good request was answered".to_owned());
    }
    report.tables.push(growth_table(&outcome.samples, &mut faults));
    if !args.no_abuse {
        report.tables.push(abuse_table(outcome, &mut faults));
    }
    let broken = outcome.metrics.sum("sitekit_requests_total", &[("status", "5xx")]);
    if broken > 0.5 {
        faults.push(format!("{broken} answers were 5xx"));
    }
    if outcome.left > 0.5 {
        faults.push(format!("{} connections are open though no client is left", outcome.left));
    }
    if !outcome.ended_well {
        faults.push("the server did not stop when it was asked to".to_owned());
    }
    if let Some(line) = outcome.said.lines().find(|line| line.contains("panicked")) {
        faults.push(format!("the server panicked: {line}"));
    }
    let (reconnected, turned_away) = outcome.tally.connections();
    report.findings.push(format!(
        "{:.0} good requests per second, {failures} failed; {reconnected} connections ended by the server in good order, {turned_away} new ones told to come back while all places were taken",
        per_second(outcome.tally.all(), outcome.seconds),
    ));
    report.findings.push(format!(
        "{} deploys, the slowest took {:.2} s to be on disk; {} reloads",
        outcome.deploys.count,
        outcome.deploys.slowest.as_secs_f64(),
        outcome.reloads
    ));
    let in_short = faults.iter().filter_map(|fault| fault.lines().next()).collect::<Vec<_>>().join("; ");
    report.findings.push(if faults.is_empty() { "passed".to_owned() } else { format!("failed: {in_short}") });
    faults
}

fn load_table(outcome: &Outcome) -> Table {
    let ways = outcome.tally.ways();
    let head: Vec<&str> = ["good requests"].into_iter().chain(ways.iter().copied()).collect();
    let mut table = Table::new("answers that were right, by kind", &head);
    for kind in Kind::ALL {
        let counts = ways.iter().map(|way| outcome.tally.of(way, kind).to_string());
        table.push([kind.name().to_owned()].into_iter().chain(counts).collect());
    }
    let millis = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3);
    let tally = &outcome.tally;
    table.push(vec!["p50 of all".to_owned(), millis(tally.quantile(0.5))]);
    table.push(vec!["p99".to_owned(), millis(tally.quantile(0.99))]);
    table.push(vec!["slowest".to_owned(), millis(tally.slowest())]);
    table.push(vec!["MB received".to_owned(), (tally.bytes() / 1_000_000).to_string()]);
    table
}

const MIB: f64 = 1_048_576.0;

/// Its name, how much it may grow, and where it is found.
type Row = (&'static str, Bound, fn(&Held) -> f64);

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn growth_table(samples: &[Held], faults: &mut Vec<String>) -> Table {
    let mut table = Table::new(
        "what the server holds, as medians of each eighth of the run",
        &["", "1", "2", "3", "4", "5", "6", "7", "8", "most"],
    );
    let rows: [Row; 4] = [
        ("memory of its own, MiB", MEMORY, |held| held.anonymous as f64 / MIB),
        ("pages of files, MiB", FILES, |held| held.file as f64 / MIB),
        ("file descriptors", DESCRIPTORS, |held| held.descriptors as f64),
        ("threads", THREADS, |held| held.threads as f64),
    ];
    for (name, bound, of) in rows {
        let values: Vec<f64> = samples.iter().map(of).collect();
        let eighths = (0..8).map(|nth| median(&values[values.len() * nth / 8..values.len() * (nth + 1) / 8]));
        let figures = eighths.chain([values.iter().copied().reduce(f64::max)]).map(|value| figure(value, 1));
        table.push([name.to_owned()].into_iter().chain(figures).collect());
        if let Some(trend) = trend(&values, bound).filter(|trend| !trend.flat) {
            faults.push(format!("{name} grew from {:.1} to {:.1}", trend.second, trend.last));
        }
    }
    table
}

fn abuse_table(outcome: &Outcome, faults: &mut Vec<String>) -> Table {
    let mut table = Table::new("abuse", &["by", "attempts", "limit", "counted"]);
    let counted = |limit| outcome.metrics.sum("sitekit_refused_total", &[("limit", limit)]);
    let mut limits = BTreeMap::new();
    for (abuse, attempts) in &outcome.attempts {
        let limit = abuse.limit();
        let count = limit.map(counted);
        table.push(vec![
            abuse.name().to_owned(),
            attempts.to_string(),
            limit.unwrap_or("–").to_owned(),
            figure(count, 0),
        ]);
        if let (Some(limit), Some(count)) = (limit, count) {
            limits.insert(limit, count);
        }
    }
    for (limit, count) in limits {
        let known = outcome.metrics.has("sitekit_refused_total", &[("limit", limit)]);
        if !known {
            faults.push(format!("/metrics has no counter of the limit {limit}"));
        } else if count < 0.5 {
            faults.push(format!("the limit {limit} was abused and counted nothing"));
        }
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(f64::EPSILON)
}

/// The last lines.
fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
