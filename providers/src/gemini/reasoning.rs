//! Thinking: levels, budgets and efforts.
//!
//! Gemini 2.5 is told by a budget of tokens, Gemini 3 by a level (`wire.md` §6). The tables are
//! those of Google's own OpenAI-compatible endpoint (ai.google.dev/gemini-api/docs/openai).

use std::borrow::Cow;

use super::wire::read::ThinkingConfig;
use super::wire::write::Node;
use super::wire::{Int, Word};
use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::conversation::{Effort, Reasoning, Refusal, Request, ThinkingMode};

const LEVELS: [(&str, Effort); 5] = [
    ("MINIMAL", Effort::Minimal),
    ("LOW", Effort::Low),
    ("MEDIUM", Effort::Medium),
    ("HIGH", Effort::High),
    ("XHIGH", Effort::XHigh),
];

/// The smallest budget of Gemini 2.5 Pro, which can't be told not to think.
const LEAST: i64 = 128;

/// The largest budget that every Gemini 2.5 model takes.
const MOST: u64 = 24_576;

/// Reads `thinkingConfig`.
pub(super) fn decode(config: &ThinkingConfig<'_>) -> Result<Reasoning, Refusal> {
    let effort = match &config.thinking_level {
        None => None,
        Some(Word(level)) => level_of(level)?,
    };
    let mode = match config.thinking_budget {
        None => None,
        Some(Int(-1)) => Some(ThinkingMode::Adaptive),
        Some(Int(0)) => Some(ThinkingMode::Disabled),
        Some(Int(budget)) => match u64::try_from(budget) {
            Ok(budget) => Some(ThinkingMode::Budget(budget)),
            Err(_) => {
                const FIELD: &str = "generationConfig.thinkingConfig.thinkingBudget";
                let message = format!("`{FIELD}` must be -1 (the model decides), 0 or more");
                return Err(Refusal::of(FIELD, message));
            }
        },
    };
    if effort.is_some() && mode.is_some() {
        const FIELD: &str = "generationConfig.thinkingConfig";
        let message = format!("`{FIELD}` takes `thinkingLevel` or `thinkingBudget`, not both");
        return Err(Refusal::of(FIELD, message));
    }
    Ok(Reasoning { effort, mode, show: config.include_thoughts })
}

fn level_of(level: &str) -> Result<Option<Effort>, Refusal> {
    if level.eq_ignore_ascii_case("THINKING_LEVEL_UNSPECIFIED") {
        return Ok(None);
    }
    let known = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(level));
    known.map(|(_, effort)| Some(*effort)).ok_or_else(|| {
        const FIELD: &str = "generationConfig.thinkingConfig.thinkingLevel";
        let message = format!("`{FIELD}` must be MINIMAL, LOW, MEDIUM, HIGH or XHIGH");
        Refusal::of(FIELD, message)
    })
}

/// Writes `thinkingConfig`. Gives whether something was lost.
pub(super) fn encode(
    request: &Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'_>,
) -> bool {
    const LEVEL: [&str; 3] = ["generationConfig", "thinkingConfig", "thinkingLevel"];
    const BUDGET: [&str; 3] = ["generationConfig", "thinkingConfig", "thinkingBudget"];
    const SHOW: [&str; 3] = ["generationConfig", "thinkingConfig", "includeThoughts"];

    let own = request.schema == Schema::Gemini;
    let Reasoning { effort, mode, .. } = request.reasoning;
    let lost = match (capabilities.thinking, effort, mode) {
        (Thinking::Unsupported, _, _) => {
            let off = matches!(effort, None | Some(Effort::None))
                && matches!(mode, None | Some(ThinkingMode::Disabled));
            return !off;
        }
        (_, None, None) => false,
        // Gemini 3 takes budgets still: what its own caller wrote is kept.
        (Thinking::Effort, None, Some(ThinkingMode::Budget(tokens))) if own => {
            settings.put(&BUDGET, Node::Number(i64::try_from(tokens).unwrap_or(i64::MAX)));
            false
        }
        (Thinking::Effort, _, _) => {
            let (level, lost) = level(effort, mode, capabilities);
            level.into_iter().for_each(|level| {
                settings.put(&LEVEL, Node::Text(Cow::Borrowed(level)));
            });
            lost
        }
        (Thinking::Budget, _, _) => {
            let (budget, lost) = budget(effort, mode, capabilities, own);
            settings.put(&BUDGET, Node::Number(budget));
            lost
        }
    };
    if let Some(show) = request.reasoning.shown(request.schema) {
        settings.put(&SHOW, Node::Bool(show));
    }
    lost
}

/// The level nearest to what was asked, and whether it is another. No level turns thinking off.
fn level(
    effort: Option<Effort>,
    mode: Option<ThinkingMode>,
    capabilities: &Capabilities,
) -> (Option<&'static str>, bool) {
    let wanted = match (effort, mode) {
        (_, Some(ThinkingMode::Disabled)) => Effort::None,
        (Some(effort), _) => effort,
        (None, Some(ThinkingMode::Budget(0..=1_024))) => Effort::Low,
        (None, Some(ThinkingMode::Budget(..=8_192))) => Effort::Medium,
        (None, Some(ThinkingMode::Budget(_))) => Effort::High,
        // Gemini 3 decides by itself unless told.
        (None, None | Some(ThinkingMode::Adaptive)) => return (None, false),
    };
    let nearest = capabilities.nearest_effort(wanted);
    let known = LEVELS.iter().find(|(_, effort)| Some(*effort) == nearest);
    // All that a model can is what it can.
    let same = nearest == Some(wanted) || wanted == Effort::Max;
    (known.map(|(level, _)| *level), !same || known.is_none())
}

/// The budget, and whether it says less, or more, than was asked.
fn budget(
    effort: Option<Effort>,
    mode: Option<ThinkingMode>,
    capabilities: &Capabilities,
    own: bool,
) -> (i64, bool) {
    let tokens = match (effort, mode) {
        (_, Some(ThinkingMode::Disabled)) | (Some(Effort::None), _) => {
            return if capabilities.thinking_off { (0, false) } else { (LEAST, true) };
        }
        (_, Some(ThinkingMode::Budget(tokens))) => tokens,
        (Some(Effort::Minimal | Effort::Low), _) => 1_024,
        (Some(Effort::Medium), _) => 8_192,
        (Some(Effort::High | Effort::XHigh | Effort::Max), _) => MOST,
        (None, _) => return (-1, false),
    };
    // Only Gemini's own callers know that a larger one is allowed by the model they name.
    let most = if own { u64::MAX } else { MOST };
    (i64::try_from(tokens.min(most)).unwrap_or(i64::MAX), tokens > most)
}
