//! SHA-2 digests as templates ask for them: of a text, of a file, of what a file is built to.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Which digest, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    pub bits: Bits,
    /// In base 64, or else in hexadecimal digits.
    pub base64: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bits {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> String {
        let digest = match self.bits {
            Bits::Sha256 => Sha256::digest(bytes).to_vec(),
            Bits::Sha384 => Sha384::digest(bytes).to_vec(),
            Bits::Sha512 => Sha512::digest(bytes).to_vec(),
        };
        if self.base64 {
            return STANDARD.encode(digest);
        }
        digest.iter().fold(String::with_capacity(2 * digest.len()), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Whether Subresource Integrity metadata lets these bytes through: one of its strongest digests is theirs (SRI §3.3).
#[must_use]
pub fn lets_through(metadata: &str, bytes: &[u8]) -> bool {
    let digests = metadata.split_ascii_whitespace().filter_map(|one| {
        let (name, rest) = one.split_once('-')?;
        let bits = match name {
            "sha256" => Bits::Sha256,
            "sha384" => Bits::Sha384,
            "sha512" => Bits::Sha512,
            _ => return None,
        };
        Some((bits, rest.split('?').next().unwrap_or(rest)))
    });
    let Some(strongest) = digests.clone().map(|(bits, _)| bits).max() else { return false };
    let theirs = Digest { bits: strongest, base64: true }.of(bytes);
    digests.filter(|(bits, _)| *bits == strongest).any(|(_, digest)| digest == theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        for (bits, base64, expected) in [
            (Bits::Sha256, false, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (Bits::Sha256, true, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            (Bits::Sha384, true, "ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"),
        ] {
            assert_eq!(Digest { bits, base64 }.of(b"abc"), expected);
        }
        assert_eq!(Digest { bits: Bits::Sha512, base64: true }.of(b"").len(), 88);
    }

    #[test]
    fn integrity() {
        let (sha256, sha384) = (
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn",
        );
        for (metadata, expected) in [
            (sha256.to_owned(), true),
            (format!(" {sha384}?x \n"), true),
            (format!("{sha256} sha384-AAAA"), false),
            (format!("sha256-AAAA {sha256} {sha384} md5-AAAA"), true),
            ("sha1-AAAA".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(lets_through(&metadata, b"abc"), expected, "{metadata}");
        }
    }
}
