//! Code blocks: `<pre><code>`, highlighted when there is a highlighter, with Zola's options for lines.

use std::{fmt::Write as _, ops::Range, sync::Arc};

use pulldown_cmark::CowStr;

use super::Writer;
use crate::{
    diag::{Diagnostic, did_you_mean},
    transform::{
        escape,
        highlight::Highlighted,
        markdown::fence::{Fence, OPTIONS},
    },
};

pub(super) struct OpenCode<'a> {
    pub(super) info: CowStr<'a>,
    pub(super) text: String,
}

impl Writer<'_> {
    pub(super) fn end_code(&mut self, place: Range<usize>) {
        let Some(code) = self.code.take() else {
            return;
        };
        let fence = Fence::parse(&code.info);
        for &option in &fence.unknown {
            self.warn_of_option(option, &place);
        }
        let body = self.code_body(&fence, &code.text, &place);
        self.fresh_line();
        self.start_pre(&fence);
        if fence.is_by_line() {
            self.write_lines(&fence, &body);
        } else {
            self.html.push_str(&body);
        }
        self.html.push_str("</code></pre>\n");
    }

    /// The code as HTML; every line of it is well-formed by itself.
    fn code_body(&mut self, fence: &Fence<'_>, code: &str, place: &Range<usize>) -> Arc<str> {
        match self.highlighter.map(|highlighter| highlighter.highlight(fence.language, code)) {
            Some(Highlighted::Html(html)) => return html,
            Some(Highlighted::TooLarge) => {
                let span = self.first_line(place);
                let diagnostic = Diagnostic::error_at(self.source, span, "this code block is too large to highlight");
                let help = "it is shown as plain text; name no language here, or break its lines";
                self.diagnostics.push(diagnostic.as_warning().with_help(help));
            }
            Some(Highlighted::Unknown) | None => {}
        }
        let mut html = String::with_capacity(code.len() + code.len() / 8);
        escape::text(&mut html, code);
        html.into()
    }

    fn start_pre(&mut self, fence: &Fence<'_>) {
        self.html.push_str("<pre");
        let language = fence.language;
        if !language.is_empty() {
            self.attribute("data-lang", language);
        }
        if let Some(name) = fence.name {
            self.attribute("data-name", name);
        }
        match (language.is_empty(), self.highlighter.is_some()) {
            (true, true) => self.html.push_str(" class=\"z-code\""),
            (false, true) => self.attribute("class", &format!("language-{language} z-code")),
            (false, false) => self.attribute("class", &format!("language-{language}")),
            (true, false) => {}
        }
        self.html.push_str("><code");
        if !language.is_empty() {
            self.attribute("class", &format!("language-{language}"));
            self.attribute("data-lang", language);
        }
        self.html.push('>');
    }

    fn write_lines(&mut self, fence: &Fence<'_>, body: &str) {
        for (index, line) in body.split_inclusive('\n').enumerate() {
            let number = index + 1;
            if fence.hidden.contains(number) {
                continue;
            }
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
            if let Some(first) = fence.first_number {
                // Writing to a string cannot fail.
                let _ = write!(self.html, "<span class=\"z-ln\" data-line=\"{}\"></span>", first.saturating_add(index));
            }
            if fence.marked.contains(number) {
                self.html.extend(["<mark class=\"z-hl\">", line, "</mark>", end]);
            } else {
                self.html.extend([line, end]);
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.html.extend([" ", name, "=\""]);
        escape::attribute(&mut self.html, value);
        self.html.push('"');
    }

    fn warn_of_option(&mut self, option: &str, place: &Range<usize>) {
        let line = self.first_line(place);
        let span = match self.source.text[line.clone()].find(option) {
            Some(at) => line.start + at..line.start + at + option.len(),
            None => line,
        };
        let key = option.split('=').next().unwrap_or(option);
        let help = match did_you_mean(key, OPTIONS.iter().copied()) {
            Some(known) if known != key => format!("did you mean `{known}`?"),
            _ => format!("after the language, separated by commas, may stand: {}", OPTIONS.join(", ")),
        };
        let message = format!("a code block has no option `{option}`");
        self.diagnostics.push(Diagnostic::error_at(self.source, span, message).as_warning().with_help(help));
    }

    /// The place of a block's first line, in the file.
    fn first_line(&self, place: &Range<usize>) -> Range<usize> {
        let end = self.text[place.clone()].find('\n').map_or(place.end, |at| place.start + at);
        self.text.in_file(&(place.start..end))
    }
}
