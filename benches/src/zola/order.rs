//! Lists in one order, where the order is nobody's promise: so that two that hold the same are the same.

use std::slice::from_ref;

use regex::Regex;

/// Sorts each run of neighbouring elements whose first line fits `element`. Whether anything was moved.
pub(super) fn sort(lines: &mut Vec<String>, element: &Regex) -> bool {
    let sorted = sorted(lines, element);
    let are_moved = sorted != *lines;
    *lines = sorted;
    are_moved
}

fn sorted(lines: &[String], element: &Regex) -> Vec<String> {
    let mut out = Vec::with_capacity(lines.len());
    let mut run: Vec<Vec<String>> = Vec::new();
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let (node, behind) = rest.split_at(length(rest));
        let node = match node {
            [open, inside @ .., close] => [from_ref(open), &sorted(inside, element), from_ref(close)].concat(),
            text => text.to_vec(),
        };
        if element.is_match(first) {
            run.push(node);
        } else {
            flush(&mut run, &mut out);
            out.extend(node);
        }
        rest = behind;
    }
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut Vec<Vec<String>>, out: &mut Vec<String>) {
    run.sort();
    out.extend(run.drain(..).flatten());
}

/// Whether both have the same tags and the same words, each as often, wherever they are.
pub(super) fn are_shuffled(some: &[String], others: &[String]) -> bool {
    some != others && pieces(some) == pieces(others)
}

fn pieces(lines: &[String]) -> Vec<&str> {
    let mut pieces = Vec::new();
    for line in lines {
        match line.strip_prefix('"').and_then(|line| line.strip_suffix('"')) {
            Some(text) => pieces.extend(text.split_whitespace()),
            None => pieces.push(line),
        }
    }
    pieces.sort_unstable();
    pieces
}

/// How many lines the element or text at the beginning has.
fn length(lines: &[String]) -> usize {
    let mut depth = 0_usize;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if line.starts_with('<') && !line.starts_with("<!") {
            depth += 1;
        }
        if depth == 0 {
            return at + 1;
        }
    }
    lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_sorted_and_stay_where_they_are() {
        let check = |before: &str, after: &str| {
            let mut lines: Vec<String> = before.split(' ').map(str::to_owned).collect();
            assert_eq!(sort(&mut lines, &Regex::new("^<li.*>$").unwrap()), before != after);
            assert_eq!(lines.join(" "), after);
        };
        check("<ul> <li> b </li> <li> a </li> </ul> <p> c </p>", "<ul> <li> a </li> <li> b </li> </ul> <p> c </p>");
        check(
            "<li> <ul> <li> z </li> <li> y </li> </ul> </li> <li> a </li>",
            "<li> <ul> <li> y </li> <li> z </li> </ul> </li> <li> a </li>",
        );
        check("<li> b </li> <p> </p> <li> a </li>", "<li> b </li> <p> </p> <li> a </li>");
        check("<p> <b> b </b> <i> a </i> </p>", "<p> <b> b </b> <i> a </i> </p>");
    }

    #[test]
    fn the_same_in_another_order() {
        let check = |one: &str, other: &str, expected: bool| {
            let lines = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(are_shuffled(&lines(one), &lines(other)), expected, "{one} {other}");
        };
        check("<p>|\"a b \"|<br>|\"c\"|</p>", "<p>|\"c a\"|<br>|\"b\"|</p>", true);
        check("<p>|\"a b\"|</p>", "<p>|\"a a b\"|</p>", false);
        check("<p>|\"a b\"|</p>", "<p>|\"a b\"|</p>", false);
        check("<p>|\"a\"|</p>", "<b>|\"a\"|</b>", false);
    }
}
