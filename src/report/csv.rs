//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.

use super::Statement;
use crate::budget::Spend;

/// What is counted, behind the columns that rows are told apart by.
const COUNTED: [&str; 6] =
    ["requests", "input_tokens", "cached_tokens", "output_tokens", "cost_usd", "estimated_usd"];

/// A line of a table under way.
#[derive(Default)]
pub(super) struct Line {
    text: String,
    begun: bool,
}

impl Line {
    /// Adds a text that somebody chose. A spreadsheet takes what begins with `=`, `+`, `-`, `@`
    /// (some also in their wide forms), a tab or a line break for a formula (OWASP, CSV injection):
    /// an apostrophe before it says that it is none.
    pub(super) fn text(&mut self, text: &str) {
        if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']) {
            self.raw(&format!("'{text}"));
        } else {
            self.raw(text);
        }
    }

    /// Adds a word or number of ours.
    pub(super) fn raw(&mut self, text: &str) {
        if std::mem::replace(&mut self.begun, true) {
            self.text.push(',');
        }
        if text.contains([',', '"', '\r', '\n']) {
            self.text += &format!("\"{}\"", text.replace('"', "\"\""));
        } else {
            self.text += text;
        }
    }

    /// Ends the line.
    pub(super) fn end(self, out: &mut String) {
        *out += &self.text;
        *out += "\r\n";
    }
}

/// A header and a line for each row.
pub(super) fn statement(statement: &Statement) -> String {
    let columns = statement.columns();
    let mut out = String::new();
    let mut header = Line::default();
    columns.iter().for_each(|column| header.raw(column.name()));
    COUNTED.iter().for_each(|name| header.raw(name));
    header.end(&mut out);
    for row in &statement.rows {
        let mut line = Line::default();
        columns.iter().for_each(|column| line.text(row.of(*column)));
        counted(row.spend()).iter().for_each(|number| line.raw(number));
        line.end(&mut out);
    }
    out
}

/// The numbers, in the order of [`COUNTED`].
fn counted(spend: &Spend) -> [String; 6] {
    [
        spend.requests.to_string(),
        spend.input_tokens.to_string(),
        spend.cached_tokens.to_string(),
        spend.output_tokens.to_string(),
        spend.cost().decimal(),
        spend.estimated().decimal(),
    ]
}
