//! The script's rules, one by one.

use std::time::{Duration, Instant};

use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};

use super::server::Server;
use crate::budget::{
    Clock, SystemClock,
    lease::{Lease, Report, Standing, TopUp},
    shared::script::{self, Answer, Names, Sender},
};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);
/// Over after [`SHORT_AND_MORE`].
const SHORT: Duration = Duration::from_millis(300);
const SHORT_AND_MORE: Duration = Duration::from_millis(400);

/// A replica that says what a test tells it to.
pub(super) struct Voice {
    pub(super) line: Line,
    pub(super) sender: Sender,
}

/// A connection to the store on which an answer may take its time: where a client would say it
/// again, some rules would answer otherwise.
pub(super) struct Line {
    server: redis::Client,
    connection: Option<MultiplexedConnection>,
}

impl Line {
    pub(super) fn new(server: &Server) -> Self {
        let server = redis::Client::open(format!("redis://{}", server.address())).unwrap();
        Self { server, connection: None }
    }

    async fn connection(&mut self) -> &mut MultiplexedConnection {
        if self.connection.is_none() {
            let patience = Some(Duration::from_secs(60));
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(patience)
                .set_response_timeout(patience);
            let connecting = self.server.get_multiplexed_async_connection_with_config(&config);
            self.connection = Some(connecting.await.unwrap());
        }
        self.connection.as_mut().unwrap()
    }

    async fn ask<T: redis::FromRedisValue>(&mut self, command: &redis::Cmd) -> T {
        command.query_async(self.connection().await).await.unwrap()
    }
}

impl Voice {
    pub(super) fn new(server: &Server, replica: &str) -> Self {
        let sender = Sender::new(replica.to_owned(), Duration::ZERO);
        Self { line: Line::new(server), sender }
    }

    /// What the store answers to a batch, which has the next number.
    pub(super) async fn say(&mut self, reports: &[Report]) -> Answer {
        let connection = self.line.connection().await;
        let names = Names::new("egret");
        let answer = script::send(connection, &names, &self.sender, reports).await.unwrap();
        self.sender.number += 1;
        self.sender.claims |= matches!(answer, Answer::Epoch(_));
        answer
    }

    /// The lease that a report gets, where the store answers with one.
    pub(super) async fn lease(&mut self, report: &Report) -> Lease {
        match self.say(std::slice::from_ref(report)).await {
            Answer::Leases { epoch, mut leases } => {
                (self.sender.epoch, self.sender.claims) = (epoch, false);
                leases.pop().unwrap()
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn report(limit: u64, spent: u64, needs: u64, wants: u64) -> Report {
    Report {
        account: "team@1".to_owned(),
        counter: "team".to_owned(),
        keep: Duration::from_secs(60),
        limit,
        spent,
        needs,
        wants,
        ..Report::default()
    }
}

/// By the machine's clock, which is the store's.
fn in_an_hour() -> i64 {
    SystemClock.now() + 3600
}

/// One that people gave.
fn top_up(id: &str, quantity: u64, until: i64) -> TopUp {
    TopUp { id: id.to_owned(), quantity, until, given: true }
}

#[tokio::test]
async fn leases_come_to_no_more_than_the_limit() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| Voice::new(&server, name));
    assert_eq!(a.lease(&report(100, 0, 10, 30)).await.leased, 30);
    assert_eq!(b.lease(&report(100, 0, 60, 60)).await.leased, 60);
    let lease = c.lease(&report(100, 0, 20, 20)).await;
    assert_eq!((lease.leased, lease.others_spent(), lease.others_used()), (10, 0, 0));
    // What one has spent over its lease is off the others' room, and can't be taken from it.
    assert_eq!(b.lease(&report(100, 75, 0, 0)).await.leased, 75);
    assert_eq!(a.lease(&report(100, 0, 0, 100)).await.leased, 7, "half of what is left");
    assert_eq!(a.lease(&report(100, 14, 100, 100)).await.leased, 15);
    assert_eq!(c.lease(&report(100, 0, 0, 0)).await.leased, 0, "gives back");
    let lease = a.lease(&report(100, 14, 100, 100)).await;
    assert_eq!((lease.leased, lease.others_spent()), (25, 75));
}

#[tokio::test]
async fn beyond_its_needs_a_replica_gets_half_of_the_rest() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    assert_eq!(a.lease(&report(100, 0, 10, 1000)).await.leased, 55);
    assert_eq!(a.lease(&report(100, 0, 10, 1000)).await.leased, 55, "said twice");
    assert_eq!(b.lease(&report(100, 0, 0, 1000)).await.leased, 22);
}

#[tokio::test]
async fn a_batch_that_comes_late_is_ignored() {
    let Some(server) = Server::start(&[]) else { return };
    let mut a = Voice::new(&server, "a");
    a.lease(&report(100, 5, 40, 40)).await;
    a.lease(&report(100, 9, 9, 9)).await;
    a.sender.number = 1;
    assert_eq!(a.say(&[report(100, 5, 40, 40)]).await, Answer::Number(2));
    let mut b = Voice::new(&server, "b");
    assert_eq!(b.lease(&report(100, 0, 100, 100)).await.leased, 91);
}

#[tokio::test]
async fn two_processes_are_not_one_replica() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut old, mut new] = ["a", "a"].map(|name| Voice::new(&server, name));
    let mut other = Voice::new(&server, "b");
    for voice in [&mut old, &mut new, &mut other] {
        voice.sender.beginning = Duration::from_secs(2);
    }
    old.lease(&report(100, 20, 20, 20)).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(old.lease(&report(100, 20, 80, 80)).await.leased, 80);
    // Another one of the same journal: it may be this one, started again, or a copy.
    assert_eq!(new.lease(&report(100, 20, 90, 90)).await.leased, 20);
    assert_eq!(other.lease(&report(100, 0, 90, 90)).await.leased, 20, "as long as it may be there");
    assert_eq!(old.say(&[report(100, 20, 80, 80)]).await, Answer::Taken);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(new.lease(&report(100, 20, 90, 90)).await.leased, 80);
}

#[tokio::test]
async fn the_last_batch_may_be_repeated() {
    let Some(server) = Server::start(&[]) else { return };
    let mut a = Voice::new(&server, "a");
    let first = a.lease(&report(100, 5, 40, 40)).await;
    a.sender.number -= 1;
    assert_eq!(a.lease(&report(100, 5, 40, 40)).await, first);
}

#[tokio::test]
async fn who_holds_and_does_not_use_hears_that_others_wait() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    let idle = Report { held: 90, ..report(100, 0, 90, 90) };
    assert_eq!(a.lease(&idle).await.leased, 90);
    loop {
        let asked = Instant::now();
        let lease = b.lease(&report(100, 0, 50, 50)).await;
        assert_eq!((lease.leased, lease.others_wait), (10, false));
        let lease = a.lease(&Report { needs: 0, ..idle.clone() }).await;
        // Who waits has to say so again after two seconds.
        if lease.others_wait || asked.elapsed() < Duration::from_secs(2) {
            assert!(lease.others_wait);
            break;
        }
    }
    assert_eq!(a.lease(&report(100, 0, 0, 0)).await.leased, 0);
    assert_eq!(b.lease(&report(100, 0, 50, 50)).await.leased, 50);
}

#[tokio::test]
async fn a_reset_makes_all_start_anew() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    a.lease(&report(100, 60, 60, 60)).await;
    b.lease(&report(100, 30, 30, 30)).await;
    let lease = a.lease(&Report { generation: 1, ..report(100, 0, 0, 0) }).await;
    assert_eq!((lease.generation, lease.others_spent()), (1, 0));
    // The other has not heard of it, and has a call of 5 under way.
    let stale = Report { reserved: 5, ..report(100, 30, 35, 40) };
    let lease = b.lease(&stale).await;
    assert_eq!((lease.generation, lease.leased), (1, 10));
    let lease = a.lease(&Report { generation: 1, ..report(100, 0, 0, 0) }).await;
    assert_eq!((lease.others_spent(), lease.others_used()), (0, 5));
}

#[tokio::test]
async fn slots_of_a_replica_that_is_gone_come_free() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    let slots = |needs, keep| Report { keep, ..report(4, 0, needs, needs) };
    assert_eq!(a.lease(&slots(3, LONG)).await.leased, 3);
    assert_eq!(b.lease(&slots(4, LONG)).await.leased, 1);
    a.lease(&slots(3, SHORT)).await;
    // Others keep theirs.
    b.lease(&slots(1, LONG)).await;
    tokio::time::sleep(SHORT_AND_MORE).await;
    assert_eq!(b.lease(&slots(4, LONG)).await.leased, 4);
}

#[tokio::test]
async fn a_store_that_lost_all_is_told_of_the_others() {
    let Some(mut server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    a.lease(&report(100, 20, 40, 40)).await;
    b.lease(&report(100, 30, 30, 30)).await;
    let known = a.lease(&report(100, 20, 40, 40)).await;
    server.kill();
    server.resume();
    let mut a = Voice { line: Line::new(&server), ..a };
    let Answer::Epoch(epoch) = a.say(&[report(100, 20, 90, 90)]).await else { panic!() };
    a.sender.epoch = epoch;
    let lease = a.lease(&Report { others: known.others, ..report(100, 20, 90, 90) }).await;
    assert_eq!((lease.leased, lease.others_spent()), (70, 30));
    // The other one is there again: it has given back what it does not use.
    let mut b = Voice {
        sender: Sender { epoch: String::new(), claims: true, ..b.sender },
        ..Voice::new(&server, "b")
    };
    let told = vec![Standing { replica: "a".into(), leased: 99, spent: 99, used: 99 }];
    let lease = b.lease(&Report { others: told, ..report(100, 25, 25, 25) }).await;
    assert_eq!(lease.others_spent(), 20, "a has spoken for itself");
    assert_eq!(a.lease(&report(100, 20, 90, 90)).await.leased, 75);
}

#[tokio::test]
async fn a_store_that_comes_back_as_it_was_is_told_what_came_later() {
    let Some(mut server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    a.lease(&report(100, 10, 20, 20)).await;
    a.line.ask::<()>(&redis::cmd("SAVE")).await;
    assert_eq!(a.lease(&report(100, 30, 90, 90)).await.leased, 90);
    let others = b.lease(&report(100, 0, 0, 0)).await.others;
    server.kill();
    server.resume();
    // The store believes that 80 are free, and the one that knows better is not there yet.
    b.line = Line::new(&server);
    let Answer::Epoch(epoch) = b.say(&[report(100, 0, 50, 50)]).await else { panic!() };
    b.sender.epoch = epoch;
    let lease = b.lease(&Report { others, ..report(100, 0, 50, 50) }).await;
    assert_eq!((lease.leased, lease.others_spent()), (10, 30));
    // It gave something back in the meantime, and knows best.
    (a.sender.epoch, a.sender.claims) = (b.sender.epoch.clone(), true);
    a.line = Line::new(&server);
    a.lease(&report(100, 30, 40, 40)).await;
    assert_eq!(b.lease(&report(100, 0, 60, 60)).await.leased, 60);
}

#[tokio::test]
async fn while_an_epoch_begins_no_lease_grows() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    (a.sender.beginning, b.sender.beginning) = (LONG, LONG);
    assert_eq!(a.lease(&report(100, 5, 90, 90)).await.leased, 5);
    assert_eq!(b.lease(&Report { held: 60, ..report(100, 0, 90, 90) }).await.leased, 60);
    a.sender.beginning = SHORT;
    tokio::time::sleep(SHORT_AND_MORE).await;
    assert_eq!(a.lease(&report(100, 5, 90, 90)).await.leased, 40);
}

#[tokio::test]
async fn top_ups_last_until_they_are_used_or_end() {
    let Some(server) = Server::start(&[]) else { return };
    let mut a = Voice::new(&server, "a");
    let ends = in_an_hour();
    let first = top_up("t1", 50, ends);
    let told = Report { top_ups: vec![first.clone()], ..report(100, 0, 150, 150) };
    let lease = a.lease(&told).await;
    assert_eq!((lease.limit, lease.leased, lease.top_ups), (150, 150, vec![first]));
    assert_eq!(a.lease(&told).await.limit, 150, "told twice");
    a.lease(&report(100, 120, 120, 120)).await;
    // The next window has what is left of it.
    let next = Report { account: "team@2".into(), ..report(100, 0, 200, 200) };
    let lease = a.lease(&next).await;
    assert_eq!((lease.limit, lease.leased, lease.top_ups[0].quantity), (130, 130, 30));
    // One that ends first pays first, and what it paid for is not paid for again.
    let short = top_up("t2", 15, SystemClock.now() + 5);
    let told = Report { top_ups: vec![short], ..next.clone() };
    assert_eq!(a.lease(&told).await.limit, 145);
    tokio::time::sleep(Duration::from_millis(5100)).await;
    let lease = a.lease(&next).await;
    assert_eq!((lease.limit, lease.top_ups[0].quantity), (145, 45));
    let other = Report { counter: "another".into(), account: "another@1".into(), ..next };
    assert_eq!(a.lease(&other).await.limit, 100);
}

#[tokio::test]
async fn a_rolling_window_uses_a_top_up_once() {
    let Some(server) = Server::start(&[]) else { return };
    let mut a = Voice::new(&server, "a");
    let top_up = top_up("t1", 50, in_an_hour());
    let window = |keep, spent, needs| Report {
        keep,
        slice: SHORT,
        top_ups: vec![top_up.clone()],
        ..report(100, spent, needs, needs)
    };
    let said = |spent, needs| window(LONG, spent, needs);
    assert_eq!(a.lease(&said(120, 120)).await.limit, 150);
    tokio::time::sleep(SHORT_AND_MORE).await;
    // It was taken for a slice that is over, and counts in the window.
    let lease = a.lease(&said(120, 200)).await;
    assert_eq!((lease.limit, lease.leased, lease.top_ups[0].quantity), (150, 150, 30));
    tokio::time::sleep(SHORT_AND_MORE).await;
    // What was used is out of the window, and does not come back to the top-up.
    for _ in 0..2 {
        let lease = a.lease(&window(SHORT, 0, 200)).await;
        assert_eq!((lease.limit, lease.leased, lease.top_ups[0].quantity), (130, 130, 30));
        tokio::time::sleep(SHORT_AND_MORE).await;
    }
    assert_eq!(a.lease(&said(110, 200)).await.limit, 130);
    tokio::time::sleep(SHORT_AND_MORE).await;
    let reset = Report { generation: 1, ..said(0, 0) };
    assert_eq!(a.lease(&reset).await.limit, 120, "what was paid is not there twice");
}

#[tokio::test]
async fn windows_that_use_no_top_up_leave_nothing_behind() {
    let Some(server) = Server::start(&[]) else { return };
    let mut a = Voice::new(&server, "a");
    let top_up = top_up("t1", 50, in_an_hour());
    for window in 0..20 {
        // Half of them went beyond the limit for a while.
        let account = format!("team@{window}");
        let told = Report { account, top_ups: vec![top_up.clone()], ..report(100, 0, 0, 0) };
        a.lease(&Report { reserved: 110 * (window % 2), ..told.clone() }).await;
        assert_eq!(a.lease(&told).await.limit, 150);
    }
    let fields: u64 = a.line.ask(redis::cmd("HLEN").arg("{egret}:counter:team")).await;
    assert!(fields <= 2);
}

#[tokio::test]
async fn a_top_up_that_ended_before_was_not_used_by_what_came_after() {
    let Some(server) = Server::start(&[]) else { return };
    let mut a = Voice::new(&server, "a");
    let ends = in_an_hour();
    let small = top_up("t1", 10, ends);
    // A single call cost much more than all there was.
    a.lease(&Report { top_ups: vec![small], ..report(100, 500, 0, 0) }).await;
    let late = top_up("t2", 50, ends + 1);
    let next = Report { account: "team@2".into(), ..report(100, 0, 0, 0) };
    assert_eq!(a.lease(&Report { top_ups: vec![late], ..next }).await.limit, 150);
}

#[tokio::test]
async fn numbers_are_exact_up_to_the_greatest() {
    let Some(server) = Server::start(&[]) else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Voice::new(&server, name));
    let limit = Report::MOST - 1;
    assert_eq!(a.lease(&report(limit, limit - 2, 0, 0)).await.leased, limit - 2);
    assert_eq!(b.lease(&report(limit, 0, limit, limit)).await.leased, 2);
    let lease = a.lease(&report(limit, limit - 1, 0, 0)).await;
    assert_eq!((lease.leased, lease.limit, lease.others[0].leased), (limit - 1, limit, 2));
}
