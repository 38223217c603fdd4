//! The catalogue's file form.

use serde::Deserialize;

use super::{Capabilities, CatalogError, Row, Thinking};
use crate::Schema;
use crate::conversation::Effort;
use crate::pattern::Pattern;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    model: Vec<Written>,
}

/// A row as written: what it leaves out is the schema's default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    r#match: Vec<String>,
    max_output_tokens: Option<u64>,
    sampling: Option<bool>,
    thinking: Option<String>,
    thinking_off: Option<bool>,
    efforts: Option<Vec<String>>,
    tools_with_effort: Option<bool>,
    stop: Option<bool>,
    prefill: Option<bool>,
    forced_tools: Option<bool>,
    system_turns: Option<bool>,
    tool_result_media: Option<bool>,
    thought_signatures: Option<bool>,
    cache_breakpoints: Option<bool>,
    legacy_openai: Option<bool>,
    /// Where the facts are from and when they were seen: for people, and not optional.
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
}

/// Reads a catalogue file; a row for each pattern.
pub(super) fn read(text: &str) -> Result<Vec<Row>, CatalogError> {
    let file: File = toml::from_str(text).map_err(|error| CatalogError(error.to_string()))?;
    let mut rows = Vec::new();
    for written in file.model {
        let schema = one_of("schema", &written.schema, &SCHEMAS)?;
        let capabilities = written.capabilities(schema)?;
        rows.extend(written.r#match.iter().map(|pattern| Row {
            schema,
            pattern: Pattern::new(pattern),
            capabilities: capabilities.clone(),
        }));
    }
    Ok(rows)
}

impl Written {
    fn capabilities(&self, schema: Schema) -> Result<Capabilities, CatalogError> {
        let default = Capabilities::default_for(schema);
        let thinking = match &self.thinking {
            Some(word) => one_of("thinking", word, &THINKING)?,
            None => default.thinking,
        };
        let efforts = match &self.efforts {
            Some(words) => words
                .iter()
                .map(|word| one_of("efforts", word, &EFFORTS))
                .collect::<Result<_, _>>()?,
            None => default.efforts,
        };
        Ok(Capabilities {
            max_output_tokens: self.max_output_tokens.unwrap_or(default.max_output_tokens),
            sampling: self.sampling.unwrap_or(default.sampling),
            thinking,
            thinking_off: self.thinking_off.unwrap_or(default.thinking_off),
            efforts,
            tools_with_effort: self.tools_with_effort.unwrap_or(default.tools_with_effort),
            stop: self.stop.unwrap_or(default.stop),
            prefill: self.prefill.unwrap_or(default.prefill),
            forced_tools: self.forced_tools.unwrap_or(default.forced_tools),
            system_turns: self.system_turns.unwrap_or(default.system_turns),
            tool_result_media: self.tool_result_media.unwrap_or(default.tool_result_media),
            thought_signatures: self.thought_signatures.unwrap_or(default.thought_signatures),
            cache_breakpoints: self.cache_breakpoints.unwrap_or(default.cache_breakpoints),
            legacy_openai: self.legacy_openai.unwrap_or(default.legacy_openai),
        })
    }
}

/// Whose models a row is about. Both of OpenAI's schemas serve the same.
const SCHEMAS: [(&str, Schema); 3] =
    [("openai", Schema::Chat), ("claude", Schema::Claude), ("gemini", Schema::Gemini)];

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

fn one_of<T: Copy>(field: &str, word: &str, known: &[(&str, T)]) -> Result<T, CatalogError> {
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        CatalogError(format!("{field} is {word:?}: write one of {}", names.join(", ")))
    })
}
