//! Answers that no model gives: refusals, lists of models, echoes; and the headers of them all.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::json;

use super::answer::Answer;
use super::exchange::Case;
use super::host::Host;
use super::playback::Step;
use super::rejection::Rejection;
use super::route::Route;
use super::{Provider, claude, gemini, openai};

impl Case<'_> {
    pub(super) fn reject(&self, rejection: &Rejection) -> Answer {
        let body = rejection.body(self.provider(), self.host, self.id).to_string();
        let mut answer = self.page(rejection.status, "application/json", body);
        if let Some(seconds) = rejection.retry_after.filter(|_| self.provider() != Provider::Gemini)
        {
            answer.headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.host == Host::Bedrock {
            let kind = HeaderValue::from_static(rejection.bedrock());
            answer.headers.insert(HeaderName::from_static("x-amzn-errortype"), kind);
        }
        answer
    }

    pub(super) fn models(&self) -> Answer {
        let body = match self.provider() {
            Provider::OpenAi => openai::models(),
            Provider::Claude => claude::models(),
            Provider::Gemini => gemini::models(),
        };
        self.page(200, "application/json", body.to_string())
    }

    pub(super) fn model(&self, route: &Route) -> Answer {
        let model = route.model.as_deref().unwrap_or_default();
        if !route.has_model(self.provider(), model) {
            return self.reject(&route.unknown_model(model));
        }
        let body = match self.provider() {
            Provider::OpenAi => openai::model(model),
            Provider::Claude => claude::model(model),
            Provider::Gemini => gemini::model(model),
        };
        self.page(200, "application/json", body.to_string())
    }

    /// What is not understood is told back: method, path and query, type and size of the body.
    pub(super) fn echo(&self, body: &Bytes) -> Answer {
        let kind = self.head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let target = self.head.uri.path_and_query().map_or("", |target| target.as_str());
        let body = json!({
            "object": "simulator.echo", "method": self.head.method.as_str(), "target": target,
            "content_type": kind, "bytes": body.len(), "crc32": crc32fast::hash(body),
        });
        self.page(200, "application/json", body.to_string())
    }

    pub(super) fn page(&self, status: u16, kind: &'static str, body: impl Into<Bytes>) -> Answer {
        let mut headers = self.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Answer { status, headers, steps: vec![Step::Data(body.into())], whole: true }
    }

    /// The headers that the provider puts on every answer.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(8);
        let mut set = |name, value| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        };
        match self.provider() {
            _ if matches!(self.host, Host::Vertex | Host::Bedrock) => {}
            Provider::OpenAi => {
                set("openai-version", "2020-10-01");
                set("openai-processing-ms", "7");
                set("openai-organization", "org-simulator");
                set("x-ratelimit-remaining-requests", "9999");
            }
            Provider::Claude => {
                set("anthropic-organization-id", "org-simulator");
                set("anthropic-ratelimit-requests-remaining", "9999");
            }
            Provider::Gemini => set("server-timing", "gfet4t7; dur=7"),
        }
        let id = match (self.provider(), self.host) {
            (_, Host::Bedrock) => "x-amzn-requestid",
            (Provider::OpenAi, _) => "x-request-id",
            (Provider::Claude, _) => "request-id",
            (Provider::Gemini, _) => return headers,
        };
        if let Ok(value) = HeaderValue::from_str(self.id) {
            headers.insert(HeaderName::from_static(id), value);
        }
        headers
    }
}
