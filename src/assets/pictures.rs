//! Pictures made of others, as templates ask for them: each is unpacked once however many are made of it, on all cores, and
//! what was made is kept by the bytes it was made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use rayon::prelude::*;

use super::{Asset, Built, BuiltAsset, Entry, integrity::integrity, names};
use crate::{
    compress::Cache,
    diag::Diagnostic,
    load::World,
    site::{ContentHash, MediaType, SitePath},
    transform::images::{self, ENCODERS, Picture},
};

/// Adds the pictures that are `wanted`; of what cannot be read, one thing is told.
pub(super) fn add(
    world: &dyn World,
    wanted: &BTreeSet<&Entry>,
    cache: Option<&Cache>,
    built: &mut Built,
    found: &mut Vec<Diagnostic>,
) {
    let mut sources: BTreeMap<&Arc<str>, Vec<&Arc<Picture>>> = BTreeMap::new();
    for entry in wanted {
        if let Entry::Picture(picture) = entry {
            sources.entry(&picture.source).or_default().push(picture);
        }
    }
    let sources: Vec<_> = sources.into_iter().collect();
    let made = sources.par_iter().with_max_len(1).map(|(source, pictures)| make(world, source, pictures, cache));
    let made: Vec<Result<Vec<Bytes>, String>> = made.collect();
    for ((source, pictures), made) in sources.into_iter().zip(made) {
        match made {
            Err(why) => found.push(Diagnostic::error(Arc::clone(source), format!("this picture {why}"))),
            Ok(bodies) => {
                for (picture, body) in pictures.into_iter().zip(bodies) {
                    let (path, asset) = published(source, picture, body);
                    built.add(path.clone(), asset);
                    built.assets.insert(Entry::Picture(Arc::clone(picture)), Asset::alone(path));
                }
            }
        }
    }
}

/// The bodies of all that is made of one file, in the order of `pictures`.
fn make(
    world: &dyn World,
    source: &str,
    pictures: &[&Arc<Picture>],
    cache: Option<&Cache>,
) -> Result<Vec<Bytes>, String> {
    let bytes = world.read(source).map_err(|error| error.to_string())?;
    let content = ContentHash::of(&bytes);
    let kept = |picture: &Picture| cache?.get(key(content, picture));
    let mut bodies: Vec<Option<Bytes>> = pictures.iter().map(|picture| kept(picture)).collect();
    if bodies.iter().any(Option::is_none) {
        let decoded = images::decode(&bytes)?;
        bodies.par_iter_mut().zip(pictures).with_max_len(1).try_for_each(|(body, picture)| {
            if body.is_some() {
                return Ok(());
            }
            let made = images::encode(&decoded.shaped(picture.shape), picture.encoding)?;
            if let Some(cache) = cache {
                cache.keep(key(content, picture), &made);
            }
            *body = Some(made.into());
            Ok::<(), String>(())
        })?;
    }
    Ok(bodies.into_iter().flatten().collect())
}

/// Which program packed it does not matter, but which encoders did.
fn key(content: ContentHash, picture: &Picture) -> ContentHash {
    let how = format!("{:?} {:?}", picture.shape, picture.encoding);
    ContentHash::of_parts([ENCODERS.as_bytes(), content.as_bytes(), how.as_bytes()])
}

fn published(source: &str, picture: &Picture, body: Bytes) -> (SitePath, BuiltAsset) {
    let extension = picture.encoding.extension();
    let (stem, _) = names::stem_and_extension(source);
    let path = names::picture(stem, extension, &ContentHash::of(&body));
    let media = MediaType::of_extension(Some(extension));
    (path, BuiltAsset { integrity: integrity(&body), body, media })
}
