#![allow(clippy::unwrap_used)]

use super::*;
use crate::budget::{Dimension, Scope, Window};
use crate::telemetry::Metrics;

fn balance(of: &str, spent: u64) -> Balance {
    let limit = Quantity::Tokens(100);
    Balance {
        budget: "each".to_owned(),
        scope: Scope::each(vec![Dimension::Caller]),
        of: of.to_owned(),
        window: Window::Day,
        limit,
        spent: limit.with(spent),
        reserved: limit.with(1),
        window_end: 0,
    }
}

fn render(metrics: &Metrics, balances: &[Balance]) -> String {
    let now = Now { balances, ledger_writable: true, ..Now::default() };
    String::from_utf8(metrics.render("egret", &now)).unwrap()
}

fn series<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let prefix = format!("{name}{{");
    text.lines().filter(|line| line.starts_with(&prefix)).collect()
}

/// S-29 and S-52: however many callers a budget has a counter for.
#[test]
fn a_budget_of_a_million_counters_is_a_bounded_number_of_series() {
    let mut balances: Vec<Balance> = (0..5000).map(|n| balance(&format!("c{n}"), 1)).collect();
    balances.push(balance("spender", 90));
    let metrics = Metrics::new().unwrap();
    let text = render(&metrics, &balances);
    let spent = series(&text, "egret_budget_spent");
    assert_eq!(spent.len(), 2001);
    let has = |of: &str, end: &str| {
        let of = format!("of=\"{of}\"");
        spent.iter().any(|line| line.contains(&of) && line.ends_with(end))
    };
    assert!(has("spender", " 90"), "those with the most spent are shown");
    assert!(has("(other)", " 3001"), "the others are added up");
    let left = series(&text, "egret_budget_remaining");
    let other = left.iter().find(|line| line.contains("(other)")).unwrap();
    assert!(other.ends_with(&format!(" {}", 3001 * 98)), "{other}");
}

#[test]
fn what_is_not_any_more_is_not_shown() {
    let metrics = Metrics::new().unwrap();
    let text = render(&metrics, &[balance("ann", 5)]);
    assert_eq!(
        series(&text, "egret_budget_limit"),
        [
            r#"egret_budget_limit{budget="each",gateway="egret",of="ann",per="caller",unit="tokens",window="day"} 100"#
        ]
    );
    assert_eq!(
        series(&text, "egret_ledger_writable"),
        [r#"egret_ledger_writable{gateway="egret"} 1"#]
    );
    assert!(series(&render(&metrics, &[]), "egret_budget_limit").is_empty());
}

#[test]
fn a_store_and_estimates_are_shown_where_there_are_any() {
    let metrics = Metrics::new().unwrap();
    let store = StoreStatus {
        reachable: false,
        last_sync: Some(std::time::Duration::from_millis(1500)),
        failures: 3,
        passed: 5,
        waits: 7,
    };
    let of = |n: u32| Accuracy {
        model: format!("m{n}").into(),
        calls: u64::from(n),
        median: 0.05,
        p90: 0.25,
        low: 0.0,
    };
    let accuracy: Vec<Accuracy> = (0..300).map(of).collect();
    let now = Now { store: Some(store), accuracy: &accuracy, ..Now::default() };
    for _ in 0..2 {
        let text = String::from_utf8(metrics.render("egret", &now)).unwrap();
        for line in [
            r#"egret_store_reachable{gateway="egret"} 0"#,
            r#"egret_store_sync_age_seconds{gateway="egret"} 1.5"#,
            r#"egret_store_failures_total{gateway="egret"} 3"#,
            r#"egret_store_outage_calls_total{gateway="egret"} 5"#,
            r#"egret_store_waits_total{gateway="egret"} 7"#,
            r#"egret_estimate_error_ratio{gateway="egret",model="m299",quantile="0.5"} 0.05"#,
            r#"egret_estimate_error_ratio{gateway="egret",model="m299",quantile="0.9"} 0.25"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing from\n{text}");
        }
        assert_eq!(series(&text, "egret_estimate_error_ratio").len(), 400, "S-52");
    }
    let text = render(&metrics, &[]);
    assert!(!text.contains("egret_store_") && !text.contains("egret_estimate_error_ratio"));
}
