//! A content file that is read a second time, while what was made of it the first time is still there. Nothing here says what
//! is wrong with it: whoever cannot use what is found loads the site anew, and is told then.

use std::ops::Range;

use super::{World, files::utf8, front_matter};
use crate::diag::Source;

/// The content file `before` as it is now, and where its Markdown is; `None` where more than that differs from what it was.
/// `body` is where it was. A body that has become empty is taken for that of a file which is just being written.
#[must_use]
pub fn with_another_body(world: &dyn World, before: &Source, body: &Range<usize>) -> Option<(Source, Range<usize>)> {
    let bytes = world.read(&before.path).ok()?;
    let now = utf8(before.path.clone(), bytes.into(), &mut Vec::new())?;
    let now_body = front_matter::body(&now)?;
    // Equal bytes have equal values, and at equal places.
    let is_same = now.text[..now_body.start] == before.text[..body.start];
    let is_cut = now.text[now_body.clone()].trim().is_empty() && !before.text[body.clone()].trim().is_empty();
    (is_same && !is_cut).then_some((now, now_body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::MemoryWorld;

    #[track_caller]
    fn check(before: &str, now: &str, expected: Option<&str>) {
        let before = Source::new("a.md", before);
        let body = front_matter::body(&before).unwrap();
        let world = MemoryWorld::new().with("a.md", now);
        let found = with_another_body(&world, &before, &body);
        assert_eq!(found.map(|(source, body)| source.text[body].to_owned()).as_deref(), expected, "{now:?}");
    }

    #[test]
    fn the_body_alone_may_differ() {
        check("+++\ntitle = 'A'\n+++\none", "+++\ntitle = 'A'\n+++\ntwo", Some("two"));
        check("+++\ntitle = 'A'\n+++\none", "\u{feff}+++\ntitle = 'A'\n+++\none", Some("one"));
        check("+++\ntitle = 'A'\n+++\none", "+++\ntitle = 'B'\n+++\none", None);
        check("+++\ntitle = 'A'\n+++\none", "+++\ntitle = 'A'\n+++ \none", None);
        check("+++\ntitle = 'A'\n+++\none", "+++\ntitle = 'A'\n", None);
        check("+++\ntitle = 'A'\n+++\none", "", None);
        check("+++\ntitle = 'A'\n+++\none", "+++\ntitle = 'A'\n+++\n\n", None);
        check("+++\ntitle = 'A'\n+++\n", "+++\ntitle = 'A'\n+++\n\n", Some("\n"));
        check("one", "two", Some("two"));
        check("one", "+++\n+++\none", None);
    }
}
