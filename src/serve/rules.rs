//! The rules of a site as its server asks them: which of them a path falls under, and what follows. Everything was
//! checked when the bundle was opened; here it is only brought into the form that answers fast.

use std::{collections::HashMap, sync::Arc};

use crate::{
    map::{Bundle, EntryId},
    site::{BasePath, How, Maintenance, Move, RedirectStatus, SitePath, TrailingSlash},
};

use super::{cross_origin::CrossOrigin, password::Area};

/// The rules of one generation of a site.
#[derive(Debug)]
pub(super) struct SiteRules {
    moves: Vec<Move>,
    /// The first move from a path that is written out, by that path.
    from_path: HashMap<Box<str>, usize>,
    /// The places of the moves from patterns.
    from_pattern: Vec<usize>,
    /// By status.
    error_pages: HashMap<u16, EntryId>,
    areas: Vec<Arc<Area>>,
    cross_origin: Vec<CrossOrigin>,
    maintenance: Option<Maintenance>,
    pub(super) slash: TrailingSlash,
}

/// In seconds, when the operator closes a site that does not say itself when to come again.
const RETRY_AFTER: u32 = 600;

/// What a path that has no route stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Another URL.
    Redirect(RedirectStatus, String),
    /// A route.
    Rewrite(SitePath),
}

impl SiteRules {
    /// `None` when nothing is said that concerns an answer. `maintenance` is what the operator says, whatever the site does.
    pub(super) fn of(bundle: &Bundle, maintenance: Option<bool>) -> Option<Self> {
        let rules = bundle.rules();
        let closed = || rules.maintenance.clone().unwrap_or(Maintenance { retry_after: RETRY_AFTER, open: Vec::new() });
        let maintenance = match maintenance {
            Some(wanted) => wanted.then(closed),
            None => rules.maintenance.clone(),
        };
        let silent = crate::site::Rules { hosts: rules.hosts.clone(), ..crate::site::Rules::default() };
        if *rules == silent && maintenance.is_none() {
            return None;
        }
        let mut from_path = HashMap::new();
        let mut from_pattern = Vec::new();
        for (place, moved) in rules.moves.iter().enumerate() {
            match moved.from().literal() {
                Some(path) => _ = from_path.entry(path.into()).or_insert(place),
                None => from_pattern.push(place),
            }
        }
        let entry = |(status, path): (&crate::site::ErrorStatus, &SitePath)| {
            Some((status.as_u16(), bundle.lookup(path.as_str())?))
        };
        Some(Self {
            moves: rules.moves.clone(),
            from_path,
            from_pattern,
            error_pages: rules.error_pages.iter().filter_map(entry).collect(),
            areas: rules.protected.iter().map(|protected| Arc::new(Area::new(protected))).collect(),
            cross_origin: rules.cors.iter().map(CrossOrigin::new).collect(),
            maintenance,
            slash: rules.trailing_slash,
        })
    }

    /// Whether anything but the words of errors is asked for.
    pub(super) fn concern_paths(&self) -> bool {
        let Self { moves, areas, cross_origin, maintenance, slash, .. } = self;
        let silent = moves.is_empty() && areas.is_empty() && cross_origin.is_empty() && maintenance.is_none();
        !silent || *slash != TrailingSlash::default()
    }

    /// What the first rule that matches says of a path without a route.
    pub(super) fn moved(&self, path: &SitePath, base: &BasePath, query: Option<&str>) -> Option<Moved> {
        let written_out = self.from_path.get(path.as_str()).copied();
        let earlier = |place: &usize| written_out.is_none_or(|first| *place < first);
        let matching = |place: &usize| self.moves[*place].from().matches(path.as_str());
        let place = self.from_pattern.iter().copied().take_while(earlier).find(matching).or(written_out)?;
        let moved = &self.moves[place];
        let captures = moved.from().captures(path.as_str())?;
        match moved.how() {
            How::Redirect(status) => {
                moved.to().location(&captures, base, query).map(|location| Moved::Redirect(status, location))
            }
            How::Rewrite => moved.to().site_path(&captures).map(Moved::Rewrite),
        }
    }

    /// The page that answers with an error of this status.
    pub(super) fn error_page(&self, status: u16) -> Option<EntryId> {
        self.error_pages.get(&status).copied()
    }

    /// Who guards a path.
    pub(super) fn area(&self, path: &str) -> Option<&Arc<Area>> {
        self.areas.iter().find(|area| area.covers(path))
    }

    pub(super) fn cross_origin(&self, path: &str) -> Option<&CrossOrigin> {
        self.cross_origin.iter().find(|rule| rule.covers(path))
    }

    /// In how many seconds to come again, when this path is closed for maintenance.
    pub(super) fn closed(&self, path: &str) -> Option<u32> {
        let maintenance = self.maintenance.as_ref()?;
        let open = maintenance.open.iter().any(|pattern| pattern.matches(path));
        (!open).then_some(maintenance.retry_after)
    }
}
