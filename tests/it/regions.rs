//! Regions: where calls may be served (S-30).

use serde_json::{Value, json};

use crate::support::provider::{all, arrived, simulate};
use crate::support::speak::{refused, request, said, send};
use crate::support::{Answer, Config, Fault, Gateway, Provider, Running, until};

async fn turn(gateway: &Gateway, surface: Provider, model: &str, key: &str) -> Answer {
    let call = request(&gateway.client, gateway, surface, model, "x", false);
    send(call.header("x-api-key", key)).await
}

/// S-30: no failover, alias or downgrade leaves the regions of a caller or of a route.
#[tokio::test]
async fn s_30_no_attempt_leaves_the_regions() {
    let [openai, claude, gemini] = all().await;
    let config = Config::new()
        .backend_with("europe", &openai, "region: eu-central-1")
        .backend_with("america", &claude, "region: us-east-1")
        .backend("nowhere", &gemini)
        .route(
            "name: chat, models: [gpt-4o-mini, assistant], backends: [{ backend: europe, model: gpt-4o-mini }, \
             { backend: america, model: claude-haiku-4-5 }, { backend: nowhere, model: gemini-2.5-flash }]",
        )
        .route("models: [claude-haiku-4-5], backends: [america]")
        .route("models: [gemini-2.5-flash], backends: [nowhere]")
        .route("models: [eu-chat], backends: [{ backend: europe, model: gpt-4o-mini }], regions: [eu]")
        .caller("free", "key-free", "")
        .caller("bound", "key-bound", "namespace: eu-shop")
        .caller("torn", "key-torn", "namespace: us-shop")
        .with(
            "regions:\n\
             - { match: { namespace: 'eu-*' }, allow: [eu, ch] }\n\
             - { match: { caller: torn }, allow: [us] }\n\
             budgets:\n\
             - { name: small, match: { backend: europe, caller: bound }, per: caller, \
                 limit: 6 requests, window: month, on_exceeded: { downgrade: claude-haiku-4-5 } }\n",
        );
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        // Nobody else is asked, also not when the one that may be fails.
        openai.script().next_n(1, [Fault::Status(503)]);
        let answer = turn(&gateway, surface, "assistant", "key-bound").await;
        assert!(answer.status >= 500, "{}", answer.text);
        for model in ["claude-haiku-4-5", "gemini-2.5-flash"] {
            let message = refused(surface, &turn(&gateway, surface, model, "key-bound").await, 403);
            assert!(message.contains("outside the regions"), "{message}");
        }
        // Both hold: a route of the EU is nothing for a caller that must stay in the US.
        refused(surface, &turn(&gateway, surface, "eu-chat", "key-torn").await, 403);
    }
    assert_eq!((arrived(&claude), arrived(&gemini)), (0, 0));
    let answer = turn(&gateway, Provider::Claude, "assistant", "key-bound").await;
    assert_eq!(answer.header("x-egret-backend"), Some("europe"), "{}", answer.text);
    assert!(said(Provider::Claude, &answer, false).is_some());
    // A budget that hands over to a model elsewhere does not.
    let mut last = 200;
    for _ in 0..10 {
        last = turn(&gateway, Provider::Claude, "gpt-4o-mini", "key-bound").await.status;
    }
    assert_eq!((last, arrived(&claude), arrived(&gemini)), (429, 0, 0));
    // The others fail over as ever.
    openai.script().next_n(1, [Fault::Status(503)]);
    let answer = turn(&gateway, Provider::Claude, "assistant", "key-free").await;
    assert_eq!(answer.header("x-egret-backend"), Some("america"), "{}", answer.text);
    let answer = turn(&gateway, Provider::OpenAi, "assistant", "key-torn").await;
    assert_eq!(answer.header("x-egret-backend"), Some("america"), "{}", answer.text);
    assert_eq!(turn(&gateway, Provider::Gemini, "eu-chat", "key-bound").await.status, 429);
    assert_eq!(turn(&gateway, Provider::Gemini, "eu-chat", "key-free").await.status, 200);

    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"region\""]), 9);
    until("a line of the log for each", || async {
        gateway.output().matches("\"reason\":\"region\"").count() == 9
    })
    .await;
    // A list shows what may be asked for.
    let list = |key: &'static str| {
        let get = gateway.client.get(gateway.url("/v1/models")).bearer_auth(key);
        async move {
            let answer = send(get).await.json();
            let names = answer["data"].as_array().unwrap().iter();
            names.map(|entry| entry["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(list("key-bound").await, ["assistant", "eu-chat", "gpt-4o-mini"]);
    assert_eq!(list("key-torn").await, ["assistant", "claude-haiku-4-5", "gpt-4o-mini"]);
}

/// S-30: what takes over where a budget has no room is held to the route that was asked for, also
/// after a model in between whose route is held to nothing.
#[tokio::test]
async fn s_30_a_downgrade_stays_where_the_route_is_held() {
    let [openai, claude, _] = all().await;
    let config = Config::new()
        .backend_with("first", &openai, "region: eu-central-1")
        .backend_with("second", &openai, "region: eu-west-1")
        .backend_with("america", &claude, "region: us-east-1")
        .route(
            "models: [eu-chat], backends: [{ backend: first, model: gpt-4o-mini }], regions: [eu]",
        )
        .route("models: [gpt-4o], backends: [second]")
        .route("models: [claude-haiku-4-5], backends: [america]")
        .caller("free", "key-free", "")
        .with(
            "budgets:\n\
             - { name: a, match: { backend: first }, per: total, limit: 1 requests, \
                 window: month, on_exceeded: { downgrade: gpt-4o } }\n\
             - { name: b, match: { backend: second }, per: total, limit: 1 requests, \
                 window: month, on_exceeded: { downgrade: claude-haiku-4-5 } }\n",
        );
    let gateway = Gateway::start(config).await;
    for backend in ["first", "second"] {
        let answer = turn(&gateway, Provider::Claude, "eu-chat", "key-free").await;
        assert_eq!(answer.header("x-egret-backend"), Some(backend), "{}", answer.text);
    }
    for surface in Provider::ALL {
        refused(surface, &turn(&gateway, surface, "eu-chat", "key-free").await, 429);
    }
    assert_eq!(arrived(&claude), 0);
    // Who asks for the one in between is held to nothing.
    let answer = turn(&gateway, Provider::OpenAi, "gpt-4o", "key-free").await;
    assert_eq!(answer.header("x-egret-backend"), Some("america"), "{}", answer.text);
}

fn bedrock(config: Config, claude: &Running) -> Config {
    let key = config.write("bedrock.key", claude.credential());
    let fields = [
        "vendor: bedrock-invoke, region: eu-central-1".to_owned(),
        format!("url: '{}'", claude.base_url()),
        format!("credential: {{ file: '{}' }}", key.display()),
        "tls: { ca: ca.pem }".to_owned(),
    ];
    config.backend_of("bedrock", &fields)
}

/// S-30: a name that spreads a call over regions counts by all of them.
#[tokio::test]
async fn s_30_an_inference_profile_counts_by_what_it_spreads_over() {
    let claude = simulate(Provider::Claude, "sk-x").await;
    let config = bedrock(Config::new(), &claude)
        .route("models: ['*'], backends: [bedrock]")
        .route("models: [alias], backends: [{ backend: bedrock, model: 'global.anthropic.claude-haiku-4-5-20251001-v1:0' }]")
        .caller("free", "key-free", "")
        .caller("bound", "key-bound", "")
        .with("regions: [{ match: { caller: bound }, allow: [eu] }]");
    let gateway = Gateway::start(config).await;
    let name = "anthropic.claude-haiku-4-5-20251001-v1:0";
    for model in [
        format!("us.{name}"),
        format!("global.{name}"),
        format!("apac.{name}"),
        format!("EU.{name}"),
        format!("mars.{name}"),
        "claude-haiku-4-5".to_owned(),
        "alias".to_owned(),
        "arn:aws:bedrock:eu-central-1:1:application-inference-profile/x".to_owned(),
        format!("arn:aws:bedrock:eu-central-1:1:inference-profile/us.{name}"),
    ] {
        for surface in [Provider::OpenAi, Provider::Claude] {
            refused(surface, &turn(&gateway, surface, &model, "key-bound").await, 403);
        }
    }
    assert_eq!(arrived(&claude), 0);
    for (key, model) in [
        ("key-bound", name.to_owned()),
        ("key-bound", format!("eu.{name}")),
        ("key-free", format!("us.{name}")),
    ] {
        let answer = turn(&gateway, Provider::Claude, &model, key).await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text);
    }
}

/// S-30: Bedrock's host is enough, whatever the operator calls what is there.
#[tokio::test]
async fn s_30_a_host_of_bedrocks_has_inference_profiles() {
    let name = "anthropic.claude-haiku-4-5-20251001-v1:0";
    let fields = [
        "schema: openai, credential: none".to_owned(),
        "url: 'https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1'".to_owned(),
    ];
    let config = Config::new()
        .backend_of("plain", &fields)
        .route(&format!("models: ['{name}', 'eu.{name}', 'us.{name}'], backends: [plain]"))
        .caller("bound", "key-bound", "")
        .with("regions: [{ match: { caller: bound }, allow: [eu] }]");
    let gateway = Gateway::start(config).await;
    let get = gateway.client.get(gateway.url("/v1/models"));
    let listed = send(get.bearer_auth("key-bound")).await.json();
    let listed = listed["data"].as_array().unwrap().iter().map(|entry| entry["id"].clone());
    assert_eq!(listed.collect::<Vec<_>>(), [json!(name), json!(format!("eu.{name}"))]);
    for surface in Provider::ALL {
        refused(surface, &turn(&gateway, surface, &format!("us.{name}"), "key-bound").await, 403);
    }
}

/// S-30: a request can't say itself that it is served elsewhere.
#[tokio::test]
async fn s_30_a_request_cant_ask_for_another_region() {
    let claude = simulate(Provider::Claude, "sk-x").await;
    let config = Config::new()
        .backend_with("claude", &claude, "region: us")
        .route("models: ['claude-*'], backends: [claude]")
        .route("name: batches, paths: ['/v1/messages/batches'], backends: [claude]")
        .caller("free", "key-free", "")
        .caller("bound", "key-bound", "")
        .with("regions: [{ match: { caller: bound }, allow: [us] }]");
    let gateway = Gateway::start(config).await;
    let ask = async |key: &str, geo: &str| {
        let body = format!(
            r#"{{"model":"claude-haiku-4-5","max_tokens":10,{geo}"messages":[{{"role":"user","content":"x"}}]}}"#
        );
        let post = gateway.client.post(gateway.url("/v1/messages"));
        send(post.header("x-api-key", key).body(body)).await
    };
    for geo in [
        r#""inference_geo":"global","#,
        r#""inference_geo":"eu","#,
        r#""inference_geo":"mars","#,
        r#""inference_geo":"\u0075s","#,
    ] {
        refused(Provider::Claude, &ask("key-bound", geo).await, 403);
    }
    let batches = gateway.client.post(gateway.url("/v1/messages/batches"));
    let batches =
        batches.header("anthropic-version", "2023-06-01").header("x-api-key", "key-bound");
    refused(Provider::Claude, &send(batches.body("{}")).await, 403);
    assert_eq!(arrived(&claude), 0);
    assert_eq!(ask("key-bound", r#""inference_geo":"us","#).await.status, 200);
    assert_eq!(ask("key-bound", "").await.status, 200);
    assert_eq!(ask("key-free", r#""inference_geo":"global","#).await.status, 200);
    let sent: Value = serde_json::from_slice(&claude.journal().last().unwrap().body).unwrap();
    assert_eq!(sent["inference_geo"], json!("global"));
}
