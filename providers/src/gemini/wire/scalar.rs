//! Numbers and words in the spellings that are seen.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use crate::json;

/// A word of an enumeration: its name, or its number in the proto (R: Vertex's gRPC bridge
/// writes `"finishReason": 1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gemini) struct Word<'a>(pub(in crate::gemini) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl<'de> Visitor<'de> for Name {
            type Value = Word<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Owned(name.to_owned())))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Word(Cow::Owned(number.to_string())))
            }
        }

        deserializer.deserialize_any(Name)
    }
}

/// A whole number of a request: `5`, `5.0` and `"5"` are the same to Google's parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gemini) struct Int(pub(in crate::gemini) i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Int, E> {
                Ok(Int(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Int, E> {
                i64::try_from(number).map(Int).map_err(|_| E::custom("the number is too large"))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Int, E> {
                // Up to 2^53 every whole f64 is exact.
                if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
                    return Ok(Int(number as i64));
                }
                Err(E::custom(format_args!("{number} is not a whole number")))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Int, E> {
                let not_whole = |_| E::custom("expected a whole number, without quotes");
                text.parse().map(Int).map_err(not_whole)
            }
        }

        deserializer.deserialize_any(Whole)
    }
}

/// A number of a request, spelling kept.
#[derive(Clone, Copy, Debug)]
pub(in crate::gemini) struct Number<'a>(pub(in crate::gemini) &'a RawValue);

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(raw));
        }
        Err(D::Error::custom("expected a number, without quotes"))
    }
}

/// A count of tokens; `None` if it is nonsense. Proto JSON may write it as a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gemini) struct Tokens(pub(in crate::gemini) Option<u64>);

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(json::count(raw.get().trim_matches('"'))))
    }
}

/// A place in a response. Whatever a provider writes, reading it never fails: what is
/// below zero or no number is 0, what is too large is the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gemini) struct Count(pub(in crate::gemini) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        let digits = raw.get().trim_matches('"');
        let exact = digits.parse::<u64>().ok();
        // `as` saturates, and makes NaN 0.
        Ok(Self(exact.unwrap_or_else(|| digits.parse::<f64>().unwrap_or(0.0).ceil() as u64)))
    }
}
