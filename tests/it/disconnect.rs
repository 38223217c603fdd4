//! S-23: leaving early is no way to get tokens for nothing, whatever the backend's policy is.

use crate::budget::priced_in;
use crate::support::provider::{Prices, all, arrived, model};
use crate::support::speak::{request, said};
use crate::support::{Config, Gateway, Provider, Running, ask, until};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };
const DRAIN: &str = "on_disconnect: { drain: 60s }";
const BUDGET: &str = "{ name: money, per: total, limit: 1000 USD, window: month }";

/// What becomes of an answer whose caller has gone, and how a backend says so.
#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Default,
    Estimate,
    Drain,
    DrainBriefly,
}

/// The three providers, each as a backend with this policy.
fn config(simulators: &[Running; 3], policy: Policy) -> Config {
    let key = match policy {
        Policy::Default => "",
        Policy::Estimate => "on_disconnect: estimate",
        Policy::Drain => DRAIN,
        Policy::DrainBriefly => "on_disconnect: { drain: 1s }",
    };
    let config = simulators.iter().fold(Config::new(), |config, simulator| {
        let (name, model) = (simulator.provider().name(), model(simulator.provider()));
        let route = format!("models: ['{model}'], backends: [{name}]");
        config.backend_with(name, simulator, key).route(&route)
    });
    priced_in(config, PRICES, BUDGET)
}

/// When the caller leaves.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    /// Before the header of the answer.
    Header,
    /// With the first byte of its body.
    FirstByte,
    /// When so many bytes of it have come.
    Behind(usize),
}

impl Leaves {
    /// What makes the provider take its time where it matters.
    const fn text(self, stream: bool) -> &'static str {
        match (self, stream) {
            (Self::Header, _) => "a few words [[delay 400ms]]",
            (_, true) => "[[chunks 20 every 25ms]]",
            (_, false) => "[[bytes 2000]] [[drip 100 every 25ms]]",
        }
    }

    async fn go(self, gateway: &Gateway, surface: Provider, simulator: &Running, stream: bool) {
        let text = self.text(stream);
        let model = model(simulator.provider());
        let call = request(&gateway.client, gateway, surface, model, text, stream);
        let (before, billed) = (arrived(simulator), simulator.bill().total().requests);
        // An answer in one piece is passed on when it is whole: its caller leaves while it comes.
        if matches!(self, Self::Header) || !stream {
            let call = tokio::spawn(call.send());
            until("the request arrives", || async { arrived(simulator) > before }).await;
            if !matches!(self, Self::Header) {
                let begun = || async { simulator.bill().total().requests > billed };
                until("the answer begins", begun).await;
            }
            call.abort();
            return;
        }
        let mut response = call.send().await.unwrap();
        let mut read = 0;
        let enough = if let Self::Behind(bytes) = self { bytes } else { 1 };
        while read < enough {
            let Some(piece) = response.chunk().await.unwrap() else { break };
            read += piece.len();
        }
    }
}

fn billed(simulator: &Running) -> u64 {
    PRICES.of(&simulator.bill().read())
}

/// All ways to leave: what each was charged, and what the provider billed.
async fn leave(policy: Policy, ways: &[(Leaves, bool)]) -> (Gateway, Vec<(String, u64, u64)>) {
    let simulators = all().await;
    let gateway = Gateway::start(config(&simulators, policy)).await;
    let mut charges = Vec::new();
    for (leaves, stream) in ways.iter().copied() {
        for simulator in &simulators {
            for surface in [simulator.provider(), Provider::Claude, Provider::OpenAi] {
                let before = gateway.settled().await.spent_nanos("money");
                let owed = billed(simulator);
                leaves.go(&gateway, surface, simulator, stream).await;
                let charged = gateway.settled().await.spent_nanos("money") - before;
                let owed = billed(simulator) - owed;
                let to = simulator.provider().name();
                let case = format!("{} to {to}, {leaves:?}, {stream}", surface.name());
                charges.push((case, charged, owed));
            }
        }
    }
    // The clean follow-up.
    for surface in Provider::ALL {
        let answer = ask(&gateway, surface, model(surface), "x", true).await;
        assert!(said(surface, &answer, true).is_some(), "{}", answer.text);
    }
    (gateway, charges)
}

const WAYS: [(Leaves, bool); 6] = [
    (Leaves::Header, true),
    (Leaves::FirstByte, true),
    (Leaves::Behind(600), true),
    // Just before the usage, or just behind it.
    (Leaves::Behind(2500), true),
    (Leaves::Header, false),
    (Leaves::FirstByte, false),
];

#[tokio::test]
async fn s_23_a_caller_that_leaves_is_charged_the_estimate() {
    for policy in [Policy::Default, Policy::Estimate] {
        let (gateway, charges) = leave(policy, &WAYS).await;
        for (case, charged, owed) in &charges {
            assert!(charged >= owed && *charged > 0, "{case}: {charged} for {owed}");
        }
        let metrics = gateway.metrics().await;
        assert_eq!(metrics.count("egret_callers_left_total", &["charged=\"usage\""]), 0);
        let left = metrics.count("egret_callers_left_total", &["charged=\"estimate\""]);
        assert_eq!(left, metrics.count("egret_estimated_charges_total", &[]));
        assert!(left > 0);
    }
}

#[tokio::test]
async fn s_23_an_answer_that_is_read_on_is_charged_as_billed() {
    let (gateway, charges) = leave(Policy::Drain, &WAYS).await;
    for (case, charged, owed) in &charges {
        assert_eq!(charged, owed, "{case}");
        assert!(*owed > 0, "{case}");
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_estimated_charges_total", &[]), 0);
    assert!(metrics.count("egret_callers_left_total", &["charged=\"usage\""]) > 0);
}

/// An answer that does not come is not waited for longer than the policy says.
#[tokio::test]
async fn s_23_reading_on_has_a_bound() {
    let simulators = all().await;
    let gateway = Gateway::start(config(&simulators, Policy::DrainBriefly)).await;
    let stalls = [("[[stall]]", true), ("[[stall]]", false), ("[[stall after 1]]", true)];
    for simulator in &simulators {
        for (text, stream) in stalls {
            let before = gateway.settled().await.spent_nanos("money");
            let owed = billed(simulator);
            let seen = arrived(simulator);
            let model = model(simulator.provider());
            let call = request(&gateway.client, &gateway, Provider::OpenAi, model, text, stream);
            let call = tokio::spawn(call.send());
            until("the request arrives", || async { arrived(simulator) > seen }).await;
            call.abort();
            drop(call.await);
            let charged = gateway.settled().await.spent_nanos("money") - before;
            let owed = billed(simulator) - owed;
            assert!(charged >= owed && charged > 0, "{text} {stream}: {charged} for {owed}");
        }
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_callers_left_total", &["charged=\"estimate\""]), 9);
}

/// Nobody waits for a gateway that goes down.
#[tokio::test]
async fn s_23_going_down_ends_the_reading_on() {
    let simulators = all().await;
    let config = config(&simulators, Policy::Drain).with("limits: { drain: 300ms }");
    let mut gateway = Gateway::start(config).await;
    let openai = &simulators[0];
    let call = request(
        &gateway.client,
        &gateway,
        Provider::OpenAi,
        "gpt-4o-mini",
        "[[stall after 2]]",
        true,
    );
    let mut response = call.send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    drop(response);
    gateway.signal("TERM");
    assert!(gateway.ended().await.success());
    let gateway = gateway.restart().await;
    let charged = gateway.settled().await.spent_nanos("money");
    assert!(charged >= billed(openai) && charged > 0, "{charged}");
}

/// A caller that leaves gets nothing done for it: no other backend is asked.
#[tokio::test]
async fn nobody_else_is_asked_for_a_caller_that_has_left() {
    let simulators = all().await;
    let [openai, claude, _] = &simulators;
    let config = Config::new()
        .backend_with("first", openai, DRAIN)
        .backend("second", claude)
        .route("models: ['*'], backends: [first, { backend: second, model: claude-haiku-4-5 }]");
    let gateway = Gateway::start(priced_in(config, PRICES, BUDGET)).await;
    // Time enough to leave, and for the gateway to see it.
    let text = "[[delay 5000ms]] [[status 503]]";
    let call = request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", text, false);
    let call = tokio::spawn(call.send());
    until("the request arrives", || async { arrived(openai) > 0 }).await;
    call.abort();
    let metrics = gateway.settled().await;
    assert_eq!(arrived(claude), 0);
    assert_eq!(metrics.spent_nanos("money"), 0, "a provider bills no error");
}
