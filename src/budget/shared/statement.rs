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
use crate::budget::{Column, SpendRow, statement::Spend};

/// How often rows are told that have changed.
const EVERY: Duration = Duration::from_secs(5);
/// How long the store keeps a day, in seconds: as long as the ledger does.
const KEEP: i64 = 400 * 86_400;
/// Days that are read at most.
const DAYS: usize = 400;
/// Rows that are told at once.
const BATCH: usize = 500;

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
        }
        let replica = self.replica.borrow_and_update().clone();
        let rows = self.accounts.rows(self.told.is_empty());
        self.epoch = epoch;
        let news: Vec<(String, SpendRow)> = rows
            .into_iter()
            .map(|row| (name(&row), row))
            .filter(|(name, row)| self.told.get(name) != Some(&row.spend))
            .collect();
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
        Ok(())
    }

    /// What the others told, and what is known here.
    async fn read(&mut self, from: &str, to: &str) -> Result<Vec<SpendRow>, Failure> {
        let keys: Vec<String> =
            days(from, to).map(|day| self.names.of("statement", &day.to_string())).collect();
        let own = format!("{}|", *self.replica.borrow());
        let mut sums: HashMap<String, SpendRow> = HashMap::new();
        let mut add = |row: SpendRow| match sums.get_mut(&name(&row)) {
            Some(sum) => sum.spend = sum.spend.plus(row.spend),
            None => drop(sums.insert(name(&row), row)),
        };
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
            for (_, text) in told.into_iter().flatten().filter(|(name, _)| !name.starts_with(&own))
            {
                // What a later version wrote in another way is not for this one.
                if let Ok(row) = serde_json::from_str(&text) {
                    add(row);
                }
            }
        }
        let own = self.accounts.rows(true).into_iter();
        own.filter(|row| (from..=to).contains(&&*row.day)).for_each(add);
        let mut rows: Vec<SpendRow> = sums.into_values().collect();
        rows.sort_by(|a, b| {
            Column::ALL.map(|column| column.of(a)).cmp(&Column::ALL.map(|column| column.of(b)))
        });
        Ok(rows)
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
        back.take_while(move |day| *day >= from).take(DAYS)
    })
}
