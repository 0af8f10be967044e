//! `[sitekit.content_security_policy]`: what the author adds to the policy that the build derives from each page.

use super::super::fields::Fields;
use crate::{diag::Diagnostic, load::Spanned};

/// What is done with the policy of each page, and what is added to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySettings {
    pub mode: PolicyMode,
    /// Directives by name, with sources as the policy has them. Together with what the build found they are all that is
    /// allowed.
    pub directives: Vec<(String, Vec<String>)>,
    /// The URL that browsers report violations to.
    pub report_to: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyMode {
    #[default]
    Enforce,
    /// Browsers report what they would not have allowed, and allow it.
    ReportOnly,
    Off,
}

impl PolicySettings {
    /// What the author wrote for a directive.
    #[must_use]
    pub fn directive(&self, name: &str) -> Option<&[String]> {
        self.directives.iter().find(|(known, _)| known == name).map(|(_, sources)| &sources[..])
    }
}

const MODES: &[(&str, PolicyMode)] =
    &[("enforce", PolicyMode::Enforce), ("report-only", PolicyMode::ReportOnly), ("off", PolicyMode::Off)];

/// Directives of CSP Level 3 that take sources. Those that would take the place of a derived one without its hashes
/// (`script-src-elem` and its like) are not among them.
const SOURCES: [&str; 14] = [
    "script-src",
    "style-src",
    "style-src-attr",
    "img-src",
    "font-src",
    "media-src",
    "connect-src",
    "frame-src",
    "worker-src",
    "manifest-src",
    "object-src",
    "base-uri",
    "form-action",
    "frame-ancestors",
];

/// … and those that take words.
const WORDS: [&str; 3] = ["require-trusted-types-for", "trusted-types", "sandbox"];

pub(super) fn read(fields: &mut Fields<'_>) -> PolicySettings {
    let read = |fields: &mut Fields<'_>| {
        let mode = fields.word("mode", MODES).unwrap_or_default();
        let mut directives = Vec::new();
        for name in SOURCES {
            let Some(written) = fields.one_or_more(name) else { continue };
            let sources: Vec<String> = written.into_iter().filter_map(|one| source(fields, one)).collect();
            directives.push((name.to_owned(), sources));
        }
        for name in WORDS {
            let Some(written) = fields.one_or_more(name) else { continue };
            directives.push((name.to_owned(), written.into_iter().filter_map(|word| plain(fields, word)).collect()));
        }
        if fields.bool("upgrade-insecure-requests") == Some(true) {
            directives.push(("upgrade-insecure-requests".to_owned(), Vec::new()));
        }
        PolicySettings { mode, directives, report_to: report_to(fields) }
    };
    fields.within("content_security_policy", read).unwrap_or_default()
}

fn source(fields: &mut Fields<'_>, written: Spanned<String>) -> Option<String> {
    const KEYWORDS: [&str; 9] = [
        "self",
        "none",
        "unsafe-inline",
        "unsafe-eval",
        "unsafe-hashes",
        "wasm-unsafe-eval",
        "strict-dynamic",
        "report-sample",
        "inline-speculation-rules",
    ];
    let span = written.span.clone();
    let source = plain(fields, written)?;
    let is_hash = ["sha256-", "sha384-", "sha512-"].iter().any(|start| source.starts_with(start));
    if is_hash || KEYWORDS.contains(&source.as_str()) {
        let diagnostic = Diagnostic::error_at(fields.source(), span, format!("`{source}` would be read as a host"))
            .with_help(format!("keywords and hashes stand in single quotes: \"'{source}'\""));
        fields.push(diagnostic);
        return None;
    }
    Some(source)
}

/// A word of a policy: white space, `;` and `,` would end it.
fn plain(fields: &mut Fields<'_>, written: Spanned<String>) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',');
    if !written.value.is_empty() && written.value.bytes().all(good) {
        return Some(written.value);
    }
    let help = "write each source as a string of its own: [\"https://a.example\", \"https://b.example\"]";
    let message = format!("`{}` is not one source: it has no white space, `;` or `,`, and is ASCII", written.value);
    fields.push(Diagnostic::error_at(fields.source(), written.span, message).with_help(help));
    None
}

fn report_to(fields: &mut Fields<'_>) -> Option<String> {
    let written = fields.string("report_to")?;
    let is_url = written.value.starts_with("https://") || written.value.starts_with("http://");
    if !is_url || written.value.contains('"') {
        let message = format!(
            "`{}` is a URL that takes reports, such as `https://reports.example/csp`",
            fields.name_of("report_to")
        );
        fields.error(written.span, message);
        return None;
    }
    plain(fields, written)
}
