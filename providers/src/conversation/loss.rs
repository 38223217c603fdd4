//! What could not be carried, said aloud.

use std::borrow::Cow;

/// Something a caller sent that the target can't express, and that was left out.
///
/// Reported in the `x-egret-dropped` response header and in a metric.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Loss {
    /// The field in the caller's own words, like `seed` or `messages.thinking`. Never a value:
    /// it becomes a metric label, so it is one of a bounded set.
    pub field: Cow<'static, str>,
}

impl Loss {
    /// A loss of this field.
    pub fn of(field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into() }
    }
}

/// Something a caller sent that the target can't express and that may not be left out, or that
/// is not well-formed: the request is refused with a 400 that names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The field in the caller's own words, where one is to blame.
    pub field: Option<Cow<'static, str>>,
    /// What is wrong and what to do instead. Shown to the caller.
    pub message: String,
}

impl Refusal {
    /// A refusal that blames a field.
    pub fn of(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), message: message.into() }
    }

    /// A refusal of the body as a whole.
    pub fn body(message: impl Into<String>) -> Self {
        Self { field: None, message: message.into() }
    }
}
