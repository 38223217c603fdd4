//! A process under test: pinned, measured, and ended with the benchmark.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};

/// Clock ticks a second in `/proc`: fixed by Linux' interface.
const TICKS: f64 = 100.0;

pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a program on one core. Its output goes nowhere; it ends with us, however we end.
    pub fn start(core: usize, program: &str, arguments: &[&str]) -> io::Result<Self> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "taskset", "-c", &core.to_string(), program]);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("OPENAI_API_KEY", crate::proxy::OPENAI_KEY);
        command.env("ANTHROPIC_API_KEY", crate::proxy::CLAUDE_KEY);
        command.env("CHECKOUT_KEY", crate::proxy::CALLER_KEY);
        command.env("SEARCH_KEY", "another-caller");
        command.env("RUST_LOG", "error");
        Ok(Self { child: command.spawn()? })
    }

    /// CPU seconds that the process and its descendants have used.
    pub fn cpu(&self) -> f64 {
        let ticks = self.tree().into_iter().map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // utime, stime, and those of children that have ended.
            fields(&stat).skip(11).take(4).filter_map(|f| f.parse::<u64>().ok()).sum::<u64>()
        });
        ticks.sum::<u64>() as f64 / TICKS
    }

    /// KiB of memory that the process and its descendants hold.
    pub fn rss(&self) -> f64 {
        let held = self.tree().into_iter().filter_map(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().strip_suffix(" kB")?.parse::<f64>().ok()
        });
        held.sum()
    }

    /// The process and its descendants.
    fn tree(&self) -> Vec<u32> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if let Some(parent) = fields(&stat).nth(1).and_then(|parent| parent.parse().ok()) {
                children.entry(parent).or_default().push(pid);
            }
        }
        let mut tree = vec![self.child.id()];
        let mut at = 0;
        while let Some(pid) = tree.get(at) {
            tree.extend(children.remove(pid).unwrap_or_default());
            at += 1;
        }
        tree
    }
}

/// The fields of a `stat` line from the third, behind the name, which may hold anything.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split_ascii_whitespace()
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx' worker goes with its master only if that ends by a signal it can catch.
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-INT", &pid]).status();
        if told.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
