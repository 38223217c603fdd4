//! What a family of Claude's models takes (wire.md §6).

/// What a family takes.
#[derive(Debug)]
pub(super) struct Family {
    prefix: &'static str,
    /// `temperature`, `top_p`, `top_k`, on the older API version.
    pub sampling: bool,
    /// `thinking.type`, of `enabled`, `adaptive`, `disabled`, `between_tools`.
    pub thinking: &'static [&'static str],
    /// Whether it thinks unless told.
    pub thinks: bool,
    /// Whether its thoughts are shown unless told.
    pub shows: bool,
    /// `output_config.effort`.
    pub efforts: &'static [&'static str],
    /// Whether its highest efforts need thinking.
    pub high_needs_thinking: bool,
    /// `tool_choice` of `any` or `tool`.
    pub forced: bool,
    /// A last message of the assistant's.
    pub prefill: bool,
    /// `system` messages amid the conversation.
    pub system_turns: bool,
    /// Whether a thought is good only after what it came after.
    pub bound: bool,
}

const OLD: Family = Family {
    prefix: "",
    sampling: true,
    thinking: &["enabled", "disabled"],
    thinks: false,
    shows: true,
    efforts: &["low", "medium", "high"],
    high_needs_thinking: false,
    forced: true,
    prefill: true,
    system_turns: false,
    bound: false,
};

const SIX: Family = Family {
    thinking: &["enabled", "adaptive", "disabled"],
    efforts: &["low", "medium", "high", "max"],
    prefill: false,
    ..OLD
};

const SEVEN: Family = Family {
    sampling: false,
    thinking: &["adaptive", "disabled"],
    shows: false,
    efforts: &["low", "medium", "high", "xhigh", "max"],
    ..SIX
};

const FIVE: Family = Family { thinks: true, system_turns: true, ..SEVEN };

const NEWEST: Family = Family { thinking: &["adaptive"], forced: false, ..FIVE };

/// The first whose prefix fits; the last is what newer models take.
#[rustfmt::skip]
static FAMILIES: &[Family] = &[
    Family { prefix: "claude-3", ..OLD },
    Family { prefix: "claude-opus-4-6", ..SIX },
    Family { prefix: "claude-sonnet-4-6", ..SIX },
    Family { prefix: "claude-opus-4-7", ..SEVEN },
    Family { prefix: "claude-opus-4-8", system_turns: true, ..SEVEN },
    Family { prefix: "claude-opus-4", ..OLD },
    Family { prefix: "claude-sonnet-4", ..OLD },
    Family { prefix: "claude-haiku-4", ..OLD },
    Family { prefix: "claude-opus-5-5", bound: true, ..NEWEST },
    Family { prefix: "claude-opus-5", high_needs_thinking: true, ..FIVE },
    Family { prefix: "claude-sonnet-5-5", bound: true, thinking: &["adaptive", "between_tools"], high_needs_thinking: true, ..NEWEST },
    // Takes a `system` message, and does not heed it.
    Family { prefix: "claude-sonnet-5", ..FIVE },
    Family { prefix: "claude-haiku-5-5", bound: true, high_needs_thinking: true, ..FIVE },
    Family { prefix: "claude-fable-5-1", bound: true, ..NEWEST },
    Family { prefix: "claude-fable-5-2", bound: true, ..NEWEST },
    Family { prefix: "claude-fable-5", forced: true, ..NEWEST },
    Family { prefix: "claude-mythos-5-1", ..NEWEST },
    Family { prefix: "claude-mythos-5-2", bound: true, ..NEWEST },
    Family { prefix: "claude-mythos-5", forced: true, ..NEWEST },
    Family { prefix: "claude-", bound: true, ..NEWEST },
];

impl Family {
    /// The family of a model, if it is one of Claude's.
    pub fn of(model: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| model.starts_with(family.prefix))
    }
}
