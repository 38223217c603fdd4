#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::budget::Dimension;
use crate::budget::{
    Scope, Window,
    amount::Amount,
    entry::{Counter, CounterId, Hold, Key, ReservationId, VERSION},
};

/// A journal, and what was charged in all by the end of each of its lines behind the snapshot.
fn journal() -> (Vec<u8>, Vec<(usize, u64)>) {
    let amount = |nanos| Amount { requests: 1, input: nanos * 2, nanos, ..Amount::ZERO };
    let counter = |id: u64, value: &str| {
        let key = Key {
            budget: "daily \"€\"\n".to_owned(),
            scope: Scope::each(vec![Dimension::Caller]),
            value: value.to_owned(),
            window: Window::Day,
        };
        Entry::Counter(Counter::new(CounterId(id), key, 0, 0))
    };
    let reserve = |id: u64, counters: &[u64]| {
        let counters = counters.iter().copied().map(CounterId).collect();
        Entry::Reserve(Hold { id: ReservationId(id), counters, estimate: amount(100), row: None })
    };
    let settle = |id: u64, nanos| Entry::Settle { id: ReservationId(id), charge: amount(nanos) };
    let steps = [
        (counter(1, "a"), 0),
        (reserve(1, &[1]), 0),
        (counter(2, "b"), 0),
        (reserve(2, &[1, 2]), 0),
        (settle(1, 60), 60),
        (Entry::Charge { id: ReservationId(2), charge: None }, 200),
        (reserve(3, &[2]), 0),
        (Entry::Release { id: ReservationId(3) }, 0),
        (reserve(4, &[1, 2]), 0),
        (settle(4, 1), 2),
        (reserve(6, &[1]), 0),
        (Entry::Charge { id: ReservationId(6), charge: Some(amount(7)) }, 7),
        (reserve(5, &[1]), 0),
    ];
    let mut bytes = Vec::new();
    Entry::Ledger { version: VERSION }.encode(&mut bytes).unwrap();
    Entry::Snapshot { time: 0 }.encode(&mut bytes).unwrap();
    let mut marks = vec![(bytes.len(), 0)];
    let mut total = 0;
    for (entry, charged) in steps {
        entry.encode(&mut bytes).unwrap();
        total += charged;
        marks.push((bytes.len(), total));
    }
    (bytes, marks)
}

fn spent(book: &Book) -> u64 {
    book.counters().map(|counter| counter.spent.nanos).sum()
}

#[test]
fn cut_at_any_byte_it_remembers_all_that_was_charged_before() {
    let (bytes, marks) = journal();
    let snapshot = marks[0].0;
    for cut in snapshot..=bytes.len() {
        let mut replayed = replay(&bytes[..cut]).unwrap();
        let &(whole, charged) = marks.iter().rfind(|(at, _)| *at <= cut).unwrap();
        assert_eq!(replayed.torn, cut - whole);
        assert_eq!(spent(&replayed.book), charged, "cut at {cut}");

        let open = replayed.book.abandon();
        let estimates = open.len() as u64 * 100;
        for entry in open {
            replayed.book.apply(entry).unwrap();
        }
        assert!(spent(&replayed.book) >= charged + estimates, "cut at {cut}");
        assert_eq!(replayed.book.outstanding(), 0);
        assert!(replayed.book.counters().all(|counter| counter.reserved == Amount::ZERO));
    }
}

#[test]
fn cut_inside_its_snapshot_it_is_refused() {
    let (bytes, marks) = journal();
    assert_eq!(replay(&[]).unwrap().torn, 0);
    for cut in 1..marks[0].0 {
        assert!(matches!(replay(&bytes[..cut]), Err(Damage::Beginning(_))), "cut at {cut}");
    }
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    let (bytes, marks) = journal();
    // The last line, and the line feed that parts it from the one before.
    let last_line = marks[marks.len() - 2].0 - 1;
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        match replay(&damaged) {
            Err(Damage::Beginning(_)) => assert!(at < marks[0].0),
            Err(Damage::Middle(line)) => {
                assert!(line <= at && at < last_line, "{at}");
                // What the message advises gives a ledger that opens.
                assert_eq!(replay(&bytes[..line]).unwrap().torn, 0);
            }
            Ok(replayed) => {
                assert!(replayed.torn > 0 && at >= last_line, "{at}");
            }
            Err(Damage::Unknown(_)) => panic!("a checksum held that should not have, at {at}"),
        }
    }
}

#[test]
fn garbage_at_the_end_is_cut_off() {
    let (mut bytes, _) = journal();
    let whole = spent(&replay(&bytes).unwrap().book);
    bytes.extend_from_slice(&[0; 4096]);
    bytes.extend_from_slice(b"\n\n\nmore\n");
    let replayed = replay(&bytes).unwrap();
    assert_eq!((replayed.torn, spent(&replayed.book)), (4104, whole));
}

#[test]
fn other_files_and_other_versions_are_refused() {
    assert_eq!(replay(b"root:x:0:0:root:/root:/bin/bash\n").unwrap_err(), Damage::Beginning(0));

    let line = |json: &str| format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
    let newer = line(r#"{"ledger":{"version":3}}"#);
    assert_eq!(replay(newer.as_bytes()).unwrap_err(), Damage::Unknown(0));

    let (mut bytes, _) = journal();
    let at = bytes.len();
    bytes.extend_from_slice(line(r#"{"transfer":{"id":1}}"#).as_bytes());
    assert_eq!(replay(&bytes).unwrap_err(), Damage::Unknown(at));
}

#[test]
fn an_end_without_a_beginning_is_refused() {
    let (mut bytes, _) = journal();
    let at = bytes.len();
    Entry::Release { id: ReservationId(77) }.encode(&mut bytes).unwrap();
    assert_eq!(replay(&bytes).unwrap_err(), Damage::Unknown(at));
}

#[test]
fn every_refusal_says_what_to_do() {
    for damage in [Damage::Beginning(3), Damage::Middle(3), Damage::Unknown(3)] {
        let text = damage.to_string();
        assert!(text.contains("byte 3"), "{text}");
        assert!(text.contains("backup") || text.contains("Start the version"), "{text}");
    }
    assert!(Damage::Middle(812).to_string().contains("truncate -s 812"));
}
