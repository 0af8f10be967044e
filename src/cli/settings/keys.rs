//! All settings. This table is the only place that knows which there are: the file's reader, the flags, the JSON Schema,
//! `sitekit check` and the manual's reference are made of it.
//!
//! A setting more is a field of [`Config`] (or of a struct in it, such as `serve::Limits`) and a line in [`KEYS`].

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    form::{
        Address, Choice, Count, Folder, HostName, List, Maybe, Name, Network, OneOf, Setting, Size, Switch, Text, Time,
        Word,
    },
    group::Group,
    key::{Face, Key, When, key},
    places::{CERTIFICATES, Certificate, ListenAt, Listener},
    rates::{RATE_LIMITS, Rate},
    sites::SITES,
};
use crate::{
    cli::log::{LogFormat, LogLevel},
    observe::Form,
    pack,
    serve::{CLIENTS, Hosting, Limits},
    site::{Mode, SiteName},
};

/// All settings as they were set; what was not is the default, or `None` where that is decided later.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Config {
    pub(in crate::cli) prod: bool,
    pub(in crate::cli) listen: Vec<Listener>,
    pub(in crate::cli) only: Vec<SiteName>,
    pub(in crate::cli) mode: Option<Mode>,
    pub(in crate::cli) threads: Option<NonZeroUsize>,
    pub(in crate::cli) trusted_proxies: Vec<IpNet>,
    pub(in crate::cli) hosting: Hosting,
    pub(in crate::cli) build: Building,
    pub(in crate::cli) admin: Admin,
    pub(in crate::cli) cache: Caching,
    pub(in crate::cli) max_connections: Option<NonZeroUsize>,
    pub(in crate::cli) limits: Limits,
    pub(in crate::cli) rate_limits: Vec<Rate>,
    /// Clients a rate limit has room for.
    pub(in crate::cli) rate_clients: NonZeroUsize,
    pub(in crate::cli) tls: Tls,
    pub(in crate::cli) log: Logging,
    pub(in crate::cli) access_log: AccessLogging,
    /// Where `sitekit dev` listens unless an address was asked for. No key sets it: only its flags do.
    pub(in crate::cli) development: Option<DevelopmentPlace>,
}

/// What the flags of `sitekit dev` say of where it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct DevelopmentPlace {
    pub(in crate::cli) https: bool,
    /// To the network, not to this machine alone.
    pub(in crate::cli) host: bool,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "settings as they are written; `Hsts` and `TlsSettings` travel on")]
pub(in crate::cli) struct Tls {
    /// The one certificate that can be named by flags.
    pub(in crate::cli) chain: Option<PathBuf>,
    pub(in crate::cli) key: Option<PathBuf>,
    pub(in crate::cli) certificates: Vec<Certificate>,
    pub(in crate::cli) redirect: bool,
    pub(in crate::cli) self_signed: bool,
    pub(in crate::cli) hsts: Option<Duration>,
    pub(in crate::cli) hsts_subdomains: bool,
    pub(in crate::cli) hsts_preload: bool,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct AccessLogging {
    pub(in crate::cli) to: Option<Target>,
    pub(in crate::cli) format: Form,
    pub(in crate::cli) queries: bool,
    pub(in crate::cli) rotate_size: Option<NonZeroU64>,
    pub(in crate::cli) rotate_every: Option<Duration>,
    pub(in crate::cli) keep: NonZeroU32,
}

/// Where an access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Target {
    Stdout,
    File(PathBuf),
}

#[derive(Debug)]
struct LogTarget;

impl Word<LogTarget> for Target {
    fn form() -> super::form::Form {
        let example = "/var/log/sitekit/access.log";
        super::form::Form::Text(Text { name: "FILE", what: "a file, or `stdout`", example, path: Some("stdout") })
    }

    fn parse(word: &str) -> Result<Self, String> {
        match word {
            "" => Err("a path has at least one character".to_owned()),
            "stdout" => Ok(Self::Stdout),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl Choice for Form {
    const ALL: &'static [(&'static str, Self)] = &[("json", Self::Json), ("combined", Self::Combined)];
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Building {
    /// The folder of the bundles.
    pub(in crate::cli) out: PathBuf,
    /// The folder of the sites' folders.
    pub(in crate::cli) sites: PathBuf,
    pub(in crate::cli) profile: BuildProfile,
    pub(in crate::cli) concurrency: Option<NonZeroUsize>,
    /// Of the compressed bodies, in bytes.
    pub(in crate::cli) cache_limit: u64,
    /// Generations, the live one among them.
    pub(in crate::cli) keep: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum BuildProfile {
    Dev,
    Prod,
}

impl Choice for BuildProfile {
    const ALL: &'static [(&'static str, Self)] = &[("prod", Self::Prod), ("dev", Self::Dev)];
}

impl Choice for Mode {
    const ALL: &'static [(&'static str, Self)] = &[("traditional", Self::Traditional), ("spa", Self::Spa)];
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Admin {
    pub(in crate::cli) address: Option<SocketAddr>,
    pub(in crate::cli) metrics: bool,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Caching {
    pub(in crate::cli) size: Option<u64>,
    pub(in crate::cli) shards: Option<NonZeroUsize>,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Logging {
    pub(in crate::cli) format: LogFormat,
    pub(in crate::cli) level: LogLevel,
    pub(in crate::cli) request_ids: bool,
    pub(in crate::cli) slow_request: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            prod: false,
            listen: Vec::new(),
            only: Vec::new(),
            mode: None,
            threads: None,
            trusted_proxies: Vec::new(),
            hosting: Hosting { www: true, ..Hosting::default() },
            build: Building {
                out: PathBuf::from("build"),
                sites: PathBuf::from("sites"),
                profile: BuildProfile::Prod,
                concurrency: None,
                cache_limit: 1_000_000_000,
                keep: pack::KEEP,
            },
            admin: Admin { address: None, metrics: true },
            cache: Caching { size: None, shards: None },
            max_connections: None,
            limits: Limits::default(),
            rate_limits: Vec::new(),
            rate_clients: CLIENTS,
            tls: Tls {
                chain: None,
                key: None,
                certificates: Vec::new(),
                redirect: true,
                self_signed: false,
                hsts: None,
                hsts_subdomains: false,
                hsts_preload: false,
            },
            log: Logging {
                format: LogFormat::default(),
                level: LogLevel::default(),
                request_ids: false,
                slow_request: None,
            },
            access_log: AccessLogging {
                to: None,
                format: Form::Json,
                queries: true,
                rotate_size: NonZeroU64::new(100_000_000),
                rotate_every: None,
                keep: NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN),
            },
            development: None,
        }
    }
}

type Table = Config;

const BUILD: &[Face] = &[Face::Build, Face::Dev];

/// In the order they are shown.
pub(super) const KEYS: &[Key<Config>] = &[
    key!("prod": Switch = prod, "For the internet: listens on all addresses, and `/` shows no list of sites")
        .switches(&[("prod", "true"), ("dev", "false")]),
    key!("listen": List<ListenAt> = listen, "Where to listen: an address with `tls` behind it for https and `proxy` for the PROXY protocol, or `unix:PATH mode=660`; port 0 is any free port")
        .flag("addr")
        .when_unset("127.0.0.1:8080 or the next free port; with `prod` 0.0.0.0:8080, and with a certificate 0.0.0.0:80 and 0.0.0.0:443 tls")
        .on(&[Face::Serve, Face::Dev]),
    key!("only": List<Name> = only, "Serve these sites only")
        .flag("site")
        .when_unset("all")
        .on(&[Face::Serve, Face::Dev, Face::Build]),
    key!("mode": Maybe<OneOf> = mode, "Treat every site as a single-page app (unknown paths that look like pages get the shell) or as a multi-page one (unknown paths are 404)")
        .switches(&[("spa", "spa"), ("traditional", "traditional")])
        .when_unset("each site’s own"),
    key!("threads": Maybe<Count> = threads, "Threads that serve").flag("threads").when_unset("one per core"),
    key!("trusted_proxies": List<Network> = trusted_proxies, "Networks of proxies that are believed when they say for whom they speak")
        .flag("trusted-proxy")
        .when_unset("none")
        .reloads(),
    key!("default_hosts": List<HostName> = hosting.defaults, "Hosts of the server itself, where sites without hosts of their own are below their names; others are 421")
        .flag("default-host")
        .when_unset("every host that no site claims")
        .reloads(),
    key!("default_site": Maybe<Name> = hosting.fallback, "The site that answers on hosts that are nobody’s; it must have hosts of its own")
        .flag("default-site")
        .when_unset("none")
        .reloads(),
    key!("www": Switch = hosting.www, "Redirect `www.example.com` to a site’s `example.com`, or the other way round, unless both are claimed")
        .flag("www")
        .reloads(),
    key!("build.out": Folder = build.out, "Folder the bundles are in")
        .flag("build")
        .alias("out")
        .on(&[Face::Serve, Face::Dev, Face::Build, Face::Look]),
    key!("build.sites": Folder = build.sites, "Folder that holds the sites").flag("sites").on(&[Face::Build, Face::Dev, Face::New]),
    key!("build.profile": OneOf = build.profile, "`prod` compresses at the highest level, `dev` does not compress")
        .flag("profile")
        .on(&[Face::Build]),
    key!("build.concurrency": Maybe<Count> = build.concurrency, "Threads to build with")
        .flag("concurrency")
        .when_unset("all cores")
        .on(BUILD),
    key!("build.cache_limit": Size = build.cache_limit, "How much the cache of compressed bodies may hold")
        .flag("cache-limit")
        .on(&[Face::Build]),
    key!("build.keep": Count = build.keep, "Generations of a site that are kept, to go back to and to answer for files a page of theirs asks for; the live one is one of them")
        .flag("keep")
        .on(&[Face::Build, Face::Dev, Face::Serve]),
    key!("admin.address": Maybe<Address> = admin.address, "Address for operators: /metrics (Prometheus), /stats.json, /healthz and /readyz")
        .flag("admin-addr")
        .when_unset("none"),
    key!("admin.metrics": Switch = admin.metrics, "Count and time requests").switches(&[("no-metrics", "false")]),
    key!("cache.size": Maybe<Size> = cache.size, "Memory for bodies")
        .flag("cache-size")
        .when_unset("three quarters of what the machine or control group has left"),
    key!("cache.shards": Maybe<Count> = cache.shards, "Parts of the cache that are locked apart")
        .flag("cache-shards")
        .when_unset("four per thread"),
    key!("limits.connections": Maybe<Count> = max_connections, "Connections open at once; one more takes the place of one that has no request, or is answered 503")
        .flag("max-connections")
        .when_unset("10000, or what file descriptors allow")
        .reloads(),
    key!("limits.connections_per_address": Count = limits.connections_per_address, "Of these, from one client address, or from one IPv6 /64; one more is answered 503")
        .flag("max-connections-per-address")
        .reloads(),
    key!("limits.handshake_timeout": Time = limits.handshake_timeout, "Time for what comes before HTTP: the TLS handshake, a PROXY protocol header")
        .flag("handshake-timeout")
        .reloads(),
    key!("limits.header_timeout": Time = limits.header_timeout, "Time for a request’s head").flag("header-timeout").reloads(),
    key!("limits.body_timeout": Time = limits.body_timeout, "Time for a request’s body").flag("body-timeout").reloads(),
    key!("limits.idle_timeout": Time = limits.idle_timeout, "Time between two requests of a connection")
        .flag("idle-timeout")
        .reloads(),
    key!("limits.write_timeout": Time = limits.write_timeout, "A client that takes less than 128 bytes per second of an answer over this time is let go")
        .flag("write-timeout")
        .reloads(),
    key!("limits.request_timeout": Time = limits.request_timeout, "From the end of a request’s head to the last byte of its answer, at whatever pace")
        .flag("request-timeout")
        .reloads(),
    key!("limits.grace": Time = limits.grace, "Time to finish what is in flight when stopping").flag("grace").reloads(),
    key!("limits.requests": Count = limits.requests, "Requests on one connection; the answer to the last one closes it")
        .flag("max-requests")
        .reloads(),
    key!("limits.streams": Count = limits.streams, "Streams open at once on one connection of HTTP/2").flag("max-streams").reloads(),
    key!("limits.resets": Count = limits.resets, "Streams of HTTP/2 a client may reset on one connection before it is told to open another")
        .flag("max-resets")
        .reloads(),
    key!("limits.head_bytes": Size = limits.head_bytes, "Size of a request’s head; more is 431").flag("max-head").reloads(),
    key!("limits.fields": Count = limits.fields, "Fields of a request’s head; more is 431").flag("max-fields").reloads(),
    key!("limits.body_bytes": Size = limits.body_bytes, "Size of a request’s body; more is 413").flag("max-body").reloads(),
    key!("limits.rate_clients": Count = rate_clients, "Clients that rate limits remember at the same time")
        .flag("rate-clients")
        .reloads(),
    key!("tls.chain": Maybe<Folder> = tls.chain, "PEM file with the certificate, when there is only one")
        .flag("tls-chain")
        .when_unset("none")
        .reloads(),
    key!("tls.key": Maybe<Folder> = tls.key, "PEM file with its private key").flag("tls-key").when_unset("none").reloads(),
    key!("tls.redirect": Switch = tls.redirect, "Where there is a TLS address, plain ones redirect to it").flag("tls-redirect"),
    key!("tls.self_signed": Switch = tls.self_signed, "For development: make a certificate for this machine and the hosts of the sites, and keep it in the build folder")
        .flag("self-signed"),
    key!("tls.hsts": Maybe<Time> = tls.hsts, "Tell browsers to ask by https alone for so long (`Strict-Transport-Security`); it cannot be taken back before that time")
        .flag("hsts")
        .when_unset("none")
        .reloads(),
    key!("tls.hsts_subdomains": Switch = tls.hsts_subdomains, "The same for all hosts below")
        .flag("hsts-subdomains")
        .reloads(),
    key!("tls.hsts_preload": Switch = tls.hsts_preload, "Let browsers be built with it; hstspreload.org wants a year and all subdomains with it")
        .flag("hsts-preload")
        .reloads(),
    key!("log.format": OneOf = log.format, "Form of the logs on standard error: for people, or one JSON object per line")
        .flag("log-format")
        .on(&[Face::Serve, Face::Dev]),
    key!("log.level": OneOf = log.level, "Least important thing to log; `debug` tells of each request")
        .flag("log-level")
        .on(&[Face::Serve, Face::Dev]),
    key!("log.request_ids": Switch = log.request_ids, "Name each request in its answer, as `X-Request-Id`")
        .flag("request-ids")
        .reloads(),
    key!("log.slow_request": Maybe<Time> = log.slow_request, "Log what an answer waited for when it took longer than this")
        .flag("slow-request")
        .when_unset("none")
        .reloads(),
    key!("access_log.to": Maybe<LogTarget> = access_log.to, "File for one line per request, or `stdout`; SIGHUP opens it again")
        .flag("access-log")
        .when_unset("none"),
    key!("access_log.format": OneOf = access_log.format, "Form of the lines").flag("access-log-format"),
    key!("access_log.queries": Switch = access_log.queries, "Log query strings, which may hold what is nobody’s business")
        .flag("access-log-queries"),
    key!("access_log.rotate_size": Maybe<Size> = access_log.rotate_size, "Put the file aside before it grows longer than this")
        .flag("access-log-rotate-size"),
    key!("access_log.rotate_every": Maybe<Time> = access_log.rotate_every, "Put the file aside each time this much has passed since 1970 began: `24h` is at midnight UTC")
        .flag("access-log-rotate-every")
        .when_unset("never"),
    key!("access_log.keep": Count = access_log.keep, "Files put aside that are kept").flag("access-log-keep"),
];

/// In the order they are shown, after the keys.
pub(super) const GROUPS: &[Group] = &[SITES, CERTIFICATES, RATE_LIMITS];
