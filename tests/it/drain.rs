//! SIGTERM: what is under way is finished, what is not finished is told so, and all of it settled.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::budget::priced;
use crate::support::provider::{Prices, all, model};
use crate::support::speak::{events, in_band_error, request, said, try_send};
use crate::support::{Answer, Config, Gateway, Provider, ask, until};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };
const BUDGET: &str = "{ name: money, per: total, limit: 100 USD, window: month }";

async fn draining(gateway: &Gateway) {
    until("readiness is off", || async {
        gateway.admin("/readyz").await.is_none_or(|(status, _)| status == 503)
    })
    .await;
}

/// The rest of a stream, as far as it comes.
async fn finish(mut response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut read = Vec::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    Answer { status, headers, text: String::from_utf8(read).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_open_streams_finish_and_settles_them() {
    let simulators = all().await;
    let mut gateway = Gateway::start(priced(&simulators, BUDGET)).await;
    let mut streams = Vec::new();
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            let text = "[[chunks 50 every 60ms]]";
            let call = request(&gateway.client, &gateway, surface, model(provider), text, true);
            streams.push((surface, call.send().await.unwrap()));
        }
    }
    gateway.signal("TERM");
    draining(&gateway).await;
    assert!(gateway.is_running(), "streams are open");
    for (surface, stream) in streams {
        let answer = finish(stream).await;
        let text = said(surface, &answer, true);
        assert!(text.is_some_and(|text| text.ends_with("w49 ")), "{}", answer.text);
    }
    assert_eq!(gateway.ended().await.code(), Some(0));
    let gateway = gateway.restart().await;
    let bill: u64 = simulators.iter().map(|simulator| PRICES.of(&simulator.bill().read())).sum();
    assert_eq!(gateway.settled().await.spent_nanos("money"), bill);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_longer_than_the_drain_ends_with_an_error_in_its_schema() {
    let simulators = all().await;
    let config = priced(&simulators, BUDGET).with("limits: { drain: 1s }");
    let mut gateway = Gateway::start(config).await;
    let mut streams = Vec::new();
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            let text = "one two three [[stall after 5]]";
            let call = request(&gateway.client, &gateway, surface, model(provider), text, true);
            streams.push((surface, call.send().await.unwrap()));
        }
    }
    gateway.signal("TERM");
    for (surface, stream) in streams {
        let answer = finish(stream).await;
        assert_eq!(said(surface, &answer, true), None, "{}", answer.text);
        let events = events(&answer.text);
        let message = in_band_error(surface, events.last().unwrap());
        assert!(message.is_some_and(|m| m.contains("restarting")), "{}", answer.text);
    }
    assert_eq!(gateway.ended().await.code(), Some(0));
    let gateway = gateway.restart().await;
    let bill: u64 = simulators.iter().map(|simulator| PRICES.of(&simulator.bill().read())).sum();
    let metrics = gateway.settled().await;
    assert!(metrics.spent_nanos("money") >= bill);
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

/// Requests that come while the gateway waits for its load balancer to notice are served.
#[tokio::test]
async fn requests_that_come_before_the_listeners_close_are_served() {
    /// How long it waits; on a machine that stands still for that long, nobody comes in time.
    const NOTICE: Duration = Duration::from_secs(2);
    let simulators = all().await;
    let mut gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for _ in 0..20 {
        let told = Instant::now();
        gateway.signal("TERM");
        draining(&gateway).await;
        let late = Provider::ALL.map(|surface| {
            try_send(request(&gateway.client, &gateway, surface, "gpt-4o-mini", "late", false))
        });
        let answers = join_all(late).await;
        let took = told.elapsed();
        assert_eq!(gateway.ended().await.code(), Some(0));
        if answers.iter().any(Result::is_err) && took >= NOTICE {
            gateway = gateway.restart().await;
            continue;
        }
        for answer in answers {
            let answer = answer.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.header("connection"), Some("close"));
        }
        return;
    }
    panic!("nobody has come in time");
}

#[tokio::test]
async fn an_idle_gateway_ends_at_once_and_starts_again_on_its_ledger() {
    let simulators = all().await;
    let mut gateway = Gateway::start(priced(&simulators, BUDGET)).await;
    ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await;
    for _ in 0..2 {
        let spent = gateway.settled().await.spent_nanos("money");
        assert!(spent > 0);
        gateway.signal("TERM");
        assert_eq!(gateway.ended().await.code(), Some(0));
        gateway = gateway.restart().await;
        assert_eq!(gateway.settled().await.spent_nanos("money"), spent);
    }
}

/// SIGINT is for somebody at a keyboard: no drain, and what was under way is charged.
#[tokio::test]
async fn an_interrupt_ends_at_once_and_forgets_nothing() {
    let simulators = all().await;
    let mut gateway = Gateway::start(priced(&simulators, BUDGET)).await;
    let (text, surface) = ("[[chunks 100000 every 20ms]]", Provider::OpenAi);
    let call = request(&gateway.client, &gateway, surface, model(surface), text, true);
    let mut response = call.send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    gateway.signal("INT");
    assert!(gateway.ended().await.success());
    let gateway = gateway.restart().await;
    let bill = PRICES.of(&simulators[0].bill().read());
    assert!(bill > 0 && gateway.settled().await.spent_nanos("money") >= bill);
}
