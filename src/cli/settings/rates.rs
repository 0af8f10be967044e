//! `[[rate_limit]]`: how often one client may ask for some paths of some site.

use std::{num::NonZeroU32, time::Duration};

use super::{
    form::{Count, Form, Maybe, Name, Setting, Text, Time, Word},
    group::{Group, Shape, described, shown},
    key::{Face, Key, When, key},
};
use crate::{
    serve::{RateRule, RuleName},
    site::{PathPattern, SiteName},
};

/// A rule as it was set.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Rate {
    name: Option<RuleName>,
    site: Option<SiteName>,
    paths: PathPattern,
    requests: Option<NonZeroU32>,
    per: Duration,
    burst: Option<NonZeroU32>,
}

impl Default for Rate {
    fn default() -> Self {
        let paths = PathPattern::parse("/*").expect("this is the pattern of all paths");
        Self { name: None, site: None, paths, requests: None, per: Duration::from_secs(1), burst: None }
    }
}

impl Rate {
    /// The rule; `None` lacks what is required, which was told when it was read.
    pub(in crate::cli) fn rule(self) -> Option<RateRule> {
        let Self { name, site, paths, requests, per, burst } = self;
        let requests = requests?;
        Some(RateRule { name: name?, site, paths, requests, per, burst: burst.unwrap_or(requests) })
    }
}

#[derive(Debug)]
struct Rule;

impl Word<Rule> for RuleName {
    fn form() -> Form {
        Form::Text(Text { name: "NAME", what: "a name of letters, digits, `-` and `_`", example: "search", path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        Self::parse(word).map_err(|error| error.to_string())
    }

    fn word(&self) -> String {
        self.as_str().to_owned()
    }
}

#[derive(Debug)]
struct Paths;

impl Word<Paths> for PathPattern {
    fn form() -> Form {
        Form::Text(Text { name: "PATTERN", what: "a path pattern", example: "/search/*", path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        Self::parse(word).map_err(|error| error.to_string())
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

type Table = Rate;

const KEYS: &[Key<Rate>] = &[
    key!("name": Maybe<Rule> = name, "What clients are told the limit is called, in `RateLimit-Policy`")
        .required()
        .reloads(),
    key!("site": Maybe<Name> = site, "The site it is for").when_unset("all").reloads(),
    key!("paths": Paths = paths, "The paths it is for, below the site’s base").reloads(),
    key!("requests": Maybe<Count> = requests, "So many requests of one client (of an IPv6 /64) …").required().reloads(),
    key!("per": Time = per, "… in this time, on average").reloads(),
    key!("burst": Maybe<Count> = burst, "So many at once, after a pause").when_unset("as many as `requests`").reloads(),
];

pub(super) const RATE_LIMITS: Group = Group {
    name: "rate_limit",
    doc: "How often one client may ask; the first that is for a request’s path counts it, and one that asks too often is answered 429",
    shape: Shape::Listed,
    read: |reader, value, config| config.rate_limits = reader.listed("rate_limit", KEYS, value),
    keys: || described(KEYS),
    shown: |config| {
        let rates = config.rate_limits.iter().enumerate();
        rates.flat_map(|(n, rate)| shown(KEYS, rate, &format!("rate_limit.{n}."))).collect()
    },
};
