#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NONE: HeaderHints = HeaderHints { anthropic_version: false, goog_key: false };
const ANTHROPIC: HeaderHints = HeaderHints { anthropic_version: true, goog_key: false };
const GOOGLE: HeaderHints = HeaderHints { anthropic_version: false, goog_key: true };

fn post<'a>(path: &'a str, query: Option<&str>) -> Option<Endpoint<'a>> {
    endpoint("POST", path, query, NONE)
}

fn gemini(model: &str, stream: bool, json_array: bool) -> Option<Endpoint<'_>> {
    let operation = Operation::Generate { stream: Some(stream), json_array };
    Some(Endpoint::Ask { schema: Schema::Gemini, operation, model: Some(model.into()) })
}

#[test]
fn chat_and_messages_are_served_whatever_their_query() {
    let generate = |schema| Some(body_names_model(schema, TURN));
    assert_eq!(post("/v1/responses", None), generate(Schema::Responses));
    assert_eq!(post("/v1/chat/completions", None), generate(Schema::Chat));
    assert_eq!(post("/v1/messages", Some("beta=true")), generate(Schema::Claude));
}

#[test]
fn gemini_methods_are_served_under_each_version() {
    for version in ["v1", "v1beta", "v1alpha", "v1beta1"] {
        let path = format!("/{version}/models/gemini-2.5-flash:generateContent");
        assert_eq!(post(&path, None), gemini("gemini-2.5-flash", false, false), "{path}");
    }
    let path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    assert_eq!(post(path, Some("key=K&alt=sse")), gemini("gemini-2.5-flash", true, false));
    assert_eq!(post(path, Some("alt=json")), gemini("gemini-2.5-flash", true, true));
    assert_eq!(post(path, None), gemini("gemini-2.5-flash", true, true));
}

#[test]
fn embeddings_and_counts_are_served() {
    let served = |schema, operation| Some(body_names_model(schema, operation));
    let embed = |batch| Operation::Embed { batch };
    assert_eq!(post("/v1/embeddings", None), served(Schema::Chat, embed(false)));
    let count = post("/v1/responses/input_tokens", None);
    assert_eq!(count, served(Schema::Responses, Operation::Count));
    let count = post("/v1/messages/count_tokens", Some("beta=true"));
    assert_eq!(count, served(Schema::Claude, Operation::Count));
    for version in ["v1", "v1beta", "v1alpha", "v1beta1"] {
        for (method, operation) in [
            ("embedContent", embed(false)),
            ("batchEmbedContents", embed(true)),
            ("countTokens", Operation::Count),
        ] {
            let path = format!("/{version}/models/m%2Fn:{method}");
            let model = Some("m/n".into());
            let expected = Endpoint::Ask { schema: Schema::Gemini, operation, model };
            assert_eq!(endpoint("POST", &path, Some("alt=sse"), NONE), Some(expected));
        }
    }
    for path in ["/v1/embeddings", "/v1/messages/count_tokens", "/v1/responses/input_tokens"] {
        assert_eq!(endpoint("GET", path, None, NONE), None, "{path}");
    }
}

#[test]
fn gemini_model_names_keep_one_meaning() {
    for (segment, model) in [
        ("models/models/gemini-3", "gemini-3"),
        ("models/models%2Fgemini-3", "gemini-3"),
        ("models/tunedModels/mine", "tunedModels/mine"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("models/google%2Fgemini-3", "google/gemini-3"),
        ("models/a:b", "a:b"),
        ("models/caf%C3%A9", "café"),
    ] {
        let path = format!("/v1/{segment}:generateContent");
        assert_eq!(post(&path, None), gemini(model, false, false), "{path}");
    }
    for segment in [
        "models/",
        "models/.",
        "models/..",
        "models/%2e%2e",
        "models/a%2F..%2Fb",
        "models/a/b",
        "models/models/",
        "models/a%2F",
        "models/%2Fa",
        "models//a",
        "models/a%00",
        "models/a%0d%0ab",
        "models/a%zz",
        "models/a%4",
        "models/%ff",
        "models/a%252Fb",
        "models/a%3Fb",
        "models/a%5Cb",
        "tunedModels/",
        "tunedModels/a/b",
        "Models/a",
        "a",
    ] {
        let path = format!("/v1beta/{segment}:generateContent");
        assert_eq!(post(&path, None), None, "{path}");
    }
    let long = format!("/v1/models/{}:generateContent", "a".repeat(257));
    assert_eq!(post(&long, None), None);
}

#[test]
fn everything_else_is_not_served() {
    for path in [
        "",
        "/",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/v1/../v1/chat/completions",
        "/V1/chat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/responses/r_1",
        "/v1/messages/batches",
        "/v1/embeddings/",
        "/v1/responses/input_tokens/",
        "/v1/messages/count_tokens/",
        "/v1/models/gemini-3:EmbedContent",
        "/v1/models/gemini-3:asyncBatchEmbedContent",
        "/v2/models/gemini-3:generateContent",
        "/v1/models/gemini-3:GenerateContent",
        "/v1/models/gemini-3",
        "/v1beta/models",
        "/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent",
        "/v1beta/interactions",
        "v1/messages",
    ] {
        assert_eq!(post(path, None), None, "{path}");
    }
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "post", ""] {
        assert_eq!(endpoint(method, "/v1/messages", None, NONE), None, "{method}");
    }
}

#[test]
fn lists_of_models_are_told_apart_by_headers() {
    let get = |path, query, hints| endpoint("GET", path, query, hints);
    let list = |schema| Some(Endpoint::Models { schema });
    assert_eq!(get("/v1/models", None, NONE), list(Schema::Chat));
    assert_eq!(get("/v1/models", None, ANTHROPIC), list(Schema::Claude));
    assert_eq!(get("/v1/models", None, GOOGLE), list(Schema::Gemini));
    assert_eq!(get("/v1/models", Some("pageSize=5&key=K"), NONE), list(Schema::Gemini));
    assert_eq!(get("/v1/models", Some("monkey=K"), NONE), list(Schema::Chat));
    assert_eq!(get("/v1beta/models", None, ANTHROPIC), list(Schema::Gemini));

    let one = |schema, id: &'static str| Some(Endpoint::Model { schema, id: id.into() });
    assert_eq!(get("/v1/models/gpt-5", None, NONE), one(Schema::Chat, "gpt-5"));
    assert_eq!(get("/v1/models/claude-5", None, ANTHROPIC), one(Schema::Claude, "claude-5"));
    assert_eq!(get("/v1beta/models/gemini-3", None, NONE), one(Schema::Gemini, "gemini-3"));
    assert_eq!(
        get("/v1/models/ft:gpt-4o:org::id", None, NONE),
        one(Schema::Chat, "ft:gpt-4o:org::id")
    );
    for path in ["/v1/models/", "/v1/model", "/v1/models/a/b", "/v1/models/..", "/v1beta/files"] {
        assert_eq!(get(path, None, NONE), None, "{path}");
    }
}

#[test]
fn errors_on_unknown_paths_have_the_callers_shape() {
    for (path, hints, schema) in [
        ("/v1/messages/count_tokens", NONE, Schema::Claude),
        ("/v1/messagesx", NONE, Schema::Chat),
        ("/v1/responses/r_1", ANTHROPIC, Schema::Responses),
        ("/v1beta/models/m:countTokens", NONE, Schema::Gemini),
        ("/v1beta1/projects/p", NONE, Schema::Gemini),
        ("/v1/models/m:countTokens", NONE, Schema::Gemini),
        ("/v1/models/m", ANTHROPIC, Schema::Claude),
        ("/anything", GOOGLE, Schema::Gemini),
        ("/anything", NONE, Schema::Chat),
        ("", NONE, Schema::Chat),
    ] {
        assert_eq!(schema_of(path, hints), schema, "{path}");
    }
}

#[test]
fn models_are_listed_in_each_shape() {
    let list = |schema| -> Value {
        serde_json::from_slice(&render_models(schema, &[("a", 0), ("tunedModels/b", 86_400)]))
            .unwrap()
    };
    assert_eq!(
        list(Schema::Chat),
        json!({"object": "list", "data": [
            {"id": "a", "object": "model", "created": 0, "owned_by": "egret"},
            {"id": "tunedModels/b", "object": "model", "created": 86400, "owned_by": "egret"},
        ]})
    );
    assert_eq!(
        list(Schema::Claude),
        json!({"data": [
            {"type": "model", "id": "a", "display_name": "a", "created_at": "1970-01-01T00:00:00Z"},
            {"type": "model", "id": "tunedModels/b", "display_name": "tunedModels/b",
             "created_at": "1970-01-02T00:00:00Z"},
        ], "has_more": false, "first_id": "a", "last_id": "tunedModels/b"})
    );
    let methods = ["generateContent", "streamGenerateContent"];
    assert_eq!(
        list(Schema::Gemini),
        json!({"models": [
            {"name": "models/a", "displayName": "a", "supportedGenerationMethods": methods},
            {"name": "tunedModels/b", "displayName": "tunedModels/b",
             "supportedGenerationMethods": methods},
        ]})
    );
    let empty: Value = serde_json::from_slice(&render_models(Schema::Claude, &[])).unwrap();
    assert_eq!(empty, json!({"data": [], "has_more": false, "first_id": null, "last_id": null}));
}

#[test]
fn one_model_is_an_element_of_its_list() {
    for (schema, list) in
        [(Schema::Chat, "/data/0"), (Schema::Claude, "/data/0"), (Schema::Gemini, "/models/0")]
    {
        let all: Value = serde_json::from_slice(&render_models(schema, &[("m\"x", 7)])).unwrap();
        let one: Value = serde_json::from_slice(&render_model(schema, "m\"x", 7)).unwrap();
        assert_eq!(all.pointer(list), Some(&one));
    }
}

#[test]
fn a_query_goes_on_without_keys() {
    for (query, expected) in [
        ("", ""),
        ("key=K", ""),
        ("alt=sse&key=K&pageToken=x", "alt=sse&pageToken=x"),
        ("k%65y=K&limit=2", "limit=2"),
        ("KEY=K&include%5B%5D=a", "include%5B%5D=a"),
        ("%zz=1&a=b", "a=b"),
        ("oauth_token=T&$key=K&%24access_token=T&$alt=sse", "$alt=sse"),
    ] {
        assert_eq!(without_keys(query), expected);
    }
}

proptest! {
    #[test]
    fn any_path_is_answered_or_refused(
        method in "GET|POST", path in "(/|v1|v1beta|models|tunedModels|:|generateContent|%2[fF]|%|\\.|\\PC|\u{0}){0,12}",
        query in proptest::option::of(".{0,12}"),
    ) {
        let found = endpoint(&method, &path, query.as_deref(), NONE);
        schema_of(&path, NONE);
        if let Some(Endpoint::Ask { model: Some(name), .. } | Endpoint::Model { id: name, .. }) = found {
            prop_assert!(name.len() <= 256);
            prop_assert!(name.split('/').all(|part| !matches!(part, "" | "." | "..")));
            prop_assert!(!name.chars().any(|c| c.is_control() || c == '%'));
        }
    }

    #[test]
    fn an_encoded_name_comes_back(name in "[a-zA-Z0-9._~@+-]{1,40}") {
        prop_assume!(name != "." && name != "..");
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("/v1beta/models/{encoded}:generateContent");
        prop_assert_eq!(post(&path, None), gemini(&name, false, false));
    }
}
