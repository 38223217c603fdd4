//! Whoever listens is told when a budget runs low: in the log, as a metric, and at the webhook.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::budget::priced;
use crate::support::provider::{all, model};
use crate::support::raw::Raw;
use crate::support::{Gateway, Provider, ask, until};

/// What a webhook's server was sent.
type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// A server that answers each request with the next of these statuses, then with 204.
async fn server(statuses: &'static [u16]) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=url-canary", listener.local_addr().unwrap());
    let heard = Heard::default();
    let kept = heard.clone();
    tokio::spawn(async move {
        let mut statuses = statuses.iter();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut raw = Raw::of(stream);
            let Some((head, body)) = raw.request().await else { continue };
            kept.lock().await.push((head, serde_json::from_str(&body).unwrap()));
            let status = statuses.next().unwrap_or(&204);
            raw.send(&format!(
                "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ))
            .await;
        }
    });
    (url, heard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_runs_low_is_told_once_and_again_until_it_is_heard() {
    let simulators = all().await;
    let (url, heard) = server(&[503]).await;
    let budget = "{ name: calls, per: total, limit: 10 requests, window: month, warn: [50%, 80%] }";
    let mut config = priced(&simulators, budget);
    let token = config.write("hook.token", "hook-canary");
    config = config
        .with(&format!("webhook: {{ url: '{url}', token: {{ file: '{}' }} }}", token.display()));
    let gateway = Gateway::start(config).await;
    let provider = Provider::OpenAi;
    for _ in 0..7 {
        assert_eq!(ask(&gateway, provider, model(provider), "hello", false).await.status, 200);
    }
    gateway.settled().await;
    // The first try was answered with 503.
    until("the notice is heard twice", || async { heard.lock().await.len() >= 2 }).await;
    let notices = heard.lock().await.clone();
    for (head, notice) in &notices {
        assert!(head.starts_with("POST /hook?key=url-canary HTTP/1.1\r\n"), "{head}");
        assert!(head.to_ascii_lowercase().contains("authorization: bearer hook-canary"), "{head}");
        assert_eq!(notice["id"], notices[0].1["id"], "the same when it is sent again");
        let said = ["gateway", "event", "budget", "of", "percent", "unit", "limit", "spent"];
        assert_eq!(
            json!(said.map(|key| notice[key].clone())),
            json!(["egret", "threshold", "calls", "", 50, "requests", "10", "5"])
        );
        assert!(notice["text"].as_str().unwrap().contains("50 %"), "{notice}");
    }
    until("the delivery is counted", || async {
        let metrics = gateway.metrics().await;
        metrics.count("egret_webhook_deliveries_total", &["result=\"ok\""]) == 1
    })
    .await;
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_budget_events_total", &["event=\"threshold_50\""]), 1);
    assert_eq!(metrics.count("egret_budget_events_total", &["event=\"threshold_80\""]), 0);

    assert_eq!(ask(&gateway, provider, model(provider), "hello", false).await.status, 200);
    until("the next threshold is told", || async {
        heard.lock().await.iter().any(|(_, notice)| notice["percent"] == 80)
    })
    .await;
    let told = "budget calls: 80 % of 10 requests reached";
    until("the log says it", || async { gateway.output().contains(told) }).await;
    let output = gateway.output();
    for canary in ["hook-canary", "url-canary"] {
        assert!(!output.contains(canary), "{canary} is in the log");
    }
}

/// A webhook that never answers holds up no call.
#[tokio::test]
async fn a_webhook_that_hangs_holds_up_nothing() {
    let simulators = all().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let budget =
        "{ name: calls, per: total, limit: 10 requests, window: month, warn: [10%, 20%, 30%] }";
    let config = priced(&simulators, budget).with(&format!("webhook: {{ url: '{url}' }}"));
    let gateway = Gateway::start(config).await;
    for provider in Provider::ALL {
        let answer = ask(&gateway, provider, model(provider), "hello", true).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_budget_spent", &["budget=\"calls\""]), 3);
}
