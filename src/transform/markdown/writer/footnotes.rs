//! Footnotes: numbered in the order they are first referred to, and listed at the end of the page, as GitHub does.
//! A footnote nothing refers to is not shown.

use std::{collections::HashMap, fmt::Write as _, mem};

use super::Writer;

#[derive(Default)]
pub(super) struct Footnotes {
    /// Labels in the order of their first reference, and how often each is referred to.
    order: Vec<(String, usize)>,
    /// Places in `order`.
    numbers: HashMap<String, usize>,
    definitions: HashMap<String, String>,
    /// The page around a definition that is being written, and its label.
    outer: Vec<(String, String)>,
}

impl Footnotes {
    pub(super) fn is_inside(&self) -> bool {
        !self.outer.is_empty()
    }
}

// Writing to a string cannot fail, hence the results that are dropped.
impl Writer<'_> {
    pub(super) fn footnote_reference(&mut self, label: &str) {
        let notes = &mut self.footnotes;
        let index = *notes.numbers.entry(label.to_owned()).or_insert_with(|| {
            notes.order.push((label.to_owned(), 0));
            notes.order.len() - 1
        });
        notes.order[index].1 += 1;
        let (number, count) = (index + 1, notes.order[index].1);
        let _ = write!(
            self.html,
            "<sup class=\"footnote-reference\" id=\"fr-{number}-{count}\"><a href=\"#fn-{number}\">{number}</a></sup>"
        );
    }

    pub(super) fn start_footnote(&mut self, label: String) {
        self.footnotes.outer.push((mem::take(&mut self.html), label));
    }

    pub(super) fn end_footnote(&mut self) {
        if let Some((outer, label)) = self.footnotes.outer.pop() {
            let definition = mem::replace(&mut self.html, outer);
            self.footnotes.definitions.entry(label).or_insert(definition);
        }
    }

    pub(super) fn write_footnotes(&mut self) {
        let notes = mem::take(&mut self.footnotes);
        if notes.order.is_empty() {
            return;
        }
        self.block("<footer class=\"footnotes\">\n<ol class=\"footnotes-list\">\n");
        for (index, (label, count)) in notes.order.iter().enumerate() {
            let number = index + 1;
            let definition = notes.definitions.get(label).map_or("", String::as_str);
            // The way back belongs into the last paragraph, if the note ends with one.
            let (body, end) = match definition.strip_suffix("</p>\n") {
                Some(body) => (body, "</p>\n"),
                None => (definition, ""),
            };
            let _ = write!(self.html, "<li id=\"fn-{number}\">\n{body}");
            for reference in 1..=*count {
                let _ = write!(
                    self.html,
                    " <a href=\"#fr-{number}-{reference}\" aria-label=\"Back to reference {number}\">↩</a>"
                );
            }
            let _ = writeln!(self.html, "{end}</li>");
        }
        self.html.push_str("</ol>\n</footer>\n");
    }
}
