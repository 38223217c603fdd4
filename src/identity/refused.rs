//! Why a caller is not who it would have to be.

use std::fmt;

/// Why nobody is recognised by what was shown. Never quotes a key or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In a word, for metrics and logs.
    pub reason: &'static str,
    /// What the caller is told: what is wrong, and what to do.
    pub message: String,
    /// Whether it is not the caller's fault: whoever could tell can't be asked. Trying again helps.
    pub outage: bool,
}

impl Refused {
    /// What was shown is not good.
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), outage: false }
    }

    /// Nobody can tell whether it is.
    pub(super) fn outage(reason: &'static str, message: impl Into<String>) -> Self {
        Self { outage: true, ..Self::new(reason, message) }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}
