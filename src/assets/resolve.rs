//! What a specifier means: a file of the site, a package in `node_modules`, or nothing. Files are asked for through `World`
//! alone, by paths of the project, and what is found is named by its real one.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use oxc_resolver::{
    FileMetadata, FileSystem, PackageJson, PackageType, Resolution, ResolveError, ResolveOptions, ResolverGeneric,
    SideEffects, TsConfig, TsconfigDiscovery,
};

use crate::load::{EntryKind, Site, World, WorldError};

/// Files of which an import may leave the extension out, the first that is there.
pub(super) const EXTENSIONS: &[&str] =
    &[".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".css", ".scss", ".sass"];

/// Who asks: it decides which conditions of a package's `exports` hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// `import`, `import()`.
    Import,
    /// `require()`.
    Require,
}

/// A file that a specifier means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Relative to the project, links followed.
    pub(super) path: String,
    /// What stood behind the path: `?raw`, with its question mark.
    pub(super) query: Option<String>,
    /// Whether `"type": "module"` of its package makes it a module where its extension does not say.
    pub(super) is_module: bool,
    /// Whether its package says that it does nothing but export.
    pub(super) is_pure: bool,
}

/// Why a specifier means nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Unresolved {
    /// The package's `browser` field says that browsers do without it.
    LeftOut,
    /// The file is there and cannot be used.
    Refused(String, WorldError),
    Failed(ResolveError),
}

/// Resolves specifiers of one site. Shared by threads; remembers what it has seen.
pub(super) struct Resolver {
    world: Arc<dyn World + Send + Sync>,
    /// The site's folder.
    root: Arc<str>,
    /// The site's published files, by their path in the site.
    published: BTreeMap<String, Arc<str>>,
    /// … and their paths in the site, by the file.
    addresses: HashMap<Arc<str>, String>,
    import: ResolverGeneric<ProjectFiles>,
    require: ResolverGeneric<ProjectFiles>,
    /// For style sheets: what packages export for them, what they export, and then all that is in their folders.
    styles: [ResolverGeneric<ProjectFiles>; 3],
    /// What packages say of their side effects, by the path of `package.json`.
    effects: Mutex<HashMap<PathBuf, Arc<Effects>>>,
}

/// `sideEffects` of a package.
enum Effects {
    Unknown,
    None,
    /// Only in files that match, by their path in the package.
    In(GlobSet),
}

impl Resolver {
    pub(super) fn new(site: &Site, world: Arc<dyn World + Send + Sync>, is_dev: bool) -> Self {
        let files = ProjectFiles(Some(Arc::clone(&world)));
        let import = ResolverGeneric::new_with_file_system(files, options("import", is_dev));
        let require = import.clone_with_options(options("require", is_dev));
        let (own, all) = (["sass", "style"], ["sass", "style", "browser", "import", "default"]);
        let fields = ["sass", "style", "main"];
        let styles = [styles(true, &own, &fields), styles(true, &all, &fields), styles(false, &[], &own)];
        let styles = styles.map(|options| import.clone_with_options(options));
        let beside = site.pages.iter().flat_map(|page| &page.assets);
        let beside = beside.chain(site.sections.iter().flat_map(|section| &section.assets));
        let published: BTreeMap<_, _> = site
            .files
            .iter()
            .chain(beside)
            .map(|one| (one.path.as_str().to_owned(), Arc::clone(&one.file.path)))
            .collect();
        let addresses = published.iter().map(|(path, file)| (Arc::clone(file), path.clone())).collect();
        Self {
            world,
            root: Arc::clone(&site.root),
            published,
            addresses,
            import,
            require,
            styles,
            effects: Mutex::default(),
        }
    }

    /// The file that `specifier` means in the file at `importer`, which need not be there.
    pub(super) fn resolve(&self, importer: &str, specifier: &str, asked: Asked) -> Result<Found, Unresolved> {
        let resolver = match asked {
            Asked::Import => &self.import,
            Asked::Require => &self.require,
        };
        let importer = Path::new("/").join(importer);
        let resolution = match specifier.strip_prefix('/') {
            Some(rest) => self.resolve_rooted(resolver, rest),
            None => resolver.resolve_file(&importer, specifier),
        }
        .or_else(|error| match error {
            // Said once, elsewhere; the rest of the build goes on as if there were none.
            error if is_of_tsconfig(&error) => resolver.resolve(importer.parent().unwrap_or(Path::new("/")), specifier),
            error => Err(error),
        });
        self.found(resolution)
    }

    /// The file at a path of the project, extensions added where there is none.
    pub(super) fn resolve_path(&self, path: &str) -> Result<Found, Unresolved> {
        self.found(self.import.resolve("/", &format!("./{path}")))
    }

    /// The file of a package that a style sheet at `importer` means: `bootstrap`, `bootstrap/scss/bootstrap`,
    /// `@fontsource/inter/files/inter.woff2`. What a package does not export is there as well, as for other tools.
    pub(super) fn resolve_in_packages(&self, importer: &str, specifier: &str) -> Option<String> {
        let (name, inside) = package_of(specifier);
        if name.is_empty() || name.starts_with(['.', '#']) {
            return None;
        }
        let folder = Path::new("/").join(folder(importer));
        let meant = |resolver: &ResolverGeneric<ProjectFiles>| {
            let path = project_path(resolver.resolve(&folder, specifier).ok()?.path());
            // Scripts are what most packages are for; no style sheet asks for one.
            let is_wanted = if inside.is_empty() { is_sheet(&path) } else { !path.ends_with("js") };
            is_wanted.then(|| self.world.real(&path).ok()).flatten()
        };
        self.styles.iter().find_map(meant)
    }

    /// The site's published files by their paths in it: path, and file.
    pub(super) fn published(&self) -> impl Iterator<Item = (&str, &str)> {
        self.published.iter().map(|(path, file)| (path.as_str(), &**file))
    }

    /// The file that is published at a path of the site.
    pub(super) fn published_at(&self, path: &str) -> Option<&str> {
        self.published.get(path).map(|file| &**file)
    }

    /// The path in the site that a file is published at.
    pub(super) fn address(&self, file: &str) -> Option<&str> {
        self.addresses.get(file).map(String::as_str)
    }

    fn found(&self, resolution: Result<Resolution, ResolveError>) -> Result<Found, Unresolved> {
        let resolution = resolution.map_err(|error| match error {
            ResolveError::Ignored(_) => Unresolved::LeftOut,
            error => Unresolved::Failed(error),
        })?;
        let linked = project_path(resolution.path());
        let path = self.world.real(&linked).map_err(|error| Unresolved::Refused(linked.clone(), error))?;
        let package = resolution.package_json();
        Ok(Found {
            is_module: package.is_some_and(|package| package.r#type() == Some(PackageType::Module)),
            is_pure: package.is_some_and(|package| self.is_pure(package, resolution.path())),
            path,
            query: resolution.query().map(str::to_owned),
        })
    }

    /// The `tsconfig.json` a file at `path` is compiled by.
    ///
    /// # Errors
    /// When there is one that cannot be read, or one that it extends.
    pub(super) fn tsconfig(&self, path: &str) -> Result<Option<Arc<TsConfig>>, ResolveError> {
        self.import.find_tsconfig(Path::new("/").join(path))
    }

    /// A path in the site: a published file, or else one in `assets/`.
    fn resolve_rooted(&self, resolver: &ResolverGeneric<ProjectFiles>, path: &str) -> Result<Resolution, ResolveError> {
        let (plain, query) = path.split_once('?').map_or((path, ""), |(plain, _)| (plain, &path[plain.len()..]));
        let root = Path::new("/");
        match self.published.get(&format!("/{plain}")) {
            Some(file) => resolver.resolve(root, &format!("./{file}{query}")),
            None => resolver.resolve(root, &format!("./{}/assets/{path}", self.root)),
        }
    }

    fn is_pure(&self, package: &PackageJson, file: &Path) -> bool {
        let known = self.effects.lock().ok().and_then(|known| known.get(package.path()).cloned());
        let effects = known.unwrap_or_else(|| {
            let effects = Arc::new(Effects::of(package));
            if let Ok(mut known) = self.effects.lock() {
                known.insert(package.path().to_owned(), Arc::clone(&effects));
            }
            effects
        });
        match &*effects {
            Effects::Unknown => false,
            Effects::None => true,
            Effects::In(files) => !files.is_match(file.strip_prefix(package.directory()).unwrap_or(file)),
        }
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Effects {
    fn of(package: &PackageJson) -> Self {
        let patterns = match package.side_effects() {
            None | Some(SideEffects::Bool(true)) => return Self::Unknown,
            Some(SideEffects::Bool(false)) => return Self::None,
            Some(SideEffects::String(pattern)) => vec![pattern],
            Some(SideEffects::Array(patterns)) => patterns,
        };
        let mut files = GlobSetBuilder::new();
        for pattern in patterns {
            // As webpack reads them, who made the field: without a slash, a name in any folder.
            let pattern = match pattern.trim_start_matches("./").trim_start_matches('/') {
                name if !pattern.contains('/') => format!("**/{name}"),
                path => path.to_owned(),
            };
            match GlobBuilder::new(&pattern).literal_separator(true).build() {
                Ok(glob) => files.add(glob),
                Err(_) => return Self::Unknown,
            };
        }
        files.build().map_or(Self::Unknown, Self::In)
    }
}

/// Whether what is wrong is a `tsconfig.json`, and not the import that met it.
pub(super) const fn is_of_tsconfig(error: &ResolveError) -> bool {
    matches!(
        error,
        ResolveError::TsconfigNotFound(_)
            | ResolveError::TsconfigSelfReference(_)
            | ResolveError::TsconfigCircularExtend(_)
            | ResolveError::TsconfigLoadFailed { .. }
    )
}

/// A path below the root of [`ProjectFiles`], relative to the project.
pub(super) fn project_path(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').to_owned()
}

fn options(kind: &str, is_dev: bool) -> ResolveOptions {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let alias = |from: &str, to: &[&str]| (from.to_owned(), texts(to));
    let mode = if is_dev { "development" } else { "production" };
    ResolveOptions {
        cwd: Some(PathBuf::from("/")),
        tsconfig: Some(TsconfigDiscovery::Auto),
        condition_names: texts(&[kind, "browser", "module", mode, "default"]),
        main_fields: texts(&["browser", "module", "main"]),
        alias_fields: vec![texts(&["browser"])],
        extensions: texts(EXTENSIONS),
        // TypeScript is imported by the name of what it is compiled to.
        extension_alias: vec![
            alias(".js", &[".js", ".ts", ".tsx"]),
            alias(".jsx", &[".jsx", ".tsx", ".ts"]),
            alias(".mjs", &[".mjs", ".mts"]),
            alias(".cjs", &[".cjs", ".cts"]),
        ],
        // `World` knows the real path of what was found in the end.
        symlinks: false,
        node_path: false,
        ..ResolveOptions::default()
    }
}

/// How style sheets resolve what packages have: by `exports` under these conditions, and by these fields of `package.json`.
fn styles(by_exports: bool, conditions: &[&str], fields: &[&str]) -> ResolveOptions {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    ResolveOptions {
        tsconfig: None,
        condition_names: texts(conditions),
        main_fields: texts(fields),
        alias_fields: Vec::new(),
        exports_fields: if by_exports { vec![texts(&["exports"])] } else { Vec::new() },
        extensions: texts(&[".css", ".scss", ".sass"]),
        extension_alias: Vec::new(),
        ..options("import", false)
    }
}

/// A package's name, and what is asked for in it.
pub(super) fn package_of(specifier: &str) -> (&str, &str) {
    let slashes = usize::from(specifier.starts_with('@'));
    match specifier.match_indices('/').nth(slashes) {
        Some((end, _)) => (&specifier[..end], &specifier[end + 1..]),
        None => (specifier, ""),
    }
}

/// The `node_modules` folders that a file at `from` may use, the nearest first.
pub(super) fn package_folders(from: &str) -> impl Iterator<Item = String> {
    let mut next = Some(folder(from));
    std::iter::from_fn(move || {
        let here = next?;
        next = (!here.is_empty()).then(|| folder(here));
        Some(format!("{here}/node_modules").trim_start_matches('/').to_owned())
    })
}

/// Whether a file is CSS or Sass by its name.
pub(super) fn is_sheet(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "css" | "scss" | "sass")))
}

/// The folder of a path, without the slash.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `relative` from `folder`; `None` when that leaves the project.
pub(super) fn below(folder: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

/// The project as a file system, its folder as the root. Empty without a world.
struct ProjectFiles(Option<Arc<dyn World + Send + Sync>>);

impl ProjectFiles {
    fn ask<T>(&self, path: &Path, ask: impl Fn(&dyn World, &str) -> Result<T, WorldError>) -> io::Result<T> {
        let not_found = || io::Error::from(io::ErrorKind::NotFound);
        let path = path.to_str().ok_or_else(not_found)?.trim_start_matches('/');
        ask(&**self.0.as_ref().ok_or_else(not_found)?, path).map_err(|error| match error {
            WorldError::NotFound | WorldError::Dangling => not_found(),
            error => io::Error::other(error.to_string()),
        })
    }
}

impl FileSystem for ProjectFiles {
    fn new(_: bool) -> Self {
        Self(None)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.ask(path, |world, path| world.read(path)).map(Vec::from)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        if path == Path::new("/") {
            return Ok(FileMetadata::new(false, true, false));
        }
        let kind = self.ask(path, |world, path| world.kind(path))?;
        Ok(FileMetadata::new(matches!(kind, EntryKind::File(_)), kind == EntryKind::Folder, false))
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        Err(ResolveError::PathNotSupported(path.to_owned()))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        load::{self, MemoryWorld},
        site::SiteName,
    };

    #[test]
    fn what_style_sheets_mean_by_packages() {
        let world = MemoryWorld::new()
            .with("node_modules/plain/package.json", r#"{"main": "index.js", "style": "dist/plain.css"}"#)
            .with("node_modules/plain/dist/plain.css", "")
            .with("node_modules/plain/themes/dark.css", "")
            .with("node_modules/bare/index.css", "")
            .with("node_modules/scripts/package.json", r#"{"main": "index.js"}"#)
            .with("node_modules/scripts/index.js", "")
            .with("node_modules/both/package.json", r#"{"main": "index.js"}"#)
            .with("node_modules/both/index.js", "")
            .with("node_modules/both/index.css", "")
            .with("sites/s/index.html", "<p>")
            .with("node_modules/near/index.css", "")
            .with("sites/s/node_modules/near/index.css", "")
            .with(
                "node_modules/@a/b/package.json",
                r#"{"exports": {".": {"import": "./main.js", "style": "./b.css"}, "./css/*": "./dist/*.min.css", "./css/x": {"default": "./x.css"}}}"#,
            )
            .with("node_modules/@a/b/b.css", "")
            .with("node_modules/@a/b/x.css", "")
            .with("node_modules/@a/b/dist/y.min.css", "")
            .with("node_modules/@a/b/unlisted.css", "");
        let name = SiteName::parse("s").unwrap();
        let (site, _) = load::load(&world, &name, "sites/s");
        let resolver = Resolver::new(&site.unwrap(), world.shared(), false);
        for (specifier, expected) in [
            ("plain", Some("node_modules/plain/dist/plain.css")),
            ("plain/themes/dark.css", Some("node_modules/plain/themes/dark.css")),
            ("plain/themes/dark", Some("node_modules/plain/themes/dark.css")),
            ("bare", Some("node_modules/bare/index.css")),
            ("near", Some("sites/s/node_modules/near/index.css")),
            ("@a/b", Some("node_modules/@a/b/b.css")),
            ("@a/b/css/x", Some("node_modules/@a/b/x.css")),
            ("@a/b/css/y", Some("node_modules/@a/b/dist/y.min.css")),
            ("@a/b/unlisted.css", Some("node_modules/@a/b/unlisted.css")),
            ("scripts", None),
            ("both", Some("node_modules/both/index.css")),
            ("both/index.js", None),
            ("@a/b/none.css", None),
            ("none", None),
            ("../plain", None),
        ] {
            let found = resolver.resolve_in_packages("sites/s/assets/a.css", specifier);
            assert_eq!(found.as_deref(), expected, "{specifier}");
        }
    }

    #[test]
    fn paths_stay_in_the_project() {
        for (folder, relative, expected) in [
            ("sites/s/css", "../img/a.png", Some("sites/s/img/a.png")),
            ("sites", "./a//b", Some("sites/a/b")),
            ("", "a", Some("a")),
            ("sites", "../../a", None),
        ] {
            assert_eq!(below(folder, relative).as_deref(), expected, "{folder} {relative}");
        }
    }
}
