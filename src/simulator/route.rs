//! Which path is what. Each provider's own table is in its `paths.rs`.

use http::Method;
use http::request::Parts;

use super::host::{Host, bare};
use super::rejection::Rejection;
use super::{Provider, claude, gemini, openai};

/// The schema that a path speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Messages,
    /// Gemini generateContent.
    Generate,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// An answer of a model.
    Answer,
    /// How many tokens the input of an answer has.
    Count,
    /// Embeddings.
    Embed,
    /// Gemini: several embeddings at once.
    EmbedBatch,
    /// The list of models.
    Models,
    /// One model.
    Model,
    /// Something else of the provider's, which is echoed.
    Opaque,
}

/// A path, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The schema it speaks.
    pub api: Api,
    /// What it asks for.
    pub endpoint: Endpoint,
    /// Whose host it is on.
    pub host: Host,
    /// The method it takes; any, if none is said.
    pub method: Option<Method>,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether the answer is streamed, where the path says so.
    pub stream: Option<bool>,
    /// Gemini: whether a stream is server-sent events.
    pub sse: bool,
}

impl Route {
    /// A POST for this; the body says the rest.
    pub fn post(api: Api, endpoint: Endpoint) -> Self {
        let method = Some(Method::POST);
        Self { api, endpoint, host: Host::Own, method, model: None, stream: None, sse: false }
    }

    /// Any method on a path of which nothing is understood.
    pub fn opaque(api: Api) -> Self {
        Self { method: None, ..Self::post(api, Endpoint::Opaque) }
    }

    /// A GET of one model.
    pub fn model(api: Api, model: &str) -> Self {
        Self { model: Some(model.to_owned()), ..Self::get(api, Endpoint::Model) }
    }

    /// A GET for this.
    pub fn get(api: Api, endpoint: Endpoint) -> Self {
        Self { method: Some(Method::GET), ..Self::post(api, endpoint) }
    }
}

impl Route {
    /// Whether the provider has a model of that name: one of its families, unless the name itself
    /// says that it does not exist. A deployment of Azure's may have any name.
    pub fn has_model(&self, provider: Provider, model: &str) -> bool {
        let answers = matches!(self.endpoint, Endpoint::Answer | Endpoint::Count);
        if model.contains("does-not-exist") || answers && model.contains("embedding") {
            return false;
        }
        let families: &[&str] = match provider {
            Provider::OpenAi => &["gpt-", "o1", "o3", "o4", "chatgpt-", "text-embedding-"],
            Provider::Claude => &["claude-"],
            Provider::Gemini => &["gemini-"],
        };
        let deployment = self.host == Host::Azure && self.model.is_some();
        deployment || families.iter().any(|family| bare(model).starts_with(family))
    }

    /// How a model that is not there is refused.
    pub fn unknown_model(&self, model: &str) -> Rejection {
        match (self.host, self.api) {
            (Host::Azure, _) if self.model.is_some() => Rejection::new(
                404,
                "The API deployment for this resource does not exist. If you created the \
                 deployment within the last 5 minutes, please wait a moment and try again.",
            )
            .code("DeploymentNotFound"),
            (Host::Vertex, _) => {
                Rejection::new(404, format!("Publisher Model `{model}` not found."))
            }
            (Host::Bedrock, _) => Rejection::bad("The provided model identifier is invalid."),
            (_, Api::Chat) => openai::chat::unknown_model(model),
            (_, Api::Responses) => openai::responses::unknown_model(model),
            (_, Api::Messages) => claude::unknown_model(model),
            (_, Api::Generate) => gemini::unknown_model(model),
        }
    }
}

/// Finds what a request asks for, or the provider's 404 or 405.
pub fn find(provider: Provider, head: &Parts) -> Result<Route, Rejection> {
    let (method, path) = (&head.method, head.uri.path());
    let query = head.uri.query().unwrap_or_default();
    let found = match provider {
        Provider::OpenAi => openai::find(path, query, &head.headers),
        Provider::Claude => claude::find(path),
        Provider::Gemini => gemini::find(path, query),
    };
    let route = found.ok_or_else(|| {
        let message = match provider {
            Provider::OpenAi => format!("Invalid URL ({method} {path})"),
            Provider::Claude => "Not found".to_owned(),
            Provider::Gemini => format!("The requested URL {path} was not found on this server."),
        };
        Rejection::new(404, message)
    })?;
    if route.method.as_ref().is_some_and(|expected| expected != method) {
        let message = format!("Not allowed to {method} on {path}.");
        return Err(Rejection::new(405, message));
    }
    Ok(route)
}

/// What follows one of these folders in a path, if it is in one.
pub fn inside<'p>(folders: &[&str], path: &'p str) -> Option<&'p str> {
    folders.iter().find_map(|folder| {
        let rest = path.strip_prefix(folder)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    })
}

/// The model and the verb of a Vertex path of this publisher's.
pub fn vertex<'p>(path: &'p str, publisher: &str) -> Option<(&'p str, &'p str)> {
    let path = path.strip_prefix("/v1/").or(path.strip_prefix("/v1beta1/"))?;
    let (_, path) = path.strip_prefix("projects/")?.split_once("/locations/")?;
    let (_, path) = path.split_once("/publishers/")?;
    path.strip_prefix(publisher)?.strip_prefix("/models/")?.rsplit_once(':')
}
