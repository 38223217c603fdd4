//! Gemini's `:embedContent` and `:batchEmbedContents` (`wire.md` §2).

mod request;
mod response;

use super::{Codec, PathHints, Reply, Request, Response};
use crate::codec::Encoded;
use crate::conversation::{ApiError, Refusal};

/// The codec of Gemini's embeddings.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

/// The member of a batch that holds its requests.
pub(super) const REQUESTS: &[&str] = &["requests"];

impl Codec for Gemini {
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal> {
        request::decode(body, path)
    }

    fn encode_request(&self, request: &Request<'_>, model: &str) -> Result<Encoded, Refusal> {
        request::encode(request, model)
    }

    fn decode_response<'a>(&self, body: &'a [u8]) -> Result<Response<'a>, ApiError> {
        response::decode(body)
    }

    fn encode_response(
        &self,
        response: &Response<'_>,
        reply: &Reply<'_>,
    ) -> Result<Vec<u8>, ApiError> {
        response::encode(response, reply)
    }
}
