//! Reading a model's rates out of the catalogue.
//!
//! The crate tells what a usage costs, not what a token does. But its cost is a sum of rate times
//! tokens, with rates that depend on nothing but the total of input tokens: so usages of one kind
//! tell the rates, and usages of growing input tell where they change.

use std::time::SystemTime;

use genai_prices::{Calculator, ErrorKind, PriceRequest, UsageKey};

use super::rates::{Kind, Rates, Tier, by_kind};
use crate::conversation::Usage;

/// Femtodollars in a dollar.
const FEMTO: f64 = 1e15;

/// Total inputs between which no two tiers begin and end: a quarter apart, to 100 million tokens.
const FIRST_STEP: u64 = 512;
const LAST_STEP: u64 = 100_000_000;

/// More tiers than any price list has.
const TIERS_MAX: usize = 16;

/// One model, asked about.
pub(super) struct Survey<'a> {
    provider: &'a str,
    model: &'a str,
    at: SystemTime,
}

impl<'a> Survey<'a> {
    pub(super) const fn new(provider: &'a str, model: &'a str, at: SystemTime) -> Self {
        Self { provider, model, at }
    }

    /// All tiers, and what is due for every call in femtodollars. `None` where the catalogue
    /// has no prices of this model's input and output tokens: it lists models that it has no
    /// price of, and those that are sold by the page or the second.
    pub(super) fn run(&self) -> Option<(Vec<Tier>, u64)> {
        if !self.sells(UsageKey::CACHE_READ_TOKENS)
            || !self.sells(UsageKey::OUTPUT_REASONING_TOKENS)
        {
            return None;
        }
        let per_call = self.dollars(&Usage::default())?;
        let mut rates = self.rates(1, per_call)?;
        let mut tiers = vec![Tier { from: 0, rates }];
        let mut known = 1;
        let mut step = FIRST_STEP;
        while step <= LAST_STEP {
            if self.holds(&rates, step, per_call)? {
                step += step / 4;
                continue;
            }
            // Rates hold at `known` and no more at `change`.
            let mut change = step;
            while change - known > 1 {
                let middle = known + (change - known) / 2;
                if self.holds(&rates, middle, per_call)? {
                    known = middle;
                } else {
                    change = middle;
                }
            }
            rates = self.rates(change, per_call)?;
            known = change;
            tiers.push(Tier { from: change, rates });
            if tiers.len() > TIERS_MAX {
                return None;
            }
        }
        Some((tiers, femto(per_call)?))
    }

    /// Whether the catalogue has a price of the tokens that `part` is a part of: it refuses a
    /// part without the whole, if and only if it has.
    fn sells(&self, part: UsageKey) -> bool {
        let usage = genai_prices::Usage::from([(part, 1.0)]);
        let answer = Calculator::bundled().calculate(&self.request(&usage));
        answer.is_err_and(|error| error.kind() == ErrorKind::InvalidUsage)
    }

    /// The rates at this total of input.
    fn rates(&self, input: u64, per_call: f64) -> Option<Rates> {
        let mut rates = [0; Kind::ALL.len()];
        let alone = self.dollars(&Kind::Input.usage(input))?;
        for (rate, kind) in rates.iter_mut().zip(Kind::ALL) {
            let (usage, before, tokens) = if kind.is_output() {
                const MANY: u64 = 1_000_000;
                (Usage { input, ..kind.usage(MANY) }, alone, MANY)
            } else {
                (kind.usage(input), per_call, input)
            };
            *rate = femto((self.dollars(&usage)? - before) / float(tokens))?;
        }
        Some(Rates(rates))
    }

    /// Whether these are still the rates at this total of input, seen by a usage of all kinds.
    fn holds(&self, rates: &Rates, input: u64, per_call: f64) -> Option<bool> {
        let share = input / 6;
        let usage = Usage {
            cache_read: 2 * share,
            cache_write: 2 * share,
            cache_write_1h: share,
            input: input - 4 * share,
            audio_input: input - 3 * share,
            output: 2 * input,
            audio_output: input,
            reasoning: input,
        };
        // Either is off by a few units in the last of 15 digits at most.
        #[expect(clippy::cast_precision_loss, reason = "compared with a tolerance")]
        let expected = rates.of(&usage) as f64 / FEMTO + per_call;
        Some((self.dollars(&usage)? - expected).abs() <= 1e-9 * expected)
    }

    /// What the catalogue says a usage costs, in dollars.
    fn dollars(&self, usage: &Usage) -> Option<f64> {
        let usage = in_the_catalogues_words(usage);
        Some(Calculator::bundled().calculate(&self.request(&usage)).ok()?.total_price)
    }

    fn request<'u>(&'u self, usage: &'u genai_prices::Usage) -> PriceRequest<'u> {
        PriceRequest::new(self.model, usage).with_provider_id(self.provider).with_timestamp(self.at)
    }
}

/// The same tokens as nested counts, which is how the catalogue wants them.
fn in_the_catalogues_words(usage: &Usage) -> genai_prices::Usage {
    let [_, audio, _, cached_audio, five_minutes, hour, _, output_audio, reasoning] =
        by_kind(usage);
    genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, float(usage.total_input())),
        (UsageKey::INPUT_AUDIO_TOKENS, float(audio + cached_audio)),
        (UsageKey::CACHE_READ_TOKENS, float(usage.cache_read)),
        (UsageKey::CACHE_AUDIO_READ_TOKENS, float(cached_audio)),
        (UsageKey::CACHE_WRITE_TOKENS, float(usage.cache_write)),
        (UsageKey::CACHE_WRITE_5M_TOKENS, float(five_minutes)),
        (UsageKey::CACHE_WRITE_1H_TOKENS, float(hour)),
        (UsageKey::CACHE_AUDIO_WRITE_TOKENS, 0.0),
        (UsageKey::CACHE_AUDIO_WRITE_5M_TOKENS, 0.0),
        (UsageKey::CACHE_AUDIO_WRITE_1H_TOKENS, 0.0),
        (UsageKey::OUTPUT_TOKENS, float(usage.total_output())),
        (UsageKey::OUTPUT_AUDIO_TOKENS, float(output_audio)),
        (UsageKey::OUTPUT_REASONING_TOKENS, float(reasoning)),
        (UsageKey::OUTPUT_AUDIO_REASONING_TOKENS, 0.0),
    ])
}

/// Dollars as the nearest whole number of femtodollars. Price lists have at most nine decimals
/// a million tokens, which is exactly that.
fn femto(dollars: f64) -> Option<u64> {
    let femto = (dollars * FEMTO).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range, and whole"
    )]
    (0.0..1e18).contains(&femto).then_some(femto as u64)
}

#[expect(clippy::cast_precision_loss, reason = "probes are far below 2^53")]
const fn float(tokens: u64) -> f64 {
    tokens as f64
}
