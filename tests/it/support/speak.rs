//! Speaking each of the three schemas, as plainly as can be.

use egret::simulator::Provider;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::Gateway;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; a string if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| self.text.clone().into())
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The path of a model turn.
pub fn path(surface: Provider, model: &str, stream: bool) -> String {
    match (surface, stream) {
        (Provider::OpenAi, _) => "/v1/chat/completions".to_owned(),
        (Provider::Claude, _) => "/v1/messages".to_owned(),
        (Provider::Gemini, false) => format!("/v1beta/models/{model}:generateContent"),
        (Provider::Gemini, true) => format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
    }
}

/// The body of a model turn.
pub fn body(surface: Provider, model: &str, text: &str, stream: bool) -> Value {
    let limit = 1000;
    match surface {
        Provider::OpenAi => json!({
            "model": model, "stream": stream, "max_completion_tokens": limit,
            "messages": [{"role": "user", "content": text}],
        }),
        Provider::Claude => json!({
            "model": model, "stream": stream, "max_tokens": limit,
            "messages": [{"role": "user", "content": text}],
        }),
        Provider::Gemini => json!({
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "generationConfig": {"maxOutputTokens": limit},
        }),
    }
}

/// Asks for a model turn and reads the whole answer.
pub async fn ask(
    gateway: &Gateway,
    surface: Provider,
    model: &str,
    text: &str,
    stream: bool,
) -> Answer {
    send(request(&gateway.client, gateway, surface, model, text, stream)).await
}

/// A request for a model turn, not yet sent.
pub fn request(
    client: &reqwest::Client,
    gateway: &Gateway,
    surface: Provider,
    model: &str,
    text: &str,
    stream: bool,
) -> reqwest::RequestBuilder {
    client
        .post(gateway.url(&path(surface, model, stream)))
        .header("content-type", "application/json")
        .body(body(surface, model, text, stream).to_string())
}

/// Sends a request and reads the whole answer.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    try_send(request).await.unwrap()
}

/// Sends a request and reads the whole answer, if it comes whole.
pub async fn try_send(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

/// The text of an answer, streamed or not, in its schema; `None` if it is not a whole one.
pub fn said(surface: Provider, answer: &Answer, stream: bool) -> Option<String> {
    if !stream {
        let body = answer.json();
        let text = match surface {
            Provider::OpenAi => &body["choices"][0]["message"]["content"],
            Provider::Claude => &body["content"][0]["text"],
            Provider::Gemini => &body["candidates"][0]["content"]["parts"][0]["text"],
        };
        return text.as_str().map(str::to_owned);
    }
    let mut text = String::new();
    let mut ended = false;
    for event in events(&answer.text) {
        if in_band_error(surface, &event).is_some() {
            return None;
        }
        let piece = match surface {
            Provider::OpenAi => {
                ended |= event == "[DONE]";
                &event["choices"][0]["delta"]["content"]
            }
            Provider::Claude => {
                ended |= event["type"] == "message_stop";
                &event["delta"]["text"]
            }
            Provider::Gemini => {
                ended |= event["candidates"][0]["finishReason"].is_string();
                &event["candidates"][0]["content"]["parts"][0]["text"]
            }
        };
        text += piece.as_str().unwrap_or_default();
    }
    ended.then_some(text)
}

/// The data of server-sent events; what is not JSON as a string.
pub fn events(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data:").map(str::trim));
    lines.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
}

/// The message of an error in its schema's shape; `None` if the value is not one.
pub fn error(surface: Provider, body: &Value) -> Option<String> {
    let inner = &body["error"];
    let shaped = match surface {
        Provider::OpenAi => inner["type"].is_string() && inner.get("code").is_some(),
        Provider::Claude => body["type"] == "error" && inner["type"].is_string(),
        Provider::Gemini => inner["code"].is_u64() && inner["status"].is_string(),
    };
    shaped.then(|| inner["message"].as_str().unwrap().to_owned())
}

/// The message of an error event in a stream.
pub fn in_band_error(surface: Provider, event: &Value) -> Option<String> {
    match surface {
        // In a stream OpenAI's errors need not have a code.
        Provider::OpenAi => event["error"]["message"].as_str().map(str::to_owned),
        Provider::Claude | Provider::Gemini => error(surface, event),
    }
}

/// Asserts that an answer is an error in its schema, and returns its message.
#[track_caller]
pub fn refused(surface: Provider, answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    let message = error(surface, &answer.json());
    message.unwrap_or_else(|| panic!("not an error of {}: {}", surface.name(), answer.text))
}
