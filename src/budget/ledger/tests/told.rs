//! What someone is told, and how often.

use super::*;

fn warned(window: Window) -> Budget {
    let warn = vec![Percent(50), Percent(80)];
    Budget { warn, ..budget("b", Scope::each(vec![Dimension::Caller]), usd(100), window) }
}

fn spend(ledger: &Arc<Ledger>, it: &Budget, nanos: u64) {
    ledger.try_reserve(&[it], &ANN, estimate(nanos, 0)).unwrap().settle(charge(nanos, 0));
}

fn percents(events: &mpsc::Receiver<Event>) -> Vec<u8> {
    let percent = |event| match event {
        Event::Threshold { percent, .. } => percent,
        Event::Exceeded { .. } => 0,
    };
    events.try_iter().map(percent).collect()
}

#[test]
fn a_threshold_is_told_once_in_a_window() {
    let (ledger, clock) = in_memory();
    let it = warned(Window::Hour);
    let events = ledger.take_events().unwrap();
    assert!(ledger.take_events().is_none(), "the first taker has it");
    spend(&ledger, &it, 49);
    assert_eq!(percents(&events), [0; 0]);
    spend(&ledger, &it, 1);
    let event = events.try_recv().unwrap();
    assert_eq!(
        event,
        Event::Threshold {
            budget: "b".to_owned(),
            of: "ann".to_owned(),
            percent: 50,
            limit: usd(100),
            spent: usd(50),
            window_end: NOON + 3600,
        }
    );
    spend(&ledger, &it, 1);
    assert_eq!(percents(&events), [0; 0]);
    spend(&ledger, &it, 49);
    assert_eq!(percents(&events), [80]);
    clock.set(NOON + 3600);
    spend(&ledger, &it, 100);
    assert_eq!(percents(&events), [50, 80]);
}

#[test]
fn a_threshold_is_not_told_again_after_a_restart_but_one_missed_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    let it = warned(Window::Hour);
    let open = || {
        let ledger = reopen(&path, &TestClock::at(NOON), 0);
        let events = ledger.take_events().unwrap();
        (ledger, events)
    };
    let (ledger, events) = open();
    spend(&ledger, &it, 60);
    assert_eq!(percents(&events), [50]);
    let under_way = ledger.try_reserve(&[&it], &ANN, estimate(30, 0)).unwrap();
    std::fs::copy(&path, path.with_extension("copy")).unwrap();
    std::mem::forget((under_way, ledger));
    std::fs::rename(path.with_extension("copy"), &path).unwrap();
    std::fs::remove_file(path.with_extension("lock")).unwrap();
    let (ledger, events) = open();
    spend(&ledger, &it, 1);
    assert_eq!(percents(&events), [80], "the charge for the call that was cut");
}

#[test]
fn a_grant_moves_the_thresholds() {
    let (ledger, _) = in_memory();
    let it = warned(Window::Hour);
    let events = ledger.take_events().unwrap();
    ledger.top_up(&it, "ann", usd(100), NOON + DAY).unwrap();
    spend(&ledger, &it, 99);
    assert_eq!(percents(&events), [0; 0]);
    spend(&ledger, &it, 1);
    assert_eq!(percents(&events), [50]);
}

#[test]
fn a_rolling_window_tells_once_in_its_length() {
    let (ledger, clock) = in_memory();
    let it = warned("rolling 1h".parse().unwrap());
    let events = ledger.take_events().unwrap();
    spend(&ledger, &it, 55);
    for minute in 1..60 {
        clock.set(NOON + 60 * minute);
        spend(&ledger, &it, 0);
    }
    assert_eq!(percents(&events), [50]);
    clock.set(NOON + 3599);
    spend(&ledger, &it, 1);
    clock.set(NOON + 3700);
    spend(&ledger, &it, 60);
    assert_eq!(percents(&events), [50]);
}

#[test]
fn an_audit_tells_once_in_a_window_what_it_let_through() {
    let (ledger, clock) = in_memory();
    let it = Budget { on_exceeded: OnExceeded::Audit, warn: Vec::new(), ..warned(Window::Hour) };
    let events = ledger.take_events().unwrap();
    for _ in 0..2 {
        spend(&ledger, &it, 100);
        assert_eq!(events.try_recv().ok(), None, "it fits");
        spend(&ledger, &it, 1);
        let event = events.try_recv().unwrap();
        let Event::Exceeded { budget, of, limit, spent } = event else { panic!("{event:?}") };
        assert_eq!((&*budget, &*of, limit, spent), ("b", "ann", usd(100), usd(100)));
        spend(&ledger, &it, 1);
        assert_eq!(events.try_recv().ok(), None, "once");
        clock.set(clock.now() + 3600);
    }
}

#[test]
fn nobody_waits_for_a_listener() {
    let (ledger, _) = in_memory();
    let each = Scope::each(vec![Dimension::Caller]);
    let it = Budget { warn: vec![Percent(1)], ..budget("b", each, usd(100), Window::Hour) };
    for caller in 0..1000 {
        let name = caller.to_string();
        let who = Subject { caller: &name, ..ANN };
        ledger.try_reserve(&[&it], &who, estimate(9, 0)).unwrap().settle(charge(9, 0));
    }
    let events = ledger.take_events().unwrap();
    assert_eq!(events.try_iter().count(), EVENTS_KEPT);
}
