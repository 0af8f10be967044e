//! Rate limits as a client meets them: what it is told while it may ask, and when it may not.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use sitekit::{
    observe::Event,
    serve::{CLIENTS, RateRule, Rates, RuleName},
    site::{ErrorStatus, PathPattern, SiteName, SitePath},
};

use crate::{Running, Setup, file, images, start};

fn rule(name: &str, site: Option<&str>, paths: &str, requests: u32) -> RateRule {
    let requests = NonZeroU32::new(requests).unwrap();
    RateRule {
        name: RuleName::parse(name).unwrap(),
        site: site.map(|site| SiteName::parse(site).unwrap()),
        paths: PathPattern::parse(paths).unwrap(),
        requests,
        // Nothing is forgiven while a test runs.
        per: Duration::from_hours(1000) * requests.get(),
        burst: requests,
    }
}

fn limited() -> Running {
    let tune = |settings: &mut sitekit::serve::Settings| {
        let rules = vec![rule("guide", Some("docs"), "/guide/*", 2), rule("default", None, "/*", 3)];
        settings.rates = Some(Arc::new(Rates::new(rules, CLIENTS, Instant::now())));
    };
    start(Setup { tune, ..Setup::default() }, &images())
}

#[test]
fn a_client_is_told_what_it_may_still_ask() {
    let server = limited();
    for (target, status, limit) in [
        ("/docs/guide/", 200, "\"guide\";r=1;t=3600000"),
        // However it is spelled, it is the same path.
        ("/docs/%67uide/", 308, "\"guide\";r=0;t=7200000"),
        ("/docs/guide/", 429, "\"guide\";r=0;t=3600000"),
        ("/docs/", 200, "\"default\";r=2;t=3600000"),
        ("/nowhere", 404, "\"default\";r=1;t=7200000"),
        ("/app/", 200, "\"default\";r=0;t=10800000"),
        ("/app", 429, "\"default\";r=0;t=3600000"),
    ] {
        // A connection of its own each, on whichever core.
        let reply = server.connect().ask("GET", target, &[]);
        assert_eq!((reply.status, reply.field("ratelimit")), (status, Some(limit)), "{target}");
        let retry = (status == 429).then_some("3600000");
        assert_eq!(reply.field("retry-after"), retry, "{target}");
        let policy =
            if limit.starts_with("\"guide\"") { "\"guide\";q=2;w=7200000" } else { "\"default\";q=3;w=10800000" };
        assert_eq!(reply.field("ratelimit-policy"), Some(policy), "{target}");
    }
    assert_eq!(server.registry.noted(Event::RateLimit), 2);
}

#[test]
fn what_is_refused_is_an_answer_like_any_other() {
    let server = limited();
    let mut connection = server.connect();
    let statuses: Vec<_> = (0..5).map(|_| connection.ask("GET", "/docs/", &[]).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let reply = connection.ask("GET", "/docs/", &[]);
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    assert!(reply.text().contains("too often"));
    assert_eq!(connection.ask("HEAD", "/docs/", &[]).status, 429);
}

#[test]
fn a_site_says_it_in_its_own_words() {
    let mut sites = images();
    let page = SitePath::parse("/busy.html").unwrap();
    sites[0].routes.insert(page.clone(), file("text/html; charset=utf-8", "<p>Slowly, please.</p>", &[]));
    sites[0].rules.error_pages.insert(ErrorStatus::new(429).unwrap(), page);
    let tune = |settings: &mut sitekit::serve::Settings| {
        let rules = vec![rule("default", None, "/*", 1)];
        settings.rates = Some(Arc::new(Rates::new(rules, CLIENTS, Instant::now())));
    };
    let server = start(Setup { tune, ..Setup::default() }, &sites);
    assert_eq!(server.connect().ask("GET", "/docs/", &[]).status, 200);
    let reply = server.connect().ask("GET", "/docs/", &[]);
    assert_eq!((reply.status, reply.text()), (429, "<p>Slowly, please.</p>"));
    assert!(reply.field("retry-after").is_some() && reply.field("cache-control") == Some("no-store"));
}

#[test]
fn a_burst_is_the_quota_of_a_longer_window() {
    let tune = |settings: &mut sitekit::serve::Settings| {
        let burst = NonZeroU32::new(20).unwrap();
        let rule = RateRule { per: Duration::from_secs(10), burst, ..rule("default", None, "/*", 5) };
        settings.rates = Some(Arc::new(Rates::new(vec![rule], CLIENTS, Instant::now())));
    };
    let reply = start(Setup { tune, ..Setup::default() }, &images()).connect().ask("GET", "/docs/", &[]);
    assert_eq!(reply.field("ratelimit-policy"), Some("\"default\";q=20;w=40"));
    assert_eq!(reply.field("ratelimit"), Some("\"default\";r=19;t=2"));
}

#[test]
fn without_rules_nothing_is_said() {
    let reply = crate::SERVER.connect().ask("GET", "/docs/", &[]);
    assert_eq!((reply.field("ratelimit"), reply.field("ratelimit-policy")), (None, None));
}
