//! What one build keeps for the next, of one kind: many small things by keys that say all they were made of. What was kept
//! and is still used stays where it is, and what is new is written beside it, so that keeping costs as much as has changed;
//! both become one again before they are much more than is used.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    compress::Cache,
    site::ContentHash,
    transform::recalled::{Keeping, Recalled},
};

/// What is recalled from the build before, and what is new.
#[derive(Debug)]
pub(super) struct Memory {
    keys: [ContentHash; 2],
    room: usize,
    /// `None` when it has been written.
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    /// The larger part, and what came later.
    recalled: [Recalled; 2],
    new: Keeping,
    /// What this build asked for and found, or kept.
    used: HashSet<ContentHash>,
}

/// Of what is kept beside the larger part, in parts of that.
const BESIDE: usize = 4;

impl Memory {
    /// What was kept under `key`, of which there are at most `room` bytes.
    pub(super) fn recalling(cache: &Cache, key: ContentHash, room: usize) -> Self {
        let keys = [key, ContentHash::of_parts([b"beside".as_slice(), key.as_bytes()])];
        let recalled = keys.map(|key| Recalled::read(cache.get(key).unwrap_or_default()));
        let state = State { recalled, new: Keeping::with_room(room), used: HashSet::new() };
        Self { keys, room, state: Mutex::new(Some(state)) }
    }

    /// What was kept of a thing, which is kept on.
    pub(super) fn recall(&self, key: ContentHash) -> Option<Bytes> {
        let mut state = self.state();
        let state = state.as_mut()?;
        let found = state.find(key)?;
        state.used.insert(key);
        Some(found)
    }

    /// Keeps a thing that could not be recalled, or was no use.
    pub(super) fn keep(&self, key: ContentHash, thing: &[u8]) {
        let mut state = self.state();
        let Some(state) = &mut *state else { return };
        let known = state.find(key);
        let is_first = state.used.insert(key);
        if known.as_deref() != Some(thing) && (is_first || known.is_some()) {
            state.new.keep(key, thing);
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what the next build should recall, where that is another thing than what this one did. What is kept later is not
    /// kept.
    pub(super) fn save(&self, cache: &Cache) {
        let Some(State { recalled: [whole, beside], new, used }) = self.state().take() else { return };
        let size = |things: &[(ContentHash, &[u8])]| things.iter().map(|(_, thing)| thing.len()).sum::<usize>();
        let is_used = |(key, _): &(ContentHash, &[u8])| used.contains(key);
        let (all, late) = (whole.all(), beside.all());
        let used_late: Vec<_> = late.iter().copied().filter(is_used).collect();
        let is_newest = |(key, _): &(ContentHash, &[u8])| used.contains(key) && beside.get(*key).is_none();
        let used_all: Vec<_> = all.iter().copied().filter(is_newest).collect();
        // What is kept already stays: a site that is larger than the room would write all of it in every build.
        let mut made = new.into_memory();
        let length = |made: &[Vec<u8>]| made.iter().map(Vec::len).sum::<usize>();
        while size(&used_all) + size(&used_late) + length(&made) > self.room && made.pop().is_some() {}
        let pieces = |parts: &[&[(ContentHash, &[u8])]], made: Vec<Vec<u8>>| {
            let mut kept = Keeping::with_room(self.room);
            parts.iter().copied().flatten().for_each(|(key, thing)| kept.keep(*key, thing));
            kept.into_memory().into_iter().chain(made).collect::<Vec<_>>()
        };
        let is_mostly_waste = size(&used_all) < size(&all) / 2;
        if is_mostly_waste || size(&used_late) + length(&made) > size(&all) / BESIDE {
            cache.keep_all(self.keys[0], &pieces(&[&used_all, &used_late], made));
            if !beside.is_empty() {
                cache.keep(self.keys[1], &[]);
            }
        } else if !made.is_empty() || size(&used_late) < size(&late) / 2 {
            cache.keep_all(self.keys[1], &pieces(&[&used_late], made));
        }
    }
}

impl State {
    fn find(&self, key: ContentHash) -> Option<Bytes> {
        self.recalled.iter().rev().find_map(|part| part.get_bytes(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds one after the other, each of which uses some things; how many of them it recalls, and how long the files are then.
    #[test]
    fn what_is_used_is_recalled_by_the_next_build() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let key = ContentHash::of(b"kind");
        let long = |part: usize| {
            let key = if part == 0 { key } else { ContentHash::of_parts([b"beside".as_slice(), key.as_bytes()]) };
            cache.get(key).map_or(0, |file| file.len() / 120)
        };
        for (what, used, recalled, whole, beside) in [
            ("nothing is known", 0..20_u8, 0, 20, 0),
            ("all is", 0..20, 20, 20, 0),
            ("one is new", 0..21, 20, 20, 1),
            ("another, and one is gone", 1..22, 20, 20, 2),
            ("much is new", 1..30, 21, 29, 0),
            ("much is gone", 1..10, 9, 9, 0),
            ("nothing is as it was", 40..50, 0, 10, 0),
        ] {
            let memory = Memory::recalling(&cache, key, 1 << 20);
            let mut known = 0;
            for n in used {
                let (key, thing) = (ContentHash::of(&[n]), [n; 100]);
                match memory.recall(key) {
                    Some(found) => {
                        assert_eq!(*found, thing, "{what}");
                        known += 1;
                    }
                    None => memory.keep(key, &thing),
                }
                memory.keep(key, &thing);
            }
            memory.save(&cache);
            assert_eq!((known, long(0), long(1)), (recalled, whole, beside), "{what}");
        }
    }

    #[test]
    fn what_was_no_use_is_kept_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let (kind, key) = (ContentHash::of(b"kind"), ContentHash::of(b"thing"));
        for thing in ["old", "new", "newest"] {
            let memory = Memory::recalling(&cache, kind, 1 << 20);
            (0..9).for_each(|n| memory.keep(ContentHash::of(&[n]), &[n; 9]));
            drop(memory.recall(key));
            memory.keep(key, thing.as_bytes());
            memory.save(&cache);
            let memory = Memory::recalling(&cache, kind, 1 << 20);
            assert_eq!(memory.recall(key).as_deref(), Some(thing.as_bytes()));
        }
    }
}
