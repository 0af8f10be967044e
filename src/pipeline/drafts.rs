//! Pages before their assets are built: templates rendered, HTML files read, and what each asks for resolved to files of the
//! site. Nothing here knows what anything will be called, so that no change of a script renders a page again.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    asking::Asking,
    files,
    references::{Places, References},
    rendered::Rendering,
    shelves::Kept,
    sources::{Kind, Sources},
};
use crate::{
    assets::{Entry, Mapped},
    diag::{Diagnostic, Source},
    load::{self, File, ListId, Searched, Site, World},
    plan::Origin,
    site::{BasePath, ContentHash, Field, MediaType, Shelf, SitePath},
    transform::{
        base,
        placeholder::{self, Placeholder, What},
        render::{Contents, InLanguages, Renderer, Shown},
        requests::{Asks, Head, Request, Requests},
        search::{self, Document},
    },
};

/// What is known of a route's answer before its assets are built.
#[derive(Debug)]
pub(super) enum Draft {
    Page(Box<PageDraft>),
    /// A rendered text of another type.
    Text(TextDraft),
    /// A web app manifest.
    Manifest(ManifestDraft),
    /// A text that stays as it is.
    Made(Made),
    /// What its origin says is all there is to know.
    Plain,
}

/// A page with its names as the author wrote them.
#[derive(Debug)]
pub(super) struct PageDraft {
    pub(super) text: Kept,
    pub(super) head: Head,
    /// In the order of the text.
    pub(super) wishes: Vec<Wish>,
    pub(super) placeholders: Vec<Filled>,
    pub(super) references: References,
    pub(super) fields: Vec<Field>,
}

/// A rendered text that is no page.
#[derive(Debug)]
pub(super) struct TextDraft {
    pub(super) source: Source,
    pub(super) media: MediaType,
    pub(super) placeholders: Vec<Filled>,
}

/// A text that was made as it is to be published.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) text: String,
    pub(super) media: MediaType,
}

/// A placeholder of a template's, and what it stands for.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) span: Range<usize>,
    pub(super) what: What,
    pub(super) of: Filling,
}

/// What a placeholder stands for.
#[derive(Debug)]
pub(super) enum Filling {
    Entry(Entry),
    /// What the build itself writes at this path.
    Written(SitePath),
}

impl Filling {
    fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Written(_) => None,
        }
    }
}

/// Something a page asks for.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) request: Request,
    pub(super) target: Target,
    /// Whether its `integrity` is of the file as its author wrote it.
    pub(super) is_vouched_for: bool,
}

#[derive(Debug)]
pub(super) enum Target {
    /// What is built of an entry.
    Entry(Entry),
    /// The file that has this module in it.
    Module(Arc<str>),
    /// A page that may be needed, and all it asks for.
    Page(SitePath),
    /// Another path of the site.
    Path(SitePath),
    /// What the names in an import map mean.
    Names(Mapped),
    /// Nothing of the site.
    Elsewhere,
}

#[derive(Debug)]
pub(super) struct ManifestDraft {
    pub(super) source: Source,
    /// The places of the images it names, and what they are.
    pub(super) images: Vec<(Range<usize>, Entry)>,
}

impl Wish {
    /// Whether what stands at this place is decided by the wish: in its URL or script, or in the `integrity` beside it.
    pub(super) fn covers(&self, place: &Range<usize>) -> bool {
        let holds = |span: &Range<usize>| span.start <= place.start && place.end <= span.end;
        matches!(self.target, Target::Entry(_) | Target::Module(_))
            && (holds(&self.request.span) || self.request.integrity.as_ref().is_some_and(holds))
    }
}

impl Draft {
    /// Whether it is a page that links a style sheet at this path.
    pub(super) fn asks_for_style_sheet(&self, path: &SitePath) -> bool {
        let is_it = |wish: &Wish| {
            wish.request.asks == Asks::StyleSheet && matches!(&wish.target, Target::Path(asked) if asked == path)
        };
        matches!(self, Self::Page(page) if page.wishes.iter().any(is_it))
    }

    /// The paths of what the build itself writes whose bytes it must know.
    pub(super) fn asks_for_written(&self) -> impl Iterator<Item = &SitePath> {
        let placeholders: &[Filled] = match self {
            Self::Page(page) => &page.placeholders,
            Self::Text(text) => &text.placeholders,
            Self::Manifest(_) | Self::Made(_) | Self::Plain => &[],
        };
        placeholders.iter().filter_map(|one| match &one.of {
            Filling::Written(path) => Some(path),
            Filling::Entry(_) => None,
        })
    }

    /// Whether it is a page that says what it may need.
    pub(super) fn says_needs(&self) -> bool {
        matches!(self, Self::Page(page) if page.wishes.iter().any(|wish| wish.request.asks == Asks::MayNeed))
    }

    /// What has to be built before it can be finished.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let (wishes, images, placeholders): (&[Wish], &[_], &[Filled]) = match self {
            Self::Page(page) => (&page.wishes, &[], &page.placeholders),
            Self::Text(text) => (&[], &[], &text.placeholders),
            Self::Manifest(manifest) => (&[], &manifest.images, &[]),
            Self::Made(_) | Self::Plain => (&[], &[], &[]),
        };
        asked(wishes, placeholders).chain(images.iter().map(|(_, entry)| entry))
    }
}

impl PageDraft {
    /// What has to be built before it can be finished.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        asked(&self.wishes, &self.placeholders)
    }
}

fn asked<'a>(wishes: &'a [Wish], placeholders: &'a [Filled]) -> impl Iterator<Item = &'a Entry> {
    let of_wishes = wishes.iter().filter_map(|wish| match &wish.target {
        Target::Entry(entry) => Some(entry),
        _ => None,
    });
    // What an attribute of a tag asks for is what the tag needs; the same script may be asked for as another thing.
    let is_free = move |one: &&Filled| !wishes.iter().any(|wish| wish.covers(&one.span));
    of_wishes.chain(placeholders.iter().filter(is_free).filter_map(|one| one.of.entry()))
}

/// Makes drafts.
pub(super) struct Drafter<'a> {
    pub(super) world: &'a dyn World,
    pub(super) site: &'a Site,
    pub(super) base: &'a BasePath,
    pub(super) sources: &'a Sources<'a>,
    pub(super) contents: &'a Contents,
    pub(super) places: &'a Places<'a>,
    /// `None` when templates cannot be read: then nothing that needs one is made.
    pub(super) renderer: Option<Renderer<'a>>,
    /// What renders, or knows what was rendered.
    pub(super) rendering: &'a Rendering,
    /// Where the texts of pages are put.
    pub(super) shelf: Option<&'a Arc<dyn Shelf>>,
}

/// Who wrote a rendered page.
pub(super) struct Authors<'a> {
    pub(super) template: &'a str,
    /// The Markdown file.
    pub(super) content: Option<&'a Source>,
    /// What its head says of its languages.
    languages: InLanguages,
}

impl Drafter<'_> {
    /// `None` when there can be no answer, which `found` says.
    pub(super) fn draft(&self, path: &SitePath, origin: &Origin, found: &mut Vec<Diagnostic>) -> Option<Draft> {
        self.draft_of(path, origin, None, found)
    }

    /// The same where the content file is not what it was when the site was loaded, but `edited`.
    pub(super) fn draft_of(
        &self,
        path: &SitePath,
        origin: &Origin,
        edited: Option<&Source>,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Draft> {
        match origin {
            Origin::Page(id) => {
                let page = self.site.page(*id);
                let shown = (Shown::Page(*id), path);
                let content = || self.contents.html(&self.contents.pages[id.0]);
                let render = |renderer: &Renderer<'_>| renderer.page(*id);
                let html = self.rendered_or_known(shown, content, edited, render, found)?;
                let languages =
                    self.renderer.as_ref().map(|renderer| renderer.page_in_languages(*id)).unwrap_or_default();
                let authors =
                    Authors { template: page.template_name(), content: edited.or(Some(&page.source)), languages };
                let mut draft = self.page(path, Source::new(self.rendered_name(path), html), Some(&authors), found);
                let date = page.meta.updated.as_ref().or(page.date.as_ref());
                draft.fields.extend(date.and_then(last_modified));
                Some(Draft::Page(Box::new(draft)))
            }
            Origin::Section(id) => {
                let section = self.site.section(*id);
                let shown = (Shown::Pager(ListId::Section(*id), 1), path);
                let content = || self.contents.html(&self.contents.sections[id.0]);
                let render = |renderer: &Renderer<'_>| renderer.section(*id);
                let html = self.rendered_or_known(shown, content, edited, render, found)?;
                let languages =
                    self.renderer.as_ref().map(|renderer| renderer.section_in_languages(*id)).unwrap_or_default();
                let content = edited.or(Some(&section.source));
                let authors = Authors { template: section.template_name(), content, languages };
                let source = Source::new(self.rendered_name(path), html);
                Some(Draft::Page(Box::new(self.page(path, source, Some(&authors), found))))
            }
            Origin::Pager(list, number) => {
                self.listed(path, Shown::Pager(*list, *number), |renderer| renderer.pager(*list, *number), found)
            }
            Origin::Taxonomy(id) => self.listed(path, Shown::Taxonomy(*id), |renderer| renderer.taxonomy(*id), found),
            Origin::Term(id) => {
                self.listed(path, Shown::Pager(ListId::Term(*id), 1), |renderer| renderer.term(*id), found)
            }
            Origin::Feed(feed) => self.text(path, |renderer| renderer.feed(feed), found),
            Origin::Sitemap(entries) => self.text(path, |renderer| renderer.sitemap(path, entries.clone()), found),
            Origin::SitemapIndex(parts) => self.text(path, |renderer| renderer.sitemap_index(path, parts), found),
            Origin::SearchIndex(lang) => self.search_index(path, lang),
            Origin::SearchLibrary => {
                Some(Draft::Made(Made { text: search::LIBRARY.to_owned(), media: MediaType::JAVASCRIPT }))
            }
            Origin::Template(name) => {
                let media = MediaType::of_extension(path.extension());
                if media == MediaType::HTML {
                    return self.listed(path, Shown::Template(name), |renderer| renderer.template(name, path), found);
                }
                let text = render_with(self.renderer.as_ref()?, |renderer| renderer.template(name, path), found)?;
                let source = Source::new(self.rendered_name(path), text);
                let placeholders = self.placeholders(&source);
                Some(Draft::Text(TextDraft { source, media, placeholders }))
            }
            Origin::File(file) if files::media_of(path) == MediaType::HTML => {
                let source = files::read_text(self.world, file, found)?;
                Some(Draft::Page(Box::new(self.page(path, source, None, found))))
            }
            Origin::File(_) | Origin::Script(_) | Origin::Sass(_) | Origin::Highlighting(_) | Origin::Redirect(_) => {
                Some(Draft::Plain)
            }
        }
    }

    /// The web app manifest in `file`, at `path`.
    pub(super) fn manifest(&self, path: &SitePath, file: &File, found: &mut Vec<Diagnostic>) -> Option<Draft> {
        let source = files::read_text(self.world, file, found)?;
        let images = base::manifest_images(&source.text).into_iter().filter_map(|span| {
            let path = Sources::locate(&source.text[span.clone()], path.as_str())?;
            Some((span, Entry::File(Arc::clone(self.sources.at(&path)?))))
        });
        let images = images.collect();
        Some(Draft::Manifest(ManifestDraft { source, images }))
    }

    /// A page that lists others.
    fn listed(
        &self,
        path: &SitePath,
        shown: Shown<'_>,
        render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Draft> {
        let html = self.rendered_or_known((shown, path), || "".into(), None, render, found)?;
        let authors = Authors { template: shown.template(self.site), content: None, languages: InLanguages::default() };
        let source = Source::new(self.rendered_name(path), html);
        Some(Draft::Page(Box::new(self.page(path, source, Some(&authors), found))))
    }

    /// A feed or a sitemap. XML has no place for control characters, which a page may have (XML 1.0 §2.2).
    fn text(
        &self,
        path: &SitePath,
        render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Draft> {
        let mut text = render_with(self.renderer.as_ref()?, render, found)?;
        text.retain(|c| !matches!(c, '\0'..'\t' | '\u{b}' | '\u{c}' | '\u{e}'..' ' | '\u{fffe}' | '\u{ffff}'));
        let source = Source::new(self.rendered_name(path), text);
        let placeholders = self.placeholders(&source);
        Some(Draft::Text(TextDraft { source, media: MediaType::of_extension(path.extension()), placeholders }))
    }

    /// `None` for a language that the format cannot hold, which loading has said.
    fn search_index(&self, path: &SitePath, lang: &str) -> Option<Draft> {
        let searched = self.site.searched(lang);
        let urls: Vec<String> =
            searched.iter().map(|&one| self.site.url(self.site.searched_path(one), self.base)).collect();
        let html = |&one: &_| {
            self.contents.html(match one {
                Searched::Page(id) => &self.contents.pages[id.0],
                Searched::Section(id) => &self.contents.sections[id.0],
            })
        };
        let texts: Vec<Cow<'_, str>> = searched.iter().map(html).collect();
        let document = |one, url, content| {
            let (title, description, date) = match one {
                Searched::Page(id) => {
                    let page = self.site.page(id);
                    (&page.meta.title, &page.meta.description, page.date.as_ref())
                }
                Searched::Section(id) => {
                    let meta = &self.site.section(id).meta;
                    (&meta.title, &meta.description, None)
                }
            };
            Document {
                url,
                path: self.site.searched_path(one).as_str(),
                title: title.as_deref().unwrap_or_default(),
                description: description.as_deref().unwrap_or_default(),
                date: date.map_or("", |date| date.text.as_str()),
                content,
            }
        };
        let each = searched.iter().zip(&urls).zip(&texts);
        let documents: Vec<Document<'_>> = each.map(|((&one, url), content)| document(one, url, content)).collect();
        let text = search::index(&documents, &self.site.config.search_of(lang), lang)?;
        Some(Draft::Made(Made { text, media: MediaType::of_extension(path.extension()) }))
    }

    /// Nothing where the template is not there: loading has said so. Of what is edited nothing is known.
    fn rendered_or_known<'c>(
        &self,
        (shown, path): (Shown<'_>, &SitePath),
        content: impl FnOnce() -> Cow<'c, str>,
        edited: Option<&Source>,
        render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
        found: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let renderer = self.renderer.as_ref().filter(|_| self.site.has_template(shown.template(self.site)))?;
        if edited.is_some() {
            return render_with(renderer, render, found);
        }
        let render = |renderer: &Renderer<'_>| self.rendering.render(renderer, (shown, path), content, render);
        render_with(renderer, render, found)
    }

    /// What a diagnostic about a rendered text calls it.
    fn rendered_name(&self, path: &SitePath) -> String {
        format!("{} (rendered {path})", self.site.root)
    }

    /// What templates asked for by name.
    fn placeholders(&self, source: &Source) -> Vec<Filled> {
        let filled = |Placeholder { span, what, key }| {
            if let Some(path) = self.sources.written(key) {
                return Some(Filled { span, what, of: Filling::Written(path.clone()) });
            }
            let Some(source) = self.sources.named(key).map(Arc::clone) else {
                return Some(Filled { span, what, of: Filling::Entry(self.picture(key)?) });
            };
            let entry = match Kind::of(&source) {
                // What is put into a page runs there by itself.
                Kind::Script if what == What::Content => Entry::Classic(source),
                Kind::Script => Entry::Module(source),
                Kind::StyleSheet => Entry::Style(source),
                Kind::Page | Kind::Other => Entry::File(source),
            };
            let entry = if what == What::Content { Entry::Within(Box::new(entry)) } else { entry };
            Some(Filled { span, what, of: Filling::Entry(entry) })
        };
        placeholder::find(&source.text).filter_map(filled).collect()
    }

    /// What is to be made of a picture, where this is the key of such a thing.
    pub(super) fn picture(&self, key: ContentHash) -> Option<Entry> {
        Some(Entry::Picture(Arc::new(self.renderer.as_ref()?.picture(key)?)))
    }

    fn page(
        &self,
        path: &SitePath,
        source: Source,
        authors: Option<&Authors<'_>>,
        found: &mut Vec<Diagnostic>,
    ) -> PageDraft {
        let mut requests = Requests::of(&source.text);
        let mut head = authors.and(self.renderer.as_ref()).map_or_else(String::new, |renderer| renderer.head_of(path));
        let end_of_head = requests.head.end.or(requests.head.start);
        if let (Some(authors), Some(at)) = (authors, end_of_head) {
            head += &authors.languages.missing_in(&source.text[..at]);
        }
        let source = match end_of_head {
            Some(at) if !head.is_empty() => {
                let (before, after) = source.text.split_at(at);
                let source = Source::new(Arc::clone(&source.path), [before, &head, after].concat());
                requests = Requests::of(&source.text);
                source
            }
            _ => source,
        };
        let from = match &requests.base {
            None => Some(path.clone()),
            Some(base) => Sources::locate(base, path.as_str()),
        };
        let seen_from = from.as_ref().map_or("", SitePath::as_str);
        let mut asking =
            Asking { drafter: self, source: &source, from: seen_from, path, authors, mapped: Mapped::new(), found };
        let wishes = std::mem::take(&mut requests.all).into_iter().map(|request| {
            let target = asking.target(&request);
            Wish { is_vouched_for: asking.is_vouched_for(&request, &target), request, target }
        });
        let wishes: Vec<Wish> = wishes.collect();
        let mut placeholders = authors.map_or_else(Vec::new, |_| self.placeholders(&source));
        // The digest of a file is that of what the page makes of it.
        for one in placeholders.iter_mut().filter(|one| matches!(one.what, What::Digest(_))) {
            let Filling::Entry(of) = &mut one.of else { continue };
            let asked = wishes.iter().find_map(|wish| match &wish.target {
                Target::Entry(Entry::Inline(_)) => None,
                Target::Entry(entry) if entry.source() == of.source() => Some(entry),
                _ => None,
            });
            if let Some(asked) = asked {
                *of = asked.clone();
            }
        }
        let references = self.places.references(&source.text, &requests, &wishes, from.as_ref());
        let text = Kept::on(self.shelf, source);
        PageDraft { text, head: requests.head, wishes, placeholders, references, fields: Vec::new() }
    }
}

fn render_with(
    renderer: &Renderer<'_>,
    render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    render(renderer).map_err(|diagnostics| found.extend(diagnostics)).ok()
}

/// The page's own date, an input of the build (RFC 9110 §8.8.2); a clock would make every build different.
fn last_modified(date: &load::PageDate) -> Option<Field> {
    let seconds = u64::try_from(date.instant.as_second()).ok()?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Some(Field::new("last-modified", httpdate::fmt_http_date(time)))
}

/// What the names in all import maps mean: where pages differ, as the first says.
pub(super) fn mapped(drafts: &[(SitePath, Draft)]) -> Mapped {
    let mut all = Mapped::new();
    for (_, draft) in drafts {
        let Draft::Page(page) = draft else { continue };
        for wish in &page.wishes {
            let Target::Names(names) = &wish.target else { continue };
            for (name, path) in names {
                all.entry(name.clone()).or_insert_with(|| path.clone());
            }
        }
    }
    all
}

/// What the pages ask for that others say they may need.
pub(super) fn needed_pages(drafts: &[(SitePath, Draft)]) -> BTreeMap<SitePath, Vec<Entry>> {
    let pages = || {
        drafts.iter().filter_map(|(path, draft)| match draft {
            Draft::Page(page) => Some((path, page)),
            _ => None,
        })
    };
    let named = pages().flat_map(|(_, page)| &page.wishes).filter_map(|wish| match &wish.target {
        Target::Page(path) => Some(path),
        _ => None,
    });
    let named: BTreeSet<&SitePath> = named.collect();
    let is_run = |entry: &&Entry| !matches!(entry, Entry::File(_) | Entry::Picture(_));
    let asked = |page: &PageDraft| {
        let entries = page.wishes.iter().filter_map(|wish| match &wish.target {
            Target::Entry(entry) => Some(entry),
            _ => None,
        });
        entries.filter(is_run).cloned().collect()
    };
    pages().filter(|(path, _)| named.contains(path)).map(|(path, page)| (path.clone(), asked(page))).collect()
}

/// The paths that pages name as those of their web app manifest.
pub(super) fn linked_manifests<'a>(drafts: impl Iterator<Item = &'a Draft>) -> BTreeSet<SitePath> {
    let wishes = drafts.filter_map(|draft| match draft {
        Draft::Page(page) => Some(&page.wishes),
        _ => None,
    });
    let manifest = |wish: &Wish| match (&wish.request.asks, &wish.target) {
        (Asks::Manifest, Target::Path(path)) => Some(path.clone()),
        _ => None,
    };
    wishes.flatten().filter_map(manifest).collect()
}
