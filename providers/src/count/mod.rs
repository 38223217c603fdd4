//! Counting the tokens of a request without sending it to a model (`wire.md` §2 "Count tokens").
//!
//! A count request is a conversation request in a slightly other wrapping, so the conversation
//! codecs read and write it; here is only what differs. Nobody bills for a count.

mod claude;
mod gemini;
mod inbound;
mod members;
mod responses;

#[cfg(test)]
mod tests;

pub use claude::Claude;
pub use gemini::Gemini;
pub use inbound::Inbound;
pub use responses::Responses;

use std::borrow::Cow;

use crate::Schema;
use crate::conversation::{ApiError, ErrorClass, Refusal};

/// How a schema counts. Its errors are those of its conversations:
/// [`crate::codec::Codec::decode_error`].
pub trait Codec: Sync {
    /// The members, in all spellings, that hold a request with a model of its own.
    fn holders(&self) -> &'static [&'static str] {
        &[]
    }

    /// The body as that of a model turn, for [`crate::codec::Codec::decode_request`].
    ///
    /// # Errors
    /// The body is malformed.
    fn unwrap<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal>;

    /// The body of a model turn, as [`crate::codec::Codec::encode_request`] wrote it, as that of
    /// a count: what the endpoint would refuse, and does not count, is left out.
    ///
    /// # Errors
    /// The body can't be read.
    fn wrap(&self, body: &[u8], model: &str) -> Result<Vec<u8>, Refusal>;

    /// Reads an answer: a number of input tokens. A provider that answers 200 with an error
    /// body, or with garbage, is an `Err`.
    fn decode_response(&self, body: &[u8]) -> Result<u64, ApiError>;

    /// Writes an answer.
    fn encode_response(&self, tokens: u64) -> Vec<u8>;
}

/// How this schema counts, where it does.
pub const fn codec(schema: Schema) -> Option<&'static dyn Codec> {
    match schema {
        Schema::Responses => Some(&Responses),
        Schema::Claude => Some(&Claude),
        Schema::Gemini => Some(&Gemini),
        Schema::Chat => None,
    }
}

/// What a caller is told where [`codec`] is `None`: a 404.
pub fn unserved(schema: Schema) -> ApiError {
    let message = format!(
        "a backend of the schema `{schema}` does not count tokens; name a model of another backend"
    );
    ApiError { param: Some("model".to_owned()), ..ApiError::new(ErrorClass::NotFound, message) }
}

/// The error of an answer that is no count.
fn unreadable() -> ApiError {
    let message = "the provider answered with something that is not a count of tokens; try again";
    ApiError::new(ErrorClass::Server, message)
}
