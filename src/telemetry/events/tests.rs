#![allow(clippy::unwrap_used)]

use super::*;
use crate::budget::Money;

fn threshold(of: &str) -> Event {
    Event::Threshold {
        budget: "daily".to_owned(),
        of: of.to_owned(),
        percent: 80,
        limit: Quantity::Usd(Money::from_nanos(10_000_000_000)),
        spent: Quantity::Usd(Money::from_nanos(8_020_000_000)),
        window_end: 1_795_305_600,
    }
}

#[test]
fn a_notice_says_what_happened_for_programs_and_for_people() {
    let event = threshold("ann");
    let mut notice = Notice::of(&event, "egret", "1".to_owned());
    notice.time.clear();
    assert_eq!(
        serde_json::to_string(&notice).unwrap(),
        r#"{"id":"1","time":"","gateway":"egret","event":"threshold","budget":"daily","of":"ann","percent":80,"unit":"usd","limit":"10.00","spent":"8.02","window_end":"2026-11-22T00:00:00Z","text":"budget daily of \"ann\": 80 % of $10.00 reached, $8.02 spent"}"#
    );
    assert_eq!(notice.label(), "threshold_80");
}

#[test]
fn an_audited_excess_is_told_without_a_threshold() {
    let (limit, spent) = (Quantity::Requests(10), Quantity::Requests(11));
    let event = Event::Exceeded { budget: "all".to_owned(), of: String::new(), limit, spent };
    let notice = Notice::of(&event, "egret", "1".to_owned());
    assert_eq!(notice.label(), "exceeded");
    let json = serde_json::to_string(&notice).unwrap();
    assert!(!json.contains("percent") && !json.contains("window_end"), "{json}");
    assert!(notice.text.starts_with("budget all: 11 requests spent"), "{}", notice.text);
}

/// S-55.
#[test]
fn a_counter_of_a_callers_naming_breaks_no_line() {
    let event = threshold("made\nup\x1b[2J");
    let notice = Notice::of(&event, "egret", "1".to_owned());
    assert!(!notice.text.contains(char::is_control), "{:?}", notice.text);
}
