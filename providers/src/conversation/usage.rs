//! Tokens, counted once.

/// What a call cost in tokens, in disjoint kinds (`wire.md` §3.2): nothing is in two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input read afresh (neither from nor into the provider's prompt cache).
    pub input: u64,
    /// Input read from the prompt cache.
    pub cache_read: u64,
    /// Input written into the prompt cache (of which `cache_write_1h` for an hour).
    pub cache_write: u64,
    /// The part of `cache_write` that is kept an hour and costs more (Claude).
    pub cache_write_1h: u64,
    /// Output without reasoning.
    pub output: u64,
    /// Reasoning, billed as output.
    pub reasoning: u64,
    /// The part of all input that was audio, where the provider tells (already counted above).
    pub audio_input: u64,
    /// The part of `output` that was audio (already counted above).
    pub audio_output: u64,
    /// The part of all input that was images, or pages of documents, which are read as such
    /// (already counted above).
    pub image_input: u64,
    /// The part of `output` that was images (already counted above).
    pub image_output: u64,
    /// The part of all input that was video (already counted above).
    pub video_input: u64,
    /// The part of `output` that was video (already counted above).
    pub video_output: u64,
    /// Tools that the provider ran and bills by the call.
    pub calls: ToolCalls,
    /// How it was served, as far as that changes the price.
    pub served: Served,
}

/// Calls of tools that a provider runs itself and bills one by one, beside the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolCalls {
    /// Searches of the web, or of a map.
    pub web_searches: u64,
    /// Searches of files that the provider keeps.
    pub file_searches: u64,
    /// Containers in which code was run.
    pub code_sessions: u64,
    /// Images made by another model.
    pub images: u64,
}

impl ToolCalls {
    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            web_searches: self.web_searches.max(other.web_searches),
            file_searches: self.file_searches.max(other.file_searches),
            code_sessions: self.code_sessions.max(other.code_sessions),
            images: self.images.max(other.images),
        }
    }
}

/// How a provider serves a call, as far as that changes the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// How soon.
    pub tier: ServiceTier,
    /// In Claude's fast mode.
    pub fast: bool,
    /// In the United States alone (Claude's `inference_geo`).
    pub us_only: bool,
}

impl Served {
    /// What was asked for, where the answer does not say what became of it. A cheaper tier is one
    /// only if the answer says so.
    #[must_use]
    pub fn or(self, asked: Self) -> Self {
        let tier = match (self.tier, asked.tier) {
            (ServiceTier::Unsaid, ServiceTier::Flex) => ServiceTier::Standard,
            (ServiceTier::Unsaid, asked) => asked,
            (told, _) => told,
        };
        Self { tier, ..self.max(asked) }
    }

    /// The dearer of each: what two parts of one answer say.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            tier: self.tier.max(other.tier),
            fast: self.fast || other.fast,
            us_only: self.us_only || other.us_only,
        }
    }
}

/// How soon a provider serves a call; from the cheapest to the dearest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceTier {
    /// Nobody said: as [`ServiceTier::Standard`].
    #[default]
    Unsaid,
    /// When there is time.
    Flex,
    /// As ever. Also what was bought in advance: the ledger counts what it would have cost.
    Standard,
    /// Before others.
    Priority,
}

impl ServiceTier {
    /// Reads the word of any provider, whatever its case; a word that none of them says of a
    /// cheaper tier is no cheaper one.
    pub fn read(word: &str) -> Self {
        let is = |some: &[&str]| some.iter().any(|one| one.eq_ignore_ascii_case(word));
        if is(&["priority", "fast", "service_tier_priority", "on_demand_priority"]) {
            Self::Priority
        } else if is(&["flex", "service_tier_flex", "on_demand_flex"]) {
            Self::Flex
        } else if is(&["", "auto", "unspecified", "service_tier_unspecified"]) {
            Self::Unsaid
        } else {
            Self::Standard
        }
    }
}

impl Usage {
    /// All input tokens, cached or not.
    pub const fn total_input(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// All output tokens, reasoning included.
    pub const fn total_output(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// Input and output.
    pub const fn total(&self) -> u64 {
        self.total_input().saturating_add(self.total_output())
    }

    /// The tokens alone: what is written anew has no words for which tools ran and how it was
    /// served.
    #[cfg(test)]
    pub(crate) fn tokens(self) -> Self {
        Self { calls: ToolCalls::default(), served: Served::default(), ..self }
    }

    /// What two counts of one answer come to, of which neither need be the last: providers count
    /// up while they stream, and a count that shrinks or is said twice must not lower a bill
    /// (S-43).
    ///
    /// All input and all output are the larger of each, and so is what is told of their kinds. A
    /// kind that is told only later (cached, reasoning) was in the total before: it is not counted
    /// twice.
    pub fn max(self, other: Self) -> Self {
        let total_input = self.total_input().max(other.total_input());
        let total_output = self.total_output().max(other.total_output());
        let cache_read = self.cache_read.max(other.cache_read);
        let cache_write = self.cache_write.max(other.cache_write);
        let reasoning = self.reasoning.max(other.reasoning);
        Self {
            input: total_input.saturating_sub(cache_read).saturating_sub(cache_write),
            cache_read,
            cache_write,
            cache_write_1h: self.cache_write_1h.max(other.cache_write_1h),
            output: total_output.saturating_sub(reasoning),
            reasoning,
            audio_input: self.audio_input.max(other.audio_input),
            audio_output: self.audio_output.max(other.audio_output),
            image_input: self.image_input.max(other.image_input),
            image_output: self.image_output.max(other.image_output),
            video_input: self.video_input.max(other.video_input),
            video_output: self.video_output.max(other.video_output),
            calls: self.calls.max(other.calls),
            served: self.served.max(other.served),
        }
    }
}
