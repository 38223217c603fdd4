//! `/budgets`: what they stand at; topping them up and resetting them.

use http::StatusCode;
use jiff::civil::Date;
use jiff::{Timestamp, tz::Offset};
use serde::Deserialize;

use super::answer::Answer;
use crate::budget::{Budget, Grant, Quantity};
use crate::proxy::Gateway;
use crate::report::{Change, Standing, Standings, TopUp};
use crate::snapshot::Snapshot;

/// What a path asks to be done to a budget.
pub(super) struct Asked<'a> {
    budget: &'a str,
    what: What,
}

enum What {
    TopUp,
    Reset,
}

/// All balances.
pub(super) fn show(gateway: &Gateway) -> Answer {
    told(gateway, &gateway.live.pin(), |_| true)
}

/// What a path asks for: `/budgets/NAME/top-up` or `/budgets/NAME/reset`. Names may have slashes.
pub(super) fn change(path: &str) -> Option<Asked<'_>> {
    let (budget, what) = path.strip_prefix("/budgets/")?.rsplit_once('/')?;
    let what = match what {
        "top-up" => What::TopUp,
        "reset" => What::Reset,
        _ => return None,
    };
    Some(Asked { budget, what })
}

/// Does what was asked for, and shows what the budget stands at then.
pub(super) fn make(
    gateway: &Gateway,
    snapshot: &Snapshot,
    asked: Asked<'_>,
    body: &[u8],
) -> Answer {
    let named = snapshot.budgets.iter().find(|budget| budget.name == asked.budget);
    let Some(budget) = named else {
        let names: Vec<&str> = snapshot.budgets.iter().map(|b| b.name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let error = format!("there is no such budget; there are: {names}");
        return Answer::refusal(StatusCode::NOT_FOUND, &error);
    };
    let made = match asked.what {
        What::TopUp => top_up(gateway, budget, body),
        What::Reset => reset(gateway, budget, body),
    };
    match made {
        Ok(()) => told(gateway, snapshot, |name| name == budget.name),
        Err((status, error)) => Answer::refusal(status, &error),
    }
}

type Made = Result<(), (StatusCode, String)>;

fn top_up(gateway: &Gateway, budget: &Budget, body: &[u8]) -> Made {
    let TopUp { of, amount, until } = read(body)?;
    let invalid = |error| (StatusCode::BAD_REQUEST, error);
    let quantity: Quantity =
        amount.parse().map_err(|error| invalid(format!("`amount`: {error}")))?;
    if !budget.limits.iter().any(|limit| limit.quantity.unit() == quantity.unit()) {
        let limits: Vec<_> = budget.limits.iter().map(|it| it.quantity.to_string()).collect();
        let limits = limits.join(" and ");
        let error = format!("`amount`: {quantity} raises no limit of this budget ({limits})");
        return Err(invalid(error));
    }
    let until = moment(&until).ok_or_else(|| {
        invalid(format!(
            "`until`: `{until}` is not a day or time; write it as 2026-12-01 or \
             2026-12-01T18:00:00Z"
        ))
    })?;
    let grant = Grant { of: of.clone(), quantity, until };
    gateway.ledger.top_up(budget, grant).map_err(unavailable)?;
    log::warn!("budget {}{}: topped up by {quantity}", budget.name, shown(of.as_deref()));
    Ok(())
}

fn reset(gateway: &Gateway, budget: &Budget, body: &[u8]) -> Made {
    let Change { of } = if body.is_empty() { Change::default() } else { read(body)? };
    gateway.ledger.reset(budget, of.as_deref()).map_err(unavailable)?;
    log::warn!("budget {}{}: reset", budget.name, shown(of.as_deref()));
    Ok(())
}

fn shown(of: Option<&str>) -> String {
    // A counter may be named by a caller's word.
    of.map_or_else(String::new, |of| format!(" of {of:?}"))
}

fn unavailable(error: impl ToString) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body is not as it must be: {error}")))
}

/// A time, or the beginning of a day in UTC.
fn moment(text: &str) -> Option<i64> {
    let time = text.parse::<Timestamp>().ok();
    let day = || Offset::UTC.to_timestamp(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())).ok();
    time.or_else(day).map(Timestamp::as_second)
}

fn told(gateway: &Gateway, snapshot: &Snapshot, shown: impl Fn(&str) -> bool) -> Answer {
    let balances = gateway.ledger.balances(&snapshot.budgets);
    let shown = balances.iter().filter(|balance| shown(&balance.budget));
    Answer::json(StatusCode::OK, &Standings { budgets: shown.map(Standing::from).collect() })
}
