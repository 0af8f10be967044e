//! Grammars of TextMate and VS Code, written as Sublime Text has them, which is what the highlighter reads. The two mean the
//! same by other words: `begin` and `end` push and pop a context. What has no counterpart is left out: patterns inside of
//! captures, which keep the name of their capture, and injections, which are told.
//!
//! Rules may include each other in circles there and must not here. Whatever leads into a circle is written out where it is
//! included, each rule once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

/// A grammar in the form of Sublime Text.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) text: String,
    /// By what names authors may call the language.
    pub(super) names: Vec<String>,
    /// What it has and is not understood.
    pub(super) left_out: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    #[error("a grammar has a `scopeName`")]
    ScopeName,
    #[error("a grammar has a list of `patterns`")]
    Patterns,
}

/// Atoms of a scope; more are not kept by whoever reads it.
const ATOMS: usize = 8;

pub(super) fn convert(grammar: &Value) -> Result<Converted, ConvertError> {
    let scope = grammar["scopeName"].as_str().map(scopes).filter(|scope| !scope.is_empty());
    let scope = scope.ok_or(ConvertError::ScopeName)?;
    let main = grammar["patterns"].as_array().ok_or(ConvertError::Patterns)?;
    let empty = Map::new();
    let repository = grammar["repository"].as_object().unwrap_or(&empty);
    let mut writer = Writer { main, repository, round: BTreeSet::new(), numbers: HashMap::new(), open: Vec::new() };
    writer.round = writer.leading_into_circles();
    let mut text = format!("%YAML 1.2\n---\nscope: {}\ncontexts:\n", quoted(&scope));
    writer.context(&mut text, "main", Included::Main);
    for key in repository.keys() {
        writer.context(&mut text, &context_of(key), Included::Rule(key));
    }
    while let Some((number, rule)) = writer.open.pop() {
        writer.pushed(&mut text, number, rule);
    }
    let left_out = ["injections", "injectionSelector"].into_iter().filter(|key| !grammar[key].is_null()).collect();
    Ok(Converted { text, names: names(grammar, &scope), left_out })
}

/// `caddyfile` of `source.caddyfile`, and what the grammar says itself.
fn names(grammar: &Value, scope: &str) -> Vec<String> {
    let texts = |key: &str| grammar[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    let last = scope.rsplit('.').next();
    let all = last.into_iter().chain(texts("fileTypes")).chain(texts("aliases")).chain(grammar["name"].as_str());
    all.map(str::to_lowercase).collect()
}

/// What an `include` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Included<'g> {
    Main,
    /// An entry of the repository.
    Rule(&'g str),
    /// Another grammar, or a rule of one.
    Foreign(&'g str),
}

impl<'g> Included<'g> {
    fn of(include: &'g str) -> Self {
        match include.strip_prefix('#') {
            Some(key) => Self::Rule(key),
            None if include == "$self" || include == "$base" => Self::Main,
            None => Self::Foreign(include),
        }
    }
}

struct Writer<'g> {
    main: &'g [Value],
    repository: &'g Map<String, Value>,
    /// What includes itself in the end.
    round: BTreeSet<Included<'g>>,
    /// Rules with a context of their own, by where they are.
    numbers: HashMap<*const Value, usize>,
    /// Those whose context is not written yet.
    open: Vec<(usize, &'g Value)>,
}

impl<'g> Writer<'g> {
    /// The rules that stand for an include; nothing of what is not there.
    fn rules(&self, included: Included<'g>) -> Vec<&'g Value> {
        match included {
            Included::Main => self.main.iter().collect(),
            Included::Rule(key) => self.repository.get(key).into_iter().collect(),
            Included::Foreign(_) => Vec::new(),
        }
    }

    /// The context that others include.
    fn context(&mut self, text: &mut String, name: &str, own: Included<'g>) {
        let mut items = Vec::new();
        self.items(&self.rules(own), &mut BTreeSet::from([own]), &mut items);
        write_context(text, name, &items);
    }

    /// The context inside of a rule that begins and ends.
    fn pushed(&mut self, text: &mut String, number: usize, rule: &'g Value) {
        let mut items = Vec::new();
        for (key, meta) in [("name", "meta_scope"), ("contentName", "meta_content_scope")] {
            let scope = rule[key].as_str().map(scopes).filter(|scope| !scope.is_empty());
            items.extend(scope.map(|scope| format!("{{{meta}: {}}}", quoted(&scope))));
        }
        let end = match (rule["end"].as_str(), rule["while"].as_str()) {
            (Some(end), _) => {
                Some(format!("{{match: {}{}, pop: true}}", quoted(end), captures(rule, ["endCaptures", "captures"])))
            }
            // It goes on for as long as lines begin so.
            (None, Some(going_on)) => {
                items.push(format!("{{match: {}, pop: true}}", quoted(&format!("^(?!{going_on})"))));
                Some(format!("{{match: {}{}}}", quoted(going_on), captures(rule, ["whileCaptures", "captures"])))
            }
            (None, None) => None,
        };
        let is_end_last = rule["applyEndPatternLast"].as_i64() == Some(1) || rule["applyEndPatternLast"] == true;
        let (first, last) = if is_end_last { (None, end) } else { (end, None) };
        items.extend(first);
        let rules: Vec<&Value> = rule["patterns"].as_array().into_iter().flatten().collect();
        self.items(&rules, &mut BTreeSet::new(), &mut items);
        items.extend(last);
        write_context(text, &format!("rule {number}"), &items);
    }

    /// Writes rules; `written_out` are the includes that are there already.
    fn items(&mut self, rules: &[&'g Value], written_out: &mut BTreeSet<Included<'g>>, items: &mut Vec<String>) {
        for &rule in rules {
            if rule["disabled"].as_i64() == Some(1) || rule["disabled"] == true {
                continue;
            }
            if let Some(include) = rule["include"].as_str() {
                self.include(Included::of(include), written_out, items);
            } else if let Some(found) = rule["match"].as_str() {
                let scope = rule["name"].as_str().map(scopes).filter(|scope| !scope.is_empty());
                let scope = scope.map_or_else(String::new, |scope| format!(", scope: {}", quoted(&scope)));
                items.push(format!("{{match: {}{scope}{}}}", quoted(found), captures(rule, ["captures"])));
            } else if let Some(begin) = rule["begin"].as_str() {
                let number = self.number(rule);
                let captures = captures(rule, ["beginCaptures", "captures"]);
                items.push(format!("{{match: {}{captures}, push: \"rule {number}\"}}", quoted(begin)));
            } else if let Some(group) = rule["patterns"].as_array() {
                self.items(&group.iter().collect::<Vec<_>>(), written_out, items);
            }
        }
    }

    fn include(&mut self, included: Included<'g>, written_out: &mut BTreeSet<Included<'g>>, items: &mut Vec<String>) {
        if self.round.contains(&included) {
            if written_out.insert(included) {
                self.items(&self.rules(included), written_out, items);
            }
            return;
        }
        let context = match included {
            Included::Main => "main".to_owned(),
            Included::Rule(key) => context_of(key),
            Included::Foreign(name) => match name.split_once('#') {
                Some((scope, key)) => format!("scope:{scope}#{}", context_of(key)),
                None => format!("scope:{name}"),
            },
        };
        items.push(format!("{{include: {}}}", quoted(&context)));
    }

    /// The number of the context of a rule.
    fn number(&mut self, rule: &'g Value) -> usize {
        let next = self.numbers.len();
        let number = *self.numbers.entry(std::ptr::from_ref(rule)).or_insert(next);
        if number == next {
            self.open.push((number, rule));
        }
        number
    }

    /// Everything that includes itself, or something that does.
    fn leading_into_circles(&self) -> BTreeSet<Included<'g>> {
        let all = [Included::Main].into_iter().chain(self.repository.keys().map(|key| Included::Rule(key)));
        let edges: BTreeMap<Included<'_>, BTreeSet<Included<'_>>> = all
            .map(|one| {
                let mut direct = BTreeSet::new();
                direct_includes(&self.rules(one), &mut direct);
                (one, direct)
            })
            .collect();
        // What is left when those that lead to nothing but what is done are taken away, again and again.
        let mut left: BTreeSet<Included<'_>> = edges.keys().copied().collect();
        loop {
            let done: Vec<_> =
                left.iter().filter(|one| edges[one].iter().all(|next| !left.contains(next))).copied().collect();
            if done.is_empty() {
                return left;
            }
            for one in done {
                left.remove(&one);
            }
        }
    }
}

/// What rules include without anything beginning in between.
fn direct_includes<'g>(rules: &[&'g Value], found: &mut BTreeSet<Included<'g>>) {
    for rule in rules {
        if let Some(include) = rule["include"].as_str() {
            found.insert(Included::of(include));
        } else if rule["match"].is_null()
            && rule["begin"].is_null()
            && let Some(group) = rule["patterns"].as_array()
        {
            direct_includes(&group.iter().collect::<Vec<_>>(), found);
        }
    }
}

/// The name of the context of a repository's entry. A `#` would be read as something else.
fn context_of(key: &str) -> String {
    format!("repository {}", key.replace('#', "-"))
}

fn write_context(text: &mut String, name: &str, items: &[String]) {
    text.extend(["  ", &quoted(name), if items.is_empty() { ": []\n" } else { ":\n" }]);
    for item in items {
        text.extend(["    - ", item, "\n"]);
    }
}

/// `, captures: {1: "…"}` of the first of these keys that a rule has.
fn captures<const N: usize>(rule: &Value, keys: [&str; N]) -> String {
    let Some(captures) = keys.iter().find_map(|key| rule[key].as_object()) else { return String::new() };
    let mut numbered: BTreeMap<usize, String> = BTreeMap::new();
    for (number, capture) in captures {
        let scope = capture["name"].as_str().map(scopes).filter(|scope| !scope.is_empty());
        if let (Ok(number), Some(scope)) = (number.parse(), scope) {
            numbered.insert(number, scope);
        }
    }
    if numbered.is_empty() {
        return String::new();
    }
    let numbered: Vec<_> =
        numbered.into_iter().map(|(number, scope)| format!("{number}: {}", quoted(&scope))).collect();
    format!(", captures: {{{}}}", numbered.join(", "))
}

/// Scopes without what they take from the text (`$1`), which is known too late.
fn scopes(names: &str) -> String {
    let scope = |name: &str| {
        let atoms = name.split('.').filter(|atom| !atom.is_empty() && !atom.contains('$'));
        atoms.take(ATOMS).collect::<Vec<_>>().join(".")
    };
    names.split_whitespace().map(scope).filter(|scope| !scope.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A text of JSON is one of YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(grammar: &str, expected: &str) {
        let grammar: Value = serde_json::from_str(grammar).unwrap();
        let text = convert(&grammar).unwrap().text;
        assert_eq!(text.strip_prefix("%YAML 1.2\n---\nscope: \"source.x\"\ncontexts:\n").unwrap(), expected);
    }

    #[test]
    fn rules() {
        check(
            r##"{"scopeName": "source.x", "patterns": [
                {"match": "a\\b", "name": "keyword.$1.x", "captures": {"1": {"name": "b"}, "0": {"name": "a"}}},
                {"patterns": [{"include": "#s"}, {"include": "source.y"}, {"include": "source.y#z"}]},
                {"match": "off", "disabled": 1}
            ], "repository": {
                "s": {"begin": "\"", "end": "\\1", "name": "string", "contentName": "c", "beginCaptures": {"0": {"name": "p"}},
                      "patterns": [{"include": "$self"}]}
            }}"##,
            r#"  "main":
    - {match: "a\\b", scope: "keyword.x", captures: {0: "a", 1: "b"}}
    - {include: "repository s"}
    - {include: "scope:source.y"}
    - {include: "scope:source.y#repository z"}
  "repository s":
    - {match: "\"", captures: {0: "p"}, push: "rule 0"}
  "rule 0":
    - {meta_scope: "string"}
    - {meta_content_scope: "c"}
    - {match: "\\1", pop: true}
    - {include: "main"}
"#,
        );
    }

    #[test]
    fn circles_are_written_out() {
        check(
            r##"{"scopeName": "source.x", "patterns": [{"include": "#a"}], "repository": {
                "a": {"patterns": [{"match": "a"}, {"include": "#b"}]},
                "b": {"patterns": [{"begin": "b", "end": "c", "patterns": [{"include": "#b"}]}, {"include": "#a"}]},
                "c": {"patterns": [{"match": "c"}]}
            }}"##,
            r#"  "main":
    - {match: "a"}
    - {match: "b", push: "rule 0"}
  "repository a":
    - {match: "a"}
    - {match: "b", push: "rule 0"}
  "repository b":
    - {match: "b", push: "rule 0"}
    - {match: "a"}
  "repository c":
    - {match: "c"}
  "rule 0":
    - {match: "c", pop: true}
    - {match: "b", push: "rule 0"}
    - {match: "a"}
"#,
        );
    }

    #[test]
    fn lines_that_go_on_and_ends_that_come_last() {
        check(
            r#"{"scopeName": "source.x", "patterns": [
                {"begin": ">", "while": "> ", "name": "quote"},
                {"begin": "a", "end": "b", "applyEndPatternLast": 1, "patterns": [{"match": "bb"}]},
                {"begin": "c"}
            ]}"#,
            r#"  "main":
    - {match: ">", push: "rule 0"}
    - {match: "a", push: "rule 1"}
    - {match: "c", push: "rule 2"}
  "rule 2": []
  "rule 1":
    - {match: "bb"}
    - {match: "b", pop: true}
  "rule 0":
    - {meta_scope: "quote"}
    - {match: "^(?!> )", pop: true}
    - {match: "> "}
"#,
        );
    }

    #[test]
    fn names_of_the_language() {
        let grammar: Value = serde_json::from_str(
            r#"{"name": "Lark", "scopeName": "source.lrk", "fileTypes": ["lark"], "patterns": []}"#,
        )
        .unwrap();
        assert_eq!(convert(&grammar).unwrap().names, ["lrk", "lark", "lark"]);
    }
}
