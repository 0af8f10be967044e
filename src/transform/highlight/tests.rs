//! What code becomes, and that it stays the same text.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(language: &str, code: &str, expected: &str) {
    match Highlighter::new(&Look::Roles).highlight(language, code) {
        Highlighted::Html(html) => assert_eq!(&*html, expected, "{language}"),
        other => panic!("{language}: {other:?}"),
    }
}

#[test]
fn roles_show() {
    check(
        "rust",
        "let x: u8 = 1; // a < b\n",
        "<span class=\"z-k\">let</span> x: <span class=\"z-k\">u8</span> <span class=\"z-o\">=</span> \
         <span class=\"z-n\">1</span>; <span class=\"z-c\">// a &lt; b</span>\n",
    );
    check(
        "pwsh",
        "Get-Item -Path \"$x\"\n",
        "<span class=\"z-f\">Get-Item</span> -Path <span class=\"z-s\">\"</span><span class=\"z-v\">$x</span>\
         <span class=\"z-s\">\"</span>\n",
    );
    check("json", "{\"a\": \"b\"}\n", "{<span class=\"z-p\">\"a\"</span>: <span class=\"z-s\">\"b\"</span>}\n");
    check("yaml", "a: b\n", "<span class=\"z-p\">a</span>: b\n");
    check(
        "html",
        "<a b=\"c\">\n",
        "&lt;<span class=\"z-g\">a</span> <span class=\"z-a\">b</span>=<span class=\"z-s\">\"c\"</span>&gt;\n",
    );
    check("diff", "-a\n+b\n", "<span class=\"z-d\">-a</span>\n<span class=\"z-x\">+b</span>\n");
}

#[test]
fn spans_end_with_their_line() {
    check("c", "/* a\n\n   b */\n", "<span class=\"z-c\">/* a</span>\n\n<span class=\"z-c\">   b */</span>\n");
}

#[test]
fn a_last_line_may_be_unended() {
    check("rust", "fn", "<span class=\"z-k\">fn</span>");
    check("rust", "", "");
}

#[test]
fn what_is_not_highlighted() {
    let highlighter = Highlighter::new(&Look::Roles);
    for language in ["", "text", "klingon"] {
        assert_eq!(highlighter.highlight(language, "x\n"), Highlighted::Unknown, "{language}");
    }
    let long_line = "a".repeat(MAX_LINE + 1);
    assert_eq!(highlighter.highlight("js", &long_line), Highlighted::TooLarge);
    let long_block = "a();\n".repeat(MAX_BLOCK / 5 + 1);
    assert_eq!(highlighter.highlight("js", &long_block), Highlighted::TooLarge);
    assert!(matches!(highlighter.highlight("js", &long_line[1..]), Highlighted::Html(_)));
}

#[test]
fn equal_blocks_share_one_text() {
    let highlighter = Highlighter::new(&Look::Roles);
    let [Highlighted::Html(first), Highlighted::Html(second)] =
        ["ts", "TypeScript"].map(|name| highlighter.highlight(name, "let x = 1;\n"))
    else {
        panic!("TypeScript is known");
    };
    assert!(Arc::ptr_eq(&first, &second));
}

/// The text a browser would show.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn what_was_highlighted_is_recalled() {
    let html = |highlighter: &Highlighter, code: &str| match highlighter.highlight("rust", code) {
        Highlighted::Html(html) => html.to_string(),
        other => panic!("{other:?}"),
    };
    let first = Highlighter::new(&Look::Roles);
    let (one, two) = (html(&first, "fn one() {}"), html(&first, "fn two() {}"));
    let memory = first.memory().unwrap().concat();

    // As if it had been made otherwise: so it is seen where it comes from.
    let other = one.replacen("class", "CLASS", 1);
    let at = memory.windows(one.len()).position(|window| window == one.as_bytes()).unwrap();
    let changed = [&memory[..at], other.as_bytes(), &memory[at + one.len()..]].concat();
    let second = Highlighter::new(&Look::Roles).recalling(changed.into());
    assert_eq!((html(&second, "fn one() {}"), html(&second, "fn two() {}")), (other, two.clone()));
    assert_eq!(second.memory(), None);

    // What is new is kept with what was there.
    let third = Highlighter::new(&Look::Roles).recalling(memory.clone().into());
    html(&third, "fn three() {}");
    assert!(third.memory().unwrap().concat().len() > memory.len());

    // Of what is damaged the rest is made again.
    for length in 0..memory.len() {
        let cut = Highlighter::new(&Look::Roles).recalling(Bytes::copy_from_slice(&memory[..length]));
        assert_eq!((html(&cut, "fn one() {}"), html(&cut, "fn two() {}")), (one.clone(), two.clone()), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_text_is_unchanged(
        language in prop::sample::select(vec!["rust", "powershell", "js", "tsx", "sh", "html", "css", "yaml", "md", "c#", "toml"]),
        code in "([a-z<>&\"'`$(){}#/*=;: \\\\\t\nä\u{301}]|fn|\\$\\(|```|/\\*){0,60}",
    ) {
        if let Highlighted::Html(html) = Highlighter::new(&Look::Roles).highlight(language, &code) {
            prop_assert_eq!(text_of(&html), code.clone());
            for line in html.lines() {
                prop_assert_eq!(line.matches("<span").count(), line.matches("</span>").count());
            }
        }
    }

    /// What was painted before changes nothing.
    #[test]
    fn lines_that_are_known_are_painted_the_same(
        language in prop::sample::select(vec!["rust", "powershell", "js", "sh", "html", "yaml", "md", "c#", "diff"]),
        blocks in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec![
                "", "a: b", "- x", "/* a", "b */", "let x = \"$y\";", "@'", "'@", "{", "}", "<!-- c", "-->", "# h", "```", "  if (1) {", "---", "+z",
            ]), 0..6),
            1..6,
        ),
    ) {
        let shared = Highlighter::new(&Look::Roles);
        for lines in blocks {
            let code = lines.join("\n");
            prop_assert_eq!(shared.highlight(language, &code), Highlighter::new(&Look::Roles).highlight(language, &code), "{}", code);
        }
    }
}
