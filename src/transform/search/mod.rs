//! Search indexes: what a script in the browser looks words up in. Their shapes are elasticlunr's and Fuse.js's, as Zola
//! writes them, so that a theme's script reads them.

mod words;

use serde::Serialize;

use crate::load::{Search, elasticlunr_language};
pub use words::words;

/// The script that reads elasticlunr's index: elasticlunr 0.9.5, as it stands in its authors' repository (MIT, see
/// `LICENSE-elasticlunr`). The one they published before gives no `doc` with a hit, which scripts of Zola's themes ask for.
pub const LIBRARY: &str = include_str!("elasticlunr.min.js");

/// A page or section that can be found.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Where a hit leads, from the root of the host.
    pub url: &'a str,
    /// Its path in the site.
    pub path: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    /// Its date as it was written; empty when it has none.
    pub date: &'a str,
    /// HTML.
    pub content: &'a str,
}

/// The index of these documents, in this order. `None` when elasticlunr cannot take words of this language apart.
#[must_use]
pub fn index(documents: &[Document<'_>], search: &Search, lang: &str) -> Option<String> {
    let json =
        if search.format.is_elasticlunr() { elasticlunr(documents, search, lang)? } else { fuse(documents, search)? };
    Some(if search.format.is_script() { format!("window.searchIndex = {json};\n") } else { json })
}

fn elasticlunr(documents: &[Document<'_>], search: &Search, lang: &str) -> Option<String> {
    let mut index = elasticlunr::IndexBuilder::with_language(elasticlunr_language(lang)?);
    for (field, _) in fields(search) {
        index = match field {
            "path" => index.add_field_with_tokenizer(field, Box::new(segments)),
            _ => index.add_field(field),
        };
    }
    let mut index = index.build();
    for document in documents {
        index.add_doc(document.url, fields(search).map(|(_, text)| text(document, search)));
    }
    Some(index.to_json())
}

/// A field of an index, and its text of a document.
type Field = (&'static str, fn(&Document<'_>, &Search) -> String);

/// In the order of Zola's index.
fn fields(search: &Search) -> impl Iterator<Item = Field> {
    let all: [(bool, Field); 5] = [
        (search.title, ("title", |document, _| document.title.to_owned())),
        (search.description, ("description", |document, _| document.description.to_owned())),
        (search.date, ("date", |document, _| document.date.to_owned())),
        (search.path, ("path", |document, _| document.path.to_owned())),
        (search.content, ("body", body)),
    ];
    all.into_iter().filter_map(|(is_wanted, field)| is_wanted.then_some(field))
}

fn body(document: &Document<'_>, search: &Search) -> String {
    let mut body = words(document.content);
    let end = search.truncate_content.and_then(|length| body.char_indices().nth(length));
    if let Some((end, _)) = end {
        body.truncate(end);
    }
    body
}

fn segments(path: &str) -> Vec<String> {
    path.split(|c: char| c.is_whitespace() || c == '-' || c == '/')
        .filter(|segment| !segment.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[derive(Serialize)]
struct FuseDocument<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

fn fuse(documents: &[Document<'_>], search: &Search) -> Option<String> {
    let documents = documents.iter().map(|document| FuseDocument {
        url: document.url,
        title: search.title.then_some(document.title),
        description: search.description.then_some(document.description),
        date: search.date.then_some(document.date),
        path: search.path.then_some(document.path),
        body: search.content.then(|| body(document, search)),
    });
    serde_json::to_string(&documents.collect::<Vec<_>>()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::load::IndexFormat;

    const PAGE: Document<'_> = Document {
        url: "/s/a-page/",
        path: "/a-page/",
        title: "A page",
        description: "Of it",
        date: "2026-01-02",
        content: "<p>Running <b>words</b></p>",
    };

    fn all(format: IndexFormat) -> Search {
        Search { description: true, date: true, path: true, format, ..Search::default() }
    }

    fn parsed(documents: &[Document<'_>], search: &Search, lang: &str) -> Value {
        serde_json::from_str(&index(documents, search, lang).unwrap()).unwrap()
    }

    #[test]
    fn fuse_has_what_is_asked_for() {
        let format = IndexFormat::FuseJson;
        assert_eq!(
            parsed(&[PAGE], &Search { format, ..Search::default() }, "xx"),
            json!([{ "url": "/s/a-page/", "title": "A page", "body": "Running words" }])
        );
        assert_eq!(
            parsed(&[PAGE], &Search { title: false, truncate_content: Some(3), ..all(format) }, "xx"),
            json!([{
                "url": "/s/a-page/", "description": "Of it", "date": "2026-01-02", "path": "/a-page/", "body": "Run"
            }])
        );
    }

    #[test]
    fn elasticlunr_has_fields_documents_and_stems() {
        let index = parsed(&[PAGE], &all(IndexFormat::ElasticlunrJson), "en");
        assert_eq!(index["fields"], json!(["title", "description", "date", "path", "body"]));
        assert_eq!(index["documentStore"]["docs"]["/s/a-page/"]["body"], "Running words");
        assert_eq!(index["index"]["body"]["root"]["r"]["u"]["n"]["docs"]["/s/a-page/"]["tf"], 1.0);
        assert_eq!(index["index"]["path"]["root"]["p"]["a"]["g"]["e"]["df"], 1);
        let undated = parsed(&[Document { date: "", ..PAGE }], &all(IndexFormat::ElasticlunrJson), "en");
        assert_eq!(
            undated["documentStore"]["docs"]["/s/a-page/"]["path"], "/a-page/",
            "no field takes another's place"
        );
    }

    #[test]
    fn languages() {
        let search = Search { format: IndexFormat::ElasticlunrJson, ..Search::default() };
        for (lang, name) in [("de", "German"), ("pt-BR", "Portuguese"), ("nl", "Dutch"), ("nb", "Norwegian")] {
            assert_eq!(parsed(&[PAGE], &search, lang)["lang"], name);
        }
        assert_eq!(index(&[PAGE], &search, "ja"), None);
        assert!(
            index(&[PAGE], &all(IndexFormat::FuseJavascript), "ja").unwrap().starts_with("window.searchIndex = [{")
        );
    }
}
