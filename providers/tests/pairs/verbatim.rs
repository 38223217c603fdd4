//! A provider of the caller's own schema: bytes go through as they are, both ways.

use bytes::Bytes;
use providers::Schema;
use providers::relay::{Outcome, Relay, Verbatim};

use super::answer::{ANSWERS, COST};
use super::provider;
use super::support::{ASKED, send};

/// Spelled as no encoder would spell it, with fields that no one knows.
const BODIES: [(Schema, &str); 4] = [
    (
        Schema::Chat,
        "{ \"zzz\":[1E2,-0] ,\"model\" : \"asked\",\"temperature\":1e0,\"messages\":[{\"role\":\"user\",\"content\":\"\\u0048i\"}] }",
    ),
    (
        Schema::Responses,
        "{ \"zzz\":[1E2,-0] ,\"model\" : \"asked\",\"temperature\":1e0,\"input\":\"\\u0048i\" }",
    ),
    (
        Schema::Claude,
        "{ \"zzz\":[1E2,-0] ,\"model\" : \"asked\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"\\u0048i\"}] }",
    ),
    (
        Schema::Gemini,
        "{ \"zzz\":[1E2,-0] ,\"generation_config\":{\"topK\":1e0},\"contents\":{\"parts\":{\"text\":\"\\u0048i\"}} }",
    ),
];

#[test]
fn requests_are_changed_in_their_model_only() {
    for (schema, body) in BODIES {
        let same = send(schema, schema, ASKED, body).unwrap();
        assert_eq!((&*same.body, same.losses.len()), (body.as_bytes(), 0), "{schema}");
        let renamed = send(schema, schema, "served", body).unwrap();
        assert_eq!(&*renamed.body, body.replace("asked", "served").as_bytes(), "{schema}");
    }
}

#[test]
fn streams_are_not_changed_and_counted_all_the_same() {
    for schema in Schema::ALL {
        for answer in ANSWERS.iter().filter(|answer| answer.given_by.contains(&schema)) {
            let bytes = Bytes::from(provider::events(schema, answer).concat());
            for size in [1, 7, bytes.len()] {
                let codec = schema.codec();
                let encoder = codec.stream_encoder(Default::default());
                let mut relay =
                    Relay::verbatim(codec.stream_decoder(), encoder, Verbatim::default());
                let mut out = Vec::new();
                for start in (0..bytes.len()).step_by(size) {
                    out.extend_from_slice(
                        &relay.push(&bytes.slice(start..bytes.len().min(start + size))),
                    );
                }
                let (rest, outcome) = relay.end();
                out.extend_from_slice(&rest);
                assert_eq!(
                    (&*out, outcome),
                    (&*bytes, Outcome::Complete),
                    "{schema}: {}",
                    answer.name
                );
                let usage = relay.usage().unwrap();
                assert_eq!(
                    (usage.total_input(), usage.total_output()),
                    (COST.input, COST.output),
                    "{schema}"
                );
            }
        }
    }
}

/// The provider's own events, then a failure of the very answer that they began.
#[test]
fn a_response_that_is_cut_short_fails_as_the_answer_that_it_was() {
    let answer = ANSWERS.iter().find(|answer| answer.name.ends_with("three at once")).unwrap();
    let events = provider::events(Schema::Responses, answer);
    for kept in 0..events.len() {
        let codec = Schema::Responses.codec();
        let encoder = codec.stream_encoder(Default::default());
        let mut relay = Relay::verbatim(codec.stream_decoder(), encoder, Verbatim::default());
        let sent = events[..kept].concat();
        assert_eq!(relay.push(&Bytes::from(sent.clone())), sent);
        let (rest, outcome) = relay.end();
        assert_eq!(outcome, Outcome::Truncated, "{kept}");
        let rest = std::str::from_utf8(&rest).unwrap();
        let begins = rest.matches("event: response.created").count();
        assert_eq!(begins, usize::from(kept == 0), "begun once: {rest}");
        let (_, failed) = rest.split_once("event: response.failed\ndata: ").unwrap();
        let response = &super::support::json(failed.trim_end())["response"];
        assert_eq!(super::ladder::object(response), "failed");
        if kept > 0 {
            assert_eq!((&response["id"], &response["model"]), (&"resp_1".into(), &"gpt-x".into()));
        }
    }
}

/// Counts that are told again, with more detail, less, or smaller.
#[test]
fn counts_that_are_told_again_are_not_added_up() {
    const CHAT: [&str; 3] = [
        r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}"#,
        r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":30},"completion_tokens_details":{"reasoning_tokens":20}}"#,
        r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#,
    ];
    const GEMINI: [&str; 3] = [
        r#"{"promptTokenCount":100,"thoughtsTokenCount":20}"#,
        r#"{"promptTokenCount":100,"cachedContentTokenCount":30,"candidatesTokenCount":30}"#,
        r#"{"promptTokenCount":0,"candidatesTokenCount":0}"#,
    ];
    for (schema, counts) in [(Schema::Chat, CHAT), (Schema::Gemini, GEMINI)] {
        for to in [Schema::Chat, Schema::Claude, Schema::Gemini] {
            let encoder = to.codec().stream_encoder(Default::default());
            let mut relay = Relay::translate(schema.codec().stream_decoder(), encoder);
            for usage in counts {
                relay.push(&Bytes::from(match schema {
                    Schema::Chat => format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"a\"}}}}],\"usage\":{usage}}}\n\n"),
                    _ => format!("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"a\"}}]}}}}],\"usageMetadata\":{usage}}}\r\n\r\n"),
                }));
            }
            let usage = relay.usage().unwrap();
            let found =
                [usage.total_input(), usage.cache_read, usage.total_output(), usage.reasoning];
            assert_eq!(
                found,
                [COST.input, COST.cached, COST.output, COST.reasoning],
                "{schema} to {to}"
            );
        }
    }
}
