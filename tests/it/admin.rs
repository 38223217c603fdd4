//! What is the operator's alone: the admin listener, and where requests go.

use std::net::{IpAddr, UdpSocket};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::budget::priced;
use crate::support::provider::{all, simulate};
use crate::support::speak::{body, refused, request, send};
use crate::support::{Config, Gateway, Provider, ask};

const TOKEN: &str = "admin-token-canary";
const KEY: &str = "key-of-ann";

/// An address of this machine that is not loopback.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this only looks up which way it would go.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn with_token(mut config: Config) -> Config {
    let file = config.write("admin.token", TOKEN);
    config.admin_more = format!(", token: {{ file: '{}' }}", file.display());
    config
}

#[tokio::test]
async fn s_08_spending_and_names_are_seen_from_another_machine_with_the_token_only() {
    let Some(address) = own_address() else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no address but loopback");
        return;
    };
    let simulators = all().await;
    let budget = "{ name: each, per: caller, limit: 1 USD, window: month }";
    for has_token in [true, false] {
        let mut config = priced(&simulators, budget);
        if has_token {
            config = with_token(config);
        }
        config.admin_host = "0.0.0.0";
        let gateway = Gateway::start(config).await;
        let look = async |path: &str, token: Option<&str>| {
            let url = format!("http://{address}:{}{path}", gateway.config.admin);
            let request = gateway.client.get(url);
            let request = token.into_iter().fold(request, |request, t| request.bearer_auth(t));
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        let refusal = if has_token { 401 } else { 403 };
        for path in ["/spend", "/spend?by=caller", "/budgets", "/dns"] {
            for token in [None, Some(""), Some("wrong"), Some(KEY)] {
                let (status, text) = look(path, token).await;
                assert_eq!(status, refusal, "{path} {token:?}: {text}");
                assert!(!text.contains("each") && !text.contains("addresses"), "{text}");
            }
            let (status, text) = look(path, Some(TOKEN)).await;
            assert_eq!(status, if has_token { 200 } else { 403 }, "{path}: {text}");
        }
        // What probes and Prometheus ask for, and whoever is on the machine itself.
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(look(path, None).await.0, 200, "{path}");
        }
        for path in ["/budgets", "/dns"] {
            assert_eq!(gateway.admin(path).await.unwrap().0, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn s_08_what_a_caller_names_stays_one_segment_of_a_path() {
    let gemini = simulate(Provider::Gemini, "sk-canary-gemini").await;
    let config =
        Config::new().backend("gemini", &gemini).route("models: ['*'], backends: [gemini]");
    let gateway = Gateway::start(config).await;
    let (mut arrived, mut names) = (0, 0);
    for name in [
        "gemini-2.5-flash/../../v1beta/files",
        "../files",
        "..",
        ".",
        "gemini-2.5-flash?key=other&x",
        "gemini-2.5-flash#x",
        "gemini-2.5-flash:countTokens",
        "gemini-2.5-flash%2f..%2ffiles",
        "gemini-2.5-flash\\..\\files",
        "gemini-2.5-flash\r\nx-goog-api-key: other",
        "gemini-2.5-flash x",
        "//other.example/x",
        "https://other.example/x",
        "tunedModels/x/../y",
    ] {
        // The name stands in the body here, and in the path there.
        let answer = ask(&gateway, Provider::OpenAi, name, "x", false).await;
        names += 1;
        assert!(matches!(answer.status, 200 | 400 | 404), "{name}: {}", answer.text);
        for arrival in gemini.journal().read() {
            arrived += 1;
            let target = arrival.target;
            let model = target.strip_prefix("/v1beta/models/");
            let model = model.and_then(|rest| rest.strip_suffix(":generateContent"));
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
            let is_segment = |model: &str| model.chars().all(plain) && !matches!(model, "." | "..");
            assert!(model.is_some_and(is_segment), "{name:?} became {target:?}");
            assert_eq!(arrival.headers["x-goog-api-key"], "sk-canary-gemini");
            assert_eq!(arrival.headers.get_all("x-goog-api-key").iter().count(), 1);
        }
        gemini.journal().clear();
    }
    assert!((1..=names).contains(&arrived), "{arrived} of {names} arrived");
    let answer = ask(&gateway, Provider::OpenAi, "gemini-2.5-flash", "x", false).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn s_17_nothing_on_the_callers_side_changes_the_gateway() {
    let simulators = all().await;
    let budget = "{ name: each, per: caller, limit: 1 requests, window: month }";
    let more = "models: ['gpt-*', 'claude-*']";
    let config = with_token(priced(&simulators, budget).caller("ann", KEY, more));
    let gateway = Gateway::start(config).await;
    let (model, surface) = ("gpt-4o-mini", Provider::OpenAi);
    let turn = || {
        let call = request(&gateway.client, &gateway, surface, model, "x", false);
        send(call.bearer_auth(KEY))
    };
    assert_eq!(turn().await.status, 200);
    let before = gateway.admin("/budgets").await.unwrap().1;

    // Whatever the admin listener or another gateway's console has: not here, and not with the
    // admin's token either.
    let change =
        r#"{"of":"ann","amount":"5 USD","until":"2099-01-01","role":"admin","models":["*"]}"#;
    for path in [
        "/budgets/each/top-up",
        "/budgets/each/reset",
        "/budgets",
        "/spend",
        "/metrics",
        "/readyz",
        "/config",
        "/config_dump",
        "/admin",
        "/key/generate",
        "/user/update",
        "/v1/keys",
        "/v1/organization/api_keys",
        "/reload",
        "/debug/pprof/",
        "/mcp/test/connection",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for token in [KEY, TOKEN] {
                let call = gateway.client.request(method.clone(), gateway.url(path));
                let call = call.bearer_auth(token).header("content-type", "application/json");
                let status = call.body(change).send().await.unwrap().status();
                let refused = matches!(
                    status,
                    StatusCode::NOT_FOUND
                        | StatusCode::METHOD_NOT_ALLOWED
                        | StatusCode::UNAUTHORIZED
                );
                assert!(refused, "{method} {path}: {status}");
            }
        }
    }
    // Nor does what a request says of its caller, wherever it says so.
    let mut said = body(surface, model, "x", false);
    for field in ["user_role", "role", "budget", "max_budget", "models", "allowed_routes", "tags"] {
        said["metadata"][field] = "admin".into();
    }
    let call = gateway.client.post(gateway.url("/v1/chat/completions")).bearer_auth(KEY);
    let call = call.header("content-type", "application/json").header("x-egret-caller", "admin");
    let answer = send(call.header("x-egret-group", "admin").body(said.to_string())).await;
    assert!(refused(surface, &answer, 429).contains("budget"), "{}", answer.text);
    let spent = |text: &str| {
        let told: Value = serde_json::from_str(text).unwrap();
        told["budgets"][0]["spent"].clone()
    };
    let after = gateway.admin("/budgets").await.unwrap().1;
    assert_eq!(spent(&before), spent(&after));

    let url = format!("http://127.0.0.1:{}/budgets/each/reset", gateway.config.admin);
    let reset = gateway.client.post(url).bearer_auth(TOKEN).body(r#"{"of":"ann"}"#);
    assert_eq!(reset.send().await.unwrap().status(), 200);
    assert_eq!(turn().await.status, 200);
}
