//! Token counts (`wire.md` §3.2).

use serde::de::{Deserialize, Deserializer};
use serde::{Deserialize as Derive, Serialize};
use serde_json::value::RawValue;

use crate::conversation::Usage;

/// The `usage` object, as providers write it: any member may be absent, `null` or nonsense, and
/// none of that may cost the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Derive)]
#[serde(default)]
pub(super) struct Tally {
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation: Lenient<CacheCreation>,
    output_tokens_details: Lenient<OutputDetails>,
    /// The model runs behind one answer. Compaction is billed, yet is in none of the counts
    /// above (seen: 83,555 tokens of it beside `input_tokens: 224`).
    iterations: Lenient<Vec<Iteration>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Derive)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Derive)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Derive)]
#[serde(default)]
struct Iteration {
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
}

impl Tally {
    /// The larger of each count: they only ever grow, and what a later event leaves out stands.
    pub(super) fn merge(&mut self, later: Self) {
        let raise = |count: &mut Count, later: Count| count.0 = count.0.max(later.0);
        raise(&mut self.input_tokens, later.input_tokens);
        raise(&mut self.output_tokens, later.output_tokens);
        raise(&mut self.cache_creation_input_tokens, later.cache_creation_input_tokens);
        raise(&mut self.cache_read_input_tokens, later.cache_read_input_tokens);
        let (cache, later_cache) = (&mut self.cache_creation.0, later.cache_creation.0);
        raise(&mut cache.ephemeral_5m_input_tokens, later_cache.ephemeral_5m_input_tokens);
        raise(&mut cache.ephemeral_1h_input_tokens, later_cache.ephemeral_1h_input_tokens);
        let details = later.output_tokens_details.0;
        raise(&mut self.output_tokens_details.0.thinking_tokens, details.thinking_tokens);
        if !later.iterations.0.is_empty() {
            self.iterations = later.iterations;
        }
    }

    /// The counts in disjoint kinds. Where the iterations sum to more than the totals, they are
    /// what is billed.
    pub(super) fn usage(&self) -> Usage {
        let most = |total: Count, part: fn(&Iteration) -> Count| {
            let sum = self.iterations.0.iter().fold(0, |sum: u64, i| sum.saturating_add(part(i).0));
            total.0.max(sum)
        };
        let cache = self.cache_creation.0;
        let cache_1h = cache.ephemeral_1h_input_tokens.0;
        let cache_write = most(self.cache_creation_input_tokens, |i| i.cache_creation_input_tokens)
            .max(cache_1h.saturating_add(cache.ephemeral_5m_input_tokens.0));
        let output = most(self.output_tokens, |i| i.output_tokens);
        let reasoning = self.output_tokens_details.0.thinking_tokens.0.min(output);
        Usage {
            input: most(self.input_tokens, |i| i.input_tokens),
            cache_read: most(self.cache_read_input_tokens, |i| i.cache_read_input_tokens),
            cache_write,
            cache_write_1h: cache_1h,
            output: output - reasoning,
            reasoning,
            ..Usage::default()
        }
    }
}

/// A count of tokens: whatever is not a count is 0, whatever is too large is the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        // A fraction of a token is a token; `as` saturates and makes NaN 0.
        let float = || text.parse::<f64>().map_or(0, |float| float.ceil() as u64);
        Ok(Self(text.parse::<u64>().unwrap_or_else(|_| float())))
    }
}

/// A value, or its default where it has another shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lenient<T>(pub(super) T);

impl<'de, T: Default + for<'a> Deserialize<'a>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).unwrap_or_default()))
    }
}

/// The `usage` object as written.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Counts {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCounts,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<DetailCounts>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct CacheCounts {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct DetailCounts {
    thinking_tokens: u64,
}

impl From<Usage> for Counts {
    fn from(usage: Usage) -> Self {
        let cache_1h = usage.cache_write_1h.min(usage.cache_write);
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.cache_write,
            cache_read_input_tokens: usage.cache_read,
            cache_creation: CacheCounts {
                ephemeral_5m_input_tokens: usage.cache_write - cache_1h,
                ephemeral_1h_input_tokens: cache_1h,
            },
            output_tokens: usage.total_output(),
            output_tokens_details: (usage.reasoning > 0)
                .then_some(DetailCounts { thinking_tokens: usage.reasoning }),
        }
    }
}
