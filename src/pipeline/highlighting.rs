//! How a site's code is highlighted: the grammars it brings, the themes it names and brings, read once, and the style sheets
//! made of them.

use crate::{
    diag::{Diagnostic, Source},
    load::{self, CodeSheet, HighlightStyle, Site, Spanned, Themes, World},
    transform::highlight::{self, Colours, Grammar, GrammarError, GrammarFault, Look, Named, Palette, Theme, Themed},
};

/// The look of a site's code.
#[derive(Clone, Debug)]
pub(super) struct Highlighting {
    pub(super) look: Look,
    /// The grammars the site brings.
    pub(super) grammars: Vec<Grammar>,
    colours: Colours,
}

impl Highlighting {
    /// `None` where nothing is highlighted.
    pub(super) fn of(world: &dyn World, site: &Site, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let config = site.config.markdown.highlighting.as_ref()?;
        let mut reader = Reader { source: &site.config.rules.source, brought: Vec::new(), found };
        reader.bring(world, site, config);
        let grammars = reader.grammars(world, site, config);
        let ours = || Colours::LightDark(Palette::LIGHT, Palette::DARK);
        let colours = match &config.themes {
            Themes::Default => ours(),
            Themes::One(one) => Colours::One(reader.palette(one)),
            Themes::LightDark(light, dark) => Colours::LightDark(reader.palette(light), reader.palette(dark)),
        };
        let look = match (config.style, &config.themes) {
            (Some(HighlightStyle::Inline), _) | (None, Themes::One(_) | Themes::LightDark(..)) => {
                Look::Inline(Box::new(colours.clone()))
            }
            (Some(HighlightStyle::Class), Themes::One(_)) => Look::Scopes(Themed::One),
            (Some(HighlightStyle::Class), Themes::LightDark(..)) => Look::Scopes(Themed::LightDark),
            (Some(HighlightStyle::Class) | None, Themes::Default) => Look::Roles,
        };
        Some(Self { look, grammars, colours })
    }

    pub(super) fn sheet(&self, sheet: CodeSheet) -> String {
        let (light, dark) = match &self.colours {
            Colours::One(palette) => (palette, palette),
            Colours::LightDark(light, dark) => (light, dark),
        };
        match sheet {
            CodeSheet::Roles => highlight::stylesheet(light, dark),
            CodeSheet::One => highlight::scope_stylesheet(light, "z-"),
            CodeSheet::Light => highlight::scope_stylesheet(light, "z-l-"),
            CodeSheet::Dark => highlight::scope_stylesheet(dark, "z-d-"),
        }
    }
}

struct Reader<'a> {
    /// The configuration.
    source: &'a Source,
    /// The themes the site brings.
    brought: Vec<Theme>,
    found: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn bring(&mut self, world: &dyn World, site: &Site, config: &load::Highlighting) {
        for file in &config.extra_themes {
            let path = format!("{}/{}", site.root, file.value.trim_start_matches('/'));
            let text = match world.read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) => {
                    self.error(file, format!("the theme `{}` {error}", file.value));
                    continue;
                }
            };
            match Theme::parse(&text) {
                Ok(theme) => self.brought.push(theme),
                Err(error) => self.error(file, format!("`{}` is no theme of VS Code: {error}", file.value)),
            }
        }
    }

    /// The grammars the site brings. None of them is used where they go in circles.
    fn grammars(&mut self, world: &dyn World, site: &Site, config: &load::Highlighting) -> Vec<Grammar> {
        let (mut read, mut places) = (Vec::new(), Vec::new());
        for file in &config.extra_grammars {
            let path = format!("{}/{}", site.root, file.value.trim_start_matches('/'));
            let text = match world.read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) => {
                    self.error(file, format!("the grammar `{}` {error}", file.value));
                    continue;
                }
            };
            match Grammar::parse(&file.value, &text) {
                Ok(grammar) => {
                    if !grammar.left_out.is_empty() {
                        let left_out = grammar.left_out.join("` and `");
                        self.warn(file, format!("what `{}` says in `{left_out}` is left out", file.value));
                    }
                    read.push(grammar);
                    places.push(file);
                }
                Err(error) => self.found.push(no_grammar(&Source::new(path, text), &error)),
            }
        }
        let mut are_sound = true;
        for (at, fault) in highlight::faults(&read) {
            let file = places[at];
            match fault {
                GrammarFault::Missing(name) => {
                    let message =
                        format!("`{}` asks for `{name}`, which is not there: what it is for stays plain", file.value);
                    self.warn(file, message);
                }
                GrammarFault::Circle(contexts) => {
                    are_sound = false;
                    let way = contexts.iter().map(|context| format!("`{context}`")).collect::<Vec<_>>().join(" → ");
                    self.error(file, format!("the contexts of `{}` include each other in a circle: {way}", file.value));
                }
            }
        }
        if are_sound { read } else { Vec::new() }
    }

    fn palette(&mut self, name: &Spanned<String>) -> Palette {
        if let Some(theme) = self.brought.iter().find(|theme| theme.name == name.value) {
            return theme.palette.clone();
        }
        match highlight::named(&name.value) {
            Named::Palette(palette) => palette,
            Named::Unknown { instead, instead_name, meant } => {
                let message = format!("there is no theme `{}`: code has the colours of `{instead_name}`", name.value);
                let warning = Diagnostic::error_at(self.source, name.span.clone(), message).as_warning();
                let help = match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "name another, or bring this one as `extra_themes`: JSON as VS Code has it".to_owned(),
                };
                self.found.push(warning.with_help(help));
                instead
            }
        }
    }

    fn warn(&mut self, file: &Spanned<String>, message: String) {
        self.found.push(Diagnostic::error_at(self.source, file.span.clone(), message).as_warning());
    }

    fn error(&mut self, file: &Spanned<String>, message: String) {
        self.found.push(Diagnostic::error_at(self.source, file.span.clone(), message));
    }
}

/// Says in the file itself what is wrong with it.
fn no_grammar(source: &Source, error: &GrammarError) -> Diagnostic {
    match error {
        GrammarError::Json(_, line, column) => {
            let at = source.offset(*line, *column);
            Diagnostic::error_at(source, at..at, error.to_string())
        }
        _ => Diagnostic::error(source.path.clone(), format!("this is no grammar: {error}")),
    }
}
