//! Ids of requests: the gateway's own, whatever a caller says.

use std::collections::HashSet;

use futures_util::future::join_all;

use crate::budget::priced;
use crate::support::provider::{Prices, all, model};
use crate::support::speak::{Answer, request, send};
use crate::support::{Gateway, Provider, Running, until};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

/// What a caller may think that names its request, for whoever reads it.
const IDS: [&str; 8] = [
    "x-request-id",
    "idempotency-key",
    "x-idempotency-key",
    "request-id",
    "x-client-request-id",
    "x-egret-request-id",
    "x-correlation-id",
    "traceparent",
];

fn bill(simulators: &[Running; 3]) -> (u64, u64) {
    let requests = simulators.iter().map(|simulator| simulator.bill().total().requests).sum();
    let nanos = simulators.iter().map(|simulator| PRICES.of(&simulator.bill().read())).sum();
    (requests, nanos)
}

/// The same request under the same ids.
async fn ask(gateway: &Gateway, surface: Provider, model: &str, key: &str, stream: bool) -> Answer {
    let call = request(&gateway.client, gateway, surface, model, "the same", stream);
    let call = IDS.iter().fold(call, |call, name| call.header(*name, "callers-own-id"));
    send(call.header("x-api-key", key)).await
}

/// S-25: two requests that say that they are one are two: both arrive, both are answered, and both
/// are paid for, by who sent them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_25_a_request_under_the_same_ids_is_another() {
    let simulators = all().await;
    let budgets = "{ name: money, per: total, limit: 10 USD, window: month }, \
                   { name: calls, per: caller, limit: 1000 requests, window: month }";
    let config =
        priced(&simulators, budgets).caller("one", "key-one", "").caller("two", "key-two", "");
    let gateway = Gateway::start(config).await;
    let (mut ids, mut sent) = (HashSet::new(), 0);
    for surface in Provider::ALL {
        for model in Provider::ALL.map(model) {
            for stream in [false, true] {
                // One behind the other, at once, and as another caller.
                let first = ask(&gateway, surface, model, "key-one", stream).await;
                let keys = ["key-one", "key-one", "key-two"];
                let calls = keys.map(|key| ask(&gateway, surface, model, key, stream));
                for answer in join_all(calls).await.into_iter().chain([first]) {
                    assert_eq!(answer.status, 200, "{}", answer.text);
                    let id = answer.header("x-egret-request-id").unwrap();
                    assert!(ids.insert(id.to_owned()), "{id} was there before");
                    let own = answer.headers.values().all(|value| value != "callers-own-id");
                    assert!(own, "{:?}", answer.headers);
                    assert!(!answer.text.contains("callers-own-id"), "{}", answer.text);
                    sent += 1;
                }
                let (arrived, nanos) = bill(&simulators);
                assert_eq!(arrived, sent, "{} to {model}", surface.name());
                let metrics = gateway.settled().await;
                assert_eq!(metrics.spent_nanos("money"), nanos);
                for (caller, share) in [("one", 3), ("two", 1)] {
                    let of = format!("of=\"{caller}\"");
                    let spent = metrics.count("egret_budget_spent", &["budget=\"calls\"", &of]);
                    assert_eq!(spent, sent / 4 * share, "{caller}");
                }
            }
        }
    }
    // The provider is not told them either: it might take two for one.
    for arrival in simulators.iter().flat_map(|simulator| simulator.journal().read()) {
        let told = arrival.headers.values().any(|value| value == "callers-own-id");
        assert!(!told, "{:?}", arrival.headers);
    }
    // In the log each has its own.
    until("each is written down", || async {
        let log = gateway.output();
        ids.iter().all(|id| log.contains(id.as_str()))
    })
    .await;
    assert!(!gateway.output().contains("callers-own-id"));
    // An ordinary one, without any.
    let call = request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", "x", false);
    assert_eq!(send(call.bearer_auth("key-one")).await.status, 200);
    assert_eq!(bill(&simulators).0, sent + 1);
    assert_eq!(gateway.settled().await.spent_nanos("money"), bill(&simulators).1);
}
