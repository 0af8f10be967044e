//! Templates in sites of several languages.

use super::*;

const CONFIG: (&str, &str) = (
    "config.toml",
    "title = 'T'\n[extra]\na = 1\nb = 1\n[languages.fr]\ntitle = 'F'\n[languages.fr.extra]\nb = 2\n[languages.ar]\n",
);

/// What each page gives through `page.html`, in the order of their files.
#[track_caller]
fn check_pages(template: &str, files: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<_> = [CONFIG, ("templates/page.html", template)].into_iter().chain(files.iter().copied()).collect();
    let site = site(&files);
    let rendered: Vec<_> = render_all(&site).into_iter().skip(site.sections.len()).map(Result::unwrap).collect();
    assert_eq!(rendered, expected);
}

#[test]
fn a_page_knows_its_language() {
    let pages = [("content/a.ar.md", ""), ("content/a.fr.md", ""), ("content/a.md", "")];
    check_pages("{{ lang }} {{ dir }} {{ page.lang }}", &pages, &["ar rtl ar", "fr ltr fr", "en ltr en"]);
    check_pages("{{ config.title }} {{ config.default_language }}", &pages, &[" en", "F en", "T en"]);
    check_pages("{{ config.extra.a }}{{ config.extra.b }}", &pages, &["11", "12", "11"]);
    check_pages(
        "{% for code, other in config.languages %}{{ code }}={{ other.title }} {% endfor %}",
        &pages,
        &["en=T fr=F ", "en=T ar= ", "fr=F ar= "],
    );
    check_pages(
        "{{<x/>}}",
        &[&pages[..], &[("templates/x.html", "{% component x() %}{{ get_url(path='@/a.md') }}{% endcomponent x %}")]]
            .concat(),
        &["/ar/a/", "/fr/a/", "/a/"],
    );
}

#[test]
fn a_page_knows_its_translations() {
    let pages = [
        ("content/a.fr.md", "+++\ntitle = 'La'\n+++"),
        ("content/a.md", "+++\ntitle = 'The'\n+++"),
        ("content/b.md", ""),
    ];
    let all = "en The /a/ a.md; fr La /fr/a/ a.fr.md; ";
    check_pages(
        "{% for t in page.translations %}{{ t.lang }} {{ t.title }} {{ t.permalink }} {{ t.path }}; {% endfor %}",
        &pages,
        &[all, all, "en  /b/ b.md; "],
    );
    check(
        "{% set home = get_section(path='_index.md') %}{% for t in home.translations %}{{ t.permalink }} {% endfor %}",
        &[CONFIG, ("content/a.md", "")],
        "/ /fr/ /ar/ ",
    );
    check("{{ page.translations | length }}", &[("content/a.md", "")], "0");
}

#[test]
fn what_is_asked_for_is_in_the_language_of_the_page() {
    let pages = [
        ("content/a.fr.md", ""),
        ("content/b/_index.fr.md", ""),
        ("content/b/_index.md", ""),
        ("content/c.fr.md", "+++\ntitle = 'La'\n+++"),
        ("content/c.md", "+++\ntitle = 'The'\n+++"),
    ];
    let check = |template: &str, expected: &str| {
        let template = format!("{{% if page.relative_path == 'a.fr.md' %}}{template}{{% endif %}}");
        check_pages(&template, &pages, &[expected, "", ""]);
    };
    check("{{ get_url(path='@/c.md') }} {{ get_url(path='@/c.md#x', lang='en') }}", "/fr/c/ /c/#x");
    check("{{ get_url(path='@/c.fr.md') }} {{ get_url(path='@/b/_index.md') }}", "/fr/c/ /fr/b/");
    check("{{ get_url(path='x.css') }} {{ get_url(path='/c', lang='fr') }}", "/x.css /fr/c/");
    check("{{ get_url(path='/fr/c/', lang='fr') }} {{ get_url(path='', lang=lang) }}", "/fr/c/ /fr/");
    check("{% set p = get_page(path='c.md') %}{{ p.title }}", "La");
    check("{% set p = get_page(path='c.fr.md', lang='en') %}{{ p.title }}", "The");
    check("{% if get_page(path='c.md', lang='ar', allow_missing=true) %}y{% else %}n{% endif %}", "n");
    check("{% set s = get_section(path='b/_index.md') %}{{ s.permalink }}", "/fr/b/");
}

#[test]
fn what_is_not_in_the_language_is_told() {
    for (template, expected) in [
        ("{{ get_url(path='@/a.md') }}", "the page or section `a.md` is not there in the language `fr`"),
        ("{% set p = get_page(path='a.md') %}", "the page `a.md` is not there in the language `fr`"),
        ("{{ get_url(path='x', lang='fi') }}", "the site is not in the language `fi`"),
    ] {
        let template = format!("{{% if lang == 'fr' %}}{template}{{% endif %}}");
        let site = site(&[CONFIG, ("content/a.md", ""), ("content/b.fr.md", ""), ("templates/page.html", &template)]);
        let found = render_all(&site).into_iter().find_map(Result::err).unwrap();
        let said: Vec<_> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(said, [expected]);
    }
}

const WORDS: [(&str, &str); 4] = [
    (
        "config.toml",
        "[translations]\nhome = 'Home'\nonly = 'Only'\n[languages.fr.translations]\nhome = 'Accueil <b>'\n[languages.ar]\n",
    ),
    (
        "i18n/en.ftl",
        "notes = { $count ->\n  [0] nothing\n  [one] one note\n *[other] { $count } notes\n}\nbutton = Go\n  .title = Go on\n",
    ),
    ("i18n/fr.ftl", "notes = { $count ->\n  [one] une note\n *[other] { $count } notes\n}\nby = par { $name }\n"),
    ("i18n/ar.ftl", "by = من { $name }\n"),
];

/// What a page in each language says: Arabic, French, English; and what was missed.
fn say(template: &str) -> (Vec<String>, Vec<String>) {
    let pages =
        [("templates/page.html", template), ("content/a.ar.md", ""), ("content/a.fr.md", ""), ("content/a.md", "")];
    let site = site(&[&WORDS[..], &pages].concat());
    let renderer = Renderer::new(&site, MarkdownFilter::default(), Arc::new(MemoryWorld::new()))
        .0
        .unwrap()
        .with_contents(&contents(&site));
    let said = (0..3).map(|id| match renderer.page(PageId(id)) {
        Ok(text) => text,
        Err(found) => found.iter().map(|one| one.message.clone()).collect(),
    });
    let said = said.collect();
    let missed = renderer.missed_words();
    let show = |one: &Diagnostic| {
        let (line, column) = one.position().unwrap();
        format!("{}:{line}:{column} {} ({})", one.path, one.message, one.help.clone().unwrap())
    };
    (said, missed.iter().map(show).collect())
}

#[test]
fn words_are_in_the_language_of_the_page() {
    for (template, expected) in [
        ("{{ trans(key='home', lang='fr') }}", ["Accueil &lt;b&gt;"; 3]),
        ("{{ trans(key='notes', count=0, lang='en') }}", ["nothing"; 3]),
        ("{{ trans(key='notes', count=1, lang='en') }}", ["one note"; 3]),
        ("{{ trans(key='notes', count=0, lang='fr') }}", ["une note"; 3]),
        ("{{ trans(key='notes', count=1234.5, lang='fr') }}", ["1\u{202f}234,5 notes"; 3]),
        ("{{ trans(key='button.title', lang='en') }}", ["Go on"; 3]),
        ("{{ trans(key='by', name='N', lang='ar') }}", ["من \u{2068}N\u{2069}"; 3]),
        ("{{ text_direction() }}", ["rtl", "ltr", "ltr"]),
        ("{{ text_direction(lang='he') }}", ["rtl"; 3]),
        ("{{ 1234.5 | num_format }}", ["1,234.5", "1\u{202f}234,5", "1,234.5"]),
        ("{{ 1234 | num_format(locale='de') }}", ["1.234"; 3]),
        ("{{ ['a', 'b'] | list_format }}", ["a وb", "a et b", "a and b"]),
        ("{{ ['a', 'b', 'c'] | list_format(kind='or', locale='en') }}", ["a, b, or c"; 3]),
        (
            "{% for one in [{'n': 'ä'}, {'n': 'z'}] | collate(attribute='n', locale='sv') %}{{ one.n }}{% endfor %}",
            ["zä"; 3],
        ),
        (
            "{{ '2026-03-14' | date(length='full') }}",
            ["السبت، 14 مارس 2026", "samedi 14 mars 2026", "Saturday, March 14, 2026"],
        ),
        ("{{ '2026-03-14' | date(format='d MMMM y', locale='de') }}", ["14 März 2026"; 3]),
        ("{{ '2026-03-14' | date(format='%d %B') }}", ["14 March"; 3]),
        ("{{ '2026-03-14' | date(format='%d. %B', locale='de_DE') }}", ["14. März"; 3]),
    ] {
        let (said, missed) = say(template);
        assert_eq!(said, expected, "{template}");
        assert_eq!(missed, [""; 0], "{template}");
    }
}

#[test]
fn a_word_that_a_language_lacks_is_the_default_languages() {
    let (said, missed) = say("{{<x/>}}{% component x() %}{{ trans(key = \"only\") }}{% endcomponent x %}");
    assert_eq!(said, ["Only"; 3]);
    assert_eq!(
        missed,
        [
            "sites/s/templates/page.html:1:44 `fr` has no word `only`: the one of `en` stands in its pages (add it to \
             `[languages.fr.translations]`, or to `i18n/fr.ftl`)",
            "sites/s/templates/page.html:1:44 `ar` has no word `only`: the one of `en` stands in its pages (add it to \
             `[languages.ar.translations]`, or to `i18n/ar.ftl`)",
        ]
    );
}

#[test]
fn mistakes_about_words() {
    for (template, expected) in [
        ("{{ trans(key='hoem') }}", "no language of the site has the word `hoem`"),
        (
            "{{ trans(key='notes', lang='en') }}",
            "the message `notes` cannot be written: it needs `$count`, as in \
          `trans(key=\"notes\", count=…)`",
        ),
        (
            "{{ trans(key='by', name=[1], lang='fr') }}",
            "`name` is a variable of a message: a string or a number, not array",
        ),
        ("{{ trans(key='home', lang='fi') }}", "the site is not in the language `fi`"),
        (
            "{{ '2026-03-14' | date(length='lnog') }}",
            "`length` is one of `short`, `medium`, `long`, `full`, not `lnog`",
        ),
        (
            "{{ '2026-03-14' | date(locale='fr') }}",
            "a date in a locale needs a `format` such as `d MMMM y`, or a `length` such as `long`",
        ),
        ("{{ 'x' | num_format }}", "`num_format` takes a number, not string"),
        ("{{ 1 | num_format(locale='f r') }}", "`f r` is not a locale, such as `fr`, `pt-BR` or `zh-Hant`"),
    ] {
        assert_eq!(say(template).0, [expected; 3], "{template}");
    }
}

#[test]
fn what_stands_for_a_translation_says_so() {
    let config = (
        "config.toml",
        "base_url = 'https://x.org'\n[languages.ar]\n[languages.fr]\n[sitekit.languages]\nfallback = true\n",
    );
    let template = "{% include 'hreflang.html' %} {{ page.fallback?.lang or 'own' }} {{ page.fallback?.permalink or '' }} \
                    {% for t in page.translations %}{{ t.lang }}{% if t.fallback %}?{% endif %}{% endfor %}\n";
    let site = site(&[
        config,
        ("templates/page.html", template),
        ("content/a.md", ""),
        ("content/a.ar.md", "+++\nslug = 'b'\n+++"),
    ]);
    let said: Vec<_> = render_all(&site).into_iter().skip(3).map(Result::unwrap).collect();
    let alternates = "<link rel=\"alternate\" hreflang=\"en\" href=\"https://x.org/a/\"><link rel=\"alternate\" hreflang=\"ar\" \
                      href=\"https://x.org/ar/b/\"><link rel=\"alternate\" hreflang=\"x-default\" href=\"https://x.org/a/\">";
    assert_eq!(
        said,
        [
            format!("<link rel=\"canonical\" href=\"https://x.org/ar/b/\">{alternates} own  enarfr?\n"),
            "<link rel=\"canonical\" href=\"https://x.org/a/\"> en /a/ enarfr?\n".to_owned(),
            format!("<link rel=\"canonical\" href=\"https://x.org/a/\">{alternates} own  enarfr?\n"),
        ]
    );
}
