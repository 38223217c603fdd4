//! What one model accepts.

use crate::Schema;
use crate::conversation::Effort;

/// What one model accepts (`wire.md` §6).
///
/// Fields are added as providers come up with new refusals: start from
/// [`Capabilities::default_for`] and change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Most output tokens the model can give; filled in where a schema demands a limit.
    pub max_output_tokens: u64,
    /// Whether `temperature`, `top_p` and `top_k` are accepted at other than their defaults.
    pub sampling: bool,
    /// How the model is told to think.
    pub thinking: Thinking,
    /// Whether it can be told not to think (Claude `disabled`, Gemini budget 0, effort none).
    pub thinking_off: bool,
    /// The named efforts that it accepts, weakest first; empty where it has none.
    pub efforts: Vec<Effort>,
    /// Whether function tools are accepted beside an effort other than none
    /// (OpenAI Chat from GPT-5.4 on refuses them).
    pub tools_with_effort: bool,
    /// Whether stop strings are accepted.
    pub stop: bool,
    /// Whether a conversation may end in an assistant turn that the model goes on with.
    pub prefill: bool,
    /// Whether `tool_choice` may force a call.
    pub forced_tools: bool,
    /// Whether system turns are accepted in the middle of a conversation.
    pub system_turns: bool,
    /// Whether a tool's result may hold images and documents (Gemini `functionResponse.parts`).
    pub tool_result_media: bool,
    /// Whether calls of the current turn must come back with the signatures of the thoughts
    /// before them (Gemini from 3 on).
    pub thought_signatures: bool,
    /// Whether a caller may say up to where the prompt is to be kept in the provider's cache
    /// (OpenAI's `prompt_cache_breakpoint`; Claude always takes `cache_control`).
    pub cache_breakpoints: bool,
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

impl Capabilities {
    /// What is assumed of a model that the catalogue does not list.
    ///
    /// On OpenAI's and Claude's schema that is some other vendor's model behind a compatible
    /// host, so the oldest and most widely known form; on Gemini's it is a newer Gemini.
    pub fn default_for(schema: Schema) -> Self {
        let compatible = Self {
            max_output_tokens: 128_000,
            sampling: true,
            thinking: Thinking::Unsupported,
            thinking_off: true,
            efforts: Vec::new(),
            tools_with_effort: true,
            stop: true,
            prefill: false,
            forced_tools: true,
            system_turns: true,
            tool_result_media: false,
            thought_signatures: false,
            cache_breakpoints: false,
            legacy_openai: true,
        };
        match schema {
            Schema::Chat | Schema::Responses => compatible,
            Schema::Claude => Self {
                max_output_tokens: 8_192,
                thinking: Thinking::Budget,
                prefill: true,
                system_turns: false,
                tool_result_media: true,
                legacy_openai: false,
                ..compatible
            },
            Schema::Gemini => Self {
                max_output_tokens: 65_536,
                thinking: Thinking::Effort,
                thinking_off: false,
                efforts: vec![Effort::Low, Effort::Medium, Effort::High],
                system_turns: false,
                tool_result_media: true,
                thought_signatures: true,
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
}
