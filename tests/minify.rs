//! The minified page is the same page. Every page here is minified, parsed again by html5ever into another tree than the
//! product's, and compared with the original by rules written down a second time.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use html5ever::{ParseOpts, parse_document, tendril::TendrilSink, tree_builder::TreeBuilderOpts};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::{prelude::*, sample::select};
use sitekit::{
    diag::{Severity, Source},
    site::BasePath,
    transform::{
        base, css, data,
        html::{Level, Minified, Minifier},
        links::Links,
        script::{self, Goal, Options, Syntax},
    },
};

fn minify(page: &str) -> Minified {
    Minifier::default().minify(&Source::new("page", page))
}

/// Minifies and compares.
#[track_caller]
fn check(page: &str) -> Minified {
    let minified = minify(page);
    assert!(minified.html.len() <= page.len(), "longer: {page:?}\n{:?}", minified.html);
    for scripting in [true, false] {
        let (before, after) = (picture(page, scripting), picture(&minified.html, scripting));
        assert!(
            before == after,
            "another page, {:?}\n{page:?}\n{:?}\n{}",
            minified.level,
            minified.html,
            difference(&before, &after)
        );
    }
    minified
}

fn difference(before: &[String], after: &[String]) -> String {
    let at = before.iter().zip(after).position(|(a, b)| a != b).unwrap_or(before.len().min(after.len()));
    let part = |all: &[String]| all[at.saturating_sub(3)..all.len().min(at + 4)].join(" | ");
    format!("before: {}\nafter:  {}", part(before), part(after))
}

/// What a browser has of a page: one line per node.
fn picture(page: &str, scripting_enabled: bool) -> Vec<String> {
    let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
    let dom = parse_document(RcDom::default(), ParseOpts { tree_builder, ..ParseOpts::default() }).one(page);
    let mut lines = vec![format!("{:?}", dom.quirks_mode.get())];
    let mut todo = vec![Todo::Node(dom.document.clone(), false)];
    while let Some(next) = todo.pop() {
        match next {
            Todo::Line(line) => lines.push(line),
            Todo::Node(node, as_written) => draw(&node, as_written, &mut lines, &mut todo),
        }
    }
    lines
}

enum Todo {
    Node(Handle, bool),
    Line(String),
}

fn draw(node: &Handle, as_written: bool, lines: &mut Vec<String>, todo: &mut Vec<Todo>) {
    let (mut as_written, mut name) = (as_written, "");
    let mut contents = None;
    match &node.data {
        NodeData::Document
        | NodeData::Text { .. }
        | NodeData::Comment { .. }
        | NodeData::ProcessingInstruction { .. } => {}
        NodeData::Doctype { name, public_id, system_id } => {
            lines.push(format!("doctype {name} {public_id} {system_id}"));
        }
        NodeData::Element { name: full, attrs, template_contents, .. } => {
            let mut attributes: Vec<_> =
                attrs.borrow().iter().map(|a| format!(" {}:{}={:?}", a.name.ns, a.name.local, a.value)).collect();
            attributes.sort();
            lines.push(format!("<{}:{}{}>", full.ns, full.local, attributes.concat()));
            name = &full.local;
            as_written |=
                matches!(name, "pre" | "textarea" | "listing" | "xmp" | "plaintext" | "code" | "kbd" | "samp")
                    || attrs.borrow().iter().any(|a| &*a.name.local == "style" && a.value.contains("white-space"));
            contents.clone_from(&*template_contents.borrow());
        }
    }
    let mut inside = Vec::new();
    let children = node.children.borrow();
    let mut text = String::new();
    let shown: Vec<_> = children.iter().filter(|child| !is_prose(child)).collect();
    for (index, child) in shown.iter().enumerate() {
        match &child.data {
            NodeData::Text { contents } => {
                text.push_str(&contents.borrow());
                if shown.get(index + 1).is_some_and(|next| matches!(next.data, NodeData::Text { .. })) {
                    continue;
                }
                let is_edge =
                    index + 1 == shown.len() || shown[..index].iter().all(|n| matches!(n.data, NodeData::Text { .. }));
                let blank = text.trim_ascii().is_empty();
                if blank && (matches!(name, "html" | "head") || name == "body" && is_edge) {
                    // Not shown.
                } else if matches!(name, "script" | "style") {
                    inside.push(Todo::Line("embedded".to_owned()));
                } else {
                    inside.push(Todo::Line(if as_written {
                        format!("{text:?}")
                    } else {
                        format!("{:?}", flow(&text))
                    }));
                }
                text.clear();
            }
            NodeData::Comment { contents } => inside.push(Todo::Line(format!("<!--{contents}-->"))),
            _ => inside.push(Todo::Node((*child).clone(), as_written)),
        }
    }
    todo.push(Todo::Line(format!("</{name}>")));
    todo.extend(inside.into_iter().rev());
    todo.extend(contents.map(|contents| Todo::Node(contents, as_written)));
}

/// A comment no program reads.
fn is_prose(node: &Handle) -> bool {
    matches!(&node.data, NodeData::Comment { contents } if contents.starts_with(|c: char| c.is_whitespace() || c.is_alphanumeric()) || (contents.starts_with(['-', '=', '*']) && contents.chars().all(|c| "-=* ".contains(c))))
}

/// A text as `white-space: normal` lays it out, within one element.
fn flow(text: &str) -> String {
    let space = |c: char| c.is_ascii_whitespace();
    let words: Vec<&str> = text.split(space).filter(|word| !word.is_empty()).collect();
    let edge = |has: bool| if has { " " } else { "" };
    if words.is_empty() {
        return edge(!text.is_empty()).to_owned();
    }
    format!("{}{}{}", edge(text.starts_with(space)), words.join(" "), edge(text.ends_with(space)))
}

const TOP: &str = "<!doctype html><html lang=en><head><title>t</title></head><body>";

#[test]
fn the_space_between_links_in_a_div_stays() {
    let minified = check(&format!("{TOP}<div><a href=\"x\">a</a> <a href=\"y\">b</a></div>"));
    assert_eq!(minified.level, Level::Minified);
    assert!(minified.html.contains("</a> <a"), "{}", minified.html);
}

#[test]
fn what_follows_a_table_does_not_move_into_its_last_cell() {
    check(&format!("{TOP}<table class=\"a\"><tr><td>a<td>b</table>  <p>after"));
}

#[test]
fn the_empty_paragraph_behind_a_list_stays() {
    check(&format!("{TOP}<p class=\"a\"><dl><dt>x</dl></p>  <p>y"));
}

/// What the comparison is worth: it sees what minify-html does when nothing is guarded.
#[test]
fn the_comparison_sees_other_pages() {
    let options = minify_html::Cfg {
        keep_closing_tags: true,
        keep_html_and_head_opening_tags: true,
        ..minify_html::Cfg::default()
    };
    for page in [
        "<div><a>a</a> <a>b</a></div>",
        "<table><tr><td>a<td>b</table><p>after",
        "<p><dl></dl></p>",
        "<button type=submit>x</button>",
    ] {
        let page = format!("{TOP}{page}");
        let plain = String::from_utf8(minify_html::minify(page.as_bytes(), &options)).unwrap();
        assert_ne!(picture(&page, true), picture(&plain, true), "{page}");
    }
}

#[test]
fn well_formed_pages_are_minified() {
    for (page, expected) in [
        ("<p class=\"a\" id=\"b c\">&quot;x&quot; &gt; y &amp; z</p>", "<p class=a id=\"b c\">\"x\" > y & z</p>"),
        ("<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n\n\n", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("<p>a\n   b <!-- c --> d</p>", "<p>a b d</p>"),
        ("<button type=\"submit\">x</button>", "<button type=submit>x</button>"),
        ("<input type=\"checkbox\" checked=\"\" disabled=\"\">", "<input type=checkbox checked disabled>"),
        ("<pre><code>a\n\n  b\tc  </code></pre>   <p>", "<pre><code>a\n\n  b\tc  </code></pre> <p>"),
        ("<p>\u{65e5}\n\u{672c}</p>      <p>", "<p>\u{65e5}\n\u{672c}</p> <p>"),
        (
            "<script>var  a = 1 ;\n</script><style> a { b : c } </style>",
            "<script>var a=1;</script><style>a{b:c}</style>",
        ),
        (
            "<script type=\"application/ld+json\">{ \"a\": 1.0 }</script>",
            "<script type=application/ld+json>{\"a\":1.0}</script>",
        ),
        ("<svg viewBox=\"0 0 1 1\"> <path d=\"M0\"/> </svg>", "<svg viewBox=\"0 0 1 1\"> <path d=M0 /> </svg>"),
        ("<noscript> <b class=\"x\">  y</b></noscript>   <p>", "<noscript> <b class=\"x\">  y</b></noscript> <p>"),
    ] {
        let minified = check(&format!("{TOP}{page}</body></html>"));
        assert_eq!(minified.level, Level::Minified, "{page}");
        let body = minified.html.split_once("<body>").unwrap().1;
        assert_eq!(body.strip_suffix("</body></html>").unwrap(), expected);
    }
}

#[test]
fn what_a_browser_mends_it_mends_the_same_way() {
    for page in [
        "",
        " ",
        "a",
        "<p>a<p>b",
        "<b><p>a</b>b</p>  c",
        "<a>a<a>b</a>  </a> c",
        "<table>  x  <tr><td> a </table>  b",
        "<table><tr><td>a<td>b</table>  c",
        "<select><option> a <option>b</select>  c",
        "<ul><li>a<ul><li>b</ul><li>c</ul>  d",
        "<dl><dt>a<dd>b<dt>c</dl>  d",
        "<p><div>a</div></p>  b",
        "</p>  </br>  x",
        "<div/>a  <span/>b",
        "<p a=1 a=2 A=3  b>x",
        "<p a='&quot;' b=\"'\" c='&lt;&amp;' d=\"&notit;\" e=\"&copy=1\" f='a&b;c'>x",
        "&#128; &#0; &#x1; &#x2; &#3; &#xD800; &notin; &not; &notit;  x",
        "\u{1}<p>  x",
        "<pre>\n\n a </pre>  <pre>\n</pre>",
        "<pre><!-- x -->\n a</pre>  b",
        "<textarea>\n\n <b> </textarea>  b",
        "<title> a  <b> </title>  b",
        "<plaintext>  a </plaintext>",
        "<xmp> <b>  </xmp>  c",
        "<iframe> <b>  </iframe>  c",
        "<noscript><!--</noscript>  <b>x</b>-->",
        "<noscript><p  class=\"a\">x</noscript>  y",
        "<head><noscript><link  rel=x></noscript></head>  <body>  x",
        "<template> <tr> <td> a </td> </tr> </template>  x",
        "<svg><title> a  b </title><text> a  <tspan>b </tspan></text><foreignObject> <p> a </foreignObject></svg>  x",
        "<svg><style> a > b {} </style><script/><a  href=\"x\">b</a></svg>  c",
        "<svg><![CDATA[ a  b ]]></svg>  c",
        "<svg><desc><p>x</desc><br>  y",
        "<math><mi> x </mi><mspace width=\"1\"/><mo>  + </mo></math>  y",
        "<math><annotation-xml encoding='text/html'> <p>  x</annotation-xml></math>  y",
        "<!--[if IE]> <p>  x</p> <![endif]-->  y",
        "<div><!--$-->  a  <!--/$--><!---->  b</div>",
        "<!-- a --> <!doctype html>  <!-- b --> <p>  x",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\"> <table> <tr>  <td>",
        "<!doctype html SYSTEM 'about:legacy-compat'><p>  x",
        "<?xml version=\"1.0\"?>  <p>x",
        "<![CDATA[ x ]]>  <p>y",
        "</ x>  </>  <!x>  <p",
        "<p>  x</p  class=\"a\">  y",
        "<body  class=\"a\">  <p>x</p>  </body>  <!-- c -->  </html>  <!-- d -->  ",
        "<body>a</body>  b  </html>  c",
        "<html  class=\"a\"><body><html  id=\"b\"><body  id=\"c\">x",
        "<frameset>  <frame  src=\"a\">  </frameset>",
        "<form><form><input  value=\"  \"></form></form>  x",
        "<button> a <button> b</button>  c",
        "<label> a </label> <input>  <label> b</label>",
        "<p style=\"white-space: pre\"> a\n  b </p>  c",
        "<div style='white-space:pre'><div> a  b</div> c  </div>  d",
        "<kbd> a  b </kbd>  <samp>a\n b<i> c  d</i></samp>",
        "<script>  if (a < b) { '<!--<script>' }  </script>  x",
        "<script><!--\n <script> </script> --></script>  x",
        "<script type=\"text/template\">  <p>  {{ x }} </p> </script>  y",
        "<style> a > b { color : red } </style>  x",
        "<style media=\"all\" type=\"text/css\">a  {}</style>  x",
        "<img src=\"a.png\" alt=\"\"  srcset=\"a.png 1x, b.png 2x\">  x",
        "<a href=\"x?a=1&b=2&amp;c=3&lt=4\" title=\"a&#10;b\">  x</a>",
        "<a href=a/b/>  x</a> <a href='x y'>z</a> <a href=\"x`y\">z</a>",
        "<meta name=\"viewport\" content=\"width=device-width initial-scale=1\">  x",
        "<td>a</td>  <tr>b",
        "<p>a &lt;b&gt;  c &amp;lt; d",
        "a\u{a0} \u{a0}b  \u{2003} c\u{c}\u{b}d\r\n\r\n e",
    ] {
        check(page);
        check(&format!("{TOP}{page}"));
        check(&format!("<!doctype html>\n{page}"));
    }
}

#[test]
fn no_page_is_too_deep() {
    for (open, close) in [("<div>", "</div>"), ("<b>", ""), ("<p>  x", ""), ("<ul><li>", "</li></ul>")] {
        let page = format!("{TOP}{}x  y{}", open.repeat(3000), close.repeat(3000));
        check(&page);
    }
}

#[test]
fn mistakes_in_embedded_texts_are_told_and_left() {
    let page = format!("{TOP}<p>  x</p>\n<script>var = 1;</script><style>a {{ b: c }} d: {{</style>");
    let minified = check(&page);
    assert!(minified.html.contains("<script>var = 1;</script>"), "{}", minified.html);
    assert!(!minified.warnings.is_empty());
    for warning in &minified.warnings {
        assert_eq!((&*warning.path, warning.severity), ("page", Severity::Warning));
    }
    let label = minified.warnings[0].label.as_ref().unwrap();
    assert_eq!(&page[label.span.start..label.span.end], "=");
}

#[test]
fn one_minifier_serves_many_pages() {
    let minifier = Minifier::default();
    let page = Source::new("page", format!("{TOP}<script>let  a = 1; alert( a )</script>"));
    let first = minifier.minify(&page).html;
    assert_eq!(minifier.minify(&page).html, first);
    assert_eq!(minify(&page.text).html, first);
}

const FLOW: &[&str] = &[
    "div",
    "p",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "th",
    "tbody",
    "section",
    "nav",
    "dl",
    "dt",
    "dd",
    "h2",
    "pre",
    "blockquote",
    "form",
    "details",
    "summary",
    "figure",
    "label",
    "button",
    "select",
    "option",
    "template",
    "fieldset",
    "address",
    "caption",
    "center",
    "hr",
];
const PHRASING: &[&str] = &[
    "a", "b", "i", "em", "span", "code", "kbd", "br", "img", "input", "small", "ruby", "rt", "svg", "text", "path",
    "math", "mi", "x-y", "nobr", "font", "wbr",
];
const ATTRIBUTES: &[&str] = &[
    "",
    " class=\"a b\"",
    " id=x",
    " href='/a?b&amp;c=d'",
    " title=\"&quot;'`=<>\"",
    " disabled=\"\"",
    " checked=checked",
    " type=\"text\"",
    " type=submit",
    " style=\"white-space:pre\"",
    " style=\"color:red\"",
    " CLASS=\"\"",
    " a=1 a=2",
    " value=\"  x  \"",
    " data-x='{\"a\":1}'",
    " srcset=\"a 1x, b 2x\"",
    " method=get",
    " alt=\"\"",
    " viewBox='0 0 1 1'",
    "/",
    " =x",
    " x = y ",
    " onclick=\"a  &&  b\"",
];
const TEXTS: &[&str] = &[
    " ",
    "  ",
    "\n",
    " \n\t ",
    "a",
    "a b",
    " a ",
    "a\n b",
    "&amp;",
    "&lt;b&gt;",
    "&nbsp; ",
    "&#128;",
    "&notit;",
    "<",
    "< ",
    "\u{65e5}\n\u{672c}",
    "\u{e4}\n",
    "&",
    "\r\n",
    "\u{a0}",
    "x&copy",
    "\u{200b}\n",
];
const ODD: &[&str] = &[
    "<!-- c -->",
    "<!--[if IE]>x<![endif]-->",
    "<!---->",
    "<!--$-->",
    "<script>var  a = 1</script>",
    "<style>a  { b: c }</style>",
    "<textarea>\n a  </textarea>",
    "<script>  </script>",
    "<title> a  b</title>",
    "<noscript> <p  class=\"a\"> </noscript>",
    "<iframe> <b> </iframe>",
    "</p>",
    "</br>",
    "</table>",
    "</div>",
    "</b>",
    "</a>",
    "</>",
    "<?x?>",
    "<!x>",
    "<![CDATA[ x ]]>",
    "<body>",
    "</body>",
    "</html>",
    "<html a=\"b\">",
    "<head>",
    "</head>",
    "<svg><style>a &gt; b</style></svg>",
    "<link rel=\"x\">",
    "<meta name=\"viewport\" content=\"a  b\">",
    "<p",
    "<col>",
    "<plaintext>",
    "<frameset>",
    "<xmp> </xmp>",
    "<foreignObject>",
    "</svg>",
    "</math>",
    "<mspace/>",
    "<script><!--<script></script>",
];

/// Pages a careful author would write.
fn tidy() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![select(TEXTS).prop_map(str::to_owned), select(ODD).prop_map(str::to_owned)];
    let tree = leaf.prop_recursive(5, 60, 6, |inner| {
        let name = prop_oneof![select(FLOW), select(PHRASING)];
        (name, select(ATTRIBUTES), prop::collection::vec(inner, 0..6), prop::bool::weighted(0.9)).prop_map(
            |(name, attribute, children, is_closed)| {
                let close = if is_closed { format!("</{name}>") } else { String::new() };
                format!("<{name}{attribute}>{}{close}", children.concat())
            },
        )
    });
    prop::collection::vec(tree, 0..5).prop_map(|trees| trees.concat())
}

/// Tags, texts and oddities in any order.
fn soup() -> impl Strategy<Value = String> {
    let tag = (prop_oneof![select(FLOW), select(PHRASING)], select(ATTRIBUTES), any::<bool>()).prop_map(
        |(name, attribute, is_end)| if is_end { format!("</{name}>") } else { format!("<{name}{attribute}>") },
    );
    let piece =
        prop_oneof![4 => tag, 3 => select(TEXTS).prop_map(str::to_owned), 1 => select(ODD).prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn wrapped(body: String, wrapper: u8) -> String {
    match wrapper {
        0 => body,
        1 => format!("<!doctype html>\n{body}"),
        2 => format!("{TOP}\n{body}\n</body>\n</html>\n"),
        _ => format!("{TOP}<main>{body}</main>"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tidy_pages_stay_the_same(body in tidy(), wrapper in 0..4_u8) {
        check(&wrapped(body, wrapper));
    }

    #[test]
    fn any_page_stays_the_same(body in soup(), wrapper in 0..4_u8) {
        check(&wrapped(body, wrapper));
    }

    #[test]
    fn any_text_stays_the_same(page in "[ -~\n\u{1}-\u{5}]{0,80}") {
        check(&page);
    }

    #[test]
    fn rebasing_and_listing_never_fail(body in soup()) {
        let base = BasePath::parse("/docs/").unwrap();
        prop_assert!(base::page(&body, &Links::at(&base), &[]).len() >= body.len());
        prop_assert!(base::style_sheet(&body, &base).len() >= body.len());
        prop_assert!(base::manifest(&body, &base, &[]).len() >= body.len());
        base::urls(&body, |url| assert_eq!(&body[url.span.clone()], url.raw));
    }

    #[test]
    fn json_of_any_value_stays_the_value(numbers in prop::collection::vec(any::<f64>().prop_filter("finite", |n| n.is_finite()), 0..9), text in ".{0,20}") {
        let value = serde_json::json!({ "numbers": numbers, "text": text, "nested": [{}, [], null, true] });
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(data::minify_json(&Source::new("a.json", pretty)).unwrap(), value.to_string());
    }
}

/// More with `PROPTEST_CASES`.
fn cases() -> u32 {
    env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(512)
}

#[test]
fn real_pages_stay_the_same() {
    let Some(corpus) = env::var_os("SITEKIT_CORPUS") else {
        eprintln!("SITEKIT_CORPUS names no corpus: a few pages of our own instead");
        for (name, markdown) in PAGES {
            assert_eq!(check(&render(name, markdown)).level, Level::Minified, "{name}");
        }
        return;
    };
    let unpacked = tempfile::tempdir().unwrap();
    let mut folder = PathBuf::from(corpus);
    if folder.is_file() {
        let done = Command::new("tar").arg("-xf").arg(&folder).arg("-C").arg(unpacked.path()).status().unwrap();
        assert!(done.success(), "{} does not unpack", folder.display());
        folder = unpacked.path().to_owned();
    }
    let (mut pages, mut kept, mut before, mut after) = (0, 0, 0, 0);
    for file in markdown_files(&folder) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let page = render(&file.display().to_string(), &text);
        let minified = check(&page);
        pages += 1;
        kept += usize::from(minified.level != Level::Minified);
        before += page.len();
        after += minified.html.len();
    }
    assert!(pages > 0, "no Markdown below {}", folder.display());
    println!("{pages} pages, {kept} less minified, {before} to {after} bytes");
}

fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(markdown_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn render(name: &str, markdown: &str) -> String {
    let mut body = String::new();
    pulldown_cmark::html::push_html(
        &mut body,
        pulldown_cmark::Parser::new_ext(markdown, pulldown_cmark::Options::all()),
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n    <title>{name}</title>\n    \
         <link rel=\"stylesheet\" href=\"/style.css\">\n    <script type=\"module\" src=\"/main.js\"></script>\n  </head>\n  <body>\n    \
         <header class=\"top\">\n      <nav aria-label=\"Main\">\n        <a class=\"home\" href=\"/\">Home</a>\n        <a href=\"/guide/\">Guide</a>\n        \
         <a href=\"/blog/\">Blog</a>\n      </nav>\n    </header>\n    <main class=\"page\">\n{body}    </main>\n    \
         <footer>\n      <p>Written by hand, <a href=\"/licence/\">free to use</a>.</p>\n    </footer>\n  </body>\n</html>\n"
    )
}

const PAGES: &[(&str, &str)] = &[
    (
        "prose",
        "# Title\n\nA paragraph with *emphasis*,\n`code  with spaces`, \"quotes\" and a [link](/x?a=1&b=2).\n\n> A quote\n> in two lines\n\n---\n\n* one\n* two\n\n  * nested\n",
    ),
    (
        "code",
        "```rust\nfn main() {\n    println!(\"<&>\");\n}\n```\n\n    indented\n\n<!-- a comment -->\n\n1. first\n2. second\n",
    ),
    (
        "tables",
        "| a | b |\n| - | :-: |\n| `x | y` | \"z\" |\n| | 1 |\n\n- [x] done\n- [ ] open\n\nText[^1] ~~gone~~.\n\n[^1]: A note.\n",
    ),
    (
        "markup",
        "Inline <b>bold</b> <kbd>Ctrl</kbd> + <kbd>C</kbd>.\n\n<details>\n<summary>More</summary>\n\nHidden *text*.\n\n</details>\n\n<table><tr><td>a</td> <td>b</td></tr></table>\n",
    ),
    (
        "wide",
        "# \u{65e5}\u{672c}\u{8a9e}\n\n\u{6539}\u{884c}\n\u{3057}\u{307e}\u{3059}\u{3002} Gr\u{fc}\u{df}e \u{1f600}\n\n![alt \"text\"](/a.png \"title\")\n",
    ),
];

/// Each script, and below it what browsers get.
fn compiled(syntax: Syntax, goal: Goal, texts: &[&str]) -> String {
    let options = Options { syntax, goal, links: None };
    let compile = |text: &&str| match script::compile(&Source::new("a.ts", *text), &options) {
        Ok(code) => format!("{text}\n => {}", code.replace('\n', "\n    ")),
        Err(diagnostics) => panic!("{text}: {diagnostics:#?}"),
    };
    texts.iter().map(compile).collect::<Vec<_>>().join("\n")
}

#[test]
fn typescript_loses_its_types() {
    let texts = [
        "export const a: number = 1;",
        "import type { A } from './a.js'; import { B, type C } from './b.js'; export const b = B;",
        "import { OnlyAType } from './a.js'; export let x: OnlyAType;",
        "export type { D } from './d.js'; export interface E { f: string } export type G = E;",
        "export const a = { b: 1 } satisfies Record<string, number>;",
        "export abstract class A { abstract b(): void; protected c?: string; declare d: number }",
        "export const f = <T,>(x: T): T => x!;",
        "export function g(x: unknown): asserts x is string; export function g(x: unknown) { return x as string }",
        "declare const VERSION: string; declare global { interface Window { x: 1 } } export const v = VERSION;",
    ];
    insta::assert_snapshot!(compiled(Syntax::TypeScript, Goal::Module, &texts), @r#"
    export const a: number = 1;
     => export const a=1;
    import type { A } from './a.js'; import { B, type C } from './b.js'; export const b = B;
     => import{B as o}from"./b.js";export const b=o;
    import { OnlyAType } from './a.js'; export let x: OnlyAType;
     => export let x;
    export type { D } from './d.js'; export interface E { f: string } export type G = E;
     => 
    export const a = { b: 1 } satisfies Record<string, number>;
     => export const a={b:1};
    export abstract class A { abstract b(): void; protected c?: string; declare d: number }
     => export class A{c}
    export const f = <T,>(x: T): T => x!;
     => export const f=o=>o;
    export function g(x: unknown): asserts x is string; export function g(x: unknown) { return x as string }
     => export function g(n){return n}
    declare const VERSION: string; declare global { interface Window { x: 1 } } export const v = VERSION;
     => export const v=VERSION;
    "#);
}

#[test]
fn what_typescript_adds_is_compiled() {
    let texts = [
        "export enum Colour { Red, Green = 'g' }",
        "export const enum Size { S = 1, L = S << 2 } export const l = Size.L;",
        "export namespace N { export const a = 1; export function b() { return a } } export namespace N { export const c = 2 }",
        "export class P { constructor(private readonly x: number, public y = 2) {} z() { return this.x } }",
    ];
    insta::assert_snapshot!(compiled(Syntax::TypeScript, Goal::Module, &texts), @r#"
    export enum Colour { Red, Green = 'g' }
     => var e;export var Colour=((e={})[e.Red=0]="Red",e.Green="g",e);
    export const enum Size { S = 1, L = S << 2 } export const l = Size.L;
     => var r;export var Size=((r={})[r.S=1]="S",r[r.L=4]="L",r);export const l=4;
    export namespace N { export const a = 1; export function b() { return a } } export namespace N { export const c = 2 }
     => var r;(r=N||(N={})).a=1,r.b=function(){return r.a},(N||(N={})).c=2;export var N;
    export class P { constructor(private readonly x: number, public y = 2) {} z() { return this.x } }
     => export class P{x;y;constructor(t,s=2){this.x=t,this.y=s}z(){return this.x}}
    "#);
}

#[test]
fn the_globals_of_a_script_keep_their_names() {
    let texts = [
        "var total = 1; function show(amount) { alert(amount) }",
        "let unused = 1; class D {}",
        "'use strict'; a = 1;",
        "document.write('<scr' + 'ipt></script>'); y = '<!--'",
    ];
    insta::assert_snapshot!(compiled(Syntax::JavaScript, Goal::Script, &texts), @r#"
    var total = 1; function show(amount) { alert(amount) }
     => var total=1;function show(t){alert(t)}
    let unused = 1; class D {}
     => let unused=1;class D{}
    'use strict'; a = 1;
     => "use strict";a=1;
    document.write('<scr' + 'ipt></script>'); y = '<!--'
     => document.write("<script><\/script>"),y="\x3c!--";
    "#);
}

#[test]
fn only_the_exports_of_a_module_keep_their_names() {
    let texts = [
        "const total = start(); show(total, total); export { total as sum };",
        "/*! Licence A */ let a = 1; // @license B\n/* gone */ debugger; f(a)",
        "a ??= b?.c; class D { #e = 1; static { f(this) } get() { return this.#e } } await g(new D)",
    ];
    insta::assert_snapshot!(compiled(Syntax::JavaScript, Goal::Module, &texts), @r#"
    const total = start(); show(total, total); export { total as sum };
     => let t=start();show(t,t);export{t as sum};
    /*! Licence A */ let a = 1; // @license B
    /* gone */ debugger; f(a)
     => /*! Licence A */
        /* @license B*/
        debugger;f(1);
    a ??= b?.c; class D { #e = 1; static { f(this) } get() { return this.#e } } await g(new D)
     => a??=b?.c;class t{#t=1;static{f(this)}get(){return this.#t}}await g(new t);
    "#);
}

#[test]
fn scripts_name_what_is_published() {
    let base = BasePath::parse("/docs/").unwrap();
    let resolve = |path: &str| (path == "./b").then(|| "./b/index.ts".to_owned());
    let links = Some(Links { base: &base, folder: None, resolve: &resolve });
    let source = Source::new(
        "a.ts",
        "import './a.ts'; import b from './b'; export * from '/c.ts'; export { d } from '../d.js'; import('./e.ts?x').then(b);\
         new Worker(new URL('./w.ts', import.meta.url)); import 'https://h/f.ts';",
    );
    let code = script::compile(&source, &Options { syntax: Syntax::TypeScript, goal: Goal::Module, links }).unwrap();
    for specifier in ["./a.js", "./b/index.js", "/docs/c.js", "../d.js", "./e.js?x", "./w.js", "https://h/f.ts"] {
        assert!(code.contains(&format!("\"{specifier}\"")), "{specifier}: {code}");
    }
}

/// Each mistake: what is marked, the message, the help.
fn mistakes(syntax: Syntax, goal: Goal, texts: &[&str]) -> String {
    let mut told = Vec::new();
    for text in texts {
        told.push((*text).to_owned());
        for diagnostic in
            script::compile(&Source::new("a.ts", *text), &Options { syntax, goal, links: None }).unwrap_err()
        {
            assert_eq!(diagnostic.severity, Severity::Error);
            let span = diagnostic.label.as_ref().unwrap().span;
            let help = diagnostic.help.map_or(String::new(), |help| format!(" ({help})"));
            told.push(format!(" => `{}` at {}: {}{help}", &text[span.start..span.end], span.start, diagnostic.message));
        }
    }
    told.join("\n")
}

#[test]
fn mistakes_in_scripts_are_told_with_their_place() {
    let texts = ["let \u{e4} = ;", "import a from 'b'", "f(); await x"];
    insta::assert_snapshot!(mistakes(Syntax::JavaScript, Goal::Script, &texts), @r#"
    let ä = ;
     => `;` at 9: Expression expected
    import a from 'b'
     => `import` at 0: 'import', and 'export' cannot be used outside of module code (only modules import and export: load it with `<script type="module">`)
    f(); await x
     => `x` at 11: Expected ';', '}' or <eof> (outside of async functions only modules may `await`: load it with `<script type="module">`)
    "#);
}

#[test]
fn mistakes_in_modules_are_told_with_their_place() {
    let texts = [
        "let a: number = 1",
        "interface A { b: 1 }",
        "'a",
        "f(",
        "a = 010; with (b) {}; delete c",
        "let a = 1, { b, c: [d = e] } = f; const d = 1; class a {} function g() { let a; { let a } }",
    ];
    insta::assert_snapshot!(mistakes(Syntax::JavaScript, Goal::Module, &texts), @r#"
    let a: number = 1
     => `:` at 5: Expected a semicolon (types are for TypeScript: call the file `.ts`)
    interface A { b: 1 }
     => `interface` at 0: Expression expected (types are for TypeScript: call the file `.ts`)
    'a
     => `'a` at 0: Unterminated string constant
    f(
     => `` at 2: Expression expected
    a = 010; with (b) {}; delete c
     => `010` at 4: Legacy octal escape is not permitted in strict mode
     => `with` at 9: With statement are not allowed in strict mode (modules are always strict, and strict code has no `with`)
     => `c` at 29: 'delete' cannot be called on an identifier in strict mode
    let a = 1, { b, c: [d = e] } = f; const d = 1; class a {} function g() { let a; { let a } }
     => `d` at 40: `d` is declared twice (a name can be declared once in each block)
     => `a` at 53: `a` is declared twice (a name can be declared once in each block)
    "#);
}

#[test]
fn what_browsers_do_not_run_is_told() {
    let texts =
        ["@dec class A { @log b() {} }", "import a = require('a'); a()", "export = 1", "class Q { override d() {} }"];
    insta::assert_snapshot!(mistakes(Syntax::TypeScript, Goal::Module, &texts), @r#"
    @dec class A { @log b() {} }
     => `@dec` at 0: browsers do not run decorators yet (call the decorator as a function)
     => `@log` at 15: browsers do not run decorators yet (call the decorator as a function)
    import a = require('a'); a()
     => `require('a')` at 11: browsers have no `require` (write `import name from "…"` or `import * as name from "…"`)
    export = 1
     => `export = 1` at 0: `export =` is for CommonJS, browsers load modules (write `export default`)
    class Q { override d() {} }
     => `override` at 10: This member cannot have an 'override' modifier because its containing class does not extend another class
    "#);
}

#[test]
fn style_sheets_keep_what_they_say() {
    for (text, expected) in [
        ("a { color : #ff0000 } ", "a{color:red}"),
        (".a { &:hover { color: red } .b & { top: 0 } }", ".a{&:hover{color:red}.b &{top:0}}"),
        ("a { color: red; color: oklch(0.6 0.2 30) }", "a{color:red;color:oklch(60% .2 30)}"),
        ("a{b:c} /*! d */ e{ f:'/*! g */' }", "/*! d */\na{b:c}e{f:\"/*! g */\"}"),
        ("@layer a, b; @container (width > 10px) { p { inset: 0 } }", "@layer a,b;@container (width>10px){p{inset:0}}"),
        (
            "@import \"/x.css\" layer(a); a { background: url(\"/y.png\") }",
            "@import \"/x.css\" layer(a);a{background:url(/y.png)}",
        ),
        ("a { color: light-dark(red, blue); width: calc(1px + 2px) }", "a{color:light-dark(red,#00f);width:3px}"),
        (
            "@property --x { syntax: '<length>'; inherits: false; initial-value: 0px }",
            "@property --x{syntax:\"<length>\";inherits:false;initial-value:0}",
        ),
        ("a { --x:  1  2 ; }", "a{--x:1 2}"),
        (
            "@view-transition { navigation: auto } ::view-transition-old(root) { animation: none }",
            "@view-transition{navigation:auto}::view-transition-old(root){animation:none}",
        ),
        (
            "@starting-style { a { opacity: 0 } } a { field-sizing: content; text-wrap: balance }",
            "@starting-style{a{opacity:0}}a{field-sizing:content;text-wrap:balance}",
        ),
    ] {
        assert_eq!(css::minify(&Source::new("a.css", text)), Ok(expected.to_owned()), "{text}");
    }
}

#[test]
fn mistakes_in_style_sheets_are_told_with_their_place() {
    let text = "a { b: c }\n}\n\np { color: red }\n.x { .. }\n";
    let diagnostics = css::minify(&Source::new("a.css", text)).unwrap_err();
    let places: Vec<_> = diagnostics.iter().map(|d| (d.position().unwrap(), d.severity)).collect();
    assert_eq!(places, [((2, 1), Severity::Warning), ((5, 9), Severity::Warning)], "{diagnostics:#?}");
}
