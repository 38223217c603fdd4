//! What is admitted, against what it ought to be by a reading of the rules that is as plain as can
//! be (S-07, S-21, S-30).

use std::fmt::Write;
use std::sync::Arc;

use egret::admission::{self, Call, History, Rates, Rules, Uses, Who};
use egret::budget::estimate::{Estimator, Measured};
use egret::budget::{Ledger, SystemClock};
use egret::config::Source;
use egret::identity::Caller;
use egret::route::Health;
use egret::snapshot::Snapshot;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use providers::conversation::Served;
use providers::features::{Feature, Features};
use providers::translate::Billed;

const BACKENDS: [(&str, Option<&str>); 3] =
    [("frankfurt", Some("eu-central-1")), ("virginia", Some("us-east-1")), ("nowhere", None)];

/// A backend and the model that it is asked for.
type Target = (&'static str, Option<&'static str>);

/// Routes by the models that are asked for, and their targets.
const ROUTES: [(&str, &str, &[Target]); 2] = [
    ("wide", "m-*", &[("frankfurt", None), ("virginia", Some("n-1")), ("nowhere", None)]),
    ("alias", "x", &[("nowhere", Some("m-1")), ("frankfurt", Some("m-2")), ("virginia", None)]),
];

/// Places, and which of the backends are in them.
const PLACES: [(&str, &[&str]); 5] = [
    ("eu", &["frankfurt"]),
    ("de", &["frankfurt"]),
    ("eu-central-1", &["frankfurt"]),
    ("us", &["virginia"]),
    ("ch", &[]),
];

#[derive(Clone, Debug)]
struct Rule {
    namespace: Option<&'static str>,
    routes: Option<Vec<&'static str>>,
    backends: Option<Vec<&'static str>>,
    models: Option<Vec<&'static str>>,
    features: Option<Vec<Feature>>,
}

#[derive(Clone, Debug)]
struct Lock {
    namespace: Option<&'static str>,
    allow: Vec<(&'static str, &'static [&'static str])>,
}

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<&'static str>>> {
    proptest::option::of(subsequence(of, 1..=of.len()))
}

fn namespace() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(select(&["a", "b"][..]))
}

fn features() -> impl Strategy<Value = Vec<Feature>> {
    subsequence(Feature::ALL.to_vec(), 0..=5)
}

fn rule() -> impl Strategy<Value = Rule> {
    let lists = (
        some(&["wide", "alias"]),
        some(&["frankfurt", "virginia", "nowhere"]),
        some(&["m-1", "m-2", "n-1", "x"]),
    );
    (namespace(), lists, proptest::option::of(features())).prop_map(
        |(namespace, (routes, backends, models), features)| Rule {
            namespace,
            routes,
            backends,
            models,
            features,
        },
    )
}

fn lock() -> impl Strategy<Value = Lock> {
    (namespace(), subsequence(PLACES.to_vec(), 1..=3))
        .prop_map(|(namespace, allow)| Lock { namespace, allow })
}

fn config(rules: &[Rule], locks: &[Lock]) -> String {
    let mut text =
        "listeners: [{ address: 127.0.0.1:8080 }]\nledger: memory\nbackends:\n".to_owned();
    for (name, region) in BACKENDS {
        let region = region.map_or_else(String::new, |region| format!(", region: {region}"));
        writeln!(
            text,
            "  {name}: {{ schema: openai, url: 'https://h/v1', credential: none{region} }}"
        )
        .unwrap();
    }
    text += "routes:\n";
    for (name, model, targets) in ROUTES {
        let targets: Vec<String> = targets
            .iter()
            .map(|(backend, model)| {
                let model = model.map_or_else(String::new, |model| format!(", model: {model}"));
                format!("{{ backend: {backend}{model} }}")
            })
            .collect();
        let targets = targets.join(", ");
        writeln!(text, "  - {{ name: {name}, models: ['{model}'], backends: [{targets}] }}")
            .unwrap();
    }
    let matching = |namespace: Option<&str>| {
        namespace.map_or_else(String::new, |it| format!("match: {{ namespace: {it} }}, "))
    };
    text += "callers:\n";
    for namespace in ["a", "b"] {
        let key = format!("key: {{ file: {namespace}.key }}");
        writeln!(text, "  - {{ name: {namespace}, namespace: {namespace}, {key} }}").unwrap();
    }
    text += "access:\n";
    for Rule { namespace, routes, backends, models, features } in rules {
        write!(text, "  - {{ {}", matching(*namespace)).unwrap();
        for (key, list) in [("routes", routes), ("backends", backends), ("models", models)] {
            if let Some(list) = list {
                write!(text, "{key}: [{}], ", list.join(", ")).unwrap();
            }
        }
        if let Some(features) = features {
            let on: Vec<String> = features.iter().map(|f| format!("{}: true", f.name())).collect();
            write!(text, "features: {{ {} }}, ", on.join(", ")).unwrap();
        }
        text += "max_output_tokens: 100 }\n";
    }
    if !locks.is_empty() {
        text += "regions:\n";
    }
    for Lock { namespace, allow } in locks {
        let names: Vec<&str> = allow.iter().map(|(name, _)| *name).collect();
        writeln!(text, "  - {{ {}allow: [{}] }}", matching(*namespace), names.join(", ")).unwrap();
    }
    text
}

/// The attempts that a call may make.
fn expected(
    rules: &[Rule],
    locks: &[Lock],
    namespace: &str,
    asked: &str,
    uses: &[Feature],
) -> Vec<(String, String)> {
    let route = ROUTES.iter().find(|(_, pattern, _)| match pattern.strip_suffix('*') {
        Some(start) => asked.starts_with(start),
        None => asked == *pattern,
    });
    let Some((route, _, targets)) = route else { return Vec::new() };
    let fits = |wanted: Option<&str>| wanted.is_none_or(|wanted| wanted == namespace);
    let has = |list: &Option<Vec<&str>>, name: &str| {
        list.as_ref().is_none_or(|list| list.contains(&name))
    };
    let targets = targets.iter().map(|(backend, model)| (*backend, model.unwrap_or(asked)));
    let allowed = targets.filter(|(backend, model)| {
        let by_rule = rules.iter().any(|rule| {
            fits(rule.namespace)
                && has(&rule.routes, route)
                && has(&rule.backends, backend)
                && has(&rule.models, model)
                && rule.features.as_ref().is_none_or(|on| uses.iter().all(|f| on.contains(f)))
        });
        by_rule
            && locks
                .iter()
                .filter(|lock| fits(lock.namespace))
                .all(|lock| lock.allow.iter().any(|(_, inside)| inside.contains(backend)))
    });
    allowed.map(|(backend, model)| (backend.to_owned(), model.to_owned())).collect()
}

fn admitted(
    snapshot: &Snapshot,
    namespace: &str,
    asked: &str,
    uses: &[Feature],
) -> Result<Vec<(String, String)>, &'static str> {
    let ledger = Ledger::open(None, SystemClock).unwrap();
    let (health, rates, estimator) =
        (Health::default(), Rates::default(), Arc::new(Estimator::default()));
    let rules =
        Rules { snapshot, health: &health, rates: &rates, ledger: &ledger, estimator: &estimator };
    let who = Who::Known(Arc::new(Caller {
        namespace: namespace.to_owned(),
        ..Caller::named("c".to_owned())
    }));
    let features = uses.iter().fold(Features::NONE, |all, feature| all.with(*feature));
    let call = Call {
        model: asked,
        request: Measured::of(b"{}"),
        billed: Billed::Turn { output_limit: None, candidates: 1 },
        served: Served::default(),
        least_output: 0,
        uses: Uses { features, ..Uses::default() },
    };
    let grant = admission::admit(rules, &who, call, 0, &mut History::default());
    let attempts = grant.map_err(|denial| denial.reason)?.attempts;
    let name = |it: &admission::Attempt| (it.backend().name.clone(), it.model().to_owned());
    Ok(attempts.iter().map(name).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn s_07_what_is_admitted_is_what_the_rules_say(
        rules in proptest::collection::vec(rule(), 1..4),
        locks in proptest::collection::vec(lock(), 0..3),
        calls in proptest::collection::vec(
            (select(&["a", "b", "c"][..]), select(&["m-1", "m-2", "m-3", "x", "X", "M-1", "x ", "n-1"][..]), features()),
            1..12,
        ),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("egret.yaml");
        let text = config(&rules, &locks);
        std::fs::write(&path, &text).unwrap();
        for namespace in ["a", "b"] {
            std::fs::write(directory.path().join(format!("{namespace}.key")), namespace).unwrap();
        }
        let snapshot = Source::File(path).load();
        let snapshot = snapshot.unwrap_or_else(|error| panic!("{error}\n{text}"));
        for (namespace, asked, uses) in calls {
            let found = admitted(&snapshot, namespace, asked, &uses);
            let expected = expected(&rules, &locks, namespace, asked, &uses);
            match found {
                Ok(attempts) => prop_assert_eq!(attempts, expected, "{} {}", asked, text),
                Err(reason) => {
                    prop_assert!(expected.is_empty(), "{} {} {}", reason, asked, text);
                    prop_assert!(["access", "region", "no_route"].contains(&reason));
                }
            }
        }
    }
}
