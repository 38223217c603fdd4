//! `egret spend` and `egret budgets`.

use super::client::Admin;
use super::{Reset, Standings, Statement, TopUp, csv, focus, table};
use crate::budget::Column;
use crate::cli::{BudgetsAction, BudgetsArgs, Format, SpendArgs};

/// Prints what was spent.
///
/// # Errors
///
/// In words, if the gateway can't be asked or refuses.
pub fn spend(args: &SpendArgs) -> Result<(), String> {
    let SpendArgs { admin, from, to, by, format } = args;
    // FOCUS has a row for everything that can be told apart.
    let all = || Column::ALL.map(Column::name).join(",");
    let by = if *format == Format::Focus { all() } else { by.replace(' ', "") };
    let mut query = vec![("by", by.as_str())];
    query.extend(from.as_deref().map(|from| ("from", from)));
    query.extend(to.as_deref().map(|to| ("to", to)));
    let statement: Statement = Admin::at(&admin.admin)?.get("/spend", &query)?;
    let text = match format {
        Format::Table => table::statement(&statement),
        Format::Csv => csv::statement(&statement),
        Format::Json => json(&statement)?,
        Format::Focus => focus::statement(&statement)?,
    };
    print(&text)
}

/// Prints what budgets stand at, after changing one if that is asked for.
///
/// # Errors
///
/// In words, if the gateway can't be asked or refuses.
pub fn budgets(args: &BudgetsArgs) -> Result<(), String> {
    let admin = Admin::at(&args.admin.admin)?;
    let standings: Standings = match &args.action {
        None | Some(BudgetsAction::List { .. }) => admin.get("/budgets", &[])?,
        Some(BudgetsAction::TopUp { name, amount, of, until }) => {
            let (amount, until) = (amount.clone(), until.clone());
            let body = TopUp { of: of.clone(), amount, until };
            admin.post(&format!("/budgets/{name}/top-up"), &body)?
        }
        Some(BudgetsAction::Reset { name, of }) => {
            admin.post(&format!("/budgets/{name}/reset"), &Reset { of: of.clone() })?
        }
    };
    let wants_json = matches!(args.action, Some(BudgetsAction::List { json: true }));
    print(&if wants_json { json(&standings)? } else { table::standings(&standings) })
}

fn json(told: &impl serde::Serialize) -> Result<String, String> {
    let text = serde_json::to_string_pretty(told).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// To standard output; whoever reads it may have read enough.
fn print(text: &str) -> Result<(), String> {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}
