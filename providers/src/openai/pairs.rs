//! What OpenAI's two schemas call the same thing, where the conversation model has no place for
//! it (`wire.md` §2, §5.4).

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::losses::Losses;
use super::read::UNKNOWN;
use crate::Schema;
use crate::conversation::{Extension, Refusal, Request, Unsupported};

/// A field that both have, by its path in each.
struct Pair {
    chat: &'static str,
    responses: &'static str,
    /// The one that takes it as a hint only: told more, it is refused there.
    hint: Option<Schema>,
}

/// A field of the same name and meaning.
const fn same(name: &'static str) -> Pair {
    Pair { chat: name, responses: name, hint: None }
}

const PAIRS: [Pair; 9] = [
    same("metadata"),
    same("moderation"),
    same("prompt_cache_key"),
    same("prompt_cache_options"),
    same("prompt_cache_retention"),
    same("service_tier"),
    same("stream_options.include_obfuscation"),
    // What is stored as one schema's answer is not found by the other's callers; Responses only
    // stores it for whoever looks into the account.
    Pair { chat: "store", responses: "store", hint: Some(Schema::Chat) },
    Pair { chat: "verbosity", responses: "text.verbosity", hint: None },
];

impl Pair {
    const fn name(&self, schema: Schema) -> Option<&'static str> {
        match schema {
            Schema::Chat => Some(self.chat),
            Schema::Responses => Some(self.responses),
            Schema::Claude | Schema::Gemini => None,
        }
    }

    /// Whether this schema takes as much of it.
    fn carries(&self, unsupported: Unsupported, to: Schema) -> bool {
        unsupported == Unsupported::Drop || self.hint != Some(to)
    }
}

/// What one of OpenAI's schemas calls a field of the other.
fn sister(extension: &Extension<'_>, to: Schema) -> Option<&'static str> {
    let pair = PAIRS.iter().find(|pair| pair.name(extension.schema) == Some(&*extension.path))?;
    pair.name(to).filter(|_| pair.carries(extension.unsupported, to))
}

/// The objects of each schema's body that members are written back into. A path in a list (a
/// message, a tool) does not say in which of its elements, so it has no way back.
const OBJECTS: [(Schema, &str); 6] = [
    (Schema::Chat, "stream_options"),
    (Schema::Responses, "reasoning"),
    (Schema::Responses, "stream_options"),
    (Schema::Responses, "text"),
    (Schema::Responses, "text.format"),
    (Schema::Responses, "tool_choice"),
];

fn has_place(path: &str, schema: Schema) -> bool {
    match path.rsplit_once('.') {
        Some((object, name)) => OBJECTS.contains(&(schema, object)) && name != UNKNOWN,
        None => path != UNKNOWN,
    }
}

/// What a body says besides the model's fields, by path.
#[derive(Debug)]
pub(super) struct Own<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Own<'a> {
    /// The members of the body itself.
    pub(super) fn top(&self) -> impl Iterator<Item = (&'a str, &'a RawValue)> {
        self.0.iter().copied().filter(|(path, _)| !path.contains('.'))
    }

    /// The members of one of its objects.
    pub(super) fn under(&self, object: &str) -> Self {
        let members = self.0.iter().filter_map(|(path, value)| {
            let (of, name) = path.rsplit_once('.')?;
            (of == object).then_some((name, *value))
        });
        Self(members.collect())
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == path)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Own<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// The extensions that are written for a provider that speaks `to`. Those of the other of
/// OpenAI's schemas too, where the provider knows the `sisters`; all else is, as its decoder
/// said, left out and reported, or refused.
pub(super) fn extensions<'a>(
    request: &'a Request<'_>,
    to: Schema,
    sisters: bool,
    losses: &mut Losses<'_, '_>,
) -> Result<Own<'a>, Refusal> {
    let mut own = Vec::new();
    for extension in &request.extensions {
        let path = extension.path.as_ref();
        if extension.schema == to && has_place(path, to) {
            own.push((path, extension.value));
        } else if let Some(name) = sister(extension, to).filter(|_| sisters) {
            own.push((name, extension.value));
        } else if extension.unsupported == Unsupported::Refuse {
            return Err(Refusal::of(
                path.to_owned(),
                format!("'{path}' can't be said to this provider: leave it out."),
            ));
        } else if extension.unsupported == Unsupported::Drop {
            losses.named(Cow::Owned(path.to_owned()));
        }
    }
    Ok(Own(own))
}

/// Most characters of a user's id; OpenAI answers 400 to more.
const MAX_USER: usize = 64;

/// Whether OpenAI takes this as a user's id. Claude Code's are longer than OpenAI and most
/// compatible hosts take; what OpenAI's own callers say is for their hosts to judge.
pub(super) fn takes_user(from: Schema, user: &str) -> bool {
    matches!(from, Schema::Chat | Schema::Responses) || user.chars().count() <= MAX_USER
}
