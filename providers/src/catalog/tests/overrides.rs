//! What operators put on top.

use crate::Schema;
use crate::catalog::{Capabilities, Catalog, CatalogError, Fact, Row};
use crate::conversation::Effort;

fn words(words: &[&str]) -> Fact {
    Fact::Words(words.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn an_operators_row_changes_what_it_states_and_nothing_else() {
    let mut row = Row::new(Schema::Claude, ["claude-*"]);
    row.state("prefill", Fact::Flag(true)).unwrap();
    row.state("efforts", words(&["high", "low"])).unwrap();
    let bundled = Catalog::bundled();
    let catalog = bundled.with_overrides([row]);
    // Though the bundled rows name the model more exactly.
    let model = "claude-opus-4-6";
    let expected = Capabilities {
        prefill: true,
        efforts: vec![Effort::Low, Effort::High],
        ..bundled.capabilities(Schema::Claude, model)
    };
    assert_eq!(catalog.capabilities(Schema::Claude, model), expected);
    for schema in [Schema::Chat, Schema::Responses, Schema::Gemini] {
        let other = catalog.capabilities(schema, "claude-opus-4-6");
        assert_eq!(other, bundled.capabilities(schema, "claude-opus-4-6"));
    }
}

#[test]
fn of_several_the_most_specific_counts_then_the_last() {
    let row = |patterns: &[&str], limit| {
        let mut row = Row::new(Schema::Responses, patterns.iter().copied());
        row.state("max_output_tokens", Fact::Number(limit)).unwrap();
        row
    };
    let catalog = Catalog::bundled().with_overrides([
        row(&["house-large", "other"], 3),
        row(&["house-*"], 1),
        row(&["house-*"], 2),
    ]);
    for (model, limit) in [("house-small", 2), ("vendor/House-Large", 3), ("other", 3)] {
        for schema in [Schema::Chat, Schema::Responses] {
            let found = catalog.capabilities(schema, model);
            assert_eq!(found.max_output_tokens, limit, "{model}");
            // What is filled in goes with it.
            assert_eq!(found.default_max_tokens, limit, "{model}");
        }
    }
}

#[test]
fn facts_count_in_whatever_order_they_are_stated() {
    for order in
        [["max_output_tokens", "default_max_tokens"], ["default_max_tokens", "max_output_tokens"]]
    {
        let mut row = Row::new(Schema::Chat, ["m"]);
        for field in order {
            let number = if field == "default_max_tokens" { 10 } else { 20 };
            row.state(field, Fact::Number(number)).unwrap();
        }
        let found = Catalog::default().with_overrides([row]).capabilities(Schema::Chat, "m");
        assert_eq!((found.max_output_tokens, found.default_max_tokens), (20, 10), "{order:?}");
    }
}

#[test]
fn facts_of_responses_hold_there_only() {
    let mut row = Row::new(Schema::Chat, ["m"]);
    row.state_on_responses("stop", Fact::Flag(false)).unwrap();
    let catalog = Catalog::default().with_overrides([row]);
    assert!(catalog.capabilities(Schema::Chat, "m").stop);
    assert!(!catalog.capabilities(Schema::Responses, "m").stop);
}

#[test]
fn a_catalogue_can_lie_under_another() {
    let own = Catalog::parse(
        "[[model]]\nschema = \"claude\"\nmatch = [\"claude-*\"]\nprefill = true\n\
         source = \"operator\"\ndate = \"2026-11-21\"\n",
    );
    let catalog = Catalog::bundled().under(own.unwrap());
    let found = catalog.capabilities(Schema::Claude, "claude-opus-4-6");
    assert!(found.prefill && found.max_output_tokens == 128_000);
}

#[test]
fn every_fact_can_be_stated_and_a_wrong_one_says_what_to_write() {
    let kinds = [
        Fact::Flag(true),
        Fact::Number(1),
        words(&[]),
        Fact::Word("budget".into()),
        Fact::Word("high".into()),
        Fact::Word("2026-10-21".into()),
        Fact::Word("preferred".into()),
    ];
    for field in Fact::names() {
        let mut row = Row::new(Schema::Claude, ["*"]);
        let fitting = kinds.iter().filter(|kind| row.state(field, (*kind).clone()).is_ok());
        assert_eq!(fitting.count(), 1, "{field}");
    }
    let mut row = Row::new(Schema::Gemini, ["*"]);
    for (field, fact, message) in [
        ("sampling", Fact::Number(1), "`sampling` must be true or false"),
        ("least_budget", Fact::Flag(true), "`least_budget` must be a whole number, not below 0"),
        (
            "thinking",
            Fact::Word("hard".into()),
            "`thinking` must be one of unsupported, budget, effort, not \"hard\"",
        ),
        ("inputs", Fact::Flag(true), "`inputs` must be a list of one of image, pdf, audio, video"),
        (
            "outputs",
            words(&["smell"]),
            "`outputs` must be one of text, image, audio, not \"smell\"",
        ),
    ] {
        assert_eq!(row.state(field, fact).unwrap_err().to_string(), message);
    }
    let error = row.state("prefil", Fact::Flag(true)).unwrap_err().to_string();
    assert!(error.starts_with("there is no fact `prefil`; write one of max_output_tokens, "));
}

#[test]
fn a_file_with_an_error_says_which_row_and_field() {
    let head = "[[model]]\nschema = \"claude\"\nmatch = [\"a\"]\nsource = \"\"\ndate = \"\"\n";
    let row = |line: &str| format!("{head}{head}{line}\n");
    let parse = |text: &str| Catalog::parse(text).map_err(|CatalogError(what)| what);
    assert!(parse(&row("")).is_ok());
    for (text, expected) in [
        (row("efforts = [\"huge\"]"), "model 2 (a): `efforts` must be one of none, minimal, low"),
        (row("efforts = [1]"), "model 2 (a): `efforts`: a fact is a flag"),
        (row("least_budget = -1"), "model 2 (a): `least_budget`: a fact is a flag"),
        (row("thinking = \"hard\""), "model 2 (a): `thinking` must be one of unsupported, budget"),
        (row("prefil = true"), "model 2 (a): there is no fact `prefil`"),
        (row("on_responses = { stop = 1 }"), "model 2 (a): `stop` must be true or false"),
        (row("[extra]"), "there is no `extra`"),
        (
            "[[model]]\nschema = \"x\"\nmatch = []\nsource = \"\"\ndate = \"\"".into(),
            "model 1 (): `schema` must be one of openai, claude, gemini",
        ),
        ("[[model]]".into(), "model 1: `schema` is missing"),
        ("[[model]]\nschema = \"claude\"".into(), "model 1: `source` is missing"),
        ("[[model]]\nschema = \"claude\"\nsource = \"\"".into(), "model 1: `date` is missing"),
        (
            "[[model]]\nschema = \"claude\"\nsource = \"\"\ndate = \"\"".into(),
            "model 1: `match` is missing",
        ),
        ("model = 1".into(), "no [[model]]"),
        ("model = [1]".into(), "model 1 is not a table"),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(parse("[[model]").is_err());
}
