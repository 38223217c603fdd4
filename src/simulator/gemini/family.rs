//! What a family of Gemini's models takes (wire.md §0, §6).

use super::super::json::Json;
use super::super::rejection::Rejection;

/// What a family takes.
#[derive(Debug)]
pub(super) struct Family {
    prefix: &'static str,
    /// Whether it has a thinking configuration at all.
    thinking: bool,
    /// Whether its thinking can be turned off by a budget of 0.
    off: bool,
    /// Whether it knows `thinkingLevel`.
    level: bool,
    /// Whether that may be `MINIMAL`.
    minimal: bool,
    /// Whether it takes penalties.
    penalties: bool,
    /// Whether it takes tools.
    pub tools: bool,
    /// Whether replayed function calls must carry their signature, and calls have one always.
    pub signs: bool,
    /// Whether it names its calls with an id.
    pub ids: bool,
}

const OLD: Family = Family {
    prefix: "",
    thinking: true,
    off: true,
    level: false,
    minimal: false,
    penalties: true,
    tools: true,
    signs: false,
    ids: false,
};

const THREE: Family = Family { level: true, minimal: true, penalties: false, signs: true, ..OLD };

const NEWER: Family = Family { ids: true, ..THREE };

/// The first whose prefix fits; the last is what newer models take.
#[rustfmt::skip]
static FAMILIES: &[Family] = &[
    Family { prefix: "gemini-1", ..OLD },
    Family { prefix: "gemini-2.5-flash-image", thinking: false, tools: false, ..OLD },
    Family { prefix: "gemini-2.5-pro", off: false, ..OLD },
    Family { prefix: "gemini-2", ..OLD },
    Family { prefix: "gemini-3-pro", minimal: false, ..THREE },
    Family { prefix: "gemini-3-", ..THREE },
    Family { prefix: "gemini-3.1-pro", minimal: false, ..THREE },
    Family { prefix: "gemini-3.1", ..THREE },
    Family { prefix: "gemini-3.7-flash", minimal: false, ..NEWER },
    Family { prefix: "gemini-3.8-flash", minimal: false, ..NEWER },
    Family { prefix: "gemini-4-argon", minimal: false, ..NEWER },
    Family { prefix: "gemini-4-carbon", minimal: false, ..NEWER },
];

static NEWEST: Family = NEWER;

impl Family {
    /// The family of a model.
    pub fn of(model: &str) -> &'static Self {
        FAMILIES.iter().find(|family| model.starts_with(family.prefix)).unwrap_or(&NEWEST)
    }

    /// Refuses what of a generation configuration the model does not take.
    pub fn check(&self, config: &Json<'_>) -> Result<(), Rejection> {
        let bad = |message: &str| Err(Rejection::bad(message));
        let nonzero = |name| config.proto(name).is_some_and(|value| *value != Json::Number(0.0));
        if !self.penalties && (nonzero("presencePenalty") || nonzero("frequencyPenalty")) {
            return bad("Penalty is not enabled for this model");
        }
        let Some(thinking) = config.proto("thinkingConfig") else { return Ok(()) };
        if !self.thinking {
            return bad("Thinking is not supported by this model.");
        }
        if thinking.proto("thinkingBudget") == Some(&Json::Number(0.0)) && !self.off {
            return bad("Budget 0 is invalid. This model only works in thinking mode.");
        }
        match thinking.proto("thinkingLevel").and_then(Json::text) {
            Some(_) if !self.level => bad("Thinking level is not supported for this model."),
            Some(level) if level.eq_ignore_ascii_case("minimal") && !self.minimal => {
                bad("Thinking level MINIMAL is not supported for this model.")
            }
            _ => Ok(()),
        }
    }
}
