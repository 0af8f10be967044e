//! One module that has changed, made a definition again without a look at the others: where it is to them what it was when
//! all were linked, a link would make the same of it, and tell the same. Everything else is for a build.

use std::{sync::mpsc, thread};

use oxc_sourcemap::SourceMap;

use super::{
    Last, Replaceable,
    hot::{self, Hot},
    load,
    plugin::Project,
    settings,
    sheets::Question,
};
use crate::assets::{Context, names::source_url};

/// A script for pages that have the module of `file`: it defines that again. `None` where only a build can tell.
pub(in crate::assets) fn again(context: &Context<'_>, linked: &Replaceable, file: &str) -> Option<String> {
    let (module, before) = linked.module_of(file)?;
    let mut found = Vec::new();
    let hot = Hot::again(linked, settings::language(context, context.resolver, &mut found));
    let (ask, questions) = mpsc::channel();
    let project = Project::new(context, &[], ask.clone(), Some(hot));
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    let loaded = thread::scope(|scope| {
        let loading = scope.spawn(|| {
            let _last = Last(ask);
            runtime.block_on(load::load(&project, module))
        });
        for question in questions {
            match question {
                Question::Url(path, answer) => drop(answer.send(context.files.url(&path))),
                Question::NoMore => break,
                // Style sheets are none of a script's text.
                Question::Sheet(..) | Question::SheetText(..) | Question::SheetUrl(..) => {}
            }
        }
        loading.join().ok().flatten()
    })?;
    let (text, map) = hot::redefined(&project, project.hot.as_ref()?, module, &loaded, before)?;
    if !project.is_sound() || !found.is_empty() {
        return None;
    }
    let map = map.map(|map| {
        let text = loaded.changed.as_deref().unwrap_or(&loaded.code);
        as_in_its_chunk(map, &source_url(file, context.options.base), text)
    });
    Some(match map {
        Some(map) => format!("{text}//# sourceMappingURL={}\n", map.to_data_url()),
        None => text,
    })
}

/// The map with its source called what that of the chunk calls it, seen from anywhere.
fn as_in_its_chunk(map: SourceMap<'static>, url: &str, content: &str) -> SourceMap<'static> {
    let mut parts = map.into_parts();
    parts.sources = vec![url.to_owned().into()];
    parts.source_contents = vec![Some(content.to_owned().into())];
    SourceMap::from_parts(parts)
}
