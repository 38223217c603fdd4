//! Writes Messages answers: one message, or its events.

use serde_json::{Value, json};

use super::super::Provider;
use super::super::eventstream;
use super::super::frame::Frame;
use super::super::host::Host;
use super::super::rejection::Rejection;
use super::super::script::Reported;
use super::super::signature::Maker;
use super::super::turn::{Call, Finish, Reply, Thinking, Tokens, Turn};

pub(in super::super) fn answer(turn: &Turn<'_>, reply: &Reply) -> Value {
    let mut content = Vec::new();
    if let Some(block) = redacted(turn, reply) {
        content.push(block);
    } else if let Some(thinking) = &reply.thinking {
        let shown = if turn.thinking == Thinking::Shown { thinking.as_str() } else { "" };
        content.push(
            json!({"type": "thinking", "thinking": shown, "signature": signature(turn, thinking)}),
        );
    }
    let text = reply.text();
    if !text.is_empty() {
        content.push(json!({"type": "text", "text": text}));
    }
    for (at, call) in reply.calls.iter().enumerate() {
        let mut block = tool_use(turn, reply, at, call);
        block["input"] = arguments(call);
        content.push(block);
    }
    let mut message = message(turn, reply, content);
    let (reason, sequence) = stop(&reply.finish);
    message["stop_reason"] = json!(reason);
    message["stop_sequence"] = json!(sequence);
    if matches!(reply.finish, Finish::Refusal | Finish::Filter) {
        message["stop_details"] = details();
    }
    if let Some(tokens) = reply.told() {
        message["usage"] = usage(tokens, tokens.output);
    }
    message
}

/// The thought as a block that only Claude reads, if it is to be one.
fn redacted(turn: &Turn<'_>, reply: &Reply) -> Option<Value> {
    let thinking = reply.thinking.as_deref().filter(|_| reply.redacted)?;
    Some(json!({"type": "redacted_thinking", "data": signature(turn, thinking)}))
}

/// The signature of a thought, bound to what it came after where the model wants that.
fn signature(turn: &Turn<'_>, thinking: &str) -> String {
    match turn.prefix {
        Some(prefix) => Maker::Claude.bind(thinking, prefix),
        None => Maker::Claude.sign(thinking),
    }
}

/// The events as the host frames them.
pub(in super::super) fn stream(turn: &Turn<'_>, reply: &Reply) -> Vec<Frame> {
    let events = events(turn, reply).into_iter();
    let frames = events.map(|(event, text)| {
        let frame = match turn.host {
            Host::Bedrock => Frame { bytes: eventstream::chunk(&event), text: false },
            _ => Frame::event(&event),
        };
        if text { frame.with_text() } else { frame }
    });
    frames.collect()
}

/// message_start, the blocks one after the other with a ping after the first start,
/// message_delta, message_stop.
fn events(turn: &Turn<'_>, reply: &Reply) -> Vec<(Value, bool)> {
    let mut frames = Vec::with_capacity(reply.pieces.len() + 12);
    let mut start = message(turn, reply, Vec::new());
    start["stop_reason"] = Value::Null;
    start["stop_sequence"] = Value::Null;
    if let Some(tokens) = reply.told() {
        start["usage"] = usage(tokens, tokens.output.min(1));
    }
    frames.push((json!({"type": "message_start", "message": start}), false));
    let mut blocks = Blocks { frames, index: 0 };
    if let Some(block) = redacted(turn, reply) {
        // It comes whole, in its start.
        blocks.push(block, std::iter::empty(), false);
    } else if let Some(thinking) = &reply.thinking {
        let start = json!({"type": "thinking", "thinking": "", "signature": ""});
        let shown = if turn.thinking == Thinking::Shown { thinking.as_str() } else { "" };
        let deltas = shown
            .split_inclusive(' ')
            .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
            .chain([json!({"type": "signature_delta", "signature": signature(turn, thinking)})]);
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
        blocks.push(tool_use(turn, reply, at, call), deltas, false);
    }
    let mut frames = blocks.frames;
    let (reason, sequence) = stop(&reply.finish);
    let mut delta = json!({"stop_reason": reason, "stop_sequence": sequence});
    if matches!(reply.finish, Finish::Refusal | Finish::Filter) {
        delta["stop_details"] = details();
    }
    let mut last = json!({"type": "message_delta", "delta": delta});
    if let Some(tokens) = reply.told() {
        last["usage"] = match reply.reported {
            Reported::Decreasing => usage(Tokens { input: 1, ..Tokens::default() }, 0),
            _ => usage(tokens, tokens.output),
        };
    }
    if reply.reported == Reported::Duplicated {
        frames.push((last.clone(), false));
    }
    frames.push((last, false));
    let mut end = json!({"type": "message_stop"});
    if let (Host::Bedrock, Some(tokens)) = (turn.host, reply.told()) {
        end["amazon-bedrock-invocationMetrics"] = json!({
            "inputTokenCount": tokens.input - tokens.cached, "outputTokenCount": tokens.output,
            "invocationLatency": 7, "firstByteLatency": 7,
        });
    }
    frames.push((end, false));
    frames
}

/// An error in the middle of a stream.
pub(in super::super) fn failure(turn: &Turn<'_>, rejection: &Rejection, id: &str) -> Frame {
    if turn.host == Host::Bedrock {
        let kind = match rejection.status {
            429 => "throttlingException",
            400..500 => "validationException",
            503 | 529 => "serviceUnavailableException",
            _ => "internalServerException",
        };
        return Frame { bytes: eventstream::exception(kind, &rejection.message), text: false };
    }
    Frame::event(&rejection.body(Provider::Claude, Host::Own, id))
}

struct Blocks {
    frames: Vec<(Value, bool)>,
    index: usize,
}

impl Blocks {
    fn push(&mut self, start: Value, deltas: impl Iterator<Item = Value>, text: bool) {
        let index = self.index;
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        self.frames.push((start, false));
        if index == 0 {
            self.frames.push((json!({"type": "ping"}), false));
        }
        for delta in deltas {
            let event = json!({"type": "content_block_delta", "index": index, "delta": delta});
            self.frames.push((event, text));
        }
        let stop = json!({"type": "content_block_stop", "index": index});
        self.frames.push((stop, false));
        self.index += 1;
    }
}

fn message(turn: &Turn<'_>, reply: &Reply, content: Vec<Value>) -> Value {
    json!({
        "id": id("msg", turn, reply), "type": "message", "role": "assistant",
        "model": turn.model, "content": content,
    })
}

/// An id, which tells the host where it is not Anthropic's own.
fn id(kind: &str, turn: &Turn<'_>, reply: &Reply) -> String {
    let host = match turn.host {
        Host::Vertex => "vrtx_",
        Host::Bedrock => "bdrk_",
        _ => "",
    };
    format!("{kind}_{host}Sim{:08x}", reply.id)
}

fn tool_use(turn: &Turn<'_>, reply: &Reply, at: usize, call: &Call) -> Value {
    let id = format!("{}{at}", id("toolu", turn, reply));
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
        Finish::Refusal | Finish::Filter => ("refusal", None),
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
