//! The file behind the ledger: lines appended with `write(2)`, rewritten whole when it has grown.
//!
//! A line is in the kernel's hands when an append returns, so it outlives the process; it is on
//! the disk when the next sync returns, so then it outlives the machine. A new file is written
//! beside the old one and renamed over it, so there is always a whole one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::entry::Entry;

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<File>,
    /// Bytes of whole lines in `file`.
    len: u64,
    /// Rewrite when `len` passes this: `rewrite_past`, or more where that would be too often.
    rewrite_at: u64,
    rewrite_past: u64,
    /// Lines that could not be written yet and must come before any other.
    pending: Vec<u8>,
    /// While a rewrite is under way: the lines since its snapshot.
    tail: Option<Vec<u8>>,
    unsynced: bool,
    condition: Condition,
}

/// Whether appends go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Sound,
    /// The last append failed and left no trace: the next one may succeed.
    Full,
    /// What the file holds is not known any more: only a rewrite can help.
    Broken,
}

impl Journal {
    /// Takes over a rewrite as the journal at `path`. It is rewritten again past so many bytes, or
    /// when it is twice as long as now if that is more.
    pub(super) fn create(path: &Path, new: Rewrite, rewrite_past: u64) -> io::Result<Self> {
        let path = path.to_owned();
        fs::rename(&new.path, &path)?;
        sync_directory(&path)?;
        Ok(Self {
            path,
            file: Arc::new(new.file),
            len: new.len,
            rewrite_at: rewrite_past.max(new.len.saturating_mul(2)),
            rewrite_past,
            pending: Vec::new(),
            tail: None,
            unsynced: false,
            condition: Condition::Sound,
        })
    }

    /// Appends all of these, or none and says why.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let (pending, tail) = (self.pending.len(), self.tail.as_ref().map_or(0, Vec::len));
        self.push(entries).and_then(|()| self.flush()).inspect_err(|_| {
            self.pending.truncate(pending);
            if let Some(lines) = &mut self.tail {
                lines.truncate(tail);
            }
        })
    }

    /// Appends these now, or as soon as that is possible again: they have happened already. Until
    /// then they are in memory only, where there is room for them: while appends fail, no
    /// reservation is made, so at most those that are open end.
    pub(super) fn append_surely(&mut self, entries: &[Entry]) {
        // A failure was logged, and the lines wait in `pending`.
        let _ = self.push(entries).and_then(|()| self.flush());
    }

    /// Writes what is pending.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.condition == Condition::Broken {
            return Err(io::Error::other("the journal must be rewritten first"));
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        if let Err(error) = (&*self.file).write_all(&self.pending) {
            // A part may have been written. Without it, the next append starts on a clean end.
            let condition = match self.file.set_len(self.len) {
                Ok(()) => Condition::Full,
                Err(_) => Condition::Broken,
            };
            self.worsen(condition, &error);
            return Err(error);
        }
        self.len += self.pending.len() as u64;
        self.pending.clear();
        self.unsynced = true;
        self.improve();
        Ok(())
    }

    /// The file, if it has lines that are not known to be on the disk. The caller syncs it, without
    /// holding up others, and reports a failure to [`Journal::sync_failed`].
    pub(super) fn take_unsynced(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.unsynced).then(|| Arc::clone(&self.file))
    }

    /// The disk did not take lines that were written: they may be lost even if a later sync
    /// succeeds, so they must be written anew, elsewhere.
    pub(super) fn sync_failed(&mut self, error: &io::Error) {
        self.worsen(Condition::Broken, error);
    }

    /// Whether reservations can be recorded.
    pub(super) fn is_writable(&self) -> bool {
        self.condition == Condition::Sound
    }

    /// Whether it is time for a rewrite.
    pub(super) fn wants_rewrite(&self) -> bool {
        self.condition == Condition::Broken || self.len > self.rewrite_at
    }

    /// From now on until [`Journal::finish_rewrite`], lines go into the old and the new file.
    /// Returns the path.
    pub(super) fn begin_rewrite(&mut self) -> PathBuf {
        self.tail = Some(Vec::new());
        self.path.clone()
    }

    /// Puts the new file, with what came since its snapshot, in the place of the old one. After a
    /// failure the old one stays, and its next rewrite waits until it is twice as long.
    pub(super) fn finish_rewrite(&mut self, new: io::Result<Rewrite>) -> io::Result<()> {
        let tail = self.tail.take().unwrap_or_default();
        let replaced = new.and_then(|mut new| {
            new.file.write_all(&tail)?;
            fs::rename(&new.path, &self.path)?;
            Ok(new)
        });
        let new = replaced.inspect_err(|error| {
            self.rewrite_at = self.len.saturating_mul(2);
            if self.condition != Condition::Broken {
                log::warn!("cannot rewrite the ledger {}: {error}", self.path.display());
            }
        })?;
        self.file = Arc::new(new.file);
        self.rewrite_at = self.rewrite_past.max(new.len.saturating_mul(2));
        self.len = new.len + tail.len() as u64;
        self.pending.clear();
        self.unsynced = true;
        self.improve();
        Ok(())
    }

    /// Puts another file in the place of the one that is appended to.
    #[cfg(test)]
    pub(super) fn swap_file(&mut self, file: File) {
        self.file = Arc::new(file);
    }

    fn push(&mut self, entries: &[Entry]) -> io::Result<()> {
        let before = self.pending.len();
        encode(entries, &mut self.pending)?;
        if let (Some(tail), Some(lines)) = (&mut self.tail, self.pending.get(before..)) {
            tail.extend_from_slice(lines);
        }
        Ok(())
    }

    fn worsen(&mut self, condition: Condition, error: &io::Error) {
        if self.condition != condition {
            log::error!(
                "cannot write the ledger {}: {error}. Calls under a budget are refused until this \
                 works again: free or repair the disk",
                self.path.display()
            );
            self.condition = condition;
        }
    }

    fn improve(&mut self) {
        if self.condition != Condition::Sound {
            log::warn!("the ledger {} can be written again", self.path.display());
            self.condition = Condition::Sound;
        }
    }
}

/// A new journal beside the one that it is to replace, whole and on the disk.
#[derive(Debug)]
pub(super) struct Rewrite {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Rewrite {
    /// Writes one that begins with `entries`, for the journal at `path`.
    pub(super) fn write(path: &Path, entries: &[Entry]) -> io::Result<Self> {
        let mut lines = Vec::new();
        encode(entries, &mut lines)?;
        let path = beside(path, "new");
        // One that a crash left behind.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(&lines)?;
        file.sync_all()?;
        Ok(Self { path, file, len: lines.len() as u64 })
    }
}

/// Takes the lock that keeps a second process away from the journal at `path`, or returns `None`
/// if another has it. It holds until the file is closed. The lock is a file of its own because the
/// journal itself is replaced now and then.
pub(super) fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600);
    let file = file.open(beside(path, "lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Makes a rename in the directory of `path` outlive the machine.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path of a file beside this one, whose name goes on with a point and that.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn encode(entries: &[Entry], out: &mut Vec<u8>) -> io::Result<()> {
    entries.iter().try_for_each(|entry| entry.encode(out))
}
