//! What a proxy says of its clients counts where the proxy is trusted, and nowhere else. How it shows: in who is limited,
//! and in who is sent on to https.

use sitekit::{
    observe::Event,
    serve::{Limits, Listening, Protocol, Settings},
};

use crate::{
    client::{Connection, request, wait_until},
    rig::{Rig, tcp},
};

const FOUR: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n";

/// A binary header for 192.0.2.9, whose client spoke TLS.
fn secure() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14".to_vec();
    header.extend([192, 0, 2, 9, 192, 0, 2, 2, 1, 1, 1, 187]);
    header.extend([0x20, 0, 5, 1, 0, 0, 0, 0]);
    header
}

fn trusting() -> Settings {
    Settings { trusted: vec!["127.0.0.1/32".parse().unwrap()], ..Settings::default() }
}

fn proxied(protocol: Protocol) -> Vec<Listening> {
    vec![Listening { sockets: tcp(), protocol, proxy: true }]
}

#[test]
fn the_header_comes_first() {
    let rig = Rig::with(trusting(), proxied(Protocol::Plain));
    let unknown = b"PROXY UNKNOWN\r\n";
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    for header in [FOUR, unknown, local, &secure()] {
        let mut connection = rig.connect();
        connection.send([header, request("GET", "/docs/small.txt", &[]).as_bytes()].concat());
        assert_eq!(connection.receive("GET").unwrap().text(), "small");
        assert_eq!(connection.ask("GET", "/docs/", &[]).status, 200);
        // However it is cut.
        let mut connection = rig.connect();
        for byte in [header, request("GET", "/docs/small.txt", &[]).as_bytes()].concat() {
            connection.send([byte]);
        }
        assert_eq!(connection.receive("GET").unwrap().text(), "small");
    }
    for header in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"PROXY TCP4 nonsense\r\n\r\n\r\n\r\n\r\n\r\n"] {
        let before = rig.noted(Event::Proxy);
        let mut connection = rig.connect();
        connection.send(header);
        assert!(connection.is_closed());
        assert_eq!(rig.noted(Event::Proxy), before + 1);
    }
}

#[test]
fn only_trusted_peers_are_proxies() {
    let rig = Rig::with(Settings::default(), proxied(Protocol::Plain));
    assert!(rig.connect().is_closed());
    assert_eq!(rig.noted(Event::Proxy), 1);
    // And where no proxy is expected, its header is no request.
    let rig = Rig::with(trusting(), vec![Listening::plain(tcp())]);
    let mut connection = rig.connect();
    connection.send(FOUR);
    assert_eq!(connection.receive("GET").unwrap().status, 400);
}

#[test]
fn the_header_comes_in_time() {
    let limits = Limits { handshake_timeout: std::time::Duration::from_secs(1), ..Limits::default() };
    let rig = Rig::with(Settings { limits, ..trusting() }, proxied(Protocol::Plain));
    let mut connection = rig.connect();
    connection.send("PROXY TCP4 ");
    assert!(connection.is_closed());
    assert_eq!(rig.noted(Event::HandshakeTimeout), 1);
}

#[test]
fn limits_are_for_the_client_behind_the_proxy() {
    let limits = Limits { connections_per_address: 1, ..Limits::default() };
    let rig = Rig::with(Settings { limits, ..trusting() }, proxied(Protocol::Plain));
    let connect = |header: &[u8]| {
        let mut connection = rig.connect();
        connection.send([header, request("GET", "/docs/small.txt", &[]).as_bytes()].concat());
        let status = connection.receive("GET").unwrap().status;
        (connection, status)
    };
    let (one, status) = connect(FOUR);
    assert_eq!(status, 200);
    assert_eq!(connect(FOUR).1, 503);
    assert_eq!(connect(&secure()).1, 200);
    drop(one);
    wait_until(|| rig.open() == 0);
    assert_eq!(connect(FOUR).1, 200);
}

/// Where a request is sent that came over http, as far as anyone knows.
fn sent_to(connection: &mut Connection, fields: &[(&str, &str)]) -> (u16, Option<String>) {
    let reply = connection.ask("GET", "/docs/small.txt?q", fields);
    (reply.status, reply.field("location").map(str::to_owned))
}

#[test]
fn from_http_to_https() {
    let listening = vec![Listening { sockets: tcp(), protocol: Protocol::ToHttps { port: 8443 }, proxy: false }];
    let rig = Rig::with(Settings::default(), listening);
    let mut connection = rig.connect();
    let to_https = (308, Some("https://test:8443/docs/small.txt?q".to_owned()));
    assert_eq!(sent_to(&mut connection, &[]), to_https);
    // Anyone can write these.
    for field in [("X-Forwarded-Proto", "https"), ("Forwarded", "proto=https"), ("X-Forwarded-Host", "evil")] {
        assert_eq!(sent_to(&mut connection, &[field]), to_https, "{field:?}");
    }
    for method in ["HEAD", "POST", "OPTIONS"] {
        let reply = connection.ask(method, "/docs/", &[]);
        assert_eq!((reply.status, reply.field("location")), (308, Some("https://test:8443/docs/")), "{method}");
    }
    assert_eq!(connection.ask("GET", "/.well-known/acme-challenge/x", &[]).status, 404);
    for host in ["a/b", "a b", "u@a", ""] {
        let mut connection = rig.connect();
        connection.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(connection.receive("GET").unwrap().status, 400, "{host}");
    }
}

#[test]
fn a_trusted_proxy_speaks_tls_for_us() {
    let hsts = sitekit::serve::Hsts {
        max_age: std::time::Duration::from_hours(8760),
        include_subdomains: true,
        preload: true,
    };
    let listening = vec![Listening { sockets: tcp(), protocol: Protocol::ToHttps { port: 443 }, proxy: false }];
    let rig = Rig::with(Settings { hsts: Some(hsts), ..trusting() }, listening);
    let mut connection = rig.connect();
    for (fields, expected) in [
        (&[][..], (308, Some("https://test/docs/small.txt?q".to_owned()))),
        (&[("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https")], (200, None)),
        (&[("Forwarded", "for=192.0.2.1;proto=https")], (200, None)),
        (
            &[("Forwarded", "for=192.0.2.1;proto=http;host=site.example")],
            (308, Some("https://site.example/docs/small.txt?q".to_owned())),
        ),
        (&[("Forwarded", "for=192.0.2.1"), ("X-Forwarded-For", "6.6.6.6")], (400, None)),
    ] {
        assert_eq!(sent_to(&mut connection, fields), expected, "{fields:?}");
        let reply = connection.ask("GET", "/docs/small.txt", fields);
        let says = reply.field("strict-transport-security");
        assert_eq!(says, (expected.0 == 200).then_some("max-age=31536000; includeSubDomains; preload"));
    }
}

#[test]
fn the_header_says_whether_the_client_spoke_tls() {
    let rig = Rig::with(trusting(), proxied(Protocol::ToHttps { port: 443 }));
    for (header, expected) in [(FOUR, 308), (&secure(), 200)] {
        let mut connection = rig.connect();
        connection.send(header);
        assert_eq!(sent_to(&mut connection, &[]).0, expected);
    }
}
