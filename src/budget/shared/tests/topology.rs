//! Passwords, users, TLS, Sentinel and Cluster.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{
    calls::{refuse, spend, statement},
    ledgers::{budget, eventually, open, stand},
    server::{Server, free_port, settings},
};
use crate::budget::{
    Budget, Ledger, StoreSettings, StoreTls, Topology, Window,
    tests::given::{ANN, usd},
};

/// Two replicas share a budget through this store.
async fn is_shared(settings: &StoreSettings) {
    let budgets = [budget(usd(100), Window::Day)];
    let [a, b] = [0, 1].map(|_| open(None, settings, &budgets));
    spend(&a, &budgets, &ANN, 60).await;
    spend(&b, &budgets, &ANN, 40).await;
    eventually("all know", || stand(&a, &budgets[0]) == (100, 0)).await;
    refuse(&a, &budgets, &ANN, 1).await;
    // Who leaves tells what is left to tell.
    a.leave();
    let rows = statement(&b, "2026-11-21", "2026-11-21").await;
    assert_eq!(rows.iter().map(|row| row.spend.nanos).sum::<u64>(), 100);
}

/// Whether a ledger can use this store at all.
fn is_reached(settings: &StoreSettings) -> bool {
    let ledger = Ledger::open(None, || 0).unwrap();
    ledger.share::<Budget>(settings, &[]).is_ok() && ledger.store_status().unwrap().reachable
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_password_and_with_a_user() {
    let Some(server) = Server::start(&["--requirepass", "open sesame"]) else { return };
    let with = |username: Option<&str>, password: Option<&str>| StoreSettings {
        username: username.map(str::to_owned),
        password: password.map(str::to_owned),
        ..server.settings()
    };
    assert!(!is_reached(&with(None, None)));
    assert!(!is_reached(&with(None, Some("wrong"))));
    is_shared(&StoreSettings { prefix: "other".into(), ..with(None, Some("open sesame")) }).await;

    // All that is needed of a user, as conf/reference.yaml says it.
    let acl = "on >secret ~{egret}:* +evalsha +eval +script|load +get +set +hget +hset +hsetnx \
               +hdel +hgetall +del +pttl +pexpire +expire +time +info +ping";
    let mut words = vec!["-a", "open sesame", "ACL", "SETUSER", "egret"];
    words.extend(acl.split_whitespace());
    cli(server.port, &words);
    is_shared(&with(Some("egret"), Some("secret"))).await;
    let days: i64 = cli(server.port, &["-a", "open sesame", "TTL", "{egret}:statement:2026-11-21"])
        .trim()
        .parse()
        .unwrap();
    assert!(days > 86_400, "the statement is not kept forever: {days}");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_tls_with_a_ca_of_its_own() {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (ca, other) = (authority(folder.path(), "127.0.0.1"), authority(folder.path(), "no"));
    let port = free_port();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [certificate, key, root] = ["127.0.0.1.pem", "127.0.0.1.key", "127.0.0.1.ca"].map(path);
    let tls_port = port.to_string();
    let words = [
        ["--port", "0"],
        ["--tls-port", &tls_port],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-cert-file", &root],
        ["--tls-auth-clients", "no"],
        ["--requirepass", "open sesame"],
    ];
    let Some(server) = Server::start_at(port, &words.concat()) else { return };
    let with = |ca| StoreSettings {
        tls: Some(StoreTls { ca }),
        password: Some("open sesame".into()),
        ..server.settings()
    };
    is_shared(&with(Some(ca))).await;
    assert!(!is_reached(&with(Some(other))), "another CA");
    assert!(!is_reached(&with(None)), "the system's CAs");
    assert!(!is_reached(&StoreSettings { tls: None, ..with(None) }), "no TLS");
}

/// A CA, and a certificate of this name that it signed.
fn authority(folder: &Path, name: &str) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = parameters.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = parameters.signed_by(&key, &issuer).unwrap();
    let write = |ending: &str, text: String| {
        std::fs::write(folder.join(format!("{name}.{ending}")), text).unwrap();
    };
    write("pem", certificate.pem());
    write("key", key.serialize_pem());
    write("ca", root.pem());
    root.pem().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_say_where_the_primary_is() {
    let Some(mut primary) = Server::start(&[]) else { return };
    let follows = format!("127.0.0.1 {}", primary.port);
    let Some(replica) = Server::start(&["--replicaof", &follows]) else { return };
    let conf = tempfile::tempdir().unwrap();
    let conf = conf.path().join("sentinel.conf");
    let text = format!(
        "sentinel monitor egret 127.0.0.1 {} 1\nsentinel down-after-milliseconds egret 5000\n\
         sentinel failover-timeout egret 5000\n",
        primary.port
    );
    std::fs::write(&conf, text).unwrap();
    let conf = conf.to_str().unwrap();
    let port = free_port();
    let Some(sentinel) = Server::sentinel(port, conf) else { return };
    eventually("the sentinel knows the replica", || {
        cli(port, &["SENTINEL", "replicas", "egret"]).contains(&replica.port.to_string())
    })
    .await;
    let settings = settings(Topology::Sentinel {
        // One that is not there must not be in the way.
        addresses: vec![format!("127.0.0.1:{}", free_port()), sentinel.address()],
        primary: "egret".into(),
    });
    let budgets = [budget(usd(100), Window::Day)];
    let [a, b] = [0, 1].map(|_| open(None, &settings, &budgets));
    spend(&a, &budgets, &ANN, 60).await;
    eventually("b knows", || stand(&b, &budgets[0]) == (60, 0)).await;

    let both = [&a, &b].map(|ledger| (ledger, ledger.store_status().unwrap().failures));
    primary.kill();
    for (ledger, before) in both {
        let failures = || ledger.store_status().unwrap().failures;
        eventually("it is missed", || failures() > before).await;
    }
    let promoted = || cli(replica.port, &["ROLE"]).starts_with("master");
    eventually("there is a new primary", promoted).await;
    for (ledger, _) in both {
        eventually("it is found", || ledger.store_status().unwrap().reachable).await;
    }
    // Until a has been heard again, it may be using all that it has leased.
    eventually("b knows again", || stand(&b, &budgets[0]) == (60, 0)).await;
    spend(&b, &budgets, &ANN, 40).await;
    refuse(&b, &budgets, &ANN, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_has_all_of_it_in_one_slot() {
    let nodes: Option<Vec<Server>> =
        (0..3).map(|_| Server::start(&["--cluster-enabled", "yes"])).collect();
    let Some(nodes) = nodes else { return };
    for (node, range) in nodes.iter().zip([["0", "5460"], ["5461", "10922"], ["10923", "16383"]]) {
        cli(node.port, &["CLUSTER", "ADDSLOTSRANGE", range[0], range[1]]);
        cli(node.port, &["CLUSTER", "MEET", "127.0.0.1", &nodes[0].port.to_string()]);
    }
    for node in &nodes {
        eventually("the cluster is there", || {
            let info = cli(node.port, &["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
        .await;
    }
    // Whichever node has the slot, and whichever is asked.
    for (node, prefix) in nodes.iter().zip(["egret", "a", "spend"]) {
        let topology = Topology::Cluster(vec![node.address()]);
        is_shared(&StoreSettings { prefix: prefix.into(), ..settings(topology) }).await;
    }
}

fn cli(port: u16, words: &[&str]) -> String {
    let mut command = Command::new("redis-cli");
    let output = command.args(["-p", &port.to_string()]).args(words).stderr(Stdio::null()).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}
