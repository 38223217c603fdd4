//! What a process holds: memory, descriptors, threads.

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
}

/// What is compared, and what it may grow by: a share in percent, and so many more.
struct Figure {
    name: &'static str,
    of: fn(&Sample) -> u64,
    percent: u64,
    more: u64,
}

const FIGURES: [Figure; 3] = [
    Figure { name: "RSS, KiB", of: |sample| sample.rss_kib, percent: 10, more: 8 * 1024 },
    Figure { name: "descriptors", of: |sample| sample.descriptors, percent: 10, more: 20 },
    Figure { name: "threads", of: |sample| sample.threads, percent: 0, more: 0 },
];

impl Sample {
    /// Reads them of a process.
    pub fn of(id: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()?.parse().ok()
        };
        Some(Self {
            rss_kib: field("VmRSS:")?,
            threads: field("Threads:")?,
            descriptors: fs::read_dir(format!("/proc/{id}/fd")).ok()?.count() as u64,
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
        let each = FIGURES.map(|Figure { name, of, percent, more }| {
            let third = |nth: usize| {
                let third = self.0.iter().skip(nth * length).take(length);
                let mut values: Vec<u64> = third.map(of).collect();
                values.sort_unstable();
                values.get(length / 2).copied().unwrap_or_default()
            };
            let [first, second, last] = [third(0), third(1), third(2)];
            let flat = length > 0 && last <= second + second * percent / 100 + more;
            (format!("{name}, medians of thirds: {first}, {second}, {last}"), flat)
        });
        each.into()
    }
}
