//! Backends behind an HTTP proxy: TLS goes through it from end to end, and it is told no more than
//! where to.

use crate::support::provider::{ROOT, arrived, simulate, start};
use crate::support::speak::said;
use crate::support::tunnel::{Manner, Tunnel};
use crate::support::{
    Authority, Config, Gateway, Provider, Running, Simulator, ask, free_port, until,
};

const GPT: &str = "gpt-4o-mini";
/// Nobody knows this name but the proxy.
const NAME: &str = "models.invalid";
const KEY: &str = "sk-canary-behind-a-proxy";
const USER: &str = "egret:canary-password";
/// The same as it goes over the wire.
const BASIC: &str = "Basic ZWdyZXQ6Y2FuYXJ5LXBhc3N3b3Jk";
const TOKEN: &str = "canary-token";

/// A provider that has the name.
async fn behind(http1: bool) -> Running {
    let simulator = Simulator::new(Provider::OpenAi, KEY).tls(ROOT.issue(&[NAME]).unwrap());
    start(if http1 { simulator.http1_only() } else { simulator }).await
}

/// The fields of a proxy.
fn fields(tunnel: &Tunnel, tls: bool, more: &str) -> String {
    let port = tunnel.address.port();
    let (scheme, how) =
        if tls { ("https", "tls: { ca: ca.pem }") } else { ("http", "plaintext: allowed") };
    format!("url: '{scheme}://localhost:{port}', {how}, allow_private: true{more}")
}

/// A configuration with a backend that only the proxy finds, and a route of its name to it.
fn through(config: Config, name: &str, simulator: &Running, proxy: &str, more: &str) -> Config {
    let key = config.write(&format!("{name}.key"), KEY);
    let patience = if more.contains("timeouts") { "" } else { "timeouts: { connect: 60s }" };
    let fields = [
        "schema: openai, tls: { ca: ca.pem }, allow_private: false".to_owned(),
        format!("url: 'https://{NAME}:{}/v1'", simulator.address().port()),
        format!("credential: {{ file: '{}' }}", key.display()),
        format!("proxy: {{ {proxy} }}"),
        patience.to_owned(),
        more.to_owned(),
    ];
    config.backend_of(name, &fields).route(&to(name))
}

fn to(backend: &str) -> String {
    format!("models: [{backend}], backends: [{{ backend: {backend}, model: {GPT} }}]")
}

async fn works(gateway: &Gateway, model: &str) {
    for stream in [false, true] {
        let answer = ask(gateway, Provider::OpenAi, model, "x", stream).await;
        let text = said(Provider::OpenAi, &answer, stream);
        assert_eq!(text, Some(format!("{GPT} here: x")), "{model}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_backend_is_reached_through_its_proxy_and_the_proxy_sees_where_to_and_no_more() {
    for tls in [false, true] {
        for http1 in [false, true] {
            for (scheme, secret, shown) in [
                ("", None, None),
                ("", Some(USER), Some(BASIC.to_owned())),
                (", scheme: bearer", Some(TOKEN), Some(format!("Bearer {TOKEN}"))),
            ] {
                let identity = tls.then(|| ROOT.issue(&["localhost"]).unwrap());
                let tunnel = Tunnel::start(shown.as_deref(), identity).await;
                tunnel.behave(Manner::Slow);
                let simulator = behind(http1).await;
                let config = Config::new();
                let file = config.write("proxy-secret", secret.unwrap_or("unused"));
                let credential = secret.map_or(String::new(), |_| {
                    format!(", credential: {{ file: '{}'{scheme} }}", file.display())
                });
                let proxy = fields(&tunnel, tls, &credential);
                let gateway = Gateway::start(through(config, "far", &simulator, &proxy, "")).await;
                for _ in 0..3 {
                    works(&gateway, "far").await;
                }

                let port = simulator.address().port();
                let asked = tunnel.asked();
                assert_eq!(asked.len(), 1, "one tunnel, for all requests");
                let shown = shown.map(|shown| format!("Proxy-Authorization: {shown}\r\n"));
                let shown = shown.unwrap_or_default();
                assert_eq!(
                    asked[0],
                    format!("CONNECT {NAME}:{port} HTTP/1.1\r\nHost: {NAME}:{port}\r\n{shown}\r\n")
                );
                let carried = tunnel.carried();
                assert_eq!(carried.len(), 1);
                assert_eq!(carried[0][..2], [0x16, 0x03], "a TLS handshake");
                for arrival in simulator.journal().read() {
                    assert_eq!(arrival.version, if http1 { "HTTP/1.1" } else { "HTTP/2.0" });
                    assert!(!arrival.headers.contains_key("proxy-authorization"));
                }
                let output = gateway.output();
                assert!(!output.contains("canary"), "{output}");
            }
        }
    }
}

/// Each way in which a proxy can say no, or nothing that makes sense.
#[tokio::test]
async fn a_proxy_that_does_not_lead_to_the_backend_is_a_failed_attempt_that_says_so() {
    // Much of it at once: on a busy machine what comes by and by does not come in time.
    let endless = format!("HTTP/1.1 200 canary\r\nX: {}", "canary ".repeat(1000));
    let refusals = [
        (Manner::Says("HTTP/1.1 403 Forbidden\r\n\r\ncanary".to_owned()), "(403)", 500),
        (Manner::Says("HTTP/1.1 503 canary\r\nX: canary\r\n\r\n".to_owned()), "answered 503", 500),
        (Manner::Says("HTTP/1.1 302 Found\r\nLocation: /canary\r\n\r\n".to_owned()), "302", 500),
        (Manner::Says("canary\r\n\r\n".to_owned()), "did not answer as a proxy does", 500),
        (Manner::Says(String::new()), "did not answer as a proxy does", 500),
        (Manner::Says("HTTP/1.1 200 OK\r\n\r\ncanary".to_owned()), "as a proxy does", 500),
        (Manner::Babbles(endless), "as a proxy does", 500),
        (Manner::Babbles("HTTP/1.1 100 canary\r\n\r\n".to_owned()), "in time", 504),
        (Manner::Silent, "in time", 504),
    ];
    let tunnel = Tunnel::start(None, None).await;
    let simulator = behind(false).await;
    let good = simulate(Provider::OpenAi, "sk-good").await;
    let proxy = fields(&tunnel, false, "");
    let config = Config::new().backend("good", &good);
    let mut config = through(config, "far", &simulator, &proxy, "");
    // Only where time must run out is there little of it.
    config = through(config, "hasty", &simulator, &proxy, "timeouts: { connect: 2s }");
    for name in ["far", "hasty"] {
        config = config.route(&format!(
            "models: [{name}-or-good], backends: [{{ backend: {name}, model: {GPT} }}, {{ backend: good, model: {GPT} }}]"
        ));
    }
    let gateway = Gateway::start(config).await;
    for (manner, message, status) in refusals {
        tunnel.behave(manner.clone());
        let (name, reason) =
            if status == 504 { ("hasty", "connect_timeout") } else { ("far", "proxy") };
        let failed = |metrics: crate::support::metrics::Metrics| {
            let labels = [format!("backend=\"{name}\""), format!("reason=\"{reason}\"")];
            metrics.count("egret_failovers_total", &labels.each_ref().map(String::as_str))
        };
        let before = failed(gateway.metrics().await);
        let answer = ask(&gateway, Provider::OpenAi, name, "x", false).await;
        assert_eq!(answer.status, status, "{manner:?}: {}", answer.text);
        assert!(answer.text.contains(message), "{manner:?}: {}", answer.text);
        assert!(!answer.text.contains("canary"), "{}", answer.text);
        let answer = ask(&gateway, Provider::OpenAi, &format!("{name}-or-good"), "x", false).await;
        assert_eq!(answer.header("x-egret-backend"), Some("good"), "{manner:?}");
        assert_eq!(failed(gateway.metrics().await), before + 1, "{manner:?}: {reason}");
        // A backend that keeps failing would be left alone.
        tunnel.behave(Manner::Honest);
        let is_served =
            || async { ask(&gateway, Provider::OpenAi, name, "x", false).await.status == 200 };
        until("it is asked again", is_served).await;
        // Its connection is of no use for what comes next.
        simulator.script().next_n(1, [crate::support::Fault::GoAway]);
        match name {
            "far" => assert!(is_served().await),
            _ => until("it takes its leave", is_served).await,
        }
    }
    assert!(!gateway.output().contains("canary"), "{}", gateway.output());
}

#[tokio::test]
async fn a_wrong_credential_is_told_as_such_and_a_rotated_one_taken_over() {
    let tunnel = Tunnel::start(Some(BASIC), None).await;
    let simulator = behind(false).await;
    let config = Config::new();
    let file = config.write("proxy-secret", "egret:canary-of-yesterday");
    let more = format!(", credential: {{ file: '{}' }}", file.display());
    let proxy = fields(&tunnel, false, &more);
    let gateway = Gateway::start(through(config, "far", &simulator, &proxy, "")).await;
    let answer = ask(&gateway, Provider::OpenAi, "far", "x", false).await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    assert!(answer.text.contains("wants a credential, or another one (407)"), "{}", answer.text);
    assert_eq!(arrived(&simulator), 0);
    gateway.config.write("proxy-secret", USER);
    until("the new credential is shown", || async {
        ask(&gateway, Provider::OpenAi, "far", "x", false).await.status == 200
    })
    .await;
    let output = gateway.output();
    assert!(!output.contains("canary"), "{output}");
}

/// S-56, and what a proxy could do who is on the way: it can't pose as the backend, and what went
/// through it is not used by backends that must not trust it.
#[tokio::test]
async fn s_56_a_proxy_is_trusted_with_nothing_but_the_way() {
    let identity = ROOT.issue(&["localhost"]).unwrap();
    let tunnel = Tunnel::start(None, Some(identity)).await;
    let simulator = behind(false).await;
    // What the proxy would like to be taken for the backend.
    let poses = Simulator::new(Provider::OpenAi, KEY);
    let poses = start(poses.tls(Authority::new().unwrap().issue(&[NAME]).unwrap())).await;
    let config = Config::new();
    config.write("wrong.pem", Authority::new().unwrap().ca_pem());
    let right = fields(&tunnel, true, "");
    let wrong = right.replace("ca: ca.pem", "ca: wrong.pem");
    let misnamed = right.replace("ca: ca.pem", "ca: ca.pem, sni: other.example");
    let config = through(config, "right", &simulator, &right, "");
    let config = through(config, "wrong", &simulator, &wrong, "");
    let config = through(config, "misnamed", &simulator, &misnamed, "");
    let config = through(config, "posing", &poses, &right, "");
    let gateway = Gateway::start(config).await;
    for _ in 0..2 {
        for (model, why) in [
            ("wrong", "is behind a proxy that has a certificate that no trusted CA signed"),
            ("misnamed", "is behind a proxy that has a certificate of another name"),
            ("posing", "`posing` has a certificate that no trusted CA signed"),
        ] {
            let before = arrived(&simulator) + arrived(&poses);
            let answer = ask(&gateway, Provider::OpenAi, model, "x", false).await;
            assert!(answer.text.contains(why), "{model}: {}", answer.text);
            assert_eq!(arrived(&simulator) + arrived(&poses), before);
        }
        works(&gateway, "right").await;
    }
}

#[tokio::test]
async fn what_no_proxy_names_goes_past_the_proxy_and_what_the_environment_says_counts_nowhere() {
    let near = simulate(Provider::OpenAi, KEY).await;
    let far = behind(false).await;
    let tunnel = Tunnel::start(None, None).await;
    let dead = format!("url: 'http://localhost:{}', allow_private: true", free_port());
    let config = Config::new().backend_with(
        "near",
        &near,
        &format!("allow_private: true, proxy: {{ {dead}, no_proxy: [localhost] }}"),
    );
    let config = through(config.route(&to("near")), "far", &far, &fields(&tunnel, false, ""), "");
    let config = through(config, "lost", &far, &dead, "");
    let elsewhere = format!("http://127.0.0.1:{}", free_port());
    let environment = [("HTTPS_PROXY", &*elsewhere), ("ALL_PROXY", &*elsewhere)];
    let gateway = Gateway::start_with(config, &environment).await;
    works(&gateway, "near").await;
    works(&gateway, "far").await;
    assert_eq!(tunnel.asked().len(), 1);
    let answer = ask(&gateway, Provider::OpenAi, "lost", "x", false).await;
    let why = "is behind a proxy that refused the connection";
    assert!(answer.text.contains(why), "{}", answer.text);
}
