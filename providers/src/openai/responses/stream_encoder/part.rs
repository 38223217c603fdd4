//! A part of the answer on its way to the caller.

use serde_json::value::RawValue;

use super::super::annotation;
use super::super::item::{Picture, tokens};
use crate::conversation::Delta;

/// A part under way.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) kind: Kind,
    /// The id of its item, once it is begun (that of words is their message's).
    pub(super) item: String,
    /// It was begun and not ended.
    pub(super) open: bool,
    pub(super) stopped: bool,
    /// What waits to be written.
    pub(super) held: Words,
    /// What was written since it was begun.
    pub(super) written: Words,
    pub(super) signature: Option<String>,
    /// How many characters have come.
    characters: u64,
}

/// What becomes of a part.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Refusal,
    /// Thoughts, which the caller may not want to see.
    Thinking {
        id: Option<String>,
        shown: bool,
    },
    Call {
        call_id: String,
        name: String,
        custom: bool,
    },
    /// A picture, whole.
    Image(Picture<'static>),
}

/// Words, or arguments, and what hangs on them.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) annotations: Vec<Box<RawValue>>,
    pub(super) logprobs: Vec<Box<RawValue>>,
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.annotations.is_empty() && self.logprobs.is_empty()
    }

    pub(super) fn append(&mut self, more: &mut Self) {
        self.text.push_str(&more.text);
        more.text.clear();
        self.annotations.append(&mut more.annotations);
        self.logprobs.append(&mut more.logprobs);
    }
}

impl Part {
    pub(super) fn new(number: u32, kind: Kind) -> Self {
        Self {
            number,
            kind,
            item: String::new(),
            open: false,
            stopped: false,
            held: Words::default(),
            written: Words::default(),
            signature: None,
            characters: 0,
        }
    }

    /// Only these can't be cut in two.
    pub(super) const fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Call { .. })
    }

    /// Whether there is nothing to write of it now.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_call() && !self.stopped && self.held.is_empty() && self.signature.is_none()
    }

    /// More of it. What its kind has no place for is passed over.
    pub(super) fn take(&mut self, delta: &Delta<'_>) {
        match (delta, &self.kind) {
            (
                Delta::Text(words),
                Kind::Text | Kind::Refusal | Kind::Thinking { shown: true, .. },
            ) => {
                self.characters += words.chars().count() as u64;
                self.held.text.push_str(words);
            }
            (Delta::Arguments(piece), Kind::Call { .. }) => self.held.text.push_str(piece),
            (Delta::Signature(signature), Kind::Thinking { .. }) => {
                self.signature = Some(signature.clone().into_owned());
            }
            (Delta::Citation(citation), Kind::Text) => {
                self.held.annotations.extend(annotation::write(citation, self.characters));
            }
            (Delta::Logprobs(logprobs), Kind::Text) => {
                self.held.logprobs.append(&mut tokens(logprobs));
            }
            _ => {}
        }
    }
}
