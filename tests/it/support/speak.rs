//! Speaking to a gateway in each of the three schemas.

mod schema;

use egret::simulator::Provider;

use super::Gateway;

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
