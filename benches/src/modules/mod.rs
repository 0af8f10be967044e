//! Scripts in development: how long it takes from a save to the new module running in a browser. Each server has the same
//! modules, runs alone, and has one page open in a headless Chromium, which tells what it sees.

mod page;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};

use self::page::{Kind, Page};
use crate::{
    Common, machine, progress,
    report::Report,
    sample::{median, quantile},
    table::{Table, figure},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ModulesArgs {
    /// Modules of the page
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    modules: u32,
    /// Saves of each kind
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000))]
    edits: u32,
}

/// Between what is seen and the next save.
const PAUSE: Duration = Duration::from_millis(300);

/// What is waited for, in milliseconds.
#[derive(Debug, Clone, Default)]
struct Times {
    /// A module that another accepts.
    module: Vec<f64>,
    style: Vec<f64>,
    /// A module that none accepts: the page is loaded again.
    reload: Vec<f64>,
}

pub(crate) fn run(common: &Common, args: &ModulesArgs) -> anyhow::Result<Report> {
    let edits = if common.quick { 3 } else { args.edits };
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let mut report = Report {
        heading: format!("a page of {} modules in development", args.modules),
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let mut measured = Vec::new();
    for kind in [Kind::Sitekit, Kind::Vite] {
        let Some((server, version)) = kind.find(common.sitekit.as_deref()) else {
            report.findings.push(format!("skipped {}: not found", kind.name()));
            continue;
        };
        report.versions.push((kind.name().to_owned(), version));
        let folder = scratch.path().join(kind.name());
        match measure(&server, &folder, args.modules, edits) {
            Ok(times) => measured.push((kind, times)),
            Err(error) => report.findings.push(format!("{} failed: {error:#}", kind.name())),
        }
    }
    ensure!(!measured.is_empty(), "nothing could be measured: {}", report.findings.join("; "));
    let (table, findings) = judge(&measured);
    report.tables.push(table);
    report.findings.extend(findings);
    Ok(report)
}

fn measure(server: &page::Server, folder: &Path, modules: u32, edits: u32) -> anyhow::Result<Times> {
    let name = server.kind.name();
    let site = folder.join("sites/app");
    fs::create_dir_all(&site)?;
    progress(&format!("{name}: opening the page"));
    let page = Page::open(server, folder, |address| write_site(&site, modules, address))?;
    let mut times = Times::default();
    let save = |what: &str, file: &PathBuf, text: &dyn Fn(&str) -> String, round: u32| -> anyhow::Result<f64> {
        progress(&format!("{name}: {what}, {} of {edits}", round + 1));
        thread::sleep(PAUSE);
        let mark = format!("{what}{round}");
        page.save(file, &text(&mark), &mark)
    };
    for round in 0..edits {
        times.module.push(save("module", &site.join("measured.ts"), &measured_text, round)?);
    }
    for round in 0..edits {
        times.style.push(save("style", &site.join("style.css"), &style_text, round)?);
    }
    for round in 0..edits {
        times.reload.push(save("reload", &site.join("word.ts"), &word_text, round)?);
    }
    Ok(times)
}

fn measured_text(mark: &str) -> String {
    format!("export const mark: string = \"{mark}\";\n")
}

fn style_text(mark: &str) -> String {
    format!("body {{ --mark: \"{mark}\"; margin: 0 }}\n")
}

fn word_text(mark: &str) -> String {
    format!("export const word: string = \"{mark}\";\n")
}

/// A page whose modules import one another, ten by ten, and that tells `told` what it has come to.
fn write_site(site: &Path, modules: u32, told: std::net::SocketAddr) -> anyhow::Result<()> {
    let write = |file: &str, text: &str| fs::write(site.join(file), text).with_context(|| file.to_owned());
    write(
        "index.html",
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Measured</title><link rel=\"icon\" href=\"data:,\">\
         <link rel=\"stylesheet\" href=\"./style.css\"></head><body><p>Measured</p><script type=\"module\" src=\"./main.ts\"></script></body></html>\n",
    )?;
    write("config.toml", "[sitekit.content_security_policy]\nmode = \"off\"\n")?;
    write("style.css", &style_text("none"))?;
    write("measured.ts", &measured_text("none"))?;
    write("word.ts", &word_text("none"))?;
    for module in 0..modules {
        let (mut imports, mut calls, mut lines) = (String::new(), String::new(), String::new());
        for below in (module * 10 + 1..=module * 10 + 10).filter(|one| *one < modules) {
            writeln!(imports, "import {{ f{below} }} from \"./part{below}\";")?;
            write!(calls, " + f{below}(value)")?;
        }
        for line in 0..20 {
            writeln!(lines, "  const line{line}: number = value * {line} + {module};")?;
            writeln!(lines, "  if (line{line} < 0) console.log(line{line});")?;
        }
        let text = format!(
            "{imports}\nexport function f{module}(value: number): number {{\n{lines}  return value{calls};\n}}\n"
        );
        write(&format!("part{module}.ts"), &text)?;
    }
    let main = format!(
        "import {{ f0 }} from \"./part0\";\nimport {{ mark }} from \"./measured\";\nimport {{ word }} from \"./word\";\n\n\
         const tell = (what: string) => void fetch(`http://{told}/${{what}}`, {{ mode: \"no-cors\" }});\n\
         tell(`${{word}}-${{f0(0)}}`);\ntell(mark);\nlet seen = \"\";\n\
         setInterval(() => {{\n  const now = getComputedStyle(document.body).getPropertyValue(\"--mark\").replaceAll('\"', \"\").trim();\n\
         if (now !== seen) tell((seen = now));\n}}, 1);\n\
         import.meta.hot?.accept(\"./measured\", (next: any) => tell(next.mark));\n"
    );
    write("main.ts", &main)
}

/// The table and what follows from it. Pure: all that is known is in the times.
fn judge(measured: &[(Kind, Times)]) -> (Table, Vec<String>) {
    let mut table = Table::new(
        "milliseconds from a save to what the page sees",
        &["server", "a module that is accepted", "p95", "a style sheet", "p95", "a script that nothing accepts", "p95"],
    );
    for (kind, times) in measured {
        let mut row = vec![kind.name().to_owned()];
        for of in [&times.module, &times.style, &times.reload] {
            row.extend([figure(median(of), 1), figure(quantile(of, 0.95), 1)]);
        }
        table.push(row);
    }
    let of = |wanted| measured.iter().find(|(kind, _)| *kind == wanted).map(|(_, times)| times);
    let mut findings = Vec::new();
    if let (Some(ours), Some(theirs)) = (of(Kind::Sitekit), of(Kind::Vite)) {
        let kinds = [
            ("a module", &ours.module, &theirs.module),
            ("a style sheet", &ours.style, &theirs.style),
            ("a script that nothing accepts", &ours.reload, &theirs.reload),
        ];
        for (what, ours, theirs) in kinds {
            if let (Some(ours), Some(theirs)) = (median(ours), median(theirs)) {
                findings.push(format!("{what}: {:.2} times Vite's time", ours / theirs));
            }
        }
    }
    (table, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_parts_of_the_peers() {
        let times = |module, style, reload| Times { module: vec![module], style: vec![style], reload: vec![reload] };
        let measured = [(Kind::Sitekit, times(20.0, 10.0, 50.0)), (Kind::Vite, times(40.0, 40.0, 100.0))];
        let (_, findings) = judge(&measured);
        let expected = [
            "a module: 0.50 times Vite's time",
            "a style sheet: 0.25 times Vite's time",
            "a script that nothing accepts: 0.50 times Vite's time",
        ];
        assert_eq!(findings, expected);
        assert!(judge(&measured[..1]).1.is_empty());
    }

    #[test]
    fn every_module_is_imported_once() {
        let folder = tempfile::tempdir().unwrap();
        write_site(folder.path(), 25, ([127, 0, 0, 1], 1).into()).unwrap();
        let part = |number: u32| fs::read_to_string(folder.path().join(format!("part{number}.ts"))).unwrap();
        let all: String = (0..25).map(part).collect();
        for module in 1..25 {
            assert_eq!(all.matches(&format!("\"./part{module}\"")).count(), 1, "{module}");
        }
    }
}
