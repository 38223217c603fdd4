//! Fields that only OpenAI has, and what becomes of them elsewhere (`wire.md` §5.1).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Schema;
use crate::conversation::{Extension, Unsupported};
use crate::json::Str;
use crate::openai::read::{UNKNOWN, Unknown, bounded, is_null};

/// Most members further in that are told apart: a hostile body must not make a long list of them,
/// nor ever new names of metrics.
const MOST_APART: usize = 128;

/// When a field changes what the answer means, so that no other schema may leave it out.
/// Every field that is not here is a hint. Names that both of OpenAI's schemas have mean the same.
const REFUSED: [(&str, Says); 10] = [
    ("audio", always),
    ("background", says_true),
    ("conversation", always),
    ("logit_bias", |value| value != "{}"),
    ("modalities", |value| !is_text_only(value)),
    ("moderation", always),
    ("previous_response_id", always),
    ("prompt", always),
    ("store", says_true),
    ("web_search_options", always),
];

/// Whether a value, as written, is more than the default.
type Says = fn(&str) -> bool;

fn always(_: &str) -> bool {
    true
}

fn says_true(value: &str) -> bool {
    value == "true"
}

fn is_text_only(value: &str) -> bool {
    value.chars().filter(|c| !c.is_ascii_whitespace()).eq("[\"text\"]".chars())
}

/// The extensions of one request as they are found.
pub(super) struct Extensions<'a> {
    schema: Schema,
    found: Vec<Extension<'a>>,
    /// How many members further in were told apart.
    apart: usize,
}

impl<'a> Extensions<'a> {
    pub(super) const fn of(schema: Schema) -> Self {
        Self { schema, found: Vec::new(), apart: 0 }
    }

    /// A field at the top of the body that has no place in the model.
    pub(super) fn top(&mut self, key: &str, value: &'a RawValue) {
        let refused = REFUSED.iter().any(|(name, when)| *name == key && when(value.get()));
        self.push(bounded(key).to_owned(), value, policy(refused));
    }

    /// Members of an object further in, whose path is `at` (without indices). Empty lists say
    /// nothing: SDKs write `annotations` so into history.
    pub(super) fn unknown(&mut self, at: &str, members: Vec<Unknown<'a>>) {
        for (key, value) in members.into_iter().filter(|(_, value)| value.get() != "[]") {
            let key = if self.apart < MOST_APART { bounded(&key) } else { UNKNOWN };
            let told = self.found.len();
            self.push(format!("{at}.{key}"), value, Unsupported::Drop);
            self.apart += self.found.len() - told;
        }
    }

    /// A field that is known, and that the model has no place for.
    pub(super) fn lost(&mut self, path: &'static str) {
        self.push(path, RawValue::TRUE, Unsupported::Drop);
    }

    /// A hint of its own path.
    pub(super) fn hint(&mut self, path: &'static str, value: &'a RawValue) {
        self.push(path, value, Unsupported::Drop);
    }

    /// A field without which the request would mean something else.
    pub(super) fn vital(&mut self, path: &'static str, value: &'a RawValue) {
        self.push(path, value, Unsupported::Refuse);
    }

    /// Who uses it: `user` is the old name of `safety_identifier`.
    pub(super) fn user(
        &mut self,
        id: Option<Str<'a>>,
        user: Option<Str<'a>>,
    ) -> Option<Cow<'a, str>> {
        if let (Some(id), Some(user)) = (&id, &user)
            && id != user
        {
            self.lost("user");
        }
        id.or(user).map(Cow::from)
    }

    /// Each path once: a report names fields, not places.
    fn push(
        &mut self,
        path: impl Into<Cow<'a, str>>,
        value: &'a RawValue,
        unsupported: Unsupported,
    ) {
        let path = path.into();
        if is_null(value) || self.found.iter().any(|known| known.path == path) {
            return;
        }
        self.found.push(Extension { schema: self.schema, path, value, unsupported });
    }

    pub(super) fn into_vec(self) -> Vec<Extension<'a>> {
        self.found
    }
}

fn policy(refused: bool) -> Unsupported {
    if refused { Unsupported::Refuse } else { Unsupported::Drop }
}
