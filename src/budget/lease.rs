//! How replicas share a budget: each leases a part of it and spends only that.
//!
//! A shared store keeps, for every account (a counter in one window and one unit) and every
//! replica, how much the replica has leased and how much of that it has spent, both as totals of
//! the window and not as changes: whatever is said twice, late or again after the store was lost,
//! says the same. No replica needs to ask before a call that fits into what it has leased, and
//! none can pass the limit by itself.
//!
//! The rules, which one script in the store holds for one account after the other:
//!
//! 1. **Room.** What the others have leased, or spent if that is more, is taken off the limit. A
//!    replica gets what it `wants` of the rest, but beyond what it `needs` only half of it, so that
//!    replicas near the limit leave each other something. It never gets less than it has `spent`
//!    and `reserved`, which is gone, or than it `held` as it reported, which it may be using. So the
//!    leases come to no more than the limit, unless single calls cost more than was held for them
//!    or the limit was made smaller.
//! 2. **Order.** A replica numbers its batches of reports, and one that comes after a later one is
//!    ignored. It counts a smaller lease from when it reports that it wants it, and a larger one
//!    from when it hears of it. So a lost report or answer makes it use less than it might.
//! 3. **Others wait.** If one needs more than there is, while others hold leases that they don't
//!    use, these are told and give them back with their next report; so they are if all leases come
//!    to more than the limit.
//! 4. **Resets.** An account has a generation, which is 0 at first. A reset is a report of a
//!    greater one (the second by the clock, so that it can come from a replica that knows nothing
//!    of the account), with nothing spent: all that is known of earlier ones is forgotten, and
//!    replicas that report an earlier one are told and start anew.
//! 5. **Top-ups** are kept for a counter and raise its limit in each window until they end, by what
//!    is left of them: what a window uses beyond the limit itself (spent, or still held when it
//!    was last reported) is taken, for all later windows, from the top-up that ends first. So is
//!    what a rolling window uses in one slice, for all later slices; and as long as that slice is
//!    within the window, it raises the limit by what was taken.
//! 6. **The store comes back** empty, or as it was some time ago: from a file, or as another server
//!    that took over and had not heard all. It begins an epoch with a name of its own. A replica
//!    that knows another one tells, with its next reports, what it had last heard of all others;
//!    where that is more, it holds until they report for themselves. For a second after an epoch
//!    has begun, no lease is made larger, so that all that are alive can tell what they hold. What
//!    may be leased twice is what a replica leased after any other had last heard of the account,
//!    if it can't reach the store within that second.
//! 7. **Crashes.** What a replica has leased and spent stays counted until the window ends, or, of
//!    a rolling one, until it would be over since its last report. If it comes back with its
//!    journal, it reports the truth. Where calls under way are counted, a lease lasts for some
//!    seconds by the store's clock and is renewed, so a replica that is gone keeps nobody out for
//!    longer.
//! 8. **Copies.** Of two processes that report as one replica, because a journal was copied, the one
//!    that began earlier is told, and goes on as another replica with all that it has leased. Until
//!    it can have heard of it, for a second, the later one gets no larger leases, and nobody gets
//!    what the earlier one had.

use std::time::Duration;

/// What a replica tells the store of one account. Numbers are in the unit of the limit and less
/// than [`Report::MOST`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Names the counter, its unit and its window; the same at every replica.
    pub account: String,
    /// Names the counter and its unit without the window: what top-ups are for.
    pub counter: String,
    /// For how long the store keeps what this says, unless it hears more: until a while after the
    /// window's end; for calls under way at once, as long as a slot is leased.
    pub keep: Duration,
    /// Of a rolling window, how long the slices are that it is counted in; otherwise zero.
    pub slice: Duration,
    /// What all replicas together may reach, grants of the configuration included.
    pub limit: u64,
    /// The last reset that this replica knows of; 0 if none.
    pub generation: u64,
    /// What this replica has charged in this window.
    pub spent: u64,
    /// What it holds for calls under way.
    pub reserved: u64,
    /// The lease without which a call can't be made; not more than `spent + reserved` if none
    /// waits.
    pub needs: u64,
    /// The lease that would spare it asking for a while; at least `needs`. Less than it has leased
    /// gives the rest back.
    pub wants: u64,
    /// What it may use until it hears the answer: what it has leased, but not more than it `wants`.
    pub held: u64,
    /// What it last heard of the others, for a store that has lost it; otherwise empty.
    pub others: Vec<Standing>,
    /// The top-ups that the configuration declares, and those that were given here.
    pub top_ups: Vec<TopUp>,
}

impl Report {
    /// The store's numbers are exact below this: some 9 million USD. No limit may be larger.
    pub const MOST: u64 = 1 << 53;
}

/// What the store knows of one replica in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The replica's identity.
    pub replica: String,
    /// What it may reach.
    pub leased: u64,
    /// What it has charged.
    pub spent: u64,
    /// What it has charged or holds for calls under way; all that it has leased, if it has not been
    /// heard of for a while: it gives nothing back.
    pub used: u64,
}

/// More of a limit, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// What it is told apart by.
    pub id: String,
    /// How much it is. In a lease: what is left of it, after what other windows used.
    pub quantity: u64,
    /// The first second in which it does not count any more, since the Unix epoch.
    pub until: i64,
    /// Whether it was given at run time, so that the store keeps it until it ends. One that the
    /// configuration declares counts as long as it is reported.
    pub given: bool,
}

/// What the store answers. Numbers are in the unit of the limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// What this replica may reach in this window: the lease, as a total.
    pub leased: u64,
    /// What all may reach, with top-ups that the store knows of.
    pub limit: u64,
    /// The last reset. If it is greater than the one that the replica knew, it starts anew.
    pub generation: u64,
    /// Another replica waits for what this one holds and doesn't use.
    pub others_wait: bool,
    /// What is known of the others.
    pub others: Vec<Standing>,
    /// The top-ups that count.
    pub top_ups: Vec<TopUp>,
}

impl Lease {
    /// What the others have charged.
    pub fn others_spent(&self) -> u64 {
        self.others.iter().fold(0, |sum, other| sum.saturating_add(other.spent))
    }

    /// What the others have charged or hold for calls under way: what they can't give back.
    pub fn others_used(&self) -> u64 {
        self.others.iter().fold(0, |sum, other| sum.saturating_add(other.used.max(other.spent)))
    }
}

/// This replica's leases are too small for a call that may well fit into the budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// What answers it: a round of reports that begins from now on.
    pub(super) round: u64,
}
