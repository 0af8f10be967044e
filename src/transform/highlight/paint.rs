//! Code, its syntax applied, as spans. Spans do not nest and end with their line, so that lines can be taken apart.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use syntect::parsing::{BasicScopeStackOp, ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::{SHARDS, look::Markup, role::Role};
use crate::{site::ContentHash, transform::escape};

/// Paints code by syntaxes of which no two have one name, and remembers what it made of each line in each state: code repeats
/// its lines even more often than its blocks.
pub(super) struct Painter {
    number: u64,
    lines: [Mutex<HashMap<Name, Line>>; SHARDS],
}

/// Names a state by what it knows, or by lines that lead to it where it has captured something: then one state may have several
/// names. A name has one state.
type Name = ContentHash;

/// What became of a line.
#[derive(Clone)]
struct Line {
    html: Arc<str>,
    /// The state behind it.
    after: Name,
}

thread_local! {
    /// What this thread knows of the states of the painter with this number. They cannot be shared: what an expression has
    /// captured belongs to its thread.
    static STATES: RefCell<(u64, States)> = RefCell::default();
}

/// States that differ in what an expression has captured alone are as many as there are texts.
const MOST_COMPARED: usize = 32;

static PAINTERS: AtomicU64 = AtomicU64::new(1);

/// States, each once.
#[derive(Default)]
struct States {
    named: HashMap<Name, State>,
    /// Their names, by the scopes that are open.
    alike: HashMap<Vec<Scope>, Vec<Name>>,
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
        let number = PAINTERS.fetch_add(1, Ordering::Relaxed);
        Self { number, lines: std::array::from_fn(|_| Mutex::default()) }
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
        STATES.with_borrow_mut(|(number, states)| {
            if *number != self.number {
                (*number, *states) = (self.number, States::default());
            }
            self.paint_in(states, syntax, set, code, markup)
        })
    }

    fn paint_in(
        &self,
        states: &mut States,
        syntax: &SyntaxReference,
        set: &SyntaxSet,
        code: &str,
        markup: &Markup,
    ) -> Option<String> {
        // The syntaxes expect every line to end.
        let ended = if code.ends_with('\n') { Cow::Borrowed(code) } else { Cow::Owned(format!("{code}\n")) };
        let mut html = String::with_capacity(code.len() * 2);
        let start = ContentHash::of(syntax.name.as_bytes());
        let (mut before, mut at) = (start, 0);
        // The state before the line, while it is at hand.
        let mut state = Some(State::new(syntax));
        for line in ended.split_inclusive('\n') {
            let key = ContentHash::of_parts([before.as_bytes(), line.as_bytes()]);
            let known = self.shard(key).get(&key).cloned();
            let after = if let Some(Line { html: known, after }) = known {
                html.push_str(&known);
                state = None;
                after
            } else {
                let mut inside = match state.take().or_else(|| states.named.get(&before).cloned()) {
                    Some(state) => state,
                    None => states.learn(before, State::after(&ended[..at], syntax, set)?),
                };
                let begun = html.len();
                html = inside.paint(line, set, html, markup)?;
                let after = states.name(&inside, || inside.written_out(start).unwrap_or(key));
                self.shard(key).insert(key, Line { html: html[begun..].into(), after });
                state = Some(inside);
                after
            };
            before = after;
            at += line.len();
        }
        if ended.len() > code.len() {
            html.pop();
        }
        Some(html)
    }

    fn shard(&self, key: Name) -> MutexGuard<'_, HashMap<Name, Line>> {
        // A thread that panicked while it held the lock left a map that is whole.
        self.lines[usize::from(key.as_bytes()[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    /// Another thread's name for a state.
    fn learn(&mut self, name: Name, state: State) -> State {
        self.named.insert(name, state.clone());
        state
    }

    /// The name of a state; a new one has `name`.
    fn name(&mut self, state: &State, name: impl FnOnce() -> Name) -> Name {
        let alike = self.alike.entry(state.scopes.scopes.clone()).or_default();
        if let Some(known) = alike.iter().rev().take(MOST_COMPARED).find(|known| self.named.get(*known) == Some(state))
        {
            return *known;
        }
        let name = name();
        alike.push(name);
        self.named.insert(name, state.clone());
        name
    }
}

impl State {
    fn new(syntax: &SyntaxReference) -> Self {
        Self { parser: ParseState::new(syntax), scopes: ScopeStack::new(), roles: Vec::new() }
    }

    /// After these lines.
    fn after(lines: &str, syntax: &SyntaxReference, set: &SyntaxSet) -> Option<Self> {
        let mut state = Self::new(syntax);
        for line in lines.split_inclusive('\n') {
            state.paint(line, set, String::new(), &Markup::PLAIN)?;
        }
        Some(state)
    }

    /// What a state of the syntax that begins with `start` is called everywhere; `None` for one that has captured something, of
    /// which only this thread knows what it is.
    fn written_out(&self, start: Name) -> Option<Name> {
        let parser = format!("{:?}", self.parser);
        let scopes = format!("{:?}", self.scopes.scopes);
        let has_captured = parser.contains("captures: Some");
        (!has_captured).then(|| ContentHash::of_parts([start.as_bytes(), parser.as_bytes(), scopes.as_bytes()]))
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
