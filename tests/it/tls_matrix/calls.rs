//! A gateway with a backend for each server, and calls to them.

use std::collections::HashMap;

use serde_json::Value;

use crate::support::tls_server::TlsServer;
use crate::support::{Answer, Config, Gateway, Provider, ask, until};

/// A backend that serves the model of its own name.
pub fn backend(config: Config, name: &str, server: &TlsServer, tls: &str) -> Config {
    backend_at(config, name, "localhost", server, tls, "timeouts: { connect: 60s }")
}

/// The same by another name or address of this machine, with more keys.
pub fn backend_at(
    config: Config,
    name: &str,
    host: &str,
    server: &TlsServer,
    tls: &str,
    more: &str,
) -> Config {
    let fields = [
        "schema: openai, credential: none, allow_private: true".to_owned(),
        format!("url: 'https://{host}:{}/v1'", server.address.port()),
        format!("tls: {{ {tls} }}"),
        more.to_owned(),
    ];
    let route = format!("models: [{name}], backends: [{{ backend: {name}, model: gpt-4o-mini }}]");
    config.backend_of(name, &fields).route(&route)
}

pub async fn call(gateway: &Gateway, model: &str) -> Answer {
    ask(gateway, Provider::OpenAi, model, "x", false).await
}

pub async fn serves(gateway: &Gateway, model: &str) {
    let answer = call(gateway, model).await;
    assert_eq!(answer.status, 200, "{model}: {}", answer.text);
    assert!(answer.text.contains("served"), "{model}: {}", answer.text);
}

/// Waits until a model is served.
pub async fn until_served(gateway: &Gateway, model: &str) {
    until("it is served", async || call(gateway, model).await.status == 200).await;
}

/// Why each model was not served the last time, as the access log has it.
pub fn reasons(gateway: &Gateway) -> HashMap<String, Option<String>> {
    let text = |line: &Value, key: &str| line[key].as_str().map(str::to_owned);
    let output = gateway.output();
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| Some((text(&line, "model")?, text(&line, "reason")))).collect()
}

/// Waits until a model is refused for this reason.
pub async fn until_refused(gateway: &Gateway, model: &str, reason: &str) {
    until(reason, async || {
        let answer = call(gateway, model).await;
        assert!(answer.status == 200 || answer.status >= 500, "{}", answer.text);
        answer.status >= 500
    })
    .await;
    until("the line is in the log", async || {
        reasons(gateway).get(model).is_some_and(|found| found.as_deref() == Some(reason))
    })
    .await;
}
