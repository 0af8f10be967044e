//! Remote data: what templates ask other hosts for, fetched once, held to what the site's lock file says, and kept by content,
//! so that a build with the same sources gives the same site, and a build without a connection gives one at all. Nothing here
//! knows a template or writes the lock file; the only connection is opened in `client.rs`.

mod client;
mod lock;

use std::{collections::BTreeMap, sync::Arc, sync::Mutex};

use bytes::Bytes;
use jiff::Timestamp;

pub use client::HttpClient;
pub use lock::{LOCK_FILE, Lock, Locked};

use crate::{
    compress::Cache,
    load::{FetchError, Request},
    site::ContentHash,
};

/// Who asks other hosts.
pub trait Client: Send + Sync {
    /// The body of the answer to one question, however many attempts that takes.
    fn fetch(&self, request: &Request) -> Result<Bytes, FetchError>;
}

/// Where answers may come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is locked is what it was; what is not is fetched.
    #[default]
    Locked,
    /// Everything is fetched, and the lock takes what comes.
    Refresh,
    /// Nothing is fetched.
    Offline,
}

/// An answer that is another one than what was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub url: String,
    /// When the answer that is given up had been fetched.
    pub since: Timestamp,
}

/// The remote data of one site during one build.
pub struct Remote {
    client: Box<dyn Client>,
    cache: Arc<Cache>,
    mode: Mode,
    now: Timestamp,
    before: Lock,
    used: Mutex<BTreeMap<ContentHash, Locked>>,
}

impl Remote {
    /// `before` is the lock as the build found it, `now` what is noted of what is fetched.
    pub fn new(client: Box<dyn Client>, cache: Arc<Cache>, before: Lock, mode: Mode, now: Timestamp) -> Self {
        Self { client, cache, mode, now, before, used: Mutex::default() }
    }

    /// The answer to a question. Asked twice during a build, it may be fetched twice: whoever asks remembers.
    ///
    /// # Errors
    /// When there is none, or another than the lock holds it to.
    pub fn fetch(&self, request: &Request) -> Result<Bytes, FetchError> {
        let key = request.key();
        let locked = self.before.get(key);
        if self.mode != Mode::Refresh
            && let Some(locked) = locked
            && let Some(kept) = self.cache.get(kept_as(locked.content))
        {
            self.note(key, locked.clone());
            return Ok(kept);
        }
        if self.mode == Mode::Offline {
            return Err(FetchError::Offline);
        }
        let body = self.client.fetch(request)?;
        let content = ContentHash::of(&body);
        let noted = match locked {
            Some(locked) if locked.content == content => locked.clone(),
            Some(locked) if self.mode == Mode::Locked => {
                let since = locked.fetched.strftime("%Y-%m-%d").to_string();
                return Err(FetchError::Changed { lock: LOCK_FILE.to_owned(), since });
            }
            _ => Locked { url: request.shown(), content, fetched: self.now },
        };
        self.cache.keep(kept_as(content), &body);
        self.note(key, noted);
        Ok(body)
    }

    /// The lock after the build. When that was `whole`, what it did not ask for is no longer in it.
    pub fn lock(&self, whole: bool) -> Lock {
        let mut lock = if whole { Lock::default() } else { self.before.clone() };
        if let Ok(used) = self.used.lock() {
            lock.extend(used.clone());
        }
        lock
    }

    /// What other hosts answered another way than before, by URL.
    pub fn changes(&self) -> Vec<Change> {
        let Ok(used) = self.used.lock() else { return Vec::new() };
        let others = used.iter().filter_map(|(key, now)| {
            let before = self.before.get(*key).filter(|before| before.content != now.content)?;
            Some(Change { url: now.url.clone(), since: before.fetched })
        });
        let mut changes: Vec<Change> = others.collect();
        changes.sort_by(|one, other| one.url.cmp(&other.url));
        changes
    }

    fn note(&self, key: ContentHash, locked: Locked) {
        if let Ok(mut used) = self.used.lock() {
            used.insert(key, locked);
        }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("mode", &self.mode).field("before", &self.before).finish_non_exhaustive()
    }
}

/// The key of the cache for an answer with this content. Which program fetched it does not matter.
fn kept_as(content: ContentHash) -> ContentHash {
    ContentHash::of_parts([b"remote data".as_slice(), content.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that answers one thing at everything.
    struct Says(Result<&'static str, FetchError>);

    impl Client for Says {
        fn fetch(&self, _: &Request) -> Result<Bytes, FetchError> {
            self.0.clone().map(|text| Bytes::from_static(text.as_bytes()))
        }
    }

    /// What one build after another gets, and what the lock is in the end.
    fn builds(steps: &[(Mode, Result<&'static str, FetchError>)]) -> (Vec<Result<String, FetchError>>, Lock) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Arc::new(Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap());
        let mut lock = Lock::default();
        let mut got = Vec::new();
        for (day, (mode, answer)) in (1..).zip(steps) {
            let now = Timestamp::from_second(day * 86_400).unwrap();
            let remote = Remote::new(Box::new(Says(answer.clone())), Arc::clone(&cache), lock, *mode, now);
            let answer = remote.fetch(&Request::get("https://x.org/a"));
            lock = remote.lock(answer.is_ok());
            got.push(answer.map(|body| String::from_utf8(body.to_vec()).unwrap()));
        }
        (got, lock)
    }

    #[test]
    fn an_answer_stays_what_it_was_until_someone_wants_another() {
        let down = || Err(FetchError::Status("503 Service Unavailable".to_owned()));
        let (got, lock) = builds(&[
            (Mode::Offline, Ok("one")),
            (Mode::Locked, down()),
            (Mode::Locked, Ok("one")),
            (Mode::Locked, Ok("two")),
            (Mode::Offline, Ok("two")),
            (Mode::Refresh, down()),
            (Mode::Locked, down()),
            (Mode::Refresh, Ok("two")),
            (Mode::Locked, Ok("three")),
            (Mode::Refresh, Ok("two")),
        ]);
        let texts: Vec<_> = got.iter().map(|one| one.as_deref().unwrap_or("-")).collect();
        assert_eq!(texts, ["-", "-", "one", "one", "one", "-", "one", "two", "two", "two"]);
        assert_eq!(got[0], Err(FetchError::Offline));
        let locked = lock.get(Request::get("https://x.org/a").key()).unwrap();
        assert_eq!(locked.fetched.as_second(), 8 * 86_400, "when it changed, not when it was asked for last");
    }

    #[test]
    fn without_the_cache_the_lock_still_holds() {
        let request = Request::get("https://x.org/a");
        let build = |lock: Lock, mode, answer| {
            let folder = tempfile::tempdir().unwrap();
            let cache = Arc::new(Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap());
            let remote = Remote::new(Box::new(Says(Ok(answer))), cache, lock, mode, Timestamp::UNIX_EPOCH);
            let got = remote.fetch(&request);
            (got, remote.lock(true), remote.changes())
        };
        let (_, lock, _) = build(Lock::default(), Mode::Locked, "one");
        assert_eq!(build(lock.clone(), Mode::Locked, "one").0.unwrap(), "one");
        let since = "1970-01-01".to_owned();
        let changed = FetchError::Changed { lock: LOCK_FILE.to_owned(), since };
        assert_eq!(build(lock.clone(), Mode::Locked, "two").0, Err(changed));
        assert_eq!(build(lock.clone(), Mode::Offline, "one").0, Err(FetchError::Offline));
        let (answered, newer, noted) = build(lock.clone(), Mode::Refresh, "two");
        assert_eq!(answered.unwrap(), "two");
        assert_eq!(noted, [Change { url: "https://x.org/a".to_owned(), since: Timestamp::UNIX_EPOCH }]);
        assert_ne!(newer, lock);
    }
}
