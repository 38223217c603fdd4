//! The statement as the ledger keeps it: without I/O, clock or lock, as its book is.
//!
//! Who called is told to the journal once and has a number from then on; a reservation names its
//! row by day and number. So the lines stay short, and a replay gives the same rows.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{Column, Day, Spend, SpendRow};
use crate::budget::Subject;

/// How long rows are kept, in days: a year, and a month to close it.
pub(in crate::budget) const KEEP_DAYS: u16 = 400;
/// From so many rows a day on, models are not told apart; from twice as many, nothing is. Models
/// are the one thing here that a caller may choose, where a route has a wildcard.
const ROWS_A_DAY: usize = 2_000;
/// What stands in the place of what is not told apart any more.
const OTHER: &str = "(other)";
/// Bytes of a model's name that are kept.
const NAME: usize = 256;
/// All the calls of a day that is more than full.
const OTHERS: Subject<'_> = Subject {
    gateway: "",
    caller: OTHER,
    group: OTHER,
    namespace: OTHER,
    service_account: OTHER,
    labels: &[],
    route: OTHER,
    backend: OTHER,
    provider: OTHER,
    model: OTHER,
};
/// Below so many parties nobody looks for those that are not needed.
const SWEEP_AT_LEAST: usize = 1024;

/// Numbers whom and what a call was counted against, in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::budget) struct SubjectId(pub(in crate::budget) u64);

/// Where a call is written down when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::budget) struct RowKey(pub(in crate::budget) Day, pub(in crate::budget) SubjectId);

/// Whom and what calls were counted against, as the statement tells them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::budget) struct Party {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    caller: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    namespace: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    service_account: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    route: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    backend: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    provider: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    model: String,
}

impl Party {
    fn of(who: &Subject<'_>) -> Self {
        Self {
            caller: who.caller.to_owned(),
            group: who.group.to_owned(),
            namespace: who.namespace.to_owned(),
            service_account: who.service_account.to_owned(),
            route: who.route.to_owned(),
            backend: who.backend.to_owned(),
            provider: who.provider.to_owned(),
            model: short(who.model).to_owned(),
        }
    }

    fn as_subject(&self) -> Subject<'_> {
        Subject {
            gateway: "",
            caller: &self.caller,
            group: &self.group,
            namespace: &self.namespace,
            service_account: &self.service_account,
            labels: &[],
            route: &self.route,
            backend: &self.backend,
            provider: &self.provider,
            model: &self.model,
        }
    }

    fn row(&self, day: Day, spend: Spend) -> SpendRow {
        let Self { caller, group, namespace, service_account, route, backend, provider, model } =
            self.clone();
        let day = day.to_string();
        SpendRow {
            day,
            caller,
            group,
            namespace,
            service_account,
            route,
            backend,
            provider,
            model,
            spend,
        }
    }
}

/// One text for all of it, to look it up by. Only the last part may hold any byte there is.
fn key(who: &Subject<'_>) -> String {
    let parts = [
        who.caller,
        who.group,
        who.namespace,
        who.service_account,
        who.route,
        who.backend,
        who.provider,
        short(who.model),
    ];
    parts.join("\0")
}

fn short(name: &str) -> &str {
    name.get(..name.floor_char_boundary(NAME)).unwrap_or_default()
}

/// A row as it is taken out of the ledger, whose lock is held meanwhile: its names are not copied.
#[derive(Debug)]
pub(in crate::budget) struct Written(Day, Arc<Party>, Spend);

impl Written {
    /// These rows in the order of days and names.
    pub(in crate::budget) fn out(written: Vec<Self>) -> Vec<SpendRow> {
        let row = |Self(day, party, spend): Self| party.row(day, spend);
        let mut rows: Vec<_> = written.into_iter().map(row).collect();
        rows.sort_by(|a, b| Column::ALL.map(|it| it.of(a)).cmp(&Column::ALL.map(|it| it.of(b))));
        rows
    }
}

/// All rows, and who is who in them.
#[derive(Debug, Default)]
pub(in crate::budget) struct Statement {
    ids: HashMap<String, SubjectId>,
    parties: HashMap<SubjectId, Arc<Party>>,
    rows: BTreeMap<Day, HashMap<SubjectId, Spend>>,
    last_subject: u64,
    sweep_at: usize,
}

impl Statement {
    /// Where a call of this day is to be written down, and who that is if the journal must be told.
    pub(in crate::budget) fn plan(
        &self,
        who: &Subject<'_>,
        now: i64,
    ) -> (RowKey, Option<(SubjectId, Party)>) {
        let day = Day::of(now);
        let rows = self.rows.get(&day);
        let known = self.ids.get(&key(who)).copied();
        let less = match rows.map_or(0, HashMap::len) / ROWS_A_DAY {
            0 => return self.named(day, who, known),
            1 => Subject { model: OTHER, ..*who },
            _ => OTHERS,
        };
        if known.is_some_and(|id| rows.is_some_and(|rows| rows.contains_key(&id))) {
            return self.named(day, who, known);
        }
        self.named(day, &less, self.ids.get(&key(&less)).copied())
    }

    fn named(
        &self,
        day: Day,
        who: &Subject<'_>,
        known: Option<SubjectId>,
    ) -> (RowKey, Option<(SubjectId, Party)>) {
        match known {
            Some(id) => (RowKey(day, id), None),
            None => {
                let id = SubjectId(self.last_subject + 1);
                (RowKey(day, id), Some((id, Party::of(who))))
            }
        }
    }

    /// Takes note of who is meant by a number.
    pub(in crate::budget) fn know(&mut self, id: SubjectId, party: Party) {
        self.last_subject = self.last_subject.max(id.0);
        self.ids.insert(key(&party.as_subject()), id);
        self.parties.insert(id, Arc::new(party));
    }

    /// Whether this number means someone.
    pub(in crate::budget) fn knows(&self, RowKey(_, id): RowKey) -> bool {
        self.parties.contains_key(&id)
    }

    /// Adds to a row, which begins with that if need be.
    pub(in crate::budget) fn add(&mut self, RowKey(day, id): RowKey, spend: Spend) {
        let row = self.rows.entry(day).or_default().entry(id).or_default();
        *row = row.plus(spend);
    }

    /// Takes in a row of a snapshot; `None` if nobody knows whose it is.
    pub(in crate::budget) fn recall(&mut self, key: RowKey, spend: Spend) -> Option<()> {
        self.knows(key).then(|| self.add(key, spend))
    }

    /// All who are known, for a snapshot.
    pub(in crate::budget) fn parties(&self) -> impl Iterator<Item = (SubjectId, &Party)> {
        self.parties.iter().map(|(id, party)| (*id, &**party))
    }

    /// All rows, for a snapshot.
    pub(in crate::budget) fn rows(&self) -> impl Iterator<Item = (RowKey, Spend)> {
        self.rows
            .iter()
            .flat_map(|(&day, rows)| rows.iter().map(move |(&id, &it)| (RowKey(day, id), it)))
    }

    /// The rows of these days, the first and the last included.
    pub(in crate::budget) fn between(&self, from: &str, to: &str) -> Vec<Written> {
        let mut found = Vec::new();
        for (day, rows) in &self.rows {
            let text = day.to_string();
            if *text < *from || *text > *to {
                continue;
            }
            let rows = rows.iter().filter_map(|(id, spend)| Some((self.parties.get(id)?, spend)));
            found.extend(rows.map(|(party, spend)| Written(*day, Arc::clone(party), *spend)));
        }
        found
    }

    /// Forgets days that are long past, and whom no row and no reservation names: calls that
    /// failed leave those behind, under names of the caller's choosing.
    pub(in crate::budget) fn sweep(&mut self, latest: i64, open: impl Iterator<Item = RowKey>) {
        self.rows = self.rows.split_off(&Day::of(latest).before(KEEP_DAYS.into()));
        let named = self.rows.values().flat_map(HashMap::keys).copied();
        let named: HashSet<SubjectId> = named.chain(open.map(|RowKey(_, id)| id)).collect();
        self.parties.retain(|id, _| named.contains(id));
        self.ids.retain(|_, id| named.contains(id));
        self.sweep_at = self.parties.len().saturating_mul(2);
    }

    /// Whether a sweep is due: its work is in proportion to what came since the last one.
    pub(in crate::budget) fn is_large(&self) -> bool {
        self.parties.len() >= self.sweep_at.max(SWEEP_AT_LEAST)
    }
}
