//! Who spends what: one account for each budget, scope, value and window.

use std::collections::{HashMap, VecDeque};

use ahash::RandomState;

use super::{Book, id_map::IdMap, share::Share, watch::Watch};
use crate::budget::{
    Budget, Scope, Window,
    amount::Amount,
    entry::{Counter, CounterId, Key, Told, Used},
};

/// Names an account in memory; the journal names it by its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::budget) struct AccountId(u64);

/// All counters of one key, over time.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) key: Key,
    /// The counter of the latest window, or the slices of a rolling one that counted when its
    /// latest began; oldest first.
    pub(super) counters: VecDeque<CounterId>,
    /// Which reset in this window it was last begun by: a later one has a greater number.
    pub(super) generation: u64,
    /// What grants have paid for good.
    pub(super) used: Vec<Used>,
    /// What someone was told.
    pub(super) told: Vec<Told>,
    /// Until then the counters are kept though they are over: what they used beyond the limit is
    /// taken off grants when the next one begins.
    pub(super) keep: i64,
    /// What to look at when something was spent.
    pub(super) watch: Vec<Watch>,
    /// What of it is this replica's, where it is shared: one for each unit.
    pub(super) shares: Vec<Share>,
}

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    all: IdMap<AccountId, Account>,
    /// By the budget's name and the value. Found without a key being built: every call looks here
    /// twice for each limit, hence a fast hash, of which callers who choose values know no seed.
    ids: HashMap<String, HashMap<String, Vec<AccountId>, RandomState>, RandomState>,
    last: u64,
}

impl Accounts {
    pub(super) fn find(&self, budget: &Budget, window: &Window, value: &str) -> Option<&Account> {
        self.search(&budget.name, &budget.per, window, value).and_then(|id| self.all.get(&id))
    }

    pub(super) fn get(&self, id: AccountId) -> Option<&Account> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.all.get_mut(&id)
    }

    /// The account of a key, a new one if there is none.
    pub(super) fn enter(&mut self, key: &Key) -> AccountId {
        if let Some(id) = self.search(&key.budget, &key.scope, &key.window, &key.value) {
            return id;
        }
        self.last += 1;
        let id = AccountId(self.last);
        let values = self.ids.entry(key.budget.clone()).or_default();
        values.entry(key.value.clone()).or_default().push(id);
        let account = Account {
            key: key.clone(),
            counters: VecDeque::new(),
            generation: 0,
            used: Vec::new(),
            told: Vec::new(),
            keep: 0,
            watch: Vec::new(),
            shares: Vec::new(),
        };
        self.all.insert(id, account);
        id
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Account> {
        self.all.values()
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (AccountId, &mut Account)> {
        self.all.iter_mut().map(|(&id, account)| (id, account))
    }

    /// The accounts of a budget, whatever its scope and windows were.
    pub(super) fn of(&self, budget: &str) -> impl Iterator<Item = &Account> {
        let values = self.ids.get(budget).into_iter().flat_map(HashMap::values);
        values.flatten().filter_map(|id| self.all.get(id))
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Account) -> bool) {
        self.all.retain(|_, account| keep(account));
        self.ids.retain(|_, values| {
            values.retain(|_, ids| {
                ids.retain(|id| self.all.contains_key(id));
                !ids.is_empty()
            });
            !values.is_empty()
        });
    }

    fn search(
        &self,
        budget: &str,
        scope: &Scope,
        window: &Window,
        value: &str,
    ) -> Option<AccountId> {
        let ids = self.ids.get(budget)?.get(value)?;
        let mut known = ids.iter().filter_map(|id| Some((id, self.all.get(id)?)));
        let found = known.find(|(_, it)| it.key.window == *window && it.key.scope == *scope);
        found.map(|(&id, _)| id)
    }
}

impl Book {
    /// The counters of an account that count at `now`: those of its latest window.
    pub(super) fn counting(&self, account: &Account, now: i64) -> impl Iterator<Item = &Counter> {
        let span = account.key.window.span().unwrap_or(0);
        let counters = account.counters.iter().filter_map(|id| self.counters.get(id));
        counters.filter(move |counter| now < counter.end.saturating_add(span))
    }

    /// Takes a counter in: as the one that counts from now on, unless it is past.
    pub(super) fn enter(&mut self, mut counter: Counter) {
        let id = self.accounts.enter(&counter.key);
        counter.account = id;
        self.last_counter = self.last_counter.max(counter.id.0);
        if let Some(account) = self.accounts.get_mut(id).filter(|_| !counter.past) {
            if counter.generation > account.generation {
                account.counters.clear();
                account.told.clear();
            }
            account.generation = counter.generation;
            if let Some(sharing) = &mut self.sharing {
                sharing.touch(id);
            }
            // Those that do not count any more even at its beginning are of no use.
            let span = account.key.window.span().unwrap_or(0);
            let counts = |id: &CounterId| {
                let older = self.counters.get(id);
                older.is_some_and(|it| counter.start < it.end.saturating_add(span))
            };
            let is_rolling = account.key.window.span().is_some();
            account.counters.retain(|id| is_rolling && counts(id));
            account.counters.push_back(counter.id);
        }
        counter.past = false;
        self.counters.insert(counter.id, counter);
    }
}

impl Counter {
    /// Nothing was spent on it, and nothing is held.
    pub(super) fn is_unused(&self) -> bool {
        self.spent == Amount::ZERO && self.reserved == Amount::ZERO
    }

    /// What grants have paid of it, in the unit of `like`.
    pub(super) fn granted(&self, like: crate::budget::Quantity) -> u64 {
        let paid = self.granted.iter().find(|paid| paid.unit() == like.unit());
        paid.map_or(0, |paid| paid.count())
    }
}
