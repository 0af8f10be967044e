//! What templates read while they are rendered: files of the site, other hosts, the environment, the time. All of it goes
//! through here and nothing else, so that every read can be known. What is read is understood once, however many pages ask;
//! what it is not understood for is told at its own place, with the template that asked.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;
use jiff::Timestamp;
use tera::Value;

use super::trace::{self, Question};
use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    load::{DataConfig, EntryKind, FetchError, Request, Site, World, WorldError},
    site::ContentHash,
    transform::{
        formats::{self, Format},
        images::{self, Metadata, Picture},
    },
};

/// The inputs of one build. Shared by the threads that render.
pub(super) struct Inputs {
    world: Arc<dyn World + Send + Sync>,
    root: Arc<str>,
    /// Where a file is looked for, in this order: folders below the root, the root itself first.
    folders: Vec<String>,
    pub(super) config: DataConfig,
    found: Memo<String, Result<Arc<str>, Missing>>,
    /// With the hash of what was read.
    data: Memo<(Origin, Format), (Result<Value, Mistake>, ContentHash)>,
    hashes: Memo<String, ContentHash>,
    metadata: Memo<Arc<str>, Result<Metadata, Mistake>>,
    /// What is wrong in what was read, by the sentence the template's author is told.
    mistakes: Mutex<BTreeMap<String, Diagnostic>>,
    /// What is to be made of pictures, by the key of its placeholder.
    pictures: Mutex<BTreeMap<ContentHash, Picture>>,
    /// How often a page has asked for chance.
    chances: Mutex<HashMap<String, u64>>,
}

/// Where data comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    /// A file, relative to the project.
    File(Arc<str>),
    Remote(Request),
    /// A text of the template's.
    Literal(String),
}

/// Why a file is not there.
#[derive(Clone, Debug)]
pub(super) enum Missing {
    /// It is nowhere; the one that may have been meant.
    Nowhere(Option<String>),
    /// The path leads out of the site.
    Outside,
    Refused(WorldError),
}

/// Why there is nothing to give to a template: a sentence, and what to do.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// Whether there simply is nothing.
    pub(super) is_absence: bool,
}

impl Inputs {
    pub(super) fn new(site: &Site, world: Arc<dyn World + Send + Sync>) -> Self {
        let mut folders: Vec<String> = ["", "static/", "content/", "data/", "assets/"].map(str::to_owned).into();
        if let Some(theme) = &site.config.theme {
            let below = |folder| format!("themes/{}/{folder}/", theme.value);
            folders.extend(["static", "data", "assets"].map(below));
        }
        Self {
            world,
            root: Arc::clone(&site.root),
            folders,
            config: site.config.data.clone(),
            found: Memo::default(),
            data: Memo::default(),
            hashes: Memo::default(),
            metadata: Memo::default(),
            mistakes: Mutex::default(),
            pictures: Mutex::default(),
            chances: Mutex::default(),
        }
    }

    /// The file a template calls `path`, relative to the project.
    pub(super) fn find(&self, path: &str) -> Result<Arc<str>, Missing> {
        let found = self.found.get(&path.to_owned(), || self.look(path));
        trace::note(|| Question::File(path.to_owned()), |_| of_found(&found));
        found
    }

    fn look(&self, path: &str) -> Result<Arc<str>, Missing> {
        let below = path.strip_prefix("@/").map_or_else(|| path.to_owned(), |content| format!("content/{content}"));
        let below = inside(&below).ok_or(Missing::Outside)?;
        for folder in &self.folders {
            let candidate = format!("{}/{folder}{below}", self.root);
            match self.world.kind(&candidate) {
                Ok(EntryKind::File(_)) => return Ok(candidate.into()),
                Ok(_) | Err(WorldError::NotFound | WorldError::IsFolder) => {}
                Err(error) => return Err(Missing::Refused(error)),
            }
        }
        Err(Missing::Nowhere(self.meant(&below)))
    }

    /// A file beside where this one would be, with a name like it.
    fn meant(&self, below: &str) -> Option<String> {
        let (folder, name) = below.rsplit_once('/').unwrap_or(("", below));
        self.folders.iter().find_map(|base| {
            let beside = format!("{}/{base}{folder}", self.root);
            let entries = self.world.list(beside.trim_end_matches('/')).ok()?;
            let meant = did_you_mean(name, entries.iter().map(|entry| entry.name.as_str()))?;
            Some(if folder.is_empty() { format!("{base}{meant}") } else { format!("{base}{folder}/{meant}") })
        })
    }

    pub(super) fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        let read = self.world.read(path);
        trace::note(|| Question::Bytes(path.to_owned()), |_| of_bytes(&read));
        read
    }

    /// The hash of what is read there.
    pub(super) fn hash_of_bytes(&self, path: &str) -> ContentHash {
        self.hashes.get(&path.to_owned(), || of_bytes(&self.world.read(path)))
    }

    /// Whether the site may read this variable of the environment.
    pub(super) fn may_read(&self, variable: &str) -> bool {
        self.config.environment.iter().any(|allowed| allowed.value == variable)
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = self.world.outside().variable(name);
        trace::note(|| Question::Variable(name.to_owned()), |_| trace::of_text(value.as_deref()));
        value
    }

    pub(super) fn now(&self) -> Timestamp {
        let now = self.world.outside().now();
        trace::note(|| Question::Now, |_| trace::of_text(Some(&now.to_string())));
        now
    }

    /// The data in a text that comes from there.
    pub(super) fn data(&self, from: &Origin, format: Format) -> Result<Value, Mistake> {
        let (data, hash) = self.known_data(from, format);
        match from {
            Origin::File(path) => trace::note(|| Question::Data(path.to_string(), format), |_| hash),
            // To ask another host is not without a cost.
            Origin::Remote(_) => trace::note_fleeting(),
            Origin::Literal(_) => {}
        }
        data
    }

    /// The hash of the data in a file.
    pub(super) fn hash_of_data(&self, path: &Arc<str>, format: Format) -> ContentHash {
        self.known_data(&Origin::File(Arc::clone(path)), format).1
    }

    fn known_data(&self, from: &Origin, format: Format) -> (Result<Value, Mistake>, ContentHash) {
        self.data.get(&(from.clone(), format), || {
            let mut hash = trace::of_text(None);
            (self.read_data(from, format, &mut hash), hash)
        })
    }

    fn read_data(&self, from: &Origin, format: Format, hash: &mut ContentHash) -> Result<Value, Mistake> {
        let (name, bytes) = match from {
            Origin::File(path) => {
                let read = self.world.read(path);
                *hash = of_bytes(&read);
                (path.to_string(), read.map_err(|error| Mistake::of_file(path, &error))?)
            }
            Origin::Remote(request) => {
                let answer = self.world.outside().fetch(request);
                (request.shown(), answer.map_err(|error| Mistake::of_host(request, &error))?)
            }
            Origin::Literal(text) => ("this literal".to_owned(), Bytes::copy_from_slice(text.as_bytes())),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            Mistake::lasting(format!("`{name}` is not UTF-8")).with_help("data is text: save it as UTF-8")
        })?;
        let source = Source::new(name.as_str(), text.strip_prefix('\u{feff}').unwrap_or(text));
        formats::parse(format, &source).map_err(|wrong| {
            let (line, column) = wrong.position().unwrap_or((1, 1));
            let message = format!("there is a mistake in `{name}`, line {line}, column {column}: {}", wrong.message);
            // What a template's author wrote there has no other place.
            if !matches!(from, Origin::Literal(_))
                && let Ok(mut mistakes) = self.mistakes.lock()
            {
                mistakes.insert(message.clone(), *wrong);
            }
            Mistake::lasting(message)
        })
    }

    /// What is wrong in what a template read, when that is what it was told.
    pub(super) fn mistake(&self, told: &str) -> Option<Diagnostic> {
        self.mistakes.lock().ok()?.get(told).cloned()
    }

    pub(super) fn metadata(&self, path: &Arc<str>) -> Result<Metadata, Mistake> {
        let metadata = self.metadata.get(path, || {
            let bytes = self.world.read(path).map_err(|error| Mistake::of_file(path, &error))?;
            images::metadata(path, &bytes).map_err(|why| Mistake::lasting(format!("`{path}` {why}")))
        });
        trace::note(|| Question::Metadata(path.to_string()), |_| of_metadata(&metadata));
        metadata
    }

    /// Notes that a picture is to be made, and gives what stands for it.
    pub(super) fn make(&self, picture: Picture) -> ContentHash {
        let key = picture.key();
        trace::note_made(&picture);
        if let Ok(mut pictures) = self.pictures.lock() {
            pictures.insert(key, picture);
        }
        key
    }

    /// Whether what a file says is kept as data.
    pub(super) fn knows(&self, file: &str) -> bool {
        self.data.has(|(from, _)| matches!(from, Origin::File(path) if **path == *file))
    }

    /// Forgets how often a page has asked for chance.
    pub(super) fn begin_again(&self, page: &str) {
        if let Ok(mut chances) = self.chances.lock() {
            chances.remove(page);
        }
    }

    /// The picture a placeholder stands for.
    pub(super) fn picture(&self, key: ContentHash) -> Option<Picture> {
        self.pictures.lock().ok()?.get(&key).cloned()
    }

    /// A number nobody can guess and every build knows: of the page, how often it has asked, and what for.
    pub(super) fn chance(&self, page: Option<&str>, what: &str) -> u64 {
        // Which of its chances it is depends on what was rendered of the page before.
        if page.is_some() {
            trace::note_fleeting();
        }
        // What belongs to no page is rendered in no order that could be told.
        let count = page.and_then(|page| {
            let mut chances = self.chances.lock().ok()?;
            let count = chances.entry(page.to_owned()).or_default();
            *count += 1;
            Some(*count)
        });
        let count = count.unwrap_or(0).to_le_bytes();
        let hash = ContentHash::of_parts([page.unwrap_or("").as_bytes(), what.as_bytes(), &count]);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(first)
    }
}

impl std::fmt::Debug for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("root", &self.root).field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl Mistake {
    pub(super) fn lasting(message: String) -> Self {
        Self { message, help: None, is_absence: false }
    }

    fn with_help(self, help: &str) -> Self {
        Self { help: Some(help.to_owned()), ..self }
    }

    fn of_file(path: &str, error: &WorldError) -> Self {
        Self { is_absence: *error == WorldError::NotFound, ..Self::lasting(format!("`{path}` {error}")) }
    }

    fn of_host(request: &Request, error: &FetchError) -> Self {
        let message = format!("`{}` {error}", request.shown());
        Self { message, help: error.help().map(str::to_owned), is_absence: error.is_absence() }
    }
}

/// Of the file a template means.
pub(super) fn of_found(found: &Result<Arc<str>, Missing>) -> ContentHash {
    match found {
        Ok(path) => trace::of_text(Some(path)),
        Err(Missing::Nowhere(_)) => trace::of_text(None),
        Err(other) => ContentHash::of(format!("{other:?}").as_bytes()),
    }
}

fn of_bytes(read: &Result<Bytes, WorldError>) -> ContentHash {
    match read {
        Ok(bytes) => ContentHash::of_parts([b"there".as_slice(), bytes]),
        Err(error) => ContentHash::of_parts([b"not there".as_slice(), format!("{error:?}").as_bytes()]),
    }
}

pub(super) fn of_metadata(metadata: &Result<Metadata, Mistake>) -> ContentHash {
    ContentHash::of(format!("{metadata:?}").as_bytes())
}

/// A path without `.` and `..`; `None` when it leads out of the folder it is relative to.
fn inside(path: &str) -> Option<String> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            _ => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

/// What was found out, once for each question. Whoever asks while another finds out waits for that.
struct Memo<K, V>(Mutex<HashMap<K, Arc<OnceLock<V>>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Memo<K, V> {
    /// `find` must not wait for other threads of the build: one of them may be waiting here.
    fn get(&self, key: &K, find: impl FnOnce() -> V) -> V {
        let Ok(mut known) = self.0.lock() else { return find() };
        let slot = Arc::clone(known.entry(key.clone()).or_default());
        drop(known);
        slot.get_or_init(find).clone()
    }

    fn has(&self, is_it: impl Fn(&K) -> bool) -> bool {
        self.0.lock().is_ok_and(|known| known.keys().any(is_it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (path, expected) in [
            ("a/b", Some("a/b")),
            ("/a//b/./c", Some("a/b/c")),
            ("a/../b", Some("b")),
            ("../b", None),
            ("a/../../b", None),
        ] {
            assert_eq!(inside(path).as_deref(), expected, "{path}");
        }
    }
}
