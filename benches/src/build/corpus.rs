//! The Markdown that is built. It is no part of this repository: `SITEKIT_CORPUS` names an archive or a folder, and all
//! that is asked of it is a `content` folder with sections in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// The corpus' `content` folder; an archive is unpacked into `scratch` first.
pub(crate) fn open(corpus: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let root = if corpus.is_dir() {
        corpus.to_owned()
    } else {
        let root = scratch.join("corpus");
        fs::create_dir(&root)?;
        let status = Command::new("tar").arg("-xf").arg(corpus).arg("-C").arg(&root).status().context("running tar")?;
        ensure!(status.success(), "tar cannot unpack {}", corpus.display());
        root
    };
    content_of(&root)?.with_context(|| format!("no `content` folder in {}", corpus.display()))
}

/// `content` at the root or one folder below it, as archives have it.
fn content_of(root: &Path) -> io::Result<Option<PathBuf>> {
    let mut folders = vec![root.to_owned()];
    for entry in fs::read_dir(root)? {
        folders.push(entry?.path());
    }
    folders.sort();
    Ok(folders.into_iter().map(|folder| folder.join("content")).find(|content| content.is_dir()))
}

/// Copies a folder and all below it.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Repeats a folder under new names, `copy-001` and so on, until there are so many Markdown files in `to`. The files are not
/// copied: each is one more name of the same bytes.
pub(crate) fn repeat(from: &Path, to: &Path, pages: usize) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut left = pages;
    for number in 1.. {
        if left == 0 {
            break;
        }
        let before = left;
        link(from, &to.join(format!("copy-{number:03}")), &mut left)?;
        if left == before {
            return Err(io::Error::other("there is no Markdown to repeat"));
        }
    }
    Ok(())
}

fn link(from: &Path, to: &Path, left: &mut usize) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut entries: Vec<_> = fs::read_dir(from)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &target, left)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "md") {
            if *left == 0 {
                return Ok(());
            }
            fs::hard_link(entry.path(), target)?;
            *left -= 1;
        } else {
            fs::hard_link(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What lies in an output folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// HTML files.
    pub(super) pages: u64,
    /// `<span` in HTML files and bundles: what highlighters write.
    pub(super) spans: u64,
    /// Of all files.
    pub(super) bytes: u64,
}

/// Counts a folder and all below it.
pub(super) fn count(folder: &Path) -> io::Result<Made> {
    let mut made = Made::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let below = if entry.file_type()?.is_dir() { count(&entry.path())? } else { count_file(&entry.path())? };
        made.pages += below.pages;
        made.spans += below.spans;
        made.bytes += below.bytes;
    }
    Ok(made)
}

/// Counts one file.
pub(super) fn count_file(file: &Path) -> io::Result<Made> {
    let bytes = file.metadata()?.len();
    let (pages, readable) = match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => (1, true),
        Some("bundle") => (0, true),
        _ => (0, false),
    };
    let spans = if readable { memchr::memmem::find_iter(&fs::read(file)?, "<span").count() as u64 } else { 0 };
    Ok(Made { pages, spans, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_is_found_copied_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let content = folder.path().join("docs/content/a");
        fs::create_dir_all(&content).unwrap();
        fs::write(content.join("index.html"), "<span>").unwrap();
        fs::write(content.join("picture.png"), "123").unwrap();

        let found = open(folder.path(), folder.path()).unwrap();
        assert_eq!(found, folder.path().join("docs/content"));
        let copied = folder.path().join("copy");
        copy(&found, &copied).unwrap();
        assert_eq!(count(&copied).unwrap(), Made { pages: 1, spans: 1, bytes: 9 });
    }

    #[test]
    fn a_corpus_is_repeated_until_it_is_long_enough() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir_all(from.join("c")).unwrap();
        for name in ["_index.md", "c/x.md", "c/y.png"] {
            fs::write(from.join(name), "").unwrap();
        }
        repeat(&from, &to, 3).unwrap();
        for (name, is_there) in [
            ("copy-001/c/x.md", true),
            ("copy-001/c/y.png", true),
            ("copy-002/_index.md", true),
            ("copy-002/c/x.md", false),
        ] {
            assert_eq!(to.join(name).is_file(), is_there, "{name}");
        }
        assert!(repeat(&folder.path().join("b/copy-002/c"), &folder.path().join("d"), 1).is_err());
    }

    #[test]
    fn a_folder_without_content_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path(), folder.path()).unwrap_err().to_string();
        assert_eq!(error, format!("no `content` folder in {}", folder.path().display()));
    }
}
