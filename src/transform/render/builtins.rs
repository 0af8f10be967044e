//! Templates a site has without writing them. A site's or its theme's own of the same name comes first.

/// Their names begin with this; it is tried when a name is not found.
pub(super) const PREFIX: &str = "__builtin/";

pub(super) const SITEMAP: &str = "sitemap.xml";

pub(super) const SITEMAP_INDEX: &str = "split_sitemap_index.xml";

pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("__builtin/atom.xml", ATOM),
    ("__builtin/hreflang.html", HREFLANG),
    ("__builtin/robots.txt", ROBOTS),
    ("__builtin/rss.xml", RSS),
    ("__builtin/sitemap.xml", SITEMAP_PART),
    ("__builtin/split_sitemap_index.xml", SITEMAP_PARTS),
];

/// What the head of a page says of the same page in other languages; to be included.
const HREFLANG: &str = r#"
{%- if page is defined %}{% set shown = page %}{% elif section is defined %}{% set shown = section %}{% endif -%}
{%- if shown is defined -%}
<link rel="canonical" href="{% if paginator is defined %}{{ config.base_url }}{{ current_url }}{% else %}{{ shown.canonical }}{% endif %}">
{%- for other in shown.alternates -%}
<link rel="alternate" hreflang="{{ other.lang }}" href="{{ other.url }}">
{%- endfor -%}
{%- endif -%}
"#;

/// Templates that hold one component each, by its name: left out where the site has one of that name.
pub(super) const COMPONENTS: &[(&str, &str, &str)] = &[("picture", "__builtin/picture.html", PICTURE)];

/// A picture in the sizes and formats that browsers choose from (HTML §4.8.4).
const PICTURE: &str = r#"
{%- component picture(path: string, alt: string, widths: array = [480, 960, 1600], formats: array = ["webp"], sizes: string = "100vw", class: string = "", loading: string = "lazy") -%}
{%- set image = responsive_image(path=path, widths=widths, formats=formats) -%}
<picture>
{%- for source in image.sources -%}
<source type="{{ source.type }}" srcset="{{ source.srcset }}" sizes="{{ sizes }}">
{%- endfor -%}
<img src="{{ image.url }}"{% if image.srcset %} srcset="{{ image.srcset }}" sizes="{{ sizes }}"{% endif %} width="{{ image.width }}" height="{{ image.height }}" alt="{{ alt }}"{% if class %} class="{{ class }}"{% endif %} loading="{{ loading }}" decoding="async">
</picture>
{%- endcomponent picture -%}
"#;

/// RFC 9309.
const ROBOTS: &str = "\
User-agent: *
Disallow:
{% if config.base_url and config.generate_sitemap %}Sitemap: {{ config.base_url }}/sitemap.xml
{% endif %}";

/// <https://www.sitemaps.org/protocol.html>, with the languages of pages as
/// <https://developers.google.com/search/docs/specialty/international/localized-versions#sitemap> has them.
const SITEMAP_PART: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"{% if tells_alternates %} xmlns:xhtml="http://www.w3.org/1999/xhtml"{% endif %}>
{%- for entry in entries %}
<url><loc>{{ entry.permalink }}</loc>{% if entry.updated %}<lastmod>{{ entry.updated }}</lastmod>{% endif %}
{%- for other in entry.alternates %}<xhtml:link rel="alternate" hreflang="{{ other.lang }}" href="{{ other.url }}"/>{% endfor -%}
</url>
{%- endfor %}
</urlset>
"#;

/// <https://www.sitemaps.org/protocol.html#index>
const SITEMAP_PARTS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{%- for sitemap in sitemaps %}
<sitemap><loc>{{ sitemap }}</loc></sitemap>
{%- endfor %}
</sitemapindex>
"#;

/// RFC 4287. A feed must have a title and say when it changed, so there is a word for both where nobody said.
const ATOM: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{{ lang }}">
<title>{{ config.title or config.base_url }}{% if term %} - {{ term.name }}{% elif section and section.title %} - {{ section.title }}{% endif %}</title>
{%- if config.description %}
<subtitle>{{ config.description }}</subtitle>
{%- endif %}
<link rel="self" type="application/atom+xml" href="{{ feed_url }}"/>
<link rel="alternate" type="text/html" href="{% if term %}{{ term.permalink }}{% elif section %}{{ section.permalink }}{% else %}{{ get_url(path="/") }}{% endif %}"/>
<generator>sitekit</generator>
<updated>{% if last_updated is defined %}{{ last_updated | date(format="%Y-%m-%dT%H:%M:%S%:z") }}{% else %}1970-01-01T00:00:00Z{% endif %}</updated>
<id>{{ feed_url }}</id>
{%- for page in pages %}
<entry xml:lang="{{ page.lang }}">
<title>{{ page.title or page.permalink }}</title>
<published>{{ page.date | date(format="%Y-%m-%dT%H:%M:%S%:z") }}</published>
<updated>{{ (page.updated or page.date) | date(format="%Y-%m-%dT%H:%M:%S%:z") }}</updated>
{%- for author in page.authors %}
<author><name>{{ author }}</name></author>
{%- else %}
<author><name>{{ config.author or "Unknown" }}</name></author>
{%- endfor %}
<link rel="alternate" type="text/html" href="{{ page.permalink }}"/>
<id>{{ page.permalink }}</id>
{%- if page.summary %}
<summary type="html">{{ page.summary }}</summary>
{%- else %}
<content type="html" xml:base="{{ page.permalink }}">{{ page.content }}</content>
{%- endif %}
</entry>
{%- endfor %}
</feed>
"#;

/// <https://www.rssboard.org/rss-specification>; its `author` is an e-mail address, so a name stands in Dublin Core's `creator`.
const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>{{ config.title or config.base_url }}{% if term %} - {{ term.name }}{% elif section and section.title %} - {{ section.title }}{% endif %}</title>
<link>{% if term %}{{ term.permalink }}{% elif section %}{{ section.permalink }}{% else %}{{ get_url(path="/") }}{% endif %}</link>
<description>{{ config.description or config.title or config.base_url }}</description>
<generator>sitekit</generator>
<language>{{ lang }}</language>
<atom:link href="{{ feed_url }}" rel="self" type="application/rss+xml"/>
{%- if last_updated is defined %}
<lastBuildDate>{{ last_updated | date(format="%a, %d %b %Y %H:%M:%S %z") }}</lastBuildDate>
{%- endif %}
{%- for page in pages %}
<item>
<title>{{ page.title or page.permalink }}</title>
<pubDate>{{ page.date | date(format="%a, %d %b %Y %H:%M:%S %z") }}</pubDate>
{%- for author in page.authors %}
<dc:creator>{{ author }}</dc:creator>
{%- else %}
<dc:creator>{{ config.author or "Unknown" }}</dc:creator>
{%- endfor %}
<link>{{ page.permalink }}</link>
<guid>{{ page.permalink }}</guid>
<description xml:base="{{ page.permalink }}">{% if page.summary %}{{ page.summary }}{% else %}{{ page.content }}{% endif %}</description>
</item>
{%- endfor %}
</channel>
</rss>
"#;
