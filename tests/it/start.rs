//! Starting: what is said when it works, and what when it can't.

use std::fs;
use std::net::{IpAddr, TcpListener};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::gateway::ended;
use crate::support::{Config, Gateway, Provider, Running, Simulator, free_port};

async fn simulate() -> Running {
    Simulator::new(Provider::OpenAi, "sk-canary").start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

fn has_ipv6() -> bool {
    TcpListener::bind(("::1", 0)).is_ok()
}

/// Before, it went on without a listener, and said that it is ready.
#[tokio::test]
async fn an_address_that_is_taken_ends_it() {
    let openai = simulate().await;
    let all = ["127.0.0.1", "0.0.0.0", "::1", "::"].map(|ip| ip.parse::<IpAddr>().unwrap());
    for ip in all {
        let taken = match TcpListener::bind((ip, free_port())) {
            Ok(taken) => taken,
            // A machine without IPv6.
            Err(_) if ip.is_ipv6() && !has_ipv6() => continue,
            Err(error) => panic!("{ip}: {error}"),
        };
        let address = taken.local_addr().unwrap();
        let more = format!(" }}, {{ address: '{address}'");
        let mut config = Config::serving(&[&openai]).with("anonymous: true");
        config.listener_more = more;
        let (status, said) = ended(&config).await;
        assert_eq!(status.code(), Some(1), "{said}");
        let told = format!(
            "{address} cannot be listened on: it is in use; change `listeners`, or end what \
             listens there\n"
        );
        assert!(said.contains(&told), "{said}");
        assert!(!said.contains("panic") && !said.contains("listening on"), "{said}");

        // Once it is free, the same gateway starts.
        drop(taken);
        let gateway = Gateway::start(config).await;
        TcpStream::connect(gateway.address()).await.unwrap();
    }
}

#[tokio::test]
async fn all_addresses_that_are_taken_are_told() {
    let openai = simulate().await;
    let config = Config::serving(&[&openai]);
    let listener = TcpListener::bind(("127.0.0.1", config.port)).unwrap();
    let admin = TcpListener::bind(("0.0.0.0", config.admin)).unwrap();
    let (status, said) = ended(&config).await;
    assert_eq!(status.code(), Some(1), "{said}");
    for (address, key) in [(config.port, "listeners"), (config.admin, "admin.address")] {
        let told = format!(
            "127.0.0.1:{address} cannot be listened on: it is in use; change `{key}`, or end what \
             listens there\n"
        );
        assert!(said.contains(&told), "{said}");
    }
    drop((listener, admin));
}

/// One that is kept for documentation (RFC 5737).
#[tokio::test]
async fn an_address_of_another_machine_ends_it() {
    let openai = simulate().await;
    let mut config = Config::serving(&[&openai]);
    config.admin_host = "192.0.2.1";
    let (status, said) = ended(&config).await;
    assert_eq!(status.code(), Some(1), "{said}");
    let told = format!(
        "192.0.2.1:{} cannot be listened on: this machine has no such address; change \
         `admin.address`\n",
        config.admin
    );
    assert!(said.contains(&told), "{said}");
}

/// Connections that it has closed itself are remembered by the system for a minute (TIME_WAIT), and
/// an exchange is under way when it is killed: neither keeps the next one away.
#[tokio::test]
async fn connections_of_the_one_before_do_not_matter() {
    let openai = simulate().await;
    let mut gateway = Gateway::start(Config::serving(&[&openai])).await;
    let open = TcpStream::connect(gateway.address()).await.unwrap();
    let mut closed = TcpStream::connect(gateway.address()).await.unwrap();
    let request = b"GET /v1/models HTTP/1.1\r\nhost: egret\r\nconnection: close\r\n\r\n";
    closed.write_all(request).await.unwrap();
    let mut answer = String::new();
    closed.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    gateway.kill();
    let gateway = gateway.restart().await;
    assert_eq!(gateway.admin("/readyz").await.map(|(status, _)| status), Some(200));
    drop((open, closed));
}

/// On standard error: standard output is for the access log.
#[tokio::test]
async fn it_says_where_it_listens_and_keeps_what_is_spent() {
    let openai = simulate().await;
    let plain = format!("127.0.0.1:{}", free_port());
    let mut config = Config::serving(&[&openai]).secured("");
    config.listener_more += &format!(" }}, {{ address: '{plain}'");
    let gateway = Gateway::start(config).await;
    let ledger = gateway.config.directory().join("egret.ledger");
    let said = fs::read_to_string(gateway.config.directory().join("stderr")).unwrap();
    for told in [
        format!("listening on {} by TLS", gateway.address()),
        format!("listening on {plain} in plaintext"),
        format!("health and metrics on 127.0.0.1:{}", gateway.config.admin),
        format!("what is spent is kept in {}", ledger.display()),
        "add `seal: { key: { env: SEAL_KEY } }`".to_owned(),
    ] {
        let line = said.lines().find(|line| line.contains(&told));
        assert!(line.is_some_and(|line| line.contains("INFO")), "{told}: {said}");
    }
    assert!(!said.contains("WARN"), "nothing is wrong: {said}");
    let log = fs::read_to_string(gateway.config.directory().join("stdout")).unwrap();
    assert_eq!(log, "");
}

/// What goes out sealed by one comes back to another.
#[tokio::test]
async fn replicas_without_a_key_of_their_own_are_warned() {
    let openai = simulate().await;
    let store = format!("store: {{ redis: '127.0.0.1:{}' }}", free_port());
    let gateway = Gateway::start(Config::serving(&[&openai]).with(&store)).await;
    let said = gateway.output();
    let line = said.lines().find(|line| line.contains("no `seal` in the configuration"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("WARN") && line.contains("every other replica"), "{line}");
    assert!(line.contains("add `seal: { key: { env: SEAL_KEY } }`"), "{line}");
}
