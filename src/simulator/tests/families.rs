//! What a family of models takes: wire.md §0 and §6.

use serde_json::{Value, json};

use super::super::Provider;
use super::{Bench, bench, read};

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn said(model: &str) -> Value {
    json!({"model": model, "max_tokens": 3000, "messages": [{"role": "user", "content": "call f"}]})
}

/// Asks Claude and compares the status with what is taken.
async fn claude(bench: &Bench, model: &str, fields: Value, taken: bool) {
    let (status, body) = bench.ask("/v1/messages", with(said(model), fields.clone())).await;
    assert_eq!(status, if taken { 200 } else { 400 }, "{model} {fields} {body}");
}

const OLD: &str = "claude-haiku-4-5";
const SIX: &str = "claude-opus-4-6";
const SEVEN: &str = "claude-opus-4-7";
const EIGHT: &str = "claude-opus-4-8";
const OPUS: &str = "claude-opus-5";
const SONNET: &str = "claude-sonnet-5";
const SONNET_NEW: &str = "claude-sonnet-5-5";
const HAIKU_NEW: &str = "claude-haiku-5-5";
const OPUS_NEW: &str = "claude-opus-5-5";
const FABLE: &str = "claude-fable-5";
const FABLE_NEW: &str = "claude-fable-5-2";
const MYTHOS_NEW: &str = "claude-mythos-5-1";
const CLAUDES: &[&str] = &[
    OLD, SIX, SEVEN, EIGHT, OPUS, SONNET, SONNET_NEW, HAIKU_NEW, OPUS_NEW, FABLE, FABLE_NEW,
    MYTHOS_NEW,
];

#[tokio::test]
async fn claude_families_take_what_the_table_says() {
    let bench = bench(Provider::Claude).await;
    let tools = json!([{"name": "f", "input_schema": {"type": "object"}}]);
    let prefill = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]);
    let system = json!([{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]);
    let thinking = |kind: &str| json!({"thinking": {"type": kind}});
    let budget = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
    let xhigh = json!({"output_config": {"effort": "xhigh"}});
    let rules: &[(Value, &[&str])] = &[
        (json!({"temperature": 1}), &[OLD, SIX]),
        (budget, &[OLD, SIX]),
        (
            thinking("adaptive"),
            &[
                SIX, SEVEN, EIGHT, OPUS, SONNET, SONNET_NEW, HAIKU_NEW, OPUS_NEW, FABLE, FABLE_NEW,
                MYTHOS_NEW,
            ],
        ),
        (thinking("disabled"), &[OLD, SIX, SEVEN, EIGHT, OPUS, SONNET, HAIKU_NEW]),
        (thinking("between_tools"), &[SONNET_NEW]),
        (
            xhigh.clone(),
            &[
                SEVEN, EIGHT, OPUS, SONNET, SONNET_NEW, HAIKU_NEW, OPUS_NEW, FABLE, FABLE_NEW,
                MYTHOS_NEW,
            ],
        ),
        (with(thinking("disabled"), xhigh), &[SEVEN, EIGHT, SONNET]),
        (
            json!({"tools": tools, "tool_choice": {"type": "any"}}),
            &[OLD, SIX, SEVEN, EIGHT, OPUS, SONNET, HAIKU_NEW, FABLE],
        ),
        (json!({"messages": prefill}), &[OLD]),
        (
            json!({"messages": system}),
            &[EIGHT, OPUS, SONNET, SONNET_NEW, HAIKU_NEW, OPUS_NEW, FABLE, FABLE_NEW, MYTHOS_NEW],
        ),
    ];
    for (fields, takers) in rules {
        for model in CLAUDES {
            claude(&bench, model, fields.clone(), takers.contains(model)).await;
        }
    }
    let forced = json!({"tools": tools, "tool_choice": {"type": "tool", "name": "f"}});
    let adaptive = with(thinking("adaptive"), forced.clone());
    claude(&bench, SIX, adaptive, true).await;
    let budget = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
    claude(&bench, SIX, with(budget, forced), false).await;
}

#[tokio::test]
async fn newer_claudes_think_unasked_and_hide_it() {
    let bench = bench(Provider::Claude).await;
    let (_, body) = bench.ask("/v1/messages", said(OPUS)).await;
    let thought = &body["content"][0];
    assert_eq!((&thought["type"], &thought["thinking"]), (&json!("thinking"), &json!("")));
    assert!(thought["signature"].is_string());
    let shown = json!({"thinking": {"type": "adaptive", "display": "summarized"}});
    let (_, body) = bench.ask("/v1/messages", with(said(OPUS), shown)).await;
    assert_eq!(body["content"][0]["thinking"], "I think about: call f");
    let (_, body) = bench.ask("/v1/messages", said(EIGHT)).await;
    assert_eq!(body["content"][0]["type"], "text");
}

#[tokio::test]
async fn the_newer_version_takes_neither_sampling_nor_citations_of_users() {
    let bench = bench(Provider::Claude).await;
    let citation = json!([{"type": "char_location", "cited_text": "x"}]);
    let cited = |citations: Value| json!([{"role": "user", "content": [{"type": "text", "text": "x", "citations": citations}]}]);
    for (fields, status) in [
        (json!({}), 200),
        (json!({"temperature": 1.0}), 400),
        (json!({"top_p": 1.0}), 400),
        (json!({"top_k": 0}), 400),
        (json!({"messages": cited(json!([]))}), 200),
        (json!({"messages": cited(citation)}), 400),
    ] {
        let url = format!("{}/v1/messages", bench.simulator.base_url());
        let request = bench
            .client
            .post(url)
            .header("authorization", "Bearer secret-1")
            .header("anthropic-version", "2026-10-21")
            .header("content-type", "application/json")
            .body(with(said(OLD), fields.clone()).to_string());
        assert_eq!(read(request).await.0, status, "{fields}");
    }
}

#[tokio::test]
async fn gpts_take_tools_in_chat_only_if_they_do_not_think() {
    let bench = bench(Provider::OpenAi).await;
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    for (model, effort, status) in [
        ("gpt-4o-mini", None, 200),
        ("gpt-4o-mini", Some("low"), 400),
        ("gpt-5", None, 200),
        ("gpt-5", Some("none"), 400),
        ("gpt-5.2", Some("xhigh"), 200),
        ("gpt-5.4", None, 200),
        ("gpt-5.4", Some("none"), 200),
        ("gpt-5.4", Some("low"), 400),
        ("gpt-5.6-sol", None, 400),
        ("gpt-5.6-sol", Some("none"), 200),
        ("gpt-6-astra", Some("high"), 400),
        ("o3", Some("high"), 200),
    ] {
        let body = json!({"model": model, "tools": tools, "messages": [{"role": "user", "content": "x"}],
                          "reasoning_effort": effort});
        let (got, body) = bench.ask("/v1/chat/completions", body).await;
        assert_eq!(got, status, "{model} {effort:?} {body}");
    }
    // Responses takes both.
    let tools = json!([{"type": "function", "name": "f"}]);
    let body = json!({"model": "gpt-5.6-sol", "tools": tools, "input": "call f", "reasoning": {"effort": "max"}});
    let (status, body) = bench.ask("/v1/responses", body).await;
    assert_eq!((status, &body["output"][1]["type"]), (200, &json!("function_call")), "{body}");
}

#[tokio::test]
async fn gemini_families_take_what_the_table_says() {
    let bench = bench(Provider::Gemini).await;
    let budget = |budget: i64| json!({"thinkingConfig": {"thinkingBudget": budget}});
    let level = |level: &str| json!({"thinkingConfig": {"thinkingLevel": level}});
    for (model, config, status) in [
        ("gemini-2.5-flash", budget(0), 200),
        ("gemini-2.5-pro", budget(0), 400),
        ("gemini-2.5-pro", budget(-1), 200),
        ("gemini-2.5-flash", level("LOW"), 400),
        ("gemini-2.5-flash-image", budget(128), 400),
        ("gemini-3-flash-preview", level("MINIMAL"), 200),
        ("gemini-3-pro-preview", level("minimal"), 400),
        ("gemini-3.1-pro-preview", level("MINIMAL"), 400),
        ("gemini-3.8-flash", level("MINIMAL"), 400),
        ("gemini-4-argon", level("MINIMAL"), 400),
        ("gemini-4-argon", level("HIGH"), 200),
        ("gemini-2.5-flash", json!({"presencePenalty": 0.5}), 200),
        ("gemini-3.1-pro-preview", json!({"presencePenalty": 0.5}), 400),
        ("gemini-3.1-pro-preview", json!({"presencePenalty": 0}), 200),
    ] {
        let body = json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": config});
        let (got, body) = bench.ask(&format!("/v1/models/{model}:generateContent"), body).await;
        assert_eq!(got, status, "{model} {config} {body}");
    }
}

#[tokio::test]
async fn a_signature_is_good_only_with_its_maker() {
    let claude = bench(Provider::Claude).await;
    let gemini = bench(Provider::Gemini).await;
    let ask = json!({"contents": [{"role": "user", "parts": [{"text": "call f"}]}],
                     "tools": [{"functionDeclarations": [{"name": "f"}]}]});
    let path = "/v1beta/models/gemini-3.5-flash:generateContent";
    let (_, body) = gemini.ask(path, &ask).await;
    let call = body["candidates"][0]["content"]["parts"][0].clone();
    assert!(call["functionCall"]["id"].is_string(), "{body}");
    let back = |signature: Value| {
        let mut call = call.clone();
        call["thoughtSignature"] = signature;
        let result = json!({"functionResponse": {"name": "f", "response": {}, "id": call["functionCall"]["id"]}});
        let turns =
            [json!({"role": "model", "parts": [call]}), json!({"role": "user", "parts": [result]})];
        with(ask.clone(), json!({"contents": [ask["contents"][0], turns[0], turns[1]]}))
    };
    let (_, body) = claude.ask("/v1/messages", said(OPUS)).await;
    let claudes = body["content"][0]["signature"].clone();
    let sentinel = json!("c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=");
    for (signature, status) in [
        (call["thoughtSignature"].clone(), 200),
        (sentinel, 200),
        (Value::Null, 400),
        (claudes.clone(), 400),
        (json!("bm90IG91cnM="), 400),
    ] {
        let (got, body) = gemini.ask(path, back(signature.clone())).await;
        assert_eq!(got, status, "{signature} {body}");
    }
    for (signature, status) in [(claudes, 200), (call["thoughtSignature"].clone(), 400)] {
        let thought = json!({"type": "thinking", "thinking": "", "signature": signature});
        let said = json!({"type": "text", "text": "x"});
        let messages = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": [thought, said]},
                              {"role": "user", "content": "x"}]);
        let body = with(self::said(OPUS), json!({"messages": messages}));
        assert_eq!(claude.ask("/v1/messages", body).await.0, status);
    }
}

#[tokio::test]
async fn newest_claudes_take_a_thought_back_only_after_the_same() {
    let bench = bench(Provider::Claude).await;
    let ask = json!({"role": "user", "content": "hello"});
    let first =
        json!({"model": OPUS_NEW, "max_tokens": 99, "system": "Be kind.", "messages": [ask]});
    let (_, body) = bench.ask("/v1/messages", &first).await;
    let turn = json!({"role": "assistant", "content": body["content"]});
    let next = json!({"role": "user", "content": "and?"});
    let second = with(first, json!({"messages": [ask, turn, next]}));
    let block = json!([{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]);
    let cached = json!([{"role": "user", "content": block}, turn, next]);
    let changed = json!([{"role": "user", "content": "hullo"}, turn, next]);
    let tools = json!([{"name": "f", "input_schema": {"type": "object"}}]);
    for (fields, status) in [
        (json!({}), 200),
        (json!({"messages": cached}), 200),
        (json!({"messages": changed}), 400),
        (json!({"system": "Be brief."}), 400),
        (json!({"tools": tools}), 400),
        (json!({"model": FABLE_NEW}), 400),
        // Older ones look at the thought alone.
        (json!({"model": OPUS, "system": "Be brief."}), 200),
    ] {
        let (got, body) = bench.ask("/v1/messages", with(second.clone(), fields.clone())).await;
        assert_eq!(got, status, "{fields} {body}");
    }
}
