//! Where our answers differ from nginx's, and who is right.

use crate::nginx::Case;

/// What differs between two answers to one request.
#[derive(Debug)]
pub(crate) struct Difference {
    what: &'static str,
    ours: String,
    theirs: String,
}

impl Difference {
    pub(crate) fn new(what: &'static str, ours: &str, theirs: &str) -> Self {
        Self { what, ours: ours.to_owned(), theirs: theirs.to_owned() }
    }
}

/// A difference that is meant: what differs (`*` for all of an answer that follows from one thing), the two values
/// (`*` for any), for which requests, who is right, and why.
pub(crate) struct Row(&'static str, &'static str, &'static str, fn(&Case) -> bool, Right, &'static str);

#[derive(Debug)]
enum Right {
    /// The RFC asks for what we do.
    We,
    /// It allows both.
    Both,
}

use Right::{Both, We};

impl Row {
    pub(crate) fn explains(&self, case: &Case, difference: &Difference) -> bool {
        let Self(what, ours, theirs, when, ..) = self;
        let is = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        is(what, difference.what) && is(ours, &difference.ours) && is(theirs, &difference.theirs) && when(case)
    }
}

pub(crate) fn who_is_right(Row(what, ours, theirs, _, right, why): &Row) -> String {
    format!("{what} {ours:?} and not {theirs:?}: {right:?} right, {why}")
}

/// References are to RFC 9110 where no other is named.
pub(crate) const DIFFERENCES: &[Row] = &[
    // Addresses
    Row(
        "status",
        "400",
        "200",
        |case| case.target.starts_with("ftp:"),
        We,
        "§4.2: that is no address of an HTTP server",
    ),
    Row("status", "308", "301", any, Both, "§15.4.9: what redirects to a page's one address keeps the method"),
    Row(
        "status",
        "308",
        "200",
        |case| case.target.contains("index.html"),
        Both,
        "a page has one address: its folder's",
    ),
    Row(
        "status",
        "308",
        "200",
        is_escaped,
        Both,
        "a page has one address: that with the fewest escapes (RFC 3986 §6.2.2)",
    ),
    Row(
        "status",
        "400",
        "200",
        has_dots,
        Both,
        "removing dots and slashes is the client's (RFC 3986 §5.2.4); two addresses of a page are two pages to a cache",
    ),
    Row("status", "400", "403", has_dots, Both, "nginx removes the dots, and finds a folder without a page"),
    Row("status", "404", "400", has_dots, Both, "what is above the root is below no site"),
    Row("status", "404", "200", |case| case.target.starts_with("//"), Both, "the empty segment is no site"),
    Row(
        "status",
        "404",
        "200",
        is_escaped,
        Both,
        "a site's name is taken as it is written, and an escaped slash parts nothing (RFC 3986 §2.2)",
    ),
    Row(
        "status",
        "400",
        "200",
        |case| case.target.contains("%2f"),
        Both,
        "an escaped slash parts nothing (RFC 3986 §2.2)",
    ),
    Row("status", "400", "404", any, Both, "no page's path has these bytes, so nothing is looked for"),
    Row(
        "status",
        "404",
        "403",
        |case| case.target == "http://a",
        Both,
        "there is nothing at the root; nginx has a folder there and does not list it",
    ),
    // Methods
    Row("status", "204", "405", |case| case.method == "OPTIONS", Both, "§9.3.7: OPTIONS is answered"),
    Row("status", "308", "405", |case| case.method == "OPTIONS", Both, "§9.3.7: OPTIONS is answered as GET would be"),
    Row("status", "404", "405", |case| case.method == "OPTIONS", Both, "§9.3.7: OPTIONS is answered as GET would be"),
    Row("allow", "GET, HEAD, OPTIONS", "", any, We, "§15.5.6: a 405 has Allow"),
    Row(
        "status",
        "405",
        "301",
        |case| case.method == "POST",
        Both,
        "a POST is refused before its target is looked for",
    ),
    Row(
        "status",
        "405",
        "404",
        |case| case.method == "POST",
        Both,
        "a POST is refused before its target is looked for",
    ),
    Row("status", "501", "405", any, We, "§9.1: a method that is not known is 501"),
    Row(
        "status",
        "501",
        "400",
        any,
        We,
        "§9.1: methods tell upper from lower case, so these are unknown, not malformed",
    ),
    // Ranges
    Row("status", "200", "206", |case| case.method == "HEAD", We, "§14.2: a range is of GET alone"),
    Row("status", "200", "416", |case| case.method == "HEAD", We, "§14.2: a range is of GET alone"),
    Row("accept-ranges", "bytes", "", any, Both, "§14.3: it may be said in every answer, of every coding"),
    Row(
        "status",
        "200",
        "416",
        |case| case.field("Range").is_some(),
        We,
        "§14.2: a range that is malformed is ignored",
    ),
    Row(
        "status",
        "200",
        "206",
        |case| case.field("Range") == Some("bytes=0 - 1"),
        We,
        "§14.1.1: there is no space in a range, so it is malformed",
    ),
    Row(
        "status",
        "206",
        "416",
        |case| case.field("Range").is_some_and(|range| range.contains(",,") || range.contains("=,")),
        We,
        "§5.6.1.2: empty elements of a list are ignored",
    ),
    Row(
        "status",
        "206",
        "416",
        |case| case.field("Range").is_some_and(|range| range.contains("1844")),
        We,
        "§14.1.2: a position behind the end is the end, however far",
    ),
    Row(
        "status",
        "206",
        "200",
        |case| case.field("Range").is_some(),
        Both,
        "§17.15: nginx sends the whole when the ranges together are longer, we join those that overlap",
    ),
    Row("*", "*", "*", joins_ranges, Both, "§15.3.7.2: ranges with less between them than a part's head are joined"),
    Row(
        "status",
        "416",
        "200",
        |case| case.target.ends_with("empty.txt"),
        Both,
        "§15.5.17: no range begins within what is empty; §14.2 lets nginx ignore it",
    ),
    Row(
        "status",
        "200",
        "206",
        |case| case.field("If-Range").is_some_and(|value| value.contains("GMT")),
        We,
        "§13.1.5: a date is no strong validator when it may be younger than the last change",
    ),
    // Conditions
    Row("last-modified", "", "*", any, We, "§15.4.5: a 304 does not repeat what no cache needs beside the tag"),
    Row(
        "status",
        "304",
        "200",
        |case| case.field("If-Modified-Since").is_some(),
        We,
        "§13.1.3: not modified since a later date, either; and not looked at beside If-None-Match",
    ),
    Row(
        "status",
        "200",
        "412",
        |case| case.field("If-Unmodified-Since") == Some("yesterday"),
        We,
        "§13.1.4: what is no date is ignored",
    ),
    Row(
        "status",
        "200",
        "412",
        |case| case.field("If-Match").is_some(),
        We,
        "§13.1.4: If-Unmodified-Since is ignored beside If-Match",
    ),
    // Codings
    Row("*", "*", "*", |case| case.field("Accept-Encoding") == Some("x-gzip"), We, "§8.4.1.3: x-gzip is gzip"),
    Row("*", "*", "*", |case| case.field("Accept-Encoding") == Some("*"), We, "§12.5.3: `*` is any coding"),
    Row(
        "*",
        "*",
        "*",
        |case| case.field("Accept-Encoding") == Some("identity, gzip;q=0.5"),
        We,
        "§12.5.3: identity has the greater weight",
    ),
    Row(
        "status",
        "406",
        "200",
        |case| case.field("Accept-Encoding").is_some(),
        We,
        "§12.5.3: identity is excluded, and so is what else there is",
    ),
    // Expectations
    Row(
        "status",
        "200",
        "100",
        |case| case.field("Expect").is_some(),
        Both,
        "§10.1.1: without content, no one waits for the 100",
    ),
    Row(
        "status",
        "417",
        "200",
        |case| case.field("Expect").is_some(),
        Both,
        "§10.1.1: an expectation that is not known may be refused",
    ),
];

fn any(_: &Case) -> bool {
    true
}

fn is_escaped(case: &Case) -> bool {
    case.target.contains('%') || !case.target.is_ascii()
}

fn has_dots(case: &Case) -> bool {
    ["//", "/.", "/%2e", "/%2E"].iter().any(|dots| case.target.contains(dots))
}

fn joins_ranges(case: &Case) -> bool {
    case.method == "GET" && case.field("Range").is_some_and(|ranges| ranges.matches('-').count() > 1)
}
