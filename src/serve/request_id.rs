//! Names for requests, by which an operator finds what a visitor complains about: given by a trusted proxy, or made
//! here as a UUID of version 7 (RFC 9562 §5.7), which sorts by time and cannot be guessed. Making one costs no system
//! call: the clock was read, and the rest is a keyed hash of a counter.

use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a proxy gives may be this long, in bytes.
const LONGEST: usize = 128;

/// Makes ids on one core.
#[derive(Debug)]
pub(super) struct Ids {
    /// Keyed by the system's randomness: who does not know the keys cannot tell the next hash from the last.
    hasher: RandomState,
    made: Cell<u64>,
}

impl Ids {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), made: Cell::new(0) }
    }

    /// The id of a request that came at `now`.
    pub(super) fn make(&self, now: SystemTime) -> HeaderValue {
        let count = self.made.get();
        self.made.set(count.wrapping_add(1));
        let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let text = uuid(milliseconds, count, self.hasher.hash_one(count));
        // Hexadecimal digits and hyphens are a field value.
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("-"))
    }
}

/// The id a trusted proxy gave its request, if it is one: it goes into logs and back to the client.
pub(super) fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(X_REQUEST_ID).iter();
    let value = values.next().filter(|value| is_well_formed(value.as_bytes()))?;
    values.next().is_none().then(|| value.clone())
}

fn is_well_formed(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~+/=:".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(plain)
}

/// Version 7: milliseconds since 1970, the low bits of a count, which keeps the order within one, and 62 bits of `hash`.
fn uuid(milliseconds: u128, count: u64, hash: u64) -> String {
    let milliseconds = milliseconds & 0xffff_ffff_ffff;
    let variant = 0x8000 | (hash >> 48 & 0x3fff);
    format!(
        "{:08x}-{:04x}-7{:03x}-{variant:04x}-{:012x}",
        milliseconds >> 16,
        milliseconds & 0xffff,
        count & 0xfff,
        hash & 0xffff_ffff_ffff,
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_uuid_of_version_7() {
        assert_eq!(uuid(0x0190_1234_5678, 0xabc, u64::MAX), "01901234-5678-7abc-bfff-ffffffffffff");
        assert_eq!(uuid(0, 0, 0), "00000000-0000-7000-8000-000000000000");
    }

    #[test]
    fn ids_follow_time_and_differ() {
        let (ids, start) = (Ids::new(), UNIX_EPOCH + Duration::from_secs(1_795_240_000));
        let made: Vec<_> = (0..4000).map(|n| ids.make(start + Duration::from_millis(n / 1000))).collect();
        assert!(made.windows(2).all(|pair| pair[0].as_bytes() < pair[1].as_bytes()));
        // Another core's are others.
        assert_ne!(Ids::new().make(start), Ids::new().make(start));
    }

    #[test]
    fn what_a_proxy_may_give() {
        for (values, expected) in [
            (vec!["a"], Some("a")),
            (vec!["Root=1-67891233-abcdef012345678912345678"], Some("Root=1-67891233-abcdef012345678912345678")),
            (vec![], None),
            (vec![""], None),
            (vec!["a b"], None),
            (vec!["a\"b"], None),
            (vec!["a", "b"], None),
            (vec![&*"x".repeat(129)], None),
        ] {
            let fields = values.iter().map(|value| (X_REQUEST_ID, HeaderValue::from_str(value).unwrap()));
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(name, value);
            }
            assert_eq!(given(&headers).as_ref().and_then(|id| id.to_str().ok()), expected, "{values:?}");
        }
    }
}
