//! Keeps the store up to date: rounds of reports, ten times a second and whenever a call waits.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    time::MissedTickBehavior,
};

use super::{
    Accounts, Health, Lease, Report, Slip,
    client::{Client, Failure},
    identity,
    script::{self, Answer, Names, Sender},
};

/// How often what has changed is reported.
const EVERY: Duration = Duration::from_millis(100);
/// After so many times it is looked at whether something else is due.
const REVIEW: u32 = 5;
/// How often the store hears something, if only to see that it is there and has lost nothing.
const BEAT: Duration = Duration::from_secs(1);
/// How many reports go at once: the script holds up others for some milliseconds.
const BATCH: usize = 200;

/// Talks to the store.
pub(super) struct Keeper {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) sender: Sender,
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) kick: Arc<Notify>,
    pub(super) health: Arc<Mutex<Health>>,
    /// The replica's identity, for who tells the statement.
    pub(super) name: watch::Sender<String>,
    pub(super) done: watch::Sender<u64>,
}

/// How a batch ended.
enum Sent {
    Leases(Vec<Lease>),
    /// The store has lost what it knew, so these reports don't say enough.
    Lost,
    /// Another process is this replica.
    Taken,
    Failed(Failure),
}

impl Keeper {
    /// Goes on until it is stopped; then it gives back what is leased.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>, first: mpsc::Sender<()>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let kick = Arc::clone(&self.kick);
        let mut ticks = 0u32;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = kick.notified() => {}
                _ = tick.tick() => {
                    ticks = ticks.wrapping_add(1);
                    if ticks.is_multiple_of(REVIEW) {
                        self.accounts.review();
                    }
                }
            }
            self.round().await;
            // Only the first time does anyone listen.
            let _ = first.send(());
        }
        self.accounts.give_back();
        self.round().await;
    }

    async fn round(&mut self) {
        let reports = self.accounts.reports();
        let silent = self.health().last_sync.is_none_or(|then| then.elapsed() >= BEAT);
        let mut rest = &*reports;
        if !reports.is_empty() || silent {
            loop {
                let (batch, later) = rest.split_at(rest.len().min(BATCH));
                if !self.batch(batch).await {
                    let slips: Vec<Slip> = rest.iter().map(|(slip, _)| *slip).collect();
                    self.accounts.unanswered(&slips);
                    break;
                }
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
        }
        self.done.send_modify(|done| *done += 1);
    }

    /// Whether these reports are answered.
    async fn batch(&mut self, batch: &[(Slip, Report)]) -> bool {
        let reports: Vec<Report> = batch.iter().map(|(_, report)| report.clone()).collect();
        let asked = Instant::now();
        let mut sent = self.send(&reports).await;
        // A connection that broke while it was idle says nothing about the store.
        if matches!(sent, Sent::Failed(Failure::Store(_))) {
            sent = self.send(&reports).await;
        }
        match sent {
            Sent::Leases(leases) => {
                let slips = batch.iter().map(|(slip, _)| *slip);
                self.accounts.leased(slips.zip(leases).collect(), asked);
                self.well();
                true
            }
            Sent::Lost => {
                log::warn!("the budgets' store was started anew, or is another; it is told again");
                self.accounts.retell();
                false
            }
            Sent::Taken => {
                // It keeps what it has leased, and all that the journal says it has spent: that
                // counts twice now, which is safe.
                self.sender = Sender::new(identity::random(), self.sender.beginning);
                self.name.send_replace(self.sender.replica.clone());
                log::error!(
                    "another process uses the identity of this replica: was its ledger copied? \
                     This one goes on as {}",
                    self.sender.replica
                );
                self.accounts.retell();
                false
            }
            Sent::Failed(failure) => {
                self.ill(&failure);
                false
            }
        }
    }

    async fn send(&mut self, reports: &[Report]) -> Sent {
        // A number that was used already is known after one try.
        for _ in 0..2 {
            // Each try has a number of its own: one that is given up may still arrive, after a
            // later one, and is ignored then.
            self.sender.number += 1;
            let (names, sender) = (&self.names, &self.sender);
            let answer = self.client.with(|mut connection| async move {
                script::send(&mut connection, names, sender, reports).await
            });
            match answer.await {
                Err(failure) => return Sent::Failed(failure),
                Ok(Answer::Leases { epoch, leases }) => {
                    (self.sender.epoch, self.sender.claims) = (epoch, false);
                    return Sent::Leases(leases);
                }
                Ok(Answer::Epoch(epoch)) => {
                    (self.sender.epoch, self.sender.claims) = (epoch, true);
                    return Sent::Lost;
                }
                Ok(Answer::Taken) => return Sent::Taken,
                Ok(Answer::Number(last)) => self.sender.number = last,
            }
        }
        Sent::Failed(Failure::Slow)
    }

    fn well(&self) {
        let mut health = self.health();
        let before = std::mem::replace(&mut health.reachable, true);
        let again = !before && health.failures > 0;
        health.last_sync = Some(Instant::now());
        drop(health);
        if !before {
            self.accounts.set_reachable(true);
        }
        if again {
            log::warn!("the budgets' store can be reached again");
        }
    }

    fn ill(&self, failure: &Failure) {
        let mut health = self.health();
        health.failures += 1;
        let before = std::mem::replace(&mut health.reachable, false);
        let first = before || health.failures == 1;
        drop(health);
        if first {
            self.accounts.set_reachable(false);
            log::error!("the budgets' store can't be reached: {failure}");
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
