//! A new configuration takes over whole, or not at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::files;
use crate::config::{Live, LoadError, Reloads, Source};

fn config(backend: &str) -> String {
    format!(
        "listeners: [{{ address: 127.0.0.1:8080 }}]\nledger: memory\n\
         backends: {{ {backend}: {{ schema: openai, credential: {{ file: key }}, tls: {{ ca: ca.pem }} }} }}\n\
         routes: [{{ models: ['*'], backends: [{backend}] }}]\n"
    )
}

fn start() -> (TempDir, PathBuf, Arc<Live>) {
    let directory = files();
    let path = directory.path().join("egret.yaml");
    fs::write(&path, config("first")).unwrap();
    let live = Live::start(Source::File(path.clone())).unwrap();
    (directory, path, Arc::new(live))
}

fn backend(live: &Live) -> String {
    live.pin().backends[0].name.clone()
}

fn key(live: &Live) -> Vec<u8> {
    live.pin().backends[0].credential.sources()[0].current().expose().to_vec()
}

/// Replaces a file in one step, as editors and Kubernetes do.
fn replace(path: &Path, content: impl AsRef<[u8]>) {
    let aside = path.with_extension("aside");
    fs::write(&aside, content).unwrap();
    fs::rename(aside, path).unwrap();
}

/// Waits for what the watching thread does; long enough that only a hang fails.
fn eventually(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not happen");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_pinned_snapshot_outlives_a_reload() {
    let (_directory, path, live) = start();
    let pinned = live.pin();
    replace(&path, config("second"));
    live.reload_now().unwrap();
    assert_eq!(pinned.backends[0].name, "first");
    assert_eq!(backend(&live), "second");
    assert_eq!(live.reloads(), Reloads { succeeded: 1, failed: 0 });
}

#[test]
fn a_bad_configuration_is_refused_and_the_old_one_stays() {
    let (_directory, path, live) = start();
    for bad in ["", "backends: [", &config("second").replace("127.0.0.1", "0.0.0.0")] {
        replace(&path, bad);
        assert!(matches!(live.reload_now(), Err(LoadError::Invalid { .. })));
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(live.reload_now(), Err(LoadError::Unreadable { .. })));
    assert_eq!(backend(&live), "first");
    assert_eq!(live.reloads(), Reloads { succeeded: 0, failed: 4 });
}

#[test]
fn sockets_and_ledger_stay_until_a_restart() {
    let (_directory, path, live) = start();
    let moved = config("second").replace("8080", "8081").replace("memory", "elsewhere");
    let more = "admin: { address: '127.0.0.1:9999' }\nstore: { redis: '127.0.0.1:6379' }\n";
    replace(&path, moved + more);
    live.reload_now().unwrap();
    let snapshot = live.pin();
    assert_eq!(snapshot.backends[0].name, "second");
    assert_eq!(snapshot.listeners[0].address.port(), 8080);
    assert_eq!(snapshot.admin.port(), 9090);
    assert_eq!(snapshot.ledger, None);
    assert_eq!(snapshot.store, None);
}

/// A file that is cut short can still be a good configuration: one without its budgets.
#[test]
fn a_file_that_is_still_being_written_is_not_loaded() {
    let (_directory, path, live) = start();
    fs::write(&path, config("half")).unwrap();
    live.look();
    fs::write(&path, config("whole")).unwrap();
    live.look();
    assert_eq!(backend(&live), "first");
    live.look();
    assert_eq!(backend(&live), "whole");
    assert_eq!(live.reloads(), Reloads { succeeded: 1, failed: 0 });
}

#[test]
fn changes_are_noticed() {
    let (directory, path, live) = start();
    let watch = live.watch().unwrap();

    replace(&path, config("second"));
    eventually("the new configuration", || backend(&live) == "second");

    // A bad one, then the good one again: the watch goes on.
    replace(&path, "backends: {");
    eventually("the refusal", || live.reloads().failed == 1);
    replace(&path, config("third"));
    eventually("the recovery", || backend(&live) == "third");

    // A file that the configuration names.
    let group_key = live.pin().backends[0].group_key;
    let other_ca = files();
    replace(&directory.path().join("ca.pem"), fs::read(other_ca.path().join("ca.pem")).unwrap());
    eventually("the new CA", || live.pin().backends[0].group_key != group_key);

    // A secret that arrives after the configuration that names it.
    let late = directory.path().join("late");
    replace(&path, config("fourth").replace("file: key", "file: late"));
    eventually("the second refusal", || live.reloads().failed == 2);
    replace(&late, "late-key");
    eventually("the late secret", || backend(&live) == "fourth");

    // A rotated secret needs no reload, and a broken one changes nothing.
    let reloads = live.reloads();
    replace(&late, "rotated\n");
    eventually("the rotation", || key(&live) == b"rotated");
    fs::remove_file(&late).unwrap();
    thread::sleep(Duration::from_millis(600));
    assert_eq!(key(&live), b"rotated");
    assert_eq!(live.reloads(), reloads);
    drop(watch);
}

/// Kubernetes mounts a directory `..data` that is a symbolic link, and swaps that link.
#[cfg(unix)]
#[test]
fn a_swapped_symbolic_link_is_noticed() {
    use std::os::unix::fs::symlink;

    let directory = files();
    let at = |name: &str| directory.path().join(name);
    for (version, backend) in [("v1", "first"), ("v2", "second")] {
        fs::create_dir(at(version)).unwrap();
        for file in ["key", "ca.pem"] {
            fs::copy(at(file), at(version).join(file)).unwrap();
        }
        fs::write(at(version).join("egret.yaml"), config(backend)).unwrap();
    }
    symlink("v1", at("..data")).unwrap();
    let live = Live::start(Source::File(at("..data").join("egret.yaml"))).unwrap();
    let live = Arc::new(live);
    let _watch = live.watch().unwrap();
    assert_eq!(backend(&live), "first");
    symlink("v2", at("..next")).unwrap();
    fs::rename(at("..next"), at("..data")).unwrap();
    eventually("the swap", || backend(&live) == "second");
}
