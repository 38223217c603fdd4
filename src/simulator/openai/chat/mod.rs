//! Chat Completions.

mod read;
mod shape;
mod write;

pub(in super::super) use read::read;
pub(in super::super) use write::{answer, failure, stream};

use super::super::rejection::Rejection;

pub(in super::super) fn unknown_model(model: &str) -> Rejection {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Rejection::new(404, message).code("model_not_found")
}
