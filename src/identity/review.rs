//! Asking Kubernetes whether a token still counts: its pod or ServiceAccount may be gone
//! (TokenReview, `authentication.k8s.io/v1`).
//!
//! A token is asked about once at a time, however many requests come with it, and again before the
//! last answer ends. While nobody can be asked, a good answer counts for a while longer, and one
//! question at a time finds out whether that is over ([`Reach`]).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::time::Instant;

use super::reach::{Leave, Reach, SPACING};
use super::refused::Refused;
use super::reviewed::{Entry, Reviewed};
use super::server::Server;
use super::table::Hash;

/// Most questions at once.
const AT_ONCE: usize = 32;
/// Longest wait for an answer, the wait for one's turn included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer.
const LONGEST: usize = 256 << 10;
/// How long a token stays refused.
const REFUSED: Duration = Duration::from_secs(10);

/// Kubernetes, as it is asked about tokens.
#[derive(Debug)]
pub struct Review {
    url: String,
    server: Server,
    /// How long an answer holds.
    holds: Duration,
    /// How much longer a good one counts while nobody can be asked.
    stale: Duration,
    /// Distinguishes servers and the times that answers hold.
    fingerprint: [u8; 32],
    turns: Semaphore,
    reach: Reach,
    reviewed: Reviewed,
}

/// What Kubernetes says of a token.
pub(super) struct Word {
    /// Whether it counts.
    pub counts: Result<(), Refused>,
    /// How long nobody needs to be asked.
    pub left: Duration,
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

/// What is asked, by whoever's turn it is.
struct Asking {
    body: Vec<u8>,
    audiences: Vec<String>,
    subject: String,
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
    /// Asks the API server at `url`, and goes by its answer for `holds`; by a good one for `stale`
    /// longer while it can't be asked. `fingerprint` is the same for what is the same.
    #[must_use]
    pub fn new(
        url: &str,
        server: Server,
        holds: Duration,
        stale: Duration,
        fingerprint: [u8; 32],
    ) -> Self {
        let url = url.trim_end_matches('/');
        let url = format!("{url}/apis/authentication.k8s.io/v1/tokenreviews");
        let holds = holds.max(SPACING);
        let turns = Semaphore::new(AT_ONCE);
        let reviewed = Reviewed::new(holds.saturating_add(stale).max(REFUSED));
        let reach = Reach::default();
        Self { url, server, holds, stale, fingerprint, turns, reach, reviewed }
    }

    /// The server that is asked.
    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    /// Whether both ask the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }

    /// Whether the token is good for one of these audiences, and `subject`'s: as was answered
    /// lately, or as is answered now.
    ///
    /// # Errors
    ///
    /// Nobody can be asked, and nobody said lately that it is.
    pub(super) async fn ask(
        self: &Arc<Self>,
        hash: &Hash,
        token: &[u8],
        audiences: &[String],
        subject: &str,
    ) -> Result<Word, Refused> {
        let entry = self.reviewed.entry(*hash);
        let begun = Instant::now();
        if let Some(word) = self.lately(&entry, begun) {
            if word.left.is_zero()
                && let Ok(turn) = entry.turn.clone().try_lock_owned()
                && let Some(leave) = self.reach.leave(begun)
            {
                // On the side, while the last answer still counts.
                let asking = Asking::new(token, audiences, subject)?;
                tokio::spawn(self.clone().question(entry, asking, turn, leave));
            }
            return Ok(word);
        }
        let asking = Asking::new(token, audiences, subject)?;
        let answered = match self.reach.leave(begun) {
            // That it can't be asked is known.
            None => false,
            Some(leave) => {
                let known = self.reach.is_away() && self.stale(&entry, begun).is_some();
                let patience = if known { SPACING } else { PATIENCE };
                let answer = self.answer(entry.clone(), asking, begun, leave);
                tokio::time::timeout(patience, answer).await.unwrap_or(false)
            }
        };
        let now = Instant::now();
        let stale = || self.stale(&entry, now).filter(|_| !answered);
        self.lately(&entry, now).or_else(stale).ok_or_else(outage)
    }

    /// What was answered lately enough.
    fn lately(&self, entry: &Entry, now: Instant) -> Option<Word> {
        let said = entry.said()?;
        let age = now.saturating_duration_since(said.asked);
        let (holds, renewed) = match said.counts {
            Ok(()) => (self.holds, self.holds / 5 * 4),
            Err(_) => (REFUSED, REFUSED),
        };
        let left = renewed.saturating_sub(age);
        (age < holds).then_some(Word { counts: said.counts, left })
    }

    /// A good answer that counts for want of a newer one.
    fn stale(&self, entry: &Entry, now: Instant) -> Option<Word> {
        let said = entry.said().filter(|said| said.counts.is_ok())?;
        let age = now.saturating_duration_since(said.asked);
        let counts = age < self.holds.saturating_add(self.stale);
        counts.then_some(Word { counts: Ok(()), left: Duration::ZERO })
    }

    /// Waits for one's turn, and for the answer. Whether there is one: whoever comes first asks for
    /// all that wait here.
    async fn answer(
        self: &Arc<Self>,
        entry: Arc<Entry>,
        asking: Asking,
        begun: Instant,
        leave: Leave,
    ) -> bool {
        let turn = entry.turn.clone().lock_owned().await;
        if self.lately(&entry, Instant::now()).is_some() {
            return true;
        }
        if self.reach.failed_since(begun) {
            return false;
        }
        // Whoever waits for it may go away; it does not.
        let question = tokio::spawn(self.clone().question(entry, asking, turn, leave));
        question.await.unwrap_or(false)
    }

    /// Asks, and remembers the answer. Whether there is one.
    async fn question(
        self: Arc<Self>,
        entry: Arc<Entry>,
        asking: Asking,
        _turn: OwnedMutexGuard<()>,
        _leave: Leave,
    ) -> bool {
        // That there are many questions says nothing of the server.
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let Ok(Ok(_permit)) = turn else { return false };
        let asked = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, self.send(&asking)).await;
        match answer.unwrap_or_else(|_| Err("no answer came in time".to_owned())) {
            Ok(counts) => {
                entry.say(counts, asked);
                if self.reach.answered() {
                    log::info!("token review: Kubernetes can be asked again");
                }
                true
            }
            Err(error) => {
                if self.reach.has_failed() {
                    log::warn!("token review: Kubernetes can't be asked: {error}");
                }
                false
            }
        }
    }

    async fn send(&self, asking: &Asking) -> Result<Result<(), Refused>, String> {
        let Asking { body, audiences, subject } = asking;
        let answer = self.server.post(&self.url, body.clone(), LONGEST).await?;
        let answer = serde_json::from_slice(&answer);
        let Answer { status } = answer.map_err(|_| "the answer can't be read".to_owned())?;
        let for_us = status.audiences.iter().any(|audience| audiences.contains(audience));
        let whose = status.user.is_some_and(|user| user.username == *subject);
        if status.authenticated && for_us && whose {
            return Ok(Ok(()));
        }
        let message = "Kubernetes says that the token does not count any more (its pod or \
                       ServiceAccount may be gone); get a fresh one";
        Ok(Err(Refused::new("review_refused", message)))
    }
}

impl Asking {
    fn new(token: &[u8], audiences: &[String], subject: &str) -> Result<Self, Refused> {
        let token = std::str::from_utf8(token).map_err(|_| outage())?;
        let question = Question {
            api_version: "authentication.k8s.io/v1",
            kind: "TokenReview",
            spec: Spec { token, audiences },
        };
        let body = serde_json::to_vec(&question).map_err(|_| outage())?;
        Ok(Self { body, audiences: audiences.to_vec(), subject: subject.to_owned() })
    }
}

fn outage() -> Refused {
    let message = "Kubernetes can't be asked about the token now, so it does not count; try again";
    Refused::outage("review_outage", message)
}

#[cfg(test)]
mod tests;
