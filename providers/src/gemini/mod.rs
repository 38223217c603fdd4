//! Gemini `generateContent` and `streamGenerateContent`.
//!
//! Facts from `wire.md` §2 (fields and their spellings), §3 (mapping), §4 (streams) and §5
//! (what may be lost). Requests are read in every spelling that Google's parser takes, and
//! written in camelCase; nothing is read twice unless only Gemini knows it.

mod decode_parts;
mod decode_request;
mod encode_contents;
mod encode_request;
mod encode_settings;
mod error;
mod finish;
mod frames;
mod grounding;
mod kept;
mod logprobs;
mod modality;
mod offsets;
mod partial_args;
mod reasoning;
mod response;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

use crate::codec::{Codec, Encoded, PathHints, Reply, StreamDecoder, StreamEncoder, Target};
use crate::conversation::{ApiError, Refusal, Request, Response};

/// The codec of Gemini generateContent.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

impl Codec for Gemini {
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal> {
        decode_request::decode(body, path)
    }

    fn encode_request(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
    ) -> Result<Encoded, Refusal> {
        encode_request::encode(request, target)
    }

    fn decode_response<'a>(&self, body: &'a [u8]) -> Result<Response<'a>, ApiError> {
        response::decode(body)
    }

    fn encode_response(&self, response: &Response<'_>, reply: &Reply) -> Result<Vec<u8>, ApiError> {
        Ok(response::encode(response, reply))
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

    fn encode_error(&self, error: &ApiError, request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error, request_id)
    }
}
