//! From a model name to a route, and from a route to its targets in the order of trying.

use std::sync::Arc;
use std::time::Instant;

use super::Health;
use crate::snapshot::{Route, RouteTarget, matches, path_matches, specificity};

/// The route for a model: the most specific pattern wins, then the first in the config.
pub fn find<'a>(routes: &'a [Arc<Route>], model: &str) -> Option<&'a Arc<Route>> {
    let mut best: Option<(usize, &Arc<Route>)> = None;
    for route in routes {
        for pattern in &route.models {
            if matches(pattern, model) {
                let rank = specificity(pattern);
                if best.is_none_or(|(top, _)| rank > top) {
                    best = Some((rank, route));
                }
            }
        }
    }
    best.map(|(_, route)| route)
}

/// The route that passes a path on unread: the longest pattern wins, then the first in the config.
pub fn find_path<'a>(routes: &'a [Arc<Route>], path: &str) -> Option<&'a Arc<Route>> {
    let patterns = routes.iter().flat_map(|route| route.paths.iter().map(move |p| (p, route)));
    let fitting = patterns.filter(|(pattern, _)| path_matches(pattern, path));
    let longest =
        fitting.reduce(|best, next| if next.0.len() > best.0.len() { next } else { best });
    longest.map(|(_, route)| route)
}

/// A route's targets in the order in which they are tried: one drawn by weight first, where
/// weights are given, then the others as written; those left alone because they keep failing
/// (see [`Health`]) come last rather than never, so that the last resort is still tried.
///
/// `draw` is a number that is evenly spread over all calls.
pub fn candidates(route: &Route, health: &Health, draw: u64, now: Instant) -> Vec<RouteTarget> {
    let (mut well, mut ill): (Vec<_>, Vec<_>) =
        route.targets.iter().partition(|target| health.is_available(&target.backend.name, now));
    draw_first(&mut well, draw);
    well.append(&mut ill);
    well.into_iter().cloned().collect()
}

/// Moves the target that the draw falls on to the front; unweighted ones are fallbacks.
fn draw_first(targets: &mut Vec<&RouteTarget>, draw: u64) {
    let total: u64 = targets.iter().filter_map(|target| target.weight).map(u64::from).sum();
    if total == 0 {
        return;
    }
    let mut left = draw % total;
    let drawn = targets.iter().position(|target| {
        let weight = u64::from(target.weight.unwrap_or(0));
        let hit = left < weight;
        left = left.saturating_sub(weight);
        hit
    });
    // Weighted targets come before fallbacks, and the drawn one before all.
    if let Some(at) = drawn {
        let first = targets.remove(at);
        targets.sort_by_key(|target| target.weight.is_none());
        targets.insert(0, first);
    }
}
