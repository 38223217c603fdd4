//! The provider's own bill: what it would charge for, told by model.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::turn::Tokens;

/// What one model was used for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Requests that were answered with 200.
    pub requests: u64,
    /// Tokens of input, cached ones included.
    pub input: u64,
    /// Tokens of input read from the cache.
    pub cached: u64,
    /// Tokens of output, thinking included.
    pub output: u64,
    /// Tokens of thinking.
    pub reasoning: u64,
}

/// All lines by model. A request is billed, in full, when its answer begins; what the answer
/// *says* it cost may be bent by a fault, the bill never is.
#[derive(Debug, Default)]
pub struct Bill(Mutex<BTreeMap<String, Line>>);

impl Bill {
    fn lines(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one answer.
    pub(super) fn add(&self, model: &str, tokens: Tokens) {
        let mut lines = self.lines();
        let line = match lines.get_mut(model) {
            Some(line) => line,
            None => lines.entry(model.to_owned()).or_default(),
        };
        line.requests += 1;
        line.input += tokens.input;
        line.cached += tokens.cached;
        line.output += tokens.output;
        line.reasoning += tokens.reasoning;
    }

    /// The bill as it stands.
    pub fn read(&self) -> BTreeMap<String, Line> {
        self.lines().clone()
    }

    /// Starts anew.
    pub fn clear(&self) {
        self.lines().clear();
    }

    /// The sum over all models.
    pub fn total(&self) -> Line {
        self.lines().values().fold(Line::default(), |sum, line| Line {
            requests: sum.requests + line.requests,
            input: sum.input + line.input,
            cached: sum.cached + line.cached,
            output: sum.output + line.output,
            reasoning: sum.reasoning + line.reasoning,
        })
    }
}
