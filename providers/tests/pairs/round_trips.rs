//! From one schema to another and back: what both can say is the same afterwards.

use proptest::prelude::*;
use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use serde_json::{Value, json};

use super::support::{CROSS, send};

/// What every schema can say.
#[derive(Clone, Debug)]
struct Said {
    system: Option<String>,
    turns: Vec<Turn>,
    limit: u32,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stops: Vec<String>,
    tools: bool,
    choice: Option<Choice>,
}

/// The user says something, the model answers, in words or with calls that are answered.
#[derive(Clone, Debug)]
struct Turn {
    asks: String,
    picture: bool,
    answers: String,
    /// Which tool, its argument, its result.
    calls: Vec<(bool, i64, String)>,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Auto,
    None,
    Any,
    Named,
}

fn words() -> impl Strategy<Value = String> {
    // Not the words by which a failure is told where there is no other way.
    "[a-zA-Zé😀\"\\\\\n{}<>]{1,20}"
}

fn turn() -> impl Strategy<Value = Turn> {
    let calls = prop::collection::vec((any::<bool>(), any::<i64>(), words()), 0..4);
    (words(), any::<bool>(), words(), calls).prop_map(|(asks, picture, answers, calls)| Turn {
        asks,
        picture,
        answers,
        calls,
    })
}

fn said() -> impl Strategy<Value = Said> {
    let choice = prop::option::of(prop_oneof![
        Just(Choice::Auto),
        Just(Choice::None),
        Just(Choice::Any),
        Just(Choice::Named)
    ]);
    let hundredths = || prop::option::of((0..=100_u8).prop_map(|n| f64::from(n) / 100.0));
    (
        prop::option::of(words()),
        prop::collection::vec(turn(), 0..4),
        1..8000_u32,
        (hundredths(), hundredths()),
        prop::collection::vec("[a-z]{1,5}", 0..=4),
        any::<bool>(),
        choice,
    )
        .prop_map(|(system, turns, limit, (temperature, top_p), stops, tools, choice)| Said {
            system,
            turns,
            limit,
            temperature,
            top_p,
            stops,
            tools,
            choice: choice.filter(|_| tools),
        })
}

const PARAMETERS: &str = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}"#;

const fn name(which: bool) -> &'static str {
    if which { "look" } else { "count" }
}

/// A request of this schema, as the encoder of this schema would spell it.
fn written(schema: Schema, said: &Said) -> Value {
    let parameters: Value = serde_json::from_str(PARAMETERS).unwrap();
    let mut id = 0;
    let mut body = match schema {
        Responses => json!({"model": "asked", "input": [], "max_output_tokens": said.limit}),
        Chat => json!({"model": "asked", "messages": [], "max_completion_tokens": said.limit}),
        Claude => json!({"model": "asked", "messages": [], "max_tokens": said.limit}),
        Gemini => json!({"contents": [], "generationConfig": {"maxOutputTokens": said.limit}}),
    };
    let mut turns = Vec::new();
    if let Some(system) = &said.system {
        match schema {
            Responses => body["instructions"] = system.clone().into(),
            Chat => turns.push(json!({"role": "system", "content": system})),
            Claude => body["system"] = json!([{"type": "text", "text": system}]),
            Gemini => body["systemInstruction"] = json!({"parts": [{"text": system}]}),
        }
    }
    for turn in &said.turns {
        turns.push(user(schema, &turn.asks, turn.picture));
        let calls: Vec<_> = turn
            .calls
            .iter()
            .map(|(which, n, result)| {
                id += 1;
                (format!("call_{id}"), name(*which), json!({"n": n}), result)
            })
            .collect();
        match schema {
            Responses => {
                turns
                    .push(json!({"type": "message", "role": "assistant", "content": turn.answers}));
                turns.extend(calls.iter().map(|(id, name, args, _)| {
                    json!({"type": "function_call", "call_id": id, "name": name, "arguments": args.to_string()})
                }));
                turns.extend(calls.iter().map(|(id, _, _, result)| {
                    json!({"type": "function_call_output", "call_id": id, "output": result})
                }));
            }
            Chat => {
                let mut message = json!({"role": "assistant", "content": turn.answers});
                if !calls.is_empty() {
                    message["tool_calls"] = calls
                        .iter()
                        .map(|(id, name, args, _)| {
                            json!({"id": id, "type": "function",
                            "function": {"name": name, "arguments": args.to_string()}})
                        })
                        .collect();
                }
                turns.push(message);
                for (id, _, _, result) in &calls {
                    turns.push(json!({"role": "tool", "tool_call_id": id, "content": result}));
                }
            }
            Claude => {
                let mut blocks = vec![json!({"type": "text", "text": turn.answers})];
                blocks.extend(calls.iter().map(|(id, name, args, _)| {
                    json!({"type": "tool_use", "id": id, "name": name, "input": args})
                }));
                turns.push(json!({"role": "assistant", "content": blocks}));
                let results = calls.iter().map(|(id, _, _, result)| {
                    json!({"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": result}]})
                });
                turns.push(json!({"role": "user", "content": results.collect::<Vec<_>>()}));
            }
            Gemini => {
                let mut parts = vec![json!({"text": turn.answers})];
                parts.extend(calls.iter().map(|(id, name, args, _)| {
                    json!({"functionCall": {"id": id, "name": name, "args": args}})
                }));
                turns.push(json!({"role": "model", "parts": parts}));
                let results = calls.iter().map(|(id, name, _, result)| {
                    json!({"functionResponse": {"id": id, "name": name, "response": {"result": result}}})
                });
                turns.push(json!({"role": "user", "parts": results.collect::<Vec<_>>()}));
            }
        }
    }
    turns.push(user(schema, "And now?", false));
    let list = match schema {
        Responses => "input",
        Chat | Claude => "messages",
        Gemini => "contents",
    };
    body[list] = merged(schema, turns).into();
    settings(schema, said, &parameters, &mut body);
    body
}

fn user(schema: Schema, asks: &str, picture: bool) -> Value {
    let mut content = Vec::new();
    if picture {
        content.push(match schema {
            Responses => {
                json!({"type": "input_image", "image_url": "data:image/png;base64,iVBO"})
            }
            Chat => json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}),
            Claude => {
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}})
            }
            Gemini => json!({"inlineData": {"mimeType": "image/png", "data": "iVBO"}}),
        });
    }
    content.push(match schema {
        Gemini => json!({"text": asks}),
        Responses => json!({"type": "input_text", "text": asks}),
        Chat | Claude => json!({"type": "text", "text": asks}),
    });
    match schema {
        Chat if !picture => json!({"role": "user", "content": asks}),
        Responses if !picture => json!({"type": "message", "role": "user", "content": asks}),
        Responses => json!({"type": "message", "role": "user", "content": content}),
        Gemini => json!({"role": "user", "parts": content}),
        _ => json!({"role": "user", "content": content}),
    }
}

/// Makes one of turns that follow each other, as Claude and Gemini have it.
fn merged(schema: Schema, turns: Vec<Value>) -> Vec<Value> {
    let member = if schema == Gemini { "parts" } else { "content" };
    let mut merged: Vec<Value> = Vec::new();
    for turn in turns {
        match merged.last_mut() {
            Some(last) if matches!(schema, Claude | Gemini) && last["role"] == turn["role"] => {
                let more = turn[member].as_array().unwrap().clone();
                last[member].as_array_mut().unwrap().extend(more);
            }
            _ => merged.push(turn),
        }
    }
    merged
}

fn settings(schema: Schema, said: &Said, parameters: &Value, body: &mut Value) {
    let at = |openai: &str, claude: &str, gemini: &str| match schema {
        Chat | Responses => format!("/{openai}"),
        Claude => format!("/{claude}"),
        Gemini => format!("/generationConfig/{gemini}"),
    };
    let mut put = |path: String, value: Value| {
        let (object, name) = path.rsplit_once('/').unwrap();
        body.pointer_mut(object).unwrap()[name] = value;
    };
    if let Some(temperature) = said.temperature {
        put(at("temperature", "temperature", "temperature"), temperature.into());
    }
    if let Some(top_p) = said.top_p {
        put(at("top_p", "top_p", "topP"), top_p.into());
    }
    if !said.stops.is_empty() {
        put(at("stop", "stop_sequences", "stopSequences"), said.stops.clone().into());
    }
    if said.tools {
        let tools: Vec<_> = [true, false]
            .map(|which| match schema {
                Responses => json!({"type": "function", "name": name(which), "parameters": parameters}),
                Chat => json!({"type": "function", "function": {"name": name(which), "parameters": parameters}}),
                Claude => json!({"name": name(which), "input_schema": parameters}),
                Gemini => json!({"name": name(which), "parametersJsonSchema": parameters}),
            })
            .into();
        body["tools"] =
            if schema == Gemini { json!([{"functionDeclarations": tools}]) } else { tools.into() };
    }
    let Some(choice) = said.choice else { return };
    match schema {
        Chat | Responses => {
            body["tool_choice"] = match choice {
                Choice::Auto => "auto".into(),
                Choice::None => "none".into(),
                Choice::Any => "required".into(),
                Choice::Named if schema == Responses => json!({"type": "function", "name": "look"}),
                Choice::Named => json!({"type": "function", "function": {"name": "look"}}),
            }
        }
        Claude => {
            body["tool_choice"] = match choice {
                Choice::Auto => json!({"type": "auto"}),
                Choice::None => json!({"type": "none"}),
                Choice::Any => json!({"type": "any"}),
                Choice::Named => json!({"type": "tool", "name": "look"}),
            }
        }
        Gemini => {
            body["toolConfig"]["functionCallingConfig"] = match choice {
                Choice::Auto => json!({"mode": "AUTO"}),
                Choice::None => json!({"mode": "NONE"}),
                Choice::Any => json!({"mode": "ANY"}),
                Choice::Named => json!({"mode": "ANY", "allowedFunctionNames": ["look"]}),
            }
        }
    }
}

/// The model whose name is the one that callers ask for; it takes all there is to take.
fn pass(from: Schema, to: Schema, body: &Value) -> Value {
    let model = super::support::able_model(to);
    let encoded = send(from, to, model, &body.to_string())
        .unwrap_or_else(|refusal| panic!("{refusal:?}: {body}"));
    assert_eq!(encoded.losses, [], "{body}");
    let mut out: Value = serde_json::from_slice(&encoded.body).unwrap();
    if to != Gemini {
        out["model"] = "asked".into();
    }
    if to == Responses {
        say_no_more(&mut out);
    }
    out
}

/// Takes away what Egret says to Responses that is so for everyone else unsaid.
fn say_no_more(body: &mut Value) {
    assert_eq!(body.as_object_mut().unwrap().remove("store"), Some(false.into()));
    for tool in body.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        assert_eq!(tool.as_object_mut().unwrap().remove("strict"), Some(false.into()));
    }
    for item in body["input"].as_array_mut().unwrap() {
        for part in item.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
            part.as_object_mut().unwrap().remove("detail");
        }
    }
}

proptest! {
    #[test]
    fn what_both_can_say_comes_back(said in said(), pair in 0..CROSS.len()) {
        let (from, to) = CROSS[pair];
        let mut said = said;
        if from == Responses || to == Responses {
            // It has no stop strings, and no shorter answers.
            said.stops.clear();
            said.limit = said.limit.max(16);
        }
        let body = written(from, &said);
        let there = pass(from, to, &body);
        // What arrives is what a caller of that schema would have written, and nothing else.
        prop_assert_eq!(&there, &written(to, &said));
        prop_assert_eq!(pass(to, from, &there), body);
    }
}
