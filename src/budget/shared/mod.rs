//! Sharing budgets with other replicas through Redis or Valkey; the rules are in [`super::lease`].

mod client;
mod identity;
mod script;

#[cfg(test)]
pub(crate) mod tests;
