//! One JSON line a request, on standard output.
//!
//! Lines are gathered in memory and written by a thread of their own a few times a second, so a
//! slow reader of standard output does not hold up requests.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::budget::Money;

/// How often gathered lines are written.
const FLUSH: Duration = Duration::from_millis(100);
/// Gathered bytes at which a request writes them itself rather than gather more.
const FULL: usize = 1 << 20;

/// What is known of a request when it is over. Names and numbers only.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// When it came; written as RFC 3339 in UTC.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The id that Egret gave it, also in its response header.
    pub id: &'a str,
    /// Method.
    pub method: &'a str,
    /// Path, without its query (a key may stand there).
    pub path: &'a str,
    /// HTTP status sent.
    pub status: u16,
    /// The schema the caller spoke.
    pub surface: &'a str,
    /// Who called.
    pub caller: Option<&'a str>,
    /// The namespace that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'a str>,
    /// The service account that it runs under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<&'a str>,
    /// The route.
    pub route: Option<&'a str>,
    /// The backend that answered, or was tried last.
    pub backend: Option<&'a str>,
    /// The model the caller asked for.
    pub model: Option<&'a str>,
    /// The model the backend was asked for.
    pub served_model: Option<&'a str>,
    /// Whether the answer was a stream.
    pub stream: bool,
    /// Backends tried.
    pub attempts: u32,
    /// Milliseconds from the request's header to the end of its answer.
    pub duration_ms: f64,
    /// Milliseconds to the first byte of the answer's body.
    pub first_byte_ms: Option<f64>,
    /// Input tokens, cached ones included.
    pub input_tokens: Option<u64>,
    /// Output tokens, reasoning included.
    pub output_tokens: Option<u64>,
    /// Dollars charged.
    #[serde(rename = "cost_usd", serialize_with = "dollars")]
    pub cost: Option<Money>,
    /// Whether the charge is an estimate, since the provider told no usage.
    pub estimated: bool,
    /// What the output was capped at, since the budgets had no room for all that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_cap: Option<u64>,
    /// The model that took over because a budget had no room for the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downgraded: Option<&'a str>,
    /// Fields left out.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub dropped: &'a [String],
    /// Why it was refused or failed, in a word.
    pub reason: Option<&'a str>,
    /// What went wrong, in words of ours; never the provider's or the caller's text.
    pub error: Option<&'a str>,
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::try_from(*time).unwrap_or_default();
    serializer.collect_str(&format_args!("{time:.3}"))
}

/// A plain decimal, to the last nano-dollar.
fn dollars<S: Serializer>(cost: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    match cost.map(Money::nanos) {
        Some(nanos) => serializer.collect_str(&format_args!(
            "{}.{:09}",
            nanos / 1_000_000_000,
            nanos % 1_000_000_000
        )),
        None => serializer.serialize_none(),
    }
}

/// Where access log lines go.
#[derive(Clone, Debug)]
pub struct AccessLog {
    gathered: Arc<Mutex<Vec<u8>>>,
}

impl AccessLog {
    /// Starts the thread that writes.
    pub fn start() -> std::io::Result<Self> {
        let log = Self { gathered: Arc::default() };
        let writer = log.clone();
        std::thread::Builder::new().name("access-log".into()).spawn(move || {
            // Ends with the last other handle: nobody could add a line any more.
            while Arc::strong_count(&writer.gathered) > 1 {
                std::thread::sleep(FLUSH);
                writer.flush();
            }
        })?;
        Ok(log)
    }

    /// Adds a line.
    pub fn add(&self, line: &Line<'_>) {
        let full = {
            let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
            // Serde escapes control characters, so a line stays one line (S-55).
            if serde_json::to_writer(&mut *gathered, line).is_ok() {
                gathered.push(b'\n');
            }
            gathered.len() >= FULL
        };
        if full {
            self.flush();
        }
    }

    /// Writes what is gathered.
    pub fn flush(&self) {
        // Taken first: whoever flushes last, at the end of the process, waits for the writer.
        let mut out = std::io::stdout().lock();
        let lines =
            std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        if lines.is_empty() {
            return;
        }
        if let Err(error) = out.write_all(&lines).and_then(|()| out.flush()) {
            log::error!("cannot write the access log: {error}");
        }
    }
}
