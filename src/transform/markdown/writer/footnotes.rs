//! Footnotes: where they are written, as pulldown-cmark has them, or listed at the end of the page in the order they are
//! first referred to, as GitHub does. Names and classes are Zola's. In a list, a footnote nothing refers to is not shown.

use std::{collections::HashMap, fmt::Write as _, mem};

use super::Writer;
use crate::transform::escape;

#[derive(Default)]
pub(super) struct Footnotes {
    /// Labels in the order of their numbers, and how often each is referred to.
    order: Vec<(String, usize)>,
    /// Places in `order`.
    numbers: HashMap<String, usize>,
    definitions: HashMap<String, String>,
    /// The page around a definition that is being written, and its label.
    outer: Vec<(String, String)>,
    /// How many definitions are being written where they stand.
    depth: usize,
}

impl Footnotes {
    pub(super) fn is_inside(&self) -> bool {
        self.depth > 0 || !self.outer.is_empty()
    }

    /// The place of a label in the order, where it gets one when it has none.
    fn place(&mut self, label: &str) -> usize {
        if let Some(&place) = self.numbers.get(label) {
            return place;
        }
        self.order.push((label.to_owned(), 0));
        self.numbers.insert(label.to_owned(), self.order.len() - 1);
        self.order.len() - 1
    }
}

// Writing to a string cannot fail, hence the results that are dropped.
impl Writer<'_> {
    pub(super) fn footnote_reference(&mut self, label: &str) {
        let place = self.footnotes.place(label);
        self.footnotes.order[place].1 += 1;
        let (number, count, name) = (place + 1, self.footnotes.order[place].1, escaped(label));
        let _ = if self.options.bottom_footnotes {
            write!(
                self.html,
                "<sup class=\"footnote-reference\" id=\"fr-{name}-{count}\"><a href=\"#fn-{name}\">[{number}]</a></sup>"
            )
        } else {
            write!(self.html, "<sup class=\"footnote-reference\"><a href=\"#{name}\">{number}</a></sup>")
        };
    }

    pub(super) fn start_footnote(&mut self, label: String) {
        if self.options.bottom_footnotes {
            self.footnotes.outer.push((mem::take(&mut self.html), label));
            return;
        }
        self.footnotes.depth += 1;
        let (number, name) = (self.footnotes.place(&label) + 1, escaped(&label));
        self.block(&format!(
            "<div class=\"footnote-definition\" id=\"{name}\"><sup class=\"footnote-definition-label\">{number}</sup>"
        ));
    }

    pub(super) fn end_footnote(&mut self) {
        if !self.options.bottom_footnotes {
            self.footnotes.depth -= 1;
            self.html.push_str("</div>\n");
        } else if let Some((outer, label)) = self.footnotes.outer.pop() {
            let definition = mem::replace(&mut self.html, outer);
            self.footnotes.definitions.entry(label).or_insert(definition);
        }
    }

    pub(super) fn write_footnotes(&mut self) {
        let notes = mem::take(&mut self.footnotes);
        if !self.options.bottom_footnotes || notes.order.is_empty() {
            return;
        }
        self.block("<section class=\"footnotes\">\n<ol class=\"footnotes-list\">\n");
        for (label, count) in &notes.order {
            let name = escaped(label);
            let definition = notes.definitions.get(label).map_or("", String::as_str);
            // The ways back belong into the last paragraph, if there is one.
            let (body, end) = definition.split_at(definition.rfind("</p>").unwrap_or(definition.len()));
            let _ = write!(self.html, "<li id=\"fn-{name}\">\n{body}");
            for reference in 1..=*count {
                let _ = write!(self.html, " <a href=\"#fr-{name}-{reference}\">↩");
                if reference > 1 {
                    let _ = write!(self.html, "{reference}");
                }
                self.html.push_str("</a>");
            }
            let _ = writeln!(self.html, "{end}</li>");
        }
        self.html.push_str("</ol>\n</section>\n");
    }
}

fn escaped(label: &str) -> String {
    let mut escaped = String::with_capacity(label.len());
    escape::attribute(&mut escaped, label);
    escaped
}
