//! W7 and W7R: what budgets cost, and what it costs to share them.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::http::{self, Connection};
use crate::load::{Waits, saturate};
use crate::process::Process;
use crate::proxy::{Kind, OTHER_CORE, Proxy, Target};
use crate::report::{Report, median};
use crate::workload::{self, MODEL};
use crate::{Options, Result, in_turn, progress};

const ON: Target = Target::h1(Kind::Egret);
const OFF: Target = Target::h1(Kind::Unlimited);
const SHARED: Target = Target::h1(Kind::Shared);

/// Tokens of a stream in W7S.
const TOKENS: usize = 50;
/// How far apart calls are whose latency is measured.
const APART: Duration = Duration::from_millis(5);

/// Starts an empty Redis that keeps nothing.
pub async fn start_redis(options: &Options) -> Result<Process> {
    let address = options.redis();
    let port = address.port().to_string();
    let arguments = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    let process = Process::start(OTHER_CORE, "redis-server", &arguments)?;
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(process);
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err("redis-server does not answer: is it installed?".into())
}

/// W7: requests as in W1, and translated streams as fast as they end (W7S), with budgets and
/// without, and with budgets that are shared (W7R).
pub async fn budgets(options: &Options, proxies: &[Proxy], report: &mut Report) -> Result<()> {
    if !options.wants("W7") && !options.wants("W7R") {
        return Ok(());
    }
    let plan = [("W7", workload::small(MODEL)), ("W7S", workload::burst(TOKENS))];
    for round in 0..options.rounds {
        for (name, body) in &plan {
            for proxy in in_turn(proxies, &[ON, OFF, SHARED], round) {
                let sample = saturate(proxy, body, 32, options.time).await;
                let sample = sample.map_err(|e| format!("{name}, {}: {e}", proxy.target.name()))?;
                progress(name, proxy.target, sample);
                report.add(name, proxy.target, sample);
            }
        }
    }
    Ok(())
}

/// W7R: two hundred calls a second to the gateway that shares its budgets and to the one that does
/// not, one after the other, and as many round trips to Redis: noise hits all alike.
pub async fn store(options: &Options, proxies: &[Proxy], report: &mut Report) -> Result<()> {
    let of = |target| proxies.iter().find(|proxy| proxy.target == target);
    let (Some(alone), Some(shared)) = (of(ON), of(SHARED)) else { return Ok(()) };
    let request = http::request(&workload::small(MODEL), &alone.key);
    let mut to_alone = Connection::open(alone.address).await?;
    let mut to_shared = Connection::open(shared.address).await?;
    let mut redis = TcpStream::connect(options.redis()).await?;
    redis.set_nodelay(true)?;

    let before = Waits::of(shared).await?;
    let (mut alone_took, mut shared_took, mut pings) = (Vec::new(), Vec::new(), Vec::new());
    let mut tick = interval(APART);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let calls = options.time.as_millis() / APART.as_millis() * options.rounds as u128;
    for call in 0..calls {
        tick.tick().await;
        let mut pair = [(&mut to_alone, &mut alone_took), (&mut to_shared, &mut shared_took)];
        if call % 2 == 1 {
            pair.reverse();
        }
        for (to, took_there) in pair {
            took_there.push(took(to.exchange(&request)).await?);
        }
        pings.push(took(ping(&mut redis)).await?);
    }
    let after = Waits::of(shared).await?;
    let (waits, ever) = (after.since(before), after.since(Waits::default()));
    let [alone, shared, ping] = [alone_took, shared_took, pings].map(|it| median(it.into_iter()));
    println!(
        "\nW7R: of 100 calls since the start, those that begin a load included, {ever:.2} waited; median of {calls} calls: {alone:.0} µs alone, {shared:.0} µs shared; a PING to Redis \
         {ping:.0} µs"
    );
    report.at_most(
        "W7R: what sharing adds to a call's median, of a PING",
        shared - alone,
        ping,
        " µs",
    );
    report.at_most("W7R: calls that wait for the store, of 100, at 200/s", waits, 1.0, "");
    Ok(())
}

/// What was measured against what is aimed for.
pub fn aims(report: &mut Report) {
    for (workload, what) in [("W7", "a request"), ("W7S", "a translated stream")] {
        let cost = report.paired(workload, (ON, OFF), |on, off| on.cpu - off.cpu);
        report.at_most(&format!("{workload}: what three budgets cost {what}"), cost, 3.0, " µs");
        let lost = report.paired(workload, (ON, OFF), |on, off| (1.0 - on.rate / off.rate) * 100.0);
        report.at_most(&format!("{workload}: throughput that they cost"), lost, 5.0, " %");
    }
    for workload in ["W7", "W7S"] {
        let waits = report.median(workload, SHARED, |sample| sample.waits);
        let aim = format!("W7R: calls that wait for the store, of 100, in {workload}");
        report.at_most(&aim, waits, 1.0, "");
    }
}

/// How many microseconds something takes.
async fn took(it: impl Future<Output = std::io::Result<()>>) -> Result<f64> {
    let begun = Instant::now();
    it.await?;
    Ok(begun.elapsed().as_secs_f64() * 1e6)
}

async fn ping(redis: &mut TcpStream) -> std::io::Result<()> {
    redis.write_all(b"PING\r\n").await?;
    redis.read_exact(&mut [0; 7]).await.map(|_| ())
}
