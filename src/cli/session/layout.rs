//! Where in a project what is: from the paths of changed files to what has to be done again.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use crate::{
    site::SiteName,
    watch::{Change, Changes, Places},
};

/// The project's places, absolute.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) project: PathBuf,
    /// The folder of the sites.
    pub(super) sites: PathBuf,
    /// The file with the settings.
    pub(super) settings: PathBuf,
    /// The folder of the bundles.
    pub(super) out: PathBuf,
}

/// Extensions of modules and style sheets.
const SOURCES: &[&str] = &["js", "mjs", "jsx", "ts", "mts", "tsx", "json", "css", "scss", "sass"];

/// Whom changes concern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Concerned {
    /// Folders in that of the sites.
    pub(super) sites: BTreeSet<String>,
    pub(super) all_sites: bool,
    pub(super) settings: bool,
}

impl Layout {
    pub(super) fn places(&self) -> Places {
        Places {
            folders: vec![self.sites.clone()],
            files: vec![self.settings.clone(), self.ignored()],
            except: vec![self.out.clone()],
        }
    }

    pub(super) fn concerned(&self, changes: &Changes) -> Concerned {
        let mut concerned = Concerned::default();
        for path in changes.keys() {
            concerned.settings |= *path == self.settings;
            concerned.all_sites |= *path == self.ignored();
            let below = path.strip_prefix(&self.sites).ok().and_then(|below| below.components().next());
            concerned.sites.extend(below.map(|site| site.as_os_str().to_string_lossy().into_owned()));
        }
        concerned
    }

    /// As an author calls them: relative to the project, with `/`. Those of one site, where one is asked for.
    pub(super) fn shown(&self, changes: &Changes) -> Vec<(String, Change)> {
        changes.iter().map(|(path, change)| (self.name(path), *change)).collect()
    }

    /// The site that a file is a source of which can be made again alone: Markdown of its content, a module, a style sheet.
    pub(super) fn site_of_source(&self, path: &Path) -> Option<SiteName> {
        let extension = path.extension()?.to_str()?;
        let below = path.strip_prefix(&self.sites).ok()?;
        let mut parts = below.components().map(Component::as_os_str);
        let site = SiteName::parse(parts.next()?.to_str()?).ok()?;
        let is_source = match extension {
            "md" => parts.next()? == "content",
            extension => SOURCES.contains(&extension),
        };
        is_source.then_some(site)
    }

    pub(super) fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.project).unwrap_or(path);
        below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// What no site of the project is made of.
    fn ignored(&self) -> PathBuf {
        self.project.join(".buildignore")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_changes_concern() {
        let layout = Layout {
            project: "/p".into(),
            sites: "/p/sites".into(),
            settings: "/p/sitekit.toml".into(),
            out: "/p/build".into(),
        };
        let check = |paths: &[&str], sites: &[&str], all_sites, settings| {
            let changes: Changes = paths.iter().map(|path| (path.into(), Change::Changed)).collect();
            let sites = sites.iter().map(|&site| site.to_owned()).collect();
            assert_eq!(layout.concerned(&changes), Concerned { sites, all_sites, settings }, "{paths:?}");
        };
        check(&["/p/sites/docs/content/a.md", "/p/sites/docs/b", "/p/sites/app/x"], &["app", "docs"], false, false);
        check(&["/p/.buildignore"], &[], true, false);
        check(&["/p/sitekit.toml"], &[], false, true);
        check(&["/p/README.md"], &[], false, false);
        for (path, site) in [
            ("/p/sites/docs/content/a/b.md", Some("docs")),
            ("/p/sites/docs/content/a.txt", None),
            ("/p/sites/docs/templates/a.md", None),
            ("/p/sites/docs/main.ts", Some("docs")),
            ("/p/sites/docs/static/a/look.scss", Some("docs")),
            ("/p/sites/docs/index.html", None),
            ("/p/a.md", None),
            ("/p/main.ts", None),
        ] {
            let found = layout.site_of_source(Path::new(path));
            assert_eq!(found.as_ref().map(SiteName::as_str), site, "{path}");
        }
        let changes = [("/p/sites/docs/a.md".into(), Change::Added)].into();
        assert_eq!(layout.shown(&changes), [("sites/docs/a.md".to_owned(), Change::Added)]);
    }
}
