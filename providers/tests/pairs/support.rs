//! What the tests of all pairs share.

use bytes::Bytes;
use providers::Schema;
use providers::catalog::Catalog;
use providers::codec::{Encoded, PathHints, Target};
use providers::conversation::Refusal;
use providers::seal::{Key, Origin, Seal};
use providers::surface::Operation;
use providers::translate::{Inbound, Leeway};
use serde_json::Value;

/// All pairs of different schemas.
pub(crate) const CROSS: [(Schema, Schema); 12] = [
    (Schema::Chat, Schema::Responses),
    (Schema::Chat, Schema::Claude),
    (Schema::Chat, Schema::Gemini),
    (Schema::Responses, Schema::Chat),
    (Schema::Responses, Schema::Claude),
    (Schema::Responses, Schema::Gemini),
    (Schema::Claude, Schema::Chat),
    (Schema::Claude, Schema::Responses),
    (Schema::Claude, Schema::Gemini),
    (Schema::Gemini, Schema::Chat),
    (Schema::Gemini, Schema::Responses),
    (Schema::Gemini, Schema::Claude),
];

/// The model that the callers of these tests ask for, whoever serves it.
pub(crate) const ASKED: &str = "asked";

/// A model of this schema that takes most of what its schema can say.
pub(crate) fn able_model(schema: Schema) -> &'static str {
    match schema {
        Schema::Chat | Schema::Responses => "gpt-4.1",
        Schema::Claude => "claude-sonnet-4-5",
        Schema::Gemini => "gemini-2.5-flash",
    }
}

/// The path of a request in this schema.
pub(crate) const fn path(schema: Schema, stream: bool) -> PathHints<'static> {
    match schema {
        Schema::Gemini => PathHints { model: Some(ASKED), stream: Some(stream) },
        _ => PathHints { model: None, stream: None },
    }
}

/// The seal of this backend, model and route.
pub(crate) fn seal(backend: &str, model: &str, route: &str) -> Seal {
    Seal::new(&Key::new(&[7; Key::LEAST]).unwrap(), &Origin { backend, model, route })
}

/// Sends a body on its way from one schema to a model of another.
pub(crate) fn send(from: Schema, to: Schema, model: &str, body: &str) -> Result<Encoded, Refusal> {
    sealed_send(from, to, model, body, &seal("backend", model, "route"))
}

/// The same, to the model of this seal.
pub(crate) fn sealed_send(
    from: Schema,
    to: Schema,
    model: &str,
    body: &str,
    seal: &Seal,
) -> Result<Encoded, Refusal> {
    lenient_send(from, to, model, body, seal, &Leeway::default())
}

/// The same, where the operator allows that much.
pub(crate) fn lenient_send(
    from: Schema,
    to: Schema,
    model: &str,
    body: &str,
    seal: &Seal,
    leeway: &Leeway,
) -> Result<Encoded, Refusal> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let capabilities = Catalog::bundled().capabilities(to, model);
    let target = Target { model, capabilities: &capabilities };
    let path = path(from, false);
    let operation = Operation::Generate { stream: path.stream, json_array: false };
    let mut inbound = Inbound::of(operation, from, &body, path.model)?;
    let sent = inbound
        .encode(&[(to, target)], leeway, seal)
        .map_err(|error| Refusal { field: error.param.map(Into::into), message: error.message });
    sent.map(|(_, encoded)| encoded)
}

/// The smallest request of this schema.
pub(crate) fn smallest(schema: Schema) -> Value {
    json(match schema {
        Schema::Responses => {
            r#"{"model":"asked","input":[{"type":"message","role":"user","content":"Hi"}]}"#
        }
        Schema::Chat => r#"{"model":"asked","messages":[{"role":"user","content":"Hi"}]}"#,
        Schema::Claude => {
            r#"{"model":"asked","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}"#
        }
        Schema::Gemini => r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"#,
    })
}

/// JSON, read.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Merges a patch into a body (RFC 7396): objects member by member, all else replaced.
pub(crate) fn patch(body: &mut Value, patch: &Value) {
    match (body, patch) {
        (Value::Object(body), Value::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    body.remove(name);
                } else if value.is_object() {
                    let member = body.entry(name).or_insert_with(|| Value::Object(<_>::default()));
                    self::patch(member, value);
                } else {
                    body.insert(name.clone(), value.clone());
                }
            }
        }
        (body, patch) => *body = patch.clone(),
    }
}
