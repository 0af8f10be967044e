//! Whether links to other sites lead somewhere, found out politely: one question at a time for a host, with a pause between
//! two, `HEAD` before `GET`, and no haste where a host asks for none. Nothing here knows a page or a template, and the
//! connections are opened in `asker.rs`.

mod asker;
mod kept;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

pub use asker::HttpAsker;
pub use kept::{Kept, LIFETIME};

use crate::transform::requests::place_in_page;

/// How hosts are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Between two questions to a host.
    pub delay: Duration,
    /// Further attempts where a host does not answer, or is not well.
    pub retries: u32,
    /// Hosts asked at the same time.
    pub hosts: usize,
}

/// Longer than this is not waited for because a host says so.
const PATIENCE: Duration = Duration::from_mins(1);

/// Before the first further attempt; each later one waits twice as long.
const BACKOFF: Duration = Duration::from_secs(1);

impl Default for Manners {
    fn default() -> Self {
        Self { delay: Duration::from_millis(500), retries: 2, hosts: 8 }
    }
}

/// Asks one question, once.
pub trait Asker: Sync {
    /// `url` has no fragment.
    fn ask(&self, method: Method, url: &str) -> Result<Reply, AskError>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Head,
    Get,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// The status in words, as the standard has them.
    pub reason: &'static str,
    /// When to come back (RFC 9110 §10.2.3), from now on.
    pub retry_after: Option<Duration>,
    /// Of a page that was got, as far as it could be read.
    pub page: Option<String>,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct AskError {
    /// The end of a sentence that begins with the URL.
    pub what: String,
    /// Whether another attempt may do better.
    pub passes: bool,
}

/// What is known of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Reached,
    /// With the end of a sentence that begins with the URL.
    Broken(String),
    /// The host would not say, for a reason that says nothing of the link.
    Undecided(String),
}

/// One page to be asked for, and the fragments that links to it have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// By the whole URL, as it was given.
    links: BTreeMap<String, Option<String>>,
}

/// Asks for all `links`: whole URLs, with whether what stands behind their `#` counts. `pause` waits; `done` is told of
/// every page that has been asked for.
pub fn check(
    links: &BTreeMap<String, bool>,
    manners: &Manners,
    asker: &dyn Asker,
    pause: &(dyn Fn(Duration) + Sync),
    done: &(dyn Fn() + Sync),
) -> BTreeMap<String, Verdict> {
    let waiting: Mutex<VecDeque<_>> = Mutex::new(by_host(links).into_values().collect());
    let found = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(pages) = locked(&waiting).pop_front() {
            for (number, (page, wanted)) in pages.into_iter().enumerate() {
                if number > 0 {
                    pause(manners.delay);
                }
                let verdicts = ask_for(&page, &wanted, manners, asker, pause);
                locked(&found).extend(verdicts);
                done();
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..manners.hosts.max(1) {
            scope.spawn(work);
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// How many hosts would be asked, and for how many pages.
#[must_use]
pub fn count(links: &BTreeMap<String, bool>) -> (usize, usize) {
    let hosts = by_host(links);
    (hosts.len(), hosts.values().map(BTreeMap::len).sum())
}

fn by_host(links: &BTreeMap<String, bool>) -> BTreeMap<String, BTreeMap<String, Wanted>> {
    let mut hosts: BTreeMap<String, BTreeMap<String, Wanted>> = BTreeMap::new();
    for (link, counts) in links {
        let (page, fragment) = link.split_once('#').map_or((link.as_str(), None), |(page, name)| (page, Some(name)));
        let fragment = fragment.filter(|_| *counts).and_then(place_in_page).map(str::to_owned);
        let page = if page.starts_with("//") { format!("https:{page}") } else { page.to_owned() };
        let pages = hosts.entry(host(&page)).or_default();
        pages.entry(page).or_default().links.insert(link.clone(), fragment);
    }
    hosts
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One page, as often as it takes.
fn ask_for(
    page: &str,
    wanted: &Wanted,
    manners: &Manners,
    asker: &dyn Asker,
    pause: &(dyn Fn(Duration) + Sync),
) -> BTreeMap<String, Verdict> {
    let needs_text = wanted.links.values().any(Option::is_some);
    let (mut method, mut attempt) = (if needs_text { Method::Get } else { Method::Head }, 0);
    let (verdict, text) = loop {
        let reply = asker.ask(method, page);
        match next(method, attempt, &reply, manners) {
            Step::Done(verdict) => break (verdict, reply.ok().and_then(|reply| reply.page)),
            Step::Get => method = Method::Get,
            Step::Again(wait) => {
                attempt += 1;
                pause(wait.max(manners.delay));
                continue;
            }
        }
        pause(manners.delay);
    };
    let anchors: Option<BTreeSet<String>> = text.as_deref().filter(|_| needs_text).map(asker::anchors);
    let of_link = |(link, fragment): (&String, &Option<String>)| {
        let verdict = match (&verdict, fragment, &anchors) {
            (Verdict::Reached, Some(name), Some(anchors)) if !has(anchors, name) => {
                Verdict::Broken(format!("has no `#{name}`"))
            }
            _ => verdict.clone(),
        };
        (link.clone(), verdict)
    };
    wanted.links.iter().map(of_link).collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Done(Verdict),
    /// Some hosts have no answer to `HEAD`, or a wrong one.
    Get,
    Again(Duration),
}

/// What follows from a reply.
fn next(method: Method, attempt: u32, reply: &Result<Reply, AskError>, manners: &Manners) -> Step {
    let may_retry = attempt < manners.retries;
    let backoff = BACKOFF * 2_u32.saturating_pow(attempt);
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) if error.passes && may_retry => return Step::Again(backoff),
        Err(error) => return Step::Done(Verdict::Broken(error.what.clone())),
    };
    let said = format!("answers {} {}", reply.status, reply.reason).trim_end().to_owned();
    match reply.status {
        // A redirect that was not followed leads nowhere we know of.
        200..=299 | 304 => Step::Done(Verdict::Reached),
        429 | 503 => match reply.retry_after.unwrap_or(backoff) {
            wait if may_retry && wait <= PATIENCE => Step::Again(wait),
            wait if reply.retry_after.is_some() => {
                Step::Done(Verdict::Undecided(format!("{said} and asks to come back in {} s", wait.as_secs())))
            }
            _ if reply.status == 429 => Step::Done(Verdict::Undecided(said)),
            _ => Step::Done(Verdict::Broken(said)),
        },
        _ if method == Method::Head => Step::Get,
        408 | 425 | 500..=599 if may_retry => Step::Again(backoff),
        // Who has to say who they are may well find something.
        401 | 402 | 403 | 407 | 451 => Step::Done(Verdict::Undecided(said)),
        _ => Step::Done(Verdict::Broken(said)),
    }
}

/// GitHub writes the anchors of its pages' texts with a prefix that its script takes away.
fn has(anchors: &BTreeSet<String>, fragment: &str) -> bool {
    let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
    let is_there = |name: &str| anchors.contains(name) || anchors.contains(&format!("user-content-{name}"));
    is_there(fragment) || is_there(&decoded)
}

/// The host and port of a whole URL.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is answered, by method and page; all questions in their order.
    struct Script(BTreeMap<&'static str, Vec<Result<Reply, AskError>>>, Mutex<Vec<String>>);

    impl Asker for Script {
        fn ask(&self, method: Method, url: &str) -> Result<Reply, AskError> {
            let question = format!("{method:?} {url}");
            let mut asked = locked(&self.1);
            let before = asked.iter().filter(|one| **one == question).count();
            asked.push(question.clone());
            let answers = self.0.get(question.as_str()).unwrap_or_else(|| panic!("nobody asks {question}"));
            answers[before.min(answers.len() - 1)].clone()
        }
    }

    fn status(status: u16) -> Reply {
        Reply { status, ..Reply::default() }
    }

    fn later(seconds: u64) -> Reply {
        Reply { status: 429, retry_after: Some(Duration::from_secs(seconds)), ..Reply::default() }
    }

    fn page(text: &str) -> Reply {
        Reply { status: 200, page: Some(text.to_owned()), ..Reply::default() }
    }

    fn gone(passes: bool) -> Result<Reply, AskError> {
        Err(AskError { what: "cannot be reached".to_owned(), passes })
    }

    /// Asks for `links` with one host at a time; gives the verdicts, and how long was waited each time, in milliseconds.
    fn run(
        links: &[&str],
        answers: &[(&'static str, &[Result<Reply, AskError>])],
    ) -> (BTreeMap<String, Verdict>, Vec<u128>, Vec<String>) {
        let script = Script(answers.iter().map(|(key, all)| (*key, all.to_vec())).collect(), Mutex::default());
        let links = links.iter().map(|link| ((*link).to_owned(), true)).collect();
        let waited = Mutex::new(Vec::new());
        let manners = Manners { hosts: 1, ..Manners::default() };
        let pause = |wait: Duration| locked(&waited).push(wait.as_millis());
        let verdicts = check(&links, &manners, &script, &pause, &|| {});
        (verdicts, waited.into_inner().unwrap(), script.1.into_inner().unwrap())
    }

    #[track_caller]
    fn verdict(answers: &[(&'static str, &[Result<Reply, AskError>])], expected: &Verdict, waits: &[u128]) {
        let (verdicts, waited, _) = run(&["https://a/x"], answers);
        assert_eq!(verdicts.values().collect::<Vec<_>>(), [expected]);
        assert_eq!(waited, waits);
    }

    #[test]
    fn what_is_asked_and_what_follows() {
        let broken = |text: &str| Verdict::Broken(text.to_owned());
        verdict(&[("Head https://a/x", &[Ok(status(200))])], &Verdict::Reached, &[]);
        let wrong_head = [("Head https://a/x", &[Ok(status(405))][..]), ("Get https://a/x", &[Ok(status(200))])];
        verdict(&wrong_head, &Verdict::Reached, &[500]);
        let lost = [("Head https://a/x", &[Ok(status(404))][..]), ("Get https://a/x", &[Ok(status(404))])];
        verdict(&lost, &broken("answers 404"), &[500]);
        let unwell =
            [("Head https://a/x", &[Ok(status(500))][..]), ("Get https://a/x", &[Ok(status(500)), Ok(status(200))])];
        verdict(&unwell, &Verdict::Reached, &[500, 1000]);
        verdict(&[("Head https://a/x", &[gone(true)])], &broken("cannot be reached"), &[1000, 2000]);
        verdict(&[("Head https://a/x", &[gone(false)])], &broken("cannot be reached"), &[]);
        verdict(&[("Head https://a/x", &[Ok(later(7)), Ok(status(200))])], &Verdict::Reached, &[7000]);
        let closed = Verdict::Undecided("answers 429 and asks to come back in 3600 s".to_owned());
        verdict(&[("Head https://a/x", &[Ok(later(3600))])], &closed, &[]);
        let private = [("Head https://a/x", &[Ok(status(403))][..]), ("Get https://a/x", &[Ok(status(403))])];
        verdict(&private, &Verdict::Undecided("answers 403".to_owned()), &[500]);
    }

    #[test]
    fn a_page_is_asked_for_once_whatever_of_it_is_linked() {
        let text = "<h2 id=one></h2><h2 id=user-content-two></h2><a name='d&auml;'></a>";
        let links =
            ["https://a/x", "https://a/x#d%C3%A4", "https://a/x#no", "https://a/x#one", "https://a/x#two", "//A/x#top"];
        let (verdicts, _, asked) =
            run(&links, &[("Get https://a/x", &[Ok(page(text))]), ("Head https://A/x", &[Ok(status(200))])]);
        assert_eq!(asked, ["Head https://A/x", "Get https://a/x"]);
        let lost: Vec<_> = verdicts.iter().filter(|(_, verdict)| **verdict != Verdict::Reached).collect();
        assert_eq!(lost, [(&"https://a/x#no".to_owned(), &Verdict::Broken("has no `#no`".to_owned()))]);
    }

    #[test]
    fn hosts_are_told_apart() {
        for (url, expected) in [("https://A.b:8443/x", "a.b:8443"), ("http://me@a.b?c", "a.b"), ("https://a.b", "a.b")]
        {
            assert_eq!(host(url), expected);
        }
    }
}
