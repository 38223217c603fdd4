//! Credentials of a few seconds each: a fake mints them, and a simulator lets each of them in for as
//! long as it lives.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egret::simulator::{Arrival, Running};

use super::issuer::now;
use super::{Answer, until};

/// Seconds that each of them lives. Its end is told in whole seconds, so it may be nearly one less.
pub const LIFE: u64 = 5;

/// What was minted so far, and who lets it in.
pub struct Leases {
    pub backend: Running,
    minted: Mutex<Vec<String>>,
    refused: AtomicUsize,
}

impl Leases {
    /// None yet; this simulator lets nobody in.
    pub fn at(backend: Running) -> Arc<Self> {
        backend.accepted().remove(backend.credential());
        Arc::new(Self { backend, minted: Mutex::default(), refused: AtomicUsize::new(0) })
    }

    /// Another one, by its name, and when it ends, in seconds since 1970. It is let in from now on, and
    /// for a second beyond its end: clocks may be that far apart.
    pub fn mint(self: &Arc<Self>, prefix: &str) -> (String, u64) {
        let mut minted = self.minted.lock().unwrap();
        let name = format!("{prefix}{}", minted.len() + 1);
        minted.push(name.clone());
        self.backend.accepted().add(&name);
        let (leases, ended) = (self.clone(), name.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(LIFE + 1)).await;
            leases.backend.accepted().remove(&ended);
            leases.refused.fetch_add(1, Ordering::SeqCst);
        });
        (name, now() + LIFE)
    }

    /// Calls again and again until the third is shown and the first is refused: every call is served,
    /// and what they show is one after the other, never an earlier one again. One may be left out: a
    /// test that gets no time calls too seldom to see it.
    pub async fn outlived<F: Future<Output = Answer>>(
        &self,
        call: impl Fn() -> F,
        shown: impl Fn(&Arrival) -> String,
    ) {
        until("two have been replaced", async || {
            let answer = call().await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let last = shown(&self.backend.journal().last().unwrap());
            let before = self.minted().iter().position(|name| *name == last).unwrap();
            before >= 2 && self.refused.load(Ordering::SeqCst) > 0
        })
        .await;
        let mut names: Vec<String> = self.backend.journal().read().iter().map(shown).collect();
        names.dedup();
        let minted = self.minted();
        let mut rest = minted.iter();
        assert!(names.iter().all(|name| rest.any(|next| next == name)), "{names:?} of {minted:?}");
    }

    fn minted(&self) -> Vec<String> {
        self.minted.lock().unwrap().clone()
    }
}

/// The token that a request carried.
pub fn bearer(arrival: &Arrival) -> String {
    let shown = arrival.headers["authorization"].to_str().unwrap();
    shown.strip_prefix("Bearer ").unwrap().to_owned()
}
