use serde_json::{Value, json};

use super::super::{Fault, Provider};
use super::{PNG, bench, events};

const PATH: &str = "/v1/responses";

fn hello() -> Value {
    json!({"model": "gpt-5.4", "input": "hello"})
}

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!([{"type": "function", "name": "weather", "strict": true, "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false}}])
}

/// What makes an answer think, and give its thoughts back sealed.
fn thinking() -> Value {
    json!({"reasoning": {"effort": "low", "summary": "auto"}, "store": false,
           "include": ["reasoning.encrypted_content"]})
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn answers_and_repeats_what_was_asked() {
    let bench = bench(Provider::OpenAi).await;
    let asked =
        json!({"metadata": {"a": "b"}, "max_output_tokens": 100, "instructions": "Be kind."});
    let (status, body) = bench.ask(PATH, with(hello(), asked)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["object"], &body["status"]), (&json!("response"), &json!("completed")));
    let message = &body["output"][0];
    assert_eq!((&message["type"], &message["phase"]), (&json!("message"), &json!("final_answer")));
    let part = json!({"type": "output_text", "annotations": [], "logprobs": [],
                      "text": "gpt-5.4 here: hello"});
    assert_eq!(message["content"], json!([part]));
    assert_eq!(body["metadata"], json!({"a": "b"}));
    assert_eq!(
        (&body["max_output_tokens"], &body["instructions"]),
        (&json!(100), &json!("Be kind."))
    );
    // 13 bytes in, 19 bytes out, a token for each 4 begun.
    assert_eq!(
        (&body["usage"]["input_tokens"], &body["usage"]["output_tokens"]),
        (&json!(4), &json!(5))
    );
    assert_eq!(bench.simulator.bill().total().input, 4);
}

#[tokio::test]
async fn streams_the_whole_ladder() {
    let bench = bench(Provider::OpenAi).await;
    let body = with(with(hello(), thinking()), json!({"stream": true}));
    let text = bench.post(PATH, &body).send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("[DONE]"));
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let events = events(&text);
    for (at, (name, event)) in names.iter().zip(&events).enumerate() {
        assert_eq!(
            (*name, at),
            (event["type"].as_str().unwrap(), event["sequence_number"].as_u64().unwrap() as usize)
        );
    }
    assert_eq!(names.len(), events.len());
    assert_eq!(
        kinds(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let deltas = |kind: &str| -> String {
        let deltas = events.iter().filter(|event| event["type"] == kind);
        deltas.map(|event| event["delta"].as_str().unwrap()).collect()
    };
    assert_eq!(deltas("response.reasoning_summary_text.delta"), "I think about: hello");
    assert_eq!(deltas("response.output_text.delta"), "gpt-5.4 here: hello");
    assert_eq!(events[2]["item"]["summary"], json!([]));
    let whole = bench.ask(PATH, with(body, json!({"stream": false}))).await.1;
    let last = &events.last().unwrap()["response"];
    assert_eq!(last["status"], "completed");
    assert_eq!(
        (last["usage"]["total_tokens"].as_u64(), last["output"].as_array().unwrap().len()),
        (whole["usage"]["total_tokens"].as_u64(), 2)
    );
}

#[tokio::test]
async fn calls_tools_after_thinking_and_wants_both_back() {
    let bench = bench(Provider::OpenAi).await;
    let ask = json!({"role": "user", "content": "call weather twice"});
    let first = with(with(hello(), thinking()), json!({"input": [ask], "tools": tools()}));
    let (_, body) = bench.ask(PATH, &first).await;
    let output = body["output"].as_array().unwrap().clone();
    let [reasoning, one, two] = output.as_slice() else { panic!("{body}") };
    assert_eq!(
        (&reasoning["type"], &reasoning["summary"][0]["text"]),
        (&json!("reasoning"), &json!("I think about: call weather twice"))
    );
    assert_eq!(
        (&one["type"], &one["arguments"]),
        (&json!("function_call"), &json!(r#"{"city":"Paris"}"#))
    );
    assert_ne!(one["call_id"], two["call_id"]);

    let result = |call: &Value, output: Value| json!({"type": "function_call_output", "call_id": call["call_id"], "output": output});
    let picture =
        json!([{"type": "input_image", "image_url": format!("data:image/png;base64,{PNG}")}]);
    let results = [result(one, json!("sunny")), result(two, picture)];
    let items = json!([ask, reasoning, one, two, results[0], results[1]]);
    let (status, body) = bench.ask(PATH, with(first.clone(), json!({"input": items}))).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        body["output"][1]["content"][0]["text"],
        "gpt-5.4 here: the tool said sunny; [image/png, 70 bytes]"
    );

    let mut forged = reasoning.clone();
    forged["encrypted_content"] = json!("gAAAAABp");
    let mut other = reasoning.clone();
    other["id"] = json!("rs_Sim000000010");
    let mut bare = reasoning.clone();
    bare.as_object_mut().unwrap().remove("encrypted_content");
    let mut strange = one.clone();
    strange["id"] = json!("fc_Sim000000011");
    for (items, status, message) in [
        (json!([ask, one, two, results[0]]), 400, "No tool output found for function call"),
        (json!([ask, results[0]]), 400, "No tool call found for function call output"),
        (json!([ask, results[0], one]), 400, "No tool call found for function call output"),
        (json!([ask, reasoning, ask]), 400, "provided without its required following item"),
        (json!([ask, reasoning]), 400, "provided without its required following item"),
        (
            json!([ask, reasoning, strange, results[0]]),
            400,
            "provided without its required following item",
        ),
        (json!([ask, forged, one, results[0]]), 400, "could not be verified"),
        (json!([ask, other, one, results[0]]), 400, "item_id did not match"),
        (json!([{"type": "item_reference", "id": "msg_1"}]), 404, "not found"),
    ] {
        let (got, body) = bench.ask(PATH, with(first.clone(), json!({"input": items}))).await;
        assert_eq!(got, status, "{items} {body}");
        assert!(body["error"]["message"].as_str().unwrap().contains(message), "{body}");
    }
    // What we made and kept is known by its id alone.
    let items = json!([ask, bare, one, results[0]]);
    assert_eq!(bench.ask(PATH, with(first.clone(), json!({"input": items}))).await.0, 200);

    let events = bench.events(PATH, with(first, json!({"stream": true}))).await;
    let arguments: String = events
        .iter()
        .filter(|event| event["output_index"] == 2)
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(arguments, r#"{"city":"Paris"}"#);
}

#[tokio::test]
async fn calls_custom_tools() {
    let bench = bench(Provider::OpenAi).await;
    let tool = json!({"type": "custom", "name": "run", "format": {"type": "grammar", "syntax": "regex", "definition": ".*"}});
    let ask = json!({"role": "user", "content": "call run with print(3)"});
    let first = with(hello(), json!({"input": [ask], "tools": [tool]}));
    let (_, body) = bench.ask(PATH, &first).await;
    let call = &body["output"][0];
    assert_eq!((&call["type"], &call["input"]), (&json!("custom_tool_call"), &json!("print(3)")));
    let output =
        |kind: &str| json!([ask, call, {"type": kind, "call_id": call["call_id"], "output": "3"}]);
    let (_, body) = bench
        .ask(PATH, with(first.clone(), json!({"input": output("custom_tool_call_output")})))
        .await;
    assert_eq!(body["output"][0]["content"][0]["text"], "gpt-5.4 here: the tool said 3");
    let (status, _) = bench
        .ask(PATH, with(first.clone(), json!({"input": output("function_call_output")})))
        .await;
    assert_eq!(status, 400);

    let events = bench.events(PATH, with(first, json!({"stream": true}))).await;
    assert_eq!(
        kinds(&events)[2..6],
        [
            "response.output_item.added",
            "response.custom_tool_call_input.delta",
            "response.custom_tool_call_input.done",
            "response.output_item.done",
        ]
    );
}

#[tokio::test]
async fn refuses_what_openai_refuses() {
    let bench = bench(Provider::OpenAi).await;
    let part = |role: &str, kind: &str| json!({"input": [{"role": role, "content": [{"type": kind, "text": "x"}]}]});
    let mut open = tools();
    open[0]["parameters"].as_object_mut().unwrap().remove("additionalProperties");
    let mut few = tools();
    few[0]["parameters"]["required"] = json!([]);
    let call = |call: Value| json!({"input": [with(json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}), call)]});
    for (fields, param, code) in [
        (json!({"stop": ["x"]}), "stop", "unknown_parameter"),
        (json!({"n": 1}), "n", "unknown_parameter"),
        (json!({"seed": 1}), "seed", "unknown_parameter"),
        (json!({"messages": []}), "messages", "unknown_parameter"),
        (json!({"max_output_tokens": 15}), "max_output_tokens", "decimal_below_min_value"),
        (json!({"input": []}), "input", "empty_array"),
        (json!({"include": ["x"]}), "include[0]", "invalid_value"),
        (json!({"reasoning": {"effort": "max"}}), "reasoning.effort", "unsupported_value"),
        (
            json!({"reasoning": {"effort": "low"}, "temperature": 0}),
            "temperature",
            "unsupported_value",
        ),
        (
            json!({"previous_response_id": "resp_1"}),
            "previous_response_id",
            "previous_response_not_found",
        ),
        (json!({"tools": open}), "tools[0].parameters", "invalid_function_parameters"),
        (json!({"tools": few}), "tools[0].parameters", "invalid_function_parameters"),
        (part("user", "output_text"), "input[0].content[0]", "invalid_value"),
        (part("assistant", "input_text"), "input[0].content[0]", "invalid_value"),
        (part("user", "text"), "input[0].content[0].type", "invalid_value"),
        (call(json!({"arguments": {}})), "input[0].arguments", "invalid_type"),
        (call(json!({"id": "call_1"})), "input[0].id", "invalid_value"),
        (call(json!({"call_id": "x".repeat(65)})), "input[0].call_id", "string_above_max_length"),
        (call(json!({"name": "a b"})), "input[0].name", "invalid_value"),
        (
            json!({"text": {"format": {"type": "json_schema", "schema": {}}}}),
            "text.format.name",
            "missing_required_parameter",
        ),
    ] {
        let (status, body) = bench.ask(PATH, with(hello(), fields.clone())).await;
        assert_eq!(status, 400, "{fields}");
        assert_eq!(
            (&body["error"]["param"], &body["error"]["code"]),
            (&json!(param), &json!(code)),
            "{body}"
        );
    }
    // A schema that does not say `strict` is made strict, not refused.
    let mut loose = tools();
    loose[0] = json!({"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}});
    let (status, body) = bench.ask(PATH, with(hello(), json!({"tools": loose}))).await;
    assert_eq!((status, &body["tools"][0]["strict"]), (200, &json!(true)), "{body}");
    let (status, body) = bench.ask(PATH, with(hello(), json!({"model": "nobody"}))).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("model_not_found")));
}

#[tokio::test]
async fn shows_images_json_limits_refusals_and_the_cache() {
    let bench = bench(Provider::OpenAi).await;
    let url = format!("data:image/png;base64,{PNG}");
    let parts =
        json!([{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": url}]);
    let (_, body) = bench
        .ask(PATH, with(hello(), json!({"input": [{"role": "user", "content": parts}]})))
        .await;
    let text = body["output"][0]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("[image/png, 70 bytes]"), "{text}");

    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}},
                        "required": ["n"], "additionalProperties": false});
    let format =
        json!({"format": {"type": "json_schema", "name": "a", "strict": true, "schema": schema}});
    let (_, body) = bench.ask(PATH, with(hello(), json!({"text": format}))).await;
    assert_eq!(body["output"][0]["content"][0]["text"], r#"{"n":3}"#);

    let long = with(hello(), json!({"input": "word ".repeat(40), "max_output_tokens": 16}));
    let (_, body) = bench.ask(PATH, &long).await;
    assert_eq!(
        (&body["status"], &body["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    let events = bench.events(PATH, with(long, json!({"stream": true}))).await;
    assert_eq!(kinds(&events).last(), Some(&"response.incomplete"));

    let refuse = with(hello(), json!({"input": "please refuse"}));
    let (_, body) = bench.ask(PATH, &refuse).await;
    assert_eq!(body["output"][0]["content"][0]["type"], "refusal");
    let events = bench.events(PATH, with(refuse, json!({"stream": true}))).await;
    assert!(kinds(&events).contains(&"response.refusal.delta"));

    let (_, body) = bench.ask(PATH, with(hello(), json!({"input": "it is cached"}))).await;
    assert_eq!(body["usage"]["input_tokens_details"]["cached_tokens"], 1);
}

#[tokio::test]
async fn fails_as_the_script_says() {
    let bench = bench(Provider::OpenAi).await;
    let stream = with(hello(), json!({"stream": true}));
    bench.simulator.script().next_n(1, [Fault::Error(4, 503)]);
    let events = bench.events(PATH, &stream).await;
    let last = events.last().unwrap();
    assert_eq!(
        (events.len(), &last["type"], &last["sequence_number"]),
        (5, &json!("response.failed"), &json!(4))
    );
    assert_eq!(
        (&last["response"]["status"], &last["response"]["error"]["code"]),
        (&json!("failed"), &json!("server_error"))
    );
    bench.simulator.script().next_n(1, [Fault::Error(3, 429)]);
    let events = bench.events(PATH, &stream).await;
    assert_eq!(
        (&events[3]["type"], &events[3]["code"]),
        (&json!("error"), &json!("rate_limit_exceeded"))
    );
    bench.simulator.script().next_n(1, [Fault::Cut(3)]);
    assert!(bench.post(PATH, &stream).send().await.unwrap().text().await.is_err());
    let (_, body) = bench.ask(PATH, with(hello(), json!({"input": "x [[usage absent]]"}))).await;
    assert_eq!(body["usage"], Value::Null);
}
