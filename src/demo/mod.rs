//! Stand-in for the demo.

/// Runs the demo; with `exit` it stops after the table.
///
/// # Errors
///
/// Says why it could not run.
pub fn run(_exit: bool) -> Result<(), String> {
    Err("the demo is not built yet".to_owned())
}
