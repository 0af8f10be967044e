//! What one command used. The program runs itself once more as a small parent of the command, because the kernel adds up
//! the children of a process: with one child, the sum and the peak are that child's, exact and after the fact.

use std::{
    path::PathBuf,
    process::{Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};

/// What a finished command used, its own children included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    /// User and system time together.
    pub(crate) cpu: Duration,
    /// The largest resident set of any one process, in bytes.
    pub(crate) peak: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MeterArgs {
    /// Where to write the figures
    #[arg(long)]
    report: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<String>,
}

/// Runs a command to its end. Its output is captured.
///
/// # Errors
/// When it cannot be started, or ends in failure: the message holds the end of what it said.
pub(crate) fn measure(command: &Command) -> anyhow::Result<(Usage, Output)> {
    let report = tempfile::NamedTempFile::new().context("a file for the figures")?;
    let mut meter = Command::new(std::env::current_exe().context("finding this program")?);
    meter.arg("meter").arg("--report").arg(report.path()).arg("--").arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => meter.env(key, value),
            None => meter.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        meter.current_dir(folder);
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let output = meter.stdin(Stdio::null()).output().with_context(|| format!("running {name}"))?;
    if !output.status.success() {
        bail!("{name} ended with {}: {}", output.status, tail(&output));
    }
    let text = std::fs::read_to_string(report.path()).context("reading the figures")?;
    let usage = Usage::parse(&text).with_context(|| format!("figures of {name} are malformed: {text:?}"))?;
    Ok((usage, output))
}

/// The hidden subcommand: the small parent.
pub(crate) fn run(args: &MeterArgs) -> anyhow::Result<()> {
    let (program, rest) = args.command.split_first().context("no command")?;
    let start = Instant::now();
    let status = Command::new(program).args(rest).status().with_context(|| format!("starting {program}"))?;
    let wall = start.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).context("getrusage")?;
    let kibibytes = u64::try_from(used.max_rss()).unwrap_or(0);
    let usage = Usage { wall, cpu: duration(used.user_time()) + duration(used.system_time()), peak: kibibytes * 1024 };
    std::fs::write(&args.report, usage.to_line()).context("writing the figures")?;
    std::process::exit(code(status));
}

impl Usage {
    /// Microseconds, microseconds, bytes.
    fn to_line(self) -> String {
        format!("{} {} {}", self.wall.as_micros(), self.cpu.as_micros(), self.peak)
    }

    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<u64> = line.split_whitespace().map(|field| field.parse().ok()).collect::<Option<_>>()?;
        let [wall, cpu, peak] = fields[..] else { return None };
        Some(Self { wall: Duration::from_micros(wall), cpu: Duration::from_micros(cpu), peak })
    }
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

/// As a shell says it: 128 and the signal when there was one.
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// The last lines of what a failed command said.
fn tail(output: &Output) -> String {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_survive_the_way_through_a_file() {
        let usage = Usage { wall: Duration::from_micros(1_234_567), cpu: Duration::from_millis(2500), peak: 77 << 20 };
        assert_eq!(Usage::parse(&usage.to_line()), Some(usage));
    }

    #[test]
    fn malformed_figures_are_refused() {
        for line in ["", "1 2", "1 2 3 4", "1 x 3", "-1 2 3"] {
            assert_eq!(Usage::parse(line), None, "{line:?}");
        }
    }
}
