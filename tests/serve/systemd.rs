//! What the service manager hears: readiness, reloads, the end, and signs of life.

use std::{os::unix::net::UnixDatagram, time::Duration};

use crate::{commit, image, serve_command, sitekit};

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
    manager.socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
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
