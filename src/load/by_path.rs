//! Holds what the configuration says of pages by their paths to the templates and folders there are, and gives pages the
//! templates it chose for them. What a page or its section says itself comes first.

use std::collections::BTreeSet;

use super::{Section, Site, Spanned, content::folder_of};
use crate::diag::{Diagnostic, did_you_mean};

/// Gives templates, and says which are not there.
pub(super) fn give_templates(site: &mut Site, diagnostics: &mut Vec<Diagnostic>) {
    let rules = site.config.rules.pages.clone();
    let mut known = |template: &Option<Spanned<String>>| {
        let template = template.clone()?;
        if site.has_template(&template.value) {
            return Some(template);
        }
        let message = format!("there is no template `{}`", template.value);
        let names: BTreeSet<&str> = site.templates.iter().map(|template| template.name.as_str()).collect();
        let help = match did_you_mean(&template.value, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("templates are looked for in `{}/templates/`", site.root),
        };
        diagnostics.push(Diagnostic::error_at(&site.config.rules.source, template.span, message).with_help(help));
        None
    };
    let known: Vec<_> = rules.iter().map(|rule| (rule, known(&rule.template), known(&rule.section_template))).collect();
    for page in site.pages.iter_mut().filter(|page| page.template.is_none()) {
        let mut matching = known.iter().filter(|(rule, ..)| rule.matches(page.path.as_str()));
        page.template = matching.find_map(|(_, template, _)| template.clone());
    }
    for section in site.sections.iter_mut().filter(|section| section.meta.template.is_none()) {
        let mut matching = known.iter().filter(|(rule, ..)| rule.matches(section.path.as_str()));
        section.meta.template = matching.find_map(|(.., template)| template.clone());
    }
}

/// Says which content aliases stand for folders that are not there.
pub(super) fn check_aliases(site: &Site, diagnostics: &mut Vec<Diagnostic>) {
    let pages = site.pages.iter().map(|page| page.relative.as_str());
    let sections =
        site.sections.iter().filter(|section| section.written).map(|Section { relative, .. }| relative.as_str());
    let folders: BTreeSet<&str> = pages
        .chain(sections)
        .flat_map(|relative| {
            std::iter::successors(Some(folder_of(relative)), |folder| {
                Some(folder_of(folder)).filter(|_| !folder.is_empty())
            })
        })
        .collect();
    for alias in &site.config.rules.content_aliases {
        let folder = alias.folder.value.as_str();
        if folders.contains(folder) {
            continue;
        }
        let message = format!("there is no folder `{folder}` with pages in `content/`");
        let error = Diagnostic::error_at(&site.config.rules.source, alias.folder.span.clone(), message);
        diagnostics.push(match did_you_mean(folder, folders.iter().copied()) {
            Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
            None => error.with_help("a content alias stands for a folder, relative to `content/`"),
        });
    }
}
