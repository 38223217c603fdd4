#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The names of metrics in a text, between these characters.
fn names(text: &str, quote: char) -> impl Iterator<Item = &str> {
    text.split(quote).filter(|part| {
        let name = part.strip_prefix("egret_");
        name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    })
}

/// Whoever watches over Egret finds all of its metrics in one table, and no others.
#[test]
fn the_table_of_metrics_is_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut exported = BTreeSet::new();
    for entry in fs::read_dir(root.join("src/telemetry")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(path).unwrap();
            exported.extend(names(&text, '"').map(str::to_owned));
        }
    }
    assert!(exported.len() > 30, "they are not where they are looked for");
    let table = fs::read_to_string(root.join("conf/prometheus/README.md")).unwrap();
    let told: BTreeSet<String> = names(&table, '`').map(str::to_owned).collect();
    assert_eq!(told, exported);
}
