//! Shows a build's diagnostics: excerpts for a person, one line each for a machine. It must not decide anything: order
//! and content are the diagnostics' own.

use std::{
    fmt,
    io::{self, BufWriter, IsTerminal, Write},
};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};

use super::log;
use crate::diag::{Diagnostic, Severity, Source};

/// Writes `diagnostics` to standard error, in source order, each with its excerpt.
pub(super) fn show(diagnostics: &[Diagnostic]) {
    let stderr = io::stderr().lock();
    let styled = log::colours(stderr.is_terminal());
    let mut stderr = BufWriter::new(stderr);
    for text in rendered(diagnostics, styled, terminal_width()) {
        // A closed standard error leaves nobody to tell.
        if stderr.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
    drop(stderr.flush());
}

/// As text: what a person reads.
#[cfg(any(test, feature = "compiler"))]
pub(super) fn render(diagnostics: &[Diagnostic], styled: bool, width: usize) -> String {
    rendered(diagnostics, styled, width).collect()
}

/// So many become text at once: a large site may have more than memory has room for.
const AT_ONCE: usize = 1024;

/// Each as text, in source order.
fn rendered(diagnostics: &[Diagnostic], styled: bool, width: usize) -> impl Iterator<Item = String> {
    let theme = if styled { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false).with_context_lines(1);
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort();
    let mut rest = sorted.into_iter();
    let batches = std::iter::from_fn(move || {
        let batch: Vec<&Diagnostic> = rest.by_ref().take(AT_ONCE).collect();
        (!batch.is_empty()).then(|| each(&batch, |diagnostic| render_one(&handler, diagnostic)))
    });
    batches.flatten()
}

#[cfg(feature = "compiler")]
fn each(batch: &[&Diagnostic], render: impl Fn(&Diagnostic) -> String + Sync) -> Vec<String> {
    use rayon::prelude::*;
    batch.par_iter().map(|diagnostic| render(diagnostic)).collect()
}

#[cfg(not(feature = "compiler"))]
fn each(batch: &[&Diagnostic], render: impl Fn(&Diagnostic) -> String) -> Vec<String> {
    batch.iter().map(|diagnostic| render(diagnostic)).collect()
}

fn render_one(handler: &GraphicalReportHandler, diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    let source = diagnostic.label.as_ref().map(|label| Excerpts(&label.source));
    let report = Report { diagnostic, source, help: help_of(diagnostic) };
    if handler.render_report(&mut text, &report).is_err() {
        text.push_str(&line(diagnostic));
    }
    text.push('\n');
    text
}

/// As one line, for logs and machines: `path:line:column: error: message`.
pub(super) fn line(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = diagnostic.position().map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
    format!("{}{place}: {severity}: {}", diagnostic.path, diagnostic.message)
}

/// For `--json`.
pub(super) fn json(diagnostic: &Diagnostic) -> serde_json::Value {
    let (line, column) = diagnostic.position().unzip();
    serde_json::json!({
        "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "path": &*diagnostic.path,
        "line": line,
        "column": column,
        "message": diagnostic.message,
        "label": diagnostic.label.as_ref().map(|label| label.text.as_str()).filter(|text| !text.is_empty()),
        "help": diagnostic.help,
        "trace": diagnostic.trace,
    })
}

/// Of the terminal, within what is pleasant to read; 100 when there is none.
fn terminal_width() -> usize {
    let (_, columns) = console::Term::stderr().size_checked().unwrap_or((24, 100));
    usize::from(columns).clamp(40, 120)
}

struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<Excerpts<'a>>,
    help: Option<String>,
}

/// A file that excerpts are taken of. miette's own way reads it from its beginning, byte by byte.
#[derive(Debug)]
struct Excerpts<'a>(&'a Source);

impl SourceCode for Excerpts<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.0.text.as_bytes();
        let mut start = span.offset().min(text.len());
        for _ in 0..lines_before + 2 {
            start = memchr::memrchr(b'\n', &text[..start]).unwrap_or(0);
        }
        let lines = memchr::memchr_iter(b'\n', &text[..start]).count();
        let near = (span.offset() - start, span.len()).into();
        let excerpt = text[start..].read_span(&near, lines_before, lines_after)?;
        let place = (excerpt.span().offset() + start, excerpt.span().len()).into();
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.path.to_string(),
            excerpt.data(),
            place,
            excerpt.line() + lines,
            excerpt.column(),
            excerpt.line_count() + lines,
        )))
    }
}

/// The way we got there, then the advice.
fn help_of(diagnostic: &Diagnostic) -> Option<String> {
    let lines: Vec<&str> = diagnostic.trace.iter().map(String::as_str).chain(diagnostic.help.as_deref()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.diagnostic.label {
            Some(_) => f.write_str(&self.diagnostic.message),
            None => write!(f, "{}: {}", self.diagnostic.path, self.diagnostic.message),
        }
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.diagnostic.label.as_ref()?;
        let text = (!label.text.is_empty()).then(|| label.text.clone());
        let span = LabeledSpan::new(text, label.span.start, label.span.end - label.span.start);
        Some(Box::new(std::iter::once(span)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Source;

    #[test]
    fn a_person_reads_the_place_the_excerpt_the_way_there_and_the_hint() {
        let source = Source::new("sites/docs/templates/base.html", "<h1>\n  {{ page.titel }}\n</h1>\n");
        let diagnostics = [
            Diagnostic::error("sites/docs/templates/zzz.html", "is not UTF-8"),
            Diagnostic::error_at(&source, 16..21, "there is no `titel`")
                .labelled("not a field of `page`")
                .traced("while rendering /guide/, from sites/docs/content/guide.md")
                .with_help("did you mean `title`?"),
            Diagnostic::error_at(&source, 0..4, "a heading nobody closes").as_warning(),
        ];
        insta::assert_snapshot!(render(&diagnostics, false, 80));
    }

    #[test]
    fn a_machine_reads_one_line() {
        let source = Source::new("a.md", "x\nyz");
        assert_eq!(line(&Diagnostic::error_at(&source, 3..4, "no")), "a.md:2:2: error: no");
        assert_eq!(line(&Diagnostic::error("a.md", "no").as_warning()), "a.md: warning: no");
    }
}
