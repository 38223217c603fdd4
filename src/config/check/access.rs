//! Who may use what, and where.

use providers::features::Feature;
use providers::region::Place;

use crate::budget::{Calls, Dimension};
use crate::snapshot::AccessRule;

/// Whose calls a rule is about.
pub(super) fn who(calls: &Calls) -> String {
    let of = |(dimension, values): &(Dimension, Vec<String>)| {
        format!("{dimension} {}", values.join(" or "))
    };
    let who: Vec<String> = calls.0.iter().map(of).collect();
    if who.is_empty() { "everyone".to_owned() } else { who.join(", ") }
}

/// What a rule of access allows.
pub(super) fn rule(rule: &AccessRule) -> String {
    let AccessRule { who, routes, backends, models, features, max_output_tokens } = rule;
    let mut allowed = Vec::new();
    for (what, list) in [("routes", routes), ("backends", backends), ("models", models)] {
        allowed.extend(list.as_ref().map(|list| format!("{what} {}", list.join(", "))));
    }
    if let Some(features) = features {
        let names: Vec<&str> = features.iter().map(Feature::name).collect();
        let none = names.is_empty();
        allowed.push(if none { "plain text".to_owned() } else { names.join(", ") });
    }
    allowed.extend(max_output_tokens.map(|most| format!("{most} output tokens at most")));
    let allowed = if allowed.is_empty() { "all".to_owned() } else { allowed.join("; ") };
    format!("{}: {allowed}", self::who(who))
}

/// Places by their names.
pub(super) fn places(places: &[&Place]) -> String {
    places.iter().map(|place| place.name()).collect::<Vec<_>>().join(", ")
}
