//! What a request loses on its way to OpenAI, and how it is refused.

use std::borrow::Cow;

use crate::codec::Encoded;
use crate::conversation::{Field, Loss, Part, Refusal, Request};

/// What is left out, and what is said in another way, each field once.
pub(super) struct Losses<'r, 'a> {
    request: &'r Request<'a>,
    losses: Vec<Loss>,
    emulated: Vec<Loss>,
}

impl<'r, 'a> Losses<'r, 'a> {
    pub(super) fn new(request: &'r Request<'a>) -> Self {
        let mut losses = Self { request, losses: Vec::new(), emulated: Vec::new() };
        // Neither schema takes them back in a history.
        let said = request.messages.iter().flat_map(|message| &message.parts);
        if request.system.iter().chain(said).any(is_cited) {
            losses.of(Field::Citations);
        }
        losses
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

    /// This field is said in words, or by another field.
    pub(super) fn emulated(&mut self, field: Field) {
        let loss = Loss::of(self.request.name(field));
        if !self.emulated.contains(&loss) {
            self.emulated.push(loss);
        }
    }

    /// The body, with what there is to say about it.
    pub(super) fn about(self, body: Vec<u8>) -> Encoded {
        Encoded { losses: self.losses, emulated: self.emulated, ..Encoded::of(body) }
    }
}

/// The refusal of a field in the caller's words: `why`, then what to write.
pub(super) fn refuse(request: &Request<'_>, field: Field, why: &str) -> Refusal {
    let field = request.name(field);
    Refusal::of(field, format!("'{field}': {why}"))
}

/// Whether a part says where it has something from.
fn is_cited(part: &Part<'_>) -> bool {
    match part {
        Part::Text(text) => !text.citations.is_empty(),
        Part::ToolResult(result) => result.content.iter().any(is_cited),
        _ => false,
    }
}
