//! Where requests are served: the clouds' regions, the areas that hold them, and what the names of
//! hosts and models say of it. Data, not code: `providers/catalog/regions.toml`.

mod file;
mod host;
mod profile;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

pub use host::{Endpoint, of_host};
pub use profile::{Profile, of_model};

/// A region of a cloud (`europe-west4`), or an area: a country (`de`), or several (`eu`).
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    name: String,
    /// Where it may be; empty for `global`.
    countries: BTreeSet<String>,
    is_area: bool,
}

impl Place {
    /// The place of this name, in small letters.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|place| place.name == name)
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &table().places
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is nowhere in particular.
    pub fn is_global(&self) -> bool {
        self.countries.is_empty()
    }

    /// Whether all that `other` may be is in here. Nothing holds what is global.
    pub fn holds(&self, other: &Self) -> bool {
        if self.is_global() || other.is_global() {
            return false;
        }
        self == other || (self.is_area && other.countries.is_subset(&self.countries))
    }
}

/// A table that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table of regions: {0}")]
struct RegionsError(String);

/// The file, read.
#[derive(Debug, Default)]
struct Table {
    places: Vec<Place>,
    hosts: Vec<host::Row>,
    bedrock: profile::Names,
}

fn table() -> &'static Table {
    // A test reads the file, so the default is never met.
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        file::read(include_str!("../../catalog/regions.toml")).unwrap_or_default()
    });
    &TABLE
}
