//! Which streams are reset in the bytes of an HTTP/2 connection (RFC 9113 §4.1), because no one else tells us. What any other
//! frame means is hyper's.

/// What a client begins with (§3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// §7: why a stream was reset that was one too many.
pub const REFUSED_STREAM: u32 = 0x7;

/// §6.4
const RST_STREAM: u8 = 0x3;
/// Of every frame.
const HEAD: usize = 9;
/// Of one that resets a stream, its error code included: there is no more in it.
const RESET: usize = HEAD + 4;

/// Finds the frames that reset streams, in whatever pieces the bytes come.
#[derive(Debug)]
pub struct Scanner {
    /// Of the frame that is being read.
    frame: [u8; RESET],
    read: usize,
    /// Bytes before the next frame.
    skip: usize,
}

impl Scanner {
    /// Of what a client sends, its preface first.
    #[must_use]
    pub fn of_client() -> Self {
        Self { skip: PREFACE.len(), ..Self::of_server() }
    }

    /// Of what a server sends.
    #[must_use]
    pub fn of_server() -> Self {
        Self { frame: [0; RESET], read: 0, skip: 0 }
    }

    /// Goes on with `bytes`; `reset` gets the error code of each stream that is reset in them.
    pub fn scan(&mut self, mut bytes: &[u8], mut reset: impl FnMut(u32)) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let wanted = if self.read < HEAD { HEAD } else { RESET };
            let taken = (wanted - self.read).min(bytes.len());
            self.frame[self.read..self.read + taken].copy_from_slice(&bytes[..taken]);
            self.read += taken;
            bytes = &bytes[taken..];
            let [high, middle, low, kind, _, _, _, _, _, code @ ..] = self.frame;
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            let is_reset = kind == RST_STREAM && length == RESET - HEAD;
            match self.read {
                HEAD if !is_reset => {
                    self.skip = length;
                    self.read = 0;
                }
                RESET => {
                    self.read = 0;
                    reset(u32::from_be_bytes(code));
                }
                _ => {}
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
        fn resets_are_found_however_they_are_cut(
            frames in prop::collection::vec((0..5_u8, prop::collection::vec(any::<u8>(), 0..40), any::<u32>()), 0..20),
            cuts in prop::collection::vec(1..30_usize, 1..40),
        ) {
            let (mut bytes, mut resets) = (PREFACE.to_vec(), Vec::new());
            for (kind, payload, code) in &frames {
                let payload = if *kind == RST_STREAM { &code.to_be_bytes() } else { &payload[..] };
                bytes.extend_from_slice(&[0, 0, u8::try_from(payload.len()).unwrap(), *kind, 0, 0, 0, 0, 1]);
                bytes.extend_from_slice(payload);
                resets.extend((*kind == RST_STREAM).then_some(*code));
            }
            let (mut scanner, mut found, mut rest) = (Scanner::of_client(), Vec::new(), &bytes[..]);
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                scanner.scan(piece, |code| found.push(code));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, resets);
        }
    }
}
