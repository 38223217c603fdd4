//! Stop reasons (`wire.md` §3.1).

use serde::Serialize;

use super::wire::StopDetails;
use crate::conversation::{Finish, FinishReason};
use crate::json::Str;

/// Anthropic's words; the first row of a reason is what is written.
const REASONS: [(&str, FinishReason); 8] = [
    ("end_turn", FinishReason::Stop),
    ("stop_sequence", FinishReason::StopSequence),
    ("max_tokens", FinishReason::Length),
    ("model_context_window_exceeded", FinishReason::Length),
    ("tool_use", FinishReason::ToolCalls),
    ("refusal", FinishReason::ContentFilter),
    ("pause_turn", FinishReason::Paused),
    ("compaction", FinishReason::Paused),
];

/// Reads why an answer ended. An unknown or absent reason is told by whether tools were called.
pub(super) fn decode<'a>(
    reason: Option<&str>,
    sequence: Option<Str<'a>>,
    details: Option<StopDetails<'a>>,
    calls: bool,
) -> Finish<'a> {
    let known = REASONS.iter().find(|(name, _)| Some(*name) == reason).map(|(_, reason)| *reason);
    let told = if calls { FinishReason::ToolCalls } else { FinishReason::Stop };
    let (category, explanation) =
        details.map(|details| (details.category, details.explanation)).unwrap_or_default();
    Finish {
        reason: known.unwrap_or(told),
        stop_sequence: sequence.map(Into::into),
        category: category.map(Into::into),
        explanation: explanation.map(Into::into),
    }
}

/// `stop_reason`, `stop_sequence` and `stop_details`, as a message and a `message_delta` have them.
#[derive(Debug, Serialize)]
pub(super) struct Stop<'a> {
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_details: Option<Details<'a>>,
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    category: Option<&'a str>,
    explanation: Option<&'a str>,
}

impl<'a> Stop<'a> {
    /// Why an answer ended, in Anthropic's words. A stop string that the provider did not name
    /// is an end of turn: `stop_sequence` promises its text.
    pub(super) fn of(finish: &'a Finish<'_>) -> Self {
        let sequence = finish.stop_sequence.as_deref();
        let reason = match finish.reason {
            FinishReason::StopSequence if sequence.is_none() => FinishReason::Stop,
            reason => reason,
        };
        let named = REASONS.iter().find(|(_, known)| *known == reason);
        let refused = reason == FinishReason::ContentFilter;
        Self {
            stop_reason: named.map_or("end_turn", |(name, _)| name),
            stop_sequence: sequence.filter(|_| reason == FinishReason::StopSequence),
            stop_details: refused.then_some(Details {
                kind: "refusal",
                category: finish.category.as_deref(),
                explanation: finish.explanation.as_deref(),
            }),
        }
    }
}
