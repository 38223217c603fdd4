//! Writes generateContent answers: one object, a stream of events, or a JSON array.

use serde_json::{Map, Value, json};

use super::super::Provider;
use super::super::frame::Frame;
use super::super::host::Host;
use super::super::rejection::Rejection;
use super::super::script::Reported;
use super::super::turn::{Call, Finish, Reply, Thinking, Tokens, Turn};
use super::family::Family;
use super::maker;

pub(in super::super) fn answer(turn: &Turn<'_>, reply: &Reply) -> Value {
    if reply.finish == Finish::Refusal {
        return blocked(turn, reply);
    }
    let mut parts: Vec<Value> = thought(turn, reply).into_iter().collect();
    let text = reply.text();
    if reply.calls.is_empty() {
        parts.push(signed(json!({"text": text}), turn, reply));
    }
    parts.extend(calls(turn, reply));
    response(turn, reply, &parts, Some(finish(&reply.finish)), reply.told())
}

/// Chunks with cumulative usage on each; calls come whole; the finish reason is on the last, whose
/// text is empty.
pub(in super::super) fn stream(turn: &Turn<'_>, reply: &Reply) -> Vec<Frame> {
    let mut chunks: Vec<(Value, bool)> = Vec::with_capacity(reply.pieces.len() + 3);
    if reply.finish == Finish::Refusal {
        return frames(turn, vec![(blocked(turn, reply), false)]);
    }
    if let Some(thought) = thought(turn, reply) {
        let mut tokens = reply.told();
        if let Some(tokens) = &mut tokens {
            tokens.output = tokens.reasoning;
        }
        chunks.push((response(turn, reply, &[thought], None, tokens), false));
    }
    for (at, piece) in reply.pieces.iter().enumerate() {
        let mut tokens = reply.told();
        if let Some(tokens) = tokens.as_mut().filter(|_| reply.reported == Reported::True) {
            let said = tokens.output - tokens.reasoning;
            tokens.output = tokens.reasoning + said * (at as u64 + 1) / reply.pieces.len() as u64;
        }
        chunks.push((response(turn, reply, &[json!({"text": piece})], None, tokens), true));
    }
    for call in calls(turn, reply) {
        chunks.push((response(turn, reply, &[call], None, reply.told()), false));
    }
    let mut tokens = reply.told();
    if reply.reported == Reported::Decreasing {
        tokens = Some(Tokens { input: 1, ..Tokens::default() });
    }
    let end = if reply.calls.is_empty() {
        signed(json!({"text": ""}), turn, reply)
    } else {
        json!({"text": ""})
    };
    let last = response(turn, reply, &[end], Some(finish(&reply.finish)), tokens);
    if reply.reported == Reported::Duplicated {
        chunks.push((response(turn, reply, &[json!({"text": ""})], None, tokens), false));
    }
    chunks.push((last, false));
    frames(turn, chunks)
}

/// An error in the middle of a stream.
pub(in super::super) fn failure(turn: &Turn<'_>, rejection: &Rejection, id: &str) -> Frame {
    let error = rejection.body(Provider::Gemini, Host::Own, id);
    if turn.sse {
        return Frame::crlf(&error);
    }
    Frame { bytes: format!(",\r\n{error:#}]").into(), text: false }
}

/// As `data:` events with CRLF, or without `alt=sse` as the elements of an array.
fn frames(turn: &Turn<'_>, chunks: Vec<(Value, bool)>) -> Vec<Frame> {
    let last = chunks.len().saturating_sub(1);
    let each = chunks.into_iter().enumerate().map(|(at, (chunk, text))| {
        let frame = if turn.sse {
            Frame::crlf(&chunk)
        } else {
            let (open, close) =
                (if at == 0 { "[" } else { ",\r\n" }, if at == last { "]" } else { "" });
            Frame { bytes: format!("{open}{chunk:#}{close}").into(), text: false }
        };
        if text { frame.with_text() } else { frame }
    });
    each.collect()
}

fn response(
    turn: &Turn<'_>,
    reply: &Reply,
    parts: &[Value],
    finish: Option<&str>,
    tokens: Option<Tokens>,
) -> Value {
    let candidate = |index| {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": index});
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        candidate
    };
    let mut body = json!({
        "candidates": (0..reply.samples).map(candidate).collect::<Vec<_>>(),
        "modelVersion": turn.model, "responseId": id(reply),
    });
    if let Some(tokens) = tokens {
        body["usageMetadata"] = usage(tokens);
    }
    body
}

/// A refused prompt has no candidates.
fn blocked(turn: &Turn<'_>, reply: &Reply) -> Value {
    let mut body = json!({
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "modelVersion": turn.model, "responseId": id(reply),
    });
    if let Some(tokens) = reply.told() {
        body["usageMetadata"] = usage(tokens);
    }
    body
}

fn thought(turn: &Turn<'_>, reply: &Reply) -> Option<Value> {
    let thinking = reply.thinking.as_ref().filter(|_| turn.thinking == Thinking::Shown)?;
    Some(json!({"text": thinking, "thought": true}))
}

/// The part with its signature, if the model thought or always signs.
fn signed(mut part: Value, turn: &Turn<'_>, reply: &Reply) -> Value {
    if reply.thinking.is_some() || Family::of(&turn.model).signs {
        part["thoughtSignature"] =
            json!(maker(turn.host).sign(reply.thinking.as_deref().unwrap_or_default()));
    }
    part
}

/// Of parallel calls only the first is signed. Models from 3.5 on name them with an id.
fn calls(turn: &Turn<'_>, reply: &Reply) -> Vec<Value> {
    let each = reply.calls.iter().enumerate().map(|(at, call)| {
        let mut part = json!({"functionCall": {"name": call.name, "args": arguments(call)}});
        if Family::of(&turn.model).ids {
            part["functionCall"]["id"] = json!(format!("sim{:08x}{at}", reply.id));
        }
        if at == 0 { signed(part, turn, reply) } else { part }
    });
    each.collect()
}

/// The arguments as an object. Arguments are made by us and are JSON; were they not, none.
fn arguments(call: &Call) -> Value {
    serde_json::from_str(&call.arguments).unwrap_or_else(|_| Value::Object(Map::new()))
}

fn id(reply: &Reply) -> String {
    format!("Sim{:08x}", reply.id)
}

/// A call ends with `STOP`, too (wire.md §3.1).
fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Stop(_) | Finish::Calls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filter => "SAFETY",
        Finish::Refusal => "PROHIBITED_CONTENT",
    }
}

fn usage(tokens: Tokens) -> Value {
    let said = tokens.output - tokens.reasoning;
    let mut usage = json!({
        "promptTokenCount": tokens.input, "candidatesTokenCount": said,
        "totalTokenCount": tokens.input + tokens.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens.input}],
    });
    if tokens.cached > 0 {
        usage["cachedContentTokenCount"] = json!(tokens.cached);
    }
    if tokens.reasoning > 0 {
        usage["thoughtsTokenCount"] = json!(tokens.reasoning);
    }
    usage
}
