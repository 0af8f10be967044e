//! Running text: escaped, with bare addresses as links.

use std::{mem, ops::Range};

use pulldown_cmark::CowStr;

use super::Writer;
use crate::transform::{
    escape,
    markdown::{autolink, emoji},
};

/// Neighbouring text events, which the parser splits at every character that could have meant something.
#[derive(Default)]
pub(super) struct TextRun<'a> {
    /// As it stands in the source, except that escapes and entities are resolved.
    text: String,
    pieces: Vec<Piece<'a>>,
}

struct Piece<'a> {
    /// Where it begins in the run's text.
    at: usize,
    /// Where it stands in the source.
    place: Range<usize>,
    /// What is shown instead of the run's text, outside addresses: typographic punctuation.
    shown: Option<CowStr<'a>>,
}

impl<'a> Writer<'a> {
    pub(super) fn push_text(&mut self, text: CowStr<'a>, place: Range<usize>) {
        if let Some(heading) = &mut self.heading {
            heading.title.push_str(&if self.options.dialect.emoji { emoji::replaced(&text) } else { (&*text).into() });
        }
        let at = self.run.text.len();
        let written = &self.text[place.clone()];
        let typographic =
            self.options.dialect.smart_punctuation && *written != *text && written.starts_with(['"', '\'', '-', '.']);
        self.run.text.push_str(if typographic { written } else { &text });
        self.run.pieces.push(Piece { at, place, shown: typographic.then_some(text) });
    }

    /// Writes the run of text that has ended.
    pub(super) fn flush_text(&mut self) {
        let Some(first) = self.run.pieces.first() else {
            return;
        };
        let links = if self.anchors == 0 {
            autolink::find(&self.run.text, self.text[..first.place.start].chars().next_back())
        } else {
            Vec::new()
        };
        let mut run = mem::take(&mut self.run);
        let mut written = 0;
        let emoji = self.options.dialect.emoji;
        for link in links {
            let address = &run.text[link.range.clone()];
            run.show(written..link.range.start, emoji, &mut self.html);
            self.start_link(link.prefix, address, "", run.place(&link.range));
            escape::text(&mut self.html, address);
            self.html.push_str("</a>");
            self.anchors -= 1;
            written = link.range.end;
        }
        run.show(written..run.text.len(), emoji, &mut self.html);
        // Keep the buffers for the next run.
        run.text.clear();
        run.pieces.clear();
        self.run = run;
    }
}

impl TextRun<'_> {
    fn show(&self, range: Range<usize>, emoji: bool, html: &mut String) {
        let mut at = range.start;
        let write = |html: &mut String, text: &str| {
            escape::text(html, &if emoji { emoji::replaced(text) } else { text.into() });
        };
        for piece in self.pieces.iter().filter(|piece| range.contains(&piece.at)) {
            if let Some(shown) = &piece.shown {
                write(html, &self.text[at..piece.at]);
                escape::text(html, shown);
                at = piece.at + piece.place.len();
            }
        }
        write(html, &self.text[at.min(range.end)..range.end]);
    }

    /// Where a range of the run's text stands in the source.
    fn place(&self, range: &Range<usize>) -> Range<usize> {
        let piece_before = |at: usize| &self.pieces[self.pieces.partition_point(|piece| piece.at <= at) - 1];
        let first = piece_before(range.start);
        let last = piece_before(range.end - 1);
        let start = (first.place.start + range.start - first.at).min(first.place.end);
        start..(last.place.start + range.end - last.at).clamp(start, last.place.end)
    }
}
