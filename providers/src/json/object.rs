//! Objects whose members stay raw and in order.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Str;

/// A JSON object: its members in the order in which they were written, values raw.
///
/// A member that is there twice is an error: which of the two counts differs from reader to
/// reader, and a gateway must not decide on one and forward the other (S-12).
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// The value of a member.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }
}

/// Whether a body is an error, as all three schemas write one: an object with an `error`, or a list
/// of such (Gemini).
pub fn reports_error(body: &[u8]) -> bool {
    let errs = |object: &Object<'_>| object.get("error").is_some();
    serde_json::from_slice::<Object<'_>>(body).is_ok_and(|object| errs(&object))
        || serde_json::from_slice::<Vec<Object<'_>>>(body)
            .is_ok_and(|list| list.first().is_some_and(errs))
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<Str<'de>, &'de RawValue>()? {
                    members.push((key.0, value));
                }
                match twice(&members) {
                    Some(name) => Err(A::Error::custom(format_args!("`{name}` is there twice"))),
                    None => Ok(Object(members)),
                }
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A name that is there twice. Sorted rather than compared each with each: an object of a million
/// members must not take a million times a million steps (S-49).
fn twice<'m>(members: &'m [(Cow<'_, str>, &RawValue)]) -> Option<&'m str> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn members_keep_order_and_spelling() {
        let object: Object<'_> = serde_json::from_str(r#"{"b":1E2,"a":{"c" : -0}}"#).unwrap();
        let shown: Vec<_> = object.0.iter().map(|(name, value)| (&**name, value.get())).collect();
        assert_eq!(shown, [("b", "1E2"), ("a", r#"{"c" : -0}"#)]);
        assert_eq!(object.get("a").map(RawValue::get), Some(r#"{"c" : -0}"#));
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused_in_any_spelling() {
        for text in [r#"{"a":1,"b":2,"a":3}"#, r#"{"a":1,"\u0061":2}"#] {
            let error = serde_json::from_str::<Object<'_>>(text).unwrap_err();
            assert!(error.to_string().starts_with("`a` is there twice"), "{error}");
        }
    }

    #[test]
    fn a_million_members_are_read_in_reasonable_time() {
        let members: Vec<String> = (0..1_000_000).map(|n| format!("\"{n}\":0")).collect();
        let text = format!("{{{}}}", members.join(","));
        assert_eq!(serde_json::from_str::<Object<'_>>(&text).unwrap().0.len(), 1_000_000);
    }
}
