//! What a call costs.
//!
//! Prices come from the `genai-prices` catalogue, an operator's own go before them. That crate
//! calculates in floating point and looks the model up on each call, so [`PriceBook::price`] asks
//! it once for every rate and tier and keeps them as integers; [`Price::cost`] is then a few
//! exact multiplications, rounded up once.

mod operator;
mod rates;
mod survey;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use genai_prices::Calculator;

pub use operator::{OperatorPrice, PriceError};

use crate::Schema;
use crate::conversation::Usage;
use crate::pattern::Pattern;
use rates::{Rates, Tier};

/// Who sells the tokens.
#[derive(Clone, Copy, Debug)]
pub struct Seller<'a> {
    /// The provider's name in the catalogue, like `openai`, `anthropic`, `google`, `azure`, where
    /// the operator gives it.
    pub provider: Option<&'a str>,
    /// The host that is called, like `api.openai.com`.
    pub host: &'a str,
    /// What it speaks.
    pub schema: Schema,
}

/// What every model costs.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// Most specific first.
    own: Vec<(Pattern, Rates)>,
}

impl PriceBook {
    /// A book with an operator's own prices on top of the catalogue's. Of several that fit a
    /// model, the most specific counts.
    ///
    /// Decodes the catalogue, which takes tens of milliseconds, so that no request has to.
    ///
    /// # Errors
    ///
    /// An amount that is not a decimal number of dollars.
    pub fn new(own: Vec<OperatorPrice>) -> Result<Self, PriceError> {
        let _ = Calculator::bundled();
        let mut own = own
            .iter()
            .map(|price| Ok((Pattern::new(&price.model), price.rates()?)))
            .collect::<Result<Vec<_>, PriceError>>()?;
        own.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.specificity()));
        Ok(Self { own })
    }

    /// The price of a model at a time; `None` where nobody knows it, which is not the same as
    /// free (S-47). `model` is the name that is sent to the provider.
    ///
    /// The provider is found by its name, else by its host, else by what it speaks: a private
    /// host in front of a provider costs what that provider does.
    ///
    /// Takes up to some milliseconds: keep the answer until [`Price::until`].
    pub fn price(&self, seller: Seller<'_>, model: &str, at: SystemTime) -> Option<Price> {
        let model = model.strip_prefix("models/").unwrap_or(model);
        let name = model.to_ascii_lowercase();
        if let Some((_, rates)) = self.own.iter().find(|(pattern, _)| pattern.fits(&name)) {
            let tiers = vec![Tier { from: 0, rates: *rates }];
            return Some(Price { tiers, per_call: 0, until: None });
        }
        let survey = survey::Survey::new(provider(seller)?, model, at);
        let (tiers, per_call) = survey.run()?;
        Some(Price { tiers, per_call, until: Some(next_quarter(at)) })
    }
}

/// The models of a schema's own vendor that the catalogue knows, for lists of models.
pub fn known_models(schema: Schema) -> impl Iterator<Item = &'static str> {
    let vendor = Calculator::bundled().find_provider(Some(vendor(schema)), None).ok().flatten();
    // What ends in a dash is the beginning of names, not one.
    let ids = vendor.into_iter().flat_map(|vendor| vendor.models()).map(|model| model.id());
    ids.filter(|id| !id.ends_with('-'))
}

/// The catalogue's name of the vendor whose schema it is.
const fn vendor(schema: Schema) -> &'static str {
    match schema {
        Schema::Chat | Schema::Responses => "openai",
        Schema::Claude => "anthropic",
        Schema::Gemini => "google",
    }
}

/// The catalogue's name of a provider.
fn provider<'a>(seller: Seller<'a>) -> Option<&'a str> {
    let catalogue = Calculator::bundled();
    if let Some(name) = seller.provider {
        return catalogue.find_provider(Some(name), None).ok()?.map(|found| found.id());
    }
    let url = format!("https://{}/", seller.host);
    if let Some(found) = catalogue.find_provider(None, Some(&url)).ok()? {
        return Some(found.id());
    }
    Some(vendor(seller.schema))
}

/// Prices that depend on date or hour change on the half hour; a quarter is on the safe side.
const QUARTER: u64 = 15 * 60;

fn next_quarter(at: SystemTime) -> SystemTime {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UNIX_EPOCH
        .checked_add(Duration::from_secs((seconds / QUARTER + 1).saturating_mul(QUARTER)))
        .unwrap_or(at)
}

/// What one model's tokens cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// By total input of a call, ascending; the first from 0.
    tiers: Vec<Tier>,
    /// Due for every call, in femtodollars.
    per_call: u64,
    until: Option<SystemTime>,
}

/// Femtodollars (1e-15 USD) in a nanodollar.
const FEMTO_PER_NANO: u128 = 1_000_000;

impl Price {
    /// What these tokens cost, in nanodollars (1e-9 USD), rounded up.
    ///
    /// Every rate is a whole number of femtodollars a token (a catalogue's dollar a million
    /// tokens is a million of them, times a thousand), so the sum is exact; it saturates beyond
    /// 18 billion dollars. Cached input, long contexts and audio cost what the catalogue says,
    /// and what it has no price of its own for costs as the kind that it is part of. Tools that a
    /// provider runs (web search) are not in [`Usage`] and not in the cost.
    pub fn cost(&self, usage: &Usage) -> u64 {
        let input = usage.total_input();
        let tier = self.tiers.iter().rev().find(|tier| input >= tier.from);
        let tokens = tier.map_or(0, |tier| tier.rates.of(usage));
        let femto = tokens.saturating_add(u128::from(self.per_call));
        u64::try_from(femto.div_ceil(FEMTO_PER_NANO)).unwrap_or(u64::MAX)
    }

    /// When to ask the book again: prices may depend on the date and the hour.
    /// `None` for an operator's own.
    pub const fn until(&self) -> Option<SystemTime> {
        self.until
    }
}
