//! `load_data`: a file of the site, another host's answer, or a text of the template's, as a value.

use tera::{Kwargs, TeraResult, Value};

use super::{refuse, unknown_word};
use crate::{
    load::{Method, Request},
    transform::{
        formats::{FORMATS, Format},
        render::inputs::{Inputs, Missing, Origin},
    },
};

/// `load_data(path | url | literal, format, required, method, body, content_type, headers)`.
pub(super) fn load_data(inputs: &Inputs, args: &Kwargs) -> TeraResult<Value> {
    let (path, url, literal) = (args.get::<&str>("path")?, args.get::<&str>("url")?, args.get::<&str>("literal")?);
    let required = args.get::<bool>("required")?.unwrap_or(true);
    let format = match args.get::<&str>("format")? {
        None => None,
        Some(word) => {
            let known = || FORMATS.iter().map(|(name, _)| *name);
            Some(Format::named(word).ok_or_else(|| unknown_word("format", word, known()))?)
        }
    };
    let (from, by_name) = match (path, url, literal) {
        (Some(path), None, None) => match inputs.find(path) {
            Ok(file) => (Origin::File(file.clone()), Format::of_path(&file)),
            Err(Missing::Nowhere(_)) if !required => return Ok(Value::none()),
            Err(missing) => return Err(super::no_file(path, missing)),
        },
        (None, Some(url), None) => {
            let format = format.unwrap_or(Format::Plain);
            (Origin::Remote(request(inputs, url, format, args)?), Format::Plain)
        }
        (None, None, Some(literal)) => (Origin::Literal(literal.to_owned()), Format::Plain),
        _ => return Err(refuse("`load_data` takes one of `path`, `url` and `literal`", None)),
    };
    match inputs.data(&from, format.unwrap_or(by_name)) {
        Ok(value) => Ok(value),
        Err(mistake) if mistake.is_absence && !required => Ok(Value::none()),
        Err(mistake) => Err(refuse(&mistake.message, mistake.help.as_deref())),
    }
}

fn request(inputs: &Inputs, url: &str, format: Format, args: &Kwargs) -> TeraResult<Request> {
    let method = args.get::<&str>("method")?.unwrap_or("GET");
    let method = match method.to_ascii_uppercase().as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        _ => return Err(refuse(&format!("`method` is `GET` or `POST`, not `{method}`"), None)),
    };
    let mut fields = Vec::new();
    for line in args.get::<Vec<String>>("headers")?.unwrap_or_default() {
        let Some((name, value)) = line.split_once('=') else {
            let help = "a header is written `name=value`, as in `headers=[\"accept=text/html\"]`";
            return Err(refuse(&format!("`{line}` is not a header"), Some(help)));
        };
        fields.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let text = |name: &str| Ok(args.get::<&str>(name)?.map(str::to_owned)) as TeraResult<Option<String>>;
    Ok(Request {
        url: url.trim().to_owned(),
        method,
        accept: format.media_type(),
        fields,
        content_type: text("content_type")?,
        body: text("body")?,
        limits: inputs.config.limits,
    })
}
