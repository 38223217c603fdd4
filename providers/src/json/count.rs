//! Counts, as providers write them.

/// The most that a count of tokens can be: beyond 2^53 there are numbers that JavaScript and most
/// JSON libraries can't tell apart, and no model that reads as many.
const MOST: u64 = 1 << 53;

/// Reads a number of things, from 0 to 2^53. A part of one is one. `None` for all else: what a
/// provider writes in the place of a count may be anything (S-43).
pub(crate) fn count(text: &str) -> Option<u64> {
    // Rust reads numbers that JSON has not: infinities, `+1`, `.5`.
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    let number = text.parse::<u64>().ok().or_else(|| {
        let number = text.parse::<f64>().ok()?;
        (0.0..=MOST as f64).contains(&number).then_some(number.ceil() as u64)
    })?;
    (number <= MOST).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_count_is_none() {
        for (text, read) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("7.2", Some(8)),
            ("1e3", Some(1000)),
            ("4294967296", Some(4_294_967_296)),
            ("9007199254740992", Some(MOST)),
            ("9007199254740993", None),
            ("18446744073709551616", None),
            ("1e999", None),
            ("-1", None),
            ("-0.1", None),
            ("-1e999", None),
            ("NaN", None),
            ("inf", None),
            ("+1", None),
            ("\"7\"", None),
            ("null", None),
            ("true", None),
            ("[7]", None),
            ("", None),
        ] {
            assert_eq!(count(text), read, "{text}");
        }
    }
}
