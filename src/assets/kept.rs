//! What was built, kept between builds: with the questions it was built from, so that it is taken for what it is worth only
//! while their answers are the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    Asset, Built, BuiltAsset, Entry, Options,
    again::Recipes,
    trace::{self, Question, Trace},
};
use crate::{
    compress::Cache,
    diag::{Diagnostic, Severity, Source},
    load::{Site, World},
    site::{ContentHash, Manifest, MediaType, SitePath},
    transform::unused::Used,
};

/// The key of what is built of `wanted`: all that decides about it and is not asked of the world.
pub(super) fn key(
    cache: &Cache,
    site: &Site,
    wanted: &BTreeSet<Entry>,
    used: Option<&Used>,
    options: &Options<'_>,
) -> ContentHash {
    let mut parts = vec![
        "assets".to_owned(),
        site.name.to_string(),
        site.root.to_string(),
        options.base.as_str().to_owned(),
        format!("{} {:?} {:?} {:?}", options.is_dev, options.config, options.mapped, options.together),
        used.map(Used::names).unwrap_or_default(),
        site.config.rules.source.text.to_string(),
    ];
    let beside = site.pages.iter().flat_map(|page| &page.assets);
    let beside = beside.chain(site.sections.iter().flat_map(|section| &section.assets));
    let published = site.files.iter().chain(beside);
    parts.extend(published.map(|file| format!("{}\n{}", file.path, file.file.path)));
    parts.extend(wanted.iter().map(|entry| match entry {
        Entry::Inline(source) => format!("inline {}\n{}", source.path, source.text),
        other => format!("{other:?}"),
    }));
    cache.key(parts.iter().map(String::as_bytes))
}

/// What is kept under `key`, when `world` still answers as it did.
pub(super) fn get(
    cache: &Cache,
    key: ContentHash,
    world: &dyn World,
    wanted: &BTreeSet<Entry>,
) -> Option<(Built, Vec<Diagnostic>)> {
    let kept = cache.get(key)?;
    let (length, rest) = kept.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let head: Head = serde_json::from_slice(rest.get(..length)?).ok()?;
    if !trace::holds(
        &head.trace.iter().map(|(question, answer)| (question.clone(), ContentHash::from_bytes(*answer))).collect(),
        world,
    ) {
        return None;
    }
    head.into_built(kept.slice(8 + length..), wanted)
}

/// Keeps it.
pub(super) fn keep(
    cache: &Cache,
    key: ContentHash,
    trace: Trace,
    wanted: &BTreeSet<Entry>,
    (built, found): (&Built, &[Diagnostic]),
) {
    let head = Head::of(trace, wanted, built, found);
    let Ok(head) = serde_json::to_vec(&head) else { return };
    let mut entry = (head.len() as u64).to_le_bytes().to_vec();
    entry.extend_from_slice(&head);
    let bodies = built.files.values().map(|file| &file.body).chain(built.hidden_maps.values());
    for body in bodies.chain(built.texts.values()) {
        entry.extend_from_slice(body);
    }
    cache.keep(key, &entry);
}

/// All but the bodies, which follow in the order of `files`, `hidden_maps` and `texts`.
#[derive(Serialize, Deserialize)]
struct Head {
    trace: Vec<(Question, [u8; 16])>,
    /// By the place of the entry among those that are wanted.
    assets: Vec<(usize, Asset)>,
    /// With the length of the body and its integrity.
    files: Vec<(SitePath, usize, String)>,
    hidden_maps: Vec<(String, usize)>,
    /// By the place of the entry among those that are wanted, and their lengths.
    texts: Vec<(usize, usize)>,
    foreign: BTreeMap<SitePath, BTreeSet<String>>,
    taken_in: BTreeSet<String>,
    manifest: Manifest,
    again: Recipes,
    found: Vec<Told>,
}

/// A [`Diagnostic`].
#[derive(Serialize, Deserialize)]
struct Told {
    path: String,
    label: Option<ToldLabel>,
    is_error: bool,
    message: String,
    help: Option<String>,
    trace: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ToldLabel {
    span: Range<usize>,
    path: String,
    source: String,
    text: String,
}

impl Head {
    fn of(trace: Trace, wanted: &BTreeSet<Entry>, built: &Built, found: &[Diagnostic]) -> Self {
        let assets = wanted.iter().enumerate().filter_map(|(at, entry)| Some((at, built.assets.get(entry)?.clone())));
        let texts = wanted.iter().enumerate().filter_map(|(at, entry)| Some((at, built.texts.get(entry)?.len())));
        let file = |(path, file): (&SitePath, &BuiltAsset)| (path.clone(), file.body.len(), file.integrity.clone());
        Self {
            trace: trace.into_iter().map(|(question, answer)| (question, *answer.as_bytes())).collect(),
            assets: assets.collect(),
            files: built.files.iter().map(file).collect(),
            hidden_maps: built.hidden_maps.iter().map(|(name, map)| (name.clone(), map.len())).collect(),
            texts: texts.collect(),
            foreign: built.foreign.clone(),
            taken_in: built.taken_in.iter().map(ToString::to_string).collect(),
            manifest: built.manifest.clone(),
            again: built.again.clone(),
            found: found.iter().map(Told::of).collect(),
        }
    }

    fn into_built(self, bodies: Bytes, wanted: &BTreeSet<Entry>) -> Option<(Built, Vec<Diagnostic>)> {
        let mut rest = bodies;
        let mut body = |length: usize| (length <= rest.len()).then(|| rest.split_to(length));
        let mut built = Built { manifest: self.manifest, again: self.again, ..Built::default() };
        for (path, length, integrity) in self.files {
            let media = MediaType::of_extension(path.extension());
            built.files.insert(path, BuiltAsset { body: body(length)?, media, integrity });
        }
        for (name, length) in self.hidden_maps {
            built.hidden_maps.insert(name, body(length)?);
        }
        let entries: Vec<&Entry> = wanted.iter().collect();
        for (at, length) in self.texts {
            built.texts.insert((*entries.get(at)?).clone(), body(length)?);
        }
        built.foreign = self.foreign;
        built.taken_in = self.taken_in.into_iter().map(Arc::from).collect();
        for (at, asset) in self.assets {
            built.assets.insert((*entries.get(at)?).clone(), asset);
        }
        Some((built, self.found.into_iter().map(Told::into_diagnostic).collect()))
    }
}

impl Told {
    fn of(diagnostic: &Diagnostic) -> Self {
        let label = diagnostic.label.as_ref().map(|label| ToldLabel {
            span: label.span.start..label.span.end,
            path: label.source.path.to_string(),
            source: label.source.text.to_string(),
            text: label.text.clone(),
        });
        Self {
            path: diagnostic.path.to_string(),
            label,
            is_error: diagnostic.severity == Severity::Error,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            trace: diagnostic.trace.clone(),
        }
    }

    fn into_diagnostic(self) -> Diagnostic {
        let mut told = match self.label {
            Some(label) => Diagnostic::error_at(&Source::new(label.path, label.source), label.span, self.message)
                .labelled(label.text),
            None => Diagnostic::error(self.path.as_str(), self.message),
        };
        told.path = self.path.into();
        told.help = self.help;
        told.trace = self.trace;
        if self.is_error { told } else { told.as_warning() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assets::build,
        load::{self, AssetsConfig, Entry as FolderEntry, EntryKind, MemoryWorld, Outside, WorldError},
        site::{BasePath, SiteName},
    };

    /// A world that can be asked and not be linked in.
    struct AskedOnly(MemoryWorld);

    impl World for AskedOnly {
        fn read(&self, path: &str) -> Result<Bytes, WorldError> {
            self.0.read(path)
        }

        fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, WorldError> {
            self.0.list(folder)
        }

        fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
            self.0.kind(path)
        }

        fn real(&self, path: &str) -> Result<String, WorldError> {
            self.0.real(path)
        }

        fn outside(&self) -> &dyn Outside {
            self.0.outside()
        }

        fn shared(&self) -> Arc<dyn World + Send + Sync> {
            panic!("the linker was started")
        }
    }

    fn project() -> MemoryWorld {
        MemoryWorld::new()
            .with("sites/app/index.html", "<p>")
            .with("sites/app/main.ts", "import { b } from './b'; import pad from 'pad'; console.log(b, pad);")
            .with("sites/app/b.js", "export const b = 'plain';")
            .with("sites/app/picture.png", "png")
            .with("node_modules/pad/package.json", r#"{ "name": "pad", "main": "pad.js" }"#)
            .with("node_modules/pad/pad.js", "module.exports = 'padded';")
    }

    fn built(world: &dyn World, cache: Option<&Cache>) -> (Built, Vec<Diagnostic>) {
        let name = SiteName::parse("app").unwrap();
        let site = load::load(world, &name, "sites/app").0.unwrap();
        let (config, base) = (AssetsConfig::default(), BasePath::of(&name));
        let mapped = crate::assets::Mapped::new();
        let options =
            Options { config: &config, base: &base, is_dev: false, mapped: &mapped, together: &BTreeMap::new() };
        let wanted = ["sites/app/main.ts", "sites/app/gone.ts"].map(|path| Entry::Module(path.into())).into_iter();
        let wanted = wanted.chain([Entry::File("sites/app/picture.png".into())]).collect();
        build(world, &site, &wanted, None, &options, cache)
    }

    fn code(built: &Built) -> String {
        let bodies = built.files.values().map(|file| String::from_utf8_lossy(&file.body).into_owned());
        bodies.collect()
    }

    #[test]
    fn what_was_built_is_not_built_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let cold = built(&project(), Some(&cache));
        assert!(code(&cold.0).contains("plain") && code(&cold.0).contains("padded"), "{cold:?}");
        assert!(!cold.1.is_empty(), "a script is missing");
        assert_eq!(built(&AskedOnly(project()), Some(&cache)), cold);
        assert_eq!(built(&project(), None), cold);
    }

    #[test]
    fn what_changed_is_built_again() {
        for (what, changed, expected) in [
            ("a file", project().with("sites/app/b.js", "export const b = 'other';"), "other"),
            ("what comes before it", project().with("sites/app/b.ts", "export const b: string = 'typed';"), "typed"),
            (
                "a nearer package",
                project()
                    .with("sites/app/node_modules/pad/package.json", r#"{ "name": "pad", "main": "pad.js" }"#)
                    .with("sites/app/node_modules/pad/pad.js", "module.exports = 'nearer';"),
                "nearer",
            ),
            ("a file that is no script", project().with("sites/app/picture.png", "gnp"), "gnp"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
            drop(built(&project(), Some(&cache)));
            let warm = built(&changed, Some(&cache));
            assert!(code(&warm.0).contains(expected), "{what}: {}", code(&warm.0));
            assert_eq!(warm, built(&changed, None), "{what}");
            assert_eq!(built(&AskedOnly(changed), Some(&cache)), warm, "{what}");
        }
    }

    #[test]
    fn diagnostics_read_back() {
        let source = Source::new("sites/a/main.ts", "let grün = 1;");
        let placed =
            Diagnostic::error_at(&source, 4..9, "wrong").labelled("this").with_help("mend it").traced("from b");
        for told in [placed.clone(), placed.as_warning(), Diagnostic::error("a", "b").as_warning()] {
            assert_eq!(Told::of(&told).into_diagnostic(), told);
        }
    }
}
