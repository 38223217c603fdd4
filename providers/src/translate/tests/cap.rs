//! A lower output limit than the caller's.

use serde_json::{Value, json};

use super::*;

/// What a provider of this schema gets of a request, as JSON, where the output is capped.
fn capped(surface: Schema, body: &Value, target: Schema, model: &str, cap: Option<u64>) -> Value {
    let body = Bytes::from(body.to_string());
    let capabilities = Catalog::bundled().capabilities(target, model);
    let spoken = [(target, Target { model, capabilities: &capabilities })];
    let path = (surface == Schema::Gemini).then_some("m");
    let mut inbound = Inbound::of(TURN, surface, &body, path).unwrap();
    inbound.encode(&spoken, &EASY, &seal()).unwrap();
    inbound.cap_output(cap);
    let (_, encoded) = inbound.encode(&spoken, &EASY, &seal()).unwrap();
    serde_json::from_slice(&encoded.body).unwrap()
}

fn model(schema: Schema) -> &'static str {
    match schema {
        Schema::Chat | Schema::Responses => "gpt-5.4",
        Schema::Claude => "claude-sonnet-4-5",
        Schema::Gemini => "gemini-2.5-flash",
    }
}

/// A request with this output limit, or none.
fn asking(surface: Schema, limit: Option<u64>) -> Value {
    let said = json!([{"role": "user", "content": "Hi"}]);
    let mut body = match surface {
        Schema::Chat | Schema::Claude => json!({"model": "m", "messages": said}),
        Schema::Responses => json!({"model": "m", "input": "Hi"}),
        Schema::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
    };
    if let Some(limit) = limit {
        match surface {
            Schema::Chat => body["max_completion_tokens"] = json!(limit),
            Schema::Responses => body["max_output_tokens"] = json!(limit),
            Schema::Claude => body["max_tokens"] = json!(limit),
            Schema::Gemini => body["generationConfig"] = json!({"maxOutputTokens": limit}),
        }
    }
    body
}

/// The limit that a provider of this schema sees.
fn limit(target: Schema, body: &Value) -> Option<u64> {
    let limit = match target {
        Schema::Chat => &body["max_completion_tokens"],
        Schema::Responses => &body["max_output_tokens"],
        Schema::Claude => &body["max_tokens"],
        Schema::Gemini => &body["generationConfig"]["maxOutputTokens"],
    };
    limit.as_u64()
}

#[test]
fn every_provider_of_every_schema_is_asked_for_no_more_than_the_cap() {
    for surface in Schema::ALL {
        for target in Schema::ALL {
            let sent = |own, cap| {
                let body = asking(surface, own);
                limit(target, &capped(surface, &body, target, model(target), cap))
            };
            assert_eq!(sent(Some(500), Some(100)), Some(100), "{surface} {target}");
            assert_eq!(sent(Some(100), Some(500)), Some(100), "{surface} {target}");
            assert_eq!(sent(Some(500), None), Some(500), "{surface} {target}");
            if surface != Schema::Claude {
                assert_eq!(sent(None, Some(100)), Some(100), "{surface} {target}");
                // More than the model gives is no limit, and would be refused.
                assert_eq!(sent(None, Some(1 << 30)), sent(None, None), "{surface} {target}");
            }
        }
    }
}

/// Only Claude has a meaning for it; hosts of other schemas may read it as no limit at all.
#[test]
fn a_limit_of_nothing_goes_to_claude_alone() {
    for surface in Schema::ALL {
        for target in Schema::ALL {
            let body = Bytes::from(asking(surface, Some(0)).to_string());
            let capabilities = Catalog::bundled().capabilities(target, model(target));
            let spoken = [(target, Target { model: model(target), capabilities: &capabilities })];
            let path = (surface == Schema::Gemini).then_some("m");
            let encoded = Inbound::of(TURN, surface, &body, path)
                .map_err(|refusal| refusal.message)
                .and_then(|mut inbound| {
                    inbound.cap_output(Some(100));
                    let encoded = inbound.encode(&spoken, &EASY, &seal());
                    encoded.map(|_| ()).map_err(|error| error.message)
                });
            let both = (surface, target) == (Schema::Claude, Schema::Claude);
            assert_eq!(encoded.is_ok(), both, "{surface} {target}: {encoded:?}");
        }
    }
}

#[test]
fn hosts_that_know_the_old_limit_only_get_that_one() {
    for surface in Schema::ALL {
        let own = (surface == Schema::Claude).then_some(500);
        let sent = capped(surface, &asking(surface, own), Schema::Chat, "llama-4", Some(100));
        assert_eq!(sent["max_tokens"], 100, "{surface}");
        assert!(sent.get("max_completion_tokens").is_none(), "{surface}");
    }
}

#[test]
fn a_budget_for_thinking_stays_below_the_cap() {
    let mut claude = asking(Schema::Claude, Some(32_000));
    claude["thinking"] = json!({"type": "enabled", "budget_tokens": 31_999});
    let mut gemini = asking(Schema::Gemini, Some(32_000));
    gemini["generationConfig"]["thinkingConfig"] = json!({"thinkingBudget": 20_000});
    for (surface, body) in [(Schema::Claude, claude), (Schema::Gemini, gemini)] {
        for (cap, budget) in [(8000, 4000), (1025, 1024)] {
            let model = "claude-sonnet-4-5";
            let sent = capped(surface, &body, Schema::Claude, model, Some(cap));
            assert_eq!(sent["max_tokens"], cap, "{surface}");
            assert_eq!(sent["thinking"]["budget_tokens"], budget, "{surface}");
        }
    }
}

#[test]
fn the_least_that_a_provider_takes_is_known() {
    let least = |surface, body: &Value, target| {
        let body = Bytes::from(body.to_string());
        let capabilities = Catalog::bundled().capabilities(target, model(target));
        let spoken = [(target, Target { model: model(target), capabilities: &capabilities })];
        let path = (surface == Schema::Gemini).then_some("m");
        let mut inbound = Inbound::of(TURN, surface, &body, path).unwrap();
        inbound.encode(&spoken, &EASY, &seal()).unwrap();
        let least = inbound.least_output(target);
        inbound.cap_output(Some(least));
        assert!(inbound.encode(&spoken, &EASY, &seal()).is_ok(), "{surface} {target}");
        least
    };
    for surface in Schema::ALL {
        for target in Schema::ALL {
            let expected = if target == Schema::Responses { 16 } else { 1 };
            assert_eq!(least(surface, &asking(surface, Some(500)), target), expected);
        }
    }
    let mut claude = asking(Schema::Claude, Some(32_000));
    claude["thinking"] = json!({"type": "enabled", "budget_tokens": 2000});
    assert_eq!(least(Schema::Claude, &claude, Schema::Claude), 1025);
    let mut gemini = asking(Schema::Gemini, Some(32_000));
    gemini["generationConfig"]["thinkingConfig"] = json!({"thinkingBudget": 20_000});
    assert_eq!(least(Schema::Gemini, &gemini, Schema::Claude), 1025);
    assert_eq!(least(Schema::Gemini, &gemini, Schema::Gemini), 1);
}

#[test]
fn what_has_no_output_is_not_capped() {
    let body = Bytes::from_static(br#"{"model":"m","input":"Hi"}"#);
    let operation = Operation::Embed { batch: false };
    let mut inbound = Inbound::of(operation, Schema::Chat, &body, None).unwrap();
    inbound.cap_output(Some(1));
    assert_eq!(inbound.least_output(Schema::Chat), 0);
    let capabilities = Catalog::bundled().capabilities(Schema::Chat, "m");
    let target = Target { model: "m", capabilities: &capabilities };
    let (_, encoded) = inbound.encode(&[(Schema::Chat, target)], &EASY, &seal()).unwrap();
    assert_eq!(encoded.body, body);
}
