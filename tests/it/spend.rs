//! What people see of money and do about it: the admin listener and the command line.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::budget::priced;
use crate::support::provider::{Prices, all, model};
use crate::support::redis::Redis;
use crate::support::speak::{refused, request, said, send};
use crate::support::{Config, Gateway, Provider, Running, until};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };
const TOKEN: &str = "admin-token-canary";

/// Two callers, a budget for each, one in total, and a token for whoever changes them.
async fn start() -> ([Running; 3], Gateway) {
    let budgets = "{ name: each, per: caller, limit: 1 USD, window: month }, \
                   { name: all, per: total, limit: 6 requests, window: month }";
    start_with(budgets, "").await
}

async fn start_with(budgets: &str, more: &str) -> ([Running; 3], Gateway) {
    let simulators = all().await;
    let mut config = priced(&simulators, budgets)
        .caller("ann", "key-of-ann", "")
        .caller("bob", "key-of-bob", "")
        .with(more);
    let file = config.write("admin.token", TOKEN);
    config.admin_more = format!(", token: {{ file: '{}' }}", file.display());
    (simulators, Gateway::start(config).await)
}

/// A call of a caller, which must be answered.
async fn call(gateway: &Gateway, caller: &str, provider: Provider, stream: bool) -> u16 {
    let asked = request(&gateway.client, gateway, provider, model(provider), "hello", stream);
    let answer = send(asked.header("x-api-key", format!("key-of-{caller}"))).await;
    if answer.status == 200 {
        assert!(said(provider, &answer, stream).is_some(), "{}", answer.text);
    } else {
        refused(provider, &answer, 429);
    }
    answer.status
}

async fn get(gateway: &Gateway, path: &str) -> (u16, Value) {
    let (status, body) = gateway.admin(path).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

async fn post(gateway: &Gateway, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
    let url = format!("http://127.0.0.1:{}{path}", gateway.config.admin);
    let mut post = gateway.client.post(url).body(body.to_owned());
    if let Some(token) = token {
        post = post.header("authorization", format!("Bearer {token}"));
    }
    let answer = send(post).await;
    (answer.status, answer.json())
}

/// The command, asking this gateway.
fn egret(gateway: &Gateway, arguments: &[&str], token: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    let admin = format!("http://127.0.0.1:{}", gateway.config.admin);
    command.env_clear().args(arguments).args(["--admin", &admin]);
    command.envs(token.map(|token| ("EGRET_ADMIN_TOKEN", token)));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What `egret` prints when it goes well.
fn printed(gateway: &Gateway, arguments: &[&str], token: Option<&str>) -> String {
    let output = egret(gateway, arguments, token);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn nanos(dollars: &Value) -> u64 {
    let (whole, fraction) = dollars.as_str().unwrap().split_once('.').unwrap();
    format!("{whole}{fraction:0<9}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statement_is_the_providers_bill_and_outlives_the_process() {
    let (simulators, mut gateway) = start().await;
    for (caller, provider, stream) in [
        ("ann", Provider::OpenAi, false),
        ("ann", Provider::Claude, true),
        ("bob", Provider::Gemini, false),
    ] {
        assert_eq!(call(&gateway, caller, provider, stream).await, 200);
    }
    gateway.settled().await;
    let bill: u64 = simulators.iter().map(|it| PRICES.of(&it.bill().read())).sum();
    let (status, told) = get(&gateway, "/spend?by=caller,model").await;
    assert_eq!((status, nanos(&told["total"]["cost_usd"])), (200, bill), "{told}");
    assert_eq!(told["total"]["requests"], 3);
    let rows = told["rows"].as_array().unwrap();
    let named = |row: &Value| (row["caller"].clone(), row["model"].clone());
    let names: Vec<_> = rows.iter().map(named).collect();
    let row = |caller: &str, provider| (json!(caller), json!(model(provider)));
    let expected =
        [row("ann", Provider::Claude), row("ann", Provider::OpenAi), row("bob", Provider::Gemini)];
    assert_eq!(names, expected, "{told}");
    assert_eq!(rows.iter().map(|row| nanos(&row["cost_usd"])).sum::<u64>(), bill);
    assert!(rows[0].get("day").is_none(), "only what was asked for");

    gateway.kill();
    let gateway = gateway.restart().await;
    let (_, again) = get(&gateway, "/spend?by=caller,model").await;
    assert_eq!(again["rows"], told["rows"], "after kill -9");
    let (_, none) = get(&gateway, "/spend?from=2020-01-01&to=2020-12-31").await;
    assert_eq!(none["rows"], json!([]));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_what_to_write() {
    let (_simulators, gateway) = start().await;
    for (path, remedy) in [
        ("/spend?from=yesterday", "2026-11-22"),
        ("/spend?to=2026-13-01", "2026-11-22"),
        ("/spend?from=2026-11-02&to=2026-11-01", "before"),
        ("/spend?by=team", "service_account"),
        ("/spend?by=", "by=caller"),
        ("/spend?format=csv", "from, to and by"),
    ] {
        let (status, told) = get(&gateway, path).await;
        assert_eq!(status, 400, "{path}");
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(remedy), "{path}: {error}");
    }
    let client = &gateway.client;
    for (method, path, allowed) in [
        (reqwest::Method::POST, "/spend", "GET"),
        (reqwest::Method::DELETE, "/budgets", "GET"),
        (reqwest::Method::GET, "/budgets/each/reset", "POST"),
        (reqwest::Method::PUT, "/budgets/each/reset", "POST"),
    ] {
        let url = format!("http://127.0.0.1:{}{path}", gateway.config.admin);
        let answer = client.request(method.clone(), url).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method} {path}");
        assert_eq!(answer.headers()["allow"], allowed, "{method} {path}");
    }
    assert_eq!(get(&gateway, "/budgets").await.0, 200);
}

/// S-16: the admin listener changes nothing for whoever merely reaches it.
#[tokio::test]
async fn s_16_changes_need_the_token() {
    let (_simulators, gateway) = start().await;
    let top_up = r#"{"of":"ann","amount":"5 USD","until":"2099-01-01"}"#;
    for token in [None, Some("wrong"), Some("key-of-ann"), Some("")] {
        for (path, body) in [("/budgets/each/top-up", top_up), ("/budgets/each/reset", "{}")] {
            let (status, told) = post(&gateway, path, token, body).await;
            assert_eq!(status, 401, "{token:?}");
            assert!(told["error"].as_str().unwrap().contains("EGRET_ADMIN_TOKEN"), "{told}");
        }
    }
    let long = " ".repeat(20 << 10);
    let (status, _) = post(&gateway, "/budgets/each/reset", Some(TOKEN), &long).await;
    assert_eq!(status, 413);
    assert!(!gateway.output().contains(TOKEN), "no token in any log");
    let (status, told) = post(&gateway, "/budgets/each/top-up", Some(TOKEN), top_up).await;
    assert_eq!(status, 200, "{told}");
}

#[tokio::test]
async fn without_a_token_in_the_configuration_nobody_changes_anything() {
    let simulators = all().await;
    let budget = "{ name: each, per: caller, limit: 1 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    for token in [None, Some(""), Some("anything")] {
        let (status, told) = post(&gateway, "/budgets/each/reset", token, "{}").await;
        assert_eq!(status, 403);
        assert!(told["error"].as_str().unwrap().contains("token: {"), "{told}");
    }
    assert_eq!(get(&gateway, "/spend").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_budget_is_topped_up_and_reset() {
    let (_simulators, gateway) = start().await;
    let turn = |caller: &'static str| call(&gateway, caller, Provider::OpenAi, false);
    for _ in 0..6 {
        assert_eq!(turn("ann").await, 200);
    }
    assert_eq!(turn("ann").await, 429);
    gateway.settled().await;

    let arguments = ["budgets", "top-up", "all", "2 requests", "--until", "2099-01-01"];
    let refusal = egret(&gateway, &arguments, None);
    assert_eq!(refusal.status.code(), Some(1));
    assert!(text(&refusal.stderr).contains("EGRET_ADMIN_TOKEN"), "{}", text(&refusal.stderr));
    let table = printed(&gateway, &arguments, Some(TOKEN));
    assert!(table.contains("8 requests"), "{table}");
    for _ in 0..2 {
        assert_eq!(turn("ann").await, 200);
    }
    assert_eq!(turn("bob").await, 429);

    gateway.settled().await;
    printed(&gateway, &["budgets", "reset", "all"], Some(TOKEN));
    assert_eq!(turn("bob").await, 200);
    let (_, told) = get(&gateway, "/budgets").await;
    let of = |budget: &str, of: &str| {
        let rows = told["budgets"].as_array().unwrap();
        rows.iter().find(|row| row["budget"] == budget && row["of"] == of).cloned().unwrap()
    };
    assert_eq!(of("all", "")["spent"], "1", "{told}");
    assert_eq!(of("each", "bob")["limit"], "1.00", "{told}");
    let (_, spent) = get(&gateway, "/spend?by=caller").await;
    assert_eq!(spent["total"]["requests"], 9, "a reset forgives, it does not forget");
}

/// A name with a typo is not given money in silence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_says_what_it_did_and_to_whom() {
    let (_simulators, gateway) = start().await;
    assert_eq!(call(&gateway, "ann", Provider::OpenAi, false).await, 200);
    gateway.settled().await;
    let top_up = |of: &str| {
        let arguments = ["budgets", "top-up", "each", "50USD", "--of", of, "--until", "2099-12-31"];
        egret(&gateway, &arguments, Some(TOKEN))
    };
    let reset = |of: &str| egret(&gateway, &["budgets", "reset", "each", "--of", of], Some(TOKEN));

    let done = text(&top_up("ann").stdout);
    let told = "each of ann: topped up by $50.00 until 2100-01-01T00:00:00Z\n";
    assert!(done.starts_with(told) && done.contains("$51.00"), "{done}");
    let done = text(&top_up("bob").stdout);
    let told = "each of bob: topped up by $50.00 until 2100-01-01T00:00:00Z; nothing has been \
                counted there yet\n";
    assert!(done.starts_with(told) && done.contains("$51.00"), "{done}");
    for wrong in [top_up("chekout"), reset("chekout"), reset("bob")] {
        assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong.stdout));
        let said = text(&wrong.stderr);
        assert!(said.contains("there are: \"ann\""), "{said}");
    }

    let (_, told) = get(&gateway, "/budgets").await;
    let rows = told["budgets"].as_array().unwrap();
    let spent = rows.iter().find(|row| row["of"] == "ann").unwrap()["spent"].clone();
    let done = text(&reset("ann").stdout);
    let told = format!("each of ann: reset, ${} (month) forgiven\n", spent.as_str().unwrap());
    assert!(done.starts_with(&told), "{done}");
    let done = printed(&gateway, &["budgets", "reset", "all"], Some(TOKEN));
    assert!(done.starts_with("all: reset, 1 request (month) forgiven\n"), "{done}");
    assert_eq!(reset("ann").status.code(), Some(1), "nothing is left to be forgiven");
}

/// The same of counters for several things together, and of each limit of a budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_counted_for_several_things_is_shown_and_changed_by_each_of_them() {
    let budget = "{ name: pairs, per: [caller, model], limits: [{ limit: 1 USD, window: month }, \
                  { limit: 4 concurrent }] }";
    let (_simulators, gateway) = start_with(budget, "").await;
    assert_eq!(call(&gateway, "ann", Provider::OpenAi, false).await, 200);
    gateway.settled().await;
    let (_, told) = get(&gateway, "/budgets").await;
    let units = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().into_iter().flatten();
        rows.map(|row| row["unit"].as_str().unwrap().to_owned()).collect()
    };
    let mut all = [units(&told["budgets"]), units(&told["unused"])].concat();
    all.sort();
    assert_eq!(all, ["concurrent", "usd"], "{told}");

    let top_up = |of: &str| {
        let until = ["--until", "2099-12-31"];
        let arguments = ["budgets", "top-up", "pairs", "5USD", "--of", of];
        egret(&gateway, &[&arguments[..], &until].concat(), Some(TOKEN))
    };
    assert!(top_up("bob,gpt-4o-mini").status.success());
    let wrong = top_up("chekout,gpt-4o-mini");
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong.stdout));
    assert!(
        text(&wrong.stderr).contains("no caller is called \"chekout\" here"),
        "{}",
        text(&wrong.stderr)
    );
}

/// Calls under way end on the counter that was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_says_that_calls_under_way_are_forgiven_too() {
    let (_simulators, gateway) = start().await;
    let text = "hello [[delay 5000ms]]";
    let gpt = model(Provider::OpenAi);
    let slow = request(&gateway.client, &gateway, Provider::OpenAi, gpt, text, false);
    let slow = tokio::spawn(slow.header("x-api-key", "key-of-ann").send());
    until("it is under way", || async {
        gateway.metrics().await.count("egret_budget_reserved", &["budget=\"all\""]) > 0
    })
    .await;
    let done = printed(&gateway, &["budgets", "reset", "all"], Some(TOKEN));
    let told = "all: reset, 0 requests and what calls under way come to, for which 1 request is set \
                aside (month) forgiven\n";
    assert!(done.starts_with(told), "{done}");
    assert!(slow.await.unwrap().unwrap().status().is_success());
}

/// Another replica may have counted what this one has not heard of, but not for a stranger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_budgets_are_shared_a_reset_says_how_much_it_knows() {
    let Some(redis) = Redis::start() else { return };
    let budget = "{ name: each, per: caller, limit: 1 USD, window: month }";
    let (_simulators, gateway) = start_with(budget, &redis.store("")).await;
    let reset = |of: &str| egret(&gateway, &["budgets", "reset", "each", "--of", of], Some(TOKEN));
    let done = reset("bob");
    assert!(done.status.success(), "{}", text(&done.stderr));
    let told = text(&done.stdout);
    assert!(told.contains(" forgiven, as far as this replica has heard\n"), "{told}");
    let wrong = reset("chekout");
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong.stdout));
    let told = text(&wrong.stderr);
    assert!(told.contains("no caller is called \"chekout\" here, nor has this"), "{told}");
}

/// What nothing counts in yet is not the same as what is not there.
#[tokio::test]
async fn budgets_are_shown_before_they_are_used() {
    let (simulators, gateway) = start().await;
    let (_, told) = get(&gateway, "/budgets").await;
    let unused = json!([
        { "budget": "each", "per": "caller", "window": "month", "unit": "usd", "limit": "1.00" },
    ]);
    assert_eq!(told["unused"], unused, "{told}");
    assert_eq!(told["budgets"].as_array().unwrap().len(), 1, "the total counts in any case");
    let listed = printed(&gateway, &["budgets"], None);
    assert!(listed.contains("no caller yet") && listed.contains("$1.00"), "{listed}");
    assert_eq!(call(&gateway, "ann", Provider::OpenAi, false).await, 200);
    gateway.settled().await;
    let (_, told) = get(&gateway, "/budgets").await;
    assert_eq!((told.get("unused"), told["budgets"][1]["of"].as_str()), (None, Some("ann")));

    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let none = printed(&gateway, &["budgets"], None);
    assert_eq!(none, "no budgets are configured: they stand under `budgets`\n");
}

#[tokio::test]
async fn changes_that_make_no_sense_change_nothing() {
    let (_simulators, gateway) = start().await;
    for (path, body, remedy) in [
        ("/budgets/none/reset", "{}", "each, all"),
        ("/budgets/each/reset", "{}", "which caller"),
        ("/budgets/all/reset", r#"{"of":"ann"}"#, "total"),
        ("/budgets/all/reset", "{", "body"),
        ("/budgets/all/reset", r#"{"off":"ann"}"#, "unknown field"),
        ("/budgets/all/top-up", r#"{"amount":"5 USD","until":"2099-01-01"}"#, "unit"),
        ("/budgets/all/top-up", r#"{"amount":"5","until":"2099-01-01"}"#, "10 USD"),
        ("/budgets/all/top-up", r#"{"amount":"5 requests","until":"soon"}"#, "2026-12-01"),
        ("/budgets/all/top-up", r#"{"amount":"5 requests","until":"2020-01-01"}"#, "future"),
        (
            "/budgets/all/top-up",
            r#"{"amount":"5 requests","until":"2099-01-01T18:00:00"}"#,
            "2026-12-01T18:00:00Z",
        ),
        ("/budgets/each/reset", r#"{"of":"ann,bob"}"#, "<caller>"),
        ("/budgets/each/reset", r#"{"of":"ann"}"#, "nothing has been counted"),
        ("/budgets/each/reset", r#"{"of":"nobody"}"#, "nothing has been counted"),
        (
            "/budgets/each/top-up",
            r#"{"of":"chekout","amount":"5 USD","until":"2099-01-01"}"#,
            "no caller is called \"chekout\"",
        ),
    ] {
        let (status, told) = post(&gateway, path, Some(TOKEN), body).await;
        assert!(status == 400 || status == 404, "{path} {body}: {status} {told}");
        assert!(told["error"].as_str().unwrap().contains(remedy), "{path} {body}: {told}");
    }
    let (_, told) = get(&gateway, "/budgets").await;
    assert_eq!(told["budgets"][0]["limit"], "6", "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_writes_tables_csv_json_and_focus() {
    let (simulators, gateway) = start().await;
    assert_eq!(call(&gateway, "ann", Provider::OpenAi, false).await, 200);
    gateway.settled().await;
    let bill = PRICES.of(&simulators[0].bill().read());
    let dollars = format!("{}.{:09}", bill / 1_000_000_000, bill % 1_000_000_000);
    let dollars = dollars.trim_end_matches('0');

    let table = printed(&gateway, &["spend"], None);
    assert!(table.contains("ann") && table.contains("gpt-4o-mini"), "{table}");
    let csv = printed(&gateway, &["spend", "--format", "csv", "--by", "caller,provider"], None);
    let mut lines = csv.lines();
    let header = "caller,provider,requests,input_tokens,cached_tokens,output_tokens,cost_usd,\
                  estimated_usd";
    assert_eq!(lines.next(), Some(header));
    let line = lines.next().unwrap();
    assert!(line.starts_with("ann,openai,1,") && line.contains(dollars), "{line}");
    let json: Value =
        serde_json::from_str(&printed(&gateway, &["spend", "--format", "json"], None)).unwrap();
    assert_eq!(nanos(&json["total"]["cost_usd"]), bill);
    let focus = printed(&gateway, &["spend", "--format", "focus"], None);
    assert!(focus.starts_with("BilledCost,BillingAccountId,"), "{focus}");
    assert!(focus.lines().nth(1).unwrap().starts_with(dollars), "{focus}");
    let listed = printed(&gateway, &["budgets"], None);
    assert!(listed.contains("each") && listed.contains("$1.00"), "{listed}");

    let address = format!("127.0.0.1:{}", gateway.config.admin);
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    let output = command.env_clear().args(["budgets", "--admin", &address]).output().unwrap();
    assert_eq!(text(&output.stdout), listed, "as the configuration writes it");

    let wrong = egret(&gateway, &["spend", "--by", "team"], None);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("service_account"), "{}", text(&wrong.stderr));
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_said_so() {
    let gateway_of_nobody = Config::new();
    let admin = format!("http://127.0.0.1:{}", gateway_of_nobody.admin);
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    let output = command.env_clear().args(["spend", "--admin", &admin]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("nobody answers there") && said.contains("--admin"), "{said}");
}
