//! What is made again is compared with what a build of the same sources makes that knows of no other.

mod assets;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;

use super::*;
use crate::{
    load::{Entry, EntryKind, MemoryOutside, MemoryWorld, Outside, WorldError},
    pipeline::{Options, Progress, Stage, compile, compile_and_hold},
    site::SiteName,
};

/// Files that change while a build is held.
#[derive(Clone, Default)]
struct Desk {
    files: Arc<RwLock<MemoryWorld>>,
    outside: Arc<MemoryOutside>,
}

impl Desk {
    fn files(&self) -> RwLockReadGuard<'_, MemoryWorld> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, path: &str, text: &str) {
        let mut files = self.files.write().unwrap();
        let all = std::mem::take(&mut *files);
        *files = all.with(&format!("sites/s/{path}"), text);
    }
}

impl World for Desk {
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        self.files().read(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        self.files().list(folder)
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        World::kind(&*self.files(), path)
    }

    fn real(&self, path: &str) -> Result<String, WorldError> {
        self.files().real(path)
    }

    fn outside(&self) -> &dyn Outside {
        &*self.outside
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(self.clone())
    }
}

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}

const CONFIG: &str = "base_url = 'https://a.example'\ngenerate_feeds = true\nbuild_search_index = true\n\
                      taxonomies = [{ name = 'tags' }]\n[markdown.highlighting]\n";

const BASE: &str = "<!doctype html><html lang=en><head><title>{{ config.base_url }}</title>\
                    <link rel=stylesheet href=\"{{ asset(path='main.css') }}\">\
                    <script type=module src=\"{{ asset(path='main.ts') }}\"></script></head>\
                    <body><img src=/a.svg alt=a>{% block body %}{% endblock %}<p>{{ get_random(end=1000) }}</p></body></html>";

/// All that a page can show of itself and of those around it.
const PAGE: &str = "{% extends 'base.html' %}{% block body %}<h1>{{ page.title }}</h1>{{ page.content | safe }}\
                    <p>{{ page.word_count }} {{ page.reading_time }} {{ page.summary }}\
                    {% for heading in page.toc %}<a href=\"{{ heading.permalink }}\">{{ heading.title }}</a>{% endfor %}\
                    {% if page.lower %}{{ page.lower.content | safe }}{{ page.lower.word_count }}{% endif %}\
                    {% if page.higher %}{{ page.higher.content | safe }}{% endif %}\
                    {% set above = get_section(path='_index.md') %}{{ above.word_count }}\
                    {% for one in above.pages %}<i>{{ one.title }} {{ one.word_count }} {{ one.content | safe }}</i>\
                    {% if one.lower %}{{ one.lower.word_count }}{% endif %}{% endfor %}\
                    {% set own = get_page(path=page.relative_path) %}{{ own.word_count }}\
                    {% for tag in page.taxonomies.tags | default(value=[]) %}{% set term = get_taxonomy_term(kind='tags', term=tag) %}\
                    {% for one in term.pages %}{{ one.word_count }}{% endfor %}{% endfor %}{% endblock %}";

const LIST: &str = "{% extends 'base.html' %}{% block body %}{{ section.content | safe }}{{ section.word_count }}\
                    {% for one in section.pages %}{{ one.word_count }} {{ one.content | safe }}{% endfor %}{% endblock %}";

const TERMS: &str =
    "{% extends 'base.html' %}{% block body %}{% for term in terms %}{{ term.name }}{% endfor %}{% endblock %}";
const TERM: &str = "{% extends 'base.html' %}{% block body %}{% for one in term.pages %}{{ one.content | safe }}{% endfor %}{% endblock %}";

fn desk(more: &[(&str, &str)]) -> Desk {
    let desk = Desk::default();
    let page = |weight: u32, body: &str| {
        format!("+++\ntitle = 'P{weight}'\nweight = {weight}\n[taxonomies]\ntags = ['x', 't{weight}']\n+++\n{body}")
    };
    for (path, text) in [
        ("config.toml", CONFIG),
        ("templates/base.html", BASE),
        ("templates/page.html", PAGE),
        ("templates/section.html", LIST),
        ("templates/index.html", LIST),
        ("templates/tags/list.html", TERMS),
        ("templates/tags/single.html", TERM),
        ("templates/shortcodes/note.html", "<b>{{ body }}</b>"),
        ("assets/main.css", "p { color: red }"),
        ("assets/main.ts", "document.title += '!';"),
        ("static/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("content/_index.md", "+++\nsort_by = 'weight'\n+++\nHome"),
        ("content/a.md", &page(1, "# A\nThe text of a. [b](@/b.md#b)\n\n<!-- more -->\nMore.")),
        ("content/b.md", &page(2, "# B\nThe text of b.")),
        ("content/c.md", &page(3, "Read {{ page.title }} of {{ page.word_count }} words.")),
    ]
    .into_iter()
    .chain(more.iter().copied())
    {
        desk.write(path, text);
    }
    desk
}

fn cold(desk: &Desk) -> (Option<SiteImage<Body>>, Vec<Diagnostic>) {
    let (name, options) = (SiteName::parse("s").unwrap(), Options { profile: Profile::Dev });
    let (compiled, found) = compile(desk, &name, "sites/s", &options, None, &Silent);
    (compiled.map(|compiled| compiled.image), found)
}

/// Holds a build of the files.
fn holding<R>(desk: &Desk, then: impl FnOnce(&Held<'_, '_>) -> R) -> R {
    let (name, options) = (SiteName::parse("s").unwrap(), Options { profile: Profile::Dev });
    compile_and_hold(desk, &name, "sites/s", &options, None, &Silent, |_, found, held| {
        then(held.unwrap_or_else(|| panic!("{found:?}")))
    })
}

/// Whether a file was made again, and then as a cold build makes it.
#[track_caller]
fn check(desk: &Desk, held: &Held<'_, '_>, file: &str) -> bool {
    let Some(Again::Page(again)) = held.again(&format!("sites/s/content/{file}")) else { return false };
    let (cold, found) = cold(desk);
    is_as(&again, &cold.unwrap_or_else(|| panic!("only what can be built is made again: {found:#?}")));
    true
}

#[track_caller]
fn is_as(again: &SiteImage<Body>, cold: &SiteImage<Body>) {
    let text =
        |response: &Response<Body>| String::from_utf8(response.bodies[0].bytes.read().unwrap().to_vec()).unwrap();
    let rest = |of: &Response<Body>| (of.status, of.fields.clone(), of.bodies.len());
    for (path, response) in &again.routes {
        assert_eq!(text(response), text(&cold.routes[path]), "{path}");
        assert_eq!(rest(response), rest(&cold.routes[path]), "{path}");
    }
}

fn with_body(desk: &Desk, file: &str, body: &str) -> String {
    let bytes = desk.read(&format!("sites/s/content/{file}")).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let end = text.match_indices("+++\n").nth(1).map_or(0, |(at, fence)| at + fence.len());
    text[..end].to_owned() + body
}

#[test]
fn bodies_are_made_again() {
    let desk = desk(&[]);
    holding(&desk, |held| {
        for (file, body) in [
            ("a.md", "# A\nOther words, and more of them.\n\n## Below\n"),
            ("b.md", "# B\nOther words as well.\n\n```rust\nfn main() {}\n```\n"),
            ("a.md", "# A\n[b](@/b.md#b) ![a](/a.svg) <style>p { margin: 0 }</style> <p onclick=\"go()\">x"),
            ("_index.md", "Another home."),
            ("c.md", "Now {{ page.word_count }} words, and {{ page.title }}; {{ get_random(end=1000) }}."),
            ("b.md", "# B\n{{ page.title }} is a template now."),
            ("c.md", "No template any more."),
            ("_index.md", "{{ section.word_count }} words"),
            ("b.md", "# B\n\n[again](/a/)"),
        ] {
            desk.write(&format!("content/{file}"), &with_body(&desk, file, body));
            assert!(check(&desk, held, file), "{file}: {body}");
        }
    });
}

#[test]
fn what_concerns_others_is_not_made_again() {
    for (file, text) in [
        ("a.md", "+++\ntitle = 'Another'\nweight = 1\n[taxonomies]\ntags = ['x', 't1']\n+++\n# A\n"),
        ("a.md", "+++\ntitle = \"never closed\n"),
        ("a.md", ""),
        ("new.md", "A page that was not there."),
    ] {
        let desk = desk(&[]);
        holding(&desk, |held| {
            desk.write(&format!("content/{file}"), text);
            assert!(!check(&desk, held, file), "{text}");
        });
    }
    for (file, body) in [
        ("a.md", "[nowhere](@/nowhere.md)"),
        ("a.md", "<a href=/nowhere/>nowhere</a>"),
        ("a.md", "# A\n[b](@/b.md#nowhere)"),
        ("b.md", "# Another heading, where a links to the one before"),
        ("a.md", "{{ nowhere.at.all }}"),
        ("a.md", "<script type=module src=/assets/other.ts></script>"),
        ("a.md", "<link rel=stylesheet href=/assets/other.css>"),
        ("a.md", "![not asked for before](/b.svg)<img src=/assets/b.svg>"),
        ("a.md", "<script type=module>import '/assets/other.ts'</script>"),
    ] {
        let desk = desk(&[
            ("assets/other.ts", "export const a = 1;"),
            ("assets/other.css", "a { color: red }"),
            ("assets/b.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ]);
        holding(&desk, |held| {
            desk.write(&format!("content/{file}"), &with_body(&desk, file, body));
            assert!(!check(&desk, held, file), "{body}");
        });
    }
}

#[test]
fn all_that_pages_say_together_is_said_by_a_build() {
    let config = format!("{CONFIG}[sitekit.assets]\nremove_unused = true\n");
    let desk = desk(&[("config.toml", &config)]);
    holding(&desk, |held| {
        desk.write("content/a.md", &with_body(&desk, "a.md", "# A\n"));
        assert!(!check(&desk, held, "a.md"));
    });
}

#[test]
fn a_text_in_several_languages_is_made_again_in_all() {
    let config = "[languages.fr]\n[languages.de]\n[translations]\n";
    let desk = desk(&[
        ("config.toml", &format!("{CONFIG}{config}")),
        ("content/a.fr.md", "# A\nEn français."),
        ("content/_index.fr.md", ""),
    ]);
    holding(&desk, |held| {
        for file in ["a.fr.md", "a.md"] {
            desk.write(&format!("content/{file}"), &with_body(&desk, file, "# A\nChanged."));
            assert!(check(&desk, held, file), "{file}");
        }
    });
}

#[test]
fn any_edits_one_after_another() {
    const PARTS: [&str; 12] = [
        "# A\n",
        "# B\n",
        "## Below\n",
        "Some words. ",
        "{{ page.title }} ",
        "[a](@/a.md) ",
        "[b](@/b.md#b) ",
        "[up](/a/#a) ",
        "![x](/a.svg) ",
        "```js\nlet a = 1;\n```\n",
        "<!-- more -->\n",
        "<i id=b>b</i> ",
    ];
    let mut chance = 7_u64;
    let mut below = |limit: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((chance >> 33) % limit).unwrap()
    };
    let (mut made, mut refused) = (0, 0);
    for _ in 0..6 {
        let desk = desk(&[]);
        holding(&desk, |held| {
            for _ in 0..30 {
                let file = ["a.md", "b.md", "c.md"][below(3)];
                let body: String = (0..below(6)).map(|_| PARTS[below(12)]).collect();
                let before = desk.read(&format!("sites/s/content/{file}")).unwrap();
                desk.write(&format!("content/{file}"), &with_body(&desk, file, &body));
                let again = held.again(&format!("sites/s/content/{file}"));
                if let (Some(Again::Page(again)), Some(cold)) = (again, cold(&desk).0) {
                    is_as(&again, &cold);
                    made += 1;
                } else {
                    // A build would tell, of this page or of one that shows it, and what was there before is put back.
                    refused += 1;
                    desk.write(&format!("content/{file}"), std::str::from_utf8(&before).unwrap());
                    check(&desk, held, file);
                }
            }
        });
    }
    assert!(made > 30 && refused > 10, "{made} made, {refused} refused");
}
