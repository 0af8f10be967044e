//! `[[sitekit.redirects]]` and `[[sitekit.rewrites]]`: one list, in the order of the file.

use std::ops::Range;

use super::{super::fields::Fields, pattern};
use crate::{
    diag::Diagnostic,
    load::Spanned,
    site::{DestinationError, How, Move, PathPattern, RedirectStatus, SPLAT},
};

/// A redirect or a rewrite, and where its parts stand.
#[derive(Clone, Debug)]
pub struct MoveRule {
    pub moved: Spanned<Move>,
    pub from: Range<usize>,
    pub to: Range<usize>,
}

pub(super) fn read(fields: &mut Fields<'_>) -> Vec<MoveRule> {
    let mut moves = fields.each("redirects", |fields, place| {
        let status = status(fields);
        one(fields, place, How::Redirect(status))
    });
    moves.extend(fields.each("rewrites", |fields, place| one(fields, place, How::Rewrite)));
    moves.sort_by_key(|one| one.moved.span.start);
    moves
}

fn one(fields: &mut Fields<'_>, place: Range<usize>, how: How) -> Option<MoveRule> {
    let (from, to) = (fields.string("from"), fields.string("to"));
    let (from, to) = (fields.required("from", &place, from), fields.required("to", &place, to));
    let from = from.and_then(|from| pattern(fields, from));
    let (from, to) = (from?, to?);
    match Move::parse(from.value.clone(), &to.value, how) {
        Ok(value) => Some(MoveRule { moved: Spanned { value, span: place }, from: from.span, to: to.span }),
        Err(error) => {
            let mut diagnostic = Diagnostic::error_at(fields.source(), to.span, error.to_string());
            if let Some(help) = help(&error, &from.value, &to.value) {
                diagnostic = diagnostic.with_help(help);
            }
            fields.push(diagnostic);
            None
        }
    }
}

fn help(error: &DestinationError, from: &PathPattern, to: &str) -> Option<String> {
    match error {
        DestinationError::UnknownName(_) => {
            let names: Vec<String> = from.names().map(|name| format!("`:{name}`")).collect();
            Some(match (names.is_empty(), from.names().any(|name| name == SPLAT)) {
                (true, _) => format!("`{from}` has no named part; `*` at its end would be `:{SPLAT}` here"),
                (_, true) => format!("`{from}` has {}; `:{SPLAT}` is what `*` stands for", names.join(", ")),
                _ => format!("`{from}` has {}", names.join(", ")),
            })
        }
        DestinationError::NoPath => Some(format!("write `/{to}`, or a whole URL: `https://{to}`")),
        _ => None,
    }
}

fn status(fields: &mut Fields<'_>) -> RedirectStatus {
    let default = RedirectStatus::PermanentRedirect;
    let Some(written) = fields.node("status") else { return default };
    let number = match written.value {
        super::super::value::Value::Integer(number) => u16::try_from(number).ok(),
        _ => None,
    };
    match number.map(RedirectStatus::new) {
        Some(Ok(status)) => status,
        Some(Err(error)) => {
            let help = "308 is for good, 307 for now; 301 and 302 are their elders, 303 turns any method into GET";
            fields.push(Diagnostic::error_at(fields.source(), written.span, error.to_string()).with_help(help));
            default
        }
        None => {
            let message = format!("`{}` is a number: 301, 302, 303, 307 or 308", fields.name_of("status"));
            fields.error(written.span, message);
            default
        }
    }
}
