//! `/budgets`: what they stand at; topping them up and resetting them.

use std::collections::{BTreeSet, HashSet};

use http::StatusCode;
use serde::Deserialize;

use super::answer::Answer;
use crate::budget::{AdjustError, Balance, Budget, Dimension, Grant, Quantity, Scope, Subject};
use crate::proxy::Gateway;
use crate::report::{Reset, Standings, TopUp, Unused};
use crate::snapshot::{Callers, Snapshot};

/// Most counters that are named where there is none of a name.
const NAMED: usize = 20;

/// What a path asks to be done to a budget.
pub(super) struct Asked<'a> {
    budget: &'a str,
    what: What,
}

enum What {
    TopUp,
    Reset,
}

/// All balances, and the budgets that have none yet.
pub(super) fn show(gateway: &Gateway) -> Answer {
    let snapshot = gateway.live.pin();
    let balances = gateway.ledger.balances(&snapshot.budgets);
    let key =
        |budget: &str, window: String, unit: &str| (budget.to_owned(), window, unit.to_owned());
    let used: HashSet<_> =
        balances.iter().map(|it| key(&it.budget, it.window.to_string(), it.limit.unit())).collect();
    let unused = snapshot.budgets.iter().flat_map(|budget| Unused::all(budget));
    let unused =
        unused.filter(|it| !used.contains(&key(&it.budget, it.window.clone(), &it.unit))).collect();
    let standings = Standings { unused, ..Standings::of(balances.iter().collect()) };
    Answer::json(StatusCode::OK, &standings)
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
        What::TopUp => top_up(gateway, snapshot, budget, body),
        What::Reset => reset(gateway, snapshot, budget, body),
    };
    match made {
        Ok(Made { of, done }) => {
            log::warn!("budget {done}");
            let balances = gateway.ledger.balances_at(budget, &of);
            let standings = Standings::of(balances.iter().collect());
            Answer::json(StatusCode::OK, &Standings { done: Some(done), ..standings })
        }
        Err((status, error)) => Answer::refusal(status, &error),
    }
}

/// Why nothing was changed, and with which status that is told.
type Refused = (StatusCode, String);

/// What was done.
struct Made {
    /// The counter that was changed.
    of: String,
    /// What to, in words.
    done: String,
}

fn top_up(
    gateway: &Gateway,
    snapshot: &Snapshot,
    budget: &Budget,
    body: &[u8],
) -> Result<Made, Refused> {
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
    let used = used(gateway, budget);
    let is_used = used.contains(&of);
    if !is_used && let Some(stranger) = stranger(snapshot, budget, &of) {
        let error = format!("no caller is called {stranger:?} here; {}", there_are(&used));
        return Err((StatusCode::NOT_FOUND, error));
    }
    gateway.ledger.top_up(budget, &of, quantity, until).map_err(not_made)?;
    let end =
        jiff::Timestamp::from_second(until).map_or_else(|_| until.to_string(), |it| it.to_string());
    // It may be meant for one that is yet to call.
    let nothing = if is_used { "" } else { "; nothing has been counted there yet" };
    let done = format!("{}: topped up by {quantity} until {end}{nothing}", named(budget, &of));
    Ok(Made { of, done })
}

fn reset(
    gateway: &Gateway,
    snapshot: &Snapshot,
    budget: &Budget,
    body: &[u8],
) -> Result<Made, Refused> {
    let Reset { of } = if body.is_empty() { Reset::default() } else { read(body)? };
    let of = counter(budget, of)?;
    let used = used(gateway, budget);
    // Another replica may have counted there, of which this one has not heard.
    let elsewhere = gateway.ledger.is_shared();
    let why = match stranger(snapshot, budget, &of) {
        _ if used.contains(&of) => None,
        Some(stranger) if elsewhere => Some(format!(
            "no caller is called {stranger:?} here, nor has this replica heard of one"
        )),
        None if elsewhere => None,
        _ => Some("nothing has been counted there that could be reset".to_owned()),
    };
    if let Some(why) = why {
        let error = format!("{}: {why}; {}", named(budget, &of), there_are(&used));
        return Err((StatusCode::NOT_FOUND, error));
    }
    let before = gateway.ledger.reset(budget, &of).map_err(not_made)?;
    let forgiven = before.iter().filter(|it| !matches!(it.limit, Quantity::Concurrent(_)));
    let forgiven: Vec<String> = forgiven.map(forgiven_of).collect();
    let forgiven = if forgiven.is_empty() { "nothing".to_owned() } else { forgiven.join(" and ") };
    let heard = if elsewhere { ", as far as this replica has heard" } else { "" };
    let done = format!("{}: reset, {forgiven} forgiven{heard}", named(budget, &of));
    Ok(Made { of, done })
}

/// What a reset forgives of a limit. Calls under way end on the counter that was.
fn forgiven_of(before: &Balance) -> String {
    let Balance { spent, reserved, window, .. } = before;
    match reserved.count() {
        0 => format!("{spent} ({window})"),
        _ => format!(
            "{spent} and what calls under way come to, for which {reserved} is set aside ({window})"
        ),
    }
}

/// The counters that something has been counted in, in this window.
fn used(gateway: &Gateway, budget: &Budget) -> BTreeSet<String> {
    gateway.ledger.balances(&[budget]).into_iter().map(|balance| balance.of).collect()
}

/// Some of them, in words.
fn there_are(used: &BTreeSet<String>) -> String {
    let names: Vec<String> = used.iter().take(NAMED).map(|of| format!("{of:?}")).collect();
    let more = match used.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if names.is_empty() {
        return "nothing has been counted in this budget yet".to_owned();
    }
    format!("there are: {}{more}", names.join(", "))
}

/// The caller of a counter, as its name is written there, if no call of that name can ever count.
fn stranger<'a>(snapshot: &Snapshot, budget: &Budget, of: &'a str) -> Option<&'a str> {
    let nth = budget.per.dimensions().iter().position(|it| *it == Dimension::Caller)?;
    let part = of.split(',').nth(nth).unwrap_or_default();
    let only = Scope::each(vec![Dimension::Caller]);
    let is = |caller: &str| only.of(&Subject { caller, ..Subject::default() }) == part;
    let may_call = match &snapshot.callers {
        Callers::Known(directory) => directory.may_know(is),
        Callers::Anyone => is(Callers::ANYONE),
    };
    (!may_call).then_some(part)
}

fn named(budget: &Budget, of: &str) -> String {
    match of {
        "" => budget.name.clone(),
        of => format!("{} of {}", budget.name, of.escape_debug()),
    }
}

/// The counter that is meant: of a total there is one only.
fn counter(budget: &Budget, of: Option<String>) -> Result<String, Refused> {
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

fn not_made(error: AdjustError) -> Refused {
    let status = match error {
        AdjustError::NoSuchLimit | AdjustError::Over => StatusCode::BAD_REQUEST,
        AdjustError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, error.to_string())
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| {
        (StatusCode::BAD_REQUEST, format!("the body is not as it must be: {error}"))
    })
}
