//! Strict JSON: what the simulators read requests into.
//!
//! Stricter than the providers in one point, on purpose: a key given twice is refused, because a
//! gateway that edits a body must never leave two spellings of one field behind.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value that borrows its strings where they hold no escape, and keeps the order of keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object, in the order in which it was written.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Json<'a> {
    /// Reads one JSON document. Fails on anything that is not one, on a repeated key, and on
    /// nesting deeper than 128.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The member called exactly `name`; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.find(|key| key == name)
    }

    /// The member called `name` in camelCase or in its snake_case spelling, as protobuf's JSON
    /// allows; `null` counts as absent.
    pub fn proto(&self, name: &str) -> Option<&Self> {
        self.find(|key| same_in_proto(key, name))
    }

    fn find(&self, is: impl Fn(&str) -> bool) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let (_, value) = members.iter().find(|(key, _)| is(key))?;
        (*value != Self::Null).then_some(value)
    }

    /// The text, if this is a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items: those of a list, or the value itself where protobuf's JSON takes one for many.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Null => &[],
            one => std::slice::from_ref(one),
        }
    }

    /// The members of an object; of anything else, none.
    pub fn members(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The number, if it is whole and not negative.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(number) if *number >= 0.0 && number.fract() == 0.0 => Some(*number as u64),
            _ => None,
        }
    }

    /// Whether this is `true`.
    pub fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// What a type error calls this: `string`, `object`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(number) if number.fract() == 0.0 => "integer",
            Self::Number(_) => "decimal",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// Whether a key as written names the field `camel`.
pub fn same_in_proto(written: &str, camel: &str) -> bool {
    let mut expected = camel.bytes();
    let mut bytes = written.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'_' => match bytes.next() {
                Some(next) => next.to_ascii_uppercase(),
                None => return false,
            },
            other => other,
        };
        if expected.next() != Some(byte) {
            return false;
        }
    }
    expected.next().is_none()
}

/// Writes compact JSON; numbers in their shortest form.
impl fmt::Display for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => out.write_str(&quote(text)),
            Self::List(items) => {
                out.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if at == 0 { "" } else { "," })?;
                }
                out.write_str("]")
            }
            Self::Object(members) => {
                out.write_str("{")?;
                for (at, (key, value)) in members.iter().enumerate() {
                    write!(out, "{}{}:{value}", if at == 0 { "" } else { "," }, quote(key))?;
                }
                out.write_str("}")
            }
        }
    }
}

/// A JSON string with its quotes.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

// === reading ===

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            if members.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format!("the key {key:?} is given twice")));
            }
            members.push((key, map.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

/// A key; `Cow`'s own `Deserialize` would always copy.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Text(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("a key is a string")),
        }
    }
}
