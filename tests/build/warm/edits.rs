//! What an author may do to a site between two builds, by chance.

use std::{collections::BTreeMap, fmt::Write as _};

use super::site::{CONFIG, FILES};

/// All that a build is made of.
#[derive(Clone)]
pub(super) struct Site {
    /// By paths below the site's folder; one that begins with `/` is the project's.
    pub(super) files: BTreeMap<String, String>,
    /// Which version each line of the configuration has.
    config: Vec<usize>,
    /// A variable of the environment.
    pub(super) commit: Option<&'static str>,
    /// What another host answers, if it does.
    pub(super) answer: Option<&'static str>,
    /// Days since 1970.
    pub(super) day: i64,
}

impl Site {
    pub(super) fn begin(chance: &mut Chance) -> Self {
        let first = FILES.iter().filter_map(|(path, versions)| Some(((*path).to_owned(), versions[0]?.to_owned())));
        let mut site =
            Self { files: first.collect(), config: vec![0; CONFIG.len()], commit: None, answer: None, day: 0 };
        for (path, text) in [
            ("content/_index.md", "+++\ntitle = 'Home'\nsort_by = 'weight'\n+++\nWelcome.\n"),
            ("content/_index.fr.md", "+++\ntitle = 'Accueil'\n+++\nBienvenue.\n"),
            ("content/blog/_index.md", "+++\ntitle = 'Blog'\nsort_by = 'date'\npaginate_by = 2\n+++\n"),
        ] {
            site.files.insert(path.to_owned(), text.to_owned());
        }
        for n in 0..4 {
            site.files.insert(format!("content/blog/p{n}.md"), chance.page());
        }
        site.write_config();
        site
    }

    /// What has another version than at the beginning.
    fn changed(&self) -> Vec<Versioned> {
        let is_changed =
            |(path, versions): &(&str, &[Option<&str>])| self.files.get(*path).map(String::as_str) != versions[0];
        let files = FILES.iter().enumerate().filter(|(_, file)| is_changed(file)).map(|(at, _)| Versioned::File(at));
        let lines = self.config.iter().enumerate().filter(|(_, version)| **version != 0);
        files.chain(lines.map(|(at, _)| Versioned::Line(at))).collect()
    }

    fn set(&mut self, one: Versioned, version: usize) -> String {
        match one {
            Versioned::File(at) => {
                let (path, versions) = FILES[at];
                match versions[version] {
                    Some(text) => drop(self.files.insert(path.to_owned(), text.to_owned())),
                    None => drop(self.files.remove(path)),
                }
                format!("version {version} of {path}")
            }
            Versioned::Line(at) => {
                self.config[at] = version;
                self.write_config();
                format!("config.toml: {}", CONFIG[at][version])
            }
        }
    }

    fn write_config(&mut self) {
        let lines = CONFIG.iter().zip(&self.config).map(|(versions, version)| versions[*version]);
        let text = lines.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect();
        self.files.insert("config.toml".to_owned(), text);
    }

    /// The files below a folder, by what follows it.
    fn below(&self, folder: &str) -> Vec<(String, String)> {
        let inside = |(path, text): (&String, &String)| Some((path.strip_prefix(folder)?.to_owned(), text.clone()));
        self.files.iter().filter_map(inside).collect()
    }
}

/// Chance that is the same in every run with the same seed.
pub(super) struct Chance {
    state: u64,
    /// How many versions of files and lines have been drawn: each comes once before any comes again.
    drawn: usize,
}

/// A line of the configuration or a file, by its place in its table.
#[derive(Clone, Copy)]
enum Versioned {
    File(usize),
    Line(usize),
}

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        // Seeds that follow each other begin in other parts of the tables.
        Self { state: seed, drawn: usize::try_from(seed % 1000).unwrap() * 60 }
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.state >> 33) % limit as u64).unwrap()
    }

    /// Once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn body(&mut self) -> String {
        (0..self.below(6)).map(|_| self.one_of(PARTS)).collect()
    }

    /// Some of these, rarely.
    fn rarely(&mut self, text: &mut String, lines: &[&str]) {
        for line in lines {
            if self.once_in(9) {
                let _ = writeln!(text, "{line}");
            }
        }
    }

    fn page(&mut self) -> String {
        let mut text = format!("+++\ntitle = '{}'\n", self.one_of(&["One", "Two", "Three & more", "Vier"]));
        if !self.once_in(8) {
            let _ = writeln!(text, "date = 2026-01-0{}", 1 + self.below(9));
        }
        let _ = writeln!(text, "weight = {}", self.below(4));
        self.rarely(&mut text, PAGE_KEYS);
        for rare in ["slug = 'other-", "aliases = ['/old-"] {
            if self.once_in(9) {
                let end = if rare.starts_with('a') { "/']" } else { "'" };
                let _ = writeln!(text, "{rare}{}{end}", self.below(99));
            }
        }
        if self.once_in(2) {
            let _ = write!(text, "[taxonomies]\ntags = ['{}', 'all']\n", self.one_of(&["x", "y", "z"]));
        }
        self.rarely(&mut text, &["[extra]\nnote = 'noted'"]);
        text + "+++\n" + &self.body()
    }

    fn section(&mut self) -> String {
        let mut text = format!("+++\ntitle = '{}'\n", self.one_of(&["Home", "Blog", "New", "Ä"]));
        let _ = writeln!(text, "sort_by = '{}'", self.one_of(&["date", "weight", "title", "slug", "none"]));
        if self.once_in(2) {
            let _ = writeln!(text, "paginate_by = {}", 1 + self.below(3));
        }
        let _ = writeln!(text, "weight = {}", self.below(3));
        self.rarely(&mut text, SECTION_KEYS);
        text + "+++\n" + &self.body()
    }

    /// Changes one thing that is no version of a file or a line, and says what.
    pub(super) fn edit(&mut self, site: &mut Site) -> String {
        let is_page = |path: &&String| path.starts_with("content/") && path.contains("/p") && path.contains(".md");
        let pages: Vec<String> = site.files.keys().filter(is_page).cloned().collect();
        let some_page = |chance: &mut Self| pages.get(chance.below(pages.len().max(1))).cloned();
        match self.below(22) {
            0..=5 => {
                let (folder, language) = (self.one_of(PAGE_FOLDERS), self.one_of(&["", "", "", ".fr"]));
                let path = format!("content/{folder}p{}{language}.md", self.below(5));
                site.files.insert(path.clone(), self.page());
                path
            }
            6..=8 => {
                // Only the text.
                let Some(path) = some_page(self) else { return String::new() };
                let end = site.files[&path].rfind("+++\n").map_or(0, |at| at + 4);
                let text = site.files[&path][..end].to_owned() + &self.body();
                site.files.insert(path.clone(), text);
                format!("the text of {path}")
            }
            9 => {
                // The same text once more.
                let Some(path) = some_page(self) else { return String::new() };
                let copy = format!("content/{}p{}.md", self.one_of(PAGE_FOLDERS), self.below(5));
                site.files.insert(copy.clone(), site.files[&path].clone());
                format!("{copy} is {path}")
            }
            10 | 11 => {
                let Some(path) = some_page(self) else { return String::new() };
                site.files.remove(&path);
                format!("{path} is gone")
            }
            12 => {
                let Some(path) = some_page(self) else { return String::new() };
                let text = site.files.remove(&path).unwrap_or_default();
                let to = format!("content/{}p{}.md", self.one_of(PAGE_FOLDERS), self.below(9));
                site.files.insert(to.clone(), text);
                format!("{path} is {to} now")
            }
            13..=15 => self.edit_section(site),
            16..=18 => self.edit_folder(site),
            19 => {
                site.answer = self.one_of(&[None, Some("[1]"), Some("[1, 2]"), Some("[")]);
                format!("{ELSEWHERE} answers {:?}", site.answer)
            }
            20 => {
                site.commit = self.one_of(&[None, Some("abc"), Some("def")]);
                format!("COMMIT is {:?}", site.commit)
            }
            _ => {
                site.day += 1;
                "another day".to_owned()
            }
        }
    }

    fn edit_section(&mut self, site: &mut Site) -> String {
        let (folder, language) = (self.one_of(&["", "blog/", "blog/", "new/", "late/"]), self.one_of(&["", "", ".fr"]));
        let path = format!("content/{folder}_index{language}.md");
        if self.once_in(4) && site.files.remove(&path).is_some() {
            return format!("{path} is gone");
        }
        site.files.insert(path.clone(), self.section());
        path
    }

    /// Gives a file or a line of the configuration another version: one that has not been there lately, or that of the beginning.
    pub(super) fn edit_version(&mut self, site: &mut Site) -> String {
        let changed = site.changed();
        if !changed.is_empty() && self.once_in(4) {
            let one = self.one_of(&changed);
            return site.set(one, 0);
        }
        let files = FILES.iter().enumerate().map(|(at, (_, versions))| (Versioned::File(at), versions.len()));
        let lines = CONFIG.iter().enumerate().map(|(at, versions)| (Versioned::Line(at), versions.len()));
        let all: Vec<_> = files.chain(lines).flat_map(|(one, count)| (1..count).map(move |to| (one, to))).collect();
        self.drawn += 1;
        // A prime: all are drawn, far from each other.
        let (one, version) = all[self.drawn * 7919 % all.len()];
        site.set(one, version)
    }

    /// Removes a folder, copies it, or gives it another name.
    fn edit_folder(&mut self, site: &mut Site) -> String {
        if self.once_in(6) {
            let folder =
                self.one_of(&["templates/parts/", "i18n/", "sass/", "themes/plain/", "themes/plain/templates/"]);
            site.files.retain(|path, _| !path.starts_with(folder));
            return format!("{folder} is gone");
        }
        let (from, to) = (self.one_of(FOLDERS), self.one_of(FOLDERS));
        let inside = site.below(from);
        let stays = self.once_in(2);
        if !stays {
            site.files.retain(|path, _| !path.starts_with(from));
        }
        if !stays && self.once_in(2) {
            return format!("{from} is gone");
        }
        for (path, text) in inside {
            site.files.insert(format!("{to}{path}"), text);
        }
        format!("{from} is {}{to}", if stays { "also " } else { "" })
    }
}

/// An address of another host.
pub(super) const ELSEWHERE: &str = "https://d.example/list.json";

const PAGE_FOLDERS: &[&str] = &["blog/", "blog/", "blog/", "", "new/", "late/"];

const FOLDERS: &[&str] =
    &["content/blog/", "content/blog/with/", "content/blog/deep/", "content/new/", "content/new/", "content/late/"];

const PAGE_KEYS: &[&str] = &[
    "draft = true",
    "render = false",
    "in_search_index = false",
    "description = 'About this'",
    "insert_anchor_links = 'right'",
    "unknown_key = 1",
    "updated = 2026-02-03",
    "authors = ['Ada', 'Grace']",
    "template = 'wide.html'",
    "skip_content_templating = true",
    "path = 'elsewhere'",
];

const SECTION_KEYS: &[&str] = &[
    "draft = true",
    "render = false",
    "transparent = true",
    "generate_feeds = true",
    "insert_anchor_links = 'right'",
    "paginate_reversed = true",
    "paginate_path = 'part'",
    "page_template = 'wide.html'",
    "template = 'section.html'",
    "redirect_to = '/'",
    "aliases = ['/list/']",
    "in_search_index = false",
    "description = 'About these'",
];

const PARTS: &[&str] = &[
    "# A\n\n",
    "## Below\n\n",
    "Some words, and  more.\n\n",
    "{{ page.title }} of {{ page.word_count }}\n\n",
    "{% set first = get_section(path='_index.md') %}{{ first.title }}\n\n",
    "{% set one = get_page(path='blog/p0.md', allow_missing=true) %}{% if one %}{{ one.title }} {{ one.permalink }}{% endif %}\n\n",
    "{% <note title=\"Mind\"> %}\nthe *kiln*, [first](@/blog/p0.md)\n{% </note> %}\n\n",
    "{{ <note/> }} {{ <word key=\"home\"/> }}\n\n",
    "{% set more = load_data(path='data/more.csv') %}{% for row in more.records %}- {{ row[0] }}\n{% endfor %}\n",
    "{{ load_data(path='later.txt', required=false) or 'never' }} {{ get_hash(path='static/a.svg', base64=false) }}\n\n",
    "{% set small = resize_image(path='img/bowl.png', width=2, op='fit_width', format='webp') %}![b]({{ small.url }})\n\n",
    "{% set size = get_image_metadata(path='img/bowl.png', allow_missing=true) %}{% if size %}{{ size.width }}{% endif %}\n\n",
    "{% set tags = get_taxonomy(kind='tags', required=false) %}{% if tags %}{% for term in tags.items %}{{ term.name }}{% endfor %}{% endif %}\n\n",
    "{{ trans(key='notes', count=2) }} {{ now() }} {{ config.extra.colour }} {{ get_env(name='COMMIT', default='x') }}\n\n",
    "{% set all = load_data(url='https://d.example/list.json', format='json', required=false) or [] %}{{ all | length }}\n\n",
    "```wren\na # b\n```\n\n",
    "[first](@/blog/p0.md) ",
    "[by a short name](@b/p0.md) ",
    "[beside](p1.md#a) ",
    "[up](../_index.md) ",
    "[nowhere](@/blog/gone.md) ",
    "[no anchor](/blog/p0/#gone) ",
    "[a rule](/team) ",
    "![a](/a.svg) ",
    "![bowl](/img/bowl.png) ",
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
