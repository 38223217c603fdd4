//! Reasoning effort: its words, and the one that a model takes.

use super::losses::Losses;
use super::read::invalid;
use crate::catalog;
use crate::codec::Target;
use crate::conversation::{Effort, Field, Refusal, Request, ThinkingMode};

/// The least budget of thinking tokens that asks for each effort.
const EFFORT_OF_BUDGET: [(u64, Effort); 4] =
    [(16_384, Effort::High), (4_096, Effort::Medium), (1_024, Effort::Low), (0, Effort::Minimal)];

/// The words that both schemas have for efforts, weakest first.
const WORDS: [(&str, Effort); 7] = [
    ("none", Effort::None),
    ("minimal", Effort::Minimal),
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("xhigh", Effort::XHigh),
    ("max", Effort::Max),
];

/// The effort of this name; `field` is where it stands.
pub(crate) fn effort(word: &str, field: &'static str) -> Result<Effort, Refusal> {
    let known = WORDS.iter().find(|(name, _)| *name == word);
    known
        .map(|(_, effort)| *effort)
        .ok_or_else(|| invalid(field, "none, minimal, low, medium, high, xhigh or max"))
}

/// The effort to ask the model for, as a word. Where it is not `free` it may not think at all.
pub(super) fn nearest(
    request: &Request<'_>,
    target: &Target<'_>,
    free: bool,
    losses: &mut Losses<'_, '_>,
) -> Option<&'static str> {
    let reasoning = &request.reasoning;
    let wanted = match (reasoning.mode, reasoning.effort) {
        (Some(ThinkingMode::Disabled), _) => Effort::None,
        (_, Some(effort)) => effort,
        (Some(ThinkingMode::Budget(tokens)), None) => EFFORT_OF_BUDGET
            .iter()
            .find_map(|&(least, effort)| (tokens >= least).then_some(effort))?,
        // The model decides, as it does unasked.
        (Some(ThinkingMode::Adaptive) | None, None) => return None,
    };
    let capabilities = target.capabilities;
    if capabilities.thinking == catalog::Thinking::Unsupported {
        // Who wants no thoughts misses none.
        if wanted != Effort::None {
            losses.of(Field::Reasoning);
        }
        return None;
    }
    let given = match wanted {
        _ if !free => Effort::None,
        Effort::None if capabilities.thinking_off => Effort::None,
        wanted => capabilities.nearest_effort(wanted).unwrap_or(wanted),
    };
    if given != wanted {
        losses.of(Field::Reasoning);
    }
    WORDS.iter().find(|(_, effort)| *effort == given).map(|(name, _)| *name)
}
