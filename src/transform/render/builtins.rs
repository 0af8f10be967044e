//! Templates a site has without writing them. A site's or its theme's own of the same name comes first.

/// Their names begin with this; it is tried when a name is not found.
pub(super) const PREFIX: &str = "__builtin/";

pub(super) const SITEMAP: &str = "sitemap.xml";

pub(super) const TEMPLATES: &[(&str, &str)] =
    &[("__builtin/robots.txt", ROBOTS_TEXT), ("__builtin/sitemap.xml", SITEMAP_TEXT)];

/// RFC 9309.
const ROBOTS_TEXT: &str = "\
User-agent: *
Disallow:
{% if config.base_url and config.generate_sitemap %}Sitemap: {{ config.base_url }}/sitemap.xml
{% endif %}";

/// <https://www.sitemaps.org/protocol.html>
const SITEMAP_TEXT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{%- for entry in entries %}
<url><loc>{{ entry.permalink }}</loc>{% if entry.updated %}<lastmod>{{ entry.updated }}</lastmod>{% endif %}</url>
{%- endfor %}
</urlset>
"#;
