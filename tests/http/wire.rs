//! RFC 9112: HTTP/1.1 on the wire. What one parser takes for one request and another for two is how requests are
//! smuggled, so whatever is not plain is refused.

use crate::{SERVER, client::request, status_of};

#[test]
fn rfc_9112_2_2_message_format() {
    assert_eq!(status_of("\r\n\r\nGET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    for (raw, why) in [
        ("GET /docs/ HTTP/1.1\r\n Host: a\r\n\r\n", "space before the first field"),
        ("GET /docs/ HTTP/1.1\r\nHost: a\rb\r\n\r\n", "a bare CR"),
        ("GET /docs/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "a NUL"),
        ("GET /docs/\r\n\r\n", "no version"),
        ("GET /docs/ HTTP/3.7\r\nHost: a\r\n\r\n", "an unknown version"),
        ("GET /do cs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a space in the target"),
        ("GET\t/docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a tab after the method"),
    ] {
        assert_eq!(status_of(raw), 400, "{why}");
    }
}

#[test]
fn rfc_9112_3_2_host() {
    for (fields, expected) in [
        ("Host: a\r\n", 200),
        ("hOsT: a:80\r\n", 200),
        ("Host: [::1]:8080\r\n", 200),
        ("Host:\r\n", 200),
        ("", 400),
        ("Host: a\r\nHost: a\r\n", 400),
        ("Host: a\r\nHost: b\r\n", 400),
        ("Host: a/b\r\n", 400),
        ("Host: a@b\r\n", 400),
        ("Host: a b\r\n", 400),
        ("Host: a, b\r\n", 400),
    ] {
        assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\n{fields}\r\n")), expected, "{fields:?}");
    }
    assert_eq!(status_of("GET /docs/ HTTP/1.0\r\n\r\n"), 200);
}

#[test]
fn rfc_9112_3_2_forms_of_the_target() {
    for (target, expected) in [
        ("http://a/docs/", 200),
        ("HTTP://a/docs/", 200),
        ("https://a:443/docs/?q", 200),
        ("http://a", 200),
        ("http://u:p@a/docs/", 400),
        ("ftp://a/docs/", 400),
        ("a:80", 400),
        ("*", 400),
        ("docs/", 400),
    ] {
        assert_eq!(status_of(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")), expected, "{target}");
    }
    assert_eq!(status_of("GET http://a/docs/ HTTP/1.1\r\n\r\n"), 400);
}

#[test]
fn rfc_9112_5_fields() {
    for (field, why) in [
        ("X : a", "space before the colon"),
        ("X", "no colon"),
        (": a", "no name"),
        ("X: a\r\n b", "a folded line"),
        ("(X): a", "no token"),
    ] {
        assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n")), 400, "{why}");
    }
}

#[test]
fn rfc_9112_6_3_lengths() {
    for fields in [
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 1\r\nContent-Length: 2",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
    ] {
        let status = status_of(format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\nx"));
        assert_eq!(status, 400, "{fields:?}");
    }
    // Which of the two frames the body is what request smuggling is about: whatever the answer, the connection ends.
    let mut connection = SERVER.connect();
    connection.send(
        "GET /docs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
         GET /docs/smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert!(connection.receive("GET").is_some());
    assert!(connection.receive("GET").is_none());
}

#[test]
fn rfc_9112_7_1_chunked_bodies() {
    let chunked = |body: &str| {
        let mut connection = SERVER.connect();
        connection.send(request("POST", "/docs/", &[("Transfer-Encoding", "chunked")]));
        connection.send(body);
        let first = connection.receive("POST").map_or(0, |reply| reply.status);
        connection.send(request("GET", "/docs/plain.bin", &[]));
        (first, connection.receive("GET").map_or(0, |reply| reply.status))
    };
    assert_eq!(chunked("0\r\n\r\n"), (405, 200));
    assert_eq!(chunked("5\r\nhello\r\n0\r\n\r\n"), (405, 200));
    assert_eq!(chunked("5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"), (405, 200));
    assert_eq!(chunked("fffffffffffffffff\r\nhello\r\n0\r\n\r\n").0, 400);
    assert_eq!(chunked("x\r\nhello\r\n0\r\n\r\n").0, 400);
}

#[test]
fn rfc_9112_9_3_persistent_connections() {
    let mut connection = SERVER.connect();
    for _ in 0..3 {
        assert_eq!(connection.ask("GET", "/docs/", &[]).status, 200);
        assert_eq!(connection.ask("GET", "/docs/nope", &[]).status, 404);
        // A small body is read, and what follows it is the next request.
        connection.send(request("POST", "/docs/", &[("Content-Length", "5")]));
        connection.send("hello");
        assert_eq!(connection.receive("POST").unwrap().status, 405);
    }
    let reply = connection.ask("GET", "/docs/", &[("Connection", "close")]);
    assert_eq!((reply.status, reply.field("connection")), (200, Some("close")));
    assert!(connection.is_closed());

    let mut old = SERVER.connect();
    old.send("GET /docs/plain.bin HTTP/1.0\r\n\r\n");
    assert_eq!(old.receive("GET").unwrap().status, 200);
    assert!(old.is_closed());
    let mut old = SERVER.connect();
    for _ in 0..2 {
        old.send("GET /docs/plain.bin HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(old.receive("GET").unwrap().field("connection"), Some("keep-alive"));
    }
}

#[test]
fn rfc_9112_9_3_2_pipelined_answers_come_in_order() {
    let targets = ["/docs/plain.bin", "/docs/nope", "/docs/guide", "/docs/dated.txt", "/docs/%00"];
    let mut connection = SERVER.connect();
    connection.send(targets.iter().cycle().take(50).map(|target| request("GET", target, &[])).collect::<String>());
    for expected in [200, 404, 308, 200, 400].iter().cycle().take(50) {
        assert_eq!(connection.receive("GET").unwrap().status, *expected);
    }
}

#[test]
fn rfc_9112_9_6_a_client_that_has_nothing_more_to_say_gets_its_answer() {
    let mut connection = SERVER.connect();
    connection.send(request("GET", "/docs/long.bin", &[]));
    connection.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(connection.receive("GET").unwrap().body.len(), 100_000);
    assert!(connection.is_closed());
}

#[test]
fn rfc_9112_9_6_an_error_reaches_a_client_that_is_still_sending() {
    let mut connection = SERVER.connect();
    connection.send("NONSENSE\r\n\r\n");
    connection.send("x".repeat(100_000));
    assert_eq!(connection.receive("GET").unwrap().status, 400);
    assert!(connection.is_closed());
}
