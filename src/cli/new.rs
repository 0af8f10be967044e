//! `sitekit new`: the files of a small site, to be changed. It writes where nothing is, and changes nothing that is there.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use jiff::{ToSpan as _, Zoned, civil::Date};

use super::{
    serve::refuse,
    settings::{self, Config, Face, Taker, Typed},
    typed,
};
use crate::site::SiteName;

/// Write a small site to begin with
///
/// Makes the folder `sites/<NAME>` with a blog of two posts, its templates, a style for light and dark, and a page for what
/// is not found. It builds as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit new blog            a blog in sites/blog
  sitekit new shop --spa      a single-page app in TypeScript
  sitekit new hello --plain   one page of HTML

Exit status: 0 written, 2 there is such a site already, or it cannot be written.")]
pub(super) struct NewArgs {
    /// The site: a folder and a part of its address
    #[arg(value_name = "NAME", value_parser = typed::site)]
    name: SiteName,

    /// A single-page app in TypeScript
    #[arg(long, conflicts_with = "plain")]
    spa: bool,

    /// One page of HTML, without templates
    #[arg(long)]
    plain: bool,

    #[command(flatten)]
    settings: Typed<New>,
}

#[derive(Clone, Copy, Debug)]
struct New;

impl Taker for New {
    const FACE: Face = Face::New;
}

/// A file of a new site: its path in it, and its text.
type Scaffold = [(&'static str, &'static str)];

const STYLE: &str = include_str!("new/style.css");
const ICON: &str = include_str!("new/favicon.svg");

const BLOG: &Scaffold = &[
    ("config.toml", include_str!("new/blog/config.toml")),
    ("content/_index.md", include_str!("new/blog/content/_index.md")),
    ("content/hello.md", include_str!("new/blog/content/hello.md")),
    ("content/writing.md", include_str!("new/blog/content/writing.md")),
    ("static/favicon.svg", ICON),
    ("static/style.css", concat!(include_str!("new/style.css"), include_str!("new/blog/posts.css"))),
    ("templates/404.html", include_str!("new/blog/templates/404.html")),
    ("templates/base.html", include_str!("new/blog/templates/base.html")),
    ("templates/index.html", include_str!("new/blog/templates/index.html")),
    ("templates/page.html", include_str!("new/blog/templates/page.html")),
    ("templates/section.html", include_str!("new/blog/templates/section.html")),
];

const SPA: &Scaffold = &[
    ("config.toml", include_str!("new/spa/config.toml")),
    ("favicon.svg", ICON),
    ("index.html", include_str!("new/spa/index.html")),
    ("main.ts", include_str!("new/spa/main.ts")),
    ("style.css", STYLE),
    ("views.ts", include_str!("new/spa/views.ts")),
];

const PLAIN: &Scaffold = &[
    ("404.html", include_str!("new/plain/404.html")),
    ("favicon.svg", ICON),
    ("index.html", include_str!("new/plain/index.html")),
    ("style.css", STYLE),
];

pub(super) fn run(args: &NewArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let folder = loaded.config.build.sites.join(args.name.as_str());
    if folder.exists() {
        bail!("there is {} already: choose another name, or remove it", folder.display());
    }
    let scaffold = match (args.spa, args.plain) {
        (true, _) => SPA,
        (_, true) => PLAIN,
        _ => BLOG,
    };
    let today = Zoned::now().date();
    let mut text = String::new();
    for (path, written) in scaffold {
        let path = folder.join(path);
        write(&path, &filled(written, &args.name, today))?;
        text.extend([&path.display().to_string(), "\n"]);
    }
    text.extend(["\n`sitekit dev` builds it and serves it under /", args.name.as_str(), "/\n"]);
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The text of a file of the site `name`.
fn filled(text: &str, name: &SiteName, today: Date) -> String {
    let yesterday = today.saturating_sub(1.day());
    text.replace("{{title}}", &title(name))
        .replace("{{name}}", name.as_str())
        .replace("{{today}}", &today.to_string())
        .replace("{{yesterday}}", &yesterday.to_string())
}

/// `My notes` of `my-notes`. A name has nothing in it that TOML, HTML or TypeScript would read.
fn title(name: &SiteName) -> String {
    let words = name.as_str().replace(['-', '_'], " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_files() {
        let name = SiteName::parse("my-notes").unwrap();
        let text = "{{title}} at /{{name}}/, {{today}}, {{yesterday}}; {{ config.title }}";
        let expected = "My notes at /my-notes/, 2026-03-01, 2026-02-28; {{ config.title }}";
        assert_eq!(filled(text, &name, jiff::civil::date(2026, 3, 1)), expected);
    }
}
