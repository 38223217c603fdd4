//! One fact about models: a field of [`Capabilities`] and what it is.

use super::capabilities::{Capabilities, Input, ResponsesApi, Thinking};
use super::version::ApiVersion;
use crate::conversation::{Effort, Modality};

/// What a fact says. Tables and configurations write it in their own syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A word.
    Word(String),
    /// A list of words.
    Words(Vec<String>),
}

/// A fact that can't be. Says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// No fact has this name.
    #[error("there is no fact `{0}`; write one of {names}", names = names())]
    Unknown(String),
    /// It is not of this kind.
    #[error("`{field}` must be {expected}")]
    Wrong {
        /// The fact.
        field: String,
        /// What to write.
        expected: String,
    },
}

impl Fact {
    /// Sets the field of this name.
    ///
    /// # Errors
    ///
    /// There is none, or it can't be this.
    pub fn set(&self, field: &str, of: &mut Capabilities) -> Result<(), FactError> {
        let known = FIELDS.iter().find(|(name, _)| *name == field);
        let (_, set) = known.ok_or_else(|| FactError::Unknown(field.to_owned()))?;
        set(of, self).map_err(|expected| FactError::Wrong { field: field.to_owned(), expected })
    }

    /// The names of all facts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|(name, _)| *name)
    }

    fn flag(&self, into: &mut bool) -> Set {
        let Self::Flag(flag) = self else { return Err("true or false".to_owned()) };
        *into = *flag;
        Ok(())
    }

    fn number(&self, into: &mut u64) -> Set {
        let Self::Number(number) = self else {
            return Err("a whole number, not below 0".to_owned());
        };
        *into = *number;
        Ok(())
    }

    fn word<T: Copy>(&self, into: &mut T, known: &[(&str, T)]) -> Set {
        let Self::Word(word) = self else { return Err(one_of(known)) };
        *into = find(word, known)?;
        Ok(())
    }

    fn words<T: Copy + PartialOrd>(&self, into: &mut Vec<T>, known: &[(&str, T)]) -> Set {
        let Self::Words(words) = self else { return Err(format!("a list of {}", one_of(known))) };
        *into = words.iter().map(|word| find(word, known)).collect::<Result<_, _>>()?;
        // In whatever order they are written: the weakest first.
        into.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        into.dedup_by(|a, b| a == b);
        Ok(())
    }
}

/// What to write instead, if it can't be.
type Set = Result<(), String>;

/// A fact's name and how it is set.
type Field = (&'static str, fn(&mut Capabilities, &Fact) -> Set);

/// Every fact.
const FIELDS: [Field; 36] = [
    // The limit of the model is also the one that is filled in, unless that is stated after it.
    ("max_output_tokens", |of, fact| {
        fact.number(&mut of.max_output_tokens)?;
        of.default_max_tokens = of.max_output_tokens;
        Ok(())
    }),
    ("default_max_tokens", |of, fact| fact.number(&mut of.default_max_tokens)),
    ("sampling", |of, fact| fact.flag(&mut of.sampling)),
    ("sampling_without_effort", |of, fact| fact.flag(&mut of.sampling_without_effort)),
    ("top_k", |of, fact| fact.flag(&mut of.top_k)),
    ("penalties", |of, fact| fact.flag(&mut of.penalties)),
    ("stop", |of, fact| fact.flag(&mut of.stop)),
    ("thinking", |of, fact| fact.word(&mut of.thinking, &THINKING)),
    ("thinks_by_default", |of, fact| fact.flag(&mut of.thinks_by_default)),
    ("thinking_off", |of, fact| fact.flag(&mut of.thinking_off)),
    ("thinking_off_between_tools", |of, fact| fact.flag(&mut of.thinking_off_between_tools)),
    ("budget_beside_effort", |of, fact| fact.flag(&mut of.budget_beside_effort)),
    ("least_budget", |of, fact| fact.number(&mut of.least_budget)),
    ("most_budget", |of, fact| fact.number(&mut of.most_budget)),
    ("efforts", |of, fact| fact.words(&mut of.efforts, &EFFORTS)),
    ("effort_without_thinking", |of, fact| {
        let mut effort = Effort::None;
        fact.word(&mut effort, &EFFORTS)?;
        of.effort_without_thinking = Some(effort);
        Ok(())
    }),
    ("thoughts_bound", |of, fact| fact.flag(&mut of.thoughts_bound)),
    ("thought_signatures", |of, fact| fact.flag(&mut of.thought_signatures)),
    ("tools", |of, fact| fact.flag(&mut of.tools)),
    ("forced_tools", |of, fact| fact.flag(&mut of.forced_tools)),
    ("forced_tools_with_thinking", |of, fact| fact.flag(&mut of.forced_tools_with_thinking)),
    ("tools_with_effort", |of, fact| fact.flag(&mut of.tools_with_effort)),
    ("parallel_switch", |of, fact| fact.flag(&mut of.parallel_switch)),
    ("tool_result_media", |of, fact| fact.flag(&mut of.tool_result_media)),
    ("prefill", |of, fact| fact.flag(&mut of.prefill)),
    ("system_turns", |of, fact| fact.flag(&mut of.system_turns)),
    ("system_turns_ignored", |of, fact| fact.flag(&mut of.system_turns_ignored)),
    ("system_turns_weak", |of, fact| fact.flag(&mut of.system_turns_weak)),
    ("system_turns_blur", |of, fact| fact.flag(&mut of.system_turns_blur)),
    ("inputs", |of, fact| fact.words(&mut of.inputs, &INPUTS)),
    ("outputs", |of, fact| {
        let mut places: Vec<usize> = Vec::new();
        let known = OUTPUTS.map(|(name, _)| name);
        fact.words(&mut places, &[(known[0], 0), (known[1], 1), (known[2], 2)])?;
        let modality = |place: usize| OUTPUTS.get(place).map(|(_, modality)| *modality);
        of.outputs = places.into_iter().filter_map(modality).collect();
        Ok(())
    }),
    ("structured_output", |of, fact| fact.flag(&mut of.structured_output)),
    ("cache_breakpoints", |of, fact| fact.flag(&mut of.cache_breakpoints)),
    ("api_version", |of, fact| {
        fact.word(&mut of.api_version, &ApiVersion::ALL.map(|version| (version.as_str(), version)))
    }),
    ("responses", |of, fact| fact.word(&mut of.responses, &RESPONSES)),
    ("legacy_openai", |of, fact| fact.flag(&mut of.legacy_openai)),
];

const THINKING: [(&str, Thinking); 3] = [
    ("unsupported", Thinking::Unsupported),
    ("budget", Thinking::Budget),
    ("effort", Thinking::Effort),
];

const EFFORTS: [(&str, Effort); 7] = [
    ("none", Effort::None),
    ("minimal", Effort::Minimal),
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("xhigh", Effort::XHigh),
    ("max", Effort::Max),
];

const INPUTS: [(&str, Input); 4] = [
    ("image", Input::Image),
    ("pdf", Input::Pdf),
    ("audio", Input::Audio),
    ("video", Input::Video),
];

const OUTPUTS: [(&str, Modality); 3] =
    [("text", Modality::Text), ("image", Modality::Image), ("audio", Modality::Audio)];

const RESPONSES: [(&str, ResponsesApi); 4] = [
    ("unserved", ResponsesApi::Unserved),
    ("optional", ResponsesApi::Optional),
    ("preferred", ResponsesApi::Preferred),
    ("required", ResponsesApi::Required),
];

fn find<T: Copy>(word: &str, known: &[(&str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| format!("{}, not {word:?}", one_of(known)))
}

fn one_of<T>(known: &[(&str, T)]) -> String {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    format!("one of {}", names.join(", "))
}

fn names() -> String {
    Fact::names().collect::<Vec<_>>().join(", ")
}
