//! What a process holds: memory, descriptors, threads, tasks.
//!
//! A third of a run is for warming up: pools fill, and the allocator keeps what it was given once.
//! Of what comes after it, the last third is held against the middle one, by their medians, so that
//! a moment's peak counts for nothing. In the ten minutes of `tests/soak/run` these are 150 s apart,
//! some 15,000 calls: a kilobyte that each of them left behind would show.

use std::fs;

/// Samples, one a second.
#[derive(Default)]
pub struct Vitals(Vec<Sample>);

/// One moment.
#[derive(Clone, Copy, Default)]
pub struct Sample {
    pub rss_kib: u64,
    pub descriptors: u64,
    pub threads: u64,
    pub tasks: u64,
}

/// What is compared, and what it may grow by: a share in percent, and so many more.
struct Figure {
    name: &'static str,
    of: fn(&Sample) -> u64,
    percent: u64,
    more: u64,
    /// As many again where a third is no warm-up yet.
    cold: u64,
}

/// Seconds of a run whose first third is enough to warm up.
const WARM: usize = 300;

const FIGURES: [Figure; 4] = [
    Figure { name: "RSS, KiB", of: |it| it.rss_kib, percent: 10, more: 0, cold: 8 * 1024 },
    Figure { name: "descriptors", of: |it| it.descriptors, percent: 10, more: 20, cold: 0 },
    // Those that block, such as reading files, come and go.
    Figure { name: "threads", of: |it| it.threads, percent: 0, more: 2, cold: 0 },
    // Pingora's ping of an h2 connection outlives it by up to 20 s, and some ten of them end each
    // second.
    Figure { name: "tasks", of: |it| it.tasks, percent: 10, more: 20, cold: 200 },
];

impl Sample {
    /// Reads them of a process that says itself how many tasks it has.
    pub fn of(id: u32, tasks: u64) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()?.parse().ok()
        };
        Some(Self {
            rss_kib: field("VmRSS:")?,
            threads: field("Threads:")?,
            descriptors: fs::read_dir(format!("/proc/{id}/fd")).ok()?.count() as u64,
            tasks,
        })
    }
}

impl Vitals {
    pub fn add(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// A line for each figure: the median of each third, and whether the last has not grown.
    pub fn thirds(&self) -> Vec<(String, bool)> {
        let length = self.0.len() / 3;
        let each = FIGURES.map(|Figure { name, of, percent, more, cold }| {
            let third = |nth: usize| {
                let third = self.0.iter().skip(nth * length).take(length);
                let mut values: Vec<u64> = third.map(of).collect();
                values.sort_unstable();
                values.get(length / 2).copied().unwrap_or_default()
            };
            let [first, second, last] = [third(0), third(1), third(2)];
            let more = if self.0.len() < WARM { more + cold } else { more };
            let most = second + second * percent / 100 + more;
            let flat = last > 0 && last <= most;
            (format!("{name}, medians of thirds: {first}, {second}, {last} (at most {most})"), flat)
        });
        each.into()
    }
}
