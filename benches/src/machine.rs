//! The facts a figure is worthless without: what it was measured on, and whether the machine had anything else to do.

use std::{fs, process::Command};

/// What a record says about the machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) facts: Vec<(&'static str, String)>,
    /// When the measurement ended, UTC, to the minute.
    pub(crate) date: String,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| field(&text, "model name"));
        let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemTotal"));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let facts = vec![
            ("cores", format!("{cores} × {}", cpu.unwrap_or_else(|| "unknown processor".to_owned()))),
            ("memory", memory.and_then(|text| gibibytes(&text)).unwrap_or_else(|| "unknown".to_owned())),
            ("kernel", kernel.trim().to_owned()),
            ("sitekit's source", revision()),
            ("command", command_line()),
        ];
        Self { facts, date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string() }
    }
}

/// Runnable processes over the last minute; read before a measurement starts.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok())
}

/// A word of caution when others were at work before a measurement began.
pub(crate) fn caution(load: Option<f64>) -> Option<String> {
    let load = load.filter(|load| *load > 0.5)?;
    Some(format!("the machine was busy before the first round (load {load:.1}): figures are rough"))
}

/// The first `name : value` line of a `/proc` file.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

/// `24683452 kB` as `23.5 GiB`.
fn gibibytes(text: &str) -> Option<String> {
    let kibibytes: u32 = text.strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.1} GiB", f64::from(kibibytes) / f64::from(1 << 20)))
}

/// The commit this was built beside, and whether the tree differs from it.
fn revision() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").current_dir(env!("CARGO_MANIFEST_DIR")).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with local changes"),
        (None, _) => "unknown".to_owned(),
    }
}

/// What was typed, the program by its name alone.
fn command_line() -> String {
    let args: Vec<String> = std::env::args().skip(1).collect();
    format!("sitekit-bench {}", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_fields_are_found_by_their_whole_name() {
        let text = "processor\t: 0\nmodel name\t: A Processor\nmodel\t\t: 7\n";
        assert_eq!(field(text, "model name").as_deref(), Some("A Processor"));
        assert_eq!(field(text, "model").as_deref(), Some("7"));
        assert_eq!(field(text, "name"), None);
    }

    #[test]
    fn a_busy_machine_is_said() {
        assert_eq!(caution(None), None);
        assert_eq!(caution(Some(0.1)), None);
        let want = "the machine was busy before the first round (load 2.0): figures are rough";
        assert_eq!(caution(Some(2.0)).as_deref(), Some(want));
    }

    #[test]
    fn memory_is_said_in_gibibytes() {
        assert_eq!(gibibytes("25165824 kB").as_deref(), Some("24.0 GiB"));
        assert_eq!(gibibytes("many"), None);
    }
}
