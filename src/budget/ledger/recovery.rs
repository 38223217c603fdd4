//! What the last process left behind.

use std::{io, path::Path};

use super::{CLOCK_BEHIND, State};
use crate::budget::{
    OpenError,
    replay::{Replay, replay},
};

impl State {
    /// Reads what the last process left behind, and charges the calls that it left open.
    pub(super) fn recover(&mut self, path: &Path, now: i64) -> Result<(), OpenError> {
        let journal = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|error| OpenError::Io(path.to_owned(), error))?,
        };
        let Replay { book, torn } =
            replay(&journal).map_err(|damage| OpenError::Damaged(path.to_owned(), damage))?;
        self.book = book;
        let shown = path.display();
        if torn > 0 {
            log::warn!("ledger {shown}: cut off {torn} bytes at its end, which a crash left torn");
        }
        let open = self.book.abandon();
        if !open.is_empty() {
            log::warn!(
                "ledger {shown}: {} calls were under way when the last process ended; each is \
                 charged with its estimate",
                open.len()
            );
        }
        self.apply_all(open);
        if self.book.latest() > now.saturating_add(CLOCK_BEHIND) {
            log::warn!(
                "ledger {shown}: the clock is {} s behind the last entry; limits hold in the \
                 window of that entry. Set the clock; or if it was the entry's that was wrong, \
                 move the file away to start with nothing spent",
                self.book.latest().saturating_sub(now)
            );
        }
        self.book.observe(now);
        self.book.sweep();
        Ok(())
    }
}
