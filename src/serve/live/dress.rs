//! Puts our script into the answers that are pages, allows it there, and sees to it that nothing is kept that may have changed.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::{
    super::body::Body,
    PREFIX, meta,
    policy::{self, Wanted},
};

/// What is known of the answer.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// Empty for answers of no site.
    pub(super) site: &'a str,
    pub(super) generation: String,
    pub(super) nonce: &'a str,
    pub(super) authority: Option<&'a str>,
    /// For a page that asks for itself: as it is in its bundle.
    pub(super) bare: bool,
}

const POLICIES: [HeaderName; 2] = [header::CONTENT_SECURITY_POLICY, header::CONTENT_SECURITY_POLICY_REPORT_ONLY];
const GENERATION: HeaderName = HeaderName::from_static("sitekit-generation");

pub(super) fn dress(mut response: Response<Body>, page: &Page<'_>) -> Response<Body> {
    if !is_html(response.headers()) {
        stay_fresh(response.headers_mut());
        return response;
    }
    let fields = response.headers_mut();
    if let Ok(generation) = HeaderValue::from_str(&page.generation) {
        fields.insert(GENERATION, generation);
    }
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for name in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES] {
        fields.remove(name);
    }
    let wanted = Wanted { nonce: page.nonce, authority: page.authority, prefix: PREFIX };
    for name in POLICIES {
        let policies: Vec<_> = fields.get_all(&name).iter().cloned().collect();
        fields.remove(&name);
        for value in policies {
            let allowed = value.to_str().ok().and_then(|text| HeaderValue::try_from(policy::allow(text, wanted)).ok());
            fields.append(&name, allowed.unwrap_or(value));
        }
    }
    if page.bare || matches!(response.status(), StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED) {
        return response;
    }
    let script = format!(
        "<script src=\"{PREFIX}client.js\" nonce=\"{}\" data-site=\"{}\" data-generation=\"{}\" async></script>",
        page.nonce, page.site, page.generation
    );
    let (mut parts, body) = response.into_parts();
    let body = match body {
        Body::Whole(bytes) => {
            let bytes = insert(&meta::allow(bytes, wanted), script.as_bytes());
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            Body::Whole(bytes)
        }
        Body::Empty => {
            // Of a HEAD: the length it would have with the script is not known without the page.
            parts.headers.remove(header::CONTENT_LENGTH);
            Body::Empty
        }
        // Too large for memory, and on its way in pieces.
        other => other,
    };
    Response::from_parts(parts, body)
}

fn is_html(fields: &HeaderMap) -> bool {
    let media = fields.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html")
}

/// Only what has its bytes in its name may be kept without asking.
fn stay_fresh(fields: &mut HeaderMap) {
    let lifetime = fields.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !lifetime.contains("immutable") && !lifetime.contains("no-store") {
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
}

fn insert(page: &Bytes, script: &[u8]) -> Bytes {
    let at = place(page);
    let mut dressed = BytesMut::with_capacity(page.len() + script.len());
    dressed.extend_from_slice(&page[..at]);
    dressed.extend_from_slice(script);
    dressed.extend_from_slice(&page[at..]);
    dressed.freeze()
}

/// At the beginning of the head: behind the document type and the tags of `html` and `head`, as far as they are written.
fn place(page: &[u8]) -> usize {
    let mut at = if page.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    loop {
        let rest = &page[at..];
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let tag = &rest[spaces..];
        let len = if tag.starts_with(b"<!--") {
            find(tag, b"-->").map(|end| end + 3)
        } else if is_tag(tag, b"<!doctype") || is_tag(tag, b"<html") || is_tag(tag, b"<head") {
            tag_len(tag)
        } else {
            None
        };
        match len {
            Some(len) => at += spaces + len,
            None => return at,
        }
        if is_tag(tag, b"<head") {
            return at;
        }
    }
}

pub(super) fn is_tag(text: &[u8], tag: &[u8]) -> bool {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)) && text.get(tag.len()).is_some_and(ends)
}

/// Up to the `>` that ends it, which may stand in a value before that.
pub(super) fn tag_len(text: &[u8]) -> Option<usize> {
    let mut quote = None;
    let end = text.iter().position(|&byte| {
        if let Some(open) = quote {
            quote = (byte != open).then_some(open);
            return false;
        }
        quote = matches!(byte, b'"' | b'\'').then_some(byte);
        byte == b'>'
    });
    end.map(|end| end + 1)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_script_stands() {
        for (before, after) in [
            ("<!doctype html><html lang=\"en\"><head data-x=\"a>b\">", "<meta charset=utf-8>"),
            ("<!DOCTYPE html>\n<html lang=en>", "<meta charset=utf-8>"),
            ("\u{feff}<!-- <head> --><!doctype html>", "<title>x</title>"),
            ("<!doctype html><html>", "<body><p>x"),
            ("<!doctype html>", "<header>x</header>"),
            ("", "plain <head>"),
            ("", ""),
            ("", "<html"),
        ] {
            let page = Bytes::from(format!("{before}{after}"));
            assert_eq!(insert(&page, b"#"), format!("{before}#{after}"));
        }
    }
}
