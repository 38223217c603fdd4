//! What an encoder leaves out, each field once.

use crate::Schema;
use crate::conversation::{Field, Loss};

/// Losses in the words of the caller's schema.
#[derive(Debug)]
pub(super) struct Losses {
    schema: Schema,
    pub(super) list: Vec<Loss>,
    /// Said in another way.
    pub(super) emulated: Vec<Loss>,
}

impl Losses {
    pub(super) const fn new(schema: Schema) -> Self {
        Self { schema, list: Vec::new(), emulated: Vec::new() }
    }

    /// A field of the model was left out, or changed on its way.
    pub(super) fn field(&mut self, field: Field) {
        self.add(Loss::of(field.name(self.schema)));
    }

    /// A field of the model was said in another way.
    pub(super) fn emulated(&mut self, field: Field) {
        let loss = Loss::of(field.name(self.schema));
        if !self.emulated.contains(&loss) {
            self.emulated.push(loss);
        }
    }

    pub(super) fn add(&mut self, loss: Loss) {
        if !self.list.contains(&loss) {
            self.list.push(loss);
        }
    }
}
