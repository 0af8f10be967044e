//! The info string of a code fence: a language, then Zola's options after commas (```` ```rust,linenos,hl_lines=2-4 ````).

use std::ops::RangeInclusive;

use crate::diag::did_you_mean;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fence<'a> {
    /// As it is written; empty when there is none.
    pub(super) language: &'a str,
    /// The number of the first line, when lines are numbered.
    pub(super) first_number: Option<usize>,
    /// Lines to mark and to leave out, from 1.
    pub(super) marked: Lines,
    pub(super) hidden: Lines,
    /// What is passed on as data attributes: `name=main.rs`, `copy`.
    pub(super) data: Vec<(&'a str, &'a str)>,
    /// What was not understood.
    pub(super) unknown: Vec<&'a str>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines(Vec<RangeInclusive<usize>>);

/// Every option there is, for hints.
pub(super) const OPTIONS: &[&str] = &["linenos", "linenostart", "hl_lines", "hide_lines", "name", "copy"];

impl<'a> Fence<'a> {
    pub(super) fn parse(info: &'a str) -> Self {
        let info = info.trim();
        let language_end = info.find(|c: char| c == ',' || c == '{' || c.is_whitespace()).unwrap_or(info.len());
        let (language, rest) = info.split_at(language_end);
        let mut fence = Self { language, ..Self::default() };
        for option in rest.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            if fence.apply(option).is_none() {
                fence.unknown.push(option);
            }
        }
        fence
    }

    /// Whether lines have to be told apart.
    pub(super) fn is_by_line(&self) -> bool {
        self.first_number.is_some() || !self.marked.0.is_empty() || !self.hidden.0.is_empty()
    }

    fn apply(&mut self, option: &'a str) -> Option<()> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "linenos" if value.is_empty() => self.first_number = self.first_number.or(Some(1)),
            "linenostart" => self.first_number = Some(value.parse().ok()?),
            "hl_lines" => self.marked = Lines::parse(value)?,
            "hide_lines" => self.hidden = Lines::parse(value)?,
            _ if OPTIONS[..4].contains(&key) => return None,
            _ if OPTIONS.contains(&key) => self.pass_on(option)?,
            // What is nearly an option was meant to be one.
            _ if did_you_mean(key, OPTIONS.iter().copied()).is_some() => return None,
            _ => self.pass_on(option)?,
        }
        Some(())
    }

    /// Keeps an option for the reader's scripts, which find it as a data attribute; one without a value is `true`.
    fn pass_on(&mut self, option: &'a str) -> Option<()> {
        let (key, value) = option.split_once('=').unwrap_or((option, "true"));
        let is_name = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let value = value.trim_matches('"');
        (is_name && !value.is_empty()).then(|| self.data.push((key, value)))
    }
}

impl Lines {
    pub(super) fn contains(&self, line: usize) -> bool {
        self.0.iter().any(|range| range.contains(&line))
    }

    /// Reads `1 3-5 8`.
    fn parse(value: &str) -> Option<Self> {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.parse().ok()?..=last.parse().ok()?)
        };
        let ranges: Vec<_> = value.trim_matches('"').split_whitespace().map(range).collect::<Option<_>>()?;
        (!ranges.is_empty()).then_some(Self(ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        for (info, language, unknown) in [
            ("", "", &[] as &[&str]),
            ("rust", "rust", &[]),
            (" PowerShell ", "PowerShell", &[]),
            ("rust,linenos,linenostart=10,hl_lines=1 3-4,hide_lines=2,name=main.rs", "rust", &[]),
            ("rust, linenos", "rust", &[]),
            ("rust linenos", "rust", &[]),
            (",linenos", "", &[]),
            ("rust,lineos,hl_lines=x,linenos=1", "rust", &["lineos", "hl_lines=x", "linenos=1"]),
            ("rust,copy,filename=a.rs,title=\"A b\"", "rust", &[]),
            ("rust,nam=x,name=", "rust", &["nam=x", "name="]),
            ("js {1,3}", "js", &["{1", "3}"]),
        ] {
            let fence = Fence::parse(info);
            assert_eq!((fence.language, &*fence.unknown), (language, unknown), "{info}");
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        let fence = Fence::parse("rust,linenostart=7,hl_lines=1 3-4,name=a.rs");
        assert_eq!(fence.first_number, Some(7));
        assert_eq!(fence.data, [("name", "a.rs")]);
        let marked: Vec<usize> = (0..6).filter(|&line| fence.marked.contains(line)).collect();
        assert_eq!(marked, [1, 3, 4]);
        assert!(fence.is_by_line() && !Fence::parse("rust,name=a.rs").is_by_line());
    }
}
