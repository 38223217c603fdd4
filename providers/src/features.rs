//! What a request makes use of, as far as a gateway may have to forbid it: tools, images and the
//! like.
//!
//! It is read off the caller's own bytes, in the pass that finds what governs a request
//! ([`Peek`](crate::json::Peek)). Where something may be one thing or another, or is not known, it
//! counts as all that it may be: what an allow-list is held against must not be too little.

mod table;
mod walk;

pub(crate) use table::Zone;
pub(crate) use walk::Walk;

/// Something that a request can make use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Tools, whoever runs them.
    Tools,
    /// Tools that the provider runs itself: searches, code, MCP servers. They are tools, too.
    HostedTools,
    /// Images that the model is to see.
    Images,
    /// Sound that the model is to hear.
    Audio,
    /// Documents, videos, and files by their names.
    Files,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Tools, Self::HostedTools, Self::Images, Self::Audio, Self::Files];

    /// Its name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::HostedTools => "hosted_tools",
            Self::Images => "images",
            Self::Audio => "audio",
            Self::Files => "files",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How many presets a model's name holds: behind `@preset/` OpenRouter has what an account has set,
/// and that chooses the model, too (<https://openrouter.ai/docs/features/presets>).
pub fn presets(model: &str) -> usize {
    table::presets(model)
}

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Features(u8);

impl Features {
    /// Plain text alone.
    pub const NONE: Self = Self(0);
    /// All of them: also what something counts as that nobody here knows.
    pub const ALL: Self = Self::NONE
        .with(Feature::Tools)
        .with(Feature::HostedTools)
        .with(Feature::Images)
        .with(Feature::Audio)
        .with(Feature::Files);
    /// What a part of a conversation may be that nobody here knows.
    const MEDIA: Self = Self::NONE.with(Feature::Images).with(Feature::Audio).with(Feature::Files);

    /// What a request makes use of by the name of the model alone, on hosts that read it so.
    pub fn of_model(name: &str) -> Self {
        table::model(name)
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | feature.bit())
    }

    /// Those of them that `allowed` does not have.
    #[must_use]
    pub const fn beyond(self, allowed: Self) -> Self {
        Self(self.0 & !allowed.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that it has.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| self.0 & feature.bit() != 0)
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }
}

#[cfg(test)]
mod tests;
