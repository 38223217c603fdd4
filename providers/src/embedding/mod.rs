//! Embeddings: text in, vectors out (`wire.md` §2 "Embeddings").
//!
//! As with conversations there is one typed model, and a codec for each schema around it. Only
//! OpenAI and Gemini have embeddings; [`codec`] says which.

mod fields;
mod gemini;
mod inbound;
mod openai;
mod request;
mod response;
mod vector;

#[cfg(test)]
mod tests;

pub use gemini::Gemini;
pub use inbound::Inbound;
pub use openai::OpenAi;
pub use request::{Field, Input, Item, Piece, Request};
pub use response::Response;
pub use vector::Vector;

use crate::Schema;
use crate::codec::Encoded;
use crate::conversation::{ApiError, ErrorClass, Refusal, Usage};

/// The embeddings of a schema, both directions. Its errors are those of its conversations:
/// [`crate::codec::Codec::decode_error`].
pub trait Codec: Sync {
    /// Reads a request.
    ///
    /// # Errors
    /// The body is malformed, ambiguous, or names another model than the path.
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal>;

    /// Writes a request for `model`. On Gemini's schema always a batch, which takes any number of
    /// inputs: it goes to `:batchEmbedContents`.
    ///
    /// # Errors
    /// Something in it can't be carried and may not be left out.
    fn encode_request(&self, request: &Request<'_>, model: &str) -> Result<Encoded, Refusal>;

    /// Reads a successful response. A provider that answers 200 with an error body, or with
    /// garbage, is an `Err`.
    fn decode_response<'a>(&self, body: &'a [u8]) -> Result<Response<'a>, ApiError>;

    /// Reads of a response only what it cost, for a caller that gets the provider's own bytes.
    /// `None` where the provider did not say; an `Err` as from [`Codec::decode_response`].
    fn read_usage(&self, body: &[u8]) -> Result<Option<Usage>, ApiError> {
        self.decode_response(body).map(|response| response.usage)
    }

    /// Writes a response as the caller asked for it.
    ///
    /// # Errors
    /// The provider gave more or fewer vectors than there were inputs, or one with a number in it
    /// that the caller's format has no room for.
    fn encode_response(
        &self,
        response: &Response<'_>,
        reply: &Reply<'_>,
    ) -> Result<Vec<u8>, ApiError>;
}

/// The embeddings of this schema, where it has any.
///
/// OpenAI's stand beside both of its conversation schemas, and belong here to Chat's, which is
/// the one that compatible hosts speak.
pub const fn codec(schema: Schema) -> Option<&'static dyn Codec> {
    match schema {
        Schema::Chat => Some(&OpenAi),
        Schema::Gemini => Some(&Gemini),
        Schema::Responses | Schema::Claude => None,
    }
}

/// What a caller is told where [`codec`] is `None`: a 404.
pub fn unserved(schema: Schema) -> ApiError {
    let message = format!(
        "a backend of the schema `{schema}` has no embeddings; name a model of another backend"
    );
    ApiError { param: Some("model".to_owned()), ..ApiError::new(ErrorClass::NotFound, message) }
}

/// What the path of a request says, on the surface that says it there (Gemini).
#[derive(Clone, Copy, Debug, Default)]
pub struct PathHints<'a> {
    /// The model, percent-decoded, without `models/`.
    pub model: Option<&'a str>,
    /// Whether the method is `:batchEmbedContents` and not `:embedContent`.
    pub batch: bool,
}

/// What a response encoder must know that is not in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The model that the caller asked for, used where the provider names none.
    pub model: &'a str,
    /// How many vectors were asked for: one for each input.
    pub vectors: usize,
    /// OpenAI: the caller wants vectors in base64 (its SDKs do, unasked) and not as numbers.
    pub base64: bool,
    /// Gemini: the caller asked for a batch, and gets a list even of one.
    pub batch: bool,
}
