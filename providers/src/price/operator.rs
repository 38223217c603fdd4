//! Prices that an operator sets.

use super::rates::Rates;

/// An operator's own price of some models. Amounts are US dollars per million tokens, in
/// decimals, like `0.075`.
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
    /// Whether it only holds where the catalogue and an operator's other prices have none.
    pub assume: bool,
}

/// An amount that is not a decimal number of dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "price of {model}: {field} is {amount:?}: write US dollars per million tokens as a decimal \
     number below a billion with at most nine decimals, like 0.075"
)]
pub struct PriceError {
    /// The model, as written.
    pub model: String,
    /// Which of the amounts.
    pub field: &'static str,
    /// The amount, as written.
    pub amount: String,
}

impl OperatorPrice {
    pub(super) fn rates(&self) -> Result<Rates, PriceError> {
        let amount = |field, amount: &str| {
            femto_per_token(amount).ok_or_else(|| PriceError {
                model: self.model.clone(),
                field,
                amount: amount.to_owned(),
            })
        };
        let input = amount("input", &self.input)?;
        let output = amount("output", &self.output)?;
        let cache = |field, value: &Option<String>| {
            value.as_deref().map_or(Ok(input), |value| amount(field, value))
        };
        let read = cache("cache_read", &self.cache_read)?;
        let write = cache("cache_write", &self.cache_write)?;
        Ok(Rates([input, input, read, read, write, write, output, output, output]))
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
