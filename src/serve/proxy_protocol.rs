//! The PROXY protocol, versions 1 and 2: what a proxy says of a connection before the connection's own bytes. A function
//! of bytes, which never asks for more of them than the header has.
//!
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the bytes so far come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// At least this many bytes more belong to the header.
    More(usize),
    /// The bytes are the whole header.
    Header(Header),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The proxy speaks for itself, as in its health checks, or of a client it cannot name: what is known of the
    /// connection stays.
    Local,
    Client {
        address: IpAddr,
        /// Over TLS, as the proxy says.
        secure: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("it begins with no header of the PROXY protocol")]
    Signature,
    #[error("the header of version 1 is no line of the form `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`")]
    Line,
    #[error("the header of version 2 has an unknown version, command or family, or is too short for its addresses")]
    Binary,
}

/// Of version 2 (§2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED: usize = 16;
/// Of a line of version 1, its end included (§2.1).
const LONGEST_LINE: usize = 107;
/// Of a header of version 2: the addresses, and more information than any proxy sends.
const LONGEST: usize = 4096;
const PP2_TYPE_SSL: u8 = 0x20;
const PP2_CLIENT_SSL: u8 = 0x01;

/// Parses what was read so far.
///
/// # Errors
/// When no bytes that may follow make it a header.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Malformed> {
    let begins = |sign: &[u8]| bytes.iter().zip(sign).all(|(byte, sign)| byte == sign);
    if begins(SIGNATURE) && !bytes.is_empty() {
        return binary(bytes);
    }
    if begins(b"PROXY ") {
        return line(bytes);
    }
    Err(Malformed::Signature)
}

/// §2.1
fn line(bytes: &[u8]) -> Result<Parsed, Malformed> {
    let Some(text) = bytes.strip_suffix(b"\r\n") else {
        // Nothing says how long it is, but for the shortest there is.
        let least = b"PROXY UNKNOWN\r\n".len().saturating_sub(bytes.len());
        let has_end = bytes.contains(&b'\n') || bytes.len() >= LONGEST_LINE;
        return if has_end { Err(Malformed::Line) } else { Ok(Parsed::More(least.max(1))) };
    };
    if bytes.len() > LONGEST_LINE {
        return Err(Malformed::Line);
    }
    let text = std::str::from_utf8(text).map_err(|_| Malformed::Line)?;
    let mut words = text.split(' ').skip(1);
    let mut word = || words.next().ok_or(Malformed::Line);
    let family = word()?;
    if family == "UNKNOWN" {
        return Ok(Parsed::Header(Header::Local));
    }
    let (source, destination) = (word()?, word()?);
    let address = |text: &str| -> Result<IpAddr, Malformed> {
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| Malformed::Line),
            "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| Malformed::Line),
            _ => Err(Malformed::Line),
        }
    };
    let (source, _) = (address(source)?, address(destination)?);
    for port in [word()?, word()?] {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit()) && (port == "0" || !port.starts_with('0'));
        if !digits || port.parse::<u16>().is_err() {
            return Err(Malformed::Line);
        }
    }
    if words.next().is_some() {
        return Err(Malformed::Line);
    }
    Ok(Parsed::Header(Header::Client { address: source.to_canonical(), secure: false }))
}

/// §2.2
fn binary(bytes: &[u8]) -> Result<Parsed, Malformed> {
    if bytes.len() < FIXED {
        return Ok(Parsed::More(FIXED - bytes.len()));
    }
    let (fixed, rest) = bytes.split_at(FIXED);
    let [command, family, high, low] = fixed[12..] else { return Err(Malformed::Binary) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST || rest.len() > length || !matches!(command, 0x20 | 0x21) {
        return Err(Malformed::Binary);
    }
    if rest.len() < length {
        return Ok(Parsed::More(length - rest.len()));
    }
    let is_local = command == 0x20;
    let (address, more) = match family >> 4 {
        // Unspecified, or a Unix socket: there is no address to tell.
        0 | 3 => return Ok(Parsed::Header(Header::Local)),
        1 => {
            let Some((source, more)) = rest.split_at_checked(12) else { return short(is_local) };
            let [a, b, c, d, ..] = *source else { return short(is_local) };
            (IpAddr::from([a, b, c, d]), more)
        }
        2 => {
            let Some((source, more)) = rest.split_at_checked(36) else { return short(is_local) };
            let Some((source, _)) = source.split_first_chunk::<16>() else { return short(is_local) };
            (IpAddr::from(*source), more)
        }
        _ => return short(is_local),
    };
    if is_local {
        return Ok(Parsed::Header(Header::Local));
    }
    Ok(Parsed::Header(Header::Client { address: address.to_canonical(), secure: speaks_tls(more) }))
}

/// What is said of addresses means nothing when the proxy speaks for itself.
fn short(is_local: bool) -> Result<Parsed, Malformed> {
    if is_local { Ok(Parsed::Header(Header::Local)) } else { Err(Malformed::Binary) }
}

/// What follows the addresses: type, length, value (§2.2.6). What is cut short says nothing.
fn speaks_tls(mut more: &[u8]) -> bool {
    while let [kind, high, low, rest @ ..] = more {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, after)) = rest.split_at_checked(length) else { return false };
        if *kind == PP2_TYPE_SSL {
            return value.first().is_some_and(|client| client & PP2_CLIENT_SSL != 0);
        }
        more = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    /// Feeds it as the connection does: never more than was asked for. Returns what came of it, and what was left.
    fn feed(bytes: &[u8]) -> (Option<Result<Header, Malformed>>, usize) {
        let mut read = 0;
        loop {
            match parse(&bytes[..read]) {
                Ok(Parsed::Header(header)) => return (Some(Ok(header)), bytes.len() - read),
                Err(error) => return (Some(Err(error)), bytes.len() - read),
                Ok(Parsed::More(0)) => panic!("stands still"),
                Ok(Parsed::More(more)) if read + more > bytes.len() => return (None, 0),
                Ok(Parsed::More(more)) => read += more,
            }
        }
    }

    fn client(address: &str, secure: bool) -> Header {
        Header::Client { address: address.parse().unwrap(), secure }
    }

    #[test]
    fn version_1() {
        for (line, expected) in [
            ("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", Ok(client("192.0.2.1", false))),
            ("PROXY TCP6 2001:db8::1 ::1 56324 443\r\n", Ok(client("2001:db8::1", false))),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", Ok(client("192.0.2.1", false))),
            ("PROXY UNKNOWN\r\n", Ok(Header::Local)),
            ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", Ok(Header::Local)),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n", Err(Malformed::Line)),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 1\r\n", Err(Malformed::Line)),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 56324 99999\r\n", Err(Malformed::Line)),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 056 443\r\n", Err(Malformed::Line)),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 +56 443\r\n", Err(Malformed::Line)),
            ("PROXY TCP4 ::1 ::1 56324 443\r\n", Err(Malformed::Line)),
            ("PROXY TCP5 192.0.2.1 192.0.2.2 56324 443\r\n", Err(Malformed::Line)),
            ("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Err(Malformed::Line)),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nGET / HTTP/1.1\r\n", Err(Malformed::Line)),
            ("GET / HTTP/1.1\r\n", Err(Malformed::Signature)),
            ("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Err(Malformed::Signature)),
        ] {
            let (found, left) = feed(format!("{line}GET").as_bytes());
            assert_eq!(found, Some(expected), "{line:?}");
            if expected.is_ok() {
                assert_eq!(left, 3, "{line:?}");
            }
        }
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(200));
        assert_eq!(feed(long.as_bytes()).0, Some(Err(Malformed::Line)));
    }

    #[test]
    fn version_2() {
        let four = [192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 1, 187];
        let six = [&Ipv6Addr::LOCALHOST.octets()[..], &Ipv6Addr::LOCALHOST.octets(), &[1, 1, 1, 187]].concat();
        let tls = [&four[..], &[1, 0, 2, b'h', b'2'], &[PP2_TYPE_SSL, 0, 5, 1, 0, 0, 0, 0]].concat();
        let plain = [&four[..], &[PP2_TYPE_SSL, 0, 5, 0, 0, 0, 0, 0]].concat();
        let cut = [&four[..], &[PP2_TYPE_SSL, 0, 99, 1]].concat();
        for (command, family, rest, expected) in [
            (0x21, 0x11, &four[..], Ok(client("192.0.2.1", false))),
            (0x21, 0x21, &six, Ok(client("::1", false))),
            (0x21, 0x11, &tls, Ok(client("192.0.2.1", true))),
            (0x21, 0x11, &plain, Ok(client("192.0.2.1", false))),
            (0x21, 0x11, &cut, Ok(client("192.0.2.1", false))),
            (0x21, 0x00, &[], Ok(Header::Local)),
            (0x21, 0x31, &[0; 216], Ok(Header::Local)),
            (0x20, 0x00, &[], Ok(Header::Local)),
            (0x20, 0x11, &four, Ok(Header::Local)),
            (0x20, 0x11, &[], Ok(Header::Local)),
            (0x21, 0x11, &four[..11], Err(Malformed::Binary)),
            (0x21, 0x21, &four, Err(Malformed::Binary)),
            (0x21, 0x41, &four, Err(Malformed::Binary)),
            (0x22, 0x11, &four, Err(Malformed::Binary)),
            (0x11, 0x11, &four, Err(Malformed::Binary)),
            (0x21, 0x11, &[0; 5000], Err(Malformed::Binary)),
        ] {
            let bytes = [&v2(command, family, rest)[..], b"GET"].concat();
            let (found, left) = feed(&bytes);
            assert_eq!(found, Some(expected), "{command:x} {family:x}");
            if expected.is_ok() {
                assert_eq!(left, 3, "{command:x} {family:x}");
            }
        }
    }

    proptest! {
        /// Whatever comes, it ends, and never by asking for a byte that is the connection's own.
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), which in 0..3_usize) {
            let begin: &[u8] = [&b""[..], b"PROXY TCP4 ", SIGNATURE][which];
            let _ = feed(&[begin, &bytes].concat());
        }

        #[test]
        fn what_follows_stays(address in any::<[u8; 4]>(), port in any::<u16>(), after in prop::collection::vec(any::<u8>(), 0..50)) {
            let address = Ipv4Addr::from(address);
            let line = format!("PROXY TCP4 {address} 127.0.0.1 {port} 443\r\n");
            let rest = [&address.octets()[..], &[127, 0, 0, 1], &port.to_be_bytes(), &[1, 187]].concat();
            for header in [line.into_bytes(), v2(0x21, 0x11, &rest)] {
                let (found, left) = feed(&[&header[..], &after].concat());
                prop_assert_eq!(found, Some(Ok(Header::Client { address: address.into(), secure: false })));
                prop_assert_eq!(left, after.len());
            }
        }
    }
}
