//! Tera's errors as diagnostics: a place in the author's file, the includes that led there, and what was meant. Tera
//! stops at the first; here templates that are at fault are set aside until all that can be said has been said.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tera::{ErrorKind, Tera};

use super::{
    builtins, shortcode,
    signatures::{Callable, Unknown, unknown_arguments},
    syntax,
};
use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    load::{Site, Template},
};

/// Between what our own functions say and what to do about it.
pub(super) const HELP: &str = "\nhelp: ";

/// Gives `tera` the templates of the site that can be used, and says everything that is wrong with the others.
pub(super) fn add_templates(tera: &mut Tera, site: &Site) -> Vec<Diagnostic> {
    let mut remaining: BTreeMap<&str, &Source> =
        site.templates.iter().map(|template| (template.name.as_str(), &template.source)).collect();
    let mut set_aside: BTreeSet<String> = BTreeSet::new();
    let mut diagnostics = Vec::new();
    loop {
        let own = remaining.iter().map(|(name, source)| (*name, &*source.text));
        let has_own = |name: &str| site.templates.iter().any(|one| components(&one.source).any(|known| known == name));
        let parts =
            builtins::COMPONENTS.iter().filter(|(name, ..)| !has_own(name)).map(|(_, file, text)| (*file, *text));
        let all = own.chain(builtins::TEMPLATES.iter().copied()).chain(parts);
        let Err(error) = tera.add_raw_templates(all) else { break };
        let faults = faults(Files { site, content: None }, &error);
        let before = remaining.len();
        for fault in faults {
            remaining.remove(fault.template.as_str());
            // A template that asks for one with a mistake, or for a component in it, is not at fault itself.
            let asks_for_faulty = match &fault.missing {
                None => false,
                Some(Missing::Template(name)) => set_aside.iter().any(|aside| is_called(site, aside, name)),
                Some(Missing::Component(name)) => set_aside
                    .iter()
                    .filter_map(|aside| source(site, aside))
                    .any(|source| components(source).any(|known| known == name)),
            };
            set_aside.insert(fault.template);
            if !asks_for_faulty {
                diagnostics.push(fault.diagnostic);
            }
        }
        if remaining.len() == before {
            diagnostics.push(without_place(site, &error));
            break;
        }
    }
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

/// Arguments that what the site's templates call does not take. A theme is not its user's to mend, and Zola says nothing of it.
pub(super) fn in_templates(site: &Site) -> Vec<Diagnostic> {
    let prefix = site.theme_prefix();
    let told = |template: &Template| {
        let is_of_theme = prefix.as_ref().is_some_and(|prefix| template.name.starts_with(prefix.as_str()));
        let told = in_calls(&template.source, 0, &template.source.text).into_iter();
        told.map(|one| if is_of_theme { one.as_warning() } else { one }).collect::<Vec<_>>()
    };
    site.templates.iter().flat_map(told).collect()
}

/// Arguments that what is called in `text`, which begins at `start` of a file, does not take. Of a text with syntax errors it is
/// not clear what they are.
pub(super) fn in_calls(source: &Source, start: usize, text: &str) -> Vec<Diagnostic> {
    let unknown = unknown_arguments(text);
    if unknown.is_empty() || !syntax::errors(text).is_empty() {
        return Vec::new();
    }
    unknown.into_iter().map(|one| of_call(source, start, one)).collect()
}

fn of_call(source: &Source, start: usize, one: Unknown) -> Diagnostic {
    let span = start + one.span.start..start + one.span.end;
    let told = Diagnostic::error_at(source, span, one.message).with_help(one.help);
    if one.is_misspelt { told } else { told.as_warning() }
}

/// What went wrong while a template was rendered.
pub(super) fn diagnostics(site: &Site, error: &tera::Error) -> Vec<Diagnostic> {
    faults(Files { site, content: None }, error).into_iter().map(|fault| fault.diagnostic).collect()
}

/// What went wrong while the Markdown of a file was rendered as a template.
pub(super) fn in_content(site: &Site, content: Content<'_>, error: &tera::Error) -> Vec<Diagnostic> {
    let is_syntax = matches!(error.kind(), ErrorKind::SyntaxError(_));
    let found = faults(Files { site, content: Some(content) }, error).into_iter().map(|fault| fault.diagnostic);
    // Where a shortcode is, nothing else that Tera says of the syntax helps.
    let shortcodes = shortcode::find(content.text, &Callable::Function.names());
    let told = shortcodes.into_iter().map(|found| {
        let span = content.start + found.span.start..content.start + found.span.end;
        let message = format!("`{}` is a shortcode, and Zola 0.23 has components in their place", found.name);
        let has_component =
            site.templates.iter().any(|template| components(&template.source).any(|known| known == found.name));
        let how = format!("write `{}`", found.now);
        let help = if has_component {
            how
        } else {
            format!("{how}, and in a template `{{% component {}(…) %}}…{{% endcomponent %}}`", found.name)
        };
        Diagnostic::error_at(content.source, span, message).with_help(help)
    });
    let told: Vec<Diagnostic> = told.collect();
    let is_told = |one: &Diagnostic| {
        let at = |diagnostic: &Diagnostic| diagnostic.label.as_ref().map(|label| label.span);
        let inside = |shortcode: &Diagnostic| {
            at(one).zip(at(shortcode)).is_some_and(|(one, whole)| whole.start <= one.start && one.start <= whole.end)
        };
        told.iter().any(inside) || (is_syntax && !told.is_empty())
    };
    let found = found.filter(|one| !is_told(one));
    let found = found.map(|one| if one.path == content.source.path { with_way_out(one) } else { one });
    let found: Vec<Diagnostic> = found.collect();
    found.into_iter().chain(told).collect()
}

/// Says how to write text that is meant as it is.
fn with_way_out(mistake: Diagnostic) -> Diagnostic {
    const WAY_OUT: &str = "text that is no template stands between `{% raw %}` and `{% endraw %}`, or the front matter \
                           has `skip_content_templating = true`";
    let help = mistake.help.as_ref().map_or(WAY_OUT.to_owned(), |help| format!("{help}; {WAY_OUT}"));
    mistake.with_help(help)
}

/// The Markdown of a file.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) source: &'a Source,
    /// Where it begins, which is the beginning of a line.
    pub(super) start: usize,
    /// What Tera reads of it, everything at its place.
    pub(super) text: &'a str,
}

/// The files that Tera's names stand for.
#[derive(Clone, Copy)]
struct Files<'a> {
    site: &'a Site,
    /// The text that is rendered without being a template of the site.
    content: Option<Content<'a>>,
}

/// What Tera calls a text without a name.
const ONE_OFF: &str = "__tera_one_off";

impl<'a> Files<'a> {
    /// A template's file, and where in it the template begins.
    fn find(self, name: &str) -> Option<(&'a Source, usize)> {
        match self.content {
            Some(content) if name == ONE_OFF => Some((content.source, content.start)),
            _ => source(self.site, name).map(|source| (source, 0)),
        }
    }

    /// What Tera reads under a name.
    fn text(self, name: &str) -> Option<&'a str> {
        match self.content {
            Some(content) if name == ONE_OFF => Some(content.text),
            _ => source(self.site, name).map(|source| &*source.text),
        }
    }
}

/// An error that no template is to blame for alone.
pub(super) fn without_place(site: &Site, error: &tera::Error) -> Diagnostic {
    Diagnostic::error(format!("{}/templates", site.root), one_line(&error.to_string()))
}

/// A diagnostic, the template it is in, and what was not found, when that is what is wrong.
struct Fault {
    template: String,
    missing: Option<Missing>,
    diagnostic: Diagnostic,
}

enum Missing {
    Template(String),
    Component(String),
}

fn faults(files: Files<'_>, error: &tera::Error) -> Vec<Fault> {
    match error.kind() {
        ErrorKind::SyntaxError(report) => {
            let mut errors = files.text(report.filename()).map_or_else(Vec::new, syntax::errors);
            if errors.is_empty() {
                errors.push(syntax::Fault::of(report));
            }
            let told = |one: syntax::Fault| at(files, report.filename(), Place::Span(one.span), &one.message, &[]);
            errors.into_iter().map(told).collect::<Vec<_>>()
        }
        ErrorKind::RenderingError(report) => {
            let span = report.span().range.clone();
            // The chain of includes has no accessor; the report draws it.
            let steps = reports(&error.to_string()).pop().map_or_else(Vec::new, |report| report.called_from);
            // What went wrong in a component of ours is wrong where it was used.
            if let (None, Some((used, steps))) = (files.find(report.filename()), steps.split_first()) {
                let place = Place::Position(used.line, used.column);
                return vec![at(files, &used.template, place, report.message(), steps)];
            }
            let mut fault = at(files, report.filename(), Place::Span(span.clone()), report.message(), &steps);
            // Where one is missing and another is unknown, it is misspelt.
            if fault.diagnostic.message.starts_with("missing keyword argument")
                && let Some((source, start)) = files.find(report.filename())
                && let Some(text) = files.text(report.filename())
                && let Some(one) =
                    unknown_arguments(text).into_iter().find(|one| one.is_misspelt && span.contains(&one.span.start))
            {
                let trace = fault.diagnostic.trace;
                fault.diagnostic = Diagnostic { trace, ..of_call(source, start, one) };
            }
            vec![fault]
        }
        ErrorKind::MissingParent { current, parent } => {
            let message = format!("Unknown template `{parent}`");
            vec![at(files, current, Place::Quoted(parent), &message, &[])]
        }
        ErrorKind::CircularExtend { tpl, inheritance_chain } => {
            let chain: Vec<_> = [tpl].into_iter().chain(inheritance_chain).collect();
            vec![circle(files, &chain, "extend")]
        }
        ErrorKind::CircularInclude { include_chain, .. } => {
            let chain: Vec<_> = include_chain.iter().collect();
            vec![circle(files, &chain, "include")]
        }
        ErrorKind::Msg(message) if message.starts_with("error: ") => reports(message)
            .into_iter()
            .map(|report| {
                at(files, &report.template, Place::Position(report.line, report.column), &report.message, &[])
            })
            .collect(),
        ErrorKind::Msg(message) => defined_twice(files, message).into_iter().collect(),
        // `load` has said that it is missing, and who wants it.
        _ => Vec::new(),
    }
    .into_iter()
    .chain(fallback(files.site, error))
    .collect()
}

/// Templates that lead to each other. `chain` is how Tera went, and ends where it was before; it may have come from
/// outside the circle.
fn circle(files: Files<'_>, chain: &[&String], verb: &str) -> Fault {
    let last = chain.last().map_or("", |name| name.as_str());
    let start = chain.iter().position(|name| *name == last).unwrap_or(0);
    let names = chain[start..].iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let tag = if verb == "extend" { "extends" } else { verb };
    let mut fault = at(files, last, Place::Tag(tag), "", &[]);
    fault.diagnostic.message = format!("templates {verb} each other in a circle: {}", names.join(" → "));
    fault
}

/// Errors of no known form are told as they are.
fn fallback(site: &Site, error: &tera::Error) -> Option<Fault> {
    let known = matches!(
        error.kind(),
        ErrorKind::SyntaxError(_)
            | ErrorKind::RenderingError(_)
            | ErrorKind::MissingParent { .. }
            | ErrorKind::CircularExtend { .. }
            | ErrorKind::CircularInclude { .. }
            | ErrorKind::TemplateNotFound(_)
    ) || matches!(error.kind(), ErrorKind::Msg(message) if message.starts_with("error: ") || message.starts_with("Component `"));
    (!known).then(|| Fault { template: String::new(), missing: None, diagnostic: without_place(site, error) })
}

/// "Component `x` is defined in both `a.html` and `b.html`".
fn defined_twice(files: Files<'_>, message: &str) -> Option<Fault> {
    let mut names = message.strip_prefix("Component ")?.split('`').skip(1).step_by(2);
    let (component, first, second) = (names.next()?, names.next()?, names.next()?);
    let mut fault = at(files, second, Place::Tag(&format!("component {component}")), "", &[]);
    let first = files.find(first).map_or(first, |(source, _)| &source.path);
    fault.diagnostic.message = format!("component `{component}` is defined here and in {first}");
    Some(fault)
}

enum Place<'a> {
    Span(std::ops::Range<usize>),
    /// Line and column, both from 1.
    Position(usize, usize),
    /// Where this stands between quotes.
    Quoted(&'a str),
    /// Where a tag begins with this.
    Tag(&'a str),
}

fn at(files: Files<'_>, template: &str, place: Place<'_>, message: &str, steps: &[Step]) -> Fault {
    let (message, help, missing) = explain(files.site, message);
    let diagnostic = match files.find(template) {
        None => Diagnostic::error(template, message),
        Some((source, start)) => Diagnostic::error_at(source, span(source, start, place), message),
    };
    let mut diagnostic = Diagnostic { help, ..diagnostic };
    for step in steps {
        let (path, above) = files.find(&step.template).map_or_else(
            || (Arc::from(step.template.as_str()), 0),
            |(source, start)| (source.path.clone(), source.position(start).0 - 1),
        );
        diagnostic = diagnostic.traced(format!("called from {path}:{}:{}", above + step.line, step.column));
    }
    Fault { template: template.to_owned(), missing, diagnostic }
}

/// Where a place of the template is that begins at `start` of the file.
fn span(source: &Source, start: usize, place: Place<'_>) -> std::ops::Range<usize> {
    let text = &source.text[start..];
    let found = match place {
        Place::Span(span) => span,
        Place::Position(line, column) => {
            let above = source.position(start).0 - 1;
            let at = source.offset(above + line, column) - start;
            at..at + word_len(&text[at..])
        }
        Place::Quoted(name) => ['"', '\'', '`']
            .iter()
            .find_map(|quote| text.find(&format!("{quote}{name}{quote}")))
            .map_or(0..0, |at| at..at + name.len() + 2),
        Place::Tag(tag) => text
            .match_indices("{%")
            .map(|(at, _)| at)
            .find(|at| text[at + 2..].trim_start_matches(['-', ' ', '\n', '\t']).starts_with(tag))
            .map_or(0..0, |at| at..text[at..].find("%}").map_or(text.len(), |end| at + end + 2)),
    };
    start + found.start..start + found.end
}

fn word_len(text: &str) -> usize {
    let quoted = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    match quoted {
        Some(quote) => text[1..].find(quote).map_or(1, |end| end + 2),
        None => text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len()).max(1),
    }
}

/// Tera's sentence as ours: what is wrong, what was meant, and which template is missing.
fn explain(site: &Site, message: &str) -> (String, Option<String>, Option<Missing>) {
    if let Some((sentence, help)) = message.split_once(HELP) {
        return (one_line(sentence), Some(help.trim_end_matches('.').to_owned()), None);
    }
    let (sentence, available) = match message.split_once(". Available ") {
        Some((sentence, rest)) => (sentence, rest.split_once(": ").map(|(_, list)| list)),
        None => (message.trim_end_matches('.'), None),
    };
    let name = sentence.split('`').nth(1).unwrap_or("");
    let meant = |candidates: &[&str]| {
        did_you_mean(name, candidates.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))
    };
    let called = |callable: Callable| meant(&callable.names().collect::<Vec<_>>());
    let listed: Vec<&str> = available.map_or_else(Vec::new, |list| list.split(", ").collect());
    let help = meant(&listed).or_else(|| available.map(|list| format!("there are: {list}")));
    if sentence.starts_with("Variable `") && sentence.ends_with("is not defined") {
        let there_are = available.map(|list| format!("there are: {list}"));
        let meant = meant(&listed).map(|meant| there_are.iter().fold(meant, |meant, list| format!("{meant} {list}")));
        return (format!("unknown variable `{name}`"), meant.or(there_are), None);
    }
    if let Some((sentence, known)) = sentence.split_once(" in component call. Possible argument(s) are: ")
        && let Some(unknown) = sentence.strip_prefix("Unknown argument(s) ")
    {
        let known: Vec<&str> = known.split(", ").map(|known| known.trim_matches('`')).collect();
        let help = meant(&known).unwrap_or_else(|| format!("there are: {}", known.join(", ")));
        return (format!("the component has no argument {unknown}"), Some(help), None);
    }
    if sentence.starts_with("Field `") && sentence.ends_with("is not defined") {
        return (format!("unknown field `{name}`"), help, None);
    }
    if sentence.starts_with("Unknown template `") {
        let prefix = site.theme_prefix().unwrap_or_default();
        let names: Vec<_> =
            site.templates.iter().map(|template| template.name.trim_start_matches(prefix.as_str())).collect();
        let help = meant(&names).unwrap_or_else(|| format!("templates are looked for in `{}/templates/`", site.root));
        return (format!("there is no template `{name}`"), Some(help), Some(Missing::Template(name.to_owned())));
    }
    if sentence.starts_with("Unknown component `") {
        let names: Vec<_> = site.templates.iter().flat_map(|template| components(&template.source)).collect();
        let help = meant(&names)
            .or_else(|| Some("a component is defined with `{% component name() %}` in any template".to_owned()));
        return (format!("unknown component `{name}`"), help, Some(Missing::Component(name.to_owned())));
    }
    if sentence.starts_with("Unknown filter `") {
        return (format!("unknown filter `{name}`"), called(Callable::Filter), None);
    }
    if sentence.starts_with("Unknown test `") {
        return (format!("unknown test `{name}`"), called(Callable::Test), None);
    }
    if sentence.starts_with("Unknown function `") {
        return (format!("unknown function `{name}`"), called(Callable::Function), None);
    }
    if let Some((wanted, got)) = wrong_type(sentence) {
        return (format!("{wanted} is expected here, not {got}"), None, None);
    }
    // What our own functions say may end in a question.
    match sentence.split_once(". Did you mean ") {
        Some((sentence, meant)) => (one_line(sentence), Some(format!("did you mean {meant}")), None),
        None => (lower_first(&one_line(sentence)), help, None),
    }
}

/// What "Invalid type for the value, expected `&str` but got `i64`" is about, in the words of who writes templates.
fn wrong_type(sentence: &str) -> Option<(&'static str, &'static str)> {
    let (wanted, got) = sentence.strip_prefix("Invalid type for the value, expected `")?.split_once("` but got `")?;
    let word = |name: &str| match name.trim_end_matches('`').trim_start_matches('&') {
        "str" | "string" | "String" => "a string",
        "bool" => "`true` or `false`",
        "f32" | "f64" | "Number" | "number" => "a number",
        "array" => "a list",
        "map" | "map/struct" | "Map" => "a map",
        "none" => "nothing",
        "undefined" => "what is not defined",
        "bytes" => "bytes",
        name if name.starts_with("Vec") || name.starts_with('[') => "a list",
        name if name.starts_with(['i', 'u']) => "an integer",
        _ => "another type",
    };
    Some((word(wanted), word(got)))
}

/// One report as Tera draws it: `error: …`, `--> file:line:column`, and its notes.
struct Report {
    message: String,
    template: String,
    line: usize,
    column: usize,
    called_from: Vec<Step>,
}

struct Step {
    template: String,
    line: usize,
    column: usize,
}

fn reports(drawn: &str) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    let mut message: Option<String> = None;
    for line in drawn.lines() {
        if let Some(text) = line.strip_prefix("error: ") {
            message = Some(text.to_owned());
        } else if let Some(place) = line.trim_start().strip_prefix("--> ") {
            if let (Some(message), Some(place)) = (message.take(), step(place)) {
                let Step { template, line, column } = place;
                reports.push(Report { message, template, line, column, called_from: Vec::new() });
            }
        } else if let Some(note) = line.strip_prefix("note: called from ") {
            if let (Some(report), Some(place)) = (reports.last_mut(), step(note)) {
                report.called_from.push(place);
            }
        } else if let Some(message) = &mut message {
            message.push(' ');
            message.push_str(line.trim());
        }
    }
    reports
}

/// `file:line:column`; the file's name may have colons.
fn step(place: &str) -> Option<Step> {
    let mut parts = place.rsplitn(3, ':');
    let (column, line, template) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Step { template: template.to_owned(), line: line.parse().ok()?, column: column.parse().ok()? })
}

/// A template's file, by its own name or by the name without the theme's prefix.
fn source<'a>(site: &'a Site, name: &str) -> Option<&'a Source> {
    let exact = site.templates.iter().find(|template| template.name == name);
    exact
        .or_else(|| site.templates.iter().find(|template| is_called(site, &template.name, name)))
        .map(|template| &template.source)
}

/// The components a template defines, found without parsing it.
fn components(source: &Source) -> impl Iterator<Item = &str> {
    source.text.split("{%").skip(1).filter_map(|tag| {
        let name = tag.trim_start_matches('-').trim_start().strip_prefix("component ")?.trim_start();
        Some(&name[..name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(name.len())])
    })
}

fn is_called(site: &Site, template: &str, name: &str) -> bool {
    template == name
        || site.theme_prefix().and_then(|prefix| template.strip_prefix(&prefix).map(|rest| rest == name)) == Some(true)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let second_is_lower = text.chars().nth(1).is_some_and(char::is_lowercase);
    match chars.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
