//! Reasoning that survives round trips (`wire.md` §5.3).
//!
//! Providers prove their thoughts with opaque tokens (Claude's `signature` and
//! `redacted_thinking.data`, Gemini's `thoughtSignature`, Responses' `encrypted_content`) and want
//! them back with the conversation. A caller of another schema gets each in an authenticated
//! envelope, in whatever its schema has for tokens; when it comes back, the token goes to exactly
//! the backend, schema, model and route that made it. A token that is anyone else's, forged or
//! altered is dropped with the thought that it proves, and reported; it is never sent.
//!
//! | caller | where the envelopes are |
//! |---|---|
//! | Claude, Responses | on thoughts; what belongs to a call or a text stands on an empty thought of its own, before the call, after the text |
//! | Gemini that asked for thoughts | the same |
//! | Gemini that did not | on the next call, or else on an empty text at the end |
//! | Chat | on the id of the next call: `call_1_EgretTk1…`. An answer without a call has no place for any: nothing is carried |
//!
//! Thoughts that the caller did not ask for are not shown; where their provider wants their words
//! back, they are in the envelope (base64, not secret).
//!
//! All of it works on the conversation model, between the codecs: decoders and encoders treat
//! tokens like any other. [`Seal::open`] goes before an encoder of requests, [`Seal::response`]
//! and [`Seal::stream_encoder`] before those of answers.

mod answer;
mod envelope;
mod key;
mod open;
mod record;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::OnceLock;

use ring::hmac;

use crate::Schema;
use crate::codec::{Reply, StreamEncoder};
use crate::conversation::{Part, Request};
use envelope::Slot;
pub use key::{Key, Origin, TooShort};
use record::Record;

/// Wraps and unwraps the tokens of one origin.
#[derive(Clone, Debug)]
pub struct Seal {
    secret: Key,
    origin: Vec<u8>,
    /// Made when it is first needed: most requests and answers hold no tokens.
    key: OnceLock<hmac::Key>,
}

impl Seal {
    /// The seal of an attempt's origin.
    pub fn new(key: &Key, origin: &Origin<'_>) -> Self {
        Self { secret: key.clone(), origin: origin.name(), key: OnceLock::new() }
    }

    fn key(&self) -> &hmac::Key {
        self.key.get_or_init(|| self.secret.of(&self.origin))
    }

    /// An encoder for a stream of a provider that speaks `from`, to a caller that speaks another
    /// schema: that one's own encoder, with the tokens wrapped.
    pub fn stream_encoder(&self, from: Schema, to: Schema, reply: Reply) -> Box<dyn StreamEncoder> {
        let sealer = Sealer::new(self, from, to, &reply);
        Box::new(stream::SealingEncoder::new(sealer, to.codec().stream_encoder(reply)))
    }

    /// The records in an envelope that this origin made when it spoke `schema`.
    fn read(&self, schema: Schema, envelope: &str) -> Option<Vec<Record>> {
        record::read(&envelope::unwrap(self.key(), schema, envelope)?)
    }
}

/// Whether a request's body may hold envelopes. If [`holds_tokens`] then says so too, it can't go
/// to a provider as it is, not even to one of its own schema.
pub fn is_sealed(body: &[u8]) -> bool {
    envelope::is_in(body)
}

/// Whether a request holds envelopes, whoever made them.
pub fn holds_tokens(request: &Request<'_>) -> bool {
    let on_id = |id: &Option<_>| id.as_deref().is_some_and(|id| envelope::split(id).is_some());
    let on = |token: &Option<_>| token.as_deref().is_some_and(envelope::is_envelope);
    request.messages.iter().flat_map(|message| &message.parts).any(|part| match part {
        Part::Thinking(thinking) => on(&thinking.signature),
        Part::RedactedThinking(data) => envelope::is_envelope(data),
        Part::Text(text) => on(&text.signature),
        Part::ToolCall(call) => on(&call.signature) || on_id(&call.id),
        Part::ToolResult(result) => on_id(&result.call_id),
        _ => false,
    })
}

/// Wraps the tokens of one answer.
#[derive(Clone, Debug)]
struct Sealer {
    seal: Seal,
    from: Schema,
    carrier: Carrier,
    /// The slot of calls, where those carry.
    slot: Slot,
    /// What ids of calls that came without one are made of.
    reply: String,
}

/// What carries the tokens of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    /// Thoughts, with their words or without.
    Thoughts { shown: bool },
    /// Calls, and a text at the end if that `ends` what no call took.
    Calls { ends: bool },
}

impl Sealer {
    fn new(seal: &Seal, from: Schema, to: Schema, reply: &Reply) -> Self {
        let shown = reply.include_thoughts;
        let carrier = match to {
            Schema::Chat => Carrier::Calls { ends: false },
            Schema::Gemini if !shown => Carrier::Calls { ends: true },
            Schema::Claude | Schema::Responses | Schema::Gemini => Carrier::Thoughts { shown },
        };
        let slot = if to == Schema::Chat { Slot::Id } else { Slot::Token };
        Self { seal: seal.clone(), from, carrier, slot, reply: reply.id.clone() }
    }

    /// Records in an envelope; `None` where there are none, or too much of them.
    fn wrap(&self, records: &[Record], slot: Slot) -> Option<String> {
        let payload = record::write(records);
        (!records.is_empty())
            .then(|| envelope::wrap(self.seal.key(), self.from, &payload, slot))
            .flatten()
    }

    /// The envelope of one record.
    fn envelope(&self, record: Record) -> Option<String> {
        self.wrap(&[record], Slot::Token)
    }
}
