//! Failover before the first byte: every way in which a provider can fail.

use serde_json::Value;

use crate::support::provider::{ROOT, arrived, only, simulate, start};
use crate::support::speak::{error, said};
use crate::support::{
    Authority, Canned, Config, Fault, Gateway, Provider, Running, Simulator, ask, free_port, until,
};

const GPT: &str = "gpt-4o-mini";
const HAIKU: &str = "claude-haiku-4-5";

/// A backend that fails, whether a request gets as far as its simulator, and what the metric says.
struct Failing {
    name: &'static str,
    reason: &'static str,
    reached: bool,
    simulator: Option<Running>,
}

async fn openai(faults: impl Into<Vec<Fault>>) -> Running {
    let simulator = simulate(Provider::OpenAi, "sk-canary-failing").await;
    simulator.script().always(faults);
    simulator
}

async fn identified(by: egret::simulator::Identity) -> Running {
    start(Simulator::new(Provider::OpenAi, "sk-canary-failing").tls(by)).await
}

/// Every row of the table in `pingora.md` §4, and more.
async fn failing() -> Vec<Failing> {
    let row = |name, reason, reached, simulator| Failing {
        name,
        reason,
        reached,
        simulator: Some(simulator),
    };
    let names = ["localhost"];
    let early = [Fault::Error(0, 503)];
    let empty = Canned {
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        body: Vec::new(),
    };
    let hung_up = openai([]).await;
    hung_up.hang_up(1000);
    vec![
        row("status-503", "provider_5xx", true, openai([Fault::Status(503)]).await),
        row("status-500", "provider_5xx", true, openai([Fault::Status(500)]).await),
        row("status-429", "provider_429", true, openai([Fault::Status(429)]).await),
        row("retry-after", "provider_429", true, openai([Fault::RetryAfter(1)]).await),
        row("html-502", "provider_5xx", true, openai([Fault::Html]).await),
        row("no-first-byte", "timeout", true, openai([Fault::Stall(None)]).await),
        row("accept-then-close", "tls", false, hung_up),
        row("request-then-close", "reset", true, openai([Fault::Close]).await),
        row("garbage-200", "unreadable", true, openai([Fault::Garbage]).await),
        row("error-in-200", "unreadable", true, openai([Fault::ErrorIn200]).await),
        row("redirect", "provider_3xx", true, openai([redirect()]).await),
        row("error-first", "provider_error_event", true, openai(early).await),
        row("gzip-stream", "unreadable", true, openai([Fault::Gzip]).await),
        row("empty-stream", "unreadable", true, openai([Fault::Canned(empty)]).await),
        row("cut-at-once", "unreadable", true, openai([Fault::Cut(0)]).await),
        row("credential", "provider_credential", true, openai([Fault::Status(401)]).await),
        row("untrusted", "tls_untrusted", false, identified(other_root(&names)).await),
        row(
            "wrong-name",
            "tls_name",
            false,
            identified(ROOT.issue(&["other.example"]).unwrap()).await,
        ),
        row("expired", "tls_expired", false, identified(ROOT.issue_expired(&names).unwrap()).await),
        Failing { name: "refused", reason: "connect", reached: false, simulator: None },
    ]
}

fn redirect() -> Fault {
    Fault::Redirect("https://localhost:9/v1/chat/completions".to_owned())
}

fn other_root(names: &[&str]) -> egret::simulator::Identity {
    Authority::new().unwrap().issue(names).unwrap()
}

/// One route each: the failing backend, then one that speaks another schema.
fn table(rows: &[Failing], good: &Running) -> Config {
    let config = Config::new().backend("good", good);
    rows.iter().fold(config, |config, row| {
        let name = row.name;
        // Only the one that never answers is waited for no longer than this: the others answer in
        // a way of their own, however long they take.
        let short =
            if name == "no-first-byte" { "timeouts: { connect: 60s, first_byte: 1s }" } else { "" };
        let config = match &row.simulator {
            Some(simulator) => config.backend_with(name, simulator, short),
            None => config.backend_of(
                name,
                &[
                    "schema: openai, credential: none".to_owned(),
                    format!("url: 'https://localhost:{}/v1', tls: {{ ca: ca.pem }}", free_port()),
                ],
            ),
        };
        let first = format!("{{ backend: {name}, model: {GPT} }}");
        let second = format!("{{ backend: good, model: {HAIKU} }}");
        config.route(&format!("models: [{name}], backends: [{first}, {second}]"))
    })
}

/// Faults that only show in a stream, and those that only show in a whole answer.
fn shows(name: &str, stream: bool) -> bool {
    match name {
        "error-first" | "gzip-stream" | "empty-stream" => stream,
        _ => true,
    }
}

#[tokio::test]
async fn every_failure_before_the_first_byte_goes_to_the_next_backend() {
    let good = simulate(Provider::Claude, "sk-canary-good").await;
    let rows = failing().await;
    let gateway = Gateway::start(table(&rows, &good)).await;
    for stream in [false, true] {
        for row in rows.iter().filter(|row| shows(row.name, stream)) {
            good.journal().clear();
            let before = row.simulator.as_ref().map_or(0, arrived);
            let surface = Provider::OpenAi;
            let answer = ask(&gateway, surface, row.name, "carry on", stream).await;
            let case = format!("{}, stream: {stream}", row.name);
            assert_eq!(answer.status, 200, "{case}: {}", answer.text);
            assert_eq!(answer.header("x-egret-backend"), Some("good"), "{case}");
            let text = said(surface, &answer, stream);
            assert_eq!(text, Some(format!("{HAIKU} here: carry on")), "{case}: {}", answer.text);

            let arrival = only(&good);
            assert_eq!(arrival.target, "/v1/messages", "{case}");
            let body: Value = serde_json::from_slice(&arrival.body).unwrap();
            assert_eq!(body["model"], HAIKU, "translated anew: {case}");
            assert_eq!(arrival.headers["x-api-key"], "sk-canary-good");
            let sent = row.simulator.as_ref().map_or(0, arrived) - before;
            // Once told to wait, the gateway may know better than to ask again.
            let rested = row.name == "retry-after" && stream;
            if !rested {
                assert_eq!(sent, usize::from(row.reached), "{case}");
                let metrics = gateway.metrics().await;
                let labels =
                    [format!("backend=\"{}\"", row.name), format!("reason=\"{}\"", row.reason)];
                let count = metrics.count("egret_failovers_total", &[&labels[0], &labels[1]]);
                assert!(count > 0, "{case}: {}", failovers(&metrics.0, row.name));
            }
        }
    }
}

fn failovers(metrics: &str, name: &str) -> String {
    let about = |line: &&str| line.starts_with("egret_failovers_total") && line.contains(name);
    metrics.lines().filter(about).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn bodies_that_pingora_would_not_replay_fail_over_too() {
    let (a, b) = (openai([Fault::Status(503)]).await, openai([Fault::Status(429)]).await);
    let c = simulate(Provider::Claude, "sk-canary-c").await;
    let targets = format!(
        "{{ backend: a, model: {GPT} }}, {{ backend: b, model: {GPT} }}, \
         {{ backend: c, model: {HAIKU} }}"
    );
    let config = Config::new()
        .backend("a", &a)
        .backend("b", &b)
        .backend("c", &c)
        .route(&format!("models: [assistant], backends: [{targets}]"));
    let gateway = Gateway::start(config).await;
    for size in [100_000, 2_000_000] {
        for surface in Provider::ALL {
            c.journal().clear();
            let text = "tök ".repeat(size / 5);
            let answer = ask(&gateway, surface, "assistant", &text, false).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let body: Value = serde_json::from_slice(&only(&c).body).unwrap();
            let content = &body["messages"][0]["content"];
            let arrived = content.as_str().or(content[0]["text"].as_str()).unwrap();
            assert!(arrived == text, "{size} from {}", surface.name());
        }
    }
    // A keeps failing and is left alone for a while from the fifth time on; B only said that it was
    // busy.
    assert!((5..=6).contains(&arrived(&a)), "{}", arrived(&a));
    assert_eq!(arrived(&b), 6);
}

/// A failed answer's connection is used again, over h2 and over HTTP/1.1.
#[tokio::test]
async fn failing_over_opens_no_new_connections() {
    let a = simulate(Provider::OpenAi, "sk-a").await;
    let h1 = Simulator::new(Provider::OpenAi, "sk-h1").http1_only();
    let h1 = start(h1.tls(ROOT.issue(&["localhost"]).unwrap())).await;
    let b = simulate(Provider::Claude, "sk-b").await;
    let to = |name: &str| {
        let b = format!("{{ backend: b, model: {HAIKU} }}");
        format!("models: [{name}], backends: [{{ backend: {name}, model: {GPT} }}, {b}]")
    };
    let config = Config::new()
        .backend("a", &a)
        .backend("h1", &h1)
        .backend("b", &b)
        .route(&to("a"))
        .route(&to("h1"));
    let gateway = Gateway::start(config).await;
    for (name, simulator) in [("a", &a), ("h1", &h1)] {
        simulator.script().next_n(1, [Fault::Status(429)]);
        ask(&gateway, Provider::OpenAi, name, "warm up", false).await;
        let warm = (simulator.counts().connections, b.counts().connections);
        for _ in 0..10 {
            simulator.script().next_n(1, [Fault::Status(429)]);
            let answer = ask(&gateway, Provider::OpenAi, name, "again", false).await;
            assert_eq!(answer.header("x-egret-backend"), Some("b"));
        }
        assert_eq!((simulator.counts().connections, b.counts().connections), warm, "{name}");
        assert_eq!(arrived(simulator), 11);
    }
}

#[tokio::test]
async fn when_every_backend_fails_the_caller_learns_it_in_its_schema() {
    let (a, b) = (openai([Fault::Status(500)]).await, openai([Fault::Status(503)]).await);
    let config = Config::new()
        .backend("a", &a)
        .backend("b", &b)
        .route("models: [gpt-4o-mini], backends: [a, b]");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(&gateway, surface, GPT, "x", stream).await;
            assert!(answer.status >= 500, "{} {}", answer.status, answer.text);
            assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
            assert_eq!(answer.header("x-should-retry"), Some("false"), "two were tried already");
        }
    }
    a.script().clear();
    b.script().clear();
    assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "x", false).await.status, 200);
}

#[tokio::test]
async fn the_callers_own_mistake_is_not_tried_elsewhere() {
    let a = openai([Fault::Status(400)]).await;
    let b = openai([]).await;
    let config = Config::new()
        .backend("a", &a)
        .backend("b", &b)
        .route("models: [gpt-4o-mini], backends: [a, b]");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        let answer = ask(&gateway, surface, GPT, "x", false).await;
        crate::support::speak::refused(surface, &answer, 400);
    }
    assert_eq!((arrived(&a), arrived(&b)), (3, 0));
}

#[tokio::test]
async fn a_backend_that_keeps_failing_is_left_alone_and_tried_again() {
    let (a, b) = (openai([Fault::Status(503)]).await, openai([]).await);
    let config = Config::new()
        .backend("a", &a)
        .backend("b", &b)
        .route("models: [gpt-4o-mini], backends: [a, b]");
    let gateway = Gateway::start(config).await;
    for _ in 0..8 {
        assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "x", false).await.status, 200);
    }
    assert!((5..8).contains(&arrived(&a)), "asked {} times, then left alone", arrived(&a));
    assert_eq!(arrived(&b), 8);
    // The fifth failure in a row ejects it, and so does each of the trials that come later.
    let ejections = gateway.metrics().await.count("egret_ejections_total", &["backend=\"a\""]);
    assert_eq!(arrived(&a) as u64, 4 + ejections);
    a.script().clear();
    until("a serves again", || async {
        let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
        assert_eq!(answer.status, 200);
        answer.header("x-egret-backend") == Some("a")
    })
    .await;
}

#[tokio::test]
async fn a_backend_that_asks_for_a_rest_gets_it() {
    let (a, b) = (openai([]).await, openai([]).await);
    let config = Config::new()
        .backend("a", &a)
        .backend("b", &b)
        .route("models: [gpt-4o-mini], backends: [a, b]");
    let gateway = Gateway::start(config).await;
    a.script().next_n(1, [Fault::RetryAfter(10)]);
    for _ in 0..3 {
        let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
        assert_eq!(answer.header("x-egret-backend"), Some("b"));
    }
    assert_eq!(arrived(&a), 1, "asked once, then left alone");
    until("a serves again", || async {
        let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
        answer.header("x-egret-backend") == Some("a")
    })
    .await;
}

/// S-10.
#[tokio::test]
async fn s_10_redirects_are_neither_followed_nor_relayed() {
    let elsewhere = simulate(Provider::OpenAi, "sk-canary-a").await;
    let a = simulate(Provider::OpenAi, "sk-canary-a").await;
    let target = format!("{}/v1/chat/completions", elsewhere.base_url());
    a.script().next_n(6, [Fault::Redirect(target)]);
    let config = Config::new().backend("a", &a).route("models: ['*'], backends: [a]");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(&gateway, surface, GPT, "x", stream).await;
            assert!(answer.status >= 500, "{} {}", answer.status, answer.text);
            assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
            assert_eq!(answer.header("location"), None);
            assert!(!answer.text.contains("localhost"), "{}", answer.text);
        }
    }
    assert_eq!(elsewhere.counts().connections, 0);
    assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "x", false).await.status, 200);
}
