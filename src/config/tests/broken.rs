//! Broken configurations, in `broken/*.yaml`. Each wrong line says what must be reported for it:
//! `#! words`, or `#! words => words of the remedy`; nothing else may be.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{files, load};
use crate::config::{LoadError, Problem, Problems};

fn fixtures() -> Vec<(PathBuf, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/tests/broken");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn problems(text: &str, directory: &Path) -> Problems {
    match load(text, directory) {
        Err(LoadError::Invalid { problems, .. }) => problems,
        Err(error) => panic!("{error}"),
        Ok(_) => Problems::default(),
    }
}

#[test]
fn every_mistake_is_reported_where_it_is_and_nothing_else() {
    let directory = files();
    let fixtures = fixtures();
    assert!(fixtures.len() >= 15, "the fixtures are not where they are looked for");
    let mut failures = Vec::new();
    for (path, text) in fixtures {
        let mut found: Vec<Problem> = problems(&text, directory.path()).iter().cloned().collect();
        let name = path.file_name().unwrap().display();
        for (number, line) in (1..).zip(text.lines()) {
            for expected in line.split("#!").skip(1).map(str::trim) {
                let (what, remedy) = expected.split_once(" => ").unwrap_or((expected, ""));
                let fits = |problem: &Problem| {
                    problem.mark.line == number
                        && problem.what.contains(what)
                        && problem.remedy.contains(remedy)
                };
                match found.iter().position(fits) {
                    Some(position) => drop(found.remove(position)),
                    None => failures.push(format!("{name}:{number}: not reported: {expected}")),
                }
            }
        }
        failures.extend(found.iter().map(|problem| format!("{name}: unexpected: {problem:?}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_secret_written_into_the_file_is_never_repeated() {
    let directory = files();
    let fixtures = fixtures().into_iter().filter(|(_, text)| text.contains("CANARY"));
    let mut checked = 0;
    for (_, text) in fixtures {
        let report = problems(&text, directory.path()).display("egret.yaml").to_string();
        assert!(!report.contains("CANARY"), "{report}");
        checked += 1;
    }
    assert!(checked >= 2);
}

#[test]
fn a_report_reads_like_a_compilers() {
    let directory = files();
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
                backends:\n  openai: { schema: openai, credential: none }\n\
                routes:\n  - models: [\"gpt-*\"]\n    backends: [openia]\n";
    let error = load(text, directory.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "egret.yaml:6:16: there is no backend `openia`\n  write instead: openai"
    );
}

#[test]
fn nesting_has_a_limit() {
    let directory = files();
    for bomb in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
        let found = problems(&format!("gateway: {bomb}"), directory.path());
        assert!(!found.is_empty());
    }
}

proptest! {
    /// Whatever stands in the file, the answer is a report.
    #[test]
    fn no_text_makes_it_panic(text in r"(?s)([a-z]{1,8}|[:\-\[\]{}&*!|>'#%@,? \n\t]|\PC){0,80}") {
        let _ = problems(&text, Path::new("/nonexistent"));
    }

    /// A good file with a piece cut out, too.
    #[test]
    fn no_cut_makes_it_panic(from in 0_usize..900, length in 0_usize..40) {
        let good = include_str!("../../../conf/egret.yaml");
        let kept = good.char_indices().filter(|(at, _)| !(from..from + length).contains(at));
        let text: String = kept.map(|(_, c)| c).collect();
        let _ = problems(&text, Path::new("/nonexistent"));
    }
}
