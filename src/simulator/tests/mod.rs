#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod claude;
mod control;
mod counting;
mod embeddings;
mod families;
mod faults;
mod gemini;
mod hosts;
mod models;
mod opaque;
mod openai;
mod recorded;
mod responses;
mod tls;

use serde_json::Value;

use super::{Authority, Provider, Running, Simulator};

/// A simulator over TLS and a client that trusts it.
struct Bench {
    simulator: Running,
    client: reqwest::Client,
}

fn client(ca_pem: &str) -> reqwest::Client {
    // Only the first test installs it.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap()])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

async fn bench(provider: Provider) -> Bench {
    let authority = Authority::new().unwrap();
    let simulator = Simulator::new(provider, "secret-1")
        .tls(authority.issue(&["localhost", "127.0.0.1"]).unwrap())
        .start(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    Bench { simulator, client: client(authority.ca_pem()) }
}

impl Bench {
    fn post(&self, path: &str, body: impl ToString) -> reqwest::RequestBuilder {
        let request = self
            .client
            .post(format!("{}{path}", self.simulator.base_url()))
            .header("content-type", "application/json")
            .body(body.to_string());
        self.sign(request, "secret-1")
    }

    fn sign(&self, request: reqwest::RequestBuilder, key: &str) -> reqwest::RequestBuilder {
        match self.simulator.provider() {
            Provider::OpenAi => request.header("authorization", format!("Bearer {key}")),
            Provider::Claude => {
                request.header("x-api-key", key).header("anthropic-version", "2023-06-01")
            }
            Provider::Gemini => request.header("x-goog-api-key", key),
        }
    }

    /// Status and JSON body of a request.
    async fn ask(&self, path: &str, body: impl ToString) -> (u16, Value) {
        read(self.post(path, body)).await
    }

    /// The events of a stream.
    async fn events(&self, path: &str, body: impl ToString) -> Vec<Value> {
        let response = self.post(path, body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        events(&response.text().await.unwrap())
    }
}

async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The `data:` lines; what is not JSON as a string.
fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
}

/// The bytes of standard base64.
fn unpacked(base64: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in base64.trim_end_matches('=').chars() {
        bits = bits << 6 | letters.find(letter).unwrap() as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// A 1×1 PNG, 68 bytes.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
