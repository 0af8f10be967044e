//! `sitekit rollback`: makes a generation that is kept the live one, once its bundle was found whole to the last byte.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use anyhow::anyhow;

use super::{
    beside, exit,
    serve::refuse,
    settings::{self, Config, Look, Typed},
    text_table::{bytes, grouped, table},
    typed::site,
};
use crate::{
    diag::did_you_mean,
    map::{self, Bundle, Generation, OpenError},
    pack::{self, RealDisk},
    site::SiteName,
};

/// Go back to an older generation of a site
///
/// Makes a generation that is kept the live one, by the same atomic rename as a build, after its bundle was read to the
/// last byte. A running server follows at once. Without GENERATION, to the one before the live one; nothing is removed,
/// so going forward again is the same command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit rollback docs             to the generation before the live one
  sitekit rollback docs --list      which generations are there
  sitekit rollback docs 9f2c        to this one; the first digits are enough

Exit status: 0 it is live, 1 its bundle is damaged and nothing was changed, 2 there is no such generation.")]
pub(super) struct RollbackArgs {
    /// The site
    #[arg(value_name = "SITE", value_parser = site)]
    site: SiteName,

    /// The generation to make live, or as many of its first digits as tell it from the others
    #[arg(value_name = "GENERATION", value_parser = prefix)]
    generation: Option<String>,

    /// Show the generations that are kept, the newest first
    #[arg(long, conflicts_with = "generation")]
    list: bool,

    #[command(flatten)]
    settings: Typed<Look>,
}

pub(super) fn run(args: &RollbackArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let (build, site) = (loaded.config.build.out, &args.site);
    let generations = match map::generations(&build, site) {
        Ok(generations) if generations.is_empty() => return Err(no_such_site(&build, site)),
        Err(OpenError::Missing { .. }) => return Err(no_such_site(&build, site)),
        generations => generations?,
    };
    let shown = || list(&generations, &opened(&generations), SystemTime::now());
    if args.list {
        io::stdout().write_all(shown().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let to = choose(&generations, args.generation.as_deref()).map_err(|why| anyhow!("{site}: {why}\n\n{}", shown()))?;
    if let Err(damage) = whole(to, site) {
        let text = format!("{site}: generation {} cannot be gone back to, nothing was changed: {damage}\n", to.hash);
        io::stdout().write_all(text.as_bytes())?;
        return Ok(ExitCode::from(exit::AUTHOR));
    }
    pack::publish(&RealDisk, &build, site, to.hash)?;
    let before = generations.iter().find(|generation| generation.live);
    let before = before.map_or_else(String::new, |before| format!(", before it was {}", before.hash));
    io::stdout().write_all(format!("{site}: generation {} is live{before}\n", to.hash).as_bytes())?;
    beside::refresh(&build, site, &BTreeMap::new())?;
    Ok(ExitCode::SUCCESS)
}

/// The first digits of a generation.
fn prefix(text: &str) -> Result<String, String> {
    let digits = text.to_ascii_lowercase();
    if (1..=32).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    Err("a generation is named by 32 hexadecimal digits, or as many of the first as tell it from the others".to_owned())
}

/// Why there is no generation to make live; the list of those that are there follows.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum NoChoice {
    #[error("none of its generations is live; name the one to make live:")]
    NothingLive,
    #[error("there is no generation before the live one:")]
    NothingBefore,
    #[error("no generation begins with `{0}`; there are:")]
    Unknown(String),
    #[error("{1} generations begin with `{0}`; more digits tell them apart:")]
    Ambiguous(String, usize),
    #[error("generation {0} is live already:")]
    Live(String),
}

/// The generation whose name begins with `prefix`, or the one before the live one, of all that are kept, the newest
/// first.
fn choose<'a>(generations: &'a [Generation], prefix: Option<&str>) -> Result<&'a Generation, NoChoice> {
    let Some(prefix) = prefix else {
        let live = generations.iter().position(|generation| generation.live).ok_or(NoChoice::NothingLive)?;
        return generations.get(live + 1).ok_or(NoChoice::NothingBefore);
    };
    let named: Vec<_> = generations.iter().filter(|one| one.hash.to_string().starts_with(prefix)).collect();
    match named[..] {
        [] => Err(NoChoice::Unknown(prefix.to_owned())),
        [one] if one.live => Err(NoChoice::Live(one.hash.to_string())),
        [one] => Ok(one),
        _ => Err(NoChoice::Ambiguous(prefix.to_owned(), named.len())),
    }
}

/// Reads all of a bundle.
fn whole(generation: &Generation, site: &SiteName) -> Result<(), String> {
    let path = generation.path.display();
    let bundle = Bundle::open(&generation.path).map_err(|error| error.to_string())?;
    if bundle.site() != site {
        return Err(format!("{path} is a bundle of the site `{}`", bundle.site()));
    }
    if bundle.generation() != generation.hash {
        return Err(format!("{path} holds generation {}", bundle.generation()));
    }
    bundle.verify_bodies().map_err(|damage| {
        let all: Vec<_> = damage.iter().map(ToString::to_string).collect();
        format!("{path}: {}", all.join("; "))
    })
}

/// What to say of a site that was never built.
pub(super) fn no_such_site(build: &Path, site: &SiteName) -> anyhow::Error {
    let sites = map::sites(build).unwrap_or_default();
    let hint = match did_you_mean(site.as_str(), sites.iter().map(SiteName::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if sites.is_empty() => "`sitekit build` makes them, --build names the folder they are in".to_owned(),
        None => format!("there are: {}", sites.iter().map(SiteName::as_str).collect::<Vec<_>>().join(", ")),
    };
    anyhow!("there are no bundles of the site `{site}` in {}; {hint}", build.display())
}

/// Size in bytes and number of routes of each; `None` where it cannot be opened.
fn opened(generations: &[Generation]) -> Vec<Option<(u64, u32)>> {
    let figures = |bundle: Bundle| (bundle.len(), bundle.route_count());
    generations.iter().map(|generation| Bundle::open(&generation.path).ok().map(figures)).collect()
}

fn list(generations: &[Generation], figures: &[Option<(u64, u32)>], now: SystemTime) -> String {
    let rows = generations.iter().zip(figures).map(|(generation, figures)| {
        let [size, routes, fault] = match figures {
            Some((size, routes)) => [bytes(*size), grouped((*routes).into()), String::new()],
            None => ["–".to_owned(), "–".to_owned(), "damaged".to_owned()],
        };
        let mark = if generation.live { "live".to_owned() } else { fault };
        let age = age(now.duration_since(generation.published).unwrap_or_default());
        vec![generation.hash.to_string(), age, size, routes, mark]
    });
    table(&["generation", "age", "size", "routes", ""], &rows.collect::<Vec<_>>())
}

/// In the largest unit there is one of.
fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::ContentHash;

    /// Generations `aa…`, `ab…`, `bc…` and so on, one an hour older than the other.
    fn generations(names: &[u8], live: Option<u8>) -> Vec<Generation> {
        let hours = |hours: usize| Duration::from_secs(hours as u64 * 3600);
        let generation = |(nth, &name): (usize, &u8)| Generation {
            hash: ContentHash::from_bytes([name; 16]),
            path: format!("build/docs/{name:x}.bundle").into(),
            published: SystemTime::UNIX_EPOCH + hours(100) - hours(nth),
            live: Some(name) == live,
        };
        names.iter().enumerate().map(generation).collect()
    }

    #[track_caller]
    fn check(live: Option<u8>, prefix: Option<&str>, expected: Result<u8, &str>) {
        let generations = generations(&[0xcc, 0xab, 0xaa, 0x11], live);
        let found = choose(&generations, prefix).map(|one| one.hash.as_bytes()[0]).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{live:x?} {prefix:?}");
    }

    #[test]
    fn the_one_before_the_live_one() {
        check(Some(0xcc), None, Ok(0xab));
        check(Some(0xab), None, Ok(0xaa));
        check(Some(0x11), None, Err("there is no generation before the live one:"));
        check(None, None, Err("none of its generations is live; name the one to make live:"));
    }

    #[test]
    fn as_many_digits_as_it_takes() {
        check(Some(0xcc), Some("1"), Ok(0x11));
        check(Some(0xab), Some("cc"), Ok(0xcc));
        check(None, Some("ab"), Ok(0xab));
        check(Some(0xcc), Some("a"), Err("2 generations begin with `a`; more digits tell them apart:"));
        check(Some(0xcc), Some("f"), Err("no generation begins with `f`; there are:"));
        let live = format!("generation {} is live already:", "cc".repeat(16));
        check(Some(0xcc), Some("c"), Err(&live));
    }

    #[test]
    fn what_names_a_generation() {
        assert_eq!(prefix("9F2c").as_deref(), Ok("9f2c"));
        for wrong in ["", "latest", "9f2c.bundle", &"0".repeat(33)] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_list_for_a_person() {
        let generations = generations(&[0xcc, 0xab, 0x11], Some(0xab));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100 * 3600 + 125);
        let figures = [Some((4_200_000, 1312)), Some((980, 7)), None];
        insta::assert_snapshot!(list(&generations, &figures, now), @"
        generation                          age    size  routes
        cccccccccccccccccccccccccccccccc  2 min  4.2 MB   1,312
        abababababababababababababababab    1 h   980 B       7     live
        11111111111111111111111111111111    2 h       –       –  damaged
        ");
        for (seconds, expected) in [(0, "0 s"), (59, "59 s"), (3599, "59 min"), (86_399, "23 h"), (200_000, "2 d")] {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
    }
}
