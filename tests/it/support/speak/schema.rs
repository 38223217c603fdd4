//! The three schemas, as plainly as can be: requests, and what comes back.

use egret::simulator::Provider;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

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
        self.headers.get(name).and_then(|value| value.to_str().ok())
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
    inner["message"].as_str().filter(|_| shaped).map(str::to_owned)
}

/// The message of an error event in a stream.
pub fn in_band_error(surface: Provider, event: &Value) -> Option<String> {
    match surface {
        // In a stream OpenAI's errors need not have a code.
        Provider::OpenAi => event["error"]["message"].as_str().map(str::to_owned),
        Provider::Claude | Provider::Gemini => error(surface, event),
    }
}
