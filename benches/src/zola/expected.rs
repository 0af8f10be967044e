//! The differences that are meant, each with its reason: `peers/zola/differences.toml`. The manual's page "Differences from
//! Zola" tells them to users.

use anyhow::Context as _;
use regex::Regex;

use super::difference::Difference;

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
    /// The lines of both; a pattern that is left out fits no lines.
    Lines { zola: Option<Regex>, sitekit: Option<Regex> },
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

    pub(super) fn reason(&self, site: &str, path: &str, found: &Difference) -> Option<usize> {
        self.0.iter().position(|one| {
            one.is_for(site, path)
                && matches!(&one.what, What::Lines { zola, sitekit } if fits(zola.as_ref(), &found.theirs) && fits(sitekit.as_ref(), &found.ours))
        })
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

impl One {
    fn read(written: &toml::Value) -> anyhow::Result<Self> {
        let text = |key: &str| written.get(key).and_then(toml::Value::as_str);
        let pattern = |key: &str| {
            text(key).map(|text| Regex::new(&format!("^(?s:{text})$")).with_context(|| format!("`{key}`"))).transpose()
        };
        let reason = text("reason").context("a difference without a `reason`")?.to_owned();
        let what = match text("only") {
            Some(who) => What::Alone(who.to_owned()),
            None => What::Lines { zola: pattern("zola")?, sitekit: pattern("sitekit")? },
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
}
