//! Places in pages to which sections lead that are redirects. What can be named in a page is known when it is drafted, so this
//! is not the plan's to check.

use super::drafts::Draft;
use crate::{
    diag::{Diagnostic, did_you_mean},
    load::Site,
    plan::{Origin, Plan, Target},
    site::{Mode, SitePath},
};

/// Says which of them are not there. `drafts` are in the order of their paths.
pub(super) fn lost(site: &Site, plan: &Plan, drafts: &[(SitePath, Draft)]) -> Vec<Diagnostic> {
    let checker = &site.config.link_checker;
    let mut told = Vec::new();
    // In a single-page app ids are made by its scripts.
    for section in site.sections.iter().filter(|_| site.config.mode != Mode::Spa) {
        let Some(to) = &section.meta.redirect_to else { continue };
        let Some(Origin::Redirect(Target::Path(path, behind))) = plan.routes.get(&section.path) else { continue };
        let Some((_, fragment)) = behind.split_once('#') else { continue };
        let Ok(at) = drafts.binary_search_by(|(known, _)| known.cmp(path)) else { continue };
        let Draft::Page(page) = &drafts[at].1 else { continue };
        let anchors = &page.references.anchors;
        if anchors.has(fragment) || checker.skips(&to.value) || checker.skips_anchor(&to.value) {
            continue;
        }
        let message = format!("there is no `#{fragment}` on `{path}` to redirect to");
        let mut diagnostic = Diagnostic::error_at(&section.source, to.span.clone(), message);
        diagnostic.severity = checker.internal;
        diagnostic.help = did_you_mean(fragment, anchors.names()).map(|near| format!("did you mean `#{near}`?"));
        told.push(diagnostic);
    }
    told
}
