//! Objects of the wire: named members typed, unknown members kept, faults with a path.

use std::fmt::Write as _;

use serde::de;

use crate::conversation::Refusal;

/// Stands between the path and the words of a fault while it travels up through serde, which
/// knows neither; JSON text can't hold it unescaped.
const MARK: char = '\u{1f}';

/// Most unknown members of one object: the newest SDK's are a handful, a hostile body's are not.
pub(super) const MAX_UNKNOWN: usize = 64;

/// Longest words of a fault: serde quotes the value at fault, however long.
const MAX_WORDS: usize = 200;

/// Declares an object of the wire: every member optional, `null` the same as absent, a member
/// that is there twice refused (S-12), unknown members kept in `rest`, and a fault in a member
/// marked with the member's name.
///
/// Not derived: `#[serde(flatten)]`, the only derive that keeps what it doesn't know, buffers
/// the whole object and can't borrow raw JSON from it.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident { $($field:ident : $type:ty = $key:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: Option<$type>,)*
            /// Members that this schema has no name for.
            pub(super) rest: Vec<(
                std::borrow::Cow<'a, str>,
                &'a serde_json::value::RawValue,
            )>,
        }

        impl<'a> $name<'a> {
            /// Calls `unknown` with the members that no one has taken.
            #[allow(dead_code, reason = "not every object of the wire is taken apart")]
            pub(super) fn leftovers(
                self,
                unknown: &mut dyn FnMut(&str, &'a serde_json::value::RawValue),
            ) {
                $(if self.$field.is_some() {
                    unknown($key, serde_json::value::RawValue::NULL);
                })*
                for (key, value) in self.rest {
                    if value.get() != "null" {
                        unknown(&key, value);
                    }
                }
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
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
                        use serde::de::Error as _;
                        let twice = |key: &str| A::Error::custom(format_args!("`{key}` is there twice"));
                        $(let mut $field = None;)*
                        let mut rest: Vec<(
                            std::borrow::Cow<'de, str>,
                            &'de serde_json::value::RawValue,
                        )> = Vec::new();
                        while let Some(key) = map.next_key::<crate::json::Str<'de>>()? {
                            match &*key {
                                $($key => {
                                    if $field.is_some() {
                                        return Err(twice($key));
                                    }
                                    $field = Some(map.next_value().map_err(|error| {
                                        super::object::within($key, error)
                                    })?);
                                })*
                                _ => {
                                    if rest.iter().any(|(name, _)| *name == key.0) {
                                        return Err(twice(&key));
                                    }
                                    if rest.len() >= super::object::MAX_UNKNOWN {
                                        return Err(A::Error::custom("too many unknown members"));
                                    }
                                    rest.push((key.0, map.next_value()?));
                                }
                            }
                        }
                        Ok($name { $($field: $field.flatten(),)* rest })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

pub(super) use object;

/// Puts a member's name before the path of a fault.
pub(super) fn within<E: de::Error>(key: &str, error: E) -> E {
    let text = error.to_string();
    match text.strip_prefix(MARK) {
        Some(inner) => E::custom(format_args!("{MARK}{key}.{inner}")),
        None => E::custom(format_args!("{MARK}{key}{MARK}{text}")),
    }
}

/// The refusal for a fault that serde found somewhere under `parent` (a path, or nothing for the
/// body itself).
pub(super) fn refusal(parent: &str, error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let (path, words) = match text.strip_prefix(MARK).and_then(|text| text.split_once(MARK)) {
        Some((path, words)) if parent.is_empty() => (path.to_owned(), words),
        Some((path, words)) => (format!("{parent}.{path}"), words),
        None => (parent.to_owned(), text.as_str()),
    };
    // Where serde counted from is not always the top of the body.
    let words = words.rfind(" at line ").and_then(|at| words.get(..at)).unwrap_or(words);
    let mut message = String::new();
    if !path.is_empty() {
        let _ = write!(message, "`{path}`: ");
    }
    message.extend(words.chars().take(MAX_WORDS));
    match path.is_empty() {
        true => Refusal::body(message),
        false => Refusal::of(path, message),
    }
}
