//! Effort and thinking (`wire.md` §3, §6).

use serde::Serialize;
use serde_json::value::RawValue;

use super::extensions::Extensions;
use super::losses::Losses;
use super::wire::ThinkingConfig;
use crate::Schema;
use crate::catalog::{Capabilities, Thinking as Kind};
use crate::codec::Target;
use crate::conversation::{Effort, Field, Reasoning, Refusal, Request, ThinkingMode, Unsupported};

/// The path of a thinking type that no other schema has a word for.
pub(super) const BETWEEN_TOOLS: &str = "thinking.type";

/// Fewest tokens that Anthropic takes as a thinking budget.
const MIN_BUDGET: u64 = 1024;

/// Fewest tokens of an answer that may be thought about within a budget, which is part of them.
pub(crate) const MIN_TOKENS_WITH_BUDGET: u64 = MIN_BUDGET + 1;

/// Anthropic's words for efforts.
const EFFORTS: [(&str, Effort); 5] = [
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("xhigh", Effort::XHigh),
    ("max", Effort::Max),
];

/// What an effort is worth in thinking tokens, on models that are told by budget. At most half
/// of `max_tokens`, so that an answer has room.
const BUDGETS: [(Effort, u64); 6] = [
    (Effort::Minimal, 1024),
    (Effort::Low, 2048),
    (Effort::Medium, 8192),
    (Effort::High, 16_384),
    (Effort::XHigh, 32_768),
    (Effort::Max, 65_536),
];

/// Reads `output_config.effort`.
pub(super) fn decode_effort(word: &str) -> Result<Effort, Refusal> {
    EFFORTS.iter().find(|(name, _)| *name == word).map(|(_, effort)| *effort).ok_or_else(|| {
        Refusal::of(
            "output_config.effort",
            "`output_config.effort` must be `low`, `medium`, `high`, `xhigh` or `max`",
        )
    })
}

/// Reads `thinking`.
pub(super) fn decode_thinking<'a>(
    mut config: ThinkingConfig<'a>,
    reasoning: &mut Reasoning,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    reasoning.mode = match config.kind.take().as_deref() {
        Some("enabled") => {
            let budget = config.budget_tokens.take().ok_or_else(|| {
                Refusal::of(
                    "thinking.budget_tokens",
                    "`thinking.budget_tokens` is missing; give at least 1024",
                )
            })?;
            Some(ThinkingMode::Budget(budget))
        }
        Some("adaptive") => Some(ThinkingMode::Adaptive),
        Some("disabled") => Some(ThinkingMode::Disabled),
        Some("between_tools") => {
            // Elsewhere the nearest is not to think at all.
            extensions.add("thinking", "type", RawValue::NULL, Unsupported::Drop);
            Some(ThinkingMode::Disabled)
        }
        _ => {
            return Err(Refusal::of(
                "thinking.type",
                "`thinking.type` must be `enabled`, `adaptive`, `disabled` or `between_tools`",
            ));
        }
    };
    match config.display.take().map(|display| (display.get(), display)) {
        Some(("\"summarized\"", _)) => reasoning.show = Some(true),
        Some(("\"omitted\"", _)) => reasoning.show = Some(false),
        Some((_, display)) => extensions.unknown("thinking", "display", display),
        None => {}
    }
    config.leftovers(&mut |name, value| extensions.unknown("thinking", name, value));
    Ok(())
}

/// What a request says about thinking, in Anthropic's words.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) thinking: Option<ThinkingOut>,
    pub(super) effort: Option<&'static str>,
}

/// `thinking` as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ThinkingOut {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'static str>,
}

impl ThinkingOut {
    /// Whether it is a budget.
    pub(super) const fn is_budget(&self) -> bool {
        self.budget_tokens.is_some()
    }

    /// Whether a tool can't be forced beside it. The catalogue tells of the model's usual way to
    /// think; budgets of models that think by effort never go with it.
    pub(super) fn forbids_force(&self, capabilities: &Capabilities) -> bool {
        let unusual = self.is_budget() && capabilities.thinking != Kind::Budget;
        let thinks = matches!(self.kind, "enabled" | "adaptive");
        thinks && (unusual || !capabilities.forced_tools_with_thinking)
    }
}

/// Plans the thinking of a request for a target; where the target can't think as asked, something
/// near or nothing is sent, and reported.
pub(super) fn plan(
    request: &Request<'_>,
    target: &Target<'_>,
    max_tokens: u64,
    losses: &mut Losses,
) -> Result<Plan, Refusal> {
    let Reasoning { effort, mode, show } = request.reasoning;
    let capabilities = target.capabilities;
    let of_claude = request.schema == Schema::Claude;
    let display = match show {
        Some(true) => Some("summarized"),
        // Others' callers don't see thoughts anyway, and not every model takes the word.
        Some(false) if of_claude => Some("omitted"),
        _ => None,
    };
    if mode == Some(ThinkingMode::Disabled) || effort == Some(Effort::None) {
        return Ok(disabled(request, target, losses));
    }
    let adaptive = Some(ThinkingOut { kind: "adaptive", budget_tokens: None, display });
    let by_effort = capabilities.thinking == Kind::Effort;
    if mode.is_none() && effort.is_none() {
        // Thoughts are shown where they were asked for; that alone does not make a model think.
        let thinks = by_effort && capabilities.thinks_by_default;
        if show == Some(true) && !thinks {
            losses.field(Field::Reasoning);
        }
        let thinking = adaptive.filter(|_| show == Some(true) && thinks);
        return Ok(Plan { thinking, effort: None });
    }
    let by_budget = capabilities.thinking == Kind::Budget;
    let thinking = match mode {
        Some(ThinkingMode::Budget(budget))
            if by_budget || by_effort && capabilities.budget_beside_effort =>
        {
            let budget = checked(budget, max_tokens, target, request.name(Field::Reasoning))?;
            Some(ThinkingOut { kind: "enabled", budget_tokens: Some(budget), display })
        }
        // Claude's effort alone does not ask for thinking; everyone else's does.
        None if of_claude => None,
        _ if by_effort => adaptive,
        _ if by_budget => {
            let budget = budget(effort.unwrap_or(Effort::Medium), max_tokens);
            if budget.is_none() || mode.is_some() {
                losses.field(Field::Reasoning);
            }
            budget.map(|budget| ThinkingOut {
                kind: "enabled",
                budget_tokens: Some(budget),
                display,
            })
        }
        _ => {
            losses.field(Field::Reasoning);
            None
        }
    };
    let budgeted = thinking.is_some_and(|thinking| thinking.is_budget());
    if !of_claude && (budgeted || !by_effort) {
        // What the effort is worth, or that it is lost, is said.
        return Ok(Plan { thinking, effort: None });
    }
    let wanted = match mode {
        Some(ThinkingMode::Budget(budget)) if !budgeted => effort.or(Some(nearest(budget))),
        _ => effort,
    };
    let sent = wanted.and_then(|wanted| capabilities.nearest_effort(wanted));
    if sent != effort {
        losses.field(Field::Reasoning);
    }
    Ok(Plan { thinking, effort: sent.and_then(word) })
}

/// Thinking that was switched off. Models that are told by budget think only when asked to;
/// later ones must be told not to, and some can't be.
fn disabled(request: &Request<'_>, target: &Target<'_>, losses: &mut Losses) -> Plan {
    let capabilities = target.capabilities;
    let effort = request.reasoning.effort.filter(|effort| *effort != Effort::None);
    let between = request
        .extensions
        .iter()
        .any(|extension| extension.schema == Schema::Claude && extension.path == BETWEEN_TOOLS);
    let kind = match capabilities.thinking {
        Kind::Budget | Kind::Unsupported => None,
        Kind::Effort if between => Some("between_tools"),
        Kind::Effort if capabilities.thinking_off => Some("disabled"),
        Kind::Effort if capabilities.thinking_off_between_tools => {
            losses.emulated(Field::Reasoning);
            Some("between_tools")
        }
        Kind::Effort => {
            // As little as the model can.
            losses.field(Field::Reasoning);
            let least = effort.unwrap_or(Effort::None);
            let effort = capabilities.nearest_effort(least).and_then(word);
            return Plan { thinking: None, effort };
        }
    };
    let most = capabilities.effort_without_thinking.filter(|_| kind.is_some());
    let sent = effort
        .and_then(|effort| capabilities.nearest_effort(effort))
        .map(|effort| most.map_or(effort, |most| effort.min(most)));
    if sent != effort {
        losses.field(Field::Reasoning);
    }
    let thinking = kind.map(|kind| ThinkingOut { kind, budget_tokens: None, display: None });
    Plan { thinking, effort: sent.and_then(word) }
}

/// An effort in Anthropic's words.
fn word(effort: Effort) -> Option<&'static str> {
    EFFORTS.iter().find(|(_, known)| *known == effort).map(|(name, _)| *name)
}

/// The budget of an effort; `None` where the answer is too short to think at all.
fn budget(effort: Effort, max_tokens: u64) -> Option<u64> {
    let budget = BUDGETS.iter().find(|(known, _)| *known == effort).map(|(_, budget)| *budget)?;
    (max_tokens > MIN_BUDGET).then(|| budget.min(budget_within(max_tokens)))
}

/// The largest budget that leaves room for an answer where all of it may have so many tokens;
/// they must be more than the least budget.
pub(crate) fn budget_within(max_tokens: u64) -> u64 {
    (max_tokens / 2).max(MIN_BUDGET)
}

/// The effort that a budget comes nearest to, up to the largest that every model has.
fn nearest(budget: u64) -> Effort {
    match budget {
        0..=2048 => Effort::Low,
        2049..=8192 => Effort::Medium,
        _ => Effort::High,
    }
}

/// A budget that Anthropic accepts beside this `max_tokens`.
fn checked(
    budget: u64,
    max_tokens: u64,
    target: &Target<'_>,
    field: &'static str,
) -> Result<u64, Refusal> {
    let least = target.capabilities.least_budget;
    if budget < least {
        return Err(Refusal::of(
            field,
            format!(
                "a thinking budget of {budget} tokens is too small for Claude; give at least {least}"
            ),
        ));
    }
    if budget >= max_tokens {
        return Err(Refusal::of(
            field,
            format!(
                "a thinking budget of {budget} tokens leaves nothing of the answer's {max_tokens}; give less, or allow a longer answer"
            ),
        ));
    }
    Ok(budget)
}
