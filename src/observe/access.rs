//! One line of the access log per request. What a client sent is written so that it cannot forge a second line, a
//! field, or a terminal's commands, and what may hold a secret (`Authorization`, `Cookie`) is no field of a record.

use std::{
    io::Write as _,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use crate::site::Coding;

use super::{
    Reading,
    civil::{Civil, CommonLog, Rfc3339},
};

/// A request and how it was answered.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When the request's head was complete.
    pub time: SystemTime,
    /// For whom it was sent; none over a Unix socket.
    pub client: Option<IpAddr>,
    pub host: Option<&'a [u8]>,
    pub method: &'a str,
    /// As it came, without the query.
    pub path: &'a str,
    pub query: Option<&'a str>,
    /// Such as `HTTP/1.1`.
    pub protocol: &'static str,
    pub status: u16,
    /// As written to the connection, head included; of the body in HTTP/2.
    pub bytes: u64,
    /// To the last byte handed to the kernel.
    pub duration: Duration,
    pub referer: Option<&'a [u8]>,
    pub user_agent: Option<&'a [u8]>,
    pub site: Option<&'a str>,
    pub coding: Option<Coding>,
    pub reading: Reading,
    pub id: &'a str,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    #[default]
    Json,
    /// The Combined Log Format of Apache and nginx, which has no place for host, duration and what follows them.
    Combined,
}

/// Whether query strings are logged; they may hold what is nobody's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queries {
    #[default]
    Logged,
    LeftOut,
}

/// A value that is longer, in bytes, is cut: a client must not fill a disk with one request.
const LONGEST: usize = 4096;

impl Record<'_> {
    /// Appends the line, its end included.
    pub fn write(&self, form: Form, queries: Queries, line: &mut Vec<u8>) {
        match form {
            Form::Json => self.json(queries, line),
            Form::Combined => self.combined(queries, line),
        }
        line.push(b'\n');
    }

    fn json(&self, queries: Queries, line: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = write!(line, "{{\"time\":\"{}\"", Rfc3339(Civil::of(self.time)));
        if let Some(client) = self.client {
            let _ = write!(line, ",\"client\":\"{client}\"");
        }
        let query = self.query.filter(|_| queries == Queries::Logged);
        let texts: [(&str, Option<&[u8]>); 3] =
            [("host", self.host), ("method", Some(self.method.as_bytes())), ("path", Some(self.path.as_bytes()))];
        for (name, value) in texts.into_iter().chain([("query", query.map(str::as_bytes))]) {
            json_field(line, name, value);
        }
        let _ = write!(
            line,
            ",\"protocol\":\"{}\",\"status\":{},\"bytes\":{},\"duration_us\":{}",
            self.protocol,
            self.status,
            self.bytes,
            self.duration.as_micros(),
        );
        json_field(line, "referer", self.referer.map(|referer| queries.of_url(referer)));
        json_field(line, "user_agent", self.user_agent);
        json_field(line, "site", self.site.map(str::as_bytes));
        json_field(line, "coding", self.coding.map(|coding| coding.token().as_bytes()));
        json_field(line, "cache", reading(self.reading).map(str::as_bytes));
        json_field(line, "id", Some(self.id.as_bytes()));
        line.push(b'}');
    }

    fn combined(&self, queries: Queries, line: &mut Vec<u8>) {
        match self.client {
            Some(client) => drop(write!(line, "{client}")),
            None => line.push(b'-'),
        }
        let _ = write!(line, " - - [{}] \"", CommonLog(Civil::of(self.time)));
        combined_text(line, self.method.as_bytes());
        line.push(b' ');
        combined_text(line, self.path.as_bytes());
        if let Some(query) = self.query.filter(|_| queries == Queries::Logged) {
            line.push(b'?');
            combined_text(line, query.as_bytes());
        }
        let _ = write!(line, " {}\" {} {}", self.protocol, self.status, self.bytes);
        for value in [self.referer.map(|referer| queries.of_url(referer)), self.user_agent] {
            line.extend_from_slice(b" \"");
            combined_text(line, value.unwrap_or(b"-"));
            line.push(b'"');
        }
    }
}

impl Queries {
    /// What may be logged of a URL.
    fn of_url(self, url: &[u8]) -> &[u8] {
        let end = url.iter().position(|&byte| byte == b'?').filter(|_| self == Self::LeftOut);
        &url[..end.unwrap_or(url.len())]
    }
}

fn reading(reading: Reading) -> Option<&'static str> {
    match reading {
        Reading::None => None,
        Reading::Hit => Some("hit"),
        Reading::Miss => Some("miss"),
        Reading::Coalesced => Some("coalesced"),
    }
}

fn json_field(line: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    let Some(value) = value else { return };
    line.extend_from_slice(b",\"");
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b"\":\"");
    json_text(line, cut(value));
    line.push(b'"');
}

/// What is not UTF-8 becomes U+FFFD, what commands terminals an escape.
fn json_text(line: &mut Vec<u8>, value: &[u8]) {
    if value.iter().all(|&byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\') {
        line.extend_from_slice(value);
        return;
    }
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => line.extend_from_slice(&[b'\\', if character == '"' { b'"' } else { b'\\' }]),
                // What turns the direction of text may make a line read as another.
                '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{2066}'..='\u{2069}' => {
                    drop(write!(line, "\\u{:04x}", u32::from(character)));
                }
                _ if character.is_control() => drop(write!(line, "\\u{:04x}", u32::from(character))),
                _ => line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            line.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// As nginx writes it: what is not visible ASCII, quotes and backslashes are `\xHH`.
fn combined_text(line: &mut Vec<u8>, value: &[u8]) {
    for &byte in cut(value) {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => drop(write!(line, "\\x{byte:02X}")),
            _ => line.push(byte),
        }
    }
}

fn cut(value: &[u8]) -> &[u8] {
    &value[..value.len().min(LONGEST)]
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    fn record() -> Record<'static> {
        Record {
            time: UNIX_EPOCH + Duration::from_millis(1_795_240_000_123),
            client: Some([192, 0, 2, 7].into()),
            host: Some(b"example.com"),
            method: "GET",
            path: "/docs/guide/",
            query: Some("token=s3cret"),
            protocol: "HTTP/1.1",
            status: 200,
            bytes: 4321,
            duration: Duration::from_micros(42),
            referer: Some(b"https://example.com/docs/?q=a"),
            user_agent: Some(b"Mozilla/5.0 (X11; Linux x86_64)"),
            site: Some("docs"),
            coding: Some(Coding::Brotli),
            reading: Reading::Hit,
            id: "0192d6f0-0000-7000-8000-000000000000",
        }
    }

    fn line(record: Record<'_>, form: Form, queries: Queries) -> String {
        let mut line = Vec::new();
        record.write(form, queries, &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn lines_for_operators() {
        let bare = Record {
            client: None,
            host: None,
            query: None,
            status: 404,
            referer: None,
            user_agent: None,
            site: None,
            coding: None,
            reading: Reading::None,
            ..record()
        };
        let lines: String = [record(), bare]
            .into_iter()
            .flat_map(|record| {
                [Form::Json, Form::Combined].into_iter().flat_map(move |form| {
                    [Queries::Logged, Queries::LeftOut].map(|queries| line(record, form, queries))
                })
            })
            .collect();
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn hostile_bytes() {
        let agent = b"\"\\\r\n\x1b[2J\x00\xff\xc3\xa9\xc2\x9b\xe2\x80\xae";
        for (form, expected) in [
            (Form::Json, "\"user_agent\":\"\\\"\\\\\\u000d\\u000a\\u001b[2J\\u0000\u{fffd}\u{e9}\\u009b\\u202e\""),
            (Form::Combined, "\"\\x22\\x5C\\x0D\\x0A\\x1B[2J\\x00\\xFF\\xC3\\xA9\\xC2\\x9B\\xE2\\x80\\xAE\"\n"),
        ] {
            let line = line(Record { user_agent: Some(agent), ..record() }, form, Queries::Logged);
            assert!(line.contains(expected), "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_a_line_is_one_line_and_comes_back(
            host in prop::collection::vec(any::<u8>(), 0..40),
            agent in prop::collection::vec(any::<u8>(), 0..6000),
            path in any::<String>(),
        ) {
            let record = Record { host: Some(&host), user_agent: Some(&agent), path: &path, ..record() };
            for form in [Form::Json, Form::Combined] {
                let line = line(record, form, Queries::Logged);
                prop_assert!(line.len() < 40_000 && line.ends_with('\n'));
                prop_assert!(!line[..line.len() - 1].contains(char::is_control), "{:?}", line);
            }
            let read: serde_json::Value = serde_json::from_str(&line(record, Form::Json, Queries::Logged)).unwrap();
            prop_assert_eq!(read["path"].as_str(), Some(&*String::from_utf8_lossy(cut(path.as_bytes()))));
            prop_assert_eq!(read["host"].as_str(), Some(&*String::from_utf8_lossy(&host)));
        }
    }
}
