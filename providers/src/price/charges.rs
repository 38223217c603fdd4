//! What providers charge beside the tokens, as `providers/catalog/charges.toml` has it.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Percent;
use super::operator::femto_per_call;
use super::rates::CallRates;
use crate::pattern::Pattern;

/// One row: facts about some models of one provider, or of any.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: Option<String>,
    #[serde(default)]
    models: Vec<String>,
    web_search: Option<String>,
    file_search: Option<String>,
    code_session: Option<String>,
    image: Option<String>,
    request: Option<String>,
    search_once: Option<bool>,
    priority: Option<u32>,
    fast: Option<u32>,
    us_only: Option<u32>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    charge: Vec<Row>,
}

/// The table that comes with this crate.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    // A test reads the file, so the default is never met.
    read(include_str!("../../catalog/charges.toml")).unwrap_or_default()
});

fn read(text: &str) -> Result<Vec<Row>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.charge)
}

/// What one model's provider charges beside the tokens.
#[derive(Clone, Copy)]
pub(super) struct Charges<'a> {
    provider: Option<&'a str>,
    /// In small letters.
    model: &'a str,
}

impl<'a> Charges<'a> {
    pub(super) const fn new(provider: Option<&'a str>, model: &'a str) -> Self {
        Self { provider, model }
    }

    /// What calls of tools cost.
    pub(super) fn calls(self) -> CallRates {
        CallRates {
            web_search: self.dollars(|row| row.web_search.as_deref()),
            file_search: self.dollars(|row| row.file_search.as_deref()),
            code_session: self.dollars(|row| row.code_session.as_deref()),
            image: self.dollars(|row| row.image.as_deref()),
        }
    }

    /// Femtodollars for each call.
    pub(super) fn request(self) -> u64 {
        self.dollars(|row| row.request.as_deref())
    }

    /// Whether a call is billed for searching, however often it does.
    pub(super) fn search_once(self) -> bool {
        self.first(|row| row.search_once).unwrap_or(false)
    }

    /// What tokens cost where they are served in another way than usual.
    pub(super) fn percent(self) -> Percent {
        Percent {
            priority: self.first(|row| row.priority).unwrap_or(100),
            fast: self.first(|row| row.fast).unwrap_or(100),
            us_only: self.first(|row| row.us_only).unwrap_or(100),
        }
    }

    fn dollars(self, fact: impl Fn(&'static Row) -> Option<&'static str>) -> u64 {
        self.first(fact).and_then(femto_per_call).unwrap_or(0)
    }

    /// The fact of the first row that has it and fits.
    fn first<T>(self, fact: impl Fn(&'static Row) -> Option<T>) -> Option<T> {
        let fits = |row: &Row| {
            let provider = row.provider.as_deref();
            (provider.is_none() || provider == self.provider)
                && (row.models.is_empty()
                    || row.models.iter().any(|model| Pattern::new(model).fits(self.model)))
        };
        let mut fitting = ROWS.iter().filter(|row| fits(row));
        fitting.find_map(fact)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let rows = read(include_str!("../../catalog/charges.toml")).unwrap();
        for row in rows {
            for amount in
                [row.web_search, row.file_search, row.code_session, row.image, row.request]
                    .into_iter()
                    .flatten()
            {
                assert!(femto_per_call(&amount).is_some(), "{amount}");
            }
            for percent in [row.priority, row.fast, row.us_only].into_iter().flatten() {
                assert!((100..=1000).contains(&percent), "{percent}");
            }
        }
    }

    #[test]
    fn what_is_special_goes_before_what_is_general() {
        let of = |provider, model| Charges::new(Some(provider), model);
        assert_eq!(of("google", "gemini-2.5-pro").calls().web_search, 35_000_000_000_000);
        assert!(of("google", "gemini-2.5-pro").search_once());
        assert_eq!(of("google", "gemini-3-pro").calls().web_search, 14_000_000_000_000);
        assert!(!of("google", "gemini-3-pro").search_once());
        assert_eq!(of("google", "gemini-2.5-pro").calls().code_session, 0);
        assert_eq!(of("openai", "gpt-5").calls().code_session, 30_000_000_000_000);
        assert_eq!(of("anthropic", "claude-opus-5").percent().fast, 200);
        assert_eq!(of("anthropic", "claude-opus-4-6").percent().fast, 600);
        assert_eq!(of("anthropic", "claude-opus-5").percent().priority, 100);
        assert_eq!(of("openai", "gpt-5").percent().priority, 250);
        assert_eq!(Charges::new(None, "gpt-4o-search-preview").request(), 25_000_000_000_000);
        assert_eq!(Charges::new(None, "gpt-4o").request(), 0);
    }
}
