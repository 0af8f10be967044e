//! What templates cost: a second set of them, with marks where each begins and ends, that is rendered beside the real one.
//! The marks write nothing, so its pages are the same; the real templates have none. Nothing here reads a clock: it is handed
//! one.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tera::{Kwargs, State, Tera, TeraResult, Value};

use super::tags::{Kind, Tag, end_of_block, tags};

/// What has passed since any moment, the same for all calls.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// By the name it is known by.
    Template(String),
    Component(String),
}

/// What a part cost, all its calls together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub calls: u64,
    /// With what it calls itself.
    pub total: Duration,
    /// Without.
    pub own: Duration,
    /// Calls whose output an earlier call had given. `None` where it is not known: of templates with blocks.
    pub repeated: Option<u64>,
}

/// Adds up what it is told, by all threads.
pub(super) struct Meter {
    clock: Clock,
    parts: Vec<Part>,
    costs: Mutex<BTreeMap<usize, Counted>>,
}

#[derive(Default)]
struct Counted {
    cost: Cost,
    /// Hashes of its outputs.
    outputs: HashSet<u64>,
}

/// A part that is being rendered.
struct Open {
    part: usize,
    began: Duration,
    /// What the parts inside took.
    inside: Duration,
}

thread_local! {
    /// The parts that this thread is in, the innermost last.
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

/// Begins a part: `enter(part=3)`.
const ENTER: &str = "sitekit_measure_enter";
/// Ends one that counts as a call, or as a piece of one.
const LEAVE: &str = "sitekit_measure_leave";
/// The same as a filter, which sees what came out.
const PASS: &str = "sitekit_measure_pass";

/// Gives `tera` the same templates with marks; what it has of functions and filters stays.
pub(super) fn instrument<'t>(
    tera: &Tera,
    templates: impl Iterator<Item = (&'t str, &'t str)>,
    clock: Clock,
) -> TeraResult<(Tera, Arc<Meter>)> {
    let mut parts = Vec::new();
    let marked: Vec<(&str, String)> = templates.map(|(name, text)| (name, marked(name, text, &mut parts))).collect();
    let meter = Arc::new(Meter { clock, parts, costs: Mutex::default() });
    let mut tera = tera.clone();
    let of = Arc::clone(&meter);
    tera.register_function(ENTER, move |args: Kwargs, _: &State| -> TeraResult<Value> {
        of.enter(args.must_get::<usize>("part")?);
        Ok(Value::safe_string(""))
    });
    let of = Arc::clone(&meter);
    tera.register_function(LEAVE, move |args: Kwargs, _: &State| -> TeraResult<Value> {
        of.leave(args.get::<bool>("call")?.unwrap_or(false), None);
        Ok(Value::safe_string(""))
    });
    let of = Arc::clone(&meter);
    tera.register_filter(PASS, move |text: &str, _: Kwargs, _: &State| -> TeraResult<Value> {
        of.leave(true, Some(text));
        Ok(Value::safe_string(text))
    });
    tera.add_raw_templates(marked)?;
    Ok((tera, meter))
}

/// A template with its marks.
fn marked(name: &str, text: &str, parts: &mut Vec<Part>) -> String {
    let tags = tags(text);
    let is = |word: &str| tags.iter().any(|tag| matches!(tag.kind, Kind::Statement(own, _) if own == word));
    let own = parts.len();
    parts.push(Part::Template(name.to_owned()));
    let mut marks: Vec<(usize, String)> = Vec::new();
    if is("extends") {
        // What stands outside of blocks is not rendered: a call is counted by who renders.
    } else if is("block") || is("component") {
        marks.push((0, enter(own)));
        marks.push((text.len(), format!("{{{{ {LEAVE}(call=true) }}}}")));
    } else {
        marks.push((0, format!("{{% filter {PASS} %}}{}", enter(own))));
        marks.push((text.len(), "{% endfilter %}".to_owned()));
    }
    for (at, tag) in tags.iter().enumerate() {
        let Kind::Statement(word @ ("block" | "component"), rest) = tag.kind else { continue };
        let Some(end) = end_of_block(&tags, at).map(|end| &tags[end]) else { continue };
        let (begin, finish) = if word == "block" {
            (enter(own), format!("{{{{ {LEAVE}() }}}}"))
        } else {
            let named = rest.split('(').next().unwrap_or(rest).trim();
            parts.push(Part::Component(named.to_owned()));
            let begin = format!("{{% filter {PASS} %}}{}", enter(parts.len() - 1));
            (begin, "{% endfilter %}".to_owned())
        };
        marks.push((tag.span.end, trimmed_after(begin, tag)));
        marks.push((end.span.start, trimmed_before(finish, end)));
    }
    marks.sort_by_key(|(at, _)| *at);
    let mut new = String::with_capacity(text.len() + marks.len() * 48);
    let mut copied = 0;
    for (at, mark) in marks {
        new.push_str(&text[copied..at]);
        new.push_str(&mark);
        copied = at;
    }
    new.push_str(&text[copied..]);
    new
}

fn enter(part: usize) -> String {
    format!("{{{{ {ENTER}(part={part}) }}}}")
}

/// The mark behind a tag takes the white space away that the tag would have.
fn trimmed_after(mark: String, tag: &Tag<'_>) -> String {
    match mark.strip_suffix(" }}") {
        Some(mark) if tag.trims_after => format!("{mark} -}}}}"),
        _ => mark,
    }
}

fn trimmed_before(mark: String, tag: &Tag<'_>) -> String {
    if !tag.trims_before {
        return mark;
    }
    let (open, rest) = mark.split_at(2);
    format!("{open}-{rest}")
}

impl Meter {
    fn enter(&self, part: usize) {
        let began = (self.clock)();
        OPEN.with_borrow_mut(|open| open.push(Open { part, began, inside: Duration::ZERO }));
    }

    fn leave(&self, is_call: bool, output: Option<&str>) {
        let now = (self.clock)();
        let left = OPEN.with_borrow_mut(|open| {
            let Open { part, began, inside } = open.pop()?;
            let total = now.saturating_sub(began);
            if let Some(outer) = open.last_mut() {
                outer.inside += total;
            }
            // What calls itself is in its own time already.
            let is_outermost = !open.iter().any(|one| one.part == part);
            Some((part, total, total.saturating_sub(inside), is_outermost))
        });
        let Some((part, total, own, is_outermost)) = left else { return };
        self.count(part, |counted| {
            counted.cost.calls += u64::from(is_call);
            counted.cost.own += own;
            if is_outermost {
                counted.cost.total += total;
            }
            if let Some(output) = output {
                let mut hasher = DefaultHasher::new();
                output.hash(&mut hasher);
                let is_new = counted.outputs.insert(hasher.finish());
                *counted.cost.repeated.get_or_insert(0) += u64::from(!is_new);
            }
        });
    }

    /// Counts a call of a template that has no body of its own.
    pub(super) fn called(&self, template: &str) {
        if let Some(part) = self.parts.iter().position(|part| matches!(part, Part::Template(name) if name == template))
        {
            self.count(part, |counted| counted.cost.calls += 1);
        }
    }

    /// Forgets what a page left open that could not be rendered.
    pub(super) fn close() {
        OPEN.with_borrow_mut(Vec::clear);
    }

    fn count(&self, part: usize, add: impl FnOnce(&mut Counted)) {
        let mut costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        add(costs.entry(part).or_default());
    }

    /// What has been counted, and all that could have been.
    pub(super) fn costs(&self) -> BTreeMap<Part, Cost> {
        let costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = |(at, part): (usize, &Part)| {
            (part.clone(), costs.get(&at).map_or_else(Cost::default, |counted| counted.cost.clone()))
        };
        self.parts.iter().enumerate().map(cost).collect()
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// The names that a template has in its tags: of the template it extends, of those it includes, of the components it calls
/// and of those it defines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub extends: Option<String>,
    pub includes: BTreeSet<String>,
    pub calls: BTreeSet<String>,
    pub defines: BTreeSet<String>,
}

/// The names in a template.
#[must_use]
pub fn names(text: &str) -> Names {
    let mut names = Names::default();
    for tag in tags(text) {
        match tag.kind {
            Kind::Statement("extends", rest) => names.extends = quoted(rest),
            Kind::Statement("include", rest) => names.includes.extend(quoted(rest)),
            Kind::Statement("component", rest) => {
                names.defines.insert(rest.split('(').next().unwrap_or(rest).trim().to_owned());
            }
            Kind::Call(name) => {
                names.calls.insert(name.to_owned());
            }
            _ => {}
        }
        // `{{ <card/> }}`, and in an argument.
        for (at, _) in text[tag.span.clone()].match_indices('<') {
            let rest = text[tag.span.start + at + 1..tag.span.end].trim_start();
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
            if end > 0 {
                names.calls.insert(rest[..end].to_owned());
            }
        }
    }
    names
}

fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().find(|c| matches!(c, '"' | '\'' | '`'))?;
    text.split(quote).nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Renders `page.html` of some templates, with and without marks; each look at the clock takes a second.
    fn measured(templates: &[(&str, &str)], times: usize) -> BTreeMap<Part, Cost> {
        let mut plain = Tera::new();
        plain.add_raw_templates(templates.iter().copied()).unwrap();
        let ticks = AtomicU64::new(0);
        let clock: Clock = Arc::new(move || Duration::from_secs(ticks.fetch_add(1, Ordering::Relaxed)));
        let (marked, meter) = instrument(&plain, templates.iter().copied(), clock).unwrap();
        for number in 0..times {
            let mut context = tera::Context::new();
            context.insert("number", &number);
            let expected = plain.render("page.html", &context).unwrap();
            assert_eq!(marked.render("page.html", &context).unwrap(), expected, "marks write nothing");
        }
        meter.costs()
    }

    #[track_caller]
    fn check(costs: &BTreeMap<Part, Cost>, part: &Part, calls: u64, total: u64, own: u64, repeated: Option<u64>) {
        let (total, own) = (Duration::from_secs(total), Duration::from_secs(own));
        assert_eq!(costs[part], Cost { calls, total, own, repeated }, "{part:?}");
    }

    #[test]
    fn marks_write_nothing_and_time_is_counted_once() {
        let template = |name: &str| Part::Template(name.to_owned());
        let component = |name: &str| Part::Component(name.to_owned());
        let costs = measured(
            &[
                ("base.html", "<b>\n{% block main -%}  base {%- endblock %}\n</b>{% include \"foot.html\" %}\n"),
                (
                    "page.html",
                    "{% extends \"base.html\" %}\n{%- block main -%}\n  {{ super() }}{{<card n={number}/>}}\n{%- endblock -%}\n",
                ),
                ("foot.html", "\n{%- if true -%} <&> {{ \"<&>\" }}\n{% endif -%}\n"),
                (
                    "parts.html",
                    "{% component card(n: integer) -%}\n <i>{{ n }}</i>{{<dot/>}}{{<dot/>}}\n{%- endcomponent card %}{% component dot() %}.{% endcomponent dot %}",
                ),
                ("never.html", "never"),
            ],
            2,
        );
        // Of base.html: the body holds the block of page.html and foot.html.
        check(&costs, &template("foot.html"), 2, 2, 2, Some(1));
        check(&costs, &component("dot"), 4, 4, 4, Some(3));
        check(&costs, &component("card"), 2, 10, 6, Some(0));
        check(&costs, &template("never.html"), 0, 0, 0, None);
        let base = &costs[&template("base.html")];
        assert_eq!((base.calls, base.total, base.repeated), (2, Duration::from_secs(26), None));
        let page = &costs[&template("page.html")];
        assert_eq!((page.calls, page.total), (0, Duration::from_secs(18)));
    }

    #[test]
    fn names_in_tags() {
        let text = "{% extends 'a.html' %}{# {% include 'no' %} #}{% include \"b.html\" %}{{<c.d x={<e/>}/>}}{% <f> %}{% </f> %}\
                    {% component g(x) %}{% endcomponent g %}{{ 1 < 2 }}{% if a <b %}{% endif %}";
        let names = names(text);
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(names.extends.as_deref(), Some("a.html"));
        assert_eq!((names.includes, names.defines), (set(&["b.html"]), set(&["g"])));
        assert!(names.calls.is_superset(&set(&["c.d", "e", "f"])), "{:?}", names.calls);
    }
}
