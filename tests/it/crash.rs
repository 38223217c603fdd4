//! `kill -9` in the middle of load, and the ledger that outlives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::budget::priced;
use crate::support::gateway::{ended, spawn};
use crate::support::provider::{Prices, all, model};
use crate::support::speak::{events, request, said, try_send};
use crate::support::{Gateway, Provider, ask};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };
/// Workers that call without pause: as many calls may be in flight.
const WORKERS: usize = 16;
/// Larger than the estimate of any call below, and in `crash_many`.
pub const ESTIMATE: u64 = 8_600_000;

/// What the provider said that a whole answer cost.
pub fn cost(surface: Provider, text: &str, stream: bool) -> u64 {
    let all = if stream { events(text) } else { vec![serde_json::from_str(text).unwrap()] };
    let last = |path: &str| {
        let values = all.iter().filter_map(|event| event.pointer(path)?.as_u64());
        values.max().unwrap_or_else(|| panic!("{} has no {path}: {text}", surface.name()))
    };
    let (input, output) = match surface {
        Provider::OpenAi => (last("/usage/prompt_tokens"), last("/usage/completion_tokens")),
        Provider::Claude if stream => {
            (last("/message/usage/input_tokens"), last("/usage/output_tokens"))
        }
        Provider::Claude => (last("/usage/input_tokens"), last("/usage/output_tokens")),
        Provider::Gemini => {
            (last("/usageMetadata/promptTokenCount"), last("/usageMetadata/candidatesTokenCount"))
        }
    };
    input * PRICES.input + output * PRICES.output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_nothing_that_a_caller_saw_completed_is_forgotten() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 1000 USD, window: month }, \
                  { name: count, per: total, limit: 1000000 requests, window: month }";
    let mut gateway = Gateway::start(priced(&simulators, budget)).await;
    for round in 0..3 {
        let (seen, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let before = gateway.settled().await;
        let (spent, count) = (
            before.spent_nanos("money"),
            before.count("egret_budget_spent", &["budget=\"count\""]),
        );
        let billed = || simulators.iter().map(|s| PRICES.of(&s.bill().read())).sum::<u64>();
        let owed = billed();
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let surface = Provider::ALL[worker % 3];
                // OpenAI's stream tells its usage only to who asks for it.
                let stream = worker % 2 == 0 && surface != Provider::OpenAi;
                let text = format!("[[chunks 40 every 1ms]] {worker}");
                let call =
                    request(&gateway.client, &gateway, surface, model(surface), &text, stream);
                let (seen, calls) = (Arc::clone(&seen), Arc::clone(&calls));
                tokio::spawn(async move {
                    while let Ok(answer) = try_send(call.try_clone().unwrap()).await {
                        assert_eq!(answer.status, 200, "{}", answer.text);
                        assert!(said(surface, &answer, stream).is_some());
                        seen.fetch_add(cost(surface, &answer.text, stream), Ordering::SeqCst);
                        calls.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        crate::support::until("some calls are done", || async {
            calls.load(Ordering::SeqCst) > 60
        })
        .await;
        gateway.kill();
        for worker in workers {
            worker.await.unwrap();
        }
        gateway = gateway.restart().await;
        let after = gateway.settled().await;
        let spent = after.spent_nanos("money") - spent;
        let count = after.count("egret_budget_spent", &["budget=\"count\""]) - count;
        let (seen, calls) = (seen.load(Ordering::SeqCst), calls.load(Ordering::SeqCst) as u64);
        let most = billed() - owed + WORKERS as u64 * ESTIMATE;
        assert!(spent >= seen, "round {round}: forgot {} of {seen}", seen - spent);
        assert!(spent <= most, "round {round}: {spent} charged, {most} at most");
        assert!((calls..=calls + WORKERS as u64).contains(&count), "{count} of {calls}");
    }
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

#[tokio::test]
async fn two_gateways_cannot_share_a_ledger() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 1 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    // Elsewhere, but for the ledger.
    let mut elsewhere = priced(&simulators, budget);
    let ledger = gateway.config.directory().join("egret.ledger");
    elsewhere = elsewhere.with(&format!("ledger: '{}'", ledger.display()));
    let (status, output) = ended(&elsewhere).await;
    assert!(!status.success());
    assert!(output.contains("egret.ledger"), "{output}");
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

/// What is no ledger is not overwritten.
#[tokio::test]
async fn a_file_that_is_no_ledger_is_left_alone() {
    let simulators = all().await;
    let config = priced(&simulators, "{ name: m, per: total, limit: 1 USD, window: month }");
    config.save();
    config.write("egret.ledger", "the only copy of somebody's thesis\n");
    let mut child = spawn(&config, &[]);
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(!status.success());
    let kept = std::fs::read_to_string(config.directory().join("egret.ledger")).unwrap();
    assert_eq!(kept, "the only copy of somebody's thesis\n");
}
