//! The table that the demo prints.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::budget::Money;

/// One call.
#[derive(Debug)]
pub struct Row {
    /// Who called.
    pub caller: &'static str,
    /// With which SDK's schema.
    pub sdk: &'static str,
    /// Whether it streamed.
    pub stream: bool,
    /// The model asked for.
    pub model: &'static str,
    /// The backend that answered.
    pub backend: String,
    /// Tokens used.
    pub tokens: u64,
    /// Dollars charged.
    pub cost: Money,
    /// Dollars left of the caller's budget.
    pub left: Money,
    /// Why it was refused, if it was.
    pub refusal: Option<String>,
}

/// Prints what happened.
pub fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "caller",
        "SDK schema",
        "mode",
        "model",
        "answered by",
        "tokens",
        "cost",
        "left today",
    ]);
    for right in 5..=7 {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for row in rows {
        let answered = if row.refusal.is_some() { "refused: budget" } else { &row.backend };
        table.add_row([
            row.caller.to_owned(),
            row.sdk.to_owned(),
            if row.stream { "stream" } else { "whole" }.to_owned(),
            row.model.to_owned(),
            answered.to_owned(),
            row.tokens.to_string(),
            dollars(row.cost),
            dollars(row.left),
        ]);
    }
    println!("Three SDK schemas, three providers, no provider key in any caller's hands:\n");
    println!("{table}\n");
    for row in rows {
        if let Some(refusal) = &row.refusal {
            println!("The last call might have cost more than is left, so it never went out:");
            println!("  429 {refusal}\n");
        }
    }
}

/// Micro-dollars, all with as many digits, so that they line up.
fn dollars(money: Money) -> String {
    let micros = money.nanos().div_ceil(1000);
    format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
