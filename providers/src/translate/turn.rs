//! A caller's request for a model turn.
//!
//! Two lanes: a provider of the caller's own schema gets the caller's bytes, with only what must
//! change changed; any other gets the request decoded into the conversation model (once) and
//! encoded anew for it. So does one of the caller's own schema, if the request holds sealed tokens.

use bytes::Bytes;

use super::{Answered, Leeway};
use crate::catalog::Capabilities;
use crate::codec::{Encoded, PathHints, Reply, StreamEncoder, Target};
use crate::conversation::{
    ApiError, Field, Loss, Namespaced, Refusal, Request, ThinkingMode, shape,
};
use crate::emulate::{CustomTools, Emulation};
use crate::json::{Peek, splice};
use crate::openai::{reasoning, responses};
use crate::seal::{self, Seal};
use crate::surface::MODEL_MAX;
use crate::{Schema, claude};

/// A caller's request for a model turn.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    surface: Schema,
    body: &'a Bytes,
    path: PathHints<'a>,
    peek: Peek<'a>,
    /// The most output tokens that a provider is asked for, whatever the caller's limit is.
    cap: Option<u64>,
    /// The conversation, once it has been asked for.
    decoded: Option<Result<Request<'a>, Refusal>>,
    /// The free-text tools that the provider that was last encoded for knows as functions.
    custom_tools: Option<CustomTools>,
}

impl<'a> Turn<'a> {
    /// Reads what governs the request: its model, its limits, whether it is to be streamed.
    ///
    /// # Errors
    ///
    /// The body is not a well-formed request of this schema, names no model, or one with a name
    /// longer than any: names are kept where callers must not choose how much (S-29).
    pub(super) fn of(
        surface: Schema,
        body: &'a Bytes,
        path: PathHints<'a>,
    ) -> Result<Self, Refusal> {
        let peek = Peek::of(surface, body)?;
        let turn = Self { surface, body, path, peek, cap: None, decoded: None, custom_tools: None };
        if turn.model().is_empty() {
            return Err(Refusal::of("model", "`model` is missing; name the model to ask"));
        }
        if turn.model().len() > MODEL_MAX {
            let message = format!("`model` is longer than {MODEL_MAX} bytes; name a model");
            return Err(Refusal::of("model", message));
        }
        Ok(turn)
    }

    /// The model asked for.
    pub(super) fn model(&self) -> &str {
        self.path.model.or(self.peek.model()).unwrap_or_default()
    }

    /// Whether the answer is to be streamed.
    pub(super) fn stream(&self) -> bool {
        self.path.stream.unwrap_or_else(|| self.peek.stream())
    }

    /// What governs the request.
    pub(super) const fn peek(&self) -> &Peek<'a> {
        &self.peek
    }

    /// From now on a provider is asked for so many output tokens of a candidate at most.
    pub(super) const fn cap_output(&mut self, tokens: Option<u64>) {
        self.cap = tokens;
    }

    /// The least that a provider asked in this schema takes as the output limit.
    pub(super) fn least_output(&self, schema: Schema) -> u64 {
        let budgeted = match &self.decoded {
            Some(Ok(request)) => matches!(request.reasoning.mode, Some(ThinkingMode::Budget(_))),
            _ => self.peek.has_thinking_budget(),
        };
        match schema {
            Schema::Claude if budgeted => claude::MIN_TOKENS_WITH_BUDGET,
            Schema::Responses => responses::MIN_TOKENS,
            _ => 1,
        }
    }

    /// Whether the caller wants to see the model's thoughts. Known only of requests that have
    /// been translated; a verbatim answer is not filtered.
    pub(super) fn wants_thoughts(&self) -> bool {
        match &self.decoded {
            Some(Ok(request)) => request.reasoning.shown(request.schema).unwrap_or(false),
            _ => false,
        }
    }

    /// The tools that the caller gave in groups. Known only of requests that have been translated.
    pub(super) fn namespaced(&self) -> &[Namespaced] {
        match &self.decoded {
            Some(Ok(request)) => &request.namespaced,
            _ => &[],
        }
    }

    /// Whether the caller allows one tool call a turn at most. Known only of requests that have
    /// been translated.
    pub(super) fn first_call_only(&self) -> bool {
        match &self.decoded {
            Some(Ok(request)) => request.parallel_tool_calls == Some(false),
            _ => false,
        }
    }

    /// Which of OpenAI's two schemas suits this request, where the backend has both.
    pub(super) fn suited(&self, capabilities: &Capabilities) -> Schema {
        let effort = self.peek.effort();
        let effort = effort.and_then(|word| reasoning::effort(word, "reasoning_effort").ok());
        capabilities.openai_schema(self.surface, self.peek.has_tools(), effort)
    }

    /// The request in one schema, with the tokens of whom `seal` speaks for, and no other's.
    ///
    /// # Errors
    ///
    /// Something in it can't be carried and may not be left out.
    pub(super) fn encode(
        &mut self,
        schema: Schema,
        target: &Target<'_>,
        leeway: &Leeway,
        seal: &Seal,
    ) -> Result<Encoded, Refusal> {
        self.custom_tools = None;
        if schema == self.surface && !self.holds_tokens() {
            return Ok(self.verbatim(target));
        }
        let mut request = self.decoded().map_err(Refusal::clone)?.clone();
        if request.max_tokens == Some(0) && schema != Schema::Claude {
            return Err(no_output(&request));
        }
        let mut losses: Vec<Loss> = seal.open(&mut request, schema);
        if schema != self.surface {
            losses.extend(responses::forget_thoughts(&mut request));
        }
        losses.extend(shape::normalize(&mut request)?);
        if let Some(cap) = self.cap {
            cap_request(&mut request, cap, schema, target.capabilities);
        }
        let foreign = schema != self.surface;
        let custom = Emulation::CustomTools;
        let wanted = foreign && CustomTools::wanted(&request, schema, target);
        let emulate = wanted && leeway.emulate.contains(&custom);
        let custom_tools = emulate.then(|| CustomTools::emulate(&mut request));
        let mut encoded = encode_with(schema, &request, target, leeway)?;
        if custom_tools.is_some() {
            encoded.emulated.push(custom.report(self.surface));
        }
        if foreign && !request.namespaced.is_empty() {
            encoded.emulated.push(Loss::of("tools.namespace"));
        }
        self.custom_tools = custom_tools;
        encoded.losses.extend(losses);
        encoded.losses.sort_by(|a, b| a.field.cmp(&b.field));
        encoded.losses.dedup();
        Ok(encoded)
    }

    /// What is to write an answer, given what was emulated as what it stands for.
    pub(super) fn restoring(&self, encoder: Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder> {
        match &self.custom_tools {
            Some(tools) => tools.clone().encoder(encoder),
            None => encoder,
        }
    }

    /// The conversation as the caller wrote it.
    fn decoded(&mut self) -> Result<&Request<'a>, &Refusal> {
        let (surface, body, path) = (self.surface, self.body, self.path);
        self.decoded.get_or_insert_with(|| surface.codec().decode_request(body, path)).as_ref()
    }

    /// Whether the conversation holds sealed tokens, which no provider can read.
    fn holds_tokens(&mut self) -> bool {
        seal::is_sealed(self.body) && self.decoded().is_ok_and(seal::holds_tokens)
    }

    fn verbatim(&self, target: &Target<'_>) -> Encoded {
        // On Gemini the model stands in the path.
        let renamed = self.peek.model().is_some_and(|model| model != target.model);
        let model = if renamed { self.peek.set_model(target.model) } else { None };
        // Without it the provider would not tell what a stream costs.
        let usage = if self.stream() { self.peek.ask_for_usage() } else { None };
        // A model that gives no more anyway must not be asked for more than it takes.
        let cap = self.cap.filter(|&cap| {
            self.peek.output_limit().is_some() || cap < target.capabilities.max_output_tokens
        });
        let legacy = target.capabilities.legacy_openai;
        let cap = cap.map(|cap| self.peek.cap_output(cap, legacy));
        let edits = model.into_iter().chain(usage).chain(cap.into_iter().flatten());
        Encoded::of(splice(self.body, edits))
    }

    /// A provider's whole answer as the caller gets it, and what it cost.
    pub(super) fn answer(
        &self,
        schema: Schema,
        body: &Bytes,
        reply: &Reply,
        seal: &Seal,
    ) -> Result<Answered, ApiError> {
        if schema == self.surface {
            let usage = schema.codec().read_usage(body)?;
            return Ok(Answered { usage, body: Ok(body.clone()) });
        }
        let mut response = schema.codec().decode_response(body)?;
        if reply.first_call_only {
            response.keep_first_call();
        }
        seal.response(&mut response, schema, self.surface, reply);
        if let Some(tools) = &self.custom_tools {
            tools.restore(&mut response);
        }
        let body = self.surface.codec().encode_response(&response, reply);
        Ok(Answered { usage: response.usage, body: body.map(Bytes::from) })
    }
}

/// A limit of 0 warms Claude's cache. Others may take it for none, past what is set aside.
fn no_output(request: &Request<'_>) -> Refusal {
    let field = request.name(Field::MaxTokens);
    let why = format!("`{field}: 0` is for Claude alone; ask this model for 1 or more");
    Refusal::of(field, why)
}

/// Lowers the output limit, and with it what Claude may think within a budget.
fn cap_request(request: &mut Request<'_>, cap: u64, schema: Schema, capabilities: &Capabilities) {
    let own = request.max_tokens.unwrap_or_else(|| match schema {
        Schema::Claude => claude::default_limit(request, capabilities),
        _ => capabilities.max_output_tokens,
    });
    if own <= cap {
        return;
    }
    request.max_tokens = Some(cap);
    if let Some(ThinkingMode::Budget(budget)) = &mut request.reasoning.mode
        && schema == Schema::Claude
        && (cap..own).contains(budget)
    {
        *budget = claude::budget_within(cap);
    }
}

/// The request in another schema, without what it would be refused for and may do without.
fn encode_with(
    schema: Schema,
    request: &Request<'_>,
    target: &Target<'_>,
    leeway: &Leeway,
) -> Result<Encoded, Refusal> {
    let mut less: Option<Request<'_>> = None;
    let mut dropped = Vec::new();
    loop {
        let asked = less.as_ref().unwrap_or(request);
        match schema.codec().encode_request(asked, target) {
            Ok(mut encoded) => {
                encoded.losses.append(&mut dropped);
                return Ok(encoded);
            }
            Err(refusal) => {
                let way_out = leeway.way_out(&refusal, request.schema, &dropped);
                let Some(field) = way_out else { return Err(refusal) };
                let mut without = less.take().unwrap_or_else(|| request.clone());
                dropped.push(field.take_out(&mut without));
                less = Some(without);
            }
        }
    }
}
