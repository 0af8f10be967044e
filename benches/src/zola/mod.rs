//! Is a site that Zola builds the same site when sitekit builds it? Both build a copy of it, and every page of one is held
//! against the same page of the other, as the documents a browser makes of them. What may differ is written down with its
//! reason in `peers/zola/differences.toml`; anything else is a fault of sitekit's. It never changes a site it is given.

mod bare;
mod difference;
mod document;
mod expected;
mod order;
mod output;
mod spaced;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, bail, ensure};

use self::{
    difference::Difference,
    expected::Expected,
    output::{of_bundle, of_folder},
};
use crate::{Common, peer, progress};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ZolaArgs {
    /// Zola 0.23 [default: the one on PATH]
    #[arg(long, value_name = "FILE")]
    zola: Option<PathBuf>,
    /// The sites to build with both
    #[arg(long = "sites", value_name = "FOLDER", num_args = 1.., required = true)]
    sites: Vec<PathBuf>,
    /// Keeps what both made, and the copies it was made of, in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// What was found, and how many differences have no reason.
pub(crate) fn run(common: &Common, args: &ZolaArgs) -> anyhow::Result<(String, usize)> {
    let sitekit = peer::sitekit(common.sitekit.as_deref()).context("there is no sitekit to compare")?;
    let zola =
        args.zola.clone().or_else(|| peer::find("zola")).context("there is no Zola on PATH: name it with --zola")?;
    let expected = Expected::read(include_str!("../../peers/zola/differences.toml"))?;
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let mut text = format!("sitekit beside {}\n", peer::version(&zola, "--version"));
    let (mut unexplained, mut needed) = (0, BTreeSet::new());
    for site in &args.sites {
        let name = site.file_name().map_or_else(|| "site".to_owned(), |name| name.to_string_lossy().into_owned());
        progress(&format!("building {name} with both"));
        let folder = args.keep.as_deref().unwrap_or(scratch.path()).join(&name);
        let found = match compare(&sitekit, &zola, site, &folder) {
            Ok((theirs, ours)) => Findings::of(&name, &theirs, &ours, &expected),
            Err(error) => Findings { failed: Some(format!("{error:#}")), ..Findings::default() },
        };
        unexplained += found.unexplained();
        needed.extend(found.explained.keys().copied());
        let _ = write!(text, "\n{name}: {}", found.to_text(&expected));
    }
    for reason in expected.all().filter(|reason| !needed.contains(reason)) {
        let _ = writeln!(text, "never needed: {}", expected.why(reason));
    }
    Ok((text, unexplained))
}

type Site = BTreeMap<String, output::Output>;

/// What Zola and sitekit make of a site.
fn compare(sitekit: &Path, zola: &Path, site: &Path, folder: &Path) -> anyhow::Result<(Site, Site)> {
    let (theirs, ours) = (folder.join("zola"), folder.join("sitekit"));
    for place in [&theirs, &ours] {
        if place.exists() {
            fs::remove_dir_all(place)?;
        }
    }
    let copy = theirs.join("site");
    copy_site(site, &copy)?;
    let out = theirs.join("public");
    let mut command = Command::new(zola);
    command.arg("--root").arg(&copy).args(["build", "--force", "--output-dir"]).arg(&out);
    run_builder(&mut command).context("Zola")?;
    let base_url = base_url(&copy)?;

    let copy = ours.join("sites/site");
    copy_site(site, &copy)?;
    mend(&copy)?;
    mount_at_root(&copy)?;
    let mut command = Command::new(sitekit);
    command.current_dir(&ours).args(["build", "--profile", "dev", "--json", "--sites"]).arg(ours.join("sites"));
    command.arg("--out").arg(ours.join("build"));
    let said = run_builder(&mut command).context("sitekit")?;
    let report: serde_json::Value = serde_json::from_slice(&said).context("what `sitekit build --json` says")?;
    let bundle = report["sites"][0]["bundle"].as_str().context("`sites[0].bundle` is missing")?;
    Ok((of_folder(&out, &base_url)?, of_bundle(Path::new(bundle), &base_url)?))
}

fn run_builder(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| command.get_program().to_string_lossy().into_owned())?;
    ensure!(output.status.success(), "it does not build the site:\n{}", mistakes(&output));
    Ok(output.stdout)
}

/// What a builder says is wrong: sitekit in JSON, Zola in words.
fn mistakes(output: &Output) -> String {
    let Ok(report) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
        return String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    };
    let mut text = String::new();
    for one in report["diagnostics"].as_array().into_iter().flatten().filter(|one| one["severity"] == "error") {
        let word = |key: &str| one[key].as_str().unwrap_or_default();
        let _ = writeln!(text, "  {}:{}:{} {}", word("path"), one["line"], one["column"], word("message"));
    }
    text
}

/// Copies a site without what was built of it before.
fn copy_site(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_str(), Some(".git" | "public" | "node_modules" | "processed_images")) {
            continue;
        }
        let target = to.join(&name);
        if entry.path().is_dir() {
            copy_site(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn config_file(site: &Path) -> anyhow::Result<PathBuf> {
    let names = ["zola.toml", "config.toml"].map(|name| site.join(name));
    names.into_iter().find(|file| file.is_file()).with_context(|| format!("no configuration in {}", site.display()))
}

fn base_url(site: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(config_file(site)?)?;
    let config: toml::Table = text.parse().context("the site's configuration")?;
    let url = config.get("base_url").and_then(toml::Value::as_str).context("the site has no `base_url`")?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// Zola's Tera leaves out what stands outside of blocks in a template that extends another; ours calls it a mistake, and the
/// site has to be mended first. The one template that has such words is in Zola's own test site.
fn mend(site: &Path) -> anyhow::Result<()> {
    let file = site.join("themes/sample/templates/child.html");
    if let Ok(text) = fs::read_to_string(&file)
        && let Some((extends, _)) = text.split_once("%}")
    {
        fs::write(file, format!("{extends}%}}\n"))?;
    }
    Ok(())
}

/// Zola publishes a site at the root of a host, and so does sitekit where the site has one.
fn mount_at_root(site: &Path) -> anyhow::Result<()> {
    let file = config_file(site)?;
    let text = fs::read_to_string(&file)?;
    if text.contains("[sitekit") {
        bail!("{} has settings of sitekit's: it is no site of Zola's", site.display());
    }
    fs::write(file, text + "\n[sitekit]\nhosts = [\"zola.localhost\"]\n")?;
    Ok(())
}

/// What became of one site.
#[derive(Debug, Default)]
struct Findings {
    /// Why there is nothing to compare.
    failed: Option<String>,
    compared: usize,
    same: usize,
    /// Paths only one of them has, and who, where there is no reason for it.
    alone: BTreeSet<(&'static str, String)>,
    /// By what was done to the page: how often, and the first.
    kinds: BTreeMap<String, (usize, String, Difference)>,
    /// How often each reason was needed.
    explained: BTreeMap<usize, usize>,
}

impl Findings {
    fn of(site: &str, theirs: &Site, ours: &Site, expected: &Expected) -> Self {
        let mut found = Self::default();
        for (path, their) in theirs {
            match ours.get(path) {
                Some(our) => found.hold(site, path, their, our, expected),
                None => found.alone("Zola", site, path, expected),
            }
        }
        for path in ours.keys().filter(|path| !theirs.contains_key(*path)) {
            found.alone("sitekit", site, path, expected);
        }
        found
    }

    fn alone(&mut self, who: &'static str, site: &str, path: &str, expected: &Expected) {
        match expected.alone(who, site, path) {
            Some(reason) => *self.explained.entry(reason).or_default() += 1,
            None => drop(self.alone.insert((who, path.to_owned()))),
        }
    }

    fn hold(&mut self, site: &str, path: &str, theirs: &output::Output, ours: &output::Output, expected: &Expected) {
        self.compared += 1;
        if difference::between(theirs, ours).is_empty() {
            self.same += 1;
            return;
        }
        let aligned = expected.aligned(site, path, theirs, ours);
        for (reason, count) in aligned.explained {
            *self.explained.entry(reason).or_default() += count;
        }
        for difference in difference::between(&aligned.theirs, &aligned.ours) {
            if let Some(reason) = expected.reason(site, path, &difference) {
                *self.explained.entry(reason).or_default() += 1;
            } else {
                let kind = self.kinds.entry(difference.kind());
                kind.or_insert_with(|| (0, path.to_owned(), difference)).0 += 1;
            }
        }
    }

    fn unexplained(&self) -> usize {
        let differing: usize = self.kinds.values().map(|(count, ..)| count).sum();
        usize::from(self.failed.is_some()) + self.alone.len() + differing
    }

    fn to_text(&self, expected: &Expected) -> String {
        if let Some(fault) = &self.failed {
            return format!("not compared. {fault}\n");
        }
        let Self { compared, same, .. } = self;
        let mut text = format!("{compared} outputs held against each other, {same} without any difference\n");
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (reason, count) in &self.explained {
            *reasons.entry(expected.why(*reason)).or_default() += count;
        }
        for (why, count) in reasons {
            let _ = writeln!(text, "  {count} × {why}");
        }
        for (who, path) in &self.alone {
            let _ = writeln!(text, "  only {who} has {path}");
        }
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|(_, (count, ..))| std::cmp::Reverse(*count));
        for (kind, (count, path, example)) in kinds {
            let _ = writeln!(text, "  {count} × {kind}, first in {path}:\n{}", example.to_text());
        }
        text
    }
}
