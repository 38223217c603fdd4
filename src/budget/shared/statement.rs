//! The statement of all replicas: each tells the store its own rows, as totals, in a hash a day.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::civil::Date;
use redis::{AsyncCommands, RedisError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::MissedTickBehavior,
};

use super::{
    Accounts,
    client::{Client, Connection, Failure},
    script::Names,
};
use crate::budget::{
    Column, SpendRow,
    statement::{KEEP_DAYS, Spend},
};

/// How often rows are told that have changed.
const EVERY: Duration = Duration::from_secs(5);
/// How long the store keeps a day, in seconds.
const KEEP: i64 = KEEP_DAYS as i64 * 86_400;
/// Rows that are told at once.
const BATCH: usize = 500;
/// In the order of texts no day is after this.
const AFTER_ALL: &str = "~";

/// Someone wants to see these days.
pub(super) struct Query {
    pub(super) from: String,
    pub(super) to: String,
    /// Gets nothing if the store can't be read.
    pub(super) answer: oneshot::Sender<Option<Vec<SpendRow>>>,
}

/// Tells and reads the statement.
pub(super) struct Library {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) replica: watch::Receiver<String>,
    pub(super) accounts: Arc<dyn Accounts>,
    /// The epoch in which `told` was told.
    pub(super) epoch: Option<String>,
    /// What the store knows of this replica, by row.
    pub(super) told: HashMap<String, Spend>,
    /// The rows of earlier days are told and don't change any more; empty if nothing is told.
    pub(super) since: String,
}

impl Library {
    /// Goes on until it is stopped; then it tells what is left to tell.
    pub(super) async fn run(
        mut self,
        mut queries: mpsc::Receiver<Query>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(query) = queries.recv() => {
                    let Query { from, to, answer } = query;
                    let _ = answer.send(self.read(&from, &to).await.ok());
                }
                // What can't be told now is told the next time; the keeper says what is wrong.
                _ = tick.tick() => { let _ = self.tell().await; }
            }
        }
        let _ = self.tell().await;
    }

    async fn tell(&mut self) -> Result<(), Failure> {
        let key = self.names.epoch();
        let epoch: Option<String> =
            self.client.with(|mut store| async move { store.get(key).await }).await?;
        if epoch != self.epoch || self.replica.has_changed().unwrap_or(false) {
            self.told.clear();
            self.since.clear();
        }
        let replica = self.replica.borrow_and_update().clone();
        self.epoch = epoch;
        let rows = self.accounts.rows(&self.since, AFTER_ALL).into_iter();
        let rows: Vec<(String, SpendRow)> = rows.map(|row| (name(&row), row)).collect();
        let is_new = |(name, row): &&(String, SpendRow)| self.told.get(name) != Some(&row.spend);
        let news: Vec<_> = rows.iter().filter(is_new).collect();
        for batch in news.chunks(BATCH) {
            let mut pipeline = redis::pipe();
            for (name, row) in batch {
                let Ok(text) = serde_json::to_string(row) else { continue };
                let key = self.names.of("statement", &row.day);
                pipeline.hset(&key, format!("{replica}|{name}"), text).ignore();
                pipeline.expire(&key, KEEP).ignore();
            }
            let send =
                |mut store: Connection| async move { pipeline.query_async::<()>(&mut store).await };
            self.client.with(send).await?;
            self.told.extend(batch.iter().map(|(name, row)| (name.clone(), row.spend)));
        }
        // A call that began before midnight may still be under way.
        let latest = rows.iter().filter_map(|(_, row)| row.day.parse::<Date>().ok()).max();
        if let Some(before) = latest.and_then(|day| day.yesterday().ok()) {
            self.since = before.to_string();
            let last = rows.into_iter().filter(|(_, row)| row.day >= self.since);
            self.told = last.map(|(name, row)| (name, row.spend)).collect();
        }
        Ok(())
    }

    /// What the others told, and what is known here.
    async fn read(&mut self, from: &str, to: &str) -> Result<Vec<SpendRow>, Failure> {
        let keys: Vec<String> =
            days(from, to).map(|day| self.names.of("statement", &day.to_string())).collect();
        let own = format!("{}|", *self.replica.borrow());
        let mut rows = self.accounts.rows(from, to);
        if !keys.is_empty() {
            let told: Vec<HashMap<String, String>> = self
                .client
                .with(|mut store| async move {
                    let mut pipeline = redis::pipe();
                    for key in &keys {
                        pipeline.hgetall(key);
                    }
                    let read: Result<_, RedisError> = pipeline.query_async(&mut store).await;
                    read
                })
                .await?;
            let told = told.into_iter().flatten().filter(|(name, _)| !name.starts_with(&own));
            // What a later version wrote in another way is not for this one.
            rows.extend(told.filter_map(|(_, text)| serde_json::from_str(&text).ok()));
        }
        Ok(Column::sum(&rows, &Column::ALL))
    }
}

/// Whose row it is, of which day, without what was spent.
fn name(row: &SpendRow) -> String {
    let row = SpendRow { spend: Spend::default(), ..row.clone() };
    serde_json::to_string(&row).unwrap_or_default()
}

/// The days from one to the other, the last ones if they are many; none if one of them is no day.
fn days(from: &str, to: &str) -> impl Iterator<Item = Date> {
    let ends = from.parse::<Date>().ok().zip(to.parse::<Date>().ok());
    ends.into_iter().flat_map(|(from, to)| {
        let back = std::iter::successors(Some(to), |day| day.yesterday().ok());
        back.take_while(move |day| *day >= from).take(KEEP_DAYS.into())
    })
}
