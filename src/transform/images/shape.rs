//! Which part of a picture is taken and how large it becomes: the operations templates name, on a size. The rules are Zola's.

/// What a template asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// To these sides, whatever becomes of the proportions.
    Scale(u32, u32),
    FitWidth(u32),
    FitHeight(u32),
    /// Into these sides, and never larger than it is.
    Fit(u32, u32),
    /// To these sides, by leaving out what is too much of the longer one.
    Fill(u32, u32),
}

/// What is done: a part is taken, and then it is given a size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Shape {
    /// Left, top, width, height.
    pub crop: Option<[u32; 4]>,
    pub size: Option<(u32, u32)>,
}

impl Operation {
    /// The words templates have for them.
    pub const NAMES: [&'static str; 5] = ["scale", "fit_width", "fit_height", "fit", "fill"];

    /// The operation `name` with the sides a template gave it.
    ///
    /// # Errors
    /// What it lacks.
    pub fn named(name: &str, width: Option<u32>, height: Option<u32>) -> Result<Self, String> {
        let lacks = |side: &str| format!("`op=\"{name}\"` needs a `{side}`");
        let (width, height) = (width.ok_or_else(|| lacks("width")), height.ok_or_else(|| lacks("height")));
        match name {
            "fit_width" => Ok(Self::FitWidth(width?)),
            "fit_height" => Ok(Self::FitHeight(height?)),
            "scale" => Ok(Self::Scale(width?, height?)),
            "fit" => Ok(Self::Fit(width?, height?)),
            "fill" => Ok(Self::Fill(width?, height?)),
            _ => Err(format!("`{name}` is not an operation; there are: {}", Self::NAMES.join(", "))),
        }
    }

    /// What is done to a picture of this size. No side of it is 0.
    #[must_use]
    pub fn shape(self, (width, height): (u32, u32)) -> Shape {
        let to = |width, height| Shape { crop: None, size: Some((width, height)) };
        match self {
            Self::Scale(to_width, to_height) => to(to_width, to_height),
            Self::FitWidth(to_width) => to(to_width, share(height, to_width, width)),
            Self::FitHeight(to_height) => to(share(width, to_height, height), to_height),
            Self::Fit(most_width, most_height) if width <= most_width && height <= most_height => Shape::default(),
            Self::Fit(most_width, most_height) => {
                let is_wider = u64::from(width) * u64::from(most_height) > u64::from(height) * u64::from(most_width);
                let by_side = if is_wider { Self::FitWidth(most_width) } else { Self::FitHeight(most_height) };
                by_side.shape((width, height))
            }
            Self::Fill(to_width, to_height) => fill((width, height), (to_width, to_height)),
        }
    }
}

impl Shape {
    /// The size of what comes of a picture of this size.
    #[must_use]
    pub fn size_of(self, original: (u32, u32)) -> (u32, u32) {
        self.size.or(self.crop.map(|[.., width, height]| (width, height))).unwrap_or(original)
    }
}

/// `part` of the whole, as `of` is of `whole`.
fn share(of: u32, part: u32, whole: u32) -> u32 {
    let share = u64::from(of) * u64::from(part) / u64::from(whole.max(1));
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

/// Proportions that differ by so little are taken for equal: nothing is cut off for a pixel.
const CLOSE: f64 = 0.1;

fn fill((width, height): (u32, u32), (to_width, to_height): (u32, u32)) -> Shape {
    let by_width = f64::from(width) / f64::from(to_width);
    let by_height = f64::from(height) / f64::from(to_height);
    let size = Some((to_width, to_height));
    if (by_width - by_height).abs() <= CLOSE {
        return Shape { crop: None, size };
    }
    let crop = if by_width < by_height {
        let taken = rounded(by_width * f64::from(to_height), height);
        [0, (height - taken) / 2, width, taken]
    } else {
        let taken = rounded(by_height * f64::from(to_width), width);
        [(width - taken) / 2, 0, taken, height]
    };
    Shape { crop: Some(crop), size }
}

/// The nearest side that is one, up to `most`.
fn rounded(side: f64, most: u32) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates, and the range is held below"
    )]
    let side = side.round() as u32;
    side.clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        use Operation::{Fill, Fit, FitHeight, FitWidth, Scale};
        let size = |width, height| Shape { crop: None, size: Some((width, height)) };
        let part = |crop, width, height| Shape { crop: Some(crop), size: Some((width, height)) };
        for (operation, original, expected) in [
            (Scale(150, 150), (300, 380), size(150, 150)),
            (FitWidth(100), (300, 380), size(100, 126)),
            (FitWidth(600), (300, 380), size(600, 760)),
            (FitHeight(150), (300, 380), size(118, 150)),
            (FitHeight(1), (1, 16_000), size(1, 1)),
            (Fit(5000, 5000), (300, 380), Shape::default()),
            (Fit(150, 150), (300, 380), size(118, 150)),
            (Fit(150, 500), (300, 380), size(150, 190)),
            (Fill(150, 150), (300, 380), part([0, 40, 300, 300], 150, 150)),
            (Fill(100, 10), (10, 100), part([0, 49, 10, 1], 100, 10)),
            (Fill(100, 200), (400, 400), part([100, 0, 200, 400], 100, 200)),
            (Fill(100, 100), (401, 400), size(100, 100)),
        ] {
            assert_eq!(operation.shape(original), expected, "{operation:?} of {original:?}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(Operation::named("fit_width", Some(1), None), Ok(Operation::FitWidth(1)));
        assert_eq!(Operation::named("fill", Some(1), None), Err("`op=\"fill\"` needs a `height`".to_owned()));
        let unknown = "`crop` is not an operation; there are: scale, fit_width, fit_height, fit, fill";
        assert_eq!(Operation::named("crop", None, None), Err(unknown.to_owned()));
    }
}
