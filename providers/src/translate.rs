//! A caller's request on its way to whichever provider will take it.
//!
//! Two lanes: a provider of the caller's own schema gets the caller's bytes, with only what must
//! change changed; any other gets the request decoded into the conversation model (once) and
//! encoded anew for it.

use bytes::Bytes;

use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::codec::{Encoded, PathHints, Target};
use crate::conversation::{Loss, Refusal, Request, shape};
use crate::json::{Peek, splice};
use crate::surface::MODEL_MAX;

/// A caller's request.
#[derive(Debug)]
pub struct Inbound<'a> {
    surface: Schema,
    body: &'a Bytes,
    path: PathHints<'a>,
    peek: Peek<'a>,
    /// The conversation and what its shaping lost, once a foreign provider has been asked for.
    decoded: Option<Result<(Request<'a>, Vec<Loss>), Refusal>>,
}

impl<'a> Inbound<'a> {
    /// Reads what governs the request: its model, its limits, whether it is to be streamed.
    ///
    /// # Errors
    ///
    /// The body is not a well-formed request of this schema, names no model, or one with a name
    /// longer than any: names are kept where callers must not choose how much (S-29).
    pub fn of(surface: Schema, body: &'a Bytes, path: PathHints<'a>) -> Result<Self, Refusal> {
        let peek = Peek::of(surface, body)?;
        let inbound = Self { surface, body, path, peek, decoded: None };
        if inbound.model().is_empty() {
            return Err(Refusal::of("model", "`model` is missing; name the model to ask"));
        }
        if inbound.model().len() > MODEL_MAX {
            let message = format!("`model` is longer than {MODEL_MAX} bytes; name a model");
            return Err(Refusal::of("model", message));
        }
        Ok(inbound)
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        self.path.model.or(self.peek.model()).unwrap_or_default()
    }

    /// Whether the answer is to be streamed.
    pub fn stream(&self) -> bool {
        self.path.stream.unwrap_or_else(|| self.peek.stream())
    }

    /// What governs the request.
    pub const fn peek(&self) -> &Peek<'a> {
        &self.peek
    }

    /// Whether the caller wants to see the model's thoughts. Known only of requests that have
    /// been translated; a verbatim answer is not filtered.
    pub fn wants_thoughts(&self) -> bool {
        match &self.decoded {
            Some(Ok((request, _))) => request.reasoning.shown(request.schema).unwrap_or(false),
            _ => false,
        }
    }

    /// The request for a provider that speaks each of `spoken`, in the one of them that suits it
    /// best: of those that can carry it, the first in the order of preference.
    ///
    /// # Errors
    ///
    /// Something in it can't be carried and may not be left out, in any of them.
    pub fn encode(
        &mut self,
        spoken: &[Schema],
        target: &Target<'_>,
    ) -> Result<(Schema, Encoded), Refusal> {
        let mut schemas = spoken.to_vec();
        schemas.sort_by_key(|schema| self.rank(*schema, target.capabilities));
        let mut refused = None;
        for schema in schemas {
            match self.encode_in(schema, target) {
                Ok(encoded) => return Ok((schema, encoded)),
                Err(refusal) => _ = refused.get_or_insert(refusal),
            }
        }
        Err(refused.unwrap_or_else(|| Refusal::body("this backend serves no model turns")))
    }

    /// How well a schema suits this request; the least suits best. Several are offered by
    /// OpenAI's kind only.
    fn rank(&self, schema: Schema, capabilities: &Capabilities) -> u8 {
        let best = if self.surface == Schema::Chat && self.is_refused_on_chat(capabilities) {
            Schema::Responses
        } else if matches!(self.surface, Schema::Chat | Schema::Responses) {
            self.surface
        } else if capabilities.thinking == Thinking::Effort && !capabilities.legacy_openai {
            // Only there a thought can come back to the model that had it.
            Schema::Responses
        } else {
            Schema::Chat
        };
        u8::from(schema != best)
    }

    /// From GPT-5.4 on Chat refuses tools beside an effort (`wire.md` §0 row 4).
    fn is_refused_on_chat(&self, capabilities: &Capabilities) -> bool {
        !capabilities.tools_with_effort && self.peek.has_tools() && self.peek.names_effort()
    }

    /// The request in one schema.
    fn encode_in(&mut self, schema: Schema, target: &Target<'_>) -> Result<Encoded, Refusal> {
        if schema == self.surface {
            return Ok(self.verbatim(target));
        }
        let (surface, body, path) = (self.surface, self.body, self.path);
        let decoded = self.decoded.get_or_insert_with(|| {
            let mut request = surface.codec().decode_request(body, path)?;
            let losses = shape::normalize(&mut request)?;
            Ok((request, losses))
        });
        let (request, shaping) = decoded.as_ref().map_err(Refusal::clone)?;
        let mut encoded = schema.codec().encode_request(request, target)?;
        encoded.losses.extend(shaping.iter().cloned());
        encoded.losses.sort_by(|a, b| a.field.cmp(&b.field));
        encoded.losses.dedup();
        Ok(encoded)
    }

    fn verbatim(&self, target: &Target<'_>) -> Encoded {
        // On Gemini the model stands in the path.
        let renamed = self.peek.model().is_some_and(|model| model != target.model);
        let model = if renamed { self.peek.set_model(target.model) } else { None };
        // Without it the provider would not tell what a stream costs.
        let usage = if self.stream() { self.peek.ask_for_usage() } else { None };
        Encoded::of(splice(self.body, model.into_iter().chain(usage)))
    }
}

#[cfg(test)]
mod tests;
