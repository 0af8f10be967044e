//! A reload: all sources are read again, and what they say is taken over as a whole, or not at all. What a running server
//! cannot change is named, so that no one believes it was.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;

use super::{resolve, systemd, warn_of_fallback};
use crate::{
    cli::{
        diagnostics,
        settings::{Loaded, When},
    },
    diag::Diagnostic,
    observe::AccessLog,
    serve::{CertificateFiles, Look, Settings, Sites, Tls},
};

pub(super) struct Reloader {
    pub(super) load: Box<dyn Fn() -> Result<Loaded, Vec<Diagnostic>> + Send>,
    /// What is in force.
    pub(super) running: Loaded,
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) sites: Arc<Sites>,
    pub(super) look: Look,
    pub(super) tls: Option<Arc<Tls>>,
    /// The certificate we made.
    pub(super) own: Option<CertificateFiles>,
    pub(super) access_log: Option<Arc<AccessLog>>,
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Reloader {
    /// Reads and applies the settings, and tells what came of it.
    pub(super) fn reload(&mut self) {
        systemd::reloading();
        // A log that was moved away is begun anew, whatever the settings are.
        self.reopen_log();
        match self.apply() {
            Ok(()) => {
                tracing::info!("the settings are reloaded");
                systemd::ready("serving");
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    tracing::error!("{}", diagnostics::line(mistake));
                }
                tracing::error!(mistakes = mistakes.len(), "the settings stay as they were");
                systemd::ready("serving; the last reload was refused, see the log");
            }
        }
    }

    pub(super) fn reopen_log(&self) {
        if let Some(log) = &self.access_log {
            log.reopen();
        }
    }

    fn apply(&mut self) -> Result<(), Vec<Diagnostic>> {
        let loaded = (self.load)()?;
        let mut mistakes = Vec::new();
        let next = resolve::settings(&loaded.config, &loaded.origins, Some(&self.settings.load()));
        let next = next.map_err(|mut mistake| mistakes.append(&mut mistake));
        let certificates = resolve::certificates(&loaded.config, &loaded.origins, &mut mistakes);
        if let (Some(tls), true) = (&self.tls, mistakes.is_empty()) {
            // The last thing that can go wrong: it takes new certificates, or says why it keeps the old ones.
            let mut certificates = certificates.unwrap_or_default();
            certificates.certificates.extend(self.own.clone());
            if let Err(error) = tls.replace(certificates) {
                mistakes.push(Diagnostic::error("tls", error.to_string()));
            }
        }
        let (true, Ok(next)) = (mistakes.is_empty(), next) else { return Err(mistakes) };
        self.settings.store(Arc::new(next));
        let hosting = resolve::hosting(&loaded.config);
        self.sites.set_hosting(hosting.clone());
        self.look.now();
        warn_of_fallback(&self.sites, &hosting);
        for (name, was, is) in needs_restart(&self.running, &loaded) {
            tracing::warn!(setting = name, was, is, "this is taken over at the next start");
        }
        self.running = loaded;
        Ok(())
    }
}

/// What differs and is not taken over: its name, what it was and what it is.
fn needs_restart(running: &Loaded, loaded: &Loaded) -> Vec<(String, String, String)> {
    let values = |loaded: &Loaded| -> BTreeMap<String, String> {
        let fixed = loaded.shown().into_iter().filter(|shown| shown.when == When::Restart);
        fixed.map(|shown| (shown.name.clone(), shown.text())).collect()
    };
    let (was, is) = (values(running), values(loaded));
    let nothing = || "nothing".to_owned();
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let differing = names.into_iter().filter(|name| was.get(*name) != is.get(*name));
    differing
        .map(|name| {
            let value = |values: &BTreeMap<String, String>| values.get(name).cloned().unwrap_or_else(nothing);
            (name.clone(), value(&was), value(&is))
        })
        .collect()
}
