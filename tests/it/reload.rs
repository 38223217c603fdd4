//! Reloading: as often as one likes, without anyone noticing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::provider::{all, arrived, model};
use crate::support::speak::{request, said, send};
use crate::support::{Config, Gateway, PATIENCE, Provider, ask, until};

/// A valid configuration changes every 100 ms, every third time into a broken one, while callers
/// of every kind are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_every_100_ms_under_load_lose_nothing() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let good = gateway.config.text();
    let stop = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    let worker = |number: usize| {
        let (gateway, stop, served) = (&gateway, &stop, &served);
        async move {
            let client = if number.is_multiple_of(2) {
                crate::support::http1()
            } else {
                crate::support::h2c()
            };
            let mut call = number;
            while !stop.load(Ordering::Relaxed) {
                call += 1;
                let (surface, stream) = (Provider::ALL[call % 3], call.is_multiple_of(2));
                let model = model(Provider::ALL[call / 3 % 3]);
                let text = "[[chunks 5 every 20ms]]";
                let answer = send(request(&client, gateway, surface, model, text, stream)).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                let text = said(surface, &answer, stream);
                assert_eq!(text.as_deref(), Some("w0 w1 w2 w3 w4 "), "{}", answer.text);
                served.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let load = futures_util::future::join_all((0..8).map(worker));
    let begun = Instant::now();
    let reloads = async {
        // As long as it takes until enough of it has been seen: a slow machine takes signals that
        // come behind each other for one.
        for number in 0.. {
            let metrics = gateway.metrics().await;
            let count = |result| metrics.count("egret_config_reloads_total", &[result]);
            let enough = count("result=\"ok\"") >= 5 && count("result=\"failed\"") >= 3;
            if number >= 40 && enough && served.load(Ordering::Relaxed) > 40 {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", metrics.0);
            let text = match number % 3 {
                0 => format!("{good}gateway: name-{number}\n"),
                1 => format!("{good}nonsense: true\n"),
                _ => format!("{good}limits: {{ total: {}m }}\n", number % 60 + 1),
            };
            gateway.config.write("egret.yaml", &text);
            gateway.signal("HUP");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        gateway.config.write("egret.yaml", &good);
        gateway.signal("HUP");
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, reloads);
    gateway.settled().await;
}

#[tokio::test]
async fn a_bad_configuration_is_reported_and_the_old_one_stays() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let good = gateway.config.text();
    let mistakes = [
        "backends: [".to_owned(),
        String::new(),
        good.replace("backends: [openai]", "backends: [opnai]"),
        good.replace("openai.key", "nobody-wrote-this.key"),
        good.replace("ca.pem", "openai.key"),
        format!("{good}budgets: [{{ name: b, per: caller, limit: 10 dollars, window: day }}]\n"),
    ];
    let failed = async || {
        gateway.metrics().await.count("egret_config_reloads_total", &["result=\"failed\""])
    };
    for mistake in &mistakes {
        // A slow machine may notice the file before the signal, and count it twice.
        let before = failed().await;
        gateway.config.write("egret.yaml", mistake);
        gateway.signal("HUP");
        until("the failure is counted", || async { failed().await > before }).await;
        for surface in Provider::ALL {
            let answer = ask(&gateway, surface, "gpt-4o-mini", "x", false).await;
            assert_eq!(answer.status, 200, "{mistake}: {}", answer.text);
        }
    }
    let output = gateway.output();
    assert!(output.contains("opnai") && output.contains("egret.yaml:"), "{output}");
    assert_eq!(arrived(&simulators[0]), 18);
}

/// New routes, budgets and callers take effect; the file is noticed without a signal.
#[tokio::test]
async fn a_new_configuration_takes_effect() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let good = gateway.config.text();
    let answer = ask(&gateway, Provider::OpenAi, "assistant", "x", false).await;
    assert_eq!(answer.status, 404);

    let route =
        "  - { models: [assistant], backends: [{ backend: claude, model: claude-haiku-4-5 }] }";
    let routed = good.replace("routes:\n", &format!("routes:\n{route}\n"));
    gateway.config.write("egret.yaml", &routed);
    until("the new route serves", || async {
        ask(&gateway, Provider::OpenAi, "assistant", "x", false).await.status == 200
    })
    .await;

    let budget = "budgets: [{ name: tight, per: total, limit: 2 requests, window: month }]\n";
    gateway.config.write("egret.yaml", &format!("{routed}{budget}"));
    gateway.signal("HUP");
    until("the new budget holds", || async {
        ask(&gateway, Provider::OpenAi, "assistant", "x", false).await.status == 429
    })
    .await;

    gateway.config.write("key", "key-new");
    let caller = "callers: [{ name: new, key: { file: key } }]\n";
    gateway.config.write("egret.yaml", &format!("{routed}{caller}"));
    gateway.signal("HUP");
    until("strangers are refused", || async {
        ask(&gateway, Provider::OpenAi, "assistant", "x", false).await.status == 401
    })
    .await;
    let call = request(&gateway.client, &gateway, Provider::OpenAi, "assistant", "x", false);
    assert_eq!(send(call.bearer_auth("key-new")).await.status, 200);
}

/// A stream that began under one configuration ends under it.
#[tokio::test]
async fn a_stream_outlives_the_configuration_that_it_began_under() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let good = gateway.config.text();
    let text = "[[chunks 60 every 50ms]]";
    let call = request(&gateway.client, &gateway, Provider::Claude, "gpt-4o-mini", text, true);
    let mut response = call.send().await.unwrap();
    let mut read = response.chunk().await.unwrap().unwrap().to_vec();
    gateway.config.write("egret.yaml", &good.replace("'gpt-*'", "'other-*'"));
    gateway.signal("HUP");
    until("the old route is gone", || async {
        ask(&gateway, Provider::Claude, "gpt-4o-mini", "x", false).await.status == 404
    })
    .await;
    while let Some(piece) = response.chunk().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    let read = String::from_utf8(read).unwrap();
    assert!(read.contains("w59") && read.contains("message_stop"), "{read}");
}
