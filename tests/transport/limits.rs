//! Each limit on connections and requests is reached, says so in its counter, and harms no one else.

use std::time::Duration;

use sitekit::{
    observe::Event,
    serve::{Limits, Listening, Settings},
};

use crate::{
    client::wait_until,
    frames::{Client, Outcome, get},
    rig::{Rig, tcp},
};

#[test]
fn connections_per_address() {
    let rig = Rig::limited(Limits { connections_per_address: 2, ..Limits::default() });
    let mut held = [rig.connect(), rig.connect()];
    for connection in &mut held {
        assert_eq!(connection.ask("GET", "/docs/small.txt", &[]).status, 200);
    }
    let mut refused = rig.connect();
    let reply = refused.receive("GET").unwrap();
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")));
    assert!(refused.is_closed());
    assert_eq!(rig.noted(Event::ConnectionsPerAddress), 1);
    drop(held);
    wait_until(|| rig.open() == 0);
    assert_eq!(rig.connect().ask("GET", "/docs/small.txt", &[]).status, 200);
}

#[test]
fn trusted_proxies_may_have_more_connections() {
    let settings = Settings {
        limits: Limits { connections_per_address: 1, ..Limits::default() },
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    };
    let rig = Rig::with(settings, vec![Listening::plain(tcp())]);
    let mut held = [rig.connect(), rig.connect(), rig.connect()];
    for connection in &mut held {
        assert_eq!(connection.ask("GET", "/docs/small.txt", &[]).status, 200);
    }
    assert_eq!(rig.noted(Event::ConnectionsPerAddress), 0);
}

#[test]
fn requests_per_connection() {
    let rig = Rig::limited(Limits { requests: 3, ..Limits::default() });
    let mut connection = rig.connect();
    for expected in [None, None, Some("close")] {
        let reply = connection.ask("GET", "/docs/small.txt", &[]);
        assert_eq!((reply.status, reply.text(), reply.field("connection")), (200, "small", expected));
    }
    assert!(connection.is_closed());
    assert_eq!(rig.noted(Event::Requests), 1);
}

#[test]
fn fields() {
    let rig = Rig::limited(Limits { fields: 10, ..Limits::default() });
    let names: Vec<String> = (0..9).map(|n| format!("x-{n}")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a")).collect();
    assert_eq!(rig.connect().ask("GET", "/docs/small.txt", &fields).status, 200);
    let many = [&fields[..], &[("y", "a")]].concat();
    let mut connection = rig.connect();
    assert_eq!(connection.ask("GET", "/docs/small.txt", &many).status, 431);
    assert!(connection.is_closed());
    assert_eq!(rig.noted(Event::HeadBytes), 1);
    let mut client = Client::to(rig.address());
    let stream = client.request(&[&get("/docs/small.txt")[..], &many, &[("z", "a")]].concat());
    assert!(matches!(client.outcome(stream), Outcome::Answer { status: 431, .. }));
    assert_eq!(rig.noted(Event::HeadBytes), 2);
}

#[test]
fn a_request_that_takes_too_long_at_whatever_pace() {
    let rig = Rig::limited(Limits { request_timeout: Duration::from_secs(1), ..Limits::default() });
    let mut reader = rig.connect();
    reader.send(crate::client::request("GET", "/docs/large.txt", &[]));
    // It reads all the time, and much more than a stalled client would, but not all of it.
    let mut read = 0;
    let mut piece = [0; 4096];
    loop {
        match std::io::Read::read(&mut reader.reader, &mut piece) {
            Ok(0) | Err(_) => break,
            Ok(more) => read += more,
        }
        if rig.noted(Event::RequestTimeout) == 0 {
            std::thread::yield_now();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(read > 100_000 && read < crate::rig::LARGE, "{read}");
    assert_eq!(rig.noted(Event::RequestTimeout), 1);
    // A stream of HTTP/2 ends, and the connection goes on.
    let mut client = Client::with_settings(rig.address(), &[(4, 0)]);
    let stream = client.request(&get("/docs/medium.txt"));
    assert_eq!(client.outcome(stream), Outcome::Reset(crate::frames::CANCEL));
    assert_eq!(rig.noted(Event::RequestTimeout), 2);
    let stream = client.request(&get("/docs/empty.txt"));
    assert!(matches!(client.outcome(stream), Outcome::Answer { status: 200, .. }));
}
