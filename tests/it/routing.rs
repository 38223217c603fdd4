//! Which route serves a model, and in which order its targets are tried.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egret::credential::Credential;
use egret::resolve::Host;
use egret::route::{Health, candidates, find};
use egret::snapshot::{
    Backend, HttpVersions, Mode, OnDisconnect, Origin, Route, RouteTarget, Timeouts,
};
use providers::Schema;
use providers::translate::Leeway;
use providers::vendor::{Parameters, Vendor};

fn backend(name: &str) -> Arc<Backend> {
    let second = Duration::from_secs(1);
    Arc::new(Backend {
        name: name.to_owned(),
        vendor: Vendor::of(Schema::Chat).unwrap(),
        seller: None,
        paths: Vendor::of(Schema::Chat).unwrap().paths(&Parameters::default()).unwrap(),
        schema: Schema::Chat,
        spoken: vec![Schema::Chat],
        origin: Origin { host: "localhost".to_owned(), port: 1, prefix: String::new() },
        mode: Mode::Endpoint,
        deployed: false,
        region: None,
        has_inference_profiles: false,
        host: Host::new("localhost", true),
        credential: Credential::none(),
        tls: None,
        timeouts: Timeouts { connect: second, first_byte: second, idle: second },
        legacy_openai: false,
        http: HttpVersions::Auto,
        on_disconnect: OnDisconnect::default(),
        proxy: None,
        group_key: 0,
    })
}

fn route(models: &[&str], targets: &[(&str, Option<u32>)]) -> Arc<Route> {
    let targets = targets.iter().map(|(name, weight)| RouteTarget {
        backend: backend(name),
        model: None,
        weight: *weight,
    });
    Arc::new(Route {
        name: models[0].to_owned(),
        paths: Vec::new(),
        leeway: Leeway::default(),
        regions: None,
        models: models.iter().map(|&model| model.to_owned()).collect(),
        targets: targets.collect(),
    })
}

fn order(route: &Route, health: &Health, draw: u64) -> Vec<String> {
    let found = candidates(route, health, draw, Instant::now());
    found.into_iter().map(|target| target.backend.name.clone()).collect()
}

#[test]
fn the_most_specific_pattern_wins_then_the_first() {
    let routes = [
        route(&["*"], &[("a", None)]),
        route(&["gpt-*"], &[("a", None)]),
        route(&["gpt-4o*", "o1"], &[("a", None)]),
        route(&["gpt-*o"], &[("a", None)]),
        route(&["gpt-4o"], &[("a", None)]),
    ];
    for (model, expected) in [
        ("gpt-4o", Some("gpt-4o")),
        ("gpt-4o-mini", Some("gpt-4o*")),
        ("o1", Some("gpt-4o*")),
        ("gpt-5o", Some("gpt-*o")),
        ("gpt-5", Some("gpt-*")),
        ("other", Some("*")),
        ("no pattern", None),
    ] {
        assert_eq!(find(&routes, model).map(|route| &*route.name), expected, "{model}");
    }
}

#[test]
fn targets_without_weights_are_tried_as_written_and_the_ill_last() {
    let route = route(&["m"], &[("a", None), ("b", None), ("c", None)]);
    let health = Health::default();
    for draw in 0..10 {
        assert_eq!(order(&route, &health, draw), ["a", "b", "c"]);
    }
    health.rest("a", Duration::from_secs(60), Instant::now());
    assert_eq!(order(&route, &health, 0), ["b", "c", "a"]);
}

#[test]
fn weights_share_the_first_place_and_fallbacks_never_have_it() {
    let route = route(&["m"], &[("spare", None), ("one", Some(1)), ("three", Some(3))]);
    let health = Health::default();
    let mut first = HashMap::new();
    for draw in 0..400 {
        let order = order(&route, &health, draw);
        assert_eq!(order.last().map(String::as_str), Some("spare"));
        *first.entry(order[0].clone()).or_insert(0) += 1;
    }
    assert_eq!(first, HashMap::from([("one".to_owned(), 100), ("three".to_owned(), 300)]));

    health.rest("three", Duration::from_secs(60), Instant::now());
    assert_eq!(order(&route, &health, 3), ["one", "spare", "three"]);
}
