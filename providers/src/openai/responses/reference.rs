//! References to items that a provider keeps.

use serde::Deserialize;

use crate::Schema;
use crate::conversation::{Field, Loss, Opaque, Part, Request};
use crate::json::Str;

/// How ids of reasoning begin.
const REASONING: &str = "rs_";

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow)]
    id: Option<Str<'a>>,
}

/// Takes references to reasoning out of a request that goes to another schema. Only who made a
/// thought could keep it, and like every thought of somebody else's it is left out and reported.
/// Vercel's AI SDK refers to thoughts unless it is told not to (`store: false`).
pub(crate) fn forget_thoughts(request: &mut Request<'_>) -> Option<Loss> {
    let mut found = false;
    for message in &mut request.messages {
        message.parts.retain(|part| {
            let thought = is_to_thought(part);
            found |= thought;
            !thought
        });
    }
    request.messages.retain(|message| !message.parts.is_empty());
    found.then(|| Loss::of(request.name(Field::Thinking)))
}

fn is_to_thought(part: &Part<'_>) -> bool {
    let Part::Opaque(Opaque { schema: Schema::Responses, kind, raw }) = part else { return false };
    let reference = || serde_json::from_str::<Reference<'_>>(raw.get()).ok()?.id;
    kind == "item_reference" && reference().is_some_and(|id| id.starts_with(REASONING))
}
