//! All settings. This table is the only place that knows which there are: the file's reader, the flags, the JSON Schema,
//! `sitekit check` and the manual's reference are made of it.
//!
//! A setting more is a field of [`Config`] (or of a struct in it, such as `serve::Limits`) and a line in [`KEYS`].

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use ipnet::IpNet;

use super::{
    form::{Address, Choice, Count, Folder, HostName, List, Maybe, Name, Network, OneOf, Setting, Size, Switch, Time},
    group::Group,
    key::{Face, Key, When, key},
    sites::SITES,
};
use crate::{
    cli::log::{LogFormat, LogLevel},
    pack,
    serve::{Hosting, Limits},
    site::{Mode, SiteName},
};

/// All settings as they were set; what was not is the default, or `None` where that is decided later.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Config {
    pub(in crate::cli) prod: bool,
    pub(in crate::cli) listen: Option<SocketAddr>,
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
    pub(in crate::cli) log: Logging,
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
}

impl Default for Config {
    fn default() -> Self {
        Self {
            prod: false,
            listen: None,
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
            log: Logging { format: LogFormat::default(), level: LogLevel::default() },
        }
    }
}

type Table = Config;

const BUILD: &[Face] = &[Face::Build, Face::Dev];

/// In the order they are shown.
pub(super) const KEYS: &[Key<Config>] = &[
    key!("prod": Switch = prod, "For the internet: listens on all addresses, and `/` shows no list of sites")
        .switches(&[("prod", "true"), ("dev", "false")]),
    key!("listen": Maybe<Address> = listen, "Address to listen at; port 0 is any free port")
        .flag("addr")
        .when_unset("127.0.0.1:8080 or, unless it is asked for, the next free port; with `prod` 0.0.0.0:8080")
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
    key!("build.sites": Folder = build.sites, "Folder that holds the sites").flag("sites").on(BUILD),
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
    key!("admin.address": Maybe<Address> = admin.address, "Address for operators: /metrics (Prometheus) and /stats.json")
        .flag("admin-addr")
        .when_unset("none"),
    key!("admin.metrics": Switch = admin.metrics, "Count and time requests").switches(&[("no-metrics", "false")]),
    key!("cache.size": Maybe<Size> = cache.size, "Memory for bodies")
        .flag("cache-size")
        .when_unset("three quarters of what the machine or control group has left"),
    key!("cache.shards": Maybe<Count> = cache.shards, "Parts of the cache that are locked apart")
        .flag("cache-shards")
        .when_unset("four per thread"),
    key!("limits.connections": Maybe<Count> = max_connections, "Connections open at once; one more is answered 503")
        .flag("max-connections")
        .when_unset("10000, or what file descriptors allow")
        .reloads(),
    key!("limits.handshake_timeout": Time = limits.handshake_timeout, "Time for the TLS handshake")
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
    key!("limits.grace": Time = limits.grace, "Time to finish what is in flight when stopping").flag("grace").reloads(),
    key!("limits.requests": Count = limits.requests, "Requests on one connection; the answer to the last one closes it")
        .flag("max-requests")
        .reloads(),
    key!("limits.streams": Count = limits.streams, "Streams open at once on one connection of HTTP/2").flag("max-streams").reloads(),
    key!("limits.resets": Count = limits.resets, "Streams of HTTP/2 a client may reset on one connection before it is told to open another")
        .flag("max-resets")
        .reloads(),
    key!("limits.head_bytes": Size = limits.head_bytes, "Size of a request’s head; more is 431").flag("max-head").reloads(),
    key!("limits.body_bytes": Size = limits.body_bytes, "Size of a request’s body; more is 413").flag("max-body").reloads(),
    key!("log.format": OneOf = log.format, "Form of the logs on standard error: for people, or one JSON object per line")
        .flag("log-format")
        .on(&[Face::Serve, Face::Dev]),
    key!("log.level": OneOf = log.level, "Least important thing to log; `debug` tells of each request")
        .flag("log-level")
        .on(&[Face::Serve, Face::Dev]),
];

/// In the order they are shown, after the keys.
pub(super) const GROUPS: &[Group] = &[SITES];
