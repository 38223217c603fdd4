//! `egret check`: what a configuration means, in a few lines.

use std::fmt::{self, Write};

use super::{LoadError, Source};
use crate::budget::{Limit, Scope, UnknownPrice};
use crate::snapshot::{Backend, Callers, Route, Snapshot};

/// Loads a configuration as the gateway would, and sums it up. No secret is in the summary.
///
/// # Errors
///
/// The configuration cannot be read or is wrong.
pub fn check(source: &Source) -> Result<String, LoadError> {
    let snapshot = source.load()?;
    let mut summary = format!("{source}: the configuration is good\n");
    // Writing to a string cannot fail.
    let _ = summarize(&snapshot, &mut summary);
    Ok(summary)
}

fn summarize(snapshot: &Snapshot, out: &mut String) -> fmt::Result {
    let Snapshot { listeners, admin, backends, routes, callers, budgets, rates, ledger, .. } =
        snapshot;
    for listener in listeners {
        row(out, "listener", &listener.address.to_string())?;
    }
    row(out, "admin", &admin.to_string())?;
    for backend in backends {
        row(out, "backend", &describe_backend(backend))?;
    }
    for route in routes {
        row(out, "route", &describe_route(route))?;
    }
    match callers {
        Callers::Anyone => row(out, "callers", "anyone")?,
        Callers::Known(known) => {
            let names: Vec<&str> = known.iter().map(|caller| caller.name.as_str()).collect();
            row(out, "callers", &names.join(", "))?;
        }
    }
    for budget in budgets {
        let unpriced = match budget.unknown_price {
            UnknownPrice::Refuse => "",
            UnknownPrice::Allow => ", models without a price allowed",
        };
        let limits: Vec<String> = budget
            .limits
            .iter()
            .map(|Limit { quantity, window }| format!("{quantity} per {window}"))
            .collect();
        let (limits, per) = (limits.join(" and "), scope(&budget.per));
        row(out, "budget", &format!("{}: {limits}{per}{unpriced}", budget.name))?;
    }
    for rate in rates {
        let (limit, per) = (rate.limit, scope(&rate.per));
        row(out, "rate", &format!("{}: {limit}{per}", rate.name))?;
    }
    let ledger = ledger.as_ref().map(|path| path.display().to_string());
    row(out, "ledger", ledger.as_deref().unwrap_or("in memory: forgotten at every restart"))
}

fn row(out: &mut String, what: &str, text: &str) -> fmt::Result {
    writeln!(out, "  {what:<9} {text}")
}

fn describe_backend(backend: &Backend) -> String {
    let Backend { name, schema, origin, tls, .. } = backend;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let host =
        if origin.host.contains(':') { format!("[{}]", origin.host) } else { origin.host.clone() };
    let plaintext = if tls.is_some() { "" } else { ", unencrypted" };
    let credential =
        if backend.credential.source().is_some() { "" } else { ", shown no credential" };
    format!(
        "{name}: {schema} at {scheme}://{host}:{}{}{plaintext}{credential}",
        origin.port, origin.prefix
    )
}

fn describe_route(route: &Route) -> String {
    let targets: Vec<String> = route
        .targets
        .iter()
        .map(|target| {
            let model = target.model.as_ref().map(|model| format!(" as {model}"));
            let weight = target.weight.map(|weight| format!(" (weight {weight})"));
            let backend = &target.backend.name;
            format!("{backend}{}{}", model.unwrap_or_default(), weight.unwrap_or_default())
        })
        .collect();
    format!("{} → {}", route.models.join(", "), targets.join(", then "))
}

fn scope(scope: &Scope) -> String {
    match scope.dimensions() {
        [] => ", in total".to_owned(),
        each => {
            let each: Vec<String> = each.iter().map(ToString::to_string).collect();
            format!(", for each {}", each.join(" and "))
        }
    }
}
