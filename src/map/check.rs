//! The gate: everything a reader relies on is checked here, once, before the first answer. It reads header and tables
//! and never a body, so that opening costs the same however large the bodies are.

use std::{cmp::Ordering, sync::Arc};

use super::{EntryId, Index};
use crate::{
    bundle::{
        Derived, FieldFault, HEADER_SIZE, Header, MAGIC, MANIFEST, MAX_FIELDS, MAX_PROBES, RULES, RouteHash, Slot,
        Tables, TextRef, VERSION, aligned, check_field, check_status, generation_of,
    },
    site::{
        BasePath, Coding, ContentHash, Manifest, ManifestError, Mode, PathError, Rules, RulesError, SiteName, SitePath,
    },
};

/// Why some bytes are not a bundle this program can serve from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("this is an empty file, not a bundle")]
    Empty,
    #[error("this is not a bundle: it does not begin as one")]
    NotABundle,
    #[error("the bundle has format version {found}, which {} wrote; this one reads version {VERSION}: rebuild with this one", if *found > VERSION { "a newer sitekit" } else { "no sitekit" })]
    Version { found: u32 },
    #[error("the bundle is truncated: it has {found} bytes of {expected}")]
    Truncated { found: u64, expected: u64 },
    #[error("the bundle should end after {expected} bytes, but {found} are there")]
    Trailing { found: u64, expected: u64 },
    #[error("the bundle is damaged: the hash of its tables is {found}, and should be {expected}")]
    Damaged { found: ContentHash, expected: ContentHash },
    #[error("the header of the bundle is wrong: {0}")]
    Header(Fault),
    #[error("the rules of the site in the bundle are wrong: {0}")]
    Rules(#[from] RulesError),
    #[error("the manifest of the site in the bundle is wrong: {0}")]
    Manifest(#[from] ManifestError),
    #[error("the bundle is wrong in {table} {index}: {fault}")]
    Record { table: &'static str, index: u32, fault: Fault },
}

/// What is wrong with a header or a record. A file with such a fault and a right hash was not written by sitekit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it asks for features this sitekit does not know ({0:#x})")]
    Flags(u32),
    #[error("bytes that are reserved are not zero")]
    Reserved,
    #[error("its tables end after {tables} bytes, behind the file's end at {file}")]
    TablesOutside { tables: u64, file: u64 },
    #[error("its text is not UTF-8")]
    NotUtf8,
    #[error("it points to text from byte {} on, {} bytes long, which is outside of the text or cuts a character", .0.offset, .0.len)]
    TextOutside(TextRef),
    #[error("`{0}` cannot name a site")]
    SiteName(String),
    #[error("`{0}` is no place to mount a site at")]
    BasePath(String),
    #[error("there is no mode {0}")]
    Mode(u32),
    #[error("{found} is not a size that a hash table for {entries} routes can have")]
    Slots { found: u32, entries: u32 },
    #[error("it names entry {0}, and there is none")]
    NoEntry(u32),
    #[error("`{path}` is not a path of a site: {fault}")]
    Path { path: String, fault: PathError },
    #[error("its path does not sort behind the one before it")]
    Order,
    #[error("its path is not found in the hash table")]
    Unreachable,
    #[error("{0} is not a status a route can have")]
    Status(u16),
    #[error("it names field block {0}, and there is none")]
    NoBlock(u32),
    #[error("its records do not begin where those before it end, or there are not as many")]
    Sequence,
    #[error("its representations are not the identity first and then one per coding")]
    Codings,
    #[error("it names body {0}, and there is none")]
    NoBody(u32),
    #[error("no coding has the number {0}")]
    Coding(u8),
    #[error("its entity tag or content length is not that of its body")]
    Derived,
    #[error("it begins at byte {found}, and should at {expected}")]
    Place { found: u64, expected: u64 },
    #[error("it has {0} field lines, and {MAX_FIELDS} are the most a response can have")]
    TooManyFields(u32),
    #[error("its last body ends at byte {expected}, and the file at {found}")]
    End { found: u64, expected: u64 },
    #[error("{0}")]
    Field(#[from] FieldFault),
}

/// Checks all of a file but its bodies.
pub(super) fn check(file: &[u8]) -> Result<Index, FormatError> {
    let (header, tables) = check_header(file)?;
    let checked = Checked { file, header: &header, tables: &tables, text: check_text(file, &tables)? };
    checked.check_blocks()?;
    checked.check_bodies()?;
    checked.check_entries()?;
    checked.check_slots()?;
    checked.index()
}

/// That the file is a bundle, of a version we read, whole, and that header and tables are as they were written.
fn check_header(file: &[u8]) -> Result<(Header, Tables), FormatError> {
    if file.is_empty() {
        return Err(FormatError::Empty);
    }
    let begins = file.len().min(MAGIC.len());
    if file[..begins] != MAGIC[..begins] {
        return Err(FormatError::NotABundle);
    }
    let found = file.len() as u64;
    if file.len() < HEADER_SIZE {
        return Err(FormatError::Truncated { found, expected: HEADER_SIZE as u64 });
    }
    let header = Header::read(file);
    if header.version != VERSION {
        return Err(FormatError::Version { found: header.version });
    }
    let expected = header.file_len;
    if found < expected {
        return Err(FormatError::Truncated { found, expected });
    }
    if found > expected {
        return Err(FormatError::Trailing { found, expected });
    }
    let tables = Tables::of(&header).filter(|tables| tables.end() <= found);
    let head = tables.and_then(|tables| file.get(..usize::try_from(tables.end()).ok()?).map(|head| (tables, head)));
    let Some((tables, head)) = head else {
        let tables = Tables::of(&header).map_or(u64::MAX, |tables| tables.end());
        return Err(FormatError::Header(Fault::TablesOutside { tables, file: found }));
    };
    let generation = generation_of(head);
    if generation != header.generation {
        return Err(FormatError::Damaged { found: generation, expected: header.generation });
    }
    let unknown = header.flags & !(RULES | MANIFEST);
    if unknown != 0 {
        return Err(FormatError::Header(Fault::Flags(unknown)));
    }
    let is_unannounced = |flag, text| header.flags & flag == 0 && text != TextRef::default();
    let unannounced = is_unannounced(RULES, header.rules) || is_unannounced(MANIFEST, header.manifest);
    if header.reserved != [0; 4] || header.reserved_end != [0; 8] || unannounced {
        return Err(FormatError::Header(Fault::Reserved));
    }
    if !header.slots.is_power_of_two() || header.slots < header.entries {
        return Err(FormatError::Header(Fault::Slots { found: header.slots, entries: header.entries }));
    }
    Ok((header, tables))
}

fn check_text<'a>(file: &'a [u8], tables: &Tables) -> Result<&'a str, FormatError> {
    if !tables.text_padding(file).iter().all(|&byte| byte == 0) {
        return Err(FormatError::Header(Fault::Reserved));
    }
    std::str::from_utf8(tables.text_region(file)).map_err(|_| FormatError::Header(Fault::NotUtf8))
}

/// A file whose header, sizes and text are right.
struct Checked<'a> {
    file: &'a [u8],
    header: &'a Header,
    tables: &'a Tables,
    text: &'a str,
}

impl<'a> Checked<'a> {
    /// Blocks list all lines, one after the other, and all lines are fields a response may have.
    fn check_blocks(&self) -> Result<(), FormatError> {
        let mut next_line = 0_u32;
        for (index, block) in self.tables.blocks.iter(self.file) {
            if block.first_line != next_line {
                return Err(record("field block", index, Fault::Sequence));
            }
            if block.lines as usize > MAX_FIELDS {
                return Err(record("field block", index, Fault::TooManyFields(block.lines)));
            }
            next_line = next_line.checked_add(block.lines).ok_or(record("field block", index, Fault::Sequence))?;
        }
        if next_line != self.tables.lines.count() {
            return Err(FormatError::Header(Fault::Sequence));
        }
        for (index, line) in self.tables.lines.iter(self.file) {
            let fine = || -> Result<(), Fault> { Ok(check_field(self.piece(line.name)?, self.piece(line.value)?)?) };
            fine().map_err(|fault| record("field line", index, fault))?;
        }
        Ok(())
    }

    /// Bodies fill the rest of the file, each from the first aligned place on.
    fn check_bodies(&self) -> Result<(), FormatError> {
        let mut expected = self.tables.end();
        for (index, body) in self.tables.bodies.iter(self.file) {
            if body.offset != expected {
                return Err(record("body", index, Fault::Place { found: body.offset, expected }));
            }
            expected = aligned(expected.saturating_add(body.len));
        }
        if expected == self.header.file_len {
            return Ok(());
        }
        Err(FormatError::Header(Fault::End { found: self.header.file_len, expected }))
    }

    fn check_entries(&self) -> Result<(), FormatError> {
        let mut before: Option<&str> = None;
        let mut next_representation = 0_u32;
        for (index, entry) in self.tables.entries.iter(self.file) {
            let wrong = |fault| record("entry", index, fault);
            let path = self.piece(entry.path).map_err(wrong)?;
            if let Err(fault) = SitePath::parse(path) {
                return Err(wrong(Fault::Path { path: path.to_owned(), fault }));
            }
            if before.is_some_and(|before| before >= path) {
                return Err(wrong(Fault::Order));
            }
            before = Some(path);
            if !check_status(entry.status) {
                return Err(wrong(Fault::Status(entry.status)));
            }
            if entry.reserved != [0; 4] {
                return Err(wrong(Fault::Reserved));
            }
            if entry.block >= self.tables.blocks.count() {
                return Err(wrong(Fault::NoBlock(entry.block)));
            }
            if entry.first_representation != next_representation {
                return Err(wrong(Fault::Sequence));
            }
            self.check_representations(next_representation, entry.representations, index)?;
            next_representation += u32::from(entry.representations);
        }
        if next_representation == self.tables.representations.count() {
            Ok(())
        } else {
            Err(FormatError::Header(Fault::Sequence))
        }
    }

    /// The `count` representations of an entry from `first` on.
    fn check_representations(&self, first: u32, count: u16, entry: u32) -> Result<(), FormatError> {
        let mut codings = [false; Coding::ALL.len()];
        for nth in 0..u32::from(count) {
            let index = first.saturating_add(nth);
            let wrong = |fault| record("representation", index, fault);
            let found =
                self.tables.representations.get(self.file, index).ok_or(record("entry", entry, Fault::Sequence))?;
            if found.reserved != [0; 3] {
                return Err(wrong(Fault::Reserved));
            }
            let coding = Coding::from_number(found.coding).ok_or(wrong(Fault::Coding(found.coding)))?;
            let seen = codings.get_mut(usize::from(found.coding)).ok_or(wrong(Fault::Coding(found.coding)))?;
            if *seen || (nth == 0) != (coding == Coding::Identity) {
                return Err(record("entry", entry, Fault::Codings));
            }
            *seen = true;
            let body = self.tables.bodies.get(self.file, found.body).ok_or(wrong(Fault::NoBody(found.body)))?;
            let derived = Derived { etag: found.etag, length: found.length };
            if Derived::of(body.hash, body.len, coding) != Some(derived) {
                return Err(wrong(Fault::Derived));
            }
        }
        if count == 0 { Err(record("entry", entry, Fault::Codings)) } else { Ok(()) }
    }

    /// Every slot names an entry, and every entry is found where a lookup looks for it.
    fn check_slots(&self) -> Result<(), FormatError> {
        let (slots, entries) = (self.tables.slots, self.tables.entries);
        for (index, slot) in slots.iter(self.file) {
            if slot.entry > entries.count() {
                return Err(record("hash slot", index, Fault::NoEntry(slot.entry - 1)));
            }
        }
        for (index, entry) in entries.iter(self.file) {
            let path = self.piece(entry.path).map_err(|fault| record("entry", index, fault))?;
            let hash = RouteHash::of(path.as_bytes(), self.header.seed);
            let found = (0..MAX_PROBES)
                .map_while(|probe| slots.get(self.file, hash.slot(probe, slots.count())).filter(|slot| slot.entry != 0))
                .any(|slot| slot == Slot { tag: hash.tag(), entry: index + 1 });
            if !found {
                return Err(record("entry", index, Fault::Unreachable));
            }
        }
        Ok(())
    }

    fn index(&self) -> Result<Index, FormatError> {
        let Header { seed, generation, not_found, mode, .. } = *self.header;
        let site = self.piece(self.header.site).map_err(FormatError::Header)?;
        let base = self.piece(self.header.base).map_err(FormatError::Header)?;
        if not_found > self.tables.entries.count() {
            return Err(FormatError::Header(Fault::NoEntry(not_found - 1)));
        }
        let rules = self.rules()?;
        self.check_manifest()?;
        Ok(Index {
            tables: *self.tables,
            seed,
            site: SiteName::parse(site).map_err(|_| FormatError::Header(Fault::SiteName(site.to_owned())))?,
            base: BasePath::parse(base).ok_or(FormatError::Header(Fault::BasePath(base.to_owned())))?,
            mode: match mode {
                0 => Mode::Traditional,
                1 => Mode::Spa,
                _ => return Err(FormatError::Header(Fault::Mode(mode))),
            },
            generation,
            not_found: not_found.checked_sub(1).map(EntryId),
            rules: Arc::new(rules),
            manifest: self.header.manifest,
        })
    }

    /// The rules, every value of them parsed, and every route they name found.
    fn rules(&self) -> Result<Rules, FormatError> {
        if self.header.flags & RULES == 0 {
            return Ok(Rules::default());
        }
        let rules = Rules::from_json(self.piece(self.header.rules).map_err(FormatError::Header)?)?;
        rules.check(|path| self.is_route(path))?;
        Ok(rules)
    }

    /// The manifest is read whole, and not kept: no answer is made of it.
    fn check_manifest(&self) -> Result<(), FormatError> {
        if self.header.flags & MANIFEST == 0 {
            return Ok(());
        }
        let manifest = Manifest::from_json(self.piece(self.header.manifest).map_err(FormatError::Header)?)?;
        manifest.check(|path| self.is_route(path))?;
        Ok(())
    }

    /// Whether an entry has this path; they are sorted by now.
    fn is_route(&self, path: &SitePath) -> bool {
        let path_of = |index| self.tables.entries.get(self.file, index).and_then(|entry| self.piece(entry.path).ok());
        let (mut low, mut high) = (0, self.tables.entries.count());
        while low < high {
            let middle = low + (high - low) / 2;
            match path_of(middle).unwrap_or_default().cmp(path.as_str()) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return true,
                Ordering::Greater => high = middle,
            }
        }
        false
    }

    fn piece(&self, piece: TextRef) -> Result<&'a str, Fault> {
        let outside = Fault::TextOutside(piece);
        let (Ok(start), Ok(len)) = (usize::try_from(piece.offset), usize::try_from(piece.len)) else {
            return Err(outside);
        };
        start.checked_add(len).and_then(|end| self.text.get(start..end)).ok_or(outside)
    }
}

const fn record(table: &'static str, index: u32, fault: Fault) -> FormatError {
    FormatError::Record { table, index, fault }
}
