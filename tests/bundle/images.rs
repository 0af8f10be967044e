//! Sites to pack: two small ones written out, and any.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::{collection, option, prelude::*, sample, string::string_regex};
use sitekit::site::{
    BasePath, BuiltEntry, BuiltFile, BuiltKind, BuiltModule, Coding, Cors, EncodedBody, ErrorStatus, Field, FieldName,
    HostPattern, How, Maintenance, Manifest, Mode, Move, Origins, PasswordHash, PathPattern, Protected, Realm,
    RedirectStatus, Response, Rules, SiteImage, SiteName, SitePath, TrailingSlash, UserName,
};

pub(crate) fn site(name: &str) -> SiteName {
    SiteName::parse(name).unwrap()
}

pub(crate) fn path(path: &str) -> SitePath {
    SitePath::parse(path).unwrap()
}

/// A response with the bodies of these codings; the first must be the identity.
pub(crate) fn response(status: u16, media: &str, bodies: &[(Coding, &'static str)]) -> Response {
    let encoded =
        |&(coding, text): &(Coding, &'static str)| EncodedBody { coding, bytes: Bytes::from_static(text.as_bytes()) };
    Response {
        status,
        fields: vec![Field::new("content-type", media), Field::new("x-content-type-options", "nosniff")],
        bodies: bodies.iter().map(encoded).collect(),
    }
}

/// Every kind of thing a bundle holds, once.
pub(crate) fn small() -> SiteImage {
    use Coding::{Brotli, Gzip, Identity, Zstd};
    let html = "text/html; charset=utf-8";
    let mut redirect = response(308, html, &[(Identity, "")]);
    redirect.fields = vec![Field::new("location", "/docs/guide/")];
    SiteImage {
        site: site("docs"),
        base: BasePath::parse("/docs/").unwrap(),
        mode: Mode::Traditional,
        routes: BTreeMap::from([
            (
                path("/"),
                response(200, html, &[(Identity, "<h1>Welcome</h1>"), (Brotli, "br"), (Gzip, "gz"), (Zstd, "zs")]),
            ),
            (path("/404.html"), response(404, html, &[(Identity, "Not here.")])),
            (path("/empty.txt"), response(200, "text/plain; charset=utf-8", &[(Identity, "")])),
            (path("/guide"), redirect),
            (path("/guide/"), response(200, html, &[(Identity, "<p>Guide</p>"), (Gzip, "gz")])),
            (path("/img/Grüße 100%.svg"), response(200, "image/svg+xml", &[(Identity, "<svg/>")])),
            (path("/same.html"), response(200, html, &[(Identity, "<p>Guide</p>")])),
        ]),
        not_found: Some(path("/404.html")),
        rules: Rules::default(),
        manifest: Manifest::default(),
    }
}

/// The small site with scripts and a style sheet that were built: an entry, a chunk both of its files share, one for later.
pub(crate) fn built() -> SiteImage {
    use Coding::{Brotli, Gzip, Identity};
    let mut image = small();
    let script = "text/javascript; charset=utf-8";
    let later = "/assets/editor.1c0ffee150.js";
    for (at, media, bodies) in [
        (MAIN, script, vec![(Identity, "import\"./shared.0badcafe00.js\""), (Brotli, "br"), (Gzip, "gz")]),
        (SHARED, script, vec![(Identity, "export const shared=1"), (Gzip, "gz")]),
        (later, script, vec![(Identity, "import\"./shared.0badcafe00.js\";edit()")]),
        (STYLE, "text/css; charset=utf-8", vec![(Identity, "a{color:red}")]),
    ] {
        image.routes.insert(path(at), response(200, media, &bodies));
    }
    image.manifest = Manifest {
        entries: BTreeMap::from([
            (
                "sites/docs/main.ts".to_owned(),
                BuiltEntry {
                    file: MAIN.to_owned(),
                    imports: vec![SHARED.to_owned()],
                    styles: vec![STYLE.to_owned()],
                    later: vec![later.to_owned()],
                },
            ),
            ("sites/docs/style.scss".to_owned(), BuiltEntry { file: STYLE.to_owned(), ..BuiltEntry::default() }),
        ]),
        files: BTreeMap::from([
            (
                MAIN.to_owned(),
                BuiltFile {
                    imports: vec![SHARED.to_owned()],
                    later: vec![later.to_owned()],
                    ..built_file(
                        BuiltKind::Script,
                        &[("sites/docs/main.ts", 24), ("node_modules/lodash-es/chunk.js", 4)],
                    )
                },
            ),
            (SHARED.to_owned(), built_file(BuiltKind::Script, &[("node_modules/@scope/shared/index.js", 21)])),
            (
                later.to_owned(),
                BuiltFile {
                    imports: vec![SHARED.to_owned()],
                    ..built_file(
                        BuiltKind::Script,
                        &[("sites/docs/editor.tsx", 31), ("node_modules/lodash-es/chunk.js", 5)],
                    )
                },
            ),
            (STYLE.to_owned(), built_file(BuiltKind::Style, &[("sites/docs/style.scss", 12)])),
        ]),
    };
    image
}

const MAIN: &str = "/assets/main.4f2a9c81d0.js";
const SHARED: &str = "/assets/shared.0badcafe00.js";
const STYLE: &str = "/assets/style.5eed5eed00.css";

fn built_file(kind: BuiltKind, modules: &[(&str, u64)]) -> BuiltFile {
    let module = |&(source, bytes): &(&str, u64)| BuiltModule { source: source.to_owned(), bytes };
    BuiltFile {
        kind,
        bytes: modules.iter().map(|(_, bytes)| bytes).sum(),
        integrity: "sha384-".to_owned() + &"A".repeat(64),
        imports: Vec::new(),
        later: Vec::new(),
        modules: modules.iter().map(module).collect(),
        unused: None,
    }
}

/// The small site with one rule of every kind.
pub(crate) fn ruled() -> SiteImage {
    SiteImage { rules: rules(), ..small() }
}

/// Made with cheap parameters, so that checking it costs nothing worth mentioning.
const HASHES: [&str; 2] = [
    "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0IDE2$KbcQW8ijaTmsIuKMhRu2j8DmvMtejOKk2G/UzYXBEXI",
];

pub(crate) fn rules() -> Rules {
    let status = |status| ErrorStatus::new(status).unwrap();
    let moved = |from: &str, to: &str, how| Move::parse(pattern(from), to, how).unwrap();
    let users = [("ann", HASHES[0]), ("Jörg", HASHES[1])];
    Rules {
        hosts: vec![HostPattern::parse("*.example.com").unwrap()],
        moves: vec![
            moved("/old/*", "/guide/:splat", How::Redirect(RedirectStatus::MovedPermanently)),
            moved("/start", "/guide/", How::Rewrite),
        ],
        error_pages: BTreeMap::from([(status(404), path("/404.html")), (status(503), path("/same.html"))]),
        protected: vec![Protected {
            paths: vec![pattern("/drafts/*")],
            realm: Realm::parse("Drafts \"2026\"").unwrap(),
            users: users
                .map(|(user, hash)| (UserName::parse(user).unwrap(), PasswordHash::parse(hash).unwrap()))
                .into(),
        }],
        cors: vec![Cors {
            paths: vec![pattern("/img/*")],
            origins: Origins::parse(&["https://app.example.com"]).unwrap(),
            expose: vec![FieldName::parse("etag").unwrap()],
            allow: Vec::new(),
            max_age: 600,
        }],
        maintenance: Some(Maintenance { retry_after: 60, open: vec![pattern("/img/*")] }),
        trailing_slash: TrailingSlash::Never,
    }
}

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

pub(crate) fn empty() -> SiteImage {
    SiteImage {
        site: site("a"),
        base: BasePath::root(),
        mode: Mode::Spa,
        routes: BTreeMap::new(),
        not_found: None,
        rules: Rules::default(),
        manifest: Manifest::default(),
    }
}

/// Any site: Unicode paths, empty bodies, bodies and fields that are shared, from none to some hundred routes.
pub(crate) fn any_site() -> impl Strategy<Value = SiteImage> {
    let head = (string_regex("[a-z0-9][a-z0-9._-]{0,20}").unwrap(), any::<bool>(), any::<bool>());
    let few = collection::btree_map(any_path(), any_response(), 0..12);
    let many = (any_response(), 0..400_usize).prop_map(|(response, count)| {
        (0..count).map(|n| (path(&format!("/page-{n}/")), response.clone())).collect::<BTreeMap<_, _>>()
    });
    (head, prop_oneof![4 => few, 1 => many], option::of(any::<sample::Index>()), any_rules(), any_entries()).prop_map(
        |((name, mounted, spa), routes, not_found, mut rules, entries)| {
            let site = site(&name);
            let not_found = not_found
                .filter(|_| !routes.is_empty())
                .and_then(|index| routes.keys().nth(index.index(routes.len())).cloned());
            // Pages for errors are routes.
            let mut paths = routes.keys().cycle();
            rules.error_pages =
                rules.error_pages.into_keys().zip(&mut paths).map(|(at, to)| (at, to.clone())).collect();
            let manifest = manifest_of(&routes, entries);
            SiteImage {
                base: if mounted { BasePath::of(&site) } else { BasePath::root() },
                site,
                mode: if spa { Mode::Spa } else { Mode::Traditional },
                routes,
                not_found,
                rules,
                manifest,
            }
        },
    )
}

/// Entries, and often none, each with the places of its files among the routes, and the modules of its own.
type Entries = BTreeMap<String, (Vec<sample::Index>, Vec<(String, u64)>)>;

fn any_entries() -> impl Strategy<Value = Entries> {
    let files = collection::vec(any::<sample::Index>(), 1..5);
    let modules = collection::vec(("[a-z@/.\"ä]{1,12}", any::<u64>()), 0..4);
    prop_oneof![Just(BTreeMap::new()), collection::btree_map("[a-z/.\"ä]{1,12}", (files, modules), 1..4)]
}

/// Every file of a manifest is a route, and every file it names is one of its own.
fn manifest_of(routes: &BTreeMap<SitePath, Response>, entries: Entries) -> Manifest {
    let mut manifest = Manifest::default();
    if routes.is_empty() {
        return manifest;
    }
    for (source, (places, modules)) in entries {
        let nth = |place: &sample::Index| routes.keys().nth(place.index(routes.len())).unwrap().as_str().to_owned();
        let names: Vec<String> = places.iter().map(nth).collect();
        let modules: Vec<_> = modules.iter().map(|(source, bytes)| (source.as_str(), bytes % 1000)).collect();
        for (at, name) in names.iter().enumerate() {
            let kind = [BuiltKind::Script, BuiltKind::Style, BuiltKind::File][at % 3];
            let file = BuiltFile { later: names.clone(), ..built_file(kind, &modules) };
            manifest.files.insert(name.clone(), file);
        }
        let (file, rest) = names.split_first().unwrap();
        let entry = BuiltEntry { file: file.clone(), imports: rest.to_vec(), styles: Vec::new(), later: rest.to_vec() };
        manifest.entries.insert(source, entry);
    }
    manifest
}

/// Any rules, and often none. The pages for errors are to be chosen among the routes.
fn any_rules() -> impl Strategy<Value = Rules> {
    let patterns = || collection::vec(any_pattern(), 0..3);
    let how = prop_oneof![
        Just(How::Rewrite),
        sample::select(vec![301, 302, 303, 307, 308])
            .prop_map(|status| How::Redirect(RedirectStatus::new(status).unwrap())),
    ];
    let moved = (any_pattern(), "(/[a-zä %?#:]{0,4}){1,3}", how)
        .prop_filter_map("a destination of the pattern", |(from, to, how)| Move::parse(from, &to, how).ok());
    let user = ("[^:\\p{Cc}]{1,8}", sample::select(HASHES.to_vec()));
    let user = user.prop_map(|(name, hash)| (UserName::parse(&name).unwrap(), PasswordHash::parse(hash).unwrap()));
    let protected = (
        patterns(),
        "[ -~]{0,12}",
        collection::btree_map(user.clone().prop_map(|user| user.0), user.prop_map(|user| user.1), 0..3),
    )
        .prop_map(|(paths, realm, users)| Protected { paths, realm: Realm::parse(&realm).unwrap(), users });
    let origins = prop_oneof![
        Just(Origins::Any),
        collection::vec("https?://[a-z]{1,8}(:[1-9][0-9]{0,3})?", 0..3)
            .prop_map(|found| Origins::parse(&found).unwrap()),
    ];
    let names = || collection::vec("[A-Za-z*-]{1,8}".prop_map(|name| FieldName::parse(&name).unwrap()), 0..3);
    let cors = (patterns(), origins, names(), names(), any::<u32>())
        .prop_map(|(paths, origins, expose, allow, max_age)| Cors { paths, origins, expose, allow, max_age });
    let maintenance = (any::<u32>(), patterns()).prop_map(|(retry_after, open)| Maintenance { retry_after, open });
    let slash = sample::select(vec![TrailingSlash::Always, TrailingSlash::Never, TrailingSlash::Either]);
    let statuses = collection::btree_set(400_u16..600, 0..3);
    let hosts = collection::vec("(\\*\\.)?[a-z]{1,5}(\\.[a-z]{1,5}){0,2}", 0..3);
    let some = (
        hosts,
        collection::vec(moved, 0..4),
        statuses,
        collection::vec(protected, 0..2),
        collection::vec(cors, 0..2),
        option::of(maintenance),
        slash,
    )
        .prop_map(|(hosts, moves, statuses, protected, cors, maintenance, trailing_slash)| Rules {
            hosts: hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect(),
            moves,
            error_pages: statuses.into_iter().map(|at| (ErrorStatus::new(at).unwrap(), SitePath::root())).collect(),
            protected,
            cors,
            maintenance,
            trailing_slash,
        });
    prop_oneof![Just(Rules::default()), some]
}

fn any_pattern() -> impl Strategy<Value = PathPattern> {
    "(/([a-zä ]{1,4}|:[a-z]|\\*)){0,3}/?".prop_filter_map("a pattern of paths", |text| PathPattern::parse(&text).ok())
}

fn any_path() -> impl Strategy<Value = SitePath> {
    "(/[^/\\\\\\p{Cc}]{1,12}){0,4}/?".prop_filter_map("a path of a site", |text| SitePath::parse(&text).ok())
}

fn any_response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![Just(200), Just(200), Just(308), Just(404), Just(503)];
    let field = prop_oneof![
        Just(Field::new("content-type", "text/html; charset=utf-8")),
        Just(Field::new("cache-control", "no-cache")),
        ("x-[a-z]{1,8}", "([!-~ä→]([ \t!-~]{0,20}[!-~])?)?").prop_map(|(name, value)| Field::new(&name, value)),
    ];
    let codings = sample::subsequence(vec![Coding::Gzip, Coding::Brotli, Coding::Zstd], 0..=3).prop_shuffle();
    let body = prop_oneof![Just(Vec::new()), Just(b"shared".to_vec()), collection::vec(any::<u8>(), 0..40),];
    (status, collection::vec(field, 0..6), codings, collection::vec(body, 4)).prop_map(
        |(status, fields, codings, bodies)| Response {
            status,
            fields,
            bodies: std::iter::once(Coding::Identity)
                .chain(codings)
                .zip(bodies)
                .map(|(coding, bytes)| EncodedBody { coding, bytes: Bytes::from(bytes) })
                .collect(),
        },
    )
}
