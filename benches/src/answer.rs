//! Just enough of RFC 9112 to know where an answer ends and what it says: the client checks every single one with it.
//! Never a general parser: chunked bodies are refused, since no server here has a reason to send one.

/// The head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes up to and with the empty line.
    pub(crate) length: usize,
    /// Bytes of the body that follow.
    pub(crate) body: usize,
}

/// Reads the head at the start of `bytes`; none while it is not complete.
///
/// # Errors
/// When it is no HTTP/1.1 answer, or its length cannot be known.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>, &'static str> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let length = end + 4;
    let status = bytes.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3)).ok_or("not an HTTP/1.1 answer")?;
    let status = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok()).ok_or("a status of no number")?;
    // RFC 9112 §6.3: these have no body, whatever they say.
    let body = match status {
        100..=199 | 204 | 304 => 0,
        _ => field(&bytes[..length], "content-length")
            .ok_or("no Content-Length")?
            .parse()
            .map_err(|_| "a Content-Length of no number")?,
    };
    Ok(Some(Head { status, length, body }))
}

/// The value of a field, by its name in any case (RFC 9110 §5.1).
pub(crate) fn field<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (line, colon) = (line, line.get(name.len())?);
        let found = *colon == b':' && line[..name.len()].eq_ignore_ascii_case(name.as_bytes());
        found.then(|| std::str::from_utf8(&line[name.len() + 1..]).ok().map(str::trim))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, length of the head, length of the body.
    fn check(bytes: &str, want: Result<Option<(u16, usize, usize)>, &str>) {
        let got = head(bytes.as_bytes()).map(|head| head.map(|head| (head.status, head.length, head.body)));
        assert_eq!(got, want, "{bytes:?}");
    }

    #[test]
    fn an_answer_ends_where_its_head_says() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok(Some((200, 38, 5))));
        check("HTTP/1.1 404 Not Found\r\nX: y\r\ncontent-length:0\r\n\r\n", Ok(Some((404, 50, 0))));
        check("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", Ok(Some((304, 40, 0))));
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Ok(None));
        check("", Ok(None));
        check("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", Err("not an HTTP/1.1 answer"));
        check("HTTP/1.1 abc\r\n\r\n", Err("a status of no number"));
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Err("no Content-Length"));
        check("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", Err("a Content-Length of no number"));
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let head = b"HTTP/1.1 200 OK\r\nX-ETag: no\r\nETAG: \"yes\"\r\n\r\n";
        assert_eq!(field(head, "etag"), Some("\"yes\""));
        assert_eq!(field(head, "tag"), None);
        assert_eq!(field(head, "HTTP/1.1 200 OK"), None);
    }
}
