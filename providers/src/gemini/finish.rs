//! Why answers end, both ways (`wire.md` §3.1).

use std::borrow::Cow;

use super::wire::Word;
use crate::conversation::{Finish, FinishReason};
use crate::json::Str;

/// Gemini's reasons. Those that are in no row (`OTHER`, or new ones) read as a filter's: the
/// answer was ended by something else than the model, and must not pass for a whole one.
const REASONS: [(&str, FinishReason); 13] = [
    ("STOP", FinishReason::Stop),
    ("FINISH_REASON_UNSPECIFIED", FinishReason::Stop),
    ("0", FinishReason::Stop),
    ("1", FinishReason::Stop),
    ("MAX_TOKENS", FinishReason::Length),
    ("2", FinishReason::Length),
    ("CONTINUATION", FinishReason::Paused),
    ("MALFORMED_FUNCTION_CALL", FinishReason::BadToolCall),
    ("UNEXPECTED_TOOL_CALL", FinishReason::BadToolCall),
    ("TOO_MANY_TOOL_CALLS", FinishReason::BadToolCall),
    ("MISSING_THOUGHT_SIGNATURE", FinishReason::BadToolCall),
    ("MALFORMED_RESPONSE", FinishReason::BadToolCall),
    ("SAFETY", FinishReason::ContentFilter),
];

/// Reads `finishReason`. Calls of tools end with `STOP`: `has_calls` tells them apart.
pub(super) fn decode<'a>(
    reason: Option<Word<'a>>,
    message: Option<Str<'a>>,
    has_calls: bool,
) -> Finish<'a> {
    let name = reason.map_or(Cow::Borrowed("STOP"), |Word(name)| name);
    let known = REASONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
    let reason = match known.map_or(FinishReason::ContentFilter, |(_, reason)| *reason) {
        FinishReason::Stop if has_calls => FinishReason::ToolCalls,
        reason => reason,
    };
    let explanation = match (message, reason) {
        (Some(message), _) => Some(message.into()),
        (None, FinishReason::ContentFilter | FinishReason::BadToolCall) => Some(name),
        (None, _) => None,
    };
    Finish { explanation, ..Finish::new(reason) }
}

/// The finish of a prompt that was blocked before the model ran.
pub(super) fn blocked<'a>(reason: Option<Word<'a>>, message: Option<Str<'a>>) -> Finish<'a> {
    Finish {
        explanation: message.map(Cow::from).or_else(|| reason.map(|Word(name)| name)),
        ..Finish::new(FinishReason::ContentFilter)
    }
}

/// Writes `finishReason`.
pub(super) const fn encode(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::StopSequence | FinishReason::ToolCalls => "STOP",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
        FinishReason::Paused => "CONTINUATION",
        FinishReason::BadToolCall => "MALFORMED_FUNCTION_CALL",
    }
}
