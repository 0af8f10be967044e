//! A bundle as a whole: its figures, and where its bytes go.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use serde::Serialize;
use serde_json::Value;

use super::{
    super::text_table::{bytes, grouped, table},
    answer::saved,
    assets::Assets,
};
use crate::{
    map::{Bundle, Entry},
    site::{Coding, ContentHash, Mode, Rules},
};

/// How many bodies and field blocks are told of.
pub(super) const MOST: usize = 10;

#[derive(Debug, Serialize)]
pub(super) struct Overview {
    site: String,
    base: String,
    mode: &'static str,
    generation: String,
    file: String,
    /// Of the file.
    bytes: u64,
    not_found: Option<String>,
    /// Kinds of routes, and all of them together.
    kinds: Vec<KindFigures>,
    total: KindFigures,
    bodies: BodyFigures,
    /// The largest first.
    biggest: Vec<BodyUse>,
    /// Those that several routes share; what saves most first.
    shared: Vec<BodyUse>,
    /// Lists of header fields, those of most routes first.
    fields: Vec<FieldBlock>,
    /// Without the hashes of passwords.
    rules: Value,
    /// What the asset pipeline built.
    #[serde(skip_serializing_if = "Option::is_none")]
    assets: Option<Assets>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routes: Option<Vec<RouteFigures>>,
}

/// What a route is, by its status and media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Pages,
    Styles,
    Scripts,
    Images,
    Fonts,
    Media,
    Data,
    Other,
    Redirects,
    Errors,
}

#[derive(Clone, Debug, Default, Serialize)]
struct KindFigures {
    kind: Option<Kind>,
    routes: u64,
    /// Sums of all routes' bodies in each coding; a body that several routes share counts for each.
    identity: u64,
    gzip: u64,
    br: u64,
    zstd: u64,
    /// The sum of each route's smallest body.
    smallest: u64,
}

#[derive(Debug, Serialize)]
struct BodyFigures {
    /// Distinct ones, in all codings.
    stored: u64,
    bytes: u64,
    /// What they would take more if none was shared.
    saved_bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
struct BodyUse {
    /// The first route, by path, that has it.
    path: String,
    coding: &'static str,
    media: String,
    bytes: u64,
    routes: u64,
}

#[derive(Debug, Serialize)]
struct FieldBlock {
    routes: u64,
    /// The first route, by path, that has them.
    path: String,
    fields: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RouteFigures {
    path: String,
    status: u16,
    media: String,
    identity: u64,
    smallest: u64,
    codings: Vec<&'static str>,
}

impl Overview {
    pub(super) fn of(bundle: &Bundle, file: &Path, with_routes: bool) -> Self {
        let entries = || bundle.routes().map(|(_, id)| bundle.entry(id));
        let (kinds, total) = kinds(entries());
        let (bodies, uses) = bodies(entries());
        Self {
            site: bundle.site().to_string(),
            base: bundle.base().to_string(),
            mode: match bundle.mode() {
                Mode::Traditional => "traditional",
                Mode::Spa => "spa",
            },
            generation: bundle.generation().to_string(),
            file: file.display().to_string(),
            bytes: bundle.len(),
            not_found: bundle.not_found().map(|id| bundle.entry(id).path().to_owned()),
            kinds,
            total,
            bodies,
            biggest: first(&uses, |body| body.bytes),
            shared: first(&uses, |body| body.bytes * (body.routes - 1)),
            fields: field_blocks(entries()),
            rules: rules(bundle.rules()),
            assets: Assets::of(bundle),
            routes: with_routes.then(|| entries().map(|entry| RouteFigures::of(&entry)).collect()),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut sections = vec![self.head(), self.kind_table(), self.bodies_line()];
        sections.extend(self.assets.as_ref().map(Assets::to_text));
        sections.extend([self.biggest_table(), self.shared_table()]);
        sections.extend(self.fields.iter().take(MOST).map(FieldBlock::to_text));
        sections.push(match self.fields.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!("{} more lists of header fields: --json has them all.\n", grouped(more as u64)),
        });
        sections.extend([self.rules_text(), self.route_table()]);
        sections.retain(|section| !section.is_empty());
        sections.join("\n")
    }

    fn head(&self) -> String {
        let Self { site, base, mode, generation, file, .. } = self;
        let (size, not_found) = (bytes(self.bytes), self.not_found.as_deref().unwrap_or("the server’s own page"));
        format!(
            "site        {site}\nbase        {base}\nmode        {mode}\ngeneration  {generation}\n\
             file        {file}, {size}\nnot found   {not_found}\n"
        )
    }

    fn kind_table(&self) -> String {
        let rows: Vec<_> = self.kinds.iter().chain([&self.total]).map(KindFigures::row).collect();
        table(&["routes", "", "identity", "gzip", "br", "zstd", "saved"], &rows)
    }

    fn bodies_line(&self) -> String {
        let BodyFigures { stored, bytes: size, saved_bytes } = self.bodies;
        let sharing = match saved_bytes {
            0 => String::new(),
            saved => format!("; sharing them saves {}", bytes(saved)),
        };
        format!("{} distinct bodies, {}{sharing}.\n", grouped(stored), bytes(size))
    }

    fn biggest_table(&self) -> String {
        let row = |body: &BodyUse| vec![body.path.clone(), body.coding.to_owned(), bytes(body.bytes)];
        some_table(&["biggest bodies", "coding", "size"], &self.biggest.iter().map(row).collect::<Vec<_>>())
    }

    fn shared_table(&self) -> String {
        let row = |body: &BodyUse| {
            let saved = bytes(body.bytes * (body.routes - 1));
            vec![body.path.clone(), body.coding.to_owned(), bytes(body.bytes), grouped(body.routes), saved]
        };
        let rows: Vec<_> = self.shared.iter().map(row).collect();
        some_table(&["shared bodies", "coding", "size", "routes", "saved"], &rows)
    }

    fn rules_text(&self) -> String {
        let rules = self.rules.as_object().into_iter().flatten();
        let lines = rules.flat_map(|(name, value)| {
            let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            several.iter().map(move |value| format!("  {name:<15} {}\n", text(value)))
        });
        let lines: String = lines.collect();
        if lines.is_empty() { lines } else { format!("rules:\n{lines}") }
    }

    fn route_table(&self) -> String {
        let rows: Vec<_> = self.routes.iter().flatten().map(RouteFigures::row).collect();
        some_table(&["path", "status", "type", "size", "smallest", "codings"], &rows)
    }
}

/// A table, or nothing when it has no rows.
fn some_table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() { String::new() } else { table(head, rows) }
}

impl FieldBlock {
    fn to_text(&self) -> String {
        let whose = match self.routes {
            1 => self.path.clone(),
            routes => format!("{} routes, such as {}", grouped(routes), self.path),
        };
        let lines: Vec<_> = self.fields.iter().map(|line| format!("  {line}\n")).collect();
        format!("header fields of {whose}:\n{}", lines.concat())
    }
}

fn kinds<'a>(entries: impl Iterator<Item = Entry<'a>>) -> (Vec<KindFigures>, KindFigures) {
    let (mut kinds, mut total) = (BTreeMap::<Kind, KindFigures>::new(), KindFigures::default());
    for entry in entries {
        let kind = Kind::of(&entry);
        let figures = kinds.entry(kind).or_insert_with(|| KindFigures { kind: Some(kind), ..KindFigures::default() });
        figures.add(&entry);
        total.add(&entry);
    }
    (kinds.into_values().collect(), total)
}

impl Kind {
    fn of(entry: &Entry<'_>) -> Self {
        match entry.status() {
            300..400 => return Self::Redirects,
            400.. => return Self::Errors,
            _ => {}
        }
        match essence(entry) {
            "text/html" | "application/xhtml+xml" => Self::Pages,
            "text/css" => Self::Styles,
            "text/javascript" | "application/javascript" | "application/wasm" => Self::Scripts,
            "application/json" | "application/xml" | "text/xml" | "text/csv" => Self::Data,
            other => match other.split('/').next() {
                Some("image") => Self::Images,
                Some("font") => Self::Fonts,
                Some("audio" | "video") => Self::Media,
                _ if other.ends_with("+json") || other.ends_with("+xml") => Self::Data,
                _ => Self::Other,
            },
        }
    }
}

/// The media type without its parameters; empty when there is none.
fn essence<'a>(entry: &Entry<'a>) -> &'a str {
    let media = entry.fields().find(|(name, _)| *name == "content-type").map_or("", |(_, value)| value);
    media.split(';').next().unwrap_or("").trim()
}

impl KindFigures {
    fn add(&mut self, entry: &Entry<'_>) {
        self.routes += 1;
        for found in entry.representations() {
            let sum = match found.coding() {
                Coding::Identity => &mut self.identity,
                Coding::Gzip => &mut self.gzip,
                Coding::Brotli => &mut self.br,
                Coding::Zstd => &mut self.zstd,
            };
            *sum += found.len();
        }
        self.smallest += smallest(entry);
    }

    fn row(&self) -> Vec<String> {
        let name = match self.kind {
            None => "all",
            Some(Kind::Pages) => "pages",
            Some(Kind::Styles) => "styles",
            Some(Kind::Scripts) => "scripts",
            Some(Kind::Images) => "images",
            Some(Kind::Fonts) => "fonts",
            Some(Kind::Media) => "audio and video",
            Some(Kind::Data) => "data",
            Some(Kind::Other) => "other",
            Some(Kind::Redirects) => "redirects",
            Some(Kind::Errors) => "errors",
        };
        let coded = |sum: u64| if sum == 0 { "–".to_owned() } else { bytes(sum) };
        let mut row = vec![name.to_owned(), grouped(self.routes)];
        row.extend([self.identity, self.gzip, self.br, self.zstd].map(coded));
        row.push(saved(self.smallest, self.identity));
        row
    }
}

fn smallest(entry: &Entry<'_>) -> u64 {
    entry.representations().map(|found| found.len()).min().unwrap_or(0)
}

/// All bodies, with how many routes have each; those of no bytes are left out of the list.
fn bodies<'a>(entries: impl Iterator<Item = Entry<'a>>) -> (BodyFigures, Vec<BodyUse>) {
    let mut places = HashMap::<ContentHash, usize>::new();
    let mut uses = Vec::<BodyUse>::new();
    for entry in entries {
        let mut seen = BTreeSet::new();
        for found in entry.representations().filter(|found| seen.insert(found.hash())) {
            let place = *places.entry(found.hash()).or_insert(uses.len());
            if place == uses.len() {
                uses.push(BodyUse {
                    path: entry.path().to_owned(),
                    coding: found.coding().token(),
                    media: essence(&entry).to_owned(),
                    bytes: found.len(),
                    routes: 0,
                });
            }
            uses[place].routes += 1;
        }
    }
    let figures = BodyFigures {
        stored: uses.len() as u64,
        bytes: uses.iter().map(|body| body.bytes).sum(),
        saved_bytes: uses.iter().map(|body| body.bytes * (body.routes - 1)).sum(),
    };
    (figures, uses)
}

/// Those for which `weight` is largest, and not 0.
fn first(uses: &[BodyUse], weight: impl Fn(&BodyUse) -> u64) -> Vec<BodyUse> {
    let mut sorted: Vec<_> = uses.iter().filter(|body| weight(body) > 0).collect();
    sorted.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| (&a.path, a.coding).cmp(&(&b.path, b.coding))));
    sorted.into_iter().take(MOST).cloned().collect()
}

fn field_blocks<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<FieldBlock> {
    let mut blocks = BTreeMap::<Vec<String>, FieldBlock>::new();
    for entry in entries {
        let fields: Vec<_> = entry.fields().map(|(name, value)| format!("{name}: {value}")).collect();
        let new = || FieldBlock { routes: 0, path: entry.path().to_owned(), fields: fields.clone() };
        blocks.entry(fields.clone()).or_insert_with(new).routes += 1;
    }
    let mut blocks: Vec<_> = blocks.into_values().collect();
    blocks.sort_by(|a, b| b.routes.cmp(&a.routes).then_with(|| a.path.cmp(&b.path)));
    blocks
}

/// Who may sign in is told, what their passwords hash to is not.
fn rules(rules: &Rules) -> Value {
    let mut value = serde_json::to_value(rules).unwrap_or_default();
    for protected in value.get_mut("protected").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(users) = protected.get_mut("users") {
            *users = users.as_object().map(|users| users.keys().cloned().collect()).unwrap_or_default();
        }
    }
    sorted(value)
}

/// By key, whatever else is compiled in: a feature of another crate decides whether objects keep their order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

impl RouteFigures {
    fn of(entry: &Entry<'_>) -> Self {
        Self {
            path: entry.path().to_owned(),
            status: entry.status(),
            media: essence(entry).to_owned(),
            identity: entry.identity().len(),
            smallest: smallest(entry),
            codings: entry.representations().map(|found| found.coding().token()).collect(),
        }
    }

    fn row(&self) -> Vec<String> {
        let (status, size, smallest) = (self.status.to_string(), bytes(self.identity), bytes(self.smallest));
        vec![self.path.clone(), status, self.media.clone(), size, smallest, self.codings.join(" ")]
    }
}
