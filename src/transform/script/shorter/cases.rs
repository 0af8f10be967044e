//! Cases of a `switch` that do the same do it once.

use std::collections::HashSet;

use oxc::{
    allocator::Vec as ArenaVec,
    ast::ast::{Expression, Statement, SwitchCase},
    span::ContentEq,
};

/// Leaves what a case does to the next that does the same.
pub(super) fn merge<'a>(cases: &mut ArenaVec<'a, SwitchCase<'a>>) {
    for at in 1..cases.len() {
        let (before, here) = (&cases[at - 1].consequent, &cases[at].consequent);
        if ends(before) && is_same(before, here, at + 1 == cases.len()) {
            cases[at - 1].consequent.clear();
        }
    }
    if can_change_places(cases) {
        bring_together(cases);
    }
}

/// Cases from the first to the last that does something.
type Group = std::ops::Range<usize>;

/// Moves groups before the last that does the same.
fn bring_together<'a>(cases: &mut ArenaVec<'a, SwitchCase<'a>>) {
    let Some(groups) = groups(cases) else { return };
    let body = |group: &Group| &cases[group.end - 1].consequent;
    let last = groups.len().saturating_sub(1);
    // For each group the one that does what it does; itself when no later one does.
    let same: Vec<usize> = (0..groups.len())
        .map(|at| {
            let does_same = |other: &usize| is_same(body(&groups[at]), body(&groups[*other]), *other == last);
            (at + 1..groups.len()).rev().find(does_same).unwrap_or(at)
        })
        .collect();
    if same.iter().enumerate().all(|(at, same)| at == *same) {
        return;
    }
    let mut old: Vec<Option<SwitchCase<'a>>> = cases.drain(..).map(Some).collect();
    for at in (0..groups.len()).filter(|at| same[*at] == *at) {
        for group in (0..=at).filter(|other| same[*other] == at) {
            for case in groups[group].clone() {
                if let Some(mut case) = old[case].take() {
                    if group != at {
                        case.consequent.clear();
                    }
                    cases.push(case);
                }
            }
        }
    }
}

/// The groups; `None` where one runs on into the next.
fn groups(cases: &[SwitchCase<'_>]) -> Option<Vec<Group>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| !case.consequent.is_empty()) {
        if at + 1 < cases.len() && !ends(&case.consequent) {
            return None;
        }
        groups.push(start..at + 1);
        start = at + 1;
    }
    (start == cases.len()).then_some(groups)
}

/// Whether no order of the cases can matter: each is of another constant, and none declares what others may read.
fn can_change_places(cases: &[SwitchCase<'_>]) -> bool {
    let mut numbers = HashSet::new();
    let mut strings = HashSet::new();
    cases.iter().all(|case| {
        let is_constant = match &case.test {
            Some(Expression::NumericLiteral(number)) => numbers.insert(number.value.to_bits()),
            Some(Expression::StringLiteral(string)) => strings.insert(string.value.as_str()),
            Some(_) => false,
            None => true,
        };
        is_constant && !case.consequent.iter().any(Statement::is_declaration)
    })
}

/// Whether two cases do the same; the last of all needs no `break`.
fn is_same<'a>(one: &[Statement<'a>], other: &[Statement<'a>], other_is_last: bool) -> bool {
    let (one, other) = if other_is_last {
        (without_break(one), without_break(other))
    } else if ends(other) {
        (one, other)
    } else {
        return false;
    };
    !one.is_empty() && one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.content_eq(other))
}

fn without_break<'s, 'a>(body: &'s [Statement<'a>]) -> &'s [Statement<'a>] {
    match body {
        [body @ .., Statement::BreakStatement(last)] if last.label.is_none() => body,
        body => body,
    }
}

/// Whether nothing runs on behind a case.
fn ends(body: &[Statement<'_>]) -> bool {
    use Statement::{BreakStatement, ContinueStatement, ReturnStatement, ThrowStatement};
    matches!(body.last(), Some(BreakStatement(_) | ContinueStatement(_) | ReturnStatement(_) | ThrowStatement(_)))
}
