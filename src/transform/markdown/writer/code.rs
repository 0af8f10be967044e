//! Code blocks: `<pre><code>`, highlighted when there is a highlighter, with Zola's options for lines.

use std::{ops::Range, sync::Arc};

use pulldown_cmark::CowStr;

use super::Writer;
use crate::{
    diag::{Diagnostic, did_you_mean},
    transform::{
        escape,
        highlight::{Highlighted, Markup},
        markdown::{
            DataAttributes,
            fence::{Fence, OPTIONS},
        },
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
        let markup = self.around.highlighter.map_or(&Markup::PLAIN, |highlighter| highlighter.markup());
        self.start_pre(&fence, markup);
        if markup.has_lines || fence.is_by_line() {
            self.write_lines(&fence, &body, markup);
        } else {
            self.html.push_str(&body);
        }
        self.html.push_str("</code></pre>\n");
    }

    /// The code as HTML; every line of it is well-formed by itself.
    fn code_body(&mut self, fence: &Fence<'_>, code: &str, place: &Range<usize>) -> Arc<str> {
        match self.around.highlighter.map(|highlighter| highlighter.highlight(fence.language, code)) {
            Some(Highlighted::Html(html)) => return html,
            Some(Highlighted::TooLarge) => {
                let span = self.first_line(place);
                let diagnostic = Diagnostic::error_at(self.source, span, "this code block is too large to highlight");
                let help = "it is shown as plain text; name no language here, or break its lines";
                self.diagnostics.push(diagnostic.as_warning().with_help(help));
            }
            Some(Highlighted::Unknown) if self.options.strict_languages => self.refuse_unknown(fence.language, place),
            Some(Highlighted::Unknown) | None => {}
        }
        let mut html = String::with_capacity(code.len() + code.len() / 8);
        escape::text(&mut html, code);
        html.into()
    }

    fn refuse_unknown(&mut self, language: &str, place: &Range<usize>) {
        if self.around.highlighter.is_none_or(|highlighter| highlighter.knows(language)) {
            return;
        }
        let message = format!("there is no highlighting for the language `{language}`");
        let help = "name another or none, or take `error_on_missing_language` out of the configuration";
        let span = self.in_first_line(language, place);
        self.diagnostics.push(Diagnostic::error_at(self.source, span, message).with_help(help));
    }

    fn start_pre(&mut self, fence: &Fence<'_>, markup: &Markup) {
        let position = self.options.data_attributes;
        self.html.extend(["<pre", &*markup.pre]);
        if matches!(position, DataAttributes::Pre | DataAttributes::Both) {
            self.data_attributes(fence, markup);
        }
        self.html.push_str("><code");
        if matches!(position, DataAttributes::Code | DataAttributes::Both) {
            self.data_attributes(fence, markup);
        }
        self.html.push('>');
    }

    fn data_attributes(&mut self, fence: &Fence<'_>, markup: &Markup) {
        if !fence.language.is_empty() {
            self.attribute("data-lang", fence.language);
        } else if markup.has_lines {
            // Zola's word for code without a language.
            self.attribute("data-lang", "plain");
        }
        for (name, value) in &fence.data {
            self.attribute(&format!("data-{name}"), value);
        }
    }

    fn write_lines(&mut self, fence: &Fence<'_>, body: &str, markup: &Markup) {
        let shown = body.lines().enumerate().filter(|(index, _)| !fence.hidden.contains(index + 1));
        for (nth, (index, line)) in shown.enumerate() {
            let opening: &str = if fence.marked.contains(index + 1) { &markup.marked_line } else { &markup.line };
            self.html.extend([if nth > 0 { "\n" } else { "" }, opening]);
            if let Some(first) = fence.first_number {
                self.html.extend([&*markup.number, &first.saturating_add(index).to_string(), "</span>"]);
            }
            self.html.extend([line, "</span>"]);
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.html.extend([" ", name, "=\""]);
        escape::attribute(&mut self.html, value);
        self.html.push('"');
    }

    fn warn_of_option(&mut self, option: &str, place: &Range<usize>) {
        let span = self.in_first_line(option, place);
        let key = option.split('=').next().unwrap_or(option);
        let help = match did_you_mean(key, OPTIONS.iter().copied()) {
            Some(known) if known != key => format!("did you mean `{known}`?"),
            _ => format!("after the language, separated by commas, may stand: {}", OPTIONS.join(", ")),
        };
        let message = format!("a code block has no option `{option}`");
        self.diagnostics.push(Diagnostic::error_at(self.source, span, message).as_warning().with_help(help));
    }

    /// The place of a word in a block's first line, in the file.
    fn in_first_line(&self, word: &str, place: &Range<usize>) -> Range<usize> {
        let line = self.first_line(place);
        match self.source.text[line.clone()].find(word) {
            Some(at) => line.start + at..line.start + at + word.len(),
            None => line,
        }
    }

    /// The place of a block's first line, in the file.
    fn first_line(&self, place: &Range<usize>) -> Range<usize> {
        let end = self.text[place.clone()].find('\n').map_or(place.end, |at| place.start + at);
        self.text.in_file(&(place.start..end))
    }
}
