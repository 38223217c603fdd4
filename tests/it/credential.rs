//! The provider's credential: only ever to its own provider, and rotated without a gap.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::provider::{all, arrived, model, simulate};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, path, request, try_send};
use crate::support::{Config, Fault, Gateway, Provider, Running, ask, until};

/// Every header and the target of every request that arrived, as text.
fn told(simulator: &Running) -> String {
    let mut told = String::new();
    for arrival in simulator.journal().read() {
        told += &format!("{} {}\n", arrival.target, String::from_utf8_lossy(&arrival.body));
        for (name, value) in &arrival.headers {
            told += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    told
}

/// S-11.
#[tokio::test]
async fn s_11_a_credential_arrives_only_at_its_own_provider_under_failover_too() {
    let simulators = all().await;
    let config = simulators.iter().fold(Config::new(), |config, simulator| {
        config.backend(simulator.provider().name(), simulator)
    });
    // Each order of the three.
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let config = orders.iter().fold(config, |config, order| {
        let targets: Vec<String> = order
            .iter()
            .map(|at| Provider::ALL[*at])
            .map(|provider| {
                format!("{{ backend: {}, model: {} }}", provider.name(), model(provider))
            })
            .collect();
        let name = order.map(|at| at.to_string()).concat();
        config.route(&format!("models: [order-{name}], backends: [{}]", targets.join(", ")))
    });
    let gateway = Gateway::start(config).await;
    for order in orders {
        let name = format!("order-{}", order.map(|at| at.to_string()).concat());
        for surface in Provider::ALL {
            for stream in [false, true] {
                simulators[order[0]].script().next_n(1, [Fault::Status(429)]);
                simulators[order[1]].script().next_n(1, [Fault::Status(429)]);
                let answer = ask(&gateway, surface, &name, "x", stream).await;
                let last = Provider::ALL[order[2]].name();
                assert_eq!(answer.header("x-egret-backend"), Some(last), "{}", answer.text);
            }
        }
    }
    for simulator in &simulators {
        let told = told(simulator);
        for other in &simulators {
            let own = other.provider() == simulator.provider();
            assert_eq!(told.contains(other.credential()), own, "{}", simulator.provider().name());
        }
        for arrival in simulator.journal().read() {
            let credentials = ["authorization", "x-api-key", "x-goog-api-key"];
            let held = credentials.iter().filter(|name| arrival.headers.contains_key(**name));
            assert_eq!(held.count(), 1);
        }
    }
}

/// S-41: what the caller sent to prove itself, in all seven spellings, stays here.
#[tokio::test]
async fn s_41_a_callers_key_never_arrives_at_a_provider() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller("shop", "canary-caller", "");
    let gateway = Gateway::start(config).await;
    let also = "Cookie: session=canary-caller\r\nProxy-Authorization: Basic canary-caller\r\n\
                X-Forwarded-For: 10.9.8.7\r\nForwarded: for=canary-caller\r\n\
                X-Amz-Security-Token: canary-caller\r\nOpenAI-Organization: canary-caller\r\n\
                X-Request-Id: canary-caller\r\nReferer: http://x/?key=canary-caller\r\n";
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            for key in [
                "Authorization: Bearer canary-caller\r\n",
                "x-api-key: canary-caller\r\n",
                "api-key: canary-caller\r\n",
                "x-goog-api-key: canary-caller\r\n",
                "",
            ] {
                let path = path(surface, model(provider), false);
                let query = if key.is_empty() { "?key=canary-caller" } else { "" };
                let body = body(surface, model(provider), "x", false).to_string();
                let mut raw = Raw::connect(gateway.address()).await;
                raw.send(post(&format!("{path}{query}"), &format!("{key}{also}"), &body)).await;
                let response = raw.response().await.unwrap();
                assert_eq!(response.status, 200, "{}", response.body);
                assert!(!response.head.contains("canary") && !response.body.contains("canary"));
            }
        }
    }
    for simulator in &simulators {
        assert_eq!(arrived(simulator), 15);
        let told = told(simulator);
        assert!(!told.contains("canary-caller") && !told.contains("10.9.8.7"), "{told}");
        assert!(!told.contains("cookie") && !told.contains("forwarded"), "{told}");
    }
}

/// What a file holds for that long is taken for a whole key.
const SETTLE: Duration = Duration::from_millis(50);

/// S-39: under load, each request carries one whole key, and soon the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_39_a_rotated_key_is_never_seen_by_halves() {
    let openai = simulate(Provider::OpenAi, "key-first-0000000000000000").await;
    let gateway = Gateway::start(Config::serving(&[&openai])).await;
    let file = gateway.config.directory().join("openai.key");
    let keys: Vec<String> =
        (1..6).map(|n| format!("key-{n}-{}", "abcdefgh".repeat(n * 20))).collect();
    let stop = AtomicBool::new(false);
    let load = async {
        let worker = || async {
            while !stop.load(Ordering::Relaxed) {
                let call =
                    request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", "x", false);
                // The simulator knows only the first key, and refuses the others with a 401.
                let answer = try_send(call).await.unwrap();
                assert!(matches!(answer.status, 200 | 500..=599), "{}", answer.text);
            }
        };
        tokio::join!(worker(), worker(), worker(), worker());
    };
    let bearer = |key: &str| format!("Bearer {key}");
    // Parts that stood for so long that they were rightly taken for whole keys.
    let mut settled = Vec::new();
    let carries = |key: &str| {
        let last = openai.journal().last();
        last.is_some_and(|last| last.headers["authorization"] == bearer(key).as_str())
    };
    let rotate = async {
        for (number, key) in keys.iter().enumerate() {
            if number % 2 == 0 {
                gateway.config.write("openai.key", &format!("{key}\n"));
            } else {
                // In place and by and by: there is more of it in the file every 10 ms.
                let mut standing: Option<(&str, Instant)> = None;
                for part in (1..=40).map(|n| &key[..key.len() * n / 40]) {
                    let begun = Instant::now();
                    fs::write(&file, part).unwrap();
                    if let Some((last, since)) = standing.replace((part, begun))
                        && since.elapsed() >= SETTLE
                    {
                        settled.push(last);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            until("the new key is used", || async { carries(key) }).await;
        }
        // A file that vanishes, or turns empty, leaves the last key in force.
        fs::write(&file, "").unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        fs::remove_file(&file).unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(carries(&keys[4]));
        gateway.config.write("openai.key", openai.credential());
        until("the first key is back", || async { carries(openai.credential()) }).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, rotate);
    let whole: Vec<String> = keys
        .iter()
        .map(String::as_str)
        .chain([openai.credential()])
        .chain(settled)
        .map(bearer)
        .collect();
    for arrival in openai.journal().read() {
        let sent = arrival.headers["authorization"].to_str().unwrap();
        assert!(whole.iter().any(|key| key == sent), "half a key: {sent}");
    }
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}
