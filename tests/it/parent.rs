//! Parent mode: a backend that is another gateway, and requests that go round in circles (S-28).

use std::net::SocketAddr;

use crate::support::provider::{all, arrived, simulate};
use crate::support::speak::{refused, request, said, send};
use crate::support::{Answer, Config, Fault, Gateway, Provider, ask, free_port, until};

const GPT: &str = "gpt-4o-mini";
const HOPS: &str = "x-egret-hops";

/// A backend at another gateway.
fn other(config: Config, name: &str, schema: &str, at: &str, port: u16, more: &str) -> Config {
    let path = if schema == "openai" { "/v1" } else { "" };
    let fields = [
        format!("schema: {schema}"),
        format!("url: 'http://{at}:{port}{path}'"),
        "plaintext: allowed, timeouts: { connect: 60s }".to_owned(),
        format!("credential: {{ file: '{}' }}", config.write("parent.key", "key-child").display()),
        more.to_owned(),
    ];
    config.backend_of(name, &fields)
}

fn parent(config: Config, name: &str, address: SocketAddr) -> Config {
    let ip = address.ip().to_string();
    other(config, name, "openai", &ip, address.port(), "mode: parent")
}

async fn with_hops(gateway: &Gateway, surface: Provider, hops: &str) -> Answer {
    let call = request(&gateway.client, gateway, surface, GPT, "x", false);
    send(call.header(HOPS, hops)).await
}

#[tokio::test]
async fn a_parents_answer_comes_through_with_our_own_headers() {
    let [openai, ..] = all().await;
    let config = Config::serving(&[&openai]).caller("child", "key-child", "");
    let above = Gateway::start(config).await;
    let config = parent(Config::new(), "above", above.address())
        .route("models: ['gpt-*'], backends: [above]");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(&gateway, surface, GPT, "hello", stream).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(said(surface, &answer, stream).unwrap(), "gpt-4o-mini here: hello");
            assert_eq!(answer.header("x-egret-backend"), Some("above"));
            for (name, _) in &answer.headers {
                assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
            }
            assert_eq!(answer.header(HOPS), None);
        }
    }
    // The parent knows whom it is asked by, and its provider hears nothing of gateways.
    let metrics = above.metrics().await;
    assert_eq!(metrics.count("egret_requests_total", &["caller=\"child\"", "code=\"200\""]), 6);
    for arrival in openai.journal().read() {
        assert!(!arrival.headers.contains_key(HOPS), "{:?}", arrival.headers);
    }
}

/// What a parent could not do is not tried elsewhere, and not held against it; where it can't be
/// reached the next one is asked.
#[tokio::test]
async fn only_connections_are_tried_again() {
    let [above, direct, _] = all().await;
    // Asked only where time must run out.
    let slow = simulate(Provider::OpenAi, "sk-slow").await;
    let config = Config::new()
        .backend_with("above", &above, "mode: parent")
        .backend_with("slow", &slow, "mode: parent, timeouts: { connect: 60s, first_byte: 2s }")
        .backend("direct", &direct)
        .route(
            "models: [gpt-4o-mini], backends: [gone, above, \
             { backend: direct, model: claude-haiku-4-5 }]",
        )
        .route(
            "models: [gpt-4o], backends: [gone, slow, \
             { backend: direct, model: claude-haiku-4-5 }]",
        );
    let dead = free_port();
    let config = other(config, "gone", "openai", "127.0.0.1", dead, "mode: parent");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for (fault, status) in [
            (Fault::Status(503), Some(503)),
            (Fault::Status(429), Some(429)),
            (Fault::RetryAfter(60), Some(429)),
            (Fault::Status(403), Some(403)),
            (Fault::Status(500), Some(500)),
            (Fault::Close, None),
            (Fault::Garbage, None),
            (Fault::Error(0, 503), None),
        ] {
            let stream = matches!(fault, Fault::Error(..));
            let shown = format!("{} {fault:?}", surface.name());
            above.script().next_n(1, [fault]);
            let answer = ask(&gateway, surface, GPT, "x", stream).await;
            assert!(answer.status >= 400, "{shown}: {}", answer.text);
            if let Some(status) =
                status.filter(|status| surface != Provider::Claude || *status != 503)
            {
                assert_eq!(answer.status, status, "{shown}: {}", answer.text);
            }
            let answer = ask(&gateway, surface, GPT, "x", false).await;
            assert_eq!(answer.header("x-egret-backend"), Some("above"), "{shown}: {}", answer.text);
        }
        let shown = surface.name();
        let answer = ask(&gateway, surface, "gpt-4o", "[[stall]]", false).await;
        assert_eq!(answer.status, 504, "{shown}: {}", answer.text);
        // What is not answered in time on a busy machine is not tried elsewhere either.
        until("it is asked again", || async {
            let answer = ask(&gateway, surface, "gpt-4o", "x", false).await;
            assert!(matches!(answer.status, 200 | 504), "{shown}: {}", answer.text);
            let served = answer.status == 200;
            assert!(!served || answer.header("x-egret-backend") == Some("slow"), "{answer:?}");
            served
        })
        .await;
    }
    assert_eq!(arrived(&direct), 0);
    assert_eq!(arrived(&above), 48);
    let metrics = gateway.metrics().await;
    for name in ["backend=\"above\"", "backend=\"slow\""] {
        assert_eq!(metrics.count("egret_ejections_total", &[name]), 0);
    }
    assert!(metrics.count("egret_failovers_total", &["reason=\"connect\""]) > 0);
    // An endpoint's failure goes on to the next one, as ever.
    for arrival in above.journal().read().into_iter().chain(slow.journal().read()) {
        let tags = arrival.headers[HOPS].to_str().unwrap();
        assert_eq!(tags.len(), 16, "{tags}");
    }
}

/// S-28: a request that has been here is refused, in its caller's schema, over two gateways and
/// over one.
#[tokio::test]
async fn s_28_a_request_does_not_go_round_in_circles() {
    let [openai, ..] = all().await;
    let (first, second) = (Config::new(), Config::new());
    let (a, b) = (first.port, second.port);
    let routes = |config: Config| {
        config
            .route("models: [gpt-4o-mini], backends: [round]")
            .route("models: [gpt-4o], backends: [openai]")
            .caller("child", "key-child", "")
    };
    let first = other(first, "round", "openai", "127.0.0.1", b, "mode: parent");
    let second = other(second, "round", "openai", "127.0.0.1", a, "mode: parent");
    let first = Gateway::start(routes(first.backend("openai", &openai))).await;
    let second = Gateway::start(routes(second.backend("openai", &openai))).await;
    let alone = Config::new();
    let port = alone.port;
    let alone = other(alone, "round", "openai", "localhost", port, "mode: parent");
    let alone = Gateway::start(routes(alone.backend("openai", &openai))).await;
    for (gateway, passes) in [(&first, 2), (&alone, 2)] {
        for (calls, surface) in (1..).zip(Provider::ALL) {
            let call = request(&gateway.client, gateway, surface, GPT, "x", false);
            let answer = send(call.header("x-api-key", "key-child")).await;
            let message = refused(surface, &answer, 508);
            assert!(message.contains("come back to this gateway"), "{message}");
            let metrics = gateway.settled().await;
            assert_eq!(metrics.count("egret_requests_total", &["code=\"508\""]), passes * calls);
            let call = request(&gateway.client, gateway, surface, "gpt-4o", "x", false);
            assert_eq!(send(call.header("x-api-key", "key-child")).await.status, 200);
        }
        let metrics = gateway.metrics().await;
        assert_eq!(metrics.count("egret_denials_total", &["reason=\"loop\""]), 3);
    }
    assert_eq!(second.metrics().await.count("egret_requests_total", &["code=\"508\""]), 3);
}

/// S-28: so is one that comes round by a backend that is taken for a provider.
#[tokio::test]
async fn s_28_a_backend_that_is_the_gateway_itself_is_found_out() {
    let [openai, ..] = all().await;
    let config = Config::new();
    let port = config.port;
    let config = other(config, "self", "openai", "localhost", port, "")
        .backend("openai", &openai)
        .route("models: [gpt-4o-mini], backends: [self, openai]")
        .route("models: [gpt-4o], backends: [self]")
        .caller("child", "key-child", "");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        let call = request(&gateway.client, &gateway, surface, "gpt-4o", "x", false);
        let message = refused(surface, &send(call.header("x-api-key", "key-child")).await, 508);
        assert!(message.contains("mode: parent"), "{message}");
        let call = request(&gateway.client, &gateway, surface, GPT, "x", false);
        let answer = send(call.header("x-api-key", "key-child")).await;
        assert_eq!(answer.header("x-egret-backend"), Some("openai"), "{}", answer.text);
    }
    let metrics = gateway.settled().await;
    let loops = metrics.count("egret_denials_total", &["reason=\"loop\""]);
    assert!((3..=6).contains(&loops), "once for each round: {loops}");
    assert_eq!(arrived(&openai), 3);
}

/// S-28: tags that are made up are refused, or end here.
#[tokio::test]
async fn s_28_made_up_tags_do_no_harm() {
    let above = simulate(Provider::OpenAi, "sk-x").await;
    let plain = simulate(Provider::OpenAi, "sk-y").await;
    let config = Config::new()
        .backend_with("above", &above, "mode: parent")
        .backend("plain", &plain)
        .route("models: [gpt-4o-mini], backends: [above]")
        .route("models: [gpt-4o], backends: [plain]")
        .with("limits: { hops: 3 }");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for (hops, status) in [
            ("a,b,c,d", 508),
            (&*"a,".repeat(4000), 508),
            ("", 400),
            ("a b", 400),
            ("a,,b", 400),
            ("a;q=1", 400),
            (&*"a".repeat(65), 400),
        ] {
            refused(surface, &with_hops(&gateway, surface, hops).await, status);
        }
        let call = request(&gateway.client, &gateway, surface, GPT, "x", false);
        let call = call.header(HOPS, "a,b").header(HOPS, "c").header(HOPS, "d");
        refused(surface, &send(call).await, 508);
    }
    assert_eq!(arrived(&above), 0);
    assert_eq!(with_hops(&gateway, Provider::Claude, "a, b").await.status, 200);
    let told = above.journal().last().unwrap().headers[HOPS].to_str().unwrap().to_owned();
    assert!(told.starts_with("a,b,") && told.len() == 20, "{told}");
    // A provider is told nothing, also not what a caller says.
    let call = request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o", "x", false);
    assert_eq!(send(call.header(HOPS, "a")).await.status, 200);
    assert!(!plain.journal().last().unwrap().headers.contains_key(HOPS));
}
