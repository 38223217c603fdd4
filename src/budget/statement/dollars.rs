//! Nano-dollars as a decimal in a string: `"0.004213"`, exact where a float is not.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::budget::Money;

pub(super) fn serialize<S: Serializer>(nanos: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Money::from_nanos(*nanos).decimal())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let money = format!("${text}").parse::<Money>();
    money.map(Money::nanos).map_err(D::Error::custom)
}
