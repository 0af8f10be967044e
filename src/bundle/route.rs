//! The hash that finds a path's slot. It is part of the format: writer and reader, and readers to come, must agree.

/// How many slots a reader looks at. The writer finds a seed and a size with which no path needs more, so that no
/// request can make a lookup long, whatever its path and whatever the table.
pub const MAX_PROBES: u32 = 16;

/// The hash of a path under a bundle's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteHash(u64);

impl RouteHash {
    /// Eight bytes at a time, each folded in by a 64 × 64 → 128 bit multiplication.
    #[must_use]
    pub fn of(path: &[u8], seed: u64) -> Self {
        let (words, rest) = path.as_chunks::<8>();
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        let mut hash = fold(seed ^ START, path.len() as u64 ^ MULTIPLIER);
        for word in words {
            hash = fold(hash ^ u64::from_le_bytes(*word), MULTIPLIER);
        }
        Self(fold(hash ^ u64::from_le_bytes(last), MULTIPLIER))
    }

    /// What the slot of the path holds beside the entry.
    #[must_use]
    pub const fn tag(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The first slot to look at, and those after it, in a table of `slots`, a power of two.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half, on purpose")]
    pub const fn slot(self, probe: u32, slots: u32) -> u32 {
        (self.0 as u32).wrapping_add(probe) & slots.wrapping_sub(1)
    }
}

/// Digits of pi and of the golden ratio: odd, and without a pattern.
const START: u64 = 0x2436_a885_a308_d313;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[expect(clippy::cast_possible_truncation, reason = "both halves of the product are used")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards every bundle ever written: with another hash none of their routes would be found.
    #[test]
    fn the_hash_is_part_of_the_format() {
        let hashes = ["/", "/guide/", "/a/longer/path.html"].map(|path| RouteHash::of(path.as_bytes(), 1).0);
        assert_eq!(hashes, [120_478_652_011_441_032, 1_616_009_604_802_019_671, 7_743_343_450_760_624_823]);
    }

    #[test]
    fn length_content_and_seed_matter() {
        let hash = |path: &[u8], seed| RouteHash::of(path, seed);
        assert_ne!(hash(b"/a", 0), hash(b"/b", 0));
        assert_ne!(hash(b"/a", 0), hash(b"/a\0", 0));
        assert_ne!(hash(b"/a", 0), hash(b"/a", 1));
        assert_ne!(hash(b"/aaaaaaab", 0), hash(b"/aaaaaaac", 0));
    }
}
