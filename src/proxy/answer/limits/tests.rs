use super::*;
use crate::budget::{Money, Scope, Window};

const NOW: Duration = Duration::from_millis(1_000_500);

fn balance(limit: Quantity, spent: u64, window_end: i64) -> Balance {
    let (scope, of, budget) = (Scope::TOTAL, String::new(), "b".to_owned());
    let (spent, reserved) = (limit.with(spent), limit.with(0));
    Balance { budget, scope, of, window: Window::Day, limit, spent, reserved, window_end }
}

fn shown(surface: Schema, balances: &[Balance], room: Option<Room>) -> Vec<String> {
    let told = told(surface, balances, room.as_ref(), NOW);
    told.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn openai_hears_of_the_tightest_limits() {
    let balances = [
        balance(Quantity::Requests(1000), 10, 87_400),
        balance(Quantity::Requests(100), 99, 1361),
        balance(Quantity::Tokens(5000), 200, 1001),
        balance(Quantity::OutputTokens(7), 0, 2000),
        balance(Quantity::Usd(Money::from_nanos(7)), 0, 2000),
    ];
    let room = Room { limit: 10, remaining: 4, reset: Duration::from_secs(1) };
    assert_eq!(
        shown(Schema::Chat, &balances, Some(room)),
        [
            "x-ratelimit-limit-requests: 100",
            "x-ratelimit-remaining-requests: 1",
            "x-ratelimit-reset-requests: 6m0.5s",
            "x-ratelimit-limit-tokens: 5000",
            "x-ratelimit-remaining-tokens: 4800",
            "x-ratelimit-reset-tokens: 500ms",
        ]
    );
}

#[test]
fn anthropic_hears_of_each_kind_of_tokens() {
    let balances = [
        balance(Quantity::InputTokens(500), 600, 1361),
        balance(Quantity::OutputTokens(7), 0, 1_767_225_600),
    ];
    let room = Room { limit: 10, remaining: 4, reset: Duration::from_millis(1300) };
    assert_eq!(
        shown(Schema::Claude, &balances, Some(room)),
        [
            "anthropic-ratelimit-requests-limit: 10",
            "anthropic-ratelimit-requests-remaining: 4",
            "anthropic-ratelimit-requests-reset: 1970-01-01T00:16:42Z",
            "anthropic-ratelimit-input-tokens-limit: 500",
            "anthropic-ratelimit-input-tokens-remaining: 0",
            "anthropic-ratelimit-input-tokens-reset: 1970-01-01T00:22:41Z",
            "anthropic-ratelimit-output-tokens-limit: 7",
            "anthropic-ratelimit-output-tokens-remaining: 7",
            "anthropic-ratelimit-output-tokens-reset: 2026-01-01T00:00:00Z",
        ]
    );
    assert!(shown(Schema::Gemini, &balances, Some(room)).is_empty());
}

#[test]
fn durations_are_written_as_openai_does() {
    for (millis, text) in [
        (0, "0ms"),
        (120, "120ms"),
        (1000, "1s"),
        (8640, "8.64s"),
        (60_000, "1m0s"),
        (360_000, "6m0s"),
        (3_600_000, "1h0m0s"),
        (90_061_005, "25h1m1.005s"),
    ] {
        assert_eq!(duration(Duration::from_millis(millis)), text);
    }
}
