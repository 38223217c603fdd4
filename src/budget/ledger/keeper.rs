//! What is done beside the calls: lines go to the disk, and the journal is rewritten.

use std::io;

use super::{Shared, State};
use crate::budget::journal::{self, Rewrite};

impl Shared {
    /// What the thread does: writes what could not be written, syncs what was, rewrites what has
    /// grown. The lock is not held while the disk works.
    pub(super) fn keep(&self) {
        let (unsynced, rewrite) = {
            let mut state = self.lock();
            let Some(journal) = &mut state.journal else { return };
            // A failure was logged; reservations are refused until it is over.
            let _ = journal.flush();
            (journal.take_unsynced(), journal.wants_rewrite())
        };
        if let Some(file) = unsynced {
            self.check(file.sync_data());
        }
        if rewrite {
            self.rewrite();
        }
    }

    fn rewrite(&self) {
        let (path, snapshot) = {
            let mut state = self.lock();
            let State { book, journal: Some(journal), .. } = &mut *state else { return };
            book.sweep();
            (journal.begin_rewrite(), book.snapshot().collect::<Vec<_>>())
        };
        let new = Rewrite::write(&path, &snapshot);
        let finished = self.lock().journal.as_mut().map(|old| old.finish_rewrite(new));
        // Otherwise the old one stays, which was logged.
        if let Some(Ok(())) = finished {
            self.check(journal::sync_directory(&path));
        }
    }

    fn check(&self, synced: io::Result<()>) {
        if let Err(error) = synced
            && let Some(journal) = &mut self.lock().journal
        {
            journal.sync_failed(&error);
        }
    }
}
