//! Under attack: every limit, driven by a client that ignores it.

use std::{
    io::{BufRead, Read},
    time::{Duration, Instant},
};

use sitekit::{
    observe::{Event, Report},
    serve::Limits,
    site::SitePath,
};

use crate::{
    SERVER, Setup,
    client::{request, wait_until},
    file, get, images, start, status_of,
};

fn impatient() -> Limits {
    // Yet long for a client of these tests to send what it means to.
    let short = Duration::from_secs(1);
    Limits {
        header_timeout: short,
        idle_timeout: short,
        body_timeout: short,
        write_timeout: short,
        ..Limits::default()
    }
}

#[test]
fn timeouts_fire() {
    let server = start(Setup { limits: impatient(), ..Setup::default() }, &images());
    // Nothing at all; between two requests: closed without a word.
    assert!(server.connect().is_closed());
    let mut idle = server.connect();
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    assert_eq!(idle.reader.fill_buf().unwrap(), b"", "an orderly end, no reset");
    // In the middle of a head: told so.
    let mut head = server.connect();
    head.send("GET /docs/ HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    let reply = head.receive("GET").unwrap();
    assert_eq!((reply.status, reply.field("connection")), (408, Some("close")));
    assert!(reply.field("date").is_some());
    assert!(head.is_closed());
    // In the middle of a body.
    let mut body = server.connect();
    body.send(request("POST", "/docs/", &[("Content-Length", "10")]));
    body.send("12345");
    assert!(body.is_closed());
    // The first waited for its first head in vain.
    let expected = [(Event::HeaderTimeout, 2), (Event::IdleTimeout, 1), (Event::BodyTimeout, 1)];
    assert_eq!(expected.map(|(event, _)| (event, server.registry.noted(event))), expected);
}

#[test]
fn a_slow_reader_is_let_go() {
    let mut sites = images();
    let huge = "x".repeat(64 << 20);
    sites[0].routes.insert(SitePath::parse("/huge.bin").unwrap(), file("application/octet-stream", &huge, &[]));
    let server = start(Setup { limits: impatient(), ..Setup::default() }, &sites);
    let mut reader = server.connect();
    reader.send(request("GET", "/docs/huge.bin", &[]));
    // Reads nothing until the server has given up, then finds the answer cut short.
    let mut line = String::new();
    reader.reader.read_line(&mut line).unwrap();
    wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 0);
    let mut rest = Vec::new();
    // By a reset: an orderly end would leave what was not taken in the kernel's memory.
    let end = reader.reader.read_to_end(&mut rest).unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(rest.len() < huge.len());
    assert_eq!(server.registry.noted(Event::WriteTimeout), 1);
}

#[test]
fn one_connection_too_many_is_told_so() {
    let mut sites = images();
    let huge = "x".repeat(32 << 20);
    sites[0].routes.insert(SitePath::parse("/huge.bin").unwrap(), file("application/octet-stream", &huge, &[]));
    let server = start(Setup { limits: Limits { connections: 2, ..Limits::default() }, ..Setup::default() }, &sites);
    // Each is being answered, so that it keeps its place.
    let held = [0, 1].map(|_| {
        let mut connection = server.connect();
        connection.send(request("GET", "/docs/huge.bin", &[]));
        connection.reader.fill_buf().unwrap();
        connection
    });
    let mut refused = server.connect();
    let reply = refused.receive("GET").unwrap();
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")));
    assert!(refused.is_closed());
    assert_eq!([Event::Connections, Event::IdleConnections].map(|event| server.registry.noted(event)), [1, 0]);
    // A place becomes free, and the next one gets it.
    let [left, stays] = held;
    drop(left);
    wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 1);
    assert_eq!(server.connect().ask("GET", "/docs/", &[]).status, 200);
    drop(stays);
}

#[test]
fn rfc_6585_floods_of_fields() {
    assert_eq!(get("/docs/", &[("X", &"a".repeat(60_000))]).status, 431);
    let many: Vec<_> = (0..200).map(|n| format!("X-{n}: a\r\n")).collect();
    assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{}\r\n", many.concat())), 431);
}

#[test]
fn what_is_too_large_is_counted() {
    let server = start(Setup::default(), &images());
    assert_eq!(server.connect().ask("GET", "/docs/", &[("X", &"a".repeat(60_000))]).status, 431);
    assert_eq!(server.connect().ask("POST", "/docs/", &[("Content-Length", "1000000")]).status, 413);
    wait_until(|| Event::ALL.iter().map(|&event| server.registry.noted(event)).sum::<u64>() == 2);
    assert_eq!([Event::HeadBytes, Event::BodyBytes].map(|event| server.registry.noted(event)), [1, 1]);
}

/// CVE-2023-44487. At whatever pace: in one go h2 has enough of them first, bit by bit we have.
#[test]
fn streams_that_are_reset_at_once_end_the_connection_and_are_counted() {
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    for streams_at_once in [5000, 1] {
        let server =
            start(Setup { limits: Limits { resets: 100, ..Limits::default() }, ..Setup::default() }, &images());
        let mut client = server.connect();
        client.send([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat());
        for first in (0..5000).step_by(streams_at_once) {
            let resets = (first..).take(streams_at_once).flat_map(|number: u32| {
                // `:method GET`, `:scheme http`, `:path /`, `:authority a`; CANCEL.
                let head = frame(1, 5, 2 * number + 1, &[0x82, 0x86, 0x84, 0x41, 1, b'a']);
                [head, frame(3, 0, 2 * number + 1, &[0, 0, 0, 8])].concat()
            });
            let resets: Vec<u8> = resets.collect();
            // Fails when the server has had enough.
            if std::io::Write::write_all(client.reader.get_mut(), &resets).is_err() {
                break;
            }
        }
        wait_until(|| server.registry.noted(Event::Resets) == 1);
        wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 0);
        assert_eq!(server.connect().ask("GET", "/docs/", &[]).status, 200);
    }
}

#[test]
fn a_thousand_idle_connections_harm_no_one() {
    let idle: Vec<_> = (0..300).map(|_| SERVER.connect()).collect();
    assert_eq!(get("/docs/", &[]).status, 200);
    drop(idle);
}
