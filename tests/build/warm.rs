//! A build that knows of the builds before it makes what one makes that knows of none: after each of many edits, both are
//! compared, answers, fields, all that is said, and the bundles byte by byte. `SITEKIT_EDITS` says how many edits each seed has,
//! `SITEKIT_SEED` which seed is the first; the seed of a run is told when it fails.

#[path = "warm/edits.rs"]
mod edits;
#[path = "warm/site.rs"]
mod site;

use std::{collections::BTreeMap, env, fmt::Debug, io::Cursor, thread};

use image::{ImageFormat, Rgb, RgbImage};
use jiff::Timestamp;
use sitekit::{
    compress::Cache,
    diag::{Diagnostic, Severity},
    load::{FetchError, MemoryOutside, MemoryWorld},
    pack,
    pipeline::{Compiled, Options, Profile, Progress, Stage, compile},
    site::{Body, Coding, ContentHash, Field, Response, SiteImage, SiteName},
};

use self::edits::{Chance, ELSEWHERE, Site};

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}

/// What stands in a file.
fn bytes(path: &str, text: &str) -> Vec<u8> {
    if !path.contains(".png") {
        return text.as_bytes().to_vec();
    }
    let [colour, width, height] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{path}: {text}") };
    let colour = match colour {
        "red" => Rgb([200, 0, 0]),
        "green" => Rgb([0, 200, 0]),
        "blue" => Rgb([0, 0, 200]),
        _ => return b"no picture".to_vec(),
    };
    let picture = RgbImage::from_pixel(width.parse().unwrap(), height.parse().unwrap(), colour);
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn world(site: &Site) -> MemoryWorld {
    let mut outside = MemoryOutside::default().at(Timestamp::from_second(site.day * 24 * 60 * 60).unwrap());
    if let Some(commit) = site.commit {
        outside = outside.with_variable("COMMIT", commit);
    }
    let answer = site.answer.ok_or_else(|| FetchError::Status("404 Not Found".to_owned()));
    outside = outside.with_answer(ELSEWHERE, answer);
    let add = |world: MemoryWorld, (path, text): (&String, &String)| {
        let place = path.strip_prefix('/').map_or_else(|| format!("sites/s/{path}"), str::to_owned);
        world.with(&place, bytes(path, text))
    };
    site.files.iter().fold(MemoryWorld::new(), add).with_outside(outside)
}

fn build(world: &MemoryWorld, profile: Profile, cache: Option<&Cache>) -> (Option<Compiled>, Vec<Diagnostic>) {
    compile(world, &SiteName::parse("s").unwrap(), "sites/s", &Options { profile }, cache, &Silent)
}

/// All there is of an answer: two bodies of one hash are the same.
fn answer(response: &Response<Body>) -> (u16, &[Field], Vec<(Coding, ContentHash)>) {
    let bodies = response.bodies.iter().map(|body| (body.coding, body.bytes.hash()));
    (response.status, &response.fields, bodies.collect())
}

/// The same for a person.
fn shown(response: Option<&Response<Body>>) -> String {
    let Some(response) = response else { return "nothing".to_owned() };
    let text = response.bodies.first().map(|body| body.bytes.read().unwrap());
    format!("{:#?}\n{}", answer(response), String::from_utf8_lossy(&text.unwrap_or_default()))
}

fn bundle(image: &SiteImage<Body>) -> Vec<u8> {
    pack::seal(image).unwrap().pieces().flat_map(Result::unwrap).collect()
}

#[track_caller]
fn check_equal<T: Debug + PartialEq>(what: &str, warm: &T, cold: &T, place: &str) {
    assert!(warm == cold, "{what}, {place}\nwarm: {warm:#?}\ncold: {cold:#?}");
}

#[track_caller]
fn compare(warm: &Compiled, cold: &Compiled, place: &str) {
    let paths = |one: &Compiled| one.image.routes.keys().map(ToString::to_string).collect::<Vec<_>>();
    check_equal("routes", &paths(warm), &paths(cold), place);
    for (path, response) in &cold.image.routes {
        let other = warm.image.routes.get(path);
        let is_equal = other.map(answer) == Some(answer(response));
        assert!(is_equal, "{path}, {place}\nwarm: {}\ncold: {}", shown(other), shown(Some(response)));
    }
    check_equal("the manifest", &warm.image.manifest, &cold.image.manifest, place);
    check_equal("rules", &warm.image.rules, &cold.image.rules, place);
    check_equal("hidden maps", &warm.hidden_maps, &cold.hidden_maps, place);
    // To find out whether what is kept still holds, more may be read.
    let unread = cold.sources.iter().filter(|(path, hash)| warm.sources.get(*path) != Some(*hash));
    check_equal("files that were read", &unread.collect::<Vec<_>>(), &Vec::new(), place);
    assert!(bundle(&warm.image) == bundle(&cold.image), "the bundle, {place}");
}

#[track_caller]
fn check(seed: u64, edits: usize) {
    let folder = tempfile::tempdir().unwrap();
    let open = || Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
    let mut cache = open();
    let mut chance = Chance::of(seed);
    let mut site = Site::begin(&mut chance);
    let mut sound = site.clone();
    let (mut built, mut faults) = (0, BTreeMap::<String, usize>::new());
    for edit in 0..edits {
        let what = match chance.below(3) {
            0 => vec![chance.edit(&mut site)],
            1 => vec![chance.edit_version(&mut site)],
            // Several edits at once, as when a branch is changed.
            _ => vec![chance.edit_version(&mut site), chance.edit_version(&mut site), chance.edit(&mut site)],
        };
        let profile = if chance.once_in(5) { Profile::Prod } else { Profile::Dev };
        if chance.once_in(2) {
            cache = open();
        }
        let place = format!("seed {seed}, edit {edit}, {profile:?}: {what:?}");
        let world = world(&site);
        let (warm, said_warm) = build(&world, profile, Some(&cache));
        let (cold, said_cold) = build(&world, profile, None);
        check_equal("what is said", &said_warm, &said_cold, &place);
        match (&warm, &cold) {
            (Some(warm), Some(cold)) => {
                built += 1;
                compare(warm, cold, &place);
                sound = site.clone();
            }
            (None, None) => {
                for one in said_cold.iter().filter(|one| one.severity == Severity::Error) {
                    *faults.entry(format!("{}: {}", one.path, one.message)).or_default() += 1;
                }
                // What is broken is mended, now or later.
                if !chance.once_in(3) {
                    site = sound.clone();
                }
            }
            (warm, _) => panic!("{place}: built {} alone", if warm.is_some() { "warm" } else { "cold" }),
        }
    }
    assert!(built * 2 > edits, "{built} of {edits} could be built: {faults:#?}");
}

#[test]
fn warm_is_cold() {
    let number = |name: &str, otherwise: u64| env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap());
    let (edits, first) = (number("SITEKIT_EDITS", 80), number("SITEKIT_SEED", 1));
    let edits = usize::try_from(edits).unwrap();
    thread::scope(|scope| {
        (first..first + 3).for_each(|seed| drop(scope.spawn(move || check(seed, edits))));
    });
}
