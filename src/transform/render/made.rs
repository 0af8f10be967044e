//! Values of pages and lists that were made, kept as long as there is room: the whole of a large site has none. A value is made
//! again when it is asked for again, so where that happens too often room is no longer counted.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::{Weighter, sync::Cache};
use tera::Value;

use crate::load::{PageId, SectionId, TaxonomyId, TermId};

/// So much is kept, in bytes: about what three thousand pages take.
const ROOM: u64 = 96 << 20;

/// So often a page's value is made, on average, before all that are made are kept.
const MOST_TIMES: u64 = 6;

/// A value of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Without its neighbours.
    Alone(PageId),
    Page(PageId),
    Section(SectionId),
    Term(TermId),
    /// All terms of a taxonomy.
    Terms(TaxonomyId),
}

#[derive(Debug)]
pub(super) struct Made {
    values: Cache<Key, Weighed, ByWeight>,
    /// How often a page's value was made.
    times: AtomicU64,
    most_times: u64,
}

/// A value, and about how many bytes it takes beyond those that are kept by themselves.
#[derive(Clone, Debug)]
pub(super) struct Weighed {
    pub(super) value: Value,
    pub(super) weight: usize,
}

#[derive(Clone, Copy, Debug)]
struct ByWeight;

impl Weighter<Key, Weighed> for ByWeight {
    fn weight(&self, _: &Key, weighed: &Weighed) -> u64 {
        weighed.weight as u64
    }
}

impl Made {
    /// For a site of so many pages.
    pub(super) fn new(pages: usize) -> Self {
        Self {
            values: Cache::with_weighter(pages.clamp(64, 1 << 14), ROOM, ByWeight),
            times: AtomicU64::new(0),
            most_times: (pages as u64).saturating_mul(MOST_TIMES),
        }
    }

    /// What is kept under `key`, or is made now. Whoever asks while another makes it waits; so that nobody waits in a circle,
    /// `make` asks only for what stands above in [`Key`].
    pub(super) fn get(&self, key: Key, make: impl FnOnce() -> Weighed) -> Value {
        let value = self.values.get_or_insert_with(&key, || {
            if matches!(key, Key::Page(_)) && self.times.fetch_add(1, Ordering::Relaxed) == self.most_times {
                self.values.set_capacity(u64::MAX >> 8);
            }
            Ok::<_, std::convert::Infallible>(make())
        });
        match value {
            Ok(weighed) => weighed.value,
            Err(never) => match never {},
        }
    }

    /// Makes what is kept under `key` another, if anything is.
    pub(super) fn change(&self, key: Key, change: impl FnOnce(&Value) -> Value) {
        if let Some(Weighed { value, weight }) = self.values.get(&key) {
            self.values.insert(key, Weighed { value: change(&value), weight });
        }
    }

    /// Lets what is kept under `key` be made again.
    pub(super) fn forget(&self, key: Key) {
        self.values.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_made_again_but_not_for_ever() {
        let made = Made::new(2);
        let mut times = 0;
        for round in 0..20 {
            for id in 0..2 {
                let value = made.get(Key::Page(PageId(id)), || {
                    times += 1;
                    Weighed { value: Value::from(id), weight: usize::try_from(ROOM).unwrap() }
                });
                assert_eq!(value, Value::from(id), "{round}");
            }
        }
        assert!((12..=16).contains(&times), "{times}");
    }

    #[test]
    fn what_has_room_is_made_once() {
        let made = Made::new(2);
        let mut times = 0;
        for _ in 0..3 {
            made.get(Key::Alone(PageId(1)), || {
                times += 1;
                Weighed { value: Value::none(), weight: 1 }
            });
        }
        assert_eq!(times, 1);
    }
}
