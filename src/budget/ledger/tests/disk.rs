//! What outlives the process, and what happens when the disk does not play along.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::*;

const NEVER: Duration = Duration::from_secs(3600);

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    (directory, path)
}

/// A ledger whose thread never wakes by itself.
fn open(path: &Path) -> Arc<Ledger> {
    reopen(path, &TestClock::at(NOON), REWRITE_PAST)
}

fn refusal(path: &Path) -> String {
    Ledger::open(Some(path), TestClock::at(NOON)).unwrap_err().to_string()
}

fn daily() -> Budget {
    budget("daily", Scope::each(vec![Dimension::Caller]), usd(10_000), Window::Day)
}

fn spend(ledger: &Arc<Ledger>, nanos: u64) -> Result<(), Denied> {
    let call = ledger.try_reserve(&[daily()], &ANN, estimate(100, 10))?;
    call.settle(charge(nanos, 1));
    Ok(())
}

fn rows(ann: u64, bob: u64) -> Vec<(String, u64, u64)> {
    vec![("ann".to_owned(), ann, 0), ("bob".to_owned(), bob, 0)]
}

#[test]
fn a_ledger_that_was_closed_opens_the_same() {
    let (_directory, path) = place();
    let ledger = open(&path);
    spend(&ledger, 42).unwrap();
    drop(ledger);
    for _ in 0..3 {
        assert_eq!(total(&open(&path), &daily()), (42, 0));
    }
}

#[test]
fn a_process_that_was_killed_forgets_nothing_and_pays_for_what_was_open() {
    let (_directory, path) = place();
    let ledger = open(&path);
    spend(&ledger, 42).unwrap();
    let under_way = ledger.try_reserve(&[daily()], &BOB, estimate(100, 10)).unwrap();
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).unwrap();
    std::mem::forget((under_way, ledger));

    let ledger = open(&copy);
    assert_eq!(stand(&ledger, &daily()), rows(42, 100));
    assert_eq!((ledger.outstanding(), ledger.estimated()), (0, 1));
    drop(ledger);
    let ledger = open(&copy);
    assert_eq!(stand(&ledger, &daily()), rows(42, 100), "charged once");
    assert_eq!(ledger.estimated(), 0);
}

#[test]
fn a_restart_with_the_clock_set_back_does_not_open_an_old_window() {
    let (_directory, path) = place();
    let clock = TestClock::at(NOON);
    let hourly = [budget("hourly", Scope::TOTAL, Quantity::Requests(1), Window::Hour)];
    let ledger = Ledger::open(Some(&path), clock.clone()).unwrap();
    ledger.try_reserve(&hourly, &ANN, estimate(1, 1)).unwrap().settle(charge(1, 1));
    drop(ledger);
    clock.set(NOON - 7200);
    let ledger = Ledger::open(Some(&path), clock).unwrap();
    assert!(ledger.try_reserve(&hourly, &ANN, estimate(1, 1)).is_err());
}

#[test]
fn a_torn_end_is_cut_off_and_damage_elsewhere_is_refused() {
    let (_directory, path) = place();
    let ledger = open(&path);
    spend(&ledger, 42).unwrap();
    spend(&ledger, 1).unwrap();
    drop(ledger);
    let journal = fs::read(&path).unwrap();

    fs::write(&path, &journal[..journal.len() - 5]).unwrap();
    assert_eq!(total(&open(&path), &daily()), (142, 0), "a torn settlement costs its estimate");

    let mut damaged = journal.clone();
    damaged[journal.len() / 2] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let refusal = refusal(&path);
    assert!(refusal.contains("truncate -s"), "{refusal}");
    assert_eq!(fs::read(&path).unwrap(), damaged, "the evidence is left alone");
}

#[test]
fn a_file_that_is_no_ledger_is_left_alone() {
    let (_directory, path) = place();
    fs::write(&path, "precious\n").unwrap();
    let refusal = refusal(&path);
    assert!(refusal.contains("not a ledger"), "{refusal}");
    assert_eq!(fs::read(&path).unwrap(), b"precious\n");
}

#[test]
fn two_cannot_share_one_file() {
    let (_directory, path) = place();
    let first = open(&path);
    let refusal = refusal(&path);
    assert!(refusal.contains("another process uses it"), "{refusal}");
    drop(first);
    open(&path);
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let (directory, _) = place();
    let refusal = refusal(&directory.path().join("nowhere/ledger"));
    assert!(refusal.contains("nowhere/ledger") && refusal.contains("must exist"), "{refusal}");
}

#[test]
fn a_long_journal_is_rewritten_with_calls_open() {
    let (_directory, path) = place();
    let ledger = Ledger::open_with(Some(&path), TestClock::at(NOON), NEVER, 4096).unwrap();
    let under_way = ledger.try_reserve(&[daily()], &BOB, estimate(100, 10)).unwrap();
    for _ in 0..50 {
        spend(&ledger, 1).unwrap();
    }
    let before = fs::metadata(&path).unwrap().len();
    ledger.shared.keep();
    let after = fs::metadata(&path).unwrap().len();
    assert!(before > 4096 && after < 1024, "{before} -> {after}");
    under_way.settle(charge(70, 7));
    spend(&ledger, 1).unwrap();
    drop(ledger);
    assert_eq!(stand(&open(&path), &daily()), rows(51, 70));
}

#[test]
fn rewrites_under_load_lose_nothing() {
    let (_directory, path) = place();
    let often = Duration::from_millis(1);
    let ledger = Ledger::open_with(Some(&path), TestClock::at(NOON), often, 0).unwrap();
    let all = budget("all", Scope::TOTAL, usd(u64::MAX), Window::Day);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    let call = ledger.try_reserve(&[&all], &ANN, estimate(10, 1)).unwrap();
                    call.settle(charge(3, 1));
                }
            });
        }
    });
    assert_eq!(total(&ledger, &all), (24_000, 0));
    drop(ledger);
    assert_eq!(total(&open(&path), &all), (24_000, 0));
}

#[test]
fn a_journal_that_breaks_refuses_calls_until_it_is_written_anew() {
    let (_directory, path) = place();
    let ledger = open(&path);
    spend(&ledger, 42).unwrap();
    let under_way = ledger.try_reserve(&[daily()], &BOB, estimate(100, 10)).unwrap();

    let full = File::options().append(true).open("/dev/full").unwrap();
    ledger.shared.lock().journal.as_mut().unwrap().swap_file(full);
    assert_eq!(spend(&ledger, 1), Err(Denied::Unavailable));
    assert!(!ledger.is_writable());
    assert_eq!(ledger.outstanding(), 1, "the refused call left nothing behind");
    under_way.settle(charge(70, 7));
    assert_eq!(stand(&ledger, &daily()), rows(42, 70), "a call under way ends as usual");

    ledger.shared.keep();
    assert!(ledger.is_writable());
    spend(&ledger, 1).unwrap();
    drop(ledger);
    assert_eq!(stand(&open(&path), &daily()), rows(43, 70));
}

/// The disk is full for a process of its own, whose files may not pass 16 KiB.
#[test]
fn a_full_disk_refuses_calls_until_there_is_room() {
    let (_directory, path) = place();
    let child = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 16; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("budget::ledger::tests::disk::child_on_a_full_disk")
        .env("EGRET_TEST_LEDGER", &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{child:?}");
    assert_eq!(total(&open(&path), &daily()).1, 0);
}

#[test]
#[ignore = "run by a_full_disk_refuses_calls_until_there_is_room"]
fn child_on_a_full_disk() {
    let Some(path) = std::env::var_os("EGRET_TEST_LEDGER").map(PathBuf::from) else { return };
    let ledger = open(&path);
    let under_way = ledger.try_reserve(&[daily()], &BOB, estimate(100, 10)).unwrap();
    let mut settled = 0;
    while spend(&ledger, 1).is_ok() {
        settled += 1;
    }
    assert_eq!(spend(&ledger, 1), Err(Denied::Unavailable));
    assert!(settled > 10 && !ledger.is_writable());
    under_way.settle(charge(70, 7));
    assert_eq!(total(&ledger, &daily()), (settled + 70, 0));

    // After a crash now: every line is whole, and a call whose end found no room costs more.
    let copy = path.with_extension("copy");
    let journal = fs::read(&path).unwrap();
    assert!(journal.len() <= 16 << 10 && journal.ends_with(b"\n"));
    fs::write(&copy, journal).unwrap();
    assert!(total(&open(&copy), &daily()).0 >= settled + 100);

    let room = Command::new("prlimit")
        .args(["--fsize=unlimited:unlimited", "--pid", &std::process::id().to_string()])
        .status()
        .unwrap();
    assert!(room.success());
    spend(&ledger, 1).unwrap();
    assert!(ledger.is_writable());
    drop(ledger);
    assert_eq!(total(&open(&path), &daily()), (settled + 71, 0));
}

#[test]
fn a_journal_of_version_1_is_taken_over() {
    let (_directory, path) = place();
    fs::write(&path, include_bytes!("version-1.journal")).unwrap();
    let tokens = |per, name, window| Budget::plain(name, per, Quantity::Tokens(10_000), window);
    let each = Scope::each(vec![Dimension::Caller]);
    for _ in 0..2 {
        let ledger = open(&path);
        // A call was open: it is charged with its estimate.
        assert_eq!(stand(&ledger, &daily()), rows(4000 + 50 + 500, 70));
        let daily = tokens(each.clone(), "daily", Window::Day);
        assert_eq!(stand(&ledger, &daily), rows(900 + 10 + 100, 40));
        let team = tokens(Scope::TOTAL, "team", Window::Month);
        assert_eq!(total(&ledger, &team), (5000 + 40 + 10 + 100, 0));
        assert!(fs::read_to_string(&path).unwrap().contains(r#"{"ledger":{"version":2}}"#));
    }
}
