//! The rest is in `tests/it/resolver.rs`, against a name server.

use super::*;

#[tokio::test]
async fn an_address_needs_no_lookup() {
    let resolver = Resolver::default();
    let found = resolver.addresses("127.0.0.1", 443, true, Duration::ZERO).await;
    assert_eq!(&*found, &[SocketAddr::from(([127, 0, 0, 1], 443))]);
    assert!(resolver.addresses("127.0.0.1", 443, false, Duration::ZERO).await.is_empty());
}

/// With nothing but what the system says, whatever that is.
#[tokio::test]
async fn a_name_is_resolved_in_the_background() {
    let resolver = Arc::new(Resolver::default());
    let none = resolver.addresses("localhost", 1, true, Duration::from_millis(1)).await;
    assert!(none.is_empty(), "nobody resolves yet");
    let (works, name) =
        (resolver.clone(), |allow_private| Name { host: "localhost".to_owned(), allow_private });
    let names = vec![name(true), name(false), Name { host: "::1".to_owned(), ..name(true) }];
    let wanted = Wanted { settings: Arc::default(), names };
    let task = tokio::spawn(async move { works.run(|| wanted.clone()).await });
    let found = resolver.addresses("localhost", 1, true, Duration::from_secs(60)).await;
    assert!(found.iter().all(|address| address.ip().is_loopback()) && !found.is_empty());
    assert!(resolver.addresses("localhost", 1, false, Duration::from_secs(60)).await.is_empty());
    assert_eq!(resolver.status().len(), 2, "addresses are not asked for");
    task.abort();
}
