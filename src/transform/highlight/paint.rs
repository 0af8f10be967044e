//! Code, its syntax applied, as spans. Spans do not nest and end with their line, so that lines can be taken apart.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use syntect::parsing::{BasicScopeStackOp, ParseState, ScopeStack, SyntaxReference, SyntaxSet};

use super::{SHARDS, look::Markup, role::Role};
use crate::{site::ContentHash, transform::escape};

/// Paints code by syntaxes of which no two have one name, and remembers the lines that leave nothing open: code repeats its lines even more often than its blocks.
pub(super) struct Painter([Mutex<HashMap<ContentHash, Arc<str>>>; SHARDS]);

/// Where in a block the next line stands.
enum Place {
    /// It is the first.
    Start,
    /// Nothing is open.
    Rest,
    Inside(State),
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
        Self(std::array::from_fn(|_| Mutex::default()))
    }

    /// The HTML of `code`, whose text is unchanged. `None` when the syntax contradicts itself, so that the code is best
    /// shown plain.
    pub(super) fn paint(
        &self,
        syntax: &SyntaxReference,
        set: &SyntaxSet,
        code: &str,
        markup: &Markup,
    ) -> Option<String> {
        // The syntaxes expect every line to end.
        let ended = if code.ends_with('\n') { Cow::Borrowed(code) } else { Cow::Owned(format!("{code}\n")) };
        let mut html = String::with_capacity(code.len() * 2);
        let mut place = Place::Start;
        let mut rest = None;
        for line in ended.split_inclusive('\n') {
            let key =
                |is_first: bool| ContentHash::of_parts([syntax.name.as_bytes(), &[is_first.into()], line.as_bytes()]);
            let key = match place {
                Place::Start => Some(key(true)),
                Place::Rest => Some(key(false)),
                Place::Inside(_) => None,
            };
            if let Some(known) = key.and_then(|key| self.shard(key).get(&key).cloned()) {
                html.push_str(&known);
                place = Place::Rest;
                continue;
            }
            if rest.is_none() {
                rest = Some(State::at_rest(syntax, set)?);
            }
            let rest = rest.as_ref()?;
            let mut state = match place {
                Place::Start => State::new(syntax),
                Place::Rest => rest.clone(),
                Place::Inside(state) => state,
            };
            let start = html.len();
            html = state.paint(line, set, html, markup)?;
            place = if state == *rest {
                if let Some(key) = key {
                    self.shard(key).insert(key, html[start..].into());
                }
                Place::Rest
            } else {
                Place::Inside(state)
            };
        }
        if ended.len() > code.len() {
            html.pop();
        }
        Some(html)
    }

    fn shard(&self, key: ContentHash) -> MutexGuard<'_, HashMap<ContentHash, Arc<str>>> {
        // A thread that panicked while it held the lock left a map that is whole.
        self.0[usize::from(key.as_bytes()[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(syntax: &SyntaxReference) -> Self {
        Self { parser: ParseState::new(syntax), scopes: ScopeStack::new(), roles: Vec::new() }
    }

    /// After a line without anything.
    fn at_rest(syntax: &SyntaxReference, set: &SyntaxSet) -> Option<Self> {
        let mut state = Self::new(syntax);
        state.paint("\n", set, String::new(), &Markup::PLAIN)?;
        Some(state)
    }

    /// Adds the HTML of a line that ends; afterwards this is the state behind it.
    fn paint(&mut self, line: &str, set: &SyntaxSet, html: String, markup: &Markup) -> Option<String> {
        let Self { parser, scopes, roles } = self;
        let operations = parser.parse_line(line, set).ok()?;
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
