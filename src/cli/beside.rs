//! What stands beside a site's bundles for people and other tools: `manifest.json`, which says what the live generation is
//! made of, and the source maps that are not published. Both are made to fit what is in the folder, whatever it was
//! before, so that nothing is lost when they are; no server reads them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{
    bundle::{LOCK, MANIFEST_FILE, MAPS, TEMPORARY_MANIFEST, TEMPORARY_MAP},
    map::{self, Bundle, OpenError},
    pack::{CommitError, Disk, RealDisk},
    site::SiteName,
};

/// Why something beside a bundle is not as it should be. What is published is not touched by it.
#[derive(Debug, thiserror::Error)]
pub(super) enum BesideError {
    #[error(transparent)]
    Disk(#[from] CommitError),
    #[error(transparent)]
    Bundle(#[from] OpenError),
}

/// Writes the manifest of the live generation of a site, or removes one where that has none; adds `maps`, by file name;
/// and removes the maps of what no generation that is kept has. Waits for a build that commits the same site.
///
/// # Errors
/// When the live bundle cannot be opened, or the disk refuses something.
pub(super) fn refresh(build: &Path, site: &SiteName, maps: &BTreeMap<String, Bytes>) -> Result<(), BesideError> {
    let folder = Folder { path: build.join(site.as_str()) };
    let lock = folder.step("lock", LOCK, |path| RealDisk.lock(path))?;
    let live = map::open_live(build, site)?;
    match live.manifest().describe(live.site(), live.base(), live.generation()) {
        Some(text) => folder.replace(TEMPORARY_MANIFEST, MANIFEST_FILE, text.as_bytes())?,
        None => folder.remove(MANIFEST_FILE)?,
    }
    if !maps.is_empty() {
        folder.step("make the folder", MAPS, |path| fs::create_dir_all(path))?;
    }
    for (name, map) in maps {
        folder.replace(TEMPORARY_MAP, &format!("{MAPS}/{name}"), map)?;
    }
    folder.prune_maps(build, site)?;
    drop(lock);
    Ok(())
}

/// The folder of a site.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Writes a file that is not there as it should be: whoever reads `name` finds the old one or the whole new one.
    fn replace(&self, temporary: &str, name: &str, content: &[u8]) -> Result<(), CommitError> {
        if fs::read(self.path.join(name)).is_ok_and(|found| found == content) {
            return Ok(());
        }
        self.step("write", temporary, |path| fs::write(path, content))?;
        self.step("replace", name, |path| fs::rename(self.path.join(temporary), path))
    }

    fn remove(&self, name: &str) -> Result<(), CommitError> {
        self.step("remove", name, |path| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }

    /// A map is named by the file it belongs to, and that by its content: one that no generation has is for no one.
    fn prune_maps(&self, build: &Path, site: &SiteName) -> Result<(), BesideError> {
        let there = self.step("list", MAPS, |path| match RealDisk.list(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed,
        })?;
        if there.is_empty() {
            return Ok(());
        }
        let mut needed = BTreeSet::new();
        for generation in map::generations(build, site)? {
            // What cannot be opened can have no maps, and is not served either.
            let Ok(bundle) = Bundle::open(&generation.path) else { continue };
            let names = bundle.manifest().files.into_keys();
            needed.extend(names.filter_map(|path| path.rsplit('/').next().map(|name| format!("{name}.map"))));
        }
        for file in there.iter().filter(|file| !needed.contains(&file.name)) {
            self.remove(&format!("{MAPS}/{}", file.name))?;
        }
        Ok(())
    }

    /// Does one thing to one file of the folder, and says which when it fails.
    fn step<T>(
        &self,
        action: &'static str,
        name: &str,
        act: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Result<T, CommitError> {
        let path = self.path.join(name);
        act(&path).map_err(|error| CommitError { action, path, error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pack,
        site::{
            BasePath, BuiltEntry, BuiltFile, BuiltKind, Coding, EncodedBody, Manifest, Mode, Response, Rules,
            SiteImage, SitePath,
        },
    };

    /// A site with a script, or with none.
    fn image(script: Option<&str>) -> SiteImage {
        let body =
            |text: &str| EncodedBody { coding: Coding::Identity, bytes: Bytes::copy_from_slice(text.as_bytes()) };
        let response = |text: &str| Response { status: 200, fields: Vec::new(), bodies: vec![body(text)] };
        let path = script.map(|name| format!("/assets/{name}"));
        let file = BuiltFile {
            kind: BuiltKind::Script,
            bytes: 1,
            integrity: "sha384-".to_owned(),
            imports: Vec::new(),
            later: Vec::new(),
            modules: Vec::new(),
            unused: None,
        };
        let entry = |path: &String| BuiltEntry { file: path.clone(), ..BuiltEntry::default() };
        SiteImage {
            site: SiteName::parse("a").unwrap(),
            base: BasePath::root(),
            mode: Mode::Traditional,
            routes: path.iter().map(|path| (SitePath::parse(path).unwrap(), response(path))).collect(),
            not_found: None,
            rules: Rules::default(),
            manifest: Manifest {
                entries: path.iter().map(|path| ("sites/a/main.ts".to_owned(), entry(path))).collect(),
                files: path.iter().map(|path| (path.clone(), file.clone())).collect(),
            },
        }
    }

    #[test]
    fn what_stands_beside_fits_what_is_kept() {
        let build = tempfile::tempdir().unwrap();
        let build = build.path();
        let site = SiteName::parse("a").unwrap();
        let publish = |script: Option<&str>, keep| {
            let generation = pack::seal(&image(script)).unwrap().commit(&RealDisk, build, keep).unwrap().generation;
            let maps = script.map(|name| (format!("{name}.map"), Bytes::from(format!("map of {name}"))));
            refresh(build, &site, &maps.into_iter().collect()).unwrap();
            generation
        };
        let manifest = || {
            let text = fs::read(build.join("a/manifest.json")).ok()?;
            serde_json::from_slice::<serde_json::Value>(&text).ok()
        };
        let maps = || {
            let mut names: Vec<_> = RealDisk.list(&build.join("a/maps")).unwrap_or_default();
            names.sort_by(|one, other| one.name.cmp(&other.name));
            names.into_iter().map(|file| file.name).collect::<Vec<_>>().join(" ")
        };

        publish(None, 5);
        assert_eq!((manifest(), maps().as_str()), (None, ""));
        let first = publish(Some("main.1.js"), 5);
        let found = manifest().unwrap();
        assert_eq!(found["entries"]["sites/a/main.ts"]["file"], "/assets/main.1.js");
        assert_eq!((&found["site"], &found["base"]), (&"a".into(), &"/".into()));
        assert_eq!(found["generation"], first.to_string());
        assert_eq!(maps(), "main.1.js.map");

        publish(Some("main.2.js"), 5);
        assert_eq!(manifest().unwrap()["entries"]["sites/a/main.ts"]["file"], "/assets/main.2.js");
        assert_eq!(maps(), "main.1.js.map main.2.js.map");
        assert_eq!(fs::read_to_string(build.join("a/maps/main.2.js.map")).unwrap(), "map of main.2.js");

        pack::publish(&RealDisk, build, &site, first).unwrap();
        refresh(build, &site, &BTreeMap::new()).unwrap();
        assert_eq!(manifest().unwrap()["generation"], first.to_string());
        assert_eq!(maps(), "main.1.js.map main.2.js.map");

        publish(Some("main.3.js"), 2);
        assert_eq!(maps(), "main.1.js.map main.3.js.map", "the generation of the second is not kept");
        publish(None, 1);
        assert_eq!((manifest(), maps().as_str()), (None, ""));
    }
}
