//! Reading a caller's JSON in one pass, so that every error says where it is.
//!
//! Serde's own derive loses the path of an error and swallows or collects unknown keys at a
//! price; [`object!`] keeps both: known keys typed, the others raw and in order, none twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::conversation::Refusal;
use crate::json::{self, Str};

/// A member that nothing here knows.
pub(super) type Unknown<'a> = (Cow<'a, str>, &'a RawValue);

/// Defines a JSON object: its known members, each optional and `null` the same as absent, and
/// `unknown`, the rest. A member that is there twice is an error (S-12). What follows `ignoring`
/// is known to say nothing that a target needs.
macro_rules! object {
    (
        $(#[$doc:meta])*
        $name:ident { $($field:ident: $key:literal => $kind:ty,)* }
        $(ignoring $($ignored:literal),+)?
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: Option<$kind>,)*
            pub(super) unknown: Vec<$crate::openai::read::Unknown<'a>>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        use $crate::openai::read;
                        $(let mut $field: Option<Option<_>> = None;)*
                        let mut unknown: Vec<$crate::openai::read::Unknown<'de>> = Vec::new();
                        while let Some(key) = map.next_key::<$crate::json::Str<'de>>()? {
                            match &*key {
                                $($key => {
                                    if $field.is_some() {
                                        return Err(read::twice($key));
                                    }
                                    let value = map.next_value();
                                    $field = Some(value.map_err(|e| read::located($key, &e))?);
                                })*
                                $($($ignored)|+ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                })?
                                _ => {
                                    if unknown.iter().any(|(name, _)| *name == key.0) {
                                        return Err(read::twice(&key.0));
                                    }
                                    let value = map.next_value()?;
                                    unknown.push((key.0, value));
                                }
                            }
                        }
                        Ok($name { $($field: $field.flatten(),)* unknown })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}
pub(super) use object;

/// Marks the path at the head of an error's text: serde's errors can carry nothing but text.
const MARK: char = '\u{1f}';

/// The error, one step further out.
pub(super) fn located<E: Error>(step: &str, error: &E) -> E {
    let text = error.to_string();
    match text.strip_prefix(MARK).and_then(|marked| marked.split_once(MARK)) {
        Some((path, why)) if path.starts_with('[') => {
            E::custom(format_args!("{MARK}{step}{path}{MARK}{why}"))
        }
        Some((path, why)) => E::custom(format_args!("{MARK}{step}.{path}{MARK}{why}")),
        None => E::custom(format_args!("{MARK}{step}{MARK}{text}")),
    }
}

/// The error of a member that is there twice.
pub(super) fn twice<E: Error>(key: &str) -> E {
    E::custom(format_args!("`{}` is there twice; write it once", bounded(key)))
}

/// Reads all of `text` as a `T`; `at` is where it stands in the body, with indices.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a RawValue, at: &str) -> Result<T, Refusal> {
    serde_json::from_str(text.get()).map_err(|error| refusal(&located(at, &error)))
}

/// Reads the whole body.
pub(super) fn parse_body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    json::read(body).map_err(|error| refusal(&error))
}

/// What the caller reads about an error: where, what was expected, what was there.
fn refusal(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let marked = text.strip_prefix(MARK).and_then(|marked| marked.split_once(MARK));
    let Some((path, why)) = marked else {
        return Refusal::body(format!("The body could not be read: {}.", clip(&text)));
    };
    if !error.is_data() {
        return Refusal::body(format!("The body could not be read: {}.", clip(why)));
    }
    let why = why.split(" at line ").next().unwrap_or(why);
    let mistaken =
        why.strip_prefix("invalid type: ").or_else(|| why.strip_prefix("invalid value: "));
    let message = match mistaken.and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((found, expected)) => {
            let found = found.split([' ', '`']).next().unwrap_or(found);
            let expected = match expected {
                "u64" | "u32" => "a whole number from 0",
                other => other,
            };
            format!("Invalid type for '{path}': write {expected} instead of this {found}.")
        }
        None => format!("Invalid value for '{path}': {}.", clip(why)),
    };
    Refusal::of(unindexed(path), message)
}

/// The refusal of a field that must be there and is not.
pub(super) fn missing(field: &'static str, write: &str) -> Refusal {
    Refusal::of(field, format!("Missing required parameter: '{field}'. Write {write}."))
}

/// The refusal of a field whose value is none of the known ones.
pub(super) fn invalid(field: &'static str, write: &str) -> Refusal {
    Refusal::of(field, format!("Invalid value for '{field}': write {write}."))
}

/// A path without its indices: one of a bounded set, since it holds known keys only.
fn unindexed(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|&c| {
            inside = c == '[' || (inside && c != ']');
            !inside && c != ']'
        })
        .collect()
}

/// The head of a text that may be of any length.
fn clip(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// Stands for a key that no API would have.
pub(super) const UNKNOWN: &str = "unknown";

/// A caller's key as it may stand in a report: a metric label or a header must not be made of
/// what a caller likes.
pub(super) fn bounded(key: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if key.len() <= 64 && !key.is_empty() && key.chars().all(plain) { key } else { UNKNOWN }
}

/// A list, whose errors say at which index they are.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                items(seq).map(List)
            }
        }

        deserializer.deserialize_seq(Items(std::marker::PhantomData))
    }
}

fn items<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    loop {
        match seq.next_element() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return Ok(items),
            Err(error) => return Err(located(&format!("[{}]", items.len()), &error)),
        }
    }
}

/// A string, or a list of something.
#[derive(Debug)]
pub(super) enum TextOr<'a, T> {
    Text(Cow<'a, str>),
    List(Vec<T>),
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for TextOr<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TextOr<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                items(seq).map(TextOr::List)
            }
        }

        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}

/// A number, spelling kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a>(pub(super) &'a RawValue);

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(Number(raw)),
            _ => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a number",
                kind(raw)
            ))),
        }
    }
}

/// What a raw value is, in serde's words.
pub(super) fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "map",
        Some(b'[') => "sequence",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

/// A raw value that is a string, as one.
pub(super) fn as_text<'a>(raw: &'a RawValue) -> Option<Cow<'a, str>> {
    serde_json::from_str::<Str<'a>>(raw.get()).ok().map(Cow::from)
}

/// A raw value that is a string and not empty, as one.
pub(super) fn words<'a>(raw: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    raw.and_then(as_text).filter(|text| !text.is_empty())
}

/// A raw value that can be a number of things.
pub(super) fn count(raw: Option<&RawValue>) -> Option<u64> {
    raw.and_then(|raw| json::count(raw.get()))
}

/// Whether a raw value says nothing: `null`.
pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}
