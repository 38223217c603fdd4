//! Turns, from the model to the wire (`wire.md` §5.2).

use serde_json::{Value, json};

use super::requests_out::{asked, base64, call, message, raw, result};
use super::{able, decode, encode, encoded};
use crate::catalog::{Capabilities, Thinking as Kind};
use crate::conversation::{Effort, Part, Role, ToolResult};

#[test]
fn calls_and_results_keep_together() {
    let request = asked(|r| {
        let calls = vec![call("call 1", "{\"n\":1.0}"), call("call_2", "")];
        r.messages.push(message(Role::Assistant, calls));
        let failed = ToolResult {
            custom: false,
            call_id: Some("call_2".into()),
            name: None,
            content: vec![],
            object: Some(raw("{\"error\":\"no\"}")),
            is_error: true,
            cache: None,
        };
        let image = Part::Image(base64("image/png"));
        let parts = vec![
            Part::text("and?"),
            result("call 1", vec![Part::text("yes"), image]),
            Part::ToolResult(failed),
        ];
        r.messages.push(message(Role::User, parts));
    });
    let (body, losses) = encoded(&request, &able(Kind::Effort));
    assert!(losses.is_empty());
    let calls = &body["messages"][1]["content"];
    let id = calls[0]["id"].as_str().unwrap();
    assert!(id.starts_with("toolu_") && id.len() == 38, "{id}");
    assert_eq!(calls[1], json!({"type": "tool_use", "id": "call_2", "name": "look", "input": {}}));
    let results = &body["messages"][2]["content"];
    assert_eq!(results[0]["tool_use_id"], id);
    assert_eq!(results[0]["content"][1]["type"], "image");
    assert_eq!(
        results[1],
        json!({"type": "tool_result", "tool_use_id": "call_2", "is_error": true,
            "content": [{"type": "text", "text": "{\"error\":\"no\"}"}]})
    );
    assert_eq!(results[2]["text"], "and?");
    // Numbers keep their spelling.
    let encoded = encode(&request, &able(Kind::Effort)).unwrap();
    assert!(std::str::from_utf8(&encoded.body).unwrap().contains("\"input\":{\"n\":1.0}"));
}

#[test]
fn a_budget_gives_way_where_the_history_lacks_its_thoughts() {
    let request = asked(|r| {
        r.reasoning.effort = Some(Effort::High);
        r.messages.push(message(Role::Assistant, vec![call("a", "{}")]));
        r.messages.push(message(Role::User, vec![result("a", vec![Part::text("x")])]));
    });
    let (body, losses) = encoded(&request, &able(Kind::Budget));
    assert_eq!((&body["thinking"], losses), (&Value::Null, vec!["reasoning_effort".to_owned()]));
    let (body, losses) = encoded(&request, &able(Kind::Effort));
    assert_eq!((&body["thinking"]["type"], losses.len()), (&json!("adaptive"), 0));
}

#[test]
fn instructions_in_the_middle_stay_where_they_may() {
    use Role::{Assistant, System, User};
    let wrapped = "<system>\ns\n</system>";
    // The roles of the turns, whether the model takes them; the roles and texts written.
    let cases: [(&[Role], bool, Value); 6] = [
        (&[User, System], true, json!([["user", "u"], ["system", "s"]])),
        (
            &[User, System, Assistant],
            true,
            json!([["user", "u"], ["system", "s"], ["assistant", "a"]]),
        ),
        (&[User, System, User], true, json!([["user", "u", wrapped, "u"]])),
        (
            &[User, Assistant, System, User],
            true,
            json!([["user", "u"], ["assistant", "a"], ["user", wrapped, "u"]]),
        ),
        (&[User, System], false, json!([["user", "u", wrapped]])),
        (
            &[User, Assistant, System],
            false,
            json!([["user", "u"], ["assistant", "a"], ["user", wrapped]]),
        ),
    ];
    for (roles, system_turns, expected) in cases {
        let request = asked(|r| {
            let said = |role: &Role| match role {
                User => message(User, vec![Part::text("u")]),
                Assistant => message(Assistant, vec![Part::text("a")]),
                System => message(System, vec![Part::text("s")]),
            };
            r.messages = roles.iter().map(said).collect();
        });
        let capabilities = Capabilities { system_turns, ..able(Kind::Effort) };
        let encoded = encode(&request, &capabilities).unwrap();
        assert!(encoded.losses.is_empty(), "{roles:?}");
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let turns: Vec<Value> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|turn| {
                let mut row = vec![turn["role"].clone()];
                row.extend(turn["content"].as_array().unwrap().iter().map(|b| b["text"].clone()));
                Value::Array(row)
            })
            .collect();
        let kept = turns.iter().any(|turn| turn[0] == "system");
        assert_eq!(Value::Array(turns), expected, "{roles:?}");
        assert_eq!(encoded.emulated.is_empty(), kept, "{roles:?}: {:?}", encoded.emulated);
    }
}

#[test]
fn a_paused_answer_may_be_gone_on_with() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},
        {"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]}]}"#;
    let capabilities = Capabilities { prefill: false, ..able(Kind::Effort) };
    let (after, _) = encoded(&decode(body).unwrap(), &capabilities);
    assert_eq!(after["messages"][1]["content"][0]["type"], "server_tool_use");
}
