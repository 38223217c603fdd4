//! From the bytes of a journal to the book that wrote them.

use std::fmt;

use super::{
    book::Book,
    entry::{Entry, Flaw},
};

/// What a journal says.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) book: Book,
    /// Bytes at the end that are not whole lines: the last write was cut by a crash.
    pub(super) torn: usize,
}

/// Why a journal cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The bytes up to here are no whole snapshot, which every journal begins with: the file was
    /// cut or overwritten, or was never a ledger.
    Beginning(usize),
    /// The line at this byte is damaged, yet whole lines follow: no crash does that.
    Middle(usize),
    /// The line at this byte is whole, but this version of Egret does not know what it says.
    Unknown(usize),
}

/// Reads a journal. An empty one gives an empty book. Only what a crash can do to an append, a
/// damaged end, is forgiven.
pub(super) fn replay(journal: &[u8]) -> Result<Replay, Damage> {
    let mut book = Book::default();
    let mut whole = journal.is_empty();
    let mut at = 0;
    for line in journal.split_inclusive(|&byte| byte == b'\n') {
        match decode(line) {
            Ok(entry) => {
                // The first line must say what this is before anything in it is believed.
                if (at == 0) != matches!(entry, Entry::Ledger { .. }) {
                    return Err(Damage::Beginning(at));
                }
                whole |= matches!(entry, Entry::Snapshot { .. });
                book.apply(entry).map_err(|_| Damage::Unknown(at))?;
            }
            Err(_) if !whole => return Err(Damage::Beginning(at)),
            Err(Flaw::Foreign) => return Err(Damage::Unknown(at)),
            Err(Flaw::Damaged) => {
                let rest = journal.get(at..).unwrap_or_default();
                let mut after = rest.split_inclusive(|&byte| byte == b'\n').skip(1);
                if after.any(|line| decode(line) != Err(Flaw::Damaged)) {
                    return Err(Damage::Middle(at));
                }
                return Ok(Replay { book, torn: rest.len() });
            }
        }
        at += line.len();
    }
    if whole { Ok(Replay { book, torn: 0 }) } else { Err(Damage::Beginning(at)) }
}

fn decode(line: &[u8]) -> Result<Entry, Flaw> {
    line.strip_suffix(b"\n").ok_or(Flaw::Damaged).and_then(Entry::decode)
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning(at) => write!(
                f,
                "it does not begin with a whole snapshot (byte {at}): it was cut or overwritten, \
                 or is not a ledger. Restore it from a backup, or move it away to start with \
                 nothing spent"
            ),
            Self::Middle(at) => write!(
                f,
                "it is damaged at byte {at}, with whole lines behind. Restore it from a backup, \
                 or cut it there (`truncate -s {at}`) to forget what was recorded after"
            ),
            Self::Unknown(at) => write!(
                f,
                "the line at byte {at} is not known to this version. Start the version that wrote \
                 it, or move the file away to start with nothing spent"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
