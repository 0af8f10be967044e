//! Grammars that a site brings: those of TextMate and VS Code as JSON, and those of Sublime Text. They know each other and the
//! languages there are already, and take the place of these where they have their names.

use std::collections::{BTreeSet, HashMap};

use syntect::parsing::{
    Scope, SyntaxDefinition, SyntaxReference, SyntaxSet, SyntaxSetBuilder,
    syntax_definition::{ContextReference, MatchOperation, Pattern},
};

use super::{
    language::SYNTAXES,
    textmate::{self, ConvertError},
};

/// One grammar.
#[derive(Clone, Debug)]
pub struct Grammar {
    definition: SyntaxDefinition,
    /// What authors call the language, in lower case.
    names: Vec<String>,
    /// What it has and is not understood.
    pub left_out: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// With the line and the column, both from 1.
    #[error("this is no JSON: {0}")]
    Json(String, usize, usize),
    #[error(transparent)]
    TextMate(#[from] ConvertError),
    #[error("this is a property list, as TextMate has it: write it as JSON, as VS Code has it")]
    PropertyList,
    #[error("{0}")]
    Syntax(String),
}

/// The grammars of a site, ready to be used.
#[derive(Debug)]
pub(super) struct Grammars {
    set: SyntaxSet,
    by_name: HashMap<String, usize>,
}

/// What is wrong with grammars that are sound by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrammarFault {
    /// It asks for another grammar, or a part of one, that is not there.
    Missing(String),
    /// A part of it includes itself, from context to context.
    Circle(Vec<String>),
}

impl Grammar {
    /// Reads the grammar in the file `path`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(path: &str, text: &str) -> Result<Self, GrammarError> {
        let text = text.trim_start_matches('\u{feff}');
        let is_sublime = path.ends_with(".sublime-syntax");
        if text.trim_start().starts_with("<?xml") || text.trim_start().starts_with("<!DOCTYPE plist") {
            return Err(GrammarError::PropertyList);
        }
        let (yaml, mut names, left_out) = if is_sublime {
            (text.to_owned(), Vec::new(), Vec::new())
        } else {
            let json: serde_json::Value = serde_json::from_str(text)
                .map_err(|error| GrammarError::Json(error.to_string(), error.line(), error.column()))?;
            let converted = textmate::convert(&json)?;
            (converted.text, converted.names, converted.left_out)
        };
        let mut definition = SyntaxDefinition::load_from_str(&yaml, true, Some(""))
            .map_err(|error| GrammarError::Syntax(error.to_string()))?;
        if is_sublime {
            names.extend(definition.file_extensions.iter().map(|name| name.to_lowercase()));
            names.push(definition.name.to_lowercase());
        }
        names.retain(|name| !name.is_empty());
        // What is remembered of lines goes by this name, and no other syntax may have it.
        path.clone_into(&mut definition.name);
        Ok(Self { definition, names, left_out })
    }
}

impl Grammars {
    /// `None` where there are none.
    pub(super) fn new(grammars: &[Grammar]) -> Option<Self> {
        if grammars.is_empty() {
            return None;
        }
        let is_own = |scope: &Scope| grammars.iter().any(|one| one.definition.scope == *scope);
        let asks_others = |grammar: &Grammar| {
            references(&grammar.definition).any(|(_, reference, _)| match reference {
                ContextReference::ByScope { scope, .. } => !is_own(scope),
                ContextReference::File { .. } => true,
                _ => false,
            })
        };
        // What is known comes first: its parts name each other by their places.
        let mut builder =
            if grammars.iter().any(asks_others) { SYNTAXES.clone().into_builder() } else { SyntaxSetBuilder::new() };
        let known = builder.syntaxes().len();
        for grammar in grammars {
            builder.add(grammar.definition.clone());
        }
        let names = (known..).zip(grammars);
        let by_name = names.flat_map(|(at, one)| one.names.iter().map(move |name| (name.clone(), at))).collect();
        Some(Self { set: builder.build(), by_name })
    }

    /// The syntax of a language by any of its names, in lower case.
    pub(super) fn find(&self, language: &str) -> Option<(&SyntaxReference, &SyntaxSet)> {
        let &at = self.by_name.get(language)?;
        Some((&self.set.syntaxes()[at], &self.set))
    }
}

/// What is wrong with grammars together, by their numbers. Those that go in circles must not be used.
#[must_use]
pub fn faults(grammars: &[Grammar]) -> Vec<(usize, GrammarFault)> {
    let mut faults = Vec::new();
    let resolver = Resolver { grammars };
    for (at, grammar) in grammars.iter().enumerate() {
        let missing: BTreeSet<String> = references(&grammar.definition)
            .filter(|(_, reference, _)| matches!(resolver.resolve(at, reference), Resolved::Missing))
            .map(|(_, reference, _)| called(reference))
            .collect();
        faults.extend(missing.into_iter().map(|name| (at, GrammarFault::Missing(name))));
    }
    let mut done: BTreeSet<Place> = BTreeSet::new();
    for (at, grammar) in grammars.iter().enumerate() {
        let mut contexts: Vec<&String> = grammar.definition.contexts.keys().collect();
        contexts.sort_unstable();
        for context in contexts {
            if let Some(circle) = resolver.circle((at, context.clone()), &mut done) {
                let names = circle.into_iter().map(|(_, context)| context).collect();
                faults.push((at, GrammarFault::Circle(names)));
                break;
            }
        }
    }
    faults
}

/// A context of a grammar.
type Place = (usize, String);

struct Resolver<'g> {
    grammars: &'g [Grammar],
}

enum Resolved {
    Own(Place),
    /// A language that is there in any case.
    Known,
    Missing,
}

impl Resolver<'_> {
    fn resolve(&self, from: usize, reference: &ContextReference) -> Resolved {
        let own = |at: usize, context: &str| {
            let context = if context == "$top_level_main" { "main" } else { context };
            let is_there = self.grammars[at].definition.contexts.contains_key(context);
            if is_there { Resolved::Own((at, context.to_owned())) } else { Resolved::Missing }
        };
        match reference {
            ContextReference::Named { 0: context, .. } | ContextReference::Inline { 0: context, .. } => {
                own(from, context)
            }
            ContextReference::ByScope { scope, sub_context, .. } => {
                let context = sub_context.as_deref().unwrap_or("main");
                if let Some(at) = self.grammars.iter().rposition(|one| one.definition.scope == *scope) {
                    return own(at, context);
                }
                match SYNTAXES.find_syntax_by_scope(*scope) {
                    Some(_) if context == "main" => Resolved::Known,
                    _ => Resolved::Missing,
                }
            }
            ContextReference::File { name, .. } if SYNTAXES.find_syntax_by_name(name).is_some() => Resolved::Known,
            ContextReference::File { .. } => Resolved::Missing,
            _ => Resolved::Known,
        }
    }

    /// A way from a context back to one it came by, along what is included.
    fn circle(&self, start: Place, done: &mut BTreeSet<Place>) -> Option<Vec<Place>> {
        if done.contains(&start) {
            return None;
        }
        // The way, and of each step what is still to be looked at.
        let included = self.included(&start);
        let mut way: Vec<(Place, Vec<Place>)> = vec![(start, included)];
        while let Some((_, next)) = way.last_mut() {
            let Some(next) = next.pop() else {
                let (place, _) = way.pop()?;
                done.insert(place);
                continue;
            };
            if let Some(at) = way.iter().position(|(place, _)| *place == next) {
                return Some(way[at..].iter().map(|(place, _)| place.clone()).chain([next]).collect());
            }
            if !done.contains(&next) {
                let included = self.included(&next);
                way.push((next, included));
            }
        }
        None
    }

    fn included(&self, (at, context): &Place) -> Vec<Place> {
        let all = references(&self.grammars[*at].definition);
        let included = all.filter(|(within, _, is_include)| *is_include && *within == context.as_str());
        let resolved = included.filter_map(|(_, reference, _)| match self.resolve(*at, reference) {
            Resolved::Own(place) => Some(place),
            Resolved::Known | Resolved::Missing => None,
        });
        resolved.collect()
    }
}

/// All that a grammar's contexts name: the context, what it names, and whether it includes it.
fn references(definition: &SyntaxDefinition) -> impl Iterator<Item = (&str, &ContextReference, bool)> {
    definition.contexts.iter().flat_map(|(context, held)| {
        held.patterns.iter().flat_map(move |pattern| {
            let (named, is_include): (Vec<&ContextReference>, bool) = match pattern {
                Pattern::Include(reference) => (vec![reference], true),
                Pattern::Match(matched) => {
                    let pushed = match &matched.operation {
                        MatchOperation::Push(all) | MatchOperation::Set(all) => all.as_slice(),
                        _ => &[],
                    };
                    (pushed.iter().chain(&matched.with_prototype).collect(), false)
                }
            };
            named.into_iter().map(move |reference| (context.as_str(), reference, is_include))
        })
    })
}

/// How an author would have written it.
fn called(reference: &ContextReference) -> String {
    let rule = |context: &str| context.replacen("repository ", "#", 1);
    match reference {
        ContextReference::ByScope { scope, sub_context: Some(context), .. } => format!("{scope}{}", rule(context)),
        ContextReference::ByScope { scope, .. } => scope.to_string(),
        ContextReference::File { name, .. } => format!("{name}.sublime-syntax"),
        ContextReference::Named { 0: context, .. } | ContextReference::Inline { 0: context, .. } => rule(context),
        _ => String::new(),
    }
}
