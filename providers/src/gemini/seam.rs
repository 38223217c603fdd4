//! Stand-ins for `dialect`, to be swapped for it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::conversation::Refusal;

/// To be `crate::dialect::from_openapi`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of what it stands in for")]
pub(super) fn from_openapi(raw: &RawValue) -> Result<Box<RawValue>, Refusal> {
    Ok(raw.to_owned())
}

/// To be `crate::dialect::for_gemini`.
pub(super) const fn for_gemini(schema: &RawValue) -> (Cow<'_, RawValue>, bool) {
    (Cow::Borrowed(schema), false)
}
