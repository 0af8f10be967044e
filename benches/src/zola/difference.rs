//! Where two outputs part: as few lines of each as there can be, and what kind of difference it is, so that a thousand
//! pages that differ in one thing are told once.

use std::fmt::Write as _;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::output::Output;

/// Lines of one output in place of lines of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// The elements that are open there.
    place: String,
    pub(super) theirs: Vec<String>,
    pub(super) ours: Vec<String>,
}

/// All differences, in the order of the outputs.
pub(super) fn between(theirs: &Output, ours: &Output) -> Vec<Difference> {
    match (theirs, ours) {
        // Words that follow from other documents are others.
        (Output::Index { documents: theirs, .. }, Output::Index { documents: ours, .. }) if theirs != ours => {
            of_lines(theirs, ours)
        }
        (Output::Lines(theirs), Output::Lines(ours))
        | (Output::Index { words: theirs, .. }, Output::Index { words: ours, .. }) => of_lines(theirs, ours),
        _ if theirs == ours => Vec::new(),
        _ => vec![Difference { place: String::new(), theirs: vec![theirs.summary()], ours: vec![ours.summary()] }],
    }
}

fn of_lines(theirs: &[String], ours: &[String]) -> Vec<Difference> {
    let operations = capture_diff_slices(Algorithm::Patience, theirs, ours);
    let differing = operations.iter().filter(|operation| !matches!(operation, DiffOp::Equal { .. }));
    let difference = |operation: &DiffOp| Difference {
        place: place(&theirs[..operation.old_range().start]),
        theirs: theirs[operation.old_range()].to_vec(),
        ours: ours[operation.new_range()].to_vec(),
    };
    differing.map(difference).collect()
}

/// The names of the elements that are still open after `lines`.
fn place(lines: &[String]) -> String {
    const VOID: [&str; 12] =
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];
    let mut open: Vec<&str> = Vec::new();
    for line in lines {
        if let Some(name) = line.strip_prefix("</") {
            let name = name.trim_end_matches('>');
            if let Some(at) = open.iter().rposition(|one| *one == name) {
                open.truncate(at);
            }
        } else if let Some(name) = tag(line) {
            open.push(name);
        }
    }
    open.retain(|name| !VOID.contains(name));
    open.join(" ")
}

/// The name of the element that a line opens.
fn tag(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('<').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    rest.split([' ', '>']).next()
}

impl Difference {
    /// Whether the innermost element that is open there has this name.
    pub(super) fn is_inside(&self, name: &str) -> bool {
        self.place.rsplit(' ').next() == Some(name)
    }
}

impl Output {
    fn summary(&self) -> String {
        match self {
            Self::Lines(lines) => format!("a document of {} lines", lines.len()),
            Self::Index { documents, .. } => format!("a search index of {} words", documents.len()),
            Self::Redirect(target) => format!("a redirect to {target}"),
            Self::File => "a file".to_owned(),
        }
    }
}

impl Difference {
    /// What is done, without the words it is done to.
    pub(super) fn kind(&self) -> String {
        let innermost = self.place.rsplit(' ').next().unwrap_or_default();
        format!("in <{innermost}> {} → {}", shape(&self.theirs), shape(&self.ours))
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = format!("      in {}\n", self.place);
        for (sign, lines) in [('-', &self.theirs), ('+', &self.ours)] {
            for line in lines.iter().take(6) {
                let shown: String = line.chars().take(240).collect();
                let _ = writeln!(text, "      {sign} {shown}");
            }
            if lines.len() > 6 {
                let _ = writeln!(text, "      {sign} … {} more", lines.len() - 6);
            }
        }
        text
    }
}

/// Tags with the names of their attributes; texts as `…`. Repetitions once.
fn shape(lines: &[String]) -> String {
    let mut shapes: Vec<String> = Vec::new();
    for line in lines {
        let shape = match tag(line) {
            Some(name) => format!("<{name}{}>", attribute_names(line)),
            None if line.starts_with("</") => continue,
            None => "…".to_owned(),
        };
        if shapes.last() != Some(&shape) {
            shapes.push(shape);
        }
    }
    let more = shapes.len().saturating_sub(5);
    shapes.truncate(5);
    if more > 0 {
        shapes.push(format!("({more} more)"));
    }
    if shapes.is_empty() { "nothing".to_owned() } else { shapes.join(" ") }
}

fn attribute_names(line: &str) -> String {
    let mut names = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("=\"") {
        let name = rest[..at].rsplit(' ').next().unwrap_or_default();
        names.extend([" ", name]);
        let value = &rest[at + 2..];
        rest = value.split_once('"').map_or("", |(_, rest)| rest);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Output {
        Output::Lines(text.lines().map(str::to_owned).collect())
    }

    #[test]
    fn equal_outputs_have_none() {
        assert_eq!(between(&lines("<p>\n\"a\"\n</p>"), &lines("<p>\n\"a\"\n</p>")), []);
    }

    #[test]
    fn only_what_differs_is_told_with_its_place_and_kind() {
        let zola = lines("<body>\n<p>\n<a class=\"x\" href=\"/a\">\n\"b\"\n</a>\n</p>\n</body>");
        let ours = lines("<body>\n<p>\n<a href=\"/a\">\n\"b\"\n</a>\n</p>\n</body>");
        let found = between(&zola, &ours);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "body p");
        assert_eq!(found[0].kind(), "in <p> <a class href> → <a href>");
        let missing = between(&zola, &lines("<body>\n</body>"));
        assert_eq!(missing[0].kind(), "in <body> <p> <a class href> … → nothing");
    }

    #[test]
    fn a_redirect_is_no_page() {
        let found = between(&Output::Redirect("/a/".into()), &lines("<p>"));
        assert_eq!(found[0].theirs, ["a redirect to /a/"]);
    }
}
