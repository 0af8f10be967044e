//! RFC 9113 §10.5: what a client can make the server do without asking for anything is bounded, and other clients do not
//! notice.

use std::{io::Write, net::Shutdown, time::Duration};

use sitekit::{observe::Event, serve::Limits};

use crate::{
    client::wait_until,
    frames::{
        CANCEL, CONTINUATION, Client, DATA, ENHANCE_YOUR_CALM, HEADERS, Outcome, PING, PRIORITY, RST_STREAM, SETTINGS,
        WINDOW_UPDATE, block, frame, get,
    },
    rig::Rig,
};

#[track_caller]
fn others_are_well(rig: &Rig) {
    let small = Outcome::Answer { status: 200, body: b"small".to_vec() };
    assert_eq!(Client::to(rig.address()).get("/docs/small.txt"), small);
    assert_eq!(rig.connect().ask("GET", "/docs/small.txt", &[]).status, 200);
}

#[test]
fn rapid_reset() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    // Requests that are taken back at once, many in one piece: the server does not even see them.
    let mut flood = Vec::new();
    for _ in 0..2000 {
        let stream = client.reserve();
        flood.extend(frame(HEADERS, 5, stream, &block(&get("/docs/large.txt"))));
        flood.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
    }
    // It may be closed while we write.
    let _ = client.stream.write_all(&flood);
    let error = client.ended();
    assert!(matches!(error, None | Some(ENHANCE_YOUR_CALM)), "{error:?}");
    wait_until(|| rig.open() == 0);
    others_are_well(&rig);
}

#[test]
fn resets_one_at_a_time() {
    let rig = Rig::limited(Limits { resets: 10, ..Limits::default() });
    let mut client = Client::with_settings(rig.address(), &[(4, 0)]);
    for _ in 0..10 {
        let stream = client.request(&get("/docs/medium.txt"));
        assert_eq!(client.receive_kind(HEADERS).unwrap().status(), 200);
        client.send(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
    }
    assert_eq!(rig.noted(Event::Resets), 0);
    // One too many: asked to go, and cut off when that is not heard.
    for _ in 0..30 {
        let stream = client.reserve();
        let request = frame(HEADERS, 5, stream, &block(&get("/docs/medium.txt")));
        let reset = frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
        if client.stream.write_all(&[request, reset].concat()).is_err() {
            break;
        }
    }
    client.ended();
    assert_eq!(rig.noted(Event::Resets), 1);
    wait_until(|| rig.open() == 0);
    others_are_well(&rig);
}

#[test]
fn continuations_without_end() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    let stream = client.reserve();
    client.send(HEADERS, 0, stream, &block(&get("/docs/small.txt")));
    let piece = block(&[("x", &"a".repeat(16_000))]);
    for _ in 0..1000 {
        if client.stream.write_all(&frame(CONTINUATION, 0, stream, &piece)).is_err() {
            break;
        }
    }
    client.ended();
    wait_until(|| rig.open() == 0);
    others_are_well(&rig);
    // Empty ones, too.
    let mut client = Client::to(rig.address());
    let stream = client.reserve();
    client.send(HEADERS, 0, stream, &[]);
    for _ in 0..10_000 {
        if client.stream.write_all(&frame(CONTINUATION, 0, stream, &[])).is_err() {
            break;
        }
    }
    client.ended();
    wait_until(|| rig.open() == 0);
}

#[test]
fn frames_that_ask_for_nothing() {
    let short = Duration::from_secs(1);
    let rig = Rig::limited(Limits { idle_timeout: short, header_timeout: short, ..Limits::default() });
    for (name, kind, stream, payload) in [
        ("pings", PING, 0, &[0; 8][..]),
        ("settings", SETTINGS, 0, &[0, 4, 0, 0, 255, 255]),
        ("priorities", PRIORITY, 3, &[0, 0, 0, 0, 16]),
        ("windows", WINDOW_UPDATE, 0, &[0, 0, 0, 1]),
    ] {
        let mut client = Client::to(rig.address());
        let flood = frame(kind, 0, stream, payload).repeat(1000);
        // Answers are not read: the server stops reading when it cannot write, and both sides stand still until its
        // patience ends. It may also have had enough before.
        client.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        for _ in 0..2000 {
            if client.stream.write_all(&flood).is_err() {
                break;
            }
        }
        others_are_well(&rig);
        let _ = client.stream.shutdown(Shutdown::Write);
        drop(client);
        wait_until(|| rig.open() == 0);
        assert!(rig.open() == 0, "{name}");
    }
}

#[test]
fn data_for_streams_that_are_gone() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    let stream = client.request(&get("/docs/small.txt"));
    client.outcome(stream);
    for _ in 0..100 {
        if client.stream.write_all(&frame(DATA, 0, stream, &[0; 1000])).is_err() {
            break;
        }
    }
    others_are_well(&rig);
}
