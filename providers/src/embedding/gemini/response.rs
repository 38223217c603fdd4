//! Responses, both ways.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Schema;
use crate::conversation::{ApiError, Usage};
use crate::embedding::response::unreadable;
use crate::embedding::{Reply, Response, Vector};
use crate::json;

/// Reads a response of either method.
pub(super) fn decode(body: &[u8]) -> Result<Response<'_>, ApiError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| unreadable())?;
    if answer.error.is_some() {
        return Err(Schema::Gemini.codec().decode_error(200, body));
    }
    let embeddings = match (answer.embeddings, answer.embedding) {
        (Some(list), None) => list,
        (None, Some(one)) => vec![one],
        _ => return Err(unreadable()),
    };
    let usage = answer.usage_metadata.and_then(usage).or_else(|| statistics(&embeddings));
    let vectors = embeddings.iter().map(|embedding| Vector::read(embedding.values));
    let vectors = vectors.collect::<Result<_, _>>()?;
    Ok(Response { model: None, vectors, usage })
}

/// Writes a response: one vector or a list, as the caller asked.
pub(super) fn encode(response: &Response<'_>, reply: &Reply<'_>) -> Result<Vec<u8>, ApiError> {
    response.complete(reply)?;
    // A caller that asked for one has one.
    let list = reply.batch || reply.vectors != 1;
    let mut out = match list {
        true => br#"{"embeddings":["#.to_vec(),
        false => br#"{"embedding":"#.to_vec(),
    };
    for (place, vector) in response.vectors.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend(br#"{"values":"#);
        vector.write_floats(&mut out)?;
        out.push(b'}');
    }
    if list {
        out.push(b']');
    }
    if let Some(usage) = response.usage {
        let counts = Counts { prompt_token_count: usage.total_input() };
        out.extend(br#","usageMetadata":"#);
        serde_json::to_writer(&mut out, &counts).map_err(|_| unreadable())?;
    }
    out.push(b'}');
    Ok(out)
}

/// Reads what was counted.
fn usage(raw: &RawValue) -> Option<Usage> {
    let counted: Counted<'_> = serde_json::from_str(raw.get()).ok()?;
    let input = count(counted.prompt_token_count)?;
    let is_audio = |detail: &&Detail<'_>| {
        detail.modality.is_some_and(|modality| modality.get().eq_ignore_ascii_case("\"AUDIO\""))
    };
    let details = counted.prompt_token_details.unwrap_or_default();
    let audio = details.iter().filter(is_audio).filter_map(|detail| count(detail.token_count));
    let audio_input = audio.fold(0, u64::saturating_add).min(input);
    Some(Usage { input, audio_input, ..Usage::default() })
}

/// What Vertex counts beside each vector.
fn statistics(embeddings: &[Embedding<'_>]) -> Option<Usage> {
    let counts = embeddings.iter().filter_map(|embedding| {
        let statistics = embedding.statistics?;
        count(serde_json::from_str::<Statistics<'_>>(statistics.get()).ok()?.token_count)
    });
    let input = counts.reduce(u64::saturating_add)?;
    Some(Usage { input, ..Usage::default() })
}

/// A number of tokens. Proto JSON writes 64-bit ones as strings, and some as `4.0`.
fn count(raw: Option<&RawValue>) -> Option<u64> {
    json::count(raw?.get().trim_matches('"'))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    prompt_token_count: u64,
}

/// A response as read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    embedding: Option<Embedding<'a>>,
    embeddings: Option<Vec<Embedding<'a>>>,
    usage_metadata: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Embedding<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
    statistics: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted<'a> {
    #[serde(borrow)]
    prompt_token_count: Option<&'a RawValue>,
    prompt_token_details: Option<Vec<Detail<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(borrow)]
    modality: Option<&'a RawValue>,
    token_count: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics<'a> {
    #[serde(borrow)]
    token_count: Option<&'a RawValue>,
}
