//! `GET /spend`: what was spent, by whom and for what.

use http::StatusCode;
use jiff::civil::Date;
use jiff::{Timestamp, tz::Offset};

use super::answer::Answer;
use crate::budget::{Clock, Column, Invalid, SystemClock};
use crate::proxy::Gateway;
use crate::report::Statement;

/// What it is summed up by if nobody says.
const BY: [Column; 2] = [Column::Caller, Column::Model];

/// What is asked for: days, the first and the last included, and columns.
struct Asked {
    from: Date,
    to: Date,
    by: Vec<Column>,
}

/// The rows that a query asks for: `from=2026-11-01&to=2026-11-22&by=caller,model,day`. Without
/// days, this month until today.
pub(super) async fn show(gateway: &Gateway, query: &str) -> Answer {
    let Asked { from, to, by } = match read(query) {
        Ok(asked) => asked,
        Err(error) => return Answer::refusal(StatusCode::BAD_REQUEST, &error),
    };
    let (from, to) = (from.to_string(), to.to_string());
    let Some(rows) = gateway.ledger.shared_statement(&from, &to).await else {
        let error = "the store that the replicas share can't be read; try again once it can";
        return Answer::refusal(StatusCode::SERVICE_UNAVAILABLE, error);
    };
    let name = &gateway.live.pin().gateway;
    Answer::json(StatusCode::OK, &Statement::new(name, (&from, &to), &by, &rows))
}

fn read(query: &str) -> Result<Asked, String> {
    let today = today();
    let mut asked = Asked { from: today.first_of_month(), to: today, by: BY.to_vec() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "from" => asked.from = date(&value)?,
            "to" => asked.to = date(&value)?,
            "by" if value.is_empty() => {
                return Err("`by` is empty: write by=caller,model".to_owned());
            }
            "by" => {
                asked.by.clear();
                for name in value.split(',') {
                    let column = name.trim().parse().map_err(|error: Invalid| error.to_string())?;
                    if !asked.by.contains(&column) {
                        asked.by.push(column);
                    }
                }
            }
            _ => return Err(format!("`{name}` is not known here: write from, to and by")),
        }
    }
    if asked.to < asked.from {
        return Err(format!("`to` ({}) is before `from` ({})", asked.to, asked.from));
    }
    Ok(asked)
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{text}` is not a day: write it as 2026-11-22"))
}

fn today() -> Date {
    let now = Timestamp::from_second(SystemClock.now()).unwrap_or_default();
    Offset::UTC.to_datetime(now).date()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A column that stood twice in a row could not be read back.
    #[test]
    fn a_column_that_is_asked_for_twice_is_shown_once() {
        let by = read("by=caller,model,caller,model").unwrap().by;
        assert_eq!(by, [Column::Caller, Column::Model]);
    }
}
