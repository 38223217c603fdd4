//! What is seen in a body.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::budget::estimate::weights::Features;
use crate::budget::estimate::{Measured, Tools};

/// Where the things that tests look at are among the features.
const ITEMS: usize = 2;
const PROSE: usize = 3;
const WIDE: usize = 4;
const DATA: usize = 5;
const FUNCTIONS: usize = 8;
const TOOLS: usize = 9;
const FORMAT: usize = 10;
const OPAQUE: usize = 11;
const HOSTED: usize = 12;
const IMAGES: usize = 13;
const DOCUMENTS: usize = 14;
const MEDIA: usize = 15;
const REFERENCES: usize = 16;

impl Measured {
    /// Whether the provider adds what is not in the body: what its tools find, what is named.
    pub(super) fn names_more(&self) -> bool {
        self.features()[HOSTED] + self.features()[REFERENCES] > 0.0
    }
}

fn features(body: &Value) -> Features {
    Measured::of(&serde_json::to_vec(body).unwrap()).features()
}

/// The features but for frame and schema that are not zero.
fn present(body: &Value) -> Vec<usize> {
    let features = features(body);
    (ITEMS..features.len()).filter(|at| features[*at] > 0.0).collect()
}

const TEXT: &str = "What is the weather in Oslo on Monday, and will it rain?";

/// One message in each schema, and for embeddings.
fn said(text: &str) -> Vec<Value> {
    vec![
        json!({"model": "gpt-5", "messages": [{"role": "user", "content": text}]}),
        json!({"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}),
        json!({"model": "gpt-5", "input": text}),
        json!({"input": [{"type": "message", "role": "user", "content": text}]}),
        json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}),
    ]
}

#[test]
fn the_same_text_weighs_the_same_in_every_schema() {
    // 12 words and 2 marks.
    for body in said(TEXT) {
        let found = features(&body);
        assert_eq!(present(&body), [ITEMS, PROSE], "{body}");
        assert!((12.0..16.0).contains(&found[PROSE]), "{} in {body}", found[PROSE]);
        assert!((found[ITEMS] - 1.0).abs() < f64::EPSILON, "{body}");
    }
}

/// Texts, and how many tokens o200k_base makes of them.
const KINDS: [(&str, f64); 16] = [
    ("The quick brown fox jumps over the lazy dog. Then it slept until the morning came.", 18.0),
    ("if (value == null) {\n    return new Error(\"not found\");\n}\n", 16.0),
    ("2026-11-22 14:05:33 GET /api/v1/users/48213 200 1532", 26.0),
    ("id,name,amount\n1,Alice,10.25\n2,Bob,300.00\n3,Carol,7.1\n", 29.0),
    ("550e8400-e29b-41d4-a716-446655440000", 18.0),
    ("HTTP API JSON URL", 4.0),
    ("東京は日本の首都であり、世界最大の都市の一つです。", 18.0),
    ("北京是中华人民共和国的首都,也是全国的政治和文化中心。", 15.0),
    ("서울은 대한민국의 수도이며 가장 큰 도시입니다.", 11.0),
    ("Привет, как дела сегодня утром? Мы собирались пойти в магазин за хлебом.", 19.0),
    ("Η Αθήνα είναι η πρωτεύουσα της Ελλάδας και η μεγαλύτερη πόλη.", 19.0),
    ("القاهرة هي عاصمة جمهورية مصر العربية وأكبر مدنها.", 15.0),
    ("नई दिल्ली भारत की राजधानी है और देश का एक बड़ा शहर है।", 14.0),
    ("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", 10.0),
    (
        "L'été dernier, nous avons voyagé à travers la forêt et mangé des crêpes près de la rivière.",
        24.0,
    ),
    ("Great job 😀🎉🚀 see you 👋🏽", 13.0),
];

#[test]
fn text_weighs_by_its_kind() {
    for (text, tokens) in KINDS {
        let found = features(&said(text)[0]);
        let all = found[PROSE] + found[WIDE];
        assert!((all / tokens - 1.0).abs() < 0.35, "{all} for {text}");
    }
}

#[test]
fn escaped_signs_weigh_as_the_signs() {
    let plain = Measured::of("{\"messages\":[{\"content\":\"né 東京 😀\"}]}".as_bytes()).features();
    let escaped =
        Measured::of(br#"{"messages":[{"content":"n\u00e9 \u6771\u4eac \ud83d\ude00"}]}"#)
            .features();
    assert_eq!(plain, escaped);
}

#[test]
fn settings_and_the_words_of_a_schema_weigh_nothing() {
    let mut body = said(TEXT).remove(0);
    let bare = features(&body);
    body["metadata"] = json!({"conversation": "a long name of no concern", "data": "x"});
    body["tool_choice"] = json!("auto");
    body["stream_options"] = json!({"include_usage": true});
    body["temperature"] = json!(0.5);
    body["messages"][0]["id"] = json!("msg_0123456789abcdef");
    assert_eq!(features(&body), bare);
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string", "description": "where"}}})
}

#[test]
fn tools_are_seen_in_every_schema() {
    let (name, description) = ("weather", "says how the weather is");
    let declared = [
        json!({"type": "function", "function": {"name": name, "description": description, "parameters": schema()}}),
        json!({"type": "function", "name": name, "description": description, "parameters": schema()}),
        json!({"name": name, "description": description, "input_schema": schema()}),
        json!({"functionDeclarations": [{"name": name, "description": description, "parameters": schema()}]}),
    ];
    let mut bodies: Vec<Value> = declared.map(|tool| json!({"tools": [tool]})).into();
    bodies.push(json!({"toolConfig": {"tools": [{"toolSpec":
        {"name": name, "description": description, "inputSchema": {"json": schema()}}}]}}));
    for body in bodies {
        let found = features(&body);
        assert!((found[FUNCTIONS] - 1.0).abs() < f64::EPSILON, "{body}");
        assert!((8.0..20.0).contains(&found[TOOLS]), "{} in {body}", found[TOOLS]);
        assert!(found[HOSTED] == 0.0 && found[PROSE] == 0.0, "{body}");
    }
}

#[test]
fn tools_of_the_providers_own_are_told_apart() {
    for tool in [
        json!({"type": "web_search"}),
        json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 3}),
        json!({"googleSearch": {}}),
    ] {
        let found = features(&json!({"tools": [tool]}));
        assert!((found[HOSTED] - 1.0).abs() < f64::EPSILON && found[FUNCTIONS] == 0.0, "{tool}");
    }
    // Gemini's settings of tools are none.
    let both = json!({"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "tools": [{"functionDeclarations": [{"name": "a", "parameters": schema()}]}]});
    assert!(features(&both)[HOSTED] == 0.0);
}

#[test]
fn the_schema_of_the_answer_is_counted_apart() {
    for body in [
        json!({"response_format": {"type": "json_schema", "json_schema": {"schema": schema()}}}),
        json!({"text": {"format": {"type": "json_schema", "schema": schema()}}}),
        json!({"generationConfig": {"responseSchema": schema()}}),
        json!({"output_config": {"format": {"type": "json_schema", "schema": schema()}}}),
    ] {
        assert_eq!(present(&body), [FORMAT], "{body}");
    }
}

const PNG: &str = "iVBORw0KGgo";
const DOCUMENT: &str = "JVBERi0xLjQ";

fn base64(begins: &str, bytes: usize) -> String {
    format!("{begins}{}", "QmFzZTY0".repeat(bytes / 8))
}

/// Media in the place that each schema has for them.
fn media(encoded: &str) -> Vec<Value> {
    let url = format!("data:image/png;base64,{encoded}");
    let content = [
        json!({"type": "image_url", "image_url": {"url": url}}),
        json!({"type": "input_image", "image_url": url}),
        json!({"type": "file", "file": {"file_data": url}}),
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": encoded}}),
        json!({"inlineData": {"mimeType": "image/png", "data": encoded}}),
        json!({"type": "input_audio", "input_audio": {"data": encoded, "format": "wav"}}),
    ];
    content.map(|part| json!({"messages": [{"role": "user", "content": [part]}]})).into()
}

#[test]
fn media_are_no_text() {
    for (begins, kind) in [(PNG, IMAGES), (DOCUMENT, DOCUMENTS), ("SUQzBAAA", MEDIA)] {
        for body in media(&base64(begins, 40_000)) {
            assert_eq!(present(&body), [ITEMS, kind], "{begins}");
        }
    }
    // An image of a megabyte weighs as one, other media in the worst case as much as text.
    let most = |begins| {
        Measured::of(&serde_json::to_vec(&media(&base64(begins, 1_000_000))[3]).unwrap()).most()
    };
    assert!(most(PNG) < 12_000);
    assert!(most(DOCUMENT) > 333_333);
}

#[test]
fn base64_where_the_model_reads_it_is_text() {
    let encoded = base64(PNG, 40_000);
    let message = |content: Value| json!({"messages": [{"role": "assistant", "content": content}]});
    let image = json!({"source": {"data": encoded}, "image_url": encoded, "bytes": encoded});
    for body in [
        message(json!(encoded)),
        message(json!([{"type": "text", "text": encoded}])),
        message(json!([{"type": "tool_use", "name": "a", "input": image}])),
        json!({"contents": [{"parts": [{"functionCall": {"args": image}}]}]}),
        // A name with an escape is not recognized, and text with one is no base64.
        message(json!([{"source": {"data": format!("{encoded}\n")}}])),
    ] {
        let found = features(&body);
        assert!(found[PROSE] + found[DATA] > 10_000.0, "{:?}", present(&body));
        assert!(found[IMAGES] == 0.0);
    }
}

#[test]
fn a_document_in_plain_text_is_text() {
    let source = json!({"type": "text", "media_type": "text/plain", "data": TEXT.repeat(3)});
    let body = json!({"messages": [{"content": [{"type": "document", "source": source}]}]});
    assert_eq!(present(&body), [ITEMS, PROSE]);
}

#[test]
fn what_is_only_named_is_counted() {
    let message = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for body in [
        message(json!({"type": "image_url", "image_url": {"url": "https://a.test/b.png"}})),
        message(json!({"type": "input_image", "image_url": "https://a.test/b.png"})),
        message(json!({"type": "document", "source": {"type": "file", "file_id": "file_1"}})),
        message(json!({"fileData": {"fileUri": "https://a.test/files/1"}})),
    ] {
        assert_eq!(present(&body), [ITEMS, REFERENCES], "{body}");
    }
    assert_eq!(present(&json!({"previous_response_id": "resp_1"})), [REFERENCES]);
    assert_eq!(present(&json!({"cachedContent": "cachedContents/1"})), [REFERENCES]);
    assert!(present(&json!({"previous_response_id": null})).is_empty());
    // A citation names what is already there.
    let cited =
        message(json!({"type": "text", "text": "a", "citations": [{"url": "https://a.test"}]}));
    assert_eq!(present(&cited), [ITEMS, PROSE]);
}

#[test]
fn thoughts_that_are_sealed_are_no_text() {
    let thought = json!({"type": "thinking", "thinking": "", "signature": base64("Eq", 4000)});
    let body = json!({"messages": [{"role": "assistant", "content": [thought]}]});
    assert_eq!(present(&body), [ITEMS, OPAQUE]);
}

#[test]
fn arguments_and_results_are_data() {
    let call =
        json!({"functionCall": {"name": "f", "args": {"city": "Oslo", "days": [1, 2.5, true]}}});
    let body = json!({"contents": [{"role": "model", "parts": [call]}]});
    let found = features(&body);
    assert!((8.0..25.0).contains(&found[DATA]), "{}", found[DATA]);
    assert!(found[PROSE] <= 1.0, "only the name");
}

#[test]
fn tools_that_are_billed_by_the_call_are_told_apart() {
    let tools = |list: Value| Measured::of(&serde_json::to_vec(&json!({ "tools": list })).unwrap());
    let none = Tools::default();
    for (list, expected) in [
        (json!([{"type": "web_search"}, {"type": "x_search"}]), Tools { searches: 2, ..none }),
        (
            json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]),
            Tools { searches: 1, ..none },
        ),
        (
            json!([{"google_search": {}}, {"codeExecution": {}}]),
            Tools { searches: 1, code: 1, ..none },
        ),
        (
            json!([{"type": "file_search", "vector_store_ids": ["v"]}]),
            Tools { file_searches: 1, ..none },
        ),
        (
            json!([{"type": "code_interpreter", "container": {"type": "auto"}}, {"type": "image_generation"}]),
            Tools { code: 1, images: 1, ..none },
        ),
        // The caller's own, whatever their names, and those that cost nothing but tokens.
        (json!([{"name": "web_search", "input_schema": {"type": "object"}}]), none),
        (json!([{"type": "bash_20250124", "name": "bash"}]), none),
    ] {
        assert_eq!(tools(list.clone()).tools(), expected, "{list}");
    }
}

#[test]
fn an_input_that_is_kept_longer_is_seen() {
    for (control, kept) in [
        (r#"{"type":"ephemeral"}"#, false),
        (r#"{"type":"ephemeral","ttl":"5m"}"#, false),
        (r#"{"type":"ephemeral","ttl":"1h"}"#, true),
        (r#"{"type":"ephemeral","ttl":"\u0031h"}"#, true),
    ] {
        let body = format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"text","text":"x\n","cache_control":{control}}}]}}]}}"#
        );
        assert_eq!(Measured::of(body.as_bytes()).keeps_an_hour(), kept, "{body}");
    }
}

/// The ids of tokens take as few as two bytes each.
#[test]
fn token_ids_are_one_token_each() {
    let ids: Vec<u32> = (0..3000).map(|id| id % 10).collect();
    let body = serde_json::to_vec(&json!({"model": "m", "input": [ids]})).unwrap();
    assert!(Measured::of(&body).most() >= 3000);
}

#[test]
fn what_is_no_json_is_text() {
    let body = format!("--boundary\r\n\"{TEXT}\" \\ {TEXT}");
    let found = Measured::of(body.as_bytes()).features();
    assert!((26.0..40.0).contains(&found[PROSE]), "{}", found[PROSE]);
}

proptest! {
    #[test]
    fn no_bytes_stop_the_pass(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let request = Measured::of(&bytes);
        prop_assert!(request.most() >= 512 + bytes.len() as u64 / 3);
        prop_assert!(request.features().iter().all(|feature| feature.is_finite()));
    }

    #[test]
    fn no_piece_of_json_stops_the_pass(pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u12", "\"data\":", "\"input\":", "\"tools\":",
        "\"source\":", "\"url\":", "\"data:image/png;base64,", "iVBORw0KGgo", "QmFzZTY0QmFzZTY0QmFzZTY0",
        "\"signature\":", "\"text\":", "1e9", "null", "é", " ",
    ]), 0..60)) {
        let body = format!("{{{}", pieces.concat());
        let request = Measured::of(body.as_bytes());
        prop_assert!(request.features().iter().all(|feature| *feature >= 0.0));
    }

    #[test]
    fn more_text_is_never_less(text in ".{0,80}", more in ".{0,40}") {
        for (less, more) in said(&text).iter().zip(said(&format!("{text}{more}"))) {
            let (less, more) = (serde_json::to_vec(less).unwrap(), serde_json::to_vec(&more).unwrap());
            let (less, more) = (Measured::of(&less), Measured::of(&more));
            prop_assert!(less.most() <= more.most());
            for (less, more) in less.features().iter().zip(more.features()) {
                prop_assert!(*less <= more);
            }
        }
    }
}
