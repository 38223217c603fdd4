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

/// The budget of a high effort.
const HIGH: u64 = 24_576;

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

    let Reasoning { effort, mode, .. } = request.reasoning;
    let lost = match (capabilities.thinking, effort, mode) {
        // What Gemini's own caller wrote is Gemini's to judge.
        _ if request.schema == Schema::Gemini => {
            let level = LEVELS.iter().find(|(_, known)| Some(*known) == effort);
            level.into_iter().for_each(|(level, _)| {
                settings.put(&LEVEL, Node::Text(Cow::Borrowed(level)));
            });
            mode.into_iter().for_each(|mode| settings.put(&BUDGET, Node::Number(as_budget(mode))));
            false
        }
        (Thinking::Unsupported, _, _) => {
            let off = matches!(effort, None | Some(Effort::None))
                && matches!(mode, None | Some(ThinkingMode::Disabled))
                && request.reasoning.show != Some(true);
            return !off;
        }
        (_, None, None) => false,
        (Thinking::Effort, _, _) => {
            let (level, lost) = level(effort, mode, capabilities);
            level.into_iter().for_each(|level| {
                settings.put(&LEVEL, Node::Text(Cow::Borrowed(level)));
            });
            lost
        }
        (Thinking::Budget, _, _) => {
            let (budget, lost) = budget(effort, mode, capabilities);
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
) -> (i64, bool) {
    let (wanted, exact) = match (effort, mode) {
        (_, Some(ThinkingMode::Disabled)) | (Some(Effort::None), _) => {
            if capabilities.thinking_off {
                return (0, false);
            }
            (0, true)
        }
        (_, Some(ThinkingMode::Budget(tokens))) => (tokens, true),
        (Some(Effort::Minimal | Effort::Low), _) => (1_024, false),
        (Some(Effort::Medium), _) => (8_192, false),
        (Some(Effort::High | Effort::XHigh | Effort::Max), _) => (HIGH, false),
        (None, _) => return (as_budget(ThinkingMode::Adaptive), false),
    };
    let most = if capabilities.most_budget > 0 { capabilities.most_budget } else { u64::MAX };
    let given = wanted.max(capabilities.least_budget).min(most);
    (as_budget(ThinkingMode::Budget(given)), exact && given != wanted)
}

fn as_budget(mode: ThinkingMode) -> i64 {
    match mode {
        ThinkingMode::Disabled => 0,
        ThinkingMode::Adaptive => -1,
        ThinkingMode::Budget(tokens) => i64::try_from(tokens).unwrap_or(i64::MAX),
    }
}
