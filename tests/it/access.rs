//! Who may call, and for what.

use serde_json::Value;

use crate::support::provider::{all, arrived, model, simulate};
use crate::support::raw::Raw;
use crate::support::speak::{self, body, path, refused, request, said, send};
use crate::support::{Config, Fault, Gateway, Provider, Running, ask, h2c, http1};

const GPT: &str = "gpt-4o-mini";

/// S-18: a stranger is told so before the body is read, in each schema.
#[tokio::test]
async fn s_18_a_stranger_is_refused_before_the_body_is_read() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller("shop", "key-shop", "");
    let gateway = Gateway::start(config).await;
    let mut strangers = Vec::new();
    for surface in Provider::ALL {
        for stream in [false, true] {
            for key in ["", "Authorization: Bearer key-sho\r\n", "x-api-key: key-shop2\r\n"] {
                strangers.push((surface, path(surface, GPT, stream), key));
            }
        }
    }
    let refused = strangers.into_iter().map(|(surface, path, key)| {
        let address = gateway.address();
        async move {
            let mut raw = Raw::connect(address).await;
            // 30 MB are announced, and none are sent.
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: g\r\n{key}Content-Length: 30000000\r\n\r\n");
            raw.send(head).await;
            let response = raw.response().await.unwrap();
            assert_eq!(response.status, 401, "{}", response.body);
            let body: Value = serde_json::from_str(&response.body).unwrap();
            assert!(speak::error(surface, &body).is_some(), "{body}");
        }
    });
    futures_util::future::join_all(refused).await;
    for surface in Provider::ALL {
        let call = request(&gateway.client, &gateway, surface, GPT, "x", false);
        assert_eq!(send(call.header("x-api-key", "key-shop")).await.status, 200);
    }
    assert_eq!(arrived(&simulators[0]), 3);
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"unknown_caller\""]), 18);
}

/// S-14: keys that no caller has, of every shape.
#[tokio::test]
async fn s_14_hostile_keys_are_just_unknown() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config = Config::serving(&[&openai]).caller("shop", "key-shop", "");
    let gateway = Gateway::start(config).await;
    let long = "k".repeat(20_000);
    let keys = [
        "' OR 1=1 --",
        "key-shop\u{7f}",
        "key-shop,key-shop",
        "KEY-SHOP",
        "key-shop%00",
        "*",
        "null",
        "../../key-shop",
        "${jndi:ldap://x}",
        "Bearer key-shop",
        "key-shop;",
        &long,
    ];
    for key in keys {
        let call = request(&gateway.client, &gateway, Provider::OpenAi, GPT, "x", false);
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(key.as_bytes()) else {
            // No client sends it; on the wire it is no header at all.
            let mut raw = Raw::connect(gateway.address()).await;
            let path = path(Provider::OpenAi, GPT, false);
            raw.send(format!("POST {path} HTTP/1.1\r\nHost: g\r\nx-api-key: {key}\r\n\r\n")).await;
            assert_eq!(raw.response().await.unwrap().status, 400, "{key:?}");
            continue;
        };
        refused(Provider::OpenAi, &send(call.header("x-api-key", value)).await, 401);
    }
    assert_eq!(arrived(&openai), 0);
    let call = request(&gateway.client, &gateway, Provider::OpenAi, GPT, "x", false);
    assert_eq!(send(call.bearer_auth("key-shop")).await.status, 200);
}

#[tokio::test]
async fn a_key_is_known_in_every_form_and_two_keys_are_refused() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config =
        Config::serving(&[&openai]).caller("shop", "key-shop", "").caller("till", "key-till", "");
    let gateway = Gateway::start(config).await;
    for client in [http1(), h2c()] {
        let forms = [
            ("authorization", "Bearer key-shop"),
            ("authorization", "bearer  key-shop"),
            ("x-api-key", "key-shop"),
            ("api-key", "key-shop"),
            ("x-goog-api-key", "key-shop"),
        ];
        for surface in Provider::ALL {
            for (name, value) in forms {
                let call = request(&client, &gateway, surface, GPT, "x", false);
                assert_eq!(send(call.header(name, value)).await.status, 200, "{name}");
            }
            let url = gateway.url(&path(surface, GPT, false));
            let post = client.post(format!("{url}?key=key-shop"));
            let post = post.header("content-type", "application/json");
            let answer = send(post.body(body(surface, GPT, "x", false).to_string())).await;
            assert_eq!(answer.status, 200, "{}", answer.text);

            let before = arrived(&openai);
            let call = request(&client, &gateway, surface, GPT, "x", false);
            let call = call.bearer_auth("key-shop").header("x-api-key", "key-till");
            refused(surface, &send(call).await, 401);
            let call = request(&client, &gateway, surface, GPT, "x", false);
            let call = call.header("x-api-key", "key-shop").header("x-api-key", "key-till");
            refused(surface, &send(call).await, 401);
            assert_eq!(arrived(&openai), before);
        }
    }
}

#[tokio::test]
async fn an_unknown_model_is_not_found_in_each_schema() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(&gateway, surface, "llama-9", "x", stream).await;
            assert!(refused(surface, &answer, 404).contains("llama-9"));
        }
    }
    assert!(simulators.iter().all(|simulator| arrived(simulator) == 0));
}

/// S-21: the list holds for every backend that a failover would go to.
#[tokio::test]
async fn s_21_a_fallback_is_no_way_around_the_list() {
    let [openai, claude, gemini] = all().await;
    openai.script().always([Fault::Status(503)]);
    gemini.script().always([Fault::Status(503)]);
    let targets = "{ backend: openai, model: gpt-4o-mini }, { backend: gemini, model: gemini-2.5-flash }, \
                   { backend: claude, model: claude-haiku-4-5 }";
    let config = Config::new()
        .backend("openai", &openai)
        .backend("claude", &claude)
        .backend("gemini", &gemini)
        .route(&format!("models: [gpt-4o-mini, assistant], backends: [{targets}]"))
        .caller("two", "key-two", "models: ['gpt-*', 'gemini-*']")
        .caller("alias", "key-alias", "models: [assistant]");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for asked in [GPT, "assistant"] {
            let call = request(&gateway.client, &gateway, surface, asked, "x", false);
            let answer = send(call.bearer_auth("key-two")).await;
            assert!(answer.status >= 500, "{}", answer.text);
        }
        let call = request(&gateway.client, &gateway, surface, GPT, "x", false);
        refused(surface, &send(call.bearer_auth("key-alias")).await, 403);
    }
    assert_eq!(arrived(&claude), 0);
    assert!(arrived(&openai) > 0 && arrived(&gemini) > 0);
    let call = request(&gateway.client, &gateway, Provider::Claude, "assistant", "x", false);
    let answer = send(call.bearer_auth("key-alias")).await;
    assert_eq!(said(Provider::Claude, &answer, false).unwrap(), "claude-haiku-4-5 here: x");
}

/// The models that a list names, in whichever schema.
fn listed(surface: Provider, body: &Value) -> Vec<String> {
    let (list, key) = match surface {
        Provider::OpenAi | Provider::Claude => (&body["data"], "id"),
        Provider::Gemini => (&body["models"], "name"),
    };
    let names = list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap());
    names.map(|name| name.trim_start_matches("models/").to_owned()).collect()
}

#[tokio::test]
async fn each_caller_gets_the_list_of_its_models_in_its_schema() {
    let [openai, claude, gemini]: [Running; 3] = all().await;
    let config = Config::new()
        .backend("openai", &openai)
        .backend("claude", &claude)
        .backend("gemini", &gemini)
        .route("models: [gpt-4o-mini], backends: [openai]")
        .route("models: [assistant], backends: [{ backend: claude, model: claude-haiku-4-5 }]")
        .caller("all", "key-all", "")
        .caller("some", "key-some", "models: [assistant]");
    let gateway = Gateway::start(config).await;
    for (key, expected) in
        [("key-all", vec!["assistant", "gpt-4o-mini"]), ("key-some", vec!["assistant"])]
    {
        for (surface, path) in [
            (Provider::OpenAi, "/v1/models"),
            (Provider::Claude, "/v1/models"),
            (Provider::Gemini, "/v1beta/models"),
        ] {
            let get = gateway.client.get(gateway.url(path));
            let get = match surface {
                Provider::OpenAi => get.bearer_auth(key),
                Provider::Claude => {
                    get.header("x-api-key", key).header("anthropic-version", "2023-06-01")
                }
                Provider::Gemini => get.header("x-goog-api-key", key),
            };
            let answer = send(get).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(listed(surface, &answer.json()), expected, "{}", answer.text);
        }
    }
    let answer = send(gateway.client.get(gateway.url("/v1/models"))).await;
    refused(Provider::OpenAi, &answer, 401);
    let one = gateway.client.get(gateway.url("/v1/models/gpt-4o-mini"));
    refused(Provider::OpenAi, &send(one.bearer_auth("key-some")).await, 404);
    assert_eq!(model(Provider::OpenAi), GPT);
}

/// S-07, S-15: what is not in the table is not served, and nothing of the admin listener is.
#[tokio::test]
async fn s_15_only_the_table_is_served() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for target in [
        "/metrics",
        "/healthz",
        "/readyz",
        "/",
        "/v1",
        "/v1/files",
        "/v1/responses/resp_1",
        "/v1/responses/compact",
        "/v1/chat/completions/",
        "/v1/../v1/chat/completions",
        "/v1//chat/completions",
        "/v1/chat/completions%00",
        "/V1/chat/completions",
        "/v1/messages/count_tokens/",
        "/v1/messages/batches",
        "/v1beta/files",
        "//v1/messages",
        "/v1/./messages",
        "/v1/%6dessages",
        "/v1\\messages",
        "http://localhost:1/v1/messages",
        "http://api.openai.com/metrics",
    ] {
        for method in ["GET", "POST"] {
            let mut raw = Raw::connect(gateway.address()).await;
            let admin = format!("127.0.0.1:{}", gateway.config.admin);
            let body = body(Provider::OpenAi, GPT, "x", false).to_string();
            let length = body.len();
            raw.send(format!(
                "{method} {target} HTTP/1.1\r\nHost: {admin}\r\nContent-Length: {length}\r\n\r\n{body}"
            ))
            .await;
            let response = raw.response().await;
            let status = response.map_or(0, |response| response.status);
            assert!(matches!(status, 0 | 400..=499), "{method} {target}: {status}");
        }
    }
    assert!(simulators.iter().all(|simulator| arrived(simulator) == 0));
    assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "x", false).await.status, 200);
}

#[tokio::test]
async fn a_rate_refuses_and_says_when_to_come_back() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("rates: [{ name: few, per: caller, limit: 3 requests, window: minute }]");
    let gateway = Gateway::start(config).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let answer = ask(&gateway, Provider::Claude, GPT, "x", false).await;
        if answer.status != 200 {
            refused(Provider::Claude, &answer, 429);
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
        }
        statuses.push(answer.status);
    }
    // A minute may turn in the middle of this.
    assert!(statuses.contains(&429) && (3..=6).contains(&arrived(&simulators[0])), "{statuses:?}");
}

/// Where anyone may call, a page in a browser on the same machine may not: it is somebody else's.
#[tokio::test]
async fn a_web_page_may_not_call_a_gateway_that_knows_no_callers() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for surface in Provider::ALL {
        let call = request(&gateway.client, &gateway, surface, GPT, "x", false);
        let answer = send(call.header("origin", "https://pages.example")).await;
        refused(surface, &answer, 403);
        assert_eq!(ask(&gateway, surface, GPT, "x", false).await.status, 200);
    }
    assert_eq!(arrived(&simulators[0]), 3);
}
