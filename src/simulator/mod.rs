//! Simulators of the three providers: OpenAI (Chat Completions, Responses, embeddings), Anthropic
//! (Messages) and Gemini (generateContent, embeddings), with what each has for counting tokens and
//! listing models. What else a provider has is echoed.
//!
//! They serve `egret demo`, `egret simulate`, the tests and the benchmark. On purpose they share no
//! code with the codecs of `providers` nor with the proxy: what either gets wrong shows up here as
//! a 400, a missing event or a bill that differs. Each answers only its own paths, in its own
//! schema, to its own credential, and also as Azure, Vertex, Bedrock and Foundry offer it (under
//! those paths, wire.md §7); it checks requests as strictly as the provider does (wire.md §2–§6,
//! each family of models by its table), answers with a function of the request (see [`turn`]), and keeps its own
//! [bill](bill::Bill) and [journal](journal::Journal). What goes wrong, and when, is said by a
//! [script](script::Script), or in the prompt itself: `[[status 503]]`.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use egret::simulator::{Authority, Fault, Provider, Simulator};
//!
//! let authority = Authority::new()?;
//! let claude = Simulator::new(Provider::Claude, "sk-ant-1")
//!     .tls(authority.issue(&["localhost", "127.0.0.1"])?)
//!     .start(([127, 0, 0, 1], 0).into())
//!     .await?;
//! claude.script().next_n(2, [Fault::Status(529)]);
//! println!("{} {:?}", claude.base_url(), claude.bill().total());
//! # Ok(())
//! # }
//! ```

mod answer;
pub mod authority;
mod base64;
pub mod bill;
mod claude;
pub mod control;
pub mod credential;
mod eventstream;
mod exchange;
mod frame;
mod gemini;
mod gzip;
mod host;
mod image;
mod instead;
pub mod journal;
mod json;
mod lenient;
mod openai;
mod page;
mod playback;
mod rejection;
mod route;
mod sample;
pub mod script;
mod server;
mod shape;
mod signature;
pub mod turn;
mod vector;

#[cfg(test)]
mod tests;

pub use authority::{Authority, Identity};
pub use bill::{Bill, Line};
pub use control::{Options, run};
pub use journal::{Arrival, Counts, Journal};
pub use script::{Canned, Fault, Reported, Script};
pub use server::{Running, Simulator};

/// Whose API a simulator speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// OpenAI: Chat Completions and Responses.
    OpenAi,
    /// Anthropic Messages.
    Claude,
    /// Gemini generateContent.
    Gemini,
}

impl Provider {
    /// All three.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Claude, Self::Gemini];

    /// Its name in the configuration and on the control plane.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Claude => "claude",
            Self::Gemini => "gemini",
        }
    }

    /// The models that its list names. It answers others of its families, too.
    pub const fn models(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => openai::MODELS,
            Self::Claude => claude::MODELS,
            Self::Gemini => gemini::MODELS,
        }
    }
}
