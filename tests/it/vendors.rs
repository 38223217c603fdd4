//! The clouds and hosts of the table of vendors, each asked in its own manner.

use serde_json::{Value, json};

use crate::support::provider::{model, only, simulate};
use crate::support::speak::{said, send};
use crate::support::{Config, Gateway, Provider, Running, ask};

/// A gateway with one backend: this vendor, at the simulator.
async fn gateway(vendor: &str, prefix: &str, simulator: &Running) -> Gateway {
    let config = Config::new();
    let key = config.write("vendor.key", simulator.credential());
    let fields = [
        format!("vendor: {vendor}"),
        format!("url: '{}{prefix}'", simulator.base_url()),
        format!("credential: {{ file: '{}' }}", key.display()),
        "tls: { ca: ca.pem }".to_owned(),
    ];
    // A deployment has one model.
    let models = if vendor.contains("deployment") { "my-gpt" } else { "'*'" };
    let route = format!("models: [{models}], backends: [cloud]");
    let config = config.backend_of("cloud", &fields).route(&route);
    Gateway::start(config).await
}

#[tokio::test]
async fn every_surface_reaches_every_vendor() {
    for (vendor, prefix, provider, model) in [
        ("azure-openai, resource: r", "/openai/v1", Provider::OpenAi, "gpt-4o-mini"),
        ("azure-openai-classic, resource: r", "/openai", Provider::OpenAi, "gpt-4o-mini"),
        (
            "azure-openai-classic, resource: r, deployment: my-gpt",
            "/openai",
            Provider::OpenAi,
            "my-gpt",
        ),
        ("bedrock-openai, region: r", "/openai/v1", Provider::OpenAi, "openai.gpt-5.4"),
        ("vertex-gemini, project: p, location: eu", "", Provider::Gemini, "gemini-2.5-flash"),
        ("vertex-claude, project: p, location: eu", "", Provider::Claude, "claude-haiku-4-5"),
        ("foundry-claude, resource: r", "/anthropic", Provider::Claude, "claude-haiku-4-5"),
        ("bedrock, region: r", "/anthropic", Provider::Claude, "claude-haiku-4-5"),
        (
            "bedrock-invoke, region: r",
            "",
            Provider::Claude,
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
    ] {
        let simulator = simulate(provider, "sk-canary-cloud").await;
        let gateway = gateway(vendor, prefix, &simulator).await;
        for surface in Provider::ALL {
            for stream in [false, true] {
                let answer = ask(&gateway, surface, model, "say something", stream).await;
                let case = format!("{} to {vendor}, {stream}", surface.name());
                assert_eq!(answer.status, 200, "{case}: {}", answer.text);
                let text = said(surface, &answer, stream).unwrap_or_default();
                assert!(text.ends_with("here: say something"), "{case}: {text} {}", answer.text);
            }
        }
        assert_eq!(simulator.bill().total().requests, 6, "{vendor}");
    }
}

/// A turn of Claude's with these headers.
async fn messages(
    gateway: &Gateway,
    model: &str,
    headers: &[(&str, &str)],
) -> crate::support::Answer {
    let body = json!({
        "model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}],
    });
    let post = gateway.client.post(gateway.url("/v1/messages")).body(body.to_string());
    send(headers.iter().fold(post, |post, (name, value)| post.header(*name, *value))).await
}

#[tokio::test]
async fn anthropics_version_and_betas_go_where_they_are_understood() {
    let claude = simulate(Provider::Claude, "sk-canary-cloud").await;
    let gateway = gateway("anthropic", "", &claude).await;
    // Nothing said: what the model is best asked with.
    assert_eq!(messages(&gateway, "claude-haiku-4-5", &[]).await.status, 200);
    let header = |name: &str| claude.journal().last().unwrap().headers.get(name).cloned();
    assert_eq!(header("anthropic-version").unwrap(), "2023-06-01");
    assert_eq!(messages(&gateway, "claude-opus-5", &[]).await.status, 200);
    assert_eq!(header("anthropic-version").unwrap(), "2026-10-21");
    // A caller's own word goes through.
    let own = [("anthropic-version", "2023-06-01"), ("anthropic-beta", "a-2026-01-01,b")];
    let answer = messages(&gateway, "claude-opus-5", &own).await;
    assert_eq!(answer.header("x-egret-dropped"), None);
    assert_eq!(header("anthropic-version").unwrap(), "2023-06-01");
    assert_eq!(header("anthropic-beta").unwrap(), "a-2026-01-01,b");
}

#[tokio::test]
async fn a_cloud_is_told_version_and_betas_in_the_body() {
    let claude = simulate(Provider::Claude, "sk-canary-cloud").await;
    let gateway = gateway("vertex-claude, project: p, location: eu", "", &claude).await;
    let own = [("anthropic-version", "2023-06-01"), ("anthropic-beta", "a-2026-01-01,b")];
    let answer = messages(&gateway, model(Provider::Claude), &own).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let arrival = only(&claude);
    assert!(arrival.headers.get("anthropic-beta").is_none());
    let body: Value = serde_json::from_slice(&arrival.body).unwrap();
    assert_eq!(body["anthropic_version"], "vertex-2023-10-16");
    assert_eq!(body["anthropic_beta"], json!(["a-2026-01-01", "b"]));
    assert_eq!(body.get("model"), None, "it stands in the path");
}

#[tokio::test]
async fn betas_are_reported_where_nobody_understands_them() {
    let openai = simulate(Provider::OpenAi, "sk-canary-cloud").await;
    let gateway = gateway("openai", "/v1", &openai).await;
    let own = [("anthropic-version", "2023-06-01"), ("anthropic-beta", "a-2026-01-01")];
    let answer = messages(&gateway, "gpt-4o-mini", &own).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-egret-dropped"), Some("anthropic-beta"));
    let arrival = only(&openai);
    assert!(arrival.headers.keys().all(|name| !name.as_str().starts_with("anthropic")));
}
