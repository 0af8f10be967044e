//! How a site's code is highlighted: the themes it names and brings, read once, and the style sheets made of them.

use crate::{
    diag::{Diagnostic, Source},
    load::{self, HighlightStyle, Site, Spanned, Themes, World},
    plan::CodeSheet,
    transform::highlight::{self, Colours, Look, Named, Palette, Theme, Themed},
};

/// The look of a site's code.
#[derive(Clone, Debug)]
pub(super) struct Highlighting {
    pub(super) look: Look,
    colours: Colours,
}

impl Highlighting {
    /// `None` where nothing is highlighted.
    pub(super) fn of(world: &dyn World, site: &Site, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let config = site.config.markdown.highlighting.as_ref()?;
        let mut reader = Reader { source: &site.config.rules.source, brought: Vec::new(), found };
        reader.bring(world, site, config);
        reader.refuse_grammars(config);
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
        Some(Self { look, colours })
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

    fn refuse_grammars(&mut self, config: &load::Highlighting) {
        for file in &config.extra_grammars {
            let message = format!("the grammar `{}` is not read: its language is shown as plain text", file.value);
            let diagnostic = Diagnostic::error_at(self.source, file.span.clone(), message).as_warning();
            self.found.push(
                diagnostic.with_help("sitekit highlights the languages that bat knows, and no grammar of VS Code"),
            );
        }
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

    fn error(&mut self, file: &Spanned<String>, message: String) {
        self.found.push(Diagnostic::error_at(self.source, file.span.clone(), message));
    }
}
