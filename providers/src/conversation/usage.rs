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
        }
    }
}
