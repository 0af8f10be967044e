//! Which chunks bring which, at once and later.

use std::collections::{BTreeMap, BTreeSet};

use super::Chunk;

/// The chunks' imports, by their numbers.
#[derive(Debug)]
pub(super) struct Graph {
    imports: Vec<Vec<usize>>,
    later: Vec<Vec<usize>>,
}

impl Graph {
    pub(super) fn of(chunks: &[Chunk]) -> Self {
        let numbers: BTreeMap<&str, usize> =
            chunks.iter().enumerate().map(|(at, chunk)| (chunk.placeholder.as_str(), at)).collect();
        let known = |names: &[String]| names.iter().filter_map(|name| numbers.get(name.as_str()).copied()).collect();
        Self {
            imports: chunks.iter().map(|chunk| known(&chunk.imports)).collect(),
            later: chunks.iter().map(|chunk| known(&chunk.later)).collect(),
        }
    }

    pub(super) fn imports_of(&self, chunk: usize) -> &[usize] {
        &self.imports[chunk]
    }

    pub(super) fn later_of(&self, chunk: usize) -> &[usize] {
        &self.later[chunk]
    }

    /// The chunk and all it imports at once, in the order they run: what is imported before what imports it.
    pub(super) fn loaded_with(&self, chunk: usize) -> Vec<usize> {
        let mut met = BTreeSet::from([chunk]);
        let mut order = Vec::new();
        // Chunks that are being gone through, and how many of their imports are done.
        let mut path = vec![(chunk, 0)];
        while let Some((at, done)) = path.last_mut() {
            if let Some(&next) = self.imports[*at].get(*done) {
                *done += 1;
                if met.insert(next) {
                    path.push((next, 0));
                }
            } else {
                order.push(*at);
                path.pop();
            }
        }
        order
    }

    /// All that `beginnings` bring, at once and later, where `without` brings nothing.
    pub(super) fn reached_without(&self, beginnings: &[usize], without: usize) -> BTreeSet<usize> {
        let mut met: BTreeSet<usize> = BTreeSet::new();
        let mut waiting: Vec<usize> = beginnings.to_vec();
        while let Some(at) = waiting.pop() {
            if at != without && met.insert(at) {
                waiting.extend(self.imports[at].iter().chain(&self.later[at]));
            }
        }
        met
    }

    /// What `chunk` may bring after it was loaded, in the order it is met.
    pub(super) fn later_than(&self, chunk: usize) -> Vec<usize> {
        let mut loaded = self.loaded_with(chunk);
        let mut met: BTreeSet<usize> = loaded.iter().copied().collect();
        let mut later = Vec::new();
        let mut next = 0;
        while let Some(&at) = loaded.get(next) {
            next += 1;
            for &asked in &self.later[at] {
                for new in self.loaded_with(asked) {
                    if met.insert(new) {
                        later.push(new);
                        loaded.push(new);
                    }
                }
            }
        }
        later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_when() {
        // 0 → 1 → 2 → 1, 0 ⇢ 3 → 2, 3 → 4, 4 ⇢ 0, 4 ⇢ 5
        let graph = Graph {
            imports: vec![vec![1], vec![2], vec![1], vec![2, 4], vec![], vec![]],
            later: vec![vec![3], vec![], vec![], vec![], vec![0, 5], vec![]],
        };
        assert_eq!(graph.loaded_with(0), [2, 1, 0]);
        assert_eq!(graph.loaded_with(3), [1, 2, 4, 3]);
        assert_eq!(graph.later_than(0), [4, 3, 5]);
        assert_eq!(graph.later_than(4), [2, 1, 0, 5, 3]);
        assert_eq!(graph.later_than(5), [0_usize; 0]);
        assert_eq!(graph.reached_without(&[0], 3), BTreeSet::from([0, 1, 2]));
        assert_eq!(graph.reached_without(&[4], 3), BTreeSet::from([0, 1, 2, 4, 5]));
        assert_eq!(graph.reached_without(&[0], 0), BTreeSet::new());
    }
}
