//! The codec against tables, recordings and generated requests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
mod decode;
mod encode;
mod errors;
mod extras;
mod property;
mod responses;
mod streams;

use serde_json::{Value, json};

use super::Chat;
use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::codec::{Codec, PathHints, Reply, Target};
use crate::conversation::{Effort, Message, Part, Refusal, Request, Role};

/// What a current OpenAI model accepts.
fn modern() -> Capabilities {
    Capabilities {
        thinking: Thinking::Effort,
        efforts: EFFORTS.to_vec(),
        legacy_openai: false,
        ..Capabilities::default_for(Schema::Chat)
    }
}

const EFFORTS: [Effort; 7] = [
    Effort::None,
    Effort::Minimal,
    Effort::Low,
    Effort::Medium,
    Effort::High,
    Effort::XHigh,
    Effort::Max,
];

/// What a compatible host accepts.
fn legacy() -> Capabilities {
    Capabilities { legacy_openai: true, ..modern() }
}

fn decode(body: &str) -> Result<Request<'_>, Refusal> {
    Chat.decode_request(body.as_bytes(), PathHints::default())
}

/// A body with one user message and these members.
fn body(members: &Value) -> String {
    let mut body = json!({"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

/// A request from elsewhere that says "hi".
fn foreign(schema: Schema) -> Request<'static> {
    let mut request = Request::new(schema, "their-model");
    request.messages.push(Message { role: Role::User, parts: vec![Part::text("hi")] });
    request
}

fn encode(
    request: &Request<'_>,
    capabilities: &Capabilities,
) -> Result<(Value, Vec<String>), Refusal> {
    let target = Target { model: "gpt-y", capabilities };
    let encoded = Chat.encode_request(request, &target)?;
    let losses = encoded.losses.iter().map(|loss| loss.field.to_string()).collect();
    Ok((serde_json::from_slice(&encoded.body).unwrap(), losses))
}

fn reply() -> Reply {
    Reply {
        id: "egret1".into(),
        model: "asked".into(),
        created: 1_700_000_000,
        include_usage: true,
        ..Reply::default()
    }
}
