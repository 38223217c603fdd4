//! What a Gemini caller wrote in lists and the model can't say, on its way back to Gemini.
//!
//! A function in OpenAPI's words, or with members that only Gemini knows, is kept as it was
//! written, and so is media with a word on how to read it. Turns may have moved meanwhile, so that
//! places don't count: a function is found by its name, media by what they are.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::decode_parts::{Of, Piece, piece};
use super::wire::read;
use crate::Schema;
use crate::conversation::{Extension, Media, Part, Request, Unsupported};

/// Paths of what is kept. None of them is ever reported.
const FUNCTION: &str = "tools.functionDeclarations";
const PART: &str = "contents.parts";

/// A function as it was written.
pub(super) const fn function(raw: &RawValue) -> Extension<'_> {
    kept(FUNCTION, raw)
}

/// A part as it was written.
pub(super) const fn part(raw: &RawValue) -> Extension<'_> {
    kept(PART, raw)
}

/// A value that is written back to this path, and that others have in their own words.
pub(super) const fn kept<'a>(path: &'static str, value: &'a RawValue) -> Extension<'a> {
    Extension {
        schema: Schema::Gemini,
        path: Cow::Borrowed(path),
        value,
        unsupported: Unsupported::Ignore,
    }
}

/// What is kept of a request.
#[derive(Debug, Default)]
pub(super) struct Kept<'r> {
    raw: Vec<&'r RawValue>,
    functions: HashMap<Cow<'r, str>, &'r RawValue>,
    media: Vec<(Media<'r>, &'r RawValue)>,
}

impl<'r> Kept<'r> {
    pub(super) fn of(request: &Request<'r>) -> Self {
        let mut kept = Self::default();
        for extension in &request.extensions {
            if (extension.schema, extension.unsupported) != (Schema::Gemini, Unsupported::Ignore) {
                continue;
            }
            let raw = extension.value;
            match &*extension.path {
                FUNCTION => {
                    let read = serde_json::from_str::<read::FunctionDeclaration<'r>>(raw.get());
                    let name = read.ok().and_then(|function| function.name);
                    kept.functions.extend(name.map(|name| (name.into(), raw)));
                }
                PART => kept.media.extend(media(raw).map(|media| (media, raw))),
                _ => continue,
            }
            kept.raw.push(raw);
        }
        kept
    }

    /// Whether this value stands in something that is kept.
    pub(super) fn holds(&self, value: &RawValue) -> bool {
        let inner = value.get().as_ptr();
        self.raw.iter().any(|kept| kept.get().as_bytes().as_ptr_range().contains(&inner))
    }

    /// The function of this name.
    pub(super) fn function(&self, name: &str) -> Option<&'r RawValue> {
        self.functions.get(name).copied()
    }

    /// The first part with these media that was not taken yet.
    pub(super) fn media(&mut self, media: &Media<'_>) -> Option<&'r RawValue> {
        let same = |(known, _): &(Media<'_>, _)| known.source == media.source;
        let place = self.media.iter().position(same)?;
        Some(self.media.remove(place).1)
    }
}

/// The media of a part.
fn media(raw: &RawValue) -> Option<Media<'_>> {
    let mut part = serde_json::from_str(raw.get()).ok()?;
    match piece(&mut part, Of::Request).ok()? {
        Piece::Said(Part::Image(media) | Part::Audio(media) | Part::Document(media)) => Some(media),
        _ => None,
    }
}
