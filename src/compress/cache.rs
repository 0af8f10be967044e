//! Keeps between builds what is dear to make, coded bodies before all: level 11 costs a hundred times what reading a file
//! costs. It must never be the reason a build fails or gives other bytes: an entry that is missing, damaged or unreadable is a
//! miss, and one that cannot be written is done without.
//!
//! An entry is a file of its own, written under a temporary name and renamed, so a killed build leaves either a whole
//! entry or a temporary file that the next trim removes, and two builds at once write the same bytes. The bytes carry
//! their own hash: what a crash of the machine leaves half written is not taken for an entry.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::{ENCODERS, Scratch, encode_all, identity};
use crate::site::{Coding, ContentHash, EncodedBody};

/// Entries on disk, under one folder. Shared by all threads of a build.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    hits: AtomicU64,
    misses: AtomicU64,
    temporary: AtomicU64,
    /// Tells this program from any other, a newer one among them.
    program: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the build cache {} cannot be used: {source}", folder.display())]
pub struct CacheError {
    folder: PathBuf,
    source: io::Error,
}

impl Cache {
    /// The limit when none is given, in bytes.
    pub const DEFAULT_LIMIT: u64 = 1 << 30;

    /// Opens the cache in `folder`, which is made if need be, to hold about `limit` bytes.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path, limit: u64) -> Result<Self, CacheError> {
        let folder = folder.join("coded-1");
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self {
                folder,
                limit,
                hits: AtomicU64::new(0),
                misses: AtomicU64::new(0),
                temporary: AtomicU64::new(0),
                program: this_program(),
            }),
            Err(source) => Err(CacheError { folder, source }),
        }
    }

    /// All bodies of `content`, from the cache or made now and kept, and whether they were there.
    #[must_use]
    pub fn encode_all(&self, content: &Bytes) -> (Vec<EncodedBody>, bool) {
        let key = coded_key(content);
        if let Some(coded) = self.get(key).and_then(|entry| decode_bodies(&entry)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            let mut bodies = vec![identity(content)];
            bodies.extend(coded);
            return (bodies, true);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let bodies = encode_all(content);
        self.keep(key, &encode_bodies(&bodies[1..]));
        (bodies, false)
    }

    /// The key of what this program makes of `parts`; another one, which may make something else, has other keys.
    #[must_use]
    pub fn key<'a>(&'a self, parts: impl IntoIterator<Item = &'a [u8]>) -> ContentHash {
        ContentHash::of_parts([self.program.as_bytes()].into_iter().chain(parts))
    }

    /// Tells this program from any other.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// What was kept under `key`, whole.
    #[must_use]
    pub fn get(&self, key: ContentHash) -> Option<Bytes> {
        let path = self.path_of(key);
        let entry = Bytes::from(fs::read(&path).ok()?);
        let (hash, rest) = entry.split_at_checked(16)?;
        let is_whole = ContentHash::of(rest).as_bytes() == hash;
        is_whole.then(|| {
            mark_used(&path);
            entry.slice(16..)
        })
    }

    /// Keeps `content` under `key`, instead of what is there.
    pub fn keep(&self, key: ContentHash, content: &[u8]) {
        self.keep_all(key, &[content]);
    }

    /// The same, of pieces that follow each other.
    pub fn keep_all(&self, key: ContentHash, pieces: &[impl AsRef<[u8]>]) {
        let path = self.path_of(key);
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let write = || {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(ContentHash::of_pieces(pieces).as_bytes())?;
            pieces.iter().try_for_each(|piece| file.write_all(piece.as_ref()))
        };
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| write())
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            drop(fs::remove_file(&temporary));
        }
    }

    /// A place for what a build makes and needs again, of which `in_memory` bytes stay where they are.
    #[must_use]
    pub fn scratch(&self, in_memory: usize) -> Scratch {
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        // Where a trim finds what a build left that was killed between two steps.
        let name = format!("{}-{number}.tmp", std::process::id());
        Scratch::new(self.folder.join("scratch").join(name), in_memory)
    }

    /// Hits and misses so far.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Removes what was used least recently until the cache is within its limit, and what killed builds left behind.
    /// `now` decides what is old enough to be left behind rather than being written.
    pub fn trim(&self, now: SystemTime) {
        let mut entries = Vec::new();
        for file in folder_files(&self.folder).into_iter().flat_map(|folder| folder_files(&folder)) {
            let Ok(metadata) = fs::metadata(&file) else { continue };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if file.extension().is_some_and(|extension| extension == "tmp") {
                if now.duration_since(used).is_ok_and(|age| age > Duration::from_hours(1)) {
                    drop(fs::remove_file(&file));
                }
                continue;
            }
            entries.push((used, metadata.len(), file));
        }
        let mut total: u64 = entries.iter().map(|(_, len, _)| len).sum();
        entries.sort();
        for (_, len, file) in entries {
            if total <= self.limit {
                break;
            }
            if fs::remove_file(&file).is_ok() {
                total -= len;
            }
        }
    }

    fn path_of(&self, key: ContentHash) -> PathBuf {
        let key = key.to_string();
        self.folder.join(&key[..2]).join(&key[2..])
    }
}

fn coded_key(content: &[u8]) -> ContentHash {
    ContentHash::of_parts([ENCODERS.as_bytes(), content])
}

/// Length and time of the program's file. Programs of the same length and time would have to be told by their bytes.
fn this_program() -> String {
    let metadata = std::env::current_exe().and_then(fs::metadata);
    let time = |metadata: &fs::Metadata| metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok();
    metadata.map_or_else(
        |_| env!("CARGO_PKG_VERSION").to_owned(),
        |file| format!("{} {:?}", file.len(), time(&file).unwrap_or_default()),
    )
}

/// A use is noted at most once a day: a warm build should not write to each of ten thousand files.
fn mark_used(path: &Path) {
    let Ok(file) = fs::File::open(path) else { return };
    let now = SystemTime::now();
    let stale = file
        .metadata()
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > Duration::from_hours(24)));
    if stale {
        drop(file.set_modified(now));
    }
}

fn folder_files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// `(coding: u8, length: u64 little-endian, bytes)*`
fn encode_bodies(coded: &[EncodedBody]) -> Vec<u8> {
    let mut entry = Vec::new();
    for body in coded {
        entry.push(body.coding as u8);
        entry.extend_from_slice(&(body.bytes.len() as u64).to_le_bytes());
        entry.extend_from_slice(&body.bytes);
    }
    entry
}

fn decode_bodies(entry: &Bytes) -> Option<Vec<EncodedBody>> {
    let mut rest = entry.clone();
    let mut coded = Vec::new();
    while !rest.is_empty() {
        let (head, _) = rest.split_at_checked(9)?;
        let coding = Coding::from_number(head[0])?;
        let length = usize::try_from(u64::from_le_bytes(head[1..].try_into().ok()?)).ok()?;
        if rest.len() - 9 < length {
            return None;
        }
        coded.push(EncodedBody { coding, bytes: rest.slice(9..9 + length) });
        rest = rest.slice(9 + length..);
    }
    Some(coded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Bytes {
        Bytes::from("the same words again and again, ".repeat(50))
    }

    #[test]
    fn the_second_time_is_a_hit_with_the_same_bodies() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let (cold, hit) = cache.encode_all(&content());
        assert!(!hit);
        let (warm, hit) = cache.encode_all(&content());
        assert!(hit);
        assert_eq!(cold, warm);
        assert_eq!(cache.counts(), (1, 1));
    }

    #[test]
    fn a_damaged_entry_is_a_miss_and_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let (cold, _) = cache.encode_all(&content());
        let path = cache.path_of(coded_key(&content()));
        let whole = fs::read(&path).unwrap();
        for damaged in [&[][..], &whole[..10], &whole[..whole.len() - 1], &[whole.as_slice(), b"x"].concat()] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(cache.encode_all(&content()), (cold.clone(), false));
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_done_without() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        fs::remove_dir_all(&cache.folder).unwrap();
        fs::write(&cache.folder, "a file where the folder was").unwrap();
        assert_eq!(cache.encode_all(&content()), (encode_all(&content()), false));
        assert!(Cache::open(folder.path(), 0).is_err());
    }

    #[test]
    fn trimming_removes_the_least_recently_used_and_old_temporary_files() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), 0).unwrap();
        let day = Duration::from_hours(24);
        let now = SystemTime::now();
        let contents: Vec<Bytes> = (0..3).map(|n| Bytes::from(format!("text {n} ").repeat(60))).collect();
        for (age, content) in (0..).zip(&contents) {
            drop(cache.encode_all(content));
            fs::File::open(cache.path_of(coded_key(content))).unwrap().set_modified(now - day * age).unwrap();
        }
        let left_behind = cache.path_of(coded_key(&contents[0])).with_extension("7-0.tmp");
        fs::write(&left_behind, "half").unwrap();
        fs::File::open(&left_behind).unwrap().set_modified(now - day).unwrap();

        let newest = fs::metadata(cache.path_of(coded_key(&contents[0]))).unwrap().len();
        Cache { limit: newest, ..cache }.trim(now);
        let there: Vec<bool> = {
            let cache = Cache::open(folder.path(), 0).unwrap();
            contents.iter().map(|content| cache.path_of(coded_key(content)).exists()).collect()
        };
        assert_eq!(there, [true, false, false]);
        assert!(!left_behind.exists());
    }
}
