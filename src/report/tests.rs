#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::budget::{Balance, Column, Quantity, Scope, Spend, SpendRow, Window};

fn row(day: &str, caller: &str, model: &str, nanos: u64) -> SpendRow {
    SpendRow {
        day: day.to_owned(),
        caller: caller.to_owned(),
        namespace: "shop".to_owned(),
        backend: "eu".to_owned(),
        provider: "openai".to_owned(),
        model: model.to_owned(),
        spend: Spend {
            requests: 2,
            input_tokens: 30,
            cached_tokens: 10,
            output_tokens: 5,
            nanos,
            estimated_nanos: nanos / 2,
        },
        ..SpendRow::default()
    }
}

fn statement(by: &[Column], rows: &[SpendRow]) -> Statement {
    Statement::new("egret", ("2026-11-01", "2026-11-30"), by, rows)
}

/// Splits a line of CSV (RFC 4180), as a program reads it.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let field = fields.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

#[test]
fn what_the_admin_listener_says_is_read_back_as_it_was() {
    let rows = [row("2026-11-02", "ann", "m", 1_234_567_891), row("2026-11-03", "bob", "m", 9)];
    let by = [Column::Caller, Column::Day];
    let said = statement(&by, &rows);
    let json = serde_json::to_string(&said).unwrap();
    assert!(json.contains(
        r#"{"caller":"ann","day":"2026-11-02","requests":2,"input_tokens":30,"cached_tokens":10,"output_tokens":5,"cost_usd":"1.234567891","estimated_usd":"0.617283945"}"#
    ), "{json}");
    let read: Statement = serde_json::from_str(&json).unwrap();
    assert_eq!(read.columns(), by);
    assert_eq!(read.total.nanos, 1_234_567_900);
    for (read, said) in read.rows.iter().zip(&said.rows) {
        assert_eq!(read.spend(), said.spend());
        assert_eq!(by.map(|column| read.of(column)), by.map(|column| said.of(column)));
    }
}

#[test]
fn csv_has_a_line_for_each_row_and_quotes_what_must_be() {
    let rows = [row("2026-11-02", "a,\"b\"", "m", 1_500_000_000)];
    let text = csv::statement(&statement(&[Column::Caller], &rows));
    assert_eq!(
        text,
        "caller,requests,input_tokens,cached_tokens,output_tokens,cost_usd,estimated_usd\r\n\
         \"a,\"\"b\"\"\",2,30,10,5,1.50,0.75\r\n"
    );
}

#[test]
fn no_text_of_a_callers_choosing_is_a_formula() {
    for model in ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "=cmd|' /C calc'!A0", "＝1+1", "＠sum"]
    {
        let rows = [row("2026-11-02", "ann", model, 1)];
        let plain = csv::statement(&statement(&[Column::Model], &rows));
        let focus = focus::statement(&statement(&Column::ALL, &rows)).unwrap();
        for text in [plain, focus] {
            let body = text.split_once("\r\n").unwrap().1.trim_end_matches("\r\n");
            for field in fields(body) {
                let formula = field.starts_with(['=', '+', '-', '@', '＝', '＠', '\t', '\r']);
                assert!(!formula, "{field:?} of {model:?}");
            }
        }
    }
}

/// What each version of FOCUS must have in Cost and Usage: 1.0 and 1.2 by their specifications,
/// 1.4 by the table of its dataset.
#[test]
fn focus_has_the_mandatory_columns_of_every_version() {
    const ALWAYS: [&str; 19] = [
        "BilledCost",
        "BillingAccountId",
        "BillingAccountName",
        "BillingCurrency",
        "BillingPeriodEnd",
        "BillingPeriodStart",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargePeriodEnd",
        "ChargePeriodStart",
        "ContractedCost",
        "EffectiveCost",
        "InvoiceIssuerName",
        "ListCost",
        "PricingQuantity",
        "PricingUnit",
        "ServiceCategory",
        "ServiceName",
    ];
    let rows = [row("2026-12-31", "ann", "gpt-5.4", 1_500_000_001)];
    let text = focus::statement(&statement(&Column::ALL, &rows)).unwrap();
    let mut lines = text.lines();
    let (header, body) = (fields(lines.next().unwrap()), fields(lines.next().unwrap()));
    assert_eq!((header.len(), lines.next()), (body.len(), None));
    let value = |name: &str| {
        let at = header.iter().position(|column| column == name);
        &*body[at.unwrap_or_else(|| panic!("no {name}"))]
    };
    for name in ALWAYS.iter().chain(&[
        "HostProviderName",
        "ProviderName",
        "PublisherName",
        "ServiceProviderName",
    ]) {
        assert_eq!(value(name).is_empty(), *name == "ChargeClass", "{name}");
    }
    // FOCUS' own columns come before ours, each in alphabetical order.
    let (own, theirs): (Vec<_>, Vec<_>) = header.iter().partition(|name| name.starts_with("x_"));
    assert!(own.is_sorted() && theirs.is_sorted());
    assert_eq!([theirs, own].concat(), header.iter().collect::<Vec<_>>());

    assert_eq!(value("BilledCost"), "1.500000001");
    assert_eq!(value("ChargePeriodStart"), "2026-12-31T00:00:00Z");
    assert_eq!(value("ChargePeriodEnd"), "2027-01-01T00:00:00Z");
    assert_eq!(value("BillingPeriodStart"), "2026-12-01T00:00:00Z");
    assert_eq!(value("BillingPeriodEnd"), "2027-01-01T00:00:00Z");
    assert_eq!(value("ConsumedQuantity"), "35.0");
    assert_eq!(value("SubAccountId"), "ann");
    assert_eq!(value("Tags"), r#"{"egret/backend":"eu","egret/namespace":"shop"}"#);
    assert_eq!(value("x_EstimatedCost"), "0.75");
}

#[test]
fn the_table_shows_the_dearest_first_and_the_sum() {
    let rows = [
        row("2026-11-02", "ann", "m", 1_000_000_000),
        row("2026-11-02", "bob", "m", 2_000_000_000),
    ];
    let text = table::statement(&statement(&[Column::Caller], &rows));
    let (bob, ann) = (text.find("bob").unwrap(), text.find("ann").unwrap());
    assert!(bob < ann, "{text}");
    assert!(text.contains("$3.0000"), "{text}");
    assert!(text.starts_with("egret, 2026-11-01 to 2026-11-30 (UTC)\n"), "{text}");
}

#[test]
fn the_table_shows_however_little_something_costs() {
    for (nanos, shown) in [
        (0, "$0.0000"),
        (9, "$0.000000009"),
        (813_500, "$0.00081"),
        (45_000, "$0.000045"),
        (1_234_567, "$0.0012"),
        (2_345_678_901, "$2.3457"),
    ] {
        let text = table::statement(&statement(&[], &[row("2026-11-02", "ann", "m", nanos)]));
        let cost = text.split_whitespace().find(|cell| cell.starts_with('$'));
        assert_eq!(cost, Some(shown), "{text}");
    }
}

/// S-55: what a caller chose may not steer the terminal.
#[test]
fn a_table_holds_no_control_characters() {
    let rows = [row("2026-11-02", "ann", "\x1b[2J\r\x07m", 1)];
    let text = table::statement(&statement(&[Column::Model], &rows));
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn of_too_many_balances_the_tightest_are_shown() {
    let balance = |of: usize| Balance {
        budget: "each".to_owned(),
        scope: Scope::TOTAL,
        of: of.to_string(),
        window: Window::Day,
        limit: Quantity::Requests(100_000),
        spent: Quantity::Requests(of as u64),
        reserved: Quantity::Requests(0),
        window_end: 0,
    };
    let all: Vec<Balance> = (0..Standings::MOST + 3).map(balance).collect();
    let few = Standings::of(all.iter().take(3).collect());
    assert_eq!((few.budgets[0].of.as_str(), few.left_off), ("0", 0));
    let mut many = Standings::of(all.iter().collect());
    assert_eq!((many.budgets.len(), many.left_off), (Standings::MOST, 3));
    assert!(many.budgets.iter().all(|shown| shown.of.parse::<usize>().unwrap() >= 3));
    many.budgets.truncate(1);
    assert!(table::standings(&many).ends_with("and 3 more, with more left\n"));
}
