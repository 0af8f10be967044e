//! A server is replaced, or started by a service manager that holds its sockets, and clients do not notice.

use std::{
    fs,
    net::TcpListener,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
};

use crate::client::Connection;
use crate::{OnDrop, commit, image, output, serve, serve_command, sitekit, stderr};

#[test]
fn a_server_replaces_another_under_load() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let mut running = serve(build.path(), &["--threads", "2"]);
    let address = running.address;
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..4 {
            let (done, asked) = (&done, &asked);
            scope.spawn(move || {
                while !done.load(SeqCst) {
                    let mut connection = Connection::to(address);
                    for _ in 0..=number * 20 {
                        let reply = connection.ask("GET", "/docs/", &[]);
                        assert_eq!(reply.status, 200);
                        asked.fetch_add(1, SeqCst);
                        if reply.field("connection") == Some("close") {
                            break;
                        }
                    }
                }
            });
        }
        let _end = OnDrop(&done);
        for threads in ["1", "3", "2"] {
            // With another number of cores, too: no socket may be left without one.
            let next = serve(build.path(), &["--replace", "--threads", threads, "--addr", &address.to_string()]);
            assert!(running.wait().success());
            running = next;
            let so_far = asked.load(SeqCst);
            while asked.load(SeqCst) < so_far + 200 {
                thread::yield_now();
            }
        }
    });
    let stats = output(&["stats", "--json", "--build", build.path().to_str().unwrap()]);
    assert!(stats.status.success(), "{}", stderr(&stats));
    running.signal("-TERM");
    assert!(running.wait().success());
    let left: Vec<_> = fs::read_dir(build.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".sock")), "{left:?}");
}

#[test]
fn without_a_server_to_replace_it_just_starts() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let running = serve(build.path(), &["--replace"]);
    assert_eq!(running.connect().ask("GET", "/docs/", &[]).status, 200);
    // Without the flag, an address that is taken is taken.
    let refused = output(&["serve", "--build", build.path().to_str().unwrap(), "--addr", &running.address.to_string()]);
    assert_eq!(refused.status.code(), Some(2));
}

/// A command whose process has `listener` as its third descriptor, as systemd does it.
fn activated(listener: TcpListener) -> Command {
    let plain = sitekit(&[]);
    let mut command = Command::new("sh");
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(plain.get_program()).stdin(Stdio::from(OwnedFd::from(listener)));
    command
}

#[test]
fn socket_activation() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Comes before there is a server, and is answered when there is one.
    let mut early = Connection::to(address);
    early.send(crate::request("GET", "/docs/", &[]));
    let held = listener.try_clone().unwrap();
    let at = address.to_string();
    let mut serving = serve_command(activated(listener), build.path(), &["--addr", &at]);
    assert_eq!(serving.address, address);
    assert_eq!(early.receive("GET").unwrap().status, 200);
    serving.signal("-TERM");
    assert!(serving.wait().success());
    // While there is none, clients wait.
    let mut between = Connection::to(address);
    between.send(crate::request("GET", "/docs/", &[]));
    let mut again = serve_command(activated(held), build.path(), &["--addr", &at]);
    assert_eq!(between.receive("GET").unwrap().status, 200);
    again.signal("-TERM");
    assert!(again.wait().success());
}

#[test]
fn a_socket_that_no_setting_wants() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = activated(listener);
    command.args(["serve", "--build", build.path().to_str().unwrap(), "--addr", "127.0.0.1:0"]);
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("was passed to this server"), "{}", stderr(&refused));
}
