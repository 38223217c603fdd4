//! The benchmark: Egret beside nginx and Envoy, in one run. Started by `tests/bench/run`.
//!
//! The provider is `egret simulate --lenient` over TLS 1.3. The proxy under test has core 0, all
//! else has core 1. The order of proxies alternates from round to round, figures are medians of
//! rounds, and CPU is that of the proxy's whole process tree: on a machine that others use,
//! throughput moves with them, CPU for each request hardly does.

mod http;
mod load;
mod money;
mod process;
mod proxy;
mod report;
mod strict;
mod workload;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::LocalSet;

use load::{Sample, Streams, saturate};
use process::Process;
use proxy::{Kind, Proxy, Target, Upstream};
use report::Report;
use workload::{MODEL, TRANSLATED};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What the benchmark was told.
pub struct Options {
    egret: String,
    envoy: String,
    nginx: String,
    /// Where the simulator of OpenAI listens; Claude's takes the next port, proxies those behind.
    port: u16,
    rounds: usize,
    time: Duration,
    /// Open streams, for their memory.
    streams: usize,
    only: Vec<String>,
    /// Measure only proxies whose name starts so.
    proxy: String,
    dir: tempfile::TempDir,
}

impl Options {
    fn read() -> Result<Self> {
        let mut options = Self {
            egret: "target/release/egret".to_owned(),
            envoy: "envoy".to_owned(),
            nginx: "/usr/sbin/nginx".to_owned(),
            port: 21_100,
            rounds: 5,
            time: Duration::from_secs(2),
            streams: 2000,
            only: Vec::new(),
            proxy: String::new(),
            dir: tempfile::tempdir()?,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--egret" => options.egret = value()?,
                "--envoy" => options.envoy = value()?,
                "--nginx" => options.nginx = value()?,
                "--port" => options.port = value()?.parse()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--seconds" => options.time = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--proxy" => options.proxy = value()?,
                "--streams" => options.streams = value()?.parse()?,
                "--quick" => {
                    options.rounds = 1;
                    options.time = Duration::from_secs(1);
                    options.streams = 500;
                }
                name if name.starts_with('W') => options.only.push(name.to_owned()),
                other => {
                    return Err(format!("unknown argument {other}; see tests/bench/run").into());
                }
            }
        }
        Ok(options)
    }

    /// Where Redis listens.
    fn redis(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port + 9).into()
    }

    fn has(&self, target: Target) -> bool {
        target.name().starts_with(&self.proxy)
    }

    fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == workload)
    }
}

impl Target {
    const fn h1(kind: Kind) -> Self {
        Self::new(kind, Upstream::H1)
    }

    const fn h2(kind: Kind) -> Self {
        Self::new(kind, Upstream::H2)
    }
}

/// Every proxy, and every way it is used here.
const TARGETS: [Target; 9] = [
    Target::h1(Kind::Nginx),
    Target::h1(Kind::Envoy),
    Target::h2(Kind::Envoy),
    Target::h1(Kind::Egret),
    Target::h2(Kind::Egret),
    Target::h1(Kind::Unlimited),
    Target::h1(Kind::Shared),
    Target::h1(Kind::Strict),
    Target::h2(Kind::Strict),
];
/// Those that are compared with each other: the last four are for W7 and W1X.
const PEERS: &[Target] = TARGETS.split_at(5).0;
const EGRET: [Target; 2] = [Target::h1(Kind::Egret), Target::h2(Kind::Egret)];
/// W1X: both sides of the comparison, in one row, so that noise hits both alike.
const STRICT: [Target; 2] = [Target::h1(Kind::Strict), Target::h2(Kind::Strict)];
const BESIDE: [Target; 4] = [EGRET[0], STRICT[0], EGRET[1], STRICT[1]];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, run(&Options::read()?))
}

async fn run(options: &Options) -> Result<()> {
    let dir = options.dir.path().to_string_lossy().into_owned();
    let address = format!("127.0.0.1:{}", options.port);
    let _simulator = Process::start(
        proxy::OTHER_CORE,
        &options.egret,
        &["simulate", "--lenient", "--address", &address, "--dir", &dir],
    )?;
    while !options.dir.path().join("ca.pem").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut report = Report::default();
    let _redis = if options.wants("W7R") { Some(money::start_redis(options).await?) } else { None };
    let proxies = start_all(options).await?;
    println!("bench: {} rounds of {:?}, one core for the proxy", options.rounds, options.time);
    requests(options, &proxies, &mut report).await?;
    tokens(options, &proxies, &mut report).await?;
    money::budgets(options, &proxies, &mut report).await?;
    money::store(options, &proxies, &mut report).await?;
    drop(proxies);
    report.print();
    aims(&mut report);
    if options.wants("W6") {
        memory(options, &mut report).await?;
    }
    report.print_aims();
    Ok(())
}

async fn start_all(options: &Options) -> Result<Vec<Proxy>> {
    let mut proxies = Vec::new();
    for (port, target) in (options.port + 10..).step_by(2).zip(TARGETS) {
        let wanted = match target.kind {
            Kind::Unlimited => options.wants("W7"),
            Kind::Shared => options.wants("W7R"),
            Kind::Strict => options.wants("W1X"),
            _ => true,
        };
        if !wanted || !options.has(target) {
            continue;
        }
        proxies.push(Proxy::start(options, target, port).await?);
    }
    Ok(proxies)
}

/// The proxies that a workload is for, the other way round in every second round.
fn in_turn<'p>(
    proxies: &'p [Proxy],
    targets: &'p [Target],
    round: usize,
) -> impl Iterator<Item = &'p Proxy> {
    let mut chosen: Vec<&Proxy> =
        proxies.iter().filter(|proxy| targets.contains(&proxy.target)).collect();
    if round % 2 == 1 {
        chosen.reverse();
    }
    chosen.into_iter()
}

/// W1, W1X, W2, W3 and W3T: whole answers, as fast as they come. W1X is W1, of Egret with and
/// without all that it can be told of who calls, what they may, and who is at the other end.
async fn requests(options: &Options, proxies: &[Proxy], report: &mut Report) -> Result<()> {
    let plan: [(&'static str, String, usize, &[Target]); 5] = [
        ("W1", workload::small(MODEL), 32, PEERS),
        ("W1X", workload::small(MODEL), 32, &BESIDE),
        ("W2", workload::small(TRANSLATED), 32, &EGRET),
        ("W3", workload::large(MODEL), 16, PEERS),
        ("W3T", workload::large(TRANSLATED), 16, &EGRET),
    ];
    for round in 0..options.rounds {
        for (name, body, connections, targets) in &plan {
            // W2 is told as what it differs from W1 by.
            let wanted = match *name {
                "W1" => ["W1", "W2"].iter().any(|name| options.wants(name)),
                name => options.wants(name),
            };
            if !wanted {
                continue;
            }
            for proxy in in_turn(proxies, targets, round) {
                let sample = saturate(proxy, body, *connections, options.time).await;
                let sample = sample.map_err(|e| format!("{name}, {}: {e}", proxy.target.name()))?;
                progress(name, proxy.target, sample);
                report.add(name, proxy.target, sample);
            }
        }
    }
    Ok(())
}

/// W4 and W5: 200 streams, a token every 10 ms.
async fn tokens(options: &Options, proxies: &[Proxy], report: &mut Report) -> Result<()> {
    const STREAMS: usize = 200;
    const EVERY_MS: u64 = 10;
    // Timers tick in milliseconds, so streams take a little longer than they were asked to.
    let tokens = u64::try_from(options.time.as_millis())? / EVERY_MS + 100;
    let plan: [(&'static str, &str, &[Target]); 2] =
        [("W4", MODEL, PEERS), ("W5", TRANSLATED, &EGRET)];
    for round in 0..options.rounds.min(3) {
        for (name, model, targets) in &plan {
            if !options.wants(name) {
                continue;
            }
            let body = workload::stream(model, usize::try_from(tokens)?, EVERY_MS);
            for proxy in in_turn(proxies, targets, round) {
                let streams = Streams::open(proxy, &body, STREAMS, tokens).await?;
                let sample = streams.measure(proxy, options.time).await;
                let sample = sample.map_err(|e| format!("{name}, {}: {e}", proxy.target.name()))?;
                progress(name, proxy.target, sample);
                report.add(name, proxy.target, sample);
            }
        }
    }
    Ok(())
}

/// W6: what an open stream holds, in a fresh process: one that has been at work has memory left.
async fn memory(options: &Options, report: &mut Report) -> Result<()> {
    const TOKENS: u64 = 20;
    println!("\n| W6: {} open streams | idle MiB | open MiB | KiB for each |", options.streams);
    println!("|---|--:|--:|--:|");
    let mut port = options.port + 100;
    for (target, model) in [
        (Target::h1(Kind::Nginx), MODEL),
        (Target::h1(Kind::Envoy), MODEL),
        (Target::h2(Kind::Envoy), MODEL),
        (Target::h1(Kind::Egret), MODEL),
        (Target::h2(Kind::Egret), MODEL),
        (Target::h1(Kind::Egret), TRANSLATED),
        (Target::h2(Kind::Egret), TRANSLATED),
    ] {
        if !options.has(target) {
            continue;
        }
        let proxy = Proxy::start(options, target, port).await?;
        port += 2;
        let idle = proxy.process.rss();
        let body = workload::stream(model, usize::try_from(TOKENS)?, 1000);
        let streams = Streams::open(&proxy, &body, options.streams, TOKENS).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let open = proxy.process.rss();
        drop(streams);
        let each = (open - idle) / options.streams as f64;
        let what = if model == MODEL { "" } else { ", translated" };
        let name = format!("{}{what}", target.name());
        println!("| {name} | {:.0} | {:.0} | {each:.1} |", idle / 1024.0, open / 1024.0);
        if target.kind == Kind::Egret {
            let bound = if target.upstream == Upstream::H1 { 88.0 } else { 50.0 };
            report.at_most(&format!("W6: an open stream, {name}"), each, bound, " KiB");
        }
    }
    Ok(())
}

/// What Egret aims for, against what was measured.
fn aims(report: &mut Report) {
    let [h1, h2] = EGRET;
    let (envoy, envoy2) = (Target::h1(Kind::Envoy), Target::h2(Kind::Envoy));
    let rate = |sample: &Sample| 1.0 / sample.cpu;
    let ratio = |report: &Report, a: (&str, Target), b: (&str, Target), f: fn(&Sample) -> f64| {
        report.median(a.0, a.1, f) / report.median(b.0, b.1, f)
    };
    for (aim, a, b, least) in [
        ("W1: throughput per core, of Envoy's (both h1)", ("W1", h1), ("W1", envoy), 1.0),
        ("W1: throughput per core, of Envoy's (both h2)", ("W1", h2), ("W1", envoy2), 1.0),
        ("W2: translated, of own W1 (h1)", ("W2", h1), ("W1", h1), 0.8),
        ("W2: translated, of own W1 (h2)", ("W2", h2), ("W1", h2), 0.8),
        ("W3: 207 KB, of Envoy's (both h1)", ("W3", h1), ("W3", envoy), 1.0),
        ("W3T: 207 KB translated, of own W3 (h1)", ("W3T", h1), ("W3", h1), 0.5),
    ] {
        report.at_least(aim, ratio(report, a, b, rate), least, "×");
    }
    for (aim, a, b) in [
        ("W4: one-way token delay p50, of Envoy's (both h1)", ("W4", h1), ("W4", envoy)),
        ("W4: one-way token delay p50, of Envoy's (both h2)", ("W4", h2), ("W4", envoy2)),
        ("W5: the same, translated, of Envoy's W4 (both h1)", ("W5", h1), ("W4", envoy)),
    ] {
        report.at_most(aim, ratio(report, a, b, |s| s.p50), 1.0, "×");
    }
    for (aim, a, b) in [
        ("W4: one-way token delay p99, of Envoy's (both h1)", ("W4", h1), ("W4", envoy)),
        ("W4: one-way token delay p99, of Envoy's (both h2)", ("W4", h2), ("W4", envoy2)),
        ("W5: the same, translated, of Envoy's W4 (both h1)", ("W5", h1), ("W4", envoy)),
    ] {
        report.at_most(aim, ratio(report, a, b, |s| s.p99), 1.0, "×");
    }
    for (plain, strict, what) in [(h1, STRICT[0], "h1"), (h2, STRICT[1], "h2")] {
        let more = report.paired("W1X", (strict, plain), |a, b| (a.cpu / b.cpu - 1.0) * 100.0);
        report.at_most(&format!("W1X: CPU that strictness costs ({what})"), more, 5.0, " %");
    }
    money::aims(report);
}

fn progress(workload: &str, target: Target, sample: Sample) {
    eprintln!(
        "{workload:4} {:20} {:8.0}/s {:7.1} µs CPU  delay {:5.0} {:5.0} µs",
        target.name(),
        sample.rate,
        sample.cpu,
        sample.p50,
        sample.p99
    );
}
