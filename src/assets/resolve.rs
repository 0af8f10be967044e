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
    import: ResolverGeneric<ProjectFiles>,
    require: ResolverGeneric<ProjectFiles>,
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
        let published =
            site.files.iter().map(|file| (file.path.as_str().to_owned(), Arc::clone(&file.file.path))).collect();
        Self { world, root: Arc::clone(&site.root), published, import, require, effects: Mutex::default() }
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
