#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod facts;
mod overrides;

use super::*;
use crate::conversation::Effort;

fn claude(model: &str) -> Capabilities {
    Catalog::bundled().capabilities(Schema::Claude, model)
}

fn openai(model: &str) -> Capabilities {
    Catalog::bundled().capabilities(Schema::Chat, model)
}

fn gemini(model: &str) -> Capabilities {
    Catalog::bundled().capabilities(Schema::Gemini, model)
}

#[test]
fn the_bundled_catalogue_can_be_read_and_states_nothing_twice() {
    let catalog = Catalog::parse(include_str!("../../catalog/models.toml")).unwrap();
    let stated: Vec<_> = catalog.rows.iter().flat_map(Row::stated).collect();
    assert!(stated.len() > 300, "{}", stated.len());
    for (index, fact) in stated.iter().enumerate() {
        assert!(!stated[..index].contains(fact), "{fact:?}");
    }
}

#[test]
fn claude_families_are_told_apart() {
    for (model, max, sampling, thinking, prefill, forced, system, off) in [
        ("claude-3-haiku-20240307", 4_096, true, Thinking::Unsupported, true, true, false, true),
        ("claude-3-5-sonnet-latest", 8_192, true, Thinking::Unsupported, true, true, false, true),
        ("claude-opus-4-20250514", 32_000, true, Thinking::Budget, true, true, false, true),
        ("claude-opus-4-1", 32_000, true, Thinking::Budget, true, true, false, true),
        ("claude-sonnet-4-5-20250929", 64_000, true, Thinking::Budget, true, true, false, true),
        ("claude-opus-4-6", 128_000, true, Thinking::Effort, false, true, false, true),
        ("claude-opus-4-7", 128_000, false, Thinking::Effort, false, true, false, true),
        ("claude-opus-4-8", 128_000, false, Thinking::Effort, false, true, true, true),
        ("claude-sonnet-5", 128_000, false, Thinking::Effort, false, true, false, true),
        ("claude-opus-5", 128_000, false, Thinking::Effort, false, true, true, true),
        ("claude-fable-5", 128_000, false, Thinking::Effort, false, true, true, false),
        ("claude-fable-5-1", 128_000, false, Thinking::Effort, false, false, true, false),
        ("claude-opus-5-5-20261001", 128_000, false, Thinking::Effort, false, false, true, false),
        ("claude-sonnet-5-5", 128_000, false, Thinking::Effort, false, false, true, false),
        ("claude-haiku-5-5", 128_000, false, Thinking::Effort, false, true, true, true),
        ("claude-opus-9", 64_000, false, Thinking::Effort, false, true, false, true),
        ("kimi-k3", 8_192, true, Thinking::Budget, true, true, false, true),
    ] {
        let found = claude(model);
        assert_eq!(
            (found.max_output_tokens, found.sampling, found.thinking, found.prefill),
            (max, sampling, thinking, prefill),
            "{model}"
        );
        assert_eq!(
            (found.forced_tools, found.system_turns, found.thinking_off),
            (forced, system, off),
            "{model}"
        );
    }
    assert!(!claude("claude-opus-4-6").efforts.contains(&Effort::XHigh));
}

#[test]
fn gpt_families_are_told_apart() {
    for (model, sampling, thinking, tools_with_effort, legacy) in [
        ("gpt-4o-2024-08-06", true, Thinking::Unsupported, true, false),
        ("o3", false, Thinking::Effort, true, false),
        ("o1-mini", false, Thinking::Unsupported, true, false),
        ("gpt-5", false, Thinking::Effort, true, false),
        ("gpt-5-mini-2025-08-07", false, Thinking::Effort, true, false),
        ("gpt-5-chat-latest", true, Thinking::Unsupported, true, false),
        ("gpt-5.1", true, Thinking::Effort, true, false),
        ("gpt-5.2-chat-latest", false, Thinking::Effort, true, false),
        ("gpt-5.4-mini", true, Thinking::Effort, false, false),
        ("gpt-6-sol", true, Thinking::Effort, false, false),
        ("gpt-oss-120b", true, Thinking::Effort, true, true),
        ("llama-4", true, Thinking::Unsupported, true, true),
    ] {
        let found = openai(model);
        assert_eq!(
            (found.sampling, found.thinking, found.tools_with_effort, found.legacy_openai),
            (sampling, thinking, tools_with_effort, legacy),
            "{model}"
        );
    }
    assert_eq!(openai("gpt-5-pro-2025-10-06").efforts, [Effort::High]);
    assert_eq!(openai("gpt-5").efforts[0], Effort::Minimal);
    assert_eq!(openai("gpt-5.1").efforts[0], Effort::None);
}

#[test]
fn gemini_families_are_told_apart() {
    for (model, thinking, off, signatures) in [
        ("gemini-2.0-flash", Thinking::Unsupported, true, false),
        ("gemini-2.5-flash-lite", Thinking::Budget, true, false),
        ("gemini-2.5-pro-preview-06-05", Thinking::Budget, false, false),
        ("gemini-2.5-flash-image", Thinking::Unsupported, true, false),
        ("gemini-3-pro-preview", Thinking::Effort, false, true),
        ("gemini-9", Thinking::Effort, false, true),
    ] {
        let found = gemini(model);
        assert_eq!(
            (found.thinking, found.thinking_off, found.thought_signatures),
            (thinking, off, signatures),
            "{model}"
        );
    }
    assert!(gemini("gemini-3-flash-preview").efforts.contains(&Effort::Minimal));
    assert!(!gemini("gemini-3.8-flash").efforts.contains(&Effort::Minimal));
}

#[test]
fn vendors_and_versions_around_a_name_do_not_matter() {
    for model in [
        "anthropic/claude-opus-4-6",
        "us.anthropic.claude-opus-4-6-v1:0",
        "Claude-Opus-4-6@20260205",
        "publishers/anthropic/models/claude-opus-4-6",
    ] {
        assert_eq!(claude(model), claude("claude-opus-4-6"), "{model}");
    }
    assert_eq!(gemini("models/gemini-2.5-pro"), gemini("gemini-2.5-pro"));
    assert_eq!(openai("ft:gpt-4o-mini-2024-07-18:org::id"), openai("gpt-4o-mini"));
    assert_eq!(openai("us.openai.gpt-5.4"), openai("gpt-5.4"));
}

#[test]
fn the_nearest_effort_is_found() {
    let gpt5 = openai("gpt-5");
    for (wanted, found) in [
        (Effort::None, Effort::Minimal),
        (Effort::Medium, Effort::Medium),
        (Effort::Max, Effort::High),
    ] {
        assert_eq!(gpt5.nearest_effort(wanted), Some(found));
    }
    assert_eq!(gemini("gemini-3-pro-preview").nearest_effort(Effort::Medium), Some(Effort::Low));
    assert_eq!(openai("llama-4").nearest_effort(Effort::High), None);
}
