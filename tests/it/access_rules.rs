//! Rules of access: who may use which route, backend, model and feature.

use serde_json::{Value, json};

use crate::support::dice::Dice;
use crate::support::provider::{all, arrived, model, simulate};
use crate::support::speak::{self, body, path, refused, request, said, send};
use crate::support::{Answer, Config, Fault, Gateway, Provider, until};

const GPT: &str = "gpt-4o-mini";

/// A turn as this caller.
async fn turn(gateway: &Gateway, surface: Provider, model: &str, key: &str) -> Answer {
    let call = request(&gateway.client, gateway, surface, model, "x", false);
    send(call.header("x-api-key", key)).await
}

/// A turn of this schema with these members more, and with this content.
fn with(surface: Provider, more: &Value, content: &Value) -> Value {
    let mut body = body(surface, model(surface), "x", false);
    match surface {
        Provider::OpenAi | Provider::Claude => body["messages"][0]["content"] = content.clone(),
        Provider::Gemini => body["contents"][0]["parts"] = content.clone(),
    }
    let (into, from) = (body.as_object_mut().unwrap(), more.as_object().unwrap().clone());
    into.extend(from);
    body
}

async fn post(gateway: &Gateway, surface: Provider, key: &str, body: &str) -> Answer {
    let url = gateway.url(&path(surface, model(surface), false));
    let post = gateway.client.post(url).header("content-type", "application/json");
    send(post.header("x-api-key", key).body(body.to_owned())).await
}

#[tokio::test]
async fn without_rules_all_is_allowed_and_with_them_nothing_that_no_rule_allows() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .caller("shop", "key-shop", "namespace: prod, group: shop")
        .caller("lab", "key-lab", "namespace: lab")
        .caller("nobody", "key-nobody", "labels: { tier: none }")
        .with(
            "access:\n\
             - { match: { namespace: prod }, models: ['gpt-4o-mini', 'claude-*'] }\n\
             - { match: { group: shop }, backends: [gemini], models: [gemini-2.5-flash] }\n\
             - { match: { caller: lab }, routes: ['claude-*'] }\n",
        );
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for (key, model, allowed) in [
            ("key-shop", "gpt-4o-mini", true),
            ("key-shop", "gpt-5.4", false),
            ("key-shop", "claude-haiku-4-5", true),
            ("key-shop", "gemini-2.5-flash", true),
            ("key-shop", "gemini-2.5-pro", false),
            ("key-lab", "claude-haiku-4-5", true),
            ("key-lab", "gpt-4o-mini", false),
            ("key-nobody", "gpt-4o-mini", false),
        ] {
            let before: usize = simulators.iter().map(arrived).sum();
            let answer = turn(&gateway, surface, model, key).await;
            let after: usize = simulators.iter().map(arrived).sum();
            assert_eq!(after - before, usize::from(allowed), "{key} {model}: {}", answer.text);
            if allowed {
                assert_eq!(answer.status, 200, "{key} {model}: {}", answer.text);
            } else {
                let message = refused(surface, &answer, 403);
                assert!(message.contains("this caller may not"), "{message}");
                assert!(!message.contains("flash") && !message.contains("haiku"), "{message}");
                assert_eq!(answer.header("x-should-retry"), Some("false"));
            }
        }
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"access\""]), 12);
    until("a line of the log for each", || async {
        gateway.output().matches("\"reason\":\"access\"").count() == 12
    })
    .await;
    // What nobody may use is in no list.
    for (key, expected) in [
        ("key-lab", vec!["claude"]),
        ("key-nobody", vec![]),
        ("key-shop", vec!["claude", "gemini", "gpt"]),
    ] {
        let answer =
            send(gateway.client.get(gateway.url("/v1/models")).bearer_auth(key)).await.json();
        let data = answer["data"].as_array().unwrap();
        let mut families: Vec<&str> =
            data.iter().map(|m| m["id"].as_str().unwrap().split('-').next().unwrap()).collect();
        families.dedup();
        assert_eq!(families, expected, "{key}: {answer}");
        let one = gateway.client.get(gateway.url("/v1/models/gpt-5.4")).bearer_auth(key);
        refused(Provider::OpenAi, &send(one).await, 404);
    }
}

/// S-20: a rule's list is held against what the backend is really asked for.
#[tokio::test]
async fn s_20_no_spelling_of_a_model_gets_around_a_rule() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .route("models: ['*'], backends: [openai]")
        .route("models: [cheap], backends: [{ backend: openai, model: gpt-5.4 }]")
        .caller("shop", "key", "")
        .with("access: [{ models: [gpt-4o-mini, gemini-2.5-flash, 'ft:gpt-4o-mini:*', cheap] }]");
    let gateway = Gateway::start(config).await;
    for name in [
        "gpt-5.4",
        // An alias in the list is none: what serves it counts.
        "cheap",
        "GPT-4o-mini",
        " gpt-4o-mini",
        "gpt-4o-mini ",
        "gpt-4o-mini.",
        "gpt-4o-mini\u{200b}",
        "gpt-4o-mini\u{301}",
        "ｇpt-4o-mini",
        "gpt-4o-mіni",
        "gpt-4o%2dmini",
        "models/gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
        "openai/gpt-4o-mini",
        "eu.anthropic.claude-haiku-4-5",
        "gpt-4o-mini:online",
        "gpt-4o-mini/../gpt-5.4",
        "gpt-4o-mini?model=gpt-5.4",
        "ft:gpt-4o-mini:../x",
        "ft:gpt-5.4:gpt-4o-mini",
        "",
        "*",
    ] {
        for surface in [Provider::OpenAi, Provider::Claude] {
            let answer = turn(&gateway, surface, name, "key").await;
            assert!(matches!(answer.status, 400 | 403 | 404), "{name:?}: {}", answer.text);
            assert!(speak::error(surface, &answer.json()).is_some(), "{}", answer.text);
        }
    }
    assert!(simulators.iter().all(|simulator| arrived(simulator) == 0));
    assert_eq!(turn(&gateway, Provider::Claude, GPT, "key").await.status, 200);
    let tuned = turn(&gateway, Provider::OpenAi, "ft:gpt-4o-mini:acme::x1", "key").await;
    assert_eq!(simulators[0].journal().last().unwrap().target, "/v1/chat/completions");
    assert_ne!(tuned.status, 403, "{}", tuned.text);
}

/// S-21: a fallback, and a model that takes over for a budget, are allowed anew.
#[tokio::test]
async fn s_21_every_attempt_is_allowed_anew() {
    let [openai, claude, gemini] = all().await;
    openai.script().always([Fault::Status(503)]);
    let targets = "{ backend: openai, model: gpt-4o-mini }, { backend: claude, model: claude-haiku-4-5 }, \
                   { backend: gemini, model: gemini-2.5-flash }";
    let config = Config::new()
        .backend("openai", &openai)
        .backend("claude", &claude)
        .backend("gemini", &gemini)
        .route(&format!("name: chat, models: [assistant], backends: [{targets}]"))
        .route("models: [claude-haiku-4-5], backends: [claude]")
        .caller("some", "key-some", "")
        .caller("poor", "key-poor", "")
        .with(
            "access:\n\
             - { match: { caller: some }, routes: [chat], backends: [openai, gemini] }\n\
             - { match: { caller: poor }, routes: [chat], backends: [gemini, openai] }\n\
             budgets:\n\
             - { name: none, match: { caller: poor }, per: caller, limit: 1 tokens, window: month, \
                 on_exceeded: { downgrade: claude-haiku-4-5 } }\n",
        );
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        let answer = turn(&gateway, surface, "assistant", "key-some").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("x-egret-backend"), Some("gemini"));
        // Not by one way and not by the other.
        refused(surface, &turn(&gateway, surface, "claude-haiku-4-5", "key-some").await, 403);
        refused(surface, &turn(&gateway, surface, "assistant", "key-poor").await, 429);
    }
    assert_eq!(arrived(&claude), 0);
    assert_eq!(arrived(&gemini), 3);
}

/// What a request makes use of is seen in each schema, translated or not, however it is spelled.
#[tokio::test]
async fn features_are_held_in_every_schema() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .caller("plain", "key-plain", "")
        .caller("tools", "key-tools", "")
        .caller("all", "key-all", "")
        .with(
            "access:\n\
             - { match: { caller: plain }, features: { tools: false } }\n\
             - { match: { caller: tools }, features: { tools: true } }\n\
             - { match: { caller: all } }\n",
        );
    let gateway = Gateway::start(config).await;
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let function = json!({"name": "f", "parameters": {"type": "object", "properties": {}}});
    for (surface, text, image, tools) in [
        (
            Provider::OpenAi,
            json!([{"type": "text", "text": "x"}]),
            json!([{"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{png}")}}]),
            json!({"tools": [{"type": "function", "function": function}]}),
        ),
        (
            Provider::Claude,
            json!([{"type": "text", "text": "x"}]),
            json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png}}]),
            json!({"tools": [{"name": "f", "input_schema": {"type": "object"}}]}),
        ),
        (
            Provider::Gemini,
            json!([{"text": "x"}]),
            json!([{"inlineData": {"mimeType": "image/png", "data": png}}]),
            json!({"tools": [{"functionDeclarations": [function]}]}),
        ),
    ] {
        let none = json!({});
        for (key, more, content, feature) in [
            ("key-plain", &none, &text, None),
            ("key-plain", &none, &image, Some("images")),
            ("key-plain", &tools, &text, Some("tools")),
            ("key-tools", &tools, &text, None),
            ("key-tools", &tools, &image, Some("images")),
            ("key-all", &tools, &image, None),
        ] {
            let before: usize = simulators.iter().map(arrived).sum();
            let body = with(surface, more, content).to_string();
            let answer = post(&gateway, surface, key, &body).await;
            let arrived = simulators.iter().map(arrived).sum::<usize>() - before;
            match feature {
                None => assert_eq!((answer.status, arrived), (200, 1), "{key}: {}", answer.text),
                Some(feature) => {
                    let message = refused(surface, &answer, 403);
                    assert!(message.contains(feature), "{message}");
                    assert_eq!(arrived, 0, "{key}: {body}");
                }
            }
        }
    }
    // Hidden from one reader or another, and run by the provider.
    for (surface, body) in [
        (
            Provider::OpenAi,
            r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":[{"t\u0079pe":"image_url"}]}]}"#,
        ),
        (
            Provider::OpenAi,
            r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":[{"type":"image_url","type":"text"}]}]}"#,
        ),
        (
            Provider::OpenAi,
            r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":[{"type":"hologram"}]}]}"#,
        ),
        (Provider::OpenAi, r#"{"model":"gpt-4o-mini","web_search_options":{},"messages":[]}"#),
        (
            Provider::OpenAi,
            r#"{"model":"gpt-4o-mini","data_sources":[{"type":"azure_search"}],"messages":[]}"#,
        ),
        (Provider::OpenAi, r#"{"model":"gpt-4o-mini:online","messages":[]}"#),
        (Provider::Claude, r#"{"model":"gpt-4o@preset/x","max_tokens":1,"messages":[]}"#),
        (
            Provider::Claude,
            r#"{"model":"claude-haiku-4-5","max_tokens":1,"tools":[{"type":"web_search_20250305","name":"web_search"}],"messages":[]}"#,
        ),
        (
            Provider::Claude,
            r#"{"model":"claude-haiku-4-5","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image"}]}]}]}"#,
        ),
        (Provider::Gemini, r#"{"tools":[{"googleSearch":{}}],"contents":[]}"#),
        (Provider::Gemini, r#"{"cachedContent":"cachedContents/x","contents":[]}"#),
    ] {
        let before: usize = simulators.iter().map(arrived).sum();
        refused(surface, &post(&gateway, surface, "key-tools", body).await, 403);
        assert_eq!(simulators.iter().map(arrived).sum::<usize>(), before, "{body}");
    }
}

/// S-20: a preset of OpenRouter's chooses the model there, whatever stands before it in its name.
#[tokio::test]
async fn s_20_a_preset_is_no_way_around_a_list_of_models() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config = Config::serving(&[&openai])
        .route("models: ['@preset/*'], backends: [openai]")
        .caller("listed", "key-listed", "models: ['gpt-*', '@*']")
        .caller("ruled", "key-ruled", "")
        .caller("named", "key-named", "models: ['gpt-*', '*@preset/mine']")
        .caller("free", "key-free", "")
        .with(
            "access:\n\
             - { match: { caller: ruled }, models: ['gpt-*', '@*'] }\n\
             - { match: { caller: named }, models: ['gpt-*', 'gpt-4o@preset/*', '@preset/mine'] }\n\
             - { match: { caller: [listed, free] } }",
        );
    let gateway = Gateway::start(config).await;
    // Gemini's has its models in the path, where a name with a slash is none.
    for surface in [Provider::OpenAi, Provider::Claude] {
        for (key, model, allowed) in [
            ("key-listed", "gpt-4o@preset/mine", false),
            ("key-listed", "gpt-4o@Preset/mine", false),
            ("key-listed", "@preset/mine", false),
            ("key-ruled", "gpt-4o@preset/mine", false),
            ("key-ruled", "@preset/mine", false),
            ("key-named", "gpt-4o@preset/other", false),
            ("key-named", "gpt-4o@preset/other@preset/mine", false),
            ("key-named", "gpt-4o@preset/mine", true),
            ("key-named", "@preset/mine", true),
            ("key-free", "gpt-4o@preset/other", true),
            ("key-listed", GPT, true),
            ("key-ruled", GPT, true),
        ] {
            let before = arrived(&openai);
            let answer = turn(&gateway, surface, model, key).await;
            if !allowed {
                refused(surface, &answer, 403);
            }
            // The simulator has no `@preset/mine`; that it is asked is what counts.
            assert_eq!(arrived(&openai) - before, usize::from(allowed), "{key} {model}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_asked_for_no_longer_than_its_caller_may_have() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller("shop", "key", "").with(
        "access: [{ max_output_tokens: 64 }, { models: ['gemini-*'], max_output_tokens: 32 }]",
    );
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for (at, simulator) in simulators.iter().enumerate() {
            let served = model(Provider::ALL[at]);
            let answer = turn(&gateway, surface, served, "key").await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.header("x-egret-output-cap"), Some("64"), "{served}");
            let arrival = simulator.journal().last().unwrap();
            let sent: Value = serde_json::from_slice(&arrival.body).unwrap();
            let limits = [
                &sent["max_completion_tokens"],
                &sent["max_tokens"],
                &sent["generationConfig"]["maxOutputTokens"],
            ];
            assert!(limits.into_iter().any(|limit| limit == 64), "{sent}");
        }
        // One that asks for less gets what it asks for.
        let text = body(surface, model(surface), "x", false).to_string().replace("1000", "50");
        let answer = post(&gateway, surface, "key", &text).await;
        assert_eq!((answer.status, answer.header("x-egret-output-cap")), (200, None));
    }
    // No limit at all.
    let text = json!({"model": GPT, "messages": [{"role": "user", "content": "x"}]}).to_string();
    let answer = post(&gateway, Provider::OpenAi, "key", &text).await;
    assert_eq!(answer.header("x-egret-output-cap"), Some("64"));
}

/// What nobody reads needs a rule that asks for nothing that can't be seen.
#[tokio::test]
async fn paths_that_are_passed_on_unread_need_a_rule_that_asks_for_nothing_in_them() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config = Config::serving(&[&openai])
        .route("name: files, backends: [openai], paths: ['/v1/files', '/v1/files/*']")
        .caller("free", "key-free", "")
        .caller("models", "key-models", "")
        .caller("features", "key-features", "")
        .caller("tokens", "key-tokens", "")
        .caller("other", "key-other", "")
        .with(
            "access:\n\
             - { match: { caller: free }, routes: [files] }\n\
             - { match: { caller: models }, models: ['gpt-*'] }\n\
             - { match: { caller: features }, features: { files: true } }\n\
             - { match: { caller: tokens }, max_output_tokens: 100 }\n\
             - { match: { caller: other }, routes: ['gpt-*'] }\n",
        );
    let gateway = Gateway::start(config).await;
    for key in ["key-models", "key-features", "key-tokens", "key-other"] {
        let get = gateway.client.get(gateway.url("/v1/files/file-1"));
        refused(Provider::OpenAi, &send(get.bearer_auth(key)).await, 403);
        if key != "key-features" {
            assert_eq!(turn(&gateway, Provider::OpenAi, GPT, key).await.status, 200, "{key}");
        }
    }
    let before = arrived(&openai);
    let get = gateway.client.get(gateway.url("/v1/files/file-1"));
    assert_eq!(send(get.bearer_auth("key-free")).await.status, 200);
    assert_eq!(arrived(&openai), before + 1);
    refused(Provider::OpenAi, &turn(&gateway, Provider::OpenAi, GPT, "key-free").await, 403);
}

/// S-07: there is no way in that no rule is asked about: every operation of every surface, spelled
/// in many ways, by a caller that no rule lets in.
#[tokio::test]
async fn s_07_every_path_passes_the_rules() {
    const RULE: &str = "this caller may not use anything here";
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .route("models: ['*'], backends: [openai]")
        .route("name: files, backends: [openai], paths: ['/v1/files', '/v1/files/*']")
        .caller("out", "key-out", "")
        .caller("in", "key-in", "")
        .with("access: [{ match: { caller: in } }]");
    let gateway = Gateway::start(config).await;
    let names =
        ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash", "text-embedding-3-small", "x"];
    let forms = [
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/responses/input_tokens",
        "/v1/embeddings",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1beta/models/{}:generateContent",
        "/v1beta/models/{}:streamGenerateContent",
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
        "/v1beta/models/{}:countTokens",
        "/v1beta/models/{}:embedContent",
        "/v1beta/models/{}:batchEmbedContents",
        "/v1/models/{}:generateContent",
        "/v1/files",
        "/v1/files/file-1",
    ];
    let contents = json!([{"role": "user", "parts": [{"text": "x"}]}]);
    let mut dice = Dice::new(7);
    for round in 0..240 {
        let form = forms[round % forms.len()];
        let name = *dice.pick(&names);
        let mut target = form.replace("{}", name);
        if dice.roll(3) == 0 {
            target += if target.contains('?') { "&" } else { "?" };
            target += *dice.pick(&["model=gpt-4o-mini", "key={key}", "api-version=1", "a=b"]);
        }
        let body = json!({
            "model": name, "stream": dice.roll(2) == 0, "max_tokens": 10,
            "messages": [{"role": "user", "content": "x"}], "input": "x",
        });
        let gemini = json!({
            "contents": contents, "content": contents[0],
            "requests": [{"model": format!("models/{name}"), "content": contents[0]}],
        });
        let body = if form.contains(':') { gemini } else { body };
        let place = dice.roll(3);
        let ask = async |key: &str| {
            let url = gateway.url(&target.replace("{key}", key));
            let call = gateway.client.post(url).body(body.to_string());
            let call = match place {
                0 => call.header("x-api-key", key),
                1 => call.bearer_auth(key),
                _ => call.header("x-goog-api-key", key),
            };
            send(call).await
        };
        let before: usize = simulators.iter().map(arrived).sum();
        let answer = ask("key-out").await;
        assert_eq!(answer.status, 403, "{target}: {}", answer.text);
        assert!(answer.text.contains(RULE), "{target}: {}", answer.text);
        assert_eq!(simulators.iter().map(arrived).sum::<usize>(), before, "{target}");
        // It is the rule that kept it out.
        let answer = ask("key-in").await;
        assert!(answer.status != 401 && !answer.text.contains(RULE), "{target}: {}", answer.text);
    }
    assert!(arrived(&simulators[0]) > 0);
    for surface in Provider::ALL {
        let answer = turn(&gateway, surface, GPT, "key-in").await;
        assert!(said(surface, &answer, false).is_some(), "{}", answer.text);
    }
}
