//! What a call costs.
//!
//! Prices come from the `genai-prices` catalogue, an operator's own go before them. That crate
//! calculates in floating point and looks the model up on each call, so [`PriceBook::price`] asks
//! it once for every rate and tier and keeps them as integers; [`Price::cost`] is then a few
//! exact multiplications, rounded up once. What that catalogue does not know of tools and of how
//! a call may be served stands in `providers/catalog/charges.toml`.

mod charges;
mod operator;
mod rates;
mod survey;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use genai_prices::Calculator;

pub use operator::{OperatorPrice, PriceError};

use crate::Schema;
use crate::conversation::{ServiceTier, Usage};
use crate::pattern::Pattern;
use charges::Charges;
use operator::Own;
use rates::{CallRates, Rates, Tier};
use survey::{Found, Survey};

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
    own: Vec<(Pattern, Own)>,
    /// For models of which nobody else knows the price; most specific first.
    assumed: Vec<(Pattern, Own)>,
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
        let mut book = Self::default();
        for price in &own {
            let of = if price.assume { &mut book.assumed } else { &mut book.own };
            of.push((Pattern::new(&price.model), price.read()?));
        }
        for of in [&mut book.own, &mut book.assumed] {
            of.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.specificity()));
        }
        Ok(book)
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
        let provider = provider(seller);
        let charges = Charges::new(provider, &name);
        let found = provider.and_then(|provider| Survey::new(provider, model, at).run());
        let usual = charges.calls();
        let usual = found.as_ref().map_or(usual, |found| found.calls(usual));
        let per_call = found.as_ref().map_or(0, |found| found.per_call);
        let per_call = per_call.saturating_add(charges.request());
        let listed = |list: &[(Pattern, Own)]| {
            list.iter().find(|(pattern, _)| pattern.fits(&name)).map(|(_, own)| *own)
        };
        let own = listed(&self.own)
            .or_else(|| if found.is_none() { listed(&self.assumed) } else { None });
        if let Some(own) = own {
            return Some(Price {
                standard: vec![Tier { from: 0, rates: own.rates }],
                flex: None,
                priority: None,
                calls: own.calls(usual),
                per_call,
                search_once: charges.search_once(),
                generates: true,
                percent: charges.percent(),
                until: None,
            });
        }
        let Found { standard, flex, priority, generates, .. } = found?;
        Some(Price {
            standard,
            flex,
            priority,
            calls: usual,
            per_call,
            search_once: charges.search_once(),
            generates,
            percent: charges.percent(),
            until: Some(next_quarter(at)),
        })
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

/// What the calls of one model cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// By total input of a call, ascending; the first from 0.
    standard: Vec<Tier>,
    /// The same where there is time; `None`: no cheaper.
    flex: Option<Vec<Tier>>,
    /// The same before others; `None`: a share more.
    priority: Option<Vec<Tier>>,
    calls: CallRates,
    /// Due for every call, in femtodollars.
    per_call: u64,
    /// A call is billed for searching, however often it does.
    search_once: bool,
    generates: bool,
    percent: Percent,
    until: Option<SystemTime>,
}

/// Percent of the standard price of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Percent {
    priority: u32,
    fast: u32,
    us_only: u32,
}

/// Femtodollars (1e-15 USD) in a nanodollar.
const FEMTO_PER_NANO: u128 = 1_000_000;

impl Price {
    /// What this usage costs, in nanodollars (1e-9 USD), rounded up.
    ///
    /// Every rate is a whole number of femtodollars a token (a catalogue's dollar a million
    /// tokens is a million of them, times a thousand), so the sum is exact; it saturates beyond
    /// 18 billion dollars. Cached input, long contexts, audio, images and video cost what the
    /// catalogue says, and what it has no price of its own for costs as the kind that it is part
    /// of. A cheaper tier counts where the catalogue has its prices; a dearer one that it does not
    /// know costs a share more. Tools that a provider ran are added by the call.
    pub fn cost(&self, usage: &Usage) -> u64 {
        self.sum(usage, |rates| rates.of(usage))
    }

    /// The most that so much input and output can cost, of whatever kinds they turn out to be: no
    /// one knows before the answer how much of the input the provider writes into its cache (for
    /// an hour, if `an_hour`), nor whether the output is text, sound or images. Of `usage` the
    /// totals, the calls of tools, and how it is served count. In nanodollars, rounded up.
    pub fn most(&self, usage: &Usage, an_hour: bool) -> u64 {
        self.sum(usage, |rates| rates.most(usage, an_hour))
    }

    fn sum(&self, usage: &Usage, tokens: impl Fn(&Rates) -> u128) -> u64 {
        let served = usage.served;
        let (tiers, priority) = match (served.tier, &self.flex, &self.priority) {
            (ServiceTier::Flex, Some(flex), _) => (flex, 100),
            (ServiceTier::Priority, _, Some(priority)) => (priority, 100),
            (ServiceTier::Priority, _, None) => (&self.standard, self.percent.priority),
            _ => (&self.standard, 100),
        };
        let tokens = rates::tier(tiers, usage).map_or(0, |tier| tokens(&tier.rates));
        let fast = if served.fast { self.percent.fast } else { 100 };
        let us_only = if served.us_only { self.percent.us_only } else { 100 };
        let tokens = [priority, fast, us_only].into_iter().fold(tokens, |femto, percent| {
            if percent == 100 {
                femto
            } else {
                femto.saturating_mul(u128::from(percent)).div_ceil(100)
            }
        });
        let mut calls = usage.calls;
        if self.search_once {
            calls.web_searches = calls.web_searches.min(1);
        }
        let femto =
            tokens.saturating_add(self.calls.of(calls)).saturating_add(u128::from(self.per_call));
        u64::try_from(femto.div_ceil(FEMTO_PER_NANO)).unwrap_or(u64::MAX)
    }

    /// Whether output has a price, too. A model of embeddings has none: asked for a turn, nobody
    /// knows what that costs, and [`Price::cost`] makes it more than any budget allows.
    pub const fn generates(&self) -> bool {
        self.generates
    }

    /// When to ask the book again: prices may depend on the date and the hour.
    /// `None` for an operator's own.
    pub const fn until(&self) -> Option<SystemTime> {
        self.until
    }
}
