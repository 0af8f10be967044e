//! What the asset pipeline built: entries, the files each brings, what those weigh in each coding, and what is in them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    super::text_table::{bytes, grouped, table},
    overview::MOST,
};
use crate::{
    map::Bundle,
    site::{BuiltFile, BuiltKind, BuiltModule, Coding, Manifest},
};

#[derive(Debug, Serialize)]
pub(super) struct Assets {
    /// By source.
    pub(super) entries: Vec<EntryFigures>,
    /// By path.
    pub(super) files: Vec<FileFigures>,
    /// What is in scripts and style sheets, by package; the largest first.
    pub(super) packages: Vec<PackageFigures>,
    /// The largest modules.
    pub(super) biggest_modules: Vec<ModuleFigures>,
    /// Modules that are in more than one file; those of most bytes first.
    pub(super) duplicates: Vec<Duplicate>,
}

#[derive(Debug, Serialize)]
pub(super) struct EntryFigures {
    pub(super) source: String,
    pub(super) file: String,
    /// What it imports before it runs, and what that imports.
    pub(super) imports: Vec<String>,
    pub(super) styles: Vec<String>,
    /// What it may ask for later, and what that imports.
    pub(super) later: Vec<String>,
    /// Of all files a browser gets at once.
    pub(super) at_once: Sizes,
    /// Of those it may get later.
    pub(super) in_time: Sizes,
}

#[derive(Debug, Serialize)]
pub(super) struct FileFigures {
    pub(super) path: String,
    pub(super) kind: BuiltKind,
    pub(super) sizes: Sizes,
    pub(super) integrity: String,
    pub(super) imports: Vec<String>,
    pub(super) later: Vec<String>,
    /// Of style rules that nothing uses and that were left out, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused: Option<u64>,
    /// The largest first.
    pub(super) modules: Vec<BuiltModule>,
}

/// In bytes. A coding that a file does not have counts as what is sent instead; none at all where no file has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sizes {
    pub(super) identity: u64,
    pub(super) gzip: Option<u64>,
    pub(super) br: Option<u64>,
    pub(super) zstd: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct PackageFigures {
    /// None is the site's own code.
    pub(super) name: Option<String>,
    pub(super) bytes: u64,
    pub(super) modules: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct ModuleFigures {
    pub(super) source: String,
    pub(super) file: String,
    pub(super) bytes: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Duplicate {
    pub(super) source: String,
    /// Of all its copies.
    pub(super) bytes: u64,
    pub(super) files: Vec<String>,
}

impl Assets {
    /// None when nothing was built.
    pub(super) fn of(bundle: &Bundle) -> Option<Self> {
        let manifest = bundle.manifest();
        if manifest.is_empty() {
            return None;
        }
        let sizes: BTreeMap<&str, Sizes> =
            manifest.files.keys().map(|path| (path.as_str(), Sizes::of(bundle, path))).collect();
        Some(Self {
            entries: entries(&manifest, &sizes),
            files: manifest
                .files
                .iter()
                .map(|(path, file)| FileFigures::of(path, file, sizes[path.as_str()]))
                .collect(),
            packages: packages(&manifest),
            biggest_modules: biggest(&manifest),
            duplicates: duplicates(&manifest),
        })
    }

    pub(super) fn to_text(&self) -> String {
        let mut sections = vec![self.entry_table(), self.file_table(), self.package_table(), self.module_table()];
        sections.extend([self.duplicate_table(), self.unused_table()]);
        sections.retain(|section| !section.is_empty());
        sections.join("\n")
    }

    fn entry_table(&self) -> String {
        let mut rows = Vec::new();
        for entry in self.loaded() {
            rows.push(row(entry.source.clone(), entry.at_once));
            let named = [("", vec![&entry.file]), ("imports ", entry.imports.iter().collect())]
                .into_iter()
                .chain([("style ", entry.styles.iter().collect()), ("later ", entry.later.iter().collect())]);
            for (what, path) in named.flat_map(|(what, paths)| paths.into_iter().map(move |path| (what, path))) {
                rows.push(row(format!("  {what}{path}"), self.sizes_of(path)));
            }
        }
        some_table(&["entries, and what they bring at once", "size", "gzip", "br"], &rows)
    }

    /// The entries that are scripts and style sheets.
    pub(super) fn loaded(&self) -> impl Iterator<Item = &EntryFigures> {
        let kind = |path: &str| self.files.iter().find(|file| file.path == path).map(|file| file.kind);
        self.entries.iter().filter(move |entry| kind(&entry.file) != Some(BuiltKind::File))
    }

    /// Those that none of these brings: chunks of scripts inside pages, pictures.
    fn file_table(&self) -> String {
        let brought = |path: &String| {
            let of = |entry: &EntryFigures| {
                entry.file == *path
                    || [&entry.imports, &entry.styles, &entry.later].iter().any(|all| all.contains(path))
            };
            self.loaded().any(of)
        };
        let others = self.files.iter().filter(|file| !brought(&file.path));
        let rows: Vec<_> = others.map(|file| row(file.path.clone(), file.sizes)).collect();
        some_table(&["other files", "size", "gzip", "br"], &rows)
    }

    fn package_table(&self) -> String {
        let row =
            |package: &PackageFigures| vec![package.name().to_owned(), grouped(package.modules), bytes(package.bytes)];
        some_table(
            &["biggest packages", "modules", "size"],
            &self.packages.iter().take(MOST).map(row).collect::<Vec<_>>(),
        )
    }

    fn module_table(&self) -> String {
        let row = |module: &ModuleFigures| vec![module.source.clone(), bytes(module.bytes), module.file.clone()];
        some_table(&["biggest modules", "size", "in"], &self.biggest_modules.iter().map(row).collect::<Vec<_>>())
    }

    fn duplicate_table(&self) -> String {
        let row =
            |module: &Duplicate| vec![module.source.clone(), grouped(module.files.len() as u64), bytes(module.bytes)];
        let rows: Vec<_> = self.duplicates.iter().take(MOST).map(row).collect();
        some_table(&["modules in several files", "files", "together"], &rows)
    }

    fn unused_table(&self) -> String {
        let row = |file: &FileFigures| Some(vec![file.path.clone(), bytes(file.sizes.identity), bytes(file.unused?)]);
        some_table(&["rules nothing uses", "size", "left out"], &self.files.iter().filter_map(row).collect::<Vec<_>>())
    }

    pub(super) fn sizes_of(&self, path: &str) -> Sizes {
        self.files.iter().find(|file| file.path == path).map(|file| file.sizes).unwrap_or_default()
    }
}

fn row(name: String, Sizes { identity, gzip, br, .. }: Sizes) -> Vec<String> {
    let coded = |size: Option<u64>| size.map_or_else(|| "–".to_owned(), bytes);
    vec![name, bytes(identity), coded(gzip), coded(br)]
}

fn some_table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() { String::new() } else { table(head, rows) }
}

impl PackageFigures {
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("(the site’s own)")
    }
}

impl Sizes {
    fn of(bundle: &Bundle, path: &str) -> Self {
        let Some(entry) = bundle.lookup(path).map(|id| bundle.entry(id)) else { return Self::default() };
        let len = |coding| entry.representations().find(|found| found.coding() == coding).map(|found| found.len());
        Self {
            identity: entry.identity().len(),
            gzip: len(Coding::Gzip),
            br: len(Coding::Brotli),
            zstd: len(Coding::Zstd),
        }
    }

    pub(super) fn sum(all: &(impl Iterator<Item = Self> + Clone)) -> Self {
        let sum = |of: fn(Self) -> Option<u64>| {
            let some = all.clone().any(|sizes| of(sizes).is_some());
            some.then(|| all.clone().map(|sizes| of(sizes).unwrap_or(sizes.identity)).sum())
        };
        Self {
            identity: all.clone().map(|sizes| sizes.identity).sum(),
            gzip: sum(|sizes| sizes.gzip),
            br: sum(|sizes| sizes.br),
            zstd: sum(|sizes| sizes.zstd),
        }
    }
}

impl FileFigures {
    fn of(path: &str, file: &BuiltFile, sizes: Sizes) -> Self {
        let mut modules = file.modules.clone();
        modules.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.source.cmp(&b.source)));
        Self {
            path: path.to_owned(),
            kind: file.kind,
            sizes,
            integrity: file.integrity.clone(),
            imports: file.imports.clone(),
            later: file.later.clone(),
            unused: file.unused,
            modules,
        }
    }
}

fn entries(manifest: &Manifest, sizes: &BTreeMap<&str, Sizes>) -> Vec<EntryFigures> {
    let of = |path: &String| sizes.get(path.as_str()).copied().unwrap_or_default();
    let figures = manifest.entries.iter().map(|(source, entry)| EntryFigures {
        source: source.clone(),
        file: entry.file.clone(),
        imports: entry.imports.clone(),
        styles: entry.styles.clone(),
        later: entry.later.clone(),
        at_once: Sizes::sum(&[&entry.file].into_iter().chain(&entry.imports).chain(&entry.styles).map(of)),
        in_time: Sizes::sum(&entry.later.iter().map(of)),
    });
    figures.collect()
}

fn packages(manifest: &Manifest) -> Vec<PackageFigures> {
    let mut packages = BTreeMap::<Option<&str>, (u64, u64)>::new();
    for module in manifest.files.values().flat_map(|file| &file.modules) {
        let (bytes, modules) = packages.entry(package(&module.source)).or_default();
        *bytes += module.bytes;
        *modules += 1;
    }
    let figures =
        |(name, (bytes, modules)): (Option<&str>, _)| PackageFigures { name: name.map(str::to_owned), bytes, modules };
    let mut packages: Vec<_> = packages.into_iter().map(figures).collect();
    packages.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    packages
}

/// The package a source belongs to: `react`, `@scope/name`; none for the site's own.
fn package(source: &str) -> Option<&str> {
    let (_, path) = source.rsplit_once("node_modules/")?;
    let segments = if path.starts_with('@') { 2 } else { 1 };
    let end = path.match_indices('/').nth(segments - 1).map_or(path.len(), |(at, _)| at);
    Some(&path[..end])
}

fn biggest(manifest: &Manifest) -> Vec<ModuleFigures> {
    let figures = |(file, _, module): (&String, _, &BuiltModule)| ModuleFigures {
        source: module.source.clone(),
        file: file.clone(),
        bytes: module.bytes,
    };
    let mut all: Vec<_> = modules(manifest).map(figures).collect();
    all.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| (&a.source, &a.file).cmp(&(&b.source, &b.file))));
    all.truncate(MOST);
    all
}

/// Every module, with the file it is in.
fn modules(manifest: &Manifest) -> impl Iterator<Item = (&String, BuiltKind, &BuiltModule)> {
    let of_file = |(path, file)| {
        let BuiltFile { kind, modules, .. }: &BuiltFile = file;
        modules.iter().map(move |module| (path, *kind, module))
    };
    manifest.files.iter().flat_map(of_file)
}

/// A style sheet that a script imports is in both, and not twice in anything.
fn duplicates(manifest: &Manifest) -> Vec<Duplicate> {
    let mut found = BTreeMap::<(BuiltKind, &str), Duplicate>::new();
    for (file, kind, BuiltModule { source, bytes }) in modules(manifest) {
        let new = || Duplicate { source: source.clone(), bytes: 0, files: Vec::new() };
        let duplicate = found.entry((kind, source)).or_insert_with(new);
        duplicate.bytes += bytes;
        duplicate.files.push(file.clone());
    }
    let mut found: Vec<_> = found.into_values().filter(|one| one.files.len() > 1).collect();
    found.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.source.cmp(&b.source)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_sources() {
        for (source, expected) in [
            ("sites/app/main.ts", None),
            ("node_modules/react/index.js", Some("react")),
            ("node_modules/@preact/signals/dist/signals.mjs", Some("@preact/signals")),
            ("sites/app/node_modules/a/node_modules/b/c.js", Some("b")),
            ("node_modules/.pnpm/d3@7.9.2/node_modules/d3/src/index.js", Some("d3")),
            ("node_modules/alone", Some("alone")),
        ] {
            assert_eq!(package(source), expected, "{source}");
        }
    }
}
