//! What happens at once.

use shuttle::{
    rand::{Rng, thread_rng},
    thread,
};

use crate::{
    budget::{Denied, Reservation, Subject},
    real::{
        fmt,
        panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
        sync::Arc,
    },
    seen::{Seen, note},
    world::{Bill, World, charge, estimate},
};

/// What happens besides reading, rewriting and crashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Calls alone, in one window: at the end every number is known.
    Calls,
    /// Budgets are also reset and topped up, and time passes.
    Adjusted,
}

/// Calls of each caller, one after the other.
const CALLS: usize = 3;

impl Scene {
    /// Everyone at once; then what must be true.
    pub fn play(self, seen: &Arc<Seen>) {
        let world = Arc::new(World::new());
        let mut threads = Vec::new();
        let mut spawn = |act: fn(&World, &Seen)| {
            let (world, seen) = (Arc::clone(&world), Arc::clone(seen));
            threads.push(thread::spawn(move || act(&world, &seen)));
        };
        spawn(|world, seen| calls(world, seen, "ann"));
        spawn(|world, seen| calls(world, seen, "ann"));
        spawn(|world, seen| calls(world, seen, "bob"));
        spawn(read);
        spawn(crash);
        if self == Self::Adjusted {
            spawn(adjust);
            spawn(pass);
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let world = Arc::into_inner(world).unwrap();
        world.at_the_end(self == Self::Calls, seen);
    }
}

/// Calls end in every way that there is.
fn calls(world: &World, seen: &Seen, caller: &str) {
    let who = Subject { caller, ..Subject::default() };
    for _ in 0..CALLS {
        let likely = thread_rng().gen_range(1..40);
        let most = likely + thread_rng().gen_range(0..80);
        world.bill(|bill| bill.begun += 1);
        match world.ledger.try_reserve(&world.budgets, &who, estimate(likely, most)) {
            Ok(call) => {
                assert!(call.quarters() <= 4);
                if call.quarters() < 4 {
                    note(&seen.partly);
                }
                end(world, call);
            }
            Err(Denied::Exceeded(_)) => note(&seen.refused),
            Err(denied) => panic!("{denied}"),
        }
    }
}

fn end(world: &World, mut call: Reservation) {
    let held = call.held();
    let way = thread_rng().gen_range(0..8);
    if way > 0 {
        call.dispatched();
    }
    let (ended, estimated) = match way {
        0 => {
            drop(call);
            (None, 0)
        }
        1 => {
            call.release();
            (None, 0)
        }
        2 => {
            drop(call);
            (Some(held), 1)
        }
        3 => {
            let bug = catch_unwind(AssertUnwindSafe(|| {
                let _call = call;
                resume_unwind(Box::new("a bug elsewhere"));
            }));
            assert!(bug.is_err());
            (Some(held), 1)
        }
        _ => {
            let real = charge(thread_rng().gen_range(0..=held.cost.nanos()));
            call.settle(real);
            (Some(real), 0)
        }
    };
    if let Some(charge) = ended {
        world.bill(|Bill { requests, nanos, tokens, estimates, .. }| {
            *requests += 1;
            *nanos += charge.cost.nanos();
            *tokens += charge.input;
            *estimates += estimated;
        });
    }
}

/// Someone looks at the metrics.
fn read(world: &World, seen: &Seen) {
    for _ in 0..3 {
        if world.check_limits(&world.ledger) {
            note(&seen.under_way);
        }
        thread::yield_now();
    }
}

/// The process is killed: what it has written by then is what the next one finds.
fn crash(world: &World, seen: &Seen) {
    for _ in 0..2 {
        for _ in 0..thread_rng().gen_range(0..20) {
            thread::yield_now();
        }
        if world.check_crash() {
            note(&seen.left_open);
        }
    }
}

/// Someone resets a budget and tops another up.
fn adjust(world: &World, seen: &Seen) {
    for _ in 0..2 {
        if world.ledger.outstanding() > 0 {
            note(&seen.adjusted);
        }
        world.top_up("ann");
        world.reset("ann");
    }
}

/// A minute begins.
fn pass(world: &World, seen: &Seen) {
    for _ in 0..thread_rng().gen_range(0..20) {
        thread::yield_now();
    }
    if world.ledger.outstanding() > 0 {
        note(&seen.passed);
    }
    world.clock.pass(40);
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Adjusted => "calls, resets and top-ups",
        })
    }
}
