use serde_json::json;

use super::super::{Fault, Provider};
use super::{bench, read};

#[tokio::test]
async fn what_is_not_understood_is_told_back() {
    let bench = bench(Provider::OpenAi).await;
    let base = bench.simulator.base_url();
    let (status, body) = bench.ask("/v1/moderations?x=1", "{\"input\":\"x\"}").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&body["method"], &body["target"], &body["bytes"]),
        (&json!("POST"), &json!("/v1/moderations?x=1"), &json!(13))
    );
    for (method, path) in [
        (reqwest::Method::GET, "/v1/files"),
        (reqwest::Method::DELETE, "/v1/responses/resp_1"),
        (reqwest::Method::GET, "/v1/responses/resp_1/input_items"),
    ] {
        let request = bench.client.request(method.clone(), format!("{base}{path}"));
        let (status, body) = read(bench.sign(request, "secret-1")).await;
        assert_eq!(
            (status, &body["method"], &body["target"]),
            (200, &json!(method.as_str()), &json!(path))
        );
    }
    // Not everything is a path, and not everyone may.
    let get = |path: &str| bench.client.get(format!("{base}{path}"));
    assert_eq!(read(bench.sign(get("/v1/filesystem"), "secret-1")).await.0, 404);
    assert_eq!(read(bench.sign(get("/v1/files"), "wrong")).await.0, 401);
    bench.simulator.script().next_n(1, [Fault::Status(500)]);
    assert_eq!(read(bench.sign(get("/v1/files"), "secret-1")).await.0, 500);
    assert_eq!(bench.simulator.bill().total().requests, 0);
    assert_eq!(bench.simulator.journal().read().len(), 7);
}

#[tokio::test]
async fn single_models_are_told() {
    for (provider, known, unknown, field) in [
        (Provider::OpenAi, "/v1/models/gpt-4o-mini", "/v1/models/nobody", "id"),
        (Provider::Claude, "/v1/models/claude-haiku-4-5", "/v1/models/nobody", "id"),
        (Provider::Gemini, "/v1beta/models/gemini-2.5-flash", "/v1beta/models/nobody", "name"),
    ] {
        let bench = bench(provider).await;
        let get = |path| {
            bench
                .sign(bench.client.get(format!("{}{path}", bench.simulator.base_url())), "secret-1")
        };
        let (status, body) = read(get(known)).await;
        assert_eq!(status, 200);
        assert!(known.ends_with(body[field].as_str().unwrap()), "{body}");
        assert_eq!(read(get(unknown)).await.0, 404);
    }
}
