//! A Chat Completions request, written (`wire.md` §5.1, column Chat).

mod content;
mod message;
mod options;
mod tools;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use self::message::Message;
use self::options::{Limits, Losses};
use self::tools::{Choice, Tool};
use crate::Schema;
use crate::codec::{Encoded, Target};
use crate::conversation::{Refusal, Request};
use crate::json;
use crate::openai::pairs::{self, Own};
use crate::openai::prefill;

/// Writes a request for `target`.
pub(super) fn request(request: &Request<'_>, target: &Target<'_>) -> Result<Encoded, Refusal> {
    let mut losses = Losses::new(request);
    prefill::check(request, target)?;
    // First, since an extension names what can't be said better than what is made of it.
    let sisters = !target.capabilities.legacy_openai;
    let extensions = pairs::extensions(request, Schema::Chat, sisters, &mut losses)?;
    let body = Body {
        model: target.model,
        messages: message::all(request, target, &mut losses)?,
        tools: tools::all(request, target, &mut losses)?,
        tool_choice: tools::choice(request, target)?,
        // Refused by OpenAI where there are no tools, and without meaning there.
        parallel_tool_calls: request.parallel_tool_calls.filter(|_| !request.tools.is_empty()),
        response_format: options::format(&request.output),
        limits: options::limits(request, target, &mut losses)?,
        stream: request.stream,
        extensions,
    };
    // Writing borrowed text into memory fails in no way that is known.
    let body = json::write(&body, request.written_size())
        .map_err(|error| Refusal::body(format!("The request could not be written: {error}.")))?;
    Ok(losses.about(body))
}

/// The body. Members follow each other as SDKs write them.
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    tools: Vec<Tool<'a>>,
    tool_choice: Option<Choice<'a>>,
    parallel_tool_calls: Option<bool>,
    response_format: Option<options::Format<'a>>,
    limits: Limits<'a>,
    stream: bool,
    extensions: Own<'a>,
}

#[derive(Serialize)]
struct StreamOptions<'a> {
    include_usage: bool,
    #[serde(flatten)]
    rest: Own<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("messages", &self.messages)?;
        if !self.tools.is_empty() {
            map.serialize_entry("tools", &self.tools)?;
        }
        if let Some(choice) = &self.tool_choice {
            map.serialize_entry("tool_choice", choice)?;
        }
        if let Some(parallel) = self.parallel_tool_calls {
            map.serialize_entry("parallel_tool_calls", &parallel)?;
        }
        if let Some(format) = &self.response_format {
            map.serialize_entry("response_format", format)?;
        }
        for (key, value) in &self.limits.numbers {
            map.serialize_entry(key, value)?;
        }
        for (key, value) in &self.limits.counts {
            map.serialize_entry(key, value)?;
        }
        if !self.limits.stop.is_empty() {
            map.serialize_entry("stop", self.limits.stop)?;
        }
        if self.limits.logprobs {
            map.serialize_entry("logprobs", &true)?;
        }
        for (key, value) in &self.limits.words {
            map.serialize_entry(key, value)?;
        }
        if self.stream {
            map.serialize_entry("stream", &true)?;
            // Without it the provider says nothing of what it costs (`wire.md` §3.2).
            map.serialize_entry(
                "stream_options",
                &StreamOptions {
                    include_usage: true,
                    rest: self.extensions.under("stream_options"),
                },
            )?;
        }
        for (key, value) in self.extensions.top() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
