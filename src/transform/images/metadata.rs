//! What a picture is, from its first bytes: how large, of which kind, and what the camera noted.

use std::io::Cursor;

use image::{ImageDecoder, ImageFormat, metadata::Orientation};
use quick_xml::{Reader, XmlVersion, events::Event};

/// What a template may know of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// In pixels, the right way up.
    pub width: u32,
    pub height: u32,
    /// How names of such files usually end.
    pub format: &'static str,
    pub mime: &'static str,
    pub description: Option<String>,
    /// When the picture was taken, as the camera writes it: `2026:01:02 03:04:05`.
    pub created: Option<String>,
    /// Whether it is of a kind that loses something each time it is packed.
    pub is_lossy: bool,
}

/// The metadata of the file `name`.
///
/// # Errors
/// Why there is none, as the end of a sentence that begins with the file.
pub fn metadata(name: &str, bytes: &[u8]) -> Result<Metadata, String> {
    let has_extension =
        |extension: &str| name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension));
    match image::guess_format(bytes) {
        Ok(ImageFormat::Avif) => avif(bytes),
        Ok(format) => raster(format, bytes),
        Err(_) if has_extension("avif") => avif(bytes),
        Err(_) if has_extension("svg") => svg(bytes),
        Err(_) => Err("is no picture of a known kind: JPEG, PNG, GIF, WebP, AVIF, SVG".to_owned()),
    }
}

fn raster(format: ImageFormat, bytes: &[u8]) -> Result<Metadata, String> {
    let mut decoder = super::decoder(bytes)?;
    let (width, height) = decoder.dimensions();
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    let noted = exif.and_then(|exif| exif::Reader::new().read_raw(exif).ok());
    let text = |tag| match &noted.as_ref()?.get_field(tag, exif::In::PRIMARY)?.value {
        exif::Value::Ascii(lines) => {
            let text = String::from_utf8_lossy(lines.first()?).trim().to_owned();
            (!text.is_empty()).then_some(text)
        }
        _ => None,
    };
    Ok(Metadata {
        width,
        height,
        format: format.extensions_str().first().copied().unwrap_or(""),
        mime: format.to_mime_type(),
        description: text(exif::Tag::ImageDescription),
        created: text(exif::Tag::DateTimeOriginal),
        is_lossy: !matches!(format, ImageFormat::Png),
    })
}

fn avif(bytes: &[u8]) -> Result<Metadata, String> {
    let unreadable = |error: avif_parse::Error| format!("cannot be read: {error}");
    let parsed = avif_parse::read_avif(&mut Cursor::new(bytes)).map_err(unreadable)?;
    let known = parsed.primary_item_metadata().map_err(unreadable)?;
    Ok(Metadata {
        width: known.max_frame_width.get(),
        height: known.max_frame_height.get(),
        format: "avif",
        mime: "image/avif",
        description: None,
        created: None,
        is_lossy: true,
    })
}

fn svg(bytes: &[u8]) -> Result<Metadata, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let (width, height) = svg_size(text)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates, and no side is negative"
    )]
    let pixels = |side: f64| side as u32;
    Ok(Metadata {
        width: pixels(width),
        height: pixels(height),
        format: "svg",
        mime: "image/svg+xml",
        description: None,
        created: None,
        is_lossy: false,
    })
}

/// The size in CSS pixels an SVG has by itself; what it leaves open follows from its view box.
fn svg_size(text: &str) -> Result<(f64, f64), String> {
    let mut reader = Reader::from_str(text);
    let root = loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => break tag,
            Ok(Event::Eof) => return Err("is an SVG without an element".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(format!("cannot be read: {error}")),
        }
    };
    let attribute = |name: &str| {
        let attribute = root.attributes().flatten().find(|one| one.key.as_ref() == name)?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.trim().to_owned())
    };
    let side = |name: &str| attribute(name).and_then(|value| length(&value));
    let view = attribute("viewBox").and_then(|value| {
        let numbers = value.split([' ', ',', '\t', '\n']).filter(|part| !part.is_empty()).map(str::parse::<f64>);
        match numbers.collect::<Result<Vec<_>, _>>().ok()?[..] {
            [_, _, width, height] if width > 0.0 && height > 0.0 => Some((width, height)),
            _ => None,
        }
    });
    match (side("width"), side("height"), view) {
        (Some(width), Some(height), _) => Ok((width, height)),
        (Some(width), None, Some((of_width, of_height))) => Ok((width, width * of_height / of_width)),
        (None, Some(height), Some((of_width, of_height))) => Ok((height * of_width / of_height, height)),
        (None, None, Some(view)) => Ok(view),
        _ => Err("is an SVG without a size: it has neither `width` and `height` nor a `viewBox`".to_owned()),
    }
}

/// CSS pixels of a length (CSS Values 4 §6.2); `None` when it depends on where the picture stands.
fn length(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len());
    let number: f64 = text[..end].trim().parse().ok()?;
    let unit = match &text[end..] {
        "" | "px" => 1.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        _ => return None,
    };
    (number > 0.0).then_some(number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_drawings() {
        for (text, expected) in [
            ("<svg width='40' height=\"30px\"/>", Ok((40, 30))),
            ("<?xml version='1.0'?><!-- x --><svg xmlns='y' viewBox='0 0 64 48'><g/></svg>", Ok((64, 48))),
            ("<svg width='100%' height='100%' viewBox='0,0, 64 48'/>", Ok((64, 48))),
            ("<svg width='32' viewBox='0 0 64 48'/>", Ok((32, 24))),
            ("<svg width='1in' height='72pt'/>", Ok((96, 96))),
            ("<svg/>", Err("is an SVG without a size: it has neither `width` and `height` nor a `viewBox`")),
            ("", Err("is an SVG without an element")),
        ] {
            let found = metadata("a.svg", text.as_bytes()).map(|known| (known.width, known.height));
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn what_is_no_picture() {
        for (name, bytes, expected) in [
            ("a.txt", b"text".as_slice(), "is no picture of a known kind: JPEG, PNG, GIF, WebP, AVIF, SVG"),
            ("a.png", b"\x89PNG\r\n\x1a\n", "cannot be read: "),
            ("a.avif", b"text", "cannot be read: "),
        ] {
            let found = metadata(name, bytes).unwrap_err();
            assert!(found.starts_with(expected), "{name}: {found}");
        }
    }
}
