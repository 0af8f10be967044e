//! Many small things from one build to the next: `(key: 16 bytes, length: u32 little-endian, bytes)*`. A text that is cut or
//! strange gives less of it, never another thing: whoever keeps it sees to it that it is whole.

use std::{collections::HashMap, fmt, ops::Range};

use bytes::Bytes;

use crate::site::ContentHash;

/// What is recalled, by its key.
#[derive(Clone, Default)]
pub struct Recalled {
    memory: Bytes,
    places: HashMap<ContentHash, Range<usize>>,
}

impl Recalled {
    #[must_use]
    pub fn read(memory: Bytes) -> Self {
        let mut places = HashMap::new();
        let mut at = 0;
        while let Some((key, place)) = next(&memory, at) {
            at = place.end;
            places.insert(key, place);
        }
        Self { memory, places }
    }

    #[must_use]
    pub fn get(&self, key: ContentHash) -> Option<&[u8]> {
        self.places.get(&key).map(|place| &self.memory[place.clone()])
    }

    /// The same, for as long as anyone has it.
    #[must_use]
    pub fn get_bytes(&self, key: ContentHash) -> Option<Bytes> {
        self.places.get(&key).map(|place| self.memory.slice(place.clone()))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All of it, by rising keys.
    #[must_use]
    pub fn all(&self) -> Vec<(ContentHash, &[u8])> {
        let mut all: Vec<_> = self.places.iter().map(|(key, place)| (*key, &self.memory[place.clone()])).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

impl fmt::Debug for Recalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recalled").field("things", &self.len()).finish_non_exhaustive()
    }
}

fn next(memory: &[u8], at: usize) -> Option<(ContentHash, Range<usize>)> {
    let (key, rest) = memory[at..].split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let start = memory.len() - rest.len();
    (length <= rest.len()).then(|| (ContentHash::from_bytes(*key), start..start + length))
}

/// In bytes.
const PIECE: usize = 1 << 20;

/// What is to be recalled by the next build, as much as there is room for.
#[derive(Debug)]
pub struct Keeping {
    /// Pieces, each filled once: what grows is copied again and again.
    memory: Vec<Vec<u8>>,
    room: usize,
    len: usize,
}

impl Keeping {
    /// For `room` bytes of things.
    #[must_use]
    pub fn with_room(room: usize) -> Self {
        Self { memory: Vec::new(), room, len: 0 }
    }

    /// A key is kept once.
    pub fn keep(&mut self, key: ContentHash, thing: &[u8]) {
        if let Some(room) = self.room.checked_sub(thing.len())
            && let Ok(length) = u32::try_from(thing.len())
        {
            self.room = room;
            self.len += 1;
            let written = 16 + 4 + thing.len();
            let piece = match self.memory.last_mut() {
                Some(last) if last.capacity() - last.len() >= written => last,
                _ => self.memory.push_mut(Vec::with_capacity(PIECE.max(written))),
            };
            piece.extend_from_slice(key.as_bytes());
            piece.extend_from_slice(&length.to_le_bytes());
            piece.extend_from_slice(thing);
        }
    }

    /// How many things there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// In pieces that follow each other.
    #[must_use]
    pub fn into_memory(self) -> Vec<Vec<u8>> {
        self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_recalled_as_far_as_it_is_there() {
        let things: Vec<(ContentHash, Vec<u8>)> =
            (0..9_u8).map(|n| (ContentHash::of(&[n]), vec![n; usize::from(n)])).collect();
        let mut keeping = Keeping::with_room(100);
        for (key, thing) in &things {
            keeping.keep(*key, thing);
        }
        keeping.keep(ContentHash::of(b"more"), &[0; 100]);
        assert_eq!(keeping.len(), things.len());
        let memory = keeping.into_memory().concat();
        for length in 0..=memory.len() {
            let recalled = Recalled::read(Bytes::copy_from_slice(&memory[..length]));
            for (n, (key, thing)) in things.iter().enumerate() {
                let expected = (n < recalled.len()).then_some(&**thing);
                assert_eq!(recalled.get(*key), expected, "{n} of {length} bytes");
            }
        }
        assert_eq!(Recalled::read(memory.into()).all().len(), things.len());
    }
}
