//! Calls of a caller that comes again where it is told to. On a slow machine the store takes too
//! long now and then, or others do to give back what they don't use, and the call is refused, as
//! it should be.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::ledgers::{HANG, charge, exactly};
use crate::budget::{Budget, Denied, Exceeded, Ledger, Reservation, SpendRow, Subject};

/// How long a call waits for the store before it is refused, if the store is not known to be away.
const WAIT: Duration = Duration::from_secs(2);
/// Of those that others would have to give something back for, so many may be refused: much longer,
/// and it is given back though nobody asks for it.
const EARLY: u32 = 1;

/// A call that fits.
pub(super) async fn admit(
    ledger: &Arc<Ledger>,
    budgets: &[Budget],
    who: &Subject<'_>,
    nanos: u64,
) -> Reservation {
    let begun = Instant::now();
    let mut early = 0;
    loop {
        match attempt(ledger, budgets, who, nanos).await {
            Ok(call) => return call,
            Err(Some(exceeded)) => {
                early += 1;
                assert!(early <= EARLY && !is_over(&exceeded), "{exceeded}");
            }
            Err(None) => {}
        }
        assert!(begun.elapsed() < HANG, "never: a call for {nanos}");
    }
}

/// A call that fits, and costs what was expected.
pub(super) async fn spend(ledger: &Arc<Ledger>, budgets: &[Budget], who: &Subject<'_>, nanos: u64) {
    admit(ledger, budgets, who, nanos).await.settle(charge(nanos));
}

/// Why a call is refused for which there is no room.
pub(super) async fn refuse(
    ledger: &Arc<Ledger>,
    budgets: &[Budget],
    who: &Subject<'_>,
    nanos: u64,
) -> Exceeded {
    let begun = Instant::now();
    loop {
        match attempt(ledger, budgets, who, nanos).await {
            Ok(_) => panic!("a call for {nanos} is admitted"),
            Err(Some(exceeded)) if is_over(&exceeded) => return exceeded,
            Err(_) => {}
        }
        assert!(begun.elapsed() < HANG, "never: a refusal of a call for {nanos}");
    }
}

/// Calls one ledger after the other until none has room any more; what all calls came to.
pub(super) async fn use_up(
    ledgers: &[&Arc<Ledger>],
    budgets: &[Budget],
    who: &Subject<'_>,
    nanos: u64,
) -> u64 {
    let begun = Instant::now();
    let (mut spent, mut refused) = (0, 0);
    for ledger in ledgers.iter().cycle() {
        match attempt(ledger, budgets, who, nanos).await {
            Ok(call) => {
                call.settle(charge(nanos));
                spent += nanos;
                refused = 0;
            }
            Err(Some(exceeded)) if is_over(&exceeded) => refused += 1,
            Err(_) => {}
        }
        if refused == ledgers.len() {
            break;
        }
        assert!(begun.elapsed() < HANG, "never: it is used up; {spent} are");
    }
    spent
}

/// What a store says that is there, but may be slow.
pub(super) async fn statement(ledger: &Ledger, from: &str, to: &str) -> Vec<SpendRow> {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        if let Some(rows) = ledger.shared_statement(from, to).await {
            return rows;
        }
        assert!(asked.elapsed() > WAIT / 2 && begun.elapsed() < HANG, "the store can't be read");
    }
}

/// Whether what is used leaves no room for the call. Otherwise it would fit, if others gave back
/// what they don't use.
pub(super) fn is_over(Exceeded { limit, spent, reserved, needed, .. }: &Exceeded) -> bool {
    let sum = [spent, reserved, needed].map(|quantity| quantity.count()).iter().sum::<u64>();
    sum > limit.count()
}

/// `Err(None)` if the store is away or slow, which has to be true.
async fn attempt(
    ledger: &Arc<Ledger>,
    budgets: &[Budget],
    who: &Subject<'_>,
    nanos: u64,
) -> Result<Reservation, Option<Exceeded>> {
    let (before, asked) = (ledger.store_status().unwrap(), Instant::now());
    match ledger.reserve(budgets, who, exactly(nanos)).await {
        Ok(call) => Ok(call),
        Err(Denied::Exceeded(exceeded)) => Err(Some(*exceeded)),
        Err(Denied::Unavailable) => {
            let failures = ledger.store_status().unwrap().failures;
            let missed = !before.reachable || failures > before.failures;
            assert!(missed || asked.elapsed() >= WAIT, "the store was there all the time");
            // It is tried again ten times a second.
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(None)
        }
        Err(denied) => panic!("{denied:?}"),
    }
}
