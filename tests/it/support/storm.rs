//! Many callers at once: each by the seed and its number.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use egret::simulator::{Fault, Provider, Running};
use futures_util::future::join_all;
use reqwest::Response;
use serde_json::json;
use tokio::task::JoinHandle;

use super::dice::Dice;
use super::provider::{Prices, model};
use super::speak::{Answer, body, error, path, refused, said};
use super::{Config, Gateway, h2c, http1, patiently, until};

/// What every model costs in a storm.
pub const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

/// A thousand calls at once, or as many as one likes: three surfaces, two protocols, streamed and
/// not, each for one of three models.
pub struct Storm {
    pub seed: u64,
    pub calls: usize,
    /// What the callers say; it may hold faults.
    pub text: &'static str,
    /// Output tokens that they allow.
    pub limit: u64,
    /// Whether every third leaves early.
    pub leaves: bool,
}

/// What a caller of a storm saw.
pub struct Seen {
    pub surface: Provider,
    pub stream: bool,
    /// `None` if it left, or if it did not come whole.
    pub answer: Option<Answer>,
}

/// When a caller leaves.
enum Leaves {
    /// When so many others have ended.
    Behind(usize),
    /// When it has read so many pieces of the answer; 0 is with its header.
    After(usize),
}

impl Storm {
    /// Lets it loose over these gateways.
    pub async fn over(&self, gateways: &[&Gateway]) -> Vec<Seen> {
        let clients = [http1(), h2c()];
        let ended = AtomicUsize::new(0);
        let mut dice = Dice::new(self.seed);
        let calls = (0..self.calls).map(|number| {
            let (surface, to) = (*dice.pick(&Provider::ALL), *dice.pick(&Provider::ALL));
            let (stream, h2) = (dice.roll(2) == 0, dice.roll(4) == 0);
            let cached = if dice.roll(5) == 0 { "cached" } else { "fresh" };
            let leaves = match dice.roll(9) {
                0 if self.leaves => Some(Leaves::Behind(1 + dice.roll(40))),
                at @ 1..3 if self.leaves => Some(Leaves::After(dice.roll(5) * at)),
                _ => None,
            };
            let (model, client) = (model(to), &clients[usize::from(h2)]);
            let mut body = body(surface, model, &format!("{} {cached}", self.text), stream);
            match surface {
                Provider::OpenAi => body["max_completion_tokens"] = json!(self.limit),
                Provider::Claude => body["max_tokens"] = json!(self.limit),
                Provider::Gemini => {
                    body["generationConfig"]["maxOutputTokens"] = json!(self.limit);
                }
            }
            let request = client
                .post(gateways[number % gateways.len()].url(&path(surface, model, stream)))
                .header("content-type", "application/json")
                .body(body.to_string());
            let ended = &ended;
            async move {
                let answer = call(request, leaves, ended).await;
                ended.fetch_add(1, Ordering::SeqCst);
                Seen { surface, stream, answer }
            }
        });
        join_all(calls).await
    }
}

async fn call(
    request: reqwest::RequestBuilder,
    leaves: Option<Leaves>,
    ended: &AtomicUsize,
) -> Option<Answer> {
    let whole = async {
        let mut response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        for piece in 0.. {
            if matches!(leaves, Some(Leaves::After(pieces)) if pieces == piece) {
                return None;
            }
            match response.chunk().await.ok()? {
                Some(more) => body.extend_from_slice(&more),
                None => break,
            }
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        Some(Answer { status, headers, text })
    };
    let Some(Leaves::Behind(others)) = leaves else { return whole.await };
    let until_then = ended.load(Ordering::SeqCst) + others;
    let others_end = async {
        while ended.load(Ordering::SeqCst) < until_then {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        answer = whole => answer,
        () = others_end => None,
    }
}

impl Seen {
    /// Whether it was answered, whole.
    pub fn is_served(&self) -> bool {
        let whole = |answer: &Answer| said(self.surface, answer, self.stream).is_some();
        self.answer.as_ref().is_some_and(|answer| answer.status == 200 && whole(answer))
    }

    /// Asserts that the answer is whole, or the refusal of a budget; says whether it is whole.
    pub fn served_or_refused(&self) -> bool {
        let Some(answer) = &self.answer else { panic!("no answer came") };
        if answer.status == 200 {
            assert!(self.is_served(), "{}", answer.text);
            return true;
        }
        let message = refused(self.surface, answer, 429);
        assert!(message.contains("budget"), "{message}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(wait > 0);
        // Other calls end soon, a window does not.
        let no_retry = (!message.contains("concurrent")).then_some("false");
        assert_eq!(answer.header("x-should-retry"), no_retry);
        false
    }

    /// Asserts that it is something that its SDK can read, if anything came whole.
    pub fn told(&self) {
        if let Some(answer) = self.answer.as_ref().filter(|answer| answer.status != 200) {
            let told = error(self.surface, &answer.json());
            assert!(told.is_some(), "{}: {}", answer.status, answer.text);
        }
    }
}

/// Each model at its own provider, or else at the next one; `backend` says more of each backend.
pub fn ring(simulators: &[Running; 3], prefix: &str, backend: &str) -> Config {
    let name = |provider: Provider| format!("{prefix}{}", provider.name());
    let config = simulators.iter().fold(Config::new(), |config, simulator| {
        config.backend_with(&name(simulator.provider()), simulator, backend)
    });
    let config = Provider::ALL.iter().enumerate().fold(config, |config, (at, first)| {
        let next = Provider::ALL[(at + 1) % 3];
        config.route(&format!(
            "models: ['{}'], backends: [{}, {{ backend: {}, model: '{}' }}]",
            model(*first),
            name(*first),
            name(next),
            model(next)
        ))
    });
    let prices: Vec<String> =
        Provider::ALL.iter().map(|provider| PRICES.entry(model(*provider))).collect();
    config.with(&format!("prices: [{}]", prices.join(", ")))
}

/// All models at one provider, and no more than four calls at once.
pub fn four_at_once(openai: &Running) -> Config {
    let served = model(Provider::OpenAi);
    Config::new()
        .backend("openai", openai)
        .route(&format!("models: ['*'], backends: [{{ backend: openai, model: {served} }}]"))
        .with(&format!("prices: [{}]", PRICES.entry(served)))
        .with(
            "budgets: [{ name: four, per: total, limit: 4 concurrent }, \
             { name: money, per: total, limit: 1000 USD, window: month }]",
        )
}

/// Fills [`four_at_once`] with calls that never end on their own. Where others must be heard of
/// first, they try until they are let in.
pub async fn four_stalled(gateway: &Gateway) -> Vec<JoinHandle<reqwest::Result<Response>>> {
    let stalled = (0..4).map(|_| {
        let model = model(Provider::OpenAi);
        let body = body(Provider::OpenAi, model, "[[stall after 2]]", true).to_string();
        let call = gateway.client.post(gateway.url("/v1/chat/completions")).body(body);
        tokio::spawn(async move {
            loop {
                let response = call.try_clone().unwrap().send().await?;
                if response.status() == 200 {
                    return Ok(response);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    });
    let stalled = stalled.collect();
    until("all four are under way", || async {
        gateway.metrics().await.count("egret_budget_reserved", &["budget=\"four\""]) == 4
    })
    .await;
    stalled
}

/// So many calls at once to one gateway, all of which are to be served. Who is told that the store
/// of budgets does not answer in time comes again.
pub async fn serve(gateway: &Gateway, calls: usize, text: &'static str, limit: u64) {
    let mut left = calls;
    let serving = async {
        while left > 0 {
            let storm = Storm { seed: 1, calls: left, text, limit, leaves: false };
            for each in storm.over(&[gateway]).await {
                if each.is_served() {
                    left -= 1;
                    continue;
                }
                let answer = each.answer.as_ref().expect("an answer");
                refused(each.surface, answer, unavailable(each.surface));
            }
        }
    };
    patiently(serving).await;
}

/// Whether it is the refusal of a store of budgets that did not answer in time.
pub fn store_was_slow(surface: Provider, answer: &Answer) -> bool {
    let message = || error(surface, &answer.json());
    answer.status == unavailable(surface)
        && message().is_some_and(|it| it.contains("budgets cannot be recorded at the moment"))
}

/// The status of what passes soon; Anthropic has one of its own.
pub const fn unavailable(surface: Provider) -> u16 {
    match surface {
        Provider::Claude => 529,
        Provider::OpenAi | Provider::Gemini => 503,
    }
}

/// Lets one of so many requests at each simulator meet one of these faults.
pub fn trouble(simulators: &[Running; 3], seed: u64, faults: &[Fault], one_of: usize) {
    let mut dice = Dice::new(seed);
    for simulator in simulators {
        for _ in 0..3000 {
            let fault = (dice.roll(one_of) == 0).then(|| dice.pick(faults).clone());
            simulator.script().next_n(1, fault.into_iter().collect::<Vec<_>>());
        }
    }
}

/// What all simulators bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    pub requests: u64,
    pub tokens: u64,
    pub nanos: u64,
}

impl Billed {
    /// What a budget counts.
    pub fn of(self, unit: &str) -> u64 {
        match unit {
            "requests" => self.requests,
            "tokens" => self.tokens,
            _ => self.nanos,
        }
    }
}

/// The largest number that a limit allows, as [`Billed`] has it.
pub fn most(limit: &str) -> u64 {
    let (number, unit) = limit.split_once(' ').unwrap();
    let number: f64 = number.parse().unwrap();
    (if unit == "USD" { number * 1e9 } else { number }).round() as u64
}

/// What all simulators bill.
pub fn billed(simulators: &[Running]) -> Billed {
    simulators.iter().fold(Billed::default(), |sum, simulator| {
        let total = simulator.bill().total();
        Billed {
            requests: sum.requests + total.requests,
            tokens: sum.tokens + total.input + total.output,
            nanos: sum.nanos + PRICES.of(&simulator.bill().read()),
        }
    })
}

/// What a gateway says was spent of these budgets: `requests`, `tokens` and `money`.
pub async fn spent(gateway: &Gateway) -> Billed {
    let metrics = gateway.metrics().await;
    Billed {
        requests: metrics.count("egret_budget_spent", &["budget=\"requests\""]),
        tokens: metrics.count("egret_budget_spent", &["budget=\"tokens\""]),
        nanos: metrics.spent_nanos("money"),
    }
}

/// Budgets that watch all three units, but for the one that is limited.
pub fn budgets(limited: &str, limit: &str) -> String {
    let each = [
        ("requests", "1000000 requests"),
        ("tokens", "1000000000 tokens"),
        ("money", "100000 USD"),
    ];
    let budgets = each.map(|(name, plenty)| {
        let limit = if name == limited { limit } else { plenty };
        format!("{{ name: {name}, per: total, limit: {limit}, window: month }}")
    });
    format!("budgets: [{}]", budgets.join(", "))
}

/// Waits until nothing is under way, and until each of the gateways has heard what all have spent.
pub async fn quiet(gateways: &[&Gateway]) -> Billed {
    for gateway in gateways {
        gateway.settled().await;
    }
    // What one has spent, the others hear within a few rounds of reports: twice the same by chance
    // is no agreement yet.
    let (known, rounds) = (Cell::new(Billed::default()), Cell::new(0));
    until("all gateways agree", || async {
        let mut all = join_all(gateways.iter().map(|gateway| spent(gateway))).await;
        all.dedup();
        let agreed = all == [known.get()];
        rounds.set(if agreed { rounds.get() + 1 } else { 0 });
        known.set(all[0]);
        rounds.get() > if gateways.len() > 1 { 30 } else { 0 }
    })
    .await;
    known.get()
}
