//! What answers say of their cost, in every schema: told and nonsense (S-43), tools and tiers.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use providers::Schema;
use providers::conversation::{Event, Served, ServiceTier, ToolCalls, Usage};

/// An answer with these counts of input and output, as one piece and as a stream.
fn answers(schema: Schema, input: &str, output: &str) -> [String; 2] {
    match schema {
        Schema::Chat => {
            let usage =
                format!(r#""usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}"#);
            [
                format!(r#"{{"id":"a","choices":[{{"message":{{"content":"a"}}}}],{usage}}}"#),
                format!("data: {{\"id\":\"a\",\"choices\":[],{usage}}}\n\ndata: [DONE]\n\n"),
            ]
        }
        Schema::Responses => {
            let answer = format!(
                r#"{{"id":"a","status":"completed","output":[],"usage":{{"input_tokens":{input},"output_tokens":{output}}}}}"#
            );
            let event = format!(r#"{{"type":"response.completed","response":{answer}}}"#);
            [answer, format!("event: response.completed\ndata: {event}\n\n")]
        }
        Schema::Claude => {
            let usage = format!(r#""usage":{{"input_tokens":{input},"output_tokens":{output}}}"#);
            [
                format!(r#"{{"type":"message","content":[],{usage}}}"#),
                format!("data: {{\"type\":\"message_delta\",\"delta\":{{}},{usage}}}\n\n"),
            ]
        }
        Schema::Gemini => {
            let answer = format!(
                r#"{{"candidates":[],"usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":{output}}}}}"#
            );
            [answer.clone(), format!("data: {answer}\n\n")]
        }
    }
}

fn read(schema: Schema, body: &str) -> Option<Usage> {
    schema.codec().read_usage(body.as_bytes()).unwrap()
}

fn streamed(schema: Schema, stream: &str) -> Option<Usage> {
    let mut usage = None;
    let mut decoder = schema.codec().stream_decoder();
    let mut sink = |event: Event<'_>| {
        if let Event::Usage(told) = event {
            usage = Some(told);
        }
    };
    decoder.push(stream.as_bytes(), &mut sink);
    decoder.finish(&mut sink);
    usage
}

const ALL: [Schema; 4] = [Schema::Chat, Schema::Responses, Schema::Claude, Schema::Gemini];

#[test]
fn what_is_no_count_is_unknown_and_not_nothing() {
    for schema in ALL {
        for count in [
            "-1",
            "-1e999",
            "1e999",
            "9007199254740993",
            "18446744073709551616",
            "[]",
            "{}",
            "true",
            "\"x\"",
            "\"-3\"",
        ] {
            for [input, output] in [[count, "5"], ["5", count], [count, count]] {
                let [body, stream] = answers(schema, input, output);
                assert_eq!(read(schema, &body), None, "{schema:?} {body}");
                assert_eq!(streamed(schema, &stream), None, "{schema:?} {stream}");
            }
        }
    }
}

#[test]
fn large_and_broken_counts_are_counts() {
    for schema in ALL {
        for (count, meant) in [
            ("0", 0),
            ("4294967296", 4_294_967_296),
            ("9007199254740992", 9_007_199_254_740_992),
            ("12.0", 12),
            ("11.5", 12),
            ("1.2e1", 12),
        ] {
            let [body, stream] = answers(schema, "7", count);
            let usage = Usage { input: 7, output: meant, ..Usage::default() };
            assert_eq!(read(schema, &body), Some(usage), "{schema:?} {body}");
            assert_eq!(streamed(schema, &stream), Some(usage), "{schema:?} {stream}");
        }
    }
}

#[test]
fn tools_and_tiers_are_read() {
    let web = |web_searches| ToolCalls { web_searches, ..ToolCalls::default() };
    let responses = r#"{"status":"completed","service_tier":"priority","output":[
        {"type":"web_search_call","action":{"type":"search","query":"q"}},
        {"type":"web_search_call","action":{"type":"open_page"}},
        {"type":"web_search_call"},
        {"type":"file_search_call"},
        {"type":"image_generation_call"},
        {"type":"code_interpreter_call","container_id":"one"},
        {"type":"code_interpreter_call","container_id":"one"},
        {"type":"code_interpreter_call","container_id":"two"},
        7],"usage":{"input_tokens":1,"output_tokens":1}}"#;
    let usage = read(Schema::Responses, responses).unwrap();
    let ran = ToolCalls { file_searches: 1, code_sessions: 2, images: 1, ..web(2) };
    assert_eq!(usage.calls, ran);
    assert_eq!(usage.served.tier, ServiceTier::Priority);

    let claude = r#"{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1,
        "server_tool_use":{"web_search_requests":3,"web_fetch_requests":1},
        "service_tier":"standard","inference_geo":"us","speed":"fast"}}"#;
    let usage = read(Schema::Claude, claude).unwrap();
    assert_eq!(usage.calls, web(3));
    let served = Served { tier: ServiceTier::Standard, fast: true, us_only: true };
    assert_eq!(usage.served, served);

    // A query that a later piece names again is one, and one after the last count counts, too.
    let chunk = |queries: &str, usage: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"a\"}}]}},\
             \"groundingMetadata\":{{\"webSearchQueries\":[{queries}]}}}}]{usage}}}\n\n"
        )
    };
    let counted = r#","usageMetadata":{"promptTokenCount":1,"trafficType":"ON_DEMAND_PRIORITY"}"#;
    let stream = chunk(r#""x""#, "") + &chunk(r#""x","y""#, counted) + &chunk(r#""z""#, "");
    let usage = streamed(Schema::Gemini, &stream).unwrap();
    assert_eq!(usage.calls, web(3));
    assert_eq!(usage.served.tier, ServiceTier::Priority);

    let chat = r#"{"id":"a","choices":[{"message":{"content":"a"}}],"service_tier":"flex",
        "usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    assert_eq!(read(Schema::Chat, chat).unwrap().served.tier, ServiceTier::Flex);
}

#[test]
fn what_was_asked_for_holds_where_nobody_says_more() {
    let served = |tier| Served { tier, ..Served::default() };
    let [unsaid, flex, standard, priority] = [
        served(ServiceTier::Unsaid),
        served(ServiceTier::Flex),
        served(ServiceTier::Standard),
        served(ServiceTier::Priority),
    ];
    assert_eq!(unsaid.or(priority), priority);
    // Demoted for want of capacity, and billed so.
    assert_eq!(standard.or(priority), standard);
    assert_eq!(flex.or(flex), flex);
    // Cheaper only if it is said.
    assert_eq!(unsaid.or(flex), standard);
    let fast = Served { fast: true, us_only: true, ..Served::default() };
    assert_eq!(standard.or(fast), Served { tier: ServiceTier::Standard, ..fast });
}

proptest! {
    #[test]
    fn no_count_makes_a_reader_panic(input in "[-+.0-9eE\"xnul\\[\\]{}]{0,12}", output in any::<f64>()) {
        for schema in ALL {
            let [body, stream] = answers(schema, &input, &format!("{output:?}"));
            let _ = schema.codec().read_usage(body.as_bytes());
            let _ = streamed(schema, &stream);
        }
    }
}
