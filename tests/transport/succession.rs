//! One server after another, and no client notices.

use std::{
    net::TcpListener,
    os::unix::net::UnixStream,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
};

use sitekit::serve::{self, Inherited, Listening, Phase, Place, Settings, Succession};

use crate::{
    client::{Connection, wait_until},
    rig::{CORES, Rig, tcp, unix},
};

/// A server that takes over from the one that waits in `folder`, at these places.
fn next(folder: &Path, places: &[Place]) -> Rig {
    let path = folder.join(serve::SUCCESSION);
    let (mut inherited, predecessor) = serve::take_over(&path).unwrap().expect("a server that waits");
    let claim = |place| Listening::plain(inherited.claim(place, CORES).unwrap().expect("its sockets"));
    let listening = places.iter().map(claim).collect();
    assert_eq!(inherited.places(), []);
    Rig::succeeding(Settings::default(), listening, |stopper| Succession::new(path, stopper, Some(predecessor)))
}

fn first(folder: &Path, listening: Vec<Listening>) -> Rig {
    let path = folder.join(serve::SUCCESSION);
    let rig = Rig::succeeding(Settings::default(), listening, |stopper| Succession::new(path.clone(), stopper, None));
    wait_until(|| path.exists());
    rig
}

#[test]
fn a_restart_under_load_fails_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = first(folder.path(), vec![Listening::plain(tcp())]);
    let (address, places) = (rig.address(), rig.places.clone());
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|number| {
                let (done, asked) = (&done, &asked);
                scope.spawn(move || {
                    while !done.load(SeqCst) {
                        let mut connection = Connection::to(address);
                        // Some stay, as long as the server does not say that an answer is its last.
                        for _ in 0..=number * 10 {
                            let reply = connection.ask("GET", "/docs/small.txt", &[]);
                            assert_eq!((reply.status, reply.text()), (200, "small"));
                            asked.fetch_add(1, SeqCst);
                            if reply.field("connection") == Some("close") {
                                break;
                            }
                        }
                    }
                })
            })
            .collect();
        for _ in 0..5 {
            let so_far = asked.load(SeqCst);
            wait_until(|| {
                asked.load(SeqCst) > so_far + 200 || clients.iter().any(thread::ScopedJoinHandle::is_finished)
            });
            let next = next(folder.path(), &places);
            rig.ended();
            rig = next;
        }
        done.store(true, SeqCst);
    });
    // The last one is found as the first one was.
    assert!(folder.path().join(serve::SUCCESSION).exists());
    rig.stop();
    assert!(!folder.path().join(serve::SUCCESSION).exists());
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn unix_sockets_are_handed_over_with_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.sock");
    let mut before = first(folder.path(), vec![Listening::plain(unix(&path)), Listening::plain(tcp())]);
    let places = before.places.clone();
    let mut after = next(folder.path(), &places);
    before.ended();
    assert!(path.exists());
    drop(UnixStream::connect(&path).unwrap());
    let mut last = next(folder.path(), &places);
    after.ended();
    drop(UnixStream::connect(&path).unwrap());
    last.stop();
    assert!(!path.exists());
}

#[test]
fn a_next_server_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = first(folder.path(), vec![Listening::plain(tcp())]);
    let taken = serve::take_over(&folder.path().join(serve::SUCCESSION)).unwrap();
    assert!(taken.is_some());
    // It dies before it serves.
    drop(taken);
    for _ in 0..20 {
        assert_eq!(rig.connect().ask("GET", "/docs/small.txt", &[]).status, 200);
    }
    let mut after = next(folder.path(), &rig.places.clone());
    rig.ended();
    after.stop();
    assert!(serve::take_over(&folder.path().join(serve::SUCCESSION)).unwrap().is_none());
}

#[test]
fn stopping_without_a_next_server_closes_the_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let rig = first(folder.path(), vec![Listening::plain(tcp())]);
    let mut busy = rig.connect();
    busy.send(crate::client::request("GET", "/docs/large.txt", &[]));
    std::io::BufRead::fill_buf(&mut busy.reader).unwrap();
    rig.stopper.go_to(Phase::Draining);
    wait_until(|| std::net::TcpStream::connect(rig.address()).is_err());
}

#[test]
fn sockets_that_someone_else_opened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::Address(listener.local_addr().unwrap());
    // A request waits there before there is a server.
    let mut early = Connection::to(place.address().unwrap());
    early.send(crate::client::request("GET", "/docs/small.txt", &[]));
    let mut inherited = Inherited::default();
    assert!(inherited.claim(&place, CORES).unwrap().is_none());
    inherited.add(listener);
    let sockets = inherited.claim(&place, CORES).unwrap().unwrap();
    let _rig = Rig::with(Settings::default(), vec![Listening::plain(sockets)]);
    assert_eq!(early.receive("GET").unwrap().text(), "small");
}
