//! Members of an object, taken over as they are.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::conversation::Refusal;
use crate::json::Object;

/// Reads an object.
pub(super) fn read(body: &[u8]) -> Result<Object<'_>, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::body(format!("the body is not as it should be: {error}")))
}

/// Writes those members of an object that are named here.
pub(super) fn only(body: &[u8], names: &[&str]) -> Result<Vec<u8>, Refusal> {
    let members = read(body)?.0;
    let kept = members.iter().filter(|(name, _)| names.contains(&&**name));
    written(&Members(kept.map(|(name, value)| (&**name, *value)).collect()))
}

/// Members to write, in order.
pub(super) struct Members<'a>(pub(super) Vec<(&'a str, &'a RawValue)>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Writes a body.
pub(super) fn written(body: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(body)
        .map_err(|error| Refusal::body(format!("the request can't be written: {error}")))
}
