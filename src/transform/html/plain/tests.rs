//! Passages by themselves and in their page.

use super::*;

const TOP: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<title>t</title>\n</head>\n<body>";
const END: &str = "</body>\n</html>\n";

fn page(body: &str) -> String {
    format!("{TOP}{body}{END}")
}

fn minified(body: &str) -> Option<String> {
    minify(&page(body), &Blocks::default(), |_, _| None)
}

#[track_caller]
fn check(body: &str, expected: &str) {
    let whole = "<!doctype html><html lang=en><head><title>t</title></head><body>".to_owned() + expected;
    assert_eq!(minified(body).as_deref(), Some(&*(whole + "</body></html>")), "{body}");
}

#[test]
fn regular_pages_get_smaller() {
    check("<p class=\"a\" id='b c'>&quot;x&quot; &gt; y &amp; z</p>", "<p class=a id=\"b c\">\"x\" > y & z</p>");
    check("<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>");
    check("<p>a\n   b <!-- c --> d</p>", "<p>a b d</p>");
    check("<pre><code>a\n\n  b\tc &gt;  </code></pre>   <p></p>", "<pre><code>a\n\n  b\tc >  </code></pre> <p></p>");
    check("<p>日\n本</p> <br/> x", "<p>日\n本</p> <br> x");
    check("<p title='a\"b' data-x=\"\" hidden>x</p>", "<p title='a\"b' data-x hidden>x</p>");
    check(
        "<svg viewBox=\"0 0 1 1\"><path d=\"M0\"/><path d=\"M 0\"/></svg>",
        "<svg viewBox=\"0 0 1 1\"><path d=M0 /><path d=\"M 0\"/></svg>",
    );
    check("<svg width=\"9\"/><p>a</p>", "<svg width=9 /><p>a</p>");
    check("\n  <p>a</p>\n\n", "<p>a</p>");
    check("<!--$-->  a", "<!--$--> a");
    check("<a href=\"/a/\">x</a> <a href=\"/b?c=d\">y</a>", "<a href=/a/>x</a> <a href=\"/b?c=d\">y</a>");
}

#[test]
fn references_stay_where_a_character_would_be_read_otherwise() {
    for kept in ["&lt;b", "&lt;/b", "&lt;!x", "&amp;lt;", "&amp;#1;", "&amp;copy", "&nbsp;&eacute;", "a&lt;?"] {
        check(kept, kept);
    }
    check("1 &lt; 2 &amp;&amp; 3 &lt;= 4", "1 < 2 && 3 <= 4");
}

#[test]
fn what_a_parser_would_mend_is_not_regular() {
    for odd in [
        "<p>a<p>b</p>",
        "<p><div></div></p>",
        "<a><b></a></b>",
        "<a><a></a></a>",
        "<table><tr><td>a</td></tr></table>",
        "<table>x</table>",
        "<div/>",
        "</p>",
        "<DIV></DIV>",
        "<noscript></noscript>",
        "<template></template>",
        "<svg><p></p></svg>",
        "<li>a</li>",
        "<h1><h2></h2></h1>",
        "<p>a</p></body>b",
        "<p>a&copy b</p>   <p>c  d&copy\n日</p>",
        "<p style='white&#45;space:pre'>  x</p>",
        "a\r\nb",
        "<select><b></b></select>",
        "<p 'x'>a</p>",
    ] {
        assert_eq!(minified(odd), None, "{odd}");
    }
    for page in ["<p>a</p>", "<!doctype html><p>a</p>", "<html><head></head><body></body></html>"] {
        assert_eq!(minify(page, &Blocks::default(), |_, _| None), None, "{page}");
    }
}

/// The check is worth something only if it sees what the writer must never do.
#[test]
fn other_tokens_are_seen() {
    let original = page("<p class=\"a b\">x  &amp;lt; y</p> <i>z</i><pre> a\n b</pre>");
    let right = minify(&original, &Blocks::default(), |_, _| None).unwrap();
    let is_same = |html: String| {
        is_same(&original, &Made { html, blocks: Vec::new(), replaced: Vec::new() }, Structure::of_page())
    };
    assert!(is_same(right.clone()));
    for (from, to) in [
        ("&amp;lt;", "&lt;"),
        ("\"a b\"", "a b"),
        ("\"a b\"", "\"a  b\""),
        ("</p> <i>", "</p><i>"),
        (" a\n b", " a b"),
        ("</i>", "</i><i></i>"),
        ("</i>", "</b>"),
        ("<i>z", "<i> z"),
        ("x ", "x"),
        ("<title>t", "<title>u"),
    ] {
        let wrong = right.replacen(from, to, 1);
        assert_ne!(wrong, right, "{from}");
        assert!(!is_same(wrong), "{from} {to}");
    }
}

#[test]
fn passages_are_the_same_as_without_a_memory() {
    let blocks = Blocks::default();
    for body in [
        "<h1 id=\"a\">A</h1>\n<p>x  y</p>\n<h2>B</h2> <p>z</p><h2>C</h2>",
        "<main><h1>A</h1>\n<p>x</p></main><footer><h2>B</h2></footer>",
        "<h1>A <h2>B</h2></h1>",
        "<h2>A</h2><ul><li><h3>B</h3> <p>x</p></li></ul> <h3>C</h3>",
        "<h2>A</h2><pre>  x\n</pre>\n\n<hr>\n<h3>B</h3><pre>  x\n</pre>\n<h3>C</h3>",
        "<p><h2>A</h2></p><h2>B</h2>",
        "<code><h2>  A  </h2>  <h2>B</h2></code>",
        "<h2>A &lt;</h2> a &lt;<h2>B</h2> <!-- x --> b <!-- y --> <h2>C</h2>",
        "<table><h2>A</h2></table><h2>B</h2>",
        "<h2>A</h2><script>let  a</script><style> b </style><h2>B</h2>",
    ] {
        let page = page(body);
        let replace = |kind, _: Range<usize>| (kind == Embedded::Script).then(|| "let a".to_owned());
        let none = Blocks::default();
        let by_itself = Writer::new(&page, Structure::of_page(), None).run(&mut { replace });
        let by_itself = by_itself.filter(|made| is_same(&page, made, Structure::of_page()));
        let expected = by_itself.map(|made| made.html);
        for memory in [&none, &blocks, &blocks] {
            assert_eq!(minify(&page, memory, replace), expected, "{body}");
        }
    }
}

#[test]
fn equal_blocks_are_done_once() {
    let blocks = Blocks::default();
    let block = "<pre class=\"z-code\"><code>a <span class=\"z-k\">b</span>\n</code></pre>";
    let page = page(&format!("{block}\n<div>{block}</div>"));
    let html = minify(&page, &blocks, |_, _| None).unwrap();
    assert_eq!(html.matches("<pre class=z-code><code>a <span class=z-k>b</span>\n</code></pre>").count(), 2);
    let known: usize = blocks.0.iter().map(|shard| shard.lock().unwrap().len()).sum();
    assert_eq!(known, 1);
}
