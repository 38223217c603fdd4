//! What a request loses on its way to OpenAI, and how it is refused.

use std::borrow::Cow;

use crate::conversation::{Field, Loss, Refusal, Request};

/// What is left out, each field once.
pub(super) struct Losses<'r, 'a> {
    request: &'r Request<'a>,
    losses: Vec<Loss>,
}

impl<'r, 'a> Losses<'r, 'a> {
    pub(super) fn new(request: &'r Request<'a>) -> Self {
        Self { request, losses: Vec::new() }
    }

    /// This field is left out.
    pub(super) fn of(&mut self, field: Field) {
        self.named(Cow::Borrowed(self.request.name(field)));
    }

    /// The field of this path is left out.
    pub(super) fn named(&mut self, field: Cow<'static, str>) {
        if self.losses.iter().all(|loss| loss.field != field) {
            self.losses.push(Loss { field });
        }
    }

    pub(super) fn into_vec(self) -> Vec<Loss> {
        self.losses
    }
}

/// The refusal of a field in the caller's words: `why`, then what to write.
pub(super) fn refuse(request: &Request<'_>, field: Field, why: &str) -> Refusal {
    let field = request.name(field);
    Refusal::of(field, format!("'{field}': {why}"))
}
