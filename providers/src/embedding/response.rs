//! What a provider answers.

use std::borrow::Cow;

use super::{Reply, Vector};
use crate::conversation::{ApiError, ErrorClass, Usage};

/// The vectors of a request.
#[derive(Clone, Debug, Default)]
pub struct Response<'a> {
    /// The model that answered, as the provider names it; Gemini does not.
    pub model: Option<Cow<'a, str>>,
    /// A vector for each input, in the inputs' order.
    pub vectors: Vec<Vector<'a>>,
    /// What it cost, input alone; `None` where the provider did not say (gemini-embedding-001).
    pub usage: Option<Usage>,
}

impl Response<'_> {
    /// That there is a vector for each input. Callers match them by their place, so one that is
    /// missing would put all others to the wrong inputs.
    pub(super) fn complete(&self, reply: &Reply<'_>) -> Result<(), ApiError> {
        let (given, asked) = (self.vectors.len(), reply.vectors);
        if given == asked {
            return Ok(());
        }
        let message = format!("the provider gave {given} vectors for {asked} inputs; try again");
        Err(ApiError::new(ErrorClass::Server, message))
    }
}

/// The error of an answer that is no embeddings.
pub(super) fn unreadable() -> ApiError {
    let message = "the provider answered with something that is not embeddings; try again";
    ApiError::new(ErrorClass::Server, message)
}
