//! A build that is over and still there: as long as someone holds it, a page, a module or a style sheet that has changed is
//! made again with all that the build knows, at a cost that does not depend on how many others there are. Where the change
//! may matter to anything but the one itself, or is a mistake, the answer is that only a build can tell; what merely shows a
//! page, a list or a feed, is the next build's, too, and so is what is wrong only there.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use super::{
    Profile,
    drafts::Draft,
    fields::Fields,
    outputs::{Output, State},
};
use crate::{
    assets,
    diag::{Diagnostic, Severity, Source},
    load::{self, PageId, SectionId, Site, World},
    plan::{Origin, Plan},
    site::{BasePath, Body, Coding, EncodedBody, Manifest, Response, Rules, SiteImage, SitePath},
    transform::markdown::{Rendered, Text},
};

/// What a source that has changed has become.
#[derive(Debug)]
pub enum Again {
    /// The answers at the addresses of a page.
    Page(SiteImage<Body>),
    /// Style sheets under the names they have now; and these names, by those they had.
    Styles(SiteImage<Body>, BTreeMap<SitePath, SitePath>),
    /// A script that defines a module again in pages that run it.
    Module(String),
}

/// A build that is over. Everything it has made and read is as it was, but for the pages that were made again.
pub struct Held<'a, 's> {
    world: &'a dyn World,
    site: &'a Site,
    plan: &'a Plan,
    base: &'a BasePath,
    profile: Profile,
    state: State<'a, 's>,
    fields: Fields<'a>,
    /// What each content file is: in more than one language, perhaps.
    files: HashMap<&'a str, Vec<Place>>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Page(PageId),
    Section(SectionId),
}

/// What a page was made of again.
struct Reread {
    place: Place,
    source: Source,
    content: Rendered,
}

impl<'a, 's: 'a> Held<'a, 's> {
    pub(super) fn new(
        world: &'a dyn World,
        plan: &'a Plan,
        base: &'a BasePath,
        profile: Profile,
        state: State<'a, 's>,
        routes: &'a BTreeMap<SitePath, Output>,
    ) -> Self {
        let site = state.drafter.site;
        let mut files: HashMap<&str, Vec<Place>> = HashMap::new();
        for (id, page) in site.pages.iter().enumerate() {
            files.entry(&*page.source.path).or_default().push(Place::Page(PageId(id)));
        }
        for (id, section) in site.sections.iter().enumerate().filter(|(_, section)| section.written) {
            files.entry(&*section.source.path).or_default().push(Place::Section(SectionId(id)));
        }
        Self { world, site, plan, base, profile, fields: Fields::new(&site.config, routes, base), state, files }
    }

    /// What a file of the site is now, which is read again. `None` when what a build would make of it may differ in more than
    /// that and what shows it, or would be a mistake.
    #[must_use]
    pub fn again(&self, file: &str) -> Option<Again> {
        // Which style rules are used, all pages say together; and to compress takes its time.
        if self.site.config.assets.remove_unused || self.profile != Profile::Dev {
            return None;
        }
        if self.files.contains_key(file) {
            return self.page_again(file).map(Again::Page);
        }
        let before = self.world.read(file).ok()?;
        let State { built, assets, .. } = self.state;
        let again = match assets::again(self.world, self.site, assets, built, file)? {
            assets::Again::Module(script) => Again::Module(script),
            assets::Again::Styles(sheets) => {
                let names = sheets.iter().map(|sheet| (sheet.was.clone(), sheet.path.clone())).collect();
                let made = |(path, file)| {
                    let output = Output::of_built(file);
                    let fields = self.fields.of(&path, &output);
                    let bodies = vec![EncodedBody { coding: Coding::Identity, bytes: output.body }];
                    (path, Response { status: output.status, fields, bodies })
                };
                let routes = sheets.into_iter().flat_map(|sheet| sheet.files).map(made).collect();
                Again::Styles(self.image(routes), names)
            }
        };
        // A file that is being written is another one by now; it is heard of again.
        (self.world.read(file).ok()? == before).then_some(again)
    }

    /// The answers at the addresses of a content file.
    fn page_again(&self, file: &str) -> Option<SiteImage<Body>> {
        let renderer = self.state.drafter.renderer.as_ref().filter(|renderer| !renderer.has_read(file))?;
        let read = self.files.get(file)?.iter().map(|&place| self.read(place)).collect::<Option<Vec<_>>>()?;
        for Reread { place, content, .. } in &read {
            match place {
                Place::Page(id) => renderer.edit_page(*id, content.clone()),
                Place::Section(id) => renderer.edit_section(*id, content.clone()),
            }
        }
        let routes = read.iter().map(|again| self.answer(again)).collect::<Option<BTreeMap<_, _>>>()?;
        // A file that is being written is another one by now; it is heard of again.
        let is_whole = |again: &Reread| {
            self.world.read(&again.source.path).is_ok_and(|bytes| bytes.ends_with(again.source.text.as_bytes()))
        };
        read.iter().all(is_whole).then(|| self.image(routes))
    }

    /// A site of these answers alone.
    fn image(&self, routes: BTreeMap<SitePath, Response<Body>>) -> SiteImage<Body> {
        SiteImage {
            site: self.site.name.clone(),
            base: self.base.clone(),
            mode: self.site.config.mode,
            routes,
            not_found: None,
            rules: Rules::default(),
            manifest: Manifest::default(),
        }
    }

    /// The content of a file as it is now.
    fn read(&self, place: Place) -> Option<Reread> {
        let State { converter, reader, drafter, .. } = &self.state;
        let (before, body, relative, own, path, lang, links) = match place {
            Place::Page(id) => {
                let page = self.site.page(id);
                let (own, links) = (page.meta.skip_content_templating, &drafter.contents.pages[id.0].links);
                (&page.source, &page.body, &page.relative, own, &page.path, &page.lang, links)
            }
            Place::Section(id) => {
                let section = self.site.section(id);
                let (own, links) = (section.meta.skip_content_templating, &drafter.contents.sections[id.0].links);
                (&section.source, &section.body, &section.relative, own, &section.path, &section.lang, links)
            }
        };
        let (source, body) = load::with_another_body(self.world, before, body)?;
        let reader = (*reader)?;
        reader.begin_again(path);
        if converter.is_template(relative, own, &source.text[body.clone()]) {
            if !reader.reads_content() {
                return None;
            }
            let unread = Rendered::unread(&Text { source: &source, body: body.clone(), templated: None }, lang);
            match place {
                Place::Page(id) => reader.edit_page(id, unread),
                Place::Section(id) => reader.edit_section(id, unread),
            }
        }
        let content = match place {
            Place::Page(id) => converter.page(id, &source, &body),
            Place::Section(id) => converter.section(id, &source, &body),
        };
        let is_shown_elsewhere = content.links != *links && drafter.renderer.as_ref()?.asks_for_backlinks();
        (!is_shown_elsewhere && is_sound(&content.diagnostics)).then_some(Reread { place, source, content })
    }

    /// The answer at the address of a page, whose content is that of now.
    fn answer(&self, again: &Reread) -> Option<(SitePath, Response<Body>)> {
        let State { drafter, pages, built, known, .. } = &self.state;
        let path = match again.place {
            Place::Page(id) => &self.site.page(id).path,
            Place::Section(id) => &self.site.section(id).path,
        };
        let origin = self.plan.routes.get(path)?;
        let is_its_own = match (origin, again.place) {
            (Origin::Page(one), Place::Page(id)) => *one == id,
            (Origin::Section(one), Place::Section(id)) => *one == id,
            _ => false,
        };
        if !is_its_own {
            return None;
        }
        let mut found = Vec::new();
        let Some(Draft::Page(draft)) = drafter.draft_of(path, origin, Some(&again.source), &mut found) else {
            return None;
        };
        if !known.allows(path, &draft, built, drafter.places) {
            return None;
        }
        let output = pages.finish(path, *draft, &mut found)?;
        if !is_sound(&found) || drafter.contents.fault().is_some() {
            return None;
        }
        let fields = self.fields.of(path, &output);
        let bodies = vec![EncodedBody { coding: Coding::Identity, bytes: output.body }];
        Some((path.clone(), Response { status: output.status, fields, bodies }))
    }
}

/// Whether nothing is a mistake. Warnings are told by the build that follows.
fn is_sound(found: &[Diagnostic]) -> bool {
    !found.iter().any(|one| one.severity == Severity::Error)
}

impl fmt::Debug for Held<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("site", &self.site.name).finish_non_exhaustive()
    }
}
