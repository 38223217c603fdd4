//! `/budgets`: what they stand at; topping them up and resetting them.

use http::StatusCode;
use serde::Deserialize;

use super::answer::Answer;
use crate::budget::{AdjustError, Balance, Budget, Grant, Quantity};
use crate::proxy::Gateway;
use crate::report::{Reset, Standings, TopUp};
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
        Ok(of) => told(gateway, snapshot, |shown| shown.budget == budget.name && shown.of == of),
        Err((status, error)) => Answer::refusal(status, &error),
    }
}

/// The counter that was changed.
type Made = Result<String, (StatusCode, String)>;

fn top_up(gateway: &Gateway, budget: &Budget, body: &[u8]) -> Made {
    let TopUp { of, amount, until } = read(body)?;
    let invalid = |error| (StatusCode::BAD_REQUEST, error);
    let quantity: Quantity =
        amount.parse().map_err(|error| invalid(format!("`amount`: {error}")))?;
    let until = Grant::read_until(&until).ok_or_else(|| {
        invalid(format!(
            "`until`: `{until}` is not a day or time; write it as 2026-12-01 or \
             2026-12-01T18:00:00Z"
        ))
    })?;
    let of = counter(budget, of)?;
    gateway.ledger.top_up(budget, &of, quantity, until).map_err(not_made)?;
    log::warn!("budget {} of {of:?}: topped up by {quantity}", budget.name);
    Ok(of)
}

fn reset(gateway: &Gateway, budget: &Budget, body: &[u8]) -> Made {
    let Reset { of } = if body.is_empty() { Reset::default() } else { read(body)? };
    let of = counter(budget, of)?;
    gateway.ledger.reset(budget, &of).map_err(not_made)?;
    log::warn!("budget {} of {of:?}: reset", budget.name);
    Ok(of)
}

/// The counter that is meant: of a total there is one only.
fn counter(budget: &Budget, of: Option<String>) -> Result<String, (StatusCode, String)> {
    let wrong = |error| Err((StatusCode::BAD_REQUEST, error));
    let dimensions = budget.per.dimensions();
    match of {
        Some(of) if dimensions.is_empty() && !of.is_empty() => {
            wrong(format!("`of`: this budget is a total and has no counter {of:?}"))
        }
        Some(of) if !dimensions.is_empty() && of.split(',').count() != dimensions.len() => {
            let names: Vec<String> = dimensions.iter().map(|d| format!("<{d}>")).collect();
            let names = names.join(",");
            wrong(format!("`of`: {of:?} is none of this budget's counters; write it as {names}"))
        }
        None if !dimensions.is_empty() => {
            wrong(format!("`of` is missing: say which {} is meant", budget.per))
        }
        of => Ok(of.unwrap_or_default()),
    }
}

fn not_made(error: AdjustError) -> (StatusCode, String) {
    let status = match error {
        AdjustError::NoSuchLimit | AdjustError::Over => StatusCode::BAD_REQUEST,
        AdjustError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, error.to_string())
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| {
        (StatusCode::BAD_REQUEST, format!("the body is not as it must be: {error}"))
    })
}

fn told(gateway: &Gateway, snapshot: &Snapshot, shown: impl Fn(&Balance) -> bool) -> Answer {
    let balances = gateway.ledger.balances(&snapshot.budgets);
    let shown = balances.iter().filter(|balance| shown(balance));
    Answer::json(StatusCode::OK, &Standings::of(shown.collect()))
}
