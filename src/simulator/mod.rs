//! Stand-in for the simulators of the providers.

/// Runs the simulators until told to stop.
///
/// # Errors
///
/// Says why they could not start.
pub fn run(_args: &crate::cli::SimulateArgs) -> Result<(), String> {
    Err("the simulators are not built yet".to_owned())
}
