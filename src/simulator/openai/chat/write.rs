//! Writes Chat Completions answers: one object, or chunks.

use serde_json::{Value, json};

use super::super::super::Provider;
use super::super::super::frame::Frame;
use super::super::super::host::Host;
use super::super::super::rejection::Rejection;
use super::super::super::script::Reported;
use super::super::super::turn::{Call, Finish, Reply, Tokens, Turn};

const CREATED: u64 = 1_780_000_000;

pub(in super::super::super) fn answer(turn: &Turn<'_>, reply: &Reply) -> Value {
    let refusal = (reply.finish == Finish::Refusal).then(|| reply.text());
    let content = (refusal.is_none() && reply.calls.is_empty()).then(|| reply.text());
    let mut message = json!({
        "role": "assistant", "content": content, "refusal": refusal, "annotations": [],
    });
    if !reply.calls.is_empty() {
        let calls = reply.calls.iter().enumerate().map(|(at, call)| {
            let (kind, field) = kind(call);
            json!({"id": call_id(reply, at), "type": kind,
                   kind: {"name": call.name, field: call.arguments}})
        });
        message["tool_calls"] = calls.collect();
    }
    let choice = |index| {
        let mut choice = json!({"index": index, "message": message, "logprobs": null,
                                "finish_reason": finish(&reply.finish)});
        if turn.host == Host::Azure {
            choice["content_filter_results"] = filtered();
        }
        choice
    };
    let mut body = json!({
        "id": id(reply), "object": "chat.completion", "created": CREATED, "model": turn.model,
        "choices": (0..reply.samples).map(choice).collect::<Vec<_>>(),
        "service_tier": "default", "system_fingerprint": "fp_simulator",
    });
    if let Some(tokens) = reply.told() {
        body["usage"] = usage(tokens);
    }
    if turn.host == Host::Azure {
        body["prompt_filter_results"] =
            json!([{"prompt_index": 0, "content_filter_results": filtered()}]);
    }
    body
}

/// What Azure's filter found.
fn filtered() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({"hate": safe, "self_harm": safe, "sexual": safe, "violence": safe})
}

/// At Azure first what its filter found; then role, then text or calls, then the finish reason in a chunk of its own, then usage if it
/// was asked for, then `[DONE]`.
pub(in super::super::super) fn stream(turn: &Turn<'_>, reply: &Reply) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(reply.pieces.len() + 6);
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": id(reply), "object": "chat.completion.chunk", "created": CREATED,
            "model": turn.model, "service_tier": "default",
            "system_fingerprint": "fp_simulator", "choices": choices,
        });
        if turn.include_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    if turn.host == Host::Azure {
        frames.push(Frame::data(&json!({
            "choices": [], "created": 0, "id": "", "model": "", "object": "",
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": filtered()}],
        })));
    }
    for index in 0..reply.samples {
        let delta = |delta: Value, finish: Option<&str>| {
            chunk(json!([{"index": index, "delta": delta, "logprobs": null,
                          "finish_reason": finish}]))
        };
        let content = if reply.calls.is_empty() { json!("") } else { Value::Null };
        let role = json!({"role": "assistant", "content": content, "refusal": null});
        frames.push(Frame::data(&delta(role, None)));
        let field = if reply.finish == Finish::Refusal { "refusal" } else { "content" };
        for piece in &reply.pieces {
            frames.push(Frame::data(&delta(json!({field: piece}), None)).with_text());
        }
        for (at, call) in reply.calls.iter().enumerate() {
            for calls in call_deltas(reply, at, call) {
                frames.push(Frame::data(&delta(json!({"tool_calls": [calls]}), None)));
            }
        }
        frames.push(Frame::data(&delta(json!({}), Some(finish(&reply.finish)))));
    }
    if let Some(tokens) = reply.told().filter(|_| turn.include_usage) {
        let mut last = chunk(json!([]));
        last["usage"] = usage(tokens);
        frames.push(Frame::data(&last));
        match reply.reported {
            Reported::Duplicated => frames.push(Frame::data(&last)),
            Reported::Decreasing => {
                last["usage"] = usage(Tokens { input: 1, output: 1, ..Tokens::default() });
                frames.push(Frame::data(&last));
            }
            _ => {}
        }
    }
    frames.push(Frame { bytes: "data: [DONE]\n\n".into(), text: false });
    frames
}

/// An error in the middle of a stream.
pub(in super::super::super) fn failure(rejection: &Rejection, id: &str) -> Frame {
    Frame::data(&rejection.body(Provider::OpenAi, Host::Own, id))
}

/// A call opens with its name and no arguments; they follow in two pieces.
fn call_deltas(reply: &Reply, at: usize, call: &Call) -> [Value; 3] {
    let (kind, field) = kind(call);
    let mut middle = call.arguments.len() / 2;
    while !call.arguments.is_char_boundary(middle) {
        middle -= 1;
    }
    let (first, second) = call.arguments.split_at(middle);
    [
        json!({"index": at, "id": call_id(reply, at), "type": kind,
               kind: {"name": call.name, field: ""}}),
        json!({"index": at, kind: {field: first}}),
        json!({"index": at, kind: {field: second}}),
    ]
}

/// What a call is called, and its arguments.
fn kind(call: &Call) -> (&'static str, &'static str) {
    if call.custom { ("custom", "input") } else { ("function", "arguments") }
}

fn id(reply: &Reply) -> String {
    format!("chatcmpl-Sim{:08x}", reply.id)
}

fn call_id(reply: &Reply, at: usize) -> String {
    format!("call_Sim{:08x}{at}", reply.id)
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Stop(_) | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Filter => "content_filter",
        Finish::Calls => "tool_calls",
    }
}

fn usage(tokens: Tokens) -> Value {
    json!({
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}
