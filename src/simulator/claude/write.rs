//! Writes Messages answers: one message, or its events.

use serde_json::{Value, json};

use super::super::Provider;
use super::super::frame::Frame;
use super::super::rejection::Rejection;
use super::super::script::Reported;
use super::super::signature::Maker;
use super::super::turn::{Call, Finish, Reply, Thinking, Tokens, Turn};

pub(in super::super) fn answer(turn: &Turn<'_>, reply: &Reply) -> Value {
    let mut content = Vec::new();
    if let Some(thinking) = &reply.thinking {
        let shown = if turn.thinking == Thinking::Shown { thinking.as_str() } else { "" };
        content.push(json!({"type": "thinking", "thinking": shown, "signature": Maker::Claude.sign(thinking)}));
    }
    let text = reply.text();
    if !text.is_empty() {
        content.push(json!({"type": "text", "text": text}));
    }
    for (at, call) in reply.calls.iter().enumerate() {
        let mut block = tool_use(reply, at, call);
        block["input"] = arguments(call);
        content.push(block);
    }
    let mut message = message(turn, reply, content);
    let (reason, sequence) = stop(&reply.finish);
    message["stop_reason"] = json!(reason);
    message["stop_sequence"] = json!(sequence);
    if reply.finish == Finish::Refusal {
        message["stop_details"] = details();
    }
    if let Some(tokens) = reply.told() {
        message["usage"] = usage(tokens, tokens.output);
    }
    message
}

/// message_start, the blocks one after the other with a ping after the first start,
/// message_delta, message_stop.
pub(in super::super) fn stream(turn: &Turn<'_>, reply: &Reply) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(reply.pieces.len() + 12);
    let mut start = message(turn, reply, Vec::new());
    start["stop_reason"] = Value::Null;
    start["stop_sequence"] = Value::Null;
    if let Some(tokens) = reply.told() {
        start["usage"] = usage(tokens, tokens.output.min(1));
    }
    frames.push(Frame::event(&json!({"type": "message_start", "message": start})));
    let mut blocks = Blocks { frames, index: 0 };
    if let Some(thinking) = &reply.thinking {
        let start = json!({"type": "thinking", "thinking": "", "signature": ""});
        let shown = if turn.thinking == Thinking::Shown { thinking.as_str() } else { "" };
        let deltas = shown
            .split_inclusive(' ')
            .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
            .chain([json!({"type": "signature_delta", "signature": Maker::Claude.sign(thinking)})]);
        blocks.push(start, deltas, false);
    }
    if !reply.pieces.is_empty() {
        let deltas = reply.pieces.iter().map(|piece| json!({"type": "text_delta", "text": piece}));
        blocks.push(json!({"type": "text", "text": ""}), deltas, true);
    }
    for (at, call) in reply.calls.iter().enumerate() {
        let pieces = json_pieces(&call.arguments);
        let deltas = pieces
            .into_iter()
            .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        blocks.push(tool_use(reply, at, call), deltas, false);
    }
    let mut frames = blocks.frames;
    let (reason, sequence) = stop(&reply.finish);
    let mut delta = json!({"stop_reason": reason, "stop_sequence": sequence});
    if reply.finish == Finish::Refusal {
        delta["stop_details"] = details();
    }
    let mut last = json!({"type": "message_delta", "delta": delta});
    if let Some(tokens) = reply.told() {
        last["usage"] = match reply.reported {
            Reported::Decreasing => usage(Tokens { input: 1, ..Tokens::default() }, 0),
            _ => usage(tokens, tokens.output),
        };
    }
    frames.push(Frame::event(&last));
    if reply.reported == Reported::Duplicated {
        frames.push(Frame::event(&last));
    }
    frames.push(Frame::event(&json!({"type": "message_stop"})));
    frames
}

/// An error in the middle of a stream.
pub(in super::super) fn failure(rejection: &Rejection, id: &str) -> Frame {
    Frame::event(&rejection.body(Provider::Claude, id))
}

struct Blocks {
    frames: Vec<Frame>,
    index: usize,
}

impl Blocks {
    fn push(&mut self, start: Value, deltas: impl Iterator<Item = Value>, text: bool) {
        let index = self.index;
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        self.frames.push(Frame::event(&start));
        if index == 0 {
            self.frames.push(Frame::event(&json!({"type": "ping"})));
        }
        for delta in deltas {
            let event = json!({"type": "content_block_delta", "index": index, "delta": delta});
            let frame = Frame::event(&event);
            self.frames.push(if text { frame.with_text() } else { frame });
        }
        let stop = json!({"type": "content_block_stop", "index": index});
        self.frames.push(Frame::event(&stop));
        self.index += 1;
    }
}

fn message(turn: &Turn<'_>, reply: &Reply, content: Vec<Value>) -> Value {
    json!({
        "id": format!("msg_Sim{:08x}", reply.id), "type": "message", "role": "assistant",
        "model": turn.model, "content": content,
    })
}

fn tool_use(reply: &Reply, at: usize, call: &Call) -> Value {
    let id = format!("toolu_Sim{:08x}{at}", reply.id);
    json!({"type": "tool_use", "id": id, "name": call.name, "input": {}})
}

/// The arguments as an object. Arguments are made by us and are JSON; were they not, none.
fn arguments(call: &Call) -> Value {
    serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}))
}

/// The first piece is often empty (wire.md §4.1).
fn json_pieces(arguments: &str) -> [&str; 3] {
    let mut middle = arguments.len() / 2;
    while !arguments.is_char_boundary(middle) {
        middle -= 1;
    }
    let (first, second) = arguments.split_at(middle);
    ["", first, second]
}

fn stop(finish: &Finish) -> (&'static str, Option<&str>) {
    match finish {
        Finish::End => ("end_turn", None),
        Finish::Stop(sequence) => ("stop_sequence", Some(sequence)),
        Finish::Length => ("max_tokens", None),
        Finish::Calls => ("tool_use", None),
        Finish::Refusal => ("refusal", None),
    }
}

fn details() -> Value {
    json!({"type": "refusal", "category": null, "explanation": null})
}

fn usage(tokens: Tokens, output: u64) -> Value {
    json!({
        "input_tokens": tokens.input - tokens.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
    })
}
