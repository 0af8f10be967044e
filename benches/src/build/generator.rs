//! The generators: how each is given the same content, the same templates and the same work, and how its output is
//! counted. A peer's way with the corpus is its own; only its settings are chosen here.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::Context as _;

use super::corpus::{self, Made};
use crate::peer;

/// What is asked of every generator alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) highlight: bool,
    pub(crate) minify: bool,
}

/// A program that turns the corpus into pages.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) kind: Kind,
    binary: PathBuf,
    /// Its project: configuration, templates and a copy of the content.
    project: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `--profile dev`: no compression, as the peers have none.
    Sitekit,
    /// `--profile prod`: brotli, gzip and zstd at their highest levels.
    SitekitProd,
    Hugo,
    Zola,
}

impl Generator {
    /// Puts the project into `project`, a new folder.
    pub(crate) fn new(kind: Kind, binary: PathBuf, project: PathBuf, content: &Path) -> anyhow::Result<Self> {
        let generator = Self { kind, binary, project };
        let site = generator.site();
        fs::create_dir_all(&site)?;
        corpus::copy(content, &site.join("content")).context("copying the corpus")?;
        for (name, text) in kind.templates() {
            let file = site.join(name);
            fs::create_dir_all(file.parent().context("a template has a folder")?)?;
            fs::write(file, text)?;
        }
        Ok(generator)
    }

    /// The command that builds into `out`, a folder that need not exist; writes the settings for the work.
    pub(super) fn command(&self, work: Work, out: &Path) -> anyhow::Result<Command> {
        let (file, text) = self.kind.settings(work);
        fs::write(self.site().join(file), text)?;
        let mut command = Command::new(&self.binary);
        command.current_dir(&self.project);
        match self.kind {
            Kind::Sitekit | Kind::SitekitProd => {
                let profile = if self.kind == Kind::Sitekit { "dev" } else { "prod" };
                command.arg("build").arg("--sites").arg(self.project.join("sites")).arg("--out").arg(out);
                command.arg("--profile").arg(profile).arg("--json");
            }
            Kind::Hugo => {
                command.arg("--source").arg(&self.project).arg("--destination").arg(out).arg("--quiet");
                command.arg("--cacheDir").arg(out.with_extension("cache"));
                if work.minify {
                    command.arg("--minify");
                }
            }
            Kind::Zola => {
                command.arg("--root").arg(&self.project).arg("build").arg("--force").arg("--output-dir").arg(out);
            }
        }
        Ok(command)
    }

    /// The command that serves at `address`, and builds what changes; writes the settings for the work. What it builds is in
    /// memory, or in `out`.
    pub(crate) fn serve(&self, work: Work, address: SocketAddr, out: &Path) -> anyhow::Result<Command> {
        let (file, text) = self.kind.settings(work);
        fs::write(self.site().join(file), text)?;
        let mut command = Command::new(&self.binary);
        command.current_dir(&self.project);
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        match self.kind {
            Kind::Sitekit | Kind::SitekitProd => {
                command.arg("dev").arg("--sites").arg(self.project.join("sites")).arg("--out").arg(out);
                command.arg("--addr").arg(address.to_string());
            }
            Kind::Hugo => {
                command
                    .arg("server")
                    .arg("--source")
                    .arg(&self.project)
                    .arg("--bind")
                    .arg(host)
                    .arg("--port")
                    .arg(port);
                command.arg("--cacheDir").arg(out.with_extension("cache"));
            }
            Kind::Zola => {
                command.arg("--root").arg(&self.project).arg("serve");
                command.arg("--interface").arg(host).arg("--port").arg(port);
            }
        }
        Ok(command)
    }

    /// What all addresses of the site begin with while it is served.
    pub(crate) fn base(&self) -> &'static str {
        match self.kind {
            Kind::Sitekit | Kind::SitekitProd => "/corpus/",
            Kind::Hugo | Kind::Zola => "/",
        }
    }

    /// The template around all pages.
    pub(crate) fn base_template(&self) -> PathBuf {
        match self.kind {
            Kind::Hugo => self.project.join("layouts/_default/baseof.html"),
            Kind::Sitekit | Kind::SitekitProd | Kind::Zola => self.site().join("templates/base.html"),
        }
    }

    /// How much it made: what it says of a bundle, what lies in a folder.
    pub(super) fn made(&self, out: &Path, output: &Output) -> anyhow::Result<Made> {
        match self.kind {
            Kind::Sitekit | Kind::SitekitProd => said(&output.stdout)?.count(),
            Kind::Hugo | Kind::Zola => Ok(corpus::count(out)?),
        }
    }

    /// The folder with its content.
    pub(crate) fn site(&self) -> PathBuf {
        match self.kind {
            Kind::Sitekit | Kind::SitekitProd => self.project.join("sites/corpus"),
            Kind::Hugo | Kind::Zola => self.project.clone(),
        }
    }
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sitekit => "sitekit",
            Self::SitekitProd => "sitekit, compressed",
            Self::Hugo => "Hugo",
            Self::Zola => "Zola",
        }
    }

    /// Without and with minification; sitekit always minifies.
    pub(super) fn minifies(self) -> &'static [bool] {
        match self {
            Self::Sitekit | Self::SitekitProd => &[true],
            Self::Hugo | Self::Zola => &[false, true],
        }
    }

    /// The program and what it says of its version, when it is there.
    pub(crate) fn find(self, sitekit: Option<&Path>) -> Option<(PathBuf, String)> {
        let binary = match self {
            Self::Sitekit | Self::SitekitProd => peer::sitekit(sitekit)?,
            Self::Hugo => peer::find("hugo")?,
            Self::Zola => peer::find("zola")?,
        };
        let version = peer::version(&binary, if self == Self::Hugo { "version" } else { "--version" });
        Some((if self == Self::Hugo { peer::behind_wrapper(&binary) } else { binary }, version))
    }

    fn settings(self, work: Work) -> (&'static str, String) {
        match self {
            Self::Hugo => {
                let text = include_str!("../../peers/hugo/hugo.toml");
                ("hugo.toml", text.replace("{{highlight}}", &work.highlight.to_string()))
            }
            Self::Sitekit | Self::SitekitProd | Self::Zola => {
                const HIGHLIGHTING: &str = "[markdown.highlighting]\ntheme = \"github-light\"\nstyle = \"class\"";
                let highlighting = if work.highlight { HIGHLIGHTING } else { "" };
                let text = include_str!("../../peers/tera/config.toml")
                    .replace("{{highlighting}}", highlighting)
                    .replace("{{minify}}", &work.minify.to_string());
                ("config.toml", text)
            }
        }
    }

    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Hugo => &[
                ("layouts/_default/baseof.html", include_str!("../../peers/hugo/layouts/_default/baseof.html")),
                ("layouts/_default/list.html", include_str!("../../peers/hugo/layouts/_default/list.html")),
                ("layouts/_default/single.html", include_str!("../../peers/hugo/layouts/_default/single.html")),
            ],
            Self::Sitekit | Self::SitekitProd | Self::Zola => &[
                ("templates/base.html", include_str!("../../peers/tera/base.html")),
                ("templates/index.html", include_str!("../../peers/tera/index.html")),
                ("templates/page.html", include_str!("../../peers/tera/page.html")),
                ("templates/section.html", include_str!("../../peers/tera/section.html")),
            ],
        }
    }
}

/// What `sitekit build --json` says.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    bundle: PathBuf,
    pages: u64,
    /// Of all codings.
    bytes: u64,
}

fn said(json: &[u8]) -> anyhow::Result<Said> {
    let report: serde_json::Value = serde_json::from_slice(json).context("what `sitekit build --json` says")?;
    let site = &report["sites"][0];
    let bundle = site["bundle"].as_str().context("`sites[0].bundle` is missing")?.into();
    let pages = site["pages"].as_u64().context("`sites[0].pages` is missing")?;
    let codings = site["bytes_out"].as_object().context("`sites[0].bytes_out` is missing")?;
    Ok(Said { bundle, pages, bytes: codings.values().filter_map(serde_json::Value::as_u64).sum() })
}

impl Said {
    /// What was said, and the spans that the bundle really holds.
    fn count(self) -> anyhow::Result<Made> {
        let found = corpus::count_file(&self.bundle).with_context(|| self.bundle.display().to_string())?;
        Ok(Made { pages: self.pages, spans: found.spans, bytes: self.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_in_any_settings() {
        for kind in [Kind::Sitekit, Kind::SitekitProd, Kind::Hugo, Kind::Zola] {
            for (highlight, minify) in [(true, true), (true, false), (false, true), (false, false)] {
                let (file, text) = kind.settings(Work { highlight, minify });
                let settings: String = text.lines().filter(|line| !line.starts_with('#')).collect();
                assert!(!settings.contains("{{"), "{kind:?} {file}: {settings}");
            }
        }
    }

    #[test]
    fn pages_and_bytes_are_what_the_build_says() {
        let json =
            br#"{"sites": [{"bundle": "a.bundle", "pages": 12, "bytes_out": {"identity": 700, "br": 90, "gzip": 10}}]}"#;
        assert_eq!(said(json).unwrap(), Said { bundle: "a.bundle".into(), pages: 12, bytes: 800 });
        for wrong in [&b"{}"[..], b"", br#"{"sites": [{"pages": "many"}]}"#] {
            assert!(said(wrong).is_err(), "{:?}", String::from_utf8_lossy(wrong));
        }
    }
}
