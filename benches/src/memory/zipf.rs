//! Which page is asked for next: few are asked for often, most hardly ever. The n-th page gets a share in proportion to
//! 1/n^s, as pages of real sites do with an s near 1.

/// Ranks from 0, the most popular.
#[derive(Debug)]
pub(super) struct Zipf {
    /// The share of each rank and all before it, ending at 1.
    cumulative: Vec<f64>,
}

/// Numbers that look random and are the same in every run: xorshift64*, Vigna 2016.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Zipf {
    pub(super) fn new(ranks: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += f64::from(rank).powf(-exponent);
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|share| *share /= sum);
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

impl Random {
    /// `seed` must not be 0.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 up to, not including, 1.
    pub(super) fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
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

    #[test]
    fn units_are_below_one() {
        let mut random = Random::new(7);
        assert!((0..10_000).map(|_| random.unit()).all(|unit| (0.0..1.0).contains(&unit)));
        assert_eq!(random.bytes(13).len(), 13);
    }
}
