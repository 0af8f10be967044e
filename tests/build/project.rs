//! A project in a temporary folder, and what the binary makes of it.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sitekit::{
    map::{self, Bundle},
    site::{Coding, ContentHash, SiteName},
};

pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// Files by path below the project, such as `sites/a/index.html`.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    pub(crate) fn remove_cache(&self) {
        fs::remove_dir_all(self.path("build/.cache")).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
        command.args(args).current_dir(self.folder.path()).env_remove("NO_COLOR");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SITEKIT_")) {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    /// Builds and expects success.
    #[track_caller]
    pub(crate) fn build(&self, args: &[&str]) -> Run {
        let run = self.run(&[&["build"], args].concat());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        run
    }

    #[track_caller]
    pub(crate) fn bundle(&self, site: &str) -> Bundle {
        let path = map::live(&self.path("build"), &SiteName::parse(site).unwrap()).unwrap();
        let bundle = Bundle::open(&path).unwrap();
        bundle.verify_bodies().unwrap();
        bundle
    }

    /// The body of a route as text, in no coding.
    #[track_caller]
    pub(crate) fn text(&self, site: &str, route: &str) -> String {
        body(&self.bundle(site), route)
    }
}

/// What the binary printed and how it ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }
}

#[track_caller]
pub(crate) fn body(bundle: &Bundle, route: &str) -> String {
    let Some(id) = bundle.lookup(route) else { panic!("no route {route} in\n{}", manifest(bundle)) };
    let entry = bundle.entry(id);
    let identity = entry.representations().find(|one| one.coding() == Coding::Identity).unwrap();
    String::from_utf8(identity.body().to_vec()).unwrap()
}

/// Everything a bundle promises, a line a route: status, fields, and for each coding its size and its content's name.
pub(crate) fn manifest(bundle: &Bundle) -> String {
    let mut text = format!("{} {:?} at {}\n", bundle.site(), bundle.mode(), bundle.base());
    for (path, id) in bundle.routes() {
        let entry = bundle.entry(id);
        write!(text, "{path} {}", entry.status()).unwrap();
        for (name, value) in entry.fields() {
            write!(text, " | {name}: {value}").unwrap();
        }
        for one in entry.representations() {
            let body = one.body();
            write!(text, " | {} {} {:.8}", one.coding().token(), body.len(), ContentHash::of(&body).to_string())
                .unwrap();
        }
        text.push('\n');
    }
    text
}

/// All files below a folder, with their bytes.
pub(crate) fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files
}
