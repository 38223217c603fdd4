//! The events of a Responses answer (wire.md §4.1).

use serde_json::{Value, json};

use super::super::super::frame::Frame;
use super::super::super::json::Json;
use super::super::super::rejection::Rejection;
use super::super::super::script::Reported;
use super::super::super::turn::{Call, Finish, Reply, Thinking, Tokens, Turn};
use super::write;

/// `created`, `in_progress`, each item from `added` to `done`, and exactly one of `completed` and
/// `incomplete`.
pub(in super::super::super) fn stream(turn: &Turn<'_>, reply: &Reply) -> Vec<Frame> {
    let options = turn.request.and_then(|body| body.get("stream_options"));
    let plain = options.and_then(|options| options.get("include_obfuscation"));
    let mut ladder = Ladder {
        frames: Vec::with_capacity(reply.pieces.len() + 16),
        obfuscate: plain != Some(&Json::Bool(false)),
        item: json!({}),
        at: 0,
    };
    let mut begun = write::response(turn, reply, "in_progress", Vec::new());
    ladder.push("response.created", json!({"response": begun}));
    // A provider that tells its usage twice, or tells more than in the end, tells it here.
    if matches!(reply.reported, Reported::Duplicated | Reported::Decreasing) {
        begun["usage"] = reply.told().map_or(Value::Null, write::usage);
    }
    ladder.push("response.in_progress", json!({"response": begun}));
    let output = write::output(turn, reply);
    if let Some(thinking) = &reply.thinking {
        ladder.open(write::reasoning(turn, reply));
        if turn.thinking == Thinking::Shown {
            ladder.summary(thinking);
        }
        ladder.close(output.first());
    }
    if reply.calls.is_empty() {
        ladder.open(write::message(turn, reply, ladder.at, "in_progress"));
        ladder.text(reply);
        ladder.close(output.get(ladder.at));
    }
    for call in &reply.calls {
        ladder.open(write::call(reply, ladder.at, call, "in_progress"));
        ladder.arguments(call);
        ladder.close(output.get(ladder.at));
    }
    let status = write::status(reply);
    let mut ended = write::response(turn, reply, status, output);
    let tokens = match reply.reported {
        Reported::Decreasing => Some(Tokens { input: 1, output: 1, ..Tokens::default() }),
        _ => reply.told(),
    };
    ended["usage"] = tokens.map_or(Value::Null, write::usage);
    ladder.push(&format!("response.{status}"), json!({"response": ended}));
    ladder.frames
}

/// An error after `at` events: `response.failed` for what is the server's fault, otherwise an
/// `error` event.
pub(in super::super::super) fn failure(
    turn: &Turn<'_>,
    reply: &Reply,
    rejection: &Rejection,
    at: usize,
) -> Frame {
    let code = if rejection.status == 429 { "rate_limit_exceeded" } else { "server_error" };
    if rejection.status < 500 {
        return Frame::event(&json!({
            "type": "error", "code": code, "message": rejection.message, "param": null,
            "sequence_number": at,
        }));
    }
    let mut failed = write::response(turn, reply, "failed", Vec::new());
    failed["error"] = json!({"code": code, "message": rejection.message});
    Frame::event(&json!({
        "type": "response.failed", "sequence_number": at, "response": failed,
    }))
}

/// The events so far, and the item that is being told.
struct Ladder {
    frames: Vec<Frame>,
    obfuscate: bool,
    /// Which item, as its events name it.
    item: Value,
    at: usize,
}

impl Ladder {
    fn push(&mut self, kind: &str, fields: Value) {
        let mut event = json!({"type": kind, "sequence_number": self.frames.len()});
        if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
            event.extend(fields);
        }
        self.frames.push(Frame::event(&event));
    }

    /// An event of the current item.
    fn step(&mut self, kind: &str, mut fields: Value) {
        fields["output_index"] = json!(self.at);
        fields["item_id"] = self.item.clone();
        self.push(kind, fields);
    }

    /// A delta of the current item.
    fn delta(&mut self, kind: &str, delta: &str, mut fields: Value) {
        fields["delta"] = json!(delta);
        if self.obfuscate {
            let padding = "Obfuscation".chars().cycle().take(16 - delta.len() % 16);
            fields["obfuscation"] = json!(padding.collect::<String>());
        }
        self.step(kind, fields);
    }

    fn open(&mut self, item: Value) {
        self.item = item["id"].clone();
        self.push("response.output_item.added", json!({"output_index": self.at, "item": item}));
    }

    fn close(&mut self, item: Option<&Value>) {
        self.push("response.output_item.done", json!({"output_index": self.at, "item": item}));
        self.at += 1;
    }

    fn summary(&mut self, thinking: &str) {
        let part =
            |text| json!({"summary_index": 0, "part": {"type": "summary_text", "text": text}});
        self.step("response.reasoning_summary_part.added", part(""));
        for piece in thinking.split_inclusive(' ') {
            let index = json!({"summary_index": 0});
            self.delta("response.reasoning_summary_text.delta", piece, index);
        }
        let done = json!({"summary_index": 0, "text": thinking});
        self.step("response.reasoning_summary_text.done", done);
        self.step("response.reasoning_summary_part.done", part(thinking));
    }

    fn text(&mut self, reply: &Reply) {
        let refusal = reply.finish == Finish::Refusal;
        let part = |text: &str| json!({"content_index": 0, "part": write::part(reply, text)});
        self.step("response.content_part.added", part(""));
        let kind = if refusal { "response.refusal" } else { "response.output_text" };
        let fields = || {
            if refusal {
                json!({"content_index": 0})
            } else {
                json!({"content_index": 0, "logprobs": []})
            }
        };
        for piece in &reply.pieces {
            self.delta(&format!("{kind}.delta"), piece, fields());
            if let Some(frame) = self.frames.last_mut() {
                frame.text = true;
            }
        }
        let text = reply.text();
        let mut done = fields();
        done[if refusal { "refusal" } else { "text" }] = json!(text);
        self.step(&format!("{kind}.done"), done);
        self.step("response.content_part.done", part(&text));
    }

    fn arguments(&mut self, call: &Call) {
        let kind = if call.custom {
            "response.custom_tool_call_input"
        } else {
            "response.function_call_arguments"
        };
        let mut middle = call.arguments.len() / 2;
        while !call.arguments.is_char_boundary(middle) {
            middle -= 1;
        }
        let (first, second) = call.arguments.split_at(middle);
        for piece in [first, second] {
            self.delta(&format!("{kind}.delta"), piece, json!({}));
        }
        self.step(&format!("{kind}.done"), json!({write::input_field(call): call.arguments}));
    }
}
