//! Code, its syntax applied, as spans. Spans do not nest and end with their line, so that lines can be taken apart.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use syntect::parsing::{BasicScopeStackOp, ParseState, Scope, ScopeStack, SyntaxReference};

use super::{SHARDS, language::SYNTAXES, look::Markup, role::Role};
use crate::{site::ContentHash, transform::escape};

/// Paints code, and remembers what it made of each line in each state: code repeats its lines even more often than its blocks.
pub(super) struct Painter {
    lines: [Mutex<HashMap<ContentHash, Line>>; SHARDS],
    states: Mutex<States>,
}

/// What became of a line.
#[derive(Clone)]
struct Line {
    html: Arc<str>,
    /// The number of the state behind it.
    after: usize,
}

/// The states that lines leave behind, each once.
#[derive(Default)]
struct States {
    all: Vec<Arc<State>>,
    /// Their numbers, by the scopes that are open.
    known: HashMap<Vec<Scope>, Vec<usize>>,
}

/// What a syntax knows between two lines.
#[derive(Clone, PartialEq, Eq)]
struct State {
    parser: ParseState,
    scopes: ScopeStack,
    /// The role at each depth of the stack of scopes.
    roles: Vec<Role>,
}

impl Painter {
    pub(super) fn new() -> Self {
        Self { lines: std::array::from_fn(|_| Mutex::default()), states: Mutex::default() }
    }

    /// The HTML of `code`, whose text is unchanged. `None` when the syntax contradicts itself, so that the code is best
    /// shown plain.
    pub(super) fn paint(&self, syntax: &SyntaxReference, code: &str, markup: &Markup) -> Option<String> {
        // The syntaxes expect every line to end.
        let ended = if code.ends_with('\n') { Cow::Borrowed(code) } else { Cow::Owned(format!("{code}\n")) };
        let mut html = String::with_capacity(code.len() * 2);
        let mut before = None;
        for text in ended.split_inclusive('\n') {
            let state = before.unwrap_or(usize::MAX).to_le_bytes();
            let key = ContentHash::of_parts([syntax.name.as_bytes(), &state, text.as_bytes()]);
            let known = self.shard(key).get(&key).cloned();
            let line = match known {
                Some(known) => known,
                None => {
                    let line = self.line(syntax, before, text, markup)?;
                    self.shard(key).insert(key, line.clone());
                    line
                }
            };
            html.push_str(&line.html);
            before = Some(line.after);
        }
        if ended.len() > code.len() {
            html.pop();
        }
        Some(html)
    }

    /// What becomes of a line in a state; in none it is the first.
    fn line(&self, syntax: &SyntaxReference, before: Option<usize>, text: &str, markup: &Markup) -> Option<Line> {
        let known = before.and_then(|number| self.states().all.get(number).cloned());
        let mut state = known.map_or_else(|| State::new(syntax), |known| State::clone(&known));
        let html = state.paint(text, String::with_capacity(text.len() * 2), markup)?;
        Some(Line { html: html.into(), after: self.states().number(state) })
    }

    fn shard(&self, key: ContentHash) -> MutexGuard<'_, HashMap<ContentHash, Line>> {
        // A thread that panicked while it held the lock left a map that is whole.
        self.lines[usize::from(key.as_bytes()[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn states(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    fn number(&mut self, state: State) -> usize {
        let alike = self.known.entry(state.scopes.scopes.clone()).or_default();
        if let Some(&known) = alike.iter().find(|&&number| *self.all[number] == state) {
            return known;
        }
        let number = self.all.len();
        self.all.push(Arc::new(state));
        alike.push(number);
        number
    }
}

impl State {
    fn new(syntax: &SyntaxReference) -> Self {
        Self { parser: ParseState::new(syntax), scopes: ScopeStack::new(), roles: Vec::new() }
    }

    /// Adds the HTML of a line that ends; afterwards this is the state behind it.
    fn paint(&mut self, line: &str, html: String, markup: &Markup) -> Option<String> {
        let Self { parser, scopes, roles } = self;
        let operations = parser.parse_line(line, &SYNTAXES).ok()?;
        let mut spans = Spans { markup, html, open: None, blanks: Vec::new() };
        let text = line.trim_end_matches('\n');
        let mut at = 0;
        for (end, operation) in &operations {
            let end = (*end).min(text.len());
            if end > at {
                spans.push(roles.last().copied().unwrap_or(Role::Plain), &text[at..end]);
                at = end;
            }
            let track = |operation: BasicScopeStackOp, _: &[_]| match operation {
                BasicScopeStackOp::Push(scope) => {
                    roles.push(Role::within(roles.last().copied().unwrap_or(Role::Plain), scope));
                }
                BasicScopeStackOp::Pop => {
                    roles.pop();
                }
            };
            scopes.apply_with_hook(operation, track).ok()?;
        }
        spans.push(roles.last().copied().unwrap_or(Role::Plain), &text[at..]);
        spans.end_line();
        Some(spans.html)
    }
}

/// Joins neighbours of one role, across blanks as well.
struct Spans<'a> {
    markup: &'a Markup,
    html: String,
    open: Option<Role>,
    /// Blanks after the open span, which belong into it if it goes on.
    blanks: Vec<&'a str>,
}

impl<'a> Spans<'a> {
    fn push(&mut self, role: Role, text: &'a str) {
        if text.is_empty() {
            return;
        }
        if text.bytes().all(|byte| byte == b' ' || byte == b'\t') {
            self.blanks.push(text);
            return;
        }
        let goes_on = self.open == Some(role);
        if !goes_on {
            self.close();
        }
        self.html.extend(self.blanks.drain(..));
        let opening = &self.markup.spans[role as usize];
        if !goes_on && !opening.is_empty() {
            self.html.push_str(opening);
            self.open = Some(role);
        }
        escape::text(&mut self.html, text);
    }

    fn end_line(&mut self) {
        self.close();
        self.html.extend(self.blanks.drain(..));
        self.html.push('\n');
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</span>");
        }
    }
}
