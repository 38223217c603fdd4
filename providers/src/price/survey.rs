//! Reading a model's rates out of the catalogue.
//!
//! The crate tells what a usage costs, not what a token does. But its cost is a sum of rate times
//! tokens, with rates that depend on nothing but the total of input tokens: so usages of one kind
//! tell the rates, and usages of growing input tell where they change.

use std::time::SystemTime;

use genai_prices::{Calculator, ErrorKind, PriceRequest, UsageKey};

use super::rates::{CallRates, Kind, Rates, Tier, by_kind};
use crate::conversation::Usage;

/// Femtodollars in a dollar.
const FEMTO: f64 = 1e15;

/// Total inputs between which no two tiers begin and end: a quarter apart, to 100 million tokens.
const FIRST_STEP: u64 = 512;
const LAST_STEP: u64 = 100_000_000;

/// More tiers than any price list has.
const TIERS_MAX: usize = 16;

/// One model, asked about.
#[derive(Clone, Copy)]
pub(super) struct Survey<'a> {
    provider: &'a str,
    model: &'a str,
    at: SystemTime,
    /// How soon it is served, in the catalogue's word.
    service: Option<&'static str>,
}

/// What the catalogue says of a model.
pub(super) struct Found {
    pub(super) standard: Vec<Tier>,
    /// Where they are others than the standard's.
    pub(super) flex: Option<Vec<Tier>>,
    pub(super) priority: Option<Vec<Tier>>,
    /// Due for every call, in femtodollars.
    pub(super) per_call: u64,
    /// Whether it sells output.
    pub(super) generates: bool,
    /// Femtodollars for each, where it knows them.
    web_search: Option<u64>,
    file_search: Option<u64>,
}

impl Found {
    /// What tools cost: the catalogue's word, else what is usual.
    pub(super) fn calls(&self, usual: CallRates) -> CallRates {
        CallRates {
            web_search: self.web_search.unwrap_or(usual.web_search),
            file_search: self.file_search.unwrap_or(usual.file_search),
            ..usual
        }
    }
}

/// What a token costs that nobody sells: a dollar, which no budget lets pass.
const UNSOLD: u64 = 1_000_000_000_000_000;

impl<'a> Survey<'a> {
    pub(super) const fn new(provider: &'a str, model: &'a str, at: SystemTime) -> Self {
        Self { provider, model, at, service: None }
    }

    /// All that it costs. `None` where the catalogue has no prices of this model's input tokens:
    /// it lists models that it has no price of, and those that are sold by the page or the second.
    pub(super) fn run(self) -> Option<Found> {
        if !self.sells(UsageKey::CACHE_READ_TOKENS) {
            return None;
        }
        let generates = self.sells(UsageKey::OUTPUT_REASONING_TOKENS);
        let mut standard = self.tiers()?;
        if !generates {
            for tier in &mut standard {
                for (rate, kind) in tier.rates.0.iter_mut().zip(Kind::ALL) {
                    *rate = if kind.is_output() { UNSOLD } else { *rate };
                }
            }
        }
        Some(Found {
            flex: self.served("flex", &standard),
            priority: self.served("priority", &standard),
            per_call: femto(self.dollars(&Usage::default())?)?,
            generates,
            web_search: self.call(UsageKey::WEB_SEARCHES),
            file_search: self.call(UsageKey::STORAGE_SEARCHES),
            standard,
        })
    }

    /// All tiers for a call that is served so; `None` where they are the standard's.
    fn served(self, service: &'static str, standard: &[Tier]) -> Option<Vec<Tier>> {
        let served = Self { service: Some(service), ..self };
        let base = Usage { input: 1, output: 1, ..Usage::default() };
        (self.dollars(&base) != served.dollars(&base)).then(|| served.tiers())?.filter(|tiers| {
            // The catalogue knows no other tiers of what has no output.
            tiers != standard
        })
    }

    /// Femtodollars for one call of a tool, where there is a price.
    fn call(self, tool: UsageKey) -> Option<u64> {
        let usage = genai_prices::Usage::from([(tool, 1.0)]);
        let cost = Calculator::bundled().calculate(&self.request(&usage)).ok()?.total_price;
        femto(cost - self.dollars(&Usage::default())?).filter(|femto| *femto > 0)
    }

    fn tiers(self) -> Option<Vec<Tier>> {
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
        Some(tiers)
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

    /// Whether these are still the rates at this total of input, seen by usages of all kinds.
    fn holds(&self, rates: &Rates, input: u64, per_call: f64) -> Option<bool> {
        let share = input / 8;
        let spoken = Usage {
            cache_read: 2 * share,
            cache_write: 2 * share,
            cache_write_1h: share,
            input: input - 4 * share,
            audio_input: input - 3 * share,
            output: 2 * input,
            audio_output: input,
            reasoning: input,
            ..Usage::default()
        };
        let shown = Usage {
            audio_input: share,
            image_input: share,
            video_input: share,
            output: 4 * input,
            image_output: input,
            video_output: input,
            ..spoken
        };
        for usage in [spoken, shown] {
            // Either is off by a few units in the last of 15 digits at most.
            #[expect(clippy::cast_precision_loss, reason = "compared with a tolerance")]
            let expected = rates.of(&usage) as f64 / FEMTO + per_call;
            if (self.dollars(&usage)? - expected).abs() > 1e-9 * expected {
                return Some(false);
            }
        }
        Some(true)
    }

    /// What the catalogue says a usage costs, in dollars.
    fn dollars(&self, usage: &Usage) -> Option<f64> {
        let usage = in_the_catalogues_words(usage);
        Some(Calculator::bundled().calculate(&self.request(&usage)).ok()?.total_price)
    }

    fn request<'u>(&'u self, usage: &'u genai_prices::Usage) -> PriceRequest<'u> {
        let request = PriceRequest::new(self.model, usage)
            .with_provider_id(self.provider)
            .with_timestamp(self.at);
        match self.service {
            Some(tier) => request.with_price_context("service_tier", tier),
            None => request,
        }
    }
}

/// Parts of parts that no provider tells; the catalogue wants each of them said.
const UNTOLD: [UsageKey; 16] = [
    UsageKey::CACHE_AUDIO_WRITE_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_5M_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_1H_TOKENS,
    UsageKey::CACHE_IMAGE_READ_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_5M_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_1H_TOKENS,
    UsageKey::CACHE_VIDEO_READ_TOKENS,
    UsageKey::CACHE_VIDEO_WRITE_TOKENS,
    UsageKey::CACHE_VIDEO_WRITE_5M_TOKENS,
    UsageKey::CACHE_VIDEO_WRITE_1H_TOKENS,
    UsageKey::OUTPUT_AUDIO_REASONING_TOKENS,
    UsageKey::OUTPUT_IMAGE_REASONING_TOKENS,
    UsageKey::OUTPUT_VIDEO_REASONING_TOKENS,
    UsageKey::WEB_SEARCHES,
    UsageKey::STORAGE_SEARCHES,
];

/// The same tokens as nested counts, which is how the catalogue wants them.
fn in_the_catalogues_words(usage: &Usage) -> genai_prices::Usage {
    let [
        _,
        audio,
        image,
        video,
        _,
        cached_audio,
        five_minutes,
        hour,
        _,
        output_audio,
        output_image,
        output_video,
        reasoning,
    ] = by_kind(usage);
    let told = [
        (UsageKey::INPUT_TOKENS, usage.total_input()),
        (UsageKey::INPUT_AUDIO_TOKENS, audio + cached_audio),
        (UsageKey::INPUT_IMAGE_TOKENS, image),
        (UsageKey::INPUT_VIDEO_TOKENS, video),
        (UsageKey::CACHE_READ_TOKENS, usage.cache_read),
        (UsageKey::CACHE_AUDIO_READ_TOKENS, cached_audio),
        (UsageKey::CACHE_WRITE_TOKENS, usage.cache_write),
        (UsageKey::CACHE_WRITE_5M_TOKENS, five_minutes),
        (UsageKey::CACHE_WRITE_1H_TOKENS, hour),
        (UsageKey::OUTPUT_TOKENS, usage.total_output()),
        (UsageKey::OUTPUT_AUDIO_TOKENS, output_audio),
        (UsageKey::OUTPUT_IMAGE_TOKENS, output_image),
        (UsageKey::OUTPUT_VIDEO_TOKENS, output_video),
        (UsageKey::OUTPUT_REASONING_TOKENS, reasoning),
    ];
    let untold = UNTOLD.into_iter().map(|key| (key, 0));
    told.into_iter().chain(untold).map(|(key, tokens)| (key, float(tokens))).collect()
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
