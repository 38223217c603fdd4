//! What every schema's codec can do.
//!
//! One implementation per [`Schema`](crate::Schema); [`crate::Schema::codec`] finds it, and its
//! `match` is total, so a missing cell of the matrix does not compile.

use bytes::Bytes;

use crate::conversation::{ApiError, Event, Loss, Namespaced, Refusal, Request, Response, Usage};

/// A schema's two directions, for requests, responses, streams and errors.
///
/// All methods are pure. Decoders are lenient in what they accept (`wire.md` lists the
/// spellings), encoders write only what the schema's newest SDK expects.
pub trait Codec: Sync {
    /// Reads a request body. `model` and `stream` are what the path says on surfaces where they
    /// stand there (Gemini); elsewhere the body's own are read.
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal>;

    /// Writes a request body for `target`, or refuses what it can't carry. Thoughts and tokens in
    /// it are taken for the target's own: [`Seal::open`](crate::seal::Seal::open) goes before.
    fn encode_request(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
    ) -> Result<Encoded, Refusal>;

    /// Reads a whole (non-streamed) successful response.
    /// A provider that answers 200 with an error body, or with garbage, is an `Err`.
    fn decode_response<'a>(&self, body: &'a [u8]) -> Result<Response<'a>, ApiError>;

    /// Reads of a response only what it cost, for a caller that gets the provider's own bytes.
    /// `None` where the provider did not say; an `Err` as from [`Codec::decode_response`].
    fn read_usage(&self, body: &[u8]) -> Result<Option<Usage>, ApiError> {
        self.decode_response(body).map(|response| response.usage)
    }

    /// What a body that [`Codec::read_usage`] takes for no answer says it has cost all the same: in
    /// Responses an answer that failed half way has its usage. `None` where it says nothing.
    fn usage_of_failure(&self, _body: &[u8]) -> Option<Usage> {
        None
    }

    /// Writes a whole response as this schema's callers expect it. One that is a failure, and
    /// that the schema has no words for, is an `Err` (`wire.md` §3.1: bad tool).
    fn encode_response(&self, response: &Response<'_>, reply: &Reply) -> Result<Vec<u8>, ApiError>;

    /// A decoder for one streamed response of a provider.
    fn stream_decoder(&self) -> Box<dyn StreamDecoder>;

    /// An encoder for one stream to a caller.
    fn stream_encoder(&self, reply: Reply) -> Box<dyn StreamEncoder>;

    /// Reads an error response. Bodies of any shape give an error of the class of `status`.
    fn decode_error(&self, status: u16, body: &[u8]) -> ApiError;

    /// Writes an error: status and body.
    fn encode_error(&self, error: &ApiError, request_id: &str) -> (u16, Vec<u8>);
}

/// What the request's path says, on surfaces that put it there.
#[derive(Clone, Copy, Debug, Default)]
pub struct PathHints<'a> {
    /// The model in the path (Gemini), percent-decoded, without `models/`.
    pub model: Option<&'a str>,
    /// Whether the method is the streaming one (Gemini `:streamGenerateContent`).
    pub stream: Option<bool>,
}

/// Whom a request is written for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model name to send.
    pub model: &'a str,
    /// What that model accepts.
    pub capabilities: &'a crate::catalog::Capabilities,
}

/// A request ready for a provider.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The body.
    pub body: Bytes,
    /// What was left out, each field once.
    pub losses: Vec<Loss>,
    /// What the target has no field for and was said in another way (an instruction, a message
    /// of its own, another field), each field once. Not a loss, but worth telling.
    pub emulated: Vec<Loss>,
    /// The version of the provider's API that the body is written for, where the schema has
    /// versions in a header (`anthropic-version`, `wire.md` §0 row 2).
    pub api_version: Option<&'static str>,
}

impl Encoded {
    /// A body, with nothing to say about it.
    pub fn of(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), losses: Vec::new(), emulated: Vec::new(), api_version: None }
    }
}

/// What a response encoder must know that is not in the response.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// An id minted by Egret, used where the provider gave none. Without a schema's prefix
    /// (`chatcmpl-`, `msg_`), letters and digits only.
    pub id: String,
    /// The model name the caller asked for, used where the provider named none.
    pub model: String,
    /// Now, in seconds since 1970 (this crate has no clock).
    pub created: u64,
    /// OpenAI: the caller asked for the usage chunk of a stream.
    pub include_usage: bool,
    /// Whether the caller wants to see thoughts (Gemini `includeThoughts`).
    pub include_thoughts: bool,
    /// Gemini without `alt=sse`: the stream is a JSON array.
    pub json_array: bool,
    /// Responses: the tools that the caller gave in groups.
    pub namespaced: Vec<Namespaced>,
    /// The caller allows one tool call a turn at most. No encoder sees to it: providers that can
    /// be told give no more, and of others' answers the first call is kept
    /// ([`Relay::first_call_only`](crate::relay::Relay::first_call_only),
    /// [`Response::keep_first_call`]).
    pub first_call_only: bool,
}

/// Turns a provider's stream into events, whatever way its bytes are cut.
pub trait StreamDecoder: Send {
    /// Takes the next bytes and calls `sink` with every event that they complete.
    fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>));

    /// The provider closed the stream: calls `sink` with what is left, if anything.
    /// If no [`Event::End`] or [`Event::Error`] has been given by then, the stream was cut short.
    fn finish(&mut self, sink: &mut dyn FnMut(Event<'_>));
}

/// Turns events into a stream for a caller. Writes as soon as it can: nothing is held back that
/// the schema allows to be said already.
pub trait StreamEncoder: Send {
    /// Writes what this event makes known. After [`Event::End`] the stream is complete, after
    /// [`Event::Error`] it is closed with the schema's in-band error.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>);
}
