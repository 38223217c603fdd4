//! What the SDKs send, and what comes back.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use providers::Schema;
use serde_json::{Value, json};

use super::config::{Caller, Ports, model};
use crate::simulator::Provider;

/// Most tokens of each answer.
const MAX_TOKENS: u32 = 200;

/// One call of the demo.
#[derive(Debug)]
pub struct Call<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// Whose model is asked for.
    pub provider: Provider,
    /// Whether to stream.
    pub stream: bool,
    /// What is asked.
    pub text: &'a str,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The backend that answered.
    pub backend: String,
    /// Why it was refused, if it was.
    pub refusal: Option<String>,
}

/// Sends calls to the gateway.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    ports: Ports,
}

impl Client {
    /// A client, once the gateway is ready.
    ///
    /// # Errors
    ///
    /// In words, if it is not ready in time.
    pub async fn new(ports: Ports) -> Result<Self, String> {
        let http = reqwest::Client::builder().build().map_err(|e| e.to_string())?;
        let ready = format!("http://{}/readyz", ports.admin);
        for _ in 0..200 {
            if http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(Self { http, ports });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the gateway did not become ready in 10 s".to_owned())
    }

    /// Sends a call as the caller's SDK would.
    ///
    /// # Errors
    ///
    /// In words, if it fails in another way than by the budget.
    pub async fn send(&self, call: &Call<'_>) -> Result<Answer, String> {
        let (path, body) = request(call);
        let url = format!("http://{}{path}", self.ports.gateway);
        let request = self.http.post(url).headers(headers(call.caller)).body(body.to_string());
        let answer = request.send().await.map_err(|e| e.to_string())?;
        let status = answer.status();
        let backend = answer.headers().get("x-egret-backend");
        let backend = backend.and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
        let text = answer.text().await.map_err(|e| e.to_string())?;
        match status {
            StatusCode::OK if text.contains("here") => Ok(Answer { backend, refusal: None }),
            StatusCode::TOO_MANY_REQUESTS => Ok(Answer { backend, refusal: Some(message(&text)) }),
            _ => Err(format!("a call of {} was answered with {status}: {text}", call.caller.name)),
        }
    }
}

/// Each SDK sends its key in its own way.
fn headers(caller: &Caller) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    match caller.schema {
        Schema::Chat | Schema::Responses => {
            headers.insert("authorization", value(&format!("Bearer {}", caller.key)));
        }
        Schema::Claude => {
            headers.insert("x-api-key", value(caller.key));
            headers.insert("anthropic-version", value("2023-06-01"));
        }
        Schema::Gemini => {
            headers.insert("x-goog-api-key", value(caller.key));
        }
    }
    headers.insert("content-type", value("application/json"));
    headers
}

/// Path and body in the caller's schema.
fn request(call: &Call<'_>) -> (String, Value) {
    let model = model(call.provider);
    let Call { stream, text, .. } = call;
    match call.caller.schema {
        Schema::Chat => (
            "/v1/chat/completions".to_owned(),
            json!({
                "model": model,
                "messages": [
                    { "role": "system", "content": "Answer in one sentence." },
                    { "role": "user", "content": text },
                ],
                "max_completion_tokens": MAX_TOKENS,
                "stream": stream,
            }),
        ),
        Schema::Responses => (
            "/v1/responses".to_owned(),
            json!({
                "model": model,
                "instructions": "Answer in one sentence.",
                "input": text,
                "max_output_tokens": MAX_TOKENS,
                "stream": stream,
                "store": false,
            }),
        ),
        Schema::Claude => (
            "/v1/messages".to_owned(),
            json!({
                "model": model,
                "system": "Answer in one sentence.",
                "messages": [{ "role": "user", "content": text }],
                "max_tokens": MAX_TOKENS,
                "stream": stream,
            }),
        ),
        Schema::Gemini => {
            let method = if *stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            (
                format!("/v1beta/models/{model}:{method}"),
                json!({
                    "systemInstruction": { "parts": [{ "text": "Answer in one sentence." }] },
                    "contents": [{ "role": "user", "parts": [{ "text": text }] }],
                    "generationConfig": { "maxOutputTokens": MAX_TOKENS },
                }),
            )
        }
    }
}

/// The message of an error in any of the schemas.
fn message(body: &str) -> String {
    let error: Value = serde_json::from_str(body).unwrap_or_default();
    error.pointer("/error/message").and_then(Value::as_str).unwrap_or(body).to_owned()
}
