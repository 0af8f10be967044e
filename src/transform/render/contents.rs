//! What became of the Markdown of a site: what templates see of each text, and its HTML, which is the larger part and need not
//! be in memory while nobody looks at it.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, OnceLock},
};

use super::{Rendered, Text};
use crate::{
    load::Site,
    site::{Aside, Shelf},
};

/// One for each page and each section, in the site's order.
#[derive(Debug, Default)]
pub struct Contents {
    pub pages: Vec<Rendered<Html>>,
    pub sections: Vec<Rendered<Html>>,
    /// Why a text could not be read again.
    fault: OnceLock<String>,
}

/// HTML that is in memory or put aside.
#[derive(Debug)]
pub enum Html {
    Here(String),
    Aside(Aside),
}

impl Contents {
    #[must_use]
    pub fn new(pages: Vec<Rendered<Html>>, sections: Vec<Rendered<Html>>) -> Self {
        Self { pages, sections, fault: OnceLock::new() }
    }

    /// As far as it is known before anything is rendered: how many words there are.
    pub(super) fn unread(site: &Site) -> Self {
        let pages = site.pages.iter().map(|page| (&page.source, &page.body, page.lang.as_str()));
        let sections = site.sections.iter().map(|section| (&section.source, &section.body, section.lang.as_str()));
        let unread = |(source, body, lang): (_, &Range<usize>, &str)| {
            Rendered::unread(&Text { source, body: body.clone(), templated: None }, lang).kept(None)
        };
        Self::new(pages.map(unread).collect(), sections.map(unread).collect())
    }

    /// The HTML of one of them; nothing when it cannot be read again, of which [`Contents::fault`] knows.
    #[must_use]
    pub fn html<'c>(&self, rendered: &'c Rendered<Html>) -> Cow<'c, str> {
        match &rendered.html {
            Html::Here(html) => Cow::Borrowed(html),
            Html::Aside(aside) => {
                let read = aside.read().map_err(|error| error.to_string());
                let html = read.and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
                Cow::Owned(html.unwrap_or_else(|fault| {
                    self.fault.get_or_init(|| fault);
                    String::new()
                }))
            }
        }
    }

    /// Why a text could not be read again, if there was one: then nothing that was rendered is right.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.get().map(String::as_str)
    }
}

impl Rendered<Html> {
    /// Whether it has no HTML at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(&self.html, Html::Here(html) if html.is_empty())
    }
}

impl Rendered {
    /// The same with its HTML on a shelf, where there is one and it takes it.
    #[must_use]
    pub fn kept(self, on: Option<&Arc<dyn Shelf>>) -> Rendered<Html> {
        let on = on.filter(|_| !self.html.is_empty());
        let aside = on.and_then(|shelf| Aside::put(shelf, self.html.as_bytes()));
        Rendered {
            html: aside.map_or_else(|| Html::Here(self.html), Html::Aside),
            summary: self.summary,
            toc: self.toc,
            word_count: self.word_count,
            reading_time: self.reading_time,
            links: self.links,
            diagnostics: self.diagnostics,
        }
    }
}
