//! The lines of the journal: a checksum (CRC-32, hex), a space, one JSON object.
//!
//! ```text
//! 7a3c1f09 {"reserve":{"id":9,"counters":[1,2],"estimate":{"requests":1,"tokens":812,"nanos":4213000}}}
//! ```

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{
    Scope, Window,
    amount::Amount,
    statement::{Party, RowKey, Spend, SubjectId},
};

/// The version of the format that this build writes and reads.
pub(super) const VERSION: u32 = 1;

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
    /// A call ended, nobody knows how; it costs its estimate.
    Charge { id: ReservationId },
    /// A call was never billed.
    Release { id: ReservationId },
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

/// One key's account within one window.
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
    /// Held by open reservations; the journal tells it by their own lines.
    #[serde(skip)]
    pub(super) reserved: Amount,
}

impl Counter {
    /// Nothing was spent on it, and nothing is held.
    pub(super) fn is_unused(&self) -> bool {
        self.spent == Amount::ZERO && self.reserved == Amount::ZERO
    }
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
