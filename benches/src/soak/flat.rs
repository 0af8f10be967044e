//! Whether something grows: the last quarter of a run beside its second. The first is left out, since everything that is
//! kept for later is taken then.

use crate::sample::median;

/// How much more the last quarter may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// As a part of the second quarter: 0.1 is a tenth more.
    pub(super) part: f64,
    /// In the unit of the samples, on top of that.
    pub(super) plus: f64,
}

/// The two medians, and whether they keep the bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    pub(super) second: f64,
    pub(super) last: f64,
    pub(super) flat: bool,
}

/// None of fewer than eight samples.
pub(super) fn trend(samples: &[f64], bound: Bound) -> Option<Trend> {
    let quarter = samples.len() / 4;
    if quarter < 2 {
        return None;
    }
    let second = median(&samples[quarter..2 * quarter])?;
    let last = median(&samples[samples.len() - quarter..])?;
    Some(Trend { second, last, flat: last <= second * (1.0 + bound.part) + bound.plus })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: impl IntoIterator<Item = f64>, expected: Option<bool>) {
        let samples: Vec<f64> = samples.into_iter().collect();
        let trend = trend(&samples, Bound { part: 0.1, plus: 4.0 });
        assert_eq!(trend.map(|trend| trend.flat), expected, "{trend:?}");
    }

    #[test]
    fn growth_is_found() {
        check((0..100).map(|_| 50.0), Some(true));
        check((0..100).map(f64::from), Some(false));
        check((0..100).rev().map(f64::from), Some(true));
        // What comes and goes is no growth.
        check((0..100).map(|n| if n % 10 == 0 { 500.0 } else { 50.0 }), Some(true));
        // Neither is what is taken at the start.
        check((0..100).map(|n| if n < 20 { f64::from(n) } else { 20.0 }), Some(true));
        check([1.0; 7], None);
    }
}
