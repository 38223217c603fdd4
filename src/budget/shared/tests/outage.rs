//! The store is away, or comes back empty.

use std::time::Duration;

use super::{
    calls::{admit, refuse, spend, use_up},
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
    let lease = admit(&ledger, &budgets, &ANN, 300).await;
    // It has what the call needs, and no more.
    told(&ledger).await;
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
    spend(&ledger, &budgets, &ANN, 700).await;
    refuse(&ledger, &budgets, &ANN, 1).await;
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
    let call = admit(&ledger, &budgets, &ANN, 1).await;
    refuse(&ledger, &budgets, &ANN, 1).await;
    call.settle(charge(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_outage_is_bounded_by_its_percentage() {
    let budgets = [budget(usd(1000), Window::Day)];
    let (mut server, ledger) = loop {
        let Some(server) = Server::start(&[]) else { return };
        let settings = StoreSettings { outage: Outage::Open(Percent(20)), ..server.settings() };
        let ledger = open(None, &settings, &budgets);
        spend(&ledger, &budgets, &ANN, 100).await;
        told(&ledger).await;
        // A store that was slow was an outage before.
        if ledger.store_status().unwrap().failures == 0 {
            break (server, ledger);
        }
    };
    server.kill();
    eventually("it is away", || !ledger.store_status().unwrap().reachable).await;
    let mut spent = 0;
    while let Ok(call) = ledger.reserve(&budgets, &ANN, exactly(10)).await {
        call.settle(charge(10));
        spent += 10;
    }
    // What was leased when it went away is at most what one more call needs, and what is spent in
    // two seconds.
    assert!((200..=340).contains(&spent), "{spent}");
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
    spend(&ledger, &budgets, &ANN, 500).await;
    drop(ledger);
    let ledger = open(Some(&path), &settings, &budgets);
    told(&ledger).await;
    assert_eq!(stand(&ledger, &budgets[0]), (500, 0));
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
        spend(ledger, &budgets, &ANN, nanos).await;
    }
    for ledger in &ledgers {
        eventually("all know", || stand(ledger, &budgets[0]) == (600, 0)).await;
    }
    let [a, b, gone] = ledgers;
    // One of them is not there any more to tell what it spent; the others do.
    gone.leave();
    // What was heard half a second ago is too old for a refusal.
    tokio::time::sleep(Duration::from_millis(600)).await;
    for ledger in [&a, &b] {
        refuse(ledger, &budgets, &ANN, 401).await;
    }
    server.kill();
    server.resume();
    let fresh = open(None, &server.settings(), &budgets);
    eventually("a new one hears", || stand(&fresh, &budgets[0]) == (600, 0)).await;
    assert_eq!(use_up(&[&a, &b, &fresh], &budgets, &ANN, 20).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_as_good_as_away() {
    let Some(server) = Server::start(&[]) else { return };
    let budgets = [budget(Quantity::Requests(10), Window::Day)];
    let ledger = open(None, &server.settings(), &budgets);
    spend(&ledger, &budgets, &ANN, 1).await;
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
        spend(&ledger, &budgets, &ANN, 1).await;
    }
    refuse(&ledger, &budgets, &ANN, 1).await;
}
