#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::json::scan::tests::odd_json;
use crate::json::splice;
use Schema::{Chat, Claude, Gemini, Responses};

fn capped(schema: Schema, body: &str, tokens: u64, legacy: bool) -> String {
    let peek = Peek::of(schema, body.as_bytes()).unwrap();
    let out = splice(&Bytes::copy_from_slice(body.as_bytes()), peek.cap_output(tokens, legacy));
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn limits_that_are_above_are_lowered_in_place() {
    for (schema, before, after) in [
        (Chat, r#""max_tokens" : 500"#, r#""max_tokens" : 100"#),
        (Chat, r#""max_completion_tokens":500"#, r#""max_completion_tokens":100"#),
        (
            Chat,
            r#""max_completion_tokens":500,"max_tokens":50"#,
            r#""max_completion_tokens":100,"max_tokens":50"#,
        ),
        (
            Chat,
            r#""max_completion_tokens":500,"max_tokens":101"#,
            r#""max_completion_tokens":100,"max_tokens":100"#,
        ),
        (
            Chat,
            r#""max_tokens":null,"max_completion_tokens":500"#,
            r#""max_tokens":null,"max_completion_tokens":100"#,
        ),
        (Chat, r#""max_tokens":100"#, r#""max_tokens":100"#),
        (Responses, r#""max_output_tokens":500"#, r#""max_output_tokens":100"#),
        (Claude, r#""max_tokens":500"#, r#""max_tokens":100"#),
        (Claude, r#""max_tokens":0"#, r#""max_tokens":0"#),
        (
            Gemini,
            r#""generationConfig":{"topK":1,"maxOutputTokens":500}"#,
            r#""generationConfig":{"topK":1,"maxOutputTokens":100}"#,
        ),
        (
            Gemini,
            r#""generation_config":{"max_output_tokens":500}"#,
            r#""generation_config":{"max_output_tokens":100}"#,
        ),
    ] {
        for legacy in [false, true] {
            let body = format!(r#"{{"model":"m",{before},"z":1E2}}"#);
            let out = capped(schema, &body, 100, legacy);
            assert_eq!(out, format!(r#"{{"model":"m",{after},"z":1E2}}"#));
        }
    }
}

#[test]
fn where_there_is_none_one_is_put() {
    for (schema, legacy, before, after) in [
        (Chat, false, r#"{"model":"m"}"#, r#"{"max_completion_tokens":9,"model":"m"}"#),
        (Chat, true, r#" { "model":"m"}"#, r#" {"max_tokens":9, "model":"m"}"#),
        (
            Chat,
            false,
            r#"{"model":"m","max_completion_tokens":null}"#,
            r#"{"model":"m","max_completion_tokens":9}"#,
        ),
        (
            Chat,
            false,
            r#"{"model":"m","max_tokens":null}"#,
            r#"{"max_completion_tokens":9,"model":"m","max_tokens":null}"#,
        ),
        (Chat, true, r#"{"model":"m","max_tokens":null}"#, r#"{"model":"m","max_tokens":9}"#),
        (Responses, true, r#"{"model":"m"}"#, r#"{"max_output_tokens":9,"model":"m"}"#),
        (Claude, false, r#"{"model":"m"}"#, r#"{"max_tokens":9,"model":"m"}"#),
        (Gemini, false, "{}", r#"{"generationConfig":{"maxOutputTokens":9}}"#),
        (Gemini, false, r#"{"a":1}"#, r#"{"generationConfig":{"maxOutputTokens":9},"a":1}"#),
        (
            Gemini,
            false,
            r#"{"generationConfig":null}"#,
            r#"{"generationConfig":{"maxOutputTokens":9}}"#,
        ),
        (
            Gemini,
            false,
            r#"{"generation_config":{ }}"#,
            r#"{"generation_config":{"maxOutputTokens":9 }}"#,
        ),
        (
            Gemini,
            false,
            r#"{"generationConfig":{"topK":1}}"#,
            r#"{"generationConfig":{"maxOutputTokens":9,"topK":1}}"#,
        ),
    ] {
        assert_eq!(capped(schema, before, 9, legacy), after);
    }
}

#[test]
fn what_claude_may_think_stays_below_the_limit() {
    let body = |limit: u64, budget: u64| {
        let thinking = format!(r#"{{"type":"enabled","budget_tokens":{budget}}}"#);
        format!(r#"{{"model":"m","max_tokens":{limit},"thinking":{thinking}}}"#)
    };
    for (limit, budget, cap, left) in [
        (32_000, 31_999, 8000, 4000),
        (32_000, 31_999, 1025, 1024),
        (32_000, 4000, 8000, 4000),
        (32_000, 8000, 8000, 4000),
        // What is thought between tool calls may be more than the limit, and is not part of it.
        (2000, 2000, 1500, 2000),
    ] {
        assert_eq!(capped(Claude, &body(limit, budget), cap, false), body(cap, left));
    }
    for thinking in ["null", "7", r#""on""#, r#"{"type":"adaptive"}"#, r#"{"budget_tokens":null}"#]
    {
        let body = format!(r#"{{"model":"m","max_tokens":9,"thinking":{thinking}}}"#);
        let peek = Peek::of(Claude, body.as_bytes()).unwrap();
        assert!(!peek.has_thinking_budget(), "{thinking}");
        assert_eq!(capped(Claude, &body, 5, false), body.replace('9', "5"));
    }
}

proptest! {
    /// Whatever else a body holds, nothing but the limit changes, and it is never raised.
    #[test]
    fn nothing_but_the_limit_changes(
        values in prop::collection::vec(odd_json(), 0..6),
        place in any::<prop::sample::Index>(),
        which in 0_usize..7,
        own in prop::option::of(1_u32..200_000),
        cap in 1_u64..200_000,
    ) {
        let (schema, name) = [
            (Chat, "max_tokens"),
            (Chat, "max_completion_tokens"),
            (Responses, "max_output_tokens"),
            (Claude, "max_tokens"),
            (Gemini, "maxOutputTokens"),
            (Gemini, "max_output_tokens"),
            (Gemini, ""),
        ][which];
        let mut members: Vec<String> =
            values.iter().enumerate().map(|(n, value)| format!(" \"k{n}\" :{value}")).collect();
        members.push(r#""model":"m""#.to_owned());
        let limit = |tokens: Option<u64>| tokens.map(|n| format!("\"{name}\" : {n}"));
        let body = |tokens: Option<u64>| {
            let mut members = members.clone();
            let member = match limit(tokens).filter(|_| !name.is_empty()) {
                Some(limit) if schema == Gemini => Some(format!("\"generationConfig\":{{ {limit} }}")),
                limit => limit,
            };
            if let Some(member) = member {
                members.insert(place.index(members.len() + 1), member);
            }
            format!("{{{}}}\n", members.join(","))
        };
        let own = own.filter(|_| !name.is_empty()).map(u64::from);
        let before = body(own);
        let out = capped(schema, &before, cap, name == "max_tokens");
        match own {
            Some(own) => prop_assert_eq!(out, body(Some(own.min(cap)))),
            None => {
                let name = match schema {
                    Gemini => "maxOutputTokens",
                    _ => name,
                };
                let mut with = format!("\"{name}\":{cap}");
                if schema == Gemini {
                    with = format!("\"generationConfig\":{{{with}}}");
                }
                prop_assert_eq!(Peek::of(schema, out.as_bytes()).unwrap().output_limit().map(u64::from), Some(cap));
                prop_assert_eq!(out.replacen(&(with + ","), "", 1), before);
            }
        }
    }
}
