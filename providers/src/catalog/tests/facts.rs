//! Every row of `wire.md` §6, and what §0 says of models.

use super::{claude, gemini, openai};
use crate::Schema;
use crate::catalog::{ApiVersion, Capabilities, Catalog, Input, ResponsesApi, Thinking};
use crate::conversation::{Effort, Modality};

fn responses(model: &str) -> Capabilities {
    Catalog::bundled().capabilities(Schema::Responses, model)
}

/// Claude's families, oldest first.
const OLD: [&str; 9] = [
    "claude-3-haiku-20240307",
    "claude-3-5-sonnet-20241022",
    "claude-3-7-sonnet-latest",
    "claude-sonnet-4-20250514",
    "claude-opus-4-0",
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5",
];
const MIDDLE: [&str; 2] = ["claude-opus-4-6", "claude-sonnet-4-6"];
const NEW: [&str; 12] = [
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-5",
    "claude-sonnet-5-5",
    "claude-fable-5",
    "claude-fable-5-1",
    "claude-fable-5-2",
    "claude-mythos-5",
    "claude-mythos-5-1",
    "claude-haiku-5-5",
];

/// That a fact is true of these models of Claude's and of no others.
fn only(models: &[&str], fact: impl Fn(&Capabilities) -> bool) {
    for model in OLD.iter().chain(&MIDDLE).chain(&NEW) {
        assert_eq!(fact(&claude(model)), models.contains(model), "{model}");
    }
}

#[test]
fn claude_up_to_4_5_thinks_by_budget_and_takes_sampling_and_prefill() {
    for model in OLD {
        let found = claude(model);
        let thinks = !model.starts_with("claude-3-5") && !model.starts_with("claude-3-h");
        assert_eq!(found.thinking == Thinking::Budget, thinks, "{model}");
        assert!(found.sampling && found.prefill, "{model}");
        assert!(found.forced_tools && !found.forced_tools_with_thinking, "{model}");
        assert!(!found.thinks_by_default, "{model}");
        assert_eq!(found.least_budget, 1_024);
    }
    assert_eq!(claude("claude-opus-4-5").efforts, [Effort::Low, Effort::Medium, Effort::High]);
}

#[test]
fn claude_4_6_thinks_by_effort_or_budget_and_takes_sampling() {
    only(&MIDDLE, |found| found.budget_beside_effort);
    for model in MIDDLE {
        let found = claude(model);
        assert_eq!(found.thinking, Thinking::Effort);
        assert!(found.sampling && found.forced_tools_with_thinking && !found.prefill);
        assert!(!found.efforts.contains(&Effort::XHigh) && found.efforts.contains(&Effort::Max));
    }
}

#[test]
fn claude_from_4_7_refuses_sampling_and_budgets_and_knows_the_highest_efforts() {
    only(&NEW, |found| !found.sampling);
    for model in NEW {
        let found = claude(model);
        assert_eq!(found.thinking, Thinking::Effort, "{model}");
        assert!(!found.prefill && !found.budget_beside_effort, "{model}");
        assert!(found.efforts.ends_with(&[Effort::XHigh, Effort::Max]), "{model}");
    }
    // All but 4.7 and 4.8 think unasked.
    only(&NEW[2..], |found| found.thinks_by_default);
}

#[test]
fn claude_5_1_and_5_5_refuse_forced_tools() {
    only(
        &[
            "claude-fable-5-1",
            "claude-fable-5-2",
            "claude-mythos-5-1",
            "claude-opus-5-5",
            "claude-sonnet-5-5",
        ],
        |found| !found.forced_tools,
    );
}

#[test]
fn some_claudes_cannot_be_told_not_to_think() {
    only(
        &[
            "claude-opus-5-5",
            "claude-sonnet-5-5",
            "claude-fable-5",
            "claude-fable-5-1",
            "claude-fable-5-2",
            "claude-mythos-5",
            "claude-mythos-5-1",
        ],
        |found| !found.thinking_off,
    );
    only(&["claude-sonnet-5-5"], |found| found.thinking_off_between_tools);
    only(&["claude-opus-5", "claude-sonnet-5-5", "claude-haiku-5-5"], |found| {
        let off = found.thinking_off || found.thinking_off_between_tools;
        off && found.effort_without_thinking == Some(Effort::High)
    });
}

#[test]
fn thoughts_of_the_newest_claudes_are_bound_to_what_stands_before_them() {
    only(
        &[
            "claude-fable-5-1",
            "claude-fable-5-2",
            "claude-opus-5-5",
            "claude-sonnet-5-5",
            "claude-haiku-5-5",
        ],
        |found| found.thoughts_bound,
    );
    assert!(claude("claude-mythos-5-2").thoughts_bound);
}

#[test]
fn system_turns_are_accepted_ignored_or_refused() {
    only(
        &[
            "claude-opus-4-8",
            "claude-opus-5",
            "claude-opus-5-5",
            "claude-sonnet-5-5",
            "claude-fable-5",
            "claude-fable-5-1",
            "claude-fable-5-2",
            "claude-mythos-5",
            "claude-mythos-5-1",
            "claude-haiku-5-5",
        ],
        |found| found.system_turns,
    );
    only(&["claude-sonnet-5"], |found| found.system_turns_ignored);
    only(&["claude-sonnet-5-5", "claude-haiku-5-5"], |found| found.system_turns_weak);
    only(&["claude-haiku-5-5"], |found| found.system_turns_blur);
}

#[test]
fn limits_are_filled_in_by_family() {
    for (model, most, filled) in [
        ("claude-3-opus-20240229", 4_096, 4_096),
        ("claude-3-5-haiku-latest", 8_192, 8_192),
        ("claude-3-7-sonnet-20250219", 64_000, 8_192),
        ("claude-opus-4@20250514", 32_000, 8_192),
        ("claude-sonnet-4", 64_000, 8_192),
        ("claude-sonnet-4-5@20250929", 64_000, 64_000),
        ("claude-sonnet-4-6", 128_000, 128_000),
        ("claude-haiku-5-5", 128_000, 128_000),
        ("claude-fable-5-2", 128_000, 128_000),
    ] {
        let found = claude(model);
        assert_eq!((found.max_output_tokens, found.default_max_tokens), (most, filled), "{model}");
    }
}

#[test]
fn anthropics_version_is_chosen_by_request_and_model() {
    for (model, sampling, version) in [
        ("claude-sonnet-4-5", true, ApiVersion::V2023),
        ("claude-sonnet-4-5", false, ApiVersion::V2026),
        ("claude-opus-4-6", true, ApiVersion::V2023),
        // It refuses sampling whatever the version.
        ("claude-opus-5", true, ApiVersion::V2026),
        ("claude-opus-5", false, ApiVersion::V2026),
        // Somebody else's model behind the same API.
        ("kimi-k3", false, ApiVersion::V2023),
    ] {
        assert_eq!(claude(model).version_for(sampling), version, "{model}");
    }
    for (header, version) in [
        ("2023-01-01", ApiVersion::V2023),
        ("2023-06-01", ApiVersion::V2023),
        ("2026-10-21", ApiVersion::V2026),
        ("2027-02-03", ApiVersion::V2026),
    ] {
        assert_eq!(ApiVersion::of(header), version, "{header}");
    }
    assert_eq!(ApiVersion::ALL.map(|version| ApiVersion::of(version.as_str())), ApiVersion::ALL);
}

#[test]
fn gpts_efforts_grow_with_the_families() {
    use Effort::{High, Low, Max, Medium, Minimal, None, XHigh};
    for (model, chat, more) in [
        ("o4-mini", &[Low, Medium, High][..], &[][..]),
        ("gpt-5-mini", &[Minimal, Low, Medium, High], &[]),
        ("gpt-5-pro", &[High], &[]),
        ("gpt-5.1", &[None, Low, Medium, High], &[]),
        ("gpt-5.2", &[None, Low, Medium, High, XHigh], &[]),
        ("gpt-5.2-chat-latest", &[Medium], &[]),
        ("gpt-5.4-pro", &[Medium, High, XHigh], &[]),
        ("gpt-5.5", &[None, Low, Medium, High, XHigh], &[]),
        ("gpt-5.6-sol", &[None, Low, Medium, High, XHigh], &[Max]),
        ("gpt-6-luna", &[None, Low, Medium, High, XHigh], &[Max]),
        ("gpt-6-astra", &[Low, Medium, High, XHigh], &[Max]),
        ("gpt-6.1-sol", &[Low, Medium, High, XHigh], &[Max]),
    ] {
        assert_eq!(openai(model).efforts, chat, "{model}");
        assert_eq!(responses(model).efforts, [chat, more].concat(), "{model} on Responses");
    }
}

#[test]
fn gpt_takes_sampling_only_without_effort() {
    use Effort::{High, None};
    for (model, unasked, off, on) in [
        ("gpt-4o", true, true, true),
        ("o3", false, false, false),
        ("gpt-5", false, false, false),
        ("gpt-5.1", true, true, false),
        ("gpt-5.4", true, true, false),
        ("gpt-5.5", false, true, false),
        ("gpt-5.6-terra", false, true, false),
        ("gpt-6-sol", false, true, false),
        ("gpt-6-astra", false, false, false),
        ("gpt-oss-120b", true, true, true),
    ] {
        let found = openai(model);
        let takes =
            [Option::None, Some(None), Some(High)].map(|effort| found.sampling_with(effort));
        assert_eq!(takes, [unasked, off, on], "{model}");
    }
}

#[test]
fn reasoning_models_refuse_stop() {
    for model in ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5.1", "gpt-5.4", "gpt-5.6", "gpt-6-sol"]
    {
        assert!(!openai(model).stop, "{model}");
    }
    for model in ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest", "llama-4"] {
        assert!(openai(model).stop, "{model}");
    }
}

#[test]
fn newer_gpts_are_served_over_responses() {
    use ResponsesApi::{Optional, Preferred, Required, Unserved};
    for (model, api) in [
        ("gpt-4o", Optional),
        ("gpt-4o-audio-preview", Unserved),
        ("gpt-audio-mini", Unserved),
        ("o3", Optional),
        ("o3-pro", Required),
        ("gpt-5", Optional),
        ("gpt-5-pro", Required),
        ("gpt-5.1-codex", Required),
        ("gpt-5.2", Optional),
        ("gpt-5.4", Preferred),
        ("gpt-5.5-pro", Required),
        ("gpt-5.6-sol", Preferred),
        ("gpt-6-astra", Preferred),
        ("gpt-9", Preferred),
        ("llama-4", Optional),
    ] {
        assert_eq!(openai(model).responses, api, "{model}");
    }

    let (chat, both) = (Schema::Chat, Schema::Responses);
    let (off, high) = (Some(Effort::None), Some(Effort::High));
    for (model, caller, tools, effort, schema) in [
        // Each gets its own where that can be.
        ("gpt-4o", chat, true, None, chat),
        ("gpt-4o", both, true, None, both),
        ("gpt-5.4", chat, false, high, chat),
        ("gpt-5.4", chat, true, off, chat),
        ("gpt-5.4", both, true, high, both),
        // Chat Completions would refuse functions beside an effort.
        ("gpt-5.4", chat, true, high, both),
        ("gpt-5.4", chat, true, None, chat),
        ("gpt-5.6", chat, true, None, both),
        // Callers of other schemas.
        ("gpt-4o", Schema::Claude, true, None, chat),
        ("gpt-5.4", Schema::Claude, false, None, both),
        ("gpt-5.6", Schema::Gemini, true, off, both),
        // Where there is only one.
        ("gpt-5-pro", chat, false, None, both),
        ("gpt-4o-audio-preview", both, false, None, chat),
    ] {
        let found = openai(model).openai_schema(caller, tools, effort);
        assert_eq!(found, schema, "{model} for {caller}, tools {tools}, {effort:?}");
    }
}

#[test]
fn cache_breakpoints_came_with_gpt_5_6() {
    for (model, can) in [
        ("gpt-4o", false),
        ("gpt-5", false),
        ("gpt-5.2", false),
        ("gpt-5.5", false),
        ("gpt-5.6-luna", true),
        ("gpt-6-sol", true),
    ] {
        assert_eq!(openai(model).cache_breakpoints, can, "{model}");
    }
    assert!(claude("claude-3-haiku-20240307").cache_breakpoints);
    assert!(!gemini("gemini-3-pro-preview").cache_breakpoints);
}

#[test]
fn gemini_2_5_is_told_by_budget_and_pro_thinks_always() {
    for (model, off, least, most, unasked) in [
        ("gemini-2.5-flash", true, 1, 24_576, true),
        ("gemini-2.5-flash-lite", true, 512, 24_576, false),
        ("gemini-2.5-pro", false, 128, 32_768, true),
    ] {
        let found = gemini(model);
        assert_eq!(found.thinking, Thinking::Budget);
        let budget = (found.thinking_off, found.least_budget, found.most_budget);
        assert_eq!(budget, (off, least, most), "{model}");
        assert_eq!(found.thinks_by_default, unasked, "{model}");
    }
}

#[test]
fn gemini_from_3_is_told_by_level_and_some_refuse_minimal() {
    for (model, minimal) in [
        ("gemini-3-pro-preview", false),
        ("gemini-3.1-pro-preview", false),
        ("gemini-3.7-flash", false),
        ("gemini-3.8-flash", false),
        ("gemini-4-argon", false),
        ("gemini-4-carbon", false),
        ("gemini-3-flash-preview", true),
        ("gemini-3.1-flash-lite", true),
        ("gemini-3.5-flash", true),
        ("gemini-3.6-flash", true),
    ] {
        let found = gemini(model);
        assert_eq!(found.thinking, Thinking::Effort, "{model}");
        assert_eq!(found.efforts.contains(&Effort::Minimal), minimal, "{model}");
        assert!(found.thought_signatures && !found.thinking_off, "{model}");
    }
}

#[test]
fn geminis_that_draw_have_no_tools() {
    for (model, thinking) in [
        ("gemini-2.5-flash-image", Thinking::Unsupported),
        ("gemini-2.5-flash-image-preview", Thinking::Unsupported),
        ("gemini-3-pro-image-preview", Thinking::Effort),
    ] {
        let found = gemini(model);
        assert!(!found.tools && !found.forced_tools, "{model}");
        assert_eq!(found.thinking, thinking, "{model}");
        assert_eq!(found.outputs, [Modality::Text, Modality::Image], "{model}");
    }
    assert!(gemini("gemini-2.5-flash").tools);
    assert_eq!(gemini("gemini-2.5-pro-preview-tts").outputs, [Modality::Audio]);
}

#[test]
fn newer_geminis_refuse_penalties_and_ignore_sampling() {
    for (model, penalties, sampling) in [
        ("gemini-2.0-flash", true, true),
        ("gemini-2.5-flash", true, true),
        ("gemini-2.5-pro-preview-06-05", false, true),
        ("gemini-3-pro-preview", false, true),
        ("gemini-3.5-flash", false, true),
        ("gemini-3.5-flash-lite", false, false),
        ("gemini-3.8-flash", false, false),
    ] {
        let found = gemini(model);
        assert_eq!((found.penalties, found.sampling), (penalties, sampling), "{model}");
    }
    assert!(!openai("o3").penalties && openai("gpt-4o").penalties);
}

#[test]
fn what_may_be_sent_and_asked_for_is_known() {
    use Input::{Audio, Image, Pdf, Video};
    assert_eq!(claude("claude-opus-5").inputs, [Image, Pdf]);
    assert_eq!(gemini("gemini-3-pro-preview").inputs, [Image, Pdf, Audio, Video]);
    assert_eq!(openai("gpt-5").inputs, [Image, Pdf]);
    assert_eq!(openai("gpt-4o-audio-preview").inputs, [Audio]);
    assert_eq!(openai("gpt-4o-audio-preview").outputs, [Modality::Text, Modality::Audio]);
    assert!(openai("gpt-3.5-turbo").inputs.is_empty());
    for (model, can) in [
        ("claude-sonnet-4-20250514", false),
        ("claude-opus-4-1", true),
        ("claude-haiku-4-5", true),
        ("claude-opus-4-6", true),
    ] {
        assert_eq!(claude(model).structured_output, can, "{model}");
    }
    assert!(!openai("gpt-3.5-turbo").structured_output && openai("gpt-4o").structured_output);
    assert!(!openai("gpt-5.4-pro").structured_output);
}

#[test]
fn one_call_a_turn_can_be_asked_for_where_there_is_a_switch() {
    assert!(claude("claude-opus-5").parallel_switch && openai("gpt-5").parallel_switch);
    assert!(!openai("o3").parallel_switch && !gemini("gemini-3-pro-preview").parallel_switch);
}
