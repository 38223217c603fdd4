//! The two tables: what the calls came to, and what was claimed of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use egret::simulator::Provider;

use crate::books::{Books, ESTIMATE, Line};
use crate::caller::Tally;
use crate::faults::{Cost, FAULTS, Shows};
use crate::stack::Place;

/// Most lines that a claim which does not hold is explained with.
const LINES: usize = 10;

/// The rows that were not met yet, at which provider, streamed or not.
pub fn unmet(tally: &Tally) -> Vec<String> {
    let mut unmet = Vec::new();
    for place in Place::all() {
        for stream in [false, true] {
            let cell = tally.cell(place, stream);
            let met = match place.fault().shows {
                Shows::Nothing => &cell.own,
                Shows::Unseen => &cell.calls,
                Shows::Midway if stream => &cell.midway,
                Shows::Elsewhere | Shows::Midway => &cell.elsewhere,
            };
            if met.load(Ordering::Relaxed) == 0 {
                let name = Provider::ALL[place.provider].name();
                unmet.push(format!("{} at {name}, streamed: {stream}", place.fault().name));
            }
        }
    }
    unmet
}

/// What has been claimed so far.
#[derive(Default)]
pub struct Report {
    claims: Vec<(String, bool)>,
    seconds: u64,
    uncovered: Vec<String>,
    bill: Line,
    spent: Line,
}

impl Report {
    /// Something that must hold.
    pub fn claim(&mut self, claim: String, holds: bool) {
        self.claims.push((claim, holds));
    }

    /// Something that must hold, and where it does not.
    pub fn all(&mut self, claim: &str, wrong: &[String]) {
        self.claim(claim.to_owned(), wrong.is_empty());
        for line in wrong.iter().take(LINES) {
            self.claim(format!("… {line}"), false);
        }
    }

    /// One second of the matrix: what is billed is in the ledger.
    pub fn second(&mut self, books: &Books) {
        self.seconds += 1;
        if let Err(error) = books.covers() {
            self.uncovered.push(format!("second {}: {error}", self.seconds));
        }
        (self.bill, self.spent) = (Books::sum(&books.bill), Books::sum(&books.spent));
    }

    /// Every row was met, at each provider, streamed and not.
    pub fn every_cell(&mut self, tally: &Tally) {
        self.all("each fault was met at each provider, streamed and not", &unmet(tally));
    }

    /// Whether all of it holds.
    pub fn holds(&self) -> bool {
        self.claims.iter().all(|(_, holds)| *holds)
    }

    pub fn finish(&mut self, tally: &Tally) {
        let (complaints, count) = tally.complaints();
        let calls = tally.calls.load(Ordering::Relaxed);
        let claim = format!(
            "{calls} calls, {count} of them wrong: another's words, two backends in one answer, \
             neither whole nor an error in its schema, or lost"
        );
        self.all(&claim, &complaints);
        let claim = format!("in each of {} seconds, the ledger covers the bill", self.seconds);
        let uncovered = std::mem::take(&mut self.uncovered);
        self.all(&claim, &uncovered);
    }

    pub fn print(&self, tally: &Tally, took: Duration) {
        println!("\n| fault | cost | calls | whole | whole, from elsewhere | error midway |");
        println!("|---|---|--:|--:|--:|--:|");
        for (row, fault) in FAULTS.iter().enumerate() {
            for stream in [false, true] {
                let sum = |figure: fn(&crate::caller::Cell) -> &AtomicU64| {
                    let cells = (0..3).map(|provider| tally.cell(Place { row, provider }, stream));
                    cells.map(|cell| figure(cell).load(Ordering::Relaxed)).sum::<u64>()
                };
                println!(
                    "| {}{} | {} | {} | {} | {} | {} |",
                    fault.name,
                    if stream { ", streamed" } else { "" },
                    if fault.cost == Cost::Known { "known" } else { "hidden" },
                    sum(|cell| &cell.calls),
                    sum(|cell| &cell.own),
                    sum(|cell| &cell.elsewhere),
                    sum(|cell| &cell.midway)
                );
            }
        }
        println!("\n| claim | |\n|---|---|");
        for (claim, holds) in &self.claims {
            println!("| {claim} | {} |", if *holds { "holds" } else { "DOES NOT HOLD" });
        }
        println!(
            "\nAt the end of the matrix: billed {:?}, spent {:?}. A hidden cost is bounded by {} \
             nano-dollars for each call that its backend has not answered whole. {:.0} s.",
            self.bill,
            self.spent,
            ESTIMATE,
            took.as_secs_f64()
        );
        let broken = self.claims.iter().filter(|(_, holds)| !holds).count();
        println!("\n{} passed, {broken} failed", self.claims.len() - broken);
    }
}
