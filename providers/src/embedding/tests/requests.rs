use serde_json::json;

use super::*;

#[test]
fn openai_inputs_become_a_batch() {
    let body = r#"{"input":["one","tw\u00f6"],"model":"text-embedding-3-small","dimensions":768,
        "encoding_format":"base64"}"#;
    let sent = to_gemini(body).unwrap();
    let request = |text| {
        json!({"model": "models/g", "content": {"parts": [{"text": text}]},
            "outputDimensionality": 768})
    };
    assert_eq!(json(&sent.body), json!({"requests": [request("one"), request("twö")]}));
    assert!(sent.losses.is_empty() && sent.emulated.is_empty());

    let sent = to_gemini(r#"{"input":"one","model":"m"}"#).unwrap();
    let expected =
        json!({"requests": [{"model": "models/g", "content": {"parts": [{"text": "one"}]}}]});
    assert_eq!(json(&sent.body), expected);
}

#[test]
fn what_gemini_has_no_words_for_is_reported() {
    let body = r#"{"input":"a","model":"m","user":"u","input_type":"query","encoding_format":null,
        "truncation":null}"#;
    assert_eq!(names(&to_gemini(body).unwrap().losses), ["input_type", "user"]);
}

#[test]
fn token_ids_are_refused_by_gemini_and_kept_for_openai() {
    for (input, list) in [("[1,2,3]", "[[1,2,3]]"), ("[[1,2],[3]]", "[[1,2],[3]]")] {
        let body = format!(r#"{{"input":{input},"model":"m"}}"#);
        let refusal = to_gemini(&body).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("input"), "{input}");
        assert!(refusal.message.contains("token ids"), "{refusal}");
        let request = OpenAi.decode_request(body.as_bytes(), PathHints::default()).unwrap();
        let sent = json(&OpenAi.encode_request(&request, "o").unwrap().body);
        assert_eq!(sent["input"].to_string(), list);
    }
}

#[test]
fn openai_bodies_that_are_not_right_are_refused_with_the_field_named() {
    for (body, field) in [
        (r#"{"model":"m"}"#, Some("input")),
        (r#"{"model":"m","input":null}"#, Some("input")),
        (r#"{"model":"m","input":[]}"#, Some("input")),
        (r#"{"model":"m","input":{}}"#, Some("input")),
        (r#"{"model":"m","input":7}"#, Some("input")),
        (r#"{"model":"m","input":["a",1]}"#, Some("input")),
        (r#"{"model":"m","input":[1,"a"]}"#, Some("input")),
        (r#"{"model":"m","input":[1.5]}"#, Some("input")),
        (r#"{"model":"m","input":[-1]}"#, Some("input")),
        (r#"{"model":"m","input":[[1],[]]}"#, Some("input")),
        (r#"{"model":"m","input":[true]}"#, Some("input")),
        (r#"{"model":"m","input":"a","dimensions":0}"#, Some("dimensions")),
        (r#"{"model":"m","input":"a","dimensions":"8"}"#, Some("dimensions")),
        (r#"{"model":"m","input":"a","dimensions":8.5}"#, Some("dimensions")),
        (r#"{"model":"m","input":"a","encoding_format":"hex"}"#, Some("encoding_format")),
        (r#"{"model":"m","input":"a","user":1}"#, Some("user")),
        (r#"{"model":1,"input":"a"}"#, Some("model")),
        (r#"{"input":"a"}"#, Some("model")),
        (r#"{"model":"m","input":"a","input":"b"}"#, None),
        ("[]", None),
    ] {
        assert_eq!(to_gemini(body).unwrap_err().field.as_deref(), field, "{body}");
    }
    let texts = vec!["\"a\""; 2049].join(",");
    let refusal = to_gemini(&format!(r#"{{"model":"m","input":[{texts}]}}"#)).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("input"));
    // As many token ids are one input.
    let ids = vec!["1"; 2049].join(",");
    let refusal = to_gemini(&format!(r#"{{"model":"m","input":[{ids}]}}"#)).unwrap_err();
    assert!(refusal.message.contains("token ids"), "{refusal}");
}

#[test]
fn a_gemini_batch_becomes_a_list() {
    let body = r#"{"requests":[
        {"model":"models/m","content":{"parts":[{"text":"one"}],"role":"user"},"outputDimensionality":8},
        {"model":"m","content":{"parts":{"text":"two"}},"output_dimensionality":"8"},
        {"content":{"parts":[{"text":"three"},{}]},"embedContentConfig":{"outputDimensionality":8.0}}
    ]}"#;
    let sent = to_openai(body, BATCH).unwrap();
    let expected = json!({"input": ["one", "two", "three"], "model": "o", "dimensions": 8,
        "encoding_format": "float"});
    assert_eq!(json(&sent.body), expected);
    assert!(sent.losses.is_empty() && sent.emulated.is_empty());

    let sent = to_openai(r#"{"content":{"parts":[{"text":"one"}]},"model":"models/m"}"#, ONE);
    let expected = json!({"input": ["one"], "model": "o", "encoding_format": "float"});
    assert_eq!(json(&sent.unwrap().body), expected);
}

#[test]
fn what_openai_has_no_words_for_is_reported() {
    let body = r#"{"requests":[
        {"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_DOCUMENT","title":"T"},
        {"content":{"parts":[{"text":"b"}],"x":1},"task_type":"CLUSTERING","y":2,"z":null},
        {"content":{"parts":[{"text":"c"}]},"y":3,"embed_content_config":{"autoTruncate":true}}
    ]}"#;
    let losses = to_openai(body, BATCH).unwrap().losses;
    assert_eq!(
        names(&losses),
        [
            "requests.content.x",
            "requests.y",
            "requests.embedContentConfig.autoTruncate",
            "requests.taskType",
            "requests.title",
        ]
    );
    let body = r#"{"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"taskType":"CLUSTERING",
        "title":"T"}}"#;
    assert_eq!(names(&to_openai(body, ONE).unwrap().losses), ["taskType", "title"]);
    let body = r#"{"content":{"parts":[{"text":"a"}]},"taskType":"TASK_TYPE_UNSPECIFIED"}"#;
    assert!(to_openai(body, ONE).unwrap().losses.is_empty());
}

#[test]
fn pieces_of_one_vector_become_one_text() {
    let body = r#"{"content":{"parts":[{"text":"one"},{"text":"two"}]}}"#;
    let sent = to_openai(body, ONE).unwrap();
    assert_eq!(json(&sent.body)["input"], json!(["one\ntwo"]));
    assert_eq!(names(&sent.emulated), ["content.parts"]);
    assert!(sent.losses.is_empty());
}

#[test]
fn media_are_refused_by_openai() {
    for (body, path, field) in [
        (r#"{"content":{"parts":[{"inlineData":{}}]}}"#, ONE, "content.parts"),
        (
            r#"{"requests":[{"content":{"parts":[{"text":"a"},{"file_data":{}}]}}]}"#,
            BATCH,
            "requests.content.parts",
        ),
    ] {
        assert_eq!(to_openai(body, path).unwrap_err().field.as_deref(), Some(field), "{body}");
    }
}

#[test]
fn vectors_of_different_lengths_are_refused_by_openai() {
    let body = r#"{"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":8},
        {"content":{"parts":[{"text":"b"}]}}]}"#;
    let refusal = to_openai(body, BATCH).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("requests.outputDimensionality"));
}

#[test]
fn gemini_bodies_that_are_not_right_are_refused_with_the_field_named() {
    for (path, body, field) in [
        (ONE, r#"{}"#, Some("content")),
        (ONE, r#"{"content":"text"}"#, Some("content")),
        (ONE, r#"{"content":{}}"#, Some("content.parts")),
        (ONE, r#"{"content":{"parts":[]}}"#, Some("content.parts")),
        (ONE, r#"{"content":{"parts":[{}]}}"#, Some("content.parts")),
        (ONE, r#"{"content":{"parts":["a"]}}"#, Some("content.parts")),
        (ONE, r#"{"content":{"parts":[{"text":1}]}}"#, Some("content.parts")),
        (ONE, r#"{"content":{"parts":[{"text":"a","inlineData":{}}]}}"#, Some("content.parts")),
        (ONE, r#"{"content":{"parts":[{"text":"a"}]},"taskType":1}"#, Some("taskType")),
        (
            ONE,
            r#"{"content":{"parts":[{"text":"a"}]},"outputDimensionality":-1}"#,
            Some("outputDimensionality"),
        ),
        (
            ONE,
            r#"{"content":{"parts":[{"text":"a"}]},"taskType":"X","task_type":"Y"}"#,
            Some("task_type"),
        ),
        (
            ONE,
            r#"{"content":{"parts":[{"text":"a"}]},"title":"T","embedContentConfig":{"title":"U"}}"#,
            Some("title"),
        ),
        (ONE, r#"{"content":{"parts":[{"text":"a"}]},"model":"models/other"}"#, Some("model")),
        (BATCH, r#"{}"#, Some("requests")),
        (BATCH, r#"{"requests":[]}"#, Some("requests")),
        (BATCH, r#"{"requests":[{}]}"#, Some("requests.content")),
        (BATCH, r#"{"requests":[{"model":"other"}]}"#, Some("model")),
        (BATCH, r#"{"requests":[{"Model":"m"}]}"#, Some("requests.model")),
    ] {
        assert_eq!(to_openai(body, path).unwrap_err().field.as_deref(), field, "{body}");
    }
}
