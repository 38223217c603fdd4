//! The soak: callers without pause, a gateway in front of providers that fail in every way there
//! is, and books that are compared every second. Started by `tests/soak/run`.
//!
//! Gateways and simulators are processes of their own. What is asserted, every second or at the
//! end of a phase, is the second table that it prints; it ends with 1 if any of it does not hold.

mod books;
mod caller;
#[path = "../it/support/dice.rs"]
mod dice;
mod faults;
mod names;
mod process;
mod report;
#[path = "../it/support/speak/schema.rs"]
mod schema;
mod stack;
mod toxic;
mod vitals;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use books::{Books, Line};
use caller::{Caller, Phase, Tally, Upset};
use process::{Gateway, Ports};
use report::{Report, unmet};
use stack::World;
use vitals::{Sample, Vitals};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Callers that call at the same time.
const CALLERS: u64 = 24;
/// How much longer the matrix may go on where a row has not been met yet.
const MORE: Duration = Duration::from_secs(300);

struct Options {
    egret: PathBuf,
    time: Duration,
}

impl Options {
    fn read() -> Result<Self> {
        let mut options =
            Self { egret: "target/debug/egret".into(), time: Duration::from_secs(60) };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--egret" => options.egret = value()?.into(),
                "--seconds" => options.time = Duration::from_secs(value()?.parse()?),
                other => return Err(format!("unknown argument {other}; see tests/soak/run").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<()> {
    // An error means that there is one already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let whole = runtime.block_on(run(&Options::read()?))?;
    if whole { Ok(()) } else { Err("the soak shows what must not be: see above".into()) }
}

async fn run(options: &Options) -> Result<bool> {
    let mut ports = Ports::from(20_000 + (std::process::id() % 9000) as u16);
    let world = Arc::new(World::start(&options.egret, &mut ports).await?);
    let mut soak = Soak {
        first: world.gateway("first", &mut ports).await?,
        world,
        tally: Arc::new(Tally::new()),
        report: Report::default(),
        second: None,
    };
    let begun = Instant::now();
    soak.matrix(options.time.mul_f64(0.75)).await?;
    soak.rolling(&mut ports, options.time.mul_f64(0.15)).await?;
    soak.killed().await?;
    soak.ends().await?;
    soak.report.finish(&soak.tally);
    soak.report.print(&soak.tally, begun.elapsed());
    Ok(soak.report.holds())
}

struct Soak {
    world: Arc<World>,
    first: Gateway,
    tally: Arc<Tally>,
    report: Report,
    second: Option<Gateway>,
}

/// Callers at work.
struct Load {
    phase: Arc<Phase>,
    callers: JoinSet<()>,
}

impl Load {
    fn begin(phase: Phase, tally: &Arc<Tally>) -> Result<Self> {
        let (phase, mut callers) = (Arc::new(phase), JoinSet::new());
        for number in 0..CALLERS {
            let (phase, tally) = (Arc::clone(&phase), Arc::clone(tally));
            let mut caller = Caller::new(number)?;
            callers.spawn(async move { caller.work(&phase, &tally).await });
        }
        Ok(Self { phase, callers })
    }

    /// Lets them finish what they are at.
    async fn end(mut self) -> Result<()> {
        self.phase.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.callers.join_next().await {
            ended?;
        }
        Ok(())
    }
}

impl Soak {
    /// All rows, at all providers, and in the middle of it a configuration that changes every
    /// 100 ms.
    async fn matrix(&mut self, time: Duration) -> Result<()> {
        let load = Load::begin(Phase::new(&[self.first.url()], Upset::Nothing), &self.tally)?;
        let (begun, mut vitals) = (Instant::now(), Vitals::default());
        let reloading =
            time.mul_f64(0.4)..time.mul_f64(0.4) + time.mul_f64(0.3).min(Duration::from_secs(60));
        let good = self.first.text()?;
        let (mut reloads, mut second, mut expired) = (0_usize, 0, false);
        // A busy machine makes fewer calls: until each row has been met, with a bound.
        let wanting = |tally: &Tally| begun.elapsed() < time + MORE && !unmet(tally).is_empty();
        while begun.elapsed() < time || wanting(&self.tally) {
            sleep(Duration::from_millis(100)).await;
            if reloading.contains(&begun.elapsed()) {
                reloads += 1;
                let more = match reloads % 3 {
                    0 => "nonsense: true\n".to_owned(),
                    1 => format!("limits: {{ total: {}m }}\n", reloads % 50 + 10),
                    _ => String::new(),
                };
                self.first.reload(&good, &more)?;
            }
            if begun.elapsed().as_secs() <= second {
                continue;
            }
            second = begun.elapsed().as_secs();
            expired = !expired;
            self.world.expire(expired).await?;
            if let Some(books) = Books::read(&self.world, &[&self.first]).await? {
                self.report.second(&books);
                if let Some(sample) = Sample::of(self.first.process.id(), books.tasks) {
                    vitals.add(sample);
                }
            }
        }
        self.world.expire(false).await?;
        self.first.reload(&good, "")?;
        load.end().await?;
        for (line, flat) in vitals.thirds() {
            self.report.claim(line, flat);
        }
        self.report.claim(format!("{reloads} reloads, one each 100 ms"), reloads > 0);
        let moves = self.world.names.answers();
        let claim = format!("a name was looked up {moves} times, and had moved each time");
        self.report.claim(claim, moves > 2);
        let books = self.quiet(&[&self.first]).await?;
        self.report
            .all("after the matrix, the ledger is the bill", &books.balanced(&self.tally, 0));
        self.report.all("each answer was billed once", &books.billed_once(&self.tally));
        self.report.every_cell(&self.tally);
        Ok(())
    }

    /// A second gateway takes over, and then the first one again, under load.
    async fn rolling(&mut self, ports: &mut Ports, time: Duration) -> Result<()> {
        let mut second = self.world.gateway("second", ports).await?;
        let urls = [self.first.url(), second.url()];
        let load = Load::begin(Phase::new(&urls, Upset::Terminated), &self.tally)?;
        let calls = self.tally.calls.load(Ordering::Relaxed);
        for (nth, gateway) in [&mut self.first, &mut second].into_iter().enumerate() {
            sleep(time / 4).await;
            let begun = Instant::now();
            load.phase.told(nth);
            gateway.process.signal("TERM")?;
            // A load balancer looks once a second.
            while gateway.is_ready(&self.world).await {
                sleep(Duration::from_secs(1)).await;
            }
            load.phase.send(nth, false);
            let status = gateway.process.ended().await?;
            let (name, took) = (&gateway.name, begun.elapsed().as_secs_f64());
            let claim =
                format!("SIGTERM under load, the {name} gateway: {status} after {took:.1} s");
            self.report.claim(claim, status.success());
            gateway.restart(&self.world).await?;
            load.phase.send(nth, true);
            sleep(time / 4).await;
        }
        load.end().await?;
        let calls = self.tally.calls.load(Ordering::Relaxed) - calls;
        let books = self.quiet(&[&self.first, &second]).await?;
        let wrong = books.balanced(&self.tally, 0);
        self.report
            .all(&format!("after two SIGTERM and {calls} calls, the ledgers are the bill"), &wrong);
        let wrong = self.unanswered(&[&self.first, &second]).await?;
        self.report.all("each call that was let in was answered", &wrong);
        self.second = Some(second);
        Ok(())
    }

    /// `kill -9` under load; tests/it/crash_many.rs has fifty of them, and replicas.
    async fn killed(&mut self) -> Result<()> {
        let load = Load::begin(Phase::new(&[self.first.url()], Upset::Killed), &self.tally)?;
        for _ in 0..3 {
            sleep(Duration::from_millis(700)).await;
            self.first.process.signal("KILL")?;
            self.first.process.ended().await?;
            self.first.restart(&self.world).await?;
        }
        load.end().await?;
        let second = self.second.take().ok_or("no second gateway")?;
        let books = self.quiet(&[&self.first, &second]).await?;
        let lost = self.tally.lost.load(Ordering::Relaxed);
        let wrong = books.balanced(&self.tally, lost);
        let claim =
            format!("after three kill -9, {lost} calls broken off, the ledgers cover the bill");
        self.report.all(&claim, &wrong);
        self.second = Some(second);
        Ok(())
    }

    /// All ends well, and nothing has said what it should not.
    async fn ends(&mut self) -> Result<()> {
        for gateway in [Some(&mut self.first), self.second.as_mut()].into_iter().flatten() {
            gateway.process.signal("TERM")?;
            let status = gateway.process.ended().await?;
            self.report
                .claim(format!("the {} gateway ends: {status}", gateway.name), status.success());
            let log = std::fs::read_to_string(&gateway.process.log)?;
            let said = |line: &&str| {
                // That a configuration is refused it must say.
                let error = line.contains(" ERROR egret") && !line.contains("egret::config::watch");
                error || ["panic", "nonce-", "sk-", "AIza-"].iter().any(|word| line.contains(word))
            };
            let wrong: Vec<String> = log.lines().filter(said).map(str::to_owned).collect();
            self.report.all("its log holds no panic, no error, no secret and no prompt", &wrong);
        }
        Ok(())
    }

    /// What is wrong with the calls that these gateways wrote down: they do that a little later.
    async fn unanswered(&self, gateways: &[&Gateway]) -> Result<Vec<String>> {
        let begun = Instant::now();
        loop {
            let mut written = BTreeSet::new();
            for gateway in gateways {
                written.append(&mut gateway.process.calls()?);
            }
            let wrong = self.tally.unanswered(&written);
            if wrong.is_empty() || begun.elapsed() > Duration::from_secs(10) {
                return Ok(wrong);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The books when nothing is under way any more.
    async fn quiet(&self, gateways: &[&Gateway]) -> Result<Books> {
        let begun = Instant::now();
        loop {
            if let Some(books) = Books::read(&self.world, gateways).await? {
                let quiet = books.in_flight == 0 && Books::sum(&books.reserved) == Line::default();
                if quiet || begun.elapsed() > Duration::from_secs(30) {
                    return Ok(books);
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}
