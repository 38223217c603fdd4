//! The two loads: requests as fast as they are answered, and streams at their own pace.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::http::{self, Connection};
use crate::proxy::{Kind, Proxy};

/// How long each load runs before it is measured.
const WARM: Duration = Duration::from_millis(400);
/// Connections are opened one after the other, so far apart.
const APART: Duration = Duration::from_micros(500);

/// What one load on one proxy showed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Requests, or tokens, a second.
    pub rate: f64,
    /// CPU microseconds of the proxy for each.
    pub cpu: f64,
    /// One-way delay of a token, in microseconds: from the provider's write to the caller's read.
    pub p50: f64,
    pub p99: f64,
    /// Of a hundred calls, how many waited for the store that replicas share.
    pub waits: f64,
    /// MiB that the proxy holds afterwards.
    pub rss: f64,
}

/// Requests on `connections` connections, each sent when the one before it has been answered.
pub async fn saturate(
    proxy: &Proxy,
    body: &str,
    connections: usize,
    time: Duration,
) -> Result<Sample> {
    let request: Rc<[u8]> = http::request(body, &proxy.key).into();
    let answered = Rc::new(Cell::new(0_u64));
    let over = Rc::new(Cell::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let mut connection = Connection::open(proxy.address).await?;
        let (request, answered, over) = (request.clone(), answered.clone(), over.clone());
        tasks.spawn_local(async move {
            while !over.get() {
                connection.exchange(&request).await?;
                answered.set(answered.get() + 1);
            }
            std::io::Result::Ok(())
        });
    }
    sleep(WARM).await;
    let waits = Waits::of(proxy).await?;
    let (from, cpu, begun) = (answered.get(), proxy.process.cpu(), Instant::now());
    sleep(time).await;
    let count = (answered.get() - from) as f64;
    let (cpu, took) = (proxy.process.cpu() - cpu, begun.elapsed().as_secs_f64());
    let waits = Waits::of(proxy).await?.since(waits);
    over.set(true);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let rss = proxy.process.rss() / 1024.0;
    Ok(Sample { rate: count / took, cpu: cpu * 1e6 / count, waits, rss, ..Sample::default() })
}

/// How many calls have waited for the store that replicas share, where there is one.
#[derive(Clone, Copy, Default)]
pub struct Waits {
    calls: f64,
    waits: f64,
}

impl Waits {
    pub async fn of(proxy: &Proxy) -> Result<Self> {
        if proxy.target.kind != Kind::Shared {
            return Ok(Self::default());
        }
        let calls = proxy.metric("egret_requests_total{").await?;
        Ok(Self { calls, waits: proxy.metric("egret_store_waits_total{").await? })
    }

    /// Of a hundred calls since then, how many waited for the store.
    pub fn since(self, before: Self) -> f64 {
        (self.waits - before.waits) * 100.0 / (self.calls - before.calls)
    }
}

/// What the streams of one run share.
#[derive(Default)]
struct Seen {
    tokens: Cell<u64>,
    started: Cell<usize>,
    recording: Cell<bool>,
    delays: RefCell<Vec<u32>>,
}

impl Seen {
    /// Takes note of the stamped tokens in a piece of a stream.
    fn note(&self, line: &str) {
        let Some((_, rest)) = line.split_once("\"content\":\"") else { return };
        let Some(stamp) = rest.get(..19).and_then(|digits| digits.parse::<u64>().ok()) else {
            return;
        };
        self.tokens.set(self.tokens.get() + 1);
        if self.recording.get() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            let delay = now.saturating_sub(u128::from(stamp)) / 1000;
            self.delays.borrow_mut().push(u32::try_from(delay).unwrap_or(u32::MAX));
        }
    }
}

/// Streams that have been opened, and go on until they are dropped or end.
pub struct Streams {
    tasks: JoinSet<std::io::Result<()>>,
    seen: Rc<Seen>,
}

impl Streams {
    /// Opens streams, each on its own connection, and waits until each has had a token.
    /// Each must bring exactly `tokens` tokens and then `[DONE]`.
    pub async fn open(proxy: &Proxy, body: &str, count: usize, tokens: u64) -> Result<Self> {
        let request: Rc<[u8]> = http::request(body, &proxy.key).into();
        let seen = Rc::new(Seen::default());
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let mut connection = Connection::open(proxy.address).await?;
            let (request, seen) = (request.clone(), seen.clone());
            tasks.spawn_local(async move {
                connection.send(&request).await?;
                follow(&mut connection, &seen, tokens).await
            });
            sleep(APART).await;
        }
        let streams = Self { tasks, seen };
        let patience = Instant::now();
        while streams.seen.started.get() < count {
            if patience.elapsed() > Duration::from_secs(30) {
                return Err("not every stream has begun after 30 s".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(streams)
    }

    /// Measures for a while, then lets the streams end, and checks how they do.
    pub async fn measure(mut self, proxy: &Proxy, time: Duration) -> Result<Sample> {
        sleep(WARM).await;
        self.seen.recording.set(true);
        let (from, cpu, begun) = (self.seen.tokens.get(), proxy.process.cpu(), Instant::now());
        sleep(time).await;
        let count = (self.seen.tokens.get() - from) as f64;
        let (cpu, took) = (proxy.process.cpu() - cpu, begun.elapsed().as_secs_f64());
        self.seen.recording.set(false);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let mut delays = self.seen.delays.take();
        delays.sort_unstable();
        let at = |part: f64| {
            let at = (delays.len() as f64 * part) as usize;
            f64::from(delays.get(at.min(delays.len().saturating_sub(1))).copied().unwrap_or(0))
        };
        Ok(Sample {
            rate: count / took,
            cpu: cpu * 1e6 / count,
            p50: at(0.5),
            p99: at(0.99),
            rss: proxy.process.rss() / 1024.0,
            ..Sample::default()
        })
    }
}

async fn follow(connection: &mut Connection, seen: &Seen, tokens: u64) -> std::io::Result<()> {
    let mut line = Vec::new();
    let (mut had, mut done) = (0_u64, false);
    let read = connection.each_piece(|mut piece| {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(&piece[..end]);
            piece = &piece[end + 1..];
            let before = seen.tokens.get();
            let text = String::from_utf8_lossy(&line);
            seen.note(&text);
            if seen.tokens.get() > before {
                had += 1;
                if had == 1 {
                    seen.started.set(seen.started.get() + 1);
                }
            }
            done |= text == "data: [DONE]";
            line.clear();
        }
        line.extend_from_slice(piece);
    });
    read.await?;
    if had != tokens || !done {
        return Err(std::io::Error::other(format!("a stream lost something: {had} of {tokens}")));
    }
    Ok(())
}
