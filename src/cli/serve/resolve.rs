//! From settings to what a server is made of: each value is decided here, and what cannot be, all of it, is told.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::Path,
    sync::Arc,
    thread,
    time::Instant,
};

use crate::{
    cli::{
        log::{LogFormat, LogLevel},
        settings::{Certificate, Config, DevelopmentPlace, Listener, Loaded, Origins, Target},
    },
    diag::Diagnostic,
    map,
    observe::{self, LogConfig, Metering, Queries, Rotation},
    serve::{self, CertificateFiles, Choice, Front, Hosting, Hsts, Limits, LiveUpdates, Rates, Settings, TlsSettings},
    site::{Host, SiteName},
};

/// The port when none was asked for.
const PORT: u16 = 8080;

/// What to serve, and how: resolved, checked and complete.
#[derive(Debug)]
pub(in crate::cli) struct ServeConfig {
    /// What a reload may replace.
    pub(super) settings: Settings,
    pub(super) hosting: Hosting,
    pub(super) listen: Listen,
    /// `None` when no listener speaks TLS.
    pub(in crate::cli) tls: Option<TlsSettings>,
    /// A certificate is to be made.
    pub(super) self_signed: bool,
    /// Plain addresses redirect to the one that speaks TLS.
    pub(super) redirect: bool,
    /// The server before this one is to hand its sockets over.
    pub(super) replaces: bool,
    pub(super) choice: Choice,
    pub(super) threads: usize,
    pub(super) shards: usize,
    pub(super) admin: Option<SocketAddr>,
    pub(super) metering: Metering,
    pub(super) access_log: Option<LogConfig>,
    pub(in crate::cli) log_format: LogFormat,
    pub(in crate::cli) log_level: LogLevel,
    /// What is done for those who develop.
    pub(in crate::cli) development: Option<Development>,
    /// What it was made of, and whom to blame for what cannot be had.
    pub(in crate::cli) loaded: Loaded,
}

/// What a server does for those who develop.
#[derive(Debug)]
pub(in crate::cli) struct Development {
    pub(in crate::cli) live: Arc<LiveUpdates>,
    /// The sites there are sources of: no others are served, and these need not be built yet.
    pub(in crate::cli) sites: BTreeSet<SiteName>,
    /// What other machines call this one.
    pub(in crate::cli) machine: Option<Host>,
    /// Whether a person sits at it: it ends with their terminal.
    pub(in crate::cli) on_terminal: bool,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listen {
    /// There and nowhere else; the text names the setting that says so.
    At(Vec<Listener>, String),
    /// There, or at the next free port; with TLS where that is said.
    From(SocketAddr, bool),
}

impl ServeConfig {
    /// # Errors
    /// All settings that cannot be.
    pub(in crate::cli) fn resolve(loaded: Loaded) -> Result<Self, Vec<Diagnostic>> {
        let Loaded { config, origins, .. } = &loaded;
        let mut mistakes = Vec::new();
        let threads = config.threads.map_or_else(cores, NonZeroUsize::get);
        let tls = certificates(config, origins, &mut mistakes);
        let listen = listen(config, tls.is_some(), origins);
        let speaks_tls = match &listen {
            Listen::At(places, _) => places.iter().any(|place| place.tls),
            Listen::From(_, tls) => *tls,
        };
        if speaks_tls && tls.is_none() && mistakes.is_empty() {
            let message = "`tls` needs a certificate: set `tls.chain` and `tls.key`, or a table [[tls.certificate]], or for \
                           development `tls.self_signed`";
            mistakes.push(Diagnostic::error(origins.blame("listen"), message));
        }
        let settings = settings(config, origins, None).map_err(|mut mistake| mistakes.append(&mut mistake));
        let (true, Ok(settings)) = (mistakes.is_empty(), settings) else { return Err(mistakes) };
        Ok(Self {
            settings,
            hosting: hosting(config),
            listen,
            tls: tls.filter(|_| speaks_tls),
            self_signed: config.tls.self_signed,
            redirect: config.tls.redirect,
            replaces: false,
            choice: Choice {
                build: config.build.out.clone(),
                sites: config.only.iter().cloned().collect(),
                mode: config.mode,
                memory: config.cache.size.unwrap_or_else(memory),
                past: config.build.keep - 1,
            },
            threads,
            shards: config.cache.shards.map_or(threads * 4, NonZeroUsize::get),
            admin: config.admin.address,
            metering: if config.admin.metrics { Metering::On } else { Metering::Off },
            access_log: access_log(config),
            log_format: config.log.format,
            log_level: config.log.level,
            development: None,
            loaded,
        })
    }
}

/// What a reload replaces; `before` is what it was, so that clients still owe what they owed.
pub(super) fn settings(
    config: &Config,
    origins: &Origins,
    before: Option<&Settings>,
) -> Result<Settings, Vec<Diagnostic>> {
    let asked = config.max_connections.map(NonZeroUsize::get);
    // Each bundle keeps its file open.
    let bundles = map::sites(&config.build.out).map_or(0, |sites| sites.len()).saturating_mul(config.build.keep);
    let connections =
        connections(asked, origins, descriptors(Path::new("/")), bundles).map_err(|mistake| vec![*mistake])?;
    let rules = config.rate_limits.iter().cloned().filter_map(crate::cli::settings::Rate::rule).collect();
    let rates = before.and_then(|before| before.rates.as_ref());
    Ok(Settings {
        limits: Limits { connections, ..config.limits.clone() },
        front: if config.prod { Front::Nothing } else { Front::Index },
        trusted: config.trusted_proxies.clone(),
        hsts: config.tls.hsts.map(|max_age| Hsts {
            max_age,
            include_subdomains: config.tls.hsts_subdomains,
            preload: config.tls.hsts_preload,
        }),
        request_ids: config.log.request_ids,
        slow_request: config.log.slow_request,
        rates: Rates::renewed(rates, rules, config.rate_clients, Instant::now()),
    })
}

pub(super) fn hosting(config: &Config) -> Hosting {
    Hosting { local_names: !config.prod, ..config.hosting.clone() }
}

/// All certificates but the one we make ourselves; `None` when there are none and none is to be made.
pub(super) fn certificates(config: &Config, origins: &Origins, mistakes: &mut Vec<Diagnostic>) -> Option<TlsSettings> {
    let mut certificates = Vec::new();
    match (&config.tls.chain, &config.tls.key) {
        (Some(chain), Some(key)) => certificates.push(CertificateFiles { chain: chain.clone(), key: key.clone() }),
        (Some(_), None) => mistakes.push(Diagnostic::error(origins.blame("tls.chain"), "it needs `tls.key` beside it")),
        (None, Some(_)) => mistakes.push(Diagnostic::error(origins.blame("tls.key"), "it needs `tls.chain` beside it")),
        (None, None) => {}
    }
    let tables = config.tls.certificates.iter().cloned();
    certificates.extend(tables.map(|Certificate { chain, key }| CertificateFiles { chain, key }));
    (config.tls.self_signed || !certificates.is_empty()).then_some(TlsSettings { certificates })
}

fn listen(config: &Config, has_certificate: bool, origins: &Origins) -> Listen {
    let everywhere = |port| Listener::from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    let blame = origins.blame("listen");
    if !config.listen.is_empty() {
        let https = config.development.is_some_and(|place| place.https);
        let places = config.listen.iter().cloned().map(|place| Listener { tls: place.tls || https, ..place });
        Listen::At(places.collect(), blame)
    } else if config.prod && has_certificate {
        Listen::At(vec![everywhere(80), Listener { tls: true, ..everywhere(443) }], blame)
    } else if config.prod {
        Listen::At(vec![everywhere(PORT)], blame)
    } else {
        let place = config.development.unwrap_or(DevelopmentPlace { https: false, host: false });
        let address = if place.host { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        Listen::From((address, PORT).into(), place.https)
    }
}

fn access_log(config: &Config) -> Option<LogConfig> {
    let log = &config.access_log;
    let rotation = Rotation { size: log.rotate_size, every: log.rotate_every, keep: log.keep };
    Some(LogConfig {
        form: log.format,
        queries: if log.queries { Queries::Logged } else { Queries::LeftOut },
        target: match log.to.clone()? {
            Target::Stdout => observe::Target::Stdout,
            Target::File(path) => observe::Target::File(path, rotation),
        },
    })
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn memory() -> u64 {
    serve::memory::budget(serve::memory::read(Path::new("/")))
}

/// How many connections, given what was asked for, how many descriptors a process may have, and how many bundles there
/// may be.
fn connections(
    asked: Option<usize>,
    origins: &Origins,
    descriptors: Option<usize>,
    bundles: usize,
) -> Result<usize, Box<Diagnostic>> {
    /// Listeners, sockets of operators, logs, the next bundle.
    const OTHERS: usize = 64;
    let others = bundles.saturating_add(OTHERS);
    let most = descriptors.map_or(usize::MAX, |descriptors| descriptors.saturating_sub(others).max(1));
    match asked {
        Some(asked) if asked > most => {
            let descriptors = most.saturating_add(others);
            let message = format!(
                "{asked} is more than the {descriptors} file descriptors of this process allow: at most {most}"
            );
            let help = "`ulimit -n`, or LimitNOFILE= of a systemd unit, raises it";
            Err(Box::new(Diagnostic::error(origins.blame("limits.connections"), message).with_help(help)))
        }
        Some(asked) => Ok(asked),
        None => Ok(Limits::default().connections.min(most)),
    }
}

/// The soft limit on open files, where the system says it.
fn descriptors(root: &Path) -> Option<usize> {
    let limits = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser;

    use super::*;
    use crate::cli::{diagnostics, serve::ServeArgs, settings};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn resolve(line: &str) -> Result<ServeConfig, String> {
        let words = ["serve"].into_iter().chain(line.split_whitespace());
        let args = Line::try_parse_from(words).map_err(|error| error.to_string())?.serve;
        let loaded = settings::load(Config::default(), &args.settings, &BTreeMap::new());
        let config = loaded.and_then(ServeConfig::resolve);
        config.map_err(|mistakes| mistakes.iter().map(diagnostics::line).collect::<String>())
    }

    #[test]
    fn where_to_listen() {
        let files = "--tls-chain c.pem --tls-key k.pem";
        for (line, places, front) in [
            ("", None, Front::Index),
            ("--dev", None, Front::Index),
            (files, None, Front::Index),
            ("--prod", Some("0.0.0.0:8080"), Front::Nothing),
            (&format!("--prod {files}"), Some("0.0.0.0:80, 0.0.0.0:443 tls"), Front::Nothing),
            ("--addr 127.0.0.1:8080", Some("127.0.0.1:8080"), Front::Index),
            ("--addr localhost:0,unix:/x", Some("127.0.0.1:0, unix:/x mode=660"), Front::Index),
            ("--prod --addr [::1]:80 --addr [::1]:81", Some("[::1]:80, [::1]:81"), Front::Nothing),
        ] {
            let config = resolve(line).unwrap();
            let found = match config.listen {
                Listen::At(places, _) => Some(places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
                Listen::From(address, tls) => {
                    assert!(!tls);
                    assert_eq!(address, SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
                    None
                }
            };
            assert_eq!((found.as_deref(), config.settings.front), (places, front), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant() {
        for (line, part) in [
            ("--prod --dev", "--dev"),
            ("--spa --traditional", "--traditional"),
            ("--addr 8080", "such as 127.0.0.1:8080"),
            ("--site Docs", "lower-case"),
            ("--cache-size big", "64MB"),
            ("--cache-size 99999999999TB", "64MB"),
            ("--header-timeout 0s", "above 0"),
            ("--header-timeout 5", "500ms"),
            ("--threads 0", "--threads"),
            ("--max-connections 99999999999", "file descriptors"),
            ("--tls-chain c.pem", "`tls.key`"),
            ("--tls-key k.pem", "`tls.chain`"),
        ] {
            let error = resolve(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn connections_that_descriptors_allow() {
        for (asked, descriptors, bundles, expected) in [
            (None, None, 5, 10_000),
            (None, Some(1024), 0, 960),
            (None, Some(1024), 50, 910),
            (None, Some(1024), usize::MAX, 1),
            (None, Some(1_000_000), 5, 10_000),
            (Some(500), Some(1024), 5, 500),
            (Some(50_000), Some(1_000_000), 5, 50_000),
        ] {
            assert_eq!(connections(asked, &Origins::default(), descriptors, bundles).unwrap(), expected);
        }
        assert!(connections(Some(1000), &Origins::default(), Some(1024), 0).is_err());
    }
}
