//! One JSON line a request, on standard output.
//!
//! Lines are gathered in memory and written by a thread of their own a few times a second, so a
//! slow reader of standard output does not hold up requests, and one that has stopped reading costs
//! lines, which are counted, and nothing else.

use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus::IntCounter;
use serde::{Serialize, Serializer};

use crate::budget::Money;

/// How often gathered lines are written.
const FLUSH: Duration = Duration::from_millis(100);
/// Gathered bytes that are written at once.
const FULL: usize = 1 << 20;
/// Gathered bytes at which nobody seems to read standard output, and further lines are dropped.
const MOST: usize = 16 << 20;
/// Longest wait for the last lines to be written.
const FAREWELL: Duration = Duration::from_secs(5);

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
    /// Path, without its query (a key may stand there): the beginning of it, if it is long.
    pub path: &'a str,
    /// HTTP status sent.
    pub status: u16,
    /// The schema the caller spoke.
    pub surface: &'a str,
    /// Who called.
    pub caller: Option<&'a str>,
    /// The group that it is counted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'a str>,
    /// The namespace that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'a str>,
    /// The service account that it runs under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<&'a str>,
    /// Its further labels, by their names; as few and as short as the configuration and the names of
    /// identities are.
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "object")]
    pub labels: &'a [(String, String)],
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
    /// What went wrong, in words of ours. What it names of a request, such as a model or a field, is
    /// short and printable; nothing of a prompt or an answer is in it.
    pub error: Option<&'a str>,
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::try_from(*time).unwrap_or_default();
    serializer.collect_str(&format_args!("{time:.3}"))
}

/// One object, a member for each.
fn object<S: Serializer>(labels: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(labels.iter().map(|(name, value)| (name, value)))
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
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    gathered: Mutex<Gathered>,
    /// Something is to be written before the next look, or has been.
    changed: Condvar,
    dropped: IntCounter,
}

#[derive(Debug, Default)]
struct Gathered {
    lines: Vec<u8>,
    /// Whether lines are being written that are no longer here.
    writing: bool,
    /// Lines that were dropped since the last ones were written.
    dropped: u64,
}

impl AccessLog {
    /// Starts the thread that writes. Lines that are dropped are counted in `dropped`.
    pub fn start(dropped: IntCounter) -> std::io::Result<Self> {
        Self::start_on(std::io::stdout(), dropped)
    }

    fn start_on(out: impl Write + Send + 'static, dropped: IntCounter) -> std::io::Result<Self> {
        let (gathered, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { gathered, changed, dropped });
        let writer = shared.clone();
        let thread = std::thread::Builder::new().name("access-log".into());
        thread.spawn(move || writer.write(out))?;
        Ok(Self { shared })
    }

    /// Adds a line.
    pub fn add(&self, line: &Line<'_>) {
        let mut gathered = self.shared.lock();
        if gathered.lines.len() >= MOST {
            gathered.dropped += 1;
            self.shared.dropped.inc();
            return;
        }
        // Serde escapes control characters, so a line stays one line (S-55).
        if serde_json::to_writer(&mut gathered.lines, line).is_ok() {
            gathered.lines.push(b'\n');
        }
        if gathered.lines.len() >= FULL {
            self.shared.changed.notify_all();
        }
    }

    /// Waits until what is gathered has been written, but not for a reader that takes nothing.
    pub fn flush(&self) {
        let gathered = self.shared.lock();
        let waiting = |gathered: &mut Gathered| gathered.writing || !gathered.lines.is_empty();
        // What was not written by then is lost with the process.
        let _ = self.shared.changed.wait_timeout_while(gathered, FAREWELL, waiting);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes lines as they come.
    fn write(self: Arc<Self>, mut out: impl Write) {
        // Ends with the last other handle: nobody could add a line any more.
        while Arc::strong_count(&self) > 1 {
            let few = |gathered: &mut Gathered| gathered.lines.len() < FULL;
            let waited = self.changed.wait_timeout_while(self.lock(), FLUSH, few);
            let (mut gathered, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let (lines, dropped) =
                (mem::take(&mut gathered.lines), mem::take(&mut gathered.dropped));
            gathered.writing = !lines.is_empty();
            drop(gathered);
            if dropped > 0 {
                log::error!(
                    "standard output is not read: {dropped} lines of the access log are lost"
                );
            }
            if lines.is_empty() {
                continue;
            }
            if let Err(error) = out.write_all(&lines).and_then(|()| out.flush()) {
                log::error!("cannot write the access log: {error}");
            }
            self.lock().writing = false;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;
