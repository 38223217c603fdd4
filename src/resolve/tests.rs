//! The rest is in `tests/it/resolver`, against a name server.

use super::*;

/// A metadata service is nobody's but his who has written it there.
#[tokio::test]
async fn an_address_needs_no_lookup() {
    let resolver = Resolver::default();
    for (address, allow_private, good) in [
        ("127.0.0.1", true, true),
        ("127.0.0.1", false, false),
        ("::1", true, true),
        ("8.8.8.8", false, true),
        ("169.254.169.254", true, true),
        ("169.254.169.254", false, false),
        ("0.0.0.0", true, false),
    ] {
        let host = Host::new(address, allow_private);
        assert_eq!(host.name(), None);
        let found = resolver.addresses(&host, Duration::ZERO).await;
        let expected: Option<IpAddr> = good.then_some(address).and_then(|ip| ip.parse().ok());
        assert_eq!(found.to_vec(), Vec::from_iter(expected), "{address} {allow_private}");
    }
}

/// With nothing but what the system says, whatever that is.
#[tokio::test]
async fn a_name_is_resolved_in_the_background() {
    let resolver = Arc::new(Resolver::default());
    let (private, public) = (Host::new("localhost", true), Host::new("localhost", false));
    let none = resolver.addresses(&private, Duration::from_millis(1)).await;
    assert!(none.is_empty(), "nobody resolves yet");
    let names = [&private, &public].into_iter().filter_map(Host::name).cloned();
    let wanted = Wanted { settings: Arc::default(), names: names.collect() };
    let works = resolver.clone();
    let task = tokio::spawn(async move { works.run(|| wanted.clone()).await });
    let found = resolver.addresses(&private, Duration::from_secs(60)).await;
    assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    assert!(resolver.addresses(&public, Duration::from_secs(60)).await.is_empty());
    assert_eq!(resolver.status().len(), 2);
    task.abort();
}
