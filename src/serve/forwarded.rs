//! `Forwarded` (RFC 7239) and its forerunners `X-Forwarded-For`, `-Proto` and `-Host`, read from right to left: each proxy
//! appends what it saw, so only what was appended by a proxy we trust is true, and the first address that is none of
//! theirs is the client. What stands left of it anyone can have written.

use std::net::IpAddr;

use super::peer::Client;

/// The values of the fields, in the order they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forwarding<'a> {
    pub forwarded: &'a [&'a [u8]],
    pub x_for: &'a [&'a [u8]],
    pub x_proto: &'a [&'a [u8]],
    pub x_host: &'a [&'a [u8]],
}

/// `Forwarded` and `X-Forwarded-For` name two clients: a proxy writes the one and lets the other through, and there is no
/// telling which the client made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction;

/// What one proxy said of the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    /// `None` where it is hidden, unknown or nonsense.
    address: Option<IpAddr>,
    secure: Option<bool>,
    host: Option<Box<str>>,
}

/// For whom the trusted peer `itself` speaks.
pub fn client(
    itself: Client,
    forwarding: Forwarding<'_>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Result<Client, Contradiction> {
    let new = first_stranger(&standard(forwarding.forwarded), &is_trusted);
    let old = first_stranger(&customary(forwarding), &is_trusted);
    let hop = match (new, old) {
        (Some(new), Some(old)) if new.address != old.address => return Err(Contradiction),
        (Some(new), _) => new,
        (None, Some(old)) => old,
        (None, None) => return Ok(itself),
    };
    Ok(Client { address: hop.address, secure: hop.secure.unwrap_or(itself.secure), host: hop.host })
}

/// The last hop that is not one of us, or the first one when all are.
fn first_stranger(hops: &[Hop], is_trusted: impl Fn(IpAddr) -> bool) -> Option<Hop> {
    let stranger = hops.iter().rev().find(|hop| !hop.address.is_some_and(&is_trusted));
    stranger.or(hops.first()).cloned()
}

/// RFC 7239 §4.
fn standard(lines: &[&[u8]]) -> Vec<Hop> {
    let elements = lines.iter().flat_map(|line| split(line, b','));
    elements
        .map(|element| {
            let mut hop = Hop::default();
            for pair in split(element, b';') {
                let Some(equals) = pair.iter().position(|&byte| byte == b'=') else { continue };
                let (name, value) = (pair[..equals].trim_ascii(), unquoted(pair[equals + 1..].trim_ascii()));
                if name.eq_ignore_ascii_case(b"for") {
                    hop.address = node(&value);
                } else if name.eq_ignore_ascii_case(b"proto") {
                    hop.secure = secure(&value);
                } else if name.eq_ignore_ascii_case(b"host") {
                    hop.host = host(&value);
                }
            }
            hop
        })
        .collect()
}

/// The `X-` fields. There is one protocol and one host for each address, or just the last proxy's.
fn customary(forwarding: Forwarding<'_>) -> Vec<Hop> {
    let list = |lines: &[&[u8]]| -> Vec<Vec<u8>> {
        lines.iter().flat_map(|line| split(line, b',')).map(|item| item.trim_ascii().to_vec()).collect()
    };
    let (addresses, protocols, hosts) = (list(forwarding.x_for), list(forwarding.x_proto), list(forwarding.x_host));
    let of = |values: &[Vec<u8>], at: usize| -> Option<Vec<u8>> {
        if values.len() == addresses.len() { values.get(at).cloned() } else { values.last().cloned() }
    };
    addresses
        .iter()
        .enumerate()
        .map(|(at, address)| Hop {
            address: node(address),
            secure: of(&protocols, at).and_then(|value| secure(&value)),
            host: of(&hosts, at).and_then(|value| host(&value)),
        })
        .collect()
}

/// Splits at every `separator`, also within quotes: no value that we read has one, and a client that opens a quote must
/// not have the rest of the line, which is its proxy's.
fn split(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    line.split(move |&byte| byte == separator)
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return value.to_vec();
    };
    let mut escaped = false;
    inner
        .iter()
        .copied()
        .filter(|&byte| {
            escaped = byte == b'\\' && !escaped;
            !escaped
        })
        .collect()
}

/// An address, with or without a port (RFC 7239 §6); IPv6 also without the brackets, as `X-Forwarded-For` has it.
fn node(value: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse::<std::net::Ipv6Addr>().ok()?.into(),
        None => text.parse::<IpAddr>().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok())?,
    };
    Some(address.to_canonical())
}

fn secure(protocol: &[u8]) -> Option<bool> {
    let is = |name: &[u8]| protocol.eq_ignore_ascii_case(name);
    (is(b"https") || is(b"http")).then(|| is(b"https"))
}

fn host(value: &[u8]) -> Option<Box<str>> {
    std::str::from_utf8(value).ok().filter(|host| !host.is_empty()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(forwarded: &[&str], x_for: &[&str], x_proto: &[&str], x_host: &[&str]) -> Result<String, Contradiction> {
        let bytes = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
        let all = [bytes(forwarded), bytes(x_for), bytes(x_proto), bytes(x_host)];
        let [forwarded, x_for, x_proto, x_host] =
            all.each_ref().map(|lines| lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let forwarding = Forwarding { forwarded: &forwarded, x_for: &x_for, x_proto: &x_proto, x_host: &x_host };
        let itself = Client { address: Some("10.0.0.1".parse().unwrap()), secure: false, host: None };
        let trusted = |address: IpAddr| address.to_string().starts_with("10.") || address.to_string() == "fd00::1";
        client(itself, forwarding, trusted).map(|client| {
            let address = client.address.map_or("hidden".to_owned(), |address| address.to_string());
            let secure = if client.secure { " https" } else { "" };
            format!("{address}{secure}{}", client.host.map_or(String::new(), |host| format!(" {host}")))
        })
    }

    #[test]
    fn the_standard_field() {
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["for=192.0.2.1"], "192.0.2.1"),
            (&["For=192.0.2.1;Proto=HTTPS;Host=a.example"], "192.0.2.1 https a.example"),
            (&["for=192.0.2.1:8080"], "192.0.2.1"),
            (&["for=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["for=\"[::ffff:192.0.2.1]\""], "192.0.2.1"),
            // Only what trusted proxies appended counts.
            (&["for=6.6.6.6, for=192.0.2.1"], "192.0.2.1"),
            (&["for=6.6.6.6;proto=https", "for=192.0.2.1", "for=10.0.0.2;proto=https"], "192.0.2.1"),
            (&["for=6.6.6.6", "for=192.0.2.1;proto=https, for=\"[fd00::1]\""], "192.0.2.1 https"),
            (&["for=10.0.0.3, for=10.0.0.2"], "10.0.0.3"),
            (&["for=192.0.2.1, for=unknown"], "hidden"),
            (&["for=_secret"], "hidden"),
            (&["for=6.6.6.6;x=\", for=192.0.2.1"], "192.0.2.1"),
            (&["for=\"192.0.2.\\1\""], "192.0.2.1"),
            (&["proto=https"], "hidden https"),
            (&[""], "hidden"),
        ] {
            assert_eq!(ask(lines, &[], &[], &[]).unwrap(), expected, "{lines:?}");
        }
    }

    #[test]
    fn the_customary_fields() {
        for (x_for, x_proto, x_host, expected) in [
            (&["192.0.2.1"][..], &[][..], &[][..], "192.0.2.1"),
            (&["192.0.2.1"], &["https"], &["a.example"], "192.0.2.1 https a.example"),
            (&["6.6.6.6, 192.0.2.1"], &["https"], &[], "192.0.2.1 https"),
            (&["6.6.6.6", "192.0.2.1, 10.0.0.2"], &["http, https, http"], &[], "192.0.2.1 https"),
            (&["2001:db8::1"], &[], &[], "2001:db8::1"),
            (&["[2001:db8::1]:80"], &[], &[], "2001:db8::1"),
            (&["192.0.2.1:1234"], &[], &[], "192.0.2.1"),
            (&["nonsense"], &[], &[], "hidden"),
            (&[], &["https"], &["a.example"], "10.0.0.1"),
        ] {
            assert_eq!(ask(&[], x_for, x_proto, x_host).unwrap(), expected, "{x_for:?} {x_proto:?}");
        }
    }

    #[test]
    fn two_stories() {
        assert_eq!(ask(&["for=192.0.2.1;proto=https"], &["192.0.2.1"], &[], &[]).unwrap(), "192.0.2.1 https");
        assert_eq!(ask(&["for=6.6.6.6"], &["192.0.2.1"], &[], &[]), Err(Contradiction));
    }

    proptest! {
        /// Whatever a client writes, a trusted proxy's word about it stands.
        #[test]
        fn no_one_can_write_themselves_an_address(forged in "[ -~]{0,60}") {
            for lines in [&[&forged, "for=192.0.2.1"][..], &[&format!("{forged}, for=192.0.2.1")]] {
                prop_assert_eq!(ask(lines, &[], &[], &[]).unwrap(), "192.0.2.1");
            }
            let line = format!("{forged}, 192.0.2.1");
            prop_assert_eq!(ask(&[], &[&line], &[], &[]).unwrap(), "192.0.2.1");
        }
    }
}
