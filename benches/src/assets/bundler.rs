//! The bundlers: how each is given the same sources and the same work: source maps are made by all, since sitekit always
//! makes them, and named in the scripts where the fixture says so. A peer is told what it needs to make what pages of
//! today are made of, by its own documentation; all else is its default.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use super::{made::Made, project::Project};
use crate::{meter, peer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sitekit,
    Esbuild,
    Vite,
}

/// A program that turns a fixture into scripts and style sheets.
#[derive(Debug)]
pub(super) struct Bundler {
    pub(super) kind: Kind,
    binary: PathBuf,
    /// The folder its packages are in.
    peers: PathBuf,
}

/// Wall time of one build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    /// Until compression begins; the whole of a build that does not compress.
    pub(super) uncompressed: Duration,
    pub(super) whole: Duration,
}

/// The browsers that Vite and sitekit build for when nothing is said.
const BROWSERS: &str = "chrome111,edge111,firefox114,safari16.4";

/// What `import.meta.env` holds, for one that knows nothing of it.
const ENV: &str = r#"{"MODE":"production","DEV":false,"PROD":true,"BASE_URL":"/"}"#;

impl Bundler {
    /// The program and what it says of its version, when it is there.
    pub(super) fn find(kind: Kind, sitekit: Option<&Path>, peers: &Path) -> Option<(Self, String)> {
        let packages = peers.join("node_modules");
        let (binary, version) = match kind {
            Kind::Sitekit => {
                let binary = peer::sitekit(sitekit)?;
                let version = peer::version(&binary, "--version");
                (binary, version)
            }
            Kind::Esbuild => {
                let binary = below(&packages.join("@esbuild"), "", "bin/esbuild")?;
                let version = peer::version(&binary, "--version");
                (binary, version)
            }
            Kind::Vite => {
                let (node, _, version) = peer::vite(peers)?;
                (node, version)
            }
        };
        Some((Self { kind, binary, peers: peers.to_owned() }, version))
    }

    /// Builds a fixture into `out`, and says how long it took.
    pub(super) fn build(&self, project: &Project, fixture: &str, out: &Path) -> anyhow::Result<Took> {
        let commands = self.commands(project, fixture, out)?;
        if self.kind == Kind::Sitekit {
            return commands.into_iter().next().context("there is one command").and_then(until_compression);
        }
        let mut whole = Duration::ZERO;
        for command in commands {
            whole += meter::measure(&command)?.0.wall;
        }
        Ok(Took { uncompressed: whole, whole })
    }

    pub(super) fn made(&self, fixture: &str, out: &Path) -> anyhow::Result<Made> {
        match self.kind {
            Kind::Sitekit => Made::in_bundle(out, fixture),
            Kind::Esbuild | Kind::Vite => Ok(Made::in_folder(out)?),
        }
    }

    fn commands(&self, project: &Project, fixture: &str, out: &Path) -> anyhow::Result<Vec<Command>> {
        let mut command = Command::new(&self.binary);
        command.current_dir(&project.folder);
        match self.kind {
            Kind::Sitekit => {
                command.args(["build", "--site", fixture, "--profile", "prod", "--out"]).arg(out);
                Ok(vec![command])
            }
            Kind::Vite => {
                command.arg(self.peers.join("node_modules/vite/bin/vite.js")).arg("build").arg(project.site(fixture));
                command.arg("--config").arg(self.peers.join("vite.config.mjs")).args(["--configLoader", "native"]);
                command.args(["--emptyOutDir", "--base", &format!("/{fixture}/"), "--outDir"]).arg(out);
                command.args(["--sourcemap", if project.has_public_maps(fixture) { "true" } else { "hidden" }]);
                Ok(vec![command])
            }
            Kind::Esbuild => {
                let mut commands = Vec::new();
                for entry in project.entries(fixture)? {
                    // It has no Sass of its own.
                    let (entry, sass) = match entry.strip_suffix(".scss") {
                        Some(stem) => {
                            (format!("{stem}.compiled.css"), Some(self.sass(project, fixture, &entry, stem)?))
                        }
                        None => (entry, None),
                    };
                    commands.extend(sass);
                    command.arg(project.site(fixture).join(entry));
                }
                command.args(["--bundle", "--minify", "--splitting", "--format=esm", "--jsx=automatic"]);
                command.args(["--legal-comments=none", "--log-level=warning", "--asset-names=[name]-[hash]"]);
                command.args(["svg", "png", "txt", "woff", "woff2"].map(|kind| format!("--loader:.{kind}=file")));
                command.arg(format!("--target={BROWSERS}")).arg(format!("--define:import.meta.env={ENV}"));
                command.arg(format!("--outdir={}", out.display()));
                command.arg(if project.has_public_maps(fixture) { "--sourcemap" } else { "--sourcemap=external" });
                commands.push(command);
                Ok(commands)
            }
        }
    }

    /// Dart Sass, without the Node program around it.
    fn sass(&self, project: &Project, fixture: &str, from: &str, stem: &str) -> anyhow::Result<Command> {
        let binary = below(&self.peers.join("node_modules"), "sass-embedded-", "dart-sass/sass");
        let mut command = Command::new(binary.context("sass-embedded is not installed")?);
        command.current_dir(project.site(fixture)).args(["--quiet", "--no-source-map", "--load-path"]);
        command.arg(project.folder.join("node_modules")).arg(from).arg(format!("{stem}.compiled.css"));
        Ok(command)
    }
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Sitekit, Self::Esbuild, Self::Vite];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sitekit => "sitekit",
            Self::Esbuild => "esbuild",
            Self::Vite => "Vite",
        }
    }

    /// Whether it can build the fixture: esbuild leaves `new Worker(new URL(…))` as it is.
    pub(super) fn takes(self, fixture: &str) -> bool {
        self != Self::Esbuild || fixture != "worker"
    }
}

/// Runs sitekit to its end, and looks at the clock when it says that it begins to compress: until then it did what its
/// peers do, and it has no way to be told to leave the rest.
fn until_compression(mut command: Command) -> anyhow::Result<Took> {
    let start = Instant::now();
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let (mut uncompressed, mut said) = (None, String::new());
    for line in BufReader::new(process.stderr.take().context("standard error is a pipe")?).lines() {
        let line = line?;
        if line.contains(": compressing ") {
            uncompressed.get_or_insert_with(|| start.elapsed());
        }
        said.extend([line.as_str(), "\n"]);
    }
    let status = process.wait()?;
    let whole = start.elapsed();
    ensure!(status.success(), "sitekit ended with {status}: {said}");
    Ok(Took { uncompressed: uncompressed.unwrap_or(whole), whole })
}

/// `<folder>/<prefix>…/<path>`, the first that is there: packages of programs are named by the machine they run on.
fn below(folder: &Path, prefix: &str, path: &str) -> Option<PathBuf> {
    let mut packages: Vec<PathBuf> = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    packages.sort();
    let named = |package: &PathBuf| package.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    packages.into_iter().filter(named).map(|package| package.join(path)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_whatever_its_package_is_called() {
        let folder = tempfile::tempdir().unwrap();
        for file in
            ["sass-embedded/dart-sass/sass.js", "sass-embedded-linux-x64/dart-sass/sass", "other/dart-sass/sass"]
        {
            fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
            fs::write(folder.path().join(file), "").unwrap();
        }
        let found = below(folder.path(), "sass-embedded-", "dart-sass/sass");
        assert_eq!(found, Some(folder.path().join("sass-embedded-linux-x64/dart-sass/sass")));
        assert_eq!(below(folder.path(), "esbuild", "bin/esbuild"), None);
    }
}
