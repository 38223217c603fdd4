//! What people are shown of money: what the admin listener says, in JSON, and what the command
//! line makes of it.

mod client;
mod command;
mod csv;
mod focus;
mod statement;
mod table;

pub use command::{budgets, spend};
pub use statement::{Reset, Row, Standing, Standings, Statement, TopUp, Unused};

#[cfg(test)]
mod tests;
