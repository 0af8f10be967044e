//! RFC 9113, over a plain connection with prior knowledge: what is right is answered as HTTP/1.1 answers it, and what is
//! wrong ends a stream or the connection, as the standard says.

use std::{collections::BTreeMap, io::Write, time::Duration};

use sitekit::{
    observe::Event,
    serve::{Limits, Phase},
};

use crate::{
    client::wait_until,
    frames::{
        CANCEL, CONTINUATION, Client, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, NO_ERROR, Outcome, PING, PREFACE,
        PROTOCOL_ERROR, REFUSED_STREAM, RST_STREAM, SETTINGS, WINDOW_UPDATE, block, frame, get,
    },
    rig::{LARGE, Rig},
};

fn answer(status: u16, body: &str) -> Outcome {
    Outcome::Answer { status, body: body.as_bytes().to_vec() }
}

/// The status, or 0 when the stream was reset, the connection ended or closed.
fn status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Answer { status, .. } => *status,
        _ => 0,
    }
}

#[test]
fn rfc_9113_3_3_prior_knowledge() {
    let rig = Rig::plain();
    assert_eq!(Client::to(rig.address()).get("/docs/small.txt"), answer(200, "small"));
    // However the first bytes come.
    let whole = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for pieces in [whole.chunks(1), whole.chunks(5), whole.chunks(16), whole.chunks(whole.len())] {
        let mut client = Client::silent(rig.address());
        for piece in pieces {
            client.stream.write_all(piece).unwrap();
        }
        assert_eq!(client.get("/docs/small.txt"), answer(200, "small"));
    }
    // What only begins like it is HTTP/1.1.
    let mut connection = rig.connect();
    connection.send("PRI * HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(connection.receive("PRI").unwrap().status, 501);
    assert_eq!(connection.ask("GET", "/docs/small.txt", &[]).text(), "small");
}

#[test]
fn rfc_9113_8_1_answers_are_those_of_http_1() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    let mut connection = rig.connect();
    for (method, path, fields) in [
        ("GET", "/docs/", &[][..]),
        ("GET", "/docs/", &[("accept-encoding", "gzip")]),
        ("GET", "/docs/medium.txt", &[]),
        ("GET", "/docs/medium.txt", &[("range", "bytes=5-9")]),
        ("GET", "/docs/medium.txt", &[("range", "bytes=5-9,100-200")]),
        ("GET", "/docs/medium.txt", &[("range", "bytes=999999999-")]),
        ("GET", "/docs/empty.txt", &[]),
        ("GET", "/docs/nope", &[]),
        ("GET", "/docs", &[]),
        ("GET", "/docs/%00", &[]),
        ("GET", "/docs/small.txt", &[("if-match", "\"x\"")]),
        ("HEAD", "/docs/medium.txt", &[]),
        ("OPTIONS", "/docs/", &[]),
        ("OPTIONS", "*", &[]),
        ("POST", "/docs/", &[]),
        ("BREW", "/docs/", &[]),
        ("GET", "/docs/small.txt", &[("expect", "100-continue")]),
    ] {
        let expected = connection.ask(method, path, fields);
        let pseudo = [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path)];
        let stream = client.request(&[&pseudo[..], fields].concat());
        let found = client.outcome(stream);
        assert_eq!(found, Outcome::Answer { status: expected.status, body: expected.body }, "{method} {path}");
    }
}

#[test]
fn rfc_9113_8_2_and_8_3_malformed_requests() {
    let rig = Rig::plain();
    let pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/docs/small.txt")];
    let with = |field: (&'static str, &'static str)| [&pseudo[..], &[field]].concat();
    let without = |name: &str| pseudo.iter().copied().filter(|(field, _)| *field != name).collect::<Vec<_>>();
    for (fields, why) in [
        (with(("X-Upper", "a")), "§8.2.1 a name in upper case"),
        (with(("x y", "a")), "§8.2.1 a space in a name"),
        (with(("x:y", "a")), "§8.2.1 a colon in a name"),
        (with(("", "a")), "§8.2.1 an empty name"),
        (with(("x", "a\r\nb")), "§8.2.1 a line end in a value"),
        (with(("x", "a\0b")), "§8.2.1 a NUL in a value"),
        (with(("connection", "close")), "§8.2.2 connection"),
        (with(("keep-alive", "5")), "§8.2.2 keep-alive"),
        (with(("proxy-connection", "close")), "§8.2.2 proxy-connection"),
        (with(("transfer-encoding", "chunked")), "§8.2.2 transfer-encoding"),
        (with(("upgrade", "h2c")), "§8.2.2 upgrade"),
        (with(("te", "gzip")), "§8.2.2 te other than trailers"),
        (with((":path", "/docs/")), "§8.3 a pseudo-field twice"),
        (with((":status", "200")), "§8.3 a pseudo-field of answers"),
        (with((":nope", "a")), "§8.3 an unknown pseudo-field"),
        ([&[("accept", "*/*")], &pseudo[..]].concat(), "§8.3 a pseudo-field after a field"),
        (without(":method"), "§8.3.1 no method"),
        (without(":scheme"), "§8.3.1 no scheme"),
        (without(":path"), "§8.3.1 no path"),
        ([&without(":path")[..], &[(":path", "")]].concat(), "§8.3.1 an empty path"),
    ] {
        let mut client = Client::to(rig.address());
        let stream = client.request(&fields);
        let outcome = client.outcome(stream);
        let refused = matches!(outcome, Outcome::Reset(PROTOCOL_ERROR) | Outcome::Goaway(PROTOCOL_ERROR))
            || status(&outcome) == 400;
        assert!(refused, "{why}: {outcome:?}");
        if matches!(outcome, Outcome::Reset(_) | Outcome::Answer { .. }) {
            assert_eq!(client.get("/docs/small.txt"), answer(200, "small"), "the connection goes on: {why}");
        }
    }
    let mut client = Client::to(rig.address());
    for fine in [with(("te", "trailers")), with(("x", ""))] {
        let stream = client.request(&fine);
        assert_eq!(client.outcome(stream), answer(200, "small"));
    }
}

#[test]
fn rfc_9113_8_3_1_authority_and_host() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    for (authority, host, expected) in [
        (Some("test"), None, 200),
        (None, Some("test"), 200),
        (Some("test:80"), Some("test:80"), 200),
        (Some("test"), Some("TEST"), 200),
        (Some("test"), Some("other"), 400),
        (None, None, 400),
        (Some("user@test"), None, 400),
        (Some("te st"), None, 0),
        (None, Some("te/st"), 400),
    ] {
        let mut fields = vec![(":method", "GET"), (":scheme", "http"), (":path", "/docs/small.txt")];
        fields.extend(authority.map(|value| (":authority", value)));
        fields.extend(host.map(|value| ("host", value)));
        let stream = client.request(&fields);
        let outcome = client.outcome(stream);
        assert_eq!(status(&outcome), expected, "{authority:?} {host:?}: {outcome:?}");
    }
}

#[test]
fn rfc_9113_8_1_1_bodies() {
    let rig = Rig::plain();
    let post = [(":method", "POST"), (":scheme", "http"), (":authority", "test"), (":path", "/docs/")];
    let sized = |length: &'static str| [&post[..], &[("content-length", length)]].concat();
    let mut client = Client::to(rig.address());
    // Read, and refused as a method.
    let stream = client.begin(&sized("5"), END_HEADERS);
    client.send(DATA, END_STREAM, stream, b"hello");
    assert_eq!(status(&client.outcome(stream)), 405);
    // Told that it is too large before it is sent.
    let stream = client.begin(&sized("100000000"), END_HEADERS);
    assert_eq!(status(&client.outcome(stream)), 413);
    // Not as long as it was said to be.
    for (length, body) in [("6", "hello"), ("4", "hello"), ("x", "hello")] {
        let stream = client.begin(&sized(length), END_HEADERS);
        client.send(DATA, END_STREAM, stream, body.as_bytes());
        let outcome = client.outcome(stream);
        let refused = outcome == Outcome::Reset(PROTOCOL_ERROR) || status(&outcome) == 400;
        assert!(refused, "{length}: {outcome:?}");
    }
    // The connection went on through all of it.
    assert_eq!(client.get("/docs/small.txt"), answer(200, "small"));
}

#[test]
fn rfc_9113_6_5_2_field_sections_have_a_limit() {
    let rig = Rig::plain();
    let long = "a".repeat(10_000);
    let mut client = Client::to(rig.address());
    let stream = client.reserve();
    let fields = [&get("/docs/small.txt")[..], &[("a", &long), ("b", &long), ("c", &long), ("d", &long)]].concat();
    let bytes = block(&fields);
    let mut pieces = bytes.chunks(16_000).peekable();
    client.send(HEADERS, END_STREAM, stream, pieces.next().unwrap());
    while let Some(piece) = pieces.next() {
        let last = if pieces.peek().is_none() { END_HEADERS } else { 0 };
        client.send(CONTINUATION, last, stream, piece);
    }
    assert_eq!(status(&client.outcome(stream)), 431);
    assert_eq!(client.get("/docs/small.txt"), answer(200, "small"));
}

#[test]
fn rfc_9113_5_1_2_streams_have_a_limit() {
    let limits = Limits { streams: 3, ..Limits::default() };
    let rig = Rig::limited(limits);
    // No room for bodies, so that streams stay open.
    let mut client = Client::with_settings(rig.address(), &[(4, 0)]);
    let open: Vec<_> = (0..3).map(|_| client.request(&get("/docs/medium.txt"))).collect();
    for _ in &open {
        assert_eq!(client.receive_kind(HEADERS).unwrap().status(), 200);
    }
    let refused = client.request(&get("/docs/small.txt"));
    assert_eq!(client.outcome(refused), Outcome::Reset(REFUSED_STREAM));
    wait_until(|| rig.noted(Event::Streams) == 1);
    // One is given up, and there is room for another.
    client.send(RST_STREAM, 0, open[0], &CANCEL.to_be_bytes());
    let next = client.request(&get("/docs/empty.txt"));
    assert_eq!(client.outcome(next), answer(200, ""));
}

#[test]
fn streams_share_a_connection() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    let large = client.request(&get("/docs/large.txt"));
    // Its window is full, and others are answered all the same.
    for _ in 0..50 {
        assert_eq!(client.get("/docs/small.txt"), answer(200, "small"));
    }
    client.send(RST_STREAM, 0, large, &CANCEL.to_be_bytes());
    let mut client = Client::to(rig.address());
    let streams: Vec<_> = (0..20).map(|_| client.request(&get("/docs/medium.txt"))).collect();
    let mut bodies: BTreeMap<u32, usize> = BTreeMap::new();
    let mut ended = 0;
    while ended < streams.len() {
        let frame = client.receive().unwrap();
        if frame.kind == DATA {
            *bodies.entry(frame.stream).or_default() += frame.payload.len();
            if !frame.payload.is_empty() {
                let more = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
                client.send(WINDOW_UPDATE, 0, 0, &more);
                client.send(WINDOW_UPDATE, 0, frame.stream, &more);
            }
            ended += usize::from(frame.flags & END_STREAM != 0);
        }
    }
    assert!(streams.iter().all(|stream| bodies[stream] == 200_000), "{bodies:?}");
}

#[test]
fn every_stream_is_counted_for_itself() {
    let rig = Rig::plain();
    let mut client = Client::to(rig.address());
    let streams: Vec<_> =
        (0..30).map(|n| client.request(&get(["/docs/medium.txt", "/docs/small.txt", "/docs/nope"][n % 3]))).collect();
    for stream in streams.into_iter().rev() {
        // What of others comes meanwhile is read and dropped.
        let _ = stream;
    }
    let mut ended = 0;
    while ended < 30 {
        let frame = client.receive().unwrap();
        if frame.kind == DATA && !frame.payload.is_empty() {
            let more = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
            client.send(WINDOW_UPDATE, 0, 0, &more);
            client.send(WINDOW_UPDATE, 0, frame.stream, &more);
        }
        ended += usize::from(matches!(frame.kind, HEADERS | DATA) && frame.flags & END_STREAM != 0);
    }
    drop(client);
    wait_until(|| rig.open() == 0);
    let report = rig.report();
    let docs = &report.sites.iter().find(|site| site.site == "docs").unwrap().traffic;
    assert_eq!((docs.requests, docs.statuses.successful, docs.statuses.client_error), (30, 20, 10));
    // Bodies are what is counted: the pages of the errors are on top.
    assert!(docs.bytes >= 10 * 200_000 + 10 * 5 && docs.bytes < 10 * 200_000 + 20_000, "{}", docs.bytes);
    assert!(docs.latency_ns.p50 > 0);
}

#[test]
fn rfc_9113_6_8_stopping_finishes_what_is_in_flight() {
    let mut rig = Rig::plain();
    let (mut busy, mut idle, mut fresh) =
        (Client::to(rig.address()), Client::to(rig.address()), Client::silent(rig.address()));
    assert_eq!(idle.get("/docs/small.txt"), answer(200, "small"));
    let stream = busy.request(&get("/docs/large.txt"));
    assert_eq!(busy.receive_kind(HEADERS).unwrap().status(), 200);
    rig.stopper.go_to(Phase::Draining);
    let goaway = busy.receive_kind(GOAWAY).unwrap();
    assert_eq!(goaway.code(4), NO_ERROR);
    // The first window is read.
    for of in [0, stream] {
        busy.send(WINDOW_UPDATE, 0, of, &65_535_u32.to_be_bytes());
    }
    let Outcome::Answer { body, .. } = busy.outcome(stream) else { panic!("cut off") };
    assert!(body.len() > LARGE - (1 << 20), "{}", body.len());
    assert!(matches!(busy.ended(), None | Some(NO_ERROR)));
    // Answers the ping by which the server learns that its word has come.
    assert!(matches!(idle.outcome(99), Outcome::Closed));
    let _ = fresh.ended();
    rig.stop();
}

#[test]
fn a_connection_that_had_its_share_is_asked_to_come_again() {
    let rig = Rig::limited(Limits { requests: 5, ..Limits::default() });
    let mut client = Client::to(rig.address());
    for _ in 0..5 {
        assert_eq!(client.get("/docs/small.txt"), answer(200, "small"));
    }
    assert!(matches!(client.outcome(99), Outcome::Closed));
    assert_eq!(rig.noted(Event::Requests), 1);
}

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
    let rig = Rig::limited(impatient());
    // Before the first request, and after the last.
    Client::to(rig.address()).ended();
    assert_eq!(rig.noted(Event::HeaderTimeout), 1);
    let mut idle = Client::to(rig.address());
    assert_eq!(idle.get("/docs/small.txt"), answer(200, "small"));
    idle.ended();
    assert_eq!(rig.noted(Event::IdleTimeout), 1);
    // Pings do not keep a connection open.
    let mut pinging = Client::to(rig.address());
    assert_eq!(pinging.get("/docs/small.txt"), answer(200, "small"));
    while pinging.stream.write_all(&frame(PING, 0, 0, &[0; 8])).is_ok() {
        std::thread::yield_now();
    }
    // A head that never ends.
    let mut half = Client::to(rig.address());
    half.begin(&get("/docs/small.txt"), END_STREAM);
    half.ended();
    assert_eq!(rig.noted(Event::HeaderTimeout), 2);
    // A body that never comes: the stream ends, the connection does not.
    let mut body = Client::to(rig.address());
    let stream = body.begin(&[&get("/docs/")[..], &[("content-length", "5")]].concat(), END_HEADERS);
    assert_eq!(body.outcome(stream), Outcome::Reset(CANCEL));
    assert_eq!(rig.noted(Event::BodyTimeout), 1);
    assert_eq!(body.get("/docs/small.txt"), answer(200, "small"));
}

#[test]
fn a_client_that_never_opens_its_window_is_let_go() {
    let rig = Rig::limited(impatient());
    let mut client = Client::with_settings(rig.address(), &[(4, 0)]);
    let stalled = client.request(&get("/docs/medium.txt"));
    assert_eq!(client.receive_kind(HEADERS).unwrap().status(), 200);
    assert_eq!(client.outcome(stalled), Outcome::Reset(CANCEL));
    assert_eq!(rig.noted(Event::WriteTimeout), 1);
    client.ended();
    wait_until(|| rig.open() == 0);
}
