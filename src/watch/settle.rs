//! When to look: not while someone writes, and not much later. A save is several events, a checkout is thousands; a look in
//! the middle of one would find half of it, and do no more harm than being done again.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::heard::{Heard, Sort};

/// After the last event, when all files that were heard of are whole.
pub(super) const SHORT: Duration = Duration::from_millis(8);
/// After the last event, while one may not be.
pub(super) const LONG: Duration = Duration::from_millis(50);
/// After the first event, whatever happens.
pub(super) const LONGEST: Duration = Duration::from_secs(1);

/// Events that were heard and not looked after.
#[derive(Clone, Debug, Default)]
pub struct Settle {
    paths: BTreeMap<PathBuf, Known>,
    lost: bool,
    /// When the first and the last of them came.
    span: Option<(Instant, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    last: Sort,
    /// What it holds may have changed, even where it looks the same.
    written: bool,
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// And whether there was more than a change of metadata.
    pub paths: BTreeMap<PathBuf, bool>,
    pub everything: bool,
}

impl Settle {
    pub fn hear(&mut self, heard: Heard, now: Instant) {
        match heard {
            Heard::Lost => self.lost = true,
            Heard::Of(path, sort) => {
                let known = self.paths.entry(path).or_insert(Known { last: sort, written: false });
                // Metadata changes of a file that is being written say nothing of how far that is.
                if sort != Sort::Touched {
                    *known = Known { last: sort, written: true };
                }
            }
        }
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
    }

    /// When to look; never, if nothing was heard.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let (first, last) = self.span?;
        let open = self.lost || self.paths.values().any(|known| matches!(known.last, Sort::Began | Sort::Gone));
        Some((last + if open { LONG } else { SHORT }).min(first + LONGEST))
    }

    /// What to look at, if that is due.
    pub fn take(&mut self, now: Instant) -> Option<Batch> {
        if self.due()? > now {
            return None;
        }
        let Self { paths, lost, .. } = std::mem::take(self);
        let paths = paths.into_iter().map(|(path, known)| (path, known.written)).collect();
        Some(Batch { paths, everything: lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a look is due after events at these milliseconds, in milliseconds.
    fn check(events: &[(u64, &str, Sort)], due: u64) {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut settle = Settle::default();
        for (time, path, sort) in events {
            settle.hear(Heard::Of((*path).into(), *sort), at(*time));
        }
        let found = settle.due().map(|time| time.duration_since(start).as_millis());
        assert_eq!(found, Some(u128::from(due)), "{events:?}");
        assert_eq!(settle.take(at(due - 1)), None);
        assert!(settle.take(at(due)).is_some());
        assert_eq!(settle.take(at(due + 5000)), None, "what was taken is not told again");
    }

    #[test]
    fn a_look_waits_for_whoever_writes() {
        use Sort::{Began, Done, Gone, Touched};
        // Written in place: opened and cut, written, closed.
        check(&[(0, "a", Began), (1, "a", Began), (2, "a", Done)], 10);
        // Not closed yet.
        check(&[(0, "a", Began), (30, "a", Began)], 80);
        // A temporary file that takes the other's place.
        check(&[(0, "a.tmp", Began), (1, "a.tmp", Done), (2, "a.tmp", Gone), (2, "a", Done)], 52);
        // The old file is put aside, and a new one is written.
        check(&[(0, "a", Gone), (0, "a~", Done), (3, "a", Began), (4, "a", Done), (5, "a", Touched)], 13);
        // Removed, and not back.
        check(&[(0, "a", Gone)], 50);
        check(&[(0, "a", Touched)], 8);
        // A checkout that goes on and on.
        let many: Vec<(u64, &str, Sort)> = (0..100).map(|nth| (nth * 20, "a", Began)).collect();
        check(&many, 1000);
    }

    #[test]
    fn metadata_alone_is_no_writing() {
        let (mut settle, now) = (Settle::default(), Instant::now());
        settle.hear(Heard::Of("a".into(), Sort::Touched), now);
        settle.hear(Heard::Of("b".into(), Sort::Done), now);
        settle.hear(Heard::Of("b".into(), Sort::Touched), now);
        let batch = settle.take(now + LONGEST).unwrap();
        assert_eq!(batch.paths, BTreeMap::from([("a".into(), false), ("b".into(), true)]));
        assert!(!batch.everything);
        settle.hear(Heard::Lost, now);
        assert!(settle.take(now + LONG).unwrap().everything);
    }
}
