//! `get_hash`: SHA-2 of a text or of a file. What a browser gets of a script or a style sheet is not what its author wrote, so
//! for these something stands in the page until they are built; so it does for what the build itself writes.

use tera::{Kwargs, TeraResult, Value};

use super::refuse;
use crate::transform::{
    digest::{Bits, Digest},
    placeholder::{self, What},
    render::{
        inputs::{Inputs, Missing},
        values::Library,
    },
};

/// Files that are built into something else.
const BUILT: [&str; 11] = ["css", "scss", "sass", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx"];

/// `get_hash(path | literal, sha_type, base64)`.
pub(super) fn get_hash(inputs: &Inputs, library: &Library, args: &Kwargs) -> TeraResult<Value> {
    let bits = match args.get::<i64>("sha_type")?.unwrap_or(384) {
        256 => Bits::Sha256,
        384 => Bits::Sha384,
        512 => Bits::Sha512,
        other => return Err(refuse(&format!("`sha_type` is 256, 384 or 512, not {other}"), None)),
    };
    let digest = Digest { bits, base64: args.get::<bool>("base64")?.unwrap_or(true) };
    match (args.get::<&str>("path")?, args.get::<&str>("literal")?) {
        (None, Some(literal)) => Ok(digest.of(literal.as_bytes()).into()),
        (Some(path), None) => {
            let file = match inputs.find(path) {
                Err(Missing::Nowhere(_)) if library.is_written(path) => {
                    let at = format!("/{}", path.trim_start_matches('/'));
                    return Ok(Value::safe_string(&placeholder::write(What::Digest(digest), &at)));
                }
                found => found.map_err(|missing| super::no_file(path, missing))?,
            };
            let is_built = file.rsplit_once('.').is_some_and(|(_, extension)| BUILT.contains(&extension));
            if is_built && library.assets.is_one(&file) {
                return Ok(Value::safe_string(&placeholder::write(What::Digest(digest), &file)));
            }
            let bytes = inputs.read(&file).map_err(|error| refuse(&format!("`{file}` {error}"), None))?;
            Ok(digest.of(&bytes).into())
        }
        _ => Err(refuse("`get_hash` takes one of `path` and `literal`", None)),
    }
}
