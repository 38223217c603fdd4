//! How replicas share a budget: each leases a part of it and spends only that.
//!
//! A shared store keeps, for every counter and every replica, how much the replica has leased and
//! how much of that it has spent, both as totals of the window and not as changes: whatever is
//! said twice, late or again after the store was lost, says the same. The store grants a lease
//! only while all leases together stay within the limit, so no replica needs to ask before a call
//! that fits into what it has leased, and none can pass the limit by itself.

/// What a replica tells the store of one counter. Numbers are in the unit of the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Names the counter, its window and its unit; the same at every replica.
    pub account: String,
    /// When the window ends, in seconds since the Unix epoch; `None` for calls under way at once.
    pub window_end: Option<i64>,
    /// What all replicas together may reach, grants of the configuration included.
    pub limit: u64,
    /// How often the counter was reset, as far as this replica knows.
    pub generation: u64,
    /// What this replica has charged in this window.
    pub spent: u64,
    /// What it holds for calls under way.
    pub reserved: u64,
    /// The lease without which a call can't be made; not more than `spent + reserved` if none waits.
    pub needs: u64,
    /// The lease that would spare it asking for a while; at least `needs`. Less than it has leased
    /// gives the rest back.
    pub wants: u64,
}

/// What the store answers. Numbers are in the unit of the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What this replica may reach in this window: the lease, as a total.
    pub leased: u64,
    /// What all may reach, with grants that the store knows of.
    pub limit: u64,
    /// What the others have charged.
    pub others_spent: u64,
    /// What the others have leased beyond that.
    pub others_leased: u64,
    /// How often the counter was reset. If it is more than the replica knew, it starts anew.
    pub generation: u64,
}

/// The accounts in which a replica's lease is too small for a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Short {
    /// What has to be reported to have the leases enlarged; never empty.
    pub reports: Vec<Report>,
}
