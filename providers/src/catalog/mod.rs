//! What models accept and refuse: data, not code.

mod capabilities;
mod fact;
mod row;
#[cfg(test)]
mod tests;
mod version;

use std::borrow::Cow;
use std::sync::LazyLock;

pub use capabilities::{Capabilities, Input, ResponsesApi, Thinking};
pub use fact::{Fact, FactError};
pub use row::Row;
pub use version::ApiVersion;

use crate::Schema;

/// A list of models and what they accept.
///
/// Every row that fits a model counts, the one whose pattern says most goes last and wins; of
/// equal ones the later. So a row states only what is particular, and an operator can correct one
/// fact without repeating the others.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    rows: Vec<Row>,
    /// An operator's own: they go over all of the others.
    own: Vec<Row>,
}

/// A catalogue that can't be read; names the row and the field.
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
    /// Text that is not TOML, a fact or a word that is not known.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        Ok(Self { rows: row::read(text)?, own: Vec::new() })
    }

    /// This catalogue with an operator's rows on top: any fact of theirs goes before all of this.
    #[must_use]
    pub fn with_overrides(&self, rows: impl IntoIterator<Item = Row>) -> Self {
        let mut own = self.own.clone();
        own.extend(rows);
        Self { rows: self.rows.clone(), own }
    }

    /// This catalogue with another, read by [`Self::parse`], on top.
    #[must_use]
    pub fn under(&self, top: Self) -> Self {
        self.with_overrides(top.rows.into_iter().chain(top.own))
    }

    /// What a model accepts where it is served in `schema`. Dates, versions and vendors around
    /// the name don't matter.
    pub fn capabilities(&self, schema: Schema, model: &str) -> Capabilities {
        let name = bare(model);
        let mut capabilities = Capabilities::default_for(schema);
        for rows in [&self.rows, &self.own] {
            let fitting = rows.iter().filter_map(|row| Some((row.fits(schema, &name)?, row)));
            let mut fitting: Vec<_> = fitting.collect();
            fitting.sort_by_key(|(specificity, _)| *specificity);
            for (_, row) in fitting {
                row.apply(schema, &mut capabilities);
            }
        }
        capabilities
    }
}

/// A model's name in small letters without what routers and clouds put before it:
/// `anthropic/`, `models/`, `publishers/google/models/`, `us.openai.`, `ft:`.
fn bare(model: &str) -> Cow<'_, str> {
    let name = model.rsplit_once('/').map_or(model, |(_, name)| name);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let name = name.split_once("openai.").map_or(name, |(_, name)| name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}
