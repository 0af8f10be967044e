//! The differences that are meant, each with its reason: `peers/zola/differences.toml`. The manual's page "Differences from
//! Zola" tells them to users.

use std::{borrow::Cow, collections::BTreeMap};

use anyhow::{Context as _, bail};
use regex::Regex;

use super::{bare, difference::Difference, order, output::Output, spaced};

#[derive(Debug)]
pub(super) struct Expected(Vec<One>);

#[derive(Debug)]
struct One {
    reason: String,
    /// The sites it is for; all when there is none.
    site: Option<Regex>,
    path: Option<Regex>,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A path only one of them has.
    Alone(String),
    /// The lines of both; a pattern that is left out fits no lines. They may have to be in an element.
    Lines { inside: Option<String>, zola: Option<Regex>, sitekit: Option<Regex> },
    /// What stands anywhere in a line of Zola's, and has to be something else in ours; or, in both, what is the same written
    /// in two ways. `{path}` is the page's.
    Rewritten { pattern: String, becomes: String, in_both: bool },
    /// A link whose text is its own address is as good as the text.
    BareAddresses,
    /// Elements whose order among their neighbours is nobody's promise.
    Unordered(Regex),
    /// The same tags and words in another order, anywhere on the page.
    Shuffled,
    /// The same letters, with white space in other places.
    Spaced,
}

/// Two outputs without what needs no look at both: rewritten, and with what has no order in one.
pub(super) struct Aligned {
    pub(super) theirs: Output,
    pub(super) ours: Output,
    /// How often each reason was needed.
    pub(super) explained: BTreeMap<usize, usize>,
}

impl Expected {
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let table: toml::Table = text.parse().context("differences.toml")?;
        let all = table.get("difference").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
        all.iter().map(One::read).collect::<anyhow::Result<_>>().map(Self)
    }

    /// The reason for which only `who` has a path.
    pub(super) fn alone(&self, who: &str, site: &str, path: &str) -> Option<usize> {
        self.0.iter().position(|one| one.is_for(site, path) && matches!(&one.what, What::Alone(has) if has == who))
    }

    pub(super) fn aligned(&self, site: &str, path: &str, theirs: &Output, ours: &Output) -> Aligned {
        let mut aligned = Aligned { theirs: theirs.clone(), ours: ours.clone(), explained: BTreeMap::new() };
        let mut needed = |reason: usize, count: usize| {
            if count > 0 {
                *aligned.explained.entry(reason).or_default() += count;
            }
        };
        for (reason, one) in self.0.iter().enumerate().filter(|(_, one)| one.is_for(site, path)) {
            let (Some(theirs), Some(ours)) = (aligned.theirs.lines_mut(), aligned.ours.lines_mut()) else { break };
            match &one.what {
                What::Rewritten { pattern, becomes, in_both } => {
                    let pattern = pattern.replace("{path}", &regex::escape(path));
                    let Ok(pattern) = Regex::new(&pattern) else { continue };
                    let apart = differing(theirs, ours);
                    let count = rewrite(theirs, &pattern, becomes);
                    if *in_both {
                        rewrite(ours, &pattern, becomes);
                    }
                    needed(reason, if *in_both { apart.saturating_sub(differing(theirs, ours)) } else { count });
                }
                What::BareAddresses => {
                    let (in_theirs, in_ours) = (bare::unlink(theirs), bare::unlink(ours));
                    needed(reason, in_ours.abs_diff(in_theirs));
                }
                What::Unordered(element) => {
                    let are_moved = order::sort(theirs, element) | order::sort(ours, element);
                    needed(reason, usize::from(are_moved));
                }
                What::Shuffled if order::are_shuffled(theirs, ours) => {
                    theirs.clone_from(ours);
                    needed(reason, 1);
                }
                What::Spaced => needed(reason, spaced::align(theirs, ours)),
                What::Alone(_) | What::Lines { .. } | What::Shuffled => {}
            }
        }
        // Words follow from documents: where these are only as good as the same, those are others.
        if let (Output::Index { words: theirs, .. }, Output::Index { words: ours, .. }) =
            (&mut aligned.theirs, &mut aligned.ours)
            && !aligned.explained.is_empty()
        {
            theirs.clear();
            ours.clear();
        }
        aligned
    }

    pub(super) fn reason(&self, site: &str, path: &str, found: &Difference) -> Option<usize> {
        self.0.iter().position(|one| {
            one.is_for(site, path)
                && match &one.what {
                    What::Lines { inside, zola, sitekit } => {
                        inside.as_ref().is_none_or(|inside| found.is_inside(inside))
                            && fits(zola.as_ref(), &found.theirs)
                            && fits(sitekit.as_ref(), &found.ours)
                    }
                    What::Alone(_)
                    | What::Rewritten { .. }
                    | What::BareAddresses
                    | What::Unordered(_)
                    | What::Shuffled
                    | What::Spaced => false,
                }
        })
    }

    /// By their places in the file.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        0..self.0.len()
    }

    pub(super) fn why(&self, reason: usize) -> &str {
        &self.0[reason].reason
    }
}

fn fits(pattern: Option<&Regex>, lines: &[String]) -> bool {
    match pattern {
        None => lines.is_empty(),
        Some(pattern) => !lines.is_empty() && pattern.is_match(&lines.join("\n")),
    }
}

/// How many lines of one are not in the other.
fn differing(some: &[String], others: &[String]) -> usize {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in others {
        *left.entry(line).or_default() += 1;
    }
    some.iter()
        .filter(|line| {
            left.get_mut(line.as_str()).is_none_or(|count| count.checked_sub(1).map(|less| *count = less).is_none())
        })
        .count()
}

/// How many lines became others.
fn rewrite(lines: &mut Vec<String>, pattern: &Regex, becomes: &str) -> usize {
    let mut count = 0;
    for line in lines.iter_mut() {
        if let Cow::Owned(rewritten) = pattern.replace_all(line, becomes)
            && rewritten != *line
        {
            *line = rewritten;
            count += 1;
        }
    }
    // A text that is nothing any more is no line.
    lines.retain(|line| !line.is_empty());
    count
}

impl One {
    fn read(written: &toml::Value) -> anyhow::Result<Self> {
        let text = |key: &str| written.get(key).and_then(toml::Value::as_str);
        let pattern = |key: &str| {
            text(key).map(|text| Regex::new(&format!("^(?s:{text})$")).with_context(|| format!("`{key}`"))).transpose()
        };
        let reason = text("reason").context("a difference without a `reason`")?.to_owned();
        let is_set = |key: &str| written.get(key).and_then(toml::Value::as_bool).unwrap_or(false);
        let what = if let Some(who) = text("only") {
            What::Alone(who.to_owned())
        } else if let Some(becomes) = text("becomes") {
            let (pattern, in_both) = match (text("zola"), text("both")) {
                (Some(pattern), None) => (pattern, false),
                (None, Some(pattern)) => (pattern, true),
                _ => bail!("{reason}: what `becomes` something is `zola` or `both`"),
            };
            Regex::new(&pattern.replace("{path}", "/")).context("what becomes something")?;
            What::Rewritten { pattern: pattern.to_owned(), becomes: becomes.to_owned(), in_both }
        } else if let Some(element) = text("unordered") {
            What::Unordered(Regex::new(&format!("^(?:{element})$")).context("`unordered`")?)
        } else if is_set("bare_addresses") {
            What::BareAddresses
        } else if is_set("shuffled") {
            What::Shuffled
        } else if is_set("white_space") {
            What::Spaced
        } else {
            What::Lines {
                inside: text("inside").map(str::to_owned),
                zola: pattern("zola")?,
                sitekit: pattern("sitekit")?,
            }
        };
        Ok(Self { site: pattern("site")?, path: pattern("path")?, what, reason })
    }

    fn is_for(&self, site: &str, path: &str) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        fits(&self.site, site) && fits(&self.path, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_can_be_read() {
        Expected::read(include_str!("../../peers/zola/differences.toml")).unwrap();
    }

    #[test]
    fn a_reason_fits_what_it_says_and_nothing_else() {
        let text = "[[difference]]\nreason = 'r'\nonly = 'Zola'\npath = '/a/.*'\n[[difference]]\nreason = 's'\nsite = 'x'\nsitekit = '<link [^>]*>'\n";
        let expected = Expected::read(text).unwrap();
        assert_eq!(expected.alone("Zola", "any", "/a/b"), Some(0));
        assert_eq!(expected.alone("sitekit", "any", "/a/b"), None);
        assert_eq!(expected.alone("Zola", "any", "/b/a/b"), None);
        assert!(Expected::read("[[difference]]\nzola = 'x'").is_err());
    }

    #[test]
    fn what_becomes_something_else_has_to_be_that() {
        let text = "[[difference]]\nreason = 'r'\npath = '/a'\nzola = '&amp;'\nbecomes = '&'\n[[difference]]\nreason = 's'\nunordered = '<li>'\n\
                    [[difference]]\nreason = 't'\npath = '/c'\nshuffled = true\n\
                    [[difference]]\nreason = 'u'\npath = '/d'\ninside = 'title'\nsitekit = 'x'\n";
        let expected = Expected::read(text).unwrap();
        let lines = |text: &str| Output::Lines(text.split(' ').map(str::to_owned).collect());
        let left = |path: &str, theirs: &str, ours: &str| {
            let aligned = expected.aligned("any", path, &lines(theirs), &lines(ours));
            let found = super::super::difference::between(&aligned.theirs, &aligned.ours);
            found.iter().filter(|one| expected.reason("any", path, one).is_none()).count()
        };
        assert_eq!(left("/a", "a&amp;b", "a&b"), 0);
        assert_eq!(left("/a", "a&amp;b", "a&c"), 1);
        assert_eq!(left("/b", "a&amp;b", "a&b"), 1);
        assert_eq!(left("/b", "<ul> <li> b </li> <li> a </li> </ul>", "<ul> <li> a </li> <li> b </li> </ul>"), 0);
        assert_eq!(left("/b", "<li> b </li> x <li> a </li>", "<li> a </li> x <li> b </li>"), 2);
        assert_eq!(left("/c", "<p> \"a\" \"b\" </p>", "<p> \"b\" \"a\" </p>"), 0);
        assert_eq!(left("/c", "<p> \"a\" \"b\" </p>", "<p> \"b\" \"c\" </p>"), 2);
        assert_eq!(left("/d", "<title> </title> <p> </p>", "<title> x </title> <p> </p>"), 0);
        assert_eq!(left("/d", "<title> </title> <p> </p>", "<title> </title> <p> x </p>"), 1);
    }

    #[test]
    fn what_is_the_same_in_two_ways() {
        let text = "[[difference]]\nreason = 'r'\nboth = 'href=\"{path}#'\nbecomes = 'href=\"#'\n";
        let expected = Expected::read(text).unwrap();
        let lines = |text: &str| Output::Lines(text.lines().map(str::to_owned).collect());
        let are_the_same = |path: &str, theirs: &str, ours: &str| {
            let aligned = expected.aligned("any", path, &lines(theirs), &lines(ours));
            aligned.theirs == aligned.ours
        };
        assert!(are_the_same("/a/", "<a href=\"/a/#x\">", "<a href=\"#x\">"));
        assert!(are_the_same("/a/", "<a href=\"/a/#x\">", "<a href=\"/a/#x\">"));
        assert!(!are_the_same("/a/", "<a href=\"/b/#x\">", "<a href=\"#x\">"));
    }
}
