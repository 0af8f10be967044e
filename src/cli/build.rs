//! `sitekit build`: compiles sites into bundles and says what came of it.

mod builder;
mod sources;

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use anyhow::bail;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::json;

pub(super) use self::{
    builder::Builder,
    sources::{Change as SourceChange, Since},
};
use super::{
    diagnostics, exit, explain,
    hooks::Hook,
    outside::{self, DataArgs},
    progress::Display,
    serve::refuse,
    session::{PollArgs, Reload, Words, build_and_watch},
    settings::{self, BuildProfile, Building, Config, Face, Taker, Typed},
    text_table::{bytes, grouped, table},
    why,
};
use crate::{
    diag::{Diagnostic, Severity, did_you_mean},
    pipeline::{Profile, Report, Stage},
    remote::{Change, LOCK_FILE, Mode},
    site::{BasePath, Body, BuiltKind, Coding, ContentHash, Manifest, SiteImage, SiteName, SitePath},
};

/// Compile sites into bundles
///
/// Every folder under `sites/` is a site. Each becomes one file, `build/<site>/<hash>.bundle`, which holds every response
/// rendered, minified and compressed; `build/<site>/current` names the live one and is replaced only when the build
/// succeeded. All mistakes are reported together.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit build                          compile every site for production
  sitekit build --site docs --site app   only these two
  sitekit build --profile dev            without compression: quick
  sitekit build --json | jq .sites       for machines
  sitekit build --watch                  and again, whenever a file changes
  sitekit build --explain                what templates cost, and what nothing uses
  sitekit build --explain /docs/guide/   the files this page comes from
  sitekit build --why /docs/guide/       what changed of these since the build before

Exit status: 0 built, 1 a site has mistakes or could not be written, 2 a flag is wrong.")]
pub(super) struct BuildArgs {
    #[command(flatten)]
    settings: Typed<Build>,

    #[command(flatten)]
    data: DataArgs,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,

    /// Print mistakes only
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,

    /// Go on, and build what changes
    #[arg(long, conflicts_with = "explain")]
    watch: bool,

    #[command(flatten)]
    poll: PollArgs,

    /// Say what the build was made of: what templates and components cost, and what nothing uses; with a URL, the files that its
    /// answer comes from
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", conflicts_with = "quiet")]
    explain: Option<String>,

    /// Say why the answer at a URL is another than in the build before: what changed of the files that it is made of
    #[arg(long, value_name = "URL", conflicts_with_all = ["explain", "quiet", "watch"])]
    why: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Build;

impl Taker for Build {
    const FACE: Face = Face::Build;
}

pub(super) fn run(args: &BuildArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let profile = profile(&loaded.config);
    let config = BuildConfig { data: args.data.mode(), ..BuildConfig::new(&loaded.config, profile)? };
    if args.watch || args.poll.poll.is_some() {
        let words = match (args.json, args.quiet) {
            (true, _) => Words::Json,
            (_, true) => Words::Few,
            _ => Words::All,
        };
        let settings = settings::file_of(&args.settings);
        return build_and_watch(config, settings, reload(args), args.poll.poll, words);
    }
    let display = if args.quiet || args.json { Display::Quiet } else { Display::of_stderr() };
    let outcome = build(&config, display)?;
    if !args.json {
        diagnostics::show(&outcome.diagnostics);
    }
    let explained = match &args.explain {
        None => None,
        Some(_) if outcome.failed() => None,
        Some(url) => Some(explain::explain(&config, &outcome, Some(&**url).filter(|url| !url.is_empty()), display)?),
    };
    let why = match &args.why {
        Some(url) if !outcome.failed() => Some(why::why(&config, &outcome, url)?),
        _ => None,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let explained = explained.map(|explained| explained.to_json());
        let why = why.map(|why| why.to_json());
        let json = OutcomeJson { outcome: &outcome, config: &config, explained, why };
        // An output that is closed is told from other mistakes by its kind.
        serde_json::to_writer_pretty(&mut out, &json).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    } else if !args.quiet {
        let explained = explained.map_or_else(String::new, |explained| explained.to_text());
        let text = outcome.to_text() + &explained + &why.map_or_else(String::new, |why| why.to_text());
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(if outcome.failed() { ExitCode::from(exit::AUTHOR) } else { ExitCode::SUCCESS })
}

/// Reads the settings again as they were read at first.
fn reload(args: &BuildArgs) -> Reload {
    let (typed, data) = (args.settings.clone(), args.data.mode());
    Box::new(move || {
        let loaded = match settings::load(Config::default(), &typed, &settings::environment()) {
            Ok(loaded) => loaded,
            Err(mistakes) => return Ok(Err(mistakes)),
        };
        let profile = profile(&loaded.config);
        Ok(Ok(BuildConfig { data, ..BuildConfig::new(&loaded.config, profile)? }))
    })
}

fn profile(config: &Config) -> Profile {
    match config.build.profile {
        BuildProfile::Dev => Profile::Dev,
        BuildProfile::Prod => Profile::Prod,
    }
}

/// What a build needs to know, complete and checked.
#[derive(Clone, Debug)]
pub(super) struct BuildConfig {
    /// The folder that holds the sites' folder: places in diagnostics are relative to it.
    pub(super) project: PathBuf,
    /// The sites' folder, below `project`.
    pub(super) folder: String,
    pub(super) out: PathBuf,
    /// All sites when empty.
    pub(super) only: Vec<SiteName>,
    pub(super) profile: Profile,
    pub(super) concurrency: Option<NonZeroUsize>,
    pub(super) cache_limit: u64,
    /// Generations of a site.
    pub(super) keep: usize,
    /// Where remote data may come from.
    pub(super) data: Mode,
    /// Set when the program is about to end: commands of authors are ended with it.
    pub(super) ending: Arc<AtomicBool>,
}

impl BuildConfig {
    pub(super) fn new(config: &Config, profile: Profile) -> anyhow::Result<Self> {
        let Building { out, sites: folder, concurrency, cache_limit, keep, .. } = &config.build;
        let Some(name) = folder.file_name() else {
            bail!("--sites takes a folder with a name, such as `sites`; got `{}`", folder.display());
        };
        let Some(name) = name.to_str() else {
            bail!("--sites takes a folder whose name is UTF-8; got `{}`", folder.display());
        };
        let project = match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self {
            project,
            folder: name.to_owned(),
            out: out.clone(),
            only: config.only.clone(),
            profile,
            concurrency: *concurrency,
            cache_limit: *cache_limit,
            keep: *keep,
            data: Mode::default(),
            ending: Arc::default(),
        })
    }
}

/// What came of a build: for each site its report or nothing, and all diagnostics.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) built: Vec<BuiltSite>,
    pub(super) failed_sites: Vec<SiteName>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) took: Duration,
}

/// A site that was built and published.
#[derive(Debug)]
pub(super) struct BuiltSite {
    pub(super) site: SiteName,
    pub(super) generation: ContentHash,
    bundle: PathBuf,
    pub(super) bundle_len: u64,
    pub(super) base: BasePath,
    /// Whether `current` named another generation before.
    pub(super) changed: bool,
    pub(super) report: Report,
    scripts: AssetFigures,
    styles: AssetFigures,
    /// What became of the command the site wants run before.
    hook: Option<Hook>,
    /// Remote data that is not what it was.
    changes: Vec<Change>,
    /// What was built of scripts, style sheets and other files.
    pub(super) manifest: Manifest,
    /// All files that were read, relative to the project.
    pub(super) sources: Vec<String>,
    /// What changed since the build before, if there was one.
    pub(super) since: Option<Since>,
    /// How long each stage took, in their order.
    pub(super) stages: Vec<(Stage, Duration)>,
    pub(super) took: Duration,
}

/// What the asset pipeline built of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AssetFigures {
    files: u64,
    /// Of all bodies by coding.
    bytes: BTreeMap<Coding, u64>,
}

/// Builds and publishes the sites one after the other, each on all threads.
///
/// # Errors
/// When a setting is wrong. Mistakes in sites, and bundles that cannot be written, are in the outcome.
pub(super) fn build(config: &BuildConfig, display: Display) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let time = outside::time_of_build()?;
    let mut outcome =
        Outcome { built: Vec::new(), failed_sites: Vec::new(), diagnostics: Vec::new(), took: Duration::ZERO };
    let (sites, found) = find_sites(config)?;
    outcome.diagnostics = found;
    if sites.is_empty() {
        return Ok(outcome);
    }
    let builder = match Builder::open(config)? {
        Ok(builder) => builder,
        Err(wrong) => {
            outcome.diagnostics.push(*wrong);
            return Ok(outcome);
        }
    };
    for site in sites {
        match builder.build(config, &site, time, display, &|_| {}, &mut outcome.diagnostics) {
            Some(built) => outcome.built.push(built),
            None => outcome.failed_sites.push(site),
        }
    }
    builder.trim();
    outcome.took = started.elapsed();
    Ok(outcome)
}

/// The sites to build, sorted, and what is wrong with the folder that should hold them.
pub(super) fn find_sites(config: &BuildConfig) -> anyhow::Result<(Vec<SiteName>, Vec<Diagnostic>)> {
    let folder = config.project.join(&config.folder);
    let shown = folder.strip_prefix(".").unwrap_or(&folder).display().to_string();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = match error.kind() {
                io::ErrorKind::NotFound => "there is no such folder".to_owned(),
                io::ErrorKind::NotADirectory => "is not a folder".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            let help = "a site is a folder in it: make sites/hello/index.html, or name another folder with --sites";
            return Ok((Vec::new(), vec![Diagnostic::error(shown, message).with_help(help)]));
        }
    };
    let (mut sites, mut diagnostics) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                diagnostics.push(Diagnostic::error(shown.clone(), format!("cannot be read: {error}")));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || !entry.path().is_dir() {
            continue;
        }
        match SiteName::parse(&name) {
            Ok(site) => sites.push(site),
            Err(error) => diagnostics
                .push(Diagnostic::error(format!("{shown}/{name}"), error.to_string()).with_help("rename the folder")),
        }
    }
    sites.sort();
    if let Some(unknown) = config.only.iter().find(|only| !sites.contains(only)) {
        let hint = match did_you_mean(unknown.as_str(), sites.iter().map(SiteName::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", sites.iter().map(SiteName::as_str).collect::<Vec<_>>().join(", ")),
        };
        bail!("--site: there is no site `{unknown}` in {shown}; {hint}");
    }
    if !config.only.is_empty() {
        sites.retain(|site| config.only.contains(site));
        diagnostics.clear();
    }
    if sites.is_empty() && diagnostics.is_empty() {
        let help = "a site is a folder in it: make sites/hello/index.html";
        diagnostics.push(Diagnostic::error(shown, "there is no site in this folder").with_help(help));
    }
    Ok((sites, diagnostics))
}

impl Outcome {
    pub(super) fn failed(&self) -> bool {
        self.built.is_empty() || self.diagnostics.iter().any(|one| one.severity == Severity::Error)
    }

    /// The summary a person reads.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        if !self.built.is_empty() {
            let head = ["site", "pages", "rendered", "files", "in", "out", "br", "zstd", "gzip", "cached", "time"];
            let rows: Vec<Vec<String>> = self.built.iter().map(BuiltSite::row).collect();
            text.push_str(&table(&head, &rows));
        }
        if self.built.iter().any(|built| built.scripts.files + built.styles.files > 0) {
            let head = ["assets", "scripts", "size", "br", "styles", "size", "br"];
            let rows: Vec<Vec<String>> = self.built.iter().map(BuiltSite::asset_row).collect();
            text.push_str(&table(&head, &rows));
        }
        for built in &self.built {
            let state = if built.changed { "" } else { " (unchanged)" };
            text.extend([built.site.as_str(), " → ", &built.bundle.display().to_string(), state, "\n"]);
            for Change { url, since } in &built.changes {
                let since = since.strftime("%Y-%m-%d").to_string();
                text.extend(["  ", url, " answers something else than on ", &since, ": ", LOCK_FILE, " has it now\n"]);
            }
        }
        for site in &self.failed_sites {
            text.extend([site.as_str(), " was not built; what was published stays\n"]);
        }
        text
    }

    fn sites_json(&self) -> Vec<serde_json::Value> {
        let built = self.built.iter().map(BuiltSite::to_json);
        let failed = self.failed_sites.iter().map(|site| json!({"site": site.as_str(), "published": false}));
        built.chain(failed).collect()
    }
}

/// What came of a build, for machines. A large site has many diagnostics: each is written before the next is made.
struct OutcomeJson<'a> {
    outcome: &'a Outcome,
    config: &'a BuildConfig,
    explained: Option<serde_json::Value>,
    why: Option<serde_json::Value>,
}

impl Serialize for OutcomeJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { outcome, config, explained, why } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ok", &!outcome.failed())?;
        map.serialize_entry(
            "profile",
            match config.profile {
                Profile::Dev => "dev",
                Profile::Prod => "prod",
            },
        )?;
        map.serialize_entry("duration_ms", &milliseconds(outcome.took))?;
        map.serialize_entry("sites", &outcome.sites_json())?;
        map.serialize_entry("diagnostics", &OneByOne(&outcome.diagnostics))?;
        if let Some(explained) = explained {
            map.serialize_entry("explained", explained)?;
        }
        if let Some(why) = why {
            map.serialize_entry("why", why)?;
        }
        map.end()
    }
}

struct OneByOne<'a>(&'a [Diagnostic]);

impl Serialize for OneByOne<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(diagnostics::json))
    }
}

impl BuiltSite {
    fn row(&self) -> Vec<String> {
        let report = &self.report;
        let out = |coding: Coding| report.bytes_out.get(&coding).copied().unwrap_or(0);
        let coded = |coding: Coding| if out(coding) == 0 { "–".to_owned() } else { bytes(out(coding)) };
        let cached = match report.cache_hits + report.cache_misses {
            0 => "–".to_owned(),
            all => format!("{}/{}", grouped(report.cache_hits), grouped(all)),
        };
        vec![
            self.site.to_string(),
            grouped(report.pages),
            grouped(report.rendered),
            grouped(report.files),
            bytes(report.bytes_in),
            bytes(out(Coding::Identity)),
            coded(Coding::Brotli),
            coded(Coding::Zstd),
            coded(Coding::Gzip),
            cached,
            seconds(self.took),
        ]
    }

    fn asset_row(&self) -> Vec<String> {
        let cells = [&self.scripts, &self.styles].into_iter().flat_map(AssetFigures::cells);
        std::iter::once(self.site.to_string()).chain(cells).collect()
    }

    fn to_json(&self) -> serde_json::Value {
        let report = &self.report;
        let bytes_out = by_token(&report.bytes_out);
        json!({
            "site": self.site.as_str(),
            "published": true,
            "changed": self.changed,
            "generation": self.generation.to_string(),
            "bundle": self.bundle.display().to_string(),
            "bundle_bytes": self.bundle_len,
            "pages": report.pages,
            "rendered": report.rendered,
            "recalled": report.recalled,
            "files": report.files,
            "bytes_in": report.bytes_in,
            "bytes_out": bytes_out,
            "scripts": self.scripts.to_json(),
            "styles": self.styles.to_json(),
            "hook": self.hook.map(Hook::word),
            "changed_data": self.changes.iter().map(|change| change.url.as_str()).collect::<Vec<_>>(),
            "cache": {"hits": report.cache_hits, "misses": report.cache_misses},
            "duration_ms": milliseconds(self.took),
        })
    }
}

impl AssetFigures {
    fn of(image: &SiteImage<Body>, kind: BuiltKind) -> Self {
        let mut figures = Self::default();
        let built = image.manifest.files.iter().filter(|(_, file)| file.kind == kind);
        for (path, _) in built {
            figures.files += 1;
            let response = SitePath::parse(path).ok().and_then(|path| image.routes.get(&path));
            for body in response.iter().flat_map(|response| &response.bodies) {
                *figures.bytes.entry(body.coding).or_default() += body.bytes.len() as u64;
            }
        }
        figures
    }

    fn cells(&self) -> [String; 3] {
        let sum = |coding| self.bytes.get(&coding).map_or_else(|| "–".to_owned(), |&sum| bytes(sum));
        [grouped(self.files), sum(Coding::Identity), sum(Coding::Brotli)]
    }

    fn to_json(&self) -> serde_json::Value {
        json!({"files": self.files, "bytes": by_token(&self.bytes)})
    }
}

fn by_token(bytes: &BTreeMap<Coding, u64>) -> BTreeMap<&'static str, u64> {
    bytes.iter().map(|(coding, bytes)| (coding.token(), *bytes)).collect()
}

pub(super) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn seconds(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..=999 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}
