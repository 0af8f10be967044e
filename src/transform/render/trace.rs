//! What a page's template asked while it was rendered, and what it was told: by asking the same again the next build knows
//! whether it would be told the same. Answers that something is not there count as any other. Where nobody wants to know, a
//! question costs a look at a thread's own memory.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

use super::{
    inputs::{self, Inputs},
    languages::Version,
    seen::Sees,
    values::Library,
};
use crate::{
    load::{PageId, SectionId},
    site::ContentHash,
    transform::{
        formats::Format,
        images::{Encoding, Picture, Shape},
    },
};

/// What templates ask for beside what they are given. The numbers are those of the site's languages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Question {
    /// The page that a file below `content/` is about, in a language.
    Page(String, usize),
    Section(String, usize),
    /// The URL of either.
    Url(String, usize),
    /// Where a link in a text leads.
    Linked(String, usize),
    HasUrl(String),
    HasPage(String),
    /// The taxonomy of a language with a name.
    Taxonomy(String, String),
    /// The term with a slug.
    Term(String, String, String),
    TermUrl(String, String, String),
    /// The file that `asset` and the like find under a name.
    Asset(String),
    /// Whether a file is one that they find.
    IsAsset(String),
    /// The file of the site under a name.
    File(String),
    Data(String, Format),
    Bytes(String),
    Metadata(String),
    Now,
    Variable(String),
}

/// What was asked, with the hashes of the answers, and what rendering did besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// As they are written.
    asked: Vec<(Vec<u8>, ContentHash)>,
    /// Pictures that are to be made.
    made: Vec<(String, Shape, Encoding)>,
    /// Words that were asked for in a language, and are not there.
    missed: Vec<(String, usize)>,
}

struct Noting {
    sees: Sees,
    known: HashSet<Vec<u8>>,
    trace: Trace,
    /// Whether it was told what another build may not be told again.
    is_fleeting: bool,
}

thread_local! {
    /// What is being rendered.
    static NOTED: RefCell<Option<Noting>> = const { RefCell::new(None) };
}

/// What `work` does, and what was asked on this thread meanwhile; nothing where no other build can ask the same.
pub(super) fn noting<T>(sees: Sees, work: impl FnOnce() -> T) -> (T, Option<Trace>) {
    let before =
        NOTED.replace(Some(Noting { sees, known: HashSet::new(), trace: Trace::default(), is_fleeting: false }));
    let done = work();
    let noted = NOTED.replace(before);
    (done, noted.filter(|noted| !noted.is_fleeting).map(|noted| noted.trace))
}

/// A question is asked, and this is the hash of its answer, for one who sees so much.
pub(super) fn note(question: impl FnOnce() -> Question, answer: impl FnOnce(Sees) -> ContentHash) {
    let Some(sees) = NOTED.with_borrow(|noted| noted.as_ref().map(|noted| noted.sees)) else { return };
    // It may ask something itself.
    let (question, answer) = (postcard::to_allocvec(&question()), answer(sees));
    change(|noted| match question {
        Ok(question) => {
            if noted.known.insert(question.clone()) {
                noted.trace.asked.push((question, answer));
            }
        }
        Err(_) => noted.is_fleeting = true,
    });
}

/// A picture is to be made.
pub(super) fn note_made(picture: &Picture) {
    change(|noted| noted.trace.made.push((picture.source.to_string(), picture.shape, picture.encoding)));
}

/// A language lacks a word.
pub(super) fn note_missed(word: &str, language: usize) {
    change(|noted| noted.trace.missed.push((word.to_owned(), language)));
}

/// Something is told that another build may not be told again.
pub(super) fn note_fleeting() {
    change(|noted| noted.is_fleeting = true);
}

fn change(change: impl FnOnce(&mut Noting)) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted {
            change(noted);
        }
    });
}

/// The answers of one build to questions of the one before.
#[derive(Debug, Default)]
pub(super) struct Answers([RwLock<HashMap<Vec<u8>, ContentHash>>; 2]);

impl Trace {
    /// Whether everything that was asked would be told the same again.
    pub(super) fn holds(&self, answers: &Answers, sees: Sees, library: &Library, inputs: &Inputs) -> bool {
        let known = &answers.0[usize::from(sees == Sees::Everything)];
        self.asked.iter().all(|(question, before)| {
            let answer = known.read().unwrap_or_else(PoisonError::into_inner).get(question).copied();
            let answer = answer.or_else(|| {
                let asked: Question = postcard::from_bytes(question).ok()?;
                let answer = asked.answer(sees, library, inputs);
                known.write().unwrap_or_else(PoisonError::into_inner).insert(question.clone(), answer);
                Some(answer)
            });
            answer == Some(*before)
        })
    }

    /// Does again what rendering did besides.
    pub(super) fn tell_again(&self, library: &Library, inputs: &Inputs) {
        for (source, shape, encoding) in &self.made {
            inputs.make(Picture { source: source.as_str().into(), shape: *shape, encoding: *encoding });
        }
        for (word, language) in &self.missed {
            library.words.miss(word, *language);
        }
    }
}

impl Question {
    fn answer(&self, sees: Sees, library: &Library, inputs: &Inputs) -> ContentHash {
        match self {
            Self::Page(file, language) => {
                of_page(library, &library.languages.page(library.page(file), *language), sees)
            }
            Self::Section(file, language) => {
                of_section(library, &library.languages.section(library.section(file), *language), sees)
            }
            Self::Url(file, language) => of_url(&library.url(file, *language)),
            Self::Linked(file, language) => of_text(library.linked(file, *language)),
            Self::HasUrl(url) => of_truth(library.has_url(url)),
            Self::HasPage(path) => of_truth(library.has_page(path)),
            Self::Taxonomy(lang, name) => of_taxonomy(library, lang, name, sees),
            Self::Term(lang, name, slug) => of_term(library, lang, name, slug, Some(sees)),
            Self::TermUrl(lang, name, slug) => of_term(library, lang, name, slug, None),
            Self::Asset(name) => of_text(library.assets.find(name).map(|source| &**source)),
            Self::IsAsset(source) => of_truth(library.assets.is_one(source)),
            Self::File(path) => inputs::of_found(&inputs.find(path)),
            Self::Data(path, format) => inputs.hash_of_data(&Arc::from(path.as_str()), *format),
            Self::Bytes(path) => inputs.hash_of_bytes(path),
            Self::Metadata(path) => inputs::of_metadata(&inputs.metadata(&Arc::from(path.as_str()))),
            Self::Now => of_text(Some(&inputs.now().to_string())),
            Self::Variable(name) => of_text(inputs.variable(name).as_deref()),
        }
    }
}

pub(super) fn of_page(library: &Library, page: &Version<usize>, sees: Sees) -> ContentHash {
    of_version(page, |id| library.digest_of_page(PageId(*id), sees))
}

pub(super) fn of_section(library: &Library, section: &Version<usize>, sees: Sees) -> ContentHash {
    of_version(section, |id| library.digest_of_section(SectionId(*id), sees))
}

pub(super) fn of_url(url: &Version<&str>) -> ContentHash {
    of_version(url, |url| ContentHash::of(url.as_bytes()))
}

fn of_version<T>(version: &Version<T>, there: impl FnOnce(&T) -> ContentHash) -> ContentHash {
    match version {
        Version::There(one) => there(one),
        Version::Untranslated => ContentHash::of(b"untranslated"),
        Version::Missing => ContentHash::of(b"missing"),
    }
}

pub(super) fn of_taxonomy(library: &Library, lang: &str, name: &str, sees: Sees) -> ContentHash {
    let found = library.taxonomies.find(lang, name);
    found.map_or_else(|_| of_text(None), |id| library.digest_of_taxonomy(id, sees))
}

/// Of its URL where no more is seen.
pub(super) fn of_term(library: &Library, lang: &str, name: &str, slug: &str, sees: Option<Sees>) -> ContentHash {
    let taxonomy = library.taxonomies.find(lang, name);
    let Ok(id) = taxonomy.and_then(|id| library.taxonomies.find_term(id, slug, "")) else { return of_text(None) };
    match sees {
        Some(sees) => library.digest_of_term(id, sees),
        None => of_text(Some(&library.term_url(id))),
    }
}

/// Of a text that may not be there.
pub(super) fn of_text(text: Option<&str>) -> ContentHash {
    match text {
        Some(text) => ContentHash::of_parts([b"there".as_slice(), text.as_bytes()]),
        None => ContentHash::of_parts([b"not there".as_slice()]),
    }
}

pub(super) fn of_truth(truth: bool) -> ContentHash {
    ContentHash::of(&[u8::from(truth)])
}
