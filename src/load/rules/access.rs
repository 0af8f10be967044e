//! Who may have what: `[[sitekit.auth]]`, `[[sitekit.cors]]` and `[sitekit.maintenance]`.

use std::{collections::BTreeMap, ops::Range};

use super::{super::fields::Fields, PatternTable, WrittenPattern, pattern, patterns, seconds};
use crate::{
    diag::Diagnostic,
    load::Spanned,
    site::{
        Cors, FieldName, Maintenance, Origin, OriginError, Origins, PasswordHash, Protected, ProtectionError, Realm,
        UserName,
    },
};

/// In seconds; the longest that Chromium honours.
const PREFLIGHT: u32 = 7200;
/// In seconds.
const RETRY_AFTER: u32 = 300;
const REALM: &str = "Restricted";

pub(super) fn protected(fields: &mut Fields<'_>, written: &mut Vec<WrittenPattern>) -> Vec<Protected> {
    fields.each("auth", |fields, place| {
        let paths = patterns(fields, &place, PatternTable::Auth, written);
        let realm = realm(fields);
        let users = users(fields, &place);
        Some(Protected { paths: paths?, realm: realm?, users: users? })
    })
}

fn realm(fields: &mut Fields<'_>) -> Option<Realm> {
    let written = fields.string("realm").unwrap_or(Spanned { value: REALM.to_owned(), span: 0..0 });
    Realm::parse(&written.value).map_err(|error| fields.error(written.span, error.to_string())).ok()
}

fn users(fields: &mut Fields<'_>, place: &Range<usize>) -> Option<BTreeMap<UserName, PasswordHash>> {
    let users = fields.table("users");
    let users = fields.required("users", place, users)?;
    if users.0.is_empty() {
        fields.error(place.clone(), "nobody can enter: `users` is empty");
    }
    let mut found = BTreeMap::new();
    for (name, node) in users.0 {
        let Some(hash) = fields.text_of("users", node) else { continue };
        let user = UserName::parse(&name.value);
        let hashed = PasswordHash::parse(&hash.value);
        if let Err(error) = &user {
            fields.error(name.span.clone(), error.to_string());
        }
        if let Err(error) = &hashed {
            let help = match error {
                ProtectionError::NotAHash => format!(
                    "`sitekit hash-password` makes the hash; a password that stood here in clear text is known to all who \
                     can read this file: choose another for `{}`",
                    name.value
                ),
                _ => "`sitekit hash-password` makes one that is strong enough".to_owned(),
            };
            // The text itself may be a password, and diagnostics end up in logs.
            let place = name.span.clone();
            fields.push(Diagnostic::error_at(fields.source(), place, error.to_string()).with_help(help));
        }
        if let (Ok(user), Ok(hashed)) = (user, hashed) {
            found.insert(user, hashed);
        }
    }
    Some(found)
}

pub(super) fn cors(fields: &mut Fields<'_>, written: &mut Vec<WrittenPattern>) -> Vec<Cors> {
    fields.each("cors", |fields, place| {
        let paths = patterns(fields, &place, PatternTable::Cors, written);
        let origins = origins(fields, &place);
        let expose = field_names(fields, "expose");
        let allow = field_names(fields, "allow");
        let max_age = seconds(fields, "max_age").unwrap_or(PREFLIGHT);
        Some(Cors { paths: paths?, origins: origins?, expose, allow, max_age })
    })
}

fn origins(fields: &mut Fields<'_>, place: &Range<usize>) -> Option<Origins> {
    let origins = fields.one_or_more("origins");
    let origins = fields.required("origins", place, origins)?;
    if origins.is_empty() {
        fields.error(place.clone(), "no origin may read: `origins` is empty");
    }
    let star = origins.iter().find(|origin| origin.value == "*");
    if let Some(star) = star {
        if origins.len() > 1 {
            fields.error(star.span.clone(), OriginError::BesideStar.to_string());
        }
        return Some(Origins::Any);
    }
    let mut found = Vec::new();
    for origin in origins {
        match Origin::parse(&origin.value) {
            Ok(parsed) => found.push(parsed),
            Err(error) => {
                let mut diagnostic = Diagnostic::error_at(fields.source(), origin.span, error.to_string());
                let bare = origin.value.trim_end_matches('/');
                let guess = [bare.to_owned(), format!("https://{bare}")];
                if let Some(meant) = guess.iter().find_map(|guess| Origin::parse(guess).ok()) {
                    diagnostic = diagnostic.with_help(format!("write `{}`", meant.as_str()));
                }
                fields.push(diagnostic);
            }
        }
    }
    Some(Origins::These(found))
}

fn field_names(fields: &mut Fields<'_>, key: &'static str) -> Vec<FieldName> {
    let mut names = Vec::new();
    for name in fields.one_or_more(key).unwrap_or_default() {
        match FieldName::parse(&name.value) {
            Ok(name) => names.push(name),
            Err(error) => fields.error(name.span, error.to_string()),
        }
    }
    names
}

pub(super) fn maintenance(fields: &mut Fields<'_>, written: &mut Vec<WrittenPattern>) -> Option<Maintenance> {
    fields.within("maintenance", |fields| {
        let retry_after = seconds(fields, "retry_after").unwrap_or(RETRY_AFTER);
        let mut open = Vec::new();
        for path in fields.one_or_more("open").unwrap_or_default() {
            if let Some(pattern) = pattern(fields, path) {
                open.push(pattern.value.clone());
                written.push(WrittenPattern { pattern, table: PatternTable::Maintenance });
            }
        }
        Maintenance { retry_after, open }
    })
}
