//! What a request asks for beside its path, read once: the fields we act on, and the coding that suits it.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    negotiate::{AcceptEncoding, LastAccepted},
    password::Verdicts,
    respond::Prepared,
    target::Action,
};

/// What a request wants of a representation.
pub(super) struct Wanted<'a> {
    pub(super) action: Action,
    pub(super) headers: &'a HeaderMap,
    pub(super) asked: Asked,
    pub(super) accept: AcceptEncoding,
    /// What came of checking its password, as far as that was done.
    pub(super) verdicts: &'a Verdicts,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        action: Action,
        headers: &'a HeaderMap,
        last: &RefCell<LastAccepted>,
        verdicts: &'a Verdicts,
    ) -> Self {
        let asked = Asked::of(headers);
        Self { action, headers, asked, accept: accept_encoding(headers, asked, last), verdicts }
    }

    /// Which representation of an entry; `None` when none is acceptable.
    pub(super) fn choose(&self, entry: &Prepared) -> Option<usize> {
        self.accept.choose(entry.representations.iter().enumerate().map(|(nth, found)| (found.coding, found.len, nth)))
    }
}

fn accept_encoding(headers: &HeaderMap, asked: Asked, last: &RefCell<LastAccepted>) -> AcceptEncoding {
    if !asked.has(Asked::ACCEPT_ENCODING) {
        return AcceptEncoding::ABSENT;
    }
    let lines = headers.get_all(header::ACCEPT_ENCODING);
    match only(headers, header::ACCEPT_ENCODING) {
        Some(line) => last.borrow_mut().parse(line),
        None => AcceptEncoding::parse(lines.iter().map(HeaderValue::as_bytes)),
    }
}

/// The value of a field that may occur once; `None` when it occurs more often.
pub(super) fn only(headers: &HeaderMap, name: HeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

pub(super) fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get_all(header::EXPECT).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Which of the fields we act on a request has, found in one pass: most have none or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked(u8);

impl Asked {
    pub(super) const ACCEPT_ENCODING: Self = Self(1);
    pub(super) const CONDITIONAL: Self = Self(2);
    pub(super) const RANGE: Self = Self(4);
    pub(super) const EXPECT: Self = Self(8);

    fn of(headers: &HeaderMap) -> Self {
        headers.keys().fold(Self(0), |found, name| {
            let field = match name.as_str() {
                "accept-encoding" => Self::ACCEPT_ENCODING,
                "if-match" | "if-none-match" | "if-modified-since" | "if-unmodified-since" => Self::CONDITIONAL,
                "range" => Self::RANGE,
                "expect" => Self::EXPECT,
                _ => return found,
            };
            Self(found.0 | field.0)
        })
    }

    pub(super) const fn has(self, field: Self) -> bool {
        self.0 & field.0 != 0
    }

    /// Whether anything may change which bytes are sent.
    pub(super) const fn any(self) -> bool {
        self.0 & (Self::CONDITIONAL.0 | Self::RANGE.0) != 0
    }
}
