//! Telling of budgets that run low: a line in the log, a metric, and whoever listens at a webhook.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use jiff::Timestamp;
use serde::Serialize;

use super::webhook::Webhook;
use super::{Metrics, webhook};
use crate::budget::{Event, Quantity};

/// The body of a webhook's request. Amounts are decimals, in `unit`.
#[derive(Debug, Serialize)]
struct Notice<'a> {
    /// Another one for each event, the same when it is sent again.
    id: String,
    /// RFC 3339, as `window_end` is.
    time: String,
    gateway: &'a str,
    /// `threshold` or `exceeded`.
    event: &'static str,
    budget: &'a str,
    /// The counter; empty for a total.
    of: &'a str,
    /// The threshold, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    unit: &'static str,
    limit: String,
    spent: String,
    /// When the window ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_end: Option<String>,
    /// All of it in words, as chat programs take it.
    text: String,
}

/// Starts the thread that hears the ledger's events and tells of them, and ends with the ledger.
/// `gateway` is the name, and `target` the webhook, as the configuration has them now.
///
/// # Errors
///
/// If the system gives no thread.
pub fn tell(
    events: Receiver<Event>,
    metrics: Arc<Metrics>,
    gateway: impl Fn() -> String + Send + 'static,
    target: impl Fn() -> Option<webhook::Target> + Send + 'static,
) -> std::io::Result<()> {
    let webhook = Webhook::start(metrics.clone(), target)?;
    let process: u64 = {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::process::id())
    };
    let hear = move || {
        for (count, event) in events.into_iter().enumerate() {
            let gateway = gateway();
            let id = format!("{process:016x}{count:08x}");
            let notice = Notice::of(&event, &gateway, id);
            log::warn!("{}", notice.text);
            metrics.budget_event(&gateway, notice.budget, &notice.label());
            match serde_json::to_vec(&notice) {
                Ok(body) => webhook.send(&gateway, body),
                Err(error) => log::error!("an event can't be written as JSON: {error}"),
            }
        }
    };
    std::thread::Builder::new().name("budget-events".into()).spawn(hear).map(|_| ())
}

impl<'a> Notice<'a> {
    fn of(event: &'a Event, gateway: &'a str, id: String) -> Self {
        let (word, budget, of, percent, limit, spent, window_end) = match event {
            Event::Threshold { budget, of, percent, limit, spent, window_end } => {
                ("threshold", budget, of, Some(*percent), limit, spent, Some(*window_end))
            }
            Event::Exceeded { budget, of, limit, spent } => {
                ("exceeded", budget, of, None, limit, spent, None)
            }
        };
        Self {
            id,
            time: Timestamp::now().to_string(),
            gateway,
            event: word,
            budget,
            of,
            percent,
            unit: limit.unit(),
            limit: limit.decimal(),
            spent: spent.decimal(),
            window_end: window_end
                .and_then(|end| Timestamp::from_second(end).ok())
                .map(|end| end.to_string()),
            text: text(budget, of, percent, *limit, *spent),
        }
    }

    /// What the metric says of it: a threshold by its percentage.
    fn label(&self) -> String {
        match self.percent {
            Some(percent) => format!("threshold_{percent}"),
            None => self.event.to_owned(),
        }
    }
}

fn text(budget: &str, of: &str, percent: Option<u8>, limit: Quantity, spent: Quantity) -> String {
    // Callers choose some counters' names: quoted, no line ends early (S-55).
    let of = if of.is_empty() { String::new() } else { format!(" of {of:?}") };
    match percent {
        Some(percent) => {
            format!("budget {budget}{of}: {percent} % of {limit} reached, {spent} spent")
        }
        None => format!(
            "budget {budget}{of}: {spent} spent, and a call was let through beyond the limit of \
             {limit} (on_exceeded: audit)"
        ),
    }
}

#[cfg(test)]
mod tests;
