//! Requests, streams and bytes that nobody wrote.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::streams::events;
use super::{Chat, decode, legacy, modern};
use crate::codec::{Codec, PathHints, Target};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,12}", any::<String>().prop_filter("empty", |text| !text.is_empty())]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_-]{0,20}"
}

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        "[a-z/.]{0,10}".prop_map(|path| json!({"type": "image_url",
            "image_url": {"url": format!("https://{path}"), "detail": "low"}})),
        "[A-Za-z0-9+/]{0,12}".prop_map(|data| json!({"type": "image_url",
            "image_url": {"url": format!("data:image/png;base64,{data}")}})),
        "[A-Za-z0-9+/]{0,12}".prop_map(|data| json!({"type": "input_audio",
            "input_audio": {"data": data, "format": "wav"}})),
        ("[A-Za-z0-9+/]{1,12}", text()).prop_map(|(data, name)| json!({"type": "file",
            "file": {"file_data": format!("data:application/pdf;base64,{data}"), "filename": name}})),
        text().prop_map(|text| json!({"type": "novel_kind", "novel": text})),
    ]
}

/// One user turn, or an assistant's turn with its tools' results.
fn turn() -> impl Strategy<Value = Vec<Value>> {
    let user = prop_oneof![
        text().prop_map(Value::from),
        prop::collection::vec(part(), 1..4).prop_map(Value::from)
    ]
    .prop_map(|content| vec![json!({"role": "user", "content": content})]);
    let call = (name(), text(), text());
    let answer =
        (prop::option::of(text()), prop::collection::vec(call, 0..3)).prop_map(|(said, calls)| {
            let written: Vec<_> = calls
                .iter()
                .enumerate()
                .map(|(n, (name, arguments, _))| {
                    json!({"id": format!("c{n}"), "type": "function",
                "function": {"name": name, "arguments": arguments}})
                })
                .collect();
            let mut message = json!({"role": "assistant", "content": said});
            if written.is_empty() {
                message["content"] = said.unwrap_or_default().into();
            } else {
                message["tool_calls"] = written.into();
            }
            let results = calls.into_iter().enumerate().map(|(n, (_, _, result))| {
            json!({"role": "tool", "tool_call_id": format!("c{n}"), "content": result})
        });
            std::iter::once(message).chain(results).collect()
        });
    let system = text().prop_map(|text| vec![json!({"role": "system", "content": text})]);
    prop_oneof![3 => user, 3 => answer, 1 => system]
}

fn body() -> impl Strategy<Value = Value> {
    let number =
        prop_oneof![any::<i32>().prop_map(Value::from), (-2.0..2.0f64).prop_map(Value::from)];
    let fields = (
        prop::option::of(number.clone()),
        prop::option::of(number),
        prop::option::of(0..1_000_000u64),
        prop::option::of(prop::collection::vec(text(), 1..5)),
        prop::option::of(2..9u32),
        prop::option::of(0..21u32),
        prop::option::of(prop::sample::select(vec![
            "none", "minimal", "low", "medium", "high", "xhigh", "max",
        ])),
        any::<bool>(),
        prop::option::of(prop::collection::vec(
            (name(), prop::option::of(text()), prop::option::of(any::<bool>())),
            1..4,
        )),
        prop::option::of((name(), any::<bool>())),
    );
    (prop::collection::vec(turn(), 1..6), fields).prop_map(|(turns, fields)| {
        let (temperature, seed, most, stop, n, logprobs, effort, stream, tools, extra) = fields;
        let mut body = json!({"model": "m", "messages": turns.concat()});
        let mut set = |key: &str, value: Value| {
            if !value.is_null() {
                body[key] = value;
            }
        };
        set("temperature", temperature.into());
        set("seed", seed.into());
        set("max_completion_tokens", most.into());
        set("stop", stop.into());
        set("n", n.into());
        if let Some(top) = logprobs {
            set("logprobs", true.into());
            set("top_logprobs", top.into());
        }
        set("reasoning_effort", effort.into());
        set("stream", stream.into());
        if let Some(tools) = tools {
            set("tool_choice", json!({"type": "function", "function": {"name": tools[0].0}}));
            set("parallel_tool_calls", false.into());
            let tools: Vec<_> = tools
                .into_iter()
                .map(|(name, description, strict)| json!({"type": "function", "function": {"name": name,
                    "description": description, "parameters": {"type": "object"}, "strict": strict}}))
                .collect();
            set("tools", tools.into());
        }
        if let Some((name, value)) = extra {
            set(&format!("x_{name}"), value.into());
        }
        body
    })
}

proptest! {
    #[test]
    fn a_request_survives_decoding_and_encoding(body in body()) {
        let text = body.to_string();
        let request = decode(&text).unwrap();
        for capabilities in [modern(), legacy()] {
            let target = Target { model: "m", capabilities: &capabilities };
            let encoded = Chat.encode_request(&request, &target).unwrap();
            prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
            let again = std::str::from_utf8(&encoded.body).unwrap();
            prop_assert_eq!(format!("{:?}", request), format!("{:?}", decode(again).unwrap()));
        }
    }

    #[test]
    fn nothing_makes_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), status: u16) {
        let _ = Chat.decode_request(&bytes, PathHints::default());
        let _ = Chat.decode_response(&bytes);
        let _ = Chat.decode_error(status, &bytes);
        let framed = [b"data: ", bytes.as_slice(), b"\n\n"].concat();
        let _ = events([bytes.as_slice(), framed.as_slice()]);
    }

    /// Valid JSON of the wrong shape: any value anywhere in a known body.
    #[test]
    fn wrong_shapes_are_errors_or_answers(
        key in prop::sample::select(vec!["id", "model", "created", "choices", "usage", "error", "messages", "tools",
            "stop", "tool_choice", "response_format", "n", "logprobs", "stream_options"]),
        value in prop::sample::select(vec!["null", "true", "-1", "1e400", "\"x\"", "[]", "[null]", "{}", "[[]]",
            "[{}]", "{\"a\":1}", "[{\"message\":7}]", "[{\"delta\":{\"tool_calls\":[{}]}}]",
            "[{\"index\":4294967295,\"delta\":{\"tool_calls\":[{\"index\":-3,\"function\":{\"name\":\"f\"}}]}}]",
            "[{\"message\":{\"content\":[1]}}]", "[{\"role\":null}]", "[{\"index\":18446744073709551616}]"]),
    ) {
        let text = format!("{{\"{key}\":{value}}}");
        let _ = decode(&text);
        let _ = Chat.decode_response(text.as_bytes());
        let _ = Chat.decode_error(500, text.as_bytes());
        let told = events([format!("data: {text}\n\ndata: [DONE]\n\n").as_bytes()]);
        let last = told.last().unwrap();
        prop_assert!(last == "end" || last.starts_with("error"), "{:?}", told);
    }

    #[test]
    fn a_stream_may_be_cut_anywhere(
        pieces in prop::collection::vec((text(), 0..4usize), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut stream = String::new();
        for (text, kind) in pieces {
            let delta = match kind {
                0 => json!({"content": text}),
                1 => json!({"reasoning_content": text}),
                2 => json!({"tool_calls": [{"index": text.len() % 3, "id": "c", "function": {"name": "f", "arguments": text}}]}),
                _ => json!({"refusal": text}),
            };
            let ending = ["\n", "\r\n", "\r"][text.len() % 3];
            let chunk = json!({"id": "x", "choices": [{"index": 0, "delta": delta}]});
            stream += &format!("data: {chunk}{ending}{ending}");
        }
        stream += "data: [DONE]\n\n";
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &stream.as_bytes()[pair[0]..pair[1]]);
        prop_assert_eq!(events(pieces), events([stream.as_bytes()]));
    }
}
