//! Who may import whom: the module graph of ARCHITECTURE.md, held.

#![expect(clippy::expect_used, reason = "a test says what it missed and fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each module and the others it may use.
const MAY_USE: [(&str, &[&str]); 19] = [
    ("budget", &[]),
    ("fetch", &[]),
    ("credential", &["fetch"]),
    ("identity", &["credential", "fetch"]),
    ("resolve", &[]),
    ("simulator", &[]),
    ("cli", &[]),
    ("report", &["budget", "cli"]),
    ("snapshot", &["budget", "credential", "identity", "resolve"]),
    ("config", &["budget", "credential", "fetch", "identity", "resolve", "snapshot", "trust"]),
    ("connect", &["resolve", "snapshot", "trust"]),
    ("route", &["snapshot"]),
    ("trust", &["fetch", "snapshot"]),
    ("telemetry", &["budget", "resolve"]),
    ("admission", &["budget", "credential", "identity", "route", "snapshot"]),
    (
        "proxy",
        &[
            "admission",
            "budget",
            "config",
            "connect",
            "credential",
            "identity",
            "resolve",
            "route",
            "snapshot",
            "telemetry",
            "trust",
        ],
    ),
    (
        "admin",
        &[
            "budget",
            "credential",
            "identity",
            "proxy",
            "report",
            "resolve",
            "snapshot",
            "telemetry",
            "trust",
        ],
    ),
    (
        "gateway",
        &[
            "admin",
            "budget",
            "config",
            "credential",
            "identity",
            "proxy",
            "resolve",
            "snapshot",
            "telemetry",
            "trust",
        ],
    ),
    ("demo", &["budget", "config", "gateway", "simulator", "snapshot"]),
];

/// Crates that only some modules may name.
const ONLY_IN: [(&str, &[&str]); 3] = [
    ("pingora", &["connect", "proxy", "admin", "gateway", "budget"]),
    ("prometheus", &["telemetry"]),
    ("saphyr_parser", &["config"]),
];

fn sources(path: &Path, found: &mut Vec<String>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable folder");
        entries.for_each(|entry| sources(&entry.expect("an entry").path(), found));
    } else if path.extension().is_some_and(|ending| ending == "rs") {
        let text = fs::read_to_string(path).expect("a readable file");
        found.extend(text.lines().filter(|l| !l.trim_start().starts_with("//")).map(str::to_owned));
    }
}

/// The code lines of a module, comments left out.
fn module(name: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut lines = Vec::new();
    let (folder, file) = (root.join(name), root.join(format!("{name}.rs")));
    sources(if folder.is_dir() { &folder } else { &file }, &mut lines);
    assert!(!lines.is_empty(), "module {name} has no source");
    lines
}

/// The words that follow `prefix` in a line.
fn named<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    line.split(prefix).skip(1).map(move |rest| &rest[..end(rest).unwrap_or(rest.len())])
}

#[test]
fn modules_use_only_those_below_them() {
    for (name, may_use) in MAY_USE {
        let lines = module(name);
        let used: BTreeSet<&str> = lines.iter().flat_map(|line| named(line, "crate::")).collect();
        let wrong: Vec<_> = used.iter().filter(|u| **u != name && !may_use.contains(u)).collect();
        assert!(wrong.is_empty(), "{name} may not use {wrong:?}; see ARCHITECTURE.md");
    }
}

#[test]
fn every_module_is_in_the_graph() {
    let lib = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).expect("lib");
    let declared: BTreeSet<&str> =
        lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    assert_eq!(declared, known);
}

#[test]
fn only_the_glue_names_the_frameworks() {
    for (krate, allowed) in ONLY_IN {
        for (name, _) in MAY_USE.iter().filter(|(name, _)| !allowed.contains(name)) {
            let path = format!("{krate}::");
            let line = module(name).into_iter().find(|line| line.contains(&path));
            assert_eq!(line, None, "{name} may not name {krate}");
        }
    }
}

/// Every source of a module, tests left out, with its path.
fn files(path: &Path, found: &mut Vec<(String, String)>) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name == "tests" || name == "tests.rs" {
        return;
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable folder");
        entries.for_each(|entry| files(&entry.expect("an entry").path(), found));
    } else if name.ends_with(".rs") {
        let text = fs::read_to_string(path).expect("a readable file");
        // Unit tests stand at the end of their file.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        found.push((path.display().to_string(), lines.collect::<Vec<_>>().join("\n")));
    }
}

fn code(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    assert!(!found.is_empty());
    found
}

/// No request, and no configuration either, can have the gateway start a program.
#[test]
fn s_16_nothing_starts_a_process() {
    for (path, text) in code("src").into_iter().chain(code("providers/src")) {
        for word in ["process::Command", "Command::new", "posix_spawn", "fn fork", "fn execv"] {
            // The command line's own type is called so, too.
            let starts = text.contains(word) && !path.ends_with("src/cli.rs");
            assert!(!starts, "{path} starts a process: {word}");
        }
    }
}

/// What is shared between requests and grows as they come lets go of something, too.
#[test]
fn s_29_every_shared_map_lets_go() {
    const MAPS: [&str; 5] = ["HashMap<", "HashSet<", "BTreeMap<", "BTreeSet<", "VecDeque<"];
    const LETS_GO: [&str; 7] =
        ["retain(", "pop_front(", "pop_first(", ".remove(", ".clear()", "truncate(", "MOST"];
    let mut seen = 0;
    for (path, text) in code("src") {
        // The simulators stand outside; their journal's bound is `CAPACITY`.
        if path.contains("/simulator/") {
            continue;
        }
        let shared = |line: &str| {
            let lock = ["Mutex<", "RwLock<"].iter().find_map(|lock| line.split_once(lock));
            lock.is_some_and(|(_, held)| MAPS.iter().any(|map| held.contains(map)))
        };
        let declared = text.lines().filter(|line| line.starts_with("    ") && line.ends_with(','));
        for line in declared.filter(|line| line.contains(": ") && shared(line)) {
            seen += 1;
            let lets_go = LETS_GO.iter().any(|word| text.contains(word));
            assert!(lets_go, "{path} never forgets: {}", line.trim());
        }
    }
    assert!(seen > 2, "{seen} shared maps");
}

/// `conf/prometheus/README.md` has every metric there is once, and no other.
#[test]
fn every_metric_is_described() {
    let text = include_str!("../conf/prometheus/README.md");
    // In a row, `_spent` behind `egret_budget_limit` is `egret_budget_spent`.
    let mut described = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| `egret_")) {
        let mut family = "";
        for name in row.split('`').skip(1).step_by(2) {
            if name.starts_with("egret_") {
                family = name.rsplit_once('_').map_or(name, |(family, _)| family);
                described.push(name.to_owned());
            } else if name.starts_with('_') {
                described.push(format!("{family}{name}"));
            }
        }
    }
    let code = code("src/telemetry");
    let names = code.iter().flat_map(|(_, text)| named(text, "\"egret_"));
    let exported: BTreeSet<String> = names.map(|name| format!("egret_{name}")).collect();
    described.sort();
    assert_eq!(described, exported.into_iter().collect::<Vec<_>>());
}
