//! Tokens, both ways (`wire.md` §3.2).

use super::wire::read::{ModalityCount, UsageMetadata};
use super::wire::write;
use super::wire::{List, Tokens};
use crate::conversation::{Served, ServiceTier, Usage};

/// Reads `usageMetadata`. `None` where it counts nothing (Vertex sends such ones while it
/// streams arguments), and where a count is nonsense: then nobody knows what is (S-43).
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
    let count = |count: Option<Tokens>| count.map_or(Some(0), |count| count.0);
    let input =
        count(usage.prompt_token_count)?.saturating_add(count(usage.tool_use_prompt_token_count)?);
    // The cached are among the prompt's.
    let cache_read = count(usage.cached_content_token_count).unwrap_or(0).min(input);
    let output = count(usage.candidates_token_count)?;
    let read = by_modality([usage.prompt_tokens_details, usage.tool_use_prompt_tokens_details]);
    let said = by_modality([usage.candidates_tokens_details]);
    let tier = usage.service_tier.or(usage.traffic_type);
    Some(Usage {
        input: input - cache_read,
        cache_read,
        output,
        // Apart from the candidates'.
        reasoning: count(usage.thoughts_token_count)?,
        audio_input: read.audio.min(input),
        image_input: read.image.min(input),
        video_input: read.video.min(input),
        audio_output: said.audio.min(output),
        image_output: said.image.min(output),
        video_output: said.video.min(output),
        served: Served {
            tier: tier.map_or(ServiceTier::Unsaid, |tier| ServiceTier::read(&tier.0)),
            ..Served::default()
        },
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

/// Tokens that have prices of their own.
#[derive(Default)]
struct Modalities {
    audio: u64,
    image: u64,
    video: u64,
}

fn by_modality<const N: usize>(details: [Option<List<ModalityCount<'_>>>; N]) -> Modalities {
    let mut sums = Modalities::default();
    for detail in details.into_iter().flatten().flat_map(|details| details.0) {
        let Some(modality) = detail.modality else { continue };
        // Older SDKs ask for enumerations as numbers. Pages of documents are read as images.
        let sum = match modality.0.to_ascii_uppercase().as_str() {
            "AUDIO" | "4" => &mut sums.audio,
            "IMAGE" | "2" | "DOCUMENT" | "5" => &mut sums.image,
            "VIDEO" | "3" => &mut sums.video,
            _ => continue,
        };
        *sum = sum.saturating_add(detail.token_count.and_then(|count| count.0).unwrap_or(0));
    }
    sums
}

/// Writes `usageMetadata`.
pub(super) fn encode(usage: &Usage) -> write::UsageMetadata {
    write::UsageMetadata {
        prompt_token_count: usage.total_input(),
        cached_content_token_count: usage.cache_read,
        candidates_token_count: usage.output,
        thoughts_token_count: usage.reasoning,
        total_token_count: usage.total(),
        prompt_tokens_details: details(
            usage.total_input(),
            [usage.audio_input, usage.image_input, usage.video_input],
        ),
        candidates_tokens_details: details(
            usage.output,
            [usage.audio_output, usage.image_output, usage.video_output],
        ),
    }
}

/// By modality, where there is more than text to tell: audio, images, video.
fn details(all: u64, parts: [u64; 3]) -> Vec<write::ModalityCount> {
    let count = |modality, token_count| write::ModalityCount { modality, token_count };
    let others = parts.into_iter().fold(0, u64::saturating_add);
    if others == 0 {
        return Vec::new();
    }
    let parts = ["AUDIO", "IMAGE", "VIDEO"].into_iter().zip(parts);
    let told = parts.filter(|(_, tokens)| *tokens > 0).map(|(name, tokens)| count(name, tokens));
    std::iter::once(count("TEXT", all.saturating_sub(others))).chain(told).collect()
}
