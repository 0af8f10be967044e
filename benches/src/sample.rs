//! What many rounds say together. Rounds are interleaved, so a ratio is taken within each round and the median of those
//! is reported: a machine that slows down halfway slows both sides of a pair.

/// The middle value, or the mean of the two in the middle; none of an empty set.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The value that so large a part of all values do not exceed, 0.5 for half of them; none of an empty set.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a place in a slice"
)]
pub(crate) fn quantile(values: &[f64], part: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().checked_sub(1)?)).copied()
}

/// How far the extremes lie apart, as a part of the median: 0.05 is 5 %.
pub(crate) fn spread(values: &[f64]) -> Option<f64> {
    let (low, high) = (values.iter().copied().reduce(f64::min)?, values.iter().copied().reduce(f64::max)?);
    median(values).filter(|middle| *middle > 0.0).map(|middle| (high - low) / middle)
}

/// The median of `ours / theirs`, round by round. Both slices hold one value per round, in the same order.
pub(crate) fn ratio(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    let rounds: Vec<f64> =
        ours.iter().zip(theirs).filter(|(_, theirs)| **theirs > 0.0).map(|(ours, theirs)| ours / theirs).collect();
    median(&rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, want: f64) {
        assert!(got.is_some_and(|got| (got - want).abs() < 1e-9), "{got:?} is not {want}");
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        close(median(&[3.0, 1.0, 2.0]), 2.0);
        close(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        close(median(&[7.0]), 7.0);
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (part, expected) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.999, 100.0), (1.0, 100.0)] {
            close(quantile(&values, part), expected);
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_spread_is_relative_to_the_median() {
        close(spread(&[9.0, 10.0, 12.0]), 0.3);
        close(spread(&[5.0]), 0.0);
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[0.0, 0.0]), None);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        // The machine halves its speed in the second round: each pair still says 0.5.
        close(ratio(&[1.0, 2.0, 1.0], &[2.0, 4.0, 2.0]), 0.5);
        // A round without a rival is left out.
        close(ratio(&[1.0, 3.0], &[0.0, 4.0]), 0.75);
        assert_eq!(ratio(&[], &[]), None);
    }
}
