//! What looking into a body costs. Run with
//! `cargo test -p providers --release -- --ignored --nocapture peek`.

use std::hint::black_box;
use std::time::Instant;

use serde_json::value::RawValue;

use super::*;

/// The least time of one call, in nanoseconds.
fn best<T>(mut call: impl FnMut() -> T) -> u128 {
    let mut time = || {
        let start = Instant::now();
        for _ in 0..20 {
            black_box(call());
        }
        start.elapsed().as_nanos() / 20
    };
    (0..50).map(|_| time()).min().unwrap()
}

/// A chat request of about 200 KB: 60 messages and 20 tools.
fn body(sentence: &str) -> Vec<u8> {
    let text = sentence.repeat(3000 / sentence.len());
    let message = format!(r#"{{"role":"user","content":"{text}"}}"#);
    let tool = r#"{"type":"function","function":{"name":"get_weather","description":"Get it.","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1}},"required":["city"],"additionalProperties":false}}}"#;
    format!(
        r#"{{"messages":[{}],"tools":[{}],"temperature":0.7,"model":"gpt-5.4","stream":true}}"#,
        vec![message; 65].join(","),
        vec![tool; 20].join(","),
    )
    .into_bytes()
}

#[derive(serde::Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    messages: &'a RawValue,
    model: &'a str,
}

#[test]
#[ignore = "a measurement"]
fn peek_speed() {
    let pretty = {
        let value: serde_json::Value = serde_json::from_slice(&body("plain text ")).unwrap();
        serde_json::to_vec_pretty(&value["tools"]).unwrap().repeat(8)
    };
    let tools = [br#"{"model":"m","stream":true,"x":["#.to_vec(), pretty, b"]}".to_vec()].concat();
    let tools = String::from_utf8(tools).unwrap().replace("][", "],[").into_bytes();
    let small = br#"{"model":"gpt-5.4","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is the weather in Oslo today, and should I take an umbrella with me?"}],"temperature":0.7,"stream":true,"max_completion_tokens":500}"#;
    for (name, body) in [
        ("small request", small.to_vec()),
        ("plain text", body("The quick brown fox jumps over the lazy dog. ")),
        ("escapes", body(r#"The quick \"brown\" fox\njumps over the lazy dog. "#)),
        ("two-byte letters", body("Съешь ещё этих мягких французских булок. ")),
        ("three-byte letters", body("我能吞下玻璃而不伤身体。")),
        ("small pretty tokens", tools),
    ] {
        let bytes = Bytes::from(body.clone());
        println!("{name}: {} bytes", body.len());
        let print = |what: &str, ns: u128| {
            println!("  {what:<28}{ns:>9} ns  {:>6.2} GB/s", body.len() as f64 / ns as f64);
        };
        print("memcpy", best(|| black_box(&body).to_vec()));
        print(
            "memchr2 of quote, backslash",
            best(|| memchr::memchr2_iter(b'"', b'\\', black_box(&body)).count()),
        );
        print("UTF-8 check", best(|| std::str::from_utf8(black_box(&body)).is_ok()));
        print("peek", best(|| Peek::of(Chat, black_box(&body)).unwrap().stream()));
        print(
            "peek and splice",
            best(|| {
                let peek = Peek::of(Chat, black_box(&bytes)).unwrap();
                splice(&bytes, peek.set_model("claude-x").into_iter().chain(peek.ask_for_usage()))
            }),
        );
        print(
            "serde_json, RawValue",
            best(|| {
                serde_json::from_slice::<Raw<'_>>(black_box(&body))
                    .map(|raw| raw.messages.get().len() + raw.model.len())
            }),
        );
        print("serde_json, Value", best(|| serde_json::from_slice::<serde_json::Value>(&body)));
    }
}
