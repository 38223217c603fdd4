//! Medians, tables, and whether the aims are reached.

use crate::load::Sample;
use crate::proxy::{Kind, Target};

/// One row: a workload on a proxy, round by round.
pub struct Row {
    pub workload: &'static str,
    pub target: Target,
    pub samples: Vec<Sample>,
}

/// All rows so far.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    aims: Vec<String>,
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(upper), 0) => (values[middle - 1] + upper) / 2.0,
        (Some(one), _) => *one,
        (None, _) => f64::NAN,
    }
}

impl Report {
    pub fn add(&mut self, workload: &'static str, target: Target, sample: Sample) {
        let known = |row: &&mut Row| row.workload == workload && row.target == target;
        match self.rows.iter_mut().find(known) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row { workload, target, samples: vec![sample] }),
        }
    }

    /// The median of one figure of a row; not a number if it was not measured.
    pub fn median(&self, workload: &str, target: Target, figure: fn(&Sample) -> f64) -> f64 {
        let row = self.rows.iter().find(|row| row.workload == workload && row.target == target);
        median(row.into_iter().flat_map(|row| &row.samples).map(figure))
    }

    /// The median over rounds of what two rows differ by in one.
    pub fn paired(
        &self,
        workload: &str,
        (a, b): (Target, Target),
        difference: fn(&Sample, &Sample) -> f64,
    ) -> f64 {
        let samples = |target| {
            let row = self.rows.iter().find(|row| row.workload == workload && row.target == target);
            row.map_or(&[][..], |row| &row.samples)
        };
        median(samples(a).iter().zip(samples(b)).map(|(a, b)| difference(a, b)))
    }

    /// Says whether an aim is reached: `value` at most `most`.
    pub fn at_most(&mut self, aim: &str, value: f64, most: f64, unit: &str) {
        let word = if value <= most { "reached" } else { "NOT reached" };
        self.say(aim, value, &format!("at most {most:.2}"), unit, word);
    }

    /// Says whether an aim is reached: `value` at least `least`.
    pub fn at_least(&mut self, aim: &str, value: f64, least: f64, unit: &str) {
        let word = if value >= least { "reached" } else { "NOT reached" };
        self.say(aim, value, &format!("at least {least:.2}"), unit, word);
    }

    fn say(&mut self, aim: &str, value: f64, bound: &str, unit: &str, word: &str) {
        if !value.is_nan() {
            self.aims.push(format!("| {aim} | {value:.2}{unit} | {bound}{unit} | {word} |"));
        }
    }

    pub fn print(&self) {
        println!();
        println!(
            "| workload | proxy, upstream | a second | CPU µs each | least | of nginx | of Envoy h1 | delay p50 µs | p99 µs | RSS MiB |"
        );
        println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        for row in &self.rows {
            let figure = |figure: fn(&Sample) -> f64| median(row.samples.iter().map(figure));
            let cpu = figure(|s| s.cpu);
            let of = |kind: Kind| {
                let other = self.rows.iter().find(|other| {
                    other.workload == row.workload && other.target == Target::h1(kind)
                });
                let other = other.map(|other| median(other.samples.iter().map(|s| s.cpu)));
                other.map_or_else(String::new, |other| format!("{:.2}", cpu / other))
            };
            // What else runs on the machine only ever adds: the least is closest to the truth.
            let least = row.samples.iter().map(|s| s.cpu).fold(f64::MAX, f64::min);
            let delay =
                |value: f64| if value > 0.0 { format!("{value:.0}") } else { String::new() };
            println!(
                "| {} | {} | {:.0} | {cpu:.1} | {least:.1} | {} | {} | {} | {} | {:.0} |",
                row.workload,
                row.target.name(),
                figure(|s| s.rate),
                of(Kind::Nginx),
                of(Kind::Envoy),
                delay(figure(|s| s.p50)),
                delay(figure(|s| s.p99)),
                figure(|s| s.rss),
            );
        }
    }

    pub fn print_aims(&self) {
        println!();
        println!("| aim | here | bound | |\n|---|--:|--:|---|");
        for aim in &self.aims {
            println!("{aim}");
        }
    }
}
