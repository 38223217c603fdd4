//! Where requests go is the operator's word alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::endpoint;
use crate::support::provider::{all, arrived, model};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, path, send};
use crate::support::{Gateway, Provider};

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

/// What somebody may think says where a request is to go.
const FIELDS: [&str; 13] = [
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
    "callback_url",
];

/// The same in headers.
const HEADERS: [&str; 12] = [
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
    "referer",
    "x-real-ip",
];

/// S-06.
#[tokio::test]
async fn s_06_no_field_header_or_query_changes_the_destination() {
    let simulators = all().await;
    let unread = "name: unread, paths: ['/v1/files', '/v1/images/*'], backends: [openai]";
    let gateway = Gateway::start(endpoint::serving(&simulators).route(unread)).await;
    let (port, caught) = trap().await;
    let evil = format!("http://127.0.0.1:{port}");
    let with_headers = |call: reqwest::RequestBuilder| {
        HEADERS.iter().fold(call, |call, name| call.header(*name, &evil))
    };
    let query = format!("api_base={evil}&base_url={evil}&endpoint={evil}");
    let fields: String = FIELDS.iter().map(|name| format!(r#","{name}":"{evil}""#)).collect();
    let fields = format!(r#"{fields},"metadata":{{"api_base":"{evil}","base_url":"{evil}"}}"#);
    for endpoint in &endpoint::ALL {
        let path = endpoint.path(endpoint.model);
        let answer = endpoint.ask(&gateway, "", endpoint.body(endpoint.model, &fields)).await;
        // Refused by Egret or by the provider; were it served, then without effect.
        assert!(matches!(answer.status, 200 | 400), "{path}: {}", answer.text);

        let call = gateway.client.post(gateway.url(&format!("{path}?{query}")));
        let call = with_headers(call).header("content-type", "application/json");
        let answer = send(call.body(endpoint.body(endpoint.model, ""))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("x-egret-backend"), Some(endpoint.surface.name()));
    }
    // To a provider of another schema.
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            let plain = body(surface, model(provider), "x", false).to_string();
            let more = format!("{}{fields}}}", plain.trim_end_matches('}'));
            let url = gateway.url(&path(surface, model(provider), false));
            let post = gateway.client.post(&url).header("content-type", "application/json");
            let answer = send(with_headers(post).body(more)).await;
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text);
        }
    }
    // What is not read goes to its route's backend, whatever is said in it.
    for path in ["/v1/files", "/v1/images/generations"] {
        let call = gateway.client.post(gateway.url(&format!("{path}?{query}")));
        let more = fields.trim_start_matches(',');
        let answer = send(with_headers(call).body(format!("{{{more}}}"))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("x-egret-backend"), Some("openai"));
        let arrival = simulators[0].journal().last().unwrap();
        assert!(arrival.target.starts_with(path), "{}", arrival.target);
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
    for arrival in simulators.iter().flat_map(|simulator| simulator.journal().read()) {
        for (name, value) in &arrival.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            assert!(!value.contains(&evil[7..]), "{name}: {value}");
        }
    }
    for endpoint in &endpoint::ALL {
        endpoint.clean(&gateway, "").await;
    }
}

/// A turn that points at something, in each of the schemas' ways: path and body.
fn pointing(model: &str, url: &str) -> Vec<(String, Value)> {
    let chat = |part: Value| {
        let content = json!([{"type": "text", "text": url}, part]);
        let body = json!({"model": model, "messages": [{"role": "user", "content": content}]});
        ("/v1/chat/completions".to_owned(), body)
    };
    let responses = |part: Value| {
        let content = json!([{"type": "input_text", "text": url}, part]);
        let body = json!({"model": model, "input": [{"role": "user", "content": content}]});
        ("/v1/responses".to_owned(), body)
    };
    let claude = |part: Value| {
        let content = json!([{"type": "text", "text": url}, part]);
        let body = json!({
            "model": model, "max_tokens": 9, "messages": [{"role": "user", "content": content}],
        });
        ("/v1/messages".to_owned(), body)
    };
    let gemini = |part: Value| {
        let body = json!({"contents": [{"role": "user", "parts": [{"text": url}, part]}]});
        (format!("/v1beta/models/{model}:generateContent"), body)
    };
    let source = json!({"type": "url", "url": url});
    let tool_result = json!({
        "type": "tool_result", "tool_use_id": "toolu_1",
        "content": [{"type": "image", "source": source}],
    });
    vec![
        chat(json!({"type": "image_url", "image_url": {"url": url}})),
        chat(json!({"type": "image_url", "image_url": url})),
        chat(json!({"type": "video_url", "video_url": {"url": url}})),
        chat(json!({"type": "file", "file": {"file_url": url}})),
        chat(json!({"type": "file", "file": {"file_data": url, "filename": "a.pdf"}})),
        chat(json!({"type": "input_audio", "input_audio": {"data": url, "format": "wav"}})),
        responses(json!({"type": "input_image", "image_url": url})),
        responses(json!({"type": "input_image", "image_url": url, "detail": "high"})),
        responses(json!({"type": "input_file", "file_url": url})),
        responses(json!({"type": "input_file", "file_data": url, "filename": "a.pdf"})),
        claude(json!({"type": "image", "source": source})),
        claude(json!({"type": "document", "source": source})),
        claude(tool_result),
        gemini(json!({"fileData": {"fileUri": url, "mimeType": "image/png"}})),
        gemini(json!({"file_data": {"file_uri": url, "mime_type": "application/pdf"}})),
        gemini(json!({"fileData": {"fileUri": url}})),
        gemini(json!({"inlineData": {"data": url, "mimeType": "image/png"}})),
    ]
}

/// S-36: what a prompt points at is the provider's to fetch.
#[tokio::test]
async fn s_36_urls_in_prompts_are_not_fetched() {
    let simulators = all().await;
    let gateway = Gateway::start(endpoint::serving(&simulators)).await;
    let (port, caught) = trap().await;
    let (mut carried, mut schemas) = (BTreeSet::new(), BTreeSet::new());
    for scheme in ["https", "http", "ftp", "file", "gs"] {
        let url = format!("{scheme}://127.0.0.1:{port}/cat.png");
        for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
            for (path, body) in pointing(model(provider), &url) {
                let schema = path.replace(model(provider), "");
                schemas.insert(schema.clone());
                let before = arrived(simulator);
                let post = gateway.client.post(gateway.url(&path));
                let answer = send(post.body(body.to_string())).await;
                assert!(matches!(answer.status, 200 | 400), "{path}: {body}: {}", answer.text);
                if arrived(simulator) > before {
                    let sent = simulator.journal().last().unwrap().body;
                    let sent = String::from_utf8_lossy(&sent).into_owned();
                    if sent.matches(&url).count() == 2 {
                        carried.insert((scheme, schema, provider.name()));
                    }
                }
            }
        }
        let text = format!(r#"{{"model":"text-embedding-3-small","input":["{url}"]}}"#);
        let post = gateway.client.post(gateway.url("/v1/embeddings"));
        assert_eq!(send(post.body(text)).await.status, 200);
    }
    assert_eq!(caught.load(Ordering::SeqCst), 0, "somebody fetched it");
    // Somebody was asked to fetch it: of each schema something went on as it was.
    assert_eq!(schemas.len(), 4, "{schemas:?}");
    for schema in schemas {
        assert!(carried.iter().any(|(_, it, _)| *it == schema), "{schema}: {carried:?}");
    }
    for provider in Provider::ALL.map(Provider::name) {
        assert!(carried.iter().any(|(_, _, it)| *it == provider), "{provider}: {carried:?}");
    }
    for endpoint in &endpoint::ALL {
        endpoint.clean(&gateway, "").await;
    }
}
