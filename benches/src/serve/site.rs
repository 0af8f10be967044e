//! The files that are served, and the requests for them. Made here rather than taken from somewhere, so that every run
//! on every machine asks for the same bytes.

use std::{fmt::Write as _, fs, path::Path};

/// The site's name and so its mount.
pub(super) const SITE: &str = "bench";

/// The body of the first case; 4 KB that no coding makes smaller.
pub(super) const FILE: &str = "/bench/file.bin";

/// A request and what is special about its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The 4 KB file, identity.
    File,
    /// A 20 KB page, coded with gzip in advance.
    Page,
    /// The 4 KB file again, by someone who has it: 304.
    Fresh,
    /// A file that is not there: 404.
    Missing,
}

impl Kind {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::File | Self::Page => 200,
            Self::Fresh => 304,
            Self::Missing => 404,
        }
    }

    /// The request as bytes. `page` is where the server at hand has the page, `etag` what it said of the file.
    pub(super) fn request(self, page: &str, etag: &str) -> Vec<u8> {
        let (target, condition) = match self {
            Self::File => (FILE, String::new()),
            Self::Page => (page, String::new()),
            Self::Fresh => (FILE, format!("If-None-Match: {etag}\r\n")),
            Self::Missing => ("/bench/missing.bin", String::new()),
        };
        format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: sitekit-bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n{condition}\r\n"
        )
        .into_bytes()
    }
}

/// One measurement: requests that each connection makes in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Case {
    /// The 4 KB file
    File,
    /// A 20 KB page with gzip
    Page,
    /// 304 to a conditional request
    Fresh,
    /// 404
    Missing,
    /// All four in turn
    Mix,
}

impl Case {
    pub(super) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::File => &[Kind::File],
            Self::Page => &[Kind::Page],
            Self::Fresh => &[Kind::Fresh],
            Self::Missing => &[Kind::Missing],
            Self::Mix => &[Kind::File, Kind::Page, Kind::Fresh, Kind::Missing],
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::File => "4 KB file",
            Self::Page => "20 KB page, gzip",
            Self::Fresh => "304 Not Modified",
            Self::Missing => "404 Not Found",
            Self::Mix => "mix of a 4 KB file, a 20 KB page with gzip, 304 and 404",
        }
    }
}

/// Writes the site below `sites`: `bench/index.html`, `bench/file.bin`, `bench/page/index.html`.
pub(super) fn write(sites: &Path) -> std::io::Result<()> {
    let root = sites.join(SITE);
    fs::create_dir_all(root.join("page"))?;
    fs::write(root.join("index.html"), document("Bench", "<p>What is measured stands beside this page.</p>\n"))?;
    fs::write(root.join("file.bin"), noise(4096))?;
    fs::write(root.join("page/index.html"), page(20 << 10))
}

/// Bytes of a linear congruential generator (Knuth's MMIX constants), the same everywhere.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A page of at least that length: paragraphs of words in no order.
fn page(length: usize) -> String {
    const WORDS: &[&str] = &[
        "answer",
        "body",
        "client",
        "coding",
        "connection",
        "content",
        "field",
        "gateway",
        "header",
        "message",
        "method",
        "origin",
        "path",
        "proxy",
        "range",
        "request",
        "resource",
        "server",
        "status",
        "validator",
    ];
    let (mut body, mut choice) = (String::new(), noise(length).into_iter());
    while body.len() < length {
        let words: Vec<&str> = choice.by_ref().take(40).map(|byte| WORDS[usize::from(byte) % WORDS.len()]).collect();
        let _ = writeln!(body, "<p class=\"text\">{}.</p>", words.join(" "));
    }
    document("A page", &body)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_have_the_sizes_that_the_tables_say() {
        assert_eq!(noise(4096).len(), 4096);
        let page = page(20 << 10).len();
        assert!((20 << 10..21 << 10).contains(&page), "{page}");
    }

    #[test]
    fn a_request_ends_with_an_empty_line_and_says_its_condition() {
        for kind in Case::Mix.kinds() {
            let request = String::from_utf8(kind.request("/bench/page/", "\"tag\"")).unwrap();
            assert!(request.ends_with("\r\n\r\n") && request.matches("\r\n\r\n").count() == 1, "{request:?}");
            assert_eq!(request.contains("If-None-Match: \"tag\"\r\n"), *kind == Kind::Fresh, "{request:?}");
        }
    }
}
