//! A caller's request for embeddings on its way to whichever provider will take it.

use bytes::Bytes;

use super::gemini::REQUESTS;
use super::{PathHints, Reply, Request, codec, unserved};
use crate::Schema;
use crate::codec::Encoded;
use crate::conversation::{ApiError, Refusal};
use crate::features::Features;
use crate::json::{Models, splice};
use crate::surface::MODEL_MAX;

/// A caller's request for embeddings: as [`crate::translate::Inbound`], a provider of the
/// caller's own schema gets the caller's bytes with the model replaced, any other gets it
/// translated.
#[derive(Debug)]
pub struct Inbound<'a> {
    surface: Schema,
    body: &'a Bytes,
    path: PathHints<'a>,
    models: Models<'a>,
    /// The request, once a foreign provider has been asked for.
    decoded: Option<Result<Request<'a>, Refusal>>,
}

impl<'a> Inbound<'a> {
    /// Reads what governs the request: its model, in every place that names it.
    ///
    /// # Errors
    ///
    /// The body is malformed or ambiguous, names no model, two models, or one with a name longer
    /// than any.
    pub fn of(surface: Schema, body: &'a Bytes, path: PathHints<'a>) -> Result<Self, Refusal> {
        let inner = if path.batch { REQUESTS } else { &[] };
        let models = Models::of(surface, body, inner, path.model)?;
        let inbound = Self { surface, body, path, models, decoded: None };
        match inbound.model().len() {
            1..=MODEL_MAX => Ok(inbound),
            0 => Err(Refusal::of("model", "`model` is missing; name the model to ask")),
            _ => {
                let message = format!("`model` is longer than {MODEL_MAX} bytes; name a model");
                Err(Refusal::of("model", message))
            }
        }
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        self.path.model.or(self.models.model()).unwrap_or_default()
    }

    /// Whether what is sent to a provider of `schema` is a batch.
    pub fn batch(&self, schema: Schema) -> bool {
        schema != self.surface || self.path.batch
    }

    /// What the request makes use of.
    pub fn features(&self) -> Features {
        self.models.features()
    }

    /// The request for a provider that speaks `schema`, with the model it is to be asked for.
    ///
    /// # Errors
    ///
    /// The provider's schema has no embeddings ([`unserved`]); or something in the request can't
    /// be carried and may not be left out.
    pub fn encode(&mut self, schema: Schema, model: &str) -> Result<Encoded, ApiError> {
        if schema == self.surface {
            return Ok(Encoded::of(splice(self.body, self.models.set(model))));
        }
        let target = codec(schema).ok_or_else(|| unserved(schema))?;
        let source = codec(self.surface).ok_or_else(|| unserved(self.surface))?;
        let (body, path) = (self.body, self.path);
        let decoded = self.decoded.get_or_insert_with(|| source.decode_request(body, path));
        let request = decoded.as_ref().map_err(Refusal::clone)?;
        Ok(target.encode_request(request, model)?)
    }

    /// What an encoder of the answer must know, once the request has been translated. A provider
    /// of the caller's own schema answers in the caller's own form.
    pub fn reply(&self) -> Option<Reply<'_>> {
        self.decoded.as_ref()?.as_ref().ok().map(Request::reply)
    }
}
