//! The features of requests, and how each schema says them (`wire.md` §3, §5.1).

mod content;
mod sampling;
mod service;
mod thinking;
mod tools;
mod turns;

use providers::Schema;

/// How a schema says a feature: what it is said beside, and what is then said, each merged into
/// the smallest request. `None` where the schema can't say it.
type Says = Option<(&'static str, &'static str)>;

/// A feature, as Chat, Responses, Claude and Gemini say it.
pub(super) struct Feature {
    pub(super) name: &'static str,
    says: [Says; 4],
}

impl Feature {
    pub(super) fn said_by(&self, schema: Schema) -> Says {
        let [chat, responses, claude, gemini] = self.says;
        match schema {
            Schema::Chat => chat,
            Schema::Responses => responses,
            Schema::Claude => claude,
            Schema::Gemini => gemini,
        }
    }
}

/// Said alone.
const fn says(patch: &'static str) -> Says {
    Some(("{}", patch))
}

/// Said beside something else.
const fn beside(other: &'static str, patch: &'static str) -> Says {
    Some((other, patch))
}

const NO: Says = None;

/// What needs no word where the model does not think unasked.
pub(super) const NO_THINKING: &str = "no thinking";

/// All features, in the order of the page.
pub(super) fn all() -> impl Iterator<Item = &'static Feature> {
    let themes = [
        turns::FEATURES,
        sampling::FEATURES,
        thinking::FEATURES,
        tools::FEATURES,
        content::FEATURES,
        service::FEATURES,
    ];
    themes.into_iter().flatten()
}
