//! What each route's answer is: pages drafted, what they ask for built, and everything given its last bytes. Nothing is coded
//! yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use rayon::prelude::*;

use super::{
    Build, Profile, Stage, broken_links,
    convert::{Converter, convert, markdown_options},
    drafts::{Draft, Drafter, Made, linked_manifests, mapped, needed_pages},
    files::{Files, media_of},
    further::further,
    highlighting::Highlighting,
    known::Known,
    memory::Memory,
    pages::Pages,
    redirects,
    references::{Places, Unreached},
    rendered::Rendering,
    sources::{Kind, Sources},
    together::together,
    used::used,
};
use crate::{
    assets::{self, Built, BuiltAsset, Entry},
    compress::Cache,
    diag::{Diagnostic, Severity},
    load::{self, LinkChecker, Site},
    plan::{Origin, Plan},
    site::{BasePath, Body, ContentHash, Field, Manifest, MediaType, Shelf, SitePath},
    transform::{
        highlight::Highlighter,
        markdown::MarkdownOptions,
        policy::{self, Needs},
        preload::{self, Loads},
        render::{Contents, MarkdownFilter, Renderer},
    },
};

/// A route's answer before it is coded.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) status: u16,
    pub(super) body: Body,
    pub(super) media: MediaType,
    pub(super) is_page: bool,
    /// Whether its name has a fingerprint of its body.
    pub(super) is_fingerprinted: bool,
    /// What a page or a style sheet runs and loads.
    pub(super) needs: Option<Box<Needs>>,
    /// What a page, a module or a style sheet makes a browser load at once.
    pub(super) loads: Option<Box<Loads>>,
    /// Beyond those every answer has.
    pub(super) fields: Vec<Field>,
}

/// The answers of all routes that could be made, and what is wrong with the others.
#[derive(Debug)]
pub(super) struct Outputs {
    pub(super) routes: BTreeMap<SitePath, Output>,
    /// Of what was built.
    pub(super) manifest: Manifest,
    /// Source maps that are not published, by the file name they should have.
    pub(super) hidden_maps: BTreeMap<String, Bytes>,
    /// How many pages were rendered, and how many were known.
    pub(super) rendered: (u64, u64),
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Makes them, in parallel, and gives them to `then`. What is kept for the next build is written meanwhile.
pub(super) fn make<R>(
    with: &Build<'_>,
    site: &Arc<Site>,
    plan: &Plan,
    base: &BasePath,
    then: impl FnOnce(Outputs) -> R,
) -> R {
    let mut diagnostics = Vec::new();
    let highlighting = Highlighting::of(with.world, site, &mut diagnostics);
    let highlighting = highlighting.as_ref();
    // Nothing that pages are rendered from stays in memory longer than that.
    let (drafts, memories) = {
        let Prepared { renderer, contents, memories, is_whole, .. } =
            prepare(with, site, highlighting, Keep::Nothing, &mut diagnostics);
        let mut drafter = Drafter {
            world: with.world,
            site,
            base,
            sources: &Sources::new(site, plan),
            contents: &contents,
            places: &Places::new(site, plan, false),
            renderer,
            rendering: &memories.rendering,
            shelf: with.shelves.drafts.as_ref(),
        };
        (draft(with, &mut drafter, Keep::Nothing, plan, is_whole, None, &mut diagnostics), memories)
    };
    let (rendered, has_next) = (memories.rendering.counts(), memories.has_next);
    let all = Drafted { site, plan, base, highlighting, drafts, rendered, has_next, diagnostics };
    thread::scope(|scope| {
        let is_sound = all.is_sound();
        scope.spawn(move || remember(with, &memories, is_sound));
        all.finish(with, |outputs, _, _, _| then(outputs))
    })
}

/// Whether what they are made with is to be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    /// For pages that are made once more.
    State,
}

/// Makes them, and gives them to `then` while all that made them is still there.
pub(super) fn make_and_keep<R>(
    with: &Build<'_>,
    site: &Arc<Site>,
    plan: &Plan,
    base: &BasePath,
    then: impl FnOnce(Outputs, State<'_, '_>) -> R,
) -> R {
    let mut diagnostics = Vec::new();
    let highlighting = Highlighting::of(with.world, site, &mut diagnostics);
    let highlighting = highlighting.as_ref();
    let Prepared { renderer, reader, contents, options: markdown, highlighter, memories, is_whole } =
        prepare(with, site, highlighting, Keep::State, &mut diagnostics);
    let (sources, places) = (Sources::new(site, plan), Places::new(site, plan, false));
    let mut drafter = Drafter {
        world: with.world,
        site,
        base,
        sources: &sources,
        contents: &contents,
        places: &places,
        renderer,
        rendering: &memories.rendering,
        shelf: with.shelves.drafts.as_ref(),
    };
    let drafts = draft(with, &mut drafter, Keep::State, plan, is_whole, None, &mut diagnostics);
    drafter.shelf = None;
    let known = Known::of(&places, &drafts);
    let converter = Converter::new(site, &markdown, highlighter.as_deref(), reader.as_ref());
    let (drafter, reader) = (&drafter, reader.as_ref());
    let (rendered, has_next) = (memories.rendering.counts(), memories.has_next);
    let all = Drafted { site, plan, base, highlighting, drafts, rendered, has_next, diagnostics };
    thread::scope(|scope| {
        let is_sound = all.is_sound();
        let memories = &memories;
        scope.spawn(move || remember(with, memories, is_sound));
        all.finish(with, |outputs, pages, built, assets| {
            then(outputs, State { drafter, converter, reader, pages, built, assets, known })
        })
    })
}

/// All pages drafted.
struct Drafted<'a> {
    site: &'a Site,
    plan: &'a Plan,
    base: &'a BasePath,
    highlighting: Option<&'a Highlighting>,
    drafts: Vec<(SitePath, Draft)>,
    /// How many pages were rendered, and how many were known.
    rendered: (u64, u64),
    /// [`Memories::has_next`].
    has_next: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Drafted<'_> {
    /// Whether nothing is a mistake up to here.
    fn is_sound(&self) -> bool {
        !self.diagnostics.iter().any(|one| one.severity == Severity::Error)
    }

    /// Builds what they ask for, and gives everything its last bytes.
    fn finish<R>(
        self,
        with: &Build<'_>,
        then: impl FnOnce(Outputs, &Pages<'_>, &Built, &assets::Options<'_>) -> R,
    ) -> R {
        let Self { site, plan, base, highlighting, drafts, rendered, has_next, mut diagnostics } = self;
        let Build { world, profile, cache, ref shelves, progress } = *with;
        let sass = site.sass.iter().map(|sheet| Entry::Style(sheet.file.path.clone()));
        let mut together = together(drafts.iter().map(|(_, draft)| draft));
        // These are published under their own names as well.
        together.retain(|path, _| site.sass.iter().all(|sheet| sheet.file.path != *path));
        let wanted: BTreeSet<Entry> =
            drafts.iter().flat_map(|(_, draft)| draft.entries().cloned()).chain(sass).collect();
        let mapped = mapped(&drafts);
        let is_dev = profile == Profile::Dev;
        let options =
            assets::Options { config: &site.config.assets, base, is_dev, mapped: &mapped, together: &together };
        let used = used(world, site, &drafts, &mut diagnostics);
        if !wanted.is_empty() {
            progress.begin(Stage::Assets, wanted.len());
        }
        let (mut built, found) = assets::build(world, site, &wanted, used, &options, cache);
        let told: BTreeSet<_> = found.iter().map(|one| one.path.clone()).collect();
        let is_broken = |one: &&Diagnostic| one.severity == Severity::Error;
        let broken: BTreeSet<_> = found.iter().filter(is_broken).map(|one| one.path.clone()).collect();
        diagnostics.extend(found);

        let files = Files::new(world, site, base, highlighting);
        let generated = generated(plan, &drafts, highlighting, &mut built);
        let client = drafts.iter().any(|(_, draft)| draft.says_needs()).then(|| {
            let (path, file) = assets::may_need_client();
            built.add(path.clone(), file);
            path
        });
        let written = written(plan, &drafts, highlighting);
        let pages = Pages::new(site, base, &built, &generated, written, client.as_ref(), needed_pages(&drafts));
        let pages = pages.recalling(cache.filter(|_| has_next));
        let finish = |(path, draft): (SitePath, Draft)| {
            let mut found = Vec::new();
            let output = match draft {
                Draft::Page(page) => pages.finish(&path, *page, &mut found),
                Draft::Text(text) => files.text(&pages.filled(&text, &mut found), text.media, &path, &mut found),
                Draft::Made(made) => Some(Output::made(made)),
                Draft::Manifest(manifest) => Some(files.manifest(&path, &manifest, &built, &mut found)),
                Draft::Plain => match plan.routes.get(&path) {
                    Some(Origin::Sass(file)) => sheet(&built, &file.path),
                    origin => origin
                        .filter(|origin| has_own_address(origin, site, &built) && !is_one_of(origin, &broken))
                        .and_then(|origin| {
                            copied(&path, origin, &built).or_else(|| files.make(&path, origin, &mut found))
                        }),
                },
            };
            // What was said of a source when it was built is not said again of its copy.
            found.retain(|one| !told.contains(&one.path) || one.severity == Severity::Error);
            progress.step();
            (path, output.map(|output| output.put_aside(shelves.bodies.as_ref())), found)
        };
        progress.begin(Stage::Finish, drafts.len());
        let made: Vec<(SitePath, Option<Output>, Vec<Diagnostic>)> = drafts.into_par_iter().map(finish).collect();
        let mut routes = BTreeMap::new();
        for (path, output, found) in made {
            diagnostics.extend(found);
            routes.extend(output.map(|output| (path, output)));
        }
        routes.extend(built.files.iter().map(|(path, file)| (path.clone(), Output::of_built(file.clone()))));
        let Built { manifest, hidden_maps, .. } = &built;
        let outputs =
            Outputs { routes, manifest: manifest.clone(), hidden_maps: hidden_maps.clone(), rendered, diagnostics };
        thread::scope(|scope| {
            scope.spawn(|| pages.remember());
            then(outputs, &pages, &built, &options)
        })
    }
}

/// What outputs were made with.
pub(super) struct State<'p, 'd> {
    pub(super) drafter: &'d Drafter<'d>,
    pub(super) converter: Converter<'d>,
    /// Renders templates in content. `None` when that cannot be, or was not to be kept.
    pub(super) reader: Option<&'d Renderer<'d>>,
    pub(super) pages: &'p Pages<'p>,
    pub(super) built: &'p Built,
    /// How assets were built.
    pub(super) assets: &'p assets::Options<'p>,
    pub(super) known: Known,
}

/// Finds out which links to other sites lead nowhere.
pub type Ask<'a> = dyn Fn(&LinkChecker, BTreeSet<String>) -> Unreached + 'a;

/// What is wrong with all links of the pages, those to other sites among them.
pub(super) fn check_links(build: &Build<'_>, site: &Arc<Site>, plan: &Plan, ask: &Ask<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let highlighting = Highlighting::of(build.world, site, &mut diagnostics);
    let Prepared { renderer, contents, memories, is_whole, .. } =
        prepare(build, site, highlighting.as_ref(), Keep::Nothing, &mut diagnostics);
    let mut drafter = Drafter {
        world: build.world,
        site,
        base: &super::mounted(site),
        sources: &Sources::new(site, plan),
        contents: &contents,
        places: &Places::new(site, plan, true),
        renderer,
        rendering: &memories.rendering,
        shelf: None,
    };
    draft(build, &mut drafter, Keep::Nothing, plan, is_whole, Some(ask), &mut diagnostics);
    remember(build, &memories, false);
    diagnostics
}

/// What is kept for the next build of what pages are rendered from.
struct Memories {
    highlighter: Option<(ContentHash, Arc<Highlighter>)>,
    texts: Option<Memory>,
    rendering: Rendering,
    /// Whether it is worth its price to keep what takes notes and copies: a site that is built once, from nothing, as what
    /// ships mostly is, has no next build.
    has_next: bool,
}

/// What pages are rendered with.
pub(super) struct Prepared<'a> {
    /// `None` when templates cannot be read.
    pub(super) renderer: Option<Renderer<'a>>,
    /// What content was rendered with, if it is to be kept.
    reader: Option<Renderer<'a>>,
    pub(super) contents: Arc<Contents>,
    options: MarkdownOptions,
    highlighter: Option<Arc<Highlighter>>,
    memories: Memories,
    /// Whether all templates and all content could be read.
    is_whole: bool,
}

/// Whether there was a build before this one. There is from now on.
fn was_built(cache: &Cache, site: &Site) -> bool {
    let key = cache.key([b"built".as_slice(), site.root.as_bytes()]);
    let was_built = cache.get(key).is_some();
    if !was_built {
        cache.keep(key, b"");
    }
    was_built
}

/// Reads all templates, and makes HTML of all content.
pub(super) fn prepare<'a>(
    build: &Build<'_>,
    site: &'a Arc<Site>,
    highlighting: Option<&Highlighting>,
    keep: Keep,
    diagnostics: &mut Vec<Diagnostic>,
) -> Prepared<'a> {
    let options = markdown_options(&site.config);
    let key = |one: &Highlighting, cache: &Cache| {
        let look = format!("{:?} {:?}", one.look, one.grammars);
        cache.key([b"highlighted".as_slice(), site.root.as_bytes(), look.as_bytes()])
    };
    let key = highlighting.zip(build.cache).map(|(highlighting, cache)| key(highlighting, cache));
    let recalled = key.zip(build.cache).and_then(|(key, cache)| cache.get(key)).unwrap_or_default();
    let highlighter = highlighting.map(|one| Highlighter::with_grammars(&one.look, &one.grammars));
    let highlighter = highlighter.map(|highlighter| Arc::new(highlighter.recalling(recalled)));
    let filter = MarkdownFilter { options: options.clone(), highlighter: highlighter.clone() };
    let (renderer, found) = Renderer::new(site, filter, build.world.shared());
    // What content asks of templates that have mistakes has been told with them.
    let sound = renderer.as_ref().filter(|_| found.is_empty());
    let converter = Converter::new(site, &options, highlighter.as_deref(), sound);
    let look = highlighting.map(|one| format!("{:?} {:?}", one.look, one.grammars));
    let look = format!("{look:?} {options:?}");
    let texts = build.cache.map(|cache| {
        Memory::recalling(cache, cache.key([b"texts".as_slice(), site.root.as_bytes(), look.as_bytes()]), MOST_TEXTS)
    });
    let has_next = keep == Keep::State || build.cache.is_some_and(|cache| was_built(cache, site));
    let rendering = build.cache.filter(|_| found.is_empty() && has_next);
    let rendering = rendering.map(|cache| Rendering::recalling(cache, &[site.root.as_bytes(), look.as_bytes()]));
    let mut contents = convert(&converter, texts.as_ref(), build.shelves.contents.as_ref(), build.progress);
    let rendering = rendering.unwrap_or_default();
    let memories = Memories { highlighter: key.zip(highlighter.clone()), texts, rendering, has_next };
    let reader = sound.filter(|_| keep == Keep::State).map(Renderer::before_contents);
    let mut is_whole = found.is_empty();
    diagnostics.extend(found);
    for one in contents.pages.iter_mut().chain(&mut contents.sections) {
        is_whole &= !(one.is_nothing() && one.diagnostics.iter().any(|one| one.severity == Severity::Error));
        diagnostics.append(&mut one.diagnostics);
    }
    let contents = Arc::new(contents);
    let renderer = renderer.map(|renderer| renderer.with_contents(&contents));
    diagnostics.extend(renderer.iter().flat_map(Renderer::missing_in_heads));
    diagnostics.extend(renderer.iter().flat_map(Renderer::unknown_arguments));
    Prepared { renderer, reader, contents, options, highlighter, memories, is_whole }
}

/// The drafts of all routes that could be drafted, in the order of their paths.
fn draft(
    build: &Build<'_>,
    drafter: &mut Drafter<'_>,
    keep: Keep,
    plan: &Plan,
    is_whole: bool,
    ask: Option<&Ask<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(SitePath, Draft)> {
    let Drafter { site, contents, places, .. } = *drafter;
    let progress = build.progress;
    progress.begin(Stage::Render, plan.routes.len());
    // Pages before lists: a list is shown with what was made of its pages, and whoever needs the same list waits for it.
    let mut routes: Vec<(&SitePath, &Origin)> = plan.routes.iter().collect();
    routes.sort_by_key(|(_, origin)| !matches!(origin, Origin::Page(_)));
    let draft_one = |(path, origin): (&SitePath, &Origin)| {
        let mut found = Vec::new();
        let draft = drafter.draft(path, origin, &mut found);
        progress.step();
        (path.clone(), draft, found)
    };
    let mut made: Vec<(SitePath, Option<Draft>, Vec<Diagnostic>)> = routes.into_par_iter().map(draft_one).collect();
    made.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
    let mut drafts = Vec::with_capacity(made.len());
    let mut failed = Vec::new();
    for (path, draft, found) in made {
        match draft {
            Some(draft) => drafts.push((path, draft)),
            None => failed.push((path, found.clone())),
        }
        diagnostics.extend(found);
    }
    if let Some(fault) = contents.fault() {
        let message = format!("what was made of content cannot be read again from the build cache: {fault}");
        diagnostics.push(Diagnostic::error(Arc::clone(&site.root), message));
    }
    diagnostics.extend(drafter.renderer.iter().flat_map(Renderer::missed_words));
    diagnostics.extend(drafter.renderer.as_ref().map_or_else(Vec::new, |renderer| further(renderer, plan, failed)));
    let seen = broken_links::Seen { site, plan, contents, places, is_whole };
    let unreached = ask.map_or_else(Unreached::new, |ask| ask(&site.config.link_checker, Places::foreign(&drafts)));
    // All that was rendered from goes meanwhile, which takes a while of its own.
    let renderer = if keep == Keep::Nothing { drafter.renderer.take() } else { None };
    let ((), told) = rayon::join(|| drop(renderer), || broken_links::told(&seen, &drafts, &unreached));
    diagnostics.extend(told);
    diagnostics.extend(redirects::lost(site, plan, &drafts));
    let linked = linked_manifests(drafts.iter().map(|(_, draft)| draft));
    for (path, draft) in &mut drafts {
        if (path.extension() == Some("webmanifest") || linked.contains(path))
            && let Some(Origin::File(file)) = plan.routes.get(path)
            && media_of(path) != MediaType::HTML
            && let Some(manifest) = drafter.manifest(path, file, diagnostics)
        {
            *draft = manifest;
        }
    }
    drafts
}

/// Keeps for the next build what this one has learnt.
fn remember(build: &Build<'_>, memories: &Memories, is_sound: bool) {
    let Some(cache) = build.cache else { return };
    let Memories { highlighter, texts, rendering, has_next: _ } = memories;
    if let Some((key, memory)) = highlighter.as_ref().and_then(|(key, highlighter)| Some((*key, highlighter.memory()?)))
    {
        cache.keep_all(key, &memory);
    }
    if let Some(texts) = texts {
        texts.save(cache);
    }
    // What a mistake kept from being asked for is not forgotten for that.
    if is_sound {
        rendering.remember(cache);
    }
}

/// What is kept of texts, in bytes. What is beyond is rendered by each build.
const MOST_TEXTS: usize = 128 << 20;

/// How the comment begins that names the map of a style sheet.
const MAP: &[u8] = b"\n/*# sourceMappingURL=";

/// The style sheet that was built of the file at `source`, for an address without a fingerprint.
fn sheet(built: &Built, source: &Arc<str>) -> Option<Output> {
    let asset = built.assets.get(&Entry::Style(Arc::clone(source)))?;
    let file = built.files.get(&asset.file)?;
    // Its map is named beside the file with the fingerprint.
    let map = file.body.windows(MAP.len()).rposition(|window| window == MAP);
    Some(Output::of_sheet_body(file.body.slice(..map.unwrap_or(file.body.len()))))
}

/// Gives names with fingerprints to what the build itself writes and pages ask for: by the path it is at without one.
fn generated(
    plan: &Plan,
    drafts: &[(SitePath, Draft)],
    highlighting: Option<&Highlighting>,
    built: &mut Built,
) -> BTreeMap<SitePath, SitePath> {
    let is_asked_for = |path: &SitePath| drafts.iter().any(|(_, draft)| draft.asks_for_style_sheet(path));
    let sheets = plan.routes.iter().filter_map(|(path, origin)| match origin {
        Origin::Highlighting(sheet) => Some((path, *sheet)),
        _ => None,
    });
    let sheets = sheets.filter(|(path, _)| is_asked_for(path));
    let named = sheets.filter_map(|(path, sheet)| {
        let (built_path, file) = assets::named(path.file_name(), highlighting?.sheet(sheet).into());
        built.add(built_path.clone(), file);
        Some((path.clone(), built_path))
    });
    named.collect()
}

/// The bytes of what the build itself writes, where pages must know them.
fn written(
    plan: &Plan,
    drafts: &[(SitePath, Draft)],
    highlighting: Option<&Highlighting>,
) -> BTreeMap<SitePath, Bytes> {
    let asked: BTreeSet<&SitePath> = drafts.iter().flat_map(|(_, draft)| draft.asks_for_written()).collect();
    let bytes = |path: &SitePath| match plan.routes.get(path)? {
        Origin::Highlighting(sheet) => Some(highlighting?.sheet(*sheet).into()),
        _ => match &drafts[drafts.binary_search_by_key(&path, |(path, _)| path).ok()?].1 {
            Draft::Made(made) => Some(Bytes::copy_from_slice(made.text.as_bytes())),
            _ => None,
        },
    };
    asked.into_iter().filter_map(|path| Some((path.clone(), bytes(path)?))).collect()
}

/// The very bytes that were built of a file, where nothing else is published of it at its own address: images and the like,
/// which may be large, are read once.
fn copied(path: &SitePath, origin: &Origin, built: &Built) -> Option<Output> {
    let Origin::File(file) = origin else { return None };
    let media = media_of(path);
    let asset = built.assets.get(&Entry::File(Arc::clone(&file.path))).filter(|_| !media.is_compressible())?;
    Some(Output::of(built.files.get(&asset.file)?.body.clone(), media))
}

/// Whether a route is made of one of these files.
fn is_one_of(origin: &Origin, files: &BTreeSet<Arc<str>>) -> bool {
    matches!(origin, Origin::File(file) | Origin::Script(file) if files.contains(&file.path))
}

/// Whether a file is published where it lies, beside what was built of it. What no browser reads is not; and in a plain
/// folder nothing is that is inside of something else.
fn has_own_address(origin: &Origin, site: &Site, built: &Built) -> bool {
    let (Origin::File(file) | Origin::Script(file)) = origin else { return true };
    let is_source = file
        .path
        .rsplit_once('.')
        .is_some_and(|(_, extension)| matches!(extension, "ts" | "mts" | "cts" | "tsx" | "jsx" | "scss" | "sass"));
    let is_text = Kind::of(&file.path) != Kind::Other;
    let is_taken_in = built.taken_in.contains(&file.path);
    !(is_taken_in && is_text && (is_source || site.kind == load::Kind::Plain))
}

impl Output {
    fn put_aside(self, on: Option<&Arc<dyn Shelf>>) -> Self {
        Self { body: self.body.put_aside(on), ..self }
    }

    pub(super) fn of(body: Bytes, media: MediaType) -> Self {
        Self {
            status: 200,
            body: body.into(),
            media,
            is_page: false,
            is_fingerprinted: false,
            needs: None,
            loads: None,
            fields: Vec::new(),
        }
    }

    fn made(Made { text, media }: Made) -> Self {
        Self::of(text.into(), media)
    }

    pub(super) fn of_script(text: String) -> Self {
        let loads = Some(Box::new(preload::of_module(&text)));
        Self { loads, ..Self::of(text.into(), MediaType::JAVASCRIPT) }
    }

    pub(super) fn of_style_sheet(text: String) -> Self {
        Self::of_sheet_body(text.into())
    }

    /// Pages name themselves what a built script imports; what a style sheet loads they do not.
    pub(super) fn of_built(file: BuiltAsset) -> Self {
        let output = match file.media {
            MediaType::CSS => Self::of_sheet_body(file.body),
            media => Self::of(file.body, media),
        };
        Self { is_fingerprinted: true, ..output }
    }

    fn of_sheet_body(body: Bytes) -> Self {
        let text = String::from_utf8_lossy(&body);
        let needs = Some(Box::new(policy::of_style_sheet(&text)));
        let loads = Some(Box::new(preload::of_style_sheet(&text)));
        Self { needs, loads, ..Self::of(body, MediaType::CSS) }
    }
}
