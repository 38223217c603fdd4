#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::json::scan::tests::odd_json;
use crate::json::splice;
use Schema::{Chat, Claude, Gemini, Responses};

fn refused(schema: Schema, body: impl AsRef<[u8]>) -> Refusal {
    let body = body.as_ref();
    match Peek::of(schema, body) {
        Err(refusal) => refusal,
        Ok(peek) => panic!("{} is accepted as {peek:?}", body.escape_ascii()),
    }
}

/// The body after an edit.
fn edited(body: &str, edit: Option<Edit>) -> String {
    let out = splice(&Bytes::copy_from_slice(body.as_bytes()), edit);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn how_a_call_is_to_be_served_is_never_taken_for_cheaper() {
    let served = |schema, more: &str| {
        let body = format!(r#"{{"model":"m","service_tier":"priority"{more}}}"#);
        Peek::of(schema, body.as_bytes()).unwrap().served()
    };
    let priority = Served { tier: ServiceTier::Priority, ..Served::default() };
    for schema in [Chat, Responses, Claude, Gemini] {
        assert_eq!(served(schema, ""), priority);
    }
    let dearest = Served { fast: true, us_only: true, ..priority };
    assert_eq!(served(Claude, r#","speed":"fast","inference_geo":"us""#), dearest);
    assert_eq!(served(Claude, r#","speed":"f\u0061st","inference_geo":"\u0075s""#), dearest);
    assert_eq!(served(Claude, r#","speed":"standard","inference_geo":"global""#), priority);
    assert_eq!(served(Claude, r#","speed":null,"inference_geo":7"#), priority);
    for (written, tier) in [
        (r#""flex""#, ServiceTier::Flex),
        (r#""fl\u0065x""#, ServiceTier::Priority),
        (r#""default""#, ServiceTier::Standard),
        (r#""auto""#, ServiceTier::Unsaid),
        ("null", ServiceTier::Unsaid),
        ("[]", ServiceTier::Unsaid),
    ] {
        let body = format!(r#"{{"model":"m","service_tier":{written}}}"#);
        assert_eq!(Peek::of(Chat, body.as_bytes()).unwrap().served().tier, tier, "{written}");
    }
    let body = br#"{"contents":[],"serviceTier":"SERVICE_TIER_PRIORITY"}"#;
    assert_eq!(Peek::of(Gemini, body).unwrap().served(), priority);
}

#[test]
fn openai_fields_are_found() {
    let body = br#" {"messages":[{"model":"inner","stream":false}], "model" : "gpt-5",
        "stream":true, "max_tokens":10,"max_completion_tokens": 20, "n":3,
        "stream_options":{"include_usage":true},"tools":[{}] } "#;
    let peek = Peek::of(Chat, body).unwrap();
    assert_eq!(peek.model(), Some("gpt-5"));
    assert!(peek.stream() && peek.has_tools() && peek.wants_usage());
    assert_eq!((peek.output_limit(), peek.candidates()), (Some(20), 3));
    assert_eq!(peek.ask_for_usage(), None);
    let swapped = Peek::of(Chat, br#"{"model":"m","max_tokens":30,"max_completion_tokens":20}"#);
    assert_eq!(swapped.unwrap().output_limit(), Some(30));
    for (said, made) in
        [(r#""n":2,"best_of":7"#, 7), (r#""best_of":7"#, 7), (r#""n":3,"best_of":null"#, 3)]
    {
        let body = format!(r#"{{"model":"m",{said}}}"#);
        assert_eq!(Peek::of(Chat, body.as_bytes()).unwrap().candidates(), made, "{said}");
    }
}

#[test]
fn claude_and_gemini_fields_are_found() {
    let peek = Peek::of(Claude, br#"{"model":"claude-x","max_tokens":0,"tools":[]}"#).unwrap();
    assert_eq!((peek.model(), peek.output_limit()), (Some("claude-x"), Some(0)));
    assert!(!peek.stream() && !peek.has_tools());
    for body in [
        r#"{"generationConfig":{"maxOutputTokens":9,"candidateCount":2},"tools":[{"a":1}]}"#,
        r#"{"generation_config":{"candidate_count":2,"max_output_tokens":9},"tools":[{"a":1}]}"#,
    ] {
        let peek = Peek::of(Gemini, body.as_bytes()).unwrap();
        assert_eq!((peek.model(), peek.set_model("x")), (None, None));
        assert_eq!((peek.output_limit(), peek.candidates()), (Some(9), 2));
        assert!(peek.has_tools() && !peek.stream());
    }
}

#[test]
fn nulls_and_absence_are_the_same() {
    let nulls = br#"{"model":"m","stream":null,"max_tokens":null,"max_completion_tokens":null,
        "n":null,"tools":null,"stream_options":null}"#;
    for body in [&nulls[..], br#"{"model":"m"}"#] {
        let peek = Peek::of(Chat, body).unwrap();
        assert_eq!((peek.output_limit(), peek.candidates()), (None, 1));
        assert!(!peek.stream() && !peek.has_tools() && !peek.wants_usage());
        assert_eq!(peek.ask_for_usage(), None);
    }
}

#[test]
fn wrong_types_are_refused_with_the_field_named() {
    for (schema, field, members) in [
        (Chat, "max_tokens", r#""max_tokens":-1"#),
        (Chat, "max_tokens", r#""max_tokens":-0"#),
        (Chat, "max_tokens", r#""max_tokens":0"#),
        (Chat, "max_tokens", r#""max_tokens":1.5"#),
        (Chat, "max_tokens", r#""max_tokens":1e3"#),
        (Chat, "max_tokens", r#""max_tokens":"100""#),
        (Chat, "max_tokens", r#""max_tokens":true"#),
        (Chat, "max_tokens", r#""max_tokens":[5]"#),
        (Chat, "max_tokens", r#""max_tokens":99999999999999999999999"#),
        (Chat, "max_completion_tokens", r#""max_completion_tokens":2147483648"#),
        (Chat, "n", r#""n":0"#),
        (Chat, "n", r#""n":129"#),
        (Chat, "stream", r#""stream":"true""#),
        (Chat, "stream", r#""stream":1"#),
        (Chat, "stream_options", r#""stream_options":true"#),
        (Chat, "include_usage", r#""stream_options":{"include_usage":1}"#),
        (Claude, "max_tokens", r#""max_tokens":-1"#),
        (Claude, "max_tokens", r#""max_tokens":"1""#),
        (Gemini, "maxOutputTokens", r#""generationConfig":{"maxOutputTokens":"100"}"#),
        (Gemini, "max_output_tokens", r#""generation_config":{"max_output_tokens":0}"#),
        (Gemini, "candidateCount", r#""generationConfig":{"candidateCount":0}"#),
        (Gemini, "generationConfig", r#""generationConfig":[]"#),
    ] {
        let refusal = refused(schema, format!(r#"{{"model":"m",{members}}}"#));
        assert_eq!(refusal.field.as_deref(), Some(field), "{members}");
        assert!(refusal.message.starts_with(&format!("`{field}` must be ")), "{refusal}");
    }
    for model in ["null", "5", "\"\"", "[\"m\"]", r#""a\u0000""#, r#""\ud800""#, r#""a\nb""#] {
        let refusal = refused(Claude, format!(r#"{{"model":{model}}}"#));
        assert_eq!(refusal.field.as_deref(), Some("model"), "{model}");
    }
    let missing = refused(Chat, "{}");
    assert_eq!(missing.message, "`model` is missing; name the model to use");
}

#[test]
fn what_would_ask_another_model_or_go_on_unpaid_is_refused() {
    for (schema, field, value) in [
        (Claude, "fallbacks", r#"[{"model":"claude-opus-5-5"}]"#),
        (Claude, "fallbacks", r#""default""#),
        (Chat, "models", r#"["openai/gpt-6","openai/o3-pro"]"#),
        (Responses, "models", r#"["openai/gpt-6"]"#),
        (Chat, "preset", r#""mine""#),
        (Claude, "preset", r#""mine""#),
        (Responses, "background", "true"),
    ] {
        let body = format!(r#"{{"model":"m","{field}":{value}}}"#);
        let refusal = refused(schema, body);
        assert_eq!(refusal.field.as_deref(), Some(field), "{value}");
        assert!(refusal.message.contains("leave it out"), "{refusal}");
        // Nor under a name that some reader takes for it.
        let body = format!(r#"{{"model":"m","{}":{value}}}"#, field.to_uppercase());
        assert_eq!(refused(schema, body).field.as_deref(), Some(field), "{value}");
    }
    for (schema, members) in [
        (Claude, r#""fallbacks":[]"#),
        (Claude, r#""fallbacks":null"#),
        (Responses, r#""background":false,"models":null"#),
        (Responses, r#""background":null"#),
        // Chat has no such thing.
        (Chat, r#""background":true"#),
    ] {
        let body = format!(r#"{{"model":"m",{members}}}"#);
        assert!(Peek::of(schema, body.as_bytes()).is_ok(), "{members}");
    }
}

#[test]
fn ambiguous_names_are_refused() {
    for (schema, body) in [
        (Chat, r#"{"model":"a","model":"b"}"#),
        (Chat, r#"{"model":"a","Model":"b"}"#),
        (Chat, r#"{"MODEL":"b","model":"a"}"#),
        (Chat, r#"{"Model":"b"}"#),
        (Chat, r#"{"\u006dodel":"b"}"#),
        (Chat, r#"{"model":"a","\u006dodel":"b"}"#),
        (Chat, r#"{"model":"a","\u004dodel":"b"}"#),
        (Chat, r#"{"model":"a","model\u0000":"b"}"#),
        (Chat, r#"{"model":"a","\ufeffmodel":"b"}"#),
        (Chat, r#"{"model":"a","\ud800":"b"}"#),
        (Chat, "{\"model\":\"a\",\"\u{17f}tream\":true}"),
        (Chat, "{\"model\":\"a\",\"max_to\u{212a}ens\":1}"),
        (Chat, r#"{"model":"a","user":"x","user":"y"}"#),
        (Chat, r#"{"model":"a","user":"x","\u0075ser":"y"}"#),
        (Chat, r#"{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}"#),
        (Chat, r#"{"model":"a","stream_options":{"Include_Usage":true}}"#),
        (Claude, r#"{"model":"a","Max_Tokens":5}"#),
        (Gemini, r#"{"generationConfig":{},"generation_config":{}}"#),
        (Gemini, r#"{"generationconfig":{}}"#),
        (Gemini, r#"{"generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}}"#),
        (Gemini, r#"{"generationConfig":{"maxoutputtokens":1}}"#),
        (Gemini, r#"{"Model":"a"}"#),
    ] {
        let message = refused(schema, body).message;
        let remedy = ["send it once", "write `", "write it", "write its"];
        assert!(remedy.iter().any(|remedy| message.contains(remedy)), "{body}: {message}");
    }
}

#[test]
fn names_that_are_not_governed_pass() {
    for body in [
        r#"{"model":"a","User":1,"user":2,"modal":3,"x\u006d":4,"":5,"max_tokens ":6}"#,
        r#"{"model":"a","messages":[{"model":1,"model":2,"Model":3}]}"#,
        r#"{"model":"a","generationConfig":7}"#,
    ] {
        assert!(Peek::of(Chat, body.as_bytes()).is_ok(), "{body}");
    }
}

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    let deep = format!("{{\"model\":\"m\",\"x\":{}1{}}}", "[".repeat(128), "]".repeat(128));
    let many: Vec<String> = (0..1_000_000).map(|n| format!("\"{n}\":0")).collect();
    for (body, says) in [
        (b"".to_vec(), "a JSON object is expected but the body ends at line 1, column 1"),
        (b"[]".to_vec(), "a JSON object is expected but there is `[`"),
        (b"\"model\"".to_vec(), "a JSON object"),
        (b"null".to_vec(), "a JSON object"),
        (b"\xef\xbb\xbf{\"model\":\"m\"}".to_vec(), "byte order mark"),
        (b"\0{\"model\":\"m\"}".to_vec(), "there is a NUL"),
        (b"{\"model\":\"m\"}\0".to_vec(), "the end of the body is expected but there is a NUL"),
        (b"{\"model\":\"m\"}{}".to_vec(), "the end of the body"),
        (b"{\"model\":\"m\",}".to_vec(), "a member's name in double quotes"),
        (b"{\"model\":\"m\"".to_vec(), "`,` or `}` is expected but the body ends"),
        (b"{\"model\":\"m\",\"x\":[1,2,{\"y\":tru}]}".to_vec(), "a value is expected"),
        (b"{\"model\":\"m\",\"x\":\"\xff\"}".to_vec(), "not UTF-8"),
        (b"{\"model\":\"\xff\"}".to_vec(), "not UTF-8"),
        (b"{\"\xff\":1}".to_vec(), "not UTF-8"),
        (b"{\"model\":\"m\",\"x\":\"a\nb\"}".to_vec(), "control character"),
        (deep.into_bytes(), "nest deeper than 128 levels"),
        (format!("{{{}}}", many.join(",")).into_bytes(), "more than 256 members"),
    ] {
        let refusal = refused(Chat, &body);
        assert!(refusal.message.contains(says), "{says}: {refusal}");
    }
}

#[test]
fn the_model_is_replaced_and_nothing_else() {
    let body = r#"{ "a":1E2,"model" : "g\u0070t","z":"model"}"#;
    let peek = Peek::of(Chat, body.as_bytes()).unwrap();
    assert_eq!(peek.model(), Some("gpt"));
    assert_eq!(peek.set_model("gpt"), None);
    let out = edited(body, peek.set_model("say \"hi\"\n"));
    assert_eq!(out, r#"{ "a":1E2,"model" : "say \"hi\"\n","z":"model"}"#);

    let body = r#"{"model":"models/gemini-a"}"#;
    let peek = Peek::of(Gemini, body.as_bytes()).unwrap();
    assert_eq!(peek.set_model("gemini-a"), None);
    assert_eq!(edited(body, peek.set_model("gemini-b")), r#"{"model":"models/gemini-b"}"#);
}

#[test]
fn usage_is_asked_for_whatever_stands_there() {
    for (before, after) in [
        (r#""stream": true"#, r#""stream": true,"stream_options":{"include_usage":true}"#),
        (
            r#""stream_options": null,"stream":true"#,
            r#""stream_options": {"include_usage":true},"stream":true"#,
        ),
        (
            r#""stream":true,"stream_options":{}"#,
            r#""stream":true,"stream_options":{"include_usage":true}"#,
        ),
        (
            r#""stream":true,"stream_options":{ }"#,
            r#""stream":true,"stream_options":{"include_usage":true }"#,
        ),
        (
            r#""stream":true,"stream_options":{"include_usage" : false }"#,
            r#""stream":true,"stream_options":{"include_usage" : true }"#,
        ),
        (
            r#""stream":true,"stream_options":{"x":1E2,"include_usage":null}"#,
            r#""stream":true,"stream_options":{"x":1E2,"include_usage":true}"#,
        ),
        (
            r#""stream":true,"stream_options":{ "include_obfuscation":false}"#,
            r#""stream":true,"stream_options":{"include_usage":true, "include_obfuscation":false}"#,
        ),
    ] {
        let body = format!(r#"{{"model":"m",{before},"z":-0}}"#);
        let peek = Peek::of(Chat, body.as_bytes()).unwrap();
        assert!(!peek.wants_usage());
        let out = edited(&body, peek.ask_for_usage());
        assert_eq!(out, format!(r#"{{"model":"m",{after},"z":-0}}"#));
        let again = Peek::of(Chat, out.as_bytes()).unwrap();
        assert!(again.wants_usage() && again.ask_for_usage().is_none());
    }
    for (schema, body) in [
        (Chat, r#"{"model":"m"}"#),
        (Chat, r#"{"model":"m","stream":false,"stream_options":{}}"#),
        (Chat, r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#),
        (Claude, r#"{"model":"m","stream":true}"#),
        (Gemini, r#"{"stream":true}"#),
    ] {
        assert_eq!(Peek::of(schema, body.as_bytes()).unwrap().ask_for_usage(), None, "{body}");
    }
}

proptest! {
    #[test]
    fn a_new_model_leaves_every_other_byte(
        values in prop::collection::vec(odd_json(), 0..6),
        place in any::<prop::sample::Index>(),
        old in "[a-z]{1,10}",
        new in "\\PC{1,20}",
        stream in any::<bool>(),
    ) {
        let mut members: Vec<String> =
            values.iter().enumerate().map(|(n, value)| format!(" \"k{n}\" :{value}")).collect();
        if stream {
            members.push("\"stream\": true".to_owned());
        }
        let place = place.index(members.len() + 1);
        members.insert(place, format!("\"model\":\t\"{old}\""));
        let body = format!("{{{}}}\n", members.join(","));
        let peek = Peek::of(Chat, body.as_bytes()).unwrap();
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let out = splice(&bytes, peek.set_model(&new).into_iter().chain(peek.ask_for_usage()));

        let again = Peek::of(Chat, &out).unwrap();
        prop_assert_eq!(again.model(), Some(&*new));
        prop_assert_eq!(again.wants_usage(), stream);
        // The way back gives the body as it was.
        let back = splice(&out, again.set_model(&old));
        let back = String::from_utf8(back.to_vec()).unwrap();
        let asked = r#","stream_options":{"include_usage":true}"#;
        prop_assert_eq!(back.matches(asked).count(), usize::from(stream));
        prop_assert_eq!(back.replace(asked, ""), body);
    }

    #[test]
    fn any_bytes_do_no_harm(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for schema in Schema::ALL {
            let _refused_or_not = Peek::of(schema, &body);
        }
    }

    #[test]
    fn damage_is_refused_or_harmless(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = br#"{"model":"gpt-5","stream":true,"n":2,"x":[{"y":"z"}]}"#.to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        if Peek::of(Chat, &body).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }
    }
}
