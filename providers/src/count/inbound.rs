//! A caller's request for a count on its way to whichever provider will take it.

use bytes::Bytes;

use super::{codec, unserved};
use crate::Schema;
use crate::codec::{Encoded, PathHints, Target};
use crate::conversation::{ApiError, Refusal, Request, Sampling, shape};
use crate::features::Features;
use crate::json::{Models, splice};
use crate::seal::{self, Seal};
use crate::surface::MODEL_MAX;

/// A caller's request for a count: as [`crate::translate::Inbound`], a provider of the caller's
/// own schema gets the caller's bytes with the model replaced, any other gets it translated.
#[derive(Debug)]
pub struct Inbound<'a> {
    surface: Schema,
    body: &'a Bytes,
    path: PathHints<'a>,
    models: Models<'a>,
}

impl<'a> Inbound<'a> {
    /// Reads what governs the request: its model, in every place that names it. `model` is the
    /// one in the path (Gemini), percent-decoded, without `models/`.
    ///
    /// # Errors
    ///
    /// The body is malformed or ambiguous, names no model, two models, or one with a name longer
    /// than any.
    pub fn of(surface: Schema, body: &'a Bytes, model: Option<&'a str>) -> Result<Self, Refusal> {
        let holders = codec(surface).map(super::Codec::holders).unwrap_or_default();
        let models = Models::of(surface, body, holders, model)?;
        let path = PathHints { model, stream: Some(false) };
        let inbound = Self { surface, body, path, models };
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

    /// What the request makes use of.
    pub fn features(&self) -> Features {
        self.models.features()
    }

    /// The request for a provider that speaks `schema`. What has no tokens (sampling, limits,
    /// stop strings) is not sent and is no loss. Tokens are sent as with a turn.
    ///
    /// # Errors
    ///
    /// The provider's schema does not count ([`unserved`]); or something in the request can't be
    /// carried and may not be left out.
    pub fn encode(
        &self,
        schema: Schema,
        target: &Target<'_>,
        seal: &Seal,
    ) -> Result<Encoded, ApiError> {
        if schema == self.surface && !self.holds_tokens() {
            return Ok(Encoded::of(splice(self.body, self.models.set(target.model))));
        }
        let wrapping = codec(schema).ok_or_else(|| unserved(schema))?;
        let source = codec(self.surface).ok_or_else(|| unserved(self.surface))?;
        let body = source.unwrap(self.body)?;
        let mut request = self.surface.codec().decode_request(&body, self.path)?;
        let mut losses = seal.open(&mut request, schema);
        losses.extend(shape::normalize(&mut request)?);
        let request = counted(request);
        let mut encoded = schema.codec().encode_request(&request, target)?;
        encoded.losses.extend(losses);
        encoded.losses.sort_by(|a, b| a.field.cmp(&b.field));
        encoded.losses.dedup();
        encoded.body = wrapping.wrap(&encoded.body, target.model)?.into();
        Ok(encoded)
    }

    /// Whether the conversation holds sealed tokens, which no provider can read.
    fn holds_tokens(&self) -> bool {
        let holds = |source: &dyn super::Codec| {
            let body = source.unwrap(self.body).ok()?;
            let request = self.surface.codec().decode_request(&body, self.path).ok()?;
            Some(seal::holds_tokens(&request))
        };
        seal::is_sealed(self.body) && codec(self.surface).and_then(holds).unwrap_or(false)
    }
}

/// The request without what has no tokens: a target must not refuse it, or report its loss.
fn counted(request: Request<'_>) -> Request<'_> {
    Request {
        stream: false,
        sampling: Sampling::default(),
        max_tokens: None,
        stop: Vec::new(),
        candidates: None,
        logprobs: None,
        user: None,
        modalities: Vec::new(),
        ..request
    }
}
