//! The same letters, with white space in other places, in a field of a search index. Words may part in so many places that a
//! difference of lines would not find them together.

use super::output::LINE_ENDS;

/// Whether both are the same but for white space.
fn are_same(some: &[String], others: &[String]) -> bool {
    letters(some).eq(letters(others))
}

fn letters(lines: &[String]) -> impl Iterator<Item = char> {
    lines.iter().filter(|line| *line != LINE_ENDS).flat_map(|line| line.chars()).filter(|c| !c.is_whitespace())
}

/// Makes those fields of `theirs` ours that differ in white space alone. How many there were.
pub(super) fn align(theirs: &mut Vec<String>, ours: &[String]) -> usize {
    let (their_fields, our_fields) = (fields(theirs), fields(ours));
    if !their_fields.iter().map(|field| &field[0]).eq(our_fields.iter().map(|field| &field[0])) {
        return 0;
    }
    let mut count = 0;
    let aligned = their_fields.iter().zip(our_fields).flat_map(|(their, our)| {
        let is_spaced = *their != our && are_same(their, our);
        count += usize::from(is_spaced);
        if is_spaced { our } else { their }
    });
    *theirs = aligned.cloned().collect();
    count
}

/// The lines of each document and each field, from the line that names it. No word of a text has a space in it.
fn fields(lines: &[String]) -> Vec<&[String]> {
    let begins = |line: &String| line.starts_with("document ") || line.starts_with("field ");
    let starts: Vec<usize> = (0..lines.len()).filter(|&at| at == 0 || begins(&lines[at])).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &lines[start..end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_differ_in_white_space_are_aligned() {
        let check = |theirs: &str, ours: &str, expected: &str| {
            let lines = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
            let mut theirs = lines(theirs);
            align(&mut theirs, &lines(ours));
            assert_eq!(theirs.join("|"), expected);
        };
        check("document /a/|field b|ab|ab|c", "document /a/|field b|a|b|a|bc", "document /a/|field b|a|b|a|bc");
        check("field a|xy|field b|ab", "field a|x|y|field b|ac", "field a|x|y|field b|ab");
        check("field a|xy|field c|z", "field a|x|y|field b|z", "field a|xy|field c|z");
    }
}
