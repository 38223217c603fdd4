//! What an encoder leaves out, each field once.

use crate::Schema;
use crate::conversation::{Field, Loss};

/// Losses in the words of the caller's schema.
#[derive(Debug)]
pub(super) struct Losses {
    schema: Schema,
    pub(super) list: Vec<Loss>,
}

impl Losses {
    pub(super) const fn new(schema: Schema) -> Self {
        Self { schema, list: Vec::new() }
    }

    /// A field of the model was left out, or changed on its way.
    pub(super) fn field(&mut self, field: Field) {
        self.add(Loss::of(field.name(self.schema)));
    }

    pub(super) fn add(&mut self, loss: Loss) {
        if !self.list.contains(&loss) {
            self.list.push(loss);
        }
    }
}
