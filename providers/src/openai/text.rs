//! Text that Egret writes into a request.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::json;

/// Text behind something that Egret says of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Prefixed<'a> {
    pub(super) prefix: &'static str,
    pub(super) text: &'a str,
    pub(super) suffix: &'static str,
}

impl<'a> Prefixed<'a> {
    pub(super) const fn plain(text: &'a str) -> Self {
        Self { prefix: "", text, suffix: "" }
    }
}

impl fmt::Display for Prefixed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str(self.text)?;
        f.write_str(self.suffix)
    }
}

impl Serialize for Prefixed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.prefix.is_empty() && self.suffix.is_empty() {
            json::text(self.text, serializer)
        } else {
            serializer.collect_str(self)
        }
    }
}
