//! Every Markdown file of a site to HTML, once, before any template asks for it. Where a file is a template itself, that
//! comes first.

use std::{cell::RefCell, cmp::Reverse, ops::Range, sync::Arc};

use rayon::prelude::*;

use super::{Progress, Stage, links::Links, memory::Memory, texts::grouped};
use crate::{
    diag::{Diagnostic, Severity, Source},
    load::{self, AnchorLinks, Anchors, DataAttrPosition, PageId, Section, SectionId, Site},
    site::{BasePath, ContentHash, Shelf, SitePath},
    transform::{
        highlight::Highlighter,
        markdown::{
            self, Around, BrokenLinks, DataAttributes, Dialect, ExternalLinks, HeadingLinks, MarkdownOptions, Portable,
            Rendered, Target, Text,
        },
        placeholder,
        render::{ANCHOR_LINK, Contents, Html, Renderer, SUMMARY_CUTOFF, is_template},
    },
};

/// What Markdown is rendered with.
pub(super) struct Converter<'a> {
    site: &'a Site,
    options: &'a MarkdownOptions,
    highlighter: Option<&'a Highlighter>,
    /// `None` when templates cannot be read: then what is one is left out, because that has been told.
    renderer: Option<&'a Renderer<'a>>,
    links: Links<'a>,
    has_anchor_link: bool,
    has_cutoff: bool,
}

/// A file of Markdown.
struct File<'a> {
    source: &'a Source,
    body: &'a Range<usize>,
    relative: &'a str,
    path: &'a SitePath,
    lang: &'a str,
    /// The section whose word on headings counts.
    section: Option<&'a Section>,
    skips_templating: Option<bool>,
}

impl<'a> File<'a> {
    fn text(&self) -> &'a str {
        &self.source.text[self.body.clone()]
    }
}

/// A page or a section, by its place in the site.
#[derive(Clone, Copy, Debug)]
enum Written {
    Page(usize),
    Section(usize),
}

/// Equal texts are rendered once, and what `texts` recalls is not rendered at all.
pub(super) fn convert(
    converter: &Converter<'_>,
    texts: Option<&Memory>,
    shelf: Option<&Arc<dyn Shelf>>,
    progress: &dyn Progress,
) -> Contents {
    let site = converter.site;
    let files = site.pages.len() + site.sections.iter().filter(|section| section.written).count();
    if files > 0 {
        progress.begin(Stage::Markdown, files);
    }
    let all = (0..site.pages.len()).map(Written::Page).chain((0..site.sections.len()).map(Written::Section));
    let all: Vec<Written> = all.collect();
    let keyed: Vec<_> = all.into_par_iter().map(|one| (converter.key(&converter.file(one)), one)).collect();
    let mut groups = grouped(keyed);
    // The largest first, so that no thread is left with one at the end.
    groups.sort_by_key(|(_, group)| Reverse(group.first().map_or(0, |one| converter.file(*one).body.len())));
    let group = |(key, group): (Option<ContentHash>, Vec<Written>)| {
        let recalled = key.zip(texts).and_then(|(key, texts)| texts.recall(key));
        let portable = recalled.as_deref().and_then(Portable::from_bytes).or_else(|| {
            let first = group.first().filter(|_| group.len() > 1 || texts.is_some())?;
            key.and_then(|_| converter.portable(&converter.file(*first)))
        });
        if let (Some(key), Some(texts), Some(portable)) = (key, texts, &portable)
            && recalled.is_none()
            && let Some(bytes) = portable.to_bytes()
        {
            texts.keep(key, &bytes);
        }
        let make = |one: Written| {
            let file = converter.file(one);
            let made = portable.as_ref().and_then(|portable| converter.placed(portable, &file));
            let made = made.unwrap_or_else(|| converter.written(one)).kept(shelf);
            progress.step();
            (one, made)
        };
        group.into_iter().map(make).collect::<Vec<_>>()
    };
    let made: Vec<Vec<(Written, Rendered<Html>)>> = groups.into_par_iter().with_max_len(1).map(group).collect();
    let nothing = |count: usize| std::iter::repeat_with(|| Rendered::default().kept(None)).take(count).collect();
    let (mut pages, mut sections): (Vec<_>, Vec<_>) = (nothing(site.pages.len()), nothing(site.sections.len()));
    for (one, made) in made.into_iter().flatten() {
        match one {
            Written::Page(id) => pages[id] = made,
            Written::Section(id) => sections[id] = made,
        }
    }
    Contents::new(pages, sections)
}

impl<'a> Converter<'a> {
    pub(super) fn new(
        site: &'a Site,
        options: &'a MarkdownOptions,
        highlighter: Option<&'a Highlighter>,
        renderer: Option<&'a Renderer<'a>>,
    ) -> Self {
        Self {
            site,
            options,
            highlighter,
            renderer,
            links: Links::new(site),
            has_anchor_link: site.has_template(ANCHOR_LINK),
            has_cutoff: site.has_template(SUMMARY_CUTOFF),
        }
    }

    /// A page's content, of the Markdown `source[body]`.
    pub(super) fn page(&self, id: PageId, source: &Source, body: &Range<usize>) -> Rendered {
        let file = File { source, body, ..self.file(Written::Page(id.0)) };
        self.convert(&file, |renderer| renderer.page_content(id, source, body))
    }

    /// A section's content, of the Markdown `source[body]`.
    pub(super) fn section(&self, id: SectionId, source: &Source, body: &Range<usize>) -> Rendered {
        let file = File { source, body, ..self.file(Written::Section(id.0)) };
        self.convert(&file, |renderer| renderer.section_content(id, source, body))
    }

    fn written(&self, one: Written) -> Rendered {
        let File { source, body, .. } = self.file(one);
        match one {
            Written::Page(id) => self.page(PageId(id), source, body),
            Written::Section(id) => self.section(SectionId(id), source, body),
        }
    }

    fn file(&self, one: Written) -> File<'a> {
        match one {
            Written::Page(id) => {
                let page = self.site.page(PageId(id));
                File {
                    source: &page.source,
                    body: &page.body,
                    relative: &page.relative,
                    path: &page.path,
                    lang: &page.lang,
                    section: page.ancestors.last().map(|id| self.site.section(*id)),
                    skips_templating: page.meta.skip_content_templating,
                }
            }
            Written::Section(id) => {
                let section = self.site.section(SectionId(id));
                File {
                    source: &section.source,
                    body: &section.body,
                    relative: &section.relative,
                    path: &section.path,
                    lang: &section.lang,
                    section: Some(section),
                    skips_templating: section.meta.skip_content_templating,
                }
            }
        }
    }

    /// What texts have the same of that become the same but for their links; `None` where more depends on the file.
    fn key(&self, file: &File<'_>) -> Option<ContentHash> {
        let text = file.text();
        let heading_links = self.heading_links(file);
        let asks_templates = self.has_cutoff
            || (self.has_anchor_link && heading_links != HeadingLinks::None)
            || self.is_template(file.relative, file.skips_templating, text);
        let heading_links = [heading_links as u8];
        (!asks_templates).then(|| ContentHash::of_parts([text.as_bytes(), file.lang.as_bytes(), &heading_links]))
    }

    fn portable(&self, file: &File<'_>) -> Option<Portable<'static>> {
        let text = Text { source: file.source, body: file.body.clone(), templated: None };
        Portable::render(&text, &self.options_of(file), self.highlighter)
    }

    fn placed(&self, portable: &Portable<'_>, file: &File<'_>) -> Option<Rendered> {
        portable.at(file.body.start, &self.resolver(file))
    }

    /// Whether what a file says is a template.
    pub(super) fn is_template(&self, relative: &str, own: Option<bool>, text: &str) -> bool {
        is_template(text) && self.site.templating.applies_to(relative, own)
    }

    fn convert(
        &self,
        file: &File<'a>,
        made: impl Fn(&Renderer<'_>) -> Result<Option<String>, Vec<Diagnostic>>,
    ) -> Rendered {
        let text = file.text();
        let is_template = || self.is_template(file.relative, file.skips_templating, text);
        let made = match self.renderer {
            Some(renderer) => made(renderer),
            None if is_template() => Err(Vec::new()),
            None => Ok(None),
        };
        match made {
            Ok(made) => self.markdown(file, made.as_deref()),
            Err(diagnostics) => Rendered { diagnostics, ..Rendered::default() },
        }
    }

    /// Where the links of a file lead.
    fn resolver(&self, file: &File<'a>) -> impl Fn(&str) -> Target + use<'_, 'a> {
        let File { relative, lang, .. } = *file;
        let url = file.path.to_url(&BasePath::root());
        let resolve_full = move |link: &str| match self.links.resolve(link, relative, lang) {
            // What lies beside the file is named from everywhere, because its text may stand elsewhere: in a list, in a
            // feed.
            Target::Unchanged if is_beside(link) => Target::Url(format!("{url}{}", link.trim_start_matches("./"))),
            target => target,
        };
        move |link: &str| match self.site.config.rules.without_alias(link) {
            Some(full) => resolve_full(&full),
            None if names_markdown(link) => self.unknown_alias(link),
            None => resolve_full(link),
        }
    }

    fn heading_links(&self, file: &File<'_>) -> HeadingLinks {
        let anchors = file.section.and_then(|section| section.meta.insert_anchor_links);
        anchors.map_or(self.options.heading_links, heading_links)
    }

    fn options_of(&self, file: &File<'_>) -> MarkdownOptions {
        MarkdownOptions { heading_links: self.heading_links(file), lang: file.lang.to_owned(), ..self.options.clone() }
    }

    fn markdown(&self, file: &File<'a>, templated: Option<&str>) -> Rendered {
        let resolve = self.resolver(file);
        let found = RefCell::new(Vec::new());
        let part = |made: Result<String, Vec<Diagnostic>>| {
            made.unwrap_or_else(|diagnostics| {
                found.borrow_mut().extend(diagnostics);
                String::new()
            })
        };
        let heading_link = |id: &str, level: u8| match self.renderer.filter(|_| self.has_anchor_link) {
            Some(renderer) => part(renderer.anchor_link(id, level, file.lang, file.path)),
            None => (Around::ALONE.heading_link)(id, level),
        };
        let cutoff = |summary: &str| match self.renderer.filter(|_| self.has_cutoff) {
            Some(renderer) => part(renderer.summary_cutoff(summary, file.lang, file.path)),
            None => (Around::ALONE.cutoff)(summary),
        };
        let options = self.options_of(file);
        let text = Text { source: file.source, body: file.body.clone(), templated };
        let around =
            Around { highlighter: self.highlighter, resolve: &resolve, heading_link: &heading_link, cutoff: &cutoff };
        let mut rendered = markdown::render(&text, &options, &around);
        rendered.diagnostics.extend(found.into_inner());
        rendered
    }

    fn unknown_alias(&self, link: &str) -> Target {
        let (message, help) = self.site.config.rules.unknown_alias(link);
        Target::Broken { message, help: Some(help) }
    }
}

/// Whether what is before its fragment ends as Markdown files do.
fn names_markdown(link: &str) -> bool {
    link.split(['#', '?']).next().and_then(|path| path.rsplit_once('.')).is_some_and(|(_, extension)| extension == "md")
}

/// Whether a link without a scheme names a file in the same folder or below it; what stands for a file that is not built yet
/// does not.
fn is_beside(link: &str) -> bool {
    let is_placeholder = placeholder::find(link).next().is_some_and(|one| one.span.start == 0);
    !is_placeholder && !link.starts_with(['/', '#', '?', '@']) && !link.starts_with("..")
}

pub(super) fn markdown_options(config: &load::Config) -> MarkdownOptions {
    let markdown = &config.markdown;
    let highlighting = markdown.highlighting.as_ref();
    MarkdownOptions {
        lang: String::new(),
        dialect: Dialect {
            github_alerts: markdown.github_alerts,
            smart_punctuation: markdown.smart_punctuation,
            definition_lists: markdown.definition_list,
            emoji: markdown.render_emoji,
        },
        heading_links: heading_links(markdown.insert_anchor_links),
        anchors: match config.slugify.anchors {
            Anchors::On => markdown::Anchors::Slug,
            Anchors::Off => markdown::Anchors::Text,
            Anchors::Github => markdown::Anchors::Github,
        },
        external_links: ExternalLinks {
            class: markdown.external_links_class.clone(),
            target_blank: markdown.external_links_target_blank,
            no_follow: markdown.external_links_no_follow,
            no_referrer: markdown.external_links_no_referrer,
            external: markdown.external_links_external,
        },
        lazy_images: markdown.lazy_async_image,
        bottom_footnotes: markdown.bottom_footnotes,
        data_attributes: match highlighting.map_or(DataAttrPosition::Code, |one| one.data_attr_position) {
            DataAttrPosition::Code => DataAttributes::Code,
            DataAttrPosition::Pre => DataAttributes::Pre,
            DataAttrPosition::Both => DataAttributes::Both,
            DataAttrPosition::None => DataAttributes::None,
        },
        strict_languages: highlighting.is_some_and(|one| one.error_on_missing_language),
        broken_links: match config.link_checker.internal {
            Severity::Error => BrokenLinks::Error,
            Severity::Warning => BrokenLinks::Warning,
        },
    }
}

fn heading_links(config: AnchorLinks) -> HeadingLinks {
    match config {
        AnchorLinks::None => HeadingLinks::None,
        AnchorLinks::Left => HeadingLinks::Left,
        AnchorLinks::Right => HeadingLinks::Right,
        AnchorLinks::Heading => HeadingLinks::Heading,
    }
}
