//! The product, run as its users run it: the binary builds a site into a folder of its own and serves it at a port of
//! its own. Both end with the value.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Long enough for a machine that is busy with other tests; reached only when something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// A served site.
#[derive(Debug)]
pub(crate) struct Served {
    process: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) origin: String,
}

impl Served {
    /// Builds `site` of a project, a folder of this repository, into `out` and serves it below `/<site>/`.
    pub(crate) fn start(project: &str, site: &str, profile: &str, out: &Path) -> Self {
        build(project, site, profile, out);
        let mut process = sitekit(project)
            .args(["serve", "--addr", "127.0.0.1:0", "--threads", "1", "--log-format", "json", "--build"])
            .arg(out)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sitekit serve starts");
        let stderr = process.stderr.take().expect("standard error is a pipe");
        let (found, address) = mpsc::channel();
        // Reads to the end, so that the server never waits for someone to read its logs.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = listening_at(&line) {
                    let _ = found.send(address);
                } else if !line.contains("\"INFO\"") {
                    tell(&line);
                }
            }
        });
        let address = address.recv_timeout(PATIENCE).expect("the server says where it listens");
        Self { process, origin: format!("http://{address}") }
    }
}

#[expect(clippy::print_stderr, reason = "what the server said explains a failure")]
fn tell(line: &str) {
    eprintln!("server: {line}");
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn build(project: &str, site: &str, profile: &str, out: &Path) {
    let output = sitekit(project)
        .args(["build", "--profile", profile, "--site", site, "--out"])
        .arg(out)
        .output()
        .expect("sitekit build runs");
    assert!(
        output.status.success(),
        "`sitekit build --site {site}` failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn sitekit(project: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(project)).stdin(Stdio::null());
    command
}

/// The address in the log line that says the server listens.
fn listening_at(line: &str) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = entry.get("fields").unwrap_or(&entry);
    if fields.get("message")?.as_str()? != "listening" {
        return None;
    }
    Some(fields.get("address")?.as_str()?.to_owned())
}
