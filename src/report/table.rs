//! Tables for people.

use comfy_table::{CellAlignment, Table, presets};

use super::{Standing, Standings, Statement, Unused};
use crate::budget::{Money, Spend};

const COUNTED: [&str; 5] = ["calls", "input", "output", "cost", "estimated"];

/// The rows of a statement, the dearest first, and their sum.
pub(super) fn statement(statement: &Statement) -> String {
    let columns = statement.columns();
    let days = columns.iter().any(|column| column.name() == "day");
    let mut rows: Vec<_> = statement.rows.iter().collect();
    if !days {
        rows.sort_by_key(|row| std::cmp::Reverse(row.spend().nanos));
    }
    let names = columns.iter().map(|column| column.name().replace('_', " "));
    let mut table = table(names.chain(COUNTED.map(str::to_owned)).collect());
    for row in rows {
        let named = columns.iter().map(|column| shown(row.of(*column)));
        table.add_row(named.chain(counted(row.spend())).collect::<Vec<_>>());
    }
    if statement.rows.len() != 1 {
        let mut names = vec![String::new(); columns.len()];
        if let Some(first) = names.first_mut() {
            "total".clone_into(first);
        }
        names.extend(counted(&statement.total));
        table.add_row(names);
    }
    right(&mut table, columns.len());
    let Statement { gateway, from, to, .. } = statement;
    format!("{gateway}, {from} to {to} (UTC)\n{table}\n")
}

/// What was done, and what budgets stand at.
pub(super) fn standings(standings: &Standings) -> String {
    let Standings { budgets, left_off, unused, done } = standings;
    if budgets.is_empty() && unused.is_empty() && done.is_none() {
        return "no budgets are configured: they stand under `budgets`\n".to_owned();
    }
    let heads = ["budget", "of", "window", "limit", "spent", "reserved", "left", "until"];
    let mut table = table(heads.map(str::to_owned).to_vec());
    for standing in budgets {
        let Standing { budget, per, of, window, unit, .. } = standing;
        let of = if per == "total" { "total".to_owned() } else { shown(of) };
        let end = standing.window_end.as_deref().unwrap_or("-");
        table.add_row([
            shown(budget),
            of,
            shown(window),
            amount(unit, &standing.limit),
            amount(unit, &standing.spent),
            amount(unit, &standing.reserved),
            amount(unit, &standing.remaining),
            end.to_owned(),
        ]);
    }
    for Unused { budget, per, window, unit, limit } in unused {
        let of = format!("no {} yet", shown(per));
        let limit = amount(unit, limit);
        table.add_row([&shown(budget), &of, &shown(window), &limit, "-", "-", "-", "-"]);
    }
    for column in 3..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = done.as_deref().map(|done| shown(done) + "\n").unwrap_or_default();
    text += &format!("{table}\n");
    if *left_off > 0 {
        text += &format!("and {left_off} more, with more left\n");
    }
    text
}

fn amount(unit: &str, number: &str) -> String {
    match unit {
        "usd" => format!("${number}"),
        _ => format!("{number} {}", unit.replace('_', " ")),
    }
}

fn counted(spend: &Spend) -> [String; 5] {
    [
        spend.requests.to_string(),
        spend.input_tokens.to_string(),
        spend.output_tokens.to_string(),
        money(spend.cost()),
        money(spend.estimated()),
    ]
}

/// With four decimals, or as many more as show its first two digits: a call may cost less than a
/// hundredth of a cent.
fn money(money: Money) -> String {
    let place = money.nanos().checked_ilog10().map_or(4, |place| 10_u32.saturating_sub(place));
    format!("{money:.*}", place.clamp(4, 9) as usize)
}

/// A name as a terminal may see it: callers choose some of them (S-55).
fn shown(name: &str) -> String {
    if name.is_empty() {
        return "-".to_owned();
    }
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn table(heads: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(heads);
    table
}

fn right(table: &mut Table, from: usize) {
    for column in from..from + COUNTED.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
