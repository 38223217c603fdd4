//! How likely tokens were, both ways: `logprobsResult` (`wire.md` §3).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::wire::read;
use super::wire::write::{Likely, LogprobsResult, Top};
use crate::conversation::{Likelihood, TokenLogprob};

/// Most alternatives of a token that Gemini tells.
pub(super) const MOST: u32 = 20;

/// Reads `logprobsResult`; what can't be read tells nothing.
pub(super) fn decode(result: Option<&RawValue>) -> Vec<TokenLogprob<'_>> {
    let read = result.map(|raw| serde_json::from_str::<read::LogprobsResult<'_>>(raw.get()));
    let Some(Ok(result)) = read else { return Vec::new() };
    let chosen = result.chosen_candidates.map_or_else(Vec::new, |list| list.0);
    let tops = result.top_candidates.map_or_else(Vec::new, |list| list.0);
    let mut tops = tops.into_iter().map(|top| top.candidates.map_or_else(Vec::new, |list| list.0));
    chosen
        .into_iter()
        .map(|token| TokenLogprob {
            chosen: likelihood(token),
            top: tops.next().unwrap_or_default().into_iter().map(likelihood).collect(),
        })
        .collect()
}

/// Proto JSON leaves out zeros and empty strings.
fn likelihood(token: read::Likely<'_>) -> Likelihood<'_> {
    Likelihood {
        token: token.token.unwrap_or_default().into(),
        logprob: token.log_probability.map_or(Cow::Borrowed("0"), |n| Cow::Borrowed(n.0.get())),
        bytes: None,
        id: token.token_id.map(|id| id.0),
    }
}

/// Writes `logprobsResult`; `None` of no tokens.
pub(super) fn encode(tokens: &[TokenLogprob<'_>]) -> Option<LogprobsResult> {
    let mut result = LogprobsResult::default();
    add(tokens, &mut result);
    (!tokens.is_empty()).then_some(result)
}

/// Adds tokens to what was told of those before them.
pub(super) fn add(tokens: &[TokenLogprob<'_>], result: &mut LogprobsResult) {
    for token in tokens {
        result.chosen_candidates.push(written(&token.chosen));
        result.top_candidates.push(Top { candidates: token.top.iter().map(written).collect() });
    }
}

fn written(likelihood: &Likelihood<'_>) -> Likely {
    Likely {
        token: likelihood.token.clone().into_owned(),
        token_id: likelihood.id,
        // What OpenAI says of a token that was not among the likeliest.
        log_probability: likelihood.logprob.parse().unwrap_or(-9999.0),
    }
}
