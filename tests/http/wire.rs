//! RFC 9112: HTTP/1.1 on the wire. What one parser takes for one request and another for two is how requests are
//! smuggled, so whatever is not plain is refused, and the connection ends with the refusal.
//!
//! hyper parses, and refuses some of it before we are asked. Those answers have no body, and where their status is not
//! the one the RFC names, the table says so.

use crate::{IMMUTABLE, SERVER, client::request, status_of};

/// The plain request that follows each message. Its answer shows that the connection was kept.
const PROBE: &str = "GET /docs/plain.bin HTTP/1.1\r\nHost: a\r\n\r\n";

/// The statuses of all answers to a message and the plain request behind it. The last of them is the end of the
/// connection.
#[track_caller]
fn answers(message: impl AsRef<[u8]>) -> Vec<u16> {
    let mut connection = SERVER.connect();
    connection.send([message.as_ref(), PROBE.as_bytes()].concat());
    connection.stream.shutdown(std::net::Shutdown::Write).unwrap();
    std::iter::from_fn(|| connection.receive("GET")).map(|reply| reply.status).collect()
}

/// Each message is answered with its status, and the connection serves the next request when `kept`.
#[track_caller]
fn check<const N: usize>(kept: bool, table: [(u16, &str, &str); N]) {
    for (status, message, why) in table {
        let expected = if kept { vec![status, 200] } else { vec![status] };
        assert_eq!(answers(message), expected, "{why}: {message:?}");
    }
}

/// As `check`, of requests that differ in their fields.
#[track_caller]
fn check_fields<const N: usize>(kept: bool, table: [(u16, &str, &str); N]) {
    for (status, fields, why) in table {
        check(kept, [(status, &format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{fields}\r\n"), why)]);
    }
}

#[test]
fn rfc_9112_2_2_message_format() {
    check(
        true,
        [
            (200, "GET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "as it should be"),
            (200, "\r\nGET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "an empty line before the request line"),
            (200, "\r\n\r\n\r\nGET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "several"),
            (200, "GET /docs/ HTTP/1.1\nHost: a\n\n", "a single LF may end a line"),
            (200, "GET /docs/ HTTP/1.1\r\nHost: a\n\r\n", "either may"),
        ],
    );
    check(
        false,
        [
            (400, "GET /docs/ HTTP/1.1\r\n Host: a\r\n\r\n", "space before the first field"),
            (400, "GET /docs/ HTTP/1.1\r\n\tHost: a\r\n\r\n", "a tab before the first field"),
            (400, "GET /docs/ HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "a line of space before the first field"),
            (400, "GET /docs/ HTTP/1.1\rHost: a\r\n\r\n", "a bare CR ends no request line"),
            (400, "GET /docs/ HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "nor a field"),
            (400, "GET /docs/ HTTP/1.1\r\nHost: a\rb\r\n\r\n", "a bare CR in a value"),
            (400, "GET /docs/ HTTP/1.1\r\nHost: a\r\nX\r: b\r\n\r\n", "in a name"),
            (400, "GET /docs/ HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n", "before a name"),
            (400, "GET /do\rcs/ HTTP/1.1\r\nHost: a\r\n\r\n", "in the target"),
            (400, "\rGET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "before the request line"),
            (400, "GET /docs/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "a NUL"),
            (400, " GET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "space before the request line"),
            (400, "\u{feff}GET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a byte order mark"),
        ],
    );
}

#[test]
fn rfc_9112_3_the_request_line() {
    check(
        false,
        [
            (400, "GET /docs/\r\n\r\n", "no version"),
            (400, "GET /docs/ HTTP/1.1 x\r\nHost: a\r\n\r\n", "more than three words"),
            (400, "GET  /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "two spaces after the method"),
            (400, "GET /docs/  HTTP/1.1\r\nHost: a\r\n\r\n", "two spaces before the version"),
            (400, "GET\t/docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a tab after the method"),
            (400, "GET /do cs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a space in the target"),
            (400, "G(T /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a method that is no token"),
            (400, "GET /docs/ http/1.1\r\nHost: a\r\n\r\n", "the version's letters are capitals"),
            (400, "GET /docs/ HTTP/01.1\r\nHost: a\r\n\r\n", "its numbers have one digit"),
            (400, "GET /docs/ HTTP/0.9\r\nHost: a\r\n\r\n", "no version of ours"),
            // RFC 9110 §15.6.6 has 505 for these, and §2.5 would take 1.2 for 1.1: hyper knows 1.0 and 1.1 only.
            (400, "GET /docs/ HTTP/1.2\r\nHost: a\r\n\r\n", "a minor version to come"),
            (400, "GET /docs/ HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/2 is not spoken like this"),
            (400, "GET /docs/ HTTP/3.7\r\nHost: a\r\n\r\n", "an unknown version"),
            (400, "NONSENSE\r\n\r\n", "no request at all"),
            (400, "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03", "TLS where none is spoken"),
        ],
    );
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
        ("Host: a:b\r\n", 400),
        ("Host: a:123456\r\n", 400),
        ("Host: [::1\r\n", 400),
        ("Host: \u{e4}\r\n", 400),
    ] {
        assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\n{fields}\r\n")), expected, "{fields:?}");
    }
    assert_eq!(status_of("GET /docs/ HTTP/1.0\r\n\r\n"), 200);
}

#[test]
fn rfc_9112_3_2_forms_of_the_target() {
    for (target, expected) in [
        // §3.2.2
        ("http://a/docs/", 200),
        ("HTTP://a/docs/", 200),
        ("https://a:443/docs/?q", 200),
        ("http://a", 200),
        ("http://u:p@a/docs/", 400),
        ("ftp://a/docs/", 400),
        ("http:///docs/", 400),
        // §3.2.3 is for CONNECT, §3.2.4 for OPTIONS.
        ("a:80", 400),
        ("*", 400),
        ("docs/", 400),
        // RFC 3986 §3.5: a fragment is never sent. hyper takes it away.
        ("/docs/#top", 200),
    ] {
        assert_eq!(status_of(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")), expected, "{target}");
    }
    for (message, expected) in [
        ("GET http://a/docs/ HTTP/1.1\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 405),
        ("CONNECT /docs/ HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ] {
        assert_eq!(status_of(message), expected, "{message:?}");
    }
}

#[test]
fn rfc_9112_5_fields() {
    check_fields(
        false,
        [
            (400, "X : a\r\n", "§5.1 space before the colon"),
            (400, "X\t: a\r\n", "§5.1 a tab before the colon"),
            (400, "X\r\n", "no colon"),
            (400, ": a\r\n", "no name"),
            (400, "(X): a\r\n", "no token"),
            (400, "X: a\r\n b\r\n", "§5.2 a folded line"),
            (400, "X: a\r\n\tb\r\n", "§5.2 folded with a tab"),
            (400, "X:\r\n a\r\n", "§5.2 folded before the value"),
            (400, "X: a\x7fb\r\n", "RFC 9110 §5.5 a control character"),
        ],
    );
    check_fields(
        true,
        [
            (200, "X:a\r\n", "no space after the colon"),
            (200, "X:  \t a \t \r\n", "much of it, on both sides"),
            (200, "X:\r\n", "no value"),
            (200, "X: \u{e4}\r\n", "RFC 9110 §5.5 obs-text"),
            (200, "!#$%&'*+-.^_`|~09azAZ: a\r\n", "RFC 9110 §5.6.2 every character of a token"),
        ],
    );
}

#[test]
fn rfc_9112_6_1_transfer_codings() {
    check_fields(
        false,
        [
            (400, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "both: who frames it?"),
            (400, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "in the other order"),
            (400, "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "even of nothing"),
            (400, "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", "hidden by a folded line"),
            (400, "Content-Length: 5\r\nTransfer-Encoding: \x0bchunked\r\n", "by a control character"),
            (400, "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", "by a space"),
            (501, "Transfer-Encoding: gzip, chunked\r\n", "a coding we do not know"),
            (501, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "on a line of its own"),
            (501, "Transfer-Encoding: identity, chunked\r\n", "one that is no more"),
            (400, "Transfer-Encoding: chunked, chunked\r\n", "§7.1 chunked twice"),
            (400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "§7.1 on two lines"),
            // §6.3: where chunked is not the last the length cannot be known, and that is 400 before it is 501.
            (400, "Transfer-Encoding: gzip\r\n", "chunked is not there"),
            (400, "Transfer-Encoding: chunked, gzip\r\n", "chunked is not the last"),
            (400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "not on the last line"),
            (400, "Transfer-Encoding: xchunked\r\n", "almost"),
            (400, "Transfer-Encoding: chunked;q=1\r\n", "with a parameter it does not have"),
            (400, "Transfer-Encoding: \"chunked\"\r\n", "in quotes"),
            (400, "Transfer-Encoding:\r\n", "nothing"),
            // RFC 9110 §9.3.1: hyper hides whether a length came beside it, so no GET may have a coding.
            (400, "Transfer-Encoding: chunked\r\n", "GET has no use for it"),
        ],
    );
    check(
        false,
        [
            (400, "GET /docs/ HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.0 has none"),
            (
                405,
                "POST /docs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "both",
            ),
            (
                405,
                "POST /docs/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                "both",
            ),
        ],
    );
    check(true, [(405, "POST /docs/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChunKed\r\n\r\n0\r\n\r\n", "any case")]);
}

#[test]
fn rfc_9112_6_3_lengths() {
    check_fields(
        false,
        [
            (400, "Content-Length: -1\r\n", "negative"),
            (400, "Content-Length: +1\r\n", "with a sign"),
            (400, "Content-Length: 0x1\r\n", "hexadecimal"),
            (400, "Content-Length: 1.0\r\n", "a fraction"),
            (400, "Content-Length: 1 1\r\n", "two numbers"),
            (400, "Content-Length:\r\n", "none"),
            (400, "Content-Length: 99999999999999999999999999\r\n", "more than there is"),
            (400, "Content-Length: 18446744073709551616\r\n", "one more than 64 bits hold"),
            (400, "Content-Length: 1\r\nContent-Length: 2\r\n", "two that differ"),
            (400, "Content-Length: 1\r\nContent-Length: -1\r\n", "one of them wrong"),
            (400, "Content-Length: 1, 2\r\n", "a list"),
            (400, "Content-Length: 1, 1\r\n", "a list of equal ones"),
            (413, "Content-Length: 100000\r\n", "RFC 9110 §15.5.14 more than we read"),
        ],
    );
    check_fields(
        true,
        [
            (200, "Content-Length: 0\r\n", "none at all"),
            (200, "Content-Length: 000000000000000000000000000\r\n", "with zeros before it"),
        ],
    );
    check(
        true,
        [
            (200, "GET /docs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxx", "a small body is read"),
            // §6.3 allows it; hyper has made one of them before we see it.
            (
                200,
                "GET /docs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nxx",
                "twice the same",
            ),
        ],
    );
}

#[test]
fn a_request_in_the_body_of_another_is_never_answered() {
    let hidden = "GET /docs/style.0a1b2c3d.css HTTP/1.1\r\nHost: a\r\n\r\n";
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
        "Content-Length: 1000000\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 55\r\n\r\n",
        "Expect: something\r\nContent-Length: 55\r\n\r\n",
    ] {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "BREW"] {
            let mut connection = SERVER.connect();
            connection.send(format!("{method} /docs/ HTTP/1.1\r\nHost: a\r\n{head}{hidden}"));
            let reply = connection.receive(method).unwrap();
            assert!(reply.field("cache-control") != Some(IMMUTABLE), "{method} {head:?}");
            assert!(connection.is_closed(), "{method} {head:?}");
        }
    }
}

#[test]
fn rfc_9112_7_1_chunked_bodies() {
    let chunked =
        |body: &str| answers(format!("POST /docs/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    let many = |line: &str, times| line.repeat(times);
    for (body, why) in [
        ("0\r\n\r\n".to_owned(), "nothing"),
        ("5\r\nhello\r\n0\r\n\r\n".to_owned(), "one chunk"),
        ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n".to_owned(), "two"),
        ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n".to_owned(), "digits of either case"),
        ("00005\r\nhello\r\n000\r\n\r\n".to_owned(), "with zeros before it"),
        ("5;ext=1\r\nhello\r\n0\r\n\r\n".to_owned(), "§7.1.1 an extension"),
        ("5;a;b=\"c\"\r\nhello\r\n0;d\r\n\r\n".to_owned(), "§7.1.1 several"),
        ("0\r\nTrailer: x\r\n\r\n".to_owned(), "§7.1.2 a trailer"),
        ("0\r\nContent-Length: 50\r\nHost: b\r\n\r\n".to_owned(), "§6.5.1 one that frames nothing any more"),
    ] {
        assert_eq!(chunked(&body), [405, 200], "{why}: {body:?}");
    }
    for (body, why) in [
        ("fffffffffffffffff\r\nhello\r\n0\r\n\r\n".to_owned(), "more than 64 bits"),
        ("10000000000000005\r\nhello\r\n0\r\n\r\n".to_owned(), "5, if bits were lost"),
        ("x\r\nhello\r\n0\r\n\r\n".to_owned(), "no number"),
        ("-5\r\nhello\r\n0\r\n\r\n".to_owned(), "a sign"),
        ("0x5\r\nhello\r\n0\r\n\r\n".to_owned(), "a prefix"),
        ("\r\nhello\r\n0\r\n\r\n".to_owned(), "no size"),
        ("5\r\nhello!\r\n0\r\n\r\n".to_owned(), "more than it says"),
        ("5\r\nhello0\r\n\r\n".to_owned(), "no end of the chunk"),
        ("5\nhello\n0\n\n".to_owned(), "LF alone"),
        ("5\rhello\r\n0\r\n\r\n".to_owned(), "CR alone"),
        (format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000)), "an extension without end"),
        (format!("{}0\r\n\r\n", many(&format!("1;{}\r\na\r\n", "x".repeat(100)), 500)), "many of them"),
        (format!("0\r\n{}\r\n", many("X: a\r\n", 2_000)), "trailers without end"),
        (format!("0\r\nX: {}\r\n\r\n", "a".repeat(100_000)), "a trailer without end"),
        ("0\r\nX : a\r\n\r\n".to_owned(), "no field"),
    ] {
        assert_eq!(chunked(&body), [400], "{why}");
    }
    let long = format!("{}0\r\n\r\n", many(&format!("4000\r\n{}\r\n", "x".repeat(0x4000)), 6));
    assert_eq!(chunked(&long), [413]);
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
    for value in ["close", "Close", "x, close", "keep-alive, close"] {
        let mut connection = SERVER.connect();
        let reply = connection.ask("GET", "/docs/", &[("Connection", value)]);
        assert_eq!((reply.status, reply.field("connection")), (200, Some("close")), "{value}");
        assert!(connection.is_closed(), "{value}");
    }
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
fn a_request_may_come_byte_by_byte() {
    let mut connection = SERVER.connect();
    connection.stream.set_nodelay(true).unwrap();
    for byte in request("GET", "/docs/plain.bin", &[("Range", "bytes=2-4")]).as_bytes() {
        connection.send([*byte]);
    }
    assert_eq!(connection.receive("GET").unwrap().text(), "234");
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

#[test]
fn every_refusal_says_when_it_was_made_and_that_the_connection_ends() {
    for message in [
        "NONSENSE\r\n\r\n",
        "GET /docs/ HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n",
        "GET /docs/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "GET /docs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
        &format!("GET /docs/ HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(60_000)),
    ] {
        let mut connection = SERVER.connect();
        connection.send(message);
        let reply = connection.receive("GET").unwrap();
        assert!(reply.status >= 400 && reply.field("date").is_some(), "{reply:?}");
        assert_eq!(reply.field("connection"), Some("close"), "{reply:?}");
    }
}
