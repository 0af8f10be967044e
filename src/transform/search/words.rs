//! The words of a page: what a reader sees of its HTML, without code blocks and scripts, with one space between words. The
//! lines of the HTML stay lines, as in Zola's indexes.

use crate::transform::html::{
    decoded::decoded,
    lexer::{Kind, Lexer},
};

/// Elements that stand in the middle of a word or a sentence.
const INLINE: [&str; 28] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// The text of `html`.
#[must_use]
pub fn words(html: &str) -> String {
    let mut out = Words(String::with_capacity(html.len() / 2));
    let mut lexer = Lexer::new(html);
    // The element whose text is left out, and how many of its name are open.
    let mut skipped: Option<(&str, usize)> = None;
    while let Some(token) = lexer.next() {
        let name = &html[token.name.clone()];
        match (token.kind, &mut skipped) {
            (Kind::StartTag { self_closing }, Some((outer, depth))) if name.eq_ignore_ascii_case(outer) => {
                *depth += usize::from(!self_closing);
            }
            (Kind::EndTag, Some((outer, depth))) if name.eq_ignore_ascii_case(outer) => {
                *depth -= 1;
                if *depth == 0 {
                    skipped = None;
                    out.gap(' ');
                }
            }
            (Kind::StartTag { .. }, None) => {
                let class = lexer.attribute("class").unwrap_or_default();
                let is_heading_link = class.split_ascii_whitespace().any(|word| word == "zola-anchor");
                if name.eq_ignore_ascii_case("pre") || is_heading_link {
                    skipped = Some((name, 1));
                } else {
                    out.tag(name);
                }
            }
            (Kind::EndTag, None) => out.tag(name),
            (Kind::Text, None) => out.text(&decoded(&html[token.span])),
            _ => {}
        }
    }
    out.0.truncate(out.0.trim_end().len());
    out.0
}

struct Words(String);

impl Words {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => self.gap('\n'),
                c if c.is_whitespace() => self.gap(' '),
                c => self.0.push(c),
            }
        }
    }

    fn tag(&mut self, name: &str) {
        if !INLINE.iter().any(|inline| name.eq_ignore_ascii_case(inline)) {
            self.gap(' ');
        }
    }

    /// Separates words, by the end of a line where one is between them.
    fn gap(&mut self, separator: char) {
        if self.0.is_empty() || self.0.ends_with('\n') {
            return;
        }
        if self.0.ends_with(' ') {
            self.0.pop();
        }
        self.0.push(separator);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees() {
        for (html, expected) in [
            ("<p>one</p><p>two</p>", "one two"),
            ("t<b>wo</b> wo<wbr>rds", "two words"),
            ("<td>a</td><td>b</td>", "a b"),
            ("<p>a &amp; b&nbsp;&lt;c&gt;</p>", "a & b <c>"),
            ("a<br>b\n\n  c ", "a b\nc"),
            ("<p>one</p> \n <ul>\n<li>two \t three</li>\n</ul>\n", "one\ntwo three"),
            ("<p>see</p><pre><code>let x;</code></pre><p>that</p>", "see that"),
            ("<pre>a<pre>b</pre>c</pre>d", "d"),
            ("x<script>y</script><style>z</style><!-- c -->", "x"),
            (r##"<h2 id="t">Title<a class="zola-anchor" href="#t">🔗</a></h2>text"##, "Title text"),
            ("", ""),
        ] {
            assert_eq!(words(html), expected, "{html}");
        }
    }
}
