//! Every Markdown file of a site to HTML, once, before any template asks for it.

use std::ops::Range;

use rayon::prelude::*;

use super::{Progress, Stage, links::Links};
use crate::{
    diag::Source,
    load::{self, AnchorLinks, Page, Section, Site},
    transform::{
        highlight::Highlighter,
        markdown::{self, Dialect, ExternalLinks, HeadingLinks, MarkdownOptions},
        render::Contents,
    },
};

pub(super) fn convert(site: &Site, options: &MarkdownOptions, progress: &dyn Progress) -> Contents {
    let links = Links::new(site);
    let highlighter = site.config.markdown.highlighting.as_ref().map(|_| Highlighter::new());
    let files = site.pages.len() + site.sections.iter().filter(|section| section.written).count();
    if files > 0 {
        progress.begin(Stage::Markdown, files);
    }
    let convert = |source: &Source, body: &Range<usize>, relative: &str, of: Option<&Section>| {
        let anchors = of.and_then(|section| section.meta.insert_anchor_links);
        let heading_links = anchors.map_or(options.heading_links, heading_links);
        let options = MarkdownOptions { heading_links, ..options.clone() };
        let resolve = |link: &str| links.resolve(link, relative);
        let rendered = markdown::render(source, body.clone(), &options, highlighter.as_ref(), &resolve);
        progress.step();
        rendered
    };
    let page = |page: &Page| {
        convert(&page.source, &page.body, &page.relative, page.ancestors.last().map(|id| site.section(*id)))
    };
    let section = |section: &Section| convert(&section.source, &section.body, &section.relative, Some(section));
    let (pages, sections) =
        rayon::join(|| site.pages.par_iter().map(page).collect(), || site.sections.par_iter().map(section).collect());
    Contents { pages, sections }
}

pub(super) fn markdown_options(config: &load::Markdown) -> MarkdownOptions {
    MarkdownOptions {
        dialect: Dialect {
            github_alerts: config.github_alerts,
            smart_punctuation: config.smart_punctuation,
            definition_lists: config.definition_list,
        },
        heading_links: heading_links(config.insert_anchor_links),
        external_links: ExternalLinks {
            target_blank: config.external_links_target_blank,
            no_follow: config.external_links_no_follow,
            no_referrer: config.external_links_no_referrer,
        },
        lazy_images: config.lazy_async_image,
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
