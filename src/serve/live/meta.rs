//! Policies that a page brings in its own head (HTML §4.2.5.3): what our script does later is held to them as to the field's.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{
    dress::{is_tag, tag_len},
    policy::{self, Wanted},
};

/// The page with its own policies allowing our script; the very same where it has none.
pub(super) fn allow(page: Bytes, wanted: Wanted<'_>) -> Bytes {
    let mut out = BytesMut::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = page[at..].iter().position(|&byte| byte == b'<') {
        at += found;
        let tag = &page[at..];
        if is_tag(tag, b"<body") || is_tag(tag, b"</head") {
            break;
        }
        let Some(len) = is_tag(tag, b"<meta").then(|| tag_len(tag)).flatten() else {
            at += 1;
            continue;
        };
        if let Some(content) = content_of_policy(&tag[..len]) {
            let span = at + content.start..at + content.end;
            let value = unescaped(&String::from_utf8_lossy(&page[span.clone()]));
            out.put_slice(&page[copied..span.start]);
            out.put_slice(escaped(&policy::allow(&value, wanted)).as_bytes());
            copied = span.end;
        }
        at += len;
    }
    if copied == 0 {
        return page;
    }
    out.put_slice(&page[copied..]);
    out.freeze()
}

/// Where the policy stands in its tag, between its quotes; a policy of several words cannot stand without.
fn content_of_policy(tag: &[u8]) -> Option<std::ops::Range<usize>> {
    let (mut content, mut is_policy) = (None, false);
    let mut at = "<meta".len();
    let end_of = |from: usize, ends: &dyn Fn(u8) -> bool| {
        tag[from..].iter().position(|&byte| ends(byte)).map_or(tag.len(), |length| from + length)
    };
    while at < tag.len() {
        at = end_of(at, &|byte| !byte.is_ascii_whitespace() && byte != b'/');
        let name_end = end_of(at, &|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'>'));
        let name = &tag[at..name_end];
        at = end_of(name_end, &|byte| !byte.is_ascii_whitespace());
        if tag.get(at) != Some(&b'=') {
            // A tag ends with something that is no name.
            at = at.max(name_end + usize::from(name.is_empty()));
            continue;
        }
        let open = end_of(at + 1, &|byte| !byte.is_ascii_whitespace());
        let quote = tag.get(open).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let (start, end) = match quote {
            Some(quote) => (open + 1, end_of(open + 1, &|byte| byte == quote)),
            None => (open, end_of(open, &|byte| byte.is_ascii_whitespace() || byte == b'>')),
        };
        is_policy |= name.eq_ignore_ascii_case(b"http-equiv")
            && tag[start..end].trim_ascii().eq_ignore_ascii_case(b"content-security-policy");
        if name.eq_ignore_ascii_case(b"content") && quote == Some(b'"') {
            content.get_or_insert(start..end);
        }
        at = end + usize::from(quote.is_some());
    }
    content.filter(|_| is_policy)
}

const ESCAPES: [(&str, &str); 4] = [("&#39;", "'"), ("&#x27;", "'"), ("&quot;", "\""), ("&amp;", "&")];

fn unescaped(value: &str) -> String {
    ESCAPES.iter().fold(value.to_owned(), |value, (from, to)| value.replace(from, to))
}

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_pages() {
        let wanted = Wanted { nonce: "n", authority: None, prefix: "/@/" };
        for (page, expected) in [
            (
                "<head><meta charset=utf-8><title>a</title><body><meta http-equiv=content-security-policy content=\"default-src 'self'\">",
                None,
            ),
            ("<p>no head", None),
            ("<meta", None),
            ("<meta http-equiv=refresh content=\"default-src 'none'\">", None),
            (
                "<meta charset=utf-8><META content=\"script-src 'none'\" HTTP-EQUIV='Content-Security-Policy'><title>a</title>",
                Some(
                    "<meta charset=utf-8><META content=\"script-src 'nonce-n'\" HTTP-EQUIV='Content-Security-Policy'><title>a</title>",
                ),
            ),
            (
                "<meta http-equiv = content-security-policy content = \"connect-src &#39;none&#39;\"/>x",
                Some("<meta http-equiv = content-security-policy content = \"connect-src 'self'\"/>x"),
            ),
        ] {
            let found = allow(Bytes::from(page), wanted);
            assert_eq!(found, expected.unwrap_or(page), "{page}");
        }
    }
}
