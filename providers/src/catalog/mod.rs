//! What models accept and refuse: data, not code.

mod capabilities;
mod row;
#[cfg(test)]
mod tests;
mod version;

use std::borrow::Cow;
use std::sync::LazyLock;

pub use capabilities::{Capabilities, Thinking};
pub use version::ApiVersion;

use crate::Schema;
use crate::pattern::Pattern;

/// A list of models and what they accept.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The first that fits counts.
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    schema: Schema,
    pattern: Pattern,
    capabilities: Capabilities,
}

/// A catalogue that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model catalogue: {0}")]
pub struct CatalogError(String);

impl Catalog {
    /// The catalogue that comes with this crate, `providers/catalog/models.toml`.
    pub fn bundled() -> &'static Self {
        // A test reads the file, so the default is never met.
        static BUNDLED: LazyLock<Catalog> = LazyLock::new(|| {
            Catalog::parse(include_str!("../../catalog/models.toml")).unwrap_or_default()
        });
        &BUNDLED
    }

    /// Reads a catalogue in the form of the bundled one.
    ///
    /// # Errors
    ///
    /// Text that is not TOML, a field or a word that is not known.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let mut rows = row::read(text)?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.pattern.specificity()));
        Ok(Self { rows })
    }

    /// This catalogue with another on top: any row of the other goes before any of this.
    #[must_use]
    pub fn under(&self, mut top: Self) -> Self {
        top.rows.extend_from_slice(&self.rows);
        top
    }

    /// What a model accepts; of the patterns that fit its name, the most specific counts.
    /// Dates, versions and vendors around the name don't matter.
    pub fn capabilities(&self, schema: Schema, model: &str) -> Capabilities {
        let name = bare(model);
        // OpenAI's models are the same on both of its schemas.
        let schema = if schema == Schema::Responses { Schema::Chat } else { schema };
        self.rows
            .iter()
            .find(|row| row.schema == schema && row.pattern.fits(&name))
            .map_or_else(|| Capabilities::default_for(schema), |row| row.capabilities.clone())
    }
}

/// A model's name in small letters without what routers and clouds put before it:
/// `anthropic/`, `models/`, `publishers/google/models/`, `ft:`.
fn bare(model: &str) -> Cow<'_, str> {
    let name = model.rsplit_once('/').map_or(model, |(_, name)| name);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}
