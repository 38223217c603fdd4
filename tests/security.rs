//! What SECURITY.md names is there: files, and a test for each number of its index.

#![expect(clippy::expect_used, reason = "a test says what it missed and fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The last number.
const LAST: usize = 56;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn security() -> String {
    fs::read_to_string(root().join("SECURITY.md")).expect("SECURITY.md")
}

/// What stands between backticks and is a path of a file or a folder here.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|quoted| {
        ["tests/", "src/", "providers/", "conf/"].iter().any(|folder| quoted.starts_with(folder))
    })
}

#[test]
fn every_file_that_is_named_exists() {
    let text = security();
    let (text, _) = text.split_once("## Index").expect("an index");
    let missing: Vec<&str> = paths(text).filter(|path| !root().join(path).exists()).collect();
    assert_eq!(missing, [""; 0]);
    assert!(paths(text).count() > 30, "hardly any is named");
}

#[test]
fn every_number_is_tested_where_it_says_or_out_of_scope() {
    let text = security();
    let rows = text.lines().filter_map(|line| {
        let (number, rest) = line.strip_prefix("| S-")?.split_once(" | ")?;
        let (_, place) = rest.trim_end_matches(" |").split_once(" | ")?;
        Some((number.parse::<usize>().expect("a number"), place))
    });
    let mut seen = BTreeSet::new();
    for (number, place) in rows {
        assert!(seen.insert(number), "S-{number:02} stands there twice");
        if place.starts_with("out of scope: ") {
            continue;
        }
        let files: Vec<&str> = paths(place).collect();
        assert!(!files.is_empty(), "S-{number:02} is tested nowhere");
        for file in files {
            let source = fs::read_to_string(root().join(file)).expect(file);
            // A file of Python's is all of one number.
            let is_there = source.contains(&format!("fn s_{number:02}_"))
                || source.starts_with(&format!("\"\"\"S-{number:02}: "));
            assert!(is_there, "{file} has no test of S-{number:02}");
            assert!(!is_left_out(&source, number), "{file} leaves out a test of S-{number:02}");
        }
    }
    assert_eq!(seen, (1..=LAST).collect(), "the numbers of the index");
}

/// Whether the attributes of such a test say that it is not run.
fn is_left_out(source: &str, number: usize) -> bool {
    let test = format!("fn s_{number:02}_");
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let tests = lines.iter().enumerate().filter(|(_, line)| line.contains(&test));
    tests.into_iter().any(|(at, _)| {
        let above = lines.iter().take(at).rev();
        let mut above = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.any(|line| line.starts_with("#[") && line.contains("ignore"))
    })
}

#[test]
fn a_test_that_is_left_out_is_seen() {
    let of = |attributes: &str| is_left_out(&format!("{attributes}\nasync fn s_07_x() {{"), 7);
    assert!(of("#[tokio::test]\n#[ignore]"));
    assert!(of("#[ignore = \"slow\"]\n// Why.\n#[tokio::test]"));
    assert!(of("#[cfg_attr(target_os = \"linux\", ignore)]\n#[test]"));
    assert!(!of("#[tokio::test]"));
    assert!(!of("#[ignore]\nfn other() {}\n\n#[test]"));
}

#[test]
fn every_promise_names_its_tests() {
    let text = security();
    for number in 1..=8 {
        let row = text.lines().find(|line| line.starts_with(&format!("| P{number} | ")));
        let row = row.expect("a promise");
        assert!(paths(row).count() > 0, "P{number} is held by nothing");
    }
}
