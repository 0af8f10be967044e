//! What a Markdown text becomes: the extensions of GFM by the examples of its specification, what is Zola's, and the
//! places diagnostics point at.

use proptest::prelude::*;

use super::*;
use crate::transform::highlight::{Colours, Look, Palette, Themed};

fn render_with(text: &str, options: &MarkdownOptions) -> Rendered {
    render(&Text::whole(&Source::new("a.md", text)), options, &Around { resolve: &resolve, ..Around::ALONE })
}

/// Knows `@/known.md`, which is at `/known/`.
fn resolve(url: &str) -> Target {
    match url.split_once('#').map_or((url, ""), |(path, anchor)| (path, anchor)) {
        ("@/known.md" | "known.md", "") => Target::Url("/known/".to_owned()),
        ("@/known.md" | "known.md", anchor) => Target::Url(format!("/known/#{anchor}")),
        (path, _) if path.starts_with("@/") => {
            Target::Broken { message: format!("there is no page `{path}`"), help: Some("look again".to_owned()) }
        }
        _ => Target::Unchanged,
    }
}

#[track_caller]
fn check(text: &str, html: &str) {
    check_with(&MarkdownOptions::default(), text, html);
}

#[track_caller]
fn check_with(options: &MarkdownOptions, text: &str, html: &str) {
    let rendered = render_with(text, options);
    assert_eq!(rendered.html, html, "{text}");
    assert_eq!(rendered.diagnostics, [], "{text}");
}

/// Places of the diagnostics of `text`, each between `«` and `»`, which are not part of it.
#[track_caller]
fn check_places(marked: &str, message: &str) {
    for newline in ["\n", "\r\n"] {
        let marked = marked.replace('\n', newline);
        let text = marked.replace(['«', '»'], "");
        let rendered = render_with(&text, &MarkdownOptions::default());
        let mut found = text.clone();
        let mut places: Vec<_> = rendered.diagnostics.iter().map(|d| d.label.as_ref().unwrap().span).collect();
        places.sort();
        for place in places.iter().rev() {
            found.insert(place.end, '»');
            found.insert(place.start, '«');
        }
        assert_eq!(found, marked);
        for diagnostic in rendered.diagnostics {
            assert!(diagnostic.message.contains(message), "{}", diagnostic.message);
        }
    }
}

#[test]
fn blocks() {
    check("a\nb  \nc\\\nd", "<p>a\nb<br />\nc<br />\nd</p>\n");
    check("***", "<hr />\n");
    check("> a", "<blockquote>\n<p>a</p>\n</blockquote>\n");
    check("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
    check("- a\n\n- b", "<ul>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>\n");
    check("3. a\n   - b", "<ol start=\"3\">\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ol>\n");
    check("*a* **b** `c < d` e\\*f & g", "<p><em>a</em> <strong>b</strong> <code>c &lt; d</code> e*f &amp; g</p>\n");
    check("<div>\n\n*a*\n\n</div>", "<div>\n<p><em>a</em></p>\n</div>");
    check("a <b class=x>c</b>", "<p>a <b class=x>c</b></p>\n");
    check("\u{0}", "<p>\u{fffd}</p>\n");
}

#[test]
fn tables() {
    check(
        "| foo | bar |\n| --- | --- |\n| baz | bim |",
        "<table>\n<thead>\n<tr><th>foo</th><th>bar</th></tr>\n</thead>\n<tbody>\n<tr><td>baz</td><td>bim</td></tr>\n</tbody>\n</table>\n",
    );
    check(
        "| a | b |\n| :-: | --: |\n| `c\\|d` | e |",
        "<table>\n<thead>\n<tr><th style=\"text-align: center\">a</th><th style=\"text-align: right\">b</th></tr>\n</thead>\n\
         <tbody>\n<tr><td style=\"text-align: center\"><code>c|d</code></td><td style=\"text-align: right\">e</td></tr>\n\
         </tbody>\n</table>\n",
    );
    check("| a |\n| - |", "<table>\n<thead>\n<tr><th>a</th></tr>\n</thead>\n</table>\n");
    check(
        "| a | b |\n| - | - |\n| c |\n| d | e | f |",
        "<table>\n<thead>\n<tr><th>a</th><th>b</th></tr>\n</thead>\n<tbody>\n<tr><td>c</td><td></td></tr>\n\
         <tr><td>d</td><td>e</td></tr>\n</tbody>\n</table>\n",
    );
}

#[test]
fn task_lists_and_strikethrough() {
    check(
        "- [ ] foo\n- [x] bar",
        "<ul>\n<li><input type=\"checkbox\" disabled /> foo</li>\n<li><input type=\"checkbox\" disabled checked /> bar</li>\n</ul>\n",
    );
    check("~~Hi~~ Hello, ~there~ world!", "<p><del>Hi</del> Hello, <del>there</del> world!</p>\n");
}

#[test]
fn footnotes() {
    let text = "b[^n] a[^m] b[^n]\n\n[^m]: M\n\n[^n]: N\n\n    - x\n\n[^unused]: U";
    check(
        text,
        "<p>b<sup class=\"footnote-reference\"><a href=\"#n\">1</a></sup> \
         a<sup class=\"footnote-reference\"><a href=\"#m\">2</a></sup> \
         b<sup class=\"footnote-reference\"><a href=\"#n\">1</a></sup></p>\n\
         <div class=\"footnote-definition\" id=\"m\"><sup class=\"footnote-definition-label\">2</sup>\n<p>M</p>\n</div>\n\
         <div class=\"footnote-definition\" id=\"n\"><sup class=\"footnote-definition-label\">1</sup>\n<p>N</p>\n\
         <ul>\n<li>x</li>\n</ul>\n</div>\n\
         <div class=\"footnote-definition\" id=\"unused\"><sup class=\"footnote-definition-label\">3</sup>\n<p>U</p>\n</div>\n",
    );
    check("a[^nowhere]", "<p>a[^nowhere]</p>\n");
    check_with(
        &MarkdownOptions { bottom_footnotes: true, ..MarkdownOptions::default() },
        text,
        "<p>b<sup class=\"footnote-reference\" id=\"fr-n-1\"><a href=\"#fn-n\">[1]</a></sup> \
         a<sup class=\"footnote-reference\" id=\"fr-m-1\"><a href=\"#fn-m\">[2]</a></sup> \
         b<sup class=\"footnote-reference\" id=\"fr-n-2\"><a href=\"#fn-n\">[1]</a></sup></p>\n\
         <section class=\"footnotes\">\n<ol class=\"footnotes-list\">\n\
         <li id=\"fn-n\">\n<p>N <a href=\"#fr-n-1\">↩</a> <a href=\"#fr-n-2\">↩2</a></p>\n<ul>\n<li>x</li>\n</ul>\n</li>\n\
         <li id=\"fn-m\">\n<p>M <a href=\"#fr-m-1\">↩</a></p>\n</li>\n</ol>\n</section>\n",
    );
}

#[test]
fn bare_addresses() {
    check("www.commonmark.org", "<p><a href=\"http://www.commonmark.org\">www.commonmark.org</a></p>\n");
    check(
        "**See https://a.b/c_d_e?f=g&h.**",
        "<p><strong>See <a href=\"https://a.b/c_d_e?f=g&amp;h\">https://a.b/c_d_e?f=g&amp;h</a>.</strong></p>\n",
    );
    check("foo@bar.baz", "<p><a href=\"mailto:foo@bar.baz\">foo@bar.baz</a></p>\n");
    check(
        "<https://a.b> <c@d.e>",
        "<p><a href=\"https://a.b\">https://a.b</a> <a href=\"mailto:c@d.e\">c@d.e</a></p>\n",
    );
    check("`http://a.b`", "<p><code>http://a.b</code></p>\n");
    check("    http://a.b", "<pre><code>http://a.b</code></pre>\n");
    check("[x http://a.b](c)", "<p><a href=\"c\">x http://a.b</a></p>\n");
    check(
        "<a href=\"c\">http://a.b</a> http://d.e",
        "<p><a href=\"c\">http://a.b</a> <a href=\"http://d.e\">http://d.e</a></p>\n",
    );
    check("<abbr>http://a.b</abbr>", "<p><abbr><a href=\"http://a.b\">http://a.b</a></abbr></p>\n");
    check("![http://a.b](c)", "<p><img src=\"c\" alt=\"http://a.b\" /></p>\n");
    check("x*y*www.a.b", "<p>x<em>y</em><a href=\"http://www.a.b\">www.a.b</a></p>\n");
}

#[test]
fn links_and_images() {
    check("[a](@/known.md#b \"t\")", "<p><a href=\"/known/#b\" title=\"t\">a</a></p>\n");
    check("[a][r]\n\n[r]: known.md", "<p><a href=\"/known/\">a</a></p>\n");
    check("[a](<b c.md>)", "<p><a href=\"b%20c.md\">a</a></p>\n");
    check("[a](ä?b=c&d='e')", "<p><a href=\"%C3%A4?b=c&amp;d=&#x27;e&#x27;\">a</a></p>\n");
    check("![*a* `b`](c.png \"d\")", "<p><img src=\"c.png\" alt=\"a b\" title=\"d\" /></p>\n");
    check("[![a](b)](c)", "<p><a href=\"c\"><img src=\"b\" alt=\"a\" /></a></p>\n");
    check("![a ![b](c) [d](e)](f)", "<p><img src=\"f\" alt=\"a b d\" /></p>\n");

    let options = MarkdownOptions {
        external_links: ExternalLinks {
            class: Some("out".to_owned()),
            target_blank: true,
            no_follow: true,
            no_referrer: true,
            external: true,
        },
        lazy_images: true,
        ..MarkdownOptions::default()
    };
    check_with(
        &options,
        "[a](https://b.c) [d](e) ![f](g)",
        "<p><a href=\"https://b.c\" class=\"out\" target=\"_blank\" rel=\"noopener nofollow noreferrer external\">a</a> <a href=\"e\">d</a> \
         <img src=\"g\" alt=\"f\" loading=\"lazy\" decoding=\"async\" /></p>\n",
    );
}

#[test]
fn links_are_listed_with_the_place_of_their_url() {
    let text = "é [a](@/known.md) ![b](<c d>)\nwww.e.f [g][r] x@y.z [h](i&amp;j) [k](k)\n\n[r]: #s \"#s\"\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let links = render_with(&text, &MarkdownOptions::default()).links;
        let found: Vec<_> = links.iter().map(|link| (&*link.url, &text[link.span.clone()])).collect();
        assert_eq!(
            found,
            [
                ("/known/", "@/known.md"),
                ("c d", "c d"),
                ("http://www.e.f", "www.e.f"),
                ("#s", "#s"),
                ("mailto:x@y.z", "x@y.z"),
                ("i&j", "[h](i&amp;j)"),
                ("k", "k"),
            ]
        );
    }
}

#[test]
fn headings() {
    check("# A *b* `c`", "<h1 id=\"a-b-c\">A <em>b</em> <code>c</code></h1>\n");
    check("A\n=\n\n# A", "<h1 id=\"a\">A</h1>\n<h1 id=\"a-1\">A</h1>\n");
    check("# a\n# b {#a .c .d e=f}", "<h1 id=\"a-1\">a</h1>\n<h1 id=\"a\" class=\"c d\" e=\"f\">b</h1>\n");
    check("### -Format {Text | XML}", "<h3 id=\"format-text-xml\">-Format {Text | XML}</h3>\n");
    check("# [a](b)", "<h1 id=\"a\"><a href=\"b\">a</a></h1>\n");
    check("#", "<h1 id=\"section\"></h1>\n");
    for (heading_links, html) in [
        (
            HeadingLinks::Left,
            "<h2 id=\"a\"><a class=\"zola-anchor\" href=\"#a\" aria-label=\"Anchor link for: a\">🔗</a>A</h2>\n",
        ),
        (
            HeadingLinks::Right,
            "<h2 id=\"a\">A<a class=\"zola-anchor\" href=\"#a\" aria-label=\"Anchor link for: a\">🔗</a></h2>\n",
        ),
        (
            HeadingLinks::Heading,
            "<h2 id=\"a\"><a class=\"zola-anchor\" href=\"#a\" aria-label=\"Anchor link for: a\">A</a></h2>\n",
        ),
    ] {
        check_with(&MarkdownOptions { heading_links, ..MarkdownOptions::default() }, "## A", html);
    }
}

#[test]
fn the_table_of_contents_is_a_tree() {
    fn outline(headings: &[Heading]) -> String {
        let each = |heading: &Heading| format!("{}{}({})", heading.title, heading.level, outline(&heading.children));
        headings.iter().map(each).collect::<Vec<_>>().join(" ")
    }
    for (text, expected) in [
        ("", ""),
        ("# a\n## b\n### c\n## d\n# e", "a1(b2(c3()) d2()) e1()"),
        ("### a\n# b\n### c\n## d", "a3() b1(c3() d2())"),
        ("## a & `b`\n## *c* [d](e) ![f](g)\nh", "a & b2() c d2()"),
    ] {
        assert_eq!(outline(&render_with(text, &MarkdownOptions::default()).toc), expected, "{text}");
    }
}

#[test]
fn alerts() {
    check("> [!NOTE]\n> a", "<blockquote>\n<p>[!NOTE]\na</p>\n</blockquote>\n");
    let dialect = Dialect { github_alerts: true, ..Dialect::default() };
    check_with(
        &MarkdownOptions { dialect, ..MarkdownOptions::default() },
        "> [!NOTE]\n> a",
        "<blockquote class=\"markdown-alert-note\">\n<p>a</p>\n</blockquote>\n",
    );
}

#[test]
fn emoji() {
    let dialect = Dialect { emoji: true, ..Dialect::default() };
    check_with(
        &MarkdownOptions { dialect, ..MarkdownOptions::default() },
        "# :tada: a\n\n*:smile:* `:smile:` ![:+1:](b) https://a.b/:smile:\n\n    :smile:",
        "<h1 id=\"tada-a\">🎉 a</h1>\n<p><em>😄</em> <code>:smile:</code> <img src=\"b\" alt=\"👍\" /> \
         <a href=\"https://a.b/:smile\">https://a.b/:smile</a>:</p>\n<pre><code>:smile:</code></pre>\n",
    );
}

#[test]
fn optional_dialects() {
    let text = "\"a\" -- b... https://c.d/e--f\n: g";
    check(
        text,
        "<p>&quot;a&quot; -- b... <a href=\"https://c.d/e--f\">https://c.d/e--f</a>\n: g</p>\n"
            .replace("&quot;", "\"")
            .as_str(),
    );
    let dialect = Dialect { smart_punctuation: true, definition_lists: true, ..Dialect::default() };
    check_with(
        &MarkdownOptions { dialect, ..MarkdownOptions::default() },
        text,
        "<dl>\n<dt>“a” – b… <a href=\"https://c.d/e--f\">https://c.d/e--f</a></dt>\n<dd>g</dd>\n</dl>\n",
    );
}

#[test]
fn code_blocks() {
    check("```\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n");
    check("```rust\nfn\n```", "<pre><code data-lang=\"rust\">fn\n</code></pre>\n");
    check(
        "```x,linenos,linenostart=9,hl_lines=1,hide_lines=2,name=a.x,copy\na\nb\nc\n```",
        "<pre><code data-lang=\"x\" data-name=\"a.x\" data-copy=\"true\">\
         <span class=\"giallo-l z-hl\"><span aria-hidden=\"true\" class=\"giallo-ln\">9</span>a</span>\n\
         <span class=\"giallo-l\"><span aria-hidden=\"true\" class=\"giallo-ln\">11</span>c</span></code></pre>\n",
    );
    for (data_attributes, html) in [
        (DataAttributes::Pre, "<pre data-lang=\"x\"><code>a\n</code></pre>\n"),
        (DataAttributes::Both, "<pre data-lang=\"x\"><code data-lang=\"x\">a\n</code></pre>\n"),
        (DataAttributes::None, "<pre><code>a\n</code></pre>\n"),
    ] {
        check_with(&MarkdownOptions { data_attributes, ..MarkdownOptions::default() }, "```x\na\n```", html);
    }
}

#[test]
fn highlighted_code_blocks() {
    let text = "```Rust\nfn\n```\n\n```\nfn\n```";
    for (look, html) in [
        (
            Look::Roles,
            "<pre class=\"giallo z-code\"><code data-lang=\"Rust\"><span class=\"z-k\">fn</span>\n</code></pre>\n\
             <pre class=\"giallo z-code\"><code>fn\n</code></pre>\n",
        ),
        (
            Look::Scopes(Themed::One),
            "<pre class=\"giallo z-code\"><code data-lang=\"Rust\"><span class=\"giallo-l\">\
             <span class=\"z-keyword\">fn</span></span></code></pre>\n\
             <pre class=\"giallo z-code\"><code data-lang=\"plain\"><span class=\"giallo-l\">fn</span></code></pre>\n",
        ),
        (
            Look::Inline(Box::new(Colours::One(Palette::LIGHT))),
            "<pre class=\"giallo\" style=\"color: #1f2328; background-color: #f6f8fa;\"><code data-lang=\"Rust\">\
             <span class=\"giallo-l\"><span style=\"color: #cf222e;\">fn</span></span></code></pre>\n\
             <pre class=\"giallo\" style=\"color: #1f2328; background-color: #f6f8fa;\"><code data-lang=\"plain\">\
             <span class=\"giallo-l\">fn</span></code></pre>\n",
        ),
    ] {
        let highlighter = Highlighter::new(&look);
        let around = Around { highlighter: Some(&highlighter), ..Around::ALONE };
        let source = Source::new("a.md", text);
        let rendered = render(&Text::whole(&source), &MarkdownOptions::default(), &around);
        assert_eq!(rendered.html, html);
    }
}

#[test]
fn a_language_that_nobody_knows_is_a_mistake_where_that_is_asked_for() {
    let source = Source::new("a.md", "```klingon\nx\n```\n\n```text\nx\n```\n\n```\nx\n```");
    let highlighter = Highlighter::new(&Look::Roles);
    let around = Around { highlighter: Some(&highlighter), ..Around::ALONE };
    let strict = MarkdownOptions { strict_languages: true, ..MarkdownOptions::default() };
    let told: Vec<_> = render(&Text::whole(&source), &strict, &around).diagnostics;
    assert_eq!(told.iter().map(|one| one.position().unwrap()).collect::<Vec<_>>(), [(1, 4)]);
    assert_eq!(render(&Text::whole(&source), &MarkdownOptions::default(), &around).diagnostics, []);
}

#[test]
fn summaries_end_where_the_author_says() {
    for (text, summary, html) in [
        ("a", None, "<p>a</p>\n"),
        (
            "a\n\n<!-- more -->\n\nb <!-- more -->",
            Some("<p>a</p>"),
            "<p>a</p>\n<span id=\"continue-reading\"></span>\n<p>b <!-- more --></p>\n",
        ),
        (
            "a **b<!-- MORE -->c**",
            Some("<p>a <strong>b&hellip;</strong></p>\n"),
            "<p>a <strong>b<span id=\"continue-reading\"></span>c</strong></p>\n",
        ),
        (
            "- a <!-- more --> b",
            Some("<ul>\n<li>a&hellip;</li>\n</ul>\n"),
            "<ul>\n<li>a <span id=\"continue-reading\"></span> b</li>\n</ul>\n",
        ),
        ("`<!-- more -->`", None, "<p><code>&lt;!-- more --&gt;</code></p>\n"),
    ] {
        let rendered = render_with(text, &MarkdownOptions::default());
        assert_eq!((rendered.summary.as_deref(), &*rendered.html), (summary, html), "{text}");
    }
    let noted = render_with("a[^1] b\n\n<!-- more -->\n\n[^1]: c", &MarkdownOptions::default());
    assert_eq!(noted.summary.as_deref(), Some("<p>a b</p>"));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    check_places("é\n\n[a](«@/b.md#c»), [@/b.md](<«@/b.md»> \"@/b.md\") ![d](«@/e»)", "there is no page");
    check_places("[a][r] and [b][r]\n\n[r]: known.md\n", "");
    check_places("[a][r]\n\ntext\n\n[r]: «@/b.md»\n", "there is no page `@/b.md`");
    check_places("«[a](@/b&amp;c.md)»", "there is no page");
    check_places("> ```rust,«lineno»,linenos,«hl_lines=a»\n> ```", "a code block has no option");
    check_places("# a {#x}\n\n«# b {#x}\n»", "used twice");
}

#[test]
fn front_matter_is_not_rendered_and_counts_for_places() {
    let text = "+++\ntitle = \"[a](@/b)\"\n+++\n[c](@/d)\n";
    let body = text.find("[c]").unwrap()..text.len();
    let source = Source::new("a.md", text);
    let text = Text { source: &source, body, templated: None };
    let rendered = render(&text, &MarkdownOptions::default(), &Around { resolve: &resolve, ..Around::ALONE });
    assert_eq!(rendered.html, "<p><a href=\"@/d\">c</a></p>\n");
    assert_eq!(rendered.diagnostics.len(), 1);
    assert_eq!(rendered.diagnostics[0].position(), Some((4, 5)));
}

#[test]
fn what_templates_made_is_told_where_they_stand() {
    let written = "+++\n+++\n{{ <card /> }}\n\n[a](@/b) {{ link }}\n";
    let made = "<b>card</b>\n\n[c](@/card)\n\n[a](@/b) [d](@/link)\n";
    let source = Source::new("a.md", written);
    let text = Text { source: &source, body: 8..written.len(), templated: Some(made) };
    let rendered = render(&text, &MarkdownOptions::default(), &Around { resolve: &resolve, ..Around::ALONE });
    let places: Vec<_> = rendered.diagnostics.iter().map(|one| one.label.as_ref().unwrap().span).collect();
    let places: Vec<_> = places.into_iter().map(|span| &written[span.start..span.end]).collect();
    assert_eq!(places, ["{{ <card /> }}\n\n", "@/b", "{{ link }}"]);
    assert_eq!(rendered.word_count, 4);
}

fn everything() -> MarkdownOptions {
    MarkdownOptions {
        dialect: Dialect { github_alerts: true, smart_punctuation: true, definition_lists: true, emoji: true },
        heading_links: HeadingLinks::Left,
        external_links: ExternalLinks { target_blank: true, no_referrer: true, ..ExternalLinks::default() },
        lazy_images: true,
        bottom_footnotes: true,
        ..MarkdownOptions::default()
    }
}

proptest! {
    #[test]
    fn any_text_renders_and_places_are_in_it(
        text in "(\\PC|\n|\r\n|\t|[*_`~<>\\[\\](){}#|!&;:@./\\\\\"'-]|www\\.a\\.b|http://|@/a\\.md|x@y\\.z|\\[\\^1\\]:? |<!-- more -->|```|> \\[!TIP\\]\n|- \\[x\\] |<a |</a>|\\| - \\|){0,40}",
    ) {
        for options in [MarkdownOptions::default(), everything()] {
            let rendered = render_with(&text, &options);
            for link in &rendered.links {
                prop_assert!(text.get(link.span.clone()).is_some(), "{:?}", link);
            }
            for diagnostic in &rendered.diagnostics {
                let span = diagnostic.label.as_ref().unwrap().span;
                prop_assert!(text.get(span.start..span.end).is_some(), "{:?}", span);
            }
        }
    }

    #[test]
    fn line_endings_do_not_matter(text in "([a-z ]|\n|[*_`~<>\\[\\]()#|!:-]|```|    |\\[a\\]: b|> |- |<!--|-->){0,40}") {
        let unix = render_with(&text, &everything());
        let windows = render_with(&text.replace('\n', "\r\n"), &everything());
        prop_assert_eq!(unix.html, windows.html);
        prop_assert_eq!(unix.word_count, windows.word_count);
    }
}
