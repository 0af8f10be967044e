//! Content codings, each made once, at the highest level, because whoever owns the build can take the time. A coding
//! that does not pay for its own header fields is not kept. Nothing here knows what the bytes mean.

mod cache;
mod scratch;

pub use cache::{Cache, CacheError};
pub use scratch::Scratch;

use std::io;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};

use crate::site::{Coding, EncodedBody};

/// The bodies of one content: the identity body first, then every coding that pays for itself, smallest first.
#[must_use]
pub fn encode_all(content: &Bytes) -> Vec<EncodedBody> {
    let mut coded: Vec<EncodedBody> =
        [Coding::Brotli, Coding::Zstd, Coding::Gzip].into_iter().filter_map(|coding| encode(coding, content)).collect();
    coded.sort_by_key(|body| body.bytes.len());
    let mut bodies = vec![identity(content)];
    bodies.append(&mut coded);
    bodies
}

/// Whether a coding of so many bytes can be smaller at all, its header fields counted.
#[must_use]
pub fn can_pay(len: usize) -> bool {
    len > header_cost(Coding::Brotli)
}

/// The content as it is.
#[must_use]
pub fn identity(content: &Bytes) -> EncodedBody {
    EncodedBody { coding: Coding::Identity, bytes: content.clone() }
}

/// What changes when the bytes an encoder gives may change: part of the cache's keys.
pub(crate) const ENCODERS: &str = "brotli 9.1 q11/q10, zstd 0.14 l19, zlib-rs l9; 1";

fn encode(coding: Coding, content: &Bytes) -> Option<EncodedBody> {
    if !can_pay(content.len()) {
        return None;
    }
    // The encoders write to memory, so an error here is a defect of theirs; the identity body is always right.
    let bytes = match coding {
        Coding::Identity => return None,
        Coding::Gzip => gzip(content),
        Coding::Brotli => brotli(content),
        Coding::Zstd => zstd::bulk::compress(content, ZSTD_LEVEL),
    }
    .ok()?;
    pays(coding, bytes.len(), content.len()).then(|| EncodedBody { coding, bytes: bytes.into() })
}

/// Whether a body of `coded` bytes is worth sending for one of `plain` bytes.
fn pays(coding: Coding, coded: usize, plain: usize) -> bool {
    coded + header_cost(coding) < plain
}

/// The bytes that a coding adds to a response's header section.
fn header_cost(coding: Coding) -> usize {
    "content-encoding: \r\n".len() + coding.token().len() + "vary: accept-encoding\r\n".len()
}

/// Its window is 8 MiB, the most a recipient must support for the `zstd` coding (RFC 9659 §3).
const ZSTD_LEVEL: i32 = 19;

/// Above this many bytes brotli's level 11 costs seconds for a percent or two over level 10.
const BROTLI_HIGHEST_UP_TO: usize = 2 << 20;

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    // No file name and no time: same input, same bytes.
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::with_capacity(content.len() / 3), Compression::best());
    io::Write::write_all(&mut encoder, content)?;
    encoder.finish()
}

fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: if content.len() <= BROTLI_HIGHEST_UP_TO { 11 } else { 10 },
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut out = Vec::with_capacity(content.len() / 3);
    let mut input = content;
    brotli::BrotliCompress(&mut input, &mut out, &params)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::site::ContentHash;

    fn decode(body: &EncodedBody) -> Vec<u8> {
        let mut plain = Vec::new();
        match body.coding {
            Coding::Identity => plain.extend_from_slice(&body.bytes),
            Coding::Gzip => drop(flate2::read::GzDecoder::new(&*body.bytes).read_to_end(&mut plain).unwrap()),
            Coding::Brotli => drop(brotli::Decompressor::new(&*body.bytes, 4096).read_to_end(&mut plain).unwrap()),
            Coding::Zstd => plain = zstd::decode_all(&*body.bytes).unwrap(),
        }
        plain
    }

    #[test]
    fn every_coding_reads_back_and_is_the_same_twice() {
        let content = Bytes::from("All work that can be done once, at build time, is done there. ".repeat(200));
        let bodies = encode_all(&content);
        assert_eq!(bodies.len(), 4);
        for body in &bodies {
            assert_eq!(decode(body), content, "{:?}", body.coding);
        }
        assert_eq!(bodies, encode_all(&content));
        assert_eq!(bodies[0].coding, Coding::Identity);
        assert!(bodies[1..].is_sorted_by_key(|body| body.bytes.len()));
    }

    #[test]
    fn a_coding_that_does_not_pay_is_not_kept() {
        let noise: Vec<u8> = (0..4096_u32).flat_map(|n| *ContentHash::of(&n.to_le_bytes()).as_bytes()).collect();
        for content in [Vec::new(), b"short".to_vec(), b"a".repeat(40), noise] {
            let content = Bytes::from(content);
            assert_eq!(encode_all(&content), [identity(&content)]);
        }
    }

    #[test]
    fn the_price_of_the_header_fields_counts() {
        assert!(pays(Coding::Brotli, 100, 146));
        assert!(!pays(Coding::Brotli, 100, 145));
    }

    #[test]
    fn a_zstd_window_stays_within_what_recipients_support() {
        let content = Bytes::from(vec![b'x'; 32 << 20]);
        let body = encode(Coding::Zstd, &content).unwrap();
        // RFC 8878 §3.1.1: with Single_Segment_Flag the window is the content; without it the descriptor byte says.
        let descriptor = body.bytes[4];
        assert_eq!(descriptor & 0b10_0000, 0, "single segment");
        let window = body.bytes[5];
        assert!(10 + (window >> 3) <= 23, "window log {}", 10 + (window >> 3));
    }
}
