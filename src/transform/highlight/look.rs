//! How highlighted code is written: with short classes and our own pair of palettes, with the classes that style sheets of
//! Zola's have, or with colours in the page. The roles are the same, so nothing else of highlighting knows of it.

use std::{borrow::Cow, fmt::Write as _};

use super::{
    palette::{Palette, Style},
    role::Role,
};

/// How code shows its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// A short class each, for [`stylesheet`]. Lines are told apart only where something is asked of them.
    Roles,
    /// Classes named after scopes (`z-entity z-name z-function`), in the places where Zola has its own.
    Scopes(Themed),
    /// Colours as Zola writes them.
    Inline(Box<Colours>),
}

/// How many style sheets there are for a page's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Themed {
    One,
    LightDark,
}

/// One palette, or one for each of the reader's preferences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Colours {
    One(Palette),
    LightDark(Palette, Palette),
}

/// The opening tags and attributes of a look.
#[derive(Clone, Debug)]
pub struct Markup {
    /// What a span of each role begins with; nothing where a role needs no span.
    pub(super) spans: [Cow<'static, str>; Role::ALL.len()],
    /// The attributes of `<pre>`.
    pub pre: Cow<'static, str>,
    /// The opening tag of a line, and of a marked one.
    pub line: Cow<'static, str>,
    pub marked_line: Cow<'static, str>,
    /// The opening tag of a line's number.
    pub number: Cow<'static, str>,
    /// Whether lines are always told apart.
    pub has_lines: bool,
}

impl Markup {
    /// Of code that is not highlighted.
    pub const PLAIN: Self = Self {
        spans: [const { Cow::Borrowed("") }; Role::ALL.len()],
        pre: Cow::Borrowed(""),
        line: Cow::Borrowed("<span class=\"giallo-l\">"),
        marked_line: Cow::Borrowed("<span class=\"giallo-l z-hl\">"),
        number: Cow::Borrowed("<span aria-hidden=\"true\" class=\"giallo-ln\">"),
        has_lines: false,
    };
}

impl Look {
    #[must_use]
    pub fn markup(&self) -> Markup {
        let spans = Role::ALL.map(|role| self.span(role).into());
        match self {
            Self::Roles => Markup { spans, pre: Cow::Borrowed(" class=\"giallo z-code\""), ..Markup::PLAIN },
            Self::Scopes(Themed::One) => {
                Markup { spans, pre: Cow::Borrowed(" class=\"giallo z-code\""), has_lines: true, ..Markup::PLAIN }
            }
            Self::Scopes(Themed::LightDark) => Markup {
                spans,
                pre: Cow::Borrowed(" class=\"giallo z-l-code z-d-code\""),
                marked_line: Cow::Borrowed("<span class=\"giallo-l z-l-hl z-d-hl\">"),
                has_lines: true,
                ..Markup::PLAIN
            },
            Self::Inline(colours) => {
                let plain = colours.property("color", |palette| palette.of(Role::Plain).color.to_string());
                let background = colours.property("background-color", |palette| palette.background.to_string());
                let marked = colours.property("background-color", |palette| palette.marked.to_string());
                let numbers = colours.property("color", |palette| palette.numbers.to_string());
                Markup {
                    spans,
                    pre: format!(" class=\"giallo\" style=\"{}{plain} {background}\"", colours.scheme()).into(),
                    marked_line: format!("<span class=\"giallo-l\" style=\"{marked}\">").into(),
                    number: format!("<span aria-hidden=\"true\" class=\"giallo-ln\" style=\"{numbers}\">").into(),
                    has_lines: true,
                    ..Markup::PLAIN
                }
            }
        }
    }

    fn span(&self, role: Role) -> String {
        match self {
            _ if role == Role::Plain => String::new(),
            Self::Roles => format!("<span class=\"{}\">", role.class()),
            Self::Scopes(_) => format!("<span class=\"{}\">", role.scope_classes()),
            Self::Inline(colours) => match colours.declarations(role) {
                declarations if declarations.is_empty() => declarations,
                declarations => format!("<span style=\"{declarations}\">"),
            },
        }
    }
}

impl Colours {
    /// What differs from plain code.
    fn declarations(&self, role: Role) -> String {
        let mut declarations = Vec::new();
        if self.differ(role, |style| style.color) {
            declarations.push(self.property("color", |palette| palette.of(role).color.to_string()));
        }
        // Only colours can be had for both preferences at once; a face is the light palette's.
        let style = self.light().of(role);
        declarations.extend(faces(style).into_iter().map(|face| format!("{face};")));
        declarations.join(" ")
    }

    fn differ<T: PartialEq>(&self, role: Role, of: impl Fn(Style) -> T) -> bool {
        let differs = |palette: &Palette| of(palette.of(role)) != of(palette.of(Role::Plain));
        match self {
            Self::One(palette) => differs(palette),
            Self::LightDark(light, dark) => differs(light) || differs(dark),
        }
    }

    fn property(&self, name: &str, value: impl Fn(&Palette) -> String) -> String {
        match self {
            Self::One(palette) => format!("{name}: {};", value(palette)),
            Self::LightDark(light, dark) => format!("{name}: light-dark({}, {});", value(light), value(dark)),
        }
    }

    /// What `light-dark()` goes by.
    fn scheme(&self) -> &'static str {
        match self {
            Self::One(_) => "",
            Self::LightDark(..) => "color-scheme: light dark; ",
        }
    }

    fn light(&self) -> &Palette {
        match self {
            Self::One(palette) | Self::LightDark(palette, _) => palette,
        }
    }
}

fn faces(style: Style) -> Vec<&'static str> {
    let faces = [
        (style.is_bold, "font-weight: bold"),
        (style.is_italic, "font-style: italic"),
        (style.is_underlined, "text-decoration: underline"),
    ];
    faces.into_iter().filter_map(|(is_set, face)| is_set.then_some(face)).collect()
}

/// What lines need whose numbers stand beside them. A number is not text: it is not selected with the code.
const LINES: &str = "\
.giallo-l{display:inline-block;min-height:1lh;width:100%}
.giallo-ln{display:inline-block;min-width:3ch;margin-right:1em;text-align:right;user-select:none}
";

/// The CSS of all short classes: light, or dark where the reader's system asks for it, unless `data-theme` on the root
/// element (or one below) says `light` or `dark`. A site's own CSS can set any of the custom properties.
#[must_use]
pub fn stylesheet(light: &Palette, dark: &Palette) -> String {
    let (light_css, dark_css) = (custom_properties(light), custom_properties(dark));
    let mut css = format!(
        ":root,[data-theme=light]{{{light_css}}}\n\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark_css}}}}}\n\
         [data-theme=dark]{{{dark_css}}}\n\
         .z-code{{color:var(--z-plain);background:var(--z-background)}}\n"
    );
    for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
        let class = role.class();
        let faces =
            faces(light.of(role)).into_iter().fold(String::new(), |all, face| all + ";" + &face.replace(": ", ":"));
        // Writing to a string cannot fail.
        let _ = writeln!(css, ".{class}{{color:var(--{class}){faces}}}");
    }
    css + LINES + ".giallo-ln{color:var(--z-c)}\n.z-hl{background:var(--z-marked)}\n"
}

/// The CSS of classes named after scopes, in the colours of one palette. `prefix` is that of the classes of blocks and
/// marked lines: `z-`, or `z-l-` and `z-d-` where there are two sheets.
#[must_use]
pub fn scope_stylesheet(palette: &Palette, prefix: &str) -> String {
    let plain = palette.of(Role::Plain).color;
    let mut css = format!(".{prefix}code{{color:{plain};background-color:{}}}\n", palette.background);
    for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
        let selector = role.scope_classes().split(' ').fold(String::new(), |all, class| all + "." + class);
        let style = palette.of(role);
        let faces = faces(style).into_iter().fold(String::new(), |all, face| all + ";" + &face.replace(": ", ":"));
        // Writing to a string cannot fail.
        let _ = writeln!(css, "{selector}{{color:{}{faces}}}", style.color);
    }
    let (numbers, marked) = (palette.numbers, palette.marked);
    let _ = writeln!(css, "{LINES}.giallo-ln{{color:{numbers}}}\n.{prefix}hl{{background-color:{marked}}}");
    css
}

/// The custom properties, as declarations.
fn custom_properties(palette: &Palette) -> String {
    let plain = palette.of(Role::Plain).color;
    let mut css = format!("--z-background:{};--z-marked:{};--z-plain:{plain};", palette.background, palette.marked);
    for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
        let _ = write!(css, "--{}:{};", role.class(), palette.of(role).color);
    }
    css.pop();
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_rule_and_both_colours() {
        let css = stylesheet(&Palette::LIGHT, &Palette::DARK);
        for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
            let class = role.class();
            assert_eq!(css.matches(&format!(".{class}{{")).count(), 1, "{class}");
            assert_eq!(css.matches(&format!("--{class}:")).count(), 3, "{class}");
        }
    }

    #[test]
    fn looks_differ_in_their_tags_alone() {
        let of = |look: &Look, role: Role| look.markup().spans[role as usize].to_string();
        let dark = Look::Inline(Box::new(Colours::One(Palette::DARK)));
        let both = Look::Inline(Box::new(Colours::LightDark(Palette::LIGHT, Palette::DARK)));
        for (look, role, expected) in [
            (&Look::Roles, Role::Keyword, "<span class=\"z-k\">"),
            (&Look::Scopes(Themed::One), Role::Function, "<span class=\"z-entity z-name z-function\">"),
            (&dark, Role::Keyword, "<span style=\"color: #ff7b72;\">"),
            (&dark, Role::Emphasis, "<span style=\"font-style: italic;\">"),
            (&both, Role::Comment, "<span style=\"color: light-dark(#59636e, #9198a1);\">"),
            (&both, Role::Plain, ""),
        ] {
            assert_eq!(of(look, role), expected);
        }
    }
}
