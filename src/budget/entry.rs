//! The lines of the journal: a checksum (CRC-32, hex), a space, one JSON object.
//!
//! ```text
//! cdb1c2d9 {"reserve":{"id":9,"counters":[1,2],"estimate":{"requests":1,"input":612,"cached":0,"output":200,"nanos":4213000},"row":[20778,3]}}
//! ```

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{
    Quantity, Scope, Window,
    amount::Amount,
    book::AccountId,
    statement::{Party, RowKey, Spend, SubjectId},
};

/// The version of the format that this build writes.
pub(super) const VERSION: u32 = 2;
/// The oldest version that it reads. Version 1 had no grants, and counted all tokens as one.
pub(super) const OLDEST: u32 = 1;

/// Names a counter in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct CounterId(pub(super) u64);

/// Names a reservation in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct ReservationId(pub(super) u64);

/// Something that happened to the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// The first line of a journal.
    Ledger { version: u32 },
    /// A counter begins, or is carried over by a snapshot with what was spent on it.
    Counter(Counter),
    /// Whom and what calls are counted against gets a number.
    Subject {
        id: SubjectId,
        #[serde(flatten)]
        party: Party,
    },
    /// A row of the statement, carried over by a snapshot.
    Row {
        #[serde(rename = "row")]
        key: RowKey,
        #[serde(flatten)]
        spend: Spend,
    },
    /// A call may go out; its estimate is held in these counters.
    Reserve(Hold),
    /// A call ended; this is what it really cost.
    Settle { id: ReservationId, charge: Amount },
    /// A call ended, and nobody knows all that it cost: it costs its estimate, or what a better one
    /// says.
    Charge {
        id: ReservationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        charge: Option<Amount>,
    },
    /// A call was never billed.
    Release { id: ReservationId },
    /// A counter's limits in this unit are raised.
    Grant(TopUp),
    /// What this counter used beyond its limit is paid by the grants that end at `until`.
    Take { counter: CounterId, quantity: Quantity, until: i64 },
    /// Grants have a part in this counter's account: it is kept so long, for what they gave.
    Keep { counter: CounterId, until: i64 },
    /// Someone was told of a counter.
    Told { counter: CounterId, told: Told },
    /// What a snapshot says of an account besides its counters.
    Account(Memory),
    /// The last line of a snapshot: the latest time seen, in Unix seconds.
    Snapshot { time: i64 },
}

/// What a counter counts. A window begins with a new counter of the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) budget: String,
    pub(super) scope: Scope,
    pub(super) value: String,
    pub(super) window: Window,
}

/// One key's account within one window, or within one slice of a rolling one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counter {
    pub(super) id: CounterId,
    #[serde(flatten)]
    pub(super) key: Key,
    /// The window's first second.
    pub(super) start: i64,
    /// The first second behind it.
    pub(super) end: i64,
    pub(super) spent: Amount,
    /// Which reset in this window it was begun by, or 0. A greater number than before takes the
    /// place of all counters of the key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) generation: u64,
    /// What of `spent` grants have paid for good, at most once in each unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) granted: Vec<Quantity>,
    /// It does not count any more: only open reservations hold it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) past: bool,
    /// Held by open reservations; the journal tells it by their own lines.
    #[serde(skip)]
    pub(super) reserved: Amount,
    #[serde(skip)]
    pub(super) account: AccountId,
}

impl Counter {
    /// One that begins at `now`, with nothing spent.
    pub(super) fn new(id: CounterId, key: Key, now: i64, generation: u64) -> Self {
        let (start, end) = key.window.bounds(now);
        Self {
            id,
            key,
            start,
            end,
            spent: Amount::ZERO,
            generation,
            granted: Vec::new(),
            past: false,
            reserved: Amount::ZERO,
            account: AccountId::default(),
        }
    }
}

/// A grant given at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TopUp {
    /// What it is told apart by.
    #[serde(default)]
    pub(super) id: String,
    pub(super) budget: String,
    pub(super) scope: Scope,
    pub(super) value: String,
    pub(super) quantity: Quantity,
    /// The first second in which it does not count any more.
    pub(super) until: i64,
}

/// What the grants of one unit that end together have paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Used {
    pub(super) quantity: Quantity,
    pub(super) until: i64,
}

/// What someone was told, so that it is not said again in the same window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The limit's unit.
    pub(super) unit: String,
    /// The threshold; none if it was that a call did not fit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) percent: Option<u8>,
    /// The first second in which it may be said again.
    pub(super) until: i64,
}

/// What outlives the counters of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    #[serde(flatten)]
    pub(super) key: Key,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) used: Vec<Used>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) told: Vec<Told>,
    /// Its last counters are kept until then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) keep: i64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An open reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hold {
    pub(super) id: ReservationId,
    pub(super) counters: Vec<CounterId>,
    pub(super) estimate: Amount,
    /// Where the statement will have it; `None` in journals from before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) row: Option<RowKey>,
}

/// Why a line is not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The checksum is absent or wrong: the line was not written whole, or was altered.
    Damaged,
    /// The checksum is right, yet the line says nothing that this build knows.
    Foreign,
}

impl Entry {
    /// Appends the line that says this, with its line feed.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        // Written in place, the checksum's room first: this is on the path of every request.
        let start = out.len();
        out.extend_from_slice(b"00000000 ");
        serde_json::to_writer(&mut *out, self)?;
        if let Some((mut checksum, json)) = out[start..].split_at_mut_checked(9) {
            write!(checksum, "{:08x}", crc32fast::hash(json))?;
        }
        out.push(b'\n');
        Ok(())
    }

    /// Reads a line without its line feed.
    pub(super) fn decode(line: &[u8]) -> Result<Self, Flaw> {
        let (checksum, rest) = line.split_at_checked(8).ok_or(Flaw::Damaged)?;
        let json = rest.strip_prefix(b" ").ok_or(Flaw::Damaged)?;
        let checksum = std::str::from_utf8(checksum).ok();
        let checksum = checksum.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if checksum != Some(crc32fast::hash(json)) {
            return Err(Flaw::Damaged);
        }
        serde_json::from_slice(json).map_err(|_| Flaw::Foreign)
    }
}
