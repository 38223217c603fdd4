//! Good configurations, and what they mean.

mod backend;
mod dns;
mod reference;
mod tls;

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderValue};
use providers::Schema;

use super::{environment, files, load};
use crate::config::environment::config;
use crate::credential::CallerKey;
use crate::snapshot::{Callers, Snapshot};

fn good(text: &str, directory: &Path) -> Snapshot {
    load(text, directory).unwrap_or_else(|error| panic!("{error}"))
}

/// A configuration with one backend, described by `backend`.
fn one(backend: &str, directory: &Path) -> Snapshot {
    let text = format!(
        "listeners: [{{ address: 127.0.0.1:8080 }}]\nbackends: {{ a: {{ {backend} }} }}\n\
         routes: [{{ models: [m], backends: [a] }}]\n"
    );
    good(&text, directory)
}

#[test]
fn the_short_configuration_means_what_it_says() {
    let text = include_str!("../../../conf/egret.yaml");
    assert!(text.lines().count() <= 25);
    let snapshot = good(text, Path::new("conf"));
    let names: Vec<&str> = snapshot.backends.iter().map(|backend| backend.name.as_str()).collect();
    assert_eq!(names, ["openai", "claude", "gemini"]);
    let [.., assistant] = &*snapshot.routes else { panic!() };
    assert_eq!(assistant.name, "assistant");
    let targets: Vec<_> = assistant
        .targets
        .iter()
        .map(|target| (target.backend.name.as_str(), target.model.as_deref(), target.weight))
        .collect();
    assert_eq!(
        targets,
        [("claude", Some("claude-sonnet-5"), None), ("openai", Some("gpt-5.4"), None)]
    );
    assert_eq!(snapshot.gateway, "egret");
    assert_eq!(snapshot.admin, "127.0.0.1:9090".parse().unwrap());
    assert_eq!(snapshot.ledger, Some(PathBuf::from("/state/egret.ledger")));
    assert_eq!(snapshot.budgets.len(), 1);
    assert_eq!(snapshot.limits.body_bytes, 32 << 20);
}

#[test]
fn the_admin_listener_may_say_no_more_than_its_token() {
    let directory = files();
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
                admin: { token: { env: EGRET_ADMIN_TOKEN } }\n\
                backends: { openai: { schema: openai, credential: none } }\n\
                routes: [{ models: ['*'], backends: [openai] }]\n";
    let snapshot = good(text, directory.path());
    assert_eq!(snapshot.admin, "127.0.0.1:9090".parse().unwrap());
    let token = snapshot.admin_token.unwrap();
    assert_eq!(token.current().expose(), b"token-of-admin");
}

#[test]
fn callers_are_known_by_their_keys() {
    let snapshot = good(include_str!("../../../conf/examples/budgets.yaml"), Path::new("conf"));
    let who = |key: &'static str| {
        let headers =
            HeaderMap::from_iter([("x-api-key".parse().unwrap(), HeaderValue::from_static(key))]);
        let key = CallerKey::of(&headers, None).unwrap().unwrap();
        let directory = snapshot.callers.directory().unwrap();
        directory.by_key(&key).map(|caller| caller.name.clone())
    };
    assert_eq!(who("key-of-checkout").as_deref(), Some("checkout"));
    assert_eq!(who("key-of-research").as_deref(), Some("research"));
    assert_eq!(who("key-of-checkou"), None);
    assert_eq!(who("sk-openai"), None);
}

#[test]
fn a_listener_on_loopback_needs_no_callers() {
    let snapshot = good(include_str!("../../../conf/examples/failover.yaml"), Path::new("conf"));
    assert!(matches!(snapshot.callers, Callers::Anyone));
}

#[test]
fn every_example_loads() {
    let directory = tempfile::tempdir().unwrap();
    fs::rename(files().keep(), directory.path().join("secrets")).unwrap();
    fs::write(directory.path().join("secrets/models.key"), "sk-models").unwrap();
    fs::copy(directory.path().join("secrets/ca.pem"), directory.path().join("ca.pem")).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/examples");
    let mut loaded = 0;
    for example in fs::read_dir(examples).unwrap() {
        good(&fs::read_to_string(example.unwrap().path()).unwrap(), directory.path());
        loaded += 1;
    }
    assert!(loaded >= 3);
}

#[test]
fn without_a_file_the_environment_says_which_providers_there_are() {
    let text = config(&environment).unwrap();
    let snapshot = good(&text, Path::new(""));
    let routes: Vec<String> = snapshot
        .routes
        .iter()
        .map(|route| format!("{} {}", route.models.join(" "), route.targets[0].backend.name))
        .collect();
    assert_eq!(routes, ["gpt-* o* chatgpt-* openai", "claude-* claude", "gemini-* gemini"]);
    assert!(snapshot.listeners.iter().all(|listener| listener.address.ip().is_loopback()));
    assert!(matches!(snapshot.callers, Callers::Anyone));

    let google = |name: &str| (name == "GOOGLE_API_KEY").then(|| "k".into());
    assert!(config(&google).unwrap().contains("env: GOOGLE_API_KEY"));
    assert!(config(&|_| None).unwrap_err().contains("export the key of a provider"));
    assert!(config(&|name| (name == "OPENAI_API_KEY").then(Default::default)).is_err());
    let spaced = config(&|name| (name == "OPENAI_API_KEY").then(|| "sk live".into()));
    let error = spaced.unwrap_err();
    assert!(error.starts_with("OPENAI_API_KEY: ") && !error.contains("sk live"), "{error}");
}

#[test]
fn what_an_operator_knows_of_a_model_goes_before_the_catalogue() {
    let directory = files();
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
                backends: { openai: { schema: openai, credential: none } }\n\
                routes: [{ models: ['*'], backends: [openai] }]\n\
                models:\n  \
                - { match: 'GPT-5*', schema: openai, max_output_tokens: 77, stop: true, \
                    on_responses: { stop: false } }\n";
    let snapshot = good(text, directory.path());
    let terms = snapshot.terms(&snapshot.backends[0], "gpt-5.4-mini");
    let (chat, responses) =
        (terms.capabilities(Schema::Chat), terms.capabilities(Schema::Responses));
    assert_eq!((chat.max_output_tokens, chat.stop), (77, true));
    assert_eq!((responses.max_output_tokens, responses.stop), (77, false));
    assert!(!chat.legacy_openai, "the catalogue's word holds where nothing else is said");
    let other = snapshot.terms(&snapshot.backends[0], "gpt-4o");
    assert_ne!(other.capabilities.max_output_tokens, 77);
}
