//! More callers, models, paths and addresses than there is room for.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::support::issuer::{AUDIENCE, ISSUER, Signer, jwks, service_account};
use crate::support::metrics::Metrics;
use crate::support::provider::simulate;
use crate::support::raw::{Raw, Response, post};
use crate::support::speak::{body, send};
use crate::support::{Config, Gateway, Provider};

/// More than there are series of a budget, rows of a statement, and identities with metrics.
const CROWD: usize = 2_100;

/// As many series of a limit as are shown, and the sum of the others.
const SHOWN: usize = 2_001;

/// Calls under way at once.
const AT_ONCE: usize = 40;

/// A call of a caller that nobody has seen, to a model that nobody has named, from an address of
/// its own.
async fn call(gateway: &Gateway, signer: &Signer, number: usize) -> Response {
    let token = signer.token(&service_account("crowd", &format!("worker-{number}")));
    let model = format!("gpt-made-up-{number}");
    let body = body(Provider::OpenAi, &model, "x", false).to_string();
    let headers = format!(
        "Authorization: Bearer {token}\r\nUser-Agent: made-up/{number}\r\nX-Made-Up-{number}: 1\r\n"
    );
    let socket = TcpSocket::new_v4().unwrap();
    let from = [127, 1, (number >> 8) as u8, (number & 255) as u8];
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut raw = Raw::of(socket.connect(gateway.address()).await.unwrap());
    if number.is_multiple_of(10) {
        let path = format!("/v1/made-up/{number}?made-up={number}");
        raw.send(post(&path, &headers, &body)).await;
        assert_eq!(raw.response().await.unwrap().status, 404);
    }
    raw.send(post("/v1/chat/completions", &headers, &body)).await;
    raw.response().await.unwrap()
}

/// Waits for a new day if this one is nearly over: statements are of a day, and so are their bounds.
async fn early_enough() {
    const DAY: u64 = 24 * 60 * 60;
    let left = DAY - SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % DAY;
    if left < 3 * 60 {
        tokio::time::sleep(Duration::from_secs(left + 1)).await;
    }
}

async fn calls(gateway: &Gateway, signer: &Signer, numbers: std::ops::Range<usize>) {
    let calls = numbers.map(|number| async move {
        let response = call(gateway, signer, number).await;
        assert_eq!(response.status, 200, "{number}: {}", response.body);
    });
    futures_util::stream::iter(calls).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn get(gateway: &Gateway, path: &str) -> Value {
    let (status, body) = gateway.admin(path).await.unwrap();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The lines of the series of these names.
fn series<'a>(metrics: &'a Metrics, name: &str) -> Vec<&'a str> {
    let begins = format!("{name}{{");
    metrics.0.lines().filter(|line| line.starts_with(&begins)).collect()
}

/// S-29: whatever callers make up, what is kept and shown of it has a bound, and what is beyond is
/// counted together: nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_29_a_crowd_of_names_leaves_what_is_kept_bounded() {
    early_enough().await;
    let openai = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::ed25519("cluster");
    let limits = "limits: [{ limit: 1000000 requests, window: month }, \
                  { limit: 1000000000 tokens, window: month }, \
                  { limit: 1000000000 input tokens, window: month }, \
                  { limit: 1000000000 output tokens, window: month }, \
                  { limit: 1000000 requests, window: rolling 30d }]";
    let config = Config::serving(&[&openai])
        .with(&format!(
            "identity: {{ kubernetes: {{ issuer: '{ISSUER}', audience: {AUDIENCE}, \
             jwks: {{ file: jwks.json }}, unlisted: allow }} }}"
        ))
        .with(
            "rates: [{ name: often, per: [caller, model], limit: 1000 requests, window: second }]",
        )
        .with(&format!(
            "budgets: [{{ name: each, per: [caller, model], unknown_price: allow, {limits} }}, \
             {{ name: all, per: total, limit: 1000000 requests, window: month }}]"
        ));
    config.write("jwks.json", &jwks(&[&signer]));
    let gateway = Gateway::start(config).await;
    calls(&gateway, &signer, 0..CROWD).await;
    let before = gateway.settled().await;
    calls(&gateway, &signer, CROWD..CROWD + 100).await;
    let metrics = gateway.settled().await;
    let all = CROWD + 100;

    // Series: no more than before, and what a caller makes up is in those of budgets and of
    // estimates alone, which show so many.
    assert_eq!(metrics.series(), before.series());
    for name in ["limit", "spent", "reserved", "remaining"].map(|it| format!("egret_budget_{it}")) {
        for unit in ["requests", "tokens"] {
            let unit = format!("unit=\"{unit}\"");
            let month = |line: &&&str| line.contains(&unit) && line.contains("window=\"month\"");
            let lines = series(&metrics, &name);
            let of_each = lines.iter().filter(month).filter(|line| line.contains("\"each\""));
            let of_each: Vec<_> = of_each.collect();
            assert_eq!(of_each.len(), SHOWN, "{name} {unit}");
            let others = of_each.iter().filter(|line| line.contains("of=\"(other)\"")).count();
            assert_eq!(others, 1, "{name} {unit}");
        }
    }
    let month = ["budget=\"each\"", "unit=\"requests\"", "window=\"month\""];
    assert_eq!(metrics.count("egret_budget_spent", &month), all as u64);
    assert_eq!(metrics.count("egret_budget_spent", &["budget=\"all\""]), all as u64);
    assert!(series(&metrics, "egret_estimate_error_ratio").len() <= 2 * 200);
    for line in metrics.0.lines().filter(|line| line.contains("made-up")) {
        let bounded = line.starts_with("egret_budget_") || line.starts_with("egret_estimate_");
        assert!(bounded, "{line}");
    }
    // Callers are proved, and yet there are more of them than series: a thousand, and the others.
    let served = series(&metrics, "egret_requests_total");
    let named = |line: &&str| line.split("caller=\"crowd/").nth(1).map(str::to_owned);
    let named: BTreeSet<_> = served
        .iter()
        .filter_map(named)
        .map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(named.len(), 1_000);
    let answered = |caller: &str| metrics.count("egret_requests_total", &["code=\"200\"", caller]);
    assert_eq!(answered("caller=\"(other)\""), all as u64 - 1_000);
    assert_eq!(answered(""), all as u64);

    // `/spend` tells callers apart from 2,000 rows on, but not models; nothing is lost.
    let told = get(&gateway, "/spend?by=model").await;
    let rows = told["rows"].as_array().unwrap();
    // Rows begin when calls end, so those under way at the bound are still told apart.
    assert!((SHOWN..SHOWN + AT_ONCE).contains(&rows.len()), "{}", rows.len());
    assert!(rows.iter().any(|row| row["model"] == "(other)"), "{}", rows[0]);
    assert_eq!(told["total"]["requests"], all);

    // `/budgets` shows so many rows, and says how many more there are.
    let told = get(&gateway, "/budgets").await;
    let rows = told["budgets"].as_array().unwrap().len();
    assert_eq!(rows, 10_000);
    assert_eq!(told["left_off"], 5 * all + 1 - rows);

    let known = signer.token(&service_account("crowd", "worker-1"));
    let ordinary = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    let post = gateway.client.post(gateway.url("/v1/chat/completions")).bearer_auth(&known);
    let answer = send(post.body(ordinary)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(gateway.settled().await.series(), before.series());
}
