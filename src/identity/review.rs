//! Asking Kubernetes whether a token still counts: its pod or ServiceAccount may be gone
//! (TokenReview, `authentication.k8s.io/v1`).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::refused::Refused;
use super::server::Server;

/// Most questions at once.
const AT_ONCE: usize = 32;
/// Longest wait for an answer, the wait for one's turn included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer.
const LONGEST: usize = 256 << 10;
/// How long a token stays refused.
pub(super) const REFUSED: u64 = 10;

/// Kubernetes, as it is asked about tokens.
#[derive(Debug)]
pub struct Review {
    url: String,
    server: Server,
    /// How long an answer holds, in seconds.
    pub(super) holds: u64,
    turns: Semaphore,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    api_version: &'static str,
    kind: &'static str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    token: &'a str,
    audiences: &'a [String],
}

#[derive(Deserialize)]
struct Answer {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    authenticated: bool,
    #[serde(default)]
    audiences: Vec<String>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

impl Review {
    /// Asks the API server at `url`, and goes by its answer for so long.
    #[must_use]
    pub fn new(url: &str, server: Server, holds: Duration) -> Self {
        let url = url.trim_end_matches('/');
        let url = format!("{url}/apis/authentication.k8s.io/v1/tokenreviews");
        Self { url, server, holds: holds.as_secs().max(1), turns: Semaphore::new(AT_ONCE) }
    }

    /// The server that is asked.
    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    /// Asks whether the token is good for one of these audiences, and `subject`'s. A server that
    /// can't be asked lets nobody in.
    pub(super) async fn ask(
        &self,
        token: &[u8],
        audiences: &[String],
        subject: &str,
    ) -> Result<(), Refused> {
        let outage = |error: &str| {
            log::warn!("token review: {error}");
            let message = "Kubernetes can't be asked about the token now, so it does not count; \
                           try again";
            Refused::outage("review_outage", message)
        };
        let token = std::str::from_utf8(token).map_err(|_| outage("a token is no text"))?;
        let question = Question {
            api_version: "authentication.k8s.io/v1",
            kind: "TokenReview",
            spec: Spec { token, audiences },
        };
        let body = serde_json::to_vec(&question).map_err(|_| outage("it can't be written"))?;
        let asked = async {
            let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
            self.server.post(&self.url, body, LONGEST).await
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let answer = answer.map_err(|_| outage("no answer came in time"))?;
        let answer = answer.map_err(|error| outage(&error))?;
        let Answer { status } =
            serde_json::from_slice(&answer).map_err(|_| outage("the answer can't be read"))?;
        let for_us = status.audiences.iter().any(|audience| audiences.contains(audience));
        let whose = status.user.is_some_and(|user| user.username == subject);
        if status.authenticated && for_us && whose {
            return Ok(());
        }
        let message = "Kubernetes says that the token does not count any more (its pod or \
                       ServiceAccount may be gone); get a fresh one";
        Err(Refused::new("review_refused", message))
    }
}
