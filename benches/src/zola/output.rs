//! What a builder made of a site, by the path a browser asks for: Zola's in a folder, ours in a bundle. Here what the two
//! spell differently on purpose is spelled alike: addresses with and without the host, fingerprints, redirects.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use sitekit::map::Bundle;

use super::document;

/// An answer, as far as it can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    /// A document, a text or JSON, line by line.
    Lines(Vec<String>),
    /// Where it sends a browser.
    Redirect(String),
    /// Images, scripts, style sheets: that they are there is all that is compared.
    File,
}

/// What lies in Zola's output folder.
pub(super) fn of_folder(folder: &Path, base_url: &str) -> anyhow::Result<BTreeMap<String, Output>> {
    let mut found = BTreeMap::new();
    read_folder(folder, "", base_url, &mut found)?;
    Ok(found)
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    base_url: &str,
    found: &mut BTreeMap<String, Output>,
) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            read_folder(&entry.path(), &format!("{prefix}/{name}"), base_url, found)?;
        } else {
            let path = if name == "index.html" { format!("{prefix}/") } else { format!("{prefix}/{name}") };
            let body = fs::read(entry.path())?;
            let output = stub(&path, &body, base_url).unwrap_or_else(|| read(&path, &body, base_url));
            found.insert(path, output);
        }
    }
    Ok(())
}

/// The page that Zola writes in place of a redirect.
fn stub(path: &str, body: &[u8], base_url: &str) -> Option<Output> {
    let text =
        std::str::from_utf8(body).ok().filter(|_| path.ends_with('/') || path.rsplit('.').next() == Some("html"))?;
    let (_, rest) = text.split_once("http-equiv=\"refresh\" content=\"0; url=")?;
    let target = rest.split(['"', '\'']).next()?;
    Some(Output::Redirect(document::local(target, base_url)))
}

/// What our bundle holds.
pub(super) fn of_bundle(file: &Path, base_url: &str) -> anyhow::Result<BTreeMap<String, Output>> {
    let bundle = Bundle::open(file).with_context(|| file.display().to_string())?;
    let mut found = BTreeMap::new();
    for (path, id) in bundle.routes() {
        let entry = bundle.entry(id);
        let location = entry.fields().find(|(name, _)| *name == "location").map(|(_, value)| value.to_owned());
        let output = match location {
            Some(location) => Output::Redirect(document::local(&location, base_url)),
            None => read(path, &entry.identity().body(), base_url),
        };
        let path = path.strip_suffix("index.html").unwrap_or(path);
        found.insert(document::without_fingerprint(path).into_owned(), output);
    }
    for one in &bundle.rules().moves {
        let written = serde_json::to_value(one).context("a redirect")?;
        if let (Some(from), Some(to)) = (written["from"].as_str(), written["to"].as_str()) {
            found.entry(from.to_owned()).or_insert_with(|| Output::Redirect(document::local(to, base_url)));
        }
    }
    Ok(found)
}

fn read(path: &str, body: &[u8], base_url: &str) -> Output {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let Ok(text) = std::str::from_utf8(body) else { return Output::File };
    match extension {
        _ if path.ends_with('/') => Output::Lines(document::of_html(text, base_url)),
        "html" => Output::Lines(document::of_html(text, base_url)),
        "xml" => Output::Lines(document::of_xml(text, base_url)),
        "txt" | "md" => Output::Lines(text.lines().map(|line| line.replace(base_url, "")).collect()),
        "json" => json(text, base_url),
        "js" if path.contains("search_index") => {
            json(text.trim().trim_start_matches("window.searchIndex = ").trim_end_matches(';'), base_url)
        }
        _ => Output::File,
    }
}

fn json(text: &str, base_url: &str) -> Output {
    let mut lines = Vec::new();
    match serde_json::from_str(&text.replace(base_url, "")) {
        Ok(value) => members(&value, "", &mut lines),
        Err(_) => return Output::File,
    }
    Output::Lines(lines)
}

/// A line for each value, with the way to it.
fn members(value: &serde_json::Value, way: &str, lines: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members_of) => {
            let mut sorted: Vec<_> = members_of.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            for (key, value) in sorted {
                members(value, &format!("{way}/{key}"), lines);
            }
        }
        serde_json::Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                members(item, &format!("{way}/{at}"), lines);
            }
        }
        _ => lines.push(format!("{way} {value}")),
    }
}
