//! A site that has some of everything, each file in the versions it may have: the first is what the site begins with, and
//! `None` is no file at all. A picture is written as `red 8 6`: its colour, its width and its height.

type Versions = &'static [Option<&'static str>];

/// By paths below the site's folder; one that begins with `/` is the project's.
pub(super) const FILES: &[(&str, Versions)] = &[
    (
        "templates/base.html",
        &[
            Some(
                "<!doctype html><html lang=\"{{ lang }}\"><head><title>{% block title %}{{ config.title }}{% endblock %}</title>{% include 'parts/head.html' %}<link rel=stylesheet href=\"{{ asset(path='main.css') }}\"><link rel=stylesheet href=/theme.css><script type=module src=\"{{ asset(path='main.ts') }}\"></script></head><body>{% include 'parts/top.html' %}<main>{% block main %}{% endblock %}</main>{% include 'parts/end.html' %}{% include 'foot.html' %}</body></html>",
            ),
            Some(
                "<!doctype html><html lang=\"{{ lang }}\" dir=\"{{ dir }}\"><head><title>{% block title %}{{ config.title }}{% endblock %}</title>{% include 'hreflang.html' %}{% include 'parts/head.html' %}<link rel=stylesheet href=\"{{ asset(path='main.css') }}\"></head><body>\n\n<main class=\"wide  one\">{% block main %}{% endblock %}</main>{% include 'parts/top.html' %}{% include 'foot.html' %}</body></html>",
            ),
        ],
    ),
    (
        "templates/parts/head.html",
        &[
            Some(""),
            Some("<meta name=revision content=\"{{ get_env(name='COMMIT', default='unknown') }}\">"),
            Some("<link rel=stylesheet href=\"{{ asset(path='extra.scss') }}\"><link rel=stylesheet href=/plain.css>"),
            Some("<style>main { color: {{ config.extra.colour }} }</style><script>let  b = 2;</script>"),
            Some(
                "<link rel=manifest href=/app.webmanifest><link rel=modulepreload href=\"{{ asset(path='word.ts') }}\" integrity=\"{{ asset_integrity(path='word.ts') }}\"><style>{{ asset_content(path='part.css') | safe }}</style>",
            ),
            None,
        ],
    ),
    (
        "templates/parts/top.html",
        &[
            Some(
                "<img src=/a.svg alt=a>{% set facts = load_data(path='facts.toml') %}{{ facts.one.name }} {{ load_data(path='later.txt', required=false) or '' }}",
            ),
            Some("{{ get_hash(path='a.svg') }} {{ get_url(path='/a.svg', cachebust=true) }} {{ now() }}"),
            Some("{{ trans(key='home') }} {{ <note title=\"Top\"/> }}"),
        ],
    ),
    (
        "templates/parts/end.html",
        &[
            Some(""),
            Some("<p>{{ current_path }}</p>"),
            Some("{{ nothing.there }}"),
            Some("{% if %}"),
            Some("{{ page.title }}"),
            Some("{% if page is defined %}{{ get_random(start=0, end=99) }}{% endif %}"),
        ],
    ),
    (
        "templates/components.html",
        &[
            Some(
                "{% component note(title: string = \"Note\") %}<aside><b>{{ title }}</b>{{ body | default(value='') }}</aside>{% endcomponent note %}{% component word(key: string) %}<em>{{ trans(key=key) }}</em>{% endcomponent word %}",
            ),
            Some(
                "{% component note(title: string) %}<div>{{ title }}: {{ body | default(value='') }}</div>{% endcomponent note %}{% component word(key: string) %}{{ trans(key=key) | upper }}{% endcomponent word %}",
            ),
            Some("{% component note(titel: string = \"x\") %}{{ titel }}{% endcomponent note %}"),
        ],
    ),
    // Takes the place of the one that is built in.
    (
        "templates/picture.html",
        &[
            None,
            Some(
                "{% component picture(path: string, alt: string) %}<img src=\"{{ path }}\" alt=\"{{ alt }}\">{% endcomponent picture %}",
            ),
        ],
    ),
    (
        "templates/index.html",
        &[
            Some(
                "{% extends 'base.html' %}{% block main %}{{ section.content | safe }}{% for page in section.pages %}<a href=\"{{ page.permalink }}\">{{ page.title }}</a> {{ page.summary | default(value='') | safe }}{% endfor %}{% for sub in section.subsections %}{% set one = get_section(path=sub) %}<b>{{ one.title }} {{ one.pages | length }}</b>{% endfor %}{% set small = resize_image(path='img/bowl.png', width=4, height=3) %}<img src=\"{{ small.url }}\" width=\"{{ small.width }}\" height=\"{{ small.height }}\" alt=b>{% set tags = get_taxonomy(kind='tags', required=false) %}{% if tags %}{% for term in tags.items %}{{ term.name }} {{ term.page_count }}{% endfor %}{% endif %}{% endblock %}",
            ),
            Some(
                "{% extends 'base.html' %}{% block main %}{{ trans(key='notes', count=section.pages | length) }}{{ section.content }}{{ <picture path=\"img/bowl.png\" alt=\"A bowl\"/> }}{% set more = load_data(path='data/more.csv') %}{% for row in more.records %}{{ row[0] }}{% endfor %}{% set one = get_page(path='blog/p0.md', allow_missing=true) %}{% if one %}{{ one.title }}{{ one.content }}{% endif %}{% for word in ['a', 'b', 'c'] | shuffle %}{{ word }}{% endfor %}{% endblock %}",
            ),
            None,
        ],
    ),
    (
        "templates/section.html",
        &[
            Some(
                "{% extends 'base.html' %}{% block main %}{% if paginator is defined %}{% for page in paginator.pages %}<h2>{{ page.title }}</h2>{{ page.date }} {{ page.word_count }}{% endfor %}{{ paginator.current_index }}/{{ paginator.number_pagers }}{% else %}{% for page in section.pages %}{{ page.title }}{% endfor %}{% endif %}{% endblock %}",
            ),
            Some(
                "{% extends 'base.html' %}{% block title %}{{ section.title }}{% endblock %}{% block main %}{% for one in section.translations %}{{ one.lang }}{% endfor %}{% for up in section.ancestors %}{{ up }}{% endfor %}{% for link in section.backlinks %}<i>{{ link.title }}</i>{% endfor %}{{ section.content }}{% endblock %}",
            ),
            Some("{{ section.titel }}"),
            None,
        ],
    ),
    (
        "templates/page.html",
        &[
            Some(
                "{% extends 'base.html' %}{% block main %}<h1>{{ page.title }}</h1>{% for heading in page.toc %}<a href=\"{{ heading.permalink }}\">{{ heading.title }}</a>{% endfor %}{{ page.content | safe }}{% if page.lower %}<a href=\"{{ page.lower.permalink }}\">{{ page.lower.title }}</a>{% endif %}{% if page.higher %}{{ page.higher.title }}{% endif %}{% for link in page.backlinks %}<i>{{ link.title }}</i>{% endfor %}{% for one in page.translations %}{{ one.lang }} {{ one.title }}{% endfor %}{% endblock %}",
            ),
            Some(
                "{% extends 'plain/templates/page.html' %}{% block main %}{{ super() }}{% for name in page.taxonomies.tags | default(value=[]) %}<a href=\"{{ get_taxonomy_url(kind='tags', term=name) }}\">{{ name }}</a>{% endfor %}{{ page.extra?.note or '-' }}{% endblock %}",
            ),
            Some(
                "{% extends 'base.html' %}{% block main %}{{ page.content }}{{ page.reading_time }} {{ page.updated or '' }} {{ (page.date or '2026-01-01') | date(length='long') }}{% for up in page.ancestors %}{% set one = get_section(path=up) %}{{ one.title }}{% endfor %}{% endblock %}",
            ),
            None,
        ],
    ),
    (
        "templates/wide.html",
        &[
            Some("{% extends 'page.html' %}{% block title %}Wide {{ page.title }}{% endblock %}"),
            Some("<!doctype html><title>{{ page.title }}</title>{{ page.content }}"),
            None,
        ],
    ),
    (
        "templates/taxonomy_list.html",
        &[
            Some(
                "{% extends 'base.html' %}{% block main %}{% for term in terms %}{{ term.name }} {{ term.pages | length }}{% endfor %}{% endblock %}",
            ),
            Some(
                "{% extends 'base.html' %}{% block main %}{{ taxonomy.name }}{% for term in terms %}<a href=\"{{ term.permalink }}\">{{ term.name }}</a>{% for page in term.pages %}{{ page.title }}{% endfor %}{% endfor %}{% endblock %}",
            ),
            None,
        ],
    ),
    (
        "templates/taxonomy_single.html",
        &[
            Some(
                "{% extends 'base.html' %}{% block main %}{% for page in term.pages %}{{ page.title }} {{ page.reading_time }}{% endfor %}{% endblock %}",
            ),
            Some(
                "{% extends 'base.html' %}{% block main %}{% for page in term.pages %}{{ page.summary or page.content }}{% endfor %}{% endblock %}",
            ),
        ],
    ),
    (
        "templates/tags/single.html",
        &[None, Some("{% extends 'taxonomy_single.html' %}{% block title %}{{ term.name }}{% endblock %}")],
    ),
    (
        "templates/404.html",
        &[
            Some("{% extends 'base.html' %}{% block main %}Not here{% endblock %}"),
            Some("<!doctype html><title>Gone</title><a href=/>{{ config.title }}</a>"),
            None,
        ],
    ),
    (
        "templates/atom.xml",
        &[
            None,
            Some(
                "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{{ feed_url }}</id>{% for page in pages %}<entry><id>{{ page.permalink }}</id><title>{{ page.title }}</title><content type=\"html\">{{ page.content }}</content></entry>{% endfor %}</feed>",
            ),
            Some(
                "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{{ feed_url }}</id>{% if section %}{{ section.title }}{% endif %}{% for page in pages %}{{ page.summary or '' }}{% endfor %}</feed>",
            ),
            Some("<feed>{{ feed_urk }}</feed>"),
        ],
    ),
    (
        "templates/sitemap.xml",
        &[None, Some("<urlset>{% for one in entries %}<loc>{{ one.permalink }}</loc>{% endfor %}</urlset>")],
    ),
    ("templates/robots.txt", &[None, Some("User-agent: *\nSitemap: {{ get_url(path='sitemap.xml') }}\n")]),
    ("templates/anchor-link.html", &[None, Some("<a href=\"#{{ id }}\">{{ level }} {{ lang }}</a>")]),
    ("templates/summary-cutoff.html", &[None, Some("… {{ summary | length }}")]),
    // Begins to shadow the theme's, or shadows it no more.
    ("templates/foot.html", &[None, Some("<p>{{ config.title }}</p>"), Some("{{ <note/> }}")]),
    ("themes/other/theme.toml", &[Some("name = 'other'\n"), None]),
    ("themes/other/templates/foot.html", &[Some("<footer>Other</footer>"), Some("<footer>{{ lang }}</footer>")]),
    ("themes/other/static/theme.css", &[Some("footer { margin: 0 }")]),
    (
        "themes/plain/theme.toml",
        &[Some("name = 'plain'\n[extra]\ncolour = 'red'\n"), Some("name = 'plain'\n[extra]\ncolour = 'blue'\n")],
    ),
    (
        "themes/plain/templates/foot.html",
        &[
            Some("<footer>{{ config.title }} {{ config.extra.colour }}</footer>"),
            Some("<footer class=wide>{{ trans(key='by') }} {{ config.title }}</footer>"),
            None,
        ],
    ),
    (
        "themes/plain/templates/index.html",
        &[Some("{% extends 'base.html' %}{% block main %}{{ section.title }}{% endblock %}")],
    ),
    (
        "themes/plain/templates/page.html",
        &[
            Some("{% extends 'base.html' %}{% block main %}<h1>{{ page.title }}</h1>{{ page.content }}{% endblock %}"),
            Some("{% extends 'base.html' %}{% block main %}{{ page.content }}{{ page.slug }}{% endblock %}"),
        ],
    ),
    (
        "themes/plain/templates/section.html",
        &[Some(
            "{% extends 'base.html' %}{% block main %}{% for page in section.pages %}<b>{{ page.title }}</b>{% endfor %}{% endblock %}",
        )],
    ),
    (
        "themes/plain/templates/taxonomy_list.html",
        &[Some("{% extends 'base.html' %}{% block main %}{{ terms | length }}{% endblock %}")],
    ),
    ("themes/plain/templates/404.html", &[Some("{% extends 'base.html' %}{% block main %}None{% endblock %}")]),
    ("themes/plain/static/theme.css", &[Some("footer { color: red }"), Some("footer { color: green }"), None]),
    ("themes/plain/i18n/en.ftl", &[Some("by = by\n"), Some("by = from { $nobody }\n")]),
    ("themes/plain/data/facts.toml", &[Some("[one]\nname = 'of the theme'\n")]),
    (
        "data/facts.toml",
        &[Some("[one]\nname = 'first'\n"), Some("[one]\nname = 'second'\n"), Some("[one]\nname = "), None],
    ),
    // Is found before the one in `data/`.
    ("static/facts.toml", &[None, Some("[one]\nname = 'static'\n")]),
    ("data/more.csv", &[Some("a,b\n1,2\n"), Some("a,b\n1,2\n3,4\n"), Some("a\n"), None]),
    ("data/later.txt", &[None, Some("later"), Some("& later")]),
    ("i18n/en.ftl", &[Some(EN), Some("home = House\nnotes = { $count } notes\nby = of\n"), Some("home = \n"), None]),
    ("i18n/fr.ftl", &[Some("home = Accueil\nnotes = { $count } notes\n"), Some("home = Maison\nby = de\n"), None]),
    ("i18n/fr/more.ftl", &[None, Some("by = par\n"), Some("home = Encore\n")]),
    (
        "i18n/de.ftl",
        &[Some("home = Start\nnotes = { $count }\nby = von\n"), Some("home = Haus\nnotes = { $number }\nby = von\n")],
    ),
    (
        "assets/main.css",
        &[
            Some("@import './part.css';\nmain { color: blue; background: url(./dot.svg) }"),
            Some("main { color: blue }"),
        ],
    ),
    (
        "assets/part.css",
        &[
            Some("p { margin: 0 }"),
            Some(".wide { margin: 1px }"),
            Some(".wide, h2 { margin: 0 }"),
            Some("p { margin: "),
            Some("h1 { color: red }"),
            None,
        ],
    ),
    (
        "assets/dot.svg",
        &[
            Some("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"),
            Some("<svg xmlns='http://www.w3.org/2000/svg' width='2' height='1'/>"),
        ],
    ),
    ("assets/extra.scss", &[Some("@use 'vars';\nfooter { color: vars.$colour }"), Some("footer { b { color: red } }")]),
    ("sass/_vars.scss", &[Some("$colour: red;"), Some("$colour: #00f;"), Some("$color: red;")]),
    (
        "sass/plain.scss",
        &[Some("@use 'vars';\np { color: vars.$colour }"), Some("p { b { margin: 0 } }"), Some("p {"), None],
    ),
    (
        "assets/main.ts",
        &[
            Some("import { word } from './word.ts';\ndocument.title += word;\nvoid import('./late.ts');"),
            Some("import facts from './facts.json';\ndocument.title += facts.name;"),
        ],
    ),
    (
        "assets/word.ts",
        &[
            Some("export const word: string = 'a';"),
            Some("export const word = 'b';"),
            Some("export const word = 1 + 1;"),
            Some("export const word = "),
            None,
        ],
    ),
    // Is found before `word.ts` by nobody.
    ("assets/word.js", &[None, Some("export const word = 'js';")]),
    (
        "assets/late.ts",
        &[
            Some("import { word } from './word.ts';\nconsole.log(word);"),
            Some("import { one } from 'pkg';\nconsole.log(one);"),
            Some("console.log(1);\n//\n"),
        ],
    ),
    (
        "node_modules/pkg/package.json",
        &[
            Some("{\"name\": \"pkg\", \"version\": \"1.0.0\", \"type\": \"module\", \"exports\": \"./one.js\"}"),
            Some(
                "{\"name\": \"pkg\", \"version\": \"1.0.0\", \"type\": \"module\", \"main\": \"./two.js\", \"sideEffects\": false}",
            ),
            None,
        ],
    ),
    ("node_modules/pkg/one.js", &[Some("export const one = 1;"), Some("import './two.js';\nexport const one = 11;")]),
    ("node_modules/pkg/two.js", &[Some("export const one = 2;\nconsole.log('two');"), None]),
    ("assets/facts.json", &[Some("{\"name\": \"f\"}"), Some("{\"name\": \"g\"}"), Some("{")]),
    (
        "tsconfig.json",
        &[None, Some("{\"compilerOptions\": {\"target\": \"es2022\", \"useDefineForClassFields\": false}}")],
    ),
    (
        "static/a.svg",
        &[
            Some("<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'><rect width='4' height='4'/></svg>"),
            Some("<svg xmlns='http://www.w3.org/2000/svg' width='3' height='4'/>"),
            None,
        ],
    ),
    ("static/img/bowl.png", &[Some("red 8 6"), Some("blue 8 6"), Some("red 3 2"), Some("no 0 0"), None]),
    (
        "static/app.webmanifest",
        &[
            Some("{\"name\": \"A\", \"icons\": [{\"src\": \"/a.svg\"}]}"),
            Some("{\"name\": \"B\", \"icons\": [{\"src\": \"/img/bowl.png\"}]}"),
            None,
        ],
    ),
    ("code.json", &[Some(THEME), Some("{\"name\": \"own\", \"type\": \"dark\"}"), None]),
    ("wren.sublime-syntax", &[Some(GRAMMAR), Some("%YAML 1.2\n---\nname: Wren\n"), None]),
    ("static/robots.txt", &[Some("User-agent: *\n"), None]),
    ("static/theme.css", &[None, Some("footer { color: blue }")]),
    ("static/old.html", &[None, Some("<!doctype html><title>Old</title><a href=/>a</a><a href=/gone/>b</a>")]),
    (
        "content/blog/with/index.md",
        &[
            Some("+++\ntitle = 'With'\ndate = 2026-01-05\n+++\n![p](pic.png) [r](read.txt)\n"),
            Some("+++\ntitle = 'With'\n+++\n"),
            None,
        ],
    ),
    ("content/blog/with/pic.png", &[Some("green 2 2"), Some("green 2 3"), None]),
    ("content/blog/with/read.txt", &[None, Some("read\n")]),
    (
        ".buildignore",
        &[
            None,
            Some("robots.txt\n"),
            Some("content/new/\n"),
            Some("**/p1.md\n"),
            Some("foot.html\n"),
            Some("*.csv\ndot.svg\n"),
        ],
    ),
    ("/.buildignore", &[None, Some("*.svg\n"), Some("p2.md\n"), Some("fr.ftl\n")]),
];

/// Of code, as VS Code has it.
const THEME: &str = r##"{
  "name": "own", "type": "light", "colors": {"editor.background": "#fff", "editor.foreground": "#000"},
  "tokenColors": [{"scope": "keyword", "settings": {"foreground": "#f00"}}]
}"##;

const GRAMMAR: &str = "%YAML 1.2\n---\nname: Wren\nfile_extensions: [wrn]\nscope: source.wren\ncontexts:\n  main:\n    - match: '#.*'\n      scope: comment.line.wren\n";

const EN: &str =
    "home = Home\nnotes = { $count ->\n    [0] None\n    [one] One note\n   *[other] { $count } notes\n}\n";

/// The lines of `config.toml`, each in the versions it may have.
pub(super) const CONFIG: &[&[&str]] = &[
    &["base_url = 'https://a.example'", "base_url = 'https://b.example/x'", ""],
    &["title = 'Site'", "title = 'Another'"],
    &["description = 'Of <both>'", ""],
    &["theme = 'plain'", "theme = 'other'"],
    &["generate_feeds = true", "generate_feeds = false"],
    &["", "feed_filenames = ['rss.xml']", "feed_filenames = ['atom.xml', 'rss.xml']"],
    &["", "feed_limit = 2"],
    &["", "author = 'Ada'"],
    &["build_search_index = true", "build_search_index = false"],
    &[
        "taxonomies = [{ name = 'tags', feed = true }]",
        "taxonomies = [{ name = 'tags', paginate_by = 1 }]",
        "taxonomies = [{ name = 'tags' }, { name = 'people' }]",
        "taxonomies = [{ name = 'tags', render = false }]",
    ],
    &["", "taxonomy_root = 'all'"],
    &["compile_sass = true", "compile_sass = false"],
    &["", "", "minify_html = false"],
    &["", "", "default_language = 'de'"],
    &["", "generate_sitemap = false"],
    &["", "ignored_content = ['**/p3.md']"],
    &["", "ignored_static = ['*.txt']"],
    &["", "skip_content_templating = true", "skip_content_templating = ['blog/*']"],
    &["", "titel = 'unknown'"],
    &["[languages.fr]"],
    &["", "title = 'Le site'"],
    &["taxonomies = [{ name = 'tags' }]", ""],
    &["", "generate_feeds = true"],
    &["", "build_search_index = true"],
    &["[link_checker]"],
    &["internal_level = 'warn'", "internal_level = 'warn'", "internal_level = 'warn'", "internal_level = 'error'"],
    &["", "skip_prefixes = ['/blog/']"],
    &["[search]"],
    &["", "index_format = 'fuse_json'", "include_path = true"],
    &["[slugify]"],
    &["", "anchors = 'github'", "paths = 'safe'"],
    &["[markdown]"],
    &["", "bottom_footnotes = true"],
    &["", "smart_punctuation = true"],
    &["", "external_links_target_blank = true", "external_links_class = 'out'"],
    &["", "insert_anchor_links = 'left'"],
    &["", "lazy_async_image = true", "github_alerts = true"],
    &[
        "",
        "[markdown.highlighting]\nstyle = 'class'",
        "[markdown.highlighting]\ntheme = 'github-light'",
        "[markdown.highlighting]\nlight_theme = 'github-light'\ndark_theme = 'github-dark'\nstyle = 'class'",
        "[markdown.highlighting]\nerror_on_missing_language = true",
        "[markdown.highlighting]\nextra_themes = ['code.json']\ntheme = 'own'",
        "[markdown.highlighting]\nextra_grammars = ['wren.sublime-syntax']",
    ],
    &["[sitekit]"],
    &["", "hosts = ['a.example']"],
    &["", "mode = 'spa'"],
    &["", "trailing_slash = 'never'", "trailing_slash = 'either'"],
    &["", "preload_fonts = true"],
    &[
        "",
        "[sitekit.languages]\nfallback = true",
        "[sitekit.languages]\nhreflang = true\ninherit = true\ncollate = true",
    ],
    &[
        "",
        "[sitekit.assets]\nremove_unused = true",
        "[sitekit.assets]\nsource_maps = 'public'",
        "[sitekit.assets]\nenv = { A = 'b' }",
    ],
    &["[sitekit.data]\nenvironment = ['COMMIT']"],
    &["", "[sitekit.content_aliases]\nb = 'blog'"],
    &[
        "[[sitekit.redirects]]\nfrom = '/team'\nto = '/'",
        "[[sitekit.redirects]]\nfrom = '/team'\nto = '/blog/'\nstatus = 307",
        "[[sitekit.redirects]]\nfrom = '/old/*'\nto = 'https://c.example/:splat'",
        "[[sitekit.rewrites]]\nfrom = '/print/:slug'\nto = '/blog/:slug/'",
        "",
    ],
    &["", "[[sitekit.headers]]\npath = '/blog/*'\nset = { X-A = 'b' }"],
    &["", "[[sitekit.cache]]\npath = '/img/*'\nmax_age = '1h'"],
    &[
        "",
        "[[sitekit.pages]]\npath = '/blog/*'\nstyles = 'extra.scss'\nmeta = { robots = 'noindex' }",
        "[[sitekit.pages]]\npath = '/blog/*'\ntemplate = 'wide.html'",
    ],
    &["", "[sitekit.content_security_policy]\nimg-src = 'https://c.example'"],
    &["", "[sitekit.error_pages]\n404 = '/old.html'"],
    &["", "[sitekit.maintenance]\nretry_after = '10m'"],
    &["", "[extra]\nnote = 'x'", "[extra]\ncolour = 'black'"],
];
