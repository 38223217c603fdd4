//! `kill -9` fifty times in the middle of load, one gateway alone and three with one Redis.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::crash::{ESTIMATE, cost};
use crate::support::dice::Dice;
use crate::support::provider::{all, model};
use crate::support::redis::Redis;
use crate::support::speak::{body, path, said};
use crate::support::storm::{billed, budgets, quiet, ring, spent, store_was_slow};
use crate::support::{Answer, Gateway, Provider, http1, until};

const KILLS: usize = 50;
/// Callers that call without pause.
const WORKERS: usize = 6;

/// What a gateway says of a store that was there and slow.
const SLOW: [&str; 2] = [
    "the budgets' store can't be reached: it did not answer within 1 s",
    "the budgets' store can't be reached: timed out",
];

/// What the callers saw.
#[derive(Default)]
struct Tally {
    /// Nano-dollars of whole answers, as the answers say.
    nanos: AtomicU64,
    /// Whole answers.
    calls: AtomicU64,
    /// Calls that broke off, or that never had an answer: they may have been billed, and charged.
    broken: AtomicU64,
    /// Calls that were refused because the store was slow.
    slow: AtomicU64,
    /// Pieces of answers.
    pieces: AtomicU64,
    over: AtomicBool,
}

/// Calls one of the gateways after the other until it is over. If there are several, and their store
/// is slow, they may say so.
async fn work(number: usize, urls: Vec<String>, tally: Arc<Tally>) {
    let mut dice = Dice::new(number as u64);
    let client = http1();
    while !tally.over.load(Ordering::SeqCst) {
        let surface = *dice.pick(&Provider::ALL);
        // OpenAI's stream tells its usage only to who asks for it.
        let stream = dice.roll(3) > 0 && surface != Provider::OpenAi;
        let model = model(surface);
        let body = body(surface, model, "[[chunks 12 every 1ms]] words", stream);
        let call = client
            .post(format!("{}{}", dice.pick(&urls), path(surface, model, stream)))
            .header("content-type", "application/json")
            .body(body.to_string());
        match read(call, &tally).await {
            Ok(answer) if urls.len() > 1 && store_was_slow(surface, &answer) => {
                tally.slow.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => {
                assert_eq!(answer.status, 200, "{}", answer.text);
                assert!(said(surface, &answer, stream).is_some(), "{}", answer.text);
                tally.nanos.fetch_add(cost(surface, &answer.text, stream), Ordering::SeqCst);
                tally.calls.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) if error.is_connect() => {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            Err(_) => {
                tally.broken.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

async fn read(call: reqwest::RequestBuilder, tally: &Tally) -> reqwest::Result<Answer> {
    let mut response = call.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        tally.pieces.fetch_add(1, Ordering::SeqCst);
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() })
}

/// Which file the journal is: another one once a start has rewritten it.
fn journal(gateway: &Gateway) -> Option<u64> {
    let path = gateway.config.directory().join("egret.ledger");
    std::fs::metadata(path).ok().map(|file| file.ino())
}

/// Kills a gateway, now and then once more while it starts, and waits until it is back.
async fn kill(mut gateway: Gateway, dice: &mut Dice) -> Gateway {
    gateway.kill();
    if dice.roll(4) == 0 {
        let before = journal(&gateway);
        gateway.respawn();
        until("the journal is rewritten", || async { journal(&gateway) != before }).await;
        gateway.kill();
    }
    gateway.restart().await
}

async fn crash(mut gateways: Vec<Gateway>, simulators: &[egret::simulator::Running; 3], seed: u64) {
    let tally = Arc::new(Tally::default());
    let urls: Vec<String> = gateways.iter().map(|gateway| gateway.url("")).collect();
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| tokio::spawn(work(number, urls.clone(), Arc::clone(&tally))))
        .collect();
    let mut dice = Dice::new(seed);
    for round in 0..KILLS {
        let at = tally.pieces.load(Ordering::SeqCst) + 1 + dice.roll(90) as u64;
        until("something is done", || async {
            tally.pieces.load(Ordering::SeqCst) >= at
                || workers.iter().any(|worker| worker.is_finished())
        })
        .await;
        let victim = gateways.swap_remove(dice.roll(gateways.len()));
        let seen = tally.nanos.load(Ordering::SeqCst);
        gateways.push(kill(victim, &mut dice).await);
        // One that is alone knows it all at once.
        if gateways.len() == 1 {
            let spent = spent(&gateways[0]).await.nanos;
            assert!(spent >= seen, "round {round}: forgot {} of {seen}", seen - spent);
        }
    }
    tally.over.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.unwrap();
    }
    let gateways: Vec<&Gateway> = gateways.iter().collect();
    let (ledger, bill) = (quiet(&gateways).await, billed(simulators));
    let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
    let (seen, calls, broken) = (read(&tally.nanos), read(&tally.calls), read(&tally.broken));
    let most = bill.nanos + broken * ESTIMATE;
    assert!(calls > 0 && broken > 0, "{calls} whole, {broken} broken");
    let slow = read(&tally.slow);
    assert!(slow * 10 <= calls, "{slow} refused, {calls} whole: the store was there");
    assert!(ledger.nanos >= seen, "forgot {} of {seen}", seen - ledger.nanos);
    assert!(ledger.nanos >= bill.nanos, "{ledger:?} for {bill:?}");
    assert!(ledger.nanos <= most, "{ledger:?} charged, {most} at most");
    assert!((calls..=calls + broken).contains(&ledger.requests), "{ledger:?}, {calls} + {broken}");
    let may_be = |line: &str| urls.len() > 1 && SLOW.iter().any(|slow| line.ends_with(slow));
    for gateway in gateways {
        let output = gateway.output();
        let mut lines = output.lines().filter(|line| !line.starts_with('{') && !may_be(line));
        let bad = |line: &&str| ["panicked", "ERROR", "torn"].iter().any(|it| line.contains(it));
        assert_eq!(lines.find(bad), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_24_fifty_times_kill_9_and_nothing_is_forgotten() {
    let simulators = all().await;
    let config = ring(&simulators, "", "").with(&budgets("", ""));
    crash(vec![Gateway::start(config).await], &simulators, 90).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_24_fifty_times_kill_9_among_three_replicas() {
    let Some(redis) = Redis::start() else { return };
    let simulators = all().await;
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let config = ring(&simulators, "", "").with(&budgets("", "")).with(&redis.store(""));
        replicas.push(Gateway::start(config).await);
    }
    crash(replicas, &simulators, 91).await;
}
