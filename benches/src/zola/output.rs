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
    /// A search index: its documents, word by word, and where elasticlunr has its words, which follow from the documents.
    Index { documents: Vec<String>, words: Vec<String> },
    /// Where it sends a browser.
    Redirect(String),
    /// Images, scripts, style sheets: that they are there is all that is compared.
    File,
}

impl Output {
    /// What is compared line by line.
    pub(super) fn lines_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::Lines(lines) | Self::Index { documents: lines, .. } => Some(lines),
            Self::Redirect(_) | Self::File => None,
        }
    }
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
        "js" | "json" if path.contains("/search_index.") => {
            json(text.trim().trim_start_matches("window.searchIndex = ").trim_end_matches(';'), base_url, search_index)
        }
        "json" => json(text, base_url, |value| {
            let mut lines = Vec::new();
            members(value, "", &mut lines);
            Output::Lines(lines)
        }),
        _ => Output::File,
    }
}

fn json(text: &str, base_url: &str, read: impl FnOnce(&serde_json::Value) -> Output) -> Output {
    serde_json::from_str(&text.replace(base_url, "")).map_or(Output::File, |value| read(&value))
}

/// Documents by their addresses, whatever their order in the index.
fn search_index(index: &serde_json::Value) -> Output {
    let mut by_url: BTreeMap<&str, &serde_json::Value> = BTreeMap::new();
    let mut words = Vec::new();
    if let serde_json::Value::Array(all) = index {
        by_url.extend(all.iter().map(|one| (one["url"].as_str().unwrap_or_default(), one)));
    } else {
        let documents = index["documentStore"]["docs"].as_object().into_iter().flatten();
        by_url.extend(documents.map(|(url, one)| (url.as_str(), one)));
        for part in ["fields", "lang", "pipeline", "ref", "version"] {
            members(&index[part], part, &mut words);
        }
        members(&index["documentStore"]["docInfo"], "docInfo", &mut words);
        members(&index["index"], "index", &mut words);
    }
    let mut documents = Vec::new();
    for (url, document) in by_url {
        documents.push(format!("document {url}"));
        for (field, value) in document.as_object().into_iter().flatten().collect::<BTreeMap<_, _>>() {
            documents.push(format!("field {field}"));
            match value.as_str() {
                // The ends of lines count, other white space does not.
                Some(text) => documents.extend(text.split_inclusive('\n').flat_map(line_of_words)),
                None => documents.push(value.to_string()),
            }
        }
    }
    Output::Index { documents, words }
}

/// The end of a line in a text of a search index.
pub(super) const LINE_ENDS: &str = "(line ends)";

fn line_of_words(line: &str) -> impl Iterator<Item = String> {
    let end = line.ends_with('\n').then(|| LINE_ENDS.to_owned());
    line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter().chain(end)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_its_documents_in_whatever_order() {
        let read = |text: &str| read("/search_index.en.js", text.as_bytes(), "https://a.example");
        let zola = r#"window.searchIndex = [{"url": "https://a.example/b/", "body": "one  two\nthree"}, {"url": "https://a.example/", "body": ""}]"#;
        let ours = r#"window.searchIndex = [{"url": "/", "body": ""}, {"url": "/b/", "body": "one two\nthree"}];"#;
        assert_eq!(read(zola), read(ours));
        for other in [ours.replace("two", "2"), ours.replace("\\n", " "), ours.replace("/b/", "/c/")] {
            assert_ne!(read(zola), read(&other), "{other}");
        }
        let elasticlunr = |words: &str| {
            let docs = r#"{"docs": {"/b/": {"body": "one"}}, "docInfo": {}}"#;
            read(&format!(r#"window.searchIndex = {{"documentStore": {docs}, "index": {words}}};"#))
        };
        let Output::Index { documents, .. } = elasticlunr("{}") else { panic!("no index") };
        assert_eq!(documents, ["document /b/", "field body", "one"]);
        assert_ne!(elasticlunr("{}"), elasticlunr(r#"{"body": {"df": 1}}"#));
    }
}
