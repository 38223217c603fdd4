//! Responses (wire.md §2, §3, §4.1), as far as it keeps no state: what it is told of earlier
//! answers must be in the request.

mod count;
mod ids;
mod items;
mod read;
mod shape;
mod stream;
mod write;

pub(in super::super) use count::{count, read_count};
pub(in super::super) use read::read;
pub(in super::super) use stream::{failure, stream};
pub(in super::super) use write::answer;

use super::super::rejection::Rejection;

pub(in super::super) fn unknown_model(model: &str) -> Rejection {
    let message = format!("The requested model '{model}' does not exist.");
    Rejection::bad(message).param("model").code("model_not_found")
}
