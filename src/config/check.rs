//! `egret check`: what a configuration means, in a few lines.

mod access;

use std::fmt::{self, Write};

use http::Uri;

use super::{LoadError, Source};
use crate::budget::{
    Budget, Ceiling, Grant, Limit, OnExceeded, Outage, Percent, Quantity, Scope, StoreSettings,
    Topology, UnknownPrice, Window,
};
use crate::identity::{Caller, Directory, Issuer, Unlisted};
use crate::resolve::{Dnssec, Settings as Dns};
use crate::snapshot::{
    Backend, Callers, Mode, OnDisconnect, Proxy, RegionRule, Route, Snapshot, Webhook,
};

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
    let Snapshot {
        listeners,
        admin,
        dns,
        backends,
        routes,
        callers,
        access: access_rules,
        regions,
        budgets,
        rates,
        store,
        webhook,
        ledger,
        ..
    } = snapshot;
    for listener in listeners {
        row(out, "listener", &listener.to_string())?;
    }
    row(out, "admin", &admin.to_string())?;
    for backend in backends {
        row(out, "backend", &describe_backend(backend))?;
    }
    if **dns != Dns::default() {
        row(out, "dns", &describe_dns(dns))?;
    }
    for route in routes {
        row(out, "route", &describe_route(route))?;
    }
    match callers {
        Callers::Anyone => row(out, "callers", "anyone")?,
        Callers::Known(known) => {
            let listed = known.listed();
            let listed: Vec<String> = listed.iter().map(|caller| describe_caller(caller)).collect();
            row(out, "callers", &listed.join(", "))?;
            for line in describe_identity(known) {
                row(out, "identity", &line)?;
            }
        }
    }
    for rule in access_rules.iter().flat_map(|access| &access.0) {
        row(out, "access", &access::rule(rule))?;
    }
    for RegionRule { who, allow } in regions {
        row(out, "regions", &format!("{}: {}", access::who(who), access::places(allow)))?;
    }
    for budget in budgets {
        row(out, "budget", &describe_budget(budget))?;
    }
    for rate in rates {
        let (limit, per) = (rate.limit, scope(&rate.per));
        row(out, "rate", &format!("{}: {limit}{per}", rate.name))?;
    }
    if let Some(store) = store {
        row(out, "store", &describe_store(store))?;
    }
    if let Some(Webhook { url, .. }) = webhook {
        // The rest of the URL may hold a secret.
        let uri = url.parse::<Uri>().ok();
        row(out, "webhook", uri.as_ref().and_then(Uri::host).unwrap_or_default())?;
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
    let private = if backend.host.allows_private() { ", private addresses allowed" } else { "" };
    let proxy = backend.proxy.as_ref().map(|Proxy { host, port, tls, .. }| {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let host = host.as_str();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!(", through {scheme}://{host}:{port}")
    });
    let proxy = proxy.unwrap_or_default();
    let credential = if backend.credential.is_none() { ", shown no credential" } else { "" };
    let drained = match backend.on_disconnect {
        OnDisconnect::Estimate => String::new(),
        OnDisconnect::Drain(longest) => {
            format!(", read on for {longest:?} when its caller has gone")
        }
    };
    let parent = if backend.mode == Mode::Parent { ", a gateway" } else { "" };
    let region = backend.region.filter(|place| !place.is_global());
    let region = region.map_or_else(String::new, |place| format!(", in {}", place.name()));
    format!(
        "{name}: {schema} at {scheme}://{host}:{}{}{region}{parent}{proxy}{plaintext}{private}{credential}{drained}",
        origin.port, origin.prefix
    )
}

fn describe_dns(dns: &Dns) -> String {
    let joined = |names: Vec<String>| names.join(", ");
    let mut text = match &dns.servers {
        None => "the system's name servers".to_owned(),
        Some(servers) => joined(servers.iter().map(ToString::to_string).collect()),
    };
    if dns.dnssec != Dnssec::Off {
        text.push_str(", validated");
    }
    if let Some(allow) = &dns.allow {
        text.push_str(", only for ");
        text.push_str(&joined(allow.iter().map(ToString::to_string).collect()));
    }
    text
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
    let asked: Vec<&str> = route.models.iter().chain(&route.paths).map(String::as_str).collect();
    let held = route.regions.as_ref().map(|regions| format!(", in {}", access::places(regions)));
    format!("{} → {}{}", asked.join(", "), targets.join(", then "), held.unwrap_or_default())
}

fn describe_identity(directory: &Directory) -> Vec<String> {
    let unlisted = |unlisted| match unlisted {
        Unlisted::Allow => "whoever it names",
        Unlisted::Refuse => "of callers only",
    };
    let tokens = directory.issuers().iter().map(|issuer| {
        let Issuer { name, issuer: of, audiences, .. } = issuer;
        let audiences = audiences.join(" or ");
        format!("{name}: tokens of {of} for {audiences}, {}", unlisted(issuer.unlisted))
    });
    let certificates = directory.certificates().map(|it| {
        let domains = it.trust_domains.join(" or ");
        format!("mtls: certificates, SPIFFE IDs of {domains}, {}", unlisted(it.unlisted))
    });
    tokens.chain(certificates).collect()
}

fn describe_caller(caller: &Caller) -> String {
    let Caller { name, group, namespace, service_account, labels, .. } = caller;
    let plain =
        [("group ", group), ("namespace ", namespace), ("service account ", service_account)];
    let plain = plain.into_iter().filter(|(_, value)| !value.is_empty());
    let plain = plain.map(|(what, value)| format!("{what}{value}"));
    let labels = labels.iter().map(|(label, value)| format!("{label}={value}"));
    let more: Vec<String> = plain.chain(labels).collect();
    if more.is_empty() { name.clone() } else { format!("{name} ({})", more.join(", ")) }
}

fn describe_budget(budget: &Budget) -> String {
    let Budget {
        name,
        calls,
        per,
        limits,
        cached_tokens,
        on_exceeded,
        warn,
        per_call,
        grants,
        unknown_price,
    } = budget;
    let limits: Vec<String> = limits.iter().map(describe_limit).collect();
    let mut text = format!("{name}: {}{}", limits.join(" and "), scope(per));
    let mut add = |more: String| {
        text.push_str(", ");
        text.push_str(&more);
    };
    for (dimension, values) in &calls.0 {
        add(format!("of {dimension} {}", values.join(" or ")));
    }
    if !cached_tokens {
        add("cached input not counted".to_owned());
    }
    let Ceiling { cost, tokens } = per_call;
    let ceiling = [cost.map(Quantity::Usd), tokens.map(Quantity::Tokens)];
    for most in ceiling.into_iter().flatten() {
        add(format!("at most {most} a call"));
    }
    for Grant { of, quantity, until } in grants {
        let of = of.as_ref().map(|of| format!(" for {of}")).unwrap_or_default();
        let until = jiff::Timestamp::from_second(*until).unwrap_or(jiff::Timestamp::MAX);
        add(format!("{quantity} more{of} until {until}"));
    }
    if !warn.is_empty() {
        let shares: Vec<String> = warn.iter().map(|Percent(share)| format!("{share}%")).collect();
        add(format!("told at {}", shares.join(" and ")));
    }
    match on_exceeded {
        OnExceeded::Block => {}
        OnExceeded::Audit => add("only audited".to_owned()),
        OnExceeded::Downgrade(model) => add(format!("then {model}")),
    }
    match unknown_price {
        UnknownPrice::Refuse => {}
        UnknownPrice::Allow => add("models without a price allowed".to_owned()),
    }
    text
}

fn describe_limit(Limit { quantity, window }: &Limit) -> String {
    let text = window.to_string();
    match (window, text.strip_prefix("rolling ")) {
        (Window::Always, _) => quantity.to_string(),
        (_, Some(span)) => format!("{quantity} in any {span}"),
        (_, None) => format!("{quantity} per {text}"),
    }
}

fn describe_store(store: &StoreSettings) -> String {
    let StoreSettings { topology, tls, username: _, password: _, prefix, outage } = store;
    let at = match topology {
        Topology::Single(address) => address.clone(),
        Topology::Sentinel { addresses, primary } => {
            format!("primary {primary} of the sentinels {}", addresses.join(", "))
        }
        Topology::Cluster(addresses) => format!("the cluster of {}", addresses.join(", ")),
    };
    let tls = if tls.is_some() { "" } else { ", unencrypted" };
    let outage = match outage {
        Outage::Closed => "closed while it can't be reached".to_owned(),
        Outage::Open(Percent(share)) => {
            format!("open for {share}% of each limit while it can't be reached")
        }
    };
    format!("{at}{tls}, keys under {prefix}, {outage}")
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
