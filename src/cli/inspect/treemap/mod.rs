//! One page that shows what is in the built files: a treemap, and tables that say the same without a script. It is one
//! file that asks for no other, so that it can be opened, kept and sent as it is.

use serde::Serialize;

use super::{
    super::text_table::{bytes, grouped},
    assets::{Assets, EntryFigures, FileFigures, Sizes},
};
use crate::{map::Bundle, site::BuiltKind};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page of a bundle's assets.
pub(super) fn page(bundle: &Bundle, assets: &Assets) -> serde_json::Result<String> {
    let fill = |name: &str| -> serde_json::Result<String> {
        Ok(match name {
            "site" => escaped(bundle.site().as_str()),
            "generation" => bundle.generation().to_string()[..10].to_owned(),
            "figures" => figures(assets),
            "tables" => tables(assets),
            "style" => STYLE.to_owned(),
            "data" => json(assets)?,
            "script" => SCRIPT.to_owned(),
            other => unreachable!("the page has no place for {other}"),
        })
    };
    let mut page = String::new();
    for (at, piece) in PAGE.split("{{").enumerate() {
        match piece.split_once("}}") {
            Some((name, rest)) if at > 0 => page.extend([&fill(name)?, rest]),
            _ => page.push_str(piece),
        }
    }
    Ok(page)
}

/// What the script draws, as it may stand in a `script` element: no text in it can end that.
fn json(assets: &Assets) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Drawn<'a> {
        entries: Vec<&'a EntryFigures>,
        files: &'a [FileFigures],
    }
    let text = serde_json::to_string(&Drawn { entries: assets.loaded().collect(), files: &assets.files })?;
    Ok(text.replace('<', "\\u003c"))
}

/// Text as it may stand in an element or between the quotes of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn figures(assets: &Assets) -> String {
    let of = |kind| assets.files.iter().filter(move |file| file.kind == kind);
    let mut figures = Vec::new();
    for (name, kind) in
        [("scripts", BuiltKind::Script), ("style sheets", BuiltKind::Style), ("other files", BuiltKind::File)]
    {
        let count = of(kind).count() as u64;
        if count > 0 {
            let sizes = Sizes::sum(&of(kind).map(|file| file.sizes));
            let sent = sizes.br.map_or_else(String::new, |br| format!(", {} as brotli", bytes(br)));
            figures.push((format!("{} {name}{sent}", grouped(count)), bytes(sizes.identity)));
        }
    }
    let figure = |(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    format!("<dl class=\"figures\">{}</dl>", figures.into_iter().map(figure).collect::<String>())
}

fn tables(assets: &Assets) -> String {
    [entries(assets), packages(assets), duplicates(assets), files(assets)].concat()
}

fn entries(assets: &Assets) -> String {
    let row = |class: &str, what: &str, name: &str, sizes: Sizes| {
        let what = if what.is_empty() { String::new() } else { format!("<span class=\"quiet\">{what}</span>") };
        format!("<tr{class}><th scope=\"row\">{what}{}</th>{}</tr>", escaped(name), cells(sizes))
    };
    let mut rows = String::new();
    for entry in assets.loaded() {
        rows.push_str(&row("", "", &entry.source, entry.at_once));
        let parts = [
            ("", std::slice::from_ref(&entry.file)),
            ("imports", &entry.imports),
            ("style", &entry.styles),
            ("later", &entry.later),
        ];
        for (what, path) in parts.into_iter().flat_map(|(what, paths)| paths.iter().map(move |path| (what, path))) {
            rows.push_str(&row(" class=\"part\"", what, path, assets.sizes_of(path)));
        }
    }
    section("Entries, and what they bring", &["entry, what it brings at once", "size", "gzip", "brotli"], &rows)
}

fn packages(assets: &Assets) -> String {
    let all: u64 = assets.packages.iter().map(|package| package.bytes).sum();
    let row = |package: &super::assets::PackageFigures| {
        let share = package.bytes.saturating_mul(100).checked_div(all).unwrap_or(0);
        let (name, modules, size) = (escaped(package.name()), grouped(package.modules), bytes(package.bytes));
        format!("<tr><th scope=\"row\">{name}</th><td>{modules}</td><td>{size}</td><td>{share} %</td></tr>")
    };
    let rows: String = assets.packages.iter().map(row).collect();
    section("Packages", &["package", "modules", "size", "share"], &rows)
}

fn duplicates(assets: &Assets) -> String {
    let row = |module: &super::assets::Duplicate| {
        let (source, files) = (escaped(&module.source), escaped(&module.files.join(", ")));
        format!(
            "<tr><th scope=\"row\">{source}</th><td>{}</td><td class=\"names\">{files}</td></tr>",
            bytes(module.bytes)
        )
    };
    let rows: String = assets.duplicates.iter().map(row).collect();
    section("Modules in several files", &["module", "together", "files"], &rows)
}

fn files(assets: &Assets) -> String {
    if assets.files.is_empty() {
        return String::new();
    }
    let file = |file: &FileFigures| {
        let module = |module: &crate::site::BuiltModule| {
            format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(&module.source), bytes(module.bytes))
        };
        let rows: String = file.modules.iter().map(module).collect();
        let Sizes { identity, br, .. } = file.sizes;
        let br = br.map_or_else(String::new, |br| format!(", {} as brotli", bytes(br)));
        let unused = file.unused.map_or_else(String::new, |unused| format!(", {} unused left out", bytes(unused)));
        let inside = match &rows[..] {
            "" => "<p class=\"scroll\">Nothing is known of what is in it.</p>".to_owned(),
            rows => table(&["module", "size"], rows),
        };
        let path = escaped(&file.path);
        format!(
            "<details><summary><b>{path}</b> <span>{}{br}{unused}</span></summary>{inside}</details>",
            bytes(identity)
        )
    };
    format!("<section><h2>Files and their modules</h2>{}</section>", assets.files.iter().map(file).collect::<String>())
}

fn cells(Sizes { identity, gzip, br, .. }: Sizes) -> String {
    let coded = |size: Option<u64>| size.map_or_else(|| "–".to_owned(), bytes);
    format!("<td>{}</td><td>{}</td><td>{}</td>", bytes(identity), coded(gzip), coded(br))
}

/// Nothing when there are no rows.
fn section(title: &str, head: &[&str], rows: &str) -> String {
    if rows.is_empty() { String::new() } else { format!("<section><h2>{title}</h2>{}</section>", table(head, rows)) }
}

fn table(head: &[&str], rows: &str) -> String {
    let head: String = head.iter().map(|name| ["<th scope=\"col\">", name, "</th>"].concat()).collect();
    format!("<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")
}
