//! A build that knows of the builds before it makes what one makes that knows of none: after each of many edits, both are
//! compared, answers, fields and all that is said. `SITEKIT_EDITS` says how many; the seed of a run is told when it fails.

use std::{collections::BTreeMap, env, fmt::Write as _};

use sitekit::{
    compress::Cache,
    diag::Diagnostic,
    load::MemoryWorld,
    pipeline::{Compiled, Options, Profile, Progress, Stage, compile},
    site::{Body, Coding, ContentHash, Field, Response, SiteName},
};

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}

/// A site that has some of everything.
const SITE: &[(&str, &str)] = &[
    ("templates/base.html", BASE),
    (
        "templates/index.html",
        "{% extends 'base.html' %}{% block main %}{{ section.content | safe }}{% for page in section.pages %}<a href=\"{{ page.permalink }}\">{{ page.title }}</a> {{ page.summary | default(value='') | safe }}{% endfor %}{% for sub in section.subsections %}{% set one = get_section(path=sub) %}<b>{{ one.title }} {{ one.pages | length }}</b>{% endfor %}{% endblock %}",
    ),
    (
        "templates/section.html",
        "{% extends 'base.html' %}{% block main %}{% for page in paginator.pages %}<h2>{{ page.title }}</h2>{{ page.date }} {{ page.word_count }}{% endfor %}{{ paginator.current_index }}/{{ paginator.number_pagers }}{% endblock %}",
    ),
    (
        "templates/page.html",
        "{% extends 'base.html' %}{% block main %}<h1>{{ page.title }}</h1>{% for heading in page.toc %}<a href=\"{{ heading.permalink }}\">{{ heading.title }}</a>{% endfor %}{{ page.content | safe }}{% if page.lower %}<a href=\"{{ page.lower.permalink }}\">{{ page.lower.title }}</a>{% endif %}{% if page.higher %}{{ page.higher.title }}{% endif %}{% for link in page.backlinks %}<i>{{ link.title }}</i>{% endfor %}{% for one in page.translations %}{{ one.lang }} {{ one.title }}{% endfor %}{% endblock %}",
    ),
    (
        "templates/taxonomy_list.html",
        "{% extends 'base.html' %}{% block main %}{% for term in terms %}{{ term.name }} {{ term.pages | length }}{% endfor %}{% endblock %}",
    ),
    (
        "templates/taxonomy_single.html",
        "{% extends 'base.html' %}{% block main %}{% for page in term.pages %}{{ page.title }} {{ page.reading_time }}{% endfor %}{% endblock %}",
    ),
    ("templates/404.html", "{% extends 'base.html' %}{% block main %}Not here{% endblock %}"),
    ("themes/plain/theme.toml", "name = 'plain'\n[extra]\ncolour = 'red'\n"),
    ("themes/plain/templates/foot.html", "<footer>{{ config.title }} {{ config.extra.colour }}</footer>"),
    ("themes/plain/static/theme.css", "footer { color: red }"),
    ("data/facts.toml", "[one]\nname = 'first'\n"),
    ("data/more.csv", "a,b\n1,2\n"),
    ("assets/main.css", "@import './part.css';\nmain { color: blue }"),
    ("assets/part.css", "p { margin: 0 }"),
    ("assets/main.ts", "import { word } from './word.ts';\ndocument.title += word;\nvoid import('./late.ts');"),
    ("assets/word.ts", "export const word: string = 'a';"),
    ("assets/late.ts", "import { word } from './word.ts';\nconsole.log(word);"),
    ("static/a.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'><rect width='4' height='4'/></svg>"),
    ("static/robots.txt", "User-agent: *\n"),
    ("content/_index.md", "+++\ntitle = 'Home'\nsort_by = 'weight'\n+++\nWelcome.\n"),
    ("content/_index.fr.md", "+++\ntitle = 'Accueil'\n+++\nBienvenue.\n"),
    ("content/blog/_index.md", "+++\ntitle = 'Blog'\nsort_by = 'date'\npaginate_by = 2\n+++\n"),
];

const BASE: &str = "<!doctype html><html lang=\"{{ lang }}\"><head><title>{{ config.title }}</title>\
     <link rel=stylesheet href=\"{{ asset(path='main.css') }}\"><link rel=stylesheet href=/theme.css>\
     <script type=module src=\"{{ asset(path='main.ts') }}\"></script></head><body><main>{% block main %}{% endblock %}</main>\
     <img src=/a.svg alt=a>{% set facts = load_data(path='data/facts.toml') %}{{ facts.one.name }}\
     {% include 'foot.html' %}</body></html>";

const PARTS: &[&str] = &[
    "# A\n\n",
    "## Below\n\n",
    "Some words, and  more.\n\n",
    "{{ page.title }} of {{ page.word_count }}\n\n",
    "{% set first = get_section(path='_index.md') %}{{ first.title }}\n\n",
    "[first](@/blog/p0.md) ",
    "[beside](p1.md#a) ",
    "[up](../_index.md) ",
    "[nowhere](@/blog/gone.md) ",
    "[no anchor](/blog/p0/#gone) ",
    "![a](/a.svg) ",
    "```rust\nfn main() { let a = 1; }\n```\n\n",
    "```js\nlet a = `b\n${c}`;\n```\n\n",
    "```nowhere\nx\n```\n\n",
    "| a | b |\n|---|---|\n| 1 | [c](p0.md) |\n\n",
    "<!-- more -->\n\n",
    "Noted.[^1]\n\n[^1]: Here.\n\n",
    "<div><p>raw &lt; html</p></div>\n\n",
    "<script>let   a = 1;</script>\n\n",
    "https://a.example/ ",
];

/// Chance that is the same in every run with the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn body(&mut self) -> String {
        (0..self.below(6)).map(|_| self.one_of(PARTS)).collect()
    }

    fn page(&mut self) -> String {
        let mut text = format!("+++\ntitle = '{}'\n", self.one_of(&["One", "Two", "Three & more", "Vier"]));
        if self.below(8) > 0 {
            let _ = writeln!(text, "date = 2026-01-0{}", 1 + self.below(9));
        }
        let _ = writeln!(text, "weight = {}", self.below(4));
        for rare in [
            "draft = true\n",
            "render = false\n",
            "in_search_index = false\n",
            "description = 'About this'\n",
            "insert_anchor_links = 'right'\n",
            "unknown_key = 1\n",
        ] {
            if self.below(9) == 0 {
                text.push_str(rare);
            }
        }
        for rare in ["slug = 'other-", "aliases = ['/old-"] {
            if self.below(9) == 0 {
                let end = if rare.starts_with('a') { "/']" } else { "'" };
                let _ = writeln!(text, "{rare}{}{end}", self.below(99));
            }
        }
        if self.below(2) == 0 {
            let _ = write!(text, "[taxonomies]\ntags = ['{}', 'all']\n", self.one_of(&["x", "y", "z"]));
        }
        text + "+++\n" + &self.body()
    }

    fn config(&mut self) -> String {
        let title = self.one_of(&["Site", "Another"]);
        let mut text = format!(
            "base_url = 'https://a.example'\ntitle = '{title}'\ntheme = 'plain'\ngenerate_feeds = true\nbuild_search_index = true\n\
             taxonomies = [{{ name = 'tags', feed = true }}]\n"
        );
        for rare in ["minify_html = false\n", "default_language = 'de'\n", "feed_filenames = ['rss.xml']\n"] {
            if self.below(4) == 0 {
                text.push_str(rare);
            }
        }
        let level = self.one_of(&["warn", "warn", "warn", "warn", "error"]);
        let strict = ["error_on_missing_language = true", ""][usize::from(self.below(6) > 0)];
        let style = self.one_of(&["style = 'class'", "theme = 'github-light'", "theme = 'github-dark'", strict]);
        let _ = write!(
            text,
            "[languages.fr]\ntaxonomies = [{{ name = 'tags' }}]\n[link_checker]\ninternal_level = '{level}'\n[markdown]\n"
        );
        for rare in ["bottom_footnotes = true\n", "smart_punctuation = true\n", "external_links_target_blank = true\n"]
        {
            if self.below(3) == 0 {
                text.push_str(rare);
            }
        }
        if self.below(2) == 0 {
            let _ = writeln!(text, "[markdown.highlighting]\n{style}");
        }
        if self.below(3) == 0 {
            text.push_str("[sitekit.assets]\nremove_unused = true\n");
        }
        text
    }

    /// Changes one thing.
    fn edit(&mut self, files: &mut BTreeMap<String, String>) -> String {
        let pages: Vec<String> =
            files.keys().filter(|path| path.starts_with("content/") && path.contains("/p")).cloned().collect();
        let some_page = |chance: &mut Self| pages.get(chance.below(pages.len().max(1))).cloned();
        match self.below(24) {
            0..=7 => {
                let language = self.one_of(&["", "", "", ".fr"]);
                let path =
                    format!("content/{}p{}{language}.md", self.one_of(&["blog/", "blog/", "", "new/"]), self.below(5));
                files.insert(path.clone(), self.page());
                path
            }
            8..=10 => {
                // Only the text.
                let Some(path) = some_page(self) else { return String::new() };
                let end = files[&path].rfind("+++\n").map_or(0, |at| at + 4);
                let text = files[&path][..end].to_owned() + &self.body();
                files.insert(path.clone(), text);
                path
            }
            11 => {
                // The same text once more.
                let Some(path) = some_page(self) else { return String::new() };
                let copy = format!("content/new/p{}.md", self.below(5));
                files.insert(copy.clone(), files[&path].clone());
                copy
            }
            12 | 13 => {
                let Some(path) = some_page(self) else { return String::new() };
                files.remove(&path);
                format!("{path} removed")
            }
            14 => {
                let Some(path) = some_page(self) else { return String::new() };
                let text = files.remove(&path).unwrap_or_default();
                let to = format!("content/blog/p{}.md", self.below(9));
                files.insert(to.clone(), text);
                format!("{path} is {to} now")
            }
            15 | 16 => {
                files.insert("config.toml".to_owned(), self.config());
                "config.toml".to_owned()
            }
            17 => {
                // A template of the theme has one of the site before it, or has no more.
                let path = "templates/foot.html".to_owned();
                if files.remove(&path).is_none() {
                    files.insert(path.clone(), "<p>{{ config.title }}</p>".to_owned());
                }
                path
            }
            18 => {
                let broken =
                    self.one_of(&["", "", "", "", "", "", "{{ nothing.there }}", "{% if %}", "{{ page.title }}"]);
                let main = self.one_of(&["<main>", "<main class=\"wide  one\">", "<main>\n\n  "]);
                files.insert("templates/base.html".to_owned(), BASE.replace("<main>", main) + broken);
                "templates/base.html".to_owned()
            }
            19 => {
                let name = self.one_of(&["first", "second"]);
                files.insert("data/facts.toml".to_owned(), format!("[one]\nname = '{name}'\n"));
                "data/facts.toml".to_owned()
            }
            20 => {
                let rule = self.one_of(&[
                    "p { margin: 0 }",
                    ".wide { margin: 1px }",
                    ".wide, h2 { margin: 0 }",
                    "p { margin: ",
                    "h1 { color: red }",
                ]);
                files.insert("assets/part.css".to_owned(), rule.to_owned());
                "assets/part.css".to_owned()
            }
            21 => {
                let code = self.one_of(&[
                    "export const word = 'b';",
                    "export const word = 'c';",
                    "export const word = 1 + 1;",
                    "export const word = ",
                ]);
                files.insert("assets/word.ts".to_owned(), code.to_owned());
                "assets/word.ts".to_owned()
            }
            22 => {
                let width = 1 + self.below(3);
                let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='4'/>");
                files.insert("static/a.svg".to_owned(), svg);
                "static/a.svg".to_owned()
            }
            _ => {
                let path = ".buildignore".to_owned();
                if files.remove(&path).is_none() {
                    files.insert(
                        path.clone(),
                        self.one_of(&["robots.txt\n", "content/new/\n", "**/p1.md\n"]).to_owned(),
                    );
                }
                path
            }
        }
    }
}

fn build(files: &BTreeMap<String, String>, cache: Option<&Cache>) -> (Option<Compiled>, Vec<Diagnostic>) {
    let add =
        |world: MemoryWorld, (path, text): (&String, &String)| world.with(&format!("sites/s/{path}"), text.as_str());
    let world = files.iter().fold(MemoryWorld::new(), add);
    let (name, options) = (SiteName::parse("s").unwrap(), Options { profile: Profile::Dev });
    compile(&world, &name, "sites/s", &options, cache, &Silent)
}

/// All there is of an answer: two bodies of one hash are the same.
fn answer(response: &Response<Body>) -> (u16, &[Field], Vec<(Coding, ContentHash)>) {
    let bodies = response.bodies.iter().map(|body| (body.coding, body.bytes.hash()));
    (response.status, &response.fields, bodies.collect())
}

#[track_caller]
fn check(seed: u64, edits: usize) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
    let mut chance = Chance(seed);
    let mut files: BTreeMap<String, String> =
        SITE.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    files.insert("config.toml".to_owned(), chance.config());
    for n in 0..4 {
        files.insert(format!("content/blog/p{n}.md"), chance.page());
    }
    let mut built = 0;
    for edit in 0..edits {
        let what = chance.edit(&mut files);
        let (warm, said_warm) = build(&files, Some(&cache));
        let (cold, said_cold) = build(&files, None);
        let place = format!("seed {seed}, edit {edit}: {what}");
        assert_eq!(said_warm, said_cold, "{place}");
        match (warm, cold) {
            (Some(warm), Some(cold)) => {
                built += 1;
                for (path, response) in &cold.image.routes {
                    let other = warm.image.routes.get(path).map(answer);
                    assert_eq!(other, Some(answer(response)), "{path}, {place}");
                }
                assert_eq!(warm.image.routes.len(), cold.image.routes.len(), "{place}");
                assert!(warm.image.manifest == cold.image.manifest && warm.image.rules == cold.image.rules, "{place}");
                assert_eq!(warm.hidden_maps, cold.hidden_maps, "{place}");
            }
            (None, None) => {}
            (warm, _) => panic!("{place}: built {} alone", if warm.is_some() { "warm" } else { "cold" }),
        }
    }
    let (_, said) = build(&files, None);
    let said: Vec<String> = said.iter().map(|one| format!("{:?} {} {}", one.severity, one.path, one.message)).collect();
    assert!(built * 5 > edits, "{built} of {edits} could be built: {said:#?}");
}

#[test]
fn warm_is_cold() {
    let edits = env::var("SITEKIT_EDITS").ok().map_or(60, |edits| edits.parse().unwrap());
    for seed in 1..=3 {
        check(seed, edits);
    }
}
