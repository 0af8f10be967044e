//! Sheets put together: one text, compiled for the browsers, minified, and what of it came from where.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lightningcss::{
    rules::{CssRule, CssRuleList},
    stylesheet::{MinifyOptions, ParserFlags, ParserOptions, PrinterOptions, StyleSheet},
    targets::Targets,
};

use super::{
    Joined, Part, What,
    file::{self, Condition, File},
    sass,
};
use crate::{
    assets::Context,
    diag::Diagnostic,
    load::SourceMaps,
    transform::{css, unused},
};

/// A sheet without rules that says it has an empty source map: lightningcss shows the type of maps to none but those who
/// already have one.
pub(super) fn empty_map() -> StyleSheet<'static> {
    let map = r#"{"version":3,"mappings":"","sources":[],"sourcesContent":[],"names":[]}"#;
    let mut sheet = StyleSheet::new(vec![String::new()], CssRuleList(Vec::new()), ParserOptions::default());
    sheet.source_map_urls = vec![Some(format!("data:application/json,{map}"))];
    sheet
}

/// One text of `parts`.
pub(super) fn print(context: &Context<'_>, parts: &[Part], found: &mut Vec<Diagnostic>) -> Option<Joined> {
    let mut files: Vec<&File> = Vec::new();
    let mut numbers = BTreeMap::new();
    for part in parts {
        numbers.entry(&*part.file.source.path).or_insert_with(|| {
            files.push(&part.file);
            files.len() - 1
        });
    }
    let number = |part: &Part| numbers[&*part.file.source.path];
    let pieces: Vec<Piece<'_>> = in_order(parts).map(|part| Piece::of(part, number(part))).collect();
    let mut rules = Vec::new();
    for piece in &pieces {
        rules.extend(piece.rules());
    }
    let options = ParserOptions { flags: ParserFlags::CUSTOM_MEDIA, ..ParserOptions::default() };
    let names = files.iter().map(|file| file.source.path.to_string()).collect();
    let mut sheet = StyleSheet::new(names, CssRuleList(rules), options);
    sheet.source_map_urls = files.iter().map(|file| file.map.clone()).collect();
    let mut seen = BTreeSet::new();
    let licences =
        files.iter().flat_map(|file| css::licences(&file.source.text)).filter(|licence| seen.insert(*licence));
    sheet.license_comments =
        licences.map(|licence| licence.trim_start_matches("/*").trim_end_matches("*/").into()).collect();

    let targets = context.browsers.targets();
    let whole = context.used.map(|used| {
        let whole = StyleSheet::new(sheet.sources.clone(), sheet.rules.clone(), ParserOptions::default());
        unused::remove_from(&mut sheet.rules, used);
        whole
    });
    if let Err(error) = sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }) {
        found.push(told(&files, &error));
        return None;
    }
    let empty = empty_map();
    let (mut map, mut whole_map) = (empty.source_map(0)?, empty.source_map(0)?);
    for file in &files {
        map.add_source(&file.source.path);
        whole_map.add_source(&name_in_map(file));
    }
    let options = PrinterOptions { minify: true, targets, source_map: Some(&mut map), ..PrinterOptions::default() };
    let css = match sheet.to_css(options) {
        Ok(printed) => printed.code,
        Err(error) => {
            found.push(told(&files, &error));
            return None;
        }
    };

    for (number, file) in files.iter().enumerate() {
        let _ = whole_map.set_source_content(number, &file.source.text);
    }
    let mut shares = Shares::new(&css, files.len());
    for mapping in map.get_mappings() {
        let mut original = mapping.original;
        if let Some(original) = &mut original {
            let path = map.get_source(original.source).unwrap_or_default();
            if let Some(&number) = numbers.get(path) {
                original.source = index(number);
                original.original_column =
                    files[number].css.old_column(original.original_line, original.original_column);
                shares.begin(number, mapping.generated_line, mapping.generated_column);
            }
        }
        whole_map.add_mapping(mapping.generated_line, mapping.generated_column, original);
    }
    let bytes = shares.finish();
    let modules = files.iter().zip(bytes).flat_map(|(file, bytes)| file.sources(bytes));
    let map = (context.options.config.source_maps != SourceMaps::None).then(|| whole_map.to_json(None).ok()).flatten();
    let unused = whole.and_then(|whole| length(whole, targets)).map(|whole| whole.saturating_sub(css.len() as u64));
    Some(Joined { css, modules: modules.collect(), unused, map })
}

/// The bytes of a sheet once it is minified.
fn length(mut sheet: StyleSheet<'_>, targets: Targets) -> Option<u64> {
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).ok()?;
    let printed = sheet.to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() }).ok()?;
    Some(printed.code.len() as u64)
}

/// The number of a file as lightningcss counts them.
fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Foreign sheets come first, as `@import` must, behind the layers that were named before them.
fn in_order(parts: &[Part]) -> impl Iterator<Item = &Part> {
    let body = parts.iter().position(|part| matches!(part.what, What::Rules)).unwrap_or(parts.len());
    let is_first = move |at: usize, part: &Part| at < body || matches!(part.what, What::Foreign(_));
    let first = parts.iter().enumerate().filter(move |(at, part)| is_first(*at, part));
    let rest = parts.iter().enumerate().filter(move |(at, part)| !is_first(*at, part));
    first.chain(rest).map(|(_, part)| part)
}

/// A part's text, and the blocks around it.
struct Piece<'a> {
    part: &'a Part,
    number: u32,
    /// Text that is in no file.
    made: String,
    /// `@media print{@layer base{}}`
    around: String,
}

impl<'a> Piece<'a> {
    fn of(part: &'a Part, number: usize) -> Self {
        let made = match &part.what {
            What::Rules => String::new(),
            What::Layers(names) if names.is_empty() => String::new(),
            What::Layers(names) => format!("@layer {};", names.join(",")),
            What::Foreign(address) => foreign(address, &part.conditions),
        };
        let is_wrapped = !matches!(part.what, What::Foreign(_));
        let blocks: Vec<String> = part.conditions.iter().filter(|_| is_wrapped).flat_map(Condition::blocks).collect();
        let around = blocks.iter().map(|block| format!("{block}{{")).chain(blocks.iter().map(|_| "}".to_owned()));
        Self { part, number: index(number), made, around: around.collect() }
    }

    fn rules(&self) -> Vec<CssRule<'_>> {
        let file = &self.part.file;
        let parsed = |text| file::parsed(text, file::options(&file.source.path, self.number));
        let rules = match &self.part.what {
            What::Rules => parsed(file.text()).map(|mut sheet| {
                sheet.rules.0.drain(..file.skipped.min(sheet.rules.0.len()));
                sheet.rules.0
            }),
            _ => parsed(&self.made).map(|sheet| sheet.rules.0),
        };
        let rules = rules.unwrap_or_default();
        if self.around.is_empty() {
            return rules;
        }
        let mut around = parsed(&self.around).map_or(CssRuleList(Vec::new()), |sheet| sheet.rules);
        fill(&mut around, rules);
        around.0
    }
}

/// Puts `rules` into the innermost of nested blocks.
fn fill<'a>(blocks: &mut CssRuleList<'a>, rules: Vec<CssRule<'a>>) {
    match blocks.0.first_mut() {
        Some(CssRule::Media(block)) => fill(&mut block.rules, rules),
        Some(CssRule::Supports(block)) => fill(&mut block.rules, rules),
        Some(CssRule::LayerBlock(block)) => fill(&mut block.rules, rules),
        _ => blocks.0 = rules,
    }
}

/// `@import` of a sheet that cannot be part of this one. A sheet around it that is imported under a condition becomes one in
/// a `data:` URL, since conditions cannot be put together in one rule.
fn foreign(address: &str, conditions: &[Condition]) -> String {
    let mut conditions = conditions.iter().rev();
    let quoted = address.replace('\\', "\\\\").replace('"', "\\\"");
    let innermost = conditions.next().map(Condition::suffix).unwrap_or_default();
    let import = format!("@import url(\"{quoted}\"){innermost};");
    conditions.fold(import, |inner, outer| {
        let encoded = percent_encoding::utf8_percent_encode(&inner, percent_encoding::NON_ALPHANUMERIC);
        format!("@import url(\"data:text/css,{encoded}\"){};", outer.suffix())
    })
}

/// What lightningcss finds wrong when sheets are together.
fn told<T: std::fmt::Display>(files: &[&File], error: &lightningcss::error::Error<T>) -> Diagnostic {
    let message = error.kind.to_string();
    let place = error.loc.as_ref();
    let file = place.and_then(|place| files.iter().find(|file| *file.source.path == *place.filename));
    match (file, place) {
        (Some(file), Some(place)) if file.printed.is_none() => {
            let at = file.place(place.line, place.column);
            Diagnostic::error_at(&file::shown(&file.source), at..at + 1, message)
        }
        (Some(file), _) => Diagnostic::error(Arc::clone(&file.source.path), message),
        _ => Diagnostic::error(files.first().map_or("", |file| &*file.source.path), message),
    }
}

/// What a debugger calls a file: what it shows of a Sass file is the CSS it was compiled to.
fn name_in_map(file: &File) -> String {
    let css = if sass::is_sass(&file.source.path) { ".css" } else { "" };
    format!("{}{css}", file.source.path)
}

/// How many bytes of a text are whose.
struct Shares<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    bytes: Vec<u64>,
    /// Whose what follows is, and from where.
    current: (usize, usize),
}

impl<'a> Shares<'a> {
    fn new(text: &'a str, files: usize) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines, bytes: vec![0; files], current: (0, 0) }
    }

    /// From here on it is the file's of this number. Lines and columns count from 0, columns in bytes.
    fn begin(&mut self, number: usize, line: u32, column: u32) {
        let start = self.lines.get(line as usize).copied().unwrap_or(self.text.len());
        let at = (start + column as usize).min(self.text.len());
        self.end_at(at);
        self.current = (number, at);
    }

    fn end_at(&mut self, at: usize) {
        let (number, start) = self.current;
        if let Some(bytes) = self.bytes.get_mut(number) {
            *bytes += at.saturating_sub(start) as u64;
        }
    }

    fn finish(mut self) -> Vec<u64> {
        self.end_at(self.text.len());
        self.bytes
    }
}
