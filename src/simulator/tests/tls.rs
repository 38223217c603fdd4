use serde_json::json;

use super::super::{Authority, Provider, Simulator};
use super::{Bench, client};

const PATH: &str = "/v1/chat/completions";

fn hello() -> serde_json::Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]})
}

fn simulator() -> Simulator {
    Simulator::new(Provider::OpenAi, "secret-1")
}

async fn start(simulator: Simulator, authority: &Authority) -> Bench {
    let simulator = simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    Bench { simulator, client: client(authority.ca_pem()) }
}

#[tokio::test]
async fn certificates_can_be_wrong_in_every_way() {
    let authority = Authority::new().unwrap();
    for identity in [
        authority.issue_expired(&["localhost"]).unwrap(),
        authority.issue(&["elsewhere.example"]).unwrap(),
        Authority::new().unwrap().issue(&["localhost"]).unwrap(),
    ] {
        let bench = start(simulator().tls(identity), &authority).await;
        assert!(bench.post(PATH, hello()).send().await.is_err());
        assert!(bench.simulator.journal().read().is_empty());
    }
}

#[tokio::test]
async fn a_client_certificate_can_be_demanded() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue(&["localhost"]).unwrap();
    let strict = simulator().tls(identity).client_ca(authority.ca_pem());
    let mut bench = start(strict, &authority).await;
    assert!(bench.post(PATH, hello()).send().await.is_err());

    let own = authority.issue_client("egret").unwrap();
    let pem = format!("{}{}", own.certificate_pem, own.key_pem);
    bench.client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(authority.ca_pem().as_bytes()).unwrap()])
        .identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap())
        .build()
        .unwrap();
    assert_eq!(bench.ask(PATH, hello()).await.0, 200);
}

#[tokio::test]
async fn http1_and_plain_http_are_served_too() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue(&["localhost"]).unwrap();
    for simulator in [simulator().tls(identity).http1_only(), simulator()] {
        let bench = start(simulator, &authority).await;
        let response = bench.post(PATH, hello()).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_11));
        assert!(response.content_length().is_some());
    }
}

#[tokio::test]
async fn goaway_ends_the_connection_after_the_answer() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue(&["localhost"]).unwrap();
    let bench = start(simulator().tls(identity), &authority).await;
    bench.simulator.script().next_n(1, [super::super::Fault::GoAway]);
    assert_eq!(bench.ask(PATH, hello()).await.0, 200);
    while bench.simulator.counts().open > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(bench.ask(PATH, hello()).await.0, 200);
    assert_eq!(bench.simulator.counts().connections, 2);
}

#[tokio::test]
async fn connections_can_be_hung_up() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue(&["localhost"]).unwrap();
    let bench = start(simulator().tls(identity), &authority).await;
    bench.simulator.hang_up(1);
    assert!(bench.post(PATH, hello()).send().await.is_err());
    assert_eq!(bench.ask(PATH, hello()).await.0, 200);
}

#[tokio::test]
async fn the_benchmark_mode_validates_nothing_and_bills() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue(&["localhost"]).unwrap();
    let bench = start(simulator().tls(identity).lenient(), &authority).await;
    let (status, body) = bench
        .ask(PATH, r#"{"model": "gpt-4o-mini", "nonsense": "[[bytes 64]]", "stream": false}"#)
        .await;
    assert_eq!(status, 200);
    assert_eq!(body["choices"][0]["message"]["content"].as_str().unwrap().len(), 64);
    let line = bench.simulator.bill().read()["gpt-4o-mini"];
    assert_eq!((line.requests, line.output), (1, 16));
    assert!(bench.simulator.journal().read().is_empty());
}
