//! Which browsers scripts and style sheets have to run in: what the author says in browserslist queries, as the oldest
//! release of each. Two builds of one site must agree, so a query that asks the day or the machine is refused.

use std::ops::Range;

use lightningcss::targets::{Browsers as Releases, Targets};

use super::Options;
use crate::{
    diag::{Diagnostic, Source},
    load::{Site, World, WorldError},
    transform::css,
};

/// The oldest release of each browser that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Browsers(Releases);

/// A query and where it is written.
struct Query {
    text: String,
    source: Source,
    span: Range<usize>,
}

impl Default for Browsers {
    fn default() -> Self {
        Self(css::BROWSERS)
    }
}

impl Browsers {
    /// Since 37 Android's own browser is Chrome. What it can do is known of the latest alone: asked for an older one,
    /// compilers would think that it can do nothing.
    fn of(releases: Releases) -> Self {
        match releases.android.filter(|version| major(*version) >= 37) {
            None => Self(releases),
            Some(webview) => {
                let chrome = Some(releases.chrome.map_or(webview, |chrome| chrome.min(webview)));
                Self(Releases { android: None, chrome, ..releases })
            }
        }
    }

    /// What style sheets are compiled for.
    pub(super) fn targets(&self) -> Targets {
        Targets::from(self.0)
    }

    /// What scripts are compiled for, as esbuild and its followers write it: `chrome112`, `safari16.4`.
    pub(super) fn engines(&self) -> Vec<String> {
        let Releases { android, chrome, edge, firefox, ie, ios_saf, opera, safari, samsung } = self.0;
        let engines = [
            ("chrome", chrome),
            ("edge", edge),
            ("firefox", firefox),
            ("safari", safari),
            ("ios", ios_saf),
            ("opera", opera),
            ("samsung", samsung),
            ("ie", ie),
            ("android", android),
        ];
        let written = |(name, version): (&str, Option<u32>)| {
            let version = version?;
            Some(match minor(version) {
                0 => format!("{name}{}", major(version)),
                minor => format!("{name}{}.{minor}", major(version)),
            })
        };
        engines.into_iter().filter_map(written).collect()
    }
}

/// The browsers of `site`: its configuration, else `.browserslistrc` or `package.json` of the site, else those of the
/// project, else the releases of spring 2023.
pub(super) fn of(world: &dyn World, site: &Site, options: &Options<'_>, found: &mut Vec<Diagnostic>) -> Browsers {
    let configured = options.config.browsers.iter().map(|query| Query {
        text: query.value.clone(),
        source: site.config.rules.source.clone(),
        span: query.span.clone(),
    });
    let configured: Vec<Query> = configured.collect();
    let environment = if options.is_dev { "development" } else { "production" };
    let queries = if configured.is_empty() {
        let folders = [format!("{}/", site.root), String::new()];
        folders.iter().find_map(|folder| in_folder(world, folder, environment, found))
    } else {
        Some(configured)
    };
    queries.map_or_else(Browsers::default, |queries| resolve(&queries, found).unwrap_or_default())
}

/// The queries of a folder's files, when it has some.
fn in_folder(world: &dyn World, folder: &str, environment: &str, found: &mut Vec<Diagnostic>) -> Option<Vec<Query>> {
    let mut read = |name: &str| {
        let path = format!("{folder}{name}");
        match world.read(&path) {
            Ok(bytes) => Some(Source::new(path, String::from_utf8_lossy(&bytes))),
            Err(WorldError::NotFound) => None,
            Err(error) => {
                found.push(Diagnostic::error(path, format!("this file {error}")));
                None
            }
        }
    };
    if let Some(source) = read(".browserslistrc") {
        return Some(in_list(&source, environment));
    }
    let source = read("package.json")?;
    match serde_json::from_str::<serde_json::Value>(&source.text) {
        Ok(package) => in_package(&source, package.get("browserslist")?, environment),
        Err(error) => {
            let at = source.offset(error.line(), error.column());
            found.push(Diagnostic::error_at(&source, at..at, format!("this is not JSON: {error}")));
            None
        }
    }
}

/// One query a line, `#` begins a comment, `[production]` a section; what stands before all sections is for those that are
/// not there.
fn in_list(source: &Source, environment: &str) -> Vec<Query> {
    let (mut general, mut own): (Vec<Query>, Option<Vec<Query>>) = (Vec::new(), None);
    let (mut section, mut start) = (Some("defaults"), 0);
    for line in source.text.split_inclusive('\n') {
        let text = line.split('#').next().unwrap_or("");
        let query = text.trim();
        let at = start + (text.len() - text.trim_start().len());
        start += line.len();
        if let Some(names) = query.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = names.split_whitespace().find(|name| [environment, "defaults"].contains(name));
            if section == Some(environment) {
                own.get_or_insert_default();
            }
        } else if !query.is_empty() {
            let query = Query { text: query.to_owned(), source: source.clone(), span: at..at + query.len() };
            match (section, &mut own) {
                (Some("defaults"), _) => general.push(query),
                (Some(_), Some(own)) => own.push(query),
                _ => {}
            }
        }
    }
    own.unwrap_or(general)
}

/// A string, a list of strings, or a table of such by environment.
fn in_package(source: &Source, written: &serde_json::Value, environment: &str) -> Option<Vec<Query>> {
    let written = match written {
        serde_json::Value::Object(table) => table.get(environment).or_else(|| table.get("defaults"))?,
        other => other,
    };
    let queries = match written {
        serde_json::Value::Array(queries) => queries.as_slice(),
        one => std::slice::from_ref(one),
    };
    let query = |query: &serde_json::Value| {
        let text = query.as_str()?.to_owned();
        let span = source.text.find(&format!("\"{text}\"")).map_or(0..0, |at| at + 1..at + 1 + text.len());
        Some(Query { text, source: source.clone(), span })
    };
    Some(queries.iter().filter_map(query).collect())
}

/// `None` when one of them is wrong.
fn resolve(queries: &[Query], found: &mut Vec<Diagnostic>) -> Option<Browsers> {
    let before = found.len();
    for query in queries {
        let tell = |message: String| Diagnostic::error_at(&query.source, query.span.clone(), message);
        if let Some((asked, help)) = not_of_the_site(&query.text) {
            found.push(
                tell(format!("`{}` asks {asked}, and the same site must build the same", query.text)).with_help(help),
            );
            continue;
        }
        let alone = query.text.trim_start();
        let alone = alone.strip_prefix("not ").unwrap_or(alone);
        if let Err(error) = Releases::from_browserslist([alone]) {
            found.push(tell(format!("this is no query for browsers: {error}")).with_help(EXAMPLES));
        }
    }
    let first = queries.first()?;
    if found.len() > before {
        return None;
    }
    let tell = |message: String| Diagnostic::error_at(&first.source, first.span.clone(), message);
    match Releases::from_browserslist(queries.iter().map(|query| &query.text)) {
        Ok(Some(releases)) => Some(Browsers::of(releases)),
        Ok(None) => {
            found.push(tell("no browser that sites are compiled for is asked for".to_owned()).with_help(EXAMPLES));
            None
        }
        Err(error) => {
            found.push(tell(error.to_string()).with_help(EXAMPLES));
            None
        }
    }
}

const EXAMPLES: &str =
    "as in `browsers = [\"defaults\", \"safari >= 15\", \"not dead\"]`; see the list at https://browsersl.ist";

/// Whether a query has another answer on another day or machine: whom it asks, and what to write.
fn not_of_the_site(query: &str) -> Option<(&'static str, &'static str)> {
    let lower = query.to_lowercase();
    let parts = lower.split([',', '\n']).flat_map(|part| part.split(" or ")).flat_map(|part| part.split(" and "));
    parts.into_iter().find_map(|part| {
        let words: Vec<&str> = part.split_whitespace().filter(|word| *word != "not").collect();
        match words[..] {
            ["last", _, "year" | "years"] => Some(("what day it is", "name the day: `since 2023-04-01`")),
            ["current", "node"] => Some(("the machine", "name what it stands for")),
            ["browserslist", "config"] => Some(("the machine", "write the queries themselves")),
            ["extends", ..] => Some(("the machine", "write the queries of the package themselves")),
            _ => None,
        }
    })
}

const fn major(version: u32) -> u32 {
    version >> 16
}

const fn minor(version: u32) -> u32 {
    version >> 8 & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        load::{self, MemoryWorld},
        site::{BasePath, SiteName},
    };

    fn check(files: &[(&str, &str)], is_dev: bool) -> (Vec<String>, Vec<String>) {
        let world = files
            .iter()
            .fold(MemoryWorld::new().with("sites/s/index.html", ""), |world, (path, text)| world.with(path, *text));
        let name = SiteName::parse("s").expect("a name");
        let (site, mistakes) = load::load(&world, &name, "sites/s");
        assert_eq!(mistakes, []);
        let site = site.expect("a site");
        let base = BasePath::root();
        let mapped = crate::assets::Mapped::new();
        let options = Options {
            config: &site.config.assets,
            base: &base,
            is_dev,
            mapped: &mapped,
            together: &std::collections::BTreeMap::new(),
        };
        let mut found = Vec::new();
        let browsers = of(&world, &site, &options, &mut found);
        let told = found.iter().map(|one| {
            let (line, column) = one.position().unwrap_or_default();
            format!("{}:{line}:{column}: {}", one.path, one.message)
        });
        (browsers.engines(), told.collect())
    }

    #[test]
    fn the_first_place_that_says_something_counts() {
        let config = ("sites/s/config.toml", "[sitekit.assets]\nbrowsers = [\"chrome 100\", \"ios_saf 15.4\"]\n");
        let list = ("sites/s/.browserslistrc", "# ours\n firefox 90 # old\n\n[development]\nfirefox 120\n");
        let package = ("sites/s/package.json", r#"{"browserslist": ["edge 105", "samsung 20"]}"#);
        let table = (
            "package.json",
            r#"{"browserslist": {"production": "opera 80", "development": ["last 1 chrome version and chrome < 5"]}}"#,
        );
        let silent = ("sites/s/package.json", "{}");
        for (files, is_dev, expected) in [
            (&[config, list, package][..], false, &["chrome100", "ios15.4"][..]),
            (&[list, package], false, &["firefox90"]),
            (&[list, package], true, &["firefox120"]),
            (&[package, table], false, &["edge105", "samsung20"]),
            (&[silent, table], false, &["opera80"]),
            (
                &[silent],
                false,
                &["chrome112", "edge112", "firefox112", "safari16.4", "ios16.4", "opera98", "samsung21"],
            ),
        ] {
            assert_eq!(check(files, is_dev), (expected.iter().map(ToString::to_string).collect(), vec![]), "{files:?}");
        }
    }

    #[test]
    fn old_android_is_no_chrome() {
        let engines = |query: &str| {
            Browsers::of(Releases::from_browserslist([query]).expect("a query").expect("a browser")).engines()
        };
        assert_eq!(engines("android 4.4.3-4.4.4, chrome 90"), ["chrome90", "android4.4"]);
        assert_eq!(engines("chrome 140, android >= 100"), ["chrome140"]);
        assert_eq!(engines("ie 11"), ["ie11"]);
    }

    #[test]
    fn every_wrong_query_is_told_at_its_place() {
        let config = "[sitekit.assets]\nbrowsers = [\"netscape 4\", \"last 2 years\", \"> 1%\", \"extends mine\"]\n";
        let told = check(&[("sites/s/config.toml", config)], false).1;
        assert_eq!(
            told,
            [
                "sites/s/config.toml:2:13: this is no query for browsers: unknown browser: 'netscape'",
                "sites/s/config.toml:2:27: `last 2 years` asks what day it is, and the same site must build the same",
                "sites/s/config.toml:2:51: `extends mine` asks the machine, and the same site must build the same",
            ]
        );
        for (file, text, expected) in [
            (".browserslistrc", "\n  not dead\n", ".browserslistrc:2:3: query cannot start with 'not'"),
            ("package.json", r#"{"browserslist": "node 20"}"#, "package.json:1:19: no browser that sites"),
            ("package.json", "{\n  \"browserslist\": [}", "package.json:2:20: this is not JSON"),
        ] {
            let told = check(&[(file, text)], false).1;
            assert!(told.len() == 1 && told[0].starts_with(expected), "{told:?}");
        }
    }
}
