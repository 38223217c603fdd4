//! What has become of one call so far, over all its attempts.

use std::sync::Arc;

use crate::budget::rate::Room;
use crate::snapshot::Route;

/// What has become of one call so far: it lives as long as the call.
#[derive(Debug, Default)]
pub struct History {
    /// The rates that it counts in, by their place in the configuration, and whose.
    counted: Vec<(usize, String)>,
    /// What is left of the tightest of them.
    room: Option<Room>,
    /// The budgets that had no room for it and have let another model take over.
    downgraded: Vec<String>,
    /// The routes that it has been admitted to, one after the other.
    routes: Vec<Arc<Route>>,
}

/// A budget that has no room for a call, and the model that takes over from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downgrade {
    /// The budget's name.
    pub budget: String,
    /// The model's.
    pub model: String,
}

impl History {
    /// Whether the call has been counted in this rate, for the same one.
    pub(super) fn has_counted(&self, rate: usize, of: &str) -> bool {
        self.counted.iter().any(|(known, whose)| *known == rate && whose == of)
    }

    pub(super) fn count(&mut self, rate: usize, of: &str, room: Room) {
        self.counted.push((rate, of.to_owned()));
        self.meet(room);
    }

    /// Takes note of what is left of a rate.
    pub(super) fn meet(&mut self, room: Room) {
        if self.room.is_none_or(|tightest| room.remaining < tightest.remaining) {
            self.room = Some(room);
        }
    }

    /// What is left of the tightest rate that it counts in, or would exceed.
    pub const fn room(&self) -> Option<Room> {
        self.room
    }

    /// Whether this budget has let another model take over before: it does so once, so that two
    /// budgets don't send a call round in circles.
    pub(super) fn has_downgraded(&self, budget: &str) -> bool {
        self.downgraded.iter().any(|known| known == budget)
    }

    /// The call may take this route.
    pub(super) fn enter(&mut self, route: &Arc<Route>) {
        self.routes.push(route.clone());
    }

    /// The routes that it could take before: where these are held, it stays.
    pub(super) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// The model takes over.
    pub fn downgrade(&mut self, downgrade: &Downgrade) {
        self.downgraded.push(downgrade.budget.clone());
    }
}
