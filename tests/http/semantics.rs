//! RFC 9110: what a request means and what its answer says, section by section.

use std::{fmt::Write as _, time::Duration};

use crate::{AFTER, BEFORE, DATE, IMMUTABLE, SERVER, etag, get, long, status_of};

#[test]
fn rfc_9110_6_6_1_date() {
    for target in ["/docs/", "/docs/nope", "/docs", "/docs/%00"] {
        let reply = get(target, &[]);
        let date = httpdate::parse_http_date(reply.field("date").expect(target)).unwrap();
        assert!(date.elapsed().unwrap() < Duration::from_mins(1), "{target}");
    }
}

#[test]
fn rfc_9110_8_3_media_types_and_what_else_the_build_decided() {
    for (target, name, value) in [
        ("/docs/", "content-type", "text/html; charset=utf-8"),
        ("/docs/", "x-content-type-options", "nosniff"),
        ("/docs/", "cache-control", "no-cache"),
        ("/docs/style.0a1b2c3d.css", "cache-control", IMMUTABLE),
        ("/docs/report.pdf", "content-disposition", "attachment; filename=\"report.pdf\""),
        ("/docs/old/", "location", "/docs/guide/"),
        ("/docs/dated.txt", "last-modified", DATE),
    ] {
        assert_eq!(get(target, &[]).field(name), Some(value), "{target}");
    }
    assert_eq!(get("/docs/", &[]).field("last-modified"), None);
    for error in ["/docs/%00", "/nowhere"] {
        let reply = get(error, &[]);
        assert_eq!(reply.field("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.field("content-type"), Some("text/html; charset=utf-8"));
    }
}

#[test]
fn rfc_9110_8_6_content_length() {
    assert_eq!(get("/docs/empty.txt", &[]).field("content-length"), Some("0"));
    let no_content = SERVER.connect().ask("OPTIONS", "/docs/", &[]);
    assert_eq!((no_content.status, no_content.field("content-length")), (204, None));
}

#[test]
fn rfc_9110_8_8_3_3_each_coding_has_its_own_strong_tag() {
    let tags = ["identity", "gzip", "br", "zstd"].map(|coding| etag("/docs/", coding));
    for (at, tag) in tags.iter().enumerate() {
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert!(!tags[..at].contains(tag), "{tag} twice");
    }
}

#[test]
fn rfc_9110_9_1_and_15_5_6_methods() {
    for (method, expected, allow) in [
        ("POST", 405, Some("GET, HEAD, OPTIONS")),
        ("PUT", 405, Some("GET, HEAD, OPTIONS")),
        ("DELETE", 405, Some("GET, HEAD, OPTIONS")),
        ("PATCH", 405, Some("GET, HEAD, OPTIONS")),
        ("TRACE", 405, Some("GET, HEAD, OPTIONS")),
        ("BREW", 501, None),
        ("get", 501, None),
    ] {
        let reply = SERVER.connect().ask(method, "/docs/", &[]);
        assert_eq!((reply.status, reply.field("allow")), (expected, allow), "{method}");
    }
    assert_eq!(status_of("CONNECT test:443 HTTP/1.1\r\nHost: test:443\r\n\r\n"), 405);
}

#[test]
fn rfc_9110_9_3_2_head_is_get_without_a_body() {
    for target in
        ["/docs/", "/docs/plain.bin", "/docs/empty.txt", "/docs/nope", "/docs/guide", "/docs/%00", "/docs/gone/", "/"]
    {
        for coding in ["identity", "gzip"] {
            let mut connection = SERVER.connect();
            let mut head = connection.ask("HEAD", target, &[("Accept-Encoding", coding)]);
            // On the same connection: a body would be taken for the next answer's head.
            let mut get = connection.ask("GET", target, &[("Accept-Encoding", coding)]);
            get.body.clear();
            for reply in [&mut head, &mut get] {
                reply.fields.retain(|(name, _)| name != "date");
                reply.fields.sort();
            }
            assert_eq!(head, get, "{target} {coding}");
        }
    }
}

#[test]
fn rfc_9110_9_3_7_options() {
    for (target, expected) in [("*", 204), ("/docs/", 204), ("/docs/plain.bin", 204), ("/docs/nope", 404)] {
        let reply = SERVER.connect().ask("OPTIONS", target, &[]);
        assert_eq!(reply.status, expected, "{target}");
        if expected == 204 {
            assert_eq!(reply.field("allow"), Some("GET, HEAD, OPTIONS"), "{target}");
        }
    }
}

#[test]
fn rfc_9110_10_1_1_expect() {
    let mut connection = SERVER.connect();
    let reply = connection.ask("GET", "/docs/", &[("Expect", "100-continue")]);
    assert_eq!(reply.status, 200);
    assert_eq!(connection.ask("GET", "/docs/", &[("Expect", "200-ok")]).status, 417);
    // The final answer comes at once, and the body is not asked for.
    let mut connection = SERVER.connect();
    let reply = connection.ask("POST", "/docs/", &[("Expect", "100-continue"), ("Content-Length", "5")]);
    assert_eq!(reply.status, 405);
    assert!(connection.is_closed());
    // §15.2: HTTP/1.0 knows no 100, and what it expects is ignored.
    let mut old = SERVER.connect();
    old.send("GET /docs/ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nxx");
    assert_eq!(old.receive("GET").unwrap().status, 200);
    assert!(old.is_closed());
}

#[test]
fn rfc_9110_12_5_3_accept_encoding() {
    for (field, coding) in [
        (None, None),
        (Some(""), None),
        (Some("identity"), None),
        (Some("gzip"), Some("gzip")),
        (Some("x-gzip"), Some("gzip")),
        (Some("gzip, deflate, br, zstd"), Some("br")),
        (Some("br;q=0.1, gzip;q=0.2"), Some("gzip")),
        (Some("*"), Some("br")),
        (Some("*;q=0, gzip"), Some("gzip")),
        (Some("gzip;q=0"), None),
    ] {
        let fields: Vec<_> = field.map(|value| ("Accept-Encoding", value)).into_iter().collect();
        let reply = get("/docs/", &fields);
        assert_eq!((reply.status, reply.field("content-encoding")), (200, coding), "{field:?}");
        assert_eq!(reply.field("vary"), Some("Accept-Encoding"), "{field:?}");
    }
    let several = get("/docs/", &[("Accept-Encoding", "br;q=0"), ("Accept-Encoding", "gzip")]);
    assert_eq!(several.field("content-encoding"), Some("gzip"));
}

#[test]
fn rfc_9110_12_5_3_nothing_acceptable() {
    for (target, field, expected) in [
        ("/docs/", "identity;q=0, gzip;q=0, br;q=0, zstd;q=0", 406),
        ("/docs/", "*;q=0", 406),
        ("/docs/plain.bin", "identity;q=0", 406),
        ("/docs/plain.bin", "*;q=0", 406),
        ("/docs/", "identity;q=0, gzip", 200),
        ("/docs/plain.bin", "gzip", 200),
    ] {
        let reply = get(target, &[("Accept-Encoding", field)]);
        assert_eq!(reply.status, expected, "{target} {field}");
        let negotiated = (target == "/docs/").then_some("Accept-Encoding");
        assert_eq!(reply.field("vary"), negotiated, "{target} {field}");
    }
}

#[test]
fn rfc_9110_12_5_5_vary_names_what_was_used() {
    let tag = etag("/docs/", "gzip");
    let zipped = ("Accept-Encoding", "gzip");
    for (target, fields, status, vary) in [
        ("/docs/", &[zipped][..], 200, Some("Accept-Encoding")),
        ("/docs/", &[zipped, ("Range", "bytes=0-0")], 206, Some("Accept-Encoding")),
        ("/docs/", &[zipped, ("If-None-Match", &tag)], 304, Some("Accept-Encoding")),
        ("/docs/plain.bin", &[zipped], 200, None),
    ] {
        let reply = get(target, fields);
        assert_eq!((reply.status, reply.field("vary")), (status, vary), "{fields:?}");
    }
}

#[test]
fn rfc_9110_13_1_1_if_match() {
    let tag = etag("/docs/", "identity");
    let weak = format!("W/{tag}");
    let list = format!("\"x\", {tag}");
    for (value, expected) in [(tag.as_str(), 200), ("*", 200), (&list, 200), ("\"x\"", 412), (&weak, 412), ("", 412)] {
        assert_eq!(get("/docs/", &[("If-Match", value)]).status, expected, "{value}");
    }
    assert_eq!(get("/docs/", &[("If-Match", "\"x\""), ("If-Match", &tag)]).status, 200);
    // The tag of another coding is of another representation.
    assert_eq!(get("/docs/", &[("If-Match", &etag("/docs/", "br"))]).status, 412);
}

#[test]
fn rfc_9110_13_1_2_if_none_match() {
    let tag = etag("/docs/", "identity");
    let weak = format!("W/{tag}");
    let list = format!("\"x\" , {tag}");
    let other = etag("/docs/", "br");
    for (value, expected) in
        [(tag.as_str(), 304), (&weak, 304), (&list, 304), ("*", 304), ("\"x\"", 200), (&other, 200), ("nonsense", 200)]
    {
        for method in ["GET", "HEAD"] {
            let reply = SERVER.connect().ask(method, "/docs/", &[("If-None-Match", value)]);
            assert_eq!(reply.status, expected, "{method} {value}");
        }
    }
    assert_eq!(get("/docs/", &[("If-None-Match", "\"x\""), ("If-None-Match", &tag)]).status, 304);
}

#[test]
fn rfc_9110_13_1_3_if_modified_since() {
    for (target, value, expected) in [
        ("/docs/dated.txt", DATE, 304),
        ("/docs/dated.txt", AFTER, 304),
        ("/docs/dated.txt", BEFORE, 200),
        ("/docs/dated.txt", "Monday, 02-Nov-26 00:00:00 GMT", 304),
        ("/docs/dated.txt", "Mon Nov  2 00:00:00 2026", 304),
        ("/docs/dated.txt", "last week", 200),
        ("/docs/", AFTER, 200),
    ] {
        assert_eq!(get(target, &[("If-Modified-Since", value)]).status, expected, "{target} {value}");
    }
    let both = [("If-Modified-Since", AFTER), ("If-None-Match", "\"x\"")];
    assert_eq!(get("/docs/dated.txt", &both).status, 200);
    // Of no other method, whatever the field says.
    for (method, expected) in [("HEAD", 304), ("OPTIONS", 204), ("POST", 405)] {
        let reply = SERVER.connect().ask(method, "/docs/dated.txt", &[("If-Modified-Since", AFTER)]);
        assert_eq!(reply.status, expected, "{method}");
    }
    let twice = [("If-Modified-Since", AFTER), ("If-Modified-Since", DATE)];
    assert_eq!(get("/docs/dated.txt", &twice).status, 200);
}

#[test]
fn rfc_9110_13_1_4_if_unmodified_since() {
    for (target, value, expected) in [
        ("/docs/dated.txt", DATE, 200),
        ("/docs/dated.txt", AFTER, 200),
        ("/docs/dated.txt", BEFORE, 412),
        ("/docs/dated.txt", "last week", 200),
        ("/docs/", BEFORE, 200),
    ] {
        assert_eq!(get(target, &[("If-Unmodified-Since", value)]).status, expected, "{target} {value}");
    }
    let tag = etag("/docs/dated.txt", "identity");
    let both = [("If-Unmodified-Since", BEFORE), ("If-Match", tag.as_str())];
    assert_eq!(get("/docs/dated.txt", &both).status, 200);
}

#[test]
fn rfc_9110_13_1_5_if_range() {
    let tag = etag("/docs/dated.txt", "identity");
    let weak = format!("W/{tag}");
    for (value, expected) in [(tag.as_str(), 206), (&weak, 200), ("\"x\"", 200), (DATE, 200), (BEFORE, 200)] {
        let fields = [("Range", "bytes=0-0"), ("If-Range", value)];
        assert_eq!(get("/docs/dated.txt", &fields).status, expected, "{value}");
    }
    assert_eq!(get("/docs/dated.txt", &[("If-Range", "\"x\"")]).status, 200);
    let unsatisfiable = [("Range", "bytes=99-"), ("If-Range", "\"x\"")];
    assert_eq!(get("/docs/dated.txt", &unsatisfiable).status, 200);
}

#[test]
fn rfc_9110_13_2_1_preconditions_are_for_what_would_succeed() {
    for (target, expected) in [("/docs/gone/", 410), ("/docs/old/", 301), ("/docs/nope", 404), ("/docs/guide", 308)] {
        for field in ["If-Match", "If-None-Match"] {
            for value in ["*", "\"x\""] {
                assert_eq!(get(target, &[(field, value)]).status, expected, "{target} {field}: {value}");
            }
        }
    }
    assert_eq!(get("/docs/gone/", &[("Range", "bytes=0-0")]).status, 410);
}

#[test]
fn rfc_9110_13_2_2_precedence() {
    let tag = etag("/docs/dated.txt", "identity");
    let tag = tag.as_str();
    for (fields, expected) in [
        (&[("If-Match", "\"x\""), ("If-None-Match", tag)][..], 412),
        (&[("If-Match", tag), ("If-None-Match", tag)], 304),
        (&[("If-Unmodified-Since", BEFORE), ("If-None-Match", tag)], 412),
        (&[("If-Unmodified-Since", AFTER), ("If-Modified-Since", AFTER)], 304),
        (&[("If-None-Match", tag), ("Range", "bytes=0-0"), ("If-Range", tag)], 304),
        (&[("If-Match", "\"x\""), ("Range", "bytes=0-0")], 412),
        (&[("If-Match", tag), ("Range", "bytes=99-")], 416),
    ] {
        assert_eq!(get("/docs/dated.txt", fields).status, expected, "{fields:?}");
    }
}

#[test]
fn rfc_9110_14_1_2_one_range() {
    for (range, content_range, body) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=-99", "bytes 0-9/10", "0123456789"),
        ("bytes=8-99", "bytes 8-9/10", "89"),
    ] {
        let reply = get("/docs/plain.bin", &[("Range", range)]);
        assert_eq!(
            (reply.status, reply.field("content-range"), reply.text()),
            (206, Some(content_range), body),
            "{range}"
        );
        assert_eq!(reply.field("content-type"), Some("application/octet-stream"));
        assert_eq!(reply.field("etag").unwrap(), etag("/docs/plain.bin", "identity"));
    }
}

#[test]
fn rfc_9110_14_2_range_is_for_get_and_over_the_encoded_bytes() {
    let zipped = get("/docs/style.0a1b2c3d.css", &[("Range", "bytes=0-3"), ("Accept-Encoding", "gzip")]);
    assert_eq!((zipped.status, zipped.text(), zipped.field("content-range")), (206, "gzip", Some("bytes 0-3/11")));
    assert_eq!(zipped.field("content-encoding"), Some("gzip"));
    let head = SERVER.connect().ask("HEAD", "/docs/plain.bin", &[("Range", "bytes=0-3")]);
    assert_eq!((head.status, head.field("content-length")), (200, Some("10")));
    for ignored in ["bytes=5-2", "bytes=x-", "lines=0-1", "bytes=", "0-4"] {
        let reply = get("/docs/plain.bin", &[("Range", ignored)]);
        assert_eq!((reply.status, reply.text()), (200, "0123456789"), "{ignored}");
    }
    let twice = get("/docs/plain.bin", &[("Range", "bytes=0-0"), ("Range", "bytes=1-1")]);
    assert_eq!(twice.status, 200);
}

#[test]
fn rfc_9110_14_3_accept_ranges() {
    for (fields, expected) in [(&[][..], 200), (&[("Range", "bytes=0-0")], 206), (&[("Range", "bytes=99-")], 416)] {
        let reply = get("/docs/plain.bin", fields);
        assert_eq!((reply.status, reply.field("accept-ranges")), (expected, Some("bytes")));
    }
    assert_eq!(get("/docs/nope", &[]).field("accept-ranges"), None);
}

#[test]
fn rfc_9110_15_3_7_2_multipart() {
    let body = long();
    let reply = get("/docs/long.bin", &[("Range", "bytes=0-4, 1000-1004, -5")]);
    assert_eq!((reply.status, reply.field("content-range")), (206, None));
    let media = reply.field("content-type").unwrap();
    let boundary = media.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut expected = String::new();
    for (first, last) in [(0, 4), (1000, 1004), (99_995, 99_999)] {
        let _ = write!(
            expected,
            "{}--{boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes {first}-{last}/100000\r\n\r\n{}",
            if first == 0 { "" } else { "\r\n" },
            &body[first..=last]
        );
    }
    let _ = write!(expected, "\r\n--{boundary}--\r\n");
    assert_eq!(reply.text(), expected);
}

#[test]
fn rfc_9110_15_4_5_a_304_repeats_what_a_cache_needs() {
    let full = get("/docs/style.0a1b2c3d.css", &[("Accept-Encoding", "gzip")]);
    let tag = full.field("etag").unwrap();
    let reply = get("/docs/style.0a1b2c3d.css", &[("Accept-Encoding", "gzip"), ("If-None-Match", tag)]);
    assert_eq!(reply.status, 304);
    for name in ["cache-control", "etag", "vary"] {
        assert_eq!(reply.field(name), full.field(name), "{name}");
        assert!(reply.field(name).is_some(), "{name}");
    }
    assert!(reply.field("date").is_some());
    for name in ["content-type", "content-length", "content-encoding", "last-modified", "accept-ranges"] {
        assert_eq!(reply.field(name), None, "{name}");
    }
    let reply = get("/docs/located.txt", &[("If-None-Match", "*")]);
    assert_eq!((reply.status, reply.field("content-location")), (304, Some("/docs/located.en.txt")));
    assert_eq!(reply.field("expires"), Some(AFTER));
}

#[test]
fn rfc_9110_15_5_14_large_bodies() {
    let mut connection = SERVER.connect();
    let reply = connection.ask("POST", "/docs/", &[("Content-Length", "100000000")]);
    assert_eq!((reply.status, reply.field("connection")), (413, Some("close")));
    assert!(connection.is_closed());
}

#[test]
fn rfc_9110_15_5_15_long_addresses() {
    assert_eq!(get(&format!("/docs/{}", "a".repeat(4000)), &[]).status, 404);
    assert_eq!(get(&format!("/docs/{}", "a".repeat(5000)), &[]).status, 414);
}

#[test]
fn rfc_9110_15_5_17_range_not_satisfiable() {
    for (target, range, len) in [
        ("/docs/plain.bin", "bytes=10-", "bytes */10"),
        ("/docs/plain.bin", "bytes=-0", "bytes */10"),
        ("/docs/plain.bin", "bytes=99999999999999999999999-", "bytes */10"),
        ("/docs/empty.txt", "bytes=0-", "bytes */0"),
    ] {
        let reply = get(target, &[("Range", range)]);
        assert_eq!((reply.status, reply.field("content-range")), (416, Some(len)), "{target} {range}");
    }
}

#[test]
fn rfc_9110_17_15_range_floods_cost_nothing() {
    let overlapping = format!("bytes={}", vec!["0-"; 50].join(","));
    let reply = get("/docs/long.bin", &[("Range", &overlapping)]);
    assert_eq!((reply.status, reply.body.len()), (206, 100_000));
    let many = format!("bytes={}", (0..500).map(|n| format!("{0}-{0}", n * 100)).collect::<Vec<_>>().join(","));
    let reply = get("/docs/long.bin", &[("Range", &many)]);
    assert_eq!((reply.status, reply.body.len()), (200, 100_000));
}
