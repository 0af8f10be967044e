//! Media types (RFC 9110 §8.3), from file name extensions.

/// A media type, with its `charset` where the type takes one and a browser would guess without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediaType {
    value: &'static str,
    compressible: bool,
}

impl MediaType {
    pub const HTML: Self = Self::text("text/html; charset=utf-8");
    pub const CSS: Self = Self::text("text/css; charset=utf-8");
    pub const JAVASCRIPT: Self = Self::text("text/javascript; charset=utf-8");
    pub const JSON: Self = Self::text("application/json");
    pub const XML: Self = Self::text("application/xml");
    pub const SVG: Self = Self::text("image/svg+xml");
    pub const PLAIN: Self = Self::text("text/plain; charset=utf-8");
    pub const OCTETS: Self = Self::binary("application/octet-stream");

    /// The type of a file called `extension`, in any case; octets when there is none or we do not know it, because
    /// a browser offers to save those and does not guess (`nosniff`).
    #[must_use]
    pub fn of_extension(extension: Option<&str>) -> Self {
        let Some(extension) = extension else { return Self::OCTETS };
        match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" => Self::HTML,
            "xhtml" => Self::text("application/xhtml+xml"),
            "css" => Self::CSS,
            "js" | "mjs" | "cjs" => Self::JAVASCRIPT,
            "json" | "map" => Self::JSON,
            "jsonld" => Self::text("application/ld+json"),
            "geojson" => Self::text("application/geo+json"),
            "webmanifest" => Self::text("application/manifest+json"),
            "xml" | "xsl" | "xslt" => Self::XML,
            "atom" => Self::text("application/atom+xml"),
            "rss" => Self::text("application/rss+xml"),
            "svg" => Self::SVG,
            "txt" | "text" | "log" => Self::PLAIN,
            "md" | "markdown" => Self::text("text/markdown; charset=utf-8"),
            "csv" => Self::text("text/csv; charset=utf-8"),
            "ics" => Self::text("text/calendar; charset=utf-8"),
            "vtt" => Self::text("text/vtt; charset=utf-8"),
            "vcf" => Self::text("text/vcard; charset=utf-8"),
            "yaml" | "yml" => Self::text("application/yaml"),
            "toml" => Self::text("application/toml"),
            "wasm" => Self::text("application/wasm"),
            "rtf" => Self::text("application/rtf"),
            "ps" | "eps" | "ai" => Self::text("application/postscript"),
            "gltf" => Self::text("model/gltf+json"),
            "ttf" => Self::text("font/ttf"),
            "otf" => Self::text("font/otf"),
            "eot" => Self::text("application/vnd.ms-fontobject"),
            "bmp" => Self::text("image/bmp"),
            "ico" => Self::text("image/x-icon"),
            "wav" => Self::text("audio/wav"),
            "woff" => Self::binary("font/woff"),
            "woff2" => Self::binary("font/woff2"),
            "png" => Self::binary("image/png"),
            "apng" => Self::binary("image/apng"),
            "jpg" | "jpeg" => Self::binary("image/jpeg"),
            "gif" => Self::binary("image/gif"),
            "webp" => Self::binary("image/webp"),
            "avif" => Self::binary("image/avif"),
            "jxl" => Self::binary("image/jxl"),
            "heic" => Self::binary("image/heic"),
            "tif" | "tiff" => Self::binary("image/tiff"),
            "mp3" => Self::binary("audio/mpeg"),
            "m4a" => Self::binary("audio/mp4"),
            "aac" => Self::binary("audio/aac"),
            "ogg" | "oga" | "opus" => Self::binary("audio/ogg"),
            "flac" => Self::binary("audio/flac"),
            "weba" => Self::binary("audio/webm"),
            "mp4" | "m4v" => Self::binary("video/mp4"),
            "webm" => Self::binary("video/webm"),
            "ogv" => Self::binary("video/ogg"),
            "mov" => Self::binary("video/quicktime"),
            "pdf" => Self::binary("application/pdf"),
            "epub" => Self::binary("application/epub+zip"),
            "zip" => Self::binary("application/zip"),
            "gz" | "tgz" => Self::binary("application/gzip"),
            "br" => Self::binary("application/x-brotli"),
            "zst" => Self::binary("application/zstd"),
            "bz2" => Self::binary("application/x-bzip2"),
            "xz" => Self::binary("application/x-xz"),
            "7z" => Self::binary("application/x-7z-compressed"),
            "docx" => Self::binary("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            "xlsx" => Self::binary("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            "pptx" => Self::binary("application/vnd.openxmlformats-officedocument.presentationml.presentation"),
            "glb" => Self::text("model/gltf-binary"),
            _ => Self::OCTETS,
        }
    }

    /// As in `Content-Type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.value
    }

    /// Whether a content coding can be expected to make it smaller. Formats that are compressed already are left alone.
    #[must_use]
    pub const fn is_compressible(self) -> bool {
        self.compressible
    }

    const fn text(value: &'static str) -> Self {
        Self { value, compressible: true }
    }

    const fn binary(value: &'static str) -> Self {
        Self { value, compressible: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_extension() {
        for (extension, value, compressible) in [
            (Some("HTML"), "text/html; charset=utf-8", true),
            (Some("js"), "text/javascript; charset=utf-8", true),
            (Some("svg"), "image/svg+xml", true),
            (Some("png"), "image/png", false),
            (Some("woff2"), "font/woff2", false),
            (Some("unheard-of"), "application/octet-stream", false),
            (None, "application/octet-stream", false),
        ] {
            let media = MediaType::of_extension(extension);
            assert_eq!((media.as_str(), media.is_compressible()), (value, compressible), "{extension:?}");
        }
    }
}
