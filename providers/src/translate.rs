//! A caller's request on its way to whichever provider will take it, and the answer's way back.
//!
//! Whatever is asked for, there are two lanes: a provider of the caller's own schema gets the
//! caller's bytes with only what must change changed, any other gets the request decoded and
//! encoded anew.

mod leeway;
mod turn;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::codec::{Encoded, PathHints, Reply, StreamEncoder, Target};
use crate::conversation::{ApiError, ErrorClass, Namespaced, Refusal, Served, ServiceTier, Usage};
pub use crate::emulate::Emulation;
use crate::features::Features;
use crate::seal::Seal;
use crate::surface::Operation;
use crate::{Schema, count, embedding, vendor};
pub use leeway::{Droppable, Leeway};
use turn::Turn;

/// What a provider bills a request for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billed {
    /// What goes in and what comes out.
    Turn {
        /// Most output tokens of one answer, if the caller set a limit.
        output_limit: Option<u64>,
        /// Answers asked for.
        candidates: u32,
    },
    /// What goes in.
    Input,
    /// Nothing.
    Nothing,
    /// Nobody knows: what is asked is not read.
    Unknown,
}

/// A provider's answer that could be read.
#[derive(Debug)]
pub struct Answered {
    /// What it cost, where the provider said so.
    pub usage: Option<Usage>,
    /// As the caller gets it; an error if its schema has no words for it.
    pub body: Result<Bytes, ApiError>,
}

/// A caller's request.
#[derive(Debug)]
pub struct Inbound<'a> {
    surface: Schema,
    operation: Operation,
    work: Work<'a>,
}

#[derive(Debug)]
enum Work<'a> {
    Turn(Box<Turn<'a>>),
    Embed(Box<embedding::Inbound<'a>>),
    Count(Box<count::Inbound<'a>>),
}

impl<'a> Inbound<'a> {
    /// Reads what governs the request: its model, its limits, whether it is to be streamed.
    /// `model` is the one in the path (Gemini), percent-decoded, without `models/`.
    ///
    /// # Errors
    ///
    /// The body is not a well-formed request of this schema, names no model, or one with a name
    /// longer than any: names are kept where callers must not choose how much (S-29).
    pub fn of(
        operation: Operation,
        surface: Schema,
        body: &'a Bytes,
        model: Option<&'a str>,
    ) -> Result<Self, Refusal> {
        let work = match operation {
            Operation::Generate { stream, .. } => {
                let path = PathHints { model, stream };
                Work::Turn(Box::new(Turn::of(surface, body, path)?))
            }
            Operation::Embed { batch } => {
                let path = embedding::PathHints { model, batch };
                Work::Embed(Box::new(embedding::Inbound::of(surface, body, path)?))
            }
            Operation::Count => Work::Count(Box::new(count::Inbound::of(surface, body, model)?)),
        };
        Ok(Self { surface, operation, work })
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        match &self.work {
            Work::Turn(turn) => turn.model(),
            Work::Embed(texts) => texts.model(),
            Work::Count(count) => count.model(),
        }
    }

    /// Whether the answer is to be streamed.
    pub fn stream(&self) -> bool {
        matches!(&self.work, Work::Turn(turn) if turn.stream())
    }

    /// Whether a stream is to be a JSON array.
    pub const fn json_array(&self) -> bool {
        matches!(self.operation, Operation::Generate { json_array: true, .. })
    }

    /// What a provider will bill.
    pub fn billed(&self) -> Billed {
        match &self.work {
            Work::Turn(turn) => Billed::Turn {
                output_limit: turn.peek().output_limit().map(u64::from),
                candidates: turn.peek().candidates(),
            },
            Work::Embed(_) => Billed::Input,
            Work::Count(_) => Billed::Nothing,
        }
    }

    /// From now on [`Self::encode`] asks a provider for so many output tokens of a candidate at
    /// most, be that less than the caller's own limit; `None` for the caller's own. Never raises
    /// a limit. Does nothing to requests that no output is billed for.
    pub const fn cap_output(&mut self, tokens: Option<u64>) {
        if let Work::Turn(turn) = &mut self.work {
            turn.cap_output(tokens);
        }
    }

    /// The least that [`Self::cap_output`] may be told before the request is encoded in this
    /// schema: with a lower limit a provider would refuse it. Best asked when the request has been
    /// encoded in it once.
    pub fn least_output(&self, schema: Schema) -> u64 {
        match &self.work {
            Work::Turn(turn) => turn.least_output(schema),
            Work::Embed(_) | Work::Count(_) => 0,
        }
    }

    /// How the caller wants it served, as far as that changes the price: what an estimate must
    /// cover, and what [`Served::or`] takes where an answer does not say how it was.
    pub const fn served(&self) -> Served {
        match &self.work {
            Work::Turn(turn) => turn.peek().served(),
            Work::Embed(_) | Work::Count(_) => {
                Served { tier: ServiceTier::Unsaid, fast: false, us_only: false }
            }
        }
    }

    /// Where the caller wants it to be served (Claude's `inference_geo`), as it is written; a name
    /// with an escape in it is nobody's.
    pub const fn inference_geo(&self) -> Option<&str> {
        match &self.work {
            Work::Turn(turn) => turn.peek().inference_geo(),
            Work::Embed(_) | Work::Count(_) => None,
        }
    }

    /// What the request makes use of.
    pub fn features(&self) -> Features {
        match &self.work {
            Work::Turn(turn) => turn.peek().features(),
            Work::Embed(embed) => embed.features(),
            Work::Count(count) => count.features(),
        }
    }

    /// OpenAI: whether the caller asked for the usage chunk of a stream.
    pub fn wants_usage(&self) -> bool {
        matches!(&self.work, Work::Turn(turn) if turn.peek().wants_usage())
    }

    /// Whether the caller wants to see the model's thoughts. Known only of requests that have
    /// been translated; a verbatim answer is not filtered.
    pub fn wants_thoughts(&self) -> bool {
        matches!(&self.work, Work::Turn(turn) if turn.wants_thoughts())
    }

    /// The tools that the caller gave in groups. Known only of requests that have been translated.
    pub fn namespaced(&self) -> &[Namespaced] {
        match &self.work {
            Work::Turn(turn) => turn.namespaced(),
            Work::Embed(_) | Work::Count(_) => &[],
        }
    }

    /// Whether the caller allows one tool call a turn at most. Known only of requests that have
    /// been translated.
    pub fn first_call_only(&self) -> bool {
        matches!(&self.work, Work::Turn(turn) if turn.first_call_only())
    }

    /// The request for a provider that can be asked in each of `spoken`, in the one of them that
    /// suits it best: of those that can carry it, the first in the order of preference. With each
    /// schema comes what the model takes there. Of the tokens in it the provider gets those that
    /// `seal` proves to be its own.
    ///
    /// # Errors
    ///
    /// Something in it can't be carried and may not be left out, in any of them; or none of them
    /// has this operation.
    pub fn encode(
        &mut self,
        spoken: &[(Schema, Target<'_>)],
        leeway: &Leeway,
        seal: &Seal,
    ) -> Result<(Schema, Encoded), ApiError> {
        let mut refused = None;
        for (schema, target) in self.by_preference(spoken) {
            match self.encode_in(schema, &target, leeway, seal) {
                Ok(encoded) => return Ok((schema, encoded)),
                Err(refusal) => _ = refused.get_or_insert(refusal),
            }
        }
        Err(refused.unwrap_or_else(|| {
            ApiError::new(ErrorClass::NotFound, "this backend has no such operation")
        }))
    }

    /// The schemas to try, the best first. Only OpenAI's kind has several.
    fn by_preference<'t>(&self, spoken: &[(Schema, Target<'t>)]) -> Vec<(Schema, Target<'t>)> {
        let mut schemas = spoken.to_vec();
        match &self.work {
            Work::Turn(turn) => {
                // What Chat refuses decides.
                let chat = spoken.iter().find(|(schema, _)| *schema == Schema::Chat);
                let suited = chat.map(|(_, target)| turn.suited(target.capabilities));
                schemas.sort_by_key(|(schema, _)| Some(*schema) != suited);
            }
            // They stand beside both of OpenAI's schemas, and are Chat's here.
            Work::Embed(_) => {
                schemas.truncate(1);
                for (schema, _) in &mut schemas {
                    *schema = if *schema == Schema::Responses { Schema::Chat } else { *schema };
                }
            }
            Work::Count(_) => schemas.sort_by_key(|(schema, _)| count::codec(*schema).is_none()),
        }
        schemas
    }

    fn encode_in(
        &mut self,
        schema: Schema,
        target: &Target<'_>,
        leeway: &Leeway,
        seal: &Seal,
    ) -> Result<Encoded, ApiError> {
        let encoded = match &mut self.work {
            Work::Turn(turn) => turn.encode(schema, target, leeway, seal)?,
            Work::Embed(texts) => texts.encode(schema, target.model)?,
            Work::Count(count) => count.encode(schema, target, seal)?,
        };
        leeway.check(self.surface, &encoded.losses)?;
        Ok(encoded)
    }

    /// What a provider is asked in this schema: where that is, its vendor's row says.
    pub fn operation(&self, schema: Schema) -> vendor::Operation {
        let same = schema == self.surface;
        match &self.work {
            Work::Turn(turn) if !turn.stream() => vendor::Operation::Generate,
            Work::Turn(_) if same && self.json_array() => vendor::Operation::StreamArray,
            Work::Turn(_) => vendor::Operation::Stream,
            Work::Embed(texts) if schema == Schema::Gemini && texts.batch(schema) => {
                vendor::Operation::EmbedBatch
            }
            Work::Embed(_) => vendor::Operation::Embed,
            Work::Count(_) => vendor::Operation::Count,
        }
    }

    /// What is to write a streamed answer in another schema, given what was emulated in the request
    /// as what it stands for.
    pub fn restoring(&self, encoder: Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder> {
        match &self.work {
            Work::Turn(turn) => turn.restoring(encoder),
            Work::Embed(_) | Work::Count(_) => encoder,
        }
    }

    /// A provider's whole answer in `schema`, as the caller gets it, its tokens sealed.
    ///
    /// # Errors
    ///
    /// It can't be read, or is an error though its status was not.
    pub fn answer(
        &self,
        schema: Schema,
        body: &Bytes,
        reply: &Reply,
        seal: &Seal,
    ) -> Result<Answered, ApiError> {
        let same = schema == self.surface;
        match &self.work {
            Work::Turn(turn) => turn.answer(schema, body, reply, seal),
            Work::Embed(texts) => {
                let codec = embedding::codec(schema).ok_or_else(|| embedding::unserved(schema))?;
                let Some(reply) = texts.reply().filter(|_| !same) else {
                    return Ok(Answered { usage: codec.read_usage(body)?, body: Ok(body.clone()) });
                };
                let own = embedding::codec(self.surface)
                    .ok_or_else(|| embedding::unserved(self.surface))?;
                let response = codec.decode_response(body)?;
                let answer = own.encode_response(&response, &reply);
                Ok(Answered { usage: response.usage, body: answer.map(Bytes::from) })
            }
            Work::Count(_) => {
                let codec = count::codec(schema).ok_or_else(|| count::unserved(schema))?;
                let own =
                    count::codec(self.surface).ok_or_else(|| count::unserved(self.surface))?;
                let tokens = codec.decode_response(body)?;
                let answer = if same { body.clone() } else { own.encode_response(tokens).into() };
                Ok(Answered { usage: None, body: Ok(answer) })
            }
        }
    }
}
