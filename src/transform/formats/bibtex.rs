//! `BibTeX` as a template's value: `preambles`, `comments`, `variables` and `bibliographies`, whose `tags` are lower case and
//! have the variables in them filled in.

use tera::{Map, Value};

use crate::diag::{Diagnostic, Source};

/// Names that every bibliography knows.
const MONTHS: [(&str, &str); 12] = [
    ("jan", "January"),
    ("feb", "February"),
    ("mar", "March"),
    ("apr", "April"),
    ("may", "May"),
    ("jun", "June"),
    ("jul", "July"),
    ("aug", "August"),
    ("sep", "September"),
    ("oct", "October"),
    ("nov", "November"),
    ("dec", "December"),
];

pub(super) fn parse(source: &Source) -> Result<Value, Box<Diagnostic>> {
    let mut parser = Parser { source, at: 0, found: Found::default() };
    while parser.entry()? {}
    Ok(parser.found.value())
}

#[derive(Default)]
struct Found {
    preambles: Vec<Value>,
    comments: Vec<Value>,
    /// In the order they were written; of two of one name, the later counts.
    variables: Vec<(String, String)>,
    bibliographies: Vec<Value>,
}

impl Found {
    fn value(self) -> Value {
        let mut variables = Map::new();
        for (name, text) in self.variables {
            variables.insert(name.into(), text.into());
        }
        let mut map = Map::with_capacity(4);
        map.insert("preambles".into(), self.preambles.into());
        map.insert("comments".into(), self.comments.into());
        map.insert("variables".into(), Value::from(variables));
        map.insert("bibliographies".into(), self.bibliographies.into());
        Value::from(map)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let own = self.variables.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let month = || MONTHS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, month)| *month);
        own.map(|(_, text)| text.as_str()).or_else(month)
    }
}

struct Parser<'a> {
    source: &'a Source,
    /// Always between two characters.
    at: usize,
    found: Found,
}

impl<'a> Parser<'a> {
    /// Reads what comes next; `false` at the end.
    fn entry(&mut self) -> Result<bool, Box<Diagnostic>> {
        let rest = self.rest();
        let comment = rest[..rest.find('@').unwrap_or(rest.len())].trim();
        if !comment.is_empty() {
            self.found.comments.push(comment.into());
        }
        self.at += rest.find('@').unwrap_or(rest.len());
        if self.rest().is_empty() {
            return Ok(false);
        }
        self.at += 1;
        let kind = self.word("what kind of entry this is")?;
        match kind.to_ascii_lowercase().as_str() {
            "comment" => {
                self.skip_space();
                let comment = self.braced()?.trim();
                self.found.comments.push(comment.into());
            }
            "preamble" => {
                let close = self.open()?;
                let text = self.text()?;
                self.found.preambles.push(text.into());
                self.close(close)?;
            }
            "string" => {
                let close = self.open()?;
                let (name, text) = self.field()?;
                self.found.variables.push((name.to_owned(), text));
                self.close(close)?;
            }
            _ => self.bibliography(kind)?,
        }
        Ok(true)
    }

    fn bibliography(&mut self, kind: &str) -> Result<(), Box<Diagnostic>> {
        let close = self.open()?;
        let rest = self.rest();
        let end = rest.find([',', close]).ok_or_else(|| self.expected("a comma after the key"))?;
        let key = rest[..end].trim();
        self.at += end;
        let mut tags = Map::new();
        while self.take(',') {
            self.skip_space();
            if self.rest().starts_with(close) {
                break;
            }
            let (name, text) = self.field()?;
            tags.insert(name.to_lowercase().into(), text.into());
        }
        self.close(close)?;
        let mut map = Map::with_capacity(3);
        map.insert("entry_type".into(), kind.into());
        map.insert("citation_key".into(), key.into());
        map.insert("tags".into(), Value::from(tags));
        self.found.bibliographies.push(Value::from(map));
        Ok(())
    }

    /// `name = text`.
    fn field(&mut self) -> Result<(&'a str, String), Box<Diagnostic>> {
        let name = self.word("a name")?;
        if !self.take('=') {
            return Err(self.expected("`=`"));
        }
        Ok((name, self.text()?))
    }

    /// Texts in quotes or braces, numbers and variables, with `#` between them.
    fn text(&mut self) -> Result<String, Box<Diagnostic>> {
        let mut text = String::new();
        loop {
            self.skip_space();
            match self.rest().chars().next() {
                Some('{') => text.push_str(self.braced()?.trim()),
                Some('"') => text.push_str(self.quoted()?),
                _ => {
                    let start = self.at;
                    let word = self.word("a text in quotes or braces, a number or a variable")?;
                    if word.bytes().all(|byte| byte.is_ascii_digit()) {
                        text.push_str(word);
                    } else if let Some(known) = self.found.variable(word) {
                        text.push_str(known);
                    } else {
                        let message = format!("there is no `@string` called `{word}` above this line");
                        return Err(Box::new(Diagnostic::error_at(self.source, start..self.at, message)));
                    }
                }
            }
            if !self.take('#') {
                return Ok(text);
            }
        }
    }

    /// What stands between braces, which may hold others.
    fn braced(&mut self) -> Result<&'a str, Box<Diagnostic>> {
        let rest = self.rest();
        if !rest.starts_with('{') {
            return Err(self.expected("`{`"));
        }
        let mut depth = 0_usize;
        for (at, character) in rest.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 1 => {
                    self.at += at + 1;
                    return Ok(&rest[1..at]);
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        Err(Box::new(Diagnostic::error_at(self.source, self.at..self.at + 1, "this `{` is not closed")))
    }

    /// What stands between quotes; a quote in braces does not end it.
    fn quoted(&mut self) -> Result<&'a str, Box<Diagnostic>> {
        let rest = self.rest();
        let mut depth = 0_usize;
        for (at, character) in rest.char_indices().skip(1) {
            match character {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                '"' if depth == 0 => {
                    self.at += at + 1;
                    return Ok(&rest[1..at]);
                }
                _ => {}
            }
        }
        Err(Box::new(Diagnostic::error_at(self.source, self.at..self.at + 1, "this quote is not closed")))
    }

    fn word(&mut self, what: &str) -> Result<&'a str, Box<Diagnostic>> {
        self.skip_space();
        let rest = self.rest();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '+' | '/');
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.expected(what));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// What closes what is opened here.
    fn open(&mut self) -> Result<char, Box<Diagnostic>> {
        if self.take('{') {
            Ok('}')
        } else if self.take('(') {
            Ok(')')
        } else {
            Err(self.expected("`{`"))
        }
    }

    fn close(&mut self, close: char) -> Result<(), Box<Diagnostic>> {
        if self.take(close) { Ok(()) } else { Err(self.expected(&format!("`{close}` or a comma"))) }
    }

    fn take(&mut self, character: char) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(character);
        self.at += if is_there { character.len_utf8() } else { 0 };
        is_there
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.source.text[self.at..]
    }

    fn expected(&self, what: &str) -> Box<Diagnostic> {
        let found = self.rest().chars().next();
        let message = match found {
            Some(character) => format!("this is not BibTeX: expected {what}, found `{character}`"),
            None => format!("this is not BibTeX: expected {what}, the file ends"),
        };
        let end = self.at + found.map_or(0, char::len_utf8);
        Box::new(Diagnostic::error_at(self.source, self.at..end, message))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::check};

    #[test]
    fn bibliographies() {
        let all = "@preamble{\"A bibtex preamble\" # \" this is.\"}\n\n@Comment{\n  Here is a {comment}.\n}\n\nAnother comment!\n\n\
                   @string(name = \"Ada\")\n@string{ home = \"at \" # name }\n\n@misc {my_key,\n  author= name,\n  Title = {The {B}ook},\n  \
                   note = \"see: \" # home,\n  year = 1999, month = mar,\n}\n";
        check(
            Format::Bibtex,
            all,
            r#"{"preambles":["A bibtex preamble this is."],"comments":["Here is a {comment}.","Another comment!"],"variables":{"name":"Ada","home":"at Ada"},"bibliographies":[{"entry_type":"misc","citation_key":"my_key","tags":{"author":"Ada","title":"The {B}ook","note":"see: at Ada","year":"1999","month":"March"}}]}"#,
        );
        check(
            Format::Bibtex,
            "@book(a:b, title = \"Say {\"}ä{\"}\")",
            r#"{"preambles":[],"comments":[],"variables":{},"bibliographies":[{"entry_type":"book","citation_key":"a:b","tags":{"title":"Say {\"}ä{\"}"}}]}"#,
        );
    }

    #[test]
    fn what_is_no_bibliography() {
        for (text, expected) in [
            ("@book{a, title = {x}\n year = 1}", "! 2:2 this is not BibTeX: expected `}` or a comma, found `y`"),
            ("@book{a, title = {x", "! 1:18 this `{` is not closed"),
            ("@book{a, title = \"x", "! 1:18 this quote is not closed"),
            ("@book{a,\n title = nobody}", "! 2:10 there is no `@string` called `nobody` above this line"),
            ("@string{a = a}", "! 1:13 there is no `@string` called `a` above this line"),
            ("@book", "! 1:6 this is not BibTeX: expected `{`, the file ends"),
            ("@{}", "! 1:2 this is not BibTeX: expected what kind of entry this is, found `{`"),
        ] {
            check(Format::Bibtex, text, expected);
        }
    }
}
