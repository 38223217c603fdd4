//! Paths of a provider's own API that Egret does not read: files, batches, sound.

use std::time::Duration;

use crate::support::provider::{all, arrived, simulate};
use crate::support::raw::Raw;
use crate::support::speak::{error, send};
use crate::support::{Answer, Config, Fault, Gateway, Provider, until};

const ROUTE: &str = "name: files, backends: [openai], \
                     paths: ['/v1/files', '/v1/files/*', '/v1/responses/*', '/v1/chat/*']";

async fn ask(gateway: &Gateway, method: &str, path: &str, key: &str) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = gateway.client.request(method, gateway.url(path));
    send(request.header("authorization", format!("Bearer {key}"))).await
}

#[tokio::test]
async fn a_path_goes_through_as_it_is_with_the_gateways_credential() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new().backend("openai", &openai).route(ROUTE);
    let gateway = Gateway::start(config).await;
    let body = "--x\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--x--\r\n";
    let post = gateway
        .client
        .post(gateway.url("/v1/files?limit=2&key=caller&oauth_token=caller&%24key=caller&after=f"))
        .header("content-type", "multipart/form-data; boundary=x")
        .header("authorization", "Bearer caller")
        .header("cookie", "a=b")
        .header("x-forwarded-for", "10.0.0.1")
        .body(body);
    let answer = send(post).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let arrival = openai.journal().last().unwrap();
    assert_eq!(arrival.target, "/v1/files?limit=2&after=f");
    assert_eq!(arrival.body, body);
    assert_eq!(arrival.headers["content-type"], "multipart/form-data; boundary=x");
    assert_eq!(arrival.headers["authorization"], "Bearer sk-canary-openai");
    for name in ["cookie", "x-forwarded-for"] {
        assert!(!arrival.headers.contains_key(name), "{name}");
    }
    for method in ["GET", "DELETE"] {
        let answer = ask(&gateway, method, "/v1/files/file-1", "caller").await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.text);
        assert_eq!(answer.header("x-egret-backend"), Some("openai"));
        assert_eq!(openai.journal().last().unwrap().method, method);
    }
    // An error is the provider's own.
    openai.script().next_n(1, [Fault::EchoCredential]);
    let answer = ask(&gateway, "GET", "/v1/files/file-2", "caller").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("[redacted]") && !answer.text.contains("canary"));
    // One that says whose key it did not take is not.
    openai.script().next_n(1, [Fault::Status(401)]);
    let answer = ask(&gateway, "GET", "/v1/files/file-2", "caller").await;
    assert!(
        answer.status >= 500 && answer.text.contains("did not accept the gateway's credential")
    );
    openai.script().next_n(1, [Fault::Redirect("http://127.0.0.1:1/".to_owned())]);
    let answer = ask(&gateway, "GET", "/v1/files/file-2", "caller").await;
    assert!(answer.status >= 500 && answer.header("location").is_none(), "{}", answer.text);
}

/// S-08, S-20: a path is exactly one of the route's, and never one that Egret serves itself.
#[tokio::test]
async fn s_20_nothing_else_goes_through() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new().backend("openai", &openai).route(ROUTE);
    let gateway = Gateway::start(config).await;
    for path in [
        "/v1/batches",
        "/v1/files/",
        "/v1/files//a",
        "/v1/files/../chat/completions",
        "/v1/files/%2e%2e/chat/completions",
        "/v1/files/a%2fb",
        "/v1/files/./a",
        "/v1/responses/../responses",
        "/v1/chat/completions",
        "/v1/responses/input_tokens",
        "/v1/embeddings",
    ] {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n")).await;
        let response = raw.response().await.unwrap();
        // Responses has no 404 for what is not there.
        let status = if path.starts_with("/v1/responses") { 400 } else { 404 };
        assert_eq!(response.status, status, "{path}: {}", response.body);
        assert!(response.body.contains("there is nothing at"), "{path}: {}", response.body);
        assert!(response.body.contains("a base URL ends in /v1"), "{path}: {}", response.body);
        assert!(response.body.contains("\"no_path\""), "{path}: {}", response.body);
    }
    let mut raw = Raw::connect(gateway.address()).await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    raw.send(format!("GET /v1/files HTTP/1.1\r\nhost: h\r\n{upgrade}\r\n")).await;
    let response = raw.response().await.unwrap();
    assert_eq!(response.status, 400);
    assert!(response.body.contains("upgrades are not served"), "{}", response.body);
    assert_eq!(arrived(&openai), 0);
    assert_eq!(ask(&gateway, "GET", "/v1/responses/resp_1", "x").await.status, 200);
    assert_eq!(ask(&gateway, "DELETE", "/v1/batches", "x").await.status, 405);
}

/// What a signature would be made over has to be one thing.
#[tokio::test]
async fn a_path_that_is_not_read_has_one_content_type() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let gateway = Gateway::start(Config::new().backend("openai", &openai).route(ROUTE)).await;
    let two = b"content-type: a/b\r\ncontent-type: c/d\r\n".as_slice();
    let odd = b"content-type: a/\xe9\r\n".as_slice();
    let one = b"content-type: a/b\r\n".as_slice();
    for (kinds, status) in [(two, 400), (odd, 400), (one, 200), (b"".as_slice(), 200)] {
        let head = b"POST /v1/files HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n".as_slice();
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send([head, kinds, b"\r\n".as_slice()].concat()).await;
        let response = raw.response().await.unwrap();
        assert_eq!(response.status, status, "{kinds:?}: {}", response.body);
    }
    assert_eq!(arrived(&openai), 2);
}

#[tokio::test]
async fn access_and_budgets_hold_for_what_is_not_read() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new()
        .backend("openai", &openai)
        .route(ROUTE)
        .caller("free", "key-free", "")
        .caller("held", "key-held", "models: ['gpt-*']")
        .caller("filing", "key-filing", "models: ['gpt-*'], paths: ['/v1/files']")
        .with("budgets: [{ name: calls, per: caller, limit: 2 requests, window: day }]");
    let gateway = Gateway::start(config).await;
    for (key, path, status) in [
        ("unknown", "/v1/files", 401),
        ("key-free", "/v1/files", 200),
        ("key-held", "/v1/files", 403),
        ("key-filing", "/v1/files", 200),
        ("key-filing", "/v1/files/file-1", 403),
        ("key-free", "/v1/files/file-1", 200),
        ("key-free", "/v1/files", 429),
    ] {
        let answer = ask(&gateway, "GET", path, key).await;
        assert_eq!(answer.status, status, "{key} {path}: {}", answer.text);
        if status != 200 {
            assert!(error(Provider::OpenAi, &answer.json()).is_some(), "{}", answer.text);
        }
    }
    assert_eq!(arrived(&openai), 3);
}

/// What it began there may be worth a lot, and goes on without the caller.
#[tokio::test]
async fn what_went_out_counts_though_nobody_waits_for_the_answer() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new()
        .backend_with("openai", &openai, "timeouts: { connect: 60s, first_byte: 3s }")
        .route(ROUTE)
        .with("budgets: [{ name: calls, per: total, limit: 2 requests, window: day }]");
    let gateway = Gateway::start(config).await;
    // The provider takes too long.
    openai.script().next_n(1, [Fault::Stall(None)]);
    assert_eq!(ask(&gateway, "POST", "/v1/files", "x").await.status, 504);
    // The caller goes.
    openai.script().next_n(1, [Fault::Delay(Duration::from_secs(60))]);
    let mut raw = Raw::connect(gateway.address()).await;
    raw.send("POST /v1/files HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n").await;
    until("the request has arrived", || async { arrived(&openai) == 2 }).await;
    drop(raw);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.sum("egret_budget_spent", &["budget=\"calls\""]), 2.0);
    assert_eq!(ask(&gateway, "POST", "/v1/files", "x").await.status, 429);
}

#[tokio::test]
async fn where_money_is_counted_the_operator_must_have_allowed_it() {
    let simulators = all().await;
    for (unknown, status) in [("refuse", 403), ("allow", 200)] {
        for limit in ["10 USD", "1000000 tokens"] {
            let config = Config::new().backend("openai", &simulators[0]).route(ROUTE).with(&format!(
                "budgets: [{{ name: all, per: total, limit: {limit}, window: day, unknown_price: {unknown} }}]"
            ));
            let gateway = Gateway::start(config).await;
            let answer = ask(&gateway, "GET", "/v1/files", "x").await;
            assert_eq!(answer.status, status, "{limit}, {unknown}: {}", answer.text);
            assert_eq!(answer.text.contains("unknown_price: allow"), status == 403);
        }
    }
}
