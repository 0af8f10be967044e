//! What templates can call: Zola's functions and filters. None opens a file or reads a clock: what they read comes through
//! [`Inputs`].

mod by_locale;
mod hash;
mod images;
mod load_data;
mod outside;
mod taxonomies;

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use tera::{Kwargs, State, Tera, TeraResult, Value};

use super::{
    MarkdownFilter,
    inputs::{Inputs, Missing},
    languages::Version,
    lists, locale,
    mistake::HELP,
    trace::{self, Question},
    values::Library,
};
use crate::{
    diag::{Source, did_you_mean},
    load::{PageId, SectionId},
    site::SitePath,
    transform::{
        links::is_rooted,
        markdown::{self, Around, HeadingLinks, MarkdownOptions, Target, Text},
        placeholder::{self, What},
    },
};

/// Adds everything, in place of what was there under the same names. Templates that are added know what there is by
/// then. `lang` is spoken where nothing says otherwise.
pub(super) fn register(
    tera: &mut Tera,
    library: &Arc<Library>,
    inputs: &Arc<Inputs>,
    filter: &MarkdownFilter,
    lang: &str,
) {
    let (of, own) = (Arc::clone(library), lang.to_owned());
    tera.register_function("get_url", move |args: Kwargs, state: &State| {
        let url = get_url(&of, &args, state, &own)?;
        // A feed and the like are read away from the site.
        let is_whole = state.get::<bool>(lists::WHOLE_URLS)?.unwrap_or(false) && is_rooted(&url);
        Ok(match of.base_url.as_deref().filter(|_| is_whole) {
            Some(base_url) => format!("{base_url}{url}"),
            None => url,
        }) as TeraResult<String>
    });
    taxonomies::register(tera, library, lang);
    let (of, own) = (Arc::clone(library), lang.to_owned());
    tera.register_function("get_page", move |args: Kwargs, state: &State| {
        let language = of.languages.spoken(&args, state, &own)?;
        let find = |file: &str| {
            let page = of.languages.page(of.page(file), language);
            trace::note(|| Question::Page(file.to_owned(), language), |sees| trace::of_page(&of, &page, sees));
            page.map(|id| of.page_value(PageId(id)))
        };
        get_content(&of, "page", &args, language, find, of.page_files.iter().map(String::as_str))
    });
    let (of, own) = (Arc::clone(library), lang.to_owned());
    tera.register_function("get_section", move |args: Kwargs, state: &State| {
        let language = of.languages.spoken(&args, state, &own)?;
        let find = |file: &str| {
            let section = of.languages.section(of.section(file), language);
            trace::note(|| Question::Section(file.to_owned(), language), |sees| trace::of_section(&of, &section, sees));
            section.map(|id| of.section_value(SectionId(id)))
        };
        get_content(&of, "section", &args, language, find, of.section_files.iter().map(|(file, _)| file.as_str()))
    });
    let (of, own) = (Arc::clone(library), lang.to_owned());
    tera.register_function("trans", move |args: Kwargs, state: &State| {
        of.words.call(&args, of.languages.spoken(&args, state, &own)?)
    });
    let own = lang.to_owned();
    tera.register_function("text_direction", move |args: Kwargs, state: &State| text_direction(&args, state, &own));

    for (name, what) in [("asset", What::Url), ("asset_integrity", What::Integrity), ("asset_content", What::Content)] {
        let of = Arc::clone(library);
        tera.register_function(name, move |args: Kwargs, _: &State| of.assets.call(what, &args));
    }

    register_inputs(tera, library, inputs);

    let (of, filter, own) = (Arc::clone(library), filter.clone(), lang.to_owned());
    tera.register_filter("markdown", move |text: &str, args: Kwargs, state: &State| {
        to_html(&of, &filter, text, &args, of.languages.spoken(&args, state, &own)?)
    });
    by_locale::register(tera, lang);
    tera.register_test("before", |value: &str, args: Kwargs, _: &State| {
        let (value, other) = (instant(value)?, other(&args)?);
        Ok(value < other || (value == other && is_inclusive(&args)?)) as TeraResult<bool>
    });
    tera.register_test("after", |value: &str, args: Kwargs, _: &State| {
        let (value, other) = (instant(value)?, other(&args)?);
        Ok(value > other || (value == other && is_inclusive(&args)?)) as TeraResult<bool>
    });

    tera.register_filter("base64_encode", tera_contrib::base64::b64_encode);
    tera.register_filter("base64_decode", tera_contrib::base64::b64_decode);
    tera.register_filter("regex_replace", tera_contrib::regex::RegexReplace::default());
    tera.register_filter("striptags", tera_contrib::regex::striptags);
    tera.register_filter("spaceless", tera_contrib::regex::spaceless);
    tera.register_filter("urlencode", tera_contrib::urlencode::urlencode);
    tera.register_filter("urlencode_strict", tera_contrib::urlencode::urlencode_strict);
    tera.register_filter("json_encode", tera_contrib::json::json_encode);
    tera.register_filter("filesizeformat", tera_contrib::filesize_format::filesize_format);
    tera.register_filter("format", tera_contrib::format::format);
    tera.register_filter("slugify", tera_contrib::slug::slug);
    tera.register_test("matching", tera_contrib::regex::Matching::default());
}

/// What reads something that is not of the site's pages.
fn register_inputs(tera: &mut Tera, library: &Arc<Library>, inputs: &Arc<Inputs>) {
    type Function = fn(&Inputs, &Kwargs) -> TeraResult<Value>;
    let functions: [(&'static str, Function); 5] = [
        ("load_data", load_data::load_data),
        ("get_image_metadata", images::get_image_metadata),
        ("resize_image", images::resize_image),
        ("now", outside::now),
        ("get_env", outside::get_env),
    ];
    for (name, function) in functions {
        let of = Arc::clone(inputs);
        tera.register_function(name, move |args: Kwargs, _: &State| function(&of, &args));
    }
    let (of, with) = (Arc::clone(inputs), Arc::clone(library));
    tera.register_function("get_hash", move |args: Kwargs, _: &State| hash::get_hash(&of, &with, &args));
    let (of, with) = (Arc::clone(inputs), Arc::clone(library));
    tera.register_function("responsive_image", move |args: Kwargs, _: &State| {
        images::responsive_image(&of, &with.assets, &args)
    });
    let of = Arc::clone(inputs);
    tera.register_function("get_random", move |args: Kwargs, state: &State| outside::get_random(&of, &args, state));
    let of = Arc::clone(inputs);
    tera.register_filter("shuffle", move |list: &Value, args: Kwargs, state: &State| {
        outside::shuffle(&of, list, &args, state)
    });
}

/// What a template's author is told, with what to do about it.
fn refuse(message: &str, help: Option<&str>) -> tera::Error {
    tera::Error::message(help.map_or_else(|| message.to_owned(), |help| format!("{message}{HELP}{help}")))
}

/// There is no file a template calls `path`.
fn no_file(path: &str, missing: Missing) -> tera::Error {
    match missing {
        Missing::Nowhere(meant) => {
            let help = meant.map_or_else(
                || {
                    "it is looked for in the site's folder, then in `static/`, `content/`, `data/` and `assets/`"
                        .to_owned()
                },
                |meant| format!("did you mean `{meant}`?"),
            );
            refuse(&format!("there is no file `{path}` in this site"), Some(&help))
        }
        Missing::Outside => refuse(&format!("`{path}` leads out of the site's folder"), None),
        Missing::Refused(error) => refuse(&format!("`{path}` {error}"), None),
    }
}

/// An argument is none of the words it takes.
fn unknown_word<'a>(name: &str, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> tera::Error {
    let help = did_you_mean(word, known.clone()).map_or_else(
        || format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    refuse(&format!("`{word}` is not a {name}"), Some(&help))
}

/// `get_url(path, lang, trailing_slash, cachebust)`: of a file in `content/` (`@/a.md#id`), which is that of the page's
/// language, or of a path of the site, which is below `/fr/` when that is said. A page's path always ends in a slash,
/// because that is where it is. With `cachebust`, a file's is the one that has a fingerprint in it.
fn get_url(library: &Library, args: &Kwargs, state: &State, own: &str) -> TeraResult<String> {
    let path = args.must_get::<&str>("path")?;
    let trailing_slash = args.get::<bool>("trailing_slash")?.unwrap_or(false);
    if let Some(internal) = library.internal(path) {
        let (file, fragment) = internal.split_once('#').map_or((&*internal, None), |(file, id)| (file, Some(id)));
        let language = library.languages.spoken(args, state, own)?;
        let url = match library.url(file, language) {
            Version::There(url) => url,
            Version::Untranslated => {
                return Err(untranslated("page or section", file, library.languages.code(language)));
            }
            Version::Missing => {
                let known = library.page_files.iter().chain(library.section_files.iter().map(|(file, _)| file));
                return Err(missing("page or section", file, known.map(String::as_str)));
            }
        };
        return Ok(fragment.map_or_else(|| url.to_owned(), |fragment| format!("{url}#{fragment}")));
    }
    if path.contains("://") || path.starts_with("//") || path.starts_with('#') {
        return Ok(path.to_owned());
    }
    let path = &in_language(library, path, args)?;
    let (bare, rest) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    if args.get::<bool>("cachebust")?.unwrap_or(false) && !library.has_page(bare) {
        let source = library.assets.find(bare).ok_or_else(|| library.assets.missing(bare))?;
        return Ok(placeholder::write(What::Url, source) + rest);
    }
    let bare = bare.trim_start_matches('/');
    let mut decoded = format!("/{bare}");
    // What was encoded already is not encoded again.
    let parsed =
        if bare.contains('%') { SitePath::from_request(&encode_spaces(&decoded)) } else { SitePath::parse(&decoded) };
    let parsed = parsed
        .or_else(|_| SitePath::parse(&decoded))
        .map_err(|error| tera::Error::message(format!("`{path}` cannot be a path of the site: {error}")))?;
    decoded = parsed.to_url(&crate::site::BasePath::root());
    if !decoded.ends_with('/')
        && (trailing_slash || (parsed.extension().is_none() && library.has_url(&format!("{decoded}/"))))
    {
        decoded.push('/');
    }
    Ok(decoded + rest)
}

/// A path below the prefix of the language that `lang` names, unless it is there already.
fn in_language<'a>(library: &Library, path: &'a str, args: &Kwargs) -> TeraResult<Cow<'a, str>> {
    let Some(lang) = args.get::<&str>("lang")? else { return Ok(path.into()) };
    let bare = path.trim_start_matches('/');
    let is_there = bare.strip_prefix(lang).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    Ok(match library.languages.position(lang)? {
        0 => path.into(),
        _ if is_there => path.into(),
        _ => format!("/{lang}/{bare}").into(),
    })
}

fn encode_spaces(path: &str) -> String {
    path.replace(' ', "%20")
}

/// `get_page(path, lang, allow_missing)` and `get_section(path, lang, allow_missing, metadata_only)`: in the language
/// that is spoken, whichever of its translations `path` names.
fn get_content<'a>(
    library: &Library,
    what: &str,
    args: &Kwargs,
    language: usize,
    find: impl Fn(&str) -> Version<Value>,
    known: impl Iterator<Item = &'a str>,
) -> TeraResult<Value> {
    let path = args.must_get::<&str>("path")?;
    let internal = library.internal(path).unwrap_or(path.into());
    let file = internal.trim_start_matches('/');
    match find(file) {
        Version::There(value) => Ok(value),
        _ if args.get::<bool>("allow_missing")?.unwrap_or(false) => Ok(Value::none()),
        Version::Untranslated => Err(untranslated(what, file, library.languages.code(language))),
        Version::Missing => Err(missing(what, file, known)),
    }
}

fn untranslated(what: &str, file: &str, lang: &str) -> tera::Error {
    tera::Error::message(format!("the {what} `{file}` is not there in the language `{lang}`"))
}

fn missing<'a>(what: &str, file: &str, known: impl Iterator<Item = &'a str>) -> tera::Error {
    let meant = did_you_mean(file, known).map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
    tera::Error::message(format!("there is no {what} `{file}` in `content/`{meant}"))
}

/// `text_direction(lang)`: `ltr` or `rtl`, of any language.
fn text_direction(args: &Kwargs, state: &State, own: &str) -> TeraResult<&'static str> {
    let lang = match args.get::<String>("lang")? {
        None => state.get::<String>("lang")?,
        given => given,
    };
    let lang = lang.as_deref().unwrap_or(own);
    let locale = locale::parse(lang)
        .ok_or_else(|| tera::Error::message(format!("`{lang}` is not a language tag, such as `fr` or `pt-BR`")))?;
    Ok(crate::load::direction(&locale))
}

/// `markdown(inline)`: with `inline`, without the paragraph around it.
fn to_html(
    library: &Library,
    filter: &MarkdownFilter,
    text: &str,
    args: &Kwargs,
    language: usize,
) -> TeraResult<Value> {
    let inline = args.get::<bool>("inline")?.unwrap_or(false);
    let resolve = |link: &str| {
        let Some(internal) = library.internal(link) else { return Target::Unchanged };
        let (file, fragment) = internal.split_at(internal.find('#').unwrap_or(internal.len()));
        match library.linked(file, language) {
            Some(url) => Target::Url(format!("{url}{fragment}")),
            None => Target::Broken { message: format!("there is no `{file}` in `content/`"), help: None },
        }
    };
    let source = Source::new("", text);
    let around = Around { highlighter: filter.highlighter.as_deref(), resolve: &resolve, ..Around::ALONE };
    let options = MarkdownOptions { heading_links: HeadingLinks::None, ..filter.options.clone() };
    let rendered = markdown::render(&Text::whole(&source), &options, &around);
    if let Some(mistake) = rendered.diagnostics.first() {
        return Err(tera::Error::message(format!("in this Markdown: {}", mistake.message)));
    }
    let mut html = rendered.html.as_str();
    if inline {
        html = html.trim_end();
        html = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>")).unwrap_or(html);
    }
    Ok(Value::safe_string(html))
}

fn instant(text: &str) -> TeraResult<Timestamp> {
    by_locale::page_date(text).map(|date| date.instant)
}

/// Whether a date is before and after itself.
fn is_inclusive(args: &Kwargs) -> TeraResult<bool> {
    Ok(args.get::<bool>("inclusive")?.unwrap_or(false))
}

fn other(args: &Kwargs) -> TeraResult<Timestamp> {
    instant(args.must_get::<&str>("other")?)
}
