//! POST requests to whoever wants to be told, from a thread of its own: whoever answers slowly or
//! not at all holds up nothing else.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use http::HeaderMap;
use reqwest::{Client, StatusCode, redirect::Policy};

use super::Metrics;

/// Notices that may wait; more are dropped, counted and logged.
const WAITING: usize = 256;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pauses before a notice is sent again.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(16),
    Duration::from_secs(60),
];

/// Where a notice goes.
#[derive(Debug)]
pub struct Target {
    /// The address.
    pub url: String,
    /// What is sent along, secrets among it: marked sensitive, and never printed.
    pub headers: HeaderMap,
}

/// What is waiting to be sent.
#[derive(Debug)]
pub(super) struct Webhook {
    waiting: SyncSender<(String, Vec<u8>)>,
    metrics: Arc<Metrics>,
}

/// What became of one try.
enum Tried {
    Taken,
    /// It may go better later.
    Later(String),
    /// It will not.
    Never(String),
}

impl Webhook {
    /// Starts the thread; it ends when this is dropped and all is sent.
    pub(super) fn start(
        metrics: Arc<Metrics>,
        target: impl Fn() -> Option<Target> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (waiting, notices) = sync_channel(WAITING);
        let counts = metrics.clone();
        std::thread::Builder::new().name("webhook".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(deliver_all(&notices, &counts, target, &PAUSES)),
                Err(error) => log::error!("webhook: cannot start a runtime: {error}"),
            }
        })?;
        Ok(Self { waiting, metrics })
    }

    /// Sends this as soon as what came before is sent.
    pub(super) fn send(&self, gateway: &str, body: Vec<u8>) {
        match self.waiting.try_send((gateway.to_owned(), body)) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                log::error!("webhook: {WAITING} events wait already; one is dropped");
                self.metrics.webhook(gateway, "dropped");
            }
        }
    }
}

async fn deliver_all(
    notices: &Receiver<(String, Vec<u8>)>,
    metrics: &Metrics,
    target: impl Fn() -> Option<Target>,
    pauses: &[Duration],
) {
    // A redirect could lead the token elsewhere.
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy().build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return log::error!("webhook: cannot start a client: {error}"),
    };
    for (gateway, body) in notices {
        if let Some(result) = deliver(&client, &body, &target, pauses).await {
            metrics.webhook(&gateway, result);
        }
    }
}

/// Sends a notice until it is taken or there is no hope; `None` if nobody wants it.
async fn deliver(
    client: &Client,
    body: &[u8],
    target: &impl Fn() -> Option<Target>,
    pauses: &[Duration],
) -> Option<&'static str> {
    let mut pauses = pauses.iter();
    loop {
        // Looked up each time: the configuration may have been mended meanwhile.
        let why = match attempt(client, body, target()?).await {
            Tried::Taken => return Some("ok"),
            Tried::Later(why) => why,
            Tried::Never(why) => {
                log::error!("webhook: {why}; the event is given up");
                return Some("failed");
            }
        };
        let Some(pause) = pauses.next() else {
            log::error!("webhook: {why}; the event is given up");
            return Some("failed");
        };
        log::warn!("webhook: {why}; sent again in {} s", pause.as_secs());
        tokio::time::sleep(*pause).await;
    }
}

async fn attempt(client: &Client, body: &[u8], target: Target) -> Tried {
    let Target { url, headers } = target;
    let request = client.post(url).headers(headers).header("content-type", "application/json");
    let answer = request.body(body.to_vec()).send().await;
    match answer.map(|answer| answer.status()) {
        Ok(status) if status.is_success() => Tried::Taken,
        Ok(status)
            if status.is_server_error()
                || status == StatusCode::REQUEST_TIMEOUT
                || status == StatusCode::TOO_MANY_REQUESTS =>
        {
            Tried::Later(format!("the answer was {status}"))
        }
        Ok(status) => Tried::Never(format!("the answer was {status}")),
        // The URL may hold a secret of its own, as those of chat programs do.
        Err(error) if error.is_builder() => Tried::Never("its address can't be used".to_owned()),
        Err(error) if error.is_timeout() => Tried::Later("no answer came in time".to_owned()),
        Err(error) if error.is_connect() => Tried::Later("it can't be reached".to_owned()),
        Err(error) => Tried::Later(error.without_url().to_string()),
    }
}

#[cfg(test)]
mod tests;
