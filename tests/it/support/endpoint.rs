//! All that a caller can ask of a model with a body: what attacks on bodies are sent to.

use std::collections::BTreeSet;

use egret::simulator::{Provider, Running};

use super::speak::{Answer, send};
use super::{Config, Gateway};

/// Where a body is sent, and what an ordinary one holds.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// Whose schema it is of: that of its errors, and of the provider behind it.
    pub surface: Provider,
    /// A model that it serves.
    pub model: &'static str,
    /// Its path; `{}` is the model.
    path: &'static str,
    /// The members of a body but for the model's name; `{}` is the model.
    members: &'static str,
    /// Whether it answers with a turn of the model.
    pub is_turn: bool,
}

const TEXT: &str = r#""messages":[{"role":"user","content":"x"}]"#;
const CONTENTS: &str = r#""contents":[{"parts":[{"text":"x"}]}]"#;

const fn endpoint(
    surface: Provider,
    model: &'static str,
    path: &'static str,
    members: &'static str,
) -> Endpoint {
    Endpoint { surface, model, path, members, is_turn: false }
}

const fn turn(
    surface: Provider,
    model: &'static str,
    path: &'static str,
    members: &'static str,
) -> Endpoint {
    Endpoint { is_turn: true, ..endpoint(surface, model, path, members) }
}

use Provider::{Claude, Gemini, OpenAi};

const GPT: &str = "gpt-4o-mini";
const HAIKU: &str = "claude-haiku-4-5";
const FLASH: &str = "gemini-2.5-flash";
const SMALL: &str = "text-embedding-3-small";
const EMBEDDING: &str = "gemini-embedding-2";

/// All of them.
pub const ALL: [Endpoint; 10] = [
    turn(OpenAi, GPT, "/v1/chat/completions", TEXT),
    turn(OpenAi, GPT, "/v1/responses", r#""input":"x""#),
    turn(
        Claude,
        HAIKU,
        "/v1/messages",
        r#""max_tokens":9,"messages":[{"role":"user","content":"x"}]"#,
    ),
    turn(Gemini, FLASH, "/v1beta/models/{}:generateContent", CONTENTS),
    endpoint(OpenAi, SMALL, "/v1/embeddings", r#""input":["x","y"]"#),
    endpoint(
        Gemini,
        EMBEDDING,
        "/v1beta/models/{}:embedContent",
        r#""content":{"parts":[{"text":"x"}]}"#,
    ),
    endpoint(
        Gemini,
        EMBEDDING,
        "/v1beta/models/{}:batchEmbedContents",
        r#""requests":[{"model":"models/{}","content":{"parts":[{"text":"x"}]}}]"#,
    ),
    endpoint(OpenAi, GPT, "/v1/responses/input_tokens", r#""input":"x""#),
    endpoint(Claude, HAIKU, "/v1/messages/count_tokens", TEXT),
    endpoint(Gemini, FLASH, "/v1beta/models/{}:countTokens", CONTENTS),
];

/// The models of all of them, each once: `a, b`.
pub fn models() -> String {
    let models: BTreeSet<&str> = ALL.iter().map(|endpoint| endpoint.model).collect();
    Vec::from_iter(models).join(", ")
}

/// The three providers behind one gateway, each asked in all that it offers.
pub fn serving(simulators: &[Running; 3]) -> Config {
    let [openai, claude, gemini] = simulators;
    Config::new()
        .backend_with("openai", openai, "api: both")
        .backend("claude", claude)
        .backend("gemini", gemini)
        .route("models: ['gpt-*', 'text-embedding-*'], backends: [openai]")
        .route("models: ['claude-*'], backends: [claude]")
        .route("models: ['gemini-*'], backends: [gemini]")
}

impl Endpoint {
    /// The same, asked for another model.
    pub const fn of(self, model: &'static str) -> Self {
        Self { model, ..self }
    }

    /// Whether the body names the model. Where the path does, the body may say it again.
    pub const fn names_model(&self) -> bool {
        !matches!(self.surface, Gemini)
    }

    /// Its path, with this model where it names one.
    pub fn path(&self, model: &str) -> String {
        self.path.replace("{}", model)
    }

    /// The members of an ordinary body but for the model's name.
    pub fn members(&self) -> String {
        self.members.replace("{}", self.model)
    }

    /// The whole body, for a model that is spelled so between its quotes, with these members more,
    /// each with a comma before it.
    pub fn body(&self, model: &str, more: &str) -> String {
        let members = self.members.replace("{}", model);
        match self.names_model() {
            true => format!(r#"{{"model":"{model}",{members}{more}}}"#),
            false => format!("{{{members}{more}}}"),
        }
    }

    /// Sends a body there as the caller who has this key.
    pub async fn ask(
        &self,
        gateway: &Gateway,
        key: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let post = gateway.client.post(gateway.url(&self.path(self.model)));
        send(post.header("x-api-key", key).header("content-type", "application/json").body(body))
            .await
    }

    /// An ordinary request, which must be served.
    #[track_caller]
    pub fn clean(&self, gateway: &Gateway, key: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask(gateway, key, self.body(self.model, "")).await;
            assert_eq!(answer.status, 200, "{caller}: {}: {}", self.path, answer.text);
        }
    }
}
