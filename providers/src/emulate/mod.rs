//! What a target has no words for, said in others it has: by leave of the route (`wire.md` §5.1,
//! policy E).
//!
//! Each works on the conversation model, around the codecs: the request is changed before it is
//! written, and the answer is changed back after it is read. No codec knows of it.

mod custom;
mod stream;
#[cfg(test)]
mod tests;

use crate::Schema;
use crate::conversation::{Field, Loss};

pub(crate) use custom::CustomTools;

/// Something that may be emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulation {
    /// Tools that take free text (OpenAI `custom`), as functions with one text.
    CustomTools,
}

impl Emulation {
    const ALL: [Self; 1] = [Self::CustomTools];

    const fn field(self) -> Field {
        match self {
            Self::CustomTools => Field::CustomTool,
        }
    }

    /// That of the field of this name, which is OpenAI Chat's.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|emulation| emulation.name() == name)
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.into_iter().map(Self::name)
    }

    /// The field's name in OpenAI Chat.
    pub const fn name(self) -> &'static str {
        self.field().name(Schema::Chat)
    }

    /// What is said in another way, in the caller's words.
    pub(crate) fn report(self, schema: Schema) -> Loss {
        Loss::of(self.field().name(schema))
    }
}
