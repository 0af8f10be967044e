//! Shortcodes, which Zola had up to 0.22: found, and written as the components that came in their place.

use std::ops::Range;

/// A shortcode where it is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shortcode<'a> {
    pub(super) span: Range<usize>,
    pub(super) name: &'a str,
    /// How it is called now.
    pub(super) now: String,
}

/// Tags of Tera that may have a parenthesis after their name.
const TAGS: [&str; 5] = ["if", "elif", "filter", "component", "set"];

/// The shortcodes of a text, but for the functions there are.
pub(super) fn find<'a>(text: &'a str, functions: &(impl Iterator<Item = &'static str> + Clone)) -> Vec<Shortcode<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('{').map(|open| at + open) {
        at = open + 1;
        let (close, has_body) = match text[at..].chars().next() {
            Some('{') => ("}}", false),
            Some('%') => ("%}", true),
            _ => continue,
        };
        let Some(end) = text[at..].find(close).map(|end| at + end + close.len()) else { continue };
        let inner = text[at + 1..end - close.len()].trim_matches('-').trim();
        if has_body && inner == "raw" {
            at = text[end..].find("endraw").map_or(text.len(), |endraw| end + endraw);
            continue;
        }
        let Some((name, arguments)) = call(inner) else { continue };
        let is_known = if has_body { TAGS.contains(&name) } else { functions.clone().any(|known| known == name) };
        if is_known {
            continue;
        }
        let now = if has_body {
            format!("{{% <{name}{arguments}> %}}…{{% </{name}> %}}")
        } else {
            format!("{{{{ <{name}{arguments} /> }}}}")
        };
        found.push(Shortcode { span: open..end, name, now });
        at = end;
    }
    found
}

/// The name and the arguments of `name(key=value, …)`, the arguments as a component has them.
fn call(text: &str) -> Option<(&str, String)> {
    let (name, rest) = text.split_once('(')?;
    let name = name.trim();
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let list = rest.strip_suffix(')').filter(|_| is_name)?;
    let mut arguments = String::new();
    for argument in split(list) {
        let (key, value) = argument.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        let is_string = value.starts_with(['"', '\'', '`']);
        let value = if is_string { value.to_owned() } else { format!("{{{value}}}") };
        arguments.extend([" ", key, "=", &value]);
    }
    Some((name, arguments))
}

/// Arguments at the commas between them.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (at, c) in list.char_indices() {
        if let Some(open) = quote {
            quote = Some(open).filter(|_| c != open);
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcodes_become_components() {
        for (text, expected) in [
            ("{{ youtube(id=\"x\", autoplay=true) }}", &["{{ <youtube id=\"x\" autoplay={true} /> }}"] as &[&str]),
            ("a {{basic()}} b", &["{{ <basic /> }}"]),
            ("{% quote(author='A, B') %}\nx\n{% end %}", &["{% <quote author='A, B'> %}…{% </quote> %}"]),
            (
                "{{ gallery(images=[\"a\", \"b\"]) }} {{ pic(a=1) }}",
                &["{{ <gallery images={[\"a\", \"b\"]} /> }}", "{{ <pic a={1} /> }}"],
            ),
            ("{{ get_url(path=\"a\") }}{{ page.title }}{% if (a) %}{% endif %}{% raw %}{{ x() }}{% endraw %}", &[]),
            ("{{ <new id=\"x\" /> }} {{ f(a) }} {{", &[]),
        ] {
            let found: Vec<_> = find(text, &["get_url"].into_iter()).into_iter().map(|one| one.now).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
