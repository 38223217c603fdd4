//! Token counts (`wire.md` §3.2).

use serde::de::{Deserialize, Deserializer};
use serde::{Deserialize as Derive, Serialize};
use serde_json::value::RawValue;

use crate::conversation::{Served, ServiceTier, ToolCalls, Usage};
use crate::json;

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
    server_tool_use: Lenient<ServerToolUse>,
    service_tier: Lenient<Option<String>>,
    inference_geo: Lenient<Option<String>>,
    speed: Lenient<Option<String>>,
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Derive)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Count,
    code_execution_requests: Count,
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
        let raise = |count: &mut Count, later: Count| *count = (*count).max(later);
        raise(&mut self.input_tokens, later.input_tokens);
        raise(&mut self.output_tokens, later.output_tokens);
        raise(&mut self.cache_creation_input_tokens, later.cache_creation_input_tokens);
        raise(&mut self.cache_read_input_tokens, later.cache_read_input_tokens);
        let (cache, later_cache) = (&mut self.cache_creation.0, later.cache_creation.0);
        raise(&mut cache.ephemeral_5m_input_tokens, later_cache.ephemeral_5m_input_tokens);
        raise(&mut cache.ephemeral_1h_input_tokens, later_cache.ephemeral_1h_input_tokens);
        let details = later.output_tokens_details.0;
        raise(&mut self.output_tokens_details.0.thinking_tokens, details.thinking_tokens);
        let (ran, later_ran) = (&mut self.server_tool_use.0, later.server_tool_use.0);
        raise(&mut ran.web_search_requests, later_ran.web_search_requests);
        raise(&mut ran.code_execution_requests, later_ran.code_execution_requests);
        for (word, later) in [
            (&mut self.service_tier, later.service_tier),
            (&mut self.inference_geo, later.inference_geo),
            (&mut self.speed, later.speed),
        ] {
            if later.0.is_some() {
                *word = later;
            }
        }
        if !later.iterations.0.is_empty() {
            self.iterations = later.iterations;
        }
    }

    /// The counts in disjoint kinds. Where the iterations sum to more than the totals, they are
    /// what is billed. `None` unless input and output are told, and if a count is nonsense: then
    /// nobody knows what is billed (S-43).
    pub(super) fn usage(&self) -> Option<Usage> {
        if [self.input_tokens, self.output_tokens].contains(&Count::Untold) {
            return None;
        }
        let most = |total: Count, part: fn(&Iteration) -> Count| {
            let parts = self.iterations.0.iter().map(part);
            let sum =
                parts.map(Count::told).try_fold(0, |sum: u64, n| Some(sum.saturating_add(n?)));
            Some(total.told()?.max(sum?))
        };
        let cache = self.cache_creation.0;
        let cache_1h = cache.ephemeral_1h_input_tokens.told()?;
        let cache_write =
            most(self.cache_creation_input_tokens, |i| i.cache_creation_input_tokens)?
                .max(cache_1h.saturating_add(cache.ephemeral_5m_input_tokens.told()?));
        let output = most(self.output_tokens, |i| i.output_tokens)?;
        let reasoning = self.output_tokens_details.0.thinking_tokens.known().min(output);
        Some(Usage {
            input: most(self.input_tokens, |i| i.input_tokens)?,
            cache_read: most(self.cache_read_input_tokens, |i| i.cache_read_input_tokens)?,
            cache_write,
            cache_write_1h: cache_1h,
            output: output - reasoning,
            reasoning,
            calls: ToolCalls {
                web_searches: self.server_tool_use.0.web_search_requests.known(),
                code_sessions: self.server_tool_use.0.code_execution_requests.known().min(1),
                ..ToolCalls::default()
            },
            served: self.served(),
            ..Usage::default()
        })
    }

    fn served(&self) -> Served {
        let is = |word: &Lenient<Option<String>>, meant| word.0.as_deref() == Some(meant);
        let tier = self.service_tier.0.as_deref().map_or(ServiceTier::Unsaid, ServiceTier::read);
        Served { tier, fast: is(&self.speed, "fast"), us_only: is(&self.inference_geo, "us") }
    }
}

/// A count of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    /// Not there, or `null`.
    #[default]
    Untold,
    Told(u64),
    /// Below zero, no number, or one that is none of tokens.
    Nonsense,
}

impl Count {
    /// What it says; `None` if that is nonsense.
    const fn told(self) -> Option<u64> {
        match self {
            Self::Untold => Some(0),
            Self::Told(count) => Some(count),
            Self::Nonsense => None,
        }
    }

    /// The same where nothing hangs on it.
    const fn known(self) -> u64 {
        match self {
            Self::Told(count) => count,
            Self::Untold | Self::Nonsense => 0,
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(match json::count(raw.get()) {
            Some(count) => Self::Told(count),
            None if raw.get() == "null" => Self::Untold,
            None => Self::Nonsense,
        })
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
