//! What one model accepts.

use super::ApiVersion;
use crate::Schema;
use crate::conversation::{Effort, Modality};

/// What one model accepts (`wire.md` §6).
///
/// Fields are added as providers come up with new refusals: start from
/// [`Capabilities::default_for`] and change what differs. Each is a fact that `models.toml` and
/// operators can state under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    // --- limits ---
    /// Most output tokens the model can give.
    pub max_output_tokens: u64,
    /// What is filled in where a schema demands a limit and the caller set none. Less than the
    /// most where input and limit together must fit the context (Claude before Sonnet 4.5).
    pub default_max_tokens: u64,

    // --- sampling ---
    /// Whether `temperature`, `top_p` and `top_k` are accepted at other than their defaults.
    /// Newer Geminis take the fields and ignore them; that counts as no.
    pub sampling: bool,
    /// Whether they are accepted only while the effort is none (GPT from 5.1 on).
    pub sampling_without_effort: bool,
    /// Whether `top_k` is accepted where the others are. OpenAI has none, compatible hosts do.
    pub top_k: bool,
    /// Whether presence and frequency penalties are accepted.
    pub penalties: bool,
    /// Whether stop strings are accepted.
    pub stop: bool,

    // --- thinking ---
    /// How the model is told to think.
    pub thinking: Thinking,
    /// Whether it thinks when nothing is said.
    pub thinks_by_default: bool,
    /// Whether it can be told not to think (Claude `disabled`, Gemini budget 0, effort none).
    pub thinking_off: bool,
    /// Whether Claude's thinking is switched off by `between_tools` (`disabled` is refused).
    pub thinking_off_between_tools: bool,
    /// Whether a budget of tokens is taken where thinking is by effort (Claude 4.6).
    pub budget_beside_effort: bool,
    /// The least budget of thinking, in tokens, besides 0 where it can be switched off.
    pub least_budget: u64,
    /// The largest budget of thinking, in tokens; 0 where only the output limit bounds it.
    pub most_budget: u64,
    /// The named efforts that it accepts, weakest first; empty where it has none.
    pub efforts: Vec<Effort>,
    /// The strongest effort that is accepted while thinking is switched off, if not all are.
    pub effort_without_thinking: Option<Effort>,
    /// Whether thoughts that come back are refused once anything before them has changed (Claude
    /// from 5.1 on).
    pub thoughts_bound: bool,
    /// Whether calls of the current turn must come back with the signatures of the thoughts
    /// before them (Gemini from 3 on).
    pub thought_signatures: bool,

    // --- tools ---
    /// Whether functions are accepted at all. Models that draw take none.
    pub tools: bool,
    /// Whether `tool_choice` may force a call.
    pub forced_tools: bool,
    /// Whether it may beside thinking, in the way that [`Self::thinking`] says.
    pub forced_tools_with_thinking: bool,
    /// Whether function tools are accepted beside an effort other than none
    /// (OpenAI Chat from GPT-5.4 on refuses them).
    pub tools_with_effort: bool,
    /// Whether `parallel_tool_calls` (Claude: `disable_parallel_tool_use`) is accepted.
    pub parallel_switch: bool,
    /// Whether a tool's result may hold images and documents (Gemini `functionResponse.parts`).
    pub tool_result_media: bool,

    // --- turns ---
    /// Whether a conversation may end in an assistant turn that the model goes on with.
    pub prefill: bool,
    /// Whether system turns are accepted in the middle of a conversation, and followed.
    pub system_turns: bool,
    /// Whether they are answered with 200 and ignored (Claude Sonnet 5).
    pub system_turns_ignored: bool,
    /// Whether the model follows a block of a user's turn, wrapped in `<system>`, better.
    pub system_turns_weak: bool,
    /// Whether a system turn right behind a tool's result may be read as part of it.
    pub system_turns_blur: bool,

    // --- content ---
    /// What may be sent besides text.
    pub inputs: Vec<Input>,
    /// What an answer may be made of.
    pub outputs: Vec<Modality>,
    /// Whether the answer can be held to a JSON Schema by the API itself.
    pub structured_output: bool,
    /// Whether cache breakpoints can be set (`cache_control`, `prompt_cache_breakpoint`).
    pub cache_breakpoints: bool,

    // --- APIs ---
    /// The newest version of Anthropic's API that the model is asked with.
    pub api_version: ApiVersion,
    /// How OpenAI's two APIs serve the model.
    pub responses: ResponsesApi,
    /// OpenAI-compatible hosts that only know `max_tokens` and the `system` role.
    pub legacy_openai: bool,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    /// It can't.
    Unsupported,
    /// By a budget of tokens (Claude up to 4.5, Gemini 2.5).
    Budget,
    /// By named effort (Claude from 4.6 with adaptive thinking, Gemini 3, GPT-5, o-series).
    Effort,
}

/// What may be sent besides text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// Pictures.
    Image,
    /// PDF.
    Pdf,
    /// Sound.
    Audio,
    /// Films.
    Video,
}

/// How OpenAI's two APIs serve a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponsesApi {
    /// Only Chat Completions serves it.
    Unserved,
    /// Both do, alike.
    Optional,
    /// Both do; Responses takes more (functions beside effort, the highest effort).
    Preferred,
    /// Only Responses does.
    Required,
}

impl Capabilities {
    /// What is assumed of a model that the catalogue does not list.
    ///
    /// On OpenAI's and Claude's schema that is some other vendor's model behind a compatible
    /// host, so the oldest and most widely known form; on Gemini's it is a newer Gemini.
    pub fn default_for(schema: Schema) -> Self {
        let compatible = Self {
            max_output_tokens: 128_000,
            default_max_tokens: 128_000,
            sampling: true,
            sampling_without_effort: false,
            top_k: true,
            penalties: true,
            stop: true,
            thinking: Thinking::Unsupported,
            thinks_by_default: false,
            thinking_off: true,
            thinking_off_between_tools: false,
            budget_beside_effort: false,
            least_budget: 1_024,
            most_budget: 0,
            efforts: Vec::new(),
            effort_without_thinking: None,
            thoughts_bound: false,
            thought_signatures: false,
            tools: true,
            forced_tools: true,
            forced_tools_with_thinking: true,
            tools_with_effort: true,
            parallel_switch: true,
            tool_result_media: false,
            prefill: false,
            system_turns: true,
            system_turns_ignored: false,
            system_turns_weak: false,
            system_turns_blur: false,
            inputs: vec![Input::Image, Input::Pdf, Input::Audio],
            outputs: vec![Modality::Text],
            structured_output: true,
            cache_breakpoints: false,
            api_version: ApiVersion::V2023,
            responses: ResponsesApi::Optional,
            legacy_openai: true,
        };
        match schema {
            Schema::Chat | Schema::Responses => compatible,
            Schema::Claude => Self {
                max_output_tokens: 8_192,
                default_max_tokens: 8_192,
                penalties: false,
                thinking: Thinking::Budget,
                forced_tools_with_thinking: false,
                prefill: true,
                system_turns: false,
                tool_result_media: true,
                inputs: vec![Input::Image, Input::Pdf],
                cache_breakpoints: true,
                legacy_openai: false,
                ..compatible
            },
            Schema::Gemini => Self {
                max_output_tokens: 65_536,
                default_max_tokens: 65_536,
                penalties: false,
                thinking: Thinking::Effort,
                thinks_by_default: true,
                thinking_off: false,
                efforts: vec![Effort::Low, Effort::Medium, Effort::High],
                system_turns: false,
                parallel_switch: false,
                tool_result_media: true,
                thought_signatures: true,
                inputs: vec![Input::Image, Input::Pdf, Input::Audio, Input::Video],
                legacy_openai: false,
                ..compatible
            },
        }
    }

    /// The accepted effort that is nearest to this one, the weaker of two that are equally near;
    /// `None` where the model has none.
    pub fn nearest_effort(&self, wanted: Effort) -> Option<Effort> {
        let distance = |effort: &Effort| (*effort as u8).abs_diff(wanted as u8);
        self.efforts.iter().copied().min_by_key(|effort| (distance(effort), *effort))
    }

    /// The version of Anthropic's API to ask this model with. `sampling` is whether the request
    /// holds what only the older takes (`wire.md` §0.2): `temperature`, `top_p` or `top_k`, a
    /// document in an assistant turn, citations on a user's text.
    pub fn version_for(&self, sampling: bool) -> ApiVersion {
        if sampling && self.sampling { ApiVersion::V2023 } else { self.api_version }
    }

    /// Whether `temperature` and its kind are accepted beside an effort; `None` is that nothing
    /// was said of it.
    pub fn sampling_with(&self, effort: Option<Effort>) -> bool {
        self.sampling && !(self.sampling_without_effort && self.thinks_with(effort))
    }

    /// Whether the model thinks where this effort is asked for.
    fn thinks_with(&self, effort: Option<Effort>) -> bool {
        effort.map_or(self.thinks_by_default, |effort| effort != Effort::None)
    }

    /// Which of OpenAI's two schemas a request is to be sent in, where the backend speaks both.
    ///
    /// A caller of either gets its own, so that its bytes go through, unless Chat Completions
    /// would refuse the request (`wire.md` §0.4). `tools` is whether functions are offered.
    pub fn openai_schema(&self, caller: Schema, tools: bool, effort: Option<Effort>) -> Schema {
        let refused = tools && !self.tools_with_effort && self.thinks_with(effort);
        match (self.responses, caller) {
            (ResponsesApi::Unserved, _) => Schema::Chat,
            (ResponsesApi::Required, _) | (_, Schema::Responses) => Schema::Responses,
            (_, Schema::Chat) if !refused => Schema::Chat,
            (ResponsesApi::Preferred, _) => Schema::Responses,
            (ResponsesApi::Optional, _) if refused => Schema::Responses,
            (ResponsesApi::Optional, _) => Schema::Chat,
        }
    }
}
