//! The conversation model: the richest union of what the schemas can say.
//!
//! Decoders turn a schema's bytes into these types, encoders turn them into another schema's
//! bytes. Text is borrowed from the body wherever JSON escapes allow it, and what must keep its
//! spelling (tool arguments, JSON Schemas, numbers) stays raw JSON text.

mod error;
mod event;
mod field;
mod loss;
mod part;
mod request;
mod response;
pub mod shape;
mod tool;
mod usage;

pub use error::{ApiError, ErrorClass};
pub use event::{Delta, Event, PartKind};
pub use field::Field;
pub use loss::{Loss, Refusal};
pub use part::{
    CacheBreakpoint, CacheTtl, Citation, Media, Message, Opaque, Part, Role, Source, Text, Thinking,
};
pub use request::{
    Effort, Extension, Modality, OutputFormat, Reasoning, Request, Sampling, ThinkingMode,
    Unsupported,
};
pub use response::{Candidate, Finish, FinishReason, Likelihood, Response, TokenLogprob};
pub use tool::{Arguments, Namespaced, Tool, ToolCall, ToolChoice, ToolResult};
pub use usage::{Served, ServiceTier, ToolCalls, Usage};
