//! Tools that take free text, groups of tools, and tools that a provider runs itself, before
//! providers that have none of them: what a coding agent sends (`wire.md` §5.1, §8).

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use providers::catalog::Catalog;
use providers::codec::{Encoded, Reply, Target};
use providers::conversation::ApiError;
use providers::relay::{Outcome, Relay};
use providers::surface::Operation;
use providers::translate::{Droppable, Emulation, Inbound, Leeway};
use serde_json::{Value, json};

use super::answer::{Answer, Finish, Part};
use super::support::{able_model, seal};
use super::{provider, support};

const GRAMMAR: &str = "start: \"*\"+";

/// A call of the tool with a text, its result, and the tool, as each of OpenAI's schemas says it.
fn asked(from: Schema) -> Bytes {
    let body = match from {
        Chat => json!({
            "model": "asked",
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "tool_calls": [
                    {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "a\n\"b\""}},
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "done"},
            ],
            "tools": [{"type": "custom", "custom": {"name": "patch", "description": "Edits.",
                "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": GRAMMAR}}}}],
        }),
        _ => json!({
            "model": "asked",
            "input": [
                {"type": "message", "role": "user", "content": "Hi"},
                {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "a\n\"b\""},
                {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
                {"type": "function_call", "call_id": "c2", "namespace": "team", "name": "close",
                    "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c2", "output": "closed"},
            ],
            "tools": [
                {"type": "custom", "name": "patch", "description": "Edits.",
                    "format": {"type": "grammar", "syntax": "lark", "definition": GRAMMAR}},
                {"type": "namespace", "name": "team", "description": "Others.", "tools": [
                    {"type": "function", "name": "close", "description": "Closes.",
                        "parameters": {"type": "object", "properties": {}}},
                ]},
                {"type": "web_search"},
            ],
        }),
    };
    body.to_string().into()
}

/// Who has no such tools: compatible hosts of OpenAI's, Claude, Gemini.
const WITHOUT: [(Schema, Schema); 5] =
    [(Responses, Claude), (Responses, Gemini), (Responses, Chat), (Chat, Claude), (Chat, Gemini)];

fn model(to: Schema) -> &'static str {
    if to == Chat { "llama-4" } else { able_model(to) }
}

fn inbound(from: Schema, body: &Bytes) -> Inbound<'_> {
    let operation = Operation::Generate { stream: None, json_array: false };
    Inbound::of(operation, from, body, None).unwrap()
}

fn encode(inbound: &mut Inbound<'_>, to: Schema, leeway: &Leeway) -> Result<Encoded, ApiError> {
    let capabilities = Catalog::bundled().capabilities(to, model(to));
    let target = Target { model: model(to), capabilities: &capabilities };
    let seal = seal("backend", target.model, "route");
    inbound.encode(&[(to, target)], leeway, &seal).map(|(_, encoded)| encoded)
}

fn leave() -> Leeway {
    Leeway {
        strict: true,
        drop: vec![Droppable::named("tools.hosted").unwrap()],
        emulate: vec![Emulation::named("tools.custom").unwrap()],
    }
}

#[test]
fn they_are_refused_by_name_unless_the_route_gives_leave() {
    for (from, to) in WITHOUT {
        let body = asked(from);
        let refused = |leeway: &Leeway| encode(&mut inbound(from, &body), to, leeway).unwrap_err();
        let error = refused(&Leeway { emulate: Vec::new(), ..leave() });
        let field = error.param.unwrap();
        // In history it is a call of a kind that the target lacks.
        assert!(
            ["tools.custom", "input.function_call", "messages.tool_calls"].contains(&&*field),
            "{from} → {to}: {field}"
        );
        if from == Responses {
            let error = refused(&Leeway { drop: Vec::new(), ..leave() });
            assert_eq!(error.param.as_deref(), Some("tools.hosted"), "{to}");
            assert!(error.message.contains("web_search"), "{}", error.message);
        }
    }
}

#[test]
fn they_are_carried_as_functions_by_leave() {
    for (from, to) in WITHOUT {
        let body = asked(from);
        let encoded = encode(&mut inbound(from, &body), to, &leave()).unwrap();
        let emulated: Vec<&str> = encoded.emulated.iter().map(|field| &*field.field).collect();
        let losses: Vec<&str> = encoded.losses.iter().map(|loss| &*loss.field).collect();
        let (said, lost): (&[_], &[_]) = match from {
            Responses => (&["tools.custom", "tools.namespace"], &["tools.hosted"]),
            _ => (&["tools.custom"], &[]),
        };
        assert_eq!((&emulated[..], &losses[..]), (said, lost), "{from} → {to}");
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let (tools, input) = match to {
            Chat => (body["tools"].clone(), "parameters"),
            Claude => (body["tools"].clone(), "input_schema"),
            _ => (body["tools"][0]["functionDeclarations"].clone(), "parametersJsonSchema"),
        };
        let tool = |at: usize| if to == Chat { &tools[at]["function"] } else { &tools[at] };
        assert_eq!(tool(0)["name"], "patch", "{tools}");
        assert_eq!(tool(0)[input]["required"], json!(["input"]), "{tools}");
        assert!(tool(0)["description"].as_str().unwrap().contains(GRAMMAR), "{tools}");
        let text = encoded.body.escape_ascii().to_string();
        // Inside the string that a Chat call's arguments are, all of it is escaped once more.
        let call = if to == Chat { r#"{\"input\":\"a"# } else { r#"{"input":"a"# };
        assert!(text.replace(r#"\""#, "\"").replace(r"\\", r"\").contains(call), "{text}");
        if from == Responses {
            assert_eq!(tool(1)["name"], "team__close", "{tools}");
            assert_eq!(tool(1)["description"], "Others.\n\nCloses.", "{tools}");
            assert_eq!(text.matches("team__close").count(), if to == Gemini { 3 } else { 2 });
        }
    }
}

const CALLED: Answer = Answer {
    name: "both",
    parts: &[
        Part::Call("patch", &["{\"inp", "ut\": \"*** \\", "\"x\\\"\\n\"}"]),
        Part::Call("team__close", &["{\"a\":", "1}"]),
    ],
    finish: Finish::Calls,
    given_by: &[Chat, Claude, Gemini],
};

/// The calls in an answer, as its caller reads them: group, name, what it is called with.
fn calls(to: Schema, answer: &Value) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = match to {
        Chat => &answer["choices"][0]["message"]["tool_calls"],
        _ => &answer["output"],
    };
    let read = |call: &Value| {
        let kind = text(&call["type"]);
        let tool = if to == Chat { &call[kind.as_str()] } else { call };
        let custom = kind.starts_with("custom");
        let with = if custom { &tool["input"] } else { &tool["arguments"] };
        [text(&tool["namespace"]), text(&tool["name"]), text(with)]
    };
    list.as_array().unwrap().iter().map(read).collect()
}

#[test]
fn their_calls_come_back_as_what_they_stand_for() {
    for (from, to) in WITHOUT {
        let body = asked(from);
        let mut inbound = inbound(from, &body);
        encode(&mut inbound, to, &leave()).unwrap();
        let namespaced = inbound.namespaced().to_vec();
        let reply = Reply { id: "1a2b".to_owned(), namespaced, ..Reply::default() };
        let group = if from == Chat { ["", "team__close"] } else { ["team", "close"] };

        let whole = Bytes::from(provider::whole(to, &CALLED));
        let seal = seal("backend", model(to), "route");
        let answered = inbound.answer(to, &whole, &reply, &seal).unwrap().body.unwrap();
        let [patch, close] = &calls(from, &support::json(&String::from_utf8_lossy(&answered)))[..]
        else {
            panic!("{answered:?}")
        };
        assert_eq!(patch, &["", "patch", "*** \"x\"\n"], "{from} ← {to}");
        assert_eq!(close[..2], group, "{from} ← {to}");
        assert_eq!(support::json(&close[2]), json!({"a": 1}));

        let stream = Bytes::from(provider::events(to, &CALLED).concat());
        let encoder = inbound.restoring(from.codec().stream_encoder(reply));
        let mut relay = Relay::translate(to.codec().stream_decoder(), encoder);
        let mut out = relay.push(&stream).to_vec();
        let (rest, outcome) = relay.end();
        out.extend_from_slice(&rest);
        assert_eq!(outcome, Outcome::Complete);
        let out = String::from_utf8(out).unwrap();
        let events = out.lines().filter_map(|line| line.strip_prefix("data: "));
        let events: Vec<Value> =
            events.filter(|data| *data != "[DONE]").map(support::json).collect();
        let streamed = if from == Responses {
            calls(from, &events.last().unwrap()["response"])
        } else {
            gathered(&events)
        };
        assert_eq!(streamed[0], ["", "patch", "*** \"x\"\n"], "{from} ← {to}: {out}");
        assert_eq!(streamed[1][..2], group, "{from} ← {to}: {out}");
    }
}

#[test]
fn a_reference_to_a_thought_is_left_out_and_reported_and_no_other() {
    let body = |id: &str| {
        let items = json!([
            {"type": "message", "role": "user", "content": "Hi"},
            {"type": "item_reference", "id": id},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "done"},
        ]);
        Bytes::from(json!({"model": "asked", "input": items}).to_string())
    };
    for to in [Chat, Claude, Gemini] {
        let thought = body("rs_1");
        let encoded = encode(&mut inbound(Responses, &thought), to, &Leeway::default()).unwrap();
        let losses: Vec<&str> = encoded.losses.iter().map(|loss| &*loss.field).collect();
        assert_eq!(losses, ["input.reasoning"], "{to}");
        let message = body("msg_1");
        let error = encode(&mut inbound(Responses, &message), to, &leave()).unwrap_err();
        assert!(error.message.contains("item_reference"), "{}", error.message);
    }
}

/// The calls of a stream of Chat's, put together.
fn gathered(events: &[Value]) -> Vec<[String; 3]> {
    let mut calls: Vec<[String; 3]> = Vec::new();
    for call in events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array())
        .flatten()
    {
        let at = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
        calls.resize(calls.len().max(at + 1), Default::default());
        for tool in [&call["custom"], &call["function"]] {
            calls[at][1] += tool["name"].as_str().unwrap_or_default();
            for with in ["input", "arguments"] {
                calls[at][2] += tool[with].as_str().unwrap_or_default();
            }
        }
    }
    calls
}
