//! A Responses request, written (`wire.md` §5.1, column Responses).

mod content;
mod item;
mod options;
#[cfg(test)]
mod tests;
mod tools;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use self::item::Item;
use self::options::Options;
use self::tools::{Choice, Tool};
use crate::Schema;
use crate::codec::{Encoded, Target};
use crate::conversation::{Refusal, Request};
use crate::json;
use crate::openai::losses::Losses;
use crate::openai::pairs::{self, Own};
use crate::openai::prefill;

/// Writes a request for `target`.
pub(super) fn request(request: &Request<'_>, target: &Target<'_>) -> Result<Encoded, Refusal> {
    let mut losses = Losses::new(request);
    prefill::check(request, target)?;
    // First, since an extension names what can't be said better than what is made of it.
    let own = pairs::extensions(request, Schema::Responses, true, &mut losses)?;
    let (instructions, input) = item::all(request, target, &mut losses)?;
    let body = Body {
        model: target.model,
        instructions,
        input,
        tools: tools::all(request, &mut losses)?,
        tool_choice: tools::choice(request, target)?,
        parallel_tool_calls: request.parallel_tool_calls.filter(|_| !request.tools.is_empty()),
        options: Options::of(request, target, &own, &mut losses)?,
        stream: request.stream,
        own,
    };
    // Writing borrowed text into memory fails in no way that is known.
    let body = json::write(&body, request.written_size())
        .map_err(|error| Refusal::body(format!("The request could not be written: {error}.")))?;
    Ok(losses.about(body))
}

/// The body. Members follow each other as SDKs write them.
struct Body<'a> {
    model: &'a str,
    instructions: Option<&'a str>,
    input: Vec<Item<'a>>,
    tools: Vec<Tool<'a>>,
    tool_choice: Option<Choice<'a>>,
    parallel_tool_calls: Option<bool>,
    options: Options<'a>,
    stream: bool,
    own: Own<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        entry(&mut map, "instructions", self.instructions.as_ref())?;
        map.serialize_entry("input", &self.input)?;
        entry(&mut map, "tools", Some(&self.tools).filter(|tools| !tools.is_empty()))?;
        entry(&mut map, "tool_choice", self.tool_choice.as_ref())?;
        entry(&mut map, "parallel_tool_calls", self.parallel_tool_calls.as_ref())?;
        let options = &self.options;
        entry(&mut map, "text", options.text.as_ref())?;
        for (key, number) in &options.numbers {
            map.serialize_entry(key, number)?;
        }
        for (key, count) in &options.counts {
            map.serialize_entry(key, count)?;
        }
        entry(&mut map, "reasoning", options.reasoning.as_ref())?;
        entry(&mut map, "safety_identifier", options.user.as_ref())?;
        entry(&mut map, "include", Some(&options.include).filter(|names| !names.is_empty()))?;
        entry(&mut map, "store", options.store.as_ref())?;
        entry(&mut map, "stream", Some(&true).filter(|_| self.stream))?;
        let padding = self.own.under("stream_options");
        entry(&mut map, "stream_options", Some(&padding).filter(|_| !padding.is_empty()))?;
        for (key, value) in self.own.top() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A member that is left out where there is nothing to say.
fn entry<M: SerializeMap>(
    map: &mut M,
    key: &str,
    value: Option<&(impl Serialize + ?Sized)>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, value))
}
