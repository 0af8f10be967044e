//! Lists in one order, where the order is nobody's promise: so that two that hold the same are the same.

use std::slice::from_ref;

use regex::Regex;

/// Sorts each run of neighbouring elements whose first line fits `element`, and the words of texts that do. Whether anything
/// was moved.
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
        if element.is_match(first) && first.starts_with('<') {
            run.push(node);
        } else {
            flush(&mut run, &mut out);
            out.extend(if element.is_match(first) { vec![words_sorted(first)] } else { node });
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

fn words_sorted(text: &str) -> String {
    let mut words: Vec<&str> = text.trim_matches('"').split_whitespace().collect();
    words.sort_unstable();
    format!("\"{}\"", words.join(" "))
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
    fn words_of_a_text_are_sorted() {
        let mut lines = vec!["<p>".to_owned(), "\" b a c\"".to_owned(), "</p>".to_owned()];
        assert!(sort(&mut lines, &Regex::new("^\".*\"$").unwrap()));
        assert_eq!(lines, ["<p>", "\"a b c\"", "</p>"]);
    }
}
