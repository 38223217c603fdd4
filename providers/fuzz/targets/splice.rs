//! A body that is passed on with another model: what is changed is the model, whoever reads it.
//!
//! The first byte is the schema.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use providers::Schema;
use providers::json::{Peek, splice};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [schema, body @ ..] = data else { return };
    let schema = Schema::ALL[usize::from(*schema) % Schema::ALL.len()];
    let body = Bytes::copy_from_slice(body);
    let Ok(peek) = Peek::of(schema, &body) else { return };
    // What passes the scan is JSON to a real parser, too, but for numbers that are none in 64 bits.
    let Ok(before) = serde_json::from_slice::<Value>(&body) else { return };
    let named = before.get("model").and_then(Value::as_str).map(str::to_owned);
    assert_eq!(peek.model(), named.as_deref());
    let edits = peek.set_model("served").into_iter().chain(peek.ask_for_usage());
    let after = splice(&body, edits);
    let mut after: Value = serde_json::from_slice(&after).unwrap();
    if let Some(named) = named {
        let prefix = if schema == Schema::Gemini && named.starts_with("models/") { "models/" } else { "" };
        assert_eq!(after["model"], format!("{prefix}served"));
        after["model"] = named.into();
    }
    let mut before = before;
    if schema == Schema::Chat && peek.stream() {
        assert_eq!(after["stream_options"]["include_usage"], true);
        for value in [&mut before, &mut after] {
            value.as_object_mut().unwrap().remove("stream_options");
        }
    }
    assert_eq!(before, after);
});
