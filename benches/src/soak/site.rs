//! What is served: three sites, each in a ring of generations that differ in every page, in one field of every answer,
//! and in which routes there are. From sites that are built, or from sites made here when nothing can build them.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sitekit::{
    map,
    site::{BasePath, Coding, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

/// More than are kept, so that each is removed before its turn comes again.
pub(super) const GENERATIONS: usize = 8;
/// The field that says which generation an answer is of.
pub(super) const GENERATION: &str = "x-generation";
/// A body that no socket's buffer takes in one go, for those who do not read it.
pub(super) const LARGE: &str = "/soak/large.bin";
const LARGE_LENGTH: usize = 16 << 20;
/// A route that only even generations have.
pub(super) const EVEN: &str = "/soak/even/";

/// A site in all its generations.
pub(super) fn generations(image: &SiteImage) -> anyhow::Result<Vec<SiteImage>> {
    (0..GENERATIONS).map(|number| generation(image, number)).collect()
}

/// The site as it looks in one generation.
fn generation(image: &SiteImage, number: usize) -> anyhow::Result<SiteImage> {
    let mut changed = image.clone();
    let even = page(&format!("<!doctype html><title>Even</title><p>{number}"));
    if number.is_multiple_of(2) {
        changed.routes.insert(SitePath::parse(EVEN)?, even);
    }
    for response in changed.routes.values_mut() {
        response.fields.push(Field::new(GENERATION, number.to_string()));
        let is_page =
            response.fields.iter().any(|field| field.name == "content-type" && field.value.starts_with("text/html"));
        if let Some(identity) = response.bodies.first().filter(|_| is_page) {
            let bytes = [&identity.bytes[..], format!("\n<!-- generation {number} -->\n").as_bytes()].concat();
            response.bodies = coded(bytes.into())?;
        }
    }
    Ok(changed)
}

/// A body in the codings clients ask for; quickly, since it is not the codings that are measured.
fn coded(identity: Bytes) -> anyhow::Result<Vec<EncodedBody>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&identity)?;
    let mut br = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 3, ..Default::default() };
    brotli::BrotliCompress(&mut &identity[..], &mut br, &params)?;
    Ok(vec![
        EncodedBody { coding: Coding::Identity, bytes: identity },
        EncodedBody { coding: Coding::Brotli, bytes: br.into() },
        EncodedBody { coding: Coding::Gzip, bytes: gzip.finish()?.into() },
    ])
}

/// The sites of a folder, built by the program under test.
///
/// # Errors
/// When there is none, or a build fails.
pub(super) fn build(binary: &Path, sites: &Path, out: &Path) -> anyhow::Result<Vec<SiteImage>> {
    let mut command = Command::new(binary);
    command.arg("build").arg("--sites").arg(sites).arg("--out").arg(out).args(["--profile", "dev"]);
    let output = command.stdin(Stdio::null()).output().context("running the build")?;
    ensure!(output.status.success(), "the build failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    let names = map::sites(out)?;
    ensure!(!names.is_empty(), "there is no site in {}", sites.display());
    let images = names.iter().map(|name| Ok(map::open_live(out, name)?.to_image())).collect::<anyhow::Result<_>>()?;
    with_large(images)
}

/// Whether a program can build sites; one made for servers cannot.
pub(super) fn can_build(binary: &Path) -> bool {
    let asked = Command::new(binary).args(["build", "--help"]).stdin(Stdio::null()).output();
    asked.is_ok_and(|output| output.status.success())
}

/// Three sites of pages made up here: two of many pages, one a single-page app.
pub(super) fn make() -> anyhow::Result<Vec<SiteImage>> {
    let sites = [("app", Mode::Spa, 5), ("docs", Mode::Traditional, 120), ("studio", Mode::Traditional, 30)];
    let images = sites.into_iter().map(|(name, mode, pages)| made(name, mode, pages)).collect::<anyhow::Result<_>>()?;
    with_large(images)
}

fn made(name: &str, mode: Mode, pages: usize) -> anyhow::Result<SiteImage> {
    let site = SiteName::parse(name)?;
    let mut image = SiteImage {
        base: BasePath::of(&site),
        site,
        mode,
        routes: std::collections::BTreeMap::new(),
        not_found: None,
        rules: Rules::default(),
        manifest: Manifest::default(),
    };
    for number in 0..pages {
        let path = if number == 0 { SitePath::root() } else { SitePath::parse(&format!("/page-{number}/"))? };
        let text =
            format!("<p>Paragraph {number} of {name}, which says what others say.\n").repeat(10 + number * 17 % 400);
        image.routes.insert(path, page(&format!("<!doctype html><title>Page {number}</title>{text}")));
        let style = format!(".page-{number} {{ margin: {number}px }}\n").repeat(1 + number * 7 % 90);
        let asset = Response {
            status: 200,
            fields: vec![
                Field::new("content-type", "text/css; charset=utf-8"),
                Field::new("cache-control", "public, max-age=31536000, immutable"),
            ],
            bodies: coded(style.into())?,
        };
        image.routes.insert(SitePath::parse(&format!("/style-{number}.0123abcd.css"))?, asset);
    }
    if mode == Mode::Traditional {
        let not_found = SitePath::parse("/404.html")?;
        image
            .routes
            .insert(not_found.clone(), page("<!doctype html><title>Not found</title><p>There is no such page."));
        image.not_found = Some(not_found);
    }
    Ok(image)
}

/// The first site gets the large body.
fn with_large(mut images: Vec<SiteImage>) -> anyhow::Result<Vec<SiteImage>> {
    let large = Response {
        status: 200,
        fields: vec![Field::new("content-type", "application/octet-stream")],
        bodies: vec![EncodedBody { coding: Coding::Identity, bytes: vec![b'.'; LARGE_LENGTH].into() }],
    };
    if let Some(first) = images.first_mut() {
        first.routes.insert(SitePath::parse(LARGE)?, large);
    }
    Ok(images)
}

fn page(text: &str) -> Response {
    Response {
        status: 200,
        fields: vec![
            Field::new("content-type", "text/html; charset=utf-8"),
            Field::new("cache-control", "public, max-age=0, must-revalidate"),
        ],
        bodies: vec![EncodedBody { coding: Coding::Identity, bytes: text.to_owned().into() }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_differs_from_generation_to_generation() {
        let made = make().unwrap();
        for image in &made {
            let ring = generations(image).unwrap();
            for (before, after) in ring.iter().zip(&ring[1..]) {
                for (path, page) in &image.routes {
                    let is_page = page.fields[0].value.starts_with("text/html");
                    let (before, after) = (&before.routes[path], &after.routes[path]);
                    assert_ne!(before.fields, after.fields, "{path}");
                    assert_eq!(before.bodies != after.bodies, is_page, "{path}");
                }
            }
            assert!(ring[0].routes.len() == image.routes.len() + 1 && ring[1].routes.len() == image.routes.len());
        }
    }
}
