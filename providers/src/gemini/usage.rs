//! Tokens, both ways (`wire.md` §3.2).

use super::wire::read::{ModalityCount, UsageMetadata};
use super::wire::write;
use super::wire::{Count, List};
use crate::conversation::Usage;

/// Reads `usageMetadata`. `None` where it counts nothing (Vertex sends such ones while it
/// streams arguments).
pub(super) fn decode(usage: UsageMetadata<'_>) -> Option<Usage> {
    let counted = [
        usage.prompt_token_count,
        usage.tool_use_prompt_token_count,
        usage.candidates_token_count,
        usage.thoughts_token_count,
    ];
    if counted.iter().all(Option::is_none) {
        return None;
    }
    let count = |count: Option<Count>| count.unwrap_or_default().0;
    let input =
        count(usage.prompt_token_count).saturating_add(count(usage.tool_use_prompt_token_count));
    // The cached are among the prompt's.
    let cache_read = count(usage.cached_content_token_count).min(input);
    let output = count(usage.candidates_token_count);
    Some(Usage {
        input: input - cache_read,
        cache_read,
        output,
        // Apart from the candidates'.
        reasoning: count(usage.thoughts_token_count),
        audio_input: audio(usage.prompt_tokens_details).min(input),
        audio_output: audio(usage.candidates_tokens_details).min(output),
        ..Usage::default()
    })
}

/// What two counts of one stream come to. The cached are among the prompt's, but thoughts stand
/// apart from the candidates': one that a chunk leaves out is not in the other.
pub(super) fn merged(so_far: Usage, later: Usage) -> Usage {
    Usage {
        output: so_far.output.max(later.output),
        reasoning: so_far.reasoning.max(later.reasoning),
        ..so_far.max(later)
    }
}

fn audio(details: Option<List<ModalityCount<'_>>>) -> u64 {
    let details = details.map_or_else(Vec::new, |details| details.0);
    let is_audio = |modality: &str| modality.eq_ignore_ascii_case("AUDIO") || modality == "4";
    details
        .into_iter()
        .filter(|detail| detail.modality.as_ref().is_some_and(|modality| is_audio(&modality.0)))
        .fold(0, |sum, detail| sum.saturating_add(detail.token_count.unwrap_or_default().0))
}

/// Writes `usageMetadata`.
pub(super) fn encode(usage: &Usage) -> write::UsageMetadata {
    write::UsageMetadata {
        prompt_token_count: usage.total_input(),
        cached_content_token_count: usage.cache_read,
        candidates_token_count: usage.output,
        thoughts_token_count: usage.reasoning,
        total_token_count: usage.total(),
        prompt_tokens_details: details(usage.total_input(), usage.audio_input),
        candidates_tokens_details: details(usage.output, usage.audio_output),
    }
}

/// By modality, where there is more than text to tell.
fn details(all: u64, audio: u64) -> Vec<write::ModalityCount> {
    let count = |modality, token_count| write::ModalityCount { modality, token_count };
    match audio {
        0 => Vec::new(),
        _ => vec![count("TEXT", all.saturating_sub(audio)), count("AUDIO", audio)],
    }
}
