//! What the linker is told: the language, the browsers, the names of chunks, what `import.meta.env` holds.

use std::{path::PathBuf, sync::Arc};

use rolldown::{
    BundlerOptions, BundlerTransformOptions, ChecksOptions, ChunkFilenamesOutputOption, Either, ExperimentalOptions,
    InputItem, JsxOptions, OutputFormat, Platform, PreserveEntrySignatures, RawMinifyOptions, SourceMapPathTransform,
    SourceMapType, TsConfig, merge_tsconfig,
};

use rolldown_common::{AttachDebugInfo, ModuleId};

use super::{hot, id, output::placeholder, plugin::Root};
use crate::{
    assets::{
        Context,
        resolve::{Resolver, project_path},
    },
    diag::Diagnostic,
    load::SourceMaps,
};

/// Options for a link of `roots`. What cannot be read of `tsconfig.json` is told.
pub(super) fn options(
    context: &Context<'_>,
    resolver: &Resolver,
    roots: &[Root],
    is_replaceable: bool,
    found: &mut Vec<Diagnostic>,
) -> BundlerOptions {
    let input = roots.iter().map(|root| InputItem { name: None, import: root.asked.clone() }).collect();
    let names = ChunkFilenamesOutputOption::Fn(Arc::new(|chunk| {
        let name = match &chunk.facade_module_id {
            Some(id) => placeholder([id.as_str()]),
            None => placeholder(chunk.module_ids.iter().map(ModuleId::as_str)),
        };
        Box::pin(async move { Ok(name) })
    }));
    let has_maps = context.options.config.source_maps != SourceMaps::None;
    BundlerOptions {
        input: Some(input),
        cwd: Some(PathBuf::from("/")),
        dir: Some("/".to_owned()),
        platform: Some(Platform::Browser),
        format: Some(OutputFormat::Esm),
        entry_filenames: Some(names.clone()),
        chunk_filenames: Some(names),
        sourcemap: has_maps.then_some(SourceMapType::Hidden),
        sourcemap_path_transform: Some(SourceMapPathTransform::new(Arc::new(|source, _| {
            let source = id::path(source).to_owned();
            Box::pin(async move { Ok(source) })
        }))),
        define: Some(defines(context).into_iter().collect()),
        code_splitting: is_replaceable.then(hot::chunks),
        // Pages run entries and import nothing from them.
        preserve_entry_signatures: Some(PreserveEntrySignatures::False),
        minify_internal_exports: Some(true),
        // Chunks are minified when it is known what they import later, and each of them once (`assets/chunks`).
        minify: Some(RawMinifyOptions::Bool(false)),
        experimental: Some(ExperimentalOptions {
            attach_debug_info: Some(AttachDebugInfo::None),
            ..ExperimentalOptions::default()
        }),
        checks: Some(ChecksOptions {
            plugin_timings: Some(false),
            prefer_builtin_feature: Some(false),
            unsupported_tsconfig_option: Some(false),
            configuration_field_conflict: Some(false),
            sourcemap_broken: Some(false),
            ineffective_dynamic_import: Some(false),
            ..ChecksOptions::default()
        }),
        transform: Some(transform(context, resolver, found)),
        tsconfig: Some(TsConfig::Auto(false)),
        ..BundlerOptions::default()
    }
}

/// How modules are compiled, and what names stand for, where that is not left to the linker.
pub(super) fn language(
    context: &Context<'_>,
    resolver: &Resolver,
    found: &mut Vec<Diagnostic>,
) -> (BundlerTransformOptions, Vec<(String, String)>) {
    (transform(context, resolver, found), defines(context))
}

/// What `import.meta.env` holds.
pub(super) fn environment(context: &Context<'_>) -> serde_json::Map<String, serde_json::Value> {
    let options = context.options;
    let mut env = serde_json::Map::new();
    env.insert("MODE".to_owned(), mode(context).into());
    env.insert("DEV".to_owned(), options.is_dev.into());
    env.insert("PROD".to_owned(), (!options.is_dev).into());
    env.insert("SSR".to_owned(), false.into());
    env.insert("BASE_URL".to_owned(), options.base.as_str().into());
    env.extend(options.config.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    env
}

const fn mode(context: &Context<'_>) -> &'static str {
    if context.options.is_dev { "development" } else { "production" }
}

/// What names in the source stand for.
fn defines(context: &Context<'_>) -> Vec<(String, String)> {
    let env = environment(context);
    let mut defines: Vec<(String, String)> =
        env.iter().map(|(name, value)| (format!("import.meta.env.{name}"), value.to_string())).collect();
    defines.push(("import.meta.env".to_owned(), serde_json::Value::Object(env).to_string()));
    defines.push(("import.meta.env.*".to_owned(), "undefined".to_owned()));
    defines.push(("import.meta.hot".to_owned(), "undefined".to_owned()));
    defines.push(("process.env.NODE_ENV".to_owned(), format!("\"{}\"", mode(context))));
    defines
}

/// How TypeScript and JSX are compiled: as the `tsconfig.json` of the site's folder says, or else as that of the project.
fn transform(context: &Context<'_>, resolver: &Resolver, found: &mut Vec<Diagnostic>) -> BundlerTransformOptions {
    let tsconfig = resolver.tsconfig(&compiled_as(context)).unwrap_or_else(|error| {
        let path = format!("{}/tsconfig.json", context.site.root);
        found.push(Diagnostic::error(
            path,
            format!("this `tsconfig.json` cannot be used: {}", lower(&error.to_string())),
        ));
        None
    });
    let is_classic = tsconfig.as_ref().is_some_and(|config| config.compiler_options.jsx.as_deref() == Some("react"));
    let source = context.options.config.jsx.as_ref().map(|source| source.value.clone());
    let runtime = if is_classic && source.is_none() { "classic" } else { "automatic" };
    let jsx = JsxOptions { runtime: Some(runtime.to_owned()), import_source: source, ..JsxOptions::default() };
    let mut options = BundlerTransformOptions {
        jsx: Some(Either::Right(jsx)),
        target: Some(Either::Right(context.browsers.engines())),
        ..BundlerTransformOptions::default()
    };
    if let Some(tsconfig) = &tsconfig {
        options = merge_tsconfig(options, tsconfig, false).0;
        if let Some(Either::Right(jsx)) = &mut options.jsx {
            // Each runtime refuses what belongs to the other.
            if runtime == "automatic" {
                (jsx.pragma, jsx.pragma_frag) = (None, None);
            } else {
                jsx.import_source = None;
            }
        }
        tracing::debug!(tsconfig = project_path(&tsconfig.path), "scripts are compiled as it says");
    }
    options
}

/// The script whose `tsconfig.json` says how those of the site are compiled.
pub(super) fn compiled_as(context: &Context<'_>) -> String {
    format!("{}/index.tsx", context.site.root)
}

/// A message of a library, as the rest of a sentence.
pub(super) fn lower(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    let is_word = text.chars().nth(1).is_none_or(|second| second.is_lowercase() || second == ' ');
    if is_word { first.into_iter().chain(characters).collect() } else { text.to_owned() }
}
