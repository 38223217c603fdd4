//! What each thing in a request weighs in tokens: known roughly, learned from what providers count.

use super::family::Family;

/// How many things are weighed.
const COUNT: usize = 17;

/// How much of each thing there is in a request, in the order of [`TABLE`].
pub(super) type Features = [f64; COUNT];

/// What is known of a weight before anything is learned.
struct Known {
    /// What it is with models of OpenAI and all others, of Claude, of Gemini.
    prior: [f64; 3],
    /// How far a model may be off from that (one standard deviation).
    spread: f64,
    /// Nothing that is learned leaves this range, so that odd text, however much of it, can't make
    /// the estimates of other text absurd.
    range: (f64, f64),
}

const fn known(prior: [f64; 3], spread: f64, range: (f64, f64)) -> Known {
    Known { prior, spread, range }
}

/// All weights. The priors are what recordings of 2023 to 2026 came to, rounded.
const TABLE: [Known; COUNT] = [
    // The frame of a conversation, and what it has more in Responses.
    known([2.0, 8.0, -1.5], 2.5, (-5.0, 40.0)),
    known([0.0, 0.0, 0.0], 2.5, (-4.0, 40.0)),
    // A message.
    known([4.0, 3.0, 1.5], 1.5, (0.0, 20.0)),
    // Tokens of ASCII, of other scripts, of JSON, as `measured::text` counts them.
    known([1.05, 1.2, 1.0], 0.15, (0.6, 2.5)),
    known([1.0, 1.0, 1.0], 0.25, (0.4, 3.0)),
    known([1.0, 1.1, 1.1], 0.3, (0.3, 4.0)),
    // That there are tools (Claude gets a prompt with them), and the same in Responses.
    known([25.0, 500.0, 8.0], 50.0, (0.0, 2_000.0)),
    known([15.0, 500.0, 8.0], 30.0, (0.0, 2_000.0)),
    // A tool, tokens of its description, tokens of the answer's schema.
    known([4.0, 24.0, 6.0], 8.0, (0.0, 200.0)),
    known([1.0, 1.4, 0.8], 0.3, (0.2, 4.0)),
    known([0.75, 3.2, 0.0], 0.5, (0.0, 6.0)),
    // 16 bytes of thoughts that only the provider can read.
    known([0.2, 0.3, 1.0], 0.8, (0.0, 8.0)),
    // A tool of the provider's own, with what it finds.
    known([300.0, 2_000.0, 60.0], 600.0, (0.0, 20_000.0)),
    // An image, 16 KiB of PDF, 16 KiB of other media.
    known([250.0, 300.0, 258.0], 250.0, (20.0, 6_000.0)),
    known([100.0, 800.0, 258.0], 200.0, (0.0, 6_000.0)),
    known([10.0, 20.0, 60.0], 80.0, (0.0, 3_000.0)),
    // What is only named.
    known([200.0, 300.0, 300.0], 400.0, (0.0, 20_000.0)),
];

/// How far off a right estimate is: this share of it, and so many tokens.
const NOISE: (f64, f64) = (0.06, 1.5);

/// From how many standard deviations on a count is odd, and counts for less.
const ODD: f64 = 3.0;

/// How much of what is known is forgotten with each call (of the variance, before anything was
/// learned), so that weights go with a provider that changes its ways.
const FORGOTTEN: f64 = 0.003;

/// What weights learn from, at most. No context is longer.
const CREDIBLE: f64 = 1e8;

/// The weights of one model, and how sure they are: a Kalman filter, in other words recursive
/// least squares that begins with what is known.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    means: Features,
    covariance: [Features; COUNT],
}

impl Weights {
    pub(super) fn of(family: Family) -> Self {
        let mut covariance = [[0.0; COUNT]; COUNT];
        for (index, (row, known)) in covariance.iter_mut().zip(&TABLE).enumerate() {
            row[index] = known.spread * known.spread;
        }
        Self { means: TABLE.map(|known| known.prior[family as usize]), covariance }
    }

    /// The tokens that a request should have. At least one.
    pub(super) fn expect(&self, request: &Features) -> f64 {
        dot(&self.means, request).max(1.0)
    }

    /// The provider has counted so many tokens in this request. `share` (above 0 to 1) says how
    /// much that is to count.
    pub(super) fn learn(&mut self, request: &Features, tokens: f64, share: f64) {
        let expected = dot(&self.means, request);
        let missed = tokens.min(CREDIBLE) - expected;
        let spread: Features = std::array::from_fn(|at| dot(&self.covariance[at], request));
        let unsure = dot(request, &spread);
        let noise = NOISE.0.mul_add(expected.max(1.0), NOISE.1).powi(2) / share;
        // An odd count is taken for one that has as much noise as it would need not to be odd.
        let total = (unsure + noise).max((missed / ODD).powi(2));
        if !total.is_normal() {
            return;
        }
        let own = self.means.iter_mut().zip(&mut self.covariance).zip(spread).zip(&TABLE);
        for (at, (((mean, row), spread_here), known)) in own.enumerate() {
            let gain = spread_here / total;
            *mean = gain.mul_add(missed, *mean).clamp(known.range.0, known.range.1);
            for (cell, spread_there) in row.iter_mut().zip(spread) {
                *cell -= gain * spread_there;
            }
            let most = known.spread * known.spread;
            row[at] = (row[at].max(0.0) + share * FORGOTTEN * most).min(most);
        }
    }
}

fn dot(left: &Features, right: &Features) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
