//! The two books: what the simulators bill, and what the gateways' ledgers say.

use std::collections::BTreeMap;

use crate::Result;
use crate::caller::Tally;
use crate::faults::Cost;
use crate::process::Gateway;
use crate::stack::{PRICES, Place, World, good_model};

/// More than any call here can be estimated at: a kilobyte of input, a limit of 1000 tokens.
pub const ESTIMATE: u64 = 9_000_000;

/// Requests and nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub requests: u64,
    pub nanos: u64,
}

impl Line {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.nanos += other.nanos;
    }
}

/// What is known of all models at one moment.
#[derive(Default)]
pub struct Books {
    /// What the simulators bill.
    pub bill: BTreeMap<String, Line>,
    /// What the ledgers have as spent.
    pub spent: BTreeMap<String, Line>,
    /// What they have set aside.
    pub reserved: BTreeMap<String, Line>,
    /// Requests in flight.
    pub in_flight: u64,
    /// What the gateways' runtimes have under way.
    pub tasks: u64,
}

impl Books {
    /// Reads the bills, then the ledgers: whatever is billed is in a ledger by then.
    pub async fn read(world: &World, gateways: &[&Gateway]) -> Result<Option<Self>> {
        let mut books = Self::default();
        for bill in world.bills().await? {
            for (model, line) in bill.as_object().into_iter().flatten() {
                let number = |key: &str| line[key].as_u64().unwrap_or_default();
                let nanos = (number("input") - number("cached")) * PRICES.input
                    + number("cached") * PRICES.cached
                    + number("output") * PRICES.output;
                let line = Line { requests: number("requests"), nanos };
                books.bill.entry(model.clone()).or_default().add(line);
            }
        }
        for gateway in gateways {
            let Some(text) = gateway.admin(world, "/metrics").await else { return Ok(None) };
            books.add_metrics(&text);
        }
        Ok(Some(books))
    }

    fn add_metrics(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let value: f64 = value.parse().unwrap_or_default();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let label = |name: &str| {
                let (_, rest) = labels.split_once(&format!("{name}=\""))?;
                rest.split_once('"').map(|(value, _)| value.to_owned())
            };
            match name {
                "egret_requests_in_flight" => self.in_flight += value as u64,
                "egret_tasks" => self.tasks += value as u64,
                "egret_budget_spent" | "egret_budget_reserved" => {
                    let line = match label("budget").as_deref() {
                        Some("money") => Line { requests: 0, nanos: (value * 1e9).round() as u64 },
                        Some("calls") => Line { requests: value as u64, nanos: 0 },
                        _ => continue,
                    };
                    let book =
                        if name.ends_with("spent") { &mut self.spent } else { &mut self.reserved };
                    book.entry(label("of").unwrap_or_default()).or_default().add(line);
                }
                _ => {}
            }
        }
    }

    fn of(book: &BTreeMap<String, Line>, model: &str) -> Line {
        book.get(model).copied().unwrap_or_default()
    }

    /// The whole of one book.
    pub fn sum(book: &BTreeMap<String, Line>) -> Line {
        let mut sum = Line::default();
        book.values().for_each(|line| sum.add(*line));
        sum
    }

    /// What holds at every moment: nothing is billed that is not in the ledger.
    pub fn covers(&self) -> std::result::Result<(), String> {
        for (model, bill) in &self.bill {
            let (spent, reserved) = (Self::of(&self.spent, model), Self::of(&self.reserved, model));
            if spent.nanos + reserved.nanos < bill.nanos
                || spent.requests + reserved.requests < bill.requests
            {
                return Err(format!("{model}: {bill:?} billed, {spent:?} + {reserved:?} held"));
            }
        }
        Ok(())
    }

    /// What holds when nothing is under way. `lost` calls broke off with a gateway that was killed,
    /// and each of them may have been for any model.
    pub fn balanced(&self, tally: &Tally, lost: u64) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Err(error) = self.covers() {
            wrong.push(error);
        }
        if Self::sum(&self.reserved) != Line::default() || self.in_flight > 0 {
            wrong.push(format!("{} in flight, reserved: {:?}", self.in_flight, self.reserved));
        }
        let places = Place::all().map(|place| {
            let in_vain = match place.fault().cost {
                Cost::Known => 0,
                Cost::Hidden => tally.in_vain(place),
            };
            (place.model(), in_vain)
        });
        let good = (0..3).map(|provider| (good_model(provider), 0));
        for (model, in_vain) in places.chain(good) {
            let (bill, spent) = (Self::of(&self.bill, &model), Self::of(&self.spent, &model));
            let in_vain = in_vain + lost;
            if spent.requests > bill.requests + in_vain
                || spent.nanos > bill.nanos + in_vain * ESTIMATE
            {
                wrong.push(format!("{model}: {spent:?} spent, {bill:?} billed, {in_vain} in vain"));
            }
        }
        wrong
    }

    /// Where each call's cost is known, each whole answer was billed once.
    pub fn billed_once(&self, tally: &Tally) -> Vec<String> {
        let known = Place::all().filter(|place| place.fault().cost == Cost::Known);
        let models = known.map(Place::model).chain((0..3).map(good_model));
        let wrong = models.filter_map(|model| {
            let (billed, answers) = (Self::of(&self.bill, &model).requests, tally.answers(&model));
            (billed != answers).then(|| format!("{model}: {answers} answers, {billed} billed"))
        });
        wrong.collect()
    }
}
