use serde_json::json;

use super::super::Provider;
use super::super::control::{CREDENTIALS, Options, start};
use super::{client, read};

/// A client that has no connection yet.
fn fresh(ca: &std::path::Path) -> reqwest::Client {
    client(&std::fs::read_to_string(ca).unwrap())
}

#[tokio::test]
async fn a_fleet_is_driven_from_outside() {
    let dir = tempfile::tempdir().unwrap();
    let local = ([127, 0, 0, 1], 0).into();
    let options = Options {
        dir: dir.path().to_owned(),
        simulators: CREDENTIALS.map(|(name, key)| (name, local, key.to_owned())).to_vec(),
        control: Some(local),
        http1_only: false,
        plain: false,
        lenient: false,
    };
    let fleet = start(&options).await.unwrap();
    let client = client(&std::fs::read_to_string(dir.path().join("ca.pem")).unwrap());
    let control = format!("http://{}/__sim/openai", fleet.control.unwrap());
    let script = |text: &'static str| client.post(format!("{control}/script")).body(text);
    assert_eq!(read(script("next 1: [[status 500]]")).await.0, 204);
    assert_eq!(read(script("next 1: [[no such fault]]")).await.0, 400);

    let openai = &fleet.simulators[0];
    assert_eq!(openai.provider(), Provider::OpenAi);
    let ask = || {
        let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]});
        client
            .post(format!("{}/v1/chat/completions", openai.base_url()))
            .header("authorization", format!("Bearer {}", openai.credential()))
            .header("content-type", "application/json")
            .body(body.to_string())
    };
    assert_eq!(read(ask()).await.0, 500);
    assert_eq!(read(ask()).await.0, 200);

    // Two certificates, of which a new connection sees the one that it is told to show.
    let certificate =
        |which: &'static str| client.post(format!("{control}/certificate")).body(which);
    let connect = async || {
        let request = fresh(&dir.path().join("ca.pem")).get(openai.base_url());
        request.send().await.map(|response| response.status().as_u16())
    };
    assert_eq!(read(certificate("expired")).await.0, 204);
    assert!(connect().await.is_err());
    assert_eq!(read(certificate("valid")).await.0, 204);
    assert_eq!(connect().await.unwrap(), 404);
    assert_eq!(read(certificate("none")).await.0, 400);
    let (_, bill) = read(client.get(format!("{control}/bill"))).await;
    assert_eq!(bill["gpt-4o-mini"]["requests"], 1);
    let (_, journal) = read(client.get(format!("{control}/journal"))).await;
    assert_eq!(journal.as_array().unwrap().len(), 3);
    assert_eq!(read(client.delete(format!("{control}/journal"))).await.0, 204);
    assert!(openai.journal().read().is_empty());
    assert!(fleet.describe(&options).contains("sk-ant-simulated-claude"));
}
