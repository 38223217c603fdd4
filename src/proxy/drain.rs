//! Going down without breaking anyone's stream.

use tokio::sync::watch;

/// Whether the gateway is going down, and whether the time for what is in flight is over.
#[derive(Debug)]
pub struct Drain {
    draining: watch::Sender<bool>,
    cut: watch::Sender<bool>,
}

impl Default for Drain {
    fn default() -> Self {
        Self { draining: watch::Sender::new(false), cut: watch::Sender::new(false) }
    }
}

impl Drain {
    /// From now on readiness is off and connections are closed after their answer.
    pub fn begin(&self) {
        self.draining.send_replace(true);
    }

    /// Whether [`Self::begin`] has been called.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Tells when [`Self::begin`] is called; its copies have not been told yet.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// What is in flight ends now, with an error that says so.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Waits until what is in flight must end.
    pub async fn is_over(&self) {
        let mut cut = self.cut.subscribe();
        // An error means that the gateway itself is gone.
        let _ = cut.wait_for(|now| *now).await;
    }
}
