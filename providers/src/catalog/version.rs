//! Versions of Anthropic's API.

/// A version of Anthropic's API (`wire.md` §0.1, §0.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiVersion {
    /// `2023-06-01`: takes `temperature`, `top_p` and `top_k` of models that do.
    V2023,
    /// `2026-10-21`: refuses these three even at their defaults, documents in assistant turns,
    /// and citations on a user's text.
    V2026,
}

impl ApiVersion {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::V2023, Self::V2026];

    /// As the header `anthropic-version` says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2023 => "2023-06-01",
            Self::V2026 => "2026-10-21",
        }
    }

    /// The version that a caller's header names. Versions are dates: one between the two has the
    /// rules of the older.
    pub fn of(header: &str) -> Self {
        if header >= Self::V2026.as_str() { Self::V2026 } else { Self::V2023 }
    }
}
