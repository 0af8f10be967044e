//! A bundle several times larger than the memory there is. Two servers take turns with the same pages and the same
//! requests: one in a control group that holds a part of the bundle, one without a limit. What the hottest pages pay for
//! the others is the difference; that no thread that serves ever waited for the disk is read from the kernel.

mod bundle;
mod group;
mod load;
mod zipf;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};

use self::{
    bundle::Page,
    group::Group,
    load::{Load, Taken},
    zipf::Zipf,
};
use crate::{
    Common, machine,
    metrics::Metrics,
    peer,
    proc::{Held, Waited},
    process::{PATIENCE, Process, free_address},
    progress,
    report::Report,
    sample::{median, quantile, ratio},
    table::{Table, figure, percent},
};

/// The part of all pages that is called hot.
const HOT: f64 = 0.01;
/// The p99 of hot pages may be so many times what it is without a limit.
const GOAL: f64 = 1.5;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MemoryArgs {
    /// Memory of the control group, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u64).range(32..=65_536))]
    limit: u64,
    /// The bundle's size as a multiple of the limit
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    times: u64,
    /// Requests per second; low enough that none waits for another
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// Rounds; both servers are asked in each
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Seconds per server and round; before the first, each is warmed up for as long
    #[arg(long, value_name = "S", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    window: u64,
    /// Keep-alive connections
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// Where the bundles are written: twice their size, on a disk
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
}

pub(crate) fn run(common: &Common, args: &MemoryArgs) -> anyhow::Result<Report> {
    let mut args = args.clone();
    if common.quick {
        (args.rounds, args.window) = (1, 4);
    }
    let binary = peer::sitekit(common.sitekit.as_deref())
        .context("sitekit is not found; build it, or name it with --sitekit")?;
    let on = statfs(&args.scratch).with_context(|| args.scratch.display().to_string())?;
    ensure!(
        on.filesystem_type() != TMPFS_MAGIC,
        "{} is kept in memory: name a folder on a disk with --scratch",
        args.scratch.display()
    );
    let mut report = Report {
        versions: vec![("sitekit".to_owned(), peer::version(&binary, "--version"))],
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let limit = args.limit << 20;
    let group = Group::with_limit(limit)?;
    let scratch = tempfile::tempdir_in(&args.scratch).context("a temporary folder")?;

    progress("making the bundle, twice");
    let made = bundle::make(limit * args.times)?;
    let (tight, free) = (scratch.path().join("tight"), scratch.path().join("free"));
    let length = made.publish(&tight)?;
    // The same bytes in another file: the kernel keeps one copy of a file, whoever reads it.
    made.publish(&free)?;
    // A container pays for the program's pages too.
    let copy = scratch.path().join("sitekit");
    fs::copy(&binary, &copy).context("copying the program")?;
    bundle::evict(&copy)?;

    let mut servers = [
        Contender::start("limited", group.command(&copy), &tight)?,
        Contender::start("unlimited", Command::new(&binary), &free)?,
    ];
    let pages = made.pages;
    report.heading = format!(
        "a bundle of {} MiB in {} MiB of memory ({}), {} pages, {} requests per second",
        length >> 20,
        args.limit,
        group.name(),
        pages.len(),
        args.rate
    );
    let zipf = Zipf::new(u32::try_from(pages.len())?, 1.0);
    measure(&args, &mut servers, &pages, &zipf)?;
    report.findings.extend(judge(&servers, hot(pages.len()), &mut report.tables));
    report.findings.push(format!(
        "the hottest {} of {} pages get {} of all requests",
        hot(pages.len()),
        pages.len(),
        percent(Some(zipf.share(hot(pages.len()))))
    ));
    report.findings.push(format!(
        "in the group at the end: {} MiB of {} in use, the limit was hit {} times, {} processes were killed",
        group.used().unwrap_or(0) >> 20,
        args.limit,
        group.hits().map_or_else(|| "–".to_owned(), |hits| hits.to_string()),
        group.kills().map_or_else(|| "–".to_owned(), |kills| kills.to_string()),
    ));
    Ok(report)
}

/// A server and what was found out about it, round by round.
#[derive(Debug)]
struct Contender {
    name: &'static str,
    addr: SocketAddr,
    admin: SocketAddr,
    process: Process,
    rounds: Vec<Round>,
}

/// What a server did in one round.
#[derive(Debug, Clone)]
struct Round {
    taken: Vec<Taken>,
    waited: Waited,
    reads: Reads,
    held: Held,
}

/// Bodies asked for, by where they came from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Reads {
    hits: f64,
    misses: f64,
    /// Waited for another's read.
    coalesced: f64,
    evictions: f64,
}

impl Contender {
    fn start(name: &'static str, mut command: Command, build: &Path) -> anyhow::Result<Self> {
        let (addr, admin) = (free_address()?, free_address()?);
        command.args(["serve", "--prod", "--addr", &addr.to_string(), "--admin-addr", &admin.to_string(), "--build"]);
        let process = Process::start(command.arg(build)).with_context(|| format!("starting the {name} server"))?;
        let server = Self { name, addr, admin, process, rounds: Vec::new() };
        let deadline = Instant::now() + PATIENCE;
        while Metrics::read(admin).is_err() {
            ensure!(!server.process.ended(), "the {name} server ended at once: {}", server.process.said());
            ensure!(Instant::now() < deadline, "the {name} server does not answer: {}", server.process.said());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    fn ask(&self, load: Load<'_>, time: Duration, seed: u64) -> anyhow::Result<Round> {
        let (before, waited) = (Reads::of(self.admin)?, Waited::of(self.process.id())?);
        let taken = Load { server: self.addr, ..load }.run(time, seed);
        let taken = taken.with_context(|| format!("asking the {} server: {}", self.name, self.process.said()))?;
        if self.process.ended() {
            bail!("the {} server ended: {}", self.name, self.process.said());
        }
        Ok(Round {
            taken,
            waited: Waited::of(self.process.id())?.since(waited),
            reads: Reads::of(self.admin)?.since(before),
            held: Held::of(self.process.id())?,
        })
    }
}

impl Reads {
    fn of(admin: SocketAddr) -> anyhow::Result<Self> {
        let metrics = Metrics::read(admin)?;
        let sum = |name: &str| metrics.sum(&format!("sitekit_cache_{name}_total"), &[]);
        Ok(Self { hits: sum("hits"), misses: sum("misses"), coalesced: sum("coalesced"), evictions: sum("evictions") })
    }

    fn since(self, before: Self) -> Self {
        Self {
            hits: self.hits - before.hits,
            misses: self.misses - before.misses,
            coalesced: self.coalesced - before.coalesced,
            evictions: self.evictions - before.evictions,
        }
    }

    fn all(self) -> f64 {
        self.hits + self.misses + self.coalesced
    }
}

fn measure(args: &MemoryArgs, servers: &mut [Contender; 2], pages: &[Page], zipf: &Zipf) -> anyhow::Result<()> {
    let window = Duration::from_secs(args.window);
    let load = Load { server: servers[0].addr, pages, zipf, rate: args.rate, connections: args.connections };
    for server in &*servers {
        progress(&format!("{}: warming up", server.name));
        server.ask(load, window, 1)?;
    }
    for round in 0..args.rounds as usize {
        progress(&format!("round {} of {}", round + 1, args.rounds));
        for turn in 0..servers.len() {
            let server = &mut servers[(round + turn) % 2];
            let asked = server.ask(load, window, 2 + round as u64)?;
            server.rounds.push(asked);
        }
    }
    Ok(())
}

/// How many of so many pages are hot.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a small part of a count"
)]
fn hot(pages: usize) -> usize {
    (pages as f64 * HOT).ceil() as usize
}

/// The tables, and what follows from them. `hot` is the number of hot ranks.
fn judge(servers: &[Contender; 2], hot: usize, tables: &mut Vec<Table>) -> Vec<String> {
    let latency = |rounds: &[Round], of: &dyn Fn(usize) -> bool, at: f64| -> Vec<f64> {
        rounds
            .iter()
            .map(|round| {
                let taken = round.taken.iter().filter(|taken| of(taken.rank));
                quantile(&taken.map(|taken| taken.latency.as_secs_f64() * 1e6).collect::<Vec<_>>(), at).unwrap_or(0.0)
            })
            .collect()
    };
    let (is_hot, is_any) = (|rank| rank < hot, |_| true);
    let mut times =
        Table::new("latency in µs, medians over the rounds", &["pages", "server", "p50", "p99", "p99.9", "most"]);
    for (title, of) in [("hottest 1 %", &is_hot as &dyn Fn(usize) -> bool), ("all", &is_any)] {
        for server in servers {
            let cell = |at| figure(median(&latency(&server.rounds, of, at)), 0);
            times.push(vec![title.to_owned(), server.name.to_owned(), cell(0.5), cell(0.99), cell(0.999), cell(1.0)]);
        }
    }
    tables.push(times);

    let mut work = Table::new(
        "bodies and the disk, sums over the rounds",
        &[
            "server",
            "requests",
            "hit rate",
            "reads",
            "reads per miss",
            "evicted",
            "faults, serving",
            "faults, others",
            "MiB from disk",
            "heap MiB",
            "file MiB",
        ],
    );
    for server in servers {
        let sum = |of: &dyn Fn(&Round) -> f64| server.rounds.iter().map(of).sum::<f64>();
        let (all, hits, misses) =
            (sum(&|round| round.reads.all()), sum(&|round| round.reads.hits), sum(&|round| round.reads.misses));
        let held = server.rounds.last().map(|round| round.held).unwrap_or_default();
        work.push(vec![
            server.name.to_owned(),
            figure(Some(all), 0),
            percent((all > 0.0).then(|| hits / all)),
            figure(Some(misses), 0),
            figure((all > hits).then(|| misses / (all - hits)), 2),
            figure(Some(sum(&|round| round.reads.evictions)), 0),
            server.rounds.iter().map(|round| round.waited.serving).sum::<u64>().to_string(),
            server.rounds.iter().map(|round| round.waited.others).sum::<u64>().to_string(),
            (server.rounds.iter().map(|round| round.waited.read).sum::<u64>() >> 20).to_string(),
            (held.anonymous >> 20).to_string(),
            (held.file >> 20).to_string(),
        ]);
    }
    tables.push(work);

    let [limited, unlimited] = servers;
    let stalls: u64 = limited.rounds.iter().map(|round| round.waited.serving).sum();
    let mut findings = vec![match stalls {
        0 => "no thread that serves waited for the disk: goal met".to_owned(),
        stalls => format!("threads that serve waited for the disk {stalls} times: goal missed"),
    }];
    let at = |server: &Contender, quantile| latency(&server.rounds, &is_hot, quantile);
    for (name, quantile, goal) in [("p50", 0.5, None), ("p99", 0.99, Some(GOAL))] {
        if let Some(ratio) = ratio(&at(limited, quantile), &at(unlimited, quantile)) {
            let verdict = goal.map(|goal| format!("; goal {goal:.1} {}", if ratio <= goal { "met" } else { "missed" }));
            findings.push(format!(
                "hot pages take {ratio:.2} times as long as without a limit at {name}{}",
                verdict.unwrap_or_default()
            ));
        }
    }
    findings
}
