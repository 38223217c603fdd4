//! Speaking to a gateway in each of the three schemas.

mod schema;

use egret::simulator::{Provider, Running};

use super::Gateway;
use super::provider::model;

pub use schema::{Answer, body, error, events, in_band_error, path, said};

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

/// Asks OpenAI's model for a turn, with this token where its SDK has its key.
pub async fn with_token(gateway: &Gateway, token: &str) -> Answer {
    let provider = Provider::OpenAi;
    let asked = request(&gateway.client, gateway, provider, model(provider), "hello", false);
    send(asked.bearer_auth(token)).await
}

/// Every surface is served by the one backend there is, which is shown this token and nothing else;
/// and no log holds a secret.
pub async fn serves(gateway: &Gateway, backend: &Running, token: &str) {
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(gateway, surface, model(backend.provider()), "x", stream).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
    for arrival in backend.journal().read() {
        assert_eq!(arrival.headers["authorization"], format!("Bearer {token}").as_str());
        for other in ["api-key", "x-api-key", "x-goog-api-key"] {
            assert!(!arrival.headers.contains_key(other), "{other}");
        }
    }
    assert!(!gateway.output().contains("canary"), "{}", gateway.output());
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

/// Asserts that an answer is an error in its schema, and returns its message.
#[track_caller]
pub fn refused(surface: Provider, answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    let message = error(surface, &answer.json());
    message.unwrap_or_else(|| panic!("not an error of {}: {}", surface.name(), answer.text))
}
