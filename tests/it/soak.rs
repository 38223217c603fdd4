//! What the soak judges a process by can say no.

#[path = "../soak/vitals.rs"]
mod vitals;

use vitals::{Sample, Vitals};

/// The matrix of `tests/soak/run`, and of CI.
const LONG: u64 = 450;
const SHORT: u64 = 30;

/// What is not flat in a run of so many seconds.
fn growing(seconds: u64, sample: impl Fn(u64) -> Sample) -> Vec<String> {
    let mut vitals = Vitals::default();
    (0..seconds).map(sample).for_each(|it| vitals.add(it));
    let grown = vitals.thirds().into_iter().filter(|(_, flat)| !flat);
    grown.filter_map(|(line, _)| Some(line.split_once(',')?.0.to_owned())).collect()
}

/// A gateway as it was measured: quick to warm up, slower and slower to grow, never still.
fn sound(second: u64) -> Sample {
    let warming = 9_500.0 * (second as f64 / 5.0 + 1.0).ln();
    // A wave and a peak each minute.
    let (wave, peak) = (second * 7 % 23, if second.is_multiple_of(60) { 40 } else { 0 });
    Sample {
        rss_kib: 82_000 + warming as u64 + 100 * wave + 1000 * peak,
        descriptors: 140 + wave + peak,
        threads: 12 + second % 3,
        tasks: 120 + wave + peak,
    }
}

#[test]
fn what_warms_up_and_wavers_is_flat() {
    assert_eq!(growing(LONG, sound), Vec::<String>::new());
    assert_eq!(growing(SHORT, sound), Vec::<String>::new());
}

#[test]
fn what_grows_is_seen() {
    // A kilobyte of each of a hundred calls a second.
    let memory = |at| Sample { rss_kib: sound(at).rss_kib + at * 100, ..sound(at) };
    assert_eq!(growing(LONG, memory), ["RSS"]);
    let descriptors = |at| Sample { descriptors: sound(at).descriptors + at / 3, ..sound(at) };
    assert_eq!(growing(LONG, descriptors), ["descriptors"]);
    let threads = |at| Sample { threads: sound(at).threads + at / 30, ..sound(at) };
    assert_eq!(growing(LONG, threads), ["threads"]);
    let tasks = |at| Sample { tasks: sound(at).tasks + at / 3, ..sound(at) };
    assert_eq!(growing(LONG, tasks), ["tasks"]);
    // In less time only what grows faster.
    let memory = |at| Sample { rss_kib: sound(at).rss_kib + at * 4000, ..sound(at) };
    assert_eq!(growing(SHORT, memory), ["RSS"]);
    // One of each other call.
    let tasks = |at| Sample { tasks: sound(at).tasks + at * 50, ..sound(at) };
    assert_eq!(growing(SHORT, tasks), ["tasks"]);
}

/// No samples are no proof, nor are processes of which nothing is known.
#[test]
fn what_was_not_measured_is_not_flat() {
    let all = ["RSS", "descriptors", "threads", "tasks"];
    assert_eq!(growing(0, sound), all);
    assert_eq!(growing(LONG, |_| Sample::default()), all);
    let own = Sample::of(std::process::id(), 1).unwrap();
    assert!(own.rss_kib > 1000 && own.descriptors >= 3 && own.threads >= 1);
}
