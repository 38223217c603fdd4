//! Channels, with a wait that may end.

use crate::real::{
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

pub use shuttle::sync::mpsc::{RecvTimeoutError, Sender, SyncSender, TryRecvError};

/// How often a wait ends with nothing, for each receiver; then time stands still.
const TIMEOUTS: u8 = 4;

/// The receiving end.
#[derive(Debug)]
pub struct Receiver<T> {
    inner: shuttle::sync::mpsc::Receiver<T>,
    timeouts: AtomicU8,
}

impl<T> Receiver<T> {
    const fn new(inner: shuttle::sync::mpsc::Receiver<T>) -> Self {
        Self { inner, timeouts: AtomicU8::new(TIMEOUTS) }
    }

    /// Takes what is there.
    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        self.inner.try_iter()
    }

    /// Waits as long as shuttle likes, and no longer: shuttle's own never ends by itself.
    pub fn recv_timeout(&self, time: Duration) -> Result<T, RecvTimeoutError> {
        let Some(left) = self.timeouts.load(Ordering::Relaxed).checked_sub(1) else {
            return self.inner.recv_timeout(time);
        };
        shuttle::thread::sleep(time);
        self.inner.try_recv().map_err(|error| match error {
            TryRecvError::Empty => {
                self.timeouts.store(left, Ordering::Relaxed);
                RecvTimeoutError::Timeout
            }
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }
}

/// One that holds any number.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = shuttle::sync::mpsc::channel();
    (sender, Receiver::new(receiver))
}

/// One that holds so many.
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = shuttle::sync::mpsc::sync_channel(bound);
    (sender, Receiver::new(receiver))
}
