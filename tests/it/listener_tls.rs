//! TLS toward callers: what is spoken, what is shown, and how that changes while Egret runs.

use std::sync::Arc;

use egret::simulator::{Authority, Provider};
use reqwest::Version;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, HandshakeKind, ProtocolVersion, SupportedProtocolVersion,
};

use crate::support::frames::PREFACE;
use crate::support::provider::{ROOT, arrived, model, simulate};
use crate::support::raw::post;
use crate::support::speak::{body, path, send};
use crate::support::wire::{by_tls, client_config};
use crate::support::{Answer, Config, Gateway, patiently, until};

/// A client that trusts the tests' CA, and knows the gateway by name.
pub fn client(gateway: &Gateway, ca_pem: &str) -> reqwest::ClientBuilder {
    let ca = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    reqwest::Client::builder()
        .timeout(crate::support::PATIENCE)
        .no_proxy()
        .tls_certs_only([ca])
        .resolve("localhost", gateway.address())
}

/// Asks over TLS.
pub async fn ask(gateway: &Gateway, client: &reqwest::Client) -> reqwest::Result<Answer> {
    let provider = Provider::OpenAi;
    let url = format!("https://localhost:{}{}", gateway.config.port, path(provider, "", false));
    let asked = client
        .post(url)
        .header("content-type", "application/json")
        .body(body(provider, model(provider), "hello", false).to_string());
    crate::support::speak::try_send(asked).await
}

/// A connection by TLS of this version, which offers these protocols.
async fn connect(
    gateway: &Gateway,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    by_tls(gateway.address(), &client_config(versions, protocols, None)).await
}

/// Connects twice, with an answer in between that brings whatever lets sessions be resumed; how the
/// second handshake was.
pub async fn second_handshake(gateway: &Gateway, how: &Arc<ClientConfig>) -> HandshakeKind {
    let mut first = by_tls(gateway.address(), how).await.unwrap();
    let request = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    first.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // It may end without saying so.
    let _ = patiently(first.read_to_end(&mut answer)).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    let second = by_tls(gateway.address(), how).await.unwrap();
    second.get_ref().1.handshake_kind().unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    let h2 = client(&gateway, ROOT.ca_pem()).build().unwrap();
    let h1 = client(&gateway, ROOT.ca_pem()).http1_only().build().unwrap();
    for (client, version) in [(&h2, Version::HTTP_2), (&h1, Version::HTTP_11)] {
        for _ in 0..3 {
            let answer = ask(&gateway, client).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let url = format!("https://localhost:{}/v1/models", gateway.config.port);
        assert_eq!(client.get(url).send().await.unwrap().version(), version);
    }
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_tls_handshakes_total", &["result=\"ok\""]), 2);
}

#[tokio::test]
async fn what_is_not_tls_is_closed_and_harms_nobody() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    for garbage in [
        &b"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\xff\xff\x01",
        &[0; 400],
        &[0x16; 70_000],
    ] {
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        // It may be closed before all of it is written.
        let _ = stream.write_all(garbage).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = patiently(stream.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"HTTP/"), "an answer in plaintext");
    }
    let client = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &client).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_oldest_version_is_held() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let config = Config::serving(&[&simulator]).secured(", min_version: '1.3'");
    let gateway = Gateway::start(config).await;
    assert!(connect(&gateway, &[&TLS12], &[]).await.is_err());
    let new = connect(&gateway, &[&TLS13, &TLS12], &["h2"]).await.unwrap();
    assert_eq!(new.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    drop(new);
    until("the old one's refusal is counted", async || {
        let metrics = gateway.metrics().await;
        metrics.count("egret_tls_handshakes_total", &["result=\"incompatible\""]) == 1
    })
    .await;

    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    let old = connect(&gateway, &[&TLS12], &["http/1.1"]).await.unwrap();
    assert_eq!(old.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    // A protocol that is not spoken is refused, not guessed (RFC 7301, section 3.2).
    assert!(connect(&gateway, &[&TLS13], &["spdy/3"]).await.is_err());
    let client = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &client).await.unwrap().status, 200);
}

#[tokio::test]
async fn sessions_are_resumed_where_nobody_shows_a_certificate() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    for version in [&TLS12, &TLS13] {
        let how = client_config(&[version], &["http/1.1"], None);
        assert_eq!(second_handshake(&gateway, &how).await, HandshakeKind::Resumed);
    }
}

/// S-33: whoever does not shake hands, or then says nothing, is left.
#[tokio::test]
async fn s_33_a_handshake_has_an_end() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    let mut silent = TcpStream::connect(gateway.address()).await.unwrap();
    let mut half = TcpStream::connect(gateway.address()).await.unwrap();
    half.write_all(b"\x16\x03\x01\x02").await.unwrap();
    for stream in [&mut silent, &mut half] {
        assert_eq!(patiently(stream.read(&mut [0; 16])).await.unwrap_or(0), 0);
    }
    until("both are counted", async || {
        let metrics = gateway.metrics().await;
        metrics.count("egret_tls_handshakes_total", &["result=\"late\""]) == 2
    })
    .await;
    let client = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &client).await.unwrap().status, 200);
}

#[tokio::test]
async fn h1_by_tls_is_read_piece_by_piece() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    let mut stream = connect(&gateway, &[&TLS13], &["http/1.1"]).await.unwrap();
    let provider = Provider::OpenAi;
    let body = body(provider, model(provider), "hello", false).to_string();
    let request = post(&path(provider, "", false), "", &body);
    for _ in 0..2 {
        for piece in request.as_bytes().chunks(7) {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut piece = [0; 4096];
            let read = patiently(stream.read(&mut piece)).await.unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..read]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}

/// S-04: what the handshake has agreed on is what is read, whatever the first bytes look like.
#[tokio::test]
async fn s_04_nothing_is_read_but_what_was_agreed_on() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    let provider = Provider::OpenAi;
    let attack = body(provider, model(provider), "attack", false).to_string();
    let h1 = post(&path(provider, "", false), "", &attack);
    let h2 = [PREFACE, h1.as_bytes()].concat();
    let cases = [("http/1.1", &h2[..]), ("h2", h1.as_bytes()), ("h2", &h2)];
    for (agreed, said) in cases {
        let mut stream = connect(&gateway, &[&TLS13], &[agreed]).await.unwrap();
        // It may be closed before all of it is written, and without a word.
        let _ = stream.write_all(said).await;
        let mut answer = Vec::new();
        let _ = patiently(stream.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{agreed}");
    }
    assert_eq!(arrived(&simulator), 0);
    let client = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &client).await.unwrap().status, 200);
}

#[tokio::test]
async fn certificates_are_replaced_while_it_runs() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(Config::serving(&[&simulator]).secured("")).await;
    let old = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &old).await.unwrap().status, 200);

    // Files that can't be used change nothing, and that is said.
    let failed = "result=\"failed\"";
    gateway.config.write("tls.crt", "garbage");
    until("the reload failed", async || {
        gateway.metrics().await.count("egret_config_reloads_total", &[failed]) > 0
    })
    .await;
    let fresh = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &fresh).await.unwrap().status, 200);
    assert!(gateway.output().contains("the file holds no certificate"));

    // Another CA's: new connections see it, and the old one goes on.
    let other = Authority::new().unwrap();
    let identity = other.issue(&["localhost"]).unwrap();
    gateway.config.write("tls.key", &identity.key_pem);
    gateway.config.write("tls.crt", &identity.certificate_pem);
    until("the new certificate is shown", async || {
        let fresh = client(&gateway, other.ca_pem()).build().unwrap();
        ask(&gateway, &fresh).await.is_ok_and(|answer| answer.status == 200)
    })
    .await;
    let fresh = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert!(ask(&gateway, &fresh).await.is_err(), "the old certificate is still shown");
    assert_eq!(ask(&gateway, &old).await.unwrap().status, 200, "an open connection was cut");
}

/// Listeners in plaintext and by TLS, side by side, are not taken for each other.
#[tokio::test]
async fn a_gateway_listens_in_plaintext_and_by_tls() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let plain = crate::support::free_port();
    let mut config = Config::serving(&[&simulator]).secured("");
    config.listener_more += &format!(" }}, {{ address: 127.0.0.1:{plain}");
    let gateway = Gateway::start(config).await;
    let secure = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &secure).await.unwrap().status, 200);
    let url = |scheme: &str, port: u16| format!("{scheme}://localhost:{port}/v1/models");
    let listed = |url: String| send(gateway.client.get(url));
    assert_eq!(listed(url("http", plain)).await.status, 200);
    assert!(gateway.client.get(url("http", gateway.config.port)).send().await.is_err());
    let wrong = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert!(wrong.get(url("https", plain)).send().await.is_err());
}
