//! Anthropic Messages.

mod blocks;
mod body;
pub(crate) mod cache;
mod citation;
mod decode;
mod encode;
mod error;
mod extensions;
mod finish;
mod hung;
mod ids;
mod losses;
mod media;
mod object;
mod reasoning;
mod response;
mod stream_decoder;
mod stream_encoder;
mod tools;
mod turns;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

use crate::codec::{Codec, Encoded, PathHints, Reply, StreamDecoder, StreamEncoder, Target};
use crate::conversation::{ApiError, Refusal, Request, Response};
pub(crate) use encode::default_limit;
pub(crate) use reasoning::{MIN_TOKENS_WITH_BUDGET, budget_within};

/// The codec of Anthropic Messages.
#[derive(Clone, Copy, Debug)]
pub struct Claude;

impl Codec for Claude {
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal> {
        decode::request(body, path)
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

    fn encode_response(&self, response: &Response<'_>, reply: &Reply) -> Result<Vec<u8>, ApiError> {
        response::encode(response, reply)
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::<stream_decoder::StreamDecoder>::default()
    }

    fn stream_encoder(&self, reply: Reply) -> Box<dyn StreamEncoder> {
        Box::new(stream_encoder::StreamEncoder::new(reply))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ApiError {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &ApiError, request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error, request_id)
    }
}
