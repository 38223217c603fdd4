//! Races on a clock that moves only when everybody waits.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;

/// What becomes of an attempt, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Fate {
    Accepts(u64),
    Refuses(u64),
    Hangs,
}

use Fate::{Accepts, Hangs, Refuses};

/// A race, and its clock. Addresses are told apart by their ports: the first has 0.
struct Run {
    /// Who won, one after the other, at last who failed; and when.
    ends: Vec<(Result<u16, Option<u16>>, u64)>,
    /// When each was tried.
    tried: Vec<u64>,
}

/// Asks for so many winners.
async fn run(fates: &[Fate], winners: usize) -> Run {
    let began = Instant::now();
    let now = || u64::try_from(began.elapsed().as_millis()).unwrap();
    let tried = RefCell::new(Vec::new());
    let ports = 0..u16::try_from(fates.len()).unwrap();
    let addresses: Vec<_> = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
    let mut race = Race::new(&addresses, |address| {
        let (port, fate) = (address.port(), fates[usize::from(address.port())]);
        tried.borrow_mut().push(now());
        async move {
            match fate {
                Accepts(after) => {
                    sleep(Duration::from_millis(after)).await;
                    Ok(port)
                }
                Refuses(after) => {
                    sleep(Duration::from_millis(after)).await;
                    Err(port)
                }
                Hangs => pending().await,
            }
        }
    });
    let mut ends = Vec::new();
    for _ in 0..winners {
        let end = race.winner().await;
        ends.push((end, now()));
    }
    drop(race);
    Run { ends, tried: tried.into_inner() }
}

#[tokio::test(start_paused = true)]
async fn the_first_that_accepts_wins_and_nobody_else_is_asked() {
    let Run { ends, tried } = run(&[Accepts(249), Accepts(1)], 1).await;
    assert_eq!((ends, tried), (vec![(Ok(0), 249)], vec![0]));
}

#[tokio::test(start_paused = true)]
async fn one_that_leads_nowhere_costs_a_quarter_of_a_second() {
    let Run { ends, tried } = run(&[Hangs, Hangs, Accepts(0)], 1).await;
    assert_eq!(ends[0].0, Ok(2));
    // The timer's grain is a millisecond.
    assert!((250..253).contains(&tried[1]) && (500..505).contains(&tried[2]), "{tried:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_next_is_asked_at_once() {
    let Run { ends, tried } = run(&[Refuses(20), Refuses(30), Accepts(40)], 1).await;
    assert_eq!(tried, [0, 20, 50]);
    assert_eq!(ends, [(Ok(2), 90)]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_one_still_wins_if_the_others_fail() {
    let Run { ends, .. } = run(&[Accepts(600), Refuses(10), Hangs], 1).await;
    assert_eq!(ends, [(Ok(0), 600)]);
}

#[tokio::test(start_paused = true)]
async fn after_a_winner_that_was_none_the_others_have_their_turn() {
    let Run { ends, tried } = run(&[Accepts(10), Accepts(10), Refuses(10)], 3).await;
    assert_eq!(ends, [(Ok(0), 10), (Ok(1), 20), (Err(Some(2)), 30)]);
    assert_eq!(tried, [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn without_addresses_there_is_nobody() {
    let Run { ends, .. } = run(&[], 1).await;
    assert_eq!(ends, [(Err(None), 0)]);
}
