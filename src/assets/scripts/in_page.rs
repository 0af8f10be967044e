//! Scripts that stand in pages. The linker gets them with other specifiers; what is told of them shows the page as its
//! author wrote it.

use std::ops::Range;

use super::plugin::Project;
use crate::diag::{Diagnostic, Label, Source, Span};

/// Points into the page's file where a diagnostic points into the text of a script in it.
pub(super) fn show_as_written(project: &Project, found: &mut [Diagnostic]) {
    for label in found.iter_mut().filter_map(|wrong| wrong.label.as_mut()) {
        if let Some((source, place)) = as_written(project, &label.source, label.span.start..label.span.end) {
            *label = Label {
                source,
                span: Span { start: place.start, end: place.end },
                text: std::mem::take(&mut label.text),
            };
        }
    }
}

/// The file and the place in it of a place in a script of a page. A script of an HTML file is on the lines and in the columns
/// it has there; one of a template is where the beginning of its line stands. `None` when it is of no page, or not found.
pub(super) fn as_written(project: &Project, script: &Source, place: Range<usize>) -> Option<(Source, Range<usize>)> {
    if !project.is_in_page(script) {
        return None;
    }
    let text = String::from_utf8(project.world.read(&script.path).ok()?.into()).ok()?;
    let page = Source::new(script.path.clone(), text);
    let (line, column) = script.position(place.start);
    let same_place = same(&page.text, page.offset(line, column), &script.text[place.clone()]);
    let found = same_place.or_else(|| {
        let before = script.text[..place.start].rsplit('\n').next().unwrap_or_default().trim_start();
        let lines = page.text.match_indices(before).map(|(at, _)| at + before.len());
        let mut places = lines.filter_map(|start| same(&page.text, start, &script.text[place.clone()]));
        places.next().filter(|_| places.next().is_none())
    })?;
    Some((page, found))
}

/// Where `text` has at `start` what a script has: the same, or another specifier.
fn same(text: &str, start: usize, in_script: &str) -> Option<Range<usize>> {
    let there = &text[start..];
    match there.chars().next()? {
        quote @ ('"' | '\'' | '`') if in_script.starts_with(['"', '\'', '`']) => {
            Some(start..start + 1 + there[1..].find(quote)? + 1)
        }
        _ if !in_script.is_empty() && there.starts_with(in_script) => Some(start..start + in_script.len()),
        _ => None,
    }
}
