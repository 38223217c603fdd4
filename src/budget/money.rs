//! Money: whole nano-dollars.

use std::{fmt, str::FromStr};

use super::Invalid;

const NANOS: u64 = 1_000_000_000;
const DIGITS: usize = 9;

/// An amount of US dollars, exact to the nano-dollar (a token of a cheap model costs tens of
/// them), up to 18 billion dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(u64::MAX);

    /// So many nano-dollars.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// In nano-dollars.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The difference, at least nothing.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The bare number, exact: `0.004213`, in cents at least.
    pub fn decimal(self) -> String {
        self.to_string().split_off(1)
    }
}

impl FromStr for Money {
    type Err = Invalid;

    /// Reads `10 USD`, `0.5 USD` or `$10`: digits, and up to nine more behind a point.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(text, "an amount such as 10 USD, 0.5 USD or $10");
        let trimmed = text.trim();
        let number = match trimmed.strip_prefix('$') {
            Some(number) => number,
            None => trimmed.strip_suffix("USD").ok_or_else(invalid)?.trim_end(),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > DIGITS {
            return Err(invalid());
        }
        let whole: u64 = whole.parse().map_err(|_| invalid())?;
        let fraction: u64 = format!("{fraction:0<DIGITS$}").parse().map_err(|_| invalid())?;
        let nanos = whole.checked_mul(NANOS).and_then(|nanos| nanos.checked_add(fraction));
        nanos.map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for Money {
    /// `$0.004213`: exact, in cents at least. A precision rounds: `{:.4}` gives `$0.0042`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keep = f.precision().map(|digits| digits.min(DIGITS));
        let dropped = u32::try_from(DIGITS - keep.unwrap_or(DIGITS)).unwrap_or(0);
        let step = 10_u128.pow(dropped);
        let nanos = (u128::from(self.0) + step / 2) / step * step;
        let (whole, fraction) = (nanos / u128::from(NANOS), nanos % u128::from(NANOS));
        let fraction = format!("{fraction:0DIGITS$}");
        let shown = match keep {
            Some(digits) => fraction.get(..digits).unwrap_or_default(),
            None => {
                let significant = fraction.trim_end_matches('0').len().max(2);
                fraction.get(..significant).unwrap_or_default()
            }
        };
        let point = if shown.is_empty() { "" } else { "." };
        let text = format!("${whole}{point}{shown}");
        let blank = f.width().unwrap_or(0).saturating_sub(text.len());
        write!(f, "{:blank$}{text}", "")
    }
}
