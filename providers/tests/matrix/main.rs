//! What becomes of each feature between each two schemas, asked of the code itself and kept as a
//! page for users: `providers/MATRIX.md`.
//!
//! The tests fail where page and code differ; `EGRET_BLESS=1 cargo test -p providers --test
//! matrix` writes the page anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod models;
mod page;
mod requests;
#[path = "../pairs/support.rs"]
#[allow(dead_code, reason = "shared with the tests of all pairs, which use all of it")]
mod support;

use std::path::Path;

const HEAD: &str = "\
# What becomes of each feature

You call Egret in one schema; the model may be served in another. These tables say what then \
becomes of what you ask for and of what you get. Find the table of the schema that **you** call \
in, the row of the feature, and the column of the schema that the **provider** speaks. Between \
the same two schemas your bytes go through as they are, so there is no column for that.

| | | |
|---|---|---|
| ✓ | **carried** | the provider is asked for it in its own words |
| ≈ | **emulated** | the provider has no field for it and is asked in another way |
| ◐ | **carried in part** | what the cell names is dropped, or said only nearly so, and reported |
| ○ | **dropped** | left out, and named in the `x-egret-dropped` response header |
| ✕ | **refused** | a 400 that names the field: without it the answer would be another |
| (✕) | **refused** | unless the route allows it to be dropped or emulated: `drop` and `emulate` in \
[the configuration](../conf/reference.yaml) |

`*` means that models of that schema differ: the cell says what the best of them does, and [By \
model](#by-model) what each does. Nothing you ask for is lost in silence.

<!-- Generated from the code by `EGRET_BLESS=1 cargo test -p providers --test matrix`. -->
";

#[test]
fn the_page_says_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("MATRIX.md");
    let (requests, asked) = requests::tables();
    let (answers, given) = answers::tables();
    let made = format!("{HEAD}\n{requests}\n{answers}");
    println!("{asked} cells of requests, {given} of answers");
    if std::env::var_os("EGRET_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = page::difference(&kept, &made);
    assert!(
        differ.is_empty(),
        "providers/MATRIX.md is not what the code does; EGRET_BLESS=1 rewrites it:\n{differ}"
    );
}
