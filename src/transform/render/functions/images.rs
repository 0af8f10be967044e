//! `get_image_metadata`, `resize_image` and `responsive_image`: what is known of a picture, and what stands in a page for one
//! that is made after the templates are rendered.

use std::sync::Arc;

use tera::{Kwargs, Map, TeraResult, Value};

use super::{refuse, unknown_word};
use crate::transform::{
    images::{self, Encoding, LONGEST_SIDE, Operation, Picture},
    placeholder::{self, What},
    render::{
        assets::Assets,
        inputs::{Inputs, Missing, Mistake},
    },
};

/// `get_image_metadata(path, allow_missing)`.
pub(super) fn get_image_metadata(inputs: &Inputs, args: &Kwargs) -> TeraResult<Value> {
    let path = args.must_get::<&str>("path")?;
    let allow_missing = args.get::<bool>("allow_missing")?.unwrap_or(false);
    let file = match inputs.find(path) {
        Ok(file) => file,
        Err(Missing::Nowhere(_)) if allow_missing => return Ok(Value::none()),
        Err(missing) => return Err(super::no_file(path, missing)),
    };
    let known = inputs.metadata(&file).map_err(|mistake| told(&mistake))?;
    let mut map = Map::with_capacity(6);
    map.insert("width".into(), known.width.into());
    map.insert("height".into(), known.height.into());
    map.insert("format".into(), known.format.into());
    map.insert("mime".into(), known.mime.into());
    map.insert("description".into(), known.description.into());
    map.insert("created".into(), known.created.into());
    Ok(Value::from(map))
}

/// `resize_image(path, width, height, op, format, quality, speed)`.
pub(super) fn resize_image(inputs: &Inputs, args: &Kwargs) -> TeraResult<Value> {
    let path = args.must_get::<&str>("path")?;
    let (width, height) = (side(args, "width")?, side(args, "height")?);
    let operation = args.get::<&str>("op")?.unwrap_or("fill");
    // A side an operation has no use for may be anything: Zola's own examples say `height=0`.
    let (width, height) = match operation {
        "fit_width" => (width, None),
        "fit_height" => (None, height),
        _ => (width, height),
    };
    for (name, side) in [("width", width), ("height", height)] {
        if let Some(side) = side.filter(|side| !(1..=LONGEST_SIDE).contains(side)) {
            return Err(refuse(&format!("`{name}` is between 1 and {LONGEST_SIDE}, not {side}"), None));
        }
    }
    let operation = Operation::named(operation, width, height).map_err(|why| refuse(&why, None))?;
    let format = args.get::<&str>("format")?.unwrap_or("auto");
    let (quality, speed) = (byte(args, "quality")?, byte(args, "speed")?);

    let file = inputs.find(path).map_err(|missing| super::no_file(path, missing))?;
    let known = inputs.metadata(&file).map_err(|mistake| told(&mistake))?;
    if matches!(known.format, "svg" | "avif") {
        let help = (known.format == "svg").then_some("a drawing has every size: use it as it is");
        return Err(refuse(&format!("`{file}` is an {}, of which no other picture can be made", known.format), help));
    }
    let cannot = |why: String| refuse(&format!("`{file}` {why}"), None);
    images::can_be_unpacked(known.width, known.height).map_err(cannot)?;
    let encoding = Encoding::named(format, known.is_lossy, quality, speed).map_err(|why| refuse(&why, None))?;
    let shape = operation.shape((known.width, known.height));
    let (width, height) = shape.size_of((known.width, known.height));
    images::can_be_unpacked(width, height).map_err(|why| refuse(&format!("what is asked for {why}"), None))?;

    let key = inputs.make(Picture { source: file, shape, encoding });
    let mut map = Map::with_capacity(6);
    map.insert("url".into(), Value::safe_string(&placeholder::write_key(What::Url, key)));
    let path = placeholder::write_key(What::Path, key);
    map.insert("static_path".into(), Value::safe_string(&format!("static{path}")));
    map.insert("width".into(), width.into());
    map.insert("height".into(), height.into());
    map.insert("orig_width".into(), known.width.into());
    map.insert("orig_height".into(), known.height.into());
    Ok(Value::from(map))
}

/// What [`responsive_image`] packs with when it is not told. Zola has no such function.
const WEBP_QUALITY: u8 = 80;
const AVIF_QUALITY: u8 = 60;
const AVIF_SPEED: u8 = 10;
const JPEG_QUALITY: u8 = 80;

/// `responsive_image(path, widths, formats)`: one picture in several widths and formats, none wider than it is. What has every
/// size or may move stays what it is.
pub(super) fn responsive_image(inputs: &Inputs, assets: &Assets, args: &Kwargs) -> TeraResult<Value> {
    let path = args.must_get::<&str>("path")?;
    let file = inputs.find(path).map_err(|missing| super::no_file(path, missing))?;
    let known = inputs.metadata(&file).map_err(|mistake| told(&mistake))?;
    let mut map = Map::with_capacity(5);
    if matches!(known.format, "svg" | "avif" | "gif") {
        if !assets.is_one(&file) {
            let help = "what is published is in `static/`, `assets/` or beside a page";
            return Err(refuse(&format!("`{file}` is not a file that pages may name"), Some(help)));
        }
        map.insert("url".into(), Value::safe_string(&placeholder::write(What::Url, &file)));
        map.insert("srcset".into(), Value::none());
        map.insert("sources".into(), Vec::<Value>::new().into());
        map.insert("width".into(), known.width.into());
        map.insert("height".into(), known.height.into());
        return Ok(Value::from(map));
    }
    images::can_be_unpacked(known.width, known.height).map_err(|why| refuse(&format!("`{file}` {why}"), None))?;
    let mut widths = args.get::<Vec<u32>>("widths")?.unwrap_or_else(|| vec![480, 960, 1600]);
    for width in &mut widths {
        *width = (*width).clamp(1, known.width);
    }
    widths.sort_unstable();
    widths.dedup();
    let Some(&widest) = widths.last() else { return Err(refuse("`widths` has at least one width", None)) };
    let make = |width: u32, encoding: Encoding| {
        let shape = Operation::FitWidth(width).shape((known.width, known.height));
        inputs.make(Picture { source: Arc::clone(&file), shape, encoding })
    };
    let srcset = |encoding: Encoding| {
        let candidate = |width: &u32| format!("{} {width}w", placeholder::write_key(What::Url, make(*width, encoding)));
        Value::safe_string(&widths.iter().map(candidate).collect::<Vec<_>>().join(", "))
    };
    let formats = args.get::<Vec<String>>("formats")?.unwrap_or_else(|| vec!["webp".to_owned()]);
    let plain = match known.format {
        "webp" => Encoding::WebP { quality: Some(WEBP_QUALITY) },
        _ if known.is_lossy => Encoding::Jpeg { quality: JPEG_QUALITY },
        _ => Encoding::Png,
    };
    let source = |format: &String| {
        let (kind, encoding) = match format.as_str() {
            "avif" => ("image/avif", Encoding::Avif { quality: AVIF_QUALITY, speed: AVIF_SPEED }),
            "webp" => ("image/webp", Encoding::WebP { quality: Some(WEBP_QUALITY) }),
            other => return Err(unknown_word("format", other, ["avif", "webp"].into_iter())),
        };
        // What the `img` has anyway is no choice.
        if encoding == plain {
            return Ok(None);
        }
        let mut map = Map::with_capacity(2);
        map.insert("type".into(), kind.into());
        map.insert("srcset".into(), srcset(encoding));
        Ok(Some(Value::from(map)))
    };
    let sources = formats.iter().map(source).collect::<TeraResult<Vec<_>>>()?;
    let sources: Vec<Value> = sources.into_iter().flatten().collect();
    let (width, height) = Operation::FitWidth(widest).shape((known.width, known.height)).size_of((0, 0));
    map.insert("url".into(), Value::safe_string(&placeholder::write_key(What::Url, make(widest, plain))));
    map.insert("srcset".into(), srcset(plain));
    map.insert("sources".into(), sources.into());
    map.insert("width".into(), width.into());
    map.insert("height".into(), height.into());
    Ok(Value::from(map))
}

/// A side in pixels, which a calculation may have made a fraction.
fn side(args: &Kwargs, name: &str) -> TeraResult<Option<u32>> {
    let Some(value) = args.get::<&Value>(name)? else { return Ok(None) };
    if value.is_none() || value.is_undefined() {
        return Ok(None);
    }
    let number = value.as_i128().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and what is too large is refused")]
        value.as_f64().map(|number| number as i128)
    });
    match number.map(u32::try_from) {
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(refuse(&format!("`{name}` is between 1 and {LONGEST_SIDE}, not {value}"), None)),
        None => Err(refuse(&format!("`{name}` is a number of pixels, not a {}", value.name()), None)),
    }
}

fn byte(args: &Kwargs, name: &str) -> TeraResult<Option<u8>> {
    let Some(number) = args.get::<i64>(name)? else { return Ok(None) };
    let byte = u8::try_from(number).map_err(|_| refuse(&format!("`{name}` is at most 100, not {number}"), None))?;
    Ok(Some(byte))
}

fn told(mistake: &Mistake) -> tera::Error {
    refuse(&mistake.message, mistake.help.as_deref())
}
