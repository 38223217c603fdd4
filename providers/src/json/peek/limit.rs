//! The limits on an answer's length: what the caller wrote, and how they are lowered.

use std::borrow::Cow;

use super::{Number, Peek};
use crate::json::Edit;
use crate::{Schema, claude};

impl Peek<'_> {
    /// The most output tokens of one candidate, if the caller set a limit. Of OpenAI's two
    /// fields the larger, because hosts differ in which one they heed.
    pub fn output_limit(&self) -> Option<u32> {
        self.limits().filter_map(|limit| limit.value).max()
    }

    fn limits(&self) -> impl Iterator<Item = &Number> {
        self.max_tokens.iter().chain(&self.max_completion_tokens)
    }

    /// Claude: whether it is to think within a budget that is part of the output limit. (With
    /// thoughts between tool calls it may be larger.)
    pub(crate) fn has_thinking_budget(&self) -> bool {
        self.thinking_budget().is_some()
    }

    fn thinking_budget(&self) -> Option<(u32, &Number)> {
        let budget = self.thinking_budget.as_ref()?;
        let tokens = budget.value?;
        self.output_limit().is_none_or(|limit| tokens < limit).then_some((tokens, budget))
    }

    /// The edits after which no candidate has more than so many output tokens. Limits that the
    /// caller wrote are lowered where they are above it; if it wrote none, one is put there (in
    /// OpenAI Chat the older `max_tokens` for hosts that know no other). A budget that Claude may
    /// think within is lowered with them, so that it stays below.
    pub fn cap_output(&self, tokens: u64, legacy_openai: bool) -> Vec<Edit> {
        let above = |limit: &&Number| limit.value.is_some_and(|own| u64::from(own) > tokens);
        let mut edits: Vec<Edit> = match self.output_limit() {
            Some(_) => self.limits().filter(above).map(|limit| set(limit, tokens)).collect(),
            None => vec![self.add_limit(tokens, legacy_openai)],
        };
        if let Some((budget, number)) = self.thinking_budget()
            && u64::from(budget) >= tokens
        {
            edits.push(set(number, claude::budget_within(tokens)));
        }
        edits
    }

    /// The edit that puts a limit where there is none, or null.
    fn add_limit(&self, tokens: u64, legacy_openai: bool) -> Edit {
        let (name, null) = match self.schema {
            Schema::Chat if !legacy_openai => {
                ("max_completion_tokens", &self.max_completion_tokens)
            }
            Schema::Chat | Schema::Claude => ("max_tokens", &self.max_tokens),
            Schema::Responses => ("max_output_tokens", &self.max_tokens),
            Schema::Gemini => ("maxOutputTokens", &self.max_tokens),
        };
        if let Some(null) = null {
            return set(null, tokens);
        }
        let member = format!(r#""{name}":{tokens}"#);
        let (object, member) = match &self.generation_config {
            Some(config) => (config, member),
            None if self.schema == Schema::Gemini => {
                (&self.whole, format!(r#""generationConfig":{{{member}}}"#))
            }
            None => (&self.whole, member),
        };
        let (span, with) = match object.inside {
            None => (object.span.clone(), format!("{{{member}}}")),
            Some(inside) if object.empty => (inside..inside, member),
            Some(inside) => (inside..inside, member + ","),
        };
        Edit { span, with: Cow::Owned(with.into_bytes()) }
    }
}

fn set(number: &Number, tokens: u64) -> Edit {
    Edit { span: number.span.clone(), with: Cow::Owned(tokens.to_string().into_bytes()) }
}

#[cfg(test)]
mod tests;
