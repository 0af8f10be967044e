//! A log-linear histogram of durations: sixteen steps per power of two, so that a quantile is never off by more than
//! a sixteenth, in a fixed 5 KB that one core writes and anyone may read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Each power of two is divided into 2^4 steps.
const STEP_BITS: u32 = 4;
const STEPS: usize = 1 << STEP_BITS;
/// 2^40 ns are 18 minutes; what is longer is counted as that long.
const MAX_EXPONENT: u32 = 40;
const BUCKETS: usize = (MAX_EXPONENT - STEP_BITS + 2) as usize * STEPS;

/// Durations in nanoseconds, written by one thread only.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
    max: AtomicU64,
}

/// What a histogram held when it was read, or the sum of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    counts: Box<[u64]>,
    /// Of all durations, in nanoseconds.
    pub sum: u64,
    /// The longest duration, in nanoseconds.
    pub max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one duration. Only the thread that owns the histogram may call this: it loads and stores, so that
    /// counting costs no locked instruction.
    pub fn record(&self, nanoseconds: u64) {
        let bucket = &self.buckets[bucket_of(nanoseconds)];
        bucket.store(bucket.load(Relaxed) + 1, Relaxed);
        self.sum.store(self.sum.load(Relaxed).wrapping_add(nanoseconds), Relaxed);
        if nanoseconds > self.max.load(Relaxed) {
            self.max.store(nanoseconds, Relaxed);
        }
    }

    /// Adds what is in here to `total`.
    pub fn add_to(&self, total: &mut Buckets) {
        for (sum, bucket) in total.counts.iter_mut().zip(&self.buckets) {
            *sum += bucket.load(Relaxed);
        }
        total.sum = total.sum.wrapping_add(self.sum.load(Relaxed));
        total.max = total.max.max(self.max.load(Relaxed));
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), sum: 0, max: 0 }
    }
}

impl Buckets {
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The duration, in nanoseconds, that a share `q` (0 to 1) of all durations do not exceed: at least the true one
    /// and at most a sixteenth more. 0 when nothing was counted.
    #[must_use]
    pub fn quantile(&self, q: f64) -> u64 {
        let count = self.count();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank that is off by one in 2^53 is no different quantile"
        )]
        let rank = ((count as f64 * q).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        for (bucket, &n) in self.counts.iter().enumerate() {
            seen += n;
            if seen >= rank && n > 0 {
                return upper_bound(bucket).min(self.max);
            }
        }
        0
    }

    /// How many durations are below `2^exponent` nanoseconds. Exact, because powers of two are bounds of buckets.
    #[must_use]
    pub fn below_power_of_two(&self, exponent: u32) -> u64 {
        self.counts[..bucket_of(1 << exponent.min(MAX_EXPONENT))].iter().sum()
    }

    pub fn add(&mut self, other: &Self) {
        for (sum, n) in self.counts.iter_mut().zip(&other.counts) {
            *sum += n;
        }
        self.sum = self.sum.wrapping_add(other.sum);
        self.max = self.max.max(other.max);
    }
}

const fn bucket_of(value: u64) -> usize {
    let ceiling = (1 << (MAX_EXPONENT + 1)) - 1;
    let value = if value > ceiling { ceiling } else { value };
    if value < STEPS as u64 {
        return low_bits(value);
    }
    let shift = value.ilog2() - STEP_BITS;
    (shift as usize + 1) * STEPS + low_bits((value >> shift) & (STEPS as u64 - 1))
}

#[expect(clippy::cast_possible_truncation, reason = "always less than STEPS")]
const fn low_bits(value: u64) -> usize {
    value as usize
}

/// The largest value a bucket counts.
const fn upper_bound(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    let shift = bucket / STEPS - 1;
    (((STEPS + bucket % STEPS + 1) as u64) << shift) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Buckets {
        let histogram = Histogram::default();
        for &value in values {
            histogram.record(value);
        }
        let mut buckets = Buckets::default();
        histogram.add_to(&mut buckets);
        buckets
    }

    #[test]
    fn buckets_are_contiguous_and_in_order() {
        assert_eq!(bucket_of(0), 0);
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(bucket_of(upper_bound(bucket)), bucket);
            assert_eq!(bucket_of(upper_bound(bucket) + 1), bucket + 1);
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_of_a_few() {
        assert_eq!(of(&[]).quantile(0.5), 0);
        assert_eq!(of(&[7]).quantile(0.0), 7);
        assert_eq!(of(&[7]).quantile(1.0), 7);
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!(of(&hundred).quantile(0.1), 10);
        assert_eq!(of(&hundred).quantile(1.0), 100);
        assert_eq!(of(&hundred).max, 100);
        assert_eq!(of(&hundred).sum, 5050);
    }

    #[test]
    fn powers_of_two_are_exact() {
        let buckets = of(&[1023, 1024, 1025, 2047, 2048]);
        assert_eq!(buckets.below_power_of_two(10), 1);
        assert_eq!(buckets.below_power_of_two(11), 4);
        assert_eq!(buckets.below_power_of_two(12), 5);
    }

    proptest! {
        #[test]
        fn a_quantile_is_at_least_the_true_one_and_at_most_a_sixteenth_more(
            mut values in prop::collection::vec(0u64..1 << 40, 1..200),
            percent in 1usize..=100,
        ) {
            let buckets = of(&values);
            values.sort_unstable();
            let truth = values[(values.len() * percent).div_ceil(100) - 1];
            #[expect(clippy::cast_precision_loss, reason = "at most 100")]
            let found = buckets.quantile(percent as f64 / 100.0);
            // The rank is computed in floating point and may fall one short of the exact one.
            let neighbour = values[(values.len() * percent).div_ceil(100).min(values.len() - 1)];
            prop_assert!(found >= truth && found <= neighbour.max(truth) + neighbour.max(truth) / 16);
        }

        #[test]
        fn sums_are_as_if_counted_together(a in prop::collection::vec(any::<u64>(), 0..50), b in prop::collection::vec(any::<u64>(), 0..50)) {
            let mut sum = of(&a);
            sum.add(&of(&b));
            prop_assert_eq!(sum, of(&[a, b].concat()));
        }
    }
}
