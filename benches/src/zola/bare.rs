//! Addresses that one program makes links of and the other leaves text: links whose text is their own address.

/// Puts the text of such links in their places. How many there were.
pub(super) fn unlink(lines: &mut Vec<String>) -> usize {
    let (mut out, mut count): (Vec<String>, usize) = (Vec::with_capacity(lines.len()), 0);
    let mut rest = &lines[..];
    // Whether the last line is the text of such a link, to which what follows belongs.
    let mut is_open = false;
    while let Some((line, behind)) = rest.split_first() {
        if let [text, close, behind @ ..] = behind
            && close == "</a>"
            && is_own_address(line, text)
        {
            append(&mut out, text, true);
            (rest, is_open, count) = (behind, true, count + 1);
        } else {
            append(&mut out, line, is_open);
            (rest, is_open) = (behind, false);
        }
    }
    for line in out.iter_mut().filter(|line| is_text(line)) {
        *line = tight(line);
    }
    *lines = out;
    count
}

/// A text without the white space between it and the tag beside an address it begins or ends with: where that is a link,
/// the space is a text of its own, and such ones are left out.
fn tight(text: &str) -> String {
    let inner = &text[1..text.len() - 1];
    let inner = if is_address(inner.split_whitespace().next()) { inner.trim_start() } else { inner };
    let inner = if is_address(inner.split_whitespace().next_back()) { inner.trim_end() } else { inner };
    format!("\"{inner}\"")
}

fn is_address(word: Option<&str>) -> bool {
    word.is_some_and(|word| ["https://", "http://", "www."].iter().any(|start| word.starts_with(start)))
}

/// Adds a line, to the text before it where both are one.
fn append(out: &mut Vec<String>, line: &str, is_one: bool) {
    match out.last_mut() {
        Some(before) if is_one && is_text(before) && is_text(line) => {
            before.pop();
            before.push_str(&line[1..]);
        }
        _ => out.push(line.to_owned()),
    }
}

fn is_text(line: &str) -> bool {
    line.len() > 1 && line.starts_with('"') && line.ends_with('"')
}

/// Whether `<a href="https://a.example">` has the text `"https://a.example"`.
fn is_own_address(tag: &str, text: &str) -> bool {
    let Some(text) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return false };
    let href = tag.strip_prefix("<a ").and_then(|tag| tag.split_once("href=\"")).map(|(_, rest)| rest);
    let Some((href, _)) = href.and_then(|rest| rest.split_once('"')) else { return false };
    href == text || href.strip_prefix("http://") == Some(text) || href.strip_prefix("mailto:") == Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_says_its_own_address_is_its_text() {
        let check = |before: &str, after: &str| {
            let mut lines: Vec<String> = before.split('|').map(str::to_owned).collect();
            let count = unlink(&mut lines);
            assert_eq!((lines.join("|").as_str(), count > 0), (after, before != after && before.contains("<a")));
        };
        let link = "<a class=\"external\" href=\"https://a.b/c\" rel=\"external\">|\"https://a.b/c\"|</a>";
        check(&format!("<p>|\"see \"|{link}|\", then\"|</p>"), "<p>|\"see https://a.b/c, then\"|</p>");
        check(&format!("<p>|{link}|<b>|\"x\"|</b>|</p>"), "<p>|\"https://a.b/c\"|<b>|\"x\"|</b>|</p>");
        check("<b>|</b>|\" https://a.b/c \"|<i>|</i>", "<b>|</b>|\"https://a.b/c\"|<i>|</i>");
        check("<a href=\"mailto:a@b.c\">|\"a@b.c\"|</a>", "\"a@b.c\"");
        let other = "<a href=\"https://a.b/c\">|\"https://a.b/d\"|</a>|\"x\"|\"y\"";
        check(other, other);
    }
}
