//! What the service manager hears: readiness, reloads, the end, and signs of life.

use std::{fs, os::unix::net::UnixDatagram, path::Path, process::Command};

use crate::{client::PATIENCE, commit, image, serve_command, sitekit};

struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    /// The next message.
    fn hear(&self) -> String {
        let mut buffer = [0; 4096];
        let len = self.socket.recv(&mut buffer).expect("a message");
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    }

    /// The next one that is no sign of life.
    fn news(&self) -> String {
        loop {
            let message = self.hear();
            if !message.contains("WATCHDOG=1") {
                return message;
            }
        }
    }
}

#[test]
fn the_life_of_a_service() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let path = build.path().join("notify");
    let manager = Manager { socket: UnixDatagram::bind(&path).unwrap() };
    manager.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = sitekit(&[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut serving = serve_command(command, build.path(), &["--threads", "2"]);
    let ready = manager.hear();
    assert!(ready.contains("READY=1") && ready.contains("STATUS="), "{ready}");
    // Signs of life come while every core beats.
    assert_eq!(manager.hear().trim(), "WATCHDOG=1");
    assert_eq!(manager.hear().trim(), "WATCHDOG=1");
    serving.signal("-HUP");
    let reloading = manager.news();
    assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    let ready = manager.news();
    assert!(ready.contains("READY=1"), "{ready}");
    serving.signal("-TERM");
    let stopping = manager.news();
    assert!(stopping.contains("STOPPING=1"), "{stopping}");
    assert!(serving.wait().success());
}

/// The units, as systemd itself reads them, where it is there to ask.
#[test]
fn the_units_are_sound_and_hardened() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else { return };
    let folder = tempfile::tempdir().unwrap();
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd");
    let service = fs::read_to_string(packaging.join("sitekit.service")).unwrap();
    // It asks for the program itself, too.
    let service = service.replace("/usr/local/bin/sitekit", env!("CARGO_BIN_EXE_sitekit"));
    let unit = folder.path().join("sitekit.service");
    fs::write(&unit, service).unwrap();
    fs::copy(packaging.join("sitekit.socket"), folder.path().join("sitekit.socket")).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let version: u32 = version.split_whitespace().nth(1).unwrap().parse().unwrap();
    let told = String::from_utf8(verified.stderr).unwrap();
    let ours = told.lines().filter(|line| line.contains("sitekit."));
    let wrong: Vec<_> = ours.filter(|line| version >= 253 || !line.contains("notify-reload")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Ten is no protection at all; ours is 2.0 at most.
    let judged =
        Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=20"]).arg(&unit).output();
    let judged = judged.unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}
