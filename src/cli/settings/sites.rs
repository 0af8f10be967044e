//! `[sites.NAME]`: what the operator decides about one site.

use super::{
    form::{HostName, List, Maybe, OneOf, Setting, Switch},
    group::{Group, Shape, described, shown},
    key::{Face, Key, When, key},
};
use crate::{cli::typed, serve::SiteChoice};

type Table = SiteChoice;

const KEYS: &[Key<SiteChoice>] = &[
    key!("hosts": Maybe<List<HostName>> = hosts, "Hosts the site is served on, at `/`; the site must have been built for hosts of its own")
        .when_unset("those of the site’s config.toml")
        .reloads(),
    key!("mode": Maybe<OneOf> = mode, "Whether unknown paths that look like pages get the shell (`spa`) or are 404 (`traditional`)")
        .when_unset("the site’s own")
        .reloads(),
    key!("maintenance": Maybe<Switch> = maintenance, "Whether the site is closed: every request is answered 503, but for paths it leaves open itself")
        .when_unset("the site’s own")
        .reloads(),
];

pub(super) const SITES: Group = Group {
    name: "sites",
    doc: "What holds for one site, instead of what the site says itself",
    shape: Shape::Named,
    read: |reader, value, config| {
        reader.named("sites", KEYS, value, typed::site, |name, choice| {
            config.hosting.sites.insert(name, choice);
        });
    },
    keys: || described(KEYS),
    shown: |config| {
        let sites = config.hosting.sites.iter();
        sites.flat_map(|(name, choice)| shown(KEYS, choice, &format!("sites.{name}."))).collect()
    },
};
