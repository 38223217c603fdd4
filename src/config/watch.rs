//! The snapshot in force, and how a new one takes over.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::read_file::{Content, ReadFile};
use super::source::{LoadError, Loaded, Source};
use crate::credential::refresh;
use crate::snapshot::{Callers, Snapshot};

/// How often files are looked at. They are read, not waited for: that works for every file system,
/// and for Kubernetes, which swaps a symbolic link above the file.
const LOOK: Duration = Duration::from_millis(250);

/// The snapshot in force.
#[derive(Debug)]
pub struct Live {
    /// Where a reload reads from; `None` where there is nothing to read again.
    source: Option<Source>,
    current: ArcSwap<Snapshot>,
    /// Held while a reload goes on: two at once could end with the older one in force.
    files: Mutex<Files>,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

/// How often a reload was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// The new snapshot took over.
    pub succeeded: u64,
    /// The configuration was wrong, and the old snapshot stayed.
    pub failed: u64,
}

/// The files behind the last attempt, good or bad.
#[derive(Debug)]
struct Files {
    loaded: Vec<ReadFile>,
    /// What the last look saw: a change counts once it is seen twice, so that a file that is just
    /// being written is not taken for a whole one.
    seen: Vec<Content>,
}

impl Files {
    fn of(loaded: Vec<ReadFile>) -> Self {
        Self { loaded, seen: Vec::new() }
    }

    /// Looks at every file; whether one is another than was loaded, and the same as last time.
    fn changed(&mut self) -> bool {
        let now: Vec<Content> = self.loaded.iter().map(ReadFile::now).collect();
        let changed = self.loaded.iter().zip(&now).any(|(file, now)| file.content != *now);
        let settled = now == self.seen;
        self.seen = now;
        changed && settled
    }
}

impl Live {
    /// Loads the first snapshot.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read or is wrong.
    pub fn start(source: Source) -> Result<Self, LoadError> {
        let Loaded { snapshot, files } = source.load_watched();
        Ok(Self {
            current: ArcSwap::from_pointee(snapshot?),
            files: Mutex::new(Files::of(files)),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            source: Some(source),
        })
    }

    /// A snapshot that stays in force: a reload has nothing to read and changes nothing.
    #[must_use]
    pub fn fixed(snapshot: Snapshot) -> Self {
        Self {
            source: None,
            current: ArcSwap::from_pointee(snapshot),
            files: Mutex::new(Files::of(Vec::new())),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The snapshot in force, to be kept for as long as a request lasts.
    #[must_use]
    pub fn pin(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// How often a reload was tried since the start.
    #[must_use]
    pub fn reloads(&self) -> Reloads {
        Reloads {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Loads the configuration anew; SIGHUP asks for it. Blocks for as long as reading files takes.
    ///
    /// # Errors
    ///
    /// Something is wrong with it: then that is logged, and the old snapshot stays in force.
    pub fn reload_now(&self) -> Result<(), LoadError> {
        self.reload(&mut self.files())
    }

    fn reload(&self, files: &mut Files) -> Result<(), LoadError> {
        let Some(source) = &self.source else { return Ok(()) };
        let Loaded { snapshot, files: loaded } = source.load_watched();
        *files = Files::of(loaded);
        match snapshot {
            Ok(mut snapshot) => {
                let old = self.current.load();
                keep_what_is_fixed(&mut snapshot, &old);
                if let (Callers::Known(new), Callers::Known(old)) =
                    (&mut snapshot.callers, &old.callers)
                {
                    new.take_over(old);
                }
                drop(old);
                self.current.store(Arc::new(snapshot));
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                log::info!("{source}: reloaded");
                Ok(())
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                log::error!("reload refused, the old configuration stays:\n{error}");
                Err(error)
            }
        }
    }

    /// Looks once at every file: takes over rotated secrets, and reloads if the configuration or a
    /// file it names changed and has been the same for two looks.
    pub(super) fn look(&self) {
        refresh(self.pin().secrets());
        let mut files = self.files();
        if files.changed() {
            // Logged and counted there.
            let _ = self.reload(&mut files);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread that looks at the files until the returned guard is dropped. It is a thread
    /// of its own because a file system may hang, and requests must not.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn watch(self: &Arc<Self>) -> io::Result<Watch> {
        let live = Arc::clone(self);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("config-watch".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                thread::park_timeout(LOOK);
                live.look();
            }
        })?;
        Ok(Watch { stop, thread: Some(thread) })
    }
}

/// Keeps the files under watch; ends when dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It ended with a panic, if it did; that was reported by the panic itself.
            let _ = thread.join();
        }
    }
}

/// Sockets are bound, the ledger is open and the store connected: these stay as they are until a
/// restart.
fn keep_what_is_fixed(new: &mut Snapshot, old: &Snapshot) {
    fn keep<T: Clone + PartialEq>(key: &str, new: &mut T, old: &T) {
        if new != old {
            log::warn!("`{key}` changed; that needs a restart, until then the old value stays");
            new.clone_from(old);
        }
    }
    if new.addresses().ne(old.addresses()) {
        log::warn!("`listeners` changed; that needs a restart, until then the old ones stay");
        new.listeners.clone_from(&old.listeners);
    }
    keep("admin", &mut new.admin, &old.admin);
    keep("ledger", &mut new.ledger, &old.ledger);
    keep("store", &mut new.store, &old.store);
    keep("limits.in_flight", &mut new.limits.in_flight_bytes, &old.limits.in_flight_bytes);
}
