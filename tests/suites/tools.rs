//! The programs the suites are made of. What is downloaded or compiled is made once, in a folder of the user's.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Whether the person who runs this has no network and said so. It is said again where no test harness hides it.
pub(crate) fn skipped(suite: &str) -> bool {
    let skip = env::var_os("SITEKIT_SKIP_SUITES").is_some_and(|value| value == "1");
    if skip {
        let _ = writeln!(io::stderr(), "\n!!! SITEKIT_SKIP_SUITES=1: {suite} DID NOT RUN !!!");
    }
    skip
}

/// A program of the system.
#[track_caller]
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    // Debian keeps servers where only root looks.
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: run tests/setup, or `apt-get install {package}`"))
}

/// What `make` puts into a folder it is given, made once per `name`.
pub(crate) fn kept(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let suites = cache.expect("HOME or XDG_CACHE_HOME says where to keep things").join("sitekit/suites");
    let kept = suites.join(name);
    if !kept.is_dir() {
        fs::create_dir_all(&suites).unwrap();
        let making = tempfile::tempdir_in(&suites).unwrap();
        make(making.path());
        // Someone else may have been faster, and made the same.
        if fs::rename(making.path(), &kept).is_ok() {
            let _ = making.keep();
        }
    }
    kept
}

/// Runs a command to its end, which must be a good one.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed:\n{}", said(&output));
    output
}

/// What a program said, on both its outputs.
pub(crate) fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// A Python that knows packages of PyPI.
pub(crate) fn python(packages: &[&str]) -> Command {
    let python = program("python3", "python3");
    let version = run(Command::new(&python).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]));
    let version = String::from_utf8(version.stdout).unwrap();
    let name = format!("python{}-{}", version.trim(), packages.join("-"));
    let modules = kept(&name.replace("==", "-"), |folder| {
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]).arg(folder);
        let output = install.args(packages).stdin(Stdio::null()).output().unwrap();
        assert!(
            output.status.success(),
            "{} cannot be had from PyPI; is there a network, and pip (run tests/setup, or `apt-get install python3-pip`)? \
             SITEKIT_SKIP_SUITES=1 leaves these suites out.\n{}",
            packages.join(" "),
            said(&output)
        );
    });
    let mut command = Command::new(python);
    command.env("PYTHONPATH", modules).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
