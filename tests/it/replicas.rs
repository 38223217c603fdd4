//! Three gateways with one Redis: a budget is theirs together, and bounded by its limit as if they
//! were one.

use std::time::{Duration, Instant};

use crate::support::provider::{all, model, simulate};
use crate::support::redis::Redis;
use crate::support::storm::{
    self, Seen, Storm, billed, budgets, four_at_once, four_stalled, most, quiet, ring, spent,
    store_was_slow, trouble,
};
use crate::support::{Answer, Config, Fault, Gateway, Provider, Running, ask, patiently, until};

/// Three replicas of this configuration.
async fn three(config: impl Fn() -> Config) -> [Gateway; 3] {
    let [a, b, c] = [config(), config(), config()];
    let (a, b, c) = tokio::join!(Gateway::start(a), Gateway::start(b), Gateway::start(c));
    [a, b, c]
}

/// How long a call waits for a store that does not answer.
const WAIT: Duration = Duration::from_secs(2);

/// Calls a gateway, and again as long as it says that the store is slow.
async fn call(gateway: &Gateway) -> Answer {
    patiently(async {
        loop {
            let surface = Provider::OpenAi;
            let asked = Instant::now();
            let answer = ask(gateway, surface, model(surface), "x", false).await;
            if !store_was_slow(surface, &answer) {
                return answer;
            }
            let failures = gateway.metrics().await.sum("egret_store_failures_total", &[]);
            assert!(failures > 0.0 || asked.elapsed() >= WAIT, "it was not: {}", answer.text);
        }
    })
    .await
}

/// Calls one gateway until so many requests are billed, and once more, which is refused. It may be
/// refused before, where it takes the others long to give back what they don't use.
async fn use_up_to(most: u64, gateway: &Gateway, simulators: &[Running]) {
    let call = || call(gateway);
    until("what is left is used, to the last request", || async {
        let answer = call().await;
        assert!(matches!(answer.status, 200 | 429 | 503), "{}", answer.text);
        billed(simulators).requests >= most
    })
    .await;
    assert_eq!(call().await.status, 429);
    assert_eq!(billed(simulators).requests, most);
}

/// So many short calls at once, all of which are to be served.
async fn serve(gateway: &Gateway, calls: usize) {
    storm::serve(gateway, calls, "hello", 50).await;
}

fn config(simulators: &[Running; 3], redis: &Redis, unit: &str, limit: &str, more: &str) -> Config {
    ring(simulators, "", more).with(&budgets(unit, limit)).with(&redis.store(""))
}

/// S-22 over three replicas: what is served counts once, and the providers bill no more than the
/// limit; afterwards any one replica can use what is left, to the last request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_a_storm_over_three_replicas_stays_within_one_limit() {
    let limits = [
        (("requests", "10 requests"), 1000),
        (("tokens", "10500 tokens"), 1000),
        (("money", "0.085 USD"), 1000),
        (("requests", "100 requests"), 400),
        (("money", "0.85 USD"), 400),
    ];
    for (seed, ((unit, limit), calls)) in (60..).zip(limits) {
        let Some(redis) = Redis::start() else { return };
        let simulators = all().await;
        trouble(&simulators, seed, &[Fault::Status(500), Fault::Status(429)], 5);
        let drain = "on_disconnect: { drain: 10m }";
        let replicas = three(|| config(&simulators, &redis, unit, limit, drain)).await;
        let gateways = replicas.each_ref();
        let storm = Storm { seed, calls, text: "[[bytes 4000]]", limit: 1000, leaves: true };
        for each in storm.over(&gateways).await {
            each.told();
        }
        let ledger = quiet(&gateways).await;
        let bill = billed(&simulators);
        assert_eq!(ledger, bill, "{limit}");
        assert!(bill.nanos > 0);
        assert!(bill.of(unit) <= most(limit), "{limit}: {bill:?}");
        if unit == "requests" {
            for simulator in &simulators {
                simulator.script().clear();
            }
            use_up_to(most(limit), gateways[seed as usize % 3], &simulators).await;
            assert_eq!(quiet(&gateways).await, billed(&simulators));
        }
        for gateway in gateways {
            assert!(!gateway.output().contains("panicked"), "{}", gateway.output());
        }
    }
}

/// Whatever hides what a call cost: the ledger has at least that, and no more than the limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_three_replicas_through_leaving_callers_and_broken_answers() {
    let Some(redis) = Redis::start() else { return };
    let simulators = all().await;
    let faults = [Fault::Status(500), Fault::Cut(3), Fault::Close, Fault::Garbage];
    trouble(&simulators, 70, &faults, 4);
    let replicas = three(|| config(&simulators, &redis, "money", "0.5 USD", "")).await;
    let gateways = replicas.each_ref();
    let text = "[[chunks 60 every 2ms]]";
    let storm = Storm { seed: 70, calls: 600, text, limit: 1000, leaves: true };
    for each in storm.over(&gateways).await {
        each.told();
    }
    let (ledger, bill) = (quiet(&gateways).await, billed(&simulators));
    assert!(ledger.nanos <= 500_000_000, "{ledger:?}");
    assert!(bill.nanos > 0 && bill.nanos <= ledger.nanos, "{ledger:?} for {bill:?}");
    assert!(bill.requests <= ledger.requests && bill.tokens <= ledger.tokens);
}

/// Calls at once are counted over all replicas, too, and a replica that is killed with some under
/// way keeps the others out for some seconds only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_no_more_calls_at_once_than_allowed_over_three_replicas() {
    let Some(redis) = Redis::start() else { return };
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let mut replicas = three(|| four_at_once(&openai).with(&redis.store(""))).await;
    let text = "[[chunks 20 every 2ms]]";
    let storm = Storm { seed: 80, calls: 600, text, limit: 1000, leaves: false };
    let seen = storm.over(&replicas.each_ref()).await;
    // On a slow machine the store may be slow for so many.
    let was_slow = |each: &&Seen| {
        each.answer.as_ref().is_some_and(|answer| store_was_slow(each.surface, answer))
    };
    let served = seen.iter().filter(|it| !was_slow(it) && it.served_or_refused()).count();
    assert!((1..600).contains(&served), "{served}");
    assert!(seen.iter().filter(was_slow).count() < 300, "the store was there");
    let ledger = quiet(&replicas.each_ref()).await;
    assert_eq!(ledger.nanos, billed(std::slice::from_ref(&openai)).nanos);
    assert!((1..=4).contains(&openai.counts().at_once), "{}", openai.counts().at_once);

    let [first, second, _] = &mut replicas;
    let stalled = four_stalled(first).await;
    assert_eq!(call(second).await.status, 429);
    first.kill();
    until("its places are free again", || async { call(second).await.status == 200 }).await;
    drop(stalled);
}

/// What one gateway spent alone is part of what all have spent, once they share a store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_to_a_store_carries_the_balance_over() {
    let Some(redis) = Redis::start_secured("correct-horse") else { return };
    let simulators = all().await;
    let alone = || ring(&simulators, "", "").with(&budgets("requests", "60 requests"));
    let mut first = Gateway::start(alone()).await;
    serve(&first, 20).await;
    let before = quiet(&[&first]).await;
    assert_eq!((before, before.requests), (billed(&simulators), 20));
    first.signal("TERM");
    assert!(first.ended().await.success());

    let shared = format!("{}{}\n", first.config.text(), redis.store(""));
    first.config.write("egret.yaml", &shared);
    let first = first.restart().await;
    let second = Gateway::start(alone().with(&redis.store(""))).await;
    assert_eq!(quiet(&[&first, &second]).await, before);
    serve(&second, 10).await;
    serve(&first, 10).await;
    use_up_to(60, &second, &simulators).await;
    assert_eq!(quiet(&[&first, &second]).await, billed(&simulators));
}

/// A replica that ends in good order leaves to the others what it had leased, and one that is
/// killed does when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_leased_is_not_lost_with_it() {
    let Some(redis) = Redis::start() else { return };
    let simulators = all().await;
    let replicas = three(|| config(&simulators, &redis, "requests", "100 requests", "")).await;
    let [mut first, mut second, third] = replicas;
    tokio::join!(serve(&first, 30), serve(&second, 30));
    second.kill();
    first.signal("TERM");
    assert!(first.ended().await.success());
    let second = second.restart().await;
    use_up_to(100, &third, &simulators).await;
    let metrics = second.settled().await;
    assert_eq!(metrics.count("egret_budget_reserved", &[]), 0);
    let ledger = quiet(&[&second, &third]).await;
    assert_eq!((ledger, ledger.requests), (billed(&simulators), 100));
    assert_eq!(spent(&second).await.requests, 100);
}
