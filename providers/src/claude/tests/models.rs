//! What each model takes (`wire.md` §6), and what becomes of the rest.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::requests_out::{asked, base64, call, message, raw, result};
use super::{able, decode, encode};
use crate::Schema;
use crate::catalog::{Capabilities, Catalog, Input, Thinking as Kind};
use crate::conversation::{
    CacheBreakpoint, Effort, Loss, OutputFormat, Part, Request, Role, Text, ThinkingMode, Tool,
    ToolChoice,
};

/// The body, what was lost, what was said in another way.
fn told(request: &Request<'_>, model: &Capabilities) -> (Value, Vec<Loss>, Vec<Loss>) {
    let encoded = encode(request, model).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.losses, encoded.emulated)
}

/// The field that a request is refused for.
fn refused(request: &Request<'_>, model: &Capabilities) -> Option<Cow<'static, str>> {
    encode(request, model).unwrap_err().field
}

fn model(name: &str) -> Capabilities {
    Catalog::bundled().capabilities(Schema::Claude, name)
}

fn tool(strict: Option<bool>) -> Tool<'static> {
    Tool::Function { name: "f".into(), description: None, parameters: None, strict, cache: None }
}

fn loss(field: &'static str) -> Vec<Loss> {
    vec![Loss::of(field)]
}

#[test]
fn thinking_is_switched_off_as_the_model_can() {
    let cases = [
        ("claude-sonnet-4-5", Value::Null, Value::Null, "", ""),
        ("claude-opus-4-6", json!("disabled"), Value::Null, "", ""),
        ("claude-opus-5", json!("disabled"), Value::Null, "", ""),
        ("claude-haiku-5-5", json!("disabled"), Value::Null, "", ""),
        ("claude-sonnet-5-5", json!("between_tools"), Value::Null, "", "reasoning_effort"),
        ("claude-fable-5", Value::Null, json!("low"), "reasoning_effort", ""),
        ("claude-opus-5-5", Value::Null, json!("low"), "reasoning_effort", ""),
    ];
    for (name, kind, effort, lost, emulated) in cases {
        let request = asked(|r| r.reasoning.effort = Some(Effort::None));
        let (body, losses, said) = told(&request, &model(name));
        assert_eq!(
            (&body["thinking"]["type"], &body["output_config"]["effort"]),
            (&kind, &effort),
            "{name}"
        );
        let names = |list: Vec<Loss>| list.iter().map(|l| l.field.to_string()).collect::<String>();
        assert_eq!((names(losses), names(said)), (lost.to_owned(), emulated.to_owned()), "{name}");
    }
}

#[test]
fn effort_beside_no_thinking_is_what_the_model_takes() {
    let body = |effort: &str| {
        format!(
            r#"{{"model":"m","max_tokens":10,"messages":[{{"role":"user","content":"hi"}}],
            "thinking":{{"type":"disabled"}},"output_config":{{"effort":"{effort}"}}}}"#
        )
    };
    for (effort, sent, losses) in [("low", "low", 0), ("high", "high", 0), ("max", "high", 1)] {
        let text = body(effort);
        let (body, lost, _) = told(&decode(&text).unwrap(), &model("claude-opus-5"));
        assert_eq!((&body["output_config"]["effort"], lost.len()), (&json!(sent), losses));
        assert_eq!(body["thinking"], json!({"type": "disabled"}));
    }
}

#[test]
fn a_budget_is_said_where_the_model_takes_one_and_is_an_effort_elsewhere() {
    let request = asked(|r| r.reasoning.mode = Some(ThinkingMode::Budget(5000)));
    let budget = json!({"type": "enabled", "budget_tokens": 5000});
    let cases = [
        ("claude-sonnet-4-5", budget.clone(), Value::Null, 0),
        ("claude-opus-4-6", budget, Value::Null, 0),
        ("claude-opus-5", json!({"type": "adaptive"}), json!({"effort": "medium"}), 1),
    ];
    for (name, thinking, config, losses) in cases {
        let (body, lost, _) = told(&request, &model(name));
        assert_eq!((&body["thinking"], &body["output_config"]), (&thinking, &config), "{name}");
        assert_eq!(lost.len(), losses, "{name}");
    }
}

#[test]
fn thoughts_are_shown_where_the_model_thinks_anyway() {
    let request = asked(|r| r.reasoning.show = Some(true));
    let (body, losses, _) = told(&request, &model("claude-opus-5"));
    assert_eq!(body["thinking"], json!({"type": "adaptive", "display": "summarized"}));
    assert!(losses.is_empty());
    let (body, losses, _) = told(&request, &model("claude-opus-4-6"));
    assert_eq!((&body["thinking"], losses), (&Value::Null, loss("reasoning_effort")));
}

#[test]
fn tools_are_forced_as_the_model_lets_them() {
    use Effort::High;
    let forced = |effort: Option<Effort>, mode: Option<ThinkingMode>| {
        asked(|r| {
            r.tools = vec![tool(None)];
            r.tool_choice = Some(ToolChoice::Required);
            r.reasoning.effort = effort;
            r.reasoning.mode = mode;
        })
    };
    let budget = Some(ThinkingMode::Budget(5000));
    let cases = [
        ("claude-sonnet-4-5", forced(None, None), true),
        ("claude-sonnet-4-5", forced(Some(High), None), false),
        ("claude-opus-4-6", forced(Some(High), None), true),
        ("claude-opus-4-6", forced(None, budget), false),
        ("claude-opus-5", forced(Some(High), None), true),
        ("claude-fable-5-1", forced(None, None), false),
        ("claude-sonnet-5-5", forced(None, None), false),
    ];
    for (name, request, taken) in cases {
        match encode(&request, &model(name)) {
            Ok(_) => assert!(taken, "{name}"),
            Err(refusal) => {
                assert!(
                    !taken && refusal.field.as_deref() == Some("tool_choice"),
                    "{name}: {refusal}"
                );
            }
        }
    }
}

#[test]
fn instructions_in_the_middle_stand_where_the_model_follows_them() {
    let request = |after_result: bool| {
        asked(|r| {
            if after_result {
                r.messages.push(message(Role::Assistant, vec![call("c", "{}")]));
                r.messages.push(message(Role::User, vec![result("c", vec![Part::text("1")])]));
            }
            r.messages.push(message(Role::System, vec![Part::text("s")]));
        })
    };
    let cases = [
        ("claude-opus-4-6", false, false),
        ("claude-opus-5", false, true),
        ("claude-opus-5", true, true),
        // Ignores them.
        ("claude-sonnet-5", false, false),
        // Follow a wrapped block better.
        ("claude-sonnet-5-5", false, false),
        ("claude-haiku-5-5", true, false),
    ];
    for (name, after_result, kept) in cases {
        let (body, losses, emulated) = told(&request(after_result), &model(name));
        let last = body["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(last["role"] == "system", kept, "{name}: {body}");
        let folded = last["content"].to_string().contains("<system>\\ns\\n</system>");
        assert_eq!(folded, !kept, "{name}: {body}");
        assert!(losses.is_empty() && emulated.is_empty() == kept, "{name}");
    }
    let blurs = Capabilities { system_turns_blur: true, ..able(Kind::Effort) };
    for after_result in [false, true] {
        let (body, ..) = told(&request(after_result), &blurs);
        let last = body["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(last["role"] == "system", !after_result);
    }
    // Anthropic's own callers are taken at their word.
    let own = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"system","content":"s"}]}"#;
    let (body, ..) = told(&decode(own).unwrap(), &model("claude-sonnet-5-5"));
    assert_eq!(body["messages"][1]["role"], "system");
}

#[test]
fn answers_are_held_to_a_schema_by_models_that_can() {
    let request = |strict: Option<bool>| {
        asked(|r| {
            r.output = OutputFormat::JsonSchema {
                name: None,
                description: None,
                schema: Cow::Borrowed(raw(r#"{"type":"object"}"#)),
                strict,
            };
        })
    };
    let old = model("claude-3-7-sonnet-latest");
    assert_eq!(refused(&request(Some(true)), &old).as_deref(), Some("response_format"));
    let (body, losses, emulated) = told(&request(None), &old);
    assert_eq!((losses, emulated), (vec![], loss("response_format")));
    assert!(body["system"][0]["text"].as_str().unwrap().ends_with(r#"{"type":"object"}"#));
    assert_eq!(body["output_config"], Value::Null);
    let (body, losses, _) = told(&asked(|r| r.tools = vec![tool(Some(true))]), &old);
    assert_eq!(
        (&body["tools"][0]["strict"], losses),
        (&Value::Null, loss("tools.function.strict"))
    );
}

#[test]
fn what_a_model_can_not_read_or_use_is_refused() {
    let deaf = Capabilities { inputs: vec![], tools: false, ..able(Kind::Effort) };
    let said = |part: Part<'static>| asked(|r| r.messages[0].parts.push(part));
    let cases = [
        (said(Part::Image(base64("image/png"))), "messages.image_url"),
        (said(Part::Document(base64("application/pdf"))), "messages.file"),
        (asked(|r| r.tools = vec![tool(None)]), "tools"),
    ];
    for (request, field) in cases {
        assert_eq!(refused(&request, &deaf).as_deref(), Some(field));
        assert!(encode(&request, &able(Kind::Effort)).is_ok(), "{field}");
    }
    // Text is text, however it is sent.
    assert!(encode(&said(Part::Document(base64("text/plain"))), &deaf).is_ok());
    let sees = Capabilities { inputs: vec![Input::Image], ..deaf };
    assert!(encode(&said(Part::Image(base64("image/png"))), &sees).is_ok());
}

#[test]
fn a_limit_is_filled_in_as_the_catalogue_says() {
    for (name, limit) in [
        ("claude-opus-5", 128_000),
        ("claude-sonnet-4-5", 64_000),
        ("claude-opus-4-1", 8_192),
        ("claude-3-haiku-20240307", 4_096),
    ] {
        let (body, ..) = told(&asked(|_| {}), &model(name));
        assert_eq!(body["max_tokens"], limit, "{name}");
    }
}

#[test]
fn a_budget_that_was_asked_for_has_room_under_a_limit_that_was_not() {
    let mut request = asked(|r| r.reasoning.mode = Some(ThinkingMode::Budget(10_000)));
    let (body, losses, _) = told(&request, &model("claude-opus-4-1"));
    assert_eq!((&body["max_tokens"], losses), (&json!(32_000), vec![]));
    request.max_tokens = Some(10_000);
    assert_eq!(refused(&request, &model("claude-opus-4-1")).as_deref(), Some("reasoning_effort"));
}

#[test]
fn four_breakpoints_are_taken_the_last_ones() {
    let cached = |text: &'static str| {
        let cache = Some(CacheBreakpoint::default());
        Part::Text(Text { cache, ..Text::new(text) })
    };
    let request = asked(|r| {
        r.system = vec![cached("a"), cached("b")];
        let parts = ["c", "d", "e"].map(cached);
        r.messages = vec![message(Role::User, parts.into())];
    });
    let (body, losses, _) = told(&request, &able(Kind::Effort));
    assert_eq!(losses, loss("cache_control"));
    assert_eq!(body["system"][0]["cache_control"], Value::Null);
    assert_eq!(body.to_string().matches("ephemeral").count(), 4);
    assert_eq!(body["messages"][0]["content"][2]["cache_control"]["type"], "ephemeral");
}

#[test]
fn one_call_at_a_time_is_lost_where_it_can_not_be_said() {
    let model = Capabilities { parallel_switch: false, ..able(Kind::Effort) };
    let request = asked(|r| {
        r.tools = vec![tool(None)];
        r.parallel_tool_calls = Some(false);
    });
    let (body, losses, _) = told(&request, &model);
    assert_eq!((&body["tool_choice"], losses), (&Value::Null, loss("parallel_tool_calls")));
}
