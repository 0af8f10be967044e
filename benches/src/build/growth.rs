//! How time and memory grow with the number of pages: the corpus, repeated under new names, up to a hundred thousand of them.

use std::path::Path;

use anyhow::{Context as _, ensure};

use super::{
    corpus, discard,
    generator::{Generator, Kind, Work},
};
use crate::{
    Common, machine,
    meter::{self, Usage},
    progress,
    report::Report,
    table::{Table, figure},
};

/// More memory than this is too much for a hundred thousand pages.
const MOST_MEMORY: u64 = 2 << 30;

/// A page of the largest site may take so much longer than one of the smallest.
const MOST_GROWTH: f64 = 1.25;

pub(super) fn run(common: &Common, pages: usize, content: &Path, scratch: &Path) -> anyhow::Result<Report> {
    let (binary, version) =
        Kind::Sitekit.find(common.sitekit.as_deref()).context("there is no sitekit to be measured")?;
    let mut sizes: Vec<usize> = [8, 4, 2, 1].map(|part| pages / part).to_vec();
    sizes.retain(|&size| size > 0);
    ensure!(!sizes.is_empty(), "--pages takes a number of pages");
    let mut built = Vec::new();
    for size in sizes {
        progress(&format!("{size} pages"));
        let (repeated, project) = (scratch.join("repeated"), scratch.join("project"));
        corpus::repeat(content, &repeated, size).context("repeating the corpus")?;
        let generator = Generator::new(Kind::Sitekit, binary.clone(), project.clone(), &repeated)?;
        let out = scratch.join("out");
        let command = generator.command(Work { highlight: true, minify: true }, &out)?;
        nix::unistd::sync();
        let (usage, output) = meter::measure(&command)?;
        built.push((generator.made(&out, &output)?.pages, usage));
        for folder in [repeated, project, out] {
            discard(&folder)?;
        }
    }
    let (table, mut findings) = judge(&built);
    findings.extend(machine::caution(machine::load()));
    let versions = vec![(Kind::Sitekit.name().to_owned(), version)];
    Ok(Report { heading: format!("growing to {pages} pages"), versions, tables: vec![table], findings })
}

#[expect(clippy::cast_precision_loss, reason = "pages and bytes are fewer than 2^53")]
fn judge(built: &[(u64, Usage)]) -> (Table, Vec<String>) {
    let mut table = Table::new("with highlighting", &["pages", "wall s", "CPU s", "CPU ms per page", "peak MiB"]);
    let per_page = |(pages, usage): &(u64, Usage)| usage.cpu.as_secs_f64() * 1000.0 / *pages as f64;
    for one in built {
        let (pages, usage) = one;
        table.push(vec![
            pages.to_string(),
            figure(Some(usage.wall.as_secs_f64()), 2),
            figure(Some(usage.cpu.as_secs_f64()), 2),
            figure(Some(per_page(one)), 3),
            figure(Some(usage.peak as f64 / f64::from(1 << 20)), 0),
        ]);
    }
    let (Some(first), Some(last)) = (built.first(), built.last()) else { return (table, Vec::new()) };
    let word = |is_met: bool| if is_met { "met" } else { "missed" };
    let growth = per_page(last) / per_page(first);
    let findings = vec![
        format!(
            "a page of the largest site takes {growth:.2} of one of the smallest; goal {MOST_GROWTH} {}",
            word(growth <= MOST_GROWTH)
        ),
        format!("at most 2 GiB of memory: {}", word(last.1.peak <= MOST_MEMORY)),
    ];
    (table, findings)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn growth_is_by_page() {
        let usage = |cpu, peak| Usage { wall: Duration::from_secs(1), cpu: Duration::from_secs(cpu), peak };
        let (_, findings) = judge(&[(100, usage(1, 5)), (800, usage(8, 6))]);
        assert!(findings.iter().all(|finding| finding.ends_with("met")), "{findings:?}");
        let (_, findings) = judge(&[(100, usage(1, 5)), (800, usage(64, 3 << 30))]);
        assert!(findings.iter().all(|finding| finding.ends_with("missed")), "{findings:?}");
    }
}
