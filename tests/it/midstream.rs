//! What breaks once the first byte has reached the caller: told in the stream, never sent again.

use futures_util::future::join_all;

use crate::budget::priced_in;
use crate::support::provider::{Prices, all, arrived, model};
use crate::support::speak::{events, in_band_error, said};
use crate::support::{Config, Fault, Gateway, Provider, Running, ask, until};

/// Each provider's models first at that provider, then at a spare one that must never be asked.
fn with_spare(simulators: &[Running; 3], spare: &Running, more: &str) -> Config {
    simulators.iter().fold(Config::new().backend("spare", spare), |config, simulator| {
        let name = simulator.provider().name();
        let model = model(simulator.provider());
        config.backend_with(name, simulator, more).route(&format!(
            "models: [{model}], backends: [{name}, {{ backend: spare, model: gpt-4o-mini }}]"
        ))
    })
}

/// Asserts that a stream began, and ended with an error of its schema and not as if it were whole.
#[track_caller]
fn ended_with_error(surface: Provider, text: &str, case: &str) {
    let events = events(text);
    let last = events.last().unwrap_or_else(|| panic!("{case}: {text}"));
    assert!(in_band_error(surface, last).is_some(), "{case}: {text}");
    assert!(text.contains("here:"), "{case} had begun: {text}");
    let whole = ["[DONE]", "message_stop", "\"finishReason\"", "\"finish_reason\":\"stop\""];
    for mark in whole {
        assert!(!text.contains(mark), "{case} looks whole ({mark}): {text}");
    }
}

async fn breaks_with(fault: Fault, more: &str) {
    let simulators = all().await;
    let spare = crate::support::provider::simulate(Provider::OpenAi, "sk-spare").await;
    let gateway = Gateway::start(with_spare(&simulators, &spare, more)).await;
    // The three side by side: a provider that stalls takes its time.
    join_all(simulators.each_ref().map(|simulator| async {
        for surface in Provider::ALL {
            simulator.script().next_n(1, [fault.clone()]);
            let before = arrived(simulator);
            let model = model(simulator.provider());
            let answer = ask(&gateway, surface, model, "one two three four", true).await;
            let case = format!("{} from {}", surface.name(), simulator.provider().name());
            assert_eq!(answer.status, 200, "{case}: {}", answer.text);
            ended_with_error(surface, &answer.text, &case);
            assert_eq!(arrived(simulator), before + 1, "{case}");
            // The attack's clean follow-up, which also keeps the backend from being left alone.
            let answer = ask(&gateway, surface, model, "well", true).await;
            assert_eq!(said(surface, &answer, true), Some(format!("{model} here: well")));
        }
    }))
    .await;
    assert_eq!(arrived(&spare), 0, "nothing is sent again");
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_estimated_charges_total", &[]), 9);
}

#[tokio::test]
async fn a_cut_stream_ends_with_an_error_in_the_callers_schema() {
    breaks_with(Fault::Cut(6), "http: auto").await;
}

#[tokio::test]
async fn a_cut_stream_over_http1_ends_with_an_error_in_the_callers_schema() {
    breaks_with(Fault::Cut(6), "http: h1").await;
}

#[tokio::test]
async fn an_error_event_reaches_the_caller_in_its_schema() {
    breaks_with(Fault::Error(6, 503), "http: auto").await;
}

#[tokio::test]
async fn a_stream_that_stalls_ends_with_an_error_in_the_callers_schema() {
    breaks_with(Fault::Stall(Some(6)), "timeouts: { connect: 60s, idle: 3s }").await;
}

/// A caller that leaves takes the provider's stream with it, and is charged for what it may cost.
#[tokio::test]
async fn a_caller_that_leaves_ends_the_providers_stream() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for simulator in &simulators {
        let endless = "[[chunks 100000 every 20ms]]";
        for surface in Provider::ALL {
            let before = simulator.counts().aborted;
            let model = model(simulator.provider());
            let request = crate::support::speak::request(
                &gateway.client,
                &gateway,
                surface,
                model,
                endless,
                true,
            );
            // Without the limit, which would end the answer.
            let mut response = request.send().await.unwrap();
            assert!(response.chunk().await.unwrap().is_some());
            drop(response);
            until("the provider's stream is let go", || async {
                simulator.counts().aborted > before
            })
            .await;
        }
    }
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_estimated_charges_total", &[]), 9);
}

/// What breaks off half way may be billed whole, so it is charged at least that; what follows is
/// charged as billed.
#[tokio::test]
async fn what_breaks_off_is_charged_at_least_the_bill() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 1000 USD, window: month }";
    let prices = Prices { input: 500, cached: 125, output: 8000 };
    let config = Config::serving(&simulators.each_ref());
    let gateway = Gateway::start(priced_in(config, prices, budget)).await;
    for fault in [Fault::Cut(6), Fault::Error(6, 503), Fault::Error(6, 429)] {
        for simulator in &simulators {
            for surface in Provider::ALL {
                let before = gateway.settled().await.spent_nanos("money");
                let owed = prices.of(&simulator.bill().read());
                let model = model(simulator.provider());
                simulator.script().next_n(1, [fault.clone()]);
                let answer = ask(&gateway, surface, model, "one two three four", true).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                let spent = gateway.settled().await.spent_nanos("money") - before;
                let due = prices.of(&simulator.bill().read()) - owed;
                let case = format!("{fault:?}, {} to {model}", surface.name());
                assert!(due > 0 && spent >= due, "{case}: {spent} for {due}");
                let (before, owed) = (before + spent, owed + due);
                let answer = ask(&gateway, surface, model, "well", true).await;
                assert!(said(surface, &answer, true).is_some(), "{case}: {}", answer.text);
                let spent = gateway.settled().await.spent_nanos("money") - before;
                assert_eq!(spent, prices.of(&simulator.bill().read()) - owed, "{case}");
            }
        }
    }
}
