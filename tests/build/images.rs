//! Pictures that templates ask for, through the binary: what is published is unpacked and looked at.

use std::io::Cursor;

use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage};

use crate::project::Project;

/// Red on the left, blue on the right, and a green line at the top.
fn drawn(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| match (x, y) {
        (_, y) if y < height / 10 => Rgb([0, 200, 0]),
        (x, _) if x < width / 2 => Rgb([200, 0, 0]),
        _ => Rgb([0, 0, 200]),
    })
    .into()
}

fn packed(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG whose camera was held on its side: what is shown is turned by a quarter. TIFF 6.0 in an APP1 segment.
fn held_on_its_side(picture: &DynamicImage) -> Vec<u8> {
    let description = b"a kiln\0";
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    // ImageDescription, ASCII, behind the directory.
    tiff.extend([0x0e, 0x01, 0x02, 0x00, 0x07, 0, 0, 0, 0x26, 0, 0, 0]);
    // Orientation, SHORT: 6.
    tiff.extend([0x12, 0x01, 0x03, 0x00, 0x01, 0, 0, 0, 0x06, 0, 0, 0]);
    tiff.extend([0; 4]);
    tiff.extend(description);
    let mut segment = vec![0xff, 0xe1];
    segment.extend(u16::try_from(2 + 6 + tiff.len()).unwrap().to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    let jpeg = packed(picture, ImageFormat::Jpeg);
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

fn site(template: &str) -> Project {
    let template = format!("<!doctype html><title>A</title><main>{template}</main>");
    let project = Project::with(&[
        ("sites/a/content/_index.md", ""),
        ("sites/a/templates/section.html", ""),
        ("sites/a/templates/page.html", ""),
        ("sites/a/templates/index.html", &template),
    ]);
    project.write("sites/a/static/img/wide.jpg", &packed(&drawn(200, 100), ImageFormat::Jpeg));
    project.write("sites/a/static/img/wide.png", &packed(&drawn(200, 100), ImageFormat::Png));
    project.write("sites/a/static/img/side.jpg", &held_on_its_side(&drawn(200, 100)));
    project
}

#[track_caller]
fn said(project: &Project) -> String {
    let page = project.text("a", "/");
    let (_, rest) = page.split_once("<main>").unwrap();
    rest.split_once("</main>").map_or(rest, |(said, _)| said).to_owned()
}

/// The bytes at a URL of a page.
#[track_caller]
fn published(project: &Project, url: &str) -> Vec<u8> {
    let bundle = project.bundle("a");
    let path = url.strip_prefix("/a").unwrap();
    let entry = bundle.entry(bundle.lookup(path).unwrap_or_else(|| panic!("no route {path}")));
    let lasting = entry.fields().any(|(name, value)| name == "cache-control" && value.contains("immutable"));
    assert!(lasting, "{path} has a fingerprint");
    entry.representations().next().unwrap().body().to_vec()
}

/// Whether a colour is about this one.
fn is_about(picture: &DynamicImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    let found = picture.get_pixel(x, y).0;
    found.iter().zip(colour).all(|(one, other)| one.abs_diff(other) < 60)
}

#[test]
fn what_operations_and_formats_give() {
    for (arguments, kind, size) in [
        ("path='img/wide.jpg', width=50, height=50", "jpg", (50, 50)),
        ("path='/img/wide.png', width=50, height=20, op='scale'", "png", (50, 20)),
        ("path='static/img/wide.jpg', width=100, op='fit_width', format='webp', quality=90", "webp", (100, 50)),
        ("path='img/wide.jpg', width=400, op='fit_width', format='png'", "png", (400, 200)),
        ("path='img/wide.jpg', height=50, op='fit_height', format='webp'", "webp", (100, 50)),
        ("path='img/wide.jpg', width=400, height=400, op='fit'", "jpg", (200, 100)),
        ("path='img/wide.jpg', width=100, height=10, op='fit', quality=100", "jpg", (20, 10)),
        ("path='img/side.jpg', width=40, height=0, op='fit_width', format='png'", "png", (40, 80)),
    ] {
        let project = site(&format!(
            "{{% set i = resize_image({arguments}) %}}{{{{ i.width }}}} {{{{ i.height }}}} {{{{ i.orig_width }}}} <img src={{{{ i.url }}}} alt=''><i>{{{{ i.static_path }}}}</i>"
        ));
        project.build(&[]);
        let said = said(&project);
        let (_, rest) = said.split_once("src=").unwrap();
        let url = rest.trim_start_matches('"').split(['"', ' ', '>']).next().unwrap();
        let stem = if arguments.contains("side") { "side" } else { "wide" };
        assert!(url.starts_with(&format!("/a/processed_images/{stem}.")) && url.ends_with(kind), "{url}");
        assert!(said.contains(&format!("<i>static{}</i>", url.strip_prefix("/a").unwrap())), "{said}");
        let original = if stem == "side" { 100 } else { 200 };
        assert!(said.starts_with(&format!("{} {} {original} ", size.0, size.1)), "{said}");
        let picture = image::load_from_memory(&published(&project, url)).unwrap();
        assert_eq!(picture.dimensions(), size, "{arguments}");
        let (width, height) = size;
        if stem == "side" {
            assert!(is_about(&picture, width - 1, height / 2, [0, 200, 0]), "the top is on the right: {arguments}");
            assert!(is_about(&picture, 3, 3, [200, 0, 0]) && is_about(&picture, 3, height - 4, [0, 0, 200]));
        } else {
            assert!(is_about(&picture, 3, height - 2, [200, 0, 0]), "{arguments}");
            assert!(is_about(&picture, width - 4, height - 2, [0, 0, 200]), "{arguments}");
        }
    }
}

#[test]
fn an_avif_has_the_size_it_should() {
    let project = site(
        "{% set i = resize_image(path='img/wide.png', width=32, height=16, format='avif', speed=10) %}<img src='{{ i.url }}' alt=''>",
    );
    project.build(&[]);
    let said = said(&project);
    let url = said.split(['"', '\'', '=', ' ', '>']).find(|part| part.contains("/processed_images/")).unwrap();
    let known = sitekit::transform::images::metadata("a.avif", &published(&project, url)).unwrap();
    assert_eq!((known.width, known.height, known.mime), (32, 16, "image/avif"));
}

#[test]
fn what_is_known_of_pictures() {
    let show = |path: &str| {
        format!(
            "{{% set m = get_image_metadata(path='{path}') %}}{{{{ m.width }}}}x{{{{ m.height }}}} {{{{ m.format }}}} {{{{ m.mime }}}} {{{{ m.description }}}};"
        )
    };
    let project = site(
        &(["img/wide.png", "img/side.jpg", "drawing.svg"].map(show).concat()
            + "{{ get_image_metadata(path='img/gone.jpg', allow_missing=true) is none }}"),
    );
    project.write("sites/a/static/drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 48'/>");
    project.build(&[]);
    assert_eq!(said(&project), "200x100 png image/png ;100x200 jpg image/jpeg a kiln;64x48 svg image/svg+xml ;true");
}

#[test]
fn a_picture_in_the_sizes_browsers_choose_from() {
    let project = site(
        "{{ <picture path='img/wide.jpg' alt='Two colours' widths={[50, 120, 900]} formats={['webp']} sizes='50vw'/> }}",
    );
    project.build(&[]);
    let said = said(&project);
    let attribute = |name: &str, at: usize| {
        let (_, rest) = said.split(&format!("{name}=")).nth(at).map(|rest| ("", rest)).unwrap();
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap().to_owned(),
            None => rest.split([' ', '>']).next().unwrap().to_owned(),
        }
    };
    for (at, format) in [(1, ImageFormat::WebP), (2, ImageFormat::Jpeg)] {
        let srcset = attribute("srcset", at);
        let widths: Vec<&str> = srcset.split(',').map(|one| one.trim().rsplit_once(' ').unwrap().1).collect();
        assert_eq!(widths, ["50w", "120w", "200w"], "none is wider than the picture: {said}");
        let first = srcset.split(' ').next().unwrap();
        let bytes = published(&project, first);
        assert_eq!(image::guess_format(&bytes).unwrap(), format);
        assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), (50, 25));
    }
    for expected in ["width=200", "height=100", "alt=\"Two colours\"", "loading=lazy", "sizes=50vw", "type=image/webp"]
    {
        let plain = said.replace(['"', '\''], "");
        assert!(plain.contains(&expected.replace('"', "")), "{expected}: {said}");
    }

    // A site's own component of that name is meant first.
    project.write("sites/a/templates/own.html", b"{% component picture(path: string) %}mine{% endcomponent picture %}");
    project.write(
        "sites/a/templates/index.html",
        b"<!doctype html><title>A</title><main>{{ <picture path='x'/> }}</main>",
    );
    project.build(&[]);
    assert_eq!(project.text("a", "/").matches("mine").count(), 1);
}

#[test]
fn a_text_may_ask_for_pictures_and_a_feed_has_them_with_whole_urls() {
    let project = site("");
    project.write("sites/a/config.toml", b"base_url = 'https://x.org/s'\ntitle = 'A'\ngenerate_feeds = true\n");
    project
        .write("sites/a/templates/page.html", b"<!doctype html><title>A</title><main>{{ page.content | safe }}</main>");
    project.write(
        "sites/a/content/post.md",
        b"+++\ntitle = 'Post'\ndate = 2026-01-02\n+++\n\
          {% set small = resize_image(path='img/wide.jpg', width=20, op='fit_width') %}\n\
          ![Two colours]({{ small.url }})\n\n{{ <picture path='img/wide.png' alt='The same' widths={[10]} formats={[]}/> }}\n",
    );
    project.build(&[]);
    let urls = |text: &str, before: &str| -> Vec<String> {
        let all = text.split(['"', '\'', ' ', '=', '>']).filter(|part| part.starts_with(before));
        let mut all: Vec<String> = all.map(|url| url.split('&').next().unwrap().to_owned()).collect();
        all.sort();
        all.dedup();
        all
    };
    let in_page = urls(&project.text("a", "/post/"), "/a/processed_images/");
    let sizes: Vec<_> = in_page.iter().map(|url| image::load_from_memory(&published(&project, url)).unwrap()).collect();
    let mut sizes: Vec<_> = sizes.iter().map(GenericImageView::dimensions).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(10, 5), (20, 10)]);
    let feed = project.text("a", "/atom.xml");
    let expected: Vec<String> =
        in_page.iter().map(|url| format!("https://x.org/s{}", url.strip_prefix("/a").unwrap())).collect();
    let found = urls(&feed.replace("&quot;", "\""), "https://x.org/s/processed_images/");
    assert_eq!(found, expected, "{feed}");
}

#[test]
fn pictures_are_made_once_and_are_the_same_whoever_makes_them() {
    let template = "{% for width in [10, 20, 30, 40] %}{% for format in ['webp', 'png', 'avif'] %}\
                    {% set i = resize_image(path='img/wide.jpg', width=width, op='fit_width', format=format, speed=10) %}<img alt='' src='{{ i.url }}'>\
                    {% endfor %}{% endfor %}";
    let (one, other) = (site(template), site(template));
    one.build(&["--concurrency", "1"]);
    other.build(&["--concurrency", "7"]);
    let generation = one.bundle("a").generation();
    assert_eq!(generation, other.bundle("a").generation());
    let count = one.bundle("a").routes().filter(|(path, _)| path.starts_with("/processed_images/")).count();
    assert_eq!(count, 12);
    one.build(&[]);
    assert_eq!(one.bundle("a").generation(), generation, "warm as cold");

    one.write("sites/a/static/img/wide.jpg", &packed(&drawn(100, 100), ImageFormat::Jpeg));
    one.build(&[]);
    assert_ne!(one.bundle("a").generation(), generation);
}

#[test]
fn what_is_no_picture_is_told() {
    let png = packed(&drawn(200, 100), ImageFormat::Png);
    let cut = &png[..png.len() / 2];
    // The header of a picture that would fill the memory: a length, a name, the data, a checksum nobody has to trust.
    let mut vast = png[..8].to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend(60_000_u32.to_be_bytes());
    header.extend(60_000_u32.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    vast.extend(13_u32.to_be_bytes());
    vast.extend(&header);
    vast.extend(crc(&header).to_be_bytes());
    vast.extend(&png[33..]);
    for (bytes, expected) in [
        (cut, "sites/a/static/x.png: this picture cannot be read: "),
        (b"not a picture".as_slice(), "`sites/a/static/x.png` is no picture of a known kind"),
        (&vast, "`sites/a/static/x.png` has 60000 × 60000 pixels; a side has at most 16383"),
    ] {
        let project =
            site("{% set i = resize_image(path='x.png', width=10, height=10) %}<img alt='' src='{{ i.url }}'>");
        project.write("sites/a/static/x.png", bytes);
        let run = project.run(&["build", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let found = &json["diagnostics"][0];
        let told = format!("{}: {}", found["path"].as_str().unwrap(), found["message"].as_str().unwrap());
        assert!(run.code == 1 && told.contains(expected), "{expected}: {told}");
    }
}

/// CRC-32 as PNG has it (ISO/IEC 15948 §5.5).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
