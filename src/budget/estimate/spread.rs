//! How values are spread, in little memory.

/// Buckets for each doubling.
const STEPS: u32 = 4;

/// Up to two to the power of 24, which is more than any count that is put in.
const BUCKETS: usize = 24 * STEPS as usize;

/// After so many values all count half, so that the newest weigh most.
const WINDOW: u32 = 512;

/// A histogram whose buckets grow by a fifth (four for each doubling), of the values of late.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    buckets: [u16; BUCKETS],
    count: u32,
}

impl Default for Spread {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], count: 0 }
    }
}

impl Spread {
    /// How many values it stands for.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn add(&mut self, value: u64) {
        if self.count >= WINDOW {
            self.buckets.iter_mut().for_each(|bucket| *bucket /= 2);
            self.count = self.buckets.iter().map(|bucket| u32::from(*bucket)).sum();
        }
        if let Some(bucket) = self.buckets.get_mut(bucket(value)) {
            *bucket += 1;
            self.count += 1;
        }
    }

    /// What this part of the values (0 to 1) are not above: the end of their bucket.
    pub(super) fn quantile(&self, part: f64) -> u64 {
        let wanted = part * f64::from(self.count);
        let mut below = 0;
        let reached = |bucket: &u16| {
            below += u32::from(*bucket);
            f64::from(below) >= wanted
        };
        self.buckets.iter().position(reached).map_or(0, end)
    }
}

/// Where a value is counted.
fn bucket(value: u64) -> usize {
    let place = (value.saturating_add(1) as f64).log2() * f64::from(STEPS);
    (place.ceil() as usize).min(BUCKETS - 1)
}

/// The largest value of a bucket.
fn end(bucket: usize) -> u64 {
    (bucket as f64 / f64::from(STEPS)).exp2() as u64 - 1
}
