//! Which path is what.

use http::Method;

use super::rejection::Rejection;
use super::{Provider, gemini};

/// What a path asks for.
#[derive(Debug, PartialEq)]
pub enum Endpoint {
    /// An answer; Gemini says model and streaming in the path.
    Answer(Option<Generate>),
    /// The list of models.
    Models,
}

/// What a Gemini path says.
#[derive(Debug, PartialEq)]
pub struct Generate {
    /// The model, without `models/`.
    pub model: String,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// Whether the stream is server-sent events.
    pub sse: bool,
}

/// Finds the endpoint, or the provider's 404 or 405.
pub fn find(
    provider: Provider,
    method: &Method,
    path: &str,
    query: &str,
) -> Result<Endpoint, Rejection> {
    let (endpoint, expected) = match provider {
        Provider::OpenAi => match path {
            "/v1/chat/completions" => (Endpoint::Answer(None), Method::POST),
            "/v1/models" => (Endpoint::Models, Method::GET),
            _ => return Err(Rejection::new(404, format!("Invalid URL ({method} {path})"))),
        },
        Provider::Claude => match path {
            "/v1/messages" => (Endpoint::Answer(None), Method::POST),
            "/v1/models" => (Endpoint::Models, Method::GET),
            _ => return Err(Rejection::new(404, "Not found")),
        },
        Provider::Gemini => {
            let not_found = || {
                Rejection::new(
                    404,
                    format!("The requested URL {path} was not found on this server."),
                )
            };
            let rest = path.strip_prefix('/').and_then(|path| path.split_once('/'));
            let (version, rest) = rest.ok_or_else(not_found)?;
            if !gemini::VERSIONS.contains(&version) {
                return Err(not_found());
            }
            if rest == "models" {
                (Endpoint::Models, Method::GET)
            } else {
                let call = rest.strip_prefix("models/").and_then(|rest| rest.rsplit_once(':'));
                let (model, verb) = call.ok_or_else(not_found)?;
                let stream = match verb {
                    "generateContent" => false,
                    "streamGenerateContent" => true,
                    _ => return Err(not_found()),
                };
                let sse = stream && query.split('&').any(|pair| pair == "alt=sse");
                let generate = Generate { model: model.to_owned(), stream, sse };
                (Endpoint::Answer(Some(generate)), Method::POST)
            }
        }
    };
    if *method != expected {
        let message = format!("Not allowed to {method} on {path}.");
        return Err(Rejection::new(405, message));
    }
    Ok(endpoint)
}

/// Whether the provider has a model of that name: one of its families, unless the name itself says
/// that it does not exist.
pub fn has_model(provider: Provider, model: &str) -> bool {
    let families: &[&str] = match provider {
        Provider::OpenAi => &["gpt-", "o1", "o3", "o4", "chatgpt-"],
        Provider::Claude => &["claude-"],
        Provider::Gemini => &["gemini-"],
    };
    families.iter().any(|family| model.starts_with(family)) && !model.contains("does-not-exist")
}
