//! Texts that are rendered once, however many files have them and in however many builds: equal texts of one build are done one
//! after the other, and what became of them is recalled by the next.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;

use crate::{
    site::ContentHash,
    transform::recalled::{Keeping, Recalled},
};

/// What a build knows of texts from the one before it, and keeps for the next.
#[derive(Debug)]
pub(super) struct Texts {
    recalled: Recalled,
    keeping: Mutex<Keeping>,
    /// Whether a text was kept that was not recalled.
    has_new: AtomicBool,
}

/// What is kept, in bytes. Texts beyond it are rendered by each build.
const MOST_KEPT: usize = 128 << 20;

impl Texts {
    /// What is no memory is not recalled.
    pub(super) fn recalling(memory: Bytes) -> Self {
        let keeping = Mutex::new(Keeping::with_room(MOST_KEPT));
        Self { recalled: Recalled::read(memory), keeping, has_new: AtomicBool::new(false) }
    }

    /// What was kept of a text.
    pub(super) fn recall(&self, key: ContentHash) -> Option<&[u8]> {
        self.recalled.get(key)
    }

    /// A text is kept once.
    pub(super) fn keep(&self, key: ContentHash, made: &[u8]) {
        if self.recalled.get(key).is_none() {
            self.has_new.store(true, Ordering::Relaxed);
        }
        self.keeping.lock().unwrap_or_else(PoisonError::into_inner).keep(key, made);
    }

    /// What the next build should recall; `None` where that is what this one did.
    pub(super) fn into_memory(self) -> Option<Vec<Vec<u8>>> {
        let keeping = self.keeping.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_known = !self.has_new.into_inner() && keeping.len() == self.recalled.len();
        (!is_known).then(|| keeping.into_memory())
    }
}

/// Puts together what has the same key, the first of each first; what has none is by itself.
pub(super) fn grouped<T>(
    all: impl IntoIterator<Item = (Option<ContentHash>, T)>,
) -> Vec<(Option<ContentHash>, Vec<T>)> {
    let mut groups: Vec<(Option<ContentHash>, Vec<T>)> = Vec::new();
    let mut places = HashMap::new();
    for (key, one) in all {
        let place = match key {
            Some(key) => *places.entry(key).or_insert(groups.len()),
            None => groups.len(),
        };
        match groups.get_mut(place) {
            Some((_, group)) => group.push(one),
            None => groups.push((key, vec![one])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_come_together() {
        let [a, b] = [b"a", b"b"].map(|key| Some(ContentHash::of(key)));
        let groups = grouped([(a, 1), (None, 2), (b, 3), (a, 4), (None, 5)]);
        assert_eq!(groups, [(a, vec![1, 4]), (None, vec![2]), (b, vec![3]), (None, vec![5])]);
    }
}
