//! `sitekit inspect`: what is in a bundle. Figures are gathered as plain values (`overview`, `answer`), which are printed
//! as tables for people or as JSON; nothing here asks a server.

mod answer;
mod assets;
mod overview;
mod treemap;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow, bail};
use clap::ValueEnum;

use self::{answer::Answer, assets::Assets, overview::Overview};
use super::{
    exit,
    rollback::no_such_site,
    serve::refuse,
    settings::{self, Config, Look, Typed},
};
use crate::{
    diag::did_you_mean,
    map::{self, Bundle, Entry, EntryId, OpenError},
    site::{Coding, SiteName, SitePath},
};

/// Look into a bundle
///
/// Shows what a site's live bundle, or a bundle file, holds: routes by kind, sizes in each coding and what compression
/// saved, what scripts and style sheets are made of, the biggest bodies, bodies that several routes share, header fields
/// and rules. With PATH, all about the answer of one route. With --html, a page with a treemap of what is in each script
/// and style sheet.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit inspect docs                          the live bundle of the site
  sitekit inspect docs --routes                 and every route of it
  sitekit inspect build/docs/9f2c41d0….bundle   any other bundle
  sitekit inspect docs /guide/                  one answer: status, fields, codings, entity tags
  sitekit inspect docs /guide/ --body           its bytes
  sitekit inspect docs /app.js --body br | brotli -d
  sitekit inspect docs --json | jq .kinds       for machines
  sitekit inspect app --html                    a page that shows what is in each script: build/app/inspect.html

Exit status: 0 shown, 1 the bundle is damaged, 2 there is no such bundle, route or coding.")]
pub(super) struct InspectArgs {
    /// A site, whose live bundle is meant, or the file of a bundle
    #[arg(value_name = "SITE|BUNDLE")]
    bundle: String,

    /// A route, as in a URL, with or without the place the site is mounted at
    #[arg(value_name = "PATH")]
    path: Option<String>,

    /// List every route
    #[arg(long, conflicts_with = "path")]
    routes: bool,

    /// Write the route's body, as it goes over the wire, and nothing else
    #[arg(long, value_name = "CODING", num_args = 0..=1, default_missing_value = "identity", requires = "path", conflicts_with = "json")]
    body: Option<CodingArg>,

    /// Write a page that shows what is in each script and style sheet; `-` is standard output
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "",
        value_parser = page_to,
        conflicts_with_all = ["path", "routes", "body", "json"],
        long_help = "Write a page that shows what is in each script and style sheet: a file that needs no other. \
                     `inspect.html` beside the bundle when no FILE is named; `-` is standard output"
    )]
    html: Option<PageTo>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: Typed<Look>,
}

/// Where the page goes.
#[derive(Clone, Debug)]
enum PageTo {
    BesideBundle,
    Stdout,
    File(PathBuf),
}

#[expect(clippy::unnecessary_wraps, reason = "a value parser may fail")]
fn page_to(text: &str) -> Result<PageTo, String> {
    Ok(match text {
        "" => PageTo::BesideBundle,
        "-" => PageTo::Stdout,
        file => PageTo::File(file.into()),
    })
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CodingArg {
    Identity,
    Gzip,
    Br,
    Zstd,
}

impl From<CodingArg> for Coding {
    fn from(coding: CodingArg) -> Self {
        match coding {
            CodingArg::Identity => Self::Identity,
            CodingArg::Gzip => Self::Gzip,
            CodingArg::Br => Self::Brotli,
            CodingArg::Zstd => Self::Zstd,
        }
    }
}

pub(super) fn run(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let path = locate(&args.bundle, &loaded.config.build.out)?;
    let bundle = match Bundle::open(&path) {
        Ok(bundle) => bundle,
        Err(error @ OpenError::Format { .. }) => return damaged(&error),
        Err(error) => return Err(error.into()),
    };
    if let Some(to) = &args.html {
        return write_page(&bundle, &path, to);
    }
    let shown = match &args.path {
        None => {
            let overview = Overview::of(&bundle, &path, args.routes);
            if args.json { json(&overview)? } else { overview.to_text() }.into_bytes()
        }
        Some(route) => {
            let entry = bundle.entry(find(&bundle, route).map_err(|why| anyhow!("{}: {why}", path.display()))?);
            match args.body {
                Some(coding) => match body(&entry, coding.into())? {
                    Ok(body) => body.to_vec(),
                    Err(damage) => return damaged(&format!("{}: {damage}", path.display())),
                },
                None if args.json => json(&Answer::of(&bundle, &entry))?.into_bytes(),
                None => Answer::of(&bundle, &entry).to_text().into_bytes(),
            }
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(&shown)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of what is in scripts and style sheets, and says where it is.
fn write_page(bundle: &Bundle, file: &Path, to: &PageTo) -> anyhow::Result<ExitCode> {
    let Some(assets) = Assets::of(bundle) else {
        bail!("{} has no scripts or style sheets that sitekit built, so there is nothing to show", file.display());
    };
    let page = treemap::page(bundle, &assets)?;
    let mut out = io::stdout().lock();
    let named = match to {
        PageTo::BesideBundle => Some(&file.with_file_name("inspect.html")),
        PageTo::File(named) => Some(named),
        PageTo::Stdout => None,
    };
    match named {
        None => out.write_all(page.as_bytes())?,
        Some(named) => {
            fs::write(named, page).with_context(|| format!("cannot write {}", named.display()))?;
            writeln!(out, "{}", named.display())?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The file that is meant: what looks like a path is one, anything else is a site.
fn locate(named: &str, build: &Path) -> anyhow::Result<PathBuf> {
    if named.contains(['/', std::path::MAIN_SEPARATOR]) || named.ends_with(".bundle") {
        return Ok(PathBuf::from(named));
    }
    let site = SiteName::parse(named)
        .map_err(|error| anyhow!("`{named}` is no site: {error}; a file is named by a path, such as ./{named}"))?;
    match map::live(build, &site) {
        Err(OpenError::Missing { .. }) => Err(no_such_site(build, &site)),
        live => Ok(live?),
    }
}

/// The route that is meant by `path`, which may be encoded, and may begin with the site's base.
fn find(bundle: &Bundle, path: &str) -> Result<EntryId, String> {
    let decoded = SitePath::from_request(path).map_or_else(|_| path.to_owned(), |path| path.as_str().to_owned());
    let base = bundle.base().to_string();
    let below = |path: &str| path.strip_prefix(base.trim_end_matches('/')).and_then(|below| bundle.lookup(below));
    let found = [path, &decoded].into_iter().find_map(|path| bundle.lookup(path).or_else(|| below(path)));
    found.ok_or_else(|| {
        let folder = format!("{}/", decoded.trim_end_matches('/'));
        let is_folder = bundle.lookup(&folder).is_some() || below(&folder).is_some();
        let near = || did_you_mean(&decoded, bundle.routes().map(|(path, _)| path)).map(str::to_owned);
        match is_folder.then_some(folder).or_else(near) {
            Some(near) => format!("there is no route `{path}`; did you mean `{near}`?"),
            None => format!("there is no route `{path}`; --routes lists those that are there"),
        }
    })
}

/// The bytes of an entry in a coding, compared with their hash.
fn body(entry: &Entry<'_>, coding: Coding) -> anyhow::Result<Result<bytes::Bytes, map::Damage>> {
    let Some(found) = entry.representations().find(|found| found.coding() == coding) else {
        let there: Vec<_> = entry.representations().map(|found| found.coding().token()).collect();
        bail!("{} has no {} body; there are: {}", entry.path(), coding.token(), there.join(", "));
    };
    Ok(found.verify().map(|()| found.body()))
}

fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn damaged(why: &impl std::fmt::Display) -> anyhow::Result<ExitCode> {
    writeln!(io::stderr(), "error: {why}")?;
    Ok(ExitCode::from(exit::AUTHOR))
}
