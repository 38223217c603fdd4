//! The command as a script sees it: exit codes, and which stream says what.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output};

fn egret(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
    command.args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_sums_up_a_good_configuration_without_its_secrets() {
    let keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "CHECKOUT_KEY"];
    let environment = keys.map(|name| (name, "sk-canary"));
    let output = egret(&["check", "--config", "conf/egret.yaml"], &environment);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let summary = text(&output.stdout);
    for line in [
        "listener  0.0.0.0:8080",
        "backend   claude: claude at https://api.anthropic.com:443",
        "route     assistant → claude as claude-sonnet-5, then openai as gpt-5.4",
        "callers   checkout",
        "budget    daily: $10.00 per day, for each caller",
        "ledger    egret.ledger",
    ] {
        assert!(summary.contains(line), "{line} is missing from\n{summary}");
    }
    assert!(!summary.contains("canary"));
}

#[test]
fn check_prints_every_problem_and_ends_with_1() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.yaml");
    fs::write(&path, "listeners: [{ adress: 127.0.0.1:80 }]\nbackends: {}\nroutes: []\n").unwrap();
    let path = path.display().to_string();
    let output = egret(&["check", "--config", &path], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let report = text(&output.stderr);
    assert!(report.contains(&format!(
        "{path}:1:15: unknown key `adress` in `listeners`\n  write instead: address\n"
    )));
    let problems = report.lines().filter(|line| line.starts_with(&path)).count();
    assert_eq!(problems, 4, "{report}");
}

/// The reference names files of every kind, and here is none of them.
#[test]
fn check_names_the_files_that_are_missing_and_blames_nothing_else() {
    let reference = include_str!("../conf/reference.yaml");
    let capitals = |c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_';
    let names = reference.split("env: ").skip(1).filter_map(|rest| rest.split(capitals).next());
    let secret = "c2VhbC1vZi1yZWFzb25pbmctZm9yLXRoZS10ZXN0cw";
    let environment: Vec<_> = names.map(|name| (name, secret)).collect();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().display().to_string();
    fs::create_dir(directory.path().join("etc")).unwrap();
    let path = directory.path().join("reference.yaml");
    let written = reference.replace("/run/secrets/", "etc/").replace("/etc/egret/", "etc/egret/");
    fs::write(&path, &written).unwrap();
    let output = egret(&["check", "--config", path.to_str().unwrap()], &environment);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stderr);
    let begin = format!("there is no such file: `{root}/etc/");
    let problems = report.lines().filter(|line| !line.starts_with("  "));
    let mut told = 0;
    for problem in problems {
        assert!(problem.contains(&begin) && problem.ends_with('`'), "{problem}");
        told += 1;
    }
    let named = written.lines().filter(|line| !line.trim_start().starts_with('#'));
    let named = named.map(|line| line.matches("etc/").count()).sum::<usize>();
    assert_eq!(told, named, "{report}");
}

#[test]
fn what_cannot_be_checked_ends_with_2() {
    for arguments in [&["check", "--config", "nowhere.yaml"][..], &["check"], &["chekc"]] {
        assert_eq!(egret(arguments, &[]).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_tells_how_to_begin() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["check", "--help"],
        &["demo", "-h"],
        &["spend", "--help"],
        &["budgets", "--help"],
        &["budgets", "top-up", "--help"],
        &["budgets", "reset", "--help"],
    ] {
        let output = egret(arguments, &[]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Usage: egret"), "{arguments:?}");
    }
    assert!(text(&egret(&["--help"], &[]).stdout).contains("egret check --config conf/egret.yaml"));
}

/// The README shows the very file that it tells to run.
#[test]
fn the_readme_shows_the_example_configuration() {
    let readme = include_str!("../README.md");
    assert!(readme.contains(include_str!("../conf/egret.yaml")));
}

/// Every schema to every provider, whole and streamed, and one call that the budget refuses.
#[test]
fn the_demo_shows_every_pair_and_a_refusal() {
    let output = egret(&["demo", "--exit"], &[]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{table}{}", text(&output.stderr));
    for sdk in ["OpenAI", "Anthropic", "Google GenAI"] {
        for mode in ["whole", "stream"] {
            for backend in ["openai", "claude", "gemini"] {
                let row = |line: &&str| [sdk, mode, backend].iter().all(|cell| line.contains(cell));
                assert!(table.lines().any(|line| row(&line)), "{sdk}, {mode}, {backend}: {table}");
            }
        }
    }
    assert_eq!(table.matches("refused: budget").count(), 1, "{table}");
    assert!(table.contains("429 budget"), "{table}");
    assert!(!table.contains("sk-") && !table.contains("AIza"), "no provider's key: {table}");
}
