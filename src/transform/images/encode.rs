//! The bytes of a picture in a format of the web. The same pixels always give the same bytes, however many cores there are.
//! Colours keep their meaning: a profile travels with the picture, or, where the format has no place for it, the colours are
//! turned into those browsers assume.

use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, Rgba,
    codecs::{
        avif::AvifEncoder,
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
        webp::WebPEncoder,
    },
};
use moxcms::{ColorProfile, Layout, TransformOptions};

use super::Decoded;

/// Whatever changes the bytes that come out changes this: what is kept between builds is kept under it.
pub const ENCODERS: &str = "image 0.25.10, webp 0.3.1, libwebp-sys 0.9.6, ravif 0.13.0, png 0.18; 1";

/// A format and how it is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Encoding {
    /// 1 to 100.
    Jpeg {
        quality: u8,
    },
    Png,
    /// 0 to 100, or without any loss.
    WebP {
        quality: Option<u8>,
    },
    /// 1 to 100; 1 takes the longest, 10 the shortest.
    Avif {
        quality: u8,
        speed: u8,
    },
}

impl Encoding {
    /// The words templates have for them.
    pub const NAMES: [&'static str; 6] = ["auto", "jpg", "jpeg", "png", "webp", "avif"];

    /// The format `name`, of a picture that had lost something before or had not.
    ///
    /// # Errors
    /// What is out of range.
    pub fn named(name: &str, is_lossy: bool, quality: Option<u8>, speed: Option<u8>) -> Result<Self, String> {
        let quality_within = |format: &str, least: u8| match quality {
            Some(quality) if !(least..=100).contains(&quality) => {
                Err(format!("`quality` of {format} is between {least} and 100, not {quality}"))
            }
            other => Ok(other),
        };
        match name {
            "auto" if is_lossy => Self::named("jpg", true, quality, speed),
            "jpg" | "jpeg" => Ok(Self::Jpeg { quality: quality_within("JPEG", 1)?.unwrap_or(75) }),
            "auto" | "png" => Ok(Self::Png),
            "webp" => Ok(Self::WebP { quality: quality_within("WebP", 0)? }),
            "avif" => match speed.unwrap_or(5) {
                speed @ 1..=10 => Ok(Self::Avif { quality: quality_within("AVIF", 1)?.unwrap_or(80), speed }),
                speed => Err(format!("`speed` of AVIF is between 1 and 10, not {speed}")),
            },
            _ => Err(format!("`{name}` is not a format; there are: {}", Self::NAMES.join(", "))),
        }
    }

    /// How names of such files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "jpg",
            Self::Png => "png",
            Self::WebP { .. } => "webp",
            Self::Avif { .. } => "avif",
        }
    }
}

/// Packs a picture.
///
/// # Errors
/// Why it cannot be, as the end of a sentence that begins with the picture.
pub fn encode(picture: &Decoded, encoding: Encoding) -> Result<Vec<u8>, String> {
    let profile = picture.profile.as_deref().filter(|profile| fits(profile, &picture.pixels));
    let pixels = &picture.pixels;
    let mut bytes = Vec::new();
    let failed = |error: image::ImageError| format!("cannot become a {}: {error}", encoding.extension());
    match encoding {
        Encoding::Png => {
            let mut encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
            carry(&mut encoder, profile);
            pixels.write_with_encoder(encoder).map_err(failed)?;
        }
        Encoding::Jpeg { quality } => {
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
            carry(&mut encoder, profile);
            match pixels {
                DynamicImage::ImageLuma8(grey) => encoder.encode_image(grey),
                _ => encoder.encode_image(&on_white(pixels)),
            }
            .map_err(failed)?;
        }
        Encoding::WebP { quality: None } => {
            let mut encoder = WebPEncoder::new_lossless(&mut bytes);
            carry(&mut encoder, profile);
            let (width, height) = (pixels.width(), pixels.height());
            if pixels.color().has_alpha() {
                encoder.write_image(&pixels.to_rgba8(), width, height, ExtendedColorType::Rgba8)
            } else {
                encoder.write_image(&pixels.to_rgb8(), width, height, ExtendedColorType::Rgb8)
            }
            .map_err(failed)?;
        }
        Encoding::WebP { quality: Some(quality) } => {
            let pixels = in_srgb(pixels, profile);
            let (width, height) = (pixels.width(), pixels.height());
            let encoder = match &pixels {
                DynamicImage::ImageRgba8(pixels) => webp::Encoder::from_rgba(pixels, width, height),
                other => webp::Encoder::from_rgb(other.as_bytes(), width, height),
            };
            let packed = encoder.encode_simple(false, f32::from(quality));
            bytes = packed.map_err(|error| format!("cannot become a webp: {error:?}"))?.to_vec();
        }
        Encoding::Avif { quality, speed } => {
            // With more threads a picture is cut into more tiles, and other bytes come out.
            let encoder = AvifEncoder::new_with_speed_quality(&mut bytes, speed, quality).with_num_threads(Some(1));
            in_srgb(pixels, profile).write_with_encoder(encoder).map_err(failed)?;
        }
    }
    Ok(bytes)
}

/// Whether a profile is of such colours: a JPEG for printers has another, and was turned into red, green and blue when it was
/// unpacked.
fn fits(profile: &[u8], pixels: &DynamicImage) -> bool {
    let kind = profile.get(16..20);
    kind == Some(if pixels.color().has_color() { b"RGB ".as_slice() } else { b"GRAY" })
}

fn carry(encoder: &mut impl ImageEncoder, profile: Option<&[u8]>) {
    if let Some(profile) = profile {
        // All that are called with one have a place for it.
        drop(encoder.set_icc_profile(profile.to_vec()));
    }
}

/// Eight bits a colour, as browsers take them where there is no profile.
fn in_srgb(pixels: &DynamicImage, profile: Option<&[u8]>) -> DynamicImage {
    let mut plain = if pixels.color().has_alpha() {
        DynamicImage::ImageRgba8(pixels.to_rgba8())
    } else {
        DynamicImage::ImageRgb8(pixels.to_rgb8())
    };
    let profile = profile.filter(|_| pixels.color().has_color());
    let Some(profile) = profile.and_then(|profile| ColorProfile::new_from_slice(profile).ok()) else { return plain };
    let layout = if plain.color().has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let to = ColorProfile::new_srgb();
    let Ok(turn) = profile.create_transform_8bit(layout, &to, layout, TransformOptions::default()) else {
        return plain;
    };
    let mut turned = vec![0; plain.as_bytes().len()];
    if turn.transform(plain.as_bytes(), &mut turned).is_ok() {
        match &mut plain {
            DynamicImage::ImageRgba8(pixels) => pixels.copy_from_slice(&turned),
            DynamicImage::ImageRgb8(pixels) => pixels.copy_from_slice(&turned),
            _ => {}
        }
    }
    plain
}

/// A JPEG has no transparency: what shows through is white, as paper is.
fn on_white(pixels: &DynamicImage) -> image::RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.to_rgb8();
    }
    let pixels = pixels.to_rgba8();
    let mut flat = image::RgbImage::new(pixels.width(), pixels.height());
    for (to, Rgba([red, green, blue, alpha])) in flat.pixels_mut().zip(pixels.pixels()) {
        let over = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(*alpha));
            u8::try_from((colour * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [over(*red), over(*green), over(*blue)];
    }
    flat
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView, Rgb, RgbImage, RgbaImage};

    use super::{
        super::{decode, metadata},
        *,
    };

    fn red() -> Decoded {
        let pixels = RgbImage::from_pixel(40, 30, Rgb([200, 10, 10]));
        Decoded { pixels: DynamicImage::ImageRgb8(pixels), profile: None }
    }

    #[test]
    fn what_is_packed_is_what_comes_out() {
        for encoding in [
            Encoding::Png,
            Encoding::Jpeg { quality: 90 },
            Encoding::WebP { quality: None },
            Encoding::WebP { quality: Some(80) },
        ] {
            let bytes = encode(&red(), encoding).unwrap();
            let back = decode(&bytes).unwrap().pixels;
            assert_eq!(back.dimensions(), (40, 30), "{encoding:?}");
            let [red, green, _, _] = back.get_pixel(20, 15).0;
            assert!(red.abs_diff(200) < 8 && green.abs_diff(10) < 8, "{encoding:?}: {red} {green}");
        }
        let bytes = encode(&red(), Encoding::Avif { quality: 60, speed: 10 }).unwrap();
        let known = metadata("a.avif", &bytes).unwrap();
        assert_eq!((known.width, known.height, known.mime), (40, 30, "image/avif"));
    }

    #[test]
    fn what_shows_through_is_white_in_a_jpeg() {
        let pixels = DynamicImage::ImageRgba8(RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0])));
        let bytes = encode(&Decoded { pixels, profile: None }, Encoding::Jpeg { quality: 90 }).unwrap();
        assert!(decode(&bytes).unwrap().pixels.get_pixel(8, 8).0[0] > 250);
    }

    #[test]
    fn colours_of_a_wider_space_keep_their_look() {
        let wide = ColorProfile::new_display_p3().encode().unwrap();
        let pixels = DynamicImage::ImageRgb8(RgbImage::from_pixel(16, 16, Rgb([200, 60, 60])));
        let picture = Decoded { pixels, profile: Some(wide.clone()) };
        let kept = decode(&encode(&picture, Encoding::Png).unwrap()).unwrap();
        assert_eq!((kept.profile, kept.pixels.get_pixel(8, 8).0), (Some(wide), [200, 60, 60, 255]));
        let turned = decode(&encode(&picture, Encoding::WebP { quality: Some(100) }).unwrap()).unwrap();
        let [red, green, ..] = turned.pixels.get_pixel(8, 8).0;
        assert!(turned.profile.is_none() && red > 206 && green < 56, "{red} {green}");
    }

    #[test]
    fn names_and_ranges() {
        for (name, is_lossy, quality, speed, expected) in [
            ("auto", true, None, None, Ok(Encoding::Jpeg { quality: 75 })),
            ("auto", false, Some(5), None, Ok(Encoding::Png)),
            ("jpeg", false, Some(1), None, Ok(Encoding::Jpeg { quality: 1 })),
            ("jpg", false, Some(0), None, Err("`quality` of JPEG is between 1 and 100, not 0")),
            ("webp", true, None, None, Ok(Encoding::WebP { quality: None })),
            ("webp", true, Some(0), None, Ok(Encoding::WebP { quality: Some(0) })),
            ("webp", true, Some(101), None, Err("`quality` of WebP is between 0 and 100, not 101")),
            ("avif", true, None, None, Ok(Encoding::Avif { quality: 80, speed: 5 })),
            ("avif", true, None, Some(11), Err("`speed` of AVIF is between 1 and 10, not 11")),
            ("gif", true, None, None, Err("`gif` is not a format; there are: auto, jpg, jpeg, png, webp, avif")),
        ] {
            let found = Encoding::named(name, is_lossy, quality, speed);
            assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|error| *error), "{name}");
        }
    }
}
