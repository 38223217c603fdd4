//! Rows of the catalogue, and its file form.

use super::{Capabilities, CatalogError, Fact, FactError};
use crate::Schema;
use crate::pattern::Pattern;

/// Facts about the models whose names fit a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    schema: Schema,
    patterns: Vec<Pattern>,
    /// Each was tried; none can fail.
    facts: Vec<(String, Fact)>,
    /// Hold only where OpenAI's Responses API serves the model.
    on_responses: Vec<(String, Fact)>,
}

impl Row {
    /// A row without facts, about the models of a schema whose names fit one of these patterns:
    /// names as providers write them, without what routers and clouds put before them, `*` for
    /// any text. Both of OpenAI's schemas serve the same models.
    pub fn new<'p>(schema: Schema, patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let schema = whose(schema);
        let patterns = patterns.into_iter().map(Pattern::new).collect();
        Self { schema, patterns, facts: Vec::new(), on_responses: Vec::new() }
    }

    /// States a fact.
    ///
    /// # Errors
    ///
    /// There is no such fact, or it can't be this.
    pub fn state(&mut self, field: &str, fact: Fact) -> Result<(), FactError> {
        state(&mut self.facts, self.schema, field, fact)
    }

    /// States a fact that holds only on OpenAI's Responses API.
    ///
    /// # Errors
    ///
    /// As [`Self::state`].
    pub fn state_on_responses(&mut self, field: &str, fact: Fact) -> Result<(), FactError> {
        state(&mut self.on_responses, self.schema, field, fact)
    }

    /// How much the pattern says that fits a name in small letters; `None` if none does.
    pub(super) fn fits(&self, schema: Schema, name: &str) -> Option<(bool, usize)> {
        let patterns = self.patterns.iter().filter(|_| self.schema == whose(schema));
        patterns.filter(|pattern| pattern.fits(name)).map(Pattern::specificity).max()
    }

    /// Makes its facts count.
    pub(super) fn apply(&self, schema: Schema, to: &mut Capabilities) {
        let extra: &[_] = if schema == Schema::Responses { &self.on_responses } else { &[] };
        for (field, fact) in self.facts.iter().chain(extra) {
            // Tried when it was stated.
            let _ = fact.set(field, to);
        }
    }

    #[cfg(test)]
    pub(super) fn stated(&self) -> impl Iterator<Item = (Schema, &Pattern, &str)> {
        let facts = self.facts.iter().map(|(field, _)| &**field);
        facts.flat_map(move |field| self.patterns.iter().map(move |p| (self.schema, p, field)))
    }
}

/// Tries a fact and puts it where facts are applied in the order of their fields, in whatever
/// order they are written.
fn state(
    facts: &mut Vec<(String, Fact)>,
    schema: Schema,
    field: &str,
    fact: Fact,
) -> Result<(), FactError> {
    fact.set(field, &mut Capabilities::default_for(schema))?;
    facts.push((field.to_owned(), fact));
    facts.sort_by_key(|(field, _)| Fact::names().position(|name| name == field));
    Ok(())
}

/// Whose models a schema's are.
const fn whose(schema: Schema) -> Schema {
    match schema {
        Schema::Chat | Schema::Responses => Schema::Chat,
        Schema::Claude => Schema::Claude,
        Schema::Gemini => Schema::Gemini,
    }
}

/// The names of those whose models rows are about.
const SCHEMAS: [(&str, Schema); 3] =
    [("openai", Schema::Chat), ("claude", Schema::Claude), ("gemini", Schema::Gemini)];

/// Reads a catalogue file.
pub(super) fn read(text: &str) -> Result<Vec<Row>, CatalogError> {
    let wrong = |what: String| CatalogError(what);
    let file: toml::Table =
        text.parse().map_err(|error: toml::de::Error| CatalogError(error.to_string()))?;
    if let Some(other) = file.keys().find(|key| *key != "model") {
        return Err(wrong(format!("there is no `{other}`; write [[model]]")));
    }
    let Some(toml::Value::Array(models)) = file.get("model") else {
        return Err(wrong("no [[model]] is there".to_owned()));
    };
    let mut rows = Vec::new();
    for (index, model) in models.iter().enumerate() {
        let toml::Value::Table(model) = model else {
            return Err(wrong(format!("model {} is not a table", index + 1)));
        };
        let patterns = match model.get("match").map(fact) {
            Some(Ok(Fact::Words(patterns))) => format!(" ({})", patterns.join(", ")),
            _ => String::new(),
        };
        let named = |what| wrong(format!("model {}{patterns}: {what}", index + 1));
        rows.push(row(model).map_err(named)?);
    }
    Ok(rows)
}

fn row(model: &toml::Table) -> Result<Row, String> {
    let text = |field: &str| {
        let value = model.get(field).and_then(toml::Value::as_str);
        value.ok_or_else(|| format!("`{field}` is missing, a text"))
    };
    let schema = text("schema")?;
    let (_, schema) = SCHEMAS.iter().find(|(name, _)| *name == schema).ok_or_else(|| {
        let names = SCHEMAS.map(|(name, _)| name).join(", ");
        format!("`schema` must be one of {names}, not {schema:?}")
    })?;
    // For people, and not optional.
    text("source")?;
    text("date")?;
    let Some(Ok(Fact::Words(patterns))) = model.get("match").map(fact) else {
        return Err("`match` is missing, a list of patterns".to_owned());
    };
    let named = |field: &str, value| fact(value).map_err(|what| format!("`{field}`: {what}"));
    let mut row = Row::new(*schema, patterns.iter().map(String::as_str));
    for (field, value) in model {
        match (&**field, value) {
            ("schema" | "source" | "date" | "match", _) => {}
            ("on_responses", toml::Value::Table(facts)) => {
                for (field, value) in facts {
                    let fact = named(field, value)?;
                    row.state_on_responses(field, fact).map_err(|error| error.to_string())?;
                }
            }
            _ => {
                let fact = named(field, value)?;
                row.state(field, fact).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(row)
}

/// What a TOML value says.
fn fact(value: &toml::Value) -> Result<Fact, String> {
    let wrong = || "a fact is a flag, a number not below 0, a word or a list of words".to_owned();
    Ok(match value {
        toml::Value::Boolean(flag) => Fact::Flag(*flag),
        toml::Value::Integer(number) => Fact::Number(u64::try_from(*number).map_err(|_| wrong())?),
        toml::Value::String(word) => Fact::Word(word.clone()),
        toml::Value::Array(list) => {
            let words = list.iter().map(|word| word.as_str().map(str::to_owned));
            Fact::Words(words.collect::<Option<_>>().ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    })
}
