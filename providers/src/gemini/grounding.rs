//! Where the model has its text from, both ways: `groundingMetadata` and `citationMetadata`
//! (`wire.md` §3).
//!
//! Segments are of the candidate's text without its thoughts, in UTF-8 bytes (R).

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::offsets::Widths;
use super::wire::write::{Chunk, GroundingMetadata, Segment, Site, Support};
use super::wire::{Count, read};
use crate::Schema;
use crate::conversation::{Citation, ToolCalls};

/// A citation, and the piece of the candidate's text that it stands behind, in bytes.
pub(super) type Placed<'a> = (Citation<'a>, Option<(u64, u64)>);

/// Keeps a citation, unless it was told before.
pub(super) fn keep((citation, bytes): Placed<'_>, kept: &mut Vec<Placed<'static>>) {
    let same = |(known, place): &&Placed<'static>| {
        *place == bytes && known.url == citation.url && known.title == citation.title
    };
    if kept.iter().find(same).is_some() {
        return;
    }
    kept.push((owned(citation), bytes));
}

/// The same, owning its text.
pub(super) fn owned(citation: Citation<'_>) -> Citation<'static> {
    let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
    let raw = citation.raw.map(|(schema, raw)| (schema, Cow::Owned(raw.into_owned())));
    let Citation { url, title, cited_text, range, .. } = citation;
    Citation { url: owned(url), title: owned(title), cited_text: owned(cited_text), range, raw }
}

/// Reads where an answer has something from; what can't be read tells nothing.
pub(super) fn decode<'a>(
    grounding: Option<&'a RawValue>,
    citations: Option<&'a RawValue>,
) -> Vec<Placed<'a>> {
    let mut placed = Vec::new();
    if let Some(raw) = grounding
        && let Ok(grounding) = serde_json::from_str(raw.get())
    {
        grounded(grounding, &mut placed);
    }
    if let Some(raw) = citations
        && let Ok(read::CitationMetadata { citation_sources, citations, .. }) =
            serde_json::from_str(raw.get())
    {
        // Vertex calls them otherwise.
        for source in [citation_sources, citations].into_iter().flatten().flat_map(|list| list.0) {
            let bytes = bytes(source.start_index, source.end_index);
            let url = source.uri.map(Into::into);
            let title = source.title.map(Into::into);
            placed.push((Citation { url, title, ..Citation::default() }, bytes));
        }
    }
    placed
}

/// The searches that an answer's candidates stand on. A stream may name them again with each piece.
#[derive(Debug, Default)]
pub(super) struct Searches(BTreeSet<String>);

impl Searches {
    /// Notes those of one candidate, or of a piece of one.
    pub(super) fn note(&mut self, grounding: Option<&RawValue>) {
        let Some(raw) = grounding else { return };
        let Ok(grounding) = serde_json::from_str::<read::GroundingMetadata<'_>>(raw.get()) else {
            return;
        };
        let queries = [grounding.web_search_queries, grounding.image_search_queries];
        let queries = queries.into_iter().flatten().flat_map(|list| list.0);
        self.0.extend(queries.map(|query| query.0.into_owned()));
        // Of a map nobody says what was asked.
        let chunks = grounding.grounding_chunks.map_or_else(Vec::new, |list| list.0);
        let of_a_map = |raw: &&RawValue| {
            serde_json::from_str::<read::GroundingChunk<'_>>(raw.get())
                .is_ok_and(|chunk| chunk.maps.is_some())
        };
        if chunks.iter().any(of_a_map) {
            self.0.insert(String::new());
        }
    }

    /// What they are billed as.
    pub(super) fn calls(&self) -> ToolCalls {
        ToolCalls { web_searches: self.0.len() as u64, ..ToolCalls::default() }
    }
}

fn grounded<'a>(grounding: read::GroundingMetadata<'a>, placed: &mut Vec<Placed<'a>>) {
    let chunks: Vec<Citation<'a>> = grounding
        .grounding_chunks
        .map_or_else(Vec::new, |list| list.0)
        .into_iter()
        .map(source)
        .collect();
    let mut named = vec![false; chunks.len()];
    for support in grounding.grounding_supports.map_or_else(Vec::new, |list| list.0) {
        let segment = support.segment.unwrap_or_default();
        let bytes = bytes(segment.start_index, segment.end_index);
        let indices = support.grounding_chunk_indices.map_or_else(Vec::new, |list| list.0);
        for index in indices.into_iter().filter_map(|index| usize::try_from(index.0).ok()) {
            let (Some(citation), Some(named)) = (chunks.get(index), named.get_mut(index)) else {
                continue;
            };
            *named = true;
            placed.push((citation.clone(), bytes));
        }
    }
    // What stands behind no piece stands behind all.
    let unnamed = chunks.into_iter().zip(named).filter(|(_, named)| !named);
    placed.extend(unnamed.map(|(citation, _)| (citation, None)));
}

/// Proto JSON leaves out a start at 0.
fn bytes(start: Option<Count>, end: Option<Count>) -> Option<(u64, u64)> {
    let start = start.unwrap_or_default().0;
    end.map(|end| (start, end.0.max(start)))
}

/// A `groundingChunks` entry: a page, a piece of a file, or a place.
fn source(raw: &RawValue) -> Citation<'_> {
    let chunk = serde_json::from_str::<read::GroundingChunk<'_>>(raw.get()).unwrap_or_default();
    let site = chunk.web.or(chunk.retrieved_context).or(chunk.maps).unwrap_or_default();
    Citation {
        url: site.uri.map(Into::into),
        title: site.title.map(Into::into),
        cited_text: site.text.map(Into::into),
        range: None,
        raw: Some((Schema::Gemini, Cow::Borrowed(raw.get()))),
    }
}

/// `groundingMetadata` as it is put together.
#[derive(Debug, Default)]
pub(super) struct Grounding(GroundingMetadata);

impl Grounding {
    /// Adds a citation of a text part, which begins after this many characters of the
    /// candidate's text and ends before that many; `widths` are that text's.
    pub(super) fn add(
        &mut self,
        citation: &Citation<'_>,
        (begin, end): (u64, u64),
        widths: &Widths,
    ) {
        let within = |offset: u64| widths.to_bytes(begin.saturating_add(offset).min(end));
        let (start_index, end_index) = match citation.range {
            Some((from, to)) => (within(from), within(to)),
            None => (widths.to_bytes(begin), widths.to_bytes(end)),
        };
        let segment = Segment { start_index, end_index };
        let Some(index) = self.source(citation) else { return };
        let supports = &mut self.0.grounding_supports;
        match supports.iter_mut().find(|support| support.segment == segment) {
            Some(support) if support.grounding_chunk_indices.contains(&index) => {}
            Some(support) => support.grounding_chunk_indices.push(index),
            None => supports.push(Support { segment, grounding_chunk_indices: vec![index] }),
        }
    }

    /// The place of a citation's source among the sources, each of which is told once.
    fn source(&mut self, citation: &Citation<'_>) -> Option<usize> {
        let chunk = match &citation.raw {
            Some((Schema::Gemini, raw)) => serde_json::from_str(raw).ok()?,
            _ => serde_json::value::to_raw_value(&chunk(citation)).ok()?,
        };
        let chunks = &mut self.0.grounding_chunks;
        let known = chunks.iter().position(|known| known.get() == chunk.get());
        Some(known.unwrap_or_else(|| {
            chunks.push(chunk);
            chunks.len() - 1
        }))
    }

    /// The object; `None` of no citations.
    pub(super) fn written(self) -> Option<GroundingMetadata> {
        (!self.0.grounding_chunks.is_empty()).then_some(self.0)
    }
}

fn chunk<'a>(citation: &'a Citation<'_>) -> Chunk<'a> {
    let (uri, title) = (citation.url.as_deref(), citation.title.as_deref());
    match uri {
        Some(_) => Chunk::Web(Site { uri, title, text: None }),
        None => {
            let text = citation.cited_text.as_deref();
            Chunk::RetrievedContext(Site { uri, title, text })
        }
    }
}
