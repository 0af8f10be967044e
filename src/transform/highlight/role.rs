//! The part a piece of code plays. The scopes of some 200 syntaxes become a score of roles, so that a stylesheet is
//! short and the same for every page and language.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock};

use syntect::parsing::Scope;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    Plain,
    Comment,
    Keyword,
    Operator,
    String,
    Escape,
    Number,
    Constant,
    Function,
    Type,
    Variable,
    Property,
    Tag,
    Attribute,
    Heading,
    Strong,
    Emphasis,
    Link,
    Inserted,
    Deleted,
}

impl Role {
    pub(super) const ALL: [Self; 20] = [
        Self::Plain,
        Self::Comment,
        Self::Keyword,
        Self::Operator,
        Self::String,
        Self::Escape,
        Self::Number,
        Self::Constant,
        Self::Function,
        Self::Type,
        Self::Variable,
        Self::Property,
        Self::Tag,
        Self::Attribute,
        Self::Heading,
        Self::Strong,
        Self::Emphasis,
        Self::Link,
        Self::Inserted,
        Self::Deleted,
    ];

    /// The class of its spans; plain code has none.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Comment => "z-c",
            Self::Keyword => "z-k",
            Self::Operator => "z-o",
            Self::String => "z-s",
            Self::Escape => "z-e",
            Self::Number => "z-n",
            Self::Constant => "z-l",
            Self::Function => "z-f",
            Self::Type => "z-t",
            Self::Variable => "z-v",
            Self::Property => "z-p",
            Self::Tag => "z-g",
            Self::Attribute => "z-a",
            Self::Heading => "z-h",
            Self::Strong => "z-b",
            Self::Emphasis => "z-i",
            Self::Link => "z-u",
            Self::Inserted => "z-x",
            Self::Deleted => "z-d",
        }
    }

    /// Its classes where they are named after scopes.
    pub(super) const fn scope_classes(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Comment => "z-comment",
            Self::Keyword => "z-keyword",
            Self::Operator => "z-keyword z-operator",
            Self::String => "z-string",
            Self::Escape => "z-constant z-character z-escape",
            Self::Number => "z-constant z-numeric",
            Self::Constant => "z-constant",
            Self::Function => "z-entity z-name z-function",
            Self::Type => "z-entity z-name z-type",
            Self::Variable => "z-variable",
            Self::Property => "z-support z-type z-property-name",
            Self::Tag => "z-entity z-name z-tag",
            Self::Attribute => "z-entity z-other z-attribute-name",
            Self::Heading => "z-markup z-heading",
            Self::Strong => "z-markup z-bold",
            Self::Emphasis => "z-markup z-italic",
            Self::Link => "z-string z-other z-link",
            Self::Inserted => "z-markup z-inserted",
            Self::Deleted => "z-markup z-deleted",
        }
    }

    /// The scope that a theme is asked about for it.
    pub(super) const fn scope(self) -> &'static str {
        match self {
            Self::Plain => "source",
            Self::Comment => "comment.line",
            Self::Keyword => "keyword.control",
            Self::Operator => "keyword.operator",
            Self::String => "string.quoted.double",
            Self::Escape => "constant.character.escape",
            Self::Number => "constant.numeric",
            Self::Constant => "constant.language",
            Self::Function => "entity.name.function",
            Self::Type => "entity.name.type",
            Self::Variable => "variable.other.readwrite",
            Self::Property => "support.type.property-name",
            Self::Tag => "entity.name.tag",
            Self::Attribute => "entity.other.attribute-name",
            Self::Heading => "markup.heading",
            Self::Strong => "markup.bold",
            Self::Emphasis => "markup.italic",
            Self::Link => "markup.underline.link",
            Self::Inserted => "markup.inserted",
            Self::Deleted => "markup.deleted",
        }
    }

    /// The role of what stands in `scope`, inside something of role `outer`.
    pub(super) fn within(outer: Self, scope: Scope) -> Self {
        match of_scope(scope) {
            // A quoted key is a key.
            Some(Self::String) if outer == Self::Property => outer,
            Some(role) => role,
            None => outer,
        }
    }
}

/// What a scope says of its role; most say nothing.
fn of_scope(scope: Scope) -> Option<Role> {
    thread_local! {
        static KNOWN: RefCell<HashMap<Scope, Option<Role>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        *known.entry(scope).or_insert_with(|| {
            let rule = RULES.iter().find(|(prefix, _)| prefix.is_prefix_of(scope));
            rule.map(|&(_, role)| role)
        })
    })
}

/// The longest prefix decides.
static RULES: LazyLock<Vec<(Scope, Role)>> = LazyLock::new(|| {
    let mut rules: Vec<(Scope, Role)> = SELECTORS
        .iter()
        .flat_map(|&(role, prefixes)| prefixes.iter().map(move |prefix| (prefix, role)))
        .filter_map(|(prefix, role)| Scope::new(prefix).ok().map(|scope| (scope, role)))
        .collect();
    rules.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
    rules
});

/// Scope prefixes as Sublime Text names them.
const SELECTORS: &[(Role, &[&str])] = &[
    // Code inside a string is code again.
    (Role::Plain, &["source", "text", "meta.embedded", "meta.interpolation", "meta.template.expression"]),
    (Role::Plain, &["interpolated", "variable.other", "punctuation.section.interpolation", "string.unquoted"]),
    // The dash of a parameter (`-Path`), which is no operator.
    (Role::Plain, &["keyword.operator.assignment.powershell"]),
    (Role::Comment, &["comment", "meta.header.diff", "meta.diff.header", "meta.separator"]),
    (Role::Keyword, &["keyword", "storage", "variable.language", "meta.diff.range", "support.keyword"]),
    (Role::Operator, &["keyword.operator"]),
    (Role::Keyword, &["keyword.operator.word", "keyword.operator.new", "keyword.operator.expression"]),
    (Role::Keyword, &["keyword.operator.logical.python"]),
    (Role::String, &["string", "markup.raw", "markup.inline.raw", "constant.other.symbol"]),
    (Role::Escape, &["constant.character", "constant.other.placeholder"]),
    (Role::Number, &["constant.numeric", "keyword.other.unit", "constant.other.color", "constant.other.date"]),
    (Role::Constant, &["constant", "support.constant", "entity.name.constant", "variable.other.constant"]),
    (Role::Function, &["entity.name.function", "support.function", "variable.function", "support.macro"]),
    (Role::Function, &["entity.name.macro", "variable.annotation", "entity.name.decorator"]),
    (Role::Type, &["entity.name.type", "entity.name.class", "entity.name.struct", "entity.name.enum"]),
    (Role::Type, &["entity.name.trait", "entity.name.interface", "entity.name.union", "entity.name.impl"]),
    (Role::Type, &["entity.name.namespace", "entity.other.inherited-class", "support.type", "support.class"]),
    (Role::Type, &["storage.type.powershell", "support.other.namespace"]),
    (Role::Variable, &["variable.parameter", "support.variable", "variable.other.readwrite.powershell"]),
    (Role::Variable, &["variable.other.readwrite.shell", "variable.other.normal.shell", "variable.other.php"]),
    (Role::Variable, &["variable.other.readwrite.assignment.shell", "variable.other.readwrite.perl"]),
    (Role::Property, &["meta.mapping.key", "support.type.property-name", "support.type.custom-property"]),
    (Role::Property, &["entity.name.tag.yaml", "entity.name.tag.toml", "support.type.property-name.toml"]),
    (Role::Property, &["keyword.other.definition.ini", "entity.name.section.ini", "entity.name.table.toml"]),
    (Role::Tag, &["entity.name.tag"]),
    (Role::Attribute, &["entity.other.attribute-name", "entity.other.pseudo-class", "entity.other.pseudo-element"]),
    (Role::Heading, &["markup.heading", "entity.name.section"]),
    (Role::Strong, &["markup.bold"]),
    (Role::Emphasis, &["markup.italic"]),
    (Role::Link, &["markup.underline.link"]),
    (Role::Inserted, &["markup.inserted"]),
    (Role::Deleted, &["markup.deleted"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_selector_is_a_scope() {
        let written: usize = SELECTORS.iter().map(|(_, prefixes)| prefixes.len()).sum();
        assert_eq!(RULES.len(), written);
    }

    #[test]
    fn the_longest_prefix_decides() {
        for (scope, role) in [
            ("keyword.control.rust", Some(Role::Keyword)),
            ("keyword.operator.assignment.js", Some(Role::Operator)),
            ("keyword.operator.word.sql", Some(Role::Keyword)),
            ("variable.other.readwrite.js", Some(Role::Plain)),
            ("variable.other.readwrite.powershell", Some(Role::Variable)),
            ("storage.type.function.js", Some(Role::Keyword)),
            ("storage.type.powershell", Some(Role::Type)),
            ("punctuation.definition.string.begin.js", None),
            ("meta.block.cs", None),
        ] {
            assert_eq!(of_scope(Scope::new(scope).unwrap()), role, "{scope}");
        }
    }

    #[test]
    fn classes_are_distinct() {
        let mut classes: Vec<&str> = Role::ALL.iter().map(|role| role.class()).collect();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), Role::ALL.len());
    }
}
