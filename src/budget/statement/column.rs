//! What a statement can be summed up by.

use std::{collections::BTreeMap, fmt, str::FromStr};

use super::{Spend, SpendRow};
use crate::budget::Invalid;

/// A column of the statement that names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The day.
    Day,
    /// The caller.
    Caller,
    /// The caller's group.
    Group,
    /// The namespace.
    Namespace,
    /// The service account.
    ServiceAccount,
    /// The route.
    Route,
    /// The backend.
    Backend,
    /// The vendor behind it.
    Provider,
    /// The model that was served.
    Model,
}

impl Column {
    /// All of them, in the order of [`SpendRow`].
    pub const ALL: [Self; 9] = [
        Self::Day,
        Self::Caller,
        Self::Group,
        Self::Namespace,
        Self::ServiceAccount,
        Self::Route,
        Self::Backend,
        Self::Provider,
        Self::Model,
    ];

    /// The name, as `egret spend --by` and its output have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Caller => "caller",
            Self::Group => "group",
            Self::Namespace => "namespace",
            Self::ServiceAccount => "service_account",
            Self::Route => "route",
            Self::Backend => "backend",
            Self::Provider => "provider",
            Self::Model => "model",
        }
    }

    /// What a row says in it.
    pub fn of(self, row: &SpendRow) -> &str {
        match self {
            Self::Day => &row.day,
            Self::Caller => &row.caller,
            Self::Group => &row.group,
            Self::Namespace => &row.namespace,
            Self::ServiceAccount => &row.service_account,
            Self::Route => &row.route,
            Self::Backend => &row.backend,
            Self::Provider => &row.provider,
            Self::Model => &row.model,
        }
    }

    fn of_mut(self, row: &mut SpendRow) -> &mut String {
        match self {
            Self::Day => &mut row.day,
            Self::Caller => &mut row.caller,
            Self::Group => &mut row.group,
            Self::Namespace => &mut row.namespace,
            Self::ServiceAccount => &mut row.service_account,
            Self::Route => &mut row.route,
            Self::Backend => &mut row.backend,
            Self::Provider => &mut row.provider,
            Self::Model => &mut row.model,
        }
    }

    /// Adds rows up that say the same in these columns, and leaves the others empty. In the order
    /// of the columns' texts.
    pub fn sum(rows: &[SpendRow], by: &[Self]) -> Vec<SpendRow> {
        let mut sums: BTreeMap<Vec<&str>, Spend> = BTreeMap::new();
        for row in rows {
            let sum = sums.entry(by.iter().map(|column| column.of(row)).collect()).or_default();
            *sum = sum.plus(row.spend);
        }
        let row = |(texts, spend): (Vec<&str>, Spend)| {
            let mut row = SpendRow { spend, ..SpendRow::default() };
            for (column, text) in by.iter().zip(texts) {
                text.clone_into(column.of_mut(&mut row));
            }
            row
        };
        sums.into_iter().map(row).collect()
    }
}

impl FromStr for Column {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|column| column.name() == text);
        known.ok_or_else(|| {
            let expected = "any of day, caller, group, namespace, service_account, route, \
                            backend, provider, model, with commas between";
            Invalid::new(text, expected)
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
