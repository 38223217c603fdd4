//! Who asks for names when they are due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinSet};
use tokio::time::sleep_until;

use super::client::{Client, Outcome};
use super::entry::Entry;
use super::failure::Failure;
use super::host::Name;
use super::settings::Settings;
use super::system::Stamp;
use super::{TICK, Wanted};

/// How long a name is kept that no configuration has any more: for requests that began under one
/// that had it, and for whoever goes back to that.
const LINGER: Duration = Duration::from_secs(300);

/// Who asks for names when they are due.
pub(super) struct Worker {
    settings: Arc<Settings>,
    client: Option<Arc<Client>>,
    /// Of the system's files, where these say who is asked.
    stamp: Stamp,
    entries: HashMap<Name, Arc<Entry>>,
    /// Lookups under way. Each is a task of its own: should one panic over what a server sends, the
    /// others go on.
    lookups: JoinSet<Outcome>,
    asked: HashMap<Id, Name>,
    changed: bool,
}

impl Worker {
    pub(super) fn new() -> Self {
        Self {
            settings: Arc::default(),
            client: None,
            stamp: Stamp::default(),
            entries: HashMap::new(),
            lookups: JoinSet::new(),
            asked: HashMap::new(),
            changed: false,
        }
    }

    /// Takes in what is wanted now, and begins what is due.
    pub(super) fn follow(&mut self, wanted: Wanted) {
        let Wanted { settings, names } = wanted;
        let now = Instant::now();
        let stamp = if settings.servers.is_none() { Stamp::now() } else { Stamp::default() };
        let same = settings == self.settings && stamp == self.stamp;
        let client = match &self.client {
            Some(client) if same => client.clone(),
            _ => {
                self.lookups.abort_all();
                self.asked.clear();
                // What is stricter now, or asked of others, would otherwise not count for as long as
                // the old answers are good.
                let judged = settings.judges_as(&self.settings);
                for entry in self.entries.values_mut().map(Arc::make_mut) {
                    if judged {
                        entry.due = now;
                    } else {
                        entry.forget(now);
                    }
                }
                self.changed |= !judged;
                (self.settings, self.stamp) = (settings.clone(), stamp);
                let client = Arc::new(Client::new(settings));
                self.client = Some(client.clone());
                client
            }
        };
        let before = self.entries.len();
        for (name, entry) in &mut self.entries {
            let wanted = names.contains(name);
            if wanted != entry.unwanted.is_none() {
                Arc::make_mut(entry).unwanted = (!wanted).then_some(now);
                self.changed = true;
            }
        }
        let lingers = |since| now.saturating_duration_since(since) < LINGER;
        self.entries.retain(|_, entry| entry.unwanted.is_none_or(lingers));
        self.changed |= self.entries.len() != before;
        for name in names {
            let new = || Arc::new(Entry::new(name.clone(), now));
            let due = self.entries.entry(name.clone()).or_insert_with(new).due;
            if due <= now && !self.asked.values().any(|asked| *asked == name) {
                self.ask(client.clone(), name);
            }
        }
    }

    fn ask(&mut self, client: Arc<Client>, name: Name) {
        let Name { host, allow_private } = name.clone();
        let lookup = async move { client.find(&host, allow_private).await };
        let id = self.lookups.spawn(lookup).id();
        self.asked.insert(id, name);
    }

    /// Waits until a lookup has ended, another one is due, or it is time to look what is wanted.
    pub(super) async fn work(&mut self) {
        let asked = |name: &Name| self.asked.values().any(|asked| asked == name);
        let wanted = |entry: &Entry| entry.unwanted.is_none();
        let idle = self.entries.iter().filter(|(name, entry)| wanted(entry) && !asked(name));
        let tick = Instant::now() + TICK;
        let due = idle.map(|(_, entry)| entry.due).fold(tick, Instant::min);
        tokio::select! {
            Some(ended) = self.lookups.join_next_with_id() => {
                let (id, outcome) = match ended {
                    Ok((id, outcome)) => (id, outcome),
                    Err(error) => (error.id(), broken()),
                };
                self.learn(id, outcome);
            }
            () = sleep_until(due.into()) => {}
        }
    }

    fn learn(&mut self, id: Id, outcome: Outcome) {
        // One of settings that are gone is not looked at, nor is one of a name that is.
        let Some(name) = self.asked.remove(&id) else { return };
        let Some(entry) = self.entries.get_mut(&name) else { return };
        Arc::make_mut(entry).learn(outcome, &self.settings, Instant::now());
        self.changed = true;
    }

    /// Whether something is known that was not when this was last asked.
    pub(super) fn changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// All that is known.
    pub(super) fn known(&self) -> HashMap<Name, Arc<Entry>> {
        self.entries.clone()
    }
}

/// A lookup that panicked, or was stopped.
fn broken() -> Outcome {
    let failure = Failure::Malformed("it could not be taken in".to_owned());
    Outcome { found: Err(failure), refused: Vec::new() }
}
