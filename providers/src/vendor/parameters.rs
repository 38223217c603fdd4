//! What an operator says of a place: region, project, resource.

use std::collections::BTreeMap;

/// Values by name, as an operator wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names that were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A parameter that is missing or wrong. Says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The vendor has no place without it.
    #[error("`{name}` is missing: {meaning}")]
    Missing {
        /// Its name.
        name: String,
        /// What it is, with an example.
        meaning: String,
    },
    /// The vendor knows none of that name.
    #[error("`{name}` is not a parameter of `{vendor}`, which takes {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The vendor.
        vendor: String,
        /// The names that it knows.
        known: String,
    },
    /// It can't stand where it has to.
    #[error("`{name}` {fault}: write {meaning}")]
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
        /// What it is, with an example.
        meaning: String,
    },
}

impl ParameterError {
    /// The parameter to blame.
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. } | Self::Unknown { name, .. } | Self::Wrong { name, .. } => {
                name
            }
        }
    }
}

/// The most bytes of a value. Amazon's resource names are the longest that there are.
const VALUE_MAX: usize = 256;

/// Part of a host name: what may stand between two dots (RFC 1123 §2.1), in small letters.
pub(super) fn label(value: &str) -> Result<String, &'static str> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if value.is_empty() {
        Err("is empty")
    } else if value.len() > 63 {
        Err("is longer than 63 letters")
    } else if !value.bytes().all(sound) || value.starts_with('-') || value.ends_with('-') {
        Err("is no part of a host name: letters, digits and hyphens inside")
    } else {
        Ok(value.to_ascii_lowercase())
    }
}

/// One segment of a path or one value of a query (S-20).
pub(super) fn segment(value: &str) -> Result<&str, &'static str> {
    if value.contains('/') {
        return Err("holds a `/`");
    }
    model(value)
}

/// A model's name in a path. It may hold `/` (Amazon's resource names do), which is encoded, but
/// nothing that means another path to whoever decodes it.
pub(super) fn model(value: &str) -> Result<&str, &'static str> {
    if value.is_empty() {
        Err("is empty")
    } else if value.len() > VALUE_MAX {
        Err("is longer than 256 bytes")
    } else if value.chars().any(|c| c.is_control() || matches!(c, '\\' | '\u{feff}')) {
        Err("holds a control character or a `\\`")
    } else if value.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Err("holds an empty or a relative segment")
    } else {
        Ok(value)
    }
}
