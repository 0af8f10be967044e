//! GFM's extended autolinks (GFM §6.9): bare `www.`, `http://`, `https://` and `ftp://` addresses and e-mail
//! addresses in running text. The caller leaves out code and links.

use std::ops::Range;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Autolink {
    pub(super) range: Range<usize>,
    /// What the URL has and the text does not: `http://`, `mailto:` or nothing.
    pub(super) prefix: &'static str,
}

/// The autolinks of `text`, in order. `before` is the character the text follows, if it does not begin a line.
pub(super) fn find(text: &str, before: Option<char>) -> Vec<Autolink> {
    let mut found: Vec<Autolink> = Vec::new();
    if !(text.contains("://") || text.contains('@') || contains_www(text)) {
        return found;
    }
    let mut at = 0;
    let mut done = 0;
    while at < text.len() {
        let link = match text.as_bytes()[at] {
            b':' => url_at(text, done, at),
            b'w' | b'W' => www_at(text, done, at, before),
            b'@' => email_at(text, done, at),
            _ => None,
        };
        match link {
            Some(link) => {
                at = link.range.end;
                done = at;
                found.push(link);
            }
            None => at += 1,
        }
    }
    found
}

fn contains_www(text: &str) -> bool {
    text.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"www."))
}

/// `http://…` around the colon at `colon`.
fn url_at(text: &str, done: usize, colon: usize) -> Option<Autolink> {
    let rest = text[colon..].strip_prefix("://")?;
    let letters = text[done..colon].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let start = colon - letters;
    let known = ["http", "https", "ftp"].iter().any(|scheme| scheme.eq_ignore_ascii_case(&text[start..colon]));
    let after_word = text[done..start].ends_with(|c: char| c.is_alphanumeric());
    if !known || after_word || !is_domain(rest, 1) {
        return None;
    }
    let from = colon + "://".len();
    let end = from + trimmed_len(rest)?;
    Some(Autolink { range: start..end, prefix: "" })
}

/// `www.…` at `start`.
fn www_at(text: &str, done: usize, start: usize, before: Option<char>) -> Option<Autolink> {
    let rest = &text[start..];
    if !rest.get(..4)?.eq_ignore_ascii_case("www.") {
        return None;
    }
    let previous = if start == 0 { before } else { text[..start].chars().next_back() };
    let may_begin = start >= done && previous.is_none_or(|c| c.is_whitespace() || "*_~(".contains(c));
    if !may_begin || !is_domain(rest, 2) {
        return None;
    }
    Some(Autolink { range: start..start + trimmed_len(rest)?, prefix: "http://" })
}

/// `name@host.tld` around the at sign at `sign`; `mailto:` before it is taken in.
fn email_at(text: &str, done: usize, sign: usize) -> Option<Autolink> {
    let bytes = text.as_bytes();
    let name = text[done..sign].bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || b".-_+".contains(b)).count();
    let mut start = sign - name;
    let host = bytes[sign + 1..].iter().take_while(|b| b.is_ascii_alphanumeric() || b".-_".contains(b)).count();
    let host = text[sign + 1..sign + 1 + host].trim_end_matches('.');
    let good = name > 0
        && host.contains('.')
        && host.split('.').all(|label| !label.is_empty())
        && host.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !good {
        return None;
    }
    let mut prefix = "mailto:";
    if text[done..start].ends_with("mailto:") {
        start -= prefix.len();
        prefix = "";
    }
    Some(Autolink { range: start..sign + 1 + host.len(), prefix })
}

/// Whether `text` begins with a domain of at least `least` labels and no underscore in the last two.
fn is_domain(text: &str, least: usize) -> bool {
    let end = text.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
    let domain = text[..end].trim_end_matches('.');
    let labels = domain.split('.');
    labels.clone().all(|label| !label.is_empty())
        && labels.clone().count() >= least
        && labels.rev().take(2).all(|label| !label.contains('_'))
}

/// How much of `text` is the address: up to a space or `<`, without punctuation that ends the sentence. `None` when
/// nothing is left.
fn trimmed_len(text: &str) -> Option<usize> {
    let mut link = text.split(|c: char| c.is_whitespace() || c == '<').next().unwrap_or("");
    let unopened = |link: &str| link.matches(')').count().saturating_sub(link.matches('(').count());
    let mut closing = unopened(link);
    loop {
        link = match link.as_bytes().last()? {
            b'?' | b'!' | b'.' | b',' | b':' | b'*' | b'_' | b'~' | b'\'' | b'"' => &link[..link.len() - 1],
            b')' if closing > 0 => {
                closing -= 1;
                &link[..link.len() - 1]
            }
            b';' => {
                let name = link[..link.len() - 1].trim_end_matches(|c: char| c.is_ascii_alphanumeric());
                let entity = name.len() < link.len() - 1 && name.ends_with('&');
                let end = if entity { name.len() - 1 } else { link.len() - 1 };
                &link[..end]
            }
            _ => return Some(link.len()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The links of `text`, as `prefix text`.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> =
            find(text, None).iter().map(|link| format!("{}{}", link.prefix, &text[link.range.clone()])).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_examples_of_the_specification() {
        check("www.commonmark.org", &["http://www.commonmark.org"]);
        check("Visit www.commonmark.org/help for more", &["http://www.commonmark.org/help"]);
        check("Visit www.commonmark.org.", &["http://www.commonmark.org"]);
        check("Visit www.commonmark.org/a.b.", &["http://www.commonmark.org/a.b"]);
        check("www.google.com/search?q=Markup+(business)", &["http://www.google.com/search?q=Markup+(business)"]);
        check("www.google.com/search?q=Markup+(business)))", &["http://www.google.com/search?q=Markup+(business)"]);
        check("(www.google.com/search?q=Markup+(business))", &["http://www.google.com/search?q=Markup+(business)"]);
        check("www.google.com/search?q=(business))+ok", &["http://www.google.com/search?q=(business))+ok"]);
        check("www.google.com/search?q=a&hl=en", &["http://www.google.com/search?q=a&hl=en"]);
        check("www.google.com/search?q=a&hl;", &["http://www.google.com/search?q=a"]);
        check("www.commonmark.org/he<lp", &["http://www.commonmark.org/he"]);
        check("http://commonmark.org", &["http://commonmark.org"]);
        check(
            "(Visit https://encrypted.google.com/search?q=Markup+(business))",
            &["https://encrypted.google.com/search?q=Markup+(business)"],
        );
        check("foo@bar.baz", &["mailto:foo@bar.baz"]);
        check("hello@mail+xyz.example isn't valid, but hello+xyz@mail.example is.", &["mailto:hello+xyz@mail.example"]);
        check("a.b-c_d@a.b a.b-c_d@a.b. a.b-c_d@a.b- a.b-c_d@a.b_", &["mailto:a.b-c_d@a.b", "mailto:a.b-c_d@a.b"]);
        check("mailto:foo@bar.baz", &["mailto:foo@bar.baz"]);
    }

    #[test]
    fn what_is_no_link() {
        for text in [
            "xhttp://a.b",
            "javascript://a.b",
            "http://",
            "http://.",
            "http://?",
            "awww.a.b",
            "www.",
            "www..a",
            "www.a_b.c",
            "a@b",
            "@a.b",
            "a@.b",
            "C:\\www",
            "1 : 2",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn what_follows_and_precedes() {
        check("\"http://a.b/c\", 'https://d.e'!", &["http://a.b/c", "https://d.e"]);
        check("HTTP://LOCALHOST:8080/x", &["HTTP://LOCALHOST:8080/x"]);
        check("http://münchen.example/ü", &["http://münchen.example/ü"]);
        check("https://a.b/~c/~", &["https://a.b/~c/"]);
        check("https://user@host.example/", &["https://user@host.example/"]);
        assert_eq!(find("www.a.b", Some('x')), []);
        assert_eq!(find("www.a.b", Some('(')).len(), 1);
    }
}
