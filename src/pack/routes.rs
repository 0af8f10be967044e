//! Fills the hash table of routes. It is made so that no lookup is long, and the same for the same paths.

use crate::bundle::{MAX_PROBES, RouteHash, Slot};

/// A hash table in which every path is found.
pub(super) struct RouteTable {
    pub(super) seed: u64,
    pub(super) slots: Vec<Slot>,
}

impl RouteTable {
    /// Tries seeds, and then a larger table, until no path needs more than `MAX_PROBES` slots. `None` when the table
    /// would be larger than the format allows.
    pub(super) fn of(paths: &[&str]) -> Option<Self> {
        let mut slots = u32::try_from(paths.len()).ok()?.checked_mul(2)?.max(1).checked_next_power_of_two()?;
        loop {
            for seed in 0..SEEDS {
                let hashes: Vec<_> = paths.iter().map(|path| RouteHash::of(path.as_bytes(), seed)).collect();
                if let Some(slots) = place(&hashes, slots) {
                    return Some(Self { seed, slots });
                }
            }
            slots = slots.checked_mul(2)?;
        }
    }
}

/// At most half of the slots are taken, so the first seed is nearly always good enough.
const SEEDS: u64 = 16;

/// Robin Hood hashing: a path that is far from its first slot takes the place of one that is nearer, so that all are
/// about as far. `None` when one is too far.
fn place(hashes: &[RouteHash], slots: u32) -> Option<Vec<Slot>> {
    let mut table = vec![Slot::default(); usize::try_from(slots).ok()?];
    for (entry, &hash) in (1..).zip(hashes) {
        let mut carried = (Slot { tag: hash.tag(), entry }, hash, 0);
        loop {
            let (slot, hash, probe) = carried;
            if probe == MAX_PROBES {
                return None;
            }
            let at = hash.slot(probe, slots);
            let here = table.get_mut(usize::try_from(at).ok()?)?;
            let Some(owner) = here.entry.checked_sub(1).and_then(|owner| hashes.get(owner as usize)) else {
                *here = slot;
                break;
            };
            let distance = at.wrapping_sub(owner.slot(0, slots)) & (slots - 1);
            if distance < probe {
                carried = (std::mem::replace(here, slot), *owner, distance + 1);
            } else {
                carried = (slot, hash, probe + 1);
            }
        }
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_at_most_half_full_and_every_path_is_near() {
        for count in [0_u32, 1, 2, 3, 100, 20_000] {
            let paths: Vec<String> = (0..count).map(|n| format!("/section-{}/page-{n}/", n % 7)).collect();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let RouteTable { seed, slots } = RouteTable::of(&paths).unwrap();
            let size = u32::try_from(slots.len()).unwrap();
            assert!(size.is_power_of_two());
            assert_eq!(size, (2 * count).max(1).next_power_of_two(), "the first size is good enough");
            assert_eq!(slots.iter().filter(|slot| slot.entry != 0).count(), paths.len());
            for (entry, path) in (1..).zip(&paths) {
                let hash = RouteHash::of(path.as_bytes(), seed);
                let found = (0..MAX_PROBES)
                    .map(|probe| slots[hash.slot(probe, size) as usize])
                    .take_while(|slot| slot.entry != 0)
                    .any(|slot| slot == Slot { tag: hash.tag(), entry });
                assert!(found, "{path}");
            }
        }
    }
}
