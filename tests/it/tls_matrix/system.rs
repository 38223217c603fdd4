//! The system's CA certificates, which change under way.

use std::fs;

use tokio_rustls::rustls::HandshakeKind::{Full, Resumed};

use super::calls::{backend, call, serves, until_refused, until_served};
use crate::support::pki::Ca;
use crate::support::tls_server::Serves;
use crate::support::{Config, Gateway, until};

const LOCAL: &[&str] = &["localhost"];
/// Nothing in it says whom to trust.
const SYSTEM: &str = "min_version: '1.2'";

/// S-56: whom they no longer trust is neither in the pool nor resumed.
#[tokio::test]
async fn s_56_the_systems_cas_are_taken_over_when_they_change() {
    let (old, new) = (Ca::root("old"), Ca::root("new"));
    let (old_leaf, new_leaf) = (old.leaf(LOCAL), new.leaf(LOCAL));
    let kept = Serves { keep_alive: true, ..Serves::new(&old_leaf, &old) }.start().await;
    let resumed = Serves::new(&old_leaf, &old).start().await;
    let next = Serves::new(&new_leaf, &new).start().await;
    let config = Config::new();
    let bundle = config.write("bundle.pem", &old.pem());
    let config = backend(config, "kept", &kept, SYSTEM);
    let config = backend(config, "resumed", &resumed, SYSTEM);
    let config = backend(config, "next", &next, SYSTEM);
    let environment = [("SSL_CERT_FILE", bundle.to_str().unwrap()), ("SSL_CERT_DIR", "")];
    let gateway = Gateway::start_with(config, &environment).await;
    for name in ["kept", "resumed"] {
        serves(&gateway, name).await;
        serves(&gateway, name).await;
    }
    until_refused(&gateway, "next", "tls_untrusted").await;
    assert_eq!((kept.seen().len(), kept.requests()), (1, 2), "kept and used again");
    let kinds: Vec<_> = resumed.seen().iter().map(|seen| seen.kind).collect();
    assert_eq!(kinds, [Full, Resumed]);

    gateway.config.write("bundle.pem", &new.pem());
    until_served(&gateway, "next").await;
    for (name, server) in [("kept", &kept), ("resumed", &resumed)] {
        let answer = call(&gateway, name).await;
        assert!(answer.status >= 500, "{name}: {}", answer.text);
        until_refused(&gateway, name, "tls_untrusted").await;
        assert_eq!(server.requests(), 2, "{name}");
    }

    // A bundle that is gone changes nothing.
    fs::remove_file(&bundle).unwrap();
    until("it is seen", async || gateway.output().contains("no CA certificates any more")).await;
    serves(&gateway, "next").await;
    until_refused(&gateway, "kept", "tls_untrusted").await;

    gateway.config.write("bundle.pem", &format!("{}{}", old.pem(), new.pem()));
    for (name, server) in [("kept", &kept), ("resumed", &resumed)] {
        until_served(&gateway, name).await;
        let seen = server.seen();
        assert_eq!(seen.last().unwrap().kind, Full, "{name}");
    }
    serves(&gateway, "next").await;
}
