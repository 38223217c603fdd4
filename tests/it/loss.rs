//! What can't be carried: told in a header, refused by name on a strict route, dropped by leave.

use serde_json::json;

use crate::support::provider::{all, arrived, only, simulate};
use crate::support::speak::{refused, send};
use crate::support::{Answer, Config, Gateway, Provider, until};

/// A request as Gemini's command line sends it, with sampling that new Claude models refuse.
async fn ask(gateway: &Gateway, config: &serde_json::Value) -> Answer {
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        "generationConfig": config,
    });
    let url = gateway.url("/v1beta/models/claude-opus-5:generateContent");
    send(gateway.client.post(url).header("content-type", "application/json").body(body.to_string()))
        .await
}

#[tokio::test]
async fn what_would_be_refused_is_dropped_and_reported_by_leave() {
    let claude = simulate(Provider::Claude, "sk-canary-claude").await;
    let config = Config::new()
        .backend("claude", &claude)
        .route("models: ['claude-*'], backends: [claude], drop: [top_k, top_p]");
    let gateway = Gateway::start(config).await;
    let answer = ask(&gateway, &json!({"topK": 64, "topP": 0.5})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let dropped = answer.header("x-egret-dropped");
    assert_eq!(dropped, Some("generationConfig.topK, generationConfig.topP"));
    let sent: serde_json::Value = serde_json::from_slice(&only(&claude).body).unwrap();
    assert!(sent.get("top_k").is_none() && sent.get("top_p").is_none(), "{sent}");
    let metrics = gateway.settled().await;
    let labels = ["surface=\"gemini\"", "target=\"claude\"", "field=\"generationConfig.topK\""];
    assert_eq!(metrics.count("egret_dropped_fields_total", &labels), 1);
    // What is not on the list is refused as before.
    let answer = ask(&gateway, &json!({"topK": 64, "temperature": 0.5})).await;
    let message = refused(Provider::Gemini, &answer, 400);
    assert!(message.contains("temperature"), "{message}");
}

#[tokio::test]
async fn a_strict_route_says_all_that_it_would_have_lost() {
    let simulators = all().await;
    let [openai, claude, _] = &simulators;
    let config = Config::new()
        .backend("claude", claude)
        .backend("openai", openai)
        .route("models: ['claude-*'], backends: [claude], strict: true")
        .route("models: [either], strict: true, backends: [{ backend: claude, model: claude-opus-5 }, { backend: openai, model: gpt-4o-mini }]");
    let gateway = Gateway::start(config).await;
    let answer =
        ask(&gateway, &json!({"seed": 1, "mediaResolution": "MEDIA_RESOLUTION_LOW"})).await;
    let message = refused(Provider::Gemini, &answer, 400);
    for field in ["`generationConfig.seed`", "`generationConfig.mediaResolution`", "strict"] {
        assert!(message.contains(field), "{message}");
    }
    assert_eq!(arrived(claude), 0);
    assert_eq!(ask(&gateway, &json!({})).await.status, 200, "a clean request is served");

    // Another backend of the route may carry it all.
    let body =
        json!({"model": "either", "seed": 1, "messages": [{"role": "user", "content": "hi"}]});
    let post = gateway.client.post(gateway.url("/v1/chat/completions"));
    let answer = send(post.body(body.to_string())).await;
    assert_eq!(answer.header("x-egret-backend"), Some("openai"), "{}", answer.text);
    assert_eq!(answer.header("x-egret-dropped"), None);
}

#[tokio::test]
async fn what_a_provider_lacks_is_emulated_by_leave_and_reported() {
    let claude = simulate(Provider::Claude, "sk-canary-claude").await;
    let config = Config::new()
        .backend("claude", &claude)
        .route("models: [claude-opus-5], backends: [claude]")
        .route("models: [eased], backends: [{ backend: claude, model: claude-opus-5 }], emulate: [tools.custom], drop: [tools.hosted]");
    let gateway = Gateway::start(config).await;
    let ask = |model: &str| {
        let body = json!({
            "model": model,
            "input": r#"call patch with {"input": "*** Begin\n"}"#,
            "tools": [{"type": "custom", "name": "patch"}, {"type": "web_search"}],
        });
        let post = gateway.client.post(gateway.url("/v1/responses"));
        send(post.header("content-type", "application/json").body(body.to_string()))
    };
    let answer = ask("claude-opus-5").await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("tools."), "{}", answer.text);
    let answer = ask("eased").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-egret-emulated"), Some("tools.custom"));
    assert_eq!(answer.header("x-egret-dropped"), Some("tools.hosted"));
    let answer: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    let output = answer["output"].as_array().unwrap();
    let call = output.iter().find(|item| item["type"] == "custom_tool_call").unwrap();
    assert_eq!((&call["name"], &call["input"]), (&json!("patch"), &json!("*** Begin\n")));
}

/// The names are the caller's own: as many and as long as a body has room for.
#[tokio::test]
async fn however_much_is_lost_the_answer_arrives() {
    let claude = simulate(Provider::Claude, "sk-canary-claude").await;
    let gateway = Gateway::start(Config::serving(&[&claude])).await;
    let turn = |number| json!({"role": "user", "content": "hi", format!("field_{number}"): 1});
    // Where each is looked for among all the others, this takes minutes.
    let turns: Vec<_> = (0..100_000).map(turn).collect();
    let long = "a".repeat(4000);
    let body = json!({
        "model": "claude-haiku-4-5", "max_tokens": 9, long: 1, "messages": turns,
    });
    let post = gateway.client.post(gateway.url("/v1/chat/completions"));
    let answer = send(post.body(body.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let dropped = answer.header("x-egret-dropped").unwrap();
    assert!(dropped.len() <= 4096, "{} bytes", dropped.len());
    assert!(dropped.contains("messages.field_1, ") && dropped.ends_with(" more"), "{dropped}");
    let logged = || gateway.output().lines().find(|line| line.contains("field_1")).map(str::len);
    until("the log has it", || async { logged().is_some() }).await;
    assert!(logged().unwrap() < 8192, "{logged:?}", logged = logged());
}
