//! TLS toward callers: what is spoken, what is shown, and how that changes while Egret runs.

use std::sync::Arc;

use egret::simulator::{Authority, Provider};
use reqwest::Version;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};

use crate::support::provider::{ROOT, model, simulate};
use crate::support::speak::{body, path, send};
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

/// A configuration whose listener shows a certificate of the tests' CA.
pub fn secured(config: Config, more: &str) -> Config {
    let identity = ROOT.issue(&["localhost"]).unwrap();
    config.write("tls.crt", &identity.certificate_pem);
    config.write("tls.key", &identity.key_pem);
    let mut config = config;
    config.listener_more = format!(", tls: {{ certificate: tls.crt, key: tls.key{more} }}");
    config
}

/// A connection by TLS of this version, which offers these protocols.
async fn connect(
    gateway: &Gateway,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ROOT.ca_pem().as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(gateway.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(secured(Config::serving(&[&simulator]), "")).await;
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
    let gateway = Gateway::start(secured(Config::serving(&[&simulator]), "")).await;
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
    let config = secured(Config::serving(&[&simulator]), ", min_version: '1.3'");
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

    let gateway = Gateway::start(secured(Config::serving(&[&simulator]), "")).await;
    let old = connect(&gateway, &[&TLS12], &["http/1.1"]).await.unwrap();
    assert_eq!(old.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    // A protocol that is not spoken is refused, not guessed (RFC 7301, section 3.2).
    assert!(connect(&gateway, &[&TLS13], &["spdy/3"]).await.is_err());
    let client = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert_eq!(ask(&gateway, &client).await.unwrap().status, 200);
}

/// S-33: a header that drips is bounded behind TLS as it is in front of it, and a body too.
#[tokio::test]
async fn h1_by_tls_is_read_piece_by_piece() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(secured(Config::serving(&[&simulator]), "")).await;
    let mut stream = connect(&gateway, &[&TLS13], &["http/1.1"]).await.unwrap();
    let provider = Provider::OpenAi;
    let body = body(provider, model(provider), "hello", false).to_string();
    let request = crate::support::raw::post(&path(provider, "", false), "", &body);
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

#[tokio::test]
async fn certificates_are_replaced_while_it_runs() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let gateway = Gateway::start(secured(Config::serving(&[&simulator]), "")).await;
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
    let mut config = secured(Config::serving(&[&simulator]), "");
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
