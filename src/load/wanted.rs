//! Templates that content asks for, and whether someone wrote them.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
};

use super::{Site, Spanned};
use crate::diag::{Diagnostic, Source, did_you_mean};

/// Templates that content asks for and nobody wrote. Defaults are one diagnostic together, a name that an author chose
/// is one of its own, where it was chosen first.
pub(super) fn require(site: &mut Site, diagnostics: &mut Vec<Diagnostic>) {
    // A homepage that nobody wrote is made only when there is a template for it.
    if !site.sections[0].written && !site.has_template("index.html") {
        site.sections[0].meta.render = false;
    }
    let site = &*site;
    let prefix = site.theme_prefix();
    let unprefixed = |name| prefix.as_ref().and_then(|prefix| str::strip_prefix(name, prefix.as_str()));
    let names = || site.templates.iter().map(|template| template.name.as_str());
    let known: HashSet<&str> = names().chain(names().filter_map(unprefixed)).collect();

    let mut defaults: BTreeMap<&str, Wanted<'_>> = BTreeMap::new();
    let mut chosen: BTreeMap<&str, Wanted<'_>> = BTreeMap::new();
    for (source, named, name) in wanted_templates(site).filter(|(.., name)| !known.contains(name)) {
        let place = named.map_or(0..0, |named| named.span.clone());
        let group = if named.is_some() { &mut chosen } else { &mut defaults };
        group.entry(name).or_insert(Wanted { source, place, count: 0 }).count += 1;
    }
    for (name, wanted) in chosen {
        let help = match did_you_mean(name, known.iter().copied().collect::<BTreeSet<_>>()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("templates are looked for in `{}`", template_folders(site)),
        };
        let message = format!("there is no template `{name}`");
        let diagnostic = Diagnostic::error_at(wanted.source, wanted.place.clone(), message).with_help(help);
        diagnostics.push(if wanted.count > 1 {
            diagnostic.traced(format!("for {}", wanted.who()))
        } else {
            diagnostic
        });
    }
    if defaults.is_empty() {
        return;
    }
    let names: Vec<_> = defaults.keys().map(|name| format!("`{name}`")).collect();
    let diagnostic = Diagnostic::error(
        format!("{}/templates", site.root),
        format!("content needs templates that are not there: {}", names.join(", ")),
    );
    let diagnostic = defaults
        .iter()
        .fold(diagnostic, |diagnostic, (name, wanted)| diagnostic.traced(format!("`{name}` is for {}", wanted.who())));
    let (of_terms, of_content): (Vec<&str>, Vec<&str>) =
        defaults.keys().copied().partition(|name| name.starts_with("taxonomy_"));
    let mut given = Vec::new();
    if !of_content.is_empty() {
        given.push("a section gets `section`, a page gets `page`, as in `{{ page.content }}`");
    }
    if !of_terms.is_empty() {
        given.push("the list of a taxonomy gets `terms`, a term gets `term`, as in `{{ term.name }}`");
    }
    let help = format!("write them in `{}`: {}", template_folders(site), given.join("; "));
    diagnostics.push(diagnostic.with_help(help));
}

/// Who asks for a template that is not there.
struct Wanted<'a> {
    /// Where it is named, or for a default, the first that needs it.
    source: &'a Source,
    place: Range<usize>,
    count: usize,
}

impl Wanted<'_> {
    fn who(&self) -> String {
        match self.count {
            1 => self.source.path.to_string(),
            count => format!("{} and {} more", self.source.path, count - 1),
        }
    }
}

/// The file that names a template, the place where it does, and the template, of everything that is rendered. A default
/// has no place.
fn wanted_templates(site: &Site) -> impl Iterator<Item = (&Source, Option<&Spanned<String>>, &str)> {
    let sections = site.sections.iter().filter(|section| section.is_rendered());
    let sections = sections.map(|section| (&section.source, section.meta.template.as_ref(), section.template_name()));
    let pages = site.pages.iter().filter(|page| page.meta.render).map(|page| {
        let inherited = || {
            let above = page.ancestors.iter().rev().map(|&id| site.section(id));
            above.filter(|section| section.meta.page_template.is_some()).map(|section| &section.source).next()
        };
        let source = if page.meta.template.is_some() { None } else { inherited() };
        (source.unwrap_or(&page.source), page.template.as_ref(), page.template_name())
    });
    let taxonomies = site.rendered_taxonomies().flat_map(|(_, taxonomy)| {
        let templates = [&taxonomy.list_template, &taxonomy.single_template];
        templates.map(|template| (&site.config.source, None, template.as_str()))
    });
    sections.chain(pages).chain(taxonomies)
}

fn template_folders(site: &Site) -> String {
    let theme = site.config.theme.as_ref();
    let own = format!("{}/templates/", site.root);
    theme.map_or(own.clone(), |theme| format!("{own}` and `{}/themes/{}/templates/", site.root, theme.value))
}
