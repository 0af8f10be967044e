//! A copy of the fixtures in which everyone may write: the sites, and their packages, linked file by file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

/// Not every peer builds these: one imports from sitekit, one needs a command that runs before, one names files by patterns.
const NOT_FOR_PEERS: [&str; 3] = ["later", "tailwind", "views"];

/// The copy of the fixtures' project.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
    /// Sites with an `index.html`, sorted.
    pub(super) fixtures: Vec<String>,
}

impl Project {
    /// Copies the project at `source` into `folder`, a new one.
    pub(super) fn copy(source: &Path, folder: PathBuf) -> anyhow::Result<Self> {
        let packages = source.join("node_modules");
        ensure!(packages.is_dir(), "{} is missing: run tests/setup", packages.display());
        copy(&source.join("sites"), &folder.join("sites"), Way::Copy).context("copying the fixtures")?;
        copy(&packages, &folder.join("node_modules"), Way::Link).context("linking their packages")?;
        let mut fixtures = Vec::new();
        for entry in fs::read_dir(folder.join("sites"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().join("index.html").is_file() && !NOT_FOR_PEERS.contains(&name.as_str()) {
                fixtures.push(name);
            }
        }
        fixtures.sort();
        Ok(Self { folder, fixtures })
    }

    pub(super) fn site(&self, fixture: &str) -> PathBuf {
        self.folder.join("sites").join(fixture)
    }

    /// Whether scripts name their source maps, which takes a line in each.
    pub(super) fn has_public_maps(&self, fixture: &str) -> bool {
        fs::read_to_string(self.site(fixture).join("config.toml"))
            .is_ok_and(|text| text.contains("source_maps = \"public\""))
    }

    /// The scripts and style sheets the fixture's page names. A script in the page becomes a file beside it, for those who
    /// do not read pages.
    pub(super) fn entries(&self, fixture: &str) -> anyhow::Result<Vec<String>> {
        let site = self.site(fixture);
        let page = fs::read_to_string(site.join("index.html"))?;
        let mut entries = Vec::new();
        for entry in entries_of(&page) {
            entries.push(match entry {
                Entry::File(path) => path.to_owned(),
                Entry::Text(text) => {
                    let name = format!("inline{}.ts", entries.len());
                    fs::write(site.join(&name), text)?;
                    name
                }
            });
        }
        Ok(entries)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Entry<'a> {
    File(&'a str),
    Text(&'a str),
}

/// What a page loads, written as the fixtures write it.
fn entries_of(page: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for rest in page.split('<').map(str::trim_start) {
        if let Some(path) = rest.strip_prefix("link rel=\"stylesheet\" href=\"").and_then(|rest| rest.split('"').next())
        {
            entries.push(Entry::File(path));
        }
    }
    for rest in page.split("<script type=\"module\"").skip(1) {
        let Some((attributes, rest)) = rest.split_once('>') else { continue };
        match attributes.trim().strip_prefix("src=\"") {
            Some(path) => entries.push(Entry::File(path.trim_end_matches('"'))),
            None => entries.push(Entry::Text(rest.split("</script>").next().unwrap_or(rest))),
        }
    }
    entries
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Copy,
    /// By hard links, where the file system can.
    Link,
}

fn copy(from: &Path, to: &Path, way: Way) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target, way)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else if !matches!(way, Way::Link) || fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_loads_is_found() {
        let page = "<link rel=\"stylesheet\" href=\"page.css\">\n<link rel=\"icon\" href=\"data:,\">\n\
                    <script type=\"module\" src=\"main.tsx\"></script><script type=\"module\">go(1 < 2)</script>";
        let expected = [Entry::File("page.css"), Entry::File("main.tsx"), Entry::Text("go(1 < 2)")];
        assert_eq!(entries_of(page), expected);
    }

    #[test]
    fn a_copy_has_the_sites_and_the_packages() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        for (file, text) in [("sites/a/index.html", "<p>"), ("sites/b/config.toml", ""), ("node_modules/x/x.js", "x")] {
            fs::create_dir_all(source.join(file).parent().unwrap()).unwrap();
            fs::write(source.join(file), text).unwrap();
        }
        let project = Project::copy(&source, folder.path().join("copy")).unwrap();
        assert_eq!(project.fixtures, ["a"]);
        assert_eq!(fs::read(project.folder.join("node_modules/x/x.js")).unwrap(), b"x");
    }

    #[test]
    fn packages_that_are_not_installed_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Project::copy(folder.path(), folder.path().join("copy")).unwrap_err().to_string();
        assert_eq!(error, format!("{} is missing: run tests/setup", folder.path().join("node_modules").display()));
    }
}
