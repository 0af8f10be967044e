//! What a file becomes when a script imports it: decided by its extension and by what stands behind its path.

use rolldown::ModuleType;

use super::id;
use crate::assets::names::stem_and_extension;

/// What a module is made of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// JavaScript, TypeScript, JSON.
    Module(ModuleType),
    /// A style sheet that belongs to the chunk.
    Sheet,
    /// The same, whose class names are exported.
    NamedSheet,
    /// The rules of a [`Kind::NamedSheet`].
    Rules,
    /// The text of a compiled style sheet.
    SheetText,
    /// The URL of a compiled style sheet.
    SheetUrl,
    /// The URL of the file.
    Url,
    /// The text of the file.
    Text,
    /// The file as a `data:` URL.
    Data,
    /// A function that starts the script as a worker.
    Worker,
    SharedWorker,
    /// A script in a page, by the entry it is.
    Inline(usize),
}

impl Kind {
    /// `query` is empty or begins with `?`. `None`: nothing is known about such files.
    pub(super) fn of(path: &str, query: &str) -> Option<Self> {
        let extension = stem_and_extension(path).1.to_ascii_lowercase();
        let script = module_type(&extension);
        let is_sheet = matches!(extension.as_str(), "css" | "scss" | "sass");
        match query {
            "?raw" => return Some(Self::Text),
            "?url" if is_sheet => return Some(Self::SheetUrl),
            "?url" => return Some(Self::Url),
            "?inline" if is_sheet => return Some(Self::SheetText),
            "?inline" => return Some(Self::Data),
            "?worker" if script.is_some() => return Some(Self::Worker),
            "?sharedworker" if script.is_some() => return Some(Self::SharedWorker),
            id::RULES if is_sheet => return Some(Self::Rules),
            _ => {}
        }
        if let Some(index) = query.strip_prefix(id::SCRIPT) {
            return index.parse().ok().map(Self::Inline);
        }
        if let Some(kind) = script {
            return Some(Self::Module(kind));
        }
        if is_sheet {
            let is_named = stem_and_extension(path).0.ends_with(".module");
            return Some(if is_named { Self::NamedSheet } else { Self::Sheet });
        }
        ASSETS.contains(&extension.as_str()).then_some(Self::Url)
    }

    /// Whether it is code that may name other modules.
    pub(super) const fn is_code(&self) -> bool {
        matches!(
            self,
            Self::Module(ModuleType::Js | ModuleType::Jsx | ModuleType::Ts | ModuleType::Tsx) | Self::Inline(_)
        )
    }
}

fn module_type(extension: &str) -> Option<ModuleType> {
    Some(match extension {
        "js" | "mjs" | "cjs" => ModuleType::Js,
        "jsx" => ModuleType::Jsx,
        "ts" | "mts" | "cts" => ModuleType::Ts,
        "tsx" => ModuleType::Tsx,
        "json" => ModuleType::Json,
        _ => return None,
    })
}

/// Files whose URL is what a script wants of them.
pub(super) const ASSETS: &[&str] = &[
    // Images.
    "apng",
    "avif",
    "bmp",
    "gif",
    "heic",
    "ico",
    "jpeg",
    "jpg",
    "jxl",
    "png",
    "svg",
    "tif",
    "tiff",
    "webp", //
    // Fonts.
    "eot",
    "otf",
    "ttf",
    "woff",
    "woff2", //
    // Sound and film.
    "aac",
    "flac",
    "m4a",
    "m4v",
    "mov",
    "mp3",
    "mp4",
    "oga",
    "ogg",
    "ogv",
    "opus",
    "vtt",
    "wav",
    "weba",
    "webm", //
    // Models, shaders' data and programs.
    "bin",
    "glb",
    "gltf",
    "hdr",
    "ktx2",
    "wasm", //
    // Documents and data.
    "csv",
    "geojson",
    "html",
    "pdf",
    "txt",
    "webmanifest",
    "xml",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (path, query, expected) in [
            ("a/b.ts", "", Some(Kind::Module(ModuleType::Ts))),
            ("a/b.cjs", "?v=1", Some(Kind::Module(ModuleType::Js))),
            ("a/b.js", "?.mjs", Some(Kind::Module(ModuleType::Js))),
            ("a/b.JSON", "", Some(Kind::Module(ModuleType::Json))),
            ("a/b.svg", "", Some(Kind::Url)),
            ("a/b.svg", "?raw", Some(Kind::Text)),
            ("a/b.vue", "", None),
            ("a/b.vue", "?raw", Some(Kind::Text)),
            ("a/b.css", "", Some(Kind::Sheet)),
            ("a/b.module.scss", "", Some(Kind::NamedSheet)),
            ("a/b.module.scss", "?rules", Some(Kind::Rules)),
            ("a/b.css", "?inline", Some(Kind::SheetText)),
            ("a/b.css", "?url", Some(Kind::SheetUrl)),
            ("a/b.png", "?inline", Some(Kind::Data)),
            ("a/b.ts", "?worker", Some(Kind::Worker)),
            ("a/index.html", "?script=3", Some(Kind::Inline(3))),
        ] {
            assert_eq!(Kind::of(path, query), expected, "{path}{query}");
        }
    }
}
