//! Rate limits in each surface's own headers, as its SDKs and agents read them: filled in from the
//! gateway's budgets and rates, since the provider's own are about the gateway's account.

use std::time::Duration;

use http::HeaderName;
use jiff::Timestamp;
use providers::Schema;

use crate::budget::rate::Room;
use crate::budget::{Balance, Quantity};

/// What a surface's headers say of one limit.
#[derive(Clone, Copy)]
struct Limit {
    limit: u64,
    remaining: u64,
    /// From now.
    reset: Duration,
}

/// Names of the limit, of what remains of it, and of when it is whole again.
type Names = [HeaderName; 3];

const fn names(limit: &'static str, remaining: &'static str, reset: &'static str) -> Names {
    [
        HeaderName::from_static(limit),
        HeaderName::from_static(remaining),
        HeaderName::from_static(reset),
    ]
}

/// What is counted, in the words of [`Quantity::unit`], and how OpenAI tells of it.
const OPENAI: [(&str, Names); 2] = [
    (
        "requests",
        names(
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ),
    ),
    (
        "tokens",
        names(
            "x-ratelimit-limit-tokens",
            "x-ratelimit-remaining-tokens",
            "x-ratelimit-reset-tokens",
        ),
    ),
];

/// The same for Anthropic.
const ANTHROPIC: [(&str, Names); 4] = [
    (
        "requests",
        names(
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ),
    ),
    (
        "tokens",
        names(
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
        ),
    ),
    (
        "input_tokens",
        names(
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ),
    ),
    (
        "output_tokens",
        names(
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ),
    ),
];

/// The headers of a surface; Gemini has none. `now` is since the Unix epoch.
pub fn told(
    surface: Schema,
    balances: &[Balance],
    room: Option<&Room>,
    now: Duration,
) -> Vec<(HeaderName, String)> {
    let table: &[(&str, Names)] = match surface {
        Schema::Chat | Schema::Responses => &OPENAI,
        Schema::Claude => &ANTHROPIC,
        Schema::Gemini => &[],
    };
    let shown = if surface == Schema::Claude { time } else { |_, reset| duration(reset) };
    let mut told = Vec::with_capacity(3 * table.len());
    for (unit, [limit, remaining, reset]) in table {
        let Some(tightest) = tightest(unit, balances, room, now) else { continue };
        told.push((limit.clone(), tightest.limit.to_string()));
        told.push((remaining.clone(), tightest.remaining.to_string()));
        told.push((reset.clone(), shown(now, tightest.reset)));
    }
    told
}

/// Of the limits in this unit the one that has the least left.
fn tightest(unit: &str, balances: &[Balance], room: Option<&Room>, now: Duration) -> Option<Limit> {
    let budgets = balances.iter().filter(|balance| balance.limit.unit() == unit).map(|balance| {
        let end = u64::try_from(balance.window_end).unwrap_or(0);
        Limit {
            limit: balance.limit.count(),
            remaining: balance.remaining().count(),
            reset: Duration::from_secs(end).saturating_sub(now),
        }
    });
    let rate = room.filter(|_| unit == Quantity::Requests(0).unit()).map(|room| Limit {
        limit: u64::from(room.limit),
        remaining: u64::from(room.remaining),
        reset: room.reset,
    });
    budgets.chain(rate).min_by_key(|limit| limit.remaining)
}

/// As OpenAI writes durations: `6m0s`, `1s`, `8.64s`, `120ms`.
fn duration(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        return format!("{}ms", span.as_millis());
    }
    let (seconds, millis) = (span.as_secs(), span.subsec_millis());
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = match (hours, minutes) {
        (0, 0) => rest.to_string(),
        (0, _) => format!("{minutes}m{rest}"),
        _ => format!("{hours}h{minutes}m{rest}"),
    };
    if millis > 0 {
        text += format!(".{millis:03}").trim_end_matches('0');
    }
    text + "s"
}

/// When that is, in RFC 3339, to the second.
fn time(now: Duration, reset: Duration) -> String {
    let at = now + reset;
    let at = at.as_secs() + u64::from(at.subsec_nanos() > 0);
    let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok());
    at.unwrap_or(Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests;
