#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Once;

use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::*;

const NOW: [Duration; 4] = [Duration::ZERO; 4];

/// A server that gives these answers, one to each connection, and returns what it was sent.
fn server(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    static CRYPTO: Once = Once::new();
    // Another test may have been first.
    CRYPTO.call_once(|| {
        drop(tokio_rustls::rustls::crypto::ring::default_provider().install_default())
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?token=secret-of-the-url", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let serve = |answer: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            request
        };
        answers.iter().map(serve).collect()
    });
    (url, thread)
}

/// A request with a length.
fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse().unwrap() {
                return text;
            }
        }
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "cut off: {text}");
        request.extend_from_slice(&piece[..count]);
    }
}

fn target(url: &str) -> Option<Target> {
    let mut token = HeaderValue::from_static("Bearer canary");
    token.set_sensitive(true);
    let headers = HeaderMap::from_iter([(AUTHORIZATION, token)]);
    Some(Target { url: url.to_owned(), headers })
}

async fn send(url: &str) -> Option<&'static str> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    deliver(&client, b"{\"id\":\"7\"}", &|| target(url), &NOW).await
}

const OK: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const LATER: &str = "HTTP/1.1 429 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const WRONG: &str = "HTTP/1.1 400 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const ELSEWHERE: &str = "HTTP/1.1 307 There\r\nlocation: http://127.0.0.1:9/\r\n\
                         content-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_notice_is_posted_with_its_token() {
    let (url, server) = server(&[OK]);
    assert_eq!(send(&url).await, Some("ok"));
    let requests = server.join().unwrap();
    assert!(requests[0].starts_with("POST /hook?token=secret-of-the-url HTTP/1.1\r\n"));
    for line in ["authorization: Bearer canary", "content-type: application/json", "{\"id\":\"7\"}"]
    {
        assert!(requests[0].contains(line), "{line} is missing from {}", requests[0]);
    }
}

#[tokio::test]
async fn what_may_go_better_later_is_sent_again_the_same() {
    let (url, server) = server(&[BUSY, LATER, "", OK]);
    assert_eq!(send(&url).await, Some("ok"));
    let requests = server.join().unwrap();
    assert!(requests.iter().all(|request| request.ends_with("{\"id\":\"7\"}")));
}

#[tokio::test]
async fn what_will_not_go_better_is_given_up() {
    let (url, listener) = server(&[WRONG]);
    assert_eq!(send(&url).await, Some("failed"));
    listener.join().unwrap();
    // A redirect is not followed: it could lead the token elsewhere.
    let (url, listener) = server(&[ELSEWHERE]);
    assert_eq!(send(&url).await, Some("failed"));
    listener.join().unwrap();
    let (url, listener) = server(&[BUSY, BUSY, BUSY, BUSY, BUSY]);
    assert_eq!(send(&url).await, Some("failed"), "five times are enough");
    listener.join().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(send(&format!("http://{nobody}/")).await, Some("failed"));
    assert_eq!(send("not a url").await, Some("failed"));
}

#[tokio::test]
async fn where_nobody_wants_to_be_told_nothing_is_counted() {
    let client = Client::builder().build().unwrap();
    assert_eq!(deliver(&client, b"{}", &|| None, &NOW).await, None);
}

/// A listener that never answers must not hold up the ledger's events, nor fill the memory.
#[test]
fn a_full_queue_drops_and_counts() {
    let metrics = Arc::new(Metrics::new().unwrap());
    let (waiting, _kept) = sync_channel(WAITING);
    let webhook = Webhook { waiting, metrics: metrics.clone() };
    for _ in 0..WAITING + 3 {
        webhook.send("egret", Vec::new());
    }
    let now = crate::telemetry::Now::default();
    let text = String::from_utf8(metrics.render("egret", &now)).unwrap();
    assert!(text.contains(r#"egret_webhook_deliveries_total{gateway="egret",result="dropped"} 3"#));
}

#[test]
fn a_target_never_shows_its_token() {
    let shown = format!("{:?}", target("http://x/").unwrap().headers);
    assert!(!shown.contains("canary"), "{shown}");
}
