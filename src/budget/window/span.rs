//! How long a rolling window is.

use std::{fmt, str::FromStr};

use super::{DAY, HOUR, Invalid, MINUTE};

/// The longest: a leap year.
const LONGEST: i64 = 366 * DAY;
/// Slices that a rolling window is counted in, at most: it is long by one of them too much.
const SLICES: i64 = 60;
/// The longest comes first.
const UNITS: [(&str, i64); 4] = [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)];

/// The length of a rolling window, from one second to 366 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span(i64);

impl Span {
    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// How long the slices are that it is counted in: a sixtieth of it, in whole seconds.
    pub(super) const fn slice(self) -> i64 {
        (self.0 + SLICES - 1) / SLICES
    }
}

impl FromStr for Span {
    type Err = Invalid;

    /// Reads `45s`, `90m`, `5h` or `30d`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(text, "a span of 1s to 366d, such as 90m, 5h or 30d");
        let split =
            UNITS.iter().find_map(|(unit, length)| Some((text.strip_suffix(unit)?, length)));
        let (number, length) = split.ok_or_else(invalid)?;
        let plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let count: Option<i64> = if plain { number.parse().ok() } else { None };
        let seconds = count.and_then(|count| count.checked_mul(*length));
        let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
        seconds.map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for Span {
    /// In the longest unit that it is a whole number of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, length)| self.0 % length == 0);
        let (unit, length) = whole.unwrap_or(&("s", 1));
        write!(f, "{}{unit}", self.0 / length)
    }
}
