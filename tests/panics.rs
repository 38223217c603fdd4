//! S-40: what a panic in the middle of a call costs: that call.
//!
//! The gateway here is the real one, with real sockets and a real ledger, but its clock can be made
//! to panic when it is looked at, wherever that is. It runs in the process of this test, which
//! therefore has a file, a log and a panic hook of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use egret::budget::{Clock, Ledger, SystemClock};
use egret::config::{Live, Surroundings};
use egret::gateway;
use egret::simulator::{Authority, Provider, Running, Simulator};
use egret::snapshot::Snapshot;
use egret::telemetry::log_panic;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_rustls::rustls::crypto::ring;

#[path = "it/support/port.rs"]
mod port;

const PROMPT: &str = "the canary sings in the prompt";
const CREDENTIAL: &str = "sk-canary-openai";
/// Only keeps a broken gateway from hanging the test.
const PATIENCE: Duration = Duration::from_secs(120);

/// All that was logged.
static LOG: Log = Log(Mutex::new(String::new()));

struct Log(Mutex<String>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *text += &format!("{} {}\n", record.level(), record.args());
    }

    fn flush(&self) {}
}

/// Looks at the clock until one panics; 0 is never.
static FUSE: AtomicUsize = AtomicUsize::new(0);

/// The machine's clock, with a fuse. What it panics with was put together at run time, as the message
/// of a bug may be, and quotes what nobody may see.
fn clock() -> i64 {
    let burnt = FUSE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if burnt == Ok(1) {
        panic::panic_any(format!("no time for `{PROMPT}` with {CREDENTIAL}"));
    }
    SystemClock.now()
}

struct Stack {
    gateway: String,
    admin: String,
    snapshot: Arc<Snapshot>,
    ledger: Arc<Ledger>,
    http: reqwest::Client,
    h2: reqwest::Client,
    _simulator: Running,
}

impl Stack {
    /// Status and text of an answer.
    async fn call(&self, http: &reqwest::Client, stream: bool) -> reqwest::Result<(u16, String)> {
        let body = json!({
            "model": "gpt-4o-mini",
            "messages": [{ "role": "user", "content": PROMPT }],
            "max_completion_tokens": 100,
            "stream": stream,
        });
        let url = format!("{}/v1/chat/completions", self.gateway);
        let call = http.post(url).header("content-type", "application/json");
        let answer = call.body(body.to_string()).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// A call that has its answer, whatever was before.
    async fn is_well(&self) {
        for http in [&self.http, &self.h2] {
            for stream in [true, false] {
                let (status, text) = self.call(http, stream).await.unwrap();
                assert_eq!(status, 200, "{text}");
            }
        }
    }

    /// Nano-dollars that were charged, once nothing is set aside any more.
    async fn spent(&self) -> u64 {
        let settled = async {
            while self.ledger.outstanding() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("a reservation is never over");
        let balances = self.ledger.balances(&self.snapshot.budgets);
        assert!(balances.iter().all(|balance| balance.reserved.count() == 0));
        balances.iter().map(|balance| balance.spent.count()).sum()
    }

    /// Status and text of a path of its admin listener; `None` if nobody listens.
    async fn admin(&self, path: &str) -> Option<(u16, String)> {
        let answer = self.http.get(format!("{}{path}", self.admin)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }
}

fn snapshot(directory: &Path, simulator: &Running, [port, admin]: [u16; 2]) -> Snapshot {
    let yaml = format!(
        "listeners: [{{ address: 127.0.0.1:{port} }}]
admin: {{ address: 127.0.0.1:{admin} }}
backends:
  openai:
    schema: openai
    url: {}/v1
    credential: {{ file: openai.key }}
    tls: {{ ca: ca.pem }}
    timeouts: {{ connect: 60s }}
    allow_private: true
routes: [{{ models: ['gpt-*'], backends: [openai] }}]
budgets: [{{ name: all, per: total, limit: 10 USD, window: month }}]
",
        simulator.base_url()
    );
    let surroundings = Surroundings { directory, state: directory, env: &|_| None };
    Snapshot::from_yaml(&yaml, "test", &surroundings).unwrap()
}

async fn start(authority: &Authority, directory: &Path) -> (Stack, gateway::Options) {
    let identity = authority.issue(&["localhost"]).unwrap();
    let simulator = Simulator::new(Provider::OpenAi, CREDENTIAL).tls(identity);
    let simulator = simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    fs::write(directory.join("ca.pem"), authority.ca_pem()).unwrap();
    fs::write(directory.join("openai.key"), CREDENTIAL).unwrap();
    let ports = [port::free_port(), port::free_port()];
    let live = Arc::new(Live::fixed(snapshot(directory, &simulator, ports)));
    let ledger = Ledger::open(Some(&directory.join("egret.ledger")), clock).unwrap();
    let http = || reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    let stack = Stack {
        gateway: format!("http://127.0.0.1:{}", ports[0]),
        admin: format!("http://127.0.0.1:{}", ports[1]),
        snapshot: live.pin(),
        ledger: ledger.clone(),
        http: http().build().unwrap(),
        h2: http().http2_prior_knowledge().build().unwrap(),
        _simulator: simulator,
    };
    let options = gateway::Options { live, ledger, access_log: false, stop: None };
    (stack, options)
}

#[test]
fn s_40_a_panic_costs_one_call_and_says_nothing_of_it() {
    ring::default_provider().install_default().unwrap();
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let shown = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        log_panic(panic);
        shown(panic);
    }));

    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let authority = Authority::new().unwrap();
    let (stack, options) = runtime.block_on(start(&authority, directory.path()));
    let (stop, stopped) = watch::channel(false);
    let options = gateway::Options { stop: Some(stopped), ..options };
    let gateway = thread::spawn(move || gateway::serve(options));
    runtime.block_on(panicked(&stack));
    stop.send(true).unwrap();
    gateway.join().unwrap().unwrap();

    let log = LOG.text();
    let panics: Vec<&str> = log.lines().filter(|line| line.contains("panic")).collect();
    assert_eq!(panics.len(), 3, "{log}");
    for line in panics {
        assert!(line.starts_with("ERROR panic at tests/panics.rs:"), "{line}");
        assert!(line.ends_with(": message withheld"), "{line}");
    }
    assert!(!log.contains("canary"), "{log}");
}

async fn panicked(stack: &Stack) {
    let ready = async {
        while stack.admin("/readyz").await.is_none_or(|(status, _)| status != 200) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("it is never ready");
    stack.is_well().await;

    // The first look is when something is set aside: nothing is yet, and nothing has gone out.
    let before = stack.spent().await;
    FUSE.store(1, Ordering::SeqCst);
    told(&stack.call(&stack.http, true).await.unwrap());
    assert_eq!(stack.spent().await, before);
    assert_eq!(stack.ledger.estimated(), 0);
    stack.is_well().await;

    // The second is when the provider has answered, and its caller is about to be: it bills that, and
    // nobody here knows any more how much.
    let before = stack.spent().await;
    FUSE.store(2, Ordering::SeqCst);
    told(&stack.call(&stack.http, true).await.unwrap());
    assert!(stack.spent().await > before);
    assert_eq!(stack.ledger.estimated(), 1);
    stack.is_well().await;

    // Over HTTP/2 the third is at the end of a stream. It has been settled, and most of it is out: it
    // must not look like a whole one.
    let before = stack.spent().await;
    FUSE.store(3, Ordering::SeqCst);
    assert!(stack.call(&stack.h2, true).await.is_err());
    assert!(stack.spent().await > before);
    assert_eq!(stack.ledger.estimated(), 1);
    stack.is_well().await;

    let over = async {
        loop {
            let (_, metrics) = stack.admin("/metrics").await.unwrap();
            assert!(!metrics.contains("canary"), "{metrics}");
            // The last one is counted out a moment after its answer.
            if metrics.lines().any(|line| line == "egret_requests_in_flight 0") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, over).await.expect("a request is never over");
}

/// The caller is told in its schema that it was not its fault, and nothing more.
fn told((status, text): &(u16, String)) {
    assert_eq!(*status, 500, "{text}");
    let error: Value = serde_json::from_str(text).unwrap();
    assert!(error["error"]["message"].as_str().is_some_and(|it| it.contains("gateway failed")));
    assert!(!text.contains("canary") && !text.contains("no time"), "{text}");
}
