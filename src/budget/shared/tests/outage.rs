//! The store is away, or comes back empty.

use std::time::Duration;

use super::{
    ledgers::{budget, charge, eventually, exactly, open, stand, told},
    server::Server,
};
use crate::budget::{
    Budget, Denied, Outage, Percent, Quantity, StoreSettings, Window,
    tests::given::{ANN, usd},
};

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_the_lease_is_all_there_is() {
    let Some(mut server) = Server::start(&[]) else { return };
    let budgets = [budget(usd(1000), Window::Day)];
    let ledger = open(None, &server.settings(), &budgets);
    let lease = ledger.reserve(&budgets, &ANN, exactly(300)).await.unwrap();
    server.kill();
    lease.settle(charge(100));
    ledger.reserve(&budgets, &ANN, exactly(200)).await.unwrap().settle(charge(200));
    let denied = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap_err();
    assert_eq!(denied, Denied::Unavailable);
    assert!(!ledger.store_status().unwrap().reachable);
    // Nobody waits for what is known to be away.
    let waits = ledger.store_status().unwrap().waits;
    for _ in 0..100 {
        assert!(ledger.reserve(&budgets, &ANN, exactly(1)).await.is_err());
    }
    assert_eq!(ledger.store_status().unwrap().waits, waits);

    server.resume();
    eventually("it is back", || ledger.store_status().unwrap().reachable).await;
    ledger.reserve(&budgets, &ANN, exactly(700)).await.unwrap().settle(charge(700));
    let denied = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap_err();
    assert!(matches!(denied, Denied::Exceeded(_)), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_may_come_later_than_the_replica() {
    let Some(mut server) = Server::start(&[]) else { return };
    server.kill();
    let budgets = [
        budget(Quantity::Concurrent(1), Window::Always),
        Budget { name: "money".to_owned(), ..budget(usd(1000), Window::Day) },
    ];
    let ledger = open(None, &server.settings(), &budgets);
    // All that is done beside reports is done at least once.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let denied = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap_err();
    assert_eq!(denied, Denied::Unavailable);
    server.resume();
    eventually("it is there", || ledger.store_status().unwrap().reachable).await;
    let call = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap();
    let denied = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap_err();
    assert!(matches!(denied, Denied::Exceeded(_)), "{denied:?}");
    call.settle(charge(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_outage_is_bounded_by_its_percentage() {
    let Some(mut server) = Server::start(&[]) else { return };
    let budgets = [budget(usd(1000), Window::Day)];
    let settings = StoreSettings { outage: Outage::Open(Percent(20)), ..server.settings() };
    let ledger = open(None, &settings, &budgets);
    ledger.reserve(&budgets, &ANN, exactly(100)).await.unwrap().settle(charge(100));
    told(&ledger).await;
    server.kill();
    eventually("it is away", || !ledger.store_status().unwrap().reachable).await;
    let mut spent = 0;
    while let Ok(call) = ledger.reserve(&budgets, &ANN, exactly(10)).await {
        call.settle(charge(10));
        spent += 10;
    }
    // What was leased when it went away is at most what one call had left over.
    assert!((200..=300).contains(&spent), "{spent}");
    let passed = ledger.store_status().unwrap().passed;
    assert!((1..=20).contains(&passed), "{passed}");

    // Once a window, not once an outage.
    server.resume();
    eventually("it is back", || ledger.store_status().unwrap().reachable).await;
    told(&ledger).await;
    server.kill();
    eventually("it is away again", || !ledger.store_status().unwrap().reachable).await;
    // How much it has leased again is up to how fast it was spent; no more than that goes out.
    while let Ok(call) = ledger.reserve(&budgets, &ANN, exactly(10)).await {
        call.settle(charge(10));
        spent += 10;
    }
    assert_eq!(ledger.store_status().unwrap().passed, passed);
    assert!(100 + spent <= 1200, "{spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_before_a_restart_takes_nothing_from_an_open_outage() {
    let Some(mut server) = Server::start(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let budgets = [budget(usd(1000), Window::Day)];
    let settings = StoreSettings { outage: Outage::Open(Percent(20)), ..server.settings() };
    let ledger = open(Some(&path), &settings, &budgets);
    ledger.reserve(&budgets, &ANN, exactly(500)).await.unwrap().settle(charge(500));
    drop(ledger);
    let ledger = open(Some(&path), &settings, &budgets);
    eventually("it knows", || stand(&ledger, &budgets[0]) == (500, 0)).await;
    server.kill();
    eventually("it is away", || !ledger.store_status().unwrap().reachable).await;
    ledger.reserve(&budgets, &ANN, exactly(200)).await.unwrap().settle(charge(200));
    let denied = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap_err();
    assert_eq!(denied, Denied::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_comes_back_empty_learns_all_again() {
    let Some(mut server) = Server::start(&[]) else { return };
    let budgets = [budget(usd(1000), Window::Day)];
    let ledgers = [0, 1, 2].map(|_| open(None, &server.settings(), &budgets));
    for (ledger, nanos) in ledgers.iter().zip([100, 200, 300]) {
        ledger.reserve(&budgets, &ANN, exactly(nanos)).await.unwrap().settle(charge(nanos));
    }
    for ledger in &ledgers {
        eventually("all know", || stand(ledger, &budgets[0]) == (600, 0)).await;
    }
    let [a, b, gone] = ledgers;
    // One of them is not there any more to tell what it spent; the others do.
    gone.leave();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    server.kill();
    server.resume();
    let fresh = open(None, &server.settings(), &budgets);
    eventually("a new one hears", || stand(&fresh, &budgets[0]) == (600, 0)).await;
    let mut admitted = 0;
    for ledger in [&a, &b, &fresh].into_iter().cycle().take(60) {
        if let Ok(call) = ledger.reserve(&budgets, &ANN, exactly(20)).await {
            call.settle(charge(20));
            admitted += 20;
        }
    }
    assert_eq!(admitted, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_as_good_as_away() {
    let Some(server) = Server::start(&[]) else { return };
    let budgets = [budget(Quantity::Requests(10), Window::Day)];
    let ledger = open(None, &server.settings(), &budgets);
    ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap().settle(charge(1));
    server.pause();
    let mut last = Ok(());
    for _ in 0..10 {
        last = ledger.reserve(&budgets, &ANN, exactly(1)).await.map(|call| call.settle(charge(1)));
    }
    assert_eq!(last, Err(Denied::Unavailable));
    server.unpause();
    eventually("it is back", || ledger.store_status().unwrap().reachable).await;
    let (spent, _) = stand(&ledger, &budgets[0]);
    for _ in spent..10 {
        ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap().settle(charge(1));
    }
    let denied = ledger.reserve(&budgets, &ANN, exactly(1)).await.unwrap_err();
    assert!(matches!(denied, Denied::Exceeded(_)), "{denied:?}");
}
