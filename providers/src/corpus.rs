//! Recordings of real traffic for tests. They are not part of the project: they lie in
//! `shared/corpus` beside it, or under `EGRET_SHARED`.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let shared = std::env::var_os("EGRET_SHARED").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    shared.unwrap_or_else(beside).join("corpus")
}

/// Whether the recordings are missing. That is said, and in CI it is a failure.
pub(crate) fn is_absent() -> bool {
    let absent = !root().is_dir();
    if absent {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no recordings at {}: set EGRET_SHARED",
            root().display()
        );
        eprintln!("SKIPPED: no recordings at {}: set EGRET_SHARED", root().display());
    }
    absent
}

/// The recordings of the kinds (folders, like `openai_chat`) that are asked for, whose names end
/// in `ending`.
pub(crate) fn files(kind: impl Fn(&str) -> bool, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    if is_absent() {
        return Vec::new();
    }
    let list =
        |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().map(|e| e.unwrap().path());
    let named = |path: &PathBuf, test: &dyn Fn(&str) -> bool| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(test)
    };
    list(root())
        .filter(|path| named(path, &kind))
        .flat_map(|kind| list(kind).filter(|format| format.is_dir()))
        .flat_map(list)
        .filter(|path| named(path, &|name| name.ends_with(ending)))
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}
