//! Three replicas in random order, with lost answers, repeated batches and a store that loses all.

use std::time::Duration;

use super::{
    rules::{Line, Voice, report},
    server::Server,
};
use crate::budget::{
    lease::{Lease, Report},
    shared::script::Answer,
};

const LIMIT: u64 = 100;

/// A replica that keeps to the rules, as the book does.
struct Replica {
    voice: Voice,
    spent: u64,
    reserved: u64,
    /// What it may use.
    held: u64,
    known: Option<Lease>,
    retell: bool,
}

/// What comes of a report on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Through,
    /// The store does as it is told, and nobody hears of it.
    AnswerLost,
    Twice,
}

impl Replica {
    fn used(&self) -> u64 {
        self.spent + self.reserved
    }

    async fn sync(&mut self, needs: u64, wants: u64, way: Way) {
        let wants = self.used() + wants.max(needs);
        self.held = self.held.min(wants);
        let others = self.known.as_ref().filter(|_| self.retell).map(|known| known.others.clone());
        let report = Report {
            reserved: self.reserved,
            held: self.held,
            others: others.unwrap_or_default(),
            ..report(LIMIT, self.spent, self.used() + needs, wants)
        };
        if way == Way::Twice {
            let _ = self.voice.say(std::slice::from_ref(&report)).await;
        }
        match self.voice.say(std::slice::from_ref(&report)).await {
            _ if way == Way::AnswerLost => {}
            Answer::Epoch(epoch) => {
                (self.voice.sender.epoch, self.voice.sender.claims) = (epoch, true);
                self.retell = true;
            }
            Answer::Leases { epoch, mut leases } => {
                (self.voice.sender.epoch, self.voice.sender.claims) = (epoch, false);
                self.retell = false;
                let lease = leases.pop().unwrap();
                self.held = lease.leased;
                self.known = Some(lease);
            }
            Answer::Number(_) | Answer::Taken => panic!("numbers only rise here"),
        }
    }
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Whatever happens on the way, what replicas hold comes to no more than the limit, and in the end
/// one that is alone with the rest gets all of it.
#[tokio::test]
async fn no_order_of_things_leases_more_than_there_is() {
    for seed in 1..=12 {
        let Some(mut server) = Server::start(&[]) else { return };
        let mut dice = Dice(seed);
        let mut replicas: Vec<Replica> = ["a", "b", "c"]
            .map(|name| Replica {
                voice: Voice::new(&server, name),
                spent: 0,
                reserved: 0,
                held: 0,
                known: None,
                retell: false,
            })
            .into();
        let loses_all = seed % 3 == 0;
        for step in 0..300 {
            let at = dice.roll(3) as usize;
            let (kind, much) = (dice.roll(10), dice.roll(20));
            let replica = &mut replicas[at];
            match kind {
                0..4 => {
                    let way = [Way::Through, Way::Through, Way::AnswerLost, Way::Twice];
                    let (needs, way) = (dice.roll(15), way[dice.roll(4) as usize]);
                    replica.sync(needs, much, way).await;
                }
                4..7 if replica.used() + much <= replica.held => replica.reserved += much,
                4..7 => {}
                7..9 => {
                    let part = much.min(replica.reserved);
                    replica.reserved -= part;
                    replica.spent += part / 4;
                }
                _ if loses_all && step % 100 == 50 => {
                    // All have heard of the others, and then the store forgets.
                    for _ in 0..2 {
                        for each in &mut replicas {
                            each.sync(0, 0, Way::Through).await;
                        }
                    }
                    server.kill();
                    server.resume();
                    for each in &mut replicas {
                        each.voice.line = Line::new(&server);
                        each.voice.sender.beginning = Duration::from_secs(1);
                    }
                }
                _ => {}
            }
            let held: u64 = replicas.iter().map(|it| it.held.max(it.used())).sum();
            assert!(held <= LIMIT, "seed {seed}, step {step}: {held}");
        }
        // Calls end, and all gives back what is left.
        for replica in &mut replicas {
            replica.reserved = 0;
            for _ in 0..2 {
                replica.sync(0, 0, Way::Through).await;
            }
        }
        if loses_all {
            tokio::time::sleep(Duration::from_millis(1100)).await;
        }
        let spent: u64 = replicas.iter().map(|it| it.spent).sum();
        replicas[0].sync(LIMIT, LIMIT, Way::Through).await;
        let (alone, others) = (replicas[0].held, spent - replicas[0].spent);
        assert_eq!((alone + others, spent <= LIMIT), (LIMIT, true), "seed {seed}");
    }
}
