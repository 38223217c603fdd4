//! How far off estimates were.

/// How far off the estimates of a model's input have been, in the calls of late.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// The model.
    pub model: Box<str>,
    /// Calls that were learned from, since the start.
    pub calls: u64,
    /// What half of the estimates are not further off than: 0.1 is 10 % of the real count.
    pub median: f64,
    /// What 9 of 10 estimates are not further off than.
    pub p90: f64,
    /// The share of estimates that were too low by more than a quarter.
    pub low: f64,
}
