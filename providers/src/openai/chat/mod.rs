//! OpenAI Chat Completions, and the hosts that are compatible with it (`wire.md` §2 to §5).
//!
//! Decoding is one pass over borrowed text; whatever has no place in the conversation model is
//! kept as an [`Extension`](crate::conversation::Extension) with the policy of `wire.md` §5.1.
//! The codec is faithful and no more: grouping, ordering and pairing of turns happen between
//! decoder and encoder.

mod annotation;
mod answer;
mod decode;
mod encode;
mod response;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

use crate::codec::{Codec, Encoded, PathHints, Reply, StreamDecoder, StreamEncoder, Target};
use crate::conversation::{ApiError, Refusal, Request, Response, Usage};
use crate::openai::error;

/// The codec of OpenAI Chat Completions.
#[derive(Clone, Copy, Debug)]
pub struct Chat;

impl Codec for Chat {
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        _path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal> {
        decode::request(body)
    }

    fn encode_request(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
    ) -> Result<Encoded, Refusal> {
        encode::request(request, target)
    }

    fn decode_response<'a>(&self, body: &'a [u8]) -> Result<Response<'a>, ApiError> {
        response::decode(body)
    }

    fn read_usage(&self, body: &[u8]) -> Result<Option<Usage>, ApiError> {
        response::read_usage(body)
    }

    fn usage_of_failure(&self, body: &[u8]) -> Option<Usage> {
        response::usage_of_failure(body)
    }

    fn encode_response(&self, response: &Response<'_>, reply: &Reply) -> Result<Vec<u8>, ApiError> {
        response::encode(response, reply)
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::<stream_decoder::Decoder>::default()
    }

    fn stream_encoder(&self, reply: Reply) -> Box<dyn StreamEncoder> {
        Box::new(stream_encoder::Encoder::new(reply))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ApiError {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &ApiError, _request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error)
    }
}
