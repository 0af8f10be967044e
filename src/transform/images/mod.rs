//! Pictures: what is known of one from its first bytes, and others made of it. From bytes to bytes; where they come from and
//! where they are published is decided elsewhere. A file that would fill the memory when it is unpacked is refused first.

mod encode;
mod metadata;
mod shape;

use std::{io::Cursor, sync::Arc};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

pub use encode::{ENCODERS, Encoding, encode};
pub use metadata::{Metadata, metadata};
pub use shape::{Operation, Shape};

use super::placeholder;
use crate::site::ContentHash;

/// So many pixels a side may have, of what is read and of what is made: no more fit into a WebP.
pub const LONGEST_SIDE: u32 = 16_383;

/// So many bytes an unpacked picture may have.
const MOST_MEMORY: u64 = 256 << 20;

/// A picture to be made of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Picture {
    /// The file, relative to the project.
    pub source: Arc<str>,
    pub shape: Shape,
    pub encoding: Encoding,
}

impl Picture {
    /// What stands for it in a rendered text.
    #[must_use]
    pub fn key(&self) -> ContentHash {
        placeholder::key_of_made(&self.source, &format!("{:?} {:?}", self.shape, self.encoding))
    }
}

/// A picture unpacked, the right way up.
#[derive(Clone, Debug)]
pub struct Decoded {
    pixels: DynamicImage,
    /// What its colours mean, where the file says so.
    profile: Option<Vec<u8>>,
}

/// Unpacks a picture.
///
/// # Errors
/// Why it cannot be, as the end of a sentence that begins with the picture.
pub fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let mut decoder = decoder(bytes)?;
    let (width, height) = decoder.dimensions();
    can_be_unpacked(width, height)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    decoder.set_limits(limits).map_err(|error| unreadable(&error))?;
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().map_err(|error| unreadable(&error))?;
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    pixels.apply_orientation(orientation);
    Ok(Decoded { pixels, profile })
}

/// Whether a picture of this size may be unpacked.
///
/// # Errors
/// Why not, as the end of a sentence that begins with the picture.
pub fn can_be_unpacked(width: u32, height: u32) -> Result<(), String> {
    if width > LONGEST_SIDE || height > LONGEST_SIDE {
        return Err(format!("has {width} × {height} pixels; a side has at most {LONGEST_SIDE}"));
    }
    let memory = u64::from(width) * u64::from(height) * 4;
    if memory > MOST_MEMORY {
        let (found, most) = (memory >> 20, MOST_MEMORY >> 20);
        return Err(format!("has {width} × {height} pixels, {found} MiB unpacked; {most} MiB are allowed"));
    }
    Ok(())
}

impl Decoded {
    /// The part and the size that is wanted.
    #[must_use]
    pub fn shaped(&self, shape: Shape) -> Self {
        let mut pixels = None;
        if let Some([x, y, width, height]) = shape.crop {
            pixels = Some(self.pixels.crop_imm(x, y, width, height));
        }
        if let Some((width, height)) = shape.size {
            let from = pixels.as_ref().unwrap_or(&self.pixels);
            pixels = Some(from.resize_exact(width, height, image::imageops::FilterType::Lanczos3));
        }
        Self { pixels: pixels.unwrap_or_else(|| self.pixels.clone()), profile: self.profile.clone() }
    }
}

fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    match reader.format() {
        None => return Err("is no picture of a kind that can be read: JPEG, PNG, GIF, WebP".to_owned()),
        Some(image::ImageFormat::Avif) => {
            return Err("is an AVIF, which can be published but not be made into another picture".to_owned());
        }
        Some(_) => {}
    }
    reader.no_limits();
    reader.into_decoder().map_err(|error| unreadable(&error))
}

fn unreadable(error: &image::ImageError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or("");
    format!("cannot be read: {line}")
}
