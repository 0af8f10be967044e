//! A source that has changed, built again alone while the build of everything is still under way. What comes out is what that
//! one makes of it, or nothing: whatever may concern another file, or is a mistake, is for a build.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Built, BuiltAsset, Context, Options, browsers,
    files::Files,
    resolve::Resolver,
    scripts::{self, Replaceable},
    style_file::{Recipe, StyleFile},
    styles::{self, Sheet},
};
use crate::{
    load::{Site, World},
    site::SitePath,
};

/// What it takes to build single files of [`Built`] again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recipes {
    pub(super) replaceable: Option<Replaceable>,
    /// By the file.
    pub(super) styles: BTreeMap<SitePath, Recipe>,
}

/// What was built again of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// A script that defines a module again in pages that run it.
    Module(String),
    /// Style sheets.
    Styles(Vec<Restyled>),
}

/// A style sheet that is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restyled {
    /// Its name among what was built.
    pub was: SitePath,
    /// Its name now.
    pub path: SitePath,
    /// With what lies beside it.
    pub files: BTreeMap<SitePath, BuiltAsset>,
}

/// Builds again what `built` has of the source `file`, with what it was built with. `None` where only a build can tell what
/// that is.
#[must_use]
pub fn again(world: &dyn World, site: &Site, options: &Options<'_>, built: &Built, file: &str) -> Option<Again> {
    // What is used of a style sheet all pages and scripts say together.
    if options.config.remove_unused {
        return None;
    }
    let mut found = Vec::new();
    let browsers = browsers::of(world, site, options, &mut found);
    let resolver = Arc::new(Resolver::new(site, world.shared(), options.is_dev));
    let files = Files::new(world, &resolver, options.base);
    let (browsers, files, resolver) = (&browsers, &files, &resolver);
    let context = Context { world, site, options, browsers, files, resolver, used: None, is_beside: true };
    if let Some(linked) = &built.again.replaceable
        && let Some(script) = scripts::again(&context, linked, file)
    {
        return files.are_all_in(&built.files).then_some(Again::Module(script));
    }
    let is_of = |path: &SitePath| {
        built
            .manifest
            .files
            .get(path.as_str())
            .is_some_and(|file_of| file_of.modules.iter().any(|module| module.source == file))
    };
    let concerned = built.again.styles.iter().filter(|(path, _)| is_of(path));
    let mut restyled = concerned.map(|(path, recipe)| restyled(&context, path, recipe)).collect::<Option<Vec<_>>>()?;
    restyled.retain(|sheet| sheet.path != sheet.was);
    // What they name that is new is served by the build.
    (files.are_all_in(&built.files) && !restyled.is_empty()).then_some(Again::Styles(restyled))
}

/// The style sheet as it is now.
fn restyled(context: &Context<'_>, was: &SitePath, recipe: &Recipe) -> Option<Restyled> {
    let mut found = Vec::new();
    let mut compile = |(path, names): &(String, [u8; 16])| -> Option<Sheet> {
        let sheet = styles::compile(context, path, &mut found)?;
        (sheet.seen_by_scripts().as_bytes() == names).then_some(sheet)
    };
    let sheets = recipe.sheets.iter().map(&mut compile).collect::<Option<Vec<_>>>()?;
    let StyleFile { path, built, map, .. } = StyleFile::of(context, &recipe.stem, &sheets, &mut found);
    if !found.is_empty() {
        return None;
    }
    let mut made = Built::default();
    made.add_maps(context, map.map(|map| (path.clone(), map)));
    made.files.insert(path.clone(), built);
    Some(Restyled { was: was.clone(), path, files: made.files })
}
