use serde_json::json;

use super::*;
use crate::conversation::ErrorClass;

const REPLY: Reply<'static> = Reply { model: "asked", vectors: 1, base64: false, batch: true };

fn from(codec: &dyn Codec, body: &str) -> Response<'static> {
    codec.decode_response(body.to_owned().leak().as_bytes()).unwrap()
}

fn openai(response: &Response<'_>, reply: Reply<'_>) -> Value {
    json(&OpenAi.encode_response(response, &reply).unwrap())
}

#[test]
fn gemini_vectors_are_given_in_the_format_that_was_asked_for() {
    let response = from(
        &Gemini,
        r#"{"embeddings":[{"values":[ 1E0,
            -0.50, 0.1 ]}],"usageMetadata":{"promptTokenCount":4}}"#,
    );
    let floats = OpenAi.encode_response(&response, &REPLY).unwrap();
    assert_eq!(
        String::from_utf8(floats).unwrap(),
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1E0,-0.50,0.1]}],"model":"asked","usage":{"prompt_tokens":4,"total_tokens":4}}"#
    );
    // struct.pack("<3f", 1.0, -0.5, 0.1) in base64.
    let base64 = openai(&response, Reply { base64: true, ..REPLY });
    assert_eq!(base64["data"][0]["embedding"], "AACAPwAAAL/NzMw9");
}

#[test]
fn gemini_callers_get_one_or_a_list_as_they_asked() {
    let body = r#"{"object":"list","model":"n","data":[{"embedding":[0.25],"index":0}],
        "usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let response = from(&OpenAi, body);
    let encode =
        |batch| json(&Gemini.encode_response(&response, &Reply { batch, ..REPLY }).unwrap());
    let usage = json!({"promptTokenCount": 3});
    assert_eq!(encode(false), json!({"embedding": {"values": [0.25]}, "usageMetadata": usage}));
    assert_eq!(encode(true), json!({"embeddings": [{"values": [0.25]}], "usageMetadata": usage}));

    let one = from(&Gemini, r#"{"embedding":{"values":[0.25]}}"#);
    let shown = json(&Gemini.encode_response(&one, &REPLY).unwrap());
    assert_eq!(shown, json!({"embeddings": [{"values": [0.25]}]}));
}

#[test]
fn base64_of_a_host_that_was_asked_for_floats_is_read() {
    for text in ["AACAPwAAAL/NzMw9", "AACAPwAAAL\\/NzMw9"] {
        let body = format!(r#"{{"data":[{{"embedding":"{text}"}}]}}"#);
        let response = from(&OpenAi, &body);
        let shown = Gemini.encode_response(&response, &REPLY).unwrap();
        assert_eq!(shown, br#"{"embeddings":[{"values":[1.0,-0.5,0.1]}]}"#, "{text}");
    }
    // Two bytes more than a float; infinity; not base64.
    for text in ["AACAPwAA", "AACAfw==", "????"] {
        let body = format!(r#"{{"data":[{{"embedding":"{text}"}}]}}"#);
        let error = Gemini.encode_response(&from(&OpenAi, &body), &REPLY).unwrap_err();
        assert_eq!(error.class, ErrorClass::Server, "{text}");
    }
}

#[test]
fn a_number_without_room_in_32_bits_is_an_error_in_base64_alone() {
    let response = from(&Gemini, r#"{"embedding":{"values":[1e39]}}"#);
    assert_eq!(openai(&response, REPLY)["data"][0]["embedding"], json!([1e39]));
    assert!(OpenAi.encode_response(&response, &Reply { base64: true, ..REPLY }).is_err());
    let empty = from(&Gemini, r#"{"embedding":{"values":[ ]}}"#);
    assert_eq!(openai(&empty, REPLY)["data"][0]["embedding"], json!([]));
    assert_eq!(openai(&empty, Reply { base64: true, ..REPLY })["data"][0]["embedding"], "");
}

#[test]
fn vectors_stand_in_the_inputs_order() {
    let order = |places: [&str; 3]| {
        let data: Vec<_> = ["1", "2", "3"]
            .iter()
            .zip(places)
            .map(|(value, place)| format!(r#"{{"embedding":[{value}]{place}}}"#))
            .collect();
        let response = from(&OpenAi, &format!(r#"{{"data":[{}]}}"#, data.join(",")));
        let shown =
            json(&Gemini.encode_response(&response, &Reply { vectors: 3, ..REPLY }).unwrap());
        shown["embeddings"].to_string()
    };
    let listed = r#"[{"values":[1]},{"values":[2]},{"values":[3]}]"#;
    let turned = r#"[{"values":[3]},{"values":[1]},{"values":[2]}]"#;
    assert_eq!(order([r#","index":1"#, r#","index":2"#, r#","index":0"#]), turned);
    assert_eq!(order([r#","index":0"#, r#","index":0"#, r#","index":0"#]), listed);
    assert_eq!(order(["", "", ""]), listed);
    assert_eq!(order([r#","index":2"#, r#","index":1"#, ""]), listed);
}

#[test]
fn a_missing_vector_is_an_error_and_not_a_shift() {
    let response = from(&Gemini, r#"{"embeddings":[{"values":[1]}]}"#);
    for codec in [&OpenAi as &dyn Codec, &Gemini] {
        for vectors in [0, 2] {
            let error = codec.encode_response(&response, &Reply { vectors, ..REPLY }).unwrap_err();
            assert_eq!(error.class, ErrorClass::Server);
        }
    }
}

#[test]
fn usage_is_read_wherever_it_is_said() {
    let gemini = |body: &str| Gemini.read_usage(body.as_bytes()).unwrap();
    let input = |input| Some(Usage { input, ..Usage::default() });
    assert_eq!(gemini(r#"{"embedding":{"values":[]}}"#), None);
    assert_eq!(
        gemini(
            r#"{"embedding":{"values":[]},"usageMetadata":{"promptTokenCount":9,"promptTokenDetails":
            [{"modality":"AUDIO","tokenCount":5},{"modality":"TEXT","tokenCount":4}]}}"#
        ),
        Some(Usage { input: 9, audio_input: 5, ..Usage::default() })
    );
    assert_eq!(
        gemini(
            r#"{"embeddings":[{"values":[],"statistics":{"tokenCount":2.0,"truncated":false}},
            {"values":[],"statistics":{"tokenCount":"3"}}]}"#
        ),
        input(5)
    );
    let openai = |usage: &str| {
        OpenAi.read_usage(format!(r#"{{"data":[],"usage":{usage}}}"#).as_bytes()).unwrap()
    };
    assert_eq!(openai(r#"{"prompt_tokens":7,"total_tokens":7}"#), input(7));
    assert_eq!(openai(r#"{"total_tokens":18}"#), input(18));
    for unsaid in ["null", "{}", "[]", r#"{"prompt_tokens":"many"}"#, r#"{"prompt_tokens":-1}"#] {
        assert_eq!(openai(unsaid), None, "{unsaid}");
    }
    // What SDKs' types require is there all the same.
    let response = from(&Gemini, r#"{"embedding":{"values":[]}}"#);
    assert_eq!(openai_usage(&response), json!({"prompt_tokens": 0, "total_tokens": 0}));
}

fn openai_usage(response: &Response<'_>) -> Value {
    openai(response, REPLY)["usage"].clone()
}

#[test]
fn errors_and_garbage_under_a_200_are_errors() {
    let error = OpenAi.decode_response(br#"{"error":{"message":"why","code":429}}"#).unwrap_err();
    assert_eq!(error.message, "why");
    let error = Gemini
        .decode_response(br#"{"error":{"code":503,"message":"why","status":"UNAVAILABLE"}}"#)
        .unwrap_err();
    assert_eq!((error.class, &*error.message), (ErrorClass::Overloaded, "why"));
    for body in [
        "",
        "{}",
        "null",
        "<html>",
        r#"{"data":7}"#,
        r#"{"data":[{"embedding":null}]}"#,
        r#"{"data":[{"embedding":["1"]}]}"#,
        r#"{"data":[{"embedding":[[1]]}]}"#,
        r#"{"data":[{"embedding":[true]}]}"#,
        r#"{"embeddings":[{}]}"#,
        r#"{"embeddings":[{"values":{}}]}"#,
        r#"{"embedding":{"values":[1]},"embeddings":[]}"#,
    ] {
        for codec in [&OpenAi as &dyn Codec, &Gemini] {
            let error = codec.decode_response(body.as_bytes()).unwrap_err();
            assert_eq!(error.class, ErrorClass::Server, "{body}");
        }
    }
}
