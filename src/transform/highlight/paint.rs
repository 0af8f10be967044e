//! Code, its syntax applied, as spans. Spans do not nest and end with their line, so that lines can be taken apart.

use std::borrow::Cow;

use syntect::parsing::{BasicScopeStackOp, ParseState, ScopeStack, SyntaxReference};

use super::{language::SYNTAXES, look::Markup, role::Role};
use crate::transform::escape;

/// The HTML of `code`, whose text is unchanged. `None` when the syntax contradicts itself, so that the code is best
/// shown plain.
pub(super) fn paint(syntax: &SyntaxReference, code: &str, markup: &Markup) -> Option<String> {
    // The syntaxes expect every line to end.
    let ended = if code.ends_with('\n') { Cow::Borrowed(code) } else { Cow::Owned(format!("{code}\n")) };
    let mut state = ParseState::new(syntax);
    let mut scopes = ScopeStack::new();
    // The role at each depth of the stack of scopes.
    let mut roles: Vec<Role> = Vec::new();
    let html = String::with_capacity(code.len() * 2);
    let mut spans = Spans { markup, html, open: None, blanks: Vec::new() };
    for line in ended.split_inclusive('\n') {
        let operations = state.parse_line(line, &SYNTAXES).ok()?;
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
    }
    if ended.len() > code.len() {
        spans.html.pop();
    }
    Some(spans.html)
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
