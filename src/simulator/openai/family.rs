//! What a family of OpenAI's models takes (wire.md §0, §6; defaults as recorded).

use super::super::host::bare;
use super::super::json::Json;
use super::super::rejection::Rejection;

/// What a family takes.
#[derive(Debug)]
pub(super) struct Family {
    prefix: &'static str,
    /// The efforts it knows; one that does not think knows none.
    efforts: &'static [&'static str],
    /// Its effort unless told.
    effort: &'static str,
    /// Whether it takes stop sequences.
    pub stop: bool,
    /// Whether Chat Completions takes function tools while it thinks.
    pub chat_tools: bool,
    /// Whether its messages in Responses name their phase.
    pub phase: bool,
}

/// The first whose prefix fits.
#[rustfmt::skip]
static FAMILIES: &[Family] = &[
    Family { prefix: "gpt-5-pro", efforts: &["high"], effort: "high", stop: false, chat_tools: true, phase: false },
    Family { prefix: "gpt-5.1", efforts: &["none", "low", "medium", "high"], effort: "none", stop: false, chat_tools: true, phase: false },
    Family { prefix: "gpt-5.2", efforts: &["none", "low", "medium", "high", "xhigh"], effort: "none", stop: false, chat_tools: true, phase: false },
    Family { prefix: "gpt-5.3", efforts: &["none", "low", "medium", "high", "xhigh"], effort: "none", stop: false, chat_tools: true, phase: false },
    Family { prefix: "gpt-5.4", efforts: &["none", "low", "medium", "high", "xhigh"], effort: "none", stop: false, chat_tools: false, phase: true },
    Family { prefix: "gpt-5.5", efforts: &["none", "low", "medium", "high", "xhigh"], effort: "medium", stop: false, chat_tools: false, phase: true },
    Family { prefix: "gpt-5.", efforts: &["none", "low", "medium", "high", "xhigh", "max"], effort: "medium", stop: false, chat_tools: false, phase: true },
    Family { prefix: "gpt-5", efforts: &["minimal", "low", "medium", "high"], effort: "medium", stop: false, chat_tools: true, phase: false },
    Family { prefix: "gpt-6", efforts: &["none", "low", "medium", "high", "xhigh", "max"], effort: "medium", stop: false, chat_tools: false, phase: true },
    Family { prefix: "o1", efforts: &["low", "medium", "high"], effort: "medium", stop: true, chat_tools: true, phase: false },
    Family { prefix: "o3", efforts: &["low", "medium", "high"], effort: "medium", stop: true, chat_tools: true, phase: false },
    Family { prefix: "o4", efforts: &["low", "medium", "high"], effort: "medium", stop: true, chat_tools: true, phase: false },
];

static THOUGHTLESS: Family =
    Family { prefix: "", efforts: &[], effort: "none", stop: true, chat_tools: true, phase: false };

impl Family {
    /// The family of a model.
    pub fn of(model: &str) -> &'static Self {
        let model = bare(model);
        FAMILIES.iter().find(|family| model.starts_with(family.prefix)).unwrap_or(&THOUGHTLESS)
    }

    /// Whether it can think.
    pub fn thinks(&self) -> bool {
        !self.efforts.is_empty()
    }

    /// The effort it makes if asked for `asked`, which stands at `param`; refuses one that the
    /// model does not know.
    pub fn effort<'e>(
        &self,
        asked: Option<&'e str>,
        param: &str,
        model: &str,
    ) -> Result<&'e str, Rejection> {
        let Some(asked) = asked else { return Ok(self.effort) };
        if !self.thinks() {
            let message = format!(
                "Unsupported parameter: '{param}' is not supported with this model. {model} is \
                 not a reasoning model."
            );
            return Err(Rejection::bad(message).param(param).code("unsupported_parameter"));
        }
        if self.efforts.contains(&asked) {
            return Ok(asked);
        }
        let known: Vec<_> = self.efforts.iter().map(|effort| format!("'{effort}'")).collect();
        let message = format!(
            "Unsupported value: '{asked}' is not supported with the '{model}' model. Supported \
             values are: {}.",
            known.join(", ")
        );
        Err(Rejection::bad(message).param(param).code("unsupported_value"))
    }

    /// Refuses sampling while the model thinks.
    pub fn sampling(&self, effort: &str, body: &Json<'_>) -> Result<(), Rejection> {
        if effort == "none" {
            return Ok(());
        }
        for name in ["temperature", "top_p"] {
            if body.get(name).is_some_and(|value| *value != Json::Number(1.0)) {
                let message = format!(
                    "Unsupported value: '{name}' does not support this value with this model. \
                     Only the default (1) value is supported."
                );
                return Err(Rejection::bad(message).param(name).code("unsupported_value"));
            }
        }
        Ok(())
    }
}
