//! `get_taxonomy`, `get_taxonomy_url`, `get_taxonomy_term`: of the language of the page, unless another is named.

use std::sync::Arc;

use tera::{Kwargs, State, Tera, TeraResult, Value};

use crate::{
    load::{TermId, slugify_path},
    transform::render::{
        trace::{self, Question},
        values::Library,
    },
};

/// Adds them; `own` is the language where nothing says which.
pub(super) fn register(tera: &mut Tera, library: &Arc<Library>, own: &str) {
    let (of, lang) = (Arc::clone(library), own.to_owned());
    tera.register_function("get_taxonomy", move |args: Kwargs, state: &State| {
        let kind = args.must_get::<&str>("kind")?;
        let lang = spoken(&of, &args, state, &lang)?;
        trace::note(
            || Question::Taxonomy(lang.to_owned(), kind.to_owned()),
            |sees| trace::of_taxonomy(&of, lang, kind, sees),
        );
        of.taxonomies.find(lang, kind).map(|id| of.taxonomy_value(id)).or_missing(&args)
    });
    let (of, lang) = (Arc::clone(library), own.to_owned());
    tera.register_function("get_taxonomy_term", move |args: Kwargs, state: &State| {
        let found = term(&of, &args, state, &lang, Wanted::Value)?;
        found.map(|id| of.term_value(id)).or_missing(&args)
    });
    let (of, lang) = (Arc::clone(library), own.to_owned());
    tera.register_function("get_taxonomy_url", move |args: Kwargs, state: &State| {
        let found = term(&of, &args, state, &lang, Wanted::Url)?;
        found.map(|id| Value::from(of.term_url(id))).or_missing(&args)
    });
}

/// The code of the language that is asked for.
fn spoken<'l>(library: &'l Library, args: &Kwargs, state: &State<'_>, own: &str) -> TeraResult<&'l str> {
    Ok(library.languages.code(library.languages.spoken(args, state, own)?))
}

/// How much of a term is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Value,
    Url,
}

/// The term that is called `term`, or `name`, as older templates have it.
fn term(
    library: &Library,
    args: &Kwargs,
    state: &State<'_>,
    own: &str,
    wanted: Wanted,
) -> TeraResult<Result<TermId, String>> {
    let name = match args.get::<&str>("term")? {
        Some(term) => term,
        None => args.get::<&str>("name")?.ok_or_else(|| tera::Error::message("it takes a `term`"))?,
    };
    let slug = slugify_path(name.trim(), library.slugify_terms);
    let kind = args.must_get::<&str>("kind")?;
    let lang = spoken(library, args, state, own)?;
    let parts = || (lang.to_owned(), kind.to_owned(), slug.clone());
    let question = || match (wanted, parts()) {
        (Wanted::Value, (lang, kind, slug)) => Question::Term(lang, kind, slug),
        (Wanted::Url, (lang, kind, slug)) => Question::TermUrl(lang, kind, slug),
    };
    let seen = |sees| (wanted == Wanted::Value).then_some(sees);
    trace::note(question, |sees| trace::of_term(library, lang, kind, &slug, seen(sees)));
    Ok(library.taxonomies.find(lang, kind).and_then(|id| library.taxonomies.find_term(id, &slug, name)))
}

/// What is given when there is nothing to give.
trait OrMissing {
    /// Nothing with `required = false`, else an error.
    fn or_missing(self, args: &Kwargs) -> TeraResult<Value>;
}

impl OrMissing for Result<Value, String> {
    fn or_missing(self, args: &Kwargs) -> TeraResult<Value> {
        match self {
            Ok(value) => Ok(value),
            Err(_) if !args.get::<bool>("required")?.unwrap_or(true) => Ok(Value::none()),
            Err(message) => Err(tera::Error::message(message)),
        }
    }
}
