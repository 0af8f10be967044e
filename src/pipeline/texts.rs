//! Texts that are rendered once, however many files have them: equal texts of one build are done one after the other.

use std::collections::HashMap;

use crate::site::ContentHash;

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
