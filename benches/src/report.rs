//! What a measurement found, for the terminal and for the record. RESULTS.md only grows: an old section is never changed.

use std::{fmt::Write as _, fs, io::Write as _, path::Path};

use crate::{machine::Machine, table::Table};

/// One measurement's outcome.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) heading: String,
    /// Who took part, with version.
    pub(crate) versions: Vec<(String, String)>,
    pub(crate) tables: Vec<Table>,
    /// What follows from the tables: ratios against the goals, what was left out, what was odd.
    pub(crate) findings: Vec<String>,
}

impl Report {
    pub(crate) fn to_text(&self, machine: &Machine) -> String {
        let mut text = format!("{}, {}\n", self.heading, machine.date);
        for (name, value) in self.facts(machine) {
            let _ = writeln!(text, "  {name}: {value}");
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}", table.to_text());
        }
        if !self.findings.is_empty() {
            text.push('\n');
        }
        for finding in &self.findings {
            let _ = writeln!(text, "{finding}");
        }
        text
    }

    pub(crate) fn to_markdown(&self, machine: &Machine) -> String {
        let mut text = format!("\n## {}: {}\n\n", machine.date, self.heading);
        for (name, value) in self.facts(machine) {
            let _ = writeln!(text, "- {name}: {value}");
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}", table.to_markdown());
        }
        if !self.findings.is_empty() {
            text.push('\n');
        }
        for finding in &self.findings {
            let _ = writeln!(text, "- {finding}");
        }
        text
    }

    fn facts(&self, machine: &Machine) -> Vec<(String, String)> {
        let machine = machine.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        machine.chain(self.versions.iter().cloned()).collect()
    }
}

/// Appends a section per report.
pub(crate) fn record(file: &Path, reports: &[Report], machine: &Machine) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(file)?;
    let sections: String = reports.iter().map(|report| report.to_markdown(machine)).collect();
    file.write_all(sections.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Report, Machine) {
        let mut table = Table::new("file", &["server", "µs"]);
        table.push(vec!["floor".into(), "10.6".into()]);
        let report = Report {
            heading: "Serving".into(),
            versions: vec![("nginx".into(), "1.22.1".into())],
            tables: vec![table],
            findings: vec!["skipped caddy: not on PATH".into()],
        };
        (report, Machine { facts: vec![("kernel", "6.18".into())], date: "2026-11-21 03:10 UTC".into() })
    }

    #[test]
    fn a_person_reads_it_in_a_terminal() {
        let (report, machine) = sample();
        let want = "Serving, 2026-11-21 03:10 UTC\n  kernel: 6.18\n  nginx: 1.22.1\n\nfile\n  server    µs\n  floor   10.6\n\nskipped caddy: not on PATH\n";
        assert_eq!(report.to_text(&machine), want);
    }

    #[test]
    fn a_record_is_appended_and_what_was_there_stays() {
        let (report, machine) = sample();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("RESULTS.md");
        fs::write(&file, "# Results\n").unwrap();
        record(&file, &[report], &machine).unwrap();
        let want = "# Results\n\n## 2026-11-21 03:10 UTC: Serving\n\n- kernel: 6.18\n- nginx: 1.22.1\n\n**file**\n\n| server | µs |\n| --- | ---: |\n| floor | 10.6 |\n\n- skipped caddy: not on PATH\n";
        assert_eq!(fs::read_to_string(&file).unwrap(), want);
    }
}
