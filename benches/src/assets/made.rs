//! What a bundler made, counted in the same way for all: the scripts and style sheets a browser could ask for.

use std::{fs, io, path::Path};

use anyhow::Context as _;
use sitekit::{
    map::{self, Bundle},
    site::{Coding, SiteName},
};

/// Scripts and style sheets of one build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) scripts: u64,
    pub(super) styles: u64,
    /// Before any coding.
    pub(super) bytes: u64,
    /// After brotli at its highest level, file by file.
    pub(super) brotli: u64,
}

impl Made {
    /// All that lie in a folder and below it.
    pub(super) fn in_folder(folder: &Path) -> io::Result<Self> {
        let mut made = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                made.add(Self::in_folder(&entry.path())?);
            } else {
                made.count(&entry.file_name().to_string_lossy(), || fs::read(entry.path()))?;
            }
        }
        Ok(made)
    }

    /// All that are routes of the bundle that is live in `out`.
    pub(super) fn in_bundle(out: &Path, site: &str) -> anyhow::Result<Self> {
        let bundle = Bundle::open(&map::live(out, &SiteName::parse(site)?)?)?;
        let mut made = Self::default();
        for (path, id) in bundle.routes() {
            let entry = bundle.entry(id);
            let body =
                entry.representations().find(|one| one.coding() == Coding::Identity).map(|one| one.body().to_vec());
            made.count(path, || body.ok_or_else(|| io::Error::other("a script without a plain body")))
                .with_context(|| path.to_owned())?;
        }
        Ok(made)
    }

    fn add(&mut self, other: Self) {
        self.scripts += other.scripts;
        self.styles += other.styles;
        self.bytes += other.bytes;
        self.brotli += other.brotli;
    }

    fn count(&mut self, name: &str, read: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<()> {
        let of_kind = match name.rsplit_once('.') {
            Some((_, "js" | "mjs")) => &mut self.scripts,
            Some((_, "css")) => &mut self.styles,
            _ => return Ok(()),
        };
        *of_kind += 1;
        let body = read()?;
        self.bytes += body.len() as u64;
        self.brotli += brotli(&body)?;
        Ok(())
    }
}

fn brotli(mut body: &[u8]) -> io::Result<u64> {
    let settings =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: body.len(), ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut body, &mut out, &settings)?;
    Ok(out.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_style_sheets_are_counted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        for (name, text) in [("a.js", "1234"), ("assets/b.mjs", "56"), ("assets/c.css", "7"), ("assets/a.js.map", "{}")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let made = Made::in_folder(folder.path()).unwrap();
        let brotli = ["1234", "56", "7"].map(|text| brotli(text.as_bytes()).unwrap()).iter().sum();
        assert_eq!(made, Made { scripts: 2, styles: 1, bytes: 7, brotli });
    }
}
