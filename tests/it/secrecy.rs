//! Secrets and prompts stay out of everything that Egret writes.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;

use crate::support::provider::{all, model, simulate};
use crate::support::raw::{Raw, post};
use crate::support::speak::{error, path, request, send};
use crate::support::{Canned, Config, Fault, Gateway, Provider, ask};

const PROMPT: &str = "the canary sings in the prompt";

/// S-19, S-37: everything that can be said is said, at the most talkative log level.
#[tokio::test]
async fn s_19_no_secret_and_no_prompt_in_logs_metrics_and_errors() {
    let simulators = all().await;
    let broken = simulate(Provider::OpenAi, "sk-canary-broken").await;
    let config = Config::serving(&simulators.each_ref())
        .backend("broken", &broken)
        .route("models: [broken], backends: [{ backend: broken, model: gpt-4o-mini }]")
        .with("budgets: [{ name: m, per: caller, limit: 1000 USD, window: month }]")
        .caller("shop", "canary-caller-key", "");
    let levels = "debug,egret=trace,pingora=trace,pingora_core=trace,pingora_proxy=trace";
    let gateway = Gateway::start_with(config, &[("RUST_LOG", levels)]).await;
    let mut said = String::new();
    let echo = Canned {
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        body: vec![Bytes::from_static(
            b"data: {\"error\":{\"message\":\"bad key sk-canary-broken\",\"type\":\"x\",\"code\":null}}\n\n",
        )],
    };
    let faults = [
        vec![],
        vec![Fault::EchoCredential],
        vec![Fault::Status(401)],
        vec![Fault::Status(403)],
        vec![Fault::Status(500)],
        vec![Fault::Garbage],
        vec![Fault::ErrorIn200],
        vec![Fault::Cut(3)],
        vec![Fault::Error(3, 503)],
        vec![Fault::Canned(echo)],
        vec![Fault::Close],
    ];
    for fault in faults {
        for surface in Provider::ALL {
            for stream in [false, true] {
                for (name, simulator) in
                    [("broken", &broken), (model(Provider::Claude), &simulators[1])]
                {
                    let own = !matches!(fault[..], [Fault::Canned(_)]) || name == "broken";
                    if own {
                        simulator.script().next_n(1, fault.clone());
                    }
                    let call = request(&gateway.client, &gateway, surface, name, PROMPT, stream);
                    let answer = send(call.bearer_auth("canary-caller-key")).await;
                    if answer.status != 200 {
                        assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
                        assert!(!answer.text.contains(PROMPT), "{}", answer.text);
                    }
                    said += &format!("{:?} {}", answer.headers, answer.text.replace(PROMPT, ""));
                    simulator.script().clear();
                }
            }
        }
    }
    // Bad requests that carry keys and prompts in odd places.
    let head = "Authorization: Bearer canary-caller-key\r\n";
    for request in [
        post(
            "/v1/chat/completions?key=canary-caller-key",
            head,
            &format!("{{\"model\": \"{PROMPT}"),
        ),
        post("/v1/messages", head, &format!("{{\"model\":\"m\",\"model\":\"{PROMPT}\"}}")),
        post("/v1/nothing?key=canary-caller-key", head, PROMPT),
        post("/v1/messages", "x-api-key: canary-caller-kez\r\n", PROMPT),
    ] {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(request).await;
        let response = raw.response().await.unwrap();
        said += &format!("{} {}", response.head, response.body);
    }
    // What is no request: Pingora answers that, and would quote it in its own log.
    for broken in ["X A: b", "X-A: b\0c", "X-A b"] {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(format!("POST /v1/messages HTTP/1.1\r\n{head}{broken}\r\n\r\n{PROMPT}")).await;
        said += &raw.rest().await;
    }
    let metrics = gateway.settled().await;
    let paths = ["/", "/config_dump", "/debug/pprof", "/healthz", "/readyz"];
    for path in paths {
        said += &gateway.admin(path).await.unwrap().1;
    }
    // The access log is written a moment later: 11 faults, two surfaces with such paths, streamed
    // and not, two models; then the bad requests.
    crate::support::until("the access log holds the last request", || async {
        gateway.output().matches("\"path\":\"/v1/").count() == 11 * 2 * 2 * 2 + 4
    })
    .await;
    let output = gateway.output();
    assert!(output.contains("TRACE") || output.contains("DEBUG"), "the logs are on");
    for (place, text) in [("an answer", &said), ("metrics", &metrics.0), ("a log", &output)] {
        for line in text.lines() {
            let secret = line.contains("canary-caller") || line.contains("sk-canary");
            assert!(!secret, "a secret in {place}: {line}");
            assert!(!line.contains("canary sings"), "a prompt in {place}: {line}");
        }
    }
    let call = request(&gateway.client, &gateway, Provider::OpenAi, "broken", "x", false);
    assert_eq!(send(call.bearer_auth("canary-caller-key")).await.status, 200);
}

/// S-37: a provider that quotes the credential is not quoted.
#[tokio::test]
async fn s_37_a_provider_that_echoes_the_credential_is_scrubbed() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            for stream in [false, true] {
                simulator.script().next_n(1, [Fault::EchoCredential]);
                let answer = ask(&gateway, surface, model(provider), "x", stream).await;
                assert_ne!(answer.status, 200);
                assert!(!answer.text.contains(simulator.credential()), "{}", answer.text);
                assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
            }
        }
        assert_eq!(ask(&gateway, provider, model(provider), "x", false).await.status, 200);
    }
}

/// S-09: of a provider's headers only those on the list come back.
#[tokio::test]
async fn s_09_response_headers_come_from_a_list() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let headers = [
        ("content-type", "application/json"),
        ("set-cookie", "session=1"),
        ("location", "https://elsewhere.example/"),
        ("x-goog-api-key", "sk-canary-gemini"),
        ("authorization", "Bearer sk-canary-openai"),
        ("x-api-key", "sk-canary-claude"),
        ("x-egret-backend", "forged"),
        ("access-control-allow-origin", "*"),
        ("x-evil", "1"),
        ("alt-svc", "h3=\":443\""),
        ("strict-transport-security", "max-age=1"),
        ("refresh", "0; url=https://elsewhere.example/"),
        ("www-authenticate", "Basic"),
        ("server", "evil/1"),
        ("x-request-id", "req-of-the-provider"),
        ("request-id", "req-of-the-provider"),
    ];
    let known = [
        "content-type",
        "content-length",
        "transfer-encoding",
        "date",
        "cache-control",
        "connection",
        "x-egret-backend",
        "x-egret-request-id",
        "x-egret-dropped",
        "x-egret-cost",
        "x-egret-input-tokens",
        "x-egret-output-tokens",
        "x-request-id",
        "request-id",
        "openai-processing-ms",
        "openai-version",
        "openai-model",
        "server-timing",
        "x-should-retry",
        "retry-after",
    ];
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            for status in [200, 400, 500] {
                // A real answer's body, under headers that no provider sends.
                let plain = ask(&gateway, provider, model(provider), "x", false).await;
                let canned = Canned {
                    status,
                    headers: headers
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .into(),
                    body: vec![Bytes::from(plain.text)],
                };
                simulator.script().next_n(1, [Fault::Canned(canned)]);
                let answer = ask(&gateway, surface, model(provider), "x", false).await;
                assert_eq!(answer.status == 200, status == 200, "{}", answer.text);
                for name in answer.headers.keys() {
                    let listed = known.contains(&name.as_str());
                    assert!(listed, "{name} came back to {}", surface.name());
                }
                assert_eq!(answer.header("x-egret-backend"), Some(provider.name()));
            }
        }
    }
}

/// S-55: a log line stays one line, whatever a caller writes into its request.
#[tokio::test]
async fn s_55_nothing_can_be_written_into_the_log() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let names = [
        "gpt-x\n{\"forged\":true}",
        "gpt-x\r\nforged",
        "gpt-\u{1b}[31mforged",
        "gpt-\u{2028}forged",
        "gpt-\u{202e}forged",
        "\",\"forged\":\"",
    ];
    for name in names {
        for surface in [Provider::OpenAi, Provider::Claude] {
            ask(&gateway, surface, name, "x", false).await;
        }
    }
    for target in ["/v1/%0aforged", "/v1/x%1b[31m", "/v1/\u{7f}forged", "/v1/\"forged"] {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(post(target, "X-Request-Id: forged\\n\r\nUser-Agent: \"forged\"\r\n", "{}")).await;
        raw.response().await;
    }
    let last = path(Provider::Gemini, "the-last-one", false);
    ask(&gateway, Provider::Gemini, "the-last-one", "x", false).await;
    crate::support::until("the last line is written", || async {
        gateway.output().contains(&last)
    })
    .await;
    for line in gateway.output().lines().filter(|line| line.starts_with('{')) {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(line.get("forged").is_none() && line["time"].is_string(), "{line}");
    }
    let output = gateway.output();
    assert!(!output.contains('\u{1b}') && !output.contains('\r'), "{output}");
    assert!(!output.lines().any(|line| line.trim_start().starts_with("forged")), "{output}");
}

/// S-52: a caller cannot make series.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_52_labels_stay_bounded_under_a_thousand_hostile_names() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).with(
        "budgets: [{ name: m, per: caller, limit: 1000 USD, window: month, unknown_price: allow }]",
    );
    let gateway = Arc::new(Gateway::start(config).await);
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            ask(&gateway, surface, model(provider), "x", true).await;
            ask(&gateway, surface, model(provider), "x", false).await;
        }
        ask(&gateway, surface, "no-such-thing", "x", false).await;
        ask(&gateway, surface, "gpt-does-not-exist", "x", false).await;
    }
    let before = gateway.settled().await.series();
    let calls = (0..1000).map(|number| {
        let gateway = Arc::clone(&gateway);
        async move {
            let surface = Provider::ALL[number % 3];
            let name = match number % 2 {
                0 => format!("hostile-{number}"),
                _ => format!("gpt-does-not-exist-hostile-{number}"),
            };
            let call = request(&gateway.client, &gateway, surface, &name, "x", false);
            let call = call.header("x-api-key", format!("hostile-key-{number}"));
            let answer = send(call.header("user-agent", format!("hostile/{number}"))).await;
            assert_eq!(answer.status, 404, "{}", answer.text);
        }
    });
    let calls = futures_util::stream::iter(calls).buffer_unordered(50);
    calls.collect::<Vec<()>>().await;
    let metrics = gateway.settled().await;
    assert!(!metrics.0.contains("hostile"), "{}", metrics.0);
    assert!(metrics.series() <= before + 40, "{before} series, then {}", metrics.series());
}
