//! Which page is asked for next: few are asked for often, most hardly ever. The n-th page gets a share in proportion to
//! 1/n^s, as pages of real sites do with an s near 1.

use crate::random::Random;

/// Ranks from 0, the most popular.
#[derive(Debug)]
pub(super) struct Zipf {
    /// The share of each rank and all before it, ending at 1.
    cumulative: Vec<f64>,
}

impl Zipf {
    pub(super) fn new(ranks: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += f64::from(rank).powf(-exponent);
                sum
            })
            .collect();
        for share in &mut cumulative {
            *share /= sum;
        }
        Self { cumulative }
    }

    pub(super) fn next(&self, random: &mut Random) -> usize {
        let at = random.unit();
        self.cumulative.partition_point(|&share| share < at).min(self.cumulative.len() - 1)
    }

    /// The part of all requests that goes to the first `ranks`.
    pub(super) fn share(&self, ranks: usize) -> f64 {
        ranks.checked_sub(1).and_then(|last| self.cumulative.get(last)).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gets_twice_what_the_second_gets() {
        let zipf = Zipf::new(3, 1.0);
        let share = |ranks| (zipf.share(ranks) * 11.0).round();
        assert_eq!((share(0), share(1), share(2), share(3)), (0.0, 6.0, 9.0, 11.0));
        let mut random = Random::new(1);
        let mut counts = [0_u32; 3];
        (0..11_000).for_each(|_| counts[zipf.next(&mut random)] += 1);
        for (count, expected) in counts.into_iter().zip([6000_u32, 3000, 2000]) {
            assert!(count.abs_diff(expected) < 300, "{counts:?}");
        }
    }
}
