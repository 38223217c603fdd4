//! The script that leases, and how reports and leases are written and read.

use std::{sync::LazyLock, time::Duration};

use redis::{FromRedisValue, ParsingError, RedisError, Script, Value, aio::ConnectionLike};

use super::super::lease::{Lease, Report, Standing, TopUp};

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease.lua")));

/// Who reports, and what it believes of the store.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// The replica's identity.
    pub(super) replica: String,
    /// The process: a copy of its journal makes another one the same replica.
    pub(super) process: String,
    /// Whether it has not been answered in this epoch.
    pub(super) claims: bool,
    /// The number of the next batch.
    pub(super) number: u64,
    /// The epoch that the store had when it last answered; empty before.
    pub(super) epoch: String,
    /// For how long an epoch begins: no lease is made larger.
    pub(super) beginning: Duration,
}

impl Sender {
    pub(super) fn new(replica: String, beginning: Duration) -> Self {
        let (process, epoch) = (super::identity::random(), String::new());
        Self { replica, process, claims: true, number: 1, epoch, beginning }
    }
}

/// What a batch of reports comes back with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// One lease for each report.
    Leases {
        /// The store's epoch.
        epoch: String,
        /// In the order of the reports.
        leases: Vec<Lease>,
    },
    /// Nothing was done: the store is in an epoch that the replica doesn't know.
    Epoch(String),
    /// Nothing was done: a report with this number was there already.
    Number(u64),
    /// Nothing was done: another process has begun to report as this replica.
    Taken,
}

/// Names what is kept at the store. All names are in one slot of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: format!("{{{prefix}}}:") }
    }

    pub(super) fn of(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.prefix)
    }

    pub(super) fn epoch(&self) -> String {
        format!("{}epoch", self.prefix)
    }
}

/// Sends a batch of reports.
pub(super) async fn send(
    connection: &mut impl ConnectionLike,
    names: &Names,
    sender: &Sender,
    reports: &[Report],
) -> Result<Answer, RedisError> {
    let mut call = SCRIPT.prepare_invoke();
    call.key(names.epoch()).key(names.of("replica", &sender.replica));
    call.arg(&sender.replica).arg(sender.number).arg(&sender.epoch);
    call.arg(super::identity::random()).arg(millis(sender.beginning));
    call.arg(&sender.process).arg(u8::from(sender.claims));
    for report in reports {
        call.key(names.of("account", &report.account)).key(names.of("counter", &report.counter));
        for number in [
            millis(report.keep).max(1),
            millis(report.slice),
            report.limit,
            report.generation,
            report.spent,
            report.reserved,
            report.needs,
            report.wants,
            report.held,
        ] {
            call.arg(number.min(Report::MOST));
        }
        call.arg(report.others.len());
        for Standing { replica, leased, spent, used } in &report.others {
            call.arg(replica).arg(*leased).arg(*spent).arg(*used);
        }
        call.arg(report.top_ups.len());
        for TopUp { id, quantity, until, given } in &report.top_ups {
            call.arg(id).arg((*quantity).min(Report::MOST)).arg(*until).arg(u8::from(*given));
        }
    }
    let value: Value = call.invoke_async(connection).await?;
    Ok(read(value, sender, reports.len())?)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(Report::MOST / 4)
}

type Row = (u64, u64, u64, bool, Vec<(String, u64, u64, u64)>, Vec<(String, u64, i64)>);

fn read(value: Value, sender: &Sender, reports: usize) -> Result<Answer, ParsingError> {
    let parts: Vec<Value> = FromRedisValue::from_redis_value(value)?;
    let mut parts = parts.into_iter();
    let (Some(epoch), Some(number)) = (parts.next(), parts.next()) else {
        return Err("an answer without epoch and number".into());
    };
    let epoch = String::from_redis_value(epoch)?;
    let number = u64::from_redis_value(number)?;
    let Some(rows) = parts.next() else {
        let known = sender.epoch.is_empty() || sender.epoch == epoch;
        return Ok(if known { Answer::Number(number) } else { Answer::Epoch(epoch) });
    };
    if matches!(rows, Value::BulkString(_) | Value::SimpleString(_)) {
        return Ok(Answer::Taken);
    }
    let rows: Vec<Row> = FromRedisValue::from_redis_value(rows)?;
    if rows.len() != reports {
        return Err("an answer that is not one of these reports".into());
    }
    let leases = rows.into_iter().map(lease).collect();
    Ok(Answer::Leases { epoch, leases })
}

fn lease((leased, limit, generation, others_wait, others, top_ups): Row) -> Lease {
    let standing = |(replica, leased, spent, used)| Standing { replica, leased, spent, used };
    let top_up = |(id, quantity, until)| TopUp { id, quantity, until, given: true };
    Lease {
        leased,
        limit,
        generation,
        others_wait,
        others: others.into_iter().map(standing).collect(),
        top_ups: top_ups.into_iter().map(top_up).collect(),
    }
}
