//! The settings as documents: a JSON Schema (draft 2020-12) for editors, and the tables of the manual. Both are made of
//! the keys and nothing else, so neither can say what is not so.

use serde_json::{Value, json};

use super::{
    group::{Described, Group, Shape, described},
    key::When,
    keys::{GROUPS, KEYS},
};

/// The schema of `sitekit.toml`.
pub(in crate::cli) fn schema() -> Value {
    let mut root = table();
    for key in described(KEYS) {
        put(&mut root, key.name, property(&key));
    }
    for group in GROUPS {
        let mut one = table();
        let keys = (group.keys)();
        one["required"] = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        for key in &keys {
            put(&mut one, key.name, property(key));
        }
        put(&mut root, group.name, around(group, &one));
    }
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "sitekit.toml".into();
    root["description"] = "Settings of sitekit; `sitekit check` says what they come to".into();
    // Whether maps keep the order they were filled in is for the features of others to say.
    root.sort_all_objects();
    root
}

fn table() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {}})
}

fn around(group: &Group, one: &Value) -> Value {
    match group.shape {
        Shape::Named => json!({"type": "object", "description": group.doc, "additionalProperties": one}),
        Shape::Listed => json!({"type": "array", "description": group.doc, "items": one}),
    }
}

fn property(key: &Described) -> Value {
    let mut schema = key.form.schema();
    let otherwise = if key.unset.is_empty() { String::new() } else { format!(" Default: {}.", key.unset) };
    let reload = if key.when == When::Reload { " SIGHUP is enough." } else { "" };
    schema["description"] = format!("{}.{otherwise}{reload}", key.doc).into();
    if let (Some(words), false) = (&key.default, key.required) {
        schema["default"] = key.form.json(words);
    }
    schema
}

/// Puts the schema of `a.b` into the table `a`.
fn put(table: &mut Value, name: &str, schema: Value) {
    let Some(Value::Object(properties)) = table.get_mut("properties") else { return };
    match name.split_once('.') {
        None => drop(properties.insert(name.to_owned(), schema)),
        Some((first, rest)) => put(properties.entry(first).or_insert_with(self::table), rest, schema),
    }
}

/// The tables of the manual's page on `sitekit.toml`, in Markdown.
#[cfg(test)]
pub(super) fn reference() -> String {
    let mut text = String::new();
    let mut section = None;
    for (key, described) in KEYS.iter().zip(described(KEYS)) {
        if section.replace(key.section()) != Some(key.section()) {
            let title = match key.section() {
                "" => "Top level".to_owned(),
                section => format!("`[{section}]`"),
            };
            text.extend([format!("\n## {title}\n\n| key | default | flag | meaning |\n| --- | --- | --- | --- |\n")]);
        }
        let last = key.name.rsplit('.').next().unwrap_or(key.name);
        let flags = key.flag.into_iter().chain(key.switches.iter().map(|(flag, _)| *flag));
        let flags: Vec<String> = flags.map(|flag| format!("`--{flag}`")).collect();
        text += &row(last, &described, &format!(" {} |", flags.join(", ")));
    }
    for group in GROUPS {
        let title = match group.shape {
            Shape::Named => format!("[{}.NAME]", group.name),
            Shape::Listed => format!("[[{}]]", group.name),
        };
        text.extend([format!(
            "\n## `{title}`\n\n{}.\n\n| key | default | meaning |\n| --- | --- | --- |\n",
            group.doc
        )]);
        text.extend((group.keys)().iter().map(|key| row(key.name, key, "")));
    }
    text
}

/// A line of a table of the manual. A star says that SIGHUP is enough.
#[cfg(test)]
fn row(name: &str, key: &Described, flags: &str) -> String {
    let star = if key.when == When::Reload { " \\*" } else { "" };
    let default = match (&key.default, key.required) {
        (_, true) => "required".to_owned(),
        // JSON's values are TOML's, for what settings are made of.
        (Some(words), false) => format!("`{}`", key.form.json(words)),
        (None, false) => key.unset.to_owned(),
    };
    let words = match &key.form {
        super::form::Form::OneOf(words) => {
            format!(": {}", words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "))
        }
        _ => String::new(),
    };
    format!("| `{name}`{star} | {default} |{flags} {}{words} |\n", key.doc)
}
