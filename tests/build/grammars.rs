//! Grammars that a site brings: of VS Code and of Sublime Text, through the binary.

use crate::project::Project;

/// The language of these tests has most of what grammars do: names of captures, texts in quotes that end where they began,
/// parts in parts, other languages inside, and rules that include each other in a circle.
const LARK: &str = r##"{
  "name": "Lark", "scopeName": "source.lark", "fileTypes": ["lrk"],
  "patterns": [{"include": "#comment"}, {"include": "#data"}, {"include": "#expression"}],
  "repository": {
    "comment": {"match": "--.*$", "name": "comment.line.lark"},
    "data": {
      "begin": "^(data)\\s+(\\w+)$", "end": "^(end)\\b",
      "beginCaptures": {"1": {"name": "keyword.control.lark"}, "2": {"name": "entity.name.type.lark"}},
      "endCaptures": {"1": {"name": "keyword.control.lark"}},
      "contentName": "meta.embedded.json.lark",
      "patterns": [{"include": "source.json"}]
    },
    "expression": {"patterns": [{"include": "#text"}, {"include": "#group"}, {"include": "#word"}]},
    "group": {
      "patterns": [
        {"begin": "\\(", "end": "\\)", "name": "meta.group.lark", "patterns": [{"include": "$self"}]},
        {"include": "#expression"}
      ]
    },
    "text": {
      "begin": "(~+)\"", "end": "\"\\1", "name": "string.quoted.lark",
      "patterns": [
        {"match": "\\\\.", "name": "constant.character.escape.lark"},
        {"begin": "\\{", "end": "\\}", "name": "meta.embedded.lark source.lark", "patterns": [{"include": "#expression"}]}
      ]
    },
    "word": {
      "patterns": [
        {"match": "\\b(let)\\s+(\\w+)", "captures": {"1": {"name": "keyword.control.lark"}, "2": {"name": "variable.other.$1.lark"}}},
        {"match": "\\b\\d+\\b", "name": "constant.numeric.lark"}
      ]
    }
  }
}"##;

const WREN: &str = "%YAML 1.2\n---\nname: Wren\nfile_extensions: [wrn]\nscope: source.wren\nvariables:\n  word: '[a-z]+'\ncontexts:\n  main:\n    - match: '#'\n      push: [{meta_scope: comment.line.wren}, {match: $, pop: true}]\n    - match: '\\b{{word}}!'\n      scope: keyword.control.wren\n";

fn site(highlighting: &str, code: &str) -> Project {
    Project::with(&[
        ("sites/a/config.toml", &format!("[markdown.highlighting]\n{highlighting}")),
        ("sites/a/content/_index.md", code),
        ("sites/a/syntaxes/lark.json", LARK),
        ("sites/a/syntaxes/wren.sublime-syntax", WREN),
        ("sites/a/templates/index.html", "<!doctype html><title>A</title><main>{{ section.content | safe }}</main>"),
    ])
}

#[track_caller]
fn check(code: &str, expected: &[&str]) {
    let grammars = "extra_grammars = [\"syntaxes/lark.json\", \"syntaxes/wren.sublime-syntax\"]\n";
    let project = site(grammars, code);
    let run = project.build(&["--profile", "dev", "--quiet"]);
    assert_eq!(run.stderr, "");
    let page = project.text("a", "/");
    let (_, rest) = page.split_once("<code").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (code, _) = rest.split_once("</code>").unwrap();
    assert_eq!(code.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_grammar_of_vs_code() {
    let code =
        "``` lark\nlet x 12 -- (a)\n~~\"a \\n {let y (1)} \"~ b\"~~ (3)\ndata Point\n{\"x\": true}\nend 4\n```\n";
    check(
        code,
        &[
            "<span class=z-k>let</span> x <span class=z-n>12</span> <span class=z-c>-- (a)</span>",
            "<span class=z-s>~~\"a </span><span class=z-e>\\n</span> {<span class=z-k>let</span> y (<span class=z-n>1</span>)}\
             <span class=z-s> \"~ b\"~~</span> (<span class=z-n>3</span>)",
            "<span class=z-k>data</span> <span class=z-t>Point</span>",
            "{<span class=z-p>\"x\"</span>: <span class=z-l>true</span>}",
            "<span class=z-k>end</span> <span class=z-n>4</span>",
        ],
    );
}

#[test]
fn a_grammar_of_sublime_text() {
    check("``` Wren\ngo! now # go!\n```\n", &["<span class=z-k>go!</span> now <span class=z-c># go!</span>"]);
}

#[test]
fn they_are_found_by_every_name_they_have() {
    for name in ["lark", "LARK", "lrk", "wren", "wrn"] {
        let project = site(
            "error_on_missing_language = true\nextra_grammars = [\"syntaxes/lark.json\", \"syntaxes/wren.sublime-syntax\"]\n",
            &format!("``` {name}\nx\n```\n"),
        );
        project.build(&["--profile", "dev"]);
    }
}

#[test]
fn what_a_site_brings_takes_the_place_of_what_is_there() {
    let own = LARK.replace("\"Lark\"", "\"rust\"");
    let project = Project::with(&[
        ("sites/a/config.toml", "[markdown.highlighting]\nextra_grammars = [\"own.json\"]\n"),
        ("sites/a/content/_index.md", "``` rust\n-- fn\n```\n\n``` rs\n-- fn\n```\n"),
        ("sites/a/own.json", &own),
        ("sites/a/templates/index.html", "<!doctype html><title>A</title><main>{{ section.content | safe }}</main>"),
    ]);
    project.build(&["--profile", "dev"]);
    let page = project.text("a", "/");
    assert_eq!(page.matches("-- fn</span>").count(), 1, "{page}");
}
