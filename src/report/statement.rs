//! The JSON of `/spend` and `/budgets`.

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::budget::{Balance, Budget, Column, Spend, SpendRow};

/// What `GET /spend` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The gateway's name.
    pub gateway: String,
    /// The first day (UTC), as `2026-11-01`.
    pub from: String,
    /// The last one.
    pub to: String,
    /// What the rows are told apart by; the other columns are left out of them.
    pub by: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// All rows together.
    pub total: Spend,
}

/// A row of a statement: the columns that it is told apart by, and what was spent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "SpendRow")]
pub struct Row {
    by: Vec<Column>,
    row: SpendRow,
}

impl Row {
    /// What it says in a column.
    pub fn of(&self, column: Column) -> &str {
        column.of(&self.row)
    }

    /// What was spent.
    pub const fn spend(&self) -> &Spend {
        &self.row.spend
    }
}

impl From<SpendRow> for Row {
    fn from(row: SpendRow) -> Self {
        Self { by: Column::ALL.to_vec(), row }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Spend { requests, input_tokens, cached_tokens, output_tokens, .. } = self.row.spend;
        let mut map = serializer.serialize_map(None)?;
        for column in &self.by {
            map.serialize_entry(column.name(), column.of(&self.row))?;
        }
        map.serialize_entry("requests", &requests)?;
        map.serialize_entry("input_tokens", &input_tokens)?;
        map.serialize_entry("cached_tokens", &cached_tokens)?;
        map.serialize_entry("output_tokens", &output_tokens)?;
        map.serialize_entry("cost_usd", &self.row.spend.cost().decimal())?;
        map.serialize_entry("estimated_usd", &self.row.spend.estimated().decimal())?;
        map.end()
    }
}

impl Statement {
    /// These rows, added up by some columns.
    pub fn new(gateway: &str, (from, to): (&str, &str), by: &[Column], rows: &[SpendRow]) -> Self {
        let total = rows.iter().fold(Spend::default(), |sum, row| sum.plus(row.spend));
        let rows = Column::sum(rows, by);
        Self {
            gateway: gateway.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            by: by.iter().map(ToString::to_string).collect(),
            rows: rows.into_iter().map(|row| Row { by: by.to_vec(), row }).collect(),
            total,
        }
    }

    /// The columns that rows are told apart by.
    pub fn columns(&self) -> Vec<Column> {
        self.by.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

/// What `GET /budgets` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standings {
    /// One for each limit of each counter, those with the least left first if not all are shown.
    pub budgets: Vec<Standing>,
    /// How many more there are than are shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_off: usize,
    /// One for each limit of those budgets that nothing counts in yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<Unused>,
    /// What was done, in words, where something was asked to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
}

/// A limit of a budget that has no counter in this window: nobody has called yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// The budget.
    pub budget: String,
    /// What it keeps a counter for each of.
    pub per: String,
    /// When its counters start anew.
    pub window: String,
    /// What is counted.
    pub unit: String,
    /// The limit of each.
    pub limit: String,
}

impl Unused {
    /// All limits of a budget.
    pub fn all(budget: &Budget) -> impl Iterator<Item = Self> {
        budget.limits.iter().map(|limit| Self {
            budget: budget.name.clone(),
            per: budget.per.to_string(),
            window: limit.window.to_string(),
            unit: limit.quantity.unit().to_owned(),
            limit: limit.quantity.decimal(),
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Standings {
    /// The most that are shown: a budget may keep a counter for each of a million callers.
    pub const MOST: usize = 10_000;

    /// These, as far as there is room.
    pub fn of(mut balances: Vec<&Balance>) -> Self {
        let left_off = balances.len().saturating_sub(Self::MOST);
        if left_off > 0 {
            balances.sort_by(|a, b| Balance::by_room(a, b));
            balances.truncate(Self::MOST);
        }
        let budgets = balances.into_iter().map(Standing::from).collect();
        Self { budgets, left_off, unused: Vec::new(), done: None }
    }
}

/// What one limit of one counter of a budget stands at. Amounts are decimals, in `unit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The budget.
    pub budget: String,
    /// What it keeps a counter for each of.
    pub per: String,
    /// The counter; empty for a total.
    pub of: String,
    /// When it starts anew.
    pub window: String,
    /// What is counted.
    pub unit: String,
    /// The limit, grants included.
    pub limit: String,
    /// What was charged.
    pub spent: String,
    /// What calls under way have set aside.
    pub reserved: String,
    /// What is left.
    pub remaining: String,
    /// When the window ends (RFC 3339); `None`: never.
    pub window_end: Option<String>,
}

impl From<&Balance> for Standing {
    fn from(balance: &Balance) -> Self {
        let end = Timestamp::from_second(balance.window_end).ok();
        Self {
            budget: balance.budget.clone(),
            per: balance.scope.to_string(),
            of: balance.of.clone(),
            window: balance.window.to_string(),
            unit: balance.limit.unit().to_owned(),
            limit: balance.limit.decimal(),
            spent: balance.spent.decimal(),
            reserved: balance.reserved.decimal(),
            remaining: balance.remaining().decimal(),
            window_end: end.map(|end| end.to_string()),
        }
    }
}

/// What is sent to `POST /budgets/{name}/top-up`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUp {
    /// The counter that it is for, as `GET /budgets` names it; left out where the budget is a total.
    #[serde(default)]
    pub of: Option<String>,
    /// How much: `50 USD`, `1_000_000 tokens`.
    pub amount: String,
    /// Until when: `2026-12-31` (the day's end, UTC) or a time (RFC 3339).
    pub until: String,
}

/// What is sent to `POST /budgets/{name}/reset`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The counter, as `GET /budgets` names it; left out where the budget is a total.
    #[serde(default)]
    pub of: Option<String>,
}
