use super::*;
use crate::resolve::vet::Kind;

const SECOND: Duration = Duration::from_secs(1);

fn entry(now: Instant) -> Entry {
    Entry::new(Name { host: "api.example".to_owned(), allow_private: false }, now)
}

fn found(ttl: u64) -> Outcome {
    let found = Found { addresses: vec![[8, 8, 8, 8].into()], ttl: SECOND * ttl as u32 };
    Outcome { found: Ok(found), refused: Vec::new() }
}

fn failed() -> Outcome {
    Outcome { found: Err(Failure::Timeout), refused: Vec::new() }
}

#[test]
fn an_answer_is_asked_for_again_before_its_time_is_over() {
    let (now, settings) = (Instant::now(), Settings::default());
    let mut entry = entry(now);
    assert_eq!((entry.due, entry.addresses(now)), (now, None), "nothing is known yet");
    for (ttl, kept) in [(0, 5), (60, 60), (86_400, 300)] {
        entry.learn(found(ttl), &settings, now);
        assert_eq!(entry.status(now).fresh, SECOND * kept);
        assert_eq!(entry.due, now + (SECOND * kept).mul_f64(0.8));
    }
    let endless = Found { addresses: vec![[8, 8, 8, 8].into()], ttl: Duration::MAX };
    entry.learn(Outcome { found: Ok(endless), refused: Vec::new() }, &settings, now);
    assert_eq!(entry.status(now).fresh, settings.max_ttl);
}

#[test]
fn an_old_answer_is_used_until_it_is_too_old() {
    let (now, settings) = (Instant::now(), Settings::default());
    let mut entry = entry(now);
    entry.learn(found(60), &settings, now);
    let later = now + SECOND * 60;
    entry.learn(failed(), &settings, later);
    let status = entry.status(later);
    assert_eq!((status.fresh, status.usable), (Duration::ZERO, settings.stale));
    assert_eq!((status.failures, status.failure), (1, Some(Failure::Timeout)));
    let last = later + settings.stale;
    assert_eq!(entry.addresses(last - SECOND).map(|found| found.len()), Some(1));
    assert_eq!(entry.addresses(last).map(|found| found.len()), Some(0), "and it is not waited for");
    entry.learn(failed(), &settings, last);
    entry.learn(found(60), &settings, last);
    assert_eq!(entry.addresses(last).map(|found| found.len()), Some(1));
    assert_eq!(entry.status(last).failures, 0);
    assert_eq!(entry.status(last).lookups, [("ok", 2), ("timeout", 2)].into());
}

#[test]
fn failures_are_followed_by_longer_and_longer_pauses() {
    let (now, settings) = (Instant::now(), Settings::default());
    let pauses = |mut entry: Entry| {
        let mut pauses = Vec::new();
        for _ in 0..40 {
            entry.learn(failed(), &settings, now);
            pauses.push((entry.due - now).as_secs());
        }
        pauses
    };
    let without = pauses(entry(now));
    assert_eq!((&without[..4], without.last()), (&[1, 2, 4, 5][..], Some(&5)));
    let mut with = entry(now);
    with.learn(found(60), &settings, now);
    let with = pauses(with);
    assert_eq!((&with[..6], with.last()), (&[1, 2, 4, 8, 16, 30][..], Some(&30)));
}

#[test]
fn what_is_refused_is_counted_by_kind() {
    let (now, settings) = (Instant::now(), Settings::default());
    let mut entry = entry(now);
    let refused =
        |kind| Refused { ip: [127, 0, 0, 1].into(), kind, allowable: kind != Kind::Metadata };
    let both = vec![refused(Kind::Loopback), refused(Kind::Metadata)];
    for _ in 0..2 {
        entry.learn(Outcome { refused: both.clone(), ..found(60) }, &settings, now);
    }
    let status = entry.status(now);
    assert_eq!(status.refusals, [("loopback", 2), ("metadata", 2)].into());
    assert_eq!((status.refused, status.addresses.len()), (both, 1));
}
