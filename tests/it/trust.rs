//! TLS toward providers: always verified, and no connection is shared across trust.

use crate::support::provider::{ROOT, arrived, simulate, start};
use crate::support::speak::{error, said};
use crate::support::{Authority, Config, Fault, Gateway, Provider, Running, Simulator, ask};

const GPT: &str = "gpt-4o-mini";

async fn fails(gateway: &Gateway, model: &str) {
    for surface in Provider::ALL {
        for stream in [false, true] {
            let answer = ask(gateway, surface, model, "x", stream).await;
            assert!(answer.status >= 500, "{model}: {} {}", answer.status, answer.text);
            assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
        }
    }
}

async fn works(gateway: &Gateway, model: &str) {
    let answer = ask(gateway, Provider::OpenAi, model, "x", false).await;
    assert_eq!(said(Provider::OpenAi, &answer, false), Some(format!("{GPT} here: x")));
}

fn to(backend: &str) -> String {
    format!("models: [{backend}], backends: [{{ backend: {backend}, model: {GPT} }}]")
}

/// What a backend may trust that the simulator is not, or does not show.
const STRICT: [(&str, &str); 5] = [
    ("wrong", "ca: wrong.pem"),
    ("system", "sni: localhost"),
    ("name", "ca: ca.pem, sni: other.example"),
    ("san", "ca: ca.pem, sans: ['dns:other.example']"),
    ("pin", "ca: ca.pem, pins: ['sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=']"),
];

/// One that speaks HTTP/1.1 alone, and one that speaks h2 as well.
async fn both_versions() -> [Running; 2] {
    let h1 = Simulator::new(Provider::OpenAi, "sk-x").http1_only();
    let h1 = start(h1.tls(ROOT.issue(&["localhost"]).unwrap())).await;
    [h1, simulate(Provider::OpenAi, "sk-x").await]
}

/// S-56: a connection that was verified under one trust is not there for a backend with another,
/// nor is its TLS session.
#[tokio::test]
async fn s_56_a_backend_of_other_trust_never_uses_the_connection_of_one_that_is_content() {
    for simulator in &both_versions().await {
        let config = Config::new();
        let wrong = Authority::new().unwrap();
        config.write("wrong.pem", wrong.ca_pem());
        let mut config = config.backend("right", simulator).route(&to("right"));
        for (name, tls) in STRICT {
            let tls = format!("tls: {{ {tls} }}");
            config = config.backend_with(name, simulator, &tls).route(&to(name));
        }
        let gateway = Gateway::start(config).await;
        // Before there is anything to share, with a connection in the pool, and with nothing but
        // a TLS session to resume.
        for leave in [false, true] {
            for (other, _) in STRICT {
                let before = arrived(simulator);
                fails(&gateway, other).await;
                assert_eq!(arrived(simulator), before);
                if leave {
                    simulator.script().next_n(1, [Fault::GoAway]);
                }
                works(&gateway, "right").await;
                fails(&gateway, other).await;
                assert_eq!(arrived(simulator), before + 1, "{other}");
            }
        }
        works(&gateway, "right").await;
    }
}

/// S-56: the same for one backend that comes to trust another.
#[tokio::test]
async fn s_56_once_a_backend_trusts_otherwise_its_connections_are_not_used() {
    for simulator in &both_versions().await {
        let config = Config::new();
        config.write("wrong.pem", Authority::new().unwrap().ca_pem());
        let content = "tls: { ca: ca.pem }";
        let config = config.backend_with("api", simulator, content).route(&to("api"));
        let gateway = Gateway::start(config).await;
        let good = gateway.config.text();
        let trust = async |tls: &str| {
            let text = good.replace(content, &format!("tls: {{ {tls} }}"));
            gateway.takes_over(|gateway| drop(gateway.config.write("egret.yaml", &text))).await;
        };
        works(&gateway, "api").await;
        for (_, tls) in STRICT {
            let before = arrived(simulator);
            trust(tls).await;
            fails(&gateway, "api").await;
            assert_eq!(arrived(simulator), before, "{tls}");
            trust("ca: ca.pem").await;
            works(&gateway, "api").await;
        }
    }
}

/// S-56: the same for client certificates.
#[tokio::test]
async fn s_56_a_client_certificate_is_shown_by_its_own_backend_only() {
    let callers = Authority::new().unwrap();
    let simulator = Simulator::new(Provider::OpenAi, "sk-x")
        .tls(ROOT.issue(&["localhost"]).unwrap())
        .client_ca(callers.ca_pem());
    let simulator = start(simulator).await;
    let config = Config::new();
    let (known, stranger) = (
        callers.issue_client("egret").unwrap(),
        Authority::new().unwrap().issue_client("egret").unwrap(),
    );
    config.write("shown-known.pem", &known.certificate_pem);
    config.write("shown-known.key", &known.key_pem);
    config.write("shown-stranger.pem", &stranger.certificate_pem);
    config.write("shown-stranger.key", &stranger.key_pem);
    let shows =
        |who| format!("tls: {{ ca: ca.pem, certificate: shown-{who}.pem, key: shown-{who}.key }}");
    let config = config
        .backend("plain", &simulator)
        .backend_with("known", &simulator, &shows("known"))
        .backend_with("stranger", &simulator, &shows("stranger"))
        .route(&to("plain"))
        .route(&to("known"))
        .route(&to("stranger"));
    let gateway = Gateway::start(config).await;
    for _ in 0..2 {
        fails(&gateway, "plain").await;
        fails(&gateway, "stranger").await;
        assert_eq!(ask(&gateway, Provider::OpenAi, "known", "x", false).await.status, 200);
    }
    fails(&gateway, "plain").await;
    fails(&gateway, "stranger").await;
    assert_eq!(arrived(&simulator), 2);
}

#[tokio::test]
async fn a_certificate_that_is_expired_misnamed_or_untrusted_is_refused() {
    let serve = |identity| start(Simulator::new(Provider::OpenAi, "sk-x").tls(identity));
    let bad: [(&str, Running); 3] = [
        ("expired", serve(ROOT.issue_expired(&["localhost"]).unwrap()).await),
        ("misnamed", serve(ROOT.issue(&["api.openai.com"]).unwrap()).await),
        ("untrusted", serve(Authority::new().unwrap().issue(&["localhost"]).unwrap()).await),
    ];
    let good = simulate(Provider::OpenAi, "sk-good").await;
    let config = Config::new().backend("good", &good).route(&to("good"));
    let config = bad
        .iter()
        .fold(config, |config, (name, simulator)| config.backend(name, simulator).route(&to(name)));
    let gateway = Gateway::start(config).await;
    for (name, simulator) in &bad {
        fails(&gateway, name).await;
        assert_eq!(simulator.counts().requests, 0, "{name}");
    }
    works(&gateway, "good").await;
}

/// A backend that the configuration wants plain is plain, and one that it wants over TLS never is.
#[tokio::test]
async fn tls_is_never_given_up() {
    let plain = start(Simulator::new(Provider::OpenAi, "sk-plain")).await;
    let port = plain.address().port();
    let tls = format!("url: 'https://localhost:{port}/v1', tls: {{ ca: ca.pem }}");
    let config = Config::new()
        .backend("plain", &plain)
        .backend_of("tls", &["schema: openai, credential: none".to_owned(), tls])
        .route(&to("plain"))
        .route(&to("tls"));
    let gateway = Gateway::start(config).await;
    works(&gateway, "plain").await;
    fails(&gateway, "tls").await;
    assert_eq!(arrived(&plain), 1);
}
