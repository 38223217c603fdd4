//! OpenAI Responses (`wire.md` §2 to §5).

mod decode;
mod encode;
mod wire;

use crate::codec::{Codec, Encoded, PathHints, Reply, StreamDecoder, StreamEncoder, Target};
use crate::conversation::{ApiError, ErrorClass, Event, Refusal, Request, Response};
use crate::openai::error;

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

    fn decode_response<'a>(&self, _body: &'a [u8]) -> Result<Response<'a>, ApiError> {
        Err(ApiError::new(ErrorClass::Server, UNREAD))
    }

    fn encode_response(
        &self,
        _response: &Response<'_>,
        _reply: &Reply,
    ) -> Result<Vec<u8>, ApiError> {
        Err(ApiError::new(ErrorClass::Server, UNREAD))
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(Unread)
    }

    fn stream_encoder(&self, _reply: Reply) -> Box<dyn StreamEncoder> {
        Box::new(Unread)
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ApiError {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &ApiError, _request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error)
    }
}

/// What a request may ask to be included that means the same, or nothing, to every provider.
const LOGPROBS: &str = "message.output_text.logprobs";
const ENCRYPTED: &str = "reasoning.encrypted_content";

const UNREAD: &str = "the Responses API is only passed on between its own callers and providers";

struct Unread;

impl StreamDecoder for Unread {
    fn push(&mut self, _bytes: &[u8], _sink: &mut dyn FnMut(Event<'_>)) {}

    fn finish(&mut self, _sink: &mut dyn FnMut(Event<'_>)) {}
}

impl StreamEncoder for Unread {
    fn event(&mut self, _event: &Event<'_>, _out: &mut Vec<u8>) {}
}
