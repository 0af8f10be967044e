//! What a build asked the world, so that the next one can tell by asking the same whether it would make the same. Answers
//! that something is not there count as any other.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use rayon::prelude::*;

use crate::{
    load::{Entry, EntryKind, Outside, World, WorldError},
    site::ContentHash,
};

/// Questions and the hashes of their answers.
pub(super) type Trace = BTreeMap<Question, ContentHash>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) enum Question {
    Read(String),
    List(String),
    Kind(String),
    Real(String),
}

/// A world that notes what it is asked.
pub(super) struct Recorder<W> {
    world: W,
    asked: Asked,
    /// What was read, where that is to be read the same again.
    reads: Option<Reads>,
}

/// What was asked so far; `None` for what was answered in two ways: it changed while it was read.
type Asked = Arc<Mutex<BTreeMap<Question, Option<ContentHash>>>>;

type Reads = Arc<Mutex<BTreeMap<String, Result<Bytes, WorldError>>>>;

impl<W> Recorder<W> {
    pub(super) fn new(world: W) -> Self {
        Self { world, asked: Arc::default(), reads: None }
    }

    /// In which no file changes: the first that is read of one is what is read of it.
    pub(super) fn steady(world: W) -> Self {
        Self { world, asked: Arc::default(), reads: Some(Reads::default()) }
    }

    /// What was asked, of this and of all that are shared; `None` when the world changed meanwhile.
    pub(super) fn trace(&self) -> Option<Trace> {
        let asked = self.asked.lock().ok()?;
        asked.iter().map(|(question, answer)| Some((question.clone(), (*answer)?))).collect()
    }

    fn note(&self, question: Question, answer: ContentHash) {
        if let Ok(mut asked) = self.asked.lock() {
            let noted = asked.entry(question).or_insert(Some(answer));
            if *noted != Some(answer) {
                *noted = None;
            }
        }
    }
}

/// Whether the world gives the same answers again.
pub(super) fn holds(trace: &Trace, world: &dyn World) -> bool {
    trace.par_iter().all(|(question, answer)| {
        let now = match question {
            Question::Read(path) => of_read(&world.read(path)),
            Question::List(path) => of_list(&world.list(path)),
            Question::Kind(path) => of_kind(&world.kind(path)),
            Question::Real(path) => of_real(&world.real(path)),
        };
        now == *answer
    })
}

impl<W: Deref<Target: World> + Sync> World for Recorder<W> {
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        let known = || self.reads.as_ref()?.lock().ok()?.get(path).cloned();
        if let Some(answer) = known() {
            return answer;
        }
        let answer = self.world.read(path);
        let answer = match self.reads.as_ref().and_then(|reads| reads.lock().ok()) {
            // Another thread may have been first.
            Some(mut reads) => reads.entry(path.to_owned()).or_insert(answer).clone(),
            None => answer,
        };
        self.note(Question::Read(path.to_owned()), of_read(&answer));
        answer
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        let answer = self.world.list(folder);
        self.note(Question::List(folder.to_owned()), of_list(&answer));
        answer
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        let answer = self.world.kind(path);
        self.note(Question::Kind(path.to_owned()), of_kind(&answer));
        answer
    }

    fn real(&self, path: &str) -> Result<String, WorldError> {
        let answer = self.world.real(path);
        self.note(Question::Real(path.to_owned()), of_real(&answer));
        answer
    }

    /// No asset is made of it.
    fn outside(&self) -> &dyn Outside {
        self.world.outside()
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(Recorder { world: self.world.shared(), asked: Arc::clone(&self.asked), reads: self.reads.clone() })
    }
}

fn of_read(answer: &Result<Bytes, WorldError>) -> ContentHash {
    hash(answer.as_ref().map(|bytes| ContentHash::of_parts([bytes.as_ref()]).to_string()))
}

/// How large a file in a folder is matters to no one who asks for the folder.
fn of_list(answer: &Result<Vec<Entry>, WorldError>) -> ContentHash {
    hash(answer.as_ref().map(|entries| {
        let shown = |entry: &Entry| match &entry.kind {
            EntryKind::File(_) => format!("{:?}", entry.name),
            other => format!("{:?} {other:?}", entry.name),
        };
        entries.iter().map(shown).collect::<Vec<_>>().join("\n")
    }))
}

fn of_kind(answer: &Result<EntryKind, WorldError>) -> ContentHash {
    hash(answer.as_ref().map(|kind| match kind {
        EntryKind::File(_) => "file".to_owned(),
        other => format!("{other:?}"),
    }))
}

fn of_real(answer: &Result<String, WorldError>) -> ContentHash {
    hash(answer.as_ref().cloned())
}

fn hash(answer: Result<String, &WorldError>) -> ContentHash {
    match answer {
        Ok(text) => ContentHash::of_parts([b"there".as_slice(), text.as_bytes()]),
        Err(error) => ContentHash::of_parts([b"not there".as_slice(), format!("{error:?}").as_bytes()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::MemoryWorld;

    #[test]
    fn a_file_that_changes_is_what_it_was() {
        struct Changing(Mutex<u8>);
        impl World for Changing {
            fn read(&self, _: &str) -> Result<Bytes, WorldError> {
                let mut times = self.0.lock().unwrap();
                *times += 1;
                Ok(vec![*times].into())
            }
            fn list(&self, _: &str) -> Result<Vec<Entry>, WorldError> {
                Ok(Vec::new())
            }
            fn kind(&self, _: &str) -> Result<EntryKind, WorldError> {
                Ok(EntryKind::Folder)
            }
            fn real(&self, path: &str) -> Result<String, WorldError> {
                Ok(path.to_owned())
            }
            fn outside(&self) -> &dyn Outside {
                unreachable!("nothing is outside")
            }
            fn shared(&self) -> Arc<dyn World + Send + Sync> {
                Arc::new(Self(Mutex::new(100)))
            }
        }
        let world = Changing(Mutex::new(0));
        let (steady, plain) = (Recorder::steady(&world as &dyn World), Recorder::new(&world as &dyn World));
        let twice = |world: &dyn World| [world.read("a").unwrap()[0], world.read("a").unwrap()[0]];
        assert_eq!(twice(&steady), [1, 1]);
        assert_eq!(twice(&*steady.shared()), [1, 1]);
        assert_eq!(twice(&plain), [2, 3]);
        assert!(plain.trace().is_none() && steady.trace().is_some());
    }

    #[test]
    fn a_trace_holds_until_an_answer_changes() {
        let world = || MemoryWorld::new().with("sites/a/main.js", "1").with("sites/a/b/c.css", "2");
        let world_before = world();
        let recorder = Recorder::new(&world_before as &dyn World);
        drop(recorder.read("sites/a/main.js"));
        drop(recorder.kind("sites/a/main.ts"));
        drop(recorder.list("sites/a/b"));
        drop(recorder.real("sites/a/b/c.css"));
        let trace = recorder.trace().unwrap();
        assert_eq!(trace.len(), 4);
        for (changed, expected) in [
            (world(), true),
            (world().with("sites/a/main.js", "!"), false),
            (world().without("sites/a/main.js"), false),
            (world().with("sites/a/main.ts", ""), false),
            (world().with("sites/a/b/d.css", ""), false),
            (world().without("sites/a/b/c.css"), false),
            (world().with("sites/a/b/c.css", "longer"), true),
            (world().with("sites/a/other.js", ""), true),
        ] {
            assert_eq!(holds(&trace, &changed), expected, "{changed:?}");
        }
    }
}
