//! Decides the header fields of every answer: how long it is fresh, what a browser may do with it, and what the author's
//! rules say of its path. The packer derives the rest from the bodies.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use super::{outputs::Output, preload};
use crate::{
    load::{CacheRule, Change, Config, Lifetime, PolicyMode, SiteRules},
    site::{BasePath, Field, MediaType, Mode, SitePath},
    transform::policy::{self, Needs, Surroundings},
};

/// What the fields of a site's answers are decided by.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    rules: &'a SiteRules,
    mode: Mode,
    site: Surroundings,
    routes: &'a BTreeMap<SitePath, Output>,
    base: &'a BasePath,
    /// The policies of pages by what these need: most need the same.
    policies: Mutex<HashMap<Needs, Arc<str>>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(config: &'a Config, routes: &'a BTreeMap<SitePath, Output>, base: &'a BasePath) -> Self {
        let mut style_sheets = Needs::default();
        for sheet in routes.values().filter(|output| output.media == MediaType::CSS) {
            sheet.needs.iter().for_each(|needs| style_sheets.merge(needs));
        }
        let site = Surroundings {
            style_sheets,
            is_app: config.mode == Mode::Spa,
            has_wasm: routes.values().any(|output| output.media.as_str() == "application/wasm"),
            origin: config.base_url.as_deref().and_then(origin),
        };
        Self { rules: &config.rules, mode: config.mode, site, routes, base, policies: Mutex::default() }
    }

    /// All fields of the answer at `path`, sorted.
    pub(super) fn of(&self, path: &SitePath, output: &Output) -> Vec<Field> {
        let mut fields = vec![Field::new("cache-control", self.cache_control(path.as_str(), output.is_fingerprinted))];
        if output.status == 200 {
            fields.push(Field::new("content-type", output.media.as_str()));
        }
        fields.push(Field::new("x-content-type-options", "nosniff"));
        if output.is_page {
            self.secure(output.needs.as_deref(), &mut fields);
            let fonts = self.rules.preload_fonts;
            let loads = output.loads.as_deref();
            let link = loads.and_then(|page| preload::link(path, page, self.routes, self.base, fonts));
            fields.extend(link.map(|link| Field::new("link", link)));
        }
        fields.extend(output.fields.iter().cloned());
        for rule in &self.rules.fields {
            if rule.paths.iter().any(|pattern| pattern.matches(path.as_str())) {
                rule.changes.iter().for_each(|change| apply(change, &mut fields));
            }
        }
        fields.sort();
        fields
    }

    /// A name that is not a fingerprint may mean other bytes after the next build, so unless the author says otherwise
    /// every answer is stored and revalidated (RFC 9111 §5.2.2.4), which its validator makes cheap. A fingerprint never
    /// means other bytes.
    fn cache_control(&self, path: &str, is_fingerprinted: bool) -> String {
        let is_protected = self.rules.is_protected(path);
        let matching = |rule: &&CacheRule| rule.paths.iter().any(|pattern| pattern.matches(path));
        match self.rules.cache.iter().find(matching) {
            Some(rule) => rule.lifetime.cache_control(is_protected),
            None if is_fingerprinted => Lifetime::FOR_GOOD.cache_control(is_protected),
            None if is_protected => "private, no-cache".to_owned(),
            None => "no-cache".to_owned(),
        }
    }

    /// What a document may do, and what others may do with it.
    fn secure(&self, needs: Option<&Needs>, fields: &mut Vec<Field>) {
        let opener = match self.mode {
            Mode::Traditional => "same-origin",
            // An app may let its reader sign in in a window of somebody else's.
            Mode::Spa => "same-origin-allow-popups",
        };
        fields.push(Field::new("cross-origin-opener-policy", opener));
        fields.push(Field::new("permissions-policy", PERMISSIONS));
        fields.push(Field::new("referrer-policy", "strict-origin-when-cross-origin"));
        let settings = &self.rules.policy;
        // For browsers that do not know `frame-ancestors`, where it can say the same.
        let framed_by = settings.directive("frame-ancestors").unwrap_or_default();
        if framed_by == ["'none'"] {
            fields.push(Field::new("x-frame-options", "DENY"));
        } else if framed_by.iter().all(|source| source == "'self'") {
            fields.push(Field::new("x-frame-options", "SAMEORIGIN"));
        }
        let (name, needs) = match (settings.mode, needs) {
            (PolicyMode::Off, _) | (_, None) => return,
            (PolicyMode::Enforce, Some(needs)) => ("content-security-policy", needs),
            (PolicyMode::ReportOnly, Some(needs)) => ("content-security-policy-report-only", needs),
        };
        let mut value = self.policy(needs).to_string();
        if let Some(url) = &settings.report_to {
            value.extend(["; report-uri ", url, "; report-to csp"]);
            fields.push(Field::new("reporting-endpoints", format!("csp=\"{url}\"")));
        }
        fields.push(Field::new(name, value));
    }

    fn policy(&self, needs: &Needs) -> Arc<str> {
        let policies = || self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = policies().get(needs) {
            return Arc::clone(known);
        }
        let made: Arc<str> = policy::policy(needs, &self.site, &self.rules.policy).into();
        Arc::clone(policies().entry(needs.clone()).or_insert(made))
    }
}

/// What a page of a site hardly ever asks for, and what runs in it by mistake should not get.
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

fn apply(change: &Change, fields: &mut Vec<Field>) {
    match change {
        Change::Set(field) => {
            fields.retain(|one| one.name != field.name);
            fields.push(field.clone());
        }
        Change::Append(field) => fields.push(field.clone()),
        Change::Remove(name) => fields.retain(|one| one.name != *name),
    }
}

/// Scheme and host of a URL.
fn origin(url: &str) -> Option<String> {
    let host = url.find("://")? + "://".len();
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    Some(url[..end].to_ascii_lowercase())
}
