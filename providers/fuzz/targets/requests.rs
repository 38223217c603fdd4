//! A caller's request, in any schema, written for every provider: refused or JSON, never a panic.
//!
//! The first byte is the caller's schema, the second says which model of each provider.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use providers::Schema;
use providers::catalog::Catalog;
use providers::codec::{PathHints, Target};
use providers::conversation::shape;
use serde_json::value::RawValue;

/// Models that take much and little of what can be said.
const MODELS: [[&str; 4]; 3] = [
    ["gpt-4.1", "gpt-5.6", "claude-sonnet-4-5", "gemini-2.5-flash"],
    ["o3", "gpt-5-pro", "claude-opus-5-5", "gemini-3-pro"],
    ["llama-4", "unheard-of", "unheard-of", "gemini-9-unheard-of"],
];

fuzz_target!(|data: &[u8]| {
    let [schema, models, body @ ..] = data else { return };
    let surface = Schema::ALL[usize::from(*schema) % Schema::ALL.len()];
    let models = MODELS[usize::from(*models) % MODELS.len()];
    let body = Bytes::copy_from_slice(body);
    let Ok(mut request) = surface.codec().decode_request(&body, path(surface)) else { return };
    if shape::normalize(&mut request).is_err() {
        return;
    }
    for (schema, model) in Schema::ALL.into_iter().zip(models) {
        let capabilities = Catalog::bundled().capabilities(schema, model);
        let target = Target { model, capabilities: &capabilities };
        let Ok(encoded) = schema.codec().encode_request(&request, &target) else { continue };
        let written = serde_json::from_slice::<&RawValue>(&encoded.body);
        assert!(written.is_ok(), "{surface} to {schema}: {:?}", encoded.body);
        let again = schema.codec().decode_request(&encoded.body, path(schema));
        assert!(again.is_ok(), "{surface} to {schema}: {again:?} of {:?}", encoded.body);
    }
});

/// What the path of a request says.
const fn path(schema: Schema) -> PathHints<'static> {
    match schema {
        Schema::Gemini => PathHints { model: Some("asked"), stream: Some(false) },
        _ => PathHints { model: None, stream: None },
    }
}
