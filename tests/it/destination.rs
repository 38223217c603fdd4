//! Where requests go is the operator's word alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use crate::support::provider::{all, arrived, model};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, path, send};
use crate::support::{Config, Gateway, Provider, ask};

/// A listener that counts who connects, where nobody should.
async fn trap() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let caught = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&caught);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, caught)
}

/// S-06.
#[tokio::test]
async fn s_06_no_field_header_or_query_changes_the_destination() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let (port, caught) = trap().await;
    let evil = format!("http://127.0.0.1:{port}");
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            let mut fields = body(surface, model(provider), "x", false);
            for name in [
                "api_base",
                "base_url",
                "baseUrl",
                "custom_host",
                "api_url",
                "endpoint",
                "host",
                "custom_llm_provider",
                "azure_endpoint",
                "url",
                "proxy",
                "webhook",
            ] {
                fields[name] = evil.clone().into();
            }
            fields["metadata"] = serde_json::json!({"api_base": evil, "base_url": evil});
            let url = gateway.url(&path(surface, model(provider), false));
            let post = gateway.client.post(&url).header("content-type", "application/json");
            let answer = send(post.body(fields.to_string())).await;
            // Refused by Egret or by the provider; were it served, then without effect.
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text);

            let mut call = gateway.client.post(format!(
                "{url}{}api_base={evil}&base_url={evil}",
                if url.contains('?') { '&' } else { '?' }
            ));
            for name in [
                "x-portkey-custom-host",
                "x-base-url",
                "x-api-base",
                "x-forwarded-host",
                "forwarded",
                "x-original-url",
                "x-rewrite-url",
                "x-egret-backend",
                "x-egret-url",
                "openai-base-url",
            ] {
                call = call.header(name, &evil);
            }
            let plain = body(surface, model(provider), "x", false).to_string();
            let answer = send(call.header("content-type", "application/json").body(plain)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.header("x-egret-backend"), Some(provider.name()));
        }
    }
    // `Host`, and an absolute target that names another host.
    let body = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    let request = post("/v1/chat/completions", "", &body).replace("gateway", &evil[7..]);
    let mut raw = Raw::connect(gateway.address()).await;
    raw.send(request).await;
    assert_eq!(raw.response().await.unwrap().status, 200);
    let target = format!("{evil}/v1/chat/completions");
    let mut raw = Raw::connect(gateway.address()).await;
    raw.send(post(&target, "", &body)).await;
    if let Some(response) = raw.response().await {
        assert!(matches!(response.status, 200 | 400 | 404), "{}", response.body);
    }
    assert_eq!(caught.load(Ordering::SeqCst), 0, "somebody connected");
    for arrival in simulators[0].journal().read() {
        let host = arrival.headers.get("host").map_or("", |host| host.to_str().unwrap());
        assert!(!host.contains(&port.to_string()), "{host}");
    }
}

/// S-36: what a prompt points at is the provider's to fetch.
#[tokio::test]
async fn s_36_urls_in_prompts_are_not_fetched() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let (port, caught) = trap().await;
    let url = format!("http://127.0.0.1:{port}/cat.png");
    for provider in Provider::ALL {
        let image = serde_json::json!({
            "model": model(provider),
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": url},
                {"type": "image_url", "image_url": {"url": url}},
            ]}],
        });
        let post = gateway.client.post(gateway.url("/v1/chat/completions"));
        let answer = send(post.body(image.to_string())).await;
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text);
    }
    assert_eq!(caught.load(Ordering::SeqCst), 0, "somebody fetched it");
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
    assert!(arrived(&simulators[0]) > 0);
}
