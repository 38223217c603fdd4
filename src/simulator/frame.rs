//! One event of a stream, as bytes.

use bytes::Bytes;
use serde_json::Value;

/// An event and whether it carries a piece of the text: that is where a pace waits.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The bytes.
    pub bytes: Bytes,
    /// Whether it carries a piece of the text.
    pub text: bool,
}

impl Frame {
    /// `data: JSON`, as OpenAI frames it.
    pub fn data(json: &Value) -> Self {
        Self { bytes: format!("data: {json}\n\n").into(), text: false }
    }

    /// `data: JSON`, as Gemini frames it: with CRLF.
    pub fn crlf(json: &Value) -> Self {
        Self { bytes: format!("data: {json}\r\n\r\n").into(), text: false }
    }

    /// `event: TYPE` and `data: JSON`, as Anthropic frames it; the type is the JSON's own.
    pub fn event(json: &Value) -> Self {
        let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
        Self { bytes: format!("event: {kind}\ndata: {json}\n\n").into(), text: false }
    }

    /// Marks it as carrying a piece of the text.
    pub fn with_text(mut self) -> Self {
        self.text = true;
        self
    }
}
