//! S-43: what a provider says an answer cost may be wrong in every way.

use egret::simulator::Reported;

use crate::budget::priced;
use crate::support::provider::{Prices, all, model};
use crate::support::speak::said;
use crate::support::{Config, Fault, Gateway, Provider, Running, ask};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

fn generous(simulators: &[Running; 3]) -> Config {
    priced(simulators, "{ name: money, per: total, limit: 1000 USD, window: month }")
}

/// The charge and the bill of one answer whose usage is reported so.
async fn charged(reported: Reported, streams: &[bool]) -> Vec<(String, u64, u64)> {
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    let mut charges = Vec::new();
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            for stream in streams.iter().copied() {
                let before = gateway.settled().await.spent_nanos("money");
                let owed = PRICES.of(&simulator.bill().read());
                simulator.script().next_n(1, [Fault::Usage(reported)]);
                let answer =
                    ask(&gateway, surface, model(provider), "some words to bill", stream).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                assert!(said(surface, &answer, stream).is_some(), "{}", answer.text);
                let spent = gateway.settled().await.spent_nanos("money") - before;
                let owed = PRICES.of(&simulator.bill().read()) - owed;
                let case = format!("{} to {}, {stream}", surface.name(), provider.name());
                charges.push((case, spent, owed));
            }
        }
    }
    charges
}

#[tokio::test]
async fn s_43_usage_that_is_absent_is_charged_as_estimated() {
    for (case, spent, owed) in charged(Reported::Absent, &[false, true]).await {
        assert!(spent > owed, "{case}: {spent} for {owed}");
    }
}

/// A stream may be longer than anybody expected; what has come is paid for.
#[tokio::test]
async fn s_43_a_long_stream_without_usage_is_charged_for_what_has_come() {
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    let words = "[[bytes 400000]] [[usage absent]]";
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        let before = gateway.settled().await.spent_nanos("money");
        let owed = PRICES.of(&simulator.bill().read());
        let answer = ask(&gateway, Provider::Gemini, model(provider), words, true).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let spent = gateway.settled().await.spent_nanos("money") - before;
        let owed = PRICES.of(&simulator.bill().read()) - owed;
        assert!(spent >= owed, "{}: {spent} for {owed}", provider.name());
    }
}

#[tokio::test]
async fn s_43_usage_of_zero_is_not_believed() {
    for (case, spent, owed) in charged(Reported::Zero, &[false, true]).await {
        assert!(spent >= owed, "{case}: {spent} for {owed}");
    }
}

#[tokio::test]
async fn s_43_usage_that_is_told_twice_counts_once() {
    for (case, spent, owed) in charged(Reported::Duplicated, &[true]).await {
        assert_eq!(spent, owed, "{case}");
    }
}

/// The most that was said counts. Claude's simulator says the truth of its input only.
#[tokio::test]
async fn s_43_usage_that_decreases_counts_as_its_most() {
    for (case, spent, owed) in charged(Reported::Decreasing, &[true]).await {
        if case.contains("to claude") {
            assert!(spent > PRICES.input + PRICES.output, "{case}: {spent}");
        } else {
            assert_eq!(spent, owed, "{case}");
        }
    }
}

/// 2^52 tokens at these prices are more dollars than there are; nothing overflows.
#[tokio::test]
async fn s_43_usage_beyond_all_measure_uses_the_budget_up() {
    for stream in [false, true] {
        let simulators = all().await;
        let gateway = Gateway::start(generous(&simulators)).await;
        simulators[0].script().next_n(1, [Fault::Usage(Reported::Huge)]);
        let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", stream).await;
        assert_eq!(answer.status, 200);
        let metrics = gateway.settled().await;
        assert!(metrics.spent_nanos("money") > 1_000_000_000_000);
        assert_eq!(metrics.sum("egret_budget_remaining", &["budget=\"money\""]), 0.0);
        let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", stream).await;
        assert_eq!(answer.status, 429, "{}", answer.text);
    }
}
