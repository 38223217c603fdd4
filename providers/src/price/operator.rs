//! Prices that an operator sets.

use super::rates::{CallRates, Kind, Rates};

/// An operator's own price of some models. Amounts are US dollars, in decimals, like `0.075`:
/// those of tokens per million of them, those of tools per thousand calls. What a provider charges
/// for each call besides is as the catalogue has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorPrice {
    /// The model's name, or a pattern with `*`.
    pub model: String,
    /// Input.
    pub input: String,
    /// Output, reasoning included.
    pub output: String,
    /// Input read from the prompt cache; as input where there is none.
    pub cache_read: Option<String>,
    /// Input written into the prompt cache, however long it is kept; as input where there is none.
    pub cache_write: Option<String>,
    /// A thousand searches of the web; as the catalogue has it where there is none.
    pub web_search: Option<String>,
    /// A thousand searches of files that the provider keeps; as the catalogue has it where there
    /// is none.
    pub file_search: Option<String>,
    /// A thousand containers in which the provider ran code; as the catalogue has it where there
    /// is none.
    pub code_session: Option<String>,
    /// A thousand images that another model made; as the catalogue has it where there is none.
    pub image: Option<String>,
    /// Holds only where nobody else knows a price: neither the catalogue nor another price of the
    /// operator's.
    pub assume: bool,
}

/// An amount that is not a decimal number of dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "price of {model}: {field} is {amount:?}: write US dollars per {unit} as a decimal number \
     below a {below} with at most nine decimals, like 0.075"
)]
pub struct PriceError {
    /// The model, as written.
    pub model: String,
    /// Which of the amounts.
    pub field: &'static str,
    /// The amount, as written.
    pub amount: String,
    /// What of.
    unit: &'static str,
    below: &'static str,
}

/// An operator's price, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) rates: Rates,
    /// Those of tools that the operator has set.
    web_search: Option<u64>,
    file_search: Option<u64>,
    code_session: Option<u64>,
    image: Option<u64>,
}

impl OperatorPrice {
    pub(super) fn read(&self) -> Result<Own, PriceError> {
        let tokens = |field, amount: &str| {
            femto_per_token(amount)
                .ok_or_else(|| self.error(field, amount, ["million tokens", "billion"]))
        };
        let input = tokens("input", &self.input)?;
        let output = tokens("output", &self.output)?;
        let cache = |field, value: &Option<String>| {
            value.as_deref().map_or(Ok(input), |value| tokens(field, value))
        };
        let read = cache("cache_read", &self.cache_read)?;
        let write = cache("cache_write", &self.cache_write)?;
        let calls = |field, amount: &Option<String>| {
            let wrong = |amount: &str| self.error(field, amount, ["thousand calls", "million"]);
            let amount = amount.as_deref();
            amount.map(|amount| femto_per_call(amount).ok_or_else(|| wrong(amount))).transpose()
        };
        Ok(Own {
            rates: Rates(Kind::ALL.map(|kind| match kind {
                Kind::CacheRead | Kind::CacheReadAudio => read,
                Kind::CacheWrite | Kind::CacheWrite1h => write,
                kind if kind.is_output() => output,
                _ => input,
            })),
            web_search: calls("web_search", &self.web_search)?,
            file_search: calls("file_search", &self.file_search)?,
            code_session: calls("code_session", &self.code_session)?,
            image: calls("image", &self.image)?,
        })
    }

    fn error(&self, field: &'static str, amount: &str, said: [&'static str; 2]) -> PriceError {
        let [unit, below] = said;
        let (model, amount) = (self.model.clone(), amount.to_owned());
        PriceError { model, field, amount, unit, below }
    }
}

impl Own {
    /// What tools cost: the operator's word, else everybody's.
    pub(super) fn calls(&self, usual: CallRates) -> CallRates {
        CallRates {
            web_search: self.web_search.unwrap_or(usual.web_search),
            file_search: self.file_search.unwrap_or(usual.file_search),
            code_session: self.code_session.unwrap_or(usual.code_session),
            image: self.image.unwrap_or(usual.image),
        }
    }
}

/// Nine decimals of a dollar per million tokens: a femtodollar per token.
const DECIMALS: usize = 9;

/// Reads dollars per million tokens as femtodollars per token, exactly.
fn femto_per_token(amount: &str) -> Option<u64> {
    let (whole, decimals) = amount.split_once('.').unwrap_or((amount, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let sized = matches!(whole.len(), 1..=9) && matches!(decimals.len(), 1..=DECIMALS);
    if !sized || !digits(whole) || !digits(decimals) {
        return None;
    }
    format!("{whole}{decimals:0<DECIMALS$}").parse().ok()
}

/// Reads dollars per thousand calls as femtodollars per call, exactly.
pub(super) fn femto_per_call(amount: &str) -> Option<u64> {
    let below_a_million = amount.split('.').next().is_some_and(|whole| whole.len() <= 6);
    femto_per_token(amount).filter(|_| below_a_million)?.checked_mul(1000)
}
