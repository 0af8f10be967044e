//! How often one client may ask: the generic cell rate algorithm (ITU-T I.371), which keeps one number per client and
//! rule and needs no timer to fill anything up again. Time is an argument. Memory is taken once and never grows: when more
//! clients are busy at the same time than there is room for, the one that owes least is forgotten, so that a flood from
//! many addresses lets some of them through and never frees a heavy one.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::{NonZeroU32, NonZeroUsize},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::site::{PathPattern, SiteName};

use super::addresses::Subscriber;

/// How often one client may ask for some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRule {
    /// What clients are told it is called, in `RateLimit-Policy`.
    pub name: RuleName,
    /// Of all sites, and of what belongs to none, when absent.
    pub site: Option<SiteName>,
    /// Below the site's base; the whole path of what belongs to none.
    pub paths: PathPattern,
    /// So many requests …
    pub requests: NonZeroU32,
    /// … in this time, on average.
    pub per: Duration,
    /// So many at once, after a pause.
    pub burst: NonZeroU32,
}

/// A name that can stand in a structured field (RFC 9651 §3.3.3) as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleName(Box<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a rate limit is 1 to 32 letters, digits, `-` and `_`")]
pub struct NotARuleName;

/// The rules, and what each client owes under them, on all cores.
#[derive(Debug)]
pub struct Rates {
    rules: Vec<Rule>,
    /// As many as were asked for.
    clients: NonZeroUsize,
    hasher: RandomState,
    epoch: Instant,
    buckets: Box<[Bucket]>,
}

#[derive(Debug)]
struct Rule {
    said: RateRule,
    /// Nanoseconds that one request costs.
    cost: u64,
    /// Nanoseconds a client may owe.
    credit: u64,
}

/// What a rule says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota<'a> {
    pub(super) rule: &'a RateRule,
    pub(super) grant: Grant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Granted {
        /// Requests that could follow at once.
        remaining: u32,
        /// Until all that may be asked at once can be.
        full_in: Duration,
    },
    Refused {
        /// Until one is granted again.
        retry_after: Duration,
    },
}

/// Clients that share a lock and eight places.
#[derive(Debug, Default)]
struct Bucket(Mutex<[Debt; WAYS]>);

/// What a client owes under a rule.
#[derive(Clone, Copy, Debug, Default)]
struct Debt {
    /// A keyed hash of both. Two that share one would share a quota; no one can make them.
    tag: u64,
    /// When it will owe nothing, in nanoseconds of the table's time: the algorithm's "theoretical arrival time".
    until: u64,
}

const WAYS: usize = 8;
/// Clients there is room for when nothing is said: a megabyte of them.
pub const CLIENTS: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

impl RuleName {
    /// # Errors
    /// When it is not as the error says.
    pub fn parse(text: &str) -> Result<Self, NotARuleName> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let good = (1..=32).contains(&text.len()) && text.bytes().all(plain);
        if good { Ok(Self(text.into())) } else { Err(NotARuleName) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Rates {
    /// A table with room for `clients` that are busy at the same time; the number is rounded up to a power of two.
    #[must_use]
    pub fn new(rules: Vec<RateRule>, clients: NonZeroUsize, now: Instant) -> Self {
        let buckets = clients.get().div_ceil(WAYS).next_power_of_two();
        Self {
            rules: rules.into_iter().map(Rule::new).collect(),
            clients,
            hasher: RandomState::new(),
            epoch: now,
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
        }
    }

    /// The table for these rules: `before`, when its rules are the same, so that a reload forgives no one. None for no
    /// rules, which costs nothing.
    #[must_use]
    pub fn renewed(
        before: Option<&Arc<Self>>,
        rules: Vec<RateRule>,
        clients: NonZeroUsize,
        now: Instant,
    ) -> Option<Arc<Self>> {
        if rules.is_empty() {
            return None;
        }
        let same = before.filter(|before| before.clients == clients && before.rules().eq(&rules));
        Some(same.map_or_else(|| Arc::new(Self::new(rules, clients, now)), Arc::clone))
    }

    pub fn rules(&self) -> impl Iterator<Item = &RateRule> {
        self.rules.iter().map(|rule| &rule.said)
    }

    /// Counts a request of `client` for a decoded `path` of `site`. The first rule that matches decides; `None` when none
    /// does.
    pub(super) fn ask(&self, site: Option<&SiteName>, path: &str, client: IpAddr, now: Instant) -> Option<Quota<'_>> {
        let (number, rule) = self.rules.iter().enumerate().find(|(_, rule)| rule.said.is_for(site, path))?;
        let hash = self.hasher.hash_one((number, Subscriber::of(client)));
        let now = nanoseconds(now.saturating_duration_since(self.epoch));
        Some(Quota { rule: &rule.said, grant: self.bucket(hash).ask(rule, hash, now) })
    }

    fn bucket(&self, hash: u64) -> &Bucket {
        // The low bits choose the bucket; all of them are compared in it.
        let mask = self.buckets.len() as u64 - 1;
        &self.buckets[usize::try_from(hash & mask).unwrap_or(0)]
    }
}

impl Quota<'_> {
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.grant, Grant::Refused { .. })
    }
}

impl RateRule {
    fn is_for(&self, site: Option<&SiteName>, path: &str) -> bool {
        self.site.as_ref().is_none_or(|wanted| Some(wanted) == site) && self.paths.matches(path)
    }
}

impl Rule {
    fn new(said: RateRule) -> Self {
        // Rounded up: never more often than was said.
        let cost = nanoseconds(said.per).div_ceil(u64::from(said.requests.get())).max(1);
        Self { cost, credit: cost.saturating_mul(u64::from(said.burst.get())), said }
    }

    /// What the client owes afterwards, and what it is told; `until` is what it owed before.
    fn ask(&self, until: u64, now: u64) -> (u64, Grant) {
        let after = until.max(now).saturating_add(self.cost);
        let owes = after - now;
        if owes > self.credit {
            return (until, Grant::Refused { retry_after: Duration::from_nanos(owes - self.credit) });
        }
        let remaining = u32::try_from((self.credit - owes) / self.cost).unwrap_or(u32::MAX);
        (after, Grant::Granted { remaining, full_in: Duration::from_nanos(owes) })
    }
}

impl Bucket {
    fn ask(&self, rule: &Rule, tag: u64, now: u64) -> Grant {
        let mut debts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = debts.iter().position(|debt| debt.tag == tag);
        // A client that owes nothing is as good as one that is not known, so its place is free.
        let place = known.or_else(|| (0..WAYS).min_by_key(|&at| debts[at].until)).unwrap_or(0);
        let until = if known.is_some() { debts[place].until } else { 0 };
        let (until, grant) = rule.ask(until, now);
        debts[place] = Debt { tag, until };
        grant
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rule(site: Option<&str>, paths: &str, requests: u32, per: Duration, burst: u32) -> RateRule {
        RateRule {
            name: RuleName::parse("default").unwrap(),
            site: site.map(|site| SiteName::parse(site).unwrap()),
            paths: PathPattern::parse(paths).unwrap(),
            requests: NonZeroU32::new(requests).unwrap(),
            per,
            burst: NonZeroU32::new(burst).unwrap(),
        }
    }

    fn of_one(requests: u32, per: Duration, burst: u32, clients: usize, now: Instant) -> Rates {
        Rates::new(vec![rule(None, "/*", requests, per, burst)], NonZeroUsize::new(clients).unwrap(), now)
    }

    fn is_granted(rates: &Rates, client: &str, now: Instant) -> bool {
        let quota = rates.ask(None, "/", client.parse().unwrap(), now).unwrap();
        matches!(quota.grant, Grant::Granted { .. })
    }

    #[test]
    fn a_burst_then_a_steady_rate() {
        let start = Instant::now();
        // One each 100 ms, three at once.
        let rates = of_one(10, SECOND, 3, 64, start);
        let ask = |milliseconds| {
            rates.ask(None, "/", [192, 0, 2, 1].into(), start + Duration::from_millis(milliseconds)).unwrap().grant
        };
        let granted =
            |remaining, milliseconds| Grant::Granted { remaining, full_in: Duration::from_millis(milliseconds) };
        let refused = |milliseconds| Grant::Refused { retry_after: Duration::from_millis(milliseconds) };
        for (at, expected) in [
            (0, granted(2, 100)),
            (0, granted(1, 200)),
            (0, granted(0, 300)),
            (0, refused(100)),
            // Asking in vain costs nothing.
            (40, refused(60)),
            (100, granted(0, 300)),
            (250, granted(0, 250)),
            (250, refused(50)),
            (10_000, granted(2, 100)),
        ] {
            assert_eq!(ask(at), expected, "at {at} ms");
        }
    }

    #[test]
    fn who_shares_a_quota() {
        let start = Instant::now();
        for (first, second, share) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let rates = of_one(1, SECOND, 1, 64, start);
            assert!(is_granted(&rates, first, start));
            assert_eq!(!is_granted(&rates, second, start), share, "{first} {second}");
        }
    }

    #[test]
    fn which_rule_decides() {
        let start = Instant::now();
        let rules = vec![
            rule(Some("docs"), "/search/*", 1, SECOND, 1),
            rule(Some("docs"), "/*", 2, SECOND, 1),
            rule(None, "/login", 3, SECOND, 1),
        ];
        let rates = Rates::new(rules, CLIENTS, start);
        for (site, path, expected) in [
            (Some("docs"), "/search/a", Some(1)),
            (Some("docs"), "/login", Some(2)),
            (Some("app"), "/login", Some(3)),
            (None, "/login", Some(3)),
            (Some("app"), "/", None),
        ] {
            let site = site.map(|site| SiteName::parse(site).unwrap());
            let quota = rates.ask(site.as_ref(), path, [192, 0, 2, 1].into(), start);
            assert_eq!(quota.map(|quota| quota.rule.requests.get()), expected, "{site:?} {path}");
        }
    }

    #[test]
    fn a_flood_of_addresses_frees_no_one_who_owes_more() {
        let start = Instant::now();
        let rates = of_one(10, SECOND, 10, 8, start);
        while is_granted(&rates, "192.0.2.1", start) {}
        for n in 0..10_000u32 {
            let other = IpAddr::V4((0x0a00_0000 + n).into());
            rates.ask(None, "/", other, start);
        }
        assert!(!is_granted(&rates, "192.0.2.1", start));
        assert_eq!(rates.buckets.len(), 1);
    }

    #[test]
    fn a_reload_forgives_no_one() {
        let start = Instant::now();
        let rules = |requests| vec![rule(None, "/*", requests, SECOND, 1)];
        let first = Rates::renewed(None, rules(1), CLIENTS, start).unwrap();
        let same = Rates::renewed(Some(&first), rules(1), CLIENTS, start).unwrap();
        let other = Rates::renewed(Some(&first), rules(2), CLIENTS, start).unwrap();
        assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &other));
        assert!(Rates::renewed(Some(&first), vec![], CLIENTS, start).is_none());
    }

    #[test]
    fn names() {
        for (name, good) in [("default", true), ("a-b_1", true), ("", false), ("a b", false), ("a\"", false)] {
            assert_eq!(RuleName::parse(name).is_ok(), good, "{name}");
        }
    }

    proptest! {
        /// Of any stretch of time, no more is granted than the burst and what the rate allows; and who keeps to what it
        /// was told is never refused.
        #[test]
        fn never_more_than_was_said_and_never_less(
            requests in 1u32..50,
            per in 1u64..5000,
            burst in 1u32..20,
            pauses in prop::collection::vec(0u64..2000, 1..200),
        ) {
            let start = Instant::now();
            let per = Duration::from_millis(per);
            let rates = of_one(requests, per, burst, 64, start);
            let (mut now, mut granted) = (start, Vec::new());
            let mut earliest = start;
            for pause in pauses {
                now += Duration::from_millis(pause);
                match rates.ask(None, "/", [192, 0, 2, 1].into(), now).unwrap().grant {
                    Grant::Granted { remaining, .. } => {
                        prop_assert!(now >= earliest);
                        prop_assert!(remaining < burst);
                        granted.push(now);
                    }
                    Grant::Refused { retry_after } => {
                        earliest = now + retry_after;
                        prop_assert!(retry_after <= per);
                    }
                }
                prop_assert!(now < earliest || granted.last() == Some(&now));
            }
            for (at, first) in granted.iter().enumerate() {
                for (further, last) in granted[at..].iter().enumerate() {
                    let allowed = u128::from(burst) + (*last - *first).as_nanos() * u128::from(requests) / per.as_nanos();
                    prop_assert!((further as u128) < allowed + 1);
                }
            }
        }
    }
}
