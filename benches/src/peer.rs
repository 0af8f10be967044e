//! Finding the programs to measure. A peer that is absent is left out and named; it is never fetched from here.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The first executable of that name on PATH; the system folders too, where Debian keeps nginx out of a user's PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(system).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

/// sitekit: the one that was named, else the one built beside this program, else the one on PATH.
pub(crate) fn sitekit(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return std::path::absolute(named).ok().filter(|file| is_executable(file));
    }
    let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("sitekit")));
    beside.filter(|file| is_executable(file)).or_else(|| find("sitekit"))
}

/// What peers from npm are installed in.
pub(crate) const FROM_NPM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/assets");

/// The program that runs Vite, what it is to run, and its version, when it is installed in `peers`.
pub(crate) fn vite(peers: &Path) -> Option<(PathBuf, PathBuf, String)> {
    let package = peers.join("node_modules/vite");
    let described: serde_json::Value = serde_json::from_slice(&fs::read(package.join("package.json")).ok()?).ok()?;
    let node = find("node")?;
    let version = format!("{}, node {}", described["version"].as_str()?, version(&node, "--version"));
    Some((node, package.join("bin/vite.js"), version))
}

/// What a program says of its version, on one line; both streams are read, since they differ in taste.
pub(crate) fn version(binary: &Path, arg: &str) -> String {
    let Ok(output) = Command::new(binary).arg(arg).stdin(Stdio::null()).output() else {
        return "unknown version".to_owned();
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let line = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("unknown version");
    line.trim().trim_start_matches("nginx version: ").to_owned()
}

/// Hugo from the Python registry is a Python program that starts the real one and says where it is; its start is not Hugo's to pay for.
pub(crate) fn behind_wrapper(hugo: &Path) -> PathBuf {
    let Ok(output) = Command::new(hugo).arg("version").stdin(Stdio::null()).output() else { return hugo.to_owned() };
    let said = [output.stdout, output.stderr].concat();
    wrapped(&String::from_utf8_lossy(&said)).filter(|file| is_executable(file)).unwrap_or_else(|| hugo.to_owned())
}

/// The path in `Running Hugo … via hugo-python-distributions at PATH`, colours left out.
fn wrapped(said: &str) -> Option<PathBuf> {
    let line = said.lines().find(|line| line.contains("hugo-python-distributions at "))?;
    let path = line.rsplit_once("hugo-python-distributions at ")?.1;
    Some(PathBuf::from(path.split('\u{1b}').next()?.trim()))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_binary_that_is_not_there_is_not_replaced_by_another() {
        assert_eq!(sitekit(Some(Path::new("/nowhere/sitekit"))), None);
    }

    #[test]
    fn the_program_behind_the_wrapper_is_measured() {
        let said = "\u{1b}[95mRunning Hugo 0.168.0 via hugo-python-distributions at /venv/binaries/hugo\u{1b}[0m\nhugo v0.168.0\n";
        assert_eq!(wrapped(said).as_deref(), Some(Path::new("/venv/binaries/hugo")));
        assert_eq!(wrapped("hugo v0.168.0\n"), None);
    }

    #[test]
    fn only_executables_are_found() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-here"), None);
        assert!(!is_executable(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))));
    }
}
