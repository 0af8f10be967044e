//! Which site a request's host belongs to. A function of names alone: it knows neither bundles nor connections, and what
//! cannot be decided by the host (which site is below `/docs/`) is not its business.

use std::collections::{BTreeMap, HashMap};

use crate::site::{Host, HostPattern, Mode, SiteName};

/// What the operator decides about sites and their hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosting {
    /// Hosts of the server itself, where sites without hosts of their own are below their names. When there are none,
    /// every host that no site claims is one.
    pub defaults: Vec<HostPattern>,
    /// Answers on hosts that are nobody's.
    pub fallback: Option<SiteName>,
    /// `www.example.com` redirects to a site's `example.com`, or the other way round, unless both are claimed.
    pub www: bool,
    /// In development, a site with hosts is at `<site>.localhost` too, and the server answers for every host.
    pub local_names: bool,
    /// Instead of what the site says.
    pub sites: BTreeMap<SiteName, SiteChoice>,
}

/// What the operator decides about one site; what is not said is as the site has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteChoice {
    pub hosts: Option<Vec<HostPattern>>,
    pub mode: Option<Mode>,
    /// Whether it answers 503 to all.
    pub maintenance: Option<bool>,
}

/// Whose a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The site's at this place; it is at `/`.
    Site(usize),
    /// It has another name, the one at this place of the table; 308 there.
    Renamed(usize),
    /// The server's: sites are below their names.
    Default,
    /// 421 (RFC 9110 §15.5.20).
    Nobody,
}

/// A site, as the table needs it.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    pub name: &'a SiteName,
    pub hosts: &'a [HostPattern],
}

/// The hosts of all sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostTable {
    exact: HashMap<Box<str>, Claim>,
    /// By the name below which all are meant.
    below: HashMap<Box<str>, Claim>,
    renamed: Vec<Host>,
    unclaimed: Option<Claim>,
}

impl HostTable {
    /// `sites` in the order of their places; where two claim one host, the first has it. `has_default` says whether a site
    /// is mounted on the default host.
    #[must_use]
    pub fn new(hosting: &Hosting, sites: &[Claimant<'_>], has_default: bool) -> Self {
        let mut table = Self::default();
        let mut any = false;
        for (place, site) in sites.iter().enumerate() {
            any |= !site.hosts.is_empty();
            site.hosts.iter().for_each(|pattern| table.claim(pattern, Claim::Site(place)));
        }
        hosting.defaults.iter().for_each(|pattern| table.claim(pattern, Claim::Default));
        for (place, site) in sites.iter().enumerate().filter(|(_, site)| !site.hosts.is_empty()) {
            if let Ok(local) = Host::parse(&format!("{}.localhost", site.name))
                && hosting.local_names
            {
                table.claim(&HostPattern::Exactly(local), Claim::Site(place));
            }
        }
        if hosting.www {
            table.rename_www();
        }
        let fallback = hosting
            .fallback
            .as_ref()
            .and_then(|name| sites.iter().position(|site| site.name == name && !site.hosts.is_empty()));
        table.unclaimed = match fallback {
            Some(place) => Some(Claim::Site(place)),
            None if !hosting.defaults.is_empty() => Some(Claim::Nobody),
            None if any && !has_default && !hosting.local_names => Some(Claim::Nobody),
            None => None,
        };
        table
    }

    /// Whether every host is the default one.
    #[must_use]
    pub fn is_trivial(&self) -> bool {
        self.exact.is_empty() && self.below.is_empty() && self.unclaimed.is_none()
    }

    /// Whose the host of a request is. An exact name goes before a pattern, a longer pattern before a shorter one. `None`
    /// is a request that names no host, as HTTP/1.0 allows.
    #[must_use]
    pub fn find(&self, host: Option<&Host>) -> Claim {
        let unclaimed = self.unclaimed.unwrap_or(Claim::Default);
        let Some(host) = host else {
            // Whom it is for cannot be told, so it cannot be told to go elsewhere.
            return if unclaimed == Claim::Nobody { Claim::Default } else { unclaimed };
        };
        if let Some(claim) = self.exact.get(host.as_str()) {
            return *claim;
        }
        self.above(host.as_str()).unwrap_or(unclaimed)
    }

    /// The name that `Claim::Renamed` leads to.
    #[must_use]
    pub fn renamed(&self, place: usize) -> Option<&Host> {
        self.renamed.get(place)
    }

    fn claim(&mut self, pattern: &HostPattern, claim: Claim) {
        let (names, host) = match pattern {
            HostPattern::Exactly(host) => (&mut self.exact, host),
            HostPattern::Below(host) => (&mut self.below, host),
        };
        names.entry(host.as_str().into()).or_insert(claim);
    }

    /// The claim of the longest pattern that matches.
    fn above(&self, mut name: &str) -> Option<Claim> {
        if self.below.is_empty() {
            return None;
        }
        while let Some((_, above)) = name.split_once('.') {
            if let Some(claim) = self.below.get(above) {
                return Some(*claim);
            }
            name = above;
        }
        None
    }

    /// For each name that is claimed, its twin with or without `www.` leads to it, unless it is claimed too.
    fn rename_www(&mut self) {
        let claimed: Vec<Box<str>> = self.exact.keys().cloned().collect();
        for name in claimed {
            let twin = match name.strip_prefix("www.") {
                Some(apex) => apex.to_owned(),
                None => format!("www.{name}"),
            };
            let is_domain = |name: &str| name.contains('.') && name.parse::<std::net::IpAddr>().is_err();
            let taken = self.exact.contains_key(twin.as_str()) || self.above(&twin).is_some();
            let (Ok(to), Ok(_)) = (Host::parse(&name), Host::parse(&twin)) else { continue };
            if !taken && is_domain(&name) && is_domain(&twin) && !name.ends_with(".localhost") {
                self.exact.insert(twin.into(), Claim::Renamed(self.renamed.len()));
                self.renamed.push(to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(hosts: &[&str]) -> Vec<HostPattern> {
        hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect()
    }

    fn name(site: &str) -> SiteName {
        SiteName::parse(site).unwrap()
    }

    /// The sites of the cases, by place: `app` (0), `blog` (1) and `docs` (2), which is below its name.
    fn table(hosting: &Hosting, app: &[&str], blog: &[&str], has_default: bool) -> HostTable {
        let sites = [(name("app"), patterns(app)), (name("blog"), patterns(blog)), (name("docs"), Vec::new())];
        let sites: Vec<_> = sites.iter().map(|(name, hosts)| Claimant { name, hosts }).collect();
        HostTable::new(hosting, &sites, has_default)
    }

    fn whose(table: &HostTable, host: &str) -> String {
        match table.find(Host::of_authority(host).ok().as_ref()) {
            Claim::Site(place) => ["app", "blog", "docs"][place].to_owned(),
            Claim::Renamed(place) => format!("→ {}", table.renamed(place).unwrap()),
            Claim::Default => "default".to_owned(),
            Claim::Nobody => "421".to_owned(),
        }
    }

    #[track_caller]
    fn check(table: &HostTable, cases: &[(&str, &str)]) {
        for (host, expected) in cases {
            assert_eq!(whose(table, host), *expected, "{host}");
        }
    }

    fn www() -> Hosting {
        Hosting { www: true, ..Hosting::default() }
    }

    #[test]
    fn an_exact_name_goes_before_the_longest_pattern() {
        let table = table(&Hosting::default(), &["*.example.com", "a.b.example.com"], &["*.b.example.com"], true);
        check(
            &table,
            &[
                ("x.example.com", "app"),
                ("x.y.example.com", "app"),
                ("x.b.example.com", "blog"),
                ("A.B.Example.com.:8080", "app"),
                ("b.example.com", "app"),
                ("example.com", "default"),
                ("badexample.com", "default"),
                ("127.0.0.1", "default"),
                ("", "default"),
            ],
        );
    }

    #[test]
    fn www_and_apex_lead_to_the_one_that_is_claimed() {
        let both = table(&www(), &["example.com", "www.example.org", "*.example.net", "example.net"], &[], true);
        check(
            &both,
            &[
                ("example.com", "app"),
                ("www.example.com", "→ example.com"),
                ("www.example.com:8443", "→ example.com"),
                ("example.org", "→ www.example.org"),
                ("www.www.example.org", "default"),
                ("www.example.net", "app"),
            ],
        );
        let claimed = table(&www(), &["example.com"], &["www.example.com"], true);
        check(&claimed, &[("example.com", "app"), ("www.example.com", "blog")]);
        let odd = table(&www(), &["10.0.0.1", "intranet", "www.test"], &[], true);
        check(&odd, &[("www.10.0.0.1", "default"), ("www.intranet", "default"), ("test", "default")]);
        let off = table(&Hosting::default(), &["example.com"], &[], true);
        check(&off, &[("www.example.com", "default")]);
    }

    #[test]
    fn hosts_that_are_nobodys() {
        let hosts = &["example.com"];
        // A site is below its name, so other hosts are the server's, as ever.
        check(&table(&www(), hosts, &[], true), &[("other.test", "default"), ("", "default")]);
        // No site is: nothing could be answered there.
        check(&table(&www(), hosts, &[], false), &[("other.test", "421"), ("", "default"), ("example.com", "app")]);
        // The operator named the server's own.
        let named = Hosting { defaults: patterns(&["main.test", "*.internal"]), ..www() };
        let cases = [
            ("main.test", "default"),
            ("www.main.test", "→ main.test"),
            ("a.internal", "default"),
            ("other.test", "421"),
        ];
        check(&table(&named, hosts, &[], true), &cases);
        // Or a site for the rest.
        let rest = Hosting { fallback: Some(name("blog")), ..named };
        check(
            &table(&rest, hosts, &["blog.test"], true),
            &[("other.test", "blog"), ("main.test", "default"), ("", "blog")],
        );
        // In development every host will do.
        let local = Hosting { local_names: true, ..www() };
        check(
            &table(&local, hosts, &[], false),
            &[("other.test", "default"), ("app.localhost:8080", "app"), ("docs.localhost", "default")],
        );
    }

    #[test]
    fn a_table_without_hosts_costs_nothing() {
        assert!(table(&www(), &[], &[], true).is_trivial());
        assert!(!table(&www(), &["example.com"], &[], true).is_trivial());
    }
}
