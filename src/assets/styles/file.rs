//! One style sheet by itself: read, compiled to CSS, what it names published, what it imports known. Its rules wait to be
//! put together with those of others.

use std::sync::Arc;

use lightningcss::{
    media_query::MediaList,
    rules::{CssRule, CssRuleList, Location, import::ImportRule, layer::LayerName},
    stylesheet::{ParserFlags, ParserOptions, PrinterOptions, StyleSheet},
    traits::ToCss,
};

use super::{
    modules::{self, Composed, From, Names},
    resolve::{self, Meaning},
    sass,
    urls::{self, Edited},
};
use crate::{
    assets::{self, Context},
    diag::{Diagnostic, Severity, Source},
    site::BuiltModule,
    transform::{contained::contained, css, links},
};

/// A style sheet without what it imports.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// As its author wrote it; the CSS of a Sass file.
    pub(super) source: Source,
    /// The same, the files it names published.
    pub(super) css: Edited,
    /// The CSS of a CSS module, its classes renamed, and the way back to `css`, as a `data:` URL of a source map.
    pub(super) printed: Option<String>,
    pub(super) map: Option<String>,
    /// What stands before its rules, in its order.
    pub(super) lead: Vec<Lead>,
    /// So many of the first rules are in `lead` already.
    pub(super) skipped: usize,
    /// Layers that its rules begin.
    pub(super) layers: Vec<String>,
    /// Of a CSS module: the published names of its classes.
    pub(super) names: Option<Names>,
    /// What its CSS was compiled from, itself among it, and how much of each is rules.
    pub(super) compiled_from: Vec<(Arc<str>, u64)>,
}

/// What may stand before the rules of a sheet.
#[derive(Clone, Debug)]
pub(super) enum Lead {
    /// Names of layers, in their order.
    Layers(Vec<String>),
    File(Arc<str>, Condition),
    /// A sheet of another host.
    Foreign(String, Condition),
}

/// When an imported sheet applies, and in which layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    pub(super) layer: Option<Layer>,
    pub(super) supports: Option<String>,
    pub(super) media: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// No two of them are the same.
    Nameless,
    Named(String),
}

/// A place that asks for another sheet.
pub(super) struct Asked {
    pub(super) path: String,
    /// `@import "x.css"`, in the file it stands in.
    pub(super) source: Source,
    pub(super) at: usize,
}

/// A file and the sheets it needs, which are not loaded yet.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) asked: Vec<Asked>,
    pub(super) composed: Vec<Composed>,
}

/// Reads the sheet at `path`.
pub(super) fn open(context: &Context<'_>, path: &str, found: &mut Vec<Diagnostic>) -> Option<Opened> {
    let text = assets::read(context.world, path, found)?;
    let (source, origins) = if sass::is_sass(path) {
        let compiled = sass::compile(context, &text).map_err(|mistakes| found.extend(mistakes)).ok()?;
        (Source::new(path, compiled.css), compiled.sources)
    } else {
        (text.clone(), vec![text])
    };
    let css = urls::publish(context, &source, &origins, found);
    let opened = contained(Arc::clone(&source.path), "lightningcss", || read(context, &source, &origins, css, found));
    opened.unwrap_or_else(|panic| {
        found.extend(panic.into_iter().map(|one| Diagnostic { severity: Severity::Error, help: None, ..one }));
        None
    })
}

fn read(
    context: &Context<'_>,
    source: &Source,
    origins: &[Source],
    css: Edited,
    found: &mut Vec<Diagnostic>,
) -> Option<Opened> {
    let is_module = modules::is_module(&source.path);
    let options = options(&source.path, 0);
    let options = ParserOptions { css_modules: is_module.then(modules::config), ..options };
    let (sheet, mistakes) = css::parse(&source.text, options);
    if !source.path.contains("node_modules/") {
        let shown = shown(source);
        found.extend(mistakes.iter().map(|mistake| {
            css::diagnostic(&shown, mistake)
                .as_warning()
                .with_help("what browsers skip is left out; what they may know better than the build does is kept")
        }));
    }
    let sheet = sheet.map_err(|error| found.push(css::diagnostic(&shown(source), &error))).ok()?;
    let mut asked = Vec::new();
    let (lead, skipped) = leading(context, source, origins, &sheet.rules, &mut asked, found);
    let layers = layers(&sheet.rules);
    let mut file = File {
        source: source.clone(),
        css,
        printed: None,
        map: None,
        lead,
        skipped,
        layers,
        names: None,
        compiled_from: origins.iter().map(|origin| (Arc::clone(&origin.path), sass::length_of_rules(origin))).collect(),
    };
    let mut composed = Vec::new();
    if is_module {
        composed = modules::scope(&mut file, found)?;
        composed.retain_mut(|one| {
            let From::File(address) = &one.from else { return true };
            let Some(path) = import(context, source, origins, address, one.at, found) else { return false };
            file.lead.push(Lead::File(path.as_str().into(), Condition::default()));
            asked.push(Asked { path: path.clone(), source: source.clone(), at: one.at });
            one.from = From::File(path);
            true
        });
    }
    Some(Opened { file, asked, composed })
}

/// What a diagnostic calls the text that was parsed.
pub(super) fn shown(source: &Source) -> Source {
    if !sass::is_sass(&source.path) {
        return source.clone();
    }
    Source { path: format!("{} (compiled)", source.path).into(), text: Arc::clone(&source.text) }
}

/// How sheets are parsed, wherever they are.
pub(super) fn options<'a>(path: &str, source_index: u32) -> ParserOptions<'a> {
    ParserOptions {
        filename: path.to_owned(),
        source_index,
        flags: ParserFlags::CUSTOM_MEDIA,
        ..ParserOptions::default()
    }
}

/// What stands before the rules, and how many of them that are: all up to the last `@import`.
fn leading(
    context: &Context<'_>,
    source: &Source,
    origins: &[Source],
    rules: &CssRuleList<'_>,
    asked: &mut Vec<Asked>,
    found: &mut Vec<Diagnostic>,
) -> (Vec<Lead>, usize) {
    let skipped = rules.0.iter().rposition(|rule| matches!(rule, CssRule::Import(_))).map_or(0, |at| at + 1);
    let mut lead = Vec::new();
    let mut has_file = false;
    for rule in &rules.0[..skipped] {
        match rule {
            CssRule::LayerStatement(statement) => {
                lead.push(Lead::Layers(statement.names.iter().map(written).collect()));
            }
            CssRule::Import(rule) => {
                let at = place(source, rule.loc);
                if resolve::is_foreign(&rule.url) {
                    if has_file {
                        let message = "a style sheet of another host comes before all that are part of this one";
                        found.push(
                            Diagnostic::error_at(&shown(source), at..at + "@import".len(), message)
                                .as_warning()
                                .with_help("write it before the other imports, so that it reads as it works"),
                        );
                    }
                    lead.push(Lead::Foreign(rule.url.to_string(), Condition::of(rule)));
                } else if let Some(path) = import(context, source, origins, &rule.url, at, found) {
                    has_file = true;
                    lead.push(Lead::File(path.as_str().into(), Condition::of(rule)));
                    asked.push(Asked { path, source: source.clone(), at });
                }
            }
            _ => {}
        }
    }
    (lead, skipped)
}

/// The path of an imported sheet.
fn import(
    context: &Context<'_>,
    source: &Source,
    origins: &[Source],
    address: &str,
    at: usize,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let (path, _) = links::split_path(address);
    let meanings = origins.iter().map(|origin| resolve::resolve(context, path, &origin.path));
    let meaning = resolve::first(meanings)?;
    let help = match meaning {
        Meaning::File(file) => return Some(file),
        Meaning::Nothing(help) => help,
        Meaning::Route => Some(format!("a path from the root is one of the site or of `{}/assets`", context.site.root)),
        Meaning::Foreign => Some("names can be composed from files of the site only".to_owned()),
    };
    let span = source.text[at..].find(address).map_or(at..at, |start| at + start..at + start + address.len());
    let diagnostic = urls::told(source, &span, address, origins, format!("there is no style sheet `{path}`"));
    found.push(Diagnostic { help, ..diagnostic });
    None
}

impl File {
    /// The byte offset in the source of a place in `css`: lines from 0, columns from 1.
    pub(super) fn place(&self, line: u32, column: u32) -> usize {
        css::offset(&self.source, line, self.css.old_column(line, column.saturating_sub(1)) + 1)
    }

    /// Its sources, and what each has of the bytes that were made of it. The Sass compiler does not say what came from where:
    /// they share the bytes by what they have of rules.
    pub(super) fn sources(&self, bytes: u64) -> impl Iterator<Item = BuiltModule> {
        let total: u64 = self.compiled_from.iter().map(|(_, length)| length).sum();
        let of = |length: u64| bytes.saturating_mul(length) / total.max(1);
        let others = self.compiled_from.iter().filter(|(path, _)| *path != self.source.path);
        let others: Vec<_> =
            others.map(|(path, length)| BuiltModule { source: path.to_string(), bytes: of(*length) }).collect();
        let own = bytes - others.iter().map(|one| one.bytes).sum::<u64>();
        std::iter::once(BuiltModule { source: self.source.path.to_string(), bytes: own }).chain(others)
    }

    /// The CSS to put together with that of others.
    pub(super) fn text(&self) -> &str {
        self.printed.as_ref().unwrap_or(&self.css.text)
    }
}

/// The byte offset of a rule.
fn place(source: &Source, location: Location) -> usize {
    css::offset(source, location.line, location.column)
}

/// The names of the layers that rules at the top begin.
fn layers(rules: &CssRuleList<'_>) -> Vec<String> {
    let names = rules.0.iter().flat_map(|rule| match rule {
        CssRule::LayerStatement(statement) => statement.names.iter().map(written).collect(),
        CssRule::LayerBlock(block) => block.name.iter().map(written).collect(),
        _ => Vec::new(),
    });
    names.collect()
}

fn written(name: &LayerName<'_>) -> String {
    name.to_css_string(PrinterOptions::default()).unwrap_or_default()
}

impl Condition {
    fn of(rule: &ImportRule<'_>) -> Self {
        let media = |media: &MediaList<'_>| media.to_css_string(PrinterOptions::default()).ok();
        Self {
            layer: rule.layer.as_ref().map(|name| match name {
                Some(name) => Layer::Named(written(name)),
                None => Layer::Nameless,
            }),
            supports: rule.supports.as_ref().and_then(|one| one.to_css_string(PrinterOptions::default()).ok()),
            media: Some(&rule.media).filter(|list| !list.media_queries.is_empty()).and_then(media),
        }
    }

    /// Blocks around the rules of a sheet that is part of another, the outermost first: `@media print`.
    pub(super) fn blocks(&self) -> Vec<String> {
        let media = self.media.iter().map(|media| format!("@media {media}"));
        let supports = self.supports.iter().map(|supports| format!("@supports {supports}"));
        let layer = self.layer.iter().map(|layer| match layer {
            Layer::Named(name) => format!("@layer {name}"),
            Layer::Nameless => "@layer".to_owned(),
        });
        media.chain(supports).chain(layer).collect()
    }

    /// What follows the address in `@import`.
    pub(super) fn suffix(&self) -> String {
        let layer = self.layer.iter().map(|layer| match layer {
            Layer::Named(name) => format!(" layer({name})"),
            Layer::Nameless => " layer".to_owned(),
        });
        let supports = self.supports.iter().map(|supports| format!(" supports({supports})"));
        let media = self.media.iter().map(|media| format!(" {media}"));
        layer.chain(supports).chain(media).collect()
    }
}

/// The sheet that is `css`.
pub(super) fn parsed<'a>(css: &'a str, options: ParserOptions<'a>) -> Option<StyleSheet<'a>> {
    css::parse(css, options).0.ok()
}
