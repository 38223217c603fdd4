//! The store that replicas share is gone, hangs, is cut off or has lost everything: what happens is
//! what the configuration says, nothing is overspent, and it is over when the store is back.

use std::array;

use tokio::task::JoinHandle;

use crate::support::provider::{all, arrived, model};
use crate::support::redis::Redis;
use crate::support::speak::{body, refused, request, send};
use crate::support::storm::{self, Storm, billed, budgets, quiet, ring, unavailable};
use crate::support::{Answer, Gateway, Provider, Running, ask, until};

/// A budget for some 35 calls of 1,000 tokens of output.
const LIMIT: u64 = 300_000_000;
/// More than one of these calls is expected to cost.
const CALL: u64 = 10_000_000;
/// Calls under way when the store goes.
const HELD: usize = 4;
const TEXT: &str = "[[bytes 4000]]";

/// Two replicas under this limit.
async fn two(simulators: &[Running; 3], limited: (&str, &str), store: &str) -> [Gateway; 2] {
    let config = || ring(simulators, "", "").with(&budgets(limited.0, limited.1)).with(store);
    let (a, b) = tokio::join!(Gateway::start(config()), Gateway::start(config()));
    [a, b]
}

/// So many calls at once, all of which are to be served.
async fn serve(gateway: &Gateway, calls: usize) {
    storm::serve(gateway, calls, TEXT, 1000).await;
}

/// Calls until one is not served; how many were, and the status of that one.
async fn use_up(gateway: &Gateway) -> (usize, u16) {
    for served in 0..1000 {
        let answer = ask(gateway, Provider::OpenAi, model(Provider::OpenAi), TEXT, false).await;
        if answer.status != 200 {
            return (served, answer.status);
        }
    }
    panic!("the budget has no end");
}

async fn is_reached(gateway: &Gateway) -> bool {
    gateway.metrics().await.count("egret_store_reachable", &[]) == 1
}

fn no_panic(gateways: &[&Gateway]) {
    for gateway in gateways {
        let output = gateway.output();
        assert!(!output.contains("panicked"), "{output}");
    }
}

/// Begins calls that the provider refuses after a while. As long as they last, what they hold is
/// leased, and for some seconds longer, since there were so many at once: room for as many more.
fn hold(gateway: &Gateway) -> [JoinHandle<Answer>; HELD] {
    let body =
        body(Provider::OpenAi, model(Provider::OpenAi), "[[delay 10000]] [[status 400]]", false);
    let url = gateway.url("/v1/chat/completions");
    let call = gateway.client.post(url).header("content-type", "application/json");
    let call = call.body(body.to_string());
    array::from_fn(|_| {
        let call = call.try_clone().unwrap();
        tokio::spawn(async move {
            loop {
                let answer = send(call.try_clone().unwrap()).await;
                if answer.status != unavailable(Provider::OpenAi) {
                    return answer;
                }
            }
        })
    })
}

/// What is leased is spent; then every surface is told that it is no use now and when it may be.
async fn closed(redis: &mut Redis, stop: impl Fn(&mut Redis), resume: impl Fn(&mut Redis)) {
    let simulators = all().await;
    let replicas = two(&simulators, ("money", "0.3 USD"), &redis.store("")).await;
    let [a, b] = replicas.each_ref();
    let (held_by_a, held_by_b) = (hold(a), hold(b));
    until("all are under way", || async { arrived(&simulators[0]) == 2 * HELD }).await;
    stop(redis);
    let go_on = async |gateway, calls: [JoinHandle<Answer>; HELD]| {
        for call in calls {
            assert_eq!(call.await.unwrap().status, 400);
        }
        use_up(gateway).await
    };
    let (of_a, of_b) = tokio::join!(go_on(a, held_by_a), go_on(b, held_by_b));
    for (gateway, (served, status)) in [(a, of_a), (b, of_b)] {
        assert!(served > 0, "nothing was leased");
        assert_eq!(status, unavailable(Provider::OpenAi));
        for surface in Provider::ALL {
            for stream in [false, true] {
                let call = request(&gateway.client, gateway, surface, model(surface), TEXT, stream);
                let answer = send(call).await;
                let message = refused(surface, &answer, unavailable(surface));
                assert!(message.contains("budgets"), "{message}");
                let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=60).contains(&wait), "{wait}");
                assert_eq!(answer.header("x-should-retry"), None);
            }
        }
        until("the store is missed", || async { !is_reached(gateway).await }).await;
    }
    assert!(billed(&simulators).nanos <= LIMIT);

    resume(redis);
    recovered(&simulators, a, b).await;
}

/// The store is back: what is left can be used, and not a call more.
async fn recovered(simulators: &[Running; 3], a: &Gateway, b: &Gateway) {
    for gateway in [a, b] {
        until("the store is reached again", || is_reached(gateway)).await;
    }
    // One may be refused before the other has given back what it does not use.
    until("the budget is used up", || async {
        use_up(a).await == (0, 429) && use_up(b).await == (0, 429)
    })
    .await;
    let (ledger, bill) = (quiet(&[a, b]).await, billed(simulators));
    assert_eq!(ledger, bill);
    assert!((LIMIT - CALL..=LIMIT).contains(&bill.nanos), "{bill:?}");
    no_panic(&[a, b]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_46_a_store_that_is_killed_and_comes_back_empty() {
    let Some(mut redis) = Redis::start() else { return };
    closed(&mut redis, Redis::kill, Redis::resume).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_46_a_store_that_hangs() {
    let Some(mut redis) = Redis::start() else { return };
    closed(&mut redis, |redis| redis.pause(), |redis| redis.unpause()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_behind_a_network_that_loses_everything() {
    let Some(mut redis) = Redis::start_apart() else { return };
    closed(&mut redis, |redis| redis.cut_off(true), |redis| redis.join()).await;
}

/// The store does as it is told, and nobody hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_behind_a_network_that_loses_its_answers() {
    let Some(mut redis) = Redis::start_apart() else { return };
    closed(&mut redis, |redis| redis.cut_off(false), |redis| redis.join()).await;
}

/// It forgets all in the middle of a storm: the replicas tell it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_forgets_everything_while_it_is_used() {
    let Some(mut redis) = Redis::start() else { return };
    let simulators = all().await;
    let replicas = two(&simulators, ("money", "0.3 USD"), &redis.store("")).await;
    let [a, b] = replicas.each_ref();
    for (seed, flush) in [(1, true), (2, false)] {
        let storm =
            Storm { seed, calls: 12, text: "[[chunks 60 every 5ms]]", limit: 200, leaves: false };
        let gateways = [a, b];
        let before = billed(&simulators).requests;
        let forgetting = async {
            until("some calls are under way", || async {
                billed(&simulators).requests > before + 3
            })
            .await;
            if flush {
                redis.forget();
            } else {
                redis.kill();
                redis.resume();
            }
        };
        let (seen, ()) = tokio::join!(storm.over(&gateways), forgetting);
        for each in seen {
            each.told();
        }
    }
    recovered(&simulators, a, b).await;
}

/// Each replica may go on for its share of the limit, and no further.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_46_an_open_outage_goes_on_within_its_allowance() {
    let Some(mut redis) = Redis::start() else { return };
    let simulators = all().await;
    let store = redis.store("outage: { open: 5% }");
    let replicas = two(&simulators, ("requests", "100 requests"), &store).await;
    let [a, b] = replicas.each_ref();
    tokio::join!(serve(a, 45), serve(b, 45));
    redis.kill();
    for gateway in [a, b] {
        until("the store is missed", || async { !is_reached(gateway).await }).await;
        let (served, status) = use_up(gateway).await;
        // Its five, and what it had leased.
        assert!((5..=15).contains(&served), "{served}");
        assert_ne!(status, 200);
    }
    let bill = billed(&simulators);
    assert!((100..=110).contains(&bill.requests), "{bill:?}");

    redis.resume();
    for gateway in [a, b] {
        until("the store is reached again", || is_reached(gateway)).await;
        until("the budget is used up", || async { use_up(gateway).await.1 == 429 }).await;
    }
    assert_eq!(quiet(&[a, b]).await, billed(&simulators));
    assert_eq!(billed(&simulators), bill);
    no_panic(&[a, b]);
}
