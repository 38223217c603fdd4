//! Objects as Google's JSON parser reads them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::conversation::Refusal;
use crate::json::Str;

/// A member that its object does not know.
#[derive(Debug)]
pub(in crate::gemini) struct Unknown<'a> {
    /// Its name as written.
    pub(in crate::gemini) name: Str<'a>,
    /// Its value; never `null`, which means absent.
    pub(in crate::gemini) value: &'a RawValue,
}

/// Defines an object: every member optional, `null` the same as absent, found under its
/// camelCase name or its snake_case one (which is the Rust field's), never twice. Members that
/// are not listed are kept in `unknown`, so that none is lost in silence.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident<$lt:lifetime> {
        $($(#[$note:meta])* $field:ident: $camel:literal => $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(in crate::gemini) struct $name<$lt> {
            $($(#[$note])* pub(in crate::gemini) $field: Option<$ty>,)*
            /// Members that are not among the above.
            pub(in crate::gemini) unknown: Vec<$crate::gemini::wire::Unknown<$lt>>,
        }

        impl<'de: $lt, $lt> serde::de::Deserialize<'de> for $name<$lt> {
            fn deserialize<D: serde::de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
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
                        let mut object = $name::default();
                        while let Some(name) = map.next_key::<$crate::json::Str<'de>>()? {
                            $(if *name == *$camel || *name == *stringify!($field) {
                                $crate::gemini::wire::object::member(
                                    &mut map, &mut object.$field, $camel,
                                )?;
                                continue;
                            })*
                            if let Some(value) = map.next_value()? {
                                let unknown = $crate::gemini::wire::Unknown { name, value };
                                object.unknown.push(unknown);
                            }
                        }
                        Ok(object)
                    }
                }

                from.deserialize_map(Members)
            }
        }
    };
}
pub(super) use object;

/// Reads a member's value into its place.
pub(super) fn member<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    place: &mut Option<T>,
    name: &str,
) -> Result<(), A::Error> {
    let value: Option<T> = map.next_value().map_err(|error| within(name, &error))?;
    if value.is_some() && place.is_some() {
        // Which of the two counts differs from reader to reader (S-12).
        return Err(within(name, &A::Error::custom("there twice; write it once")));
    }
    if value.is_some() {
        *place = value;
    }
    Ok(())
}

/// Stands before the path in an error's message. It can't be in serde's own words, which
/// escape it.
const PATH: char = '\u{1}';

/// Puts a member's name before the path that the error already has.
fn within<E: Error>(name: &str, error: &E) -> E {
    let text = error.to_string();
    match text.strip_prefix(PATH) {
        Some(rest) => E::custom(format_args!("{PATH}{name}.{rest}")),
        None => E::custom(format_args!("{PATH}{name}: {text}")),
    }
}

/// The refusal of a body that could not be read, naming the field where one is to blame.
pub(in crate::gemini) fn refusal(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    match text.strip_prefix(PATH).and_then(|text| text.split_once(": ")) {
        Some((path, what)) => Refusal::of(path.to_owned(), format!("`{path}`: {what}")),
        None => Refusal::body(format!("The body is not a Gemini request: {text}")),
    }
}

/// A list; a single value where a list is expected is a list of one.
#[derive(Debug)]
pub(in crate::gemini) struct List<T>(pub(in crate::gemini) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| List(vec![one]))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                T::deserialize(BorrowedStrDeserializer::new(text)).map(|one| List(vec![one]))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(StrDeserializer::new(text)).map(|one| List(vec![one]))
            }
        }

        deserializer.deserialize_any(OneOrMany(PhantomData))
    }
}
