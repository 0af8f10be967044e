//! What kinds of frames pass in an HTTP/2 stream of bytes (RFC 9113 §4.1). Only that: their meaning is hyper's.

/// What a client begins with (§3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// §6.4
pub const RST_STREAM: u8 = 0x3;

const HEAD: usize = 9;

/// Finds frames in what a client sends, its preface included, in whatever pieces it comes.
#[derive(Debug)]
pub struct Scanner {
    /// Of the head that is being read.
    head: [u8; HEAD],
    read: usize,
    /// Bytes before the next head.
    skip: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { head: [0; HEAD], read: 0, skip: PREFACE.len() }
    }
}

impl Scanner {
    /// Goes on with `bytes`; `found` gets the type of each frame whose head is complete.
    pub fn scan(&mut self, mut bytes: &[u8], mut found: impl FnMut(u8)) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEAD - self.read).min(bytes.len());
            self.head[self.read..self.read + taken].copy_from_slice(&bytes[..taken]);
            self.read += taken;
            bytes = &bytes[taken..];
            if self.read == HEAD {
                let [high, middle, low, kind, ..] = self.head;
                self.skip = u32::from_be_bytes([0, high, middle, low]) as usize;
                self.read = 0;
                found(kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_are_found_however_they_are_cut(
            frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
            cuts in prop::collection::vec(1..30_usize, 1..40),
        ) {
            let mut bytes = PREFACE.to_vec();
            for (kind, payload) in &frames {
                bytes.extend_from_slice(&[0, 0, u8::try_from(payload.len()).unwrap(), *kind, 0, 0, 0, 0, 1]);
                bytes.extend_from_slice(payload);
            }
            let (mut scanner, mut found, mut rest) = (Scanner::default(), Vec::new(), &bytes[..]);
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                scanner.scan(piece, |kind| found.push(kind));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, frames.iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
        }
    }
}
