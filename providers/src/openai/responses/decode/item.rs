//! Items: what was said, called, answered and thought.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::part::{self, Said};
use super::tools;
use crate::Schema;
use crate::conversation::{
    Arguments, Message, Namespaced, Opaque, Part, Refusal, Request, Role, Thinking, ToolCall,
    ToolResult,
};
use crate::json::Str;
use crate::openai::extension::Extensions;
use crate::openai::read::{self, List, TextOr, invalid, missing};
use crate::openai::responses::wire;

/// Reads all items into the request, a turn for each: leading instructions are its `system`.
pub(super) fn decode<'a>(
    input: TextOr<'a, &'a RawValue>,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    let items = match input {
        TextOr::Text(text) => {
            let parts = vec![Part::text(text)];
            request.messages.push(Message { role: Role::User, parts });
            return Ok(());
        }
        TextOr::List(items) => items,
    };
    for (index, raw) in items.into_iter().enumerate() {
        let at = format!("input[{index}]");
        let kind: wire::Kind<'a> = read::parse(raw, &at)?;
        if kind.kind.as_deref() == Some("additional_tools") {
            tools::additional(raw, &at, request, extensions)?;
            continue;
        }
        let turn = item(kind, raw, &at, request, extensions)?;
        if turn.role == Role::System && request.messages.is_empty() {
            request.system.extend(turn.parts);
        } else {
            request.messages.push(turn);
        }
    }
    Ok(())
}

fn item<'a>(
    kind: wire::Kind<'a>,
    raw: &'a RawValue,
    at: &str,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    match kind.kind.as_deref() {
        Some("message") | None => message(raw, at, extensions),
        Some("function_call") => function_call(raw, at, request, extensions),
        Some("custom_tool_call") => custom_tool_call(raw, at, request, extensions),
        Some("function_call_output") => output(raw, at, false, extensions),
        Some("custom_tool_call_output") => output(raw, at, true, extensions),
        Some("reasoning") => reasoning(raw, at, extensions),
        Some(_) => Ok(opaque(kind.kind.map(Cow::from).unwrap_or_default(), raw)),
    }
}

/// An item that only OpenAI knows: what its own tools did, and what it keeps itself.
fn opaque<'a>(kind: Cow<'a, str>, raw: &'a RawValue) -> Message<'a> {
    let answers = ["_output", "_response", "_reference"].iter().any(|end| kind.ends_with(end));
    let role = if answers { Role::User } else { Role::Assistant };
    Message { role, parts: vec![Part::Opaque(Opaque { schema: Schema::Responses, kind, raw })] }
}

fn message<'a>(
    raw: &'a RawValue,
    at: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    let message: wire::Message<'a> = read::parse(raw, at)?;
    let role = match message.role.as_deref() {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some(_) => return Err(invalid("input.role", "developer, system, user or assistant")),
        None => return Err(missing("input.type", "what the item is, or the 'role' of a message")),
    };
    let content = message.content.ok_or_else(|| lacks("input.content", at))?;
    Ok(match part::content(content, &format!("{at}.content"), "input.content", extensions)? {
        Said::Parts(parts) => {
            extensions.unknown("input", message.unknown);
            Message { role, parts }
        }
        Said::Odd(kind) => Message { role, ..opaque(kind, raw) },
    })
}

fn function_call<'a>(
    raw: &'a RawValue,
    at: &str,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    let call: wire::FunctionCall<'a> = read::parse(raw, at)?;
    extensions.unknown("input", call.unknown);
    Ok(called(ToolCall {
        id: Some(call.call_id.ok_or_else(|| lacks("input.call_id", at))?.0),
        name: name(call.namespace, call.name, at, request)?,
        arguments: Arguments::Text(call.arguments.map(Cow::from).unwrap_or_default()),
        custom: false,
        signature: None,
        cache: None,
    }))
}

fn custom_tool_call<'a>(
    raw: &'a RawValue,
    at: &str,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    let call: wire::CustomToolCall<'a> = read::parse(raw, at)?;
    extensions.unknown("input", call.unknown);
    Ok(called(ToolCall {
        id: Some(call.call_id.ok_or_else(|| lacks("input.call_id", at))?.0),
        name: name(call.namespace, call.name, at, request)?,
        arguments: Arguments::Text(call.input.map(Cow::from).unwrap_or_default()),
        custom: true,
        signature: None,
        cache: None,
    }))
}

/// The name of the tool that was called; of one of a group, both names.
fn name<'a>(
    namespace: Option<Str<'a>>,
    name: Option<Str<'a>>,
    at: &str,
    request: &mut Request<'a>,
) -> Result<Cow<'a, str>, Refusal> {
    let name = name.ok_or_else(|| lacks("input.name", at))?.0;
    let Some(namespace) = namespace else { return Ok(name) };
    let (namespace, name) = (namespace.0.into_owned(), name.into_owned());
    let called = Namespaced { namespace, name };
    let joined = called.joined();
    if !request.namespaced.contains(&called) {
        request.namespaced.push(called);
    }
    Ok(Cow::Owned(joined))
}

fn called(call: ToolCall<'_>) -> Message<'_> {
    Message { role: Role::Assistant, parts: vec![Part::ToolCall(call)] }
}

fn output<'a>(
    raw: &'a RawValue,
    at: &str,
    custom: bool,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    let output: wire::CallOutput<'a> = read::parse(raw, at)?;
    let content = output.output.ok_or_else(|| lacks("input.output", at))?;
    let content = match part::content(content, &format!("{at}.output"), "input.output", extensions)?
    {
        Said::Parts(parts) => parts,
        Said::Odd(kind) => return Ok(Message { role: Role::User, ..opaque(kind, raw) }),
    };
    extensions.unknown("input", output.unknown);
    let result = ToolResult {
        call_id: Some(output.call_id.ok_or_else(|| lacks("input.call_id", at))?.0),
        name: output.name.map(Cow::from),
        content,
        object: None,
        custom,
        is_error: false,
        cache: None,
    };
    Ok(Message { role: Role::User, parts: vec![Part::ToolResult(result)] })
}

/// What it shows is its summary; models with open weights show the thought itself.
fn reasoning<'a>(
    raw: &'a RawValue,
    at: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    let item: wire::ReasoningItem<'a> = read::parse(raw, at)?;
    extensions.unknown("input", item.unknown);
    let mut joined = |words: Option<List<wire::Words<'a>>>| joined(words?, extensions);
    let [summary, content] = [joined(item.summary), joined(item.content)];
    if summary.is_some() && content.is_some() {
        extensions.lost("input.content");
    }
    let thinking = Thinking {
        id: item.id.map(Cow::from),
        text: summary.or(content).unwrap_or_default(),
        signature: item.encrypted_content.map(Cow::from),
    };
    Ok(Message { role: Role::Assistant, parts: vec![Part::Thinking(thinking)] })
}

/// All words of a thought; its paragraphs come apart.
fn joined<'a>(
    words: List<wire::Words<'a>>,
    extensions: &mut Extensions<'a>,
) -> Option<Cow<'a, str>> {
    let mut texts = words.0.into_iter().filter_map(|words| {
        extensions.unknown("input.summary", words.unknown);
        words.text.map(Cow::from)
    });
    let first = texts.next()?;
    Some(texts.fold(first, |all, next| Cow::Owned(format!("{all}\n\n{next}"))))
}

fn lacks(field: &'static str, at: &str) -> Refusal {
    Refusal::of(field, format!("Missing required parameter: '{at}': write '{field}'."))
}
