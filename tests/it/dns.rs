//! The gateway between callers and a name server that lies. What the resolver makes of answers is
//! in `resolver/`; this is what requests see of it.

use hickory_proto::op::ResponseCode;
use serde_json::Value;

use crate::support::dns::{NameServer, code, silence};
use crate::support::provider::{arrived, simulate};
use crate::support::speak::{error, said};
use crate::support::{Config, Gateway, Provider, Running, ask, until};

const GPT: &str = "gpt-4o-mini";
const API: &str = "api.models.example";

/// A backend of its own model, at this simulator by name.
fn backend(config: Config, name: &str, host: &str, simulator: &Running, more: &str) -> Config {
    let key = config.write(&format!("{name}.key"), simulator.credential());
    let fields = [
        format!("schema: openai, credential: {{ file: '{}' }}", key.display()),
        format!("url: 'https://{host}:{}/v1'", simulator.address().port()),
        "tls: { ca: ca.pem, sni: localhost }, timeouts: { connect: 60s }".to_owned(),
        more.to_owned(),
    ];
    let route = format!("models: [{name}], backends: [{{ backend: {name}, model: {GPT} }}]");
    config.backend_of(name, &fields).route(&route)
}

/// Asked again soon, for as long as it takes on a busy machine.
fn section(dns: &NameServer, more: &str) -> String {
    let url = dns.url();
    format!("dns: {{ servers: ['{url}'], min_ttl: 50ms, max_ttl: 100ms, timeout: 20s{more} }}")
}

async fn works(gateway: &Gateway, model: &str) {
    let answer = ask(gateway, Provider::OpenAi, model, "x", false).await;
    assert_eq!(said(Provider::OpenAi, &answer, false), Some(format!("{GPT} here: x")));
}

async fn fails(gateway: &Gateway, model: &str) {
    for surface in Provider::ALL {
        let answer = ask(gateway, surface, model, "x", false).await;
        assert!(answer.status >= 500, "{model}: {} {}", answer.status, answer.text);
        assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
    }
}

/// What callers and the access log are told of a model that can't be had, and nobody has asked for.
async fn refusal(gateway: &Gateway, model: &str) -> String {
    let logged = || -> Vec<Value> {
        let output = gateway.output();
        let lines = output.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &Value| line["model"] == model).collect()
    };
    let mut told = None;
    for (before, surface) in Provider::ALL.into_iter().enumerate() {
        let answer = ask(gateway, surface, model, "x", false).await;
        assert!(answer.status >= 500, "{model}: {} {}", answer.status, answer.text);
        let said = error(surface, &answer.json()).unwrap();
        until("the access log has it", || async { logged().len() > before }).await;
        let line = logged().pop().unwrap();
        assert_eq!((line["reason"].as_str(), line["error"].as_str()), (Some("dns"), Some(&*said)));
        assert_eq!(told.get_or_insert_with(|| said.clone()), &said);
    }
    told.unwrap()
}

/// What `/dns` says of a name.
async fn status(gateway: &Gateway, host: &str, allow_private: bool) -> Value {
    let (code, text) = gateway.admin("/dns").await.unwrap();
    assert_eq!(code, 200);
    let told: Value = serde_json::from_str(&text).unwrap();
    let names = told["names"].as_array().unwrap();
    let fits = |it: &&Value| it["name"] == host && it["allow_private"] == allow_private;
    names.iter().find(fits).cloned().unwrap_or_default()
}

/// S-35: a name leads inside, and nobody is dialled there; who may go there does, by the same name.
#[tokio::test]
async fn s_35_nobody_is_dialled_inside_unless_the_backend_says_so() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let dns = NameServer::start().await;
    dns.point(API, 60, &["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"]);
    let config = Config::new().with(&section(&dns, ""));
    let config = backend(config, "strict", API, &simulator, "allow_private: false");
    let config = backend(config, "inside", API, &simulator, "allow_private: true");
    let gateway = Gateway::start(config).await;
    assert_eq!(
        refusal(&gateway, "strict").await,
        "backend `strict` has no address that may be dialled"
    );
    assert_eq!(simulator.counts().connections, 0, "somebody connected");
    works(&gateway, "inside").await;
    fails(&gateway, "strict").await;
    assert_eq!(arrived(&simulator), 1);

    let strict = status(&gateway, API, false).await;
    assert_eq!(strict["addresses"], serde_json::json!([]));
    assert_eq!(strict["error"], "no address that it has may be used");
    assert!(strict["refused"].to_string().contains("127.0.0.1 is this machine"), "{strict}");
    let inside = status(&gateway, API, true).await;
    assert!(inside["addresses"].to_string().contains("\"127.0.0.1\""), "{inside}");
    assert_eq!((&inside["error"], &inside["stale"]), (&Value::Null, &Value::Bool(false)));

    let metrics = gateway.metrics().await;
    let name = format!("name=\"{API}\"");
    for (private, kind) in [("false", "loopback"), ("false", "metadata"), ("true", "metadata")] {
        let labels = [&*name, &format!("allow_private=\"{private}\""), &format!("kind=\"{kind}\"")];
        assert!(metrics.count("egret_dns_refused_addresses_total", &labels) > 0, "{labels:?}");
    }
    let lookups = |labels: &[&str]| metrics.count("egret_dns_lookups_total", labels);
    assert!(lookups(&[&name, "allow_private=\"true\"", "result=\"ok\""]) > 0);
    assert!(lookups(&[&name, "allow_private=\"false\"", "result=\"refused\""]) > 0);
    assert_eq!(lookups(&[&name, "allow_private=\"false\"", "result=\"ok\""]), 0);
    assert!(gateway.output().contains("refused what a name server says"));
}

/// S-35: a name that is rebound under way, to where not even private backends may be.
#[tokio::test]
async fn s_35_a_rebound_name_is_served_from_its_last_addresses_and_then_not_at_all() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let dns = NameServer::start().await;
    dns.point(API, 60, &["127.0.0.1"]);
    let config = Config::new().with(&section(&dns, ", stale: 3s"));
    let gateway = Gateway::start(backend(config, "api", API, &simulator, "")).await;
    works(&gateway, "api").await;
    dns.point(API, 60, &["169.254.169.254", "0.0.0.0"]);
    until("refused", || async { !status(&gateway, API, true).await["error"].is_null() }).await;
    until("too old", || async { status(&gateway, API, true).await["usable"] == 0.0 }).await;
    fails(&gateway, "api").await;
    dns.point(API, 60, &["127.0.0.1"]);
    until("good again", || async { status(&gateway, API, true).await["error"].is_null() }).await;
    works(&gateway, "api").await;
}

/// The first request waits for the first answer.
#[tokio::test]
async fn a_request_waits_for_an_answer_that_is_late() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let dns = NameServer::start().await;
    dns.point(API, 60, &["127.0.0.1"]);
    dns.silent(true);
    let config = Config::new().with(&section(&dns, ", attempts: 3"));
    let gateway = Gateway::start(backend(config, "api", API, &simulator, "")).await;
    let request = works(&gateway, "api");
    let late = async {
        until("it is asked for", || async { dns.asked(API) > 0 }).await;
        assert_eq!(arrived(&simulator), 0);
        dns.silent(false);
    };
    tokio::join!(request, late);
    assert_eq!(arrived(&simulator), 1);
}

/// A backend whose name can't be resolved fails over like any other.
#[tokio::test]
async fn a_name_that_can_not_be_resolved_fails_over() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let dns = NameServer::start().await;
    dns.point(API, 60, &["127.0.0.1"]);
    let bad = [("gone", code(ResponseCode::NXDomain)), ("broken", code(ResponseCode::ServFail))];
    let mut config = Config::new().with(&section(&dns, ""));
    config = backend(config, "good", API, &simulator, "");
    for (name, reply) in &bad {
        let host = format!("{name}.example");
        dns.always(&host, reply);
        config = backend(config, name, &host, &simulator, "").route(&format!(
            "models: [via-{name}], backends: [{{ backend: {name}, model: {GPT} }}, \
             {{ backend: good, model: {GPT} }}]"
        ));
    }
    let gateway = Gateway::start(config).await;
    for (name, why) in [("gone", "there is no such name"), ("broken", "the name server failed")] {
        // A lookup may end by the time first, on a busy machine.
        let known = || async {
            let told = status(&gateway, &format!("{name}.example"), true).await;
            told["error"].as_str().is_some_and(|error| error.starts_with(why))
        };
        until("it is known why", known).await;
        assert_eq!(
            refusal(&gateway, name).await,
            format!("backend `{name}` has a name that can't be resolved: {why}")
        );
        works(&gateway, &format!("via-{name}")).await;
    }
    let metrics = gateway.metrics().await;
    assert!(metrics.count("egret_failovers_total", &["reason=\"dns\""]) >= 2);
}

/// Another name server, told by a reload.
#[tokio::test]
async fn a_reload_changes_the_name_server() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let (first, second) = (NameServer::start().await, NameServer::start().await);
    first.always(API, &silence());
    second.point(API, 60, &["127.0.0.1"]);
    let text = |dns: &NameServer| {
        let config = Config::new().with(&section(dns, ""));
        backend(config, "api", API, &simulator, "")
    };
    let gateway = Gateway::start(text(&first)).await;
    until("the first is asked", || async { first.asked(API) > 0 }).await;
    let old = gateway.config.text();
    gateway.config.write("egret.yaml", &old.replace(&first.url(), &second.url()));
    gateway.signal("HUP");
    works(&gateway, "api").await;
    assert!(second.asked(API) > 0);
}
