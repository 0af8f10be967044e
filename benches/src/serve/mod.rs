//! CPU time per request. All servers run at once on one core and are asked one after the other, round by round, from
//! another core; what a server used is read from the kernel, so that the client's own speed does not matter.

mod client;
mod constant;
mod cpu;
pub(crate) mod floor;
mod server;
mod site;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use self::{
    client::{Answer, Exchange, Load},
    cpu::CpuTime,
    server::{Sending, Server},
    site::{Case, Kind},
};
use crate::{
    Common, machine, meter, peer,
    pin::{Cores, Pinned},
    progress,
    report::Report,
    sample::{median, ratio, spread},
    table::{Table, figure, percent},
};

/// CPU per request, as a part of nginx's at its best and of the floor's.
const GOAL_NGINX: f64 = 0.8;
const GOAL_FLOOR: f64 = 1.4;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServeArgs {
    /// What to ask for
    #[arg(long = "case", value_enum, value_name = "CASE", default_values = ["file", "mix"])]
    cases: Vec<Case>,
    /// Rounds; every server is asked once in each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Milliseconds per server and round
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(50..=600_000))]
    window: u64,
    /// Keep-alive connections
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
}

pub(crate) fn run(common: &Common, args: &ServeArgs) -> anyhow::Result<Report> {
    let args = if common.quick { ServeArgs { rounds: 2, window: 200, ..args.clone() } } else { args.clone() };
    let cores = Cores::choose()?;
    let mut report = Report {
        heading: format!("serving, {} connections, one core", args.connections),
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let servers = start(common, scratch.path(), cores, &mut report)?;
    ensure!(!servers.is_empty(), "none of sitekit, nginx and Caddy is there to be measured");
    for case in &args.cases {
        measure(*case, &servers, &args, cores, scratch.path(), &mut report).with_context(|| case.title().to_owned())?;
    }
    Ok(report)
}

/// Starts every server that is there and writes down those that are not.
fn start(common: &Common, scratch: &Path, cores: Cores, report: &mut Report) -> anyhow::Result<Vec<Server>> {
    let sites = scratch.join("sites");
    site::write(&sites)?;
    let mut servers = Vec::new();
    let mut gzip = None;
    if let Some(binary) = peer::sitekit(common.sitekit.as_deref()) {
        let out = scratch.join("out");
        let mut build = Command::new(&binary);
        progress("building the bundle");
        build.arg("build").arg("--sites").arg(&sites).arg("--out").arg(&out).arg("--profile").arg("prod");
        meter::measure(build.current_dir(scratch)).context("building the bundle")?;
        servers.push(Server::sitekit(&binary, &out, true, cores.server)?);
        servers.push(Server::sitekit(&binary, &out, false, cores.server)?);
        gzip = Some(servers[0].probe(Kind::Page)?.body().to_vec());
        report.versions.push(("sitekit".to_owned(), peer::version(&binary, "--version")));
    } else {
        report.findings.push("skipped sitekit: not found; build it, or name it with --sitekit".to_owned());
    }
    server::static_root(&sites, gzip.as_deref())?;
    if let Some(binary) = peer::find("nginx") {
        for way in Sending::ALL {
            let folder = scratch.join(format!("nginx-{way:?}"));
            admit(Server::nginx(&binary, &folder, &sites, way, cores.server), &mut servers, report);
        }
        report.versions.push(("nginx".to_owned(), peer::version(&binary, "-v")));
    } else {
        report.findings.push("skipped nginx: not on PATH (Debian: apt install nginx-light)".to_owned());
    }
    if let Some(binary) = peer::find("caddy") {
        admit(Server::caddy(&binary, &scratch.join("caddy"), &sites, cores.server), &mut servers, report);
        report.versions.push(("Caddy".to_owned(), peer::version(&binary, "version")));
    } else {
        report.findings.push("skipped Caddy: not on PATH".to_owned());
    }
    Ok(servers)
}

/// A peer that does not start is left out with its reason; only sitekit's own failure ends the run.
fn admit(peer: anyhow::Result<Server>, servers: &mut Vec<Server>, report: &mut Report) {
    match peer {
        Ok(server) => servers.push(server),
        Err(error) => report.findings.push(format!("skipped: {error:#}")),
    }
}

/// What a server did in one round.
#[derive(Debug, Clone, Copy)]
struct Window {
    requests: f64,
    cpu: CpuTime,
    wall: Duration,
}

/// A server's rounds.
#[derive(Debug)]
struct Rounds {
    name: String,
    windows: Vec<Window>,
}

fn measure(
    case: Case,
    servers: &[Server],
    args: &ServeArgs,
    cores: Cores,
    scratch: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    // The floor sends what the first server sends, head and body: its bytes are the fair ones to compare with.
    let answers = probe(&servers[0], case.kinds())?;
    let files: Vec<PathBuf> = (0..answers.len()).map(|index| scratch.join(format!("answer-{index}"))).collect();
    for (file, answer) in files.iter().zip(&answers) {
        fs::write(file, &answer.bytes)?;
    }
    let floor = Server::floor(&files, false, cores.server)?;
    let hyper = Server::floor(&files, true, cores.server)?;

    let mut contenders: Vec<_> =
        [&floor, &hyper].into_iter().map(|floor| (floor, cycle(floor, case.kinds(), &answers))).collect();
    for server in servers {
        match probe(server, case.kinds()).and_then(|theirs| comparable(server, case.kinds(), &theirs, &answers)) {
            Ok(theirs) => contenders.push((server, theirs)),
            Err(error) => report.findings.push(format!("{}: left out: {error:#}", case.title())),
        }
    }
    let _pinned = Pinned::to(cores.client)?;
    let window = Duration::from_millis(args.window);
    let mut rounds: Vec<Rounds> =
        contenders.iter().map(|(server, _)| Rounds { name: server.name.clone(), windows: Vec::new() }).collect();
    for round in 0..args.rounds as usize {
        progress(&format!("{}: round {} of {}", case.title(), round + 1, args.rounds));
        // Each round begins with another server, so that none always follows the same one.
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let (server, cycle) = &contenders[index];
            let asked = ask(server, cycle, args.connections, window).with_context(|| server.name.clone())?;
            rounds[index].windows.push(asked);
        }
    }
    let (table, findings) = judge(case.title(), &rounds);
    report.tables.push(table);
    report.findings.extend(findings);
    Ok(())
}

/// One answer of each kind.
fn probe(server: &Server, kinds: &[Kind]) -> anyhow::Result<Vec<Answer>> {
    kinds.iter().map(|kind| server.probe(*kind)).collect()
}

/// What each connection asks this server for, once it is sure that it sends the bodies that the first server sends. What
/// stands in a 404 is each server's own affair.
fn comparable(server: &Server, kinds: &[Kind], answers: &[Answer], first: &[Answer]) -> anyhow::Result<Vec<Exchange>> {
    for ((kind, answer), first) in kinds.iter().zip(answers).zip(first) {
        let same = *kind == Kind::Missing || answer.body() == first.body();
        ensure!(same, "{} sends another body for {kind:?} than the first server", server.name);
    }
    Ok(cycle(server, kinds, answers))
}

/// The requests, and the same answers again.
fn cycle(server: &Server, kinds: &[Kind], answers: &[Answer]) -> Vec<Exchange> {
    let exchange = |(kind, answer): (&Kind, &Answer)| Exchange {
        request: server.request(*kind),
        status: answer.head.status,
        body: answer.head.body,
    };
    kinds.iter().zip(answers).map(exchange).collect()
}

/// One window: connect, warm up, measure.
fn ask(server: &Server, cycle: &[Exchange], connections: u16, window: Duration) -> anyhow::Result<Window> {
    let mut load = Load::open(server.addr, usize::from(connections), cycle)?;
    load.run(window / 10)?;
    let (cpu, start) = (server.cpu_time()?, Instant::now());
    let answers = load.run(window)?;
    let (wall, cpu) = (start.elapsed(), server.cpu_time()?.since(cpu));
    ensure!(answers > 0, "no answer within {} ms", window.as_millis());
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 requests")]
    let requests = answers as f64;
    Ok(Window { requests, cpu, wall })
}

impl Rounds {
    /// CPU µs per request, round by round.
    fn cost(&self) -> Vec<f64> {
        self.each(|window| window.cpu.total().as_secs_f64() * 1e6 / window.requests)
    }

    fn each(&self, figure: impl Fn(&Window) -> f64) -> Vec<f64> {
        self.windows.iter().map(figure).collect()
    }
}

/// The table of a case and what follows from it. Pure: all that is known is in the rounds.
fn judge(title: &str, rounds: &[Rounds]) -> (Table, Vec<String>) {
    let named = |name: &str| rounds.iter().find(|rounds| rounds.name == name).map(Rounds::cost);
    let floor = named(server::FLOOR);
    let best = rounds
        .iter()
        .filter(|rounds| rounds.name.starts_with("nginx"))
        .min_by(|a, b| median(&a.cost()).unwrap_or(f64::MAX).total_cmp(&median(&b.cost()).unwrap_or(f64::MAX)));
    let against = |ours: &[f64], theirs: Option<&Vec<f64>>| theirs.and_then(|theirs| ratio(ours, theirs));
    let best_cost = best.map(Rounds::cost);

    let mut table = Table::new(
        title,
        &["server", "requests per CPU s", "CPU µs", "user", "kernel", "spread", "× floor", "× nginx", "busy"],
    );
    for rounds in rounds {
        let cost = rounds.cost();
        table.push(vec![
            rounds.name.clone(),
            figure(median(&cost).map(|cost| 1e6 / cost), 0),
            figure(median(&cost), 2),
            figure(median(&rounds.each(|window| window.cpu.user.as_secs_f64() * 1e6 / window.requests)), 2),
            figure(median(&rounds.each(|window| window.cpu.system.as_secs_f64() * 1e6 / window.requests)), 2),
            percent(spread(&cost)),
            figure(against(&cost, floor.as_ref()), 2),
            figure(against(&cost, best_cost.as_ref()), 2),
            percent(median(&rounds.each(|window| window.cpu.total().as_secs_f64() / window.wall.as_secs_f64()))),
        ]);
    }

    let mut findings = Vec::new();
    if let Some(ours) = named("sitekit") {
        let goal = |name: &str, got: Option<f64>, goal: f64| {
            got.map(|got| {
                let verdict = if got <= goal { "met" } else { "missed" };
                format!("{title}: sitekit takes {got:.2} of {name}'s CPU per request; goal {goal:.2} {verdict}")
            })
        };
        findings.extend(best.and_then(|best| goal(&best.name, ratio(&ours, &best.cost()), GOAL_NGINX)));
        findings.extend(goal("the floor", against(&ours, floor.as_ref()), GOAL_FLOOR));
        if let Some(silent) = named("sitekit --no-metrics")
            && let (Some(ratio), Some(with), Some(without)) = (ratio(&ours, &silent), median(&ours), median(&silent))
        {
            let (part, cost) = ((ratio - 1.0) * 100.0, with - without);
            findings.push(format!("{title}: counting costs {part:+.1} % of a request ({cost:+.2} µs)"));
        }
    }
    (table, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds at so many µs per request, a third of it user time, half of the wall busy.
    fn rounds(name: &str, costs: &[u64]) -> Rounds {
        let window = |cost: &u64| Window {
            requests: 1000.0,
            cpu: CpuTime { user: Duration::from_micros(cost * 300), system: Duration::from_micros(cost * 700) },
            wall: Duration::from_micros(cost * 2000),
        };
        Rounds { name: name.to_owned(), windows: costs.iter().map(window).collect() }
    }

    #[test]
    fn the_best_nginx_is_the_one_to_beat() {
        let all = [
            rounds("sitekit", &[14, 16, 15]),
            rounds("sitekit --no-metrics", &[14, 16, 15]),
            rounds("nginx", &[20, 20, 20]),
            rounds("nginx sendfile", &[25, 25, 25]),
            rounds("raw epoll loop", &[10, 10, 10]),
        ];
        let (table, findings) = judge("file", &all);
        assert_eq!(
            findings,
            [
                "file: sitekit takes 0.75 of nginx's CPU per request; goal 0.80 met",
                "file: sitekit takes 1.50 of the floor's CPU per request; goal 1.40 missed",
                "file: counting costs +0.0 % of a request (+0.00 µs)",
            ]
        );
        let text = table.to_text();
        let row = text.lines().find(|line| line.trim_start().starts_with("sitekit ")).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells, ["sitekit", "66667", "15.00", "4.50", "10.50", "13.3", "%", "1.50", "0.75", "50.0", "%"]);
    }

    #[test]
    fn without_a_peer_there_is_no_ratio() {
        let (table, findings) = judge("file", &[rounds("sitekit", &[15])]);
        assert_eq!(findings, [] as [&str; 0]);
        assert!(table.to_text().contains('–'));
    }
}
