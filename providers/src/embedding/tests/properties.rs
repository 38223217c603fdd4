use proptest::prelude::*;
use serde_json::json;

use super::*;

fn finite() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |number| number.is_finite())
}

proptest! {
    /// Numbers to base64 and back are the numbers, to the bit.
    #[test]
    fn vectors_survive_base64(numbers in prop::collection::vec(finite(), 0..40)) {
        let body = json!({"embedding": {"values": numbers}}).to_string();
        let response = Gemini.decode_response(body.as_bytes()).unwrap();
        let reply = Reply { model: "m", vectors: 1, base64: true, batch: false };
        let base64 = OpenAi.encode_response(&response, &reply).unwrap();
        let response = OpenAi.decode_response(&base64).unwrap();
        let floats = Gemini.encode_response(&response, &reply).unwrap();
        let shown = json(&floats);
        let back = shown["embedding"]["values"].as_array().unwrap().iter();
        let bits = |n: &Value| n.to_string().parse::<f32>().unwrap().to_bits();
        let back: Vec<u32> = back.map(bits).collect();
        prop_assert_eq!(back, numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>());
    }

    /// What both schemas can say comes back as it went.
    #[test]
    fn requests_survive_the_way_there_and_back(
        texts in prop::collection::vec(".{0,20}", 1..5),
        dimensions in prop::option::of(1..5000_u32),
    ) {
        let mut body = json!({"input": texts, "model": "m", "encoding_format": "float"});
        if let Some(dimensions) = dimensions {
            body["dimensions"] = dimensions.into();
        }
        let there = to_gemini(&body.to_string()).unwrap();
        prop_assert!(there.losses.is_empty());
        let path = PathHints { model: Some("g"), batch: true };
        let text = std::str::from_utf8(&there.body).unwrap();
        let back = to_openai(text, path).unwrap();
        body["model"] = "o".into();
        prop_assert_eq!(json(&back.body), body);
        prop_assert!(back.losses.is_empty() && back.emulated.is_empty());
    }

    /// Garbage is refused or read, never a panic.
    #[test]
    fn any_body_is_read_or_refused(
        body in r#"[{}\[\]",:a-z0-9. ]{0,60}"#,
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for body in [body.as_bytes(), &bytes] {
            for codec in [&OpenAi as &dyn Codec, &Gemini] {
                let _ = codec.decode_response(body);
                for path in [BATCH, ONE] {
                    let _ = codec.decode_request(body, path);
                }
            }
        }
    }

    /// A byte changed in a body that was right, too.
    #[test]
    fn a_broken_body_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = br#"{"requests":[{"model":"m","content":{"parts":[{"text":"a"}]},
            "taskType":"X","outputDimensionality":8}],"model":"m"}"#.to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        if let Ok(request) = Gemini.decode_request(&body, BATCH) {
            prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
            prop_assert_eq!(request.model, "m");
        }
    }
}
