//! What calls have really taken, learned as they settle.

use super::family::Family;
use super::spread::Spread;
use super::table::Table;
use super::weights::Weights;
use super::{Accuracy, Expected, Measured};

/// Learns from each settled call what the next one can be expected to take.
///
/// **Input** is measured ([`Measured`]: text in several kinds, tools, images and so on), and what
/// each of these weighs is learned for each model, from a start that the recordings of its family
/// gave. `likely` is that estimate. `most` is what a body of that size can come to, at a token for
/// three bytes of text, or half as much again as `likely` and 512, whichever is larger: what was
/// learned never makes `most` smaller.
///
/// **Output** can be `most`: the caller's limit, or the model's where it sets none, for each
/// candidate. `likely` is no more than what 95 % of such calls of late have used, and half as much
/// again, but at least 1,024 for each candidate. Such calls are those of the same caller to the
/// same model, or while there are less than 20 of them, all calls to the model; while there are
/// less than 20 of these, it is 4,096.
///
/// Who learns is bounded: 256 models and 4,096 pairs of a model and a caller, less than 2 MiB in
/// all. A caller's first 64 calls to a model count whole, later ones for less, down to an eighth,
/// counts that are odd for less again, and no weight leaves the range that is credible. So nobody
/// can spoil the estimates of all others.
#[derive(Debug)]
pub struct Estimator {
    models: Table<Model>,
    callers: Table<Spread>,
}

/// Sets of four.
const MODELS: usize = 64;
const CALLERS: usize = 1024;

/// From how many calls on their output says something.
const ENOUGH: u32 = 20;

/// The part of calls that `likely` covers.
const COVERED: f64 = 0.95;

/// What `likely` is at most as long as nothing is learned, for each candidate.
const UNLEARNED: u64 = 4096;

/// The least of `likely` that is learned, for each candidate.
const LEAST: u64 = 1024;

/// So many calls of each caller count whole.
const WHOLE: f64 = 64.0;

/// The least that a call counts.
const SHARE: f64 = 0.125;

/// After those, of each so many calls one says what output other callers can expect.
const SELDOM: u32 = 8;

/// Estimates that are lower than the count by more than this are told apart.
const TOO_LOW: f64 = 0.25;

/// So many calls are those of late.
const OF_LATE: f64 = 100.0;

/// The longest name of a model that is learned. Longer ones are made up.
const NAME: usize = 256;

/// Errors are kept in thousandths.
const THOUSANDTHS: f64 = 1000.0;

#[derive(Debug)]
struct Model {
    name: Box<str>,
    weights: Weights,
    output: Spread,
    calls: u64,
    /// How far off estimates of input were, in thousandths.
    missed: Spread,
    /// The share of those too low by more than a quarter, of late.
    low: f64,
}

impl Default for Estimator {
    fn default() -> Self {
        Self { models: Table::new(MODELS), callers: Table::new(CALLERS) }
    }
}

impl Estimator {
    /// Input tokens to expect of this request to `model`.
    pub fn input(&self, model: &str, request: &Measured) -> Expected {
        let features = request.features();
        let learned = self.models.read(model, |model| model.weights.expect(&features));
        let expected = learned.unwrap_or_else(|| Weights::of(Family::of(model)).expect(&features));
        let likely = expected.round() as u64;
        let margin = (likely / 2).saturating_add(512);
        Expected { likely, most: request.most().max(likely.saturating_add(margin)) }
    }

    /// Output tokens to expect of a call that `caller` makes to `model`, where it allows `limit`
    /// to each of its `candidates` (0 is 1), and the model gives `model_max` at most.
    pub fn output(
        &self,
        model: &str,
        caller: &str,
        limit: Option<u64>,
        candidates: u32,
        model_max: u64,
    ) -> Expected {
        let used = |output: &Spread| {
            (output.count() >= ENOUGH).then(|| {
                let covered = output.quantile(COVERED);
                covered.saturating_add(covered / 2).max(LEAST)
            })
        };
        let cap = (self.callers.read((model, caller), used).flatten())
            .or_else(|| self.models.read(model, |model| used(&model.output)).flatten())
            .unwrap_or(UNLEARNED);
        let allowed = limit.unwrap_or(model_max);
        let candidates = u64::from(candidates.max(1));
        Expected {
            likely: allowed.min(cap).saturating_mul(candidates),
            most: allowed.saturating_mul(candidates),
        }
    }

    /// A call has settled: the provider counted `input` tokens in `request`, cached or not, and
    /// `output` tokens in what it gave, thoughts and all candidates.
    ///
    /// Only what the provider said is worth learning, not what was estimated. No input at all is
    /// none of it: then nothing was said.
    pub fn learn(&self, model: &str, caller: &str, request: &Measured, input: u64, output: u64) {
        if input == 0 || model.len() > NAME {
            return;
        }
        let calls = self.callers.change((model, caller), Spread::default, |spread| {
            spread.add(output);
            spread.count()
        });
        let share = (WHOLE / (WHOLE + f64::from(calls))).max(SHARE);
        self.models.change(
            model,
            || Model::new(model),
            |model| {
                model.learn(request, input, share);
                // Here, too, a busy caller counts for less.
                if f64::from(calls) <= WHOLE || calls.is_multiple_of(SELDOM) {
                    model.output.add(output);
                }
            },
        );
    }

    /// How far off the estimates of input have been, for each model that was learned.
    pub fn error(&self) -> Vec<Accuracy> {
        let mut all = Vec::new();
        self.models.each(|model| all.push(model.accuracy()));
        all
    }
}

#[cfg(test)]
impl Estimator {
    /// The most bytes it takes.
    pub(super) const MEMORY: usize =
        Table::<Model>::memory(MODELS) + 256 * NAME + Table::<Spread>::memory(CALLERS);

    /// How many models and how many callers are known.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let (mut models, mut callers) = (0, 0);
        self.models.each(|_| models += 1);
        self.callers.each(|_| callers += 1);
        (models, callers)
    }
}

impl Model {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            weights: Weights::of(Family::of(name)),
            output: Spread::default(),
            calls: 0,
            missed: Spread::default(),
            low: 0.0,
        }
    }

    fn learn(&mut self, request: &Measured, input: u64, share: f64) {
        let features = request.features();
        let counted = input as f64;
        let missed = self.weights.expect(&features) / counted - 1.0;
        self.missed.add((missed.abs() * THOUSANDTHS).round() as u64);
        self.calls = self.calls.saturating_add(1);
        let too_low = f64::from(u8::from(missed < -TOO_LOW));
        self.low += (too_low - self.low) / (self.calls as f64).min(OF_LATE);
        self.weights.learn(&features, counted, share);
    }

    fn accuracy(&self) -> Accuracy {
        let within = |part| self.missed.quantile(part) as f64 / THOUSANDTHS;
        Accuracy {
            model: self.name.clone(),
            calls: self.calls,
            median: within(0.5),
            p90: within(0.9),
            low: self.low,
        }
    }
}
