//! What calls have really taken, learned as they settle.

use super::{Expected, Measured};

/// Learns from each settled call what the next can be expected to take.
#[derive(Debug, Default)]
pub struct Estimator {}

impl Estimator {
    /// Input tokens to expect of this request to `model`.
    pub fn input(&self, _model: &str, request: &Measured) -> Expected {
        Expected { likely: request.most(), most: request.most() }
    }

    /// Output tokens to expect of a call that `caller` makes to `model`, where it allows `limit`
    /// for each of so many `candidates`, and the model gives `model_max` at most.
    pub fn output(
        &self,
        _model: &str,
        _caller: &str,
        limit: Option<u64>,
        candidates: u32,
        model_max: u64,
    ) -> Expected {
        let candidates = u64::from(candidates.max(1));
        let most = limit.unwrap_or(model_max).saturating_mul(candidates);
        Expected { likely: most.min(4096_u64.saturating_mul(candidates)), most }
    }

    /// A call has settled: the provider counted `input` tokens in `request`, and gave `output`.
    pub fn learn(
        &self,
        _model: &str,
        _caller: &str,
        _request: &Measured,
        _input: u64,
        _output: u64,
    ) {
    }

    /// How far off the estimates of input have been, for each model.
    pub fn error(&self) -> Vec<super::Accuracy> {
        Vec::new()
    }
}
