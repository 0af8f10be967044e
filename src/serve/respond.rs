//! Writes the heads of answers. Everything before this decided; nothing after it touches a header field. The values of
//! a bundle's fields were made by the build and are only handed on.

use std::{
    cell::OnceCell,
    ops::Range,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::{
    map::{Bundle, EntryId, RepresentationId},
    site::{Coding, ContentHash, RedirectStatus},
};

use super::{
    cross_origin::CrossOrigin,
    page,
    range::Selection,
    rate::{Grant, Quota},
    request_id::X_REQUEST_ID,
    target,
};

/// An entry of a bundle, ready to be sent by one core.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) id: EntryId,
    pub(super) of: Of,
    pub(super) status: StatusCode,
    pub(super) last_modified: Option<SystemTime>,
    pub(super) representations: Vec<Representation>,
}

/// The bundle an entry is of.
#[derive(Debug)]
pub(super) enum Of {
    Live,
    /// An older generation's, which is never resident.
    Past(Bundle),
    /// One of the few pages that have changed since the live one was built, in development: always in memory.
    Edit,
}

#[derive(Debug)]
pub(super) struct Representation {
    pub(super) id: RepresentationId,
    pub(super) coding: Coding,
    pub(super) len: u64,
    /// Of the encoded bytes.
    pub(super) hash: ContentHash,
    /// A slice of the map, and where that is in the file.
    pub(super) body: Bytes,
    pub(super) place: Range<u64>,
    /// Strong, with its quotes.
    pub(super) etag: Bytes,
    /// Made when it is first sent.
    fields: OnceCell<HeaderMap>,
    /// Those of a 304, likewise.
    not_modified: OnceCell<HeaderMap>,
}

/// The head of an answer, and which bytes of the representation follow it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) fields: HeaderMap,
    pub(super) content: Content,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    None,
    /// Our own words.
    Page(Bytes),
    Whole,
    Part(Range<u64>),
    /// Parts, each after its head, and the tail after the last.
    Multipart(Vec<(Bytes, Range<u64>)>, Bytes),
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Describes a representation's bytes, so it is none of a 304's business (RFC 9110 §15.4.5).
const METADATA: [HeaderName; 7] = [
    header::ACCEPT_RANGES,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::LAST_MODIFIED,
];

impl Prepared {
    pub(super) fn new(bundle: &Bundle, id: EntryId) -> Self {
        let entry = bundle.entry(id);
        let last_modified = entry
            .fields()
            .find(|(name, _)| *name == "last-modified")
            .and_then(|(_, date)| httpdate::parse_http_date(date).ok());
        let representations = entry.representations().map(|found| Representation {
            id: found.id(),
            coding: found.coding(),
            len: found.len(),
            hash: found.hash(),
            body: found.body(),
            place: found.place(),
            etag: Bytes::copy_from_slice(found.etag().as_bytes()),
            fields: OnceCell::new(),
            not_modified: OnceCell::new(),
        });
        Self {
            id,
            of: Of::Live,
            // A bundle's statuses were checked when it was opened.
            status: StatusCode::from_u16(entry.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            last_modified,
            representations: representations.collect(),
        }
    }

    /// An entry of an older generation's bundle.
    pub(super) fn of_past(bundle: &Bundle, id: EntryId) -> Self {
        Self { of: Of::Past(bundle.clone()), ..Self::new(bundle, id) }
    }

    /// An entry of a bundle that is in memory.
    pub(super) fn of_edit(bundle: &Bundle, id: EntryId) -> Self {
        Self { of: Of::Edit, ..Self::new(bundle, id) }
    }

    fn is_negotiated(&self) -> bool {
        self.representations.len() > 1
    }

    /// All fields of the `nth` representation.
    fn fields(&self, bundle: &Bundle, nth: usize) -> &HeaderMap {
        let make = || {
            let entry = bundle.entry(self.id);
            let mut fields = entry.representations().nth(nth).map(|found| entry.header_map(&found)).unwrap_or_default();
            if self.status == StatusCode::OK {
                fields.insert(header::ACCEPT_RANGES, BYTES);
            }
            fields
        };
        self.representations[nth].fields.get_or_init(make)
    }

    /// The `nth` representation, or what `selection` says of it.
    pub(super) fn send(&self, bundle: &Bundle, nth: usize, selection: Selection) -> Head {
        let Representation { len, hash, .. } = self.representations[nth];
        let mut fields = self.fields(bundle, nth).clone();
        match selection {
            Selection::Whole => Head { status: self.status, fields, content: Content::Whole },
            Selection::One(part) => {
                fields.insert(header::CONTENT_RANGE, value(&content_range(&part, len)));
                fields.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
                Head { status: StatusCode::PARTIAL_CONTENT, fields, content: Content::Part(part) }
            }
            Selection::Several(parts) => {
                let (content, total) = multipart(parts, len, hash, fields.get(header::CONTENT_TYPE));
                let multipart = format!("multipart/byteranges; boundary={}", boundary(hash));
                fields.insert(header::CONTENT_TYPE, value(&multipart));
                fields.insert(header::CONTENT_LENGTH, HeaderValue::from(total));
                Head { status: StatusCode::PARTIAL_CONTENT, fields, content }
            }
            Selection::Unsatisfiable => {
                let mut head = self.refuse(StatusCode::RANGE_NOT_SATISFIABLE);
                head.fields.insert(header::CONTENT_RANGE, value(&format!("bytes */{len}")));
                head.fields.insert(header::ACCEPT_RANGES, BYTES);
                head
            }
        }
    }

    /// The fields of the `nth` representation, Content-Length included, without its bytes (§9.3.2).
    pub(super) fn send_head(&self, bundle: &Bundle, nth: usize) -> Head {
        Head { status: self.status, fields: self.fields(bundle, nth).clone(), content: Content::None }
    }

    pub(super) fn not_modified(&self, bundle: &Bundle, nth: usize) -> Head {
        let make = || {
            let mut fields = self.fields(bundle, nth).clone();
            for name in METADATA {
                fields.remove(name);
            }
            fields
        };
        let fields = self.representations[nth].not_modified.get_or_init(make).clone();
        Head { status: StatusCode::NOT_MODIFIED, fields, content: Content::None }
    }

    /// As the words of an error: nothing to be kept or compared later. What the error says of itself stays.
    pub(super) fn as_error(&self, bundle: &Bundle, nth: usize, error: &Head) -> Head {
        let mut fields = self.fields(bundle, nth).clone();
        for name in [header::ACCEPT_RANGES, header::ETAG, header::LAST_MODIFIED] {
            fields.remove(name);
        }
        for (name, value) in &error.fields {
            if *name != header::CONTENT_TYPE {
                fields.insert(name, value.clone());
            }
        }
        Head { status: error.status, fields, content: Content::Whole }
    }

    /// An error about this entry.
    pub(super) fn refuse(&self, status: StatusCode) -> Head {
        let mut head = error(status);
        if self.is_negotiated() {
            head.fields.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        head
    }
}

/// An error, said in a small page.
pub(super) fn error(status: StatusCode) -> Head {
    let mut head = html(status, page::error(status));
    if matches!(status, StatusCode::METHOD_NOT_ALLOWED) {
        head.fields.insert(header::ALLOW, HeaderValue::from_static(target::ALLOW));
    }
    head
}

/// A page of the server's own.
pub(super) fn html(status: StatusCode, page: Bytes) -> Head {
    let mut fields = HeaderMap::with_capacity(8);
    fields.insert(header::CONTENT_TYPE, HTML);
    fields.insert(header::CACHE_CONTROL, NO_STORE);
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    Head { status, fields, content: Content::Page(page) }
}

/// 308, to be asked again at each use, because the next deploy may put a page here.
pub(super) fn redirect(location: &str) -> Head {
    redirect_with(StatusCode::PERMANENT_REDIRECT, location)
}

/// A redirect the site asks for.
pub(super) fn moved(status: RedirectStatus, location: &str) -> Head {
    redirect_with(StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::PERMANENT_REDIRECT), location)
}

/// A location that is no field value cannot be had from a parsed request target; should it be, the client is told it
/// sent nonsense.
fn redirect_with(status: StatusCode, location: &str) -> Head {
    let Ok(location) = HeaderValue::from_str(location).or_else(|_| HeaderValue::from_bytes(location.as_bytes())) else {
        return error(StatusCode::BAD_REQUEST);
    };
    let mut fields = HeaderMap::with_capacity(4);
    fields.insert(header::LOCATION, location);
    fields.insert(header::CACHE_CONTROL, NO_CACHE);
    // hyper would add it to the answer of a GET alone.
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    Head { status, fields, content: Content::None }
}

/// Asks for a name and a password (RFC 9110 §11.6.1).
pub(super) fn unauthorized(challenge: &HeaderValue) -> Head {
    let mut head = error(StatusCode::UNAUTHORIZED);
    head.fields.insert(header::WWW_AUTHENTICATE, challenge.clone());
    head
}

/// 503, to be asked again after so many seconds (§10.2.3).
pub(super) fn unavailable(seconds: u32) -> Head {
    let mut head = error(StatusCode::SERVICE_UNAVAILABLE);
    head.fields.insert(header::RETRY_AFTER, seconds.into());
    head
}

/// What only some may have must not be kept for others (RFC 9111 §3.5, §5.2.2.7).
pub(super) fn make_private(head: &mut Head) {
    let before: Vec<&str> =
        head.fields.get_all(header::CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok()).collect();
    if let Some(private) = private(&before) {
        head.fields.insert(header::CACHE_CONTROL, value(&private));
    }
}

/// The directives without those that speak to shared caches; `None` when nobody may keep the answer anyway.
fn private(lines: &[&str]) -> Option<String> {
    let mut private = "private".to_owned();
    for directive in lines.iter().flat_map(|line| line.split(',')).map(str::trim) {
        let name = directive.split('=').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "no-store" => return None,
            "" | "public" | "private" | "s-maxage" | "proxy-revalidate" => {}
            _ => {
                private.push_str(", ");
                private.push_str(directive);
            }
        }
    }
    Some(private)
}

/// Says whose scripts may read the answer (Fetch §3.2.3). `allowed` is the value of `Access-Control-Allow-Origin`.
pub(super) fn share(fields: &mut HeaderMap, rule: &CrossOrigin, allowed: Option<HeaderValue>) {
    if rule.varies() {
        let vary = match fields.get(header::VARY) {
            None => HeaderValue::from_static("Origin"),
            Some(_) => HeaderValue::from_static("Accept-Encoding, Origin"),
        };
        fields.insert(header::VARY, vary);
    }
    let Some(allowed) = allowed else { return };
    fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if let Some(expose) = &rule.expose {
        fields.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
    }
}

/// The answer to a preflight.
pub(super) fn preflight(rule: &CrossOrigin, allowed: Option<HeaderValue>) -> Head {
    let mut head = options();
    let may = allowed.is_some();
    share(&mut head.fields, rule, allowed);
    head.fields.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    if may {
        head.fields.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
        head.fields.insert(header::ACCESS_CONTROL_MAX_AGE, rule.max_age.clone());
        if let Some(allow) = &rule.allow {
            head.fields.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allow.clone());
        }
    }
    head
}

/// The answer to OPTIONS.
pub(super) fn options() -> Head {
    let mut fields = HeaderMap::with_capacity(2);
    fields.insert(header::ALLOW, HeaderValue::from_static(target::ALLOW));
    Head { status: StatusCode::NO_CONTENT, fields, content: Content::None }
}

/// Browsers are to ask by https alone from now on (RFC 6797 §7.1).
pub(super) fn by_https_alone(mut head: Head, hsts: &HeaderValue) -> Head {
    head.fields.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
    head
}

/// The connection ends after this answer: what is left of the request is not read.
pub(super) fn closing(mut head: Head) -> Head {
    head.fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    head
}

/// Says what a client may still ask for (draft-ietf-httpapi-ratelimit-headers-10), and when it may ask again.
pub(super) fn quota(fields: &mut HeaderMap, quota: &Quota<'_>) {
    // Whole seconds, and never too early.
    let seconds = |time: Duration| u64::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1);
    let (name, burst) = (quota.rule.name.as_str(), quota.rule.burst.get());
    let (remaining, time) = match quota.grant {
        Grant::Granted { remaining, full_in } => (remaining, full_in),
        Grant::Refused { retry_after } => (0, retry_after),
    };
    // What can be asked at once, and how long it takes until it can be again: the same rate, and no more than that remains.
    let window = quota.rule.per.saturating_mul(burst) / quota.rule.requests.get();
    let policy = format!("\"{name}\";q={burst};w={}", seconds(window));
    fields.insert(RATE_LIMIT_POLICY, value(&policy));
    fields.insert(RATE_LIMIT, value(&format!("\"{name}\";r={remaining};t={}", seconds(time))));
    if matches!(quota.grant, Grant::Refused { .. }) {
        fields.insert(header::RETRY_AFTER, HeaderValue::from(seconds(time)));
    }
}

/// Says what the request is called in our logs.
pub(super) fn name(fields: &mut HeaderMap, id: &HeaderValue) {
    fields.insert(X_REQUEST_ID, id.clone());
}

fn content_range(part: &Range<u64>, len: u64) -> String {
    format!("bytes {}-{}/{len}", part.start, part.end - 1)
}

/// Bytes that hold the name of their own hash are not to be found.
fn boundary(hash: ContentHash) -> String {
    format!("part-{hash}")
}

/// `multipart/byteranges` (§15.3.7.2), and its length.
fn multipart(parts: Vec<Range<u64>>, len: u64, hash: ContentHash, media: Option<&HeaderValue>) -> (Content, u64) {
    let boundary = boundary(hash);
    let mut total = 0;
    let mut before = "";
    let parts: Vec<_> = parts
        .into_iter()
        .map(|part| {
            let mut head = format!("{before}--{boundary}\r\n").into_bytes();
            if let Some(media) = media {
                head.extend_from_slice(b"content-type: ");
                head.extend_from_slice(media.as_bytes());
                head.extend_from_slice(b"\r\n");
            }
            head.extend_from_slice(format!("content-range: {}\r\n\r\n", content_range(&part, len)).as_bytes());
            before = "\r\n";
            total += head.len() as u64 + part.end - part.start;
            (Bytes::from(head), part)
        })
        .collect();
    let tail = Bytes::from(format!("\r\n--{boundary}--\r\n"));
    total += tail.len() as u64;
    (Content::Multipart(parts, tail), total)
}

/// Of text that is made of digits, letters and punctuation.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_some_may_have() {
        for (lines, expected) in [
            (&[][..], Some("private")),
            (&["no-cache"], Some("private, no-cache")),
            (&["public, max-age=31536000, immutable"], Some("private, max-age=31536000, immutable")),
            (&["max-age=60,s-maxage=600", "Public"], Some("private, max-age=60")),
            (&["private"], Some("private")),
            (&["no-store"], None),
        ] {
            assert_eq!(private(lines).as_deref(), expected, "{lines:?}");
        }
    }
}
