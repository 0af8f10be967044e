//! What is told of links that lead nowhere: where their author wrote them, and what was probably meant. In a page stands
//! what became of a link; it was written in Markdown, in a template, or made by one of its expressions.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::{Arc, OnceLock},
};

use rayon::prelude::*;

use super::{
    drafts::{Draft, PageDraft},
    references::{Broken, Places, Unreached, Why},
};
use crate::{
    diag::{Candidates, Diagnostic, Source, did_you_mean},
    load::{ListId, Site},
    plan::{Origin, Plan},
    site::{BasePath, SitePath},
    transform::{
        html::decoded::decoded,
        markdown::{Link, url_in_page},
        render::Contents,
        requests::place_in_page,
    },
};

/// So many paths that lead nowhere get a suggestion: each is compared with all paths there are.
const SUGGESTED: usize = 500;

/// So many anchors of a page are listed.
const LISTED: usize = 8;

/// What is known of a site when its pages are drafted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) site: &'a Site,
    pub(super) plan: &'a Plan,
    pub(super) contents: &'a Contents,
    pub(super) places: &'a Places<'a>,
    /// Whether all templates and all content could be read: else a page may lack what it would have.
    pub(super) is_whole: bool,
}

/// Tells of every broken link, those of one place once.
pub(super) fn told(seen: &Seen<'_>, drafts: &[(SitePath, Draft)], unreached: &Unreached) -> Vec<Diagnostic> {
    let Seen { site, plan, contents, places, is_whole } = *seen;
    let broken = places.broken(drafts, unreached, is_whole);
    let mut teller = Teller {
        site,
        plan,
        contents,
        drafts: drafts.iter().map(|(path, draft)| (path, draft)).collect(),
        asked: Vec::new(),
        numbers: HashMap::new(),
        wanted: Vec::new(),
        listings: OnceCell::new(),
        told: Vec::new(),
        known: HashMap::new(),
    };
    for (at, broken) in broken {
        if let (path, Draft::Page(page)) = &drafts[at] {
            teller.page(path, page, &broken);
        }
    }
    teller.suggest();
    let counted = |(diagnostic, more)| match more {
        0 => diagnostic,
        1 => Diagnostic::traced(diagnostic, "and 1 more page"),
        _ => diagnostic.traced(format!("and {more} more pages")),
    };
    teller.told.into_iter().map(counted).collect()
}

struct Teller<'a> {
    site: &'a Site,
    plan: &'a Plan,
    contents: &'a Contents,
    drafts: BTreeMap<&'a SitePath, &'a Draft>,
    /// Paths that lead nowhere, and whether they were written as those of Markdown files: what may have been meant by them is
    /// looked for when all are known.
    asked: Vec<(String, bool)>,
    /// Their places in `asked`.
    numbers: HashMap<String, usize>,
    /// What in `told` waits for which of them.
    wanted: Vec<(usize, usize)>,
    /// Where the links of all Markdown stand, by the URL as it is in a page. Lists of pages show what is written elsewhere.
    listings: OnceCell<HashMap<String, (Source, Range<usize>)>>,
    /// Each with the number of further pages that have it.
    told: Vec<(Diagnostic, usize)>,
    /// Where in `told` it is, by file or template, place and message.
    known: HashMap<(Arc<str>, usize, String), usize>,
}

/// Who wrote a page: nobody knows of an HTML file.
struct Written<'a> {
    template: &'a str,
    content: Option<(&'a Source, &'a Range<usize>, &'a [Link])>,
}

/// One broken link, as often as it is in the page.
struct Case<'a> {
    path: &'a SitePath,
    page: &'a PageDraft,
    /// As it stands in the page.
    raw: &'a str,
    broken: &'a Broken,
}

impl<'a> Teller<'a> {
    fn page(&mut self, path: &SitePath, page: &PageDraft, broken: &[Broken]) {
        let mut cases: Vec<(Case<'_>, usize)> = Vec::new();
        let mut at: HashMap<&str, usize> = HashMap::new();
        for one in broken {
            let raw = &*one.link.raw;
            // A URL of the same words leads to the same place.
            let known = *at.entry(raw).or_insert_with(|| {
                cases.push((Case { path, page, raw, broken: one }, 0));
                cases.len() - 1
            });
            cases[known].1 += 1;
        }
        let written = self.written(path);
        for (case, count) in cases {
            match &written {
                None => {
                    let source = page.text.read_or_name();
                    for one in broken.iter().filter(|one| &*one.link.raw == case.raw) {
                        self.tell(&case, (&source, one.link.range()), None);
                    }
                }
                Some(written) => self.case(&case, count, written),
            }
        }
    }

    fn written(&self, path: &SitePath) -> Option<Written<'a>> {
        let (site, contents) = (self.site, self.contents);
        let origin = self.plan.routes.get(path)?;
        let content = match origin {
            Origin::Page(id) => {
                let page = site.page(*id);
                Some((&page.source, &page.body, &contents.pages[id.0].links[..]))
            }
            Origin::Section(id) | Origin::Pager(ListId::Section(id), _) => {
                let section = site.section(*id);
                Some((&section.source, &section.body, &contents.sections[id.0].links[..]))
            }
            _ => None,
        };
        Some(Written { template: template_of(site, origin)?, content })
    }

    /// Tells of a link where it is written: in the Markdown of the page, as far as it is there often enough; then in a
    /// template, or in the Markdown of another page that this one shows; else where it came out.
    fn case(&mut self, case: &Case<'_>, count: usize, written: &Written<'a>) {
        let mut left = count;
        if let Some((source, body, links)) = written.content {
            let of_links = links.iter().filter(|link| url_in_page(&link.url) == case.raw).map(|link| link.span.clone());
            let mut spans: Vec<Range<usize>> = of_links.collect();
            // Of `@/…` and `@alias/…` in Markdown it has been told when it was read.
            let has_been_told = case.raw.starts_with('@');
            if spans.len() < left {
                let in_html = occurrences(&source.text[body.clone()], case.raw);
                let in_html = in_html.map(|span| body.start + span.start..body.start + span.end);
                spans.extend(
                    in_html.filter(|span| !links.iter().any(|link| link.span == *span)).take(left - spans.len()),
                );
            }
            left = left.saturating_sub(spans.len());
            for span in spans {
                let is_link = links.iter().any(|link| link.span == span);
                if !(has_been_told && is_link) {
                    self.tell(case, (source, span), None);
                }
            }
        }
        if left == 0 {
            return;
        }
        let file = written.content.map(|(source, ..)| &*source.path).filter(|path| !path.is_empty());
        let step = match file {
            Some(file) => format!("while rendering {} ({file})", case.path),
            None => format!("while rendering {}", case.path),
        };
        if let Some((source, span)) = self.in_template(written.template, case.raw) {
            self.tell(case, (&source, span), Some(&step));
        } else if let Some((source, span)) = self.listing(case.raw) {
            self.tell(case, (&source, span), Some(&step));
        } else {
            self.made(case, written.template, &step);
        }
    }

    /// Tells of a link that an expression made: in one of the pages that have it.
    fn made(&mut self, case: &Case<'_>, template: &str, step: &str) {
        let key = (Arc::from(template), usize::MAX, message(case));
        if let Some(&known) = self.known.get(&key) {
            self.told[known].1 += 1;
            return;
        }
        self.known.insert(key, self.told.len());
        let place = (&case.page.text.read_or_name(), case.broken.link.range());
        let diagnostic = self.diagnostic(case, place).traced(format!("made by template {template}"));
        self.told.push((diagnostic.traced(step), 0));
    }

    fn tell(&mut self, case: &Case<'_>, (source, span): (&Source, Range<usize>), step: Option<&str>) {
        let key = (Arc::clone(&source.path), span.start, message(case));
        if let Some(&known) = self.known.get(&key) {
            self.told[known].1 += usize::from(step.is_some());
            return;
        }
        self.known.insert(key, self.told.len());
        let mut diagnostic = self.diagnostic(case, (source, span));
        diagnostic.trace.extend(step.map(str::to_owned));
        self.told.push((diagnostic, 0));
    }

    fn diagnostic(&mut self, case: &Case<'_>, (source, span): (&Source, Range<usize>)) -> Diagnostic {
        let mut diagnostic = Diagnostic::error_at(source, span, message(case));
        diagnostic.severity = match &case.broken.why {
            Why::Unreached { severity, .. } => *severity,
            _ => self.site.config.link_checker.internal,
        };
        diagnostic.help = self.help(case);
        diagnostic
    }

    fn help(&mut self, case: &Case<'_>) -> Option<String> {
        let url = decoded(case.raw);
        let bare = bare(&url);
        match &case.broken.why {
            Why::NotPublished => Some(
                "what is in `assets/` is published where a page loads it: name it with `asset`, or put it into `static/`"
                    .to_owned(),
            ),
            Why::Unreached { .. } => None,
            Why::NoAnchor { fragment, page } => Some(self.anchors(place_in_page(fragment)?, page)),
            Why::NoPage(_) if bare.starts_with("@/") => {
                Some("`@/…` is understood in Markdown links and by `get_url`".to_owned())
            }
            Why::NoPage(path) | Why::NoFile(path) => {
                self.ask(path, bare);
                (!bare.starts_with('/') && !bare.contains("://"))
                    .then(|| format!("from `{}` it leads to `{path}`", case.path))
            }
        }
    }

    fn anchors(&self, fragment: &str, page: &SitePath) -> String {
        let Some(Draft::Page(draft)) = self.drafts.get(page) else { return String::new() };
        let mut names: Vec<&str> = draft.references.anchors.names().collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !name.is_empty());
        if let Some(near) = did_you_mean(fragment, names.iter().copied()) {
            return format!("did you mean `#{near}`?");
        }
        let listed = names.iter().take(LISTED).map(|name| format!("`#{name}`")).collect::<Vec<_>>().join(", ");
        match names.len() {
            0 => format!("`{page}` has no anchors"),
            count if count > LISTED => format!("`{page}` has {listed} and {} more", count - LISTED),
            _ => format!("`{page}` has {listed}"),
        }
    }

    /// Asks what may have been meant by a URL that leads to `path`, for what is told next.
    fn ask(&mut self, path: &str, written: &str) {
        let number = match self.numbers.get(path) {
            Some(&number) => number,
            None if self.asked.len() >= SUGGESTED => return,
            None => {
                let is_markdown = written.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("md"));
                self.numbers.insert(path.to_owned(), self.asked.len());
                self.asked.push((path.to_owned(), is_markdown));
                self.asked.len() - 1
            }
        };
        self.wanted.push((self.told.len(), number));
    }

    /// Adds what may have been meant, where it was asked for.
    fn suggest(&mut self) {
        let (site, plan) = (self.site, self.plan);
        let paths: OnceLock<Known<'_>> = OnceLock::new();
        let files: OnceLock<Known<'_>> = OnceLock::new();
        let near_path = |path: &str| {
            let known = paths.get_or_init(|| {
                let known = plan.routes.iter().filter(|(_, origin)| !matches!(origin, Origin::Redirect(_)));
                known.map(|(path, _)| path.as_str()).collect()
            });
            let near = known.nearest(path)?;
            SitePath::parse(near).ok().map(|near| near.to_url(&BasePath::root()))
        };
        let near_file = |path: &str| {
            let known = files.get_or_init(|| {
                let sections = site.sections.iter().filter(|section| section.written).map(|one| &*one.relative);
                site.pages.iter().map(|page| &*page.relative).chain(sections).collect()
            });
            known.nearest(path.trim_start_matches('/')).map(|near| format!("@/{near}"))
        };
        let near = |(path, is_markdown): &(String, bool)| if *is_markdown { near_file(path) } else { near_path(path) };
        let nearest: Vec<Option<String>> = self.asked.par_iter().map(near).collect();
        for (at, number) in &self.wanted {
            if let (Some((diagnostic, _)), Some(near)) = (self.told.get_mut(*at), &nearest[*number]) {
                let meant = format!("did you mean `{near}`?");
                diagnostic.help =
                    Some(diagnostic.help.take().map_or_else(|| meant.clone(), |led| format!("{led}; {meant}")));
            }
        }
    }

    /// Where a template has this URL in its text: its own first.
    fn in_template(&self, template: &str, raw: &str) -> Option<(Source, Range<usize>)> {
        let templates = &self.site.templates;
        let own = templates.iter().filter(|one| one.name == template);
        own.chain(templates).find_map(|one| Some((one.source.clone(), occurrences(&one.source.text, raw).next()?)))
    }

    fn listing(&self, raw: &str) -> Option<(Source, Range<usize>)> {
        let listings = self.listings.get_or_init(|| {
            let pages = self.site.pages.iter().map(|page| &page.source).zip(&self.contents.pages);
            let sections = self.site.sections.iter().map(|section| &section.source).zip(&self.contents.sections);
            let mut all = HashMap::new();
            for (source, content) in pages.chain(sections) {
                for link in &content.links {
                    all.entry(url_in_page(&link.url)).or_insert_with(|| (source.clone(), link.span.clone()));
                }
            }
            all
        });
        listings.get(raw).cloned()
    }
}

/// The template that renders an answer.
pub(super) fn template_of<'a>(site: &'a Site, origin: &'a Origin) -> Option<&'a str> {
    match origin {
        Origin::Page(id) => Some(site.page(*id).template_name()),
        Origin::Section(id) | Origin::Pager(ListId::Section(id), _) => Some(site.section(*id).template_name()),
        Origin::Term(id) | Origin::Pager(ListId::Term(id), _) => Some(&site.taxonomy(id.0).single_template),
        Origin::Taxonomy(id) => Some(&site.taxonomy(*id).list_template),
        Origin::Template(name) => Some(name),
        _ => None,
    }
}

/// The same for all pages that have the link, so that a template's is told once.
fn message(case: &Case<'_>) -> String {
    let url = decoded(case.raw);
    let bare = bare(&url);
    match &case.broken.why {
        Why::NoPage(_) => format!("there is no page or file at `{bare}`"),
        Why::NoFile(_) => format!("there is no file `{bare}`"),
        Why::NotPublished => format!("`{bare}` is not published"),
        Why::NoAnchor { fragment, .. } if bare.is_empty() => format!("there is no `#{fragment}` on this page"),
        Why::NoAnchor { fragment, .. } => format!("there is no `#{fragment}` on `{bare}`"),
        Why::Unreached { why, .. } => format!("`{url}` {why}"),
    }
}

/// The path of a URL.
fn bare(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Where `raw` stands by itself in a text: as the value of an attribute, or as one of several URLs in it.
fn occurrences<'t>(text: &'t str, raw: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let is_edge = |c: char| matches!(c, '"' | '\'' | '=' | '(' | ')' | ',' | '<' | '>') || c.is_whitespace();
    text.match_indices(raw).map(|(at, raw)| at..at + raw.len()).filter(move |span| {
        !span.is_empty()
            && text[..span.start].ends_with(is_edge)
            && (text[span.end..].starts_with(is_edge) || text[span.end..].is_empty())
    })
}

/// Paths that may have been meant, ready to be asked for many that were written.
struct Known<'k> {
    /// In small letters; the first of those that are the same so.
    folded: HashMap<String, &'k str>,
    /// By their last segment.
    named: HashMap<&'k str, Vec<&'k str>>,
    all: Candidates<'k>,
}

impl<'k> FromIterator<&'k str> for Known<'k> {
    fn from_iter<I: IntoIterator<Item = &'k str>>(paths: I) -> Self {
        let mut known = Self { folded: HashMap::new(), named: HashMap::new(), all: Candidates::default() };
        let paths: Vec<&str> = paths.into_iter().collect();
        for &path in &paths {
            known.folded.entry(path.to_ascii_lowercase()).or_insert(path);
            known.named.entry(last_segment(path)).or_default().push(path);
        }
        known.all = paths.into_iter().collect();
        known
    }
}

impl<'k> Known<'k> {
    /// The nearest: the same in other letters' cases, of those with the same last segment the nearest, else the nearest of all.
    fn nearest(&self, path: &str) -> Option<&'k str> {
        if let Some(same) = self.folded.get(&path.to_ascii_lowercase()) {
            return Some(same);
        }
        let wanted = last_segment(path);
        let named = self.named.get(wanted).filter(|_| !wanted.is_empty());
        match named {
            Some(named) => named.iter().copied().collect::<Candidates<'_>>().nearest(path),
            None => self.all.meant(path),
        }
    }
}

fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_url_stands_by_itself() {
        for (text, expected) in [
            ("<a href=\"/x\">/x</a>", Some(9)),
            ("<a href=/x>", Some(8)),
            ("<a href='/xy'> srcset='/y 1x, /x 2x'", Some(30)),
            ("[a]: /x", Some(5)),
            ("a/x b/x/", None),
        ] {
            assert_eq!(occurrences(text, "/x").next().map(|span| span.start), expected, "{text}");
        }
    }

    #[test]
    fn what_is_near() {
        let known: Known<'_> = ["/", "/guide/install/", "/guide/start/", "/reference/cli/"].into_iter().collect();
        for (path, expected) in [
            ("/install/", Some("/guide/install/")),
            ("/Reference/CLI/", Some("/reference/cli/")),
            ("/guide/instal/", Some("/guide/install/")),
            ("/reference/cli", Some("/reference/cli/")),
            ("/something/else/entirely/", None),
        ] {
            assert_eq!(known.nearest(path), expected, "{path}");
        }
    }
}
