//! S-22: more calls at once than there is budget for, with everything that goes wrong on the way.
//!
//! What the providers bill is never more than the limit, and the ledger never less than the bill;
//! where nothing hides from the gateway what a call cost, they are the same to the nano-dollar.

use std::time::Duration;

use crate::support::provider::{all, arrived, simulate};
use crate::support::storm::{
    Billed, Storm, billed, budgets, four_at_once, four_stalled, most, quiet, ring, trouble,
};
use crate::support::{Fault, Gateway, Provider, Running, ask, until};

/// One limit of each unit that ten calls or so fit into: 1,000 tokens of output each.
const FOR_TEN: [(&str, &str); 3] =
    [("requests", "10 requests"), ("tokens", "10500 tokens"), ("money", "0.085 USD")];
/// The same for a hundred calls.
const FOR_MANY: [(&str, &str); 3] =
    [("requests", "100 requests"), ("tokens", "105000 tokens"), ("money", "0.85 USD")];

/// Each limit, and how many calls storm it.
fn limits() -> impl Iterator<Item = ((&'static str, &'static str), usize)> {
    let many = FOR_MANY.map(|limit| (limit, 300));
    FOR_TEN.map(|limit| (limit, 1000)).into_iter().chain(many)
}

/// What happens to a call that is not billed, and says so.
const TOLD: [Fault; 3] = [Fault::Status(500), Fault::Status(429), Fault::ErrorIn200];

/// What happens to calls of which nobody knows what they cost.
fn hidden() -> Vec<Fault> {
    let mut faults = TOLD.to_vec();
    faults.extend([
        Fault::Cut(0),
        Fault::Cut(3),
        Fault::Close,
        Fault::Garbage,
        Fault::Html,
        Fault::Error(2, 503),
        Fault::Stall(Some(2)),
        Fault::Delay(Duration::from_millis(5)),
    ]);
    faults
}

/// A gateway under this limit, and what is left to be said of it after a storm.
async fn weather(
    simulators: &[Running; 3],
    (unit, limit): (&str, &str),
    (prefix, backend): (&str, &str),
    storm: Storm,
) -> (usize, Billed, Billed) {
    let gateway =
        Gateway::start(ring(simulators, prefix, backend).with(&budgets(unit, limit))).await;
    let seen = storm.over(&[&gateway]).await;
    for each in &seen {
        each.told();
    }
    let served = seen.iter().filter(|each| each.is_served()).count();
    let ledger = quiet(&[&gateway]).await;
    let bill = billed(simulators);
    let most = most(limit);
    assert!(bill.of(unit) <= most, "{limit}: {bill:?}");
    assert!(ledger.of(unit) <= most, "{limit}: {ledger:?}");
    assert!(bill.nanos > 0, "{limit}: {bill:?}");
    // What is left of the limit can still be used.
    for simulator in simulators {
        simulator.script().clear();
    }
    if ledger.of(unit) + most / 5 <= most {
        assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
    }
    (served, ledger, bill)
}

/// Nothing hides what a call cost: providers fail in ways that say so, and calls go on elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_the_ledger_is_the_bill_through_failures_that_say_so() {
    for (seed, (limit, calls)) in (10..).zip(limits()) {
        let simulators = all().await;
        trouble(&simulators, seed, &TOLD, 4);
        let text = "[[bytes 4000]]";
        let storm = Storm { seed, calls, text, limit: 1000, leaves: false };
        let (served, ledger, bill) = weather(&simulators, limit, ("", ""), storm).await;
        assert_eq!(ledger, bill, "{limit:?}");
        assert!(served > 0, "{limit:?}");
        assert!(simulators.iter().map(arrived).sum::<usize>() > 10);
    }
}

/// Callers leave at any moment, and providers fail in ways that may have cost something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_never_over_the_limit_whoever_leaves_and_whatever_breaks() {
    for (seed, (limit, calls)) in (20..).zip(limits()) {
        let simulators = all().await;
        trouble(&simulators, seed, &hidden(), 4);
        let text = "[[chunks 60 every 2ms]]";
        let storm = Storm { seed, calls, text, limit: 1000, leaves: true };
        let short = "timeouts: { first_byte: 2s, idle: 500ms }";
        let (_, ledger, bill) = weather(&simulators, limit, ("", short), storm).await;
        let covers = ledger.requests >= bill.requests
            && ledger.tokens >= bill.tokens
            && ledger.nanos >= bill.nanos;
        assert!(covers, "{limit:?}: {ledger:?} for {bill:?}");
    }
}

/// Answers that are read on when their callers leave cost what the provider says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_the_ledger_is_the_bill_where_answers_are_read_on() {
    for (seed, limit) in (30..).zip(FOR_MANY) {
        let simulators = all().await;
        trouble(&simulators, seed, &TOLD, 6);
        let text = "[[chunks 60 every 2ms]]";
        let storm = Storm { seed, calls: 300, text, limit: 1000, leaves: true };
        let drain = "on_disconnect: { drain: 10m }";
        let (_, ledger, bill) = weather(&simulators, limit, ("", drain), storm).await;
        assert_eq!(ledger, bill, "{limit:?}");
    }
}

/// A limit of 64,000 tokens, as coding agents set it, is more than the whole budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_a_huge_limit_locks_nobody_out_and_passes_nothing() {
    for (seed, limit) in (40..).zip([("tokens", "60000 tokens"), ("money", "0.5 USD")]) {
        let simulators = all().await;
        let text = "[[bytes 60000]]";
        let storm = Storm { seed, calls: 300, text, limit: 64_000, leaves: false };
        let (served, ledger, bill) = weather(&simulators, limit, ("", ""), storm).await;
        assert_eq!(ledger, bill, "{limit:?}");
        assert!(served > 1, "{served} served under {limit:?}");
    }
}

/// However many calls come, no more than four are at the providers at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_no_more_calls_at_once_than_allowed() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let gateway = Gateway::start(four_at_once(&openai)).await;
    let text = "[[chunks 20 every 2ms]]";
    let storm = Storm { seed: 50, calls: 1000, text, limit: 1000, leaves: false };
    let seen = storm.over(&[&gateway]).await;
    let served = seen.iter().filter(|each| each.served_or_refused()).count();
    assert!((4..1000).contains(&served), "{served}");
    let ledger = quiet(&[&gateway]).await;
    assert_eq!(ledger.nanos, billed(std::slice::from_ref(&openai)).nanos);
    assert!((1..=4).contains(&openai.counts().at_once), "{}", openai.counts().at_once);

    let stalled = four_stalled(&gateway).await;
    until("all four are there", || async { openai.counts().at_once == 4 }).await;
    let call = || ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false);
    assert_eq!(call().await.status, 429);
    for call in &stalled {
        call.abort();
    }
    drop(stalled);
    until("their places are free again", || async { call().await.status == 200 }).await;
}
