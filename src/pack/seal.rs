//! Lays a site out as a bundle. A pure function of the image: the same image gives the same bytes, whatever the
//! machine, the clock or the number of threads.

use std::{collections::HashMap, fmt, io};

use bytes::Bytes;

use super::routes::RouteTable;
use crate::{
    bundle::{
        Block, Body as StoredBody, Derived, Entry, FieldFault, GENERATION, HEADER_SIZE, Header, Line, MAGIC, MANIFEST,
        MAX_FIELDS, RULES, Record, Representation, Tables, TextRef, VERSION, aligned, check_field, check_status,
        generation_of,
    },
    site::{
        Body, Coding, ContentHash, EncodedBody, Field, ManifestError, Mode, Response, RulesError, SiteImage, SiteName,
        SitePath,
    },
};

/// Why an image cannot be a bundle. The build that made the image is at fault, or the site is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("{path} has status {status}, which no route can have")]
    Status { path: String, status: u16 },
    #[error("{path} has a field `{name}: {value}`: {fault}")]
    Field { path: String, name: String, value: String, fault: FieldFault },
    #[error("{path} has {count} fields, and {MAX_FIELDS} are the most a response can have")]
    TooManyFields { path: String, count: usize },
    #[error("{path} must have an identity body first, and at most one body per coding")]
    Codings { path: String },
    #[error("the page for what is not found, {path}, is no route of the site")]
    NotFound { path: String },
    #[error("the rules of the site are wrong: {0}")]
    Rules(#[from] RulesError),
    #[error("the manifest of the site is wrong: {0}")]
    Manifest(#[from] ManifestError),
    #[error("the site is too large for a bundle: {what}")]
    TooLarge { what: &'static str },
}

/// A bundle that is laid out and named, but not on disk yet. It holds the tables; the bodies stay where they are.
#[derive(Clone)]
pub struct Sealed {
    pub(super) site: SiteName,
    pub(super) generation: ContentHash,
    /// Header and tables, up to the first body.
    head: Bytes,
    bodies: Vec<Body>,
    len: u64,
}

/// Lays `image` out.
///
/// # Errors
/// When the image holds what a bundle cannot.
pub fn seal<B: Clone + Into<Body>>(image: &SiteImage<B>) -> Result<Sealed, SealError> {
    for (path, response) in &image.routes {
        check_response(path.as_str(), response)?;
    }
    let mut tables = Builder::default();
    tables.add_bodies(image)?;
    for (path, response) in &image.routes {
        tables.add_entry(path.as_str(), response)?;
    }
    image.rules.check(|path| image.routes.contains_key(path))?;
    image.manifest.check(|path| image.routes.contains_key(path))?;
    tables.finish(image)
}

impl Sealed {
    #[must_use]
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    /// The name of the content.
    #[must_use]
    pub fn generation(&self) -> ContentHash {
        self.generation
    }

    /// Of the bundle, in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a bundle is never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The bundle's bytes in order, in pieces, so that a large one is never in memory twice, and need not be there once.
    pub fn pieces(&self) -> impl Iterator<Item = io::Result<Bytes>> {
        let padding = |body: &Body| Ok(Bytes::from_static(padding(body.len())));
        let bodies = self.bodies.iter().flat_map(move |body| [body.read(), padding(body)]);
        std::iter::once(Ok(self.head.clone())).chain(bodies)
    }
}

/// The zeros between a body of `len` bytes and the next aligned place.
fn padding(len: usize) -> &'static [u8] {
    &[0; 8][..len.wrapping_neg() % 8]
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, generation, len, .. } = self;
        f.debug_struct("Sealed")
            .field("site", site)
            .field("generation", generation)
            .field("len", len)
            .finish_non_exhaustive()
    }
}

fn check_response<B>(path: &str, response: &Response<B>) -> Result<(), SealError> {
    let path = || path.to_owned();
    if !check_status(response.status) {
        return Err(SealError::Status { path: path(), status: response.status });
    }
    if response.fields.len() > MAX_FIELDS {
        return Err(SealError::TooManyFields { path: path(), count: response.fields.len() });
    }
    for Field { name, value } in &response.fields {
        check_field(name, value).map_err(|fault| SealError::Field {
            path: path(),
            name: name.clone(),
            value: value.clone(),
            fault,
        })?;
    }
    let mut codings: Vec<_> = response.bodies.iter().map(|body| body.coding).collect();
    let identity_first = codings.first() == Some(&Coding::Identity);
    codings.sort_unstable();
    codings.dedup();
    if identity_first && codings.len() == response.bodies.len() {
        Ok(())
    } else {
        Err(SealError::Codings { path: path() })
    }
}

/// The order bodies are stored in: what most clients ask for stands together, so that it is read from disk, and kept
/// in memory, without what hardly anyone asks for.
const BODY_ORDER: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];

/// The tables of a bundle, growing.
#[derive(Default)]
struct Builder<'a> {
    entries: Vec<Entry>,
    representations: Vec<Representation>,
    bodies: Vec<Body>,
    blocks: Vec<Block>,
    lines: Vec<Line>,
    text: Vec<u8>,
    body_numbers: HashMap<ContentHash, u32>,
    /// The number of each body of the image by its place there, and its length.
    places: HashMap<(&'a str, Coding), u32>,
    block_numbers: HashMap<&'a [Field], u32>,
    texts: HashMap<&'a str, TextRef>,
}

impl<'a> Builder<'a> {
    fn add_bodies<B: Clone + Into<Body>>(&mut self, image: &'a SiteImage<B>) -> Result<(), SealError> {
        for coding in BODY_ORDER {
            for (path, response) in &image.routes {
                for EncodedBody { bytes, .. } in response.bodies.iter().filter(|body| body.coding == coding) {
                    let body: Body = bytes.clone().into();
                    let next = number(self.bodies.len(), "more than 4,294,967,295 bodies")?;
                    let known = *self.body_numbers.entry(body.hash()).or_insert(next);
                    self.places.insert((path.as_str(), coding), known);
                    if known == next {
                        self.bodies.push(body);
                    }
                }
            }
        }
        Ok(())
    }

    fn add_entry<B>(&mut self, path: &'a str, response: &'a Response<B>) -> Result<(), SealError> {
        let entry = Entry {
            path: self.text(path)?,
            block: self.block(&response.fields)?,
            first_representation: number(self.representations.len(), "more than 4,294,967,295 representations")?,
            representations: u16::try_from(response.bodies.len()).unwrap_or(u16::MAX),
            status: response.status,
            reserved: [0; 4],
        };
        self.entries.push(entry);
        for EncodedBody { coding, .. } in &response.bodies {
            // `add_bodies` has seen every body.
            let number = self.places.get(&(path, *coding)).copied().unwrap_or_default();
            let body = &self.bodies[number as usize];
            let Derived { etag, length } = Derived::of(body.hash(), body.len() as u64, *coding)
                .ok_or(SealError::TooLarge { what: "a body of more than 9 PB" })?;
            self.representations.push(Representation {
                body: number,
                coding: *coding as u8,
                reserved: [0; 3],
                etag,
                length,
            });
        }
        Ok(())
    }

    fn block(&mut self, fields: &'a [Field]) -> Result<u32, SealError> {
        if let Some(&known) = self.block_numbers.get(fields) {
            return Ok(known);
        }
        let first_line = number(self.lines.len(), LINES)?;
        for Field { name, value } in fields {
            let line = Line { name: self.text(name)?, value: self.text(value)? };
            self.lines.push(line);
        }
        let block = number(self.blocks.len(), LINES)?;
        self.blocks.push(Block { first_line, lines: number(fields.len(), LINES)? });
        self.block_numbers.insert(fields, block);
        Ok(block)
    }

    fn text(&mut self, piece: &'a str) -> Result<TextRef, SealError> {
        if let Some(&known) = self.texts.get(piece) {
            return Ok(known);
        }
        let stored = self.append(piece)?;
        self.texts.insert(piece, stored);
        Ok(stored)
    }

    fn append(&mut self, piece: &str) -> Result<TextRef, SealError> {
        let stored = TextRef { offset: number(self.text.len(), TEXT)?, len: number(piece.len(), TEXT)? };
        self.text.extend(piece.as_bytes());
        Ok(stored)
    }

    fn finish<B>(mut self, image: &'a SiteImage<B>) -> Result<Sealed, SealError> {
        let paths: Vec<&str> = image.routes.keys().map(SitePath::as_str).collect();
        let routes = RouteTable::of(&paths).ok_or(SealError::TooLarge { what: "more than 1,073,741,824 routes" })?;
        let not_found = match image.not_found.as_ref().map(SitePath::as_str) {
            None => 0,
            Some(path) => {
                let at = paths.binary_search(&path).map_err(|_| SealError::NotFound { path: path.to_owned() })?;
                number(at + 1, "more than 4,294,967,294 routes")?
            }
        };
        let (site, base) = (self.text(image.site.as_str())?, self.text(image.base.as_str())?);
        let (mut flags, mut rules, mut manifest) = (0, TextRef::default(), TextRef::default());
        if !image.rules.is_empty() {
            flags |= RULES;
            rules = self.append(&image.rules.to_json())?;
        }
        if !image.manifest.is_empty() {
            flags |= MANIFEST;
            manifest = self.append(&image.manifest.to_json())?;
        }
        let mut header = Header {
            magic: MAGIC,
            version: VERSION,
            flags,
            generation: ContentHash::from_bytes([0; 16]),
            file_len: 0,
            seed: routes.seed,
            slots: number(routes.slots.len(), "more than 2,147,483,648 hash slots")?,
            entries: number(self.entries.len(), "more than 4,294,967,294 routes")?,
            representations: number(self.representations.len(), "more than 4,294,967,295 representations")?,
            bodies: number(self.bodies.len(), "more than 4,294,967,295 bodies")?,
            blocks: number(self.blocks.len(), LINES)?,
            lines: number(self.lines.len(), LINES)?,
            text_len: number(self.text.len(), TEXT)?,
            not_found,
            site,
            base,
            mode: match image.mode {
                Mode::Traditional => 0,
                Mode::Spa => 1,
            },
            reserved: [0; 4],
            rules,
            manifest,
            reserved_end: [0; 8],
        };
        let tables = Tables::of(&header).ok_or(SealError::TooLarge { what: "tables that do not fit in memory" })?;
        let mut end = tables.end();
        let mut bodies = Vec::with_capacity(self.bodies.len());
        for body in &self.bodies {
            bodies.push(StoredBody { offset: end, len: body.len() as u64, hash: body.hash() });
            end = aligned(end + body.len() as u64);
        }
        header.file_len = end;

        let mut head = Vec::with_capacity(usize::try_from(tables.end()).unwrap_or(HEADER_SIZE));
        header.write(&mut head);
        write_all(&routes.slots, &mut head);
        write_all(&self.entries, &mut head);
        write_all(&self.representations, &mut head);
        write_all(&bodies, &mut head);
        write_all(&self.blocks, &mut head);
        write_all(&self.lines, &mut head);
        head.extend(&self.text);
        head.extend(padding(head.len()));
        let generation = generation_of(&head);
        head[GENERATION].copy_from_slice(generation.as_bytes());
        Ok(Sealed { site: image.site.clone(), generation, head: head.into(), bodies: self.bodies, len: end })
    }
}

const LINES: &str = "more than 4,294,967,295 field lines";
const TEXT: &str = "more than 4 GB of paths and field values";

fn number(count: usize, what: &'static str) -> Result<u32, SealError> {
    u32::try_from(count).map_err(|_| SealError::TooLarge { what })
}

fn write_all<R: Record>(records: &[R], out: &mut Vec<u8>) {
    for record in records {
        record.write(out);
    }
}
