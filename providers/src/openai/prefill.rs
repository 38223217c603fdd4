//! A conversation that ends in the model's own words.

use crate::Schema;
use crate::codec::Target;
use crate::conversation::{Field, Refusal, Request, Role};

/// What would be answered with something else than was asked for.
pub(super) fn check(request: &Request<'_>, target: &Target<'_>) -> Result<(), Refusal> {
    let prefill = request.schema == Schema::Claude && !target.capabilities.prefill;
    if prefill && request.messages.last().is_some_and(|last| last.role == Role::Assistant) {
        let field = request.name(Field::Messages);
        return Err(Refusal::of(
            field,
            format!(
                "'{field}' ends in an assistant turn, and {} does not go on with it: end in a \
                 user turn.",
                target.model
            ),
        ));
    }
    Ok(())
}
