//! Who calls: without pause, all surfaces, streamed and not, and looks closely at what comes.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::iter;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use egret::simulator::Provider;

use crate::dice::Dice;
use crate::faults::{Cause, FAULTS, Shows};
use crate::process::CALLER_KEY;
use crate::schema::{Answer, body, events, in_band_error, path, said};
use crate::stack::{Place, good, good_model};

/// Most complaints that are kept.
const COMPLAINTS: usize = 40;
/// How long a gateway that is told to end still lets everyone in.
const NOTICE: Duration = Duration::from_secs(2);

/// What the calls of one row came to, streamed or not, at one provider.
#[derive(Default)]
pub struct Cell {
    pub calls: AtomicU64,
    /// Answered, whole, by its own backend.
    pub own: AtomicU64,
    /// Answered, whole, by another one.
    pub elsewhere: AtomicU64,
    /// Ended with an error in the stream.
    pub midway: AtomicU64,
}

/// What all calls came to.
pub struct Tally {
    cells: Vec<Cell>,
    /// Whole answers by the model that gave them.
    answers: Mutex<BTreeMap<String, u64>>,
    /// The ids that gateways gave the calls whose answers began.
    begun: Mutex<BTreeSet<String>>,
    complaints: Mutex<(Vec<String>, u64)>,
    pub calls: AtomicU64,
    /// Calls that nobody accepted, and that went to another gateway.
    pub moved: AtomicU64,
    /// Calls that were accepted and broke off without a word.
    pub lost: AtomicU64,
}

impl Tally {
    pub fn new() -> Self {
        Self {
            cells: (0..FAULTS.len() * 3 * 2).map(|_| Cell::default()).collect(),
            answers: Mutex::default(),
            begun: Mutex::default(),
            complaints: Mutex::default(),
            calls: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    pub fn cell(&self, place: Place, stream: bool) -> &Cell {
        &self.cells[(place.row * 3 + place.provider) * 2 + usize::from(stream)]
    }

    pub fn complain(&self, complaint: String) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        complaints.1 += 1;
        if complaints.0.len() < COMPLAINTS {
            complaints.0.push(complaint);
        }
    }

    /// The first complaints, and how many there are.
    pub fn complaints(&self) -> (Vec<String>, u64) {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls that their own backend has not answered whole: it may have worked all the same.
    pub fn in_vain(&self, place: Place) -> u64 {
        let each = [false, true].map(|stream| {
            let cell = self.cell(place, stream);
            cell.calls.load(Ordering::Relaxed) - cell.own.load(Ordering::Relaxed)
        });
        each.iter().sum()
    }

    /// How many whole answers a model gave.
    pub fn answers(&self, model: &str) -> u64 {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(model).copied().unwrap_or_default()
    }

    fn begins(&self, id: &str) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    /// Calls that gateways wrote down, these ids, and that were not answered, or the other way
    /// round.
    pub fn unanswered(&self, written: &BTreeSet<String>) -> Vec<String> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let lost =
            written.difference(&begun).map(|id| format!("{id} was let in, and not answered"));
        let unknown = begun.difference(written).map(|id| format!("{id} was not written down"));
        lost.chain(unknown).collect()
    }

    fn answered(&self, model: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(model.to_owned()).or_default() += 1;
    }
}

/// What is done to gateways in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upset {
    Nothing,
    /// They end in good order. Who is too late at the door, because this machine stood still for
    /// longer than it is held open, is not let in, and nothing of the call is written down.
    Terminated,
    /// They are killed, so that calls may break off.
    Killed,
}

/// A phase of the load: who is called, and whether it goes on.
pub struct Phase {
    doors: Vec<Door>,
    pub over: AtomicBool,
    upset: Upset,
}

/// A gateway that is called.
struct Door {
    url: String,
    is_ready: AtomicBool,
    /// When it was told to end, until it is back.
    told: Mutex<Option<Instant>>,
}

impl Door {
    fn told(&self) -> MutexGuard<'_, Option<Instant>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    pub fn new(urls: &[String], upset: Upset) -> Self {
        let doors = urls.iter().map(|url| Door {
            url: url.clone(),
            is_ready: AtomicBool::new(true),
            told: Mutex::default(),
        });
        Self { doors: doors.collect(), over: AtomicBool::new(false), upset }
    }

    /// Sends calls to this gateway, or none any more: what a load balancer does that goes by its
    /// readiness.
    pub fn send(&self, nth: usize, ready: bool) {
        if let Some(door) = self.doors.get(nth) {
            door.is_ready.store(ready, Ordering::Relaxed);
            if ready {
                *door.told() = None;
            }
        }
    }

    /// This gateway is told to end.
    pub fn told(&self, nth: usize) {
        if let Some(door) = self.doors.get(nth) {
            *door.told() = Some(Instant::now());
        }
    }

    /// Whether a call was not let in: nothing of it was sent, or it came after its gateway, told to
    /// end then, had closed its doors. That the latter were not let in is claimed in the end.
    fn is_outside(&self, error: &reqwest::Error, told: Option<Instant>) -> bool {
        let mut sources = iter::successors(error.source(), |&error| error.source());
        let canceled = |error: &(dyn Error + 'static)| {
            error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
        };
        let late = told.is_some_and(|told| told.elapsed() >= NOTICE);
        error.is_connect()
            || self.upset == Upset::Terminated
                && (late && error.is_request() || sources.any(canceled))
    }

    /// A gateway that is ready; any, if none is.
    fn door(&self, number: usize) -> Option<&Door> {
        let ready = |door: &&Door| door.is_ready.load(Ordering::Relaxed);
        let count = self.doors.iter().filter(ready).count();
        let chosen = self.doors.iter().filter(ready).nth(number % count.max(1));
        chosen.or_else(|| self.doors.get(number % self.doors.len()))
    }
}

/// One caller.
pub struct Caller {
    clients: [reqwest::Client; 2],
    dice: Dice,
    number: u64,
}

/// A call, and what it must bring.
struct Call {
    place: Place,
    surface: Provider,
    stream: bool,
    /// What nobody else says.
    words: String,
}

impl Caller {
    pub fn new(number: u64) -> reqwest::Result<Self> {
        let clients = [
            reqwest::Client::builder().http1_only().build()?,
            reqwest::Client::builder().http2_prior_knowledge().build()?,
        ];
        Ok(Self { clients, dice: Dice::new(number), number })
    }

    /// Calls until the phase is over.
    pub async fn work(&mut self, phase: &Phase, tally: &Tally) {
        let mut count = 0_u64;
        while !phase.over.load(Ordering::Relaxed) {
            count += 1;
            let place = Place { row: self.dice.roll(FAULTS.len()), provider: self.dice.roll(3) };
            let nonce = format!("nonce-{}-{count}-{:08x}", self.number, self.dice.roll(1 << 31));
            let call = Call {
                place,
                surface: *self.dice.pick(&Provider::ALL),
                stream: self.dice.roll(2) == 0,
                words: format!("{nonce} {}", "and-so-on ".repeat(60 + self.dice.roll(20))),
            };
            let client = &self.clients[self.dice.roll(2)];
            let first = self.dice.roll(1 << 16);
            tally.calls.fetch_add(1, Ordering::Relaxed);
            tally.cell(place, call.stream).calls.fetch_add(1, Ordering::Relaxed);
            if let Err(complaint) = call.make(client, phase, first, tally).await {
                tally.complain(format!(
                    "{} at {}, asked by {}, streamed: {}: {complaint}",
                    place.fault().name,
                    Provider::ALL[place.provider].name(),
                    call.surface.name(),
                    call.stream
                ));
            }
        }
    }
}

impl Call {
    async fn make(
        &self,
        client: &reqwest::Client,
        phase: &Phase,
        first: usize,
        tally: &Tally,
    ) -> Result<(), String> {
        let (model, words) = (self.place.name(), self.words.trim());
        let path = path(self.surface, &model, self.stream);
        let body = body(self.surface, &model, words, self.stream).to_string();
        // Whoever is not let in goes to the next gateway; a killed one takes a while.
        for attempt in 0..2000 {
            let door = phase.door(first + attempt).ok_or("there is no gateway")?;
            let told = *door.told();
            let request = client
                .post(format!("{}{path}", door.url))
                .header("content-type", "application/json")
                .bearer_auth(CALLER_KEY)
                .body(body.clone());
            match self.read(request, tally).await {
                Ok(None) => return Ok(()),
                Ok(Some(answer)) => return self.check(&answer, tally),
                Err(error) if phase.is_outside(&error, told) => {
                    tally.moved.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(_) if phase.upset == Upset::Killed => {
                    tally.lost.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Err(error) => return Err(format!("lost: {error:?}")),
            }
        }
        Err("no gateway lets anyone in".to_owned())
    }

    /// The whole answer; none if the caller leaves before.
    async fn read(
        &self,
        request: reqwest::RequestBuilder,
        tally: &Tally,
    ) -> reqwest::Result<Option<Answer>> {
        let mut response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if let Some(id) = headers.get("x-egret-request-id").and_then(|id| id.to_str().ok()) {
            tally.begins(id);
        }
        let mut read = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if self.place.fault().cause == Cause::Caller {
                return Ok(None);
            }
            read.extend_from_slice(&piece);
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        Ok(Some(Answer { status, headers, text }))
    }

    fn check(&self, answer: &Answer, tally: &Tally) -> Result<(), String> {
        let (cell, shows) = (tally.cell(self.place, self.stream), self.place.fault().shows);
        let shown =
            || format!("{}: {}", answer.status, answer.text.chars().take(600).collect::<String>());
        if answer.status != 200 {
            return Err(shown());
        }
        let backend = answer.header("x-egret-backend").unwrap_or_default();
        let (own, other) = (self.place.name(), self.place.other());
        let (model, count) = match backend {
            name if name == own => (self.place.model(), &cell.own),
            name if name == good(other) && shows != Shows::Nothing => {
                (good_model(other), &cell.elsewhere)
            }
            name => return Err(format!("answered by {name:?}")),
        };
        // The words are the caller's own and nobody else's, from one backend and no other.
        let whole = format!("{model} here: {}", self.words.trim());
        if let Some(text) = said(self.surface, answer, self.stream) {
            if text != whole {
                return Err(format!("{text:?} instead of {whole:?}"));
            }
            count.fetch_add(1, Ordering::Relaxed);
            tally.answered(&model);
            return Ok(());
        }
        if !self.stream || shows != Shows::Midway || model != self.place.model() {
            return Err(format!("not whole: {}", shown()));
        }
        let mut events = events(&answer.text);
        let last = events.pop().unwrap_or_default();
        if in_band_error(self.surface, &last).is_none() {
            return Err(format!("ends without a word: {}", shown()));
        }
        let begun: String = events.iter().map(|event| piece(self.surface, event)).collect();
        if !whole.starts_with(&begun) {
            return Err(format!("{begun:?} is not how {whole:?} begins"));
        }
        cell.midway.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The text of one event.
fn piece(surface: Provider, event: &serde_json::Value) -> String {
    let text = match surface {
        Provider::OpenAi => &event["choices"][0]["delta"]["content"],
        Provider::Claude => &event["delta"]["text"],
        Provider::Gemini => &event["candidates"][0]["content"]["parts"][0]["text"],
    };
    text.as_str().unwrap_or_default().to_owned()
}
