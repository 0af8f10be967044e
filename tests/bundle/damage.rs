//! Whatever is not a whole bundle is refused with a clear sentence, and a body that changed is found.

use std::{fs, path::Path};

use bytes::Bytes;
use sitekit::{
    bundle::{Entry, GENERATION, Header, Record, Table, Tables, TextRef, generation_of},
    map::{Bundle, FormatError},
    pack::{RealDisk, seal},
    site::SiteImage,
};

use crate::{images, packed};

fn open(file: &[u8]) -> Result<Bundle, FormatError> {
    Bundle::from_bytes(Bytes::copy_from_slice(file))
}

fn tables(file: &[u8]) -> Tables {
    Tables::of(&Header::read(file)).unwrap()
}

fn tables_end(file: &[u8]) -> usize {
    usize::try_from(tables(file).end()).unwrap()
}

/// Makes the checksum right again, as a hostile writer would.
fn rehash(file: &mut [u8]) {
    let generation = generation_of(&file[..tables_end(file)]);
    file[GENERATION].copy_from_slice(generation.as_bytes());
}

#[test]
fn every_flipped_bit_is_found() {
    every_flipped_bit_is_found_in(&images::ruled());
    every_flipped_bit_is_found_in(&images::built());
}

fn every_flipped_bit_is_found_in(image: &SiteImage) {
    let whole = packed(image);
    let end = tables_end(&whole);
    for bit in 0..whole.len() * 8 {
        let mut file = whole.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        if bit / 8 < end {
            assert!(open(&file).is_err(), "bit {bit} of header and tables");
        } else {
            let bundle = open(&file).unwrap();
            let damage = bundle.verify_bodies().unwrap_err();
            let [damage] = damage.try_into().unwrap();
            let at = (bit / 8) as u64;
            assert!(
                (damage.offset..(damage.offset + damage.len).next_multiple_of(8)).contains(&at),
                "{damage} at {at}"
            );
            let found =
                bundle.routes().any(|(_, id)| bundle.entry(id).representations().any(|of| of.verify().is_err()));
            assert!(found, "the check of one body finds it too");
        }
    }
}

#[test]
fn every_shorter_and_longer_file_is_refused() {
    let whole = packed(&images::small());
    let expected = |len: usize| if len < 128 { 128 } else { whole.len() as u64 };
    assert_eq!(open(&[]).unwrap_err(), FormatError::Empty);
    for len in 1..whole.len() {
        let truncated = FormatError::Truncated { found: len as u64, expected: expected(len) };
        assert_eq!(open(&whole[..len]).unwrap_err(), truncated);
    }
    let longer = [&whole[..], &[0]].concat();
    let (found, expected) = (longer.len() as u64, whole.len() as u64);
    assert_eq!(open(&longer).unwrap_err(), FormatError::Trailing { found, expected });
}

/// What a person reads who opens something else.
#[test]
fn what_is_no_bundle_of_ours() {
    #[track_caller]
    fn check(file: &[u8], expected: &str) {
        assert_eq!(open(file).unwrap_err().to_string(), expected);
    }
    let mut file = packed(&images::small());
    check(&[], "this is an empty file, not a bundle");
    check(b"<!doctype html>", "this is not a bundle: it does not begin as one");
    check(&[0; 4096], "this is not a bundle: it does not begin as one");
    check(&file[..200], &format!("the bundle is truncated: it has 200 bytes of {}", file.len()));
    let changed = String::from_utf8_lossy(&file).replace("\r\n", "\n").into_bytes();
    check(&changed, "this is not a bundle: it does not begin as one");
    file[200] ^= 1;
    let found = generation_of(&file[..tables_end(&file)]);
    let expected = Header::read(&file).generation;
    check(&file, &format!("the bundle is damaged: the hash of its tables is {found}, and should be {expected}"));
    file[8] = 9;
    check(
        &file,
        "the bundle has format version 9, which a newer sitekit wrote; this one reads version 1: rebuild with this one",
    );
    file[8] = 0;
    check(
        &file,
        "the bundle has format version 0, which no sitekit wrote; this one reads version 1: rebuild with this one",
    );
}

/// Files with a right checksum and a wrong table: each rule of the format, broken by hand.
mod hostile {
    use super::*;

    #[track_caller]
    fn check(expected: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        check_of(&images::small(), expected, edit);
    }

    #[track_caller]
    fn check_of(image: &SiteImage, expected: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut file = packed(image);
        edit(&mut file);
        rehash(&mut file);
        assert_eq!(open(&file).unwrap_err().to_string(), expected);
    }

    fn header(edit: impl FnOnce(&mut Header)) -> impl FnOnce(&mut Vec<u8>) {
        |file| {
            let mut header = Header::read(file);
            edit(&mut header);
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            file[..bytes.len()].copy_from_slice(&bytes);
        }
    }

    fn record<R: Record>(
        of: fn(&Tables) -> Table<R>,
        index: u32,
        edit: impl FnOnce(&mut R),
    ) -> impl FnOnce(&mut Vec<u8>) {
        move |file| {
            let table = of(&tables(file));
            let mut found = table.get(file, index).unwrap();
            edit(&mut found);
            let (start, end) = table.range(index).unwrap();
            let mut bytes = Vec::new();
            found.write(&mut bytes);
            file[start..end].copy_from_slice(&bytes);
        }
    }

    fn entry(index: u32, edit: impl FnOnce(&mut Entry)) -> impl FnOnce(&mut Vec<u8>) {
        record(|tables| tables.entries, index, edit)
    }

    const OUTSIDE: TextRef = TextRef { offset: u32::MAX, len: u32::MAX };

    #[test]
    fn header_fields() {
        check(
            "the header of the bundle is wrong: it asks for features this sitekit does not know (0x80000000)",
            header(|header| header.flags = 1 << 31),
        );
        check(
            "the header of the bundle is wrong: bytes that are reserved are not zero",
            header(|header| header.reserved_end[7] = 1),
        );
        check(
            "the header of the bundle is wrong: bytes that are reserved are not zero",
            header(|header| header.reserved[0] = 1),
        );
        check("the header of the bundle is wrong: bytes that are reserved are not zero", |file| {
            let end = tables_end(file);
            assert_eq!(file[end - 1], 0, "the text is padded");
            file[end - 1] = b' ';
        });
        check("the header of the bundle is wrong: there is no mode 2", header(|header| header.mode = 2));
        check(
            "the header of the bundle is wrong: it names entry 7, and there is none",
            header(|header| header.not_found = 8),
        );
        check(
            "the header of the bundle is wrong: it points to text from byte 4294967295 on, 4294967295 bytes long, which is outside of the text or cuts a character",
            header(|header| header.site = OUTSIDE),
        );
        check(
            "the header of the bundle is wrong: `/docs/` cannot name a site",
            header(|header| header.site = header.base),
        );
        check(
            "the header of the bundle is wrong: `docs` is no place to mount a site at",
            header(|header| header.base = header.site),
        );
    }

    /// Of the same length, so that nothing else is wrong.
    fn json(of: fn(&Header) -> TextRef, before: &'static str, after: &'static str) -> impl FnOnce(&mut Vec<u8>) {
        assert_eq!(before.len(), after.len());
        move |file| {
            let range = tables(file).text_range(of(&Header::read(file))).unwrap();
            let json = std::str::from_utf8(&file[range.clone()]).unwrap().replacen(before, after, 1).into_bytes();
            assert_ne!(json, file[range.clone()], "{before} is there");
            file[range].copy_from_slice(&json);
        }
    }

    #[test]
    fn rules_of_the_site() {
        #[track_caller]
        fn check(expected: &str, edit: impl FnOnce(&mut Vec<u8>)) {
            check_of(&images::ruled(), expected, edit);
        }
        let prefix = "the rules of the site in the bundle are wrong: ";
        for (expected, before, after) in [
            ("the page for status 503, /same.htmX, is no route of the site", "/same.html", "/same.htmX"),
            ("they are not written the one way they can be", "\"retry_after\":60", "\"retry_after\":6 "),
            (
                "the pattern has no part `:splaX` (a `:` that begins no name is written `%3A`) at line 1 column 98",
                ":splat",
                ":splaX",
            ),
            (
                "checking this hash once would take seconds: a cost of 14 is the most, and anyone may ask for it at line 1 column 440",
                "$2y$04$",
                "$2y$31$",
            ),
        ] {
            check(&format!("{prefix}{expected}"), json(|header| header.rules, before, after));
        }
        check(&format!("{prefix}expected value at line 1 column 1"), header(|header| header.rules = header.site));
        check(
            "the header of the bundle is wrong: it points to text from byte 4294967295 on, 4294967295 bytes long, which is outside of the text or cuts a character",
            header(|header| header.rules = OUTSIDE),
        );
        check(
            "the header of the bundle is wrong: bytes that are reserved are not zero",
            header(|header| header.flags = 0),
        );
    }

    #[test]
    fn manifest_of_the_assets() {
        #[track_caller]
        fn check(expected: &str, edit: impl FnOnce(&mut Vec<u8>)) {
            check_of(&images::built(), expected, edit);
        }
        let prefix = "the manifest of the site in the bundle is wrong: ";
        for (expected, before, after) in [
            (
                "`sites/docs/main.ts` names `/assets/main.4f2a9c81d1.js`, which is none of its files",
                "\"file\":\"/assets/main.4f2a9c81d0.js\"",
                "\"file\":\"/assets/main.4f2a9c81d1.js\"",
            ),
            (
                "`/assets/editor.1c0ffee150.js` names `/assets/shared.0badcafe01.js`, which is none of its files",
                "AA\",\"imports\":[\"/assets/shared.0badcafe00.js\"]",
                "AA\",\"imports\":[\"/assets/shared.0badcafe01.js\"]",
            ),
            (
                "`/assets/main.4f2a9c81d1.js` is no route of the site",
                "\"/assets/main.4f2a9c81d0.js\":",
                "\"/assets/main.4f2a9c81d1.js\":",
            ),
            (
                "`assets//style.5eed5eed00.css` is no route of the site",
                "\"/assets/style.5eed5eed00.css\":",
                "\"assets//style.5eed5eed00.css\":",
            ),
            ("it is not written the one way it can be", "\"bytes\":12", "\"bytes\":1 "),
            (
                "unknown field `styleX`, expected one of `file`, `imports`, `styles`, `later` at line 1 column 121",
                "styles",
                "styleX",
            ),
            (
                "unknown variant `scripX`, expected one of `script`, `style`, `file` at line 1 column 318",
                "script",
                "scripX",
            ),
        ] {
            check(&format!("{prefix}{expected}"), json(|header| header.manifest, before, after));
        }
        check(&format!("{prefix}expected value at line 1 column 1"), header(|header| header.manifest = header.site));
        check(
            "the header of the bundle is wrong: it points to text from byte 4294967295 on, 4294967295 bytes long, which is outside of the text or cuts a character",
            header(|header| header.manifest = OUTSIDE),
        );
        check(
            "the header of the bundle is wrong: bytes that are reserved are not zero",
            header(|header| header.flags = 0),
        );
    }

    #[test]
    fn sizes() {
        let file = packed(&images::small());
        let end = file.len() as u64;
        let mut large = Header::read(&file);
        large.entries = u32::MAX;
        let tables = Tables::of(&large).unwrap().end();
        let outside = format!(
            "the header of the bundle is wrong: its tables end after {tables} bytes, behind the file's end at {end}"
        );
        let mut hostile = file.clone();
        header(|header| header.entries = u32::MAX)(&mut hostile);
        assert_eq!(open(&hostile).unwrap_err().to_string(), outside);
    }

    #[test]
    fn entries() {
        check(
            "the bundle is wrong in entry 3: it points to text from byte 4294967295 on, 4294967295 bytes long, which is outside of the text or cuts a character",
            entry(3, |entry| entry.path = OUTSIDE),
        );
        check(
            "the bundle is wrong in entry 0: `` is not a path of a site: a path begins with `/`",
            entry(0, |entry| entry.path.len = 0),
        );
        check("the bundle is wrong in entry 3: its path does not sort behind the one before it", |file| {
            let path = tables(file).entries.get(file, 2).unwrap().path;
            entry(3, |entry| entry.path = path)(file);
        });
        check(
            "the bundle is wrong in entry 5: it points to text from byte 143 on, 8 bytes long, which is outside of the text or cuts a character",
            entry(5, |entry| entry.path.len = 8),
        );
        check(
            "the bundle is wrong in entry 1: 204 is not a status a route can have",
            entry(1, |entry| entry.status = 204),
        );
        check(
            "the bundle is wrong in entry 1: bytes that are reserved are not zero",
            entry(1, |entry| entry.reserved[3] = 1),
        );
        check(
            "the bundle is wrong in entry 1: it names field block 99, and there is none",
            entry(1, |entry| entry.block = 99),
        );
        check(
            "the bundle is wrong in entry 1: its records do not begin where those before it end, or there are not as many",
            entry(1, |entry| entry.first_representation = 0),
        );
        check(
            "the bundle is wrong in entry 1: its representations are not the identity first and then one per coding",
            entry(1, |entry| entry.representations = 0),
        );
        check(
            "the bundle is wrong in entry 0: its representations are not the identity first and then one per coding",
            entry(0, |entry| entry.representations = u16::MAX),
        );
        check(
            "the bundle is wrong in entry 6: its records do not begin where those before it end, or there are not as many",
            entry(6, |entry| entry.representations = 2),
        );
    }

    #[test]
    fn representations() {
        check(
            "the bundle is wrong in representation 0: it names body 99, and there is none",
            record(|tables| tables.representations, 0, |of| of.body = 99),
        );
        check(
            "the bundle is wrong in representation 0: bytes that are reserved are not zero",
            record(|tables| tables.representations, 0, |of| of.reserved[2] = 1),
        );
        check(
            "the bundle is wrong in representation 0: no coding has the number 4",
            record(|tables| tables.representations, 0, |of| of.coding = 4),
        );
        check(
            "the bundle is wrong in entry 0: its representations are not the identity first and then one per coding",
            record(|tables| tables.representations, 0, |of| of.coding = 1),
        );
        check(
            "the bundle is wrong in entry 0: its representations are not the identity first and then one per coding",
            record(|tables| tables.representations, 2, |of| of.coding = 2),
        );
        check(
            "the bundle is wrong in representation 4: its entity tag or content length is not that of its body",
            record(|tables| tables.representations, 4, |of| of.etag[1] = b'\n'),
        );
        check(
            "the bundle is wrong in representation 4: its entity tag or content length is not that of its body",
            record(|tables| tables.representations, 4, |of| of.length[0] = b'8'),
        );
    }

    #[test]
    fn bodies() {
        let file = packed(&images::small());
        let end = tables(&file).end();
        check(
            &format!("the bundle is wrong in body 0: it begins at byte 0, and should at {end}"),
            record(|tables| tables.bodies, 0, |body| body.offset = 0),
        );
        check(
            &format!(
                "the bundle is wrong in body 1: it begins at byte {}, and should at 18446744073709551608",
                end + 8
            ),
            record(|tables| tables.bodies, 0, |body| body.len = u64::MAX),
        );
        check(
            "the bundle is wrong in representation 3: its entity tag or content length is not that of its body",
            record(|tables| tables.bodies, 1, |body| body.len += 1),
        );
        check(
            &format!(
                "the header of the bundle is wrong: its last body ends at byte {}, and the file at {}",
                file.len(),
                file.len() + 8
            ),
            |file| {
                file.extend([0; 8]);
                header(|header| header.file_len += 8)(file);
            },
        );
    }

    #[test]
    fn fields() {
        check(
            "the bundle is wrong in field line 0: it points to text from byte 4294967295 on, 4294967295 bytes long, which is outside of the text or cuts a character",
            record(|tables| tables.lines, 0, |line| line.name = OUTSIDE),
        );
        check(
            "the bundle is wrong in field line 0: a field name is one or more lower-case token characters (RFC 9110 §5.1)",
            record(|tables| tables.lines, 0, |line| line.name.len = 0),
        );
        check(
            "the bundle is wrong in field block 1: its records do not begin where those before it end, or there are not as many",
            record(|tables| tables.blocks, 1, |block| block.first_line = 0),
        );
        check(
            "the bundle is wrong in field block 0: it has 4294967295 field lines, and 256 are the most a response can have",
            record(|tables| tables.blocks, 0, |block| block.lines = u32::MAX),
        );
        check(
            "the bundle is wrong in field line 0: a field value has no control characters and no space at its ends (RFC 9110 §5.5)",
            |file| {
                let line = tables(file).lines.get(file, 0).unwrap();
                let range = tables(file).text_range(line.value).unwrap();
                file[range.start + 4] = b'\r';
            },
        );
        check("the header of the bundle is wrong: its text is not UTF-8", |file| {
            let line = tables(file).lines.get(file, 0).unwrap();
            let range = tables(file).text_range(line.value).unwrap();
            file[range.start] = 0xff;
        });
    }

    #[test]
    fn slots() {
        check(
            "the header of the bundle is wrong: 15 is not a size that a hash table for 7 routes can have",
            header(|header| header.slots -= 1),
        );
        check(
            "the bundle is wrong in entry 0: its path is not found in the hash table",
            header(|header| header.seed += 1),
        );
        check("the bundle is wrong in hash slot 0: it names entry 4294967294, and there is none", |file| {
            let table = tables(file).slots;
            let used = (0..table.count()).find(|&at| table.get(file, at).unwrap().entry != 0).unwrap();
            record(|tables| tables.slots, used, |slot| slot.entry = u32::MAX)(file);
        });
    }
}

/// Opening looks at header and tables alone. A gigabyte of body that is not even on disk shows it: only few pages of
/// the file are in memory afterwards.
#[test]
#[cfg(target_os = "linux")]
fn opening_a_large_bundle_reads_no_body() {
    use sitekit::bundle::{Body, Derived};

    const LARGE: u64 = 1 << 30;
    let folder = tempfile::tempdir().unwrap();
    let mut image = images::small();
    image.routes.retain(|path, _| path.as_str() == "/empty.txt");
    image.not_found = None;
    let mut file = packed(&image);

    // The one body grows to a gigabyte, and everything that says its length with it.
    let tables = tables(&file);
    let (start, end) = tables.bodies.range(0).unwrap();
    let body = Body { len: LARGE, ..tables.bodies.get(&file, 0).unwrap() };
    let mut bytes = Vec::new();
    body.write(&mut bytes);
    file[start..end].copy_from_slice(&bytes);
    let (start, end) = tables.representations.range(0).unwrap();
    let mut representation = tables.representations.get(&file, 0).unwrap();
    representation.length = Derived::of(body.hash, LARGE, sitekit::site::Coding::Identity).unwrap().length;
    bytes.clear();
    representation.write(&mut bytes);
    file[start..end].copy_from_slice(&bytes);
    let mut header = Header::read(&file);
    header.file_len = body.offset + LARGE;
    bytes.clear();
    header.write(&mut bytes);
    file[..bytes.len()].copy_from_slice(&bytes);
    rehash(&mut file);

    let path = folder.path().join("large.bundle");
    fs::write(&path, &file).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(header.file_len).unwrap();

    let bundle = Bundle::open(&path).unwrap();
    let entry = bundle.entry(bundle.lookup("/empty.txt").unwrap());
    assert_eq!(entry.identity().body().len() as u64, LARGE);
    let resident = resident_bytes(&path);
    assert!(resident < 1 << 20, "{resident} bytes of the file are in memory");
}

/// How much of the mapping of `path` is in memory.
#[cfg(target_os = "linux")]
fn resident_bytes(path: &Path) -> u64 {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mapping = maps.split_once(path.to_str().unwrap()).unwrap().1;
    let line = mapping.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn files_that_cannot_be_opened() {
    #[track_caller]
    fn check(path: &Path, expected: &str) {
        let message = Bundle::open(path).unwrap_err().to_string();
        assert_eq!(message, expected.replace("PATH", &path.display().to_string()));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let whole = packed(&images::small());
    check(&folder.path().join("none.bundle"), "there is no PATH");
    check(folder.path(), "PATH is a folder, not a bundle");
    check(Path::new("/dev/null"), "PATH is a device or a pipe, not a bundle");
    check(&file("empty.bundle", &[]), "PATH: this is an empty file, not a bundle");
    check(&file("page.html", b"<!doctype html>"), "PATH: this is not a bundle: it does not begin as one");
    check(
        &file("half.bundle", &whole[..whole.len() / 2]),
        &format!("PATH: the bundle is truncated: it has {} bytes of {}", whole.len() / 2, whole.len()),
    );
    assert!(Bundle::open(&file("whole.bundle", &whole)).is_ok());
}

#[test]
fn build_folders_that_name_no_bundle() {
    use sitekit::map::open_live;

    let build = tempfile::tempdir().unwrap();
    let docs = images::site("docs");
    let current = build.path().join("docs/current");
    let message = || open_live(build.path(), &docs).unwrap_err().to_string();
    assert_eq!(message(), format!("there is no {}", current.display()));

    let committed = seal(&images::small()).unwrap().commit(&RealDisk, build.path(), 5).unwrap();
    assert_eq!(open_live(build.path(), &docs).unwrap().to_image(), images::small());

    for wrong in ["", "../../etc/passwd\n", "0123\n", &format!("{}", committed.generation)] {
        fs::write(&current, wrong).unwrap();
        assert_eq!(
            message(),
            format!(
                "{} should hold the name of a bundle, 32 hexadecimal digits and a line end, but holds {wrong:?}",
                current.display()
            )
        );
    }
    fs::write(&current, format!("{}\n", committed.generation)).unwrap();
    fs::remove_file(&committed.path).unwrap();
    assert_eq!(message(), format!("there is no {}", committed.path.display()));
}
