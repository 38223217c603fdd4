//! OpenAI Responses (`wire.md` §2 to §5).

mod annotation;
mod answer;
mod decode;
mod encode;
mod error;
mod item;
mod object;
mod output;
mod reference;
mod response;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

use crate::codec::{Codec, Encoded, PathHints, Reply, StreamDecoder, StreamEncoder, Target};
use crate::conversation::{ApiError, Refusal, Request, Response, Usage};
use crate::openai;
pub(crate) use reference::forget_thoughts;

/// Fewest output tokens that OpenAI takes.
pub(crate) const MIN_TOKENS: u64 = 16;

/// The codec of OpenAI Responses.
#[derive(Clone, Copy, Debug)]
pub struct Responses;

impl Codec for Responses {
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
        openai::error::decode(status, body)
    }

    fn encode_error(&self, error: &ApiError, _request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error)
    }
}

/// What a request may ask to be included that means the same, or nothing, to every provider.
const LOGPROBS: &str = "message.output_text.logprobs";
const ENCRYPTED: &str = "reasoning.encrypted_content";
