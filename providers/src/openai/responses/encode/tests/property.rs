//! Requests and bytes that nobody wrote.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decode, modern};
use crate::codec::Target;
use crate::conversation::Request;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,12}", any::<String>().prop_filter("empty", |text| !text.is_empty())]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_-]{0,20}"
}

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(|text| json!({"type": "input_text", "text": text})),
        text().prop_map(|text| json!({"type": "input_text", "text": text,
            "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}})),
        "[a-z/.]{0,10}".prop_map(|path| json!({"type": "input_image",
            "image_url": format!("https://{path}"), "detail": "low"})),
        "[A-Za-z0-9+/]{0,12}".prop_map(|data| json!({"type": "input_image",
            "image_url": format!("data:image/png;base64,{data}")})),
        ("[A-Za-z0-9+/]{1,12}", text()).prop_map(|(data, name)| json!({"type": "input_file",
            "file_data": format!("data:application/pdf;base64,{data}"), "filename": name})),
        "[a-z]{1,9}".prop_map(|id| json!({"type": "input_file", "file_id": id})),
    ]
}

fn content() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::from),
        prop::collection::vec(part(), 1..4).prop_map(Value::from)
    ]
}

fn item() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["user", "system"]);
    prop_oneof![
        (role, content())
            .prop_map(|(role, content)| json!({"type": "message", "role": role, "content": content})),
        text().prop_map(|text| json!({"role": "assistant", "content": text})),
        text().prop_map(|text| json!({"type": "message", "role": "assistant",
            "content": [{"type": "refusal", "refusal": text}]})),
        (name(), name(), text()).prop_map(|(id, name, arguments)| json!({"type": "function_call",
            "call_id": id, "name": name, "arguments": arguments})),
        (name(), name(), text()).prop_map(|(id, name, input)| json!({"type": "custom_tool_call",
            "call_id": id, "name": name, "input": input})),
        (name(), content()).prop_map(|(id, output)| json!({"type": "function_call_output",
            "call_id": id, "output": output})),
        (name(), content()).prop_map(|(id, output)| json!({"type": "custom_tool_call_output",
            "call_id": id, "output": output})),
        (name(), text(), prop::option::of(text())).prop_map(|(id, text, proof)| json!({"type": "reasoning",
            "id": id, "summary": [{"type": "summary_text", "text": text}], "encrypted_content": proof})),
        text().prop_map(|text| json!({"type": "novel_kind", "novel": text})),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let number =
        prop_oneof![any::<i32>().prop_map(Value::from), (-2.0..2.0f64).prop_map(Value::from)];
    let fields = (
        prop::option::of(number),
        prop::option::of(0..1_000_000u64),
        prop::option::of(1..21u32),
        prop::option::of(prop::sample::select(vec!["none", "low", "medium", "high"])),
        any::<bool>(),
        prop::collection::vec(
            (name(), prop::option::of(text()), prop::option::of(any::<bool>())),
            0..4,
        ),
        prop::option::of((name(), any::<bool>())),
        prop::option::of(text()),
    );
    (prop::collection::vec(item(), 1..8), fields).prop_map(|(items, fields)| {
        let (temperature, most, logprobs, effort, stream, tools, extra, instructions) = fields;
        let mut body = json!({"model": "m", "input": items});
        let mut set = |key: &str, value: Value| {
            if !value.is_null() {
                body[key] = value;
            }
        };
        set("instructions", instructions.into());
        set("temperature", temperature.into());
        set("max_output_tokens", most.into());
        set("top_logprobs", logprobs.into());
        if let Some(effort) = effort {
            set("reasoning", json!({"effort": effort, "summary": "auto"}));
        }
        set("stream", stream.into());
        if let Some((tool, ..)) = tools.first() {
            set("tool_choice", json!({"type": "function", "name": tool}));
            set("parallel_tool_calls", false.into());
            let tools: Vec<_> = tools
                .iter()
                .map(|(name, description, strict)| {
                    json!({"type": "function", "name": name,
                    "description": description, "parameters": {"type": "object"}, "strict": strict})
                })
                .collect();
            set("tools", tools.into());
        }
        if let Some((name, value)) = extra {
            set(&format!("x_{name}"), value.into());
            set("text", json!({"verbosity": "low"}));
        }
        body
    })
}

/// All that a request means.
fn meaning(request: &Request<'_>) -> String {
    let mut request = request.clone();
    request.extensions.sort_by(|a, b| a.path.cmp(&b.path));
    format!("{request:?}")
}

proptest! {
    #[test]
    fn a_request_survives_decoding_and_encoding(body in body()) {
        let text = body.to_string();
        let request = decode(&text).unwrap();
        let capabilities = modern();
        let target = Target { model: "m", capabilities: &capabilities };
        let encoded = super::super::request(&request, &target).unwrap();
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        let again = std::str::from_utf8(&encoded.body).unwrap();
        prop_assert_eq!(meaning(&request), meaning(&decode(again).unwrap()));
    }

    #[test]
    fn nothing_makes_a_decoder_panic(text in any::<String>()) {
        let _ = decode(&text);
    }

    /// Valid JSON of the wrong shape: any value anywhere in a known body.
    #[test]
    fn wrong_shapes_are_refused_or_read(
        key in prop::sample::select(vec!["input", "tools", "tool_choice", "text", "reasoning", "include",
            "stream_options", "top_logprobs", "instructions", "stream"]),
        value in prop::sample::select(vec!["null", "true", "-1", "1e400", "\"x\"", "[]", "[null]", "{}", "[[]]",
            "[{}]", "{\"a\":1}", "[{\"type\":7}]", "[{\"type\":\"function\"}]", "[{\"role\":null}]",
            "{\"format\":[]}", "{\"type\":\"allowed_tools\",\"tools\":[{}]}", "{\"effort\":1}",
            "[{\"role\":\"user\",\"content\":[1]}]", "[{\"type\":\"reasoning\",\"summary\":\"x\"}]"]),
    ) {
        let mut body = json!({"model": "m", "input": "x"}).to_string();
        body.truncate(body.len() - 1);
        let text = match key {
            "input" => format!("{{\"model\":\"m\",\"input\":{value}}}"),
            _ => format!("{body},\"{key}\":{value}}}"),
        };
        if let Ok(request) = decode(&text) {
            let capabilities = modern();
            let target = Target { model: "m", capabilities: &capabilities };
            let _ = super::super::request(&request, &target);
        }
    }
}
